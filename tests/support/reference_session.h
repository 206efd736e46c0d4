// SPDX-License-Identifier: LGPL-2.1-or-later
// What the sessions of the integer reference backend have in common: pictures are coded cell by cell, each from its
// four blocks.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "core/codec/network.h"
#include "core/model/model_file.h"

namespace crlsc {

constexpr int kBlockSamples = 96;  // 8x8 of Y, 4x4 of U, 4x4 of V

// Calls visit(sample index, plane, x, y) for every sample of the 8x8 block at luma (x0, y0) and its chroma.
template <class Visit>
void for_block(int x0, int y0, Visit visit) {
  for (int i = 0; i < 64; ++i) visit(i, 0, x0 + i % 8, y0 + i / 8);
  for (int plane = 1; plane < 3; ++plane) {
    for (int i = 0; i < 16; ++i) visit(48 + 16 * plane + i, plane, x0 / 2 + i % 4, y0 / 2 + i / 4);
  }
}

// Block b, 0..3, of a cell.
template <class Visit>
void for_block_of_cell(int col, int row, int b, Visit visit) {
  for_block(col * 16 + b % 2 * 8, row * 16 + b / 2 * 8, visit);
}

inline size_t sample_index(const Picture& picture, int plane, int x, int y) {
  return static_cast<size_t>(y) * static_cast<size_t>(picture.plane_width(plane)) + static_cast<size_t>(x);
}

// The elements of a tensor of type I16.
std::vector<int16_t> values(const TensorView& tensor);

class ReferenceSession : public NetworkSession {
 public:
  ReferenceSession(const TokenLayout& layout, int width, int height);
  void encode(const Picture& current, const Picture& prediction, const QuantiserBias& bias, TokenGrid& grid,
              std::vector<Picture>& previews) override;
  void decode(const Picture& prediction, const TokenGrid& grid, Picture& out) override;

 private:
  // Chooses the tokens of a cell.
  virtual void encode_cell(const Picture& current, const Picture& prediction, const QuantiserBias& bias, int col,
                           int row, TokenGrid& grid) const = 0;
  // Adds what the tokens of a coded cell say to its samples.
  virtual void decode_cell(const TokenGrid& grid, int col, int row, Picture& out) const = 0;
  void check(const Picture& picture) const;
  bool fits(const TokenGrid& grid) const;

  TokenLayout layout_;
  int width_;
  int height_;
};

// Of a model with coefficients; the other kind is the backend's own.
std::unique_ptr<Network> load_scalar_network(const ModelFile& file);

}  // namespace crlsc
