// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/bitstream/unit.h"

#include <algorithm>
#include <string>

#include "core/bitstream/byte_io.h"
#include "core/bitstream/crc.h"
#include "core/error.h"

namespace crlsc {
namespace {

constexpr int kTypeShift = 5;
constexpr int kLayerShift = 3;
constexpr unsigned kLayerMask = 3;
constexpr unsigned kKeyBit = 1U << 2;
constexpr unsigned kWholeBit = 1U << 1;
constexpr unsigned kSceneBit = 1U << 0;
constexpr unsigned kHalfBit = 1U << 3;  // of joined token units, in the place of their layer
constexpr int kSizeBytes = 3;
constexpr size_t kCrcBytes = 2;
constexpr auto kLastType = UnitType::kScene;
constexpr unsigned kJoinedType = 5;

uint8_t pack(const UnitHeader& header) {
  const bool joined = header.type == UnitType::kToken && header.joined && header.layer == 0;
  unsigned byte = (joined ? kJoinedType : static_cast<unsigned>(header.type)) << kTypeShift;
  if (header.key) byte |= kKeyBit;
  if (header.type == UnitType::kToken) {
    byte |= static_cast<unsigned>(header.layer) << kLayerShift;
    if (header.whole) byte |= kWholeBit;
    if (header.scene && header.layer == 0) byte |= kSceneBit;
    if (header.half && joined) byte |= kHalfBit;
  }
  return static_cast<uint8_t>(byte);
}

UnitHeader unpack(uint8_t byte) {
  UnitHeader header;
  header.joined = byte >> kTypeShift == kJoinedType;
  header.type = header.joined ? UnitType::kToken : static_cast<UnitType>(byte >> kTypeShift);
  header.key = (byte & kKeyBit) != 0;
  if (header.type == UnitType::kToken) {
    if (!header.joined) header.layer = static_cast<int>(byte >> kLayerShift & kLayerMask);
    header.half = header.joined && (byte & kHalfBit) != 0;
    header.whole = (byte & kWholeBit) != 0;
    header.scene = header.layer == 0 && (byte & kSceneBit) != 0;
  }
  return header;
}

// The unit at the start of `bytes`, its CRC not yet looked at; nothing when it does not end within them.
std::optional<UnitView> frame(ByteView bytes) {
  const auto size = read_leb128(bytes.sub(1), kSizeBytes);
  if (!size || size->value > kMaxUnitPayload) return std::nullopt;
  const size_t start = 1 + size->size;
  const size_t end = start + size->value + kCrcBytes;
  if (end > bytes.size()) return std::nullopt;
  return UnitView{unpack(bytes[0]), bytes.sub(start, size->value), bytes.sub(0, end)};
}

bool intact(ByteView unit) {
  const size_t covered = unit.size() - kCrcBytes;
  return crc16(unit.sub(0, covered)) == (unit[covered] << 8 | unit[covered + 1]);
}

}  // namespace

size_t unit_size(size_t payload) {
  return 1 + static_cast<size_t>(leb128_size(static_cast<uint32_t>(payload))) + payload + kCrcBytes;
}

void append_unit(Bytes& out, const UnitHeader& header, ByteView payload) {
  if (payload.size() > kMaxUnitPayload) {
    throw Error(ErrorKind::kSettings, "a unit holds at most " + std::to_string(kMaxUnitPayload) + " bytes, not " +
                                          std::to_string(payload.size()));
  }
  if (header.layer < 0 || header.layer > static_cast<int>(kLayerMask)) {
    throw Error(ErrorKind::kSettings, "a unit's layer is 0..3, not " + std::to_string(header.layer));
  }
  if (header.type > kLastType) {
    throw Error(ErrorKind::kSettings, "unit type " + std::to_string(static_cast<int>(header.type)) + " is reserved");
  }
  const size_t start = out.size();
  ByteWriter writer(out);
  writer.u8(pack(header));
  writer.leb128(static_cast<uint32_t>(payload.size()));
  writer.bytes(payload);
  writer.u16(crc16(ByteView(out).sub(start)));
}

AccessUnitView parse_access_unit(ByteView bytes) {
  AccessUnitView result;
  while (!bytes.empty()) {
    const auto unit = frame(bytes);
    if (!unit) {
      result.damaged = true;
      break;
    }
    bytes = bytes.sub(unit->bytes.size());
    if (!intact(unit->bytes)) {
      result.damaged = true;
      continue;
    }
    if (unit->header.type > kLastType) continue;
    if (result.units.size() == kMaxUnits) {
      result.damaged = true;
      break;
    }
    result.units.push_back(*unit);
  }
  return result;
}

const UnitView* AccessUnitView::sequence_header() const {
  const auto found = std::find_if(units.begin(), units.end(),
                                  [](const UnitView& unit) { return unit.header.type == UnitType::kSequenceHeader; });
  return found == units.end() ? nullptr : &*found;
}

std::optional<bool> AccessUnitView::key() const {
  for (const UnitType type : {UnitType::kToken, UnitType::kSemantic}) {
    const auto found =
        std::find_if(units.begin(), units.end(), [type](const UnitView& unit) { return unit.header.type == type; });
    if (found != units.end()) return found->header.key;
  }
  return std::nullopt;
}

bool AccessUnitView::half() const {
  const auto found =
      std::find_if(units.begin(), units.end(), [](const UnitView& u) { return u.header.type == UnitType::kToken; });
  return found != units.end() && found->header.half;
}

}  // namespace crlsc
