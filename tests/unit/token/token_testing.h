// SPDX-License-Identifier: LGPL-2.1-or-later
// Random token grids, and what makes a grid valid or equal to another.
#pragma once

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "core/token/token_coder.h"

namespace crlsc {

// `name` without what gtest does not take in names of tests.
std::string test_name(std::string name);

// A layout whose tables are small, of each shape that a model file may ask for.
TokenLayout test_layout();
// By name: "usual", "no-detail", "two-codes", "large", "six-stages", "gap" (a layer without stages), "gains",
// "classes", "two-gains"; of scalar quantisers "scalar", "scalar-smallest", "scalar-largest" and "scalar-no-detail".
TokenLayout layout_named(const std::string& name);

// How often cells take each mode, in parts of the sum.
struct Mix {
  std::string name;
  int still = 1;
  int moved_copy = 1;
  int other_copy = 1;  // of grey or a knowledge-base picture
  int coded_previous = 1;
  int coded_grey = 1;
  int coded_knowledge = 1;
  int largest_motion = 40;
  bool all_stages = false;  // coded cells have every stage
};
const std::vector<Mix>& mixes();

// `count` levels of a scalar quantiser: zeros behind a random end, mostly small, seldom up to kMaxLevel.
void random_levels(std::mt19937& random, int16_t* levels, int count);

TokenGrid random_grid(const TokenLayout& layout, int cols, int rows, const Mix& mix, uint32_t seed);

// What a decoder holds that read layers 0..layer of all slices.
TokenGrid up_to_layer(const TokenGrid& grid, const TokenLayout& layout, int layer);

// Cells and the tokens that take part are equal in rows [slice.first_row, + slice.rows).
testing::AssertionResult same_tokens(const TokenGrid& a, const TokenGrid& b, Slice slice);
testing::AssertionResult same_tokens(const TokenGrid& a, const TokenGrid& b);

// Every cell and token of `slice` is one that an encoder may send.
testing::AssertionResult valid(const TokenGrid& grid, const TokenLayout& layout, Slice slice);

// The units of `slice`, by layer.
std::vector<Bytes> encode_slice(const TokenGrid& grid, const TokenLayout& layout, Slice slice,
                                const TokenContexts& priors);
// Reads layers into `grid`; false as soon as one is refused.
bool decode_slice(const std::vector<Bytes>& layers, const TokenLayout& layout, Slice slice, const TokenContexts& priors,
                  TokenGrid& grid);

}  // namespace crlsc
