// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/bitstream/semantic_unit.h"

#include <string>

#include "core/bitstream/unit.h"
#include "core/error.h"

namespace crlsc {
namespace {

constexpr int kFormShift = 4;
constexpr unsigned kCodeForm = 0;
constexpr unsigned kSceneChangeBit = 1;

bool has_valid_size(ByteView code) { return !code.empty() && code.size() <= kMaxSemanticCode; }

std::string size_text(ByteView code) {
  return "a semantic unit has a code of 1 to " + std::to_string(kMaxSemanticCode) + " bytes, not " +
         std::to_string(code.size());
}

}  // namespace

void append_semantic_unit(Bytes& out, const SemanticUnit& unit, bool key) {
  if (!has_valid_size(unit.code)) throw Error(ErrorKind::kSettings, size_text(unit.code));
  Bytes payload;
  payload.push_back(static_cast<uint8_t>(kCodeForm << kFormShift | (unit.scene_change ? kSceneChangeBit : 0)));
  payload.insert(payload.end(), unit.code.begin(), unit.code.end());
  append_unit(out, {UnitType::kSemantic, 0, key, false}, payload);
}

std::optional<SemanticUnit> parse_semantic_unit(ByteView payload) {
  if (payload.empty()) throw Error(ErrorKind::kCorrupt, "a semantic unit is empty");
  if (payload[0] >> kFormShift != kCodeForm) return std::nullopt;
  const ByteView code = payload.sub(1);
  if (!has_valid_size(code)) throw Error(ErrorKind::kCorrupt, size_text(code));
  return SemanticUnit{(payload[0] & kSceneChangeBit) != 0, code};
}

std::optional<SemanticUnit> find_semantic_unit(ByteView access_unit) {
  for (const UnitView& unit : parse_access_unit(access_unit).units) {
    if (unit.header.type != UnitType::kSemantic) continue;
    try {
      if (const auto found = parse_semantic_unit(unit.payload)) return found;
    } catch (const Error&) {
      // As if it had not come.
    }
  }
  return std::nullopt;
}

}  // namespace crlsc
