// SPDX-License-Identifier: LGPL-2.1-or-later
// Token units of several layouts: any bits give a valid grid, which can be written and read again.
#include "core/codec/token_unit.h"
#include "fuzz.h"
#include "unit/token/token_testing.h"

using namespace crlsc;

namespace {

constexpr int kCols = 7;
constexpr int kRows = 6;
const char* const kLayouts[] = {"usual",          "two-codes", "six-stages",  "gap",    "no-detail",
                                "gains",          "classes",   "two-gains",   "scalar", "scalar-smallest",
                                "scalar-largest", "split",     "scalar-split"};

const char* layout_name(uint8_t byte) { return kLayouts[byte % std::size(kLayouts)]; }

Slice slice_of(uint8_t byte) {
  const int first = byte % kRows;
  return {first, 1 + byte / kRows % (kRows - first)};
}

}  // namespace

// An input is: layout, slice, then for each layer its length and its bits.
std::vector<Bytes> crlsc::fuzz_seeds() {
  std::vector<Bytes> seeds;
  for (uint8_t which = 0; which < std::size(kLayouts); ++which) {
    const TokenLayout layout = layout_named(layout_name(which));
    for (uint32_t mix = 0; mix < mixes().size(); ++mix) {
      const auto rows = static_cast<uint8_t>(mix * 31);
      Bytes seed{which, rows};
      const TokenGrid grid = random_grid(layout, kCols, kRows, mixes()[mix], mix);
      for (const Bytes& unit : encode_slice(grid, layout, slice_of(rows), TokenContexts(layout))) {
        const size_t length = std::min<size_t>(unit.size(), 255);
        seed.push_back(static_cast<uint8_t>(length));
        seed.insert(seed.end(), unit.begin(), unit.begin() + static_cast<ptrdiff_t>(length));
      }
      seeds.push_back(seed);
    }
  }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const TokenLayout layout = layout_named(layout_name(data[0]));
  const TokenContexts priors(layout);
  const Slice slice = slice_of(data[1]);
  ByteView rest(data + 2, size - 2);
  TokenGrid grid(kCols, kRows, layout);
  for (int layer = 0; layer < layout.layers() && !rest.empty(); ++layer) {
    const ByteView bits = rest.sub(1, rest[0]);
    rest = rest.sub(1 + bits.size());
    decode_layer(bits, layout, slice, layer, priors, grid);
    require(static_cast<bool>(valid(grid, layout, slice)), "the grid is not valid");
  }
  TokenGrid joined(kCols, kRows, layout);
  const int layers = 1 + data[0] % layout.layers();
  if (decode_joined(ByteView(data + 2, size - 2), layout, slice, layers, priors, joined)) {
    require(static_cast<bool>(valid(joined, layout, slice)), "the grid of joined layers is not valid");
  }
  TokenGrid again(kCols, kRows, layout);
  require(decode_slice(encode_slice(grid, layout, slice, priors), layout, slice, priors, again), "reading again");
  require(static_cast<bool>(same_tokens(grid, again, slice)), "not the same when read again");
  return 0;
}
