// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/token_unit.h"

#include <algorithm>

#include "core/bitstream/byte_io.h"

namespace crlsc {
namespace {

constexpr uint8_t kAdjusted = 0x80;  // of the byte with the scene's number

void append_scene(Bytes& payload, const SceneReference& scene) {
  uint8_t which = 0;
  for (size_t j = 0; j < scene.adjustments.size(); ++j) which |= scene.adjustments[j].none() ? 0U : 1U << j;
  payload.push_back(static_cast<uint8_t>(scene.number | (which != 0 ? kAdjusted : 0U)));
  if (which == 0) return;
  payload.push_back(which);
  for (const SceneAdjustment& a : scene.adjustments) {
    if (a.none()) continue;
    for (const int8_t value : {a.dx, a.dy, a.gain, a.offset}) payload.push_back(static_cast<uint8_t>(value));
  }
}

// What `payload` has at `at`, which is moved behind it. Nothing if it ends there.
std::optional<SceneReference> read_scene(ByteView payload, size_t& at) {
  if (at >= payload.size()) return std::nullopt;
  SceneReference scene;
  const uint8_t number = payload[at++];
  scene.number = number & static_cast<uint8_t>(~kAdjusted);
  if ((number & kAdjusted) == 0) return scene;
  if (at >= payload.size()) return std::nullopt;
  const uint8_t which = payload[at++];
  for (size_t j = 0; j < scene.adjustments.size(); ++j) {
    if ((which >> j & 1) == 0) continue;
    if (payload.size() - at < 4) return std::nullopt;
    SceneAdjustment& a = scene.adjustments[j];
    for (int8_t* value : {&a.dx, &a.dy, &a.gain, &a.offset}) *value = static_cast<int8_t>(payload[at++]);
  }
  return scene;
}

}  // namespace

void append_token_unit(Bytes& out, const TokenUnit& unit, int rows) {
  const bool whole = unit.slice.first_row == 0 && unit.slice.rows == rows;
  Bytes payload;
  if (!whole) payload.push_back(static_cast<uint8_t>(unit.slice.first_row));
  if (unit.layer == 0) {
    if (!whole) payload.push_back(static_cast<uint8_t>(unit.slice.rows));
    payload.push_back(static_cast<uint8_t>(unit.picture_number % kPictureNumbers << 2 | (unit.layers - 1)));
    if (unit.scene) append_scene(payload, *unit.scene);
  }
  payload.insert(payload.end(), unit.bits.begin(), unit.bits.end());
  append_unit(out,
              {UnitType::kToken, unit.layer, unit.key, whole, unit.layer == 0 && unit.scene, unit.joined, unit.half},
              payload);
}

std::optional<TokenUnit> parse_token_unit(const UnitView& unit, int rows) {
  TokenUnit t;
  t.layer = unit.header.layer;
  t.key = unit.header.key;
  t.joined = unit.header.joined;
  t.half = unit.header.half;
  const bool whole = unit.header.whole;
  const bool scene = unit.header.scene;
  const size_t header = (whole ? 0U : 1U) + (t.layer == 0 ? (whole ? 1U : 2U) : 0U);
  if (unit.payload.size() < header) return std::nullopt;
  size_t at = 0;
  t.slice = {0, rows};
  if (!whole) t.slice.first_row = unit.payload[at++];
  if (t.layer == 0) {
    if (!whole) t.slice.rows = unit.payload[at++];
    t.picture_number = unit.payload[at] >> 2;
    t.layers = (unit.payload[at++] & 3) + 1;
    if (scene && !(t.scene = read_scene(unit.payload, at))) return std::nullopt;
    if (t.slice.rows < 1 || t.slice.first_row + t.slice.rows > rows) return std::nullopt;
  } else if (!whole) {
    if (t.slice.first_row >= rows) return std::nullopt;
    t.slice.rows = 0;  // those of layer 0
  }
  t.bits = unit.payload.sub(at);
  return t;
}

}  // namespace crlsc
