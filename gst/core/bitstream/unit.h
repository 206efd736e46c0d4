// SPDX-License-Identifier: LGPL-2.1-or-later
// Units and access units (docs/bitstream.md, sections "Units" and "Access units"). A unit is
//
//   header (1 byte) | payload size (LEB128, 1..3 bytes) | payload | CRC-16 over all before it (2 bytes)
//
// and an access unit is the units of one picture, one after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/bytes.h"

namespace crlsc {

constexpr size_t kMaxUnitPayload = 65535;  // bytes
constexpr size_t kMaxUnits = 512;          // that a reader keeps of one access unit

enum class UnitType : uint8_t {
  kSequenceHeader = 0,
  kSemantic = 1,
  kToken = 2,
  kKnowledgeUpdate = 3,
  kScene = 4,
  // 5 is a token unit whose header says joined; 6 and 7 are reserved, readers skip them.
};

// The first byte of a unit: type (3 bits), layer (2), key (1), whole (1), scene (1).
struct UnitHeader {
  UnitType type = UnitType::kToken;
  int layer = 0;        // 0..3; always 0 unless a token unit
  bool key = false;     // belongs to a key picture
  bool whole = false;   // the slice covers the whole picture, so no slice rows are written; only of token units
  bool scene = false;   // the payload names the scene that its cells refer to; only of token units of layer 0
  bool joined = false;  // all layers of the slice are in this unit; only of token units of layer 0
  bool half = false;    // of a picture of half size; only of joined token units
};

// A unit within somebody else's bytes.
struct UnitView {
  UnitHeader header;
  ByteView payload;
  ByteView bytes;  // the whole unit, from header to CRC
};

struct AccessUnitView {
  std::vector<UnitView> units;  // intact, of a known type, in order of appearance
  bool damaged = false;         // something was left out: bad CRC, broken framing, or more than kMaxUnits

  // The first sequence header, null if there is none.
  const UnitView* sequence_header() const;
  // Whether the picture is a key picture, as its first token unit says, without any its first semantic unit; nothing
  // without either.
  std::optional<bool> key() const;
  // Whether the picture has half the size, as its first token unit says.
  bool half() const;
};

// Size in bytes of a unit whose payload has `payload` bytes.
size_t unit_size(size_t payload);

// Appends one unit. Layer and whole are written for token units only. Throws Error(kSettings) when the payload exceeds
// kMaxUnitPayload, the layer is not 0..3, or the type is reserved. `payload` must not lie within `out`.
void append_unit(Bytes& out, const UnitHeader& header, ByteView payload);

// Finds the units of one access unit. Takes any bytes and throws nothing; the views point into `bytes`.
AccessUnitView parse_access_unit(ByteView bytes);

}  // namespace crlsc
