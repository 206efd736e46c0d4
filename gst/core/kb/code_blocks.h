// SPDX-License-Identifier: LGPL-2.1-or-later
// Product-quantised codes in memory, laid out to be looked through.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "core/kb/code_scan.h"
#include "core/kb/huge_pages.h"

namespace crlsc {

// The speed of memory bounds the search of a large knowledge base. So the first half of each code's indices lies apart
// from the second: of most codes the first half tells that they are not wanted, and the second is never read. For that
// some good codes must be known early: arrange() lets scan() begin where they are likely.
class CodeBlocks {
 public:
  explicit CodeBlocks(size_t subvectors);

  size_t size() const { return size_; }
  void reserve(size_t codes);
  // `indices`: one for each sub-vector. `inverse_norm`: 1 / length of the vector that the code stands for, or 0. Not
  // possible behind arrange().
  void append(const uint8_t* indices, float inverse_norm);
  // Puts codes with the same first index side by side in memory. They keep their numbers.
  void arrange();

  void indices(size_t code, uint8_t* out) const { indices_at(place(code), out); }
  float inverse_norm(size_t code) const { return inverse_norms_[place(code)]; }

  struct Found {
    size_t code;
    const uint8_t* indices;
    float inverse_norm;
  };
  // Calls visit(), in any order, for every code whose similarity can be `bar` or more: at least for those with
  // (coarse.base + coarse.step x sum of its values) x inverse norm >= bar. visit() returns the bar from now on.
  void scan(const CoarseTables& coarse, float bar, const std::function<float(const Found&)>& visit) const;

 private:
  using HugeBytes = std::vector<uint8_t, HugePages<uint8_t>>;
  // Some of the indices of each code, in blocks: see code_scan.h.
  struct Part {
    size_t rows;  // indices of a code
    HugeBytes bytes;
    size_t at(size_t place, size_t row) const {
      return (place / kScanBlock * rows + row) * kScanBlock + place % kScanBlock;
    }
  };
  size_t place(size_t code) const { return places_.empty() ? code : places_[code]; }
  void indices_at(size_t place, uint8_t* out) const;
  // First blocks of the groups, in the order in which they promise most.
  std::vector<uint32_t> groups(const CoarseTables& coarse) const;

  size_t subvectors_;
  size_t size_ = 0;
  Part front_;
  Part back_;
  std::vector<float, HugePages<float>> inverse_norms_;  // up to whole blocks
  std::vector<uint32_t> places_;                        // of each code; empty: their numbers
  std::vector<uint32_t> codes_;                         // at each place; likewise
};

}  // namespace crlsc
