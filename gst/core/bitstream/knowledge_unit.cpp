// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/bitstream/knowledge_unit.h"

#include <algorithm>
#include <string>

#include "core/bitstream/byte_io.h"
#include "core/bitstream/unit.h"
#include "core/error.h"

namespace crlsc {
namespace {

constexpr int kFormShift = 4;
constexpr unsigned kPieceForm = 0;
constexpr unsigned kAsksBit = 1;
constexpr size_t kHead = 1 + sizeof(PictureName);
constexpr int kNumberBytes = 3;  // most that size and offset take

static_assert(kKnowledgeUnitOverhead == 1 + kNumberBytes + kHead + 2 * kNumberBytes + 2);

bool is_sound(const KnowledgeUnit& unit) {
  return unit.size <= kMaxTransferSize && unit.offset < unit.size && !unit.piece.empty() &&
         unit.piece.size() <= unit.size - unit.offset;
}

}  // namespace

void append_knowledge_unit(Bytes& out, const KnowledgeUnit& unit, bool key) {
  if (!is_sound(unit)) {
    throw Error(ErrorKind::kSettings, "a piece of " + std::to_string(unit.piece.size()) + " bytes at " +
                                          std::to_string(unit.offset) + " does not fit an entry of " +
                                          std::to_string(unit.size) + " bytes, or that is above " +
                                          std::to_string(kMaxTransferSize));
  }
  Bytes payload;
  ByteWriter writer(payload);
  writer.u8(static_cast<uint8_t>(kPieceForm << kFormShift | (unit.asks ? kAsksBit : 0)));
  writer.bytes({unit.name.data(), unit.name.size()});
  writer.leb128(static_cast<uint32_t>(unit.size));
  writer.leb128(static_cast<uint32_t>(unit.offset));
  writer.bytes(unit.piece);
  append_unit(out, {UnitType::kKnowledgeUpdate, 0, key, false}, payload);
}

std::optional<KnowledgeUnit> parse_knowledge_unit(ByteView payload) {
  if (payload.size() < kHead || payload[0] >> kFormShift != kPieceForm) return std::nullopt;
  KnowledgeUnit unit;
  unit.asks = (payload[0] & kAsksBit) != 0;
  std::copy_n(payload.data() + 1, unit.name.size(), unit.name.begin());
  ByteView rest = payload.sub(kHead);
  for (size_t* number : {&unit.size, &unit.offset}) {
    const auto read = read_leb128(rest, kNumberBytes);
    if (!read) return std::nullopt;
    *number = read->value;
    rest = rest.sub(read->size);
  }
  unit.piece = rest;
  return is_sound(unit) ? std::optional<KnowledgeUnit>(unit) : std::nullopt;
}

}  // namespace crlsc
