// SPDX-License-Identifier: LGPL-2.1-or-later
// Framing of units: what is found can be written again and is found again.
#include "core/bitstream/semantic_unit.h"
#include "core/bitstream/unit.h"
#include "core/codec/token_unit.h"
#include "fuzz.h"

using namespace crlsc;

std::vector<Bytes> crlsc::fuzz_seeds() {
  Bytes access_unit;
  append_unit(access_unit, {UnitType::kSequenceHeader, 0, true, false}, Bytes(27, 1));
  append_unit(access_unit, {UnitType::kSemantic, 0, false, false}, Bytes(200, 2));
  append_semantic_unit(access_unit, {true, Bytes(32, 2)}, false);
  for (int layer = 0; layer < 4; ++layer) {
    append_token_unit(access_unit, {layer, true, {layer, 2}, 7, 4, Bytes(40, 3)}, 9);
  }
  Bytes small;
  append_token_unit(small, {0, false, {0, 4}, 7, 1, {}}, 4);
  return {access_unit, small};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const AccessUnitView view = parse_access_unit({data, size});
  require(view.units.size() <= kMaxUnits, "too many units");
  Bytes again;
  for (const UnitView& unit : view.units) {
    require(unit.bytes.data() >= data && unit.bytes.end() <= data + size, "a unit outside the input");
    append_unit(again, unit.header, unit.payload);
    for (const int rows : {1, 4, 68}) {
      const auto token = parse_token_unit(unit, rows);
      if (!token) continue;
      require(token->slice.first_row >= 0 && token->slice.first_row + token->slice.rows <= rows, "rows outside");
    }
  }
  const auto semantic = find_semantic_unit({data, size});
  require(!semantic || (!semantic->code.empty() && semantic->code.size() <= kMaxSemanticCode),
          "a code of another size");
  const AccessUnitView second = parse_access_unit(again);
  require(!second.damaged && second.units.size() == view.units.size(), "what was written is not found again");
  return 0;
}
