// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/token_unit.h"

namespace crlsc {

void append_token_unit(Bytes& out, const TokenUnit& unit, int rows) {
  const bool whole = unit.slice.first_row == 0 && unit.slice.rows == rows;
  Bytes payload;
  if (!whole) payload.push_back(static_cast<uint8_t>(unit.slice.first_row));
  if (unit.layer == 0) {
    if (!whole) payload.push_back(static_cast<uint8_t>(unit.slice.rows));
    payload.push_back(static_cast<uint8_t>(unit.picture_number % kPictureNumbers << 2 | (unit.layers - 1)));
    if (unit.scene) payload.push_back(*unit.scene);
  }
  payload.insert(payload.end(), unit.bits.begin(), unit.bits.end());
  append_unit(out, {UnitType::kToken, unit.layer, unit.key, whole, unit.layer == 0 && unit.scene, unit.joined},
              payload);
}

std::optional<TokenUnit> parse_token_unit(const UnitView& unit, int rows) {
  TokenUnit t;
  t.layer = unit.header.layer;
  t.key = unit.header.key;
  t.joined = unit.header.joined;
  const bool whole = unit.header.whole;
  const bool scene = unit.header.scene;
  const size_t header = (whole ? 0U : 1U) + (t.layer == 0 ? (whole ? 1U : 2U) : 0U) + (scene ? 1U : 0U);
  if (unit.payload.size() < header) return std::nullopt;
  size_t at = 0;
  t.slice = {0, rows};
  if (!whole) t.slice.first_row = unit.payload[at++];
  if (t.layer == 0) {
    if (!whole) t.slice.rows = unit.payload[at++];
    t.picture_number = unit.payload[at] >> 2;
    t.layers = (unit.payload[at++] & 3) + 1;
    if (scene) t.scene = unit.payload[at++];
    if (t.slice.rows < 1 || t.slice.first_row + t.slice.rows > rows) return std::nullopt;
  } else if (!whole) {
    if (t.slice.first_row >= rows) return std::nullopt;
    t.slice.rows = 0;  // those of layer 0
  }
  t.bits = unit.payload.sub(at);
  return t;
}

}  // namespace crlsc
