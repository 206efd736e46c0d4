// SPDX-License-Identifier: LGPL-2.1-or-later
// The reference backend's models with a scalar quantiser: a pyramid of Walsh functions, of the whole cell (structure)
// and of its blocks (detail). All are orthogonal and have the norm 16; a level of 1 adds a sixteenth of its function
// times the cell's step.
#include <algorithm>
#include <cmath>
#include <optional>

#include "core/error.h"
#include "core/token/gain.h"
#include "core/token/token_coder.h"
#include "reference_post_filter.h"
#include "reference_session.h"

namespace crlsc {
namespace {

constexpr int kNorm = 16;
constexpr int kCellSamples = 4 * kBlockSamples;

// Samples of each function side by side: of a cell, those of its blocks one after the other.
using Basis = std::vector<int16_t>;

struct Bases {
  explicit Bases(const ModelFile& file) : layout(file.layout()), costs(TokenContexts(file), file.layout()) {
    structure =
        values(file.tensor("structure.basis", DType::kI16, {file.layout().structure_coefficients, kCellSamples}));
    for (int stage = 0; stage < layout.stages(); ++stage) {
      detail.push_back(values(file.tensor("detail." + std::to_string(stage) + ".basis", DType::kI16,
                                          {layout.detail_tokens(stage), kBlockSamples})));
    }
  }
  TokenLayout layout;
  TokenCosts costs;  // where the caller has none
  Basis structure;
  std::vector<Basis> detail;
};

using Samples = std::array<int, kCellSamples>;  // of a cell, block after block

class ScalarSession : public ReferenceSession {
 public:
  ScalarSession(const Bases& bases, int width, int height)
      : ReferenceSession(bases.layout, width, height), bases_(bases) {}

 private:
  void encode_cell(const Picture& current, const Picture& prediction, const QuantiserBias& bias, int col, int row,
                   TokenGrid& grid) const override {
    const size_t at = static_cast<size_t>(row) * static_cast<size_t>(grid.cols()) + static_cast<size_t>(col);
    Cell& cell = grid.cells[at];
    Samples residual;
    for (int b = 0; b < 4; ++b) {
      for_block_of_cell(col, row, b, [&](int i, int plane, int x, int y) {
        const size_t sample = sample_index(current, plane, x, y);
        residual[static_cast<size_t>(b * kBlockSamples + i)] =
            current.plane(plane)[sample] - prediction.plane(plane)[sample];
      });
    }
    const int step = step_value(cell.gain);
    const float weight = bias.weights != nullptr ? (*bias.weights)[at] : 1.0F;
    const float worth = bias.lambda / (static_cast<float>(step * step) * weight);
    const TokenCosts& costs = bias.costs != nullptr ? *bias.costs : bases_.costs;
    costs.predict_structure(grid, at, grid.structure_at(at));
    quantise(bases_.structure, residual.data(), kCellSamples, step, worth,
             costs.structure_levels(cell.reference == Reference::kGrey, cell.gain), grid.structure_at(at));
    for (int stage = 0; stage < grid.stages(); ++stage) {
      for (int b = 0; b < 4; ++b) {
        int16_t* levels = grid.detail_at(stage, 2 * col + b % 2, 2 * row + b / 2);
        std::fill_n(levels, grid.detail_tokens(stage), int16_t{0});
        quantise(bases_.detail[static_cast<size_t>(stage)], residual.data() + b * kBlockSamples, kBlockSamples, step,
                 worth, costs.detail_levels(cell.gain, stage), levels);
      }
    }
  }

  // `levels` holds what they are predicted as.
  static void quantise(const Basis& basis, const int* residual, int samples, int step, float worth,
                       const CoefficientCosts& costs, int16_t* levels) {
    std::vector<float> latents;
    for (size_t at = 0; at < basis.size(); at += static_cast<size_t>(samples)) {
      int64_t product = 0;
      for (int i = 0; i < samples; ++i) product += int64_t{basis[at + static_cast<size_t>(i)]} * residual[i];
      latents.push_back(static_cast<float>(product) / static_cast<float>(kNorm * step));
    }
    choose_levels(latents.data(), worth, costs, levels);
  }

  void decode_cell(const TokenGrid& grid, int col, int row, Picture& out) const override {
    const size_t at = static_cast<size_t>(row) * static_cast<size_t>(grid.cols()) + static_cast<size_t>(col);
    std::array<int64_t, kCellSamples> change{};
    add(bases_.structure, grid.structure_at(at), kCellSamples, change.data());
    for (int stage = 0; stage < grid.cells[at].stages; ++stage) {
      for (int b = 0; b < 4; ++b) {
        add(bases_.detail[static_cast<size_t>(stage)], grid.detail_at(stage, 2 * col + b % 2, 2 * row + b / 2),
            kBlockSamples, change.data() + b * kBlockSamples);
      }
    }
    const int step = step_value(grid.cells[at].gain);
    for (int b = 0; b < 4; ++b) {
      for_block_of_cell(col, row, b, [&](int i, int plane, int x, int y) {
        uint8_t& sample = out.plane(plane)[sample_index(out, plane, x, y)];
        const int64_t scaled = change[static_cast<size_t>(b * kBlockSamples + i)] * step + kNorm / 2;
        // Rounds to the nearest.
        sample = static_cast<uint8_t>(std::clamp<int64_t>(sample + (scaled >> 4), 0, 255));
      });
    }
  }

  static void add(const Basis& basis, const int16_t* levels, int samples, int64_t* change) {
    for (size_t at = 0; at < basis.size(); at += static_cast<size_t>(samples), ++levels) {
      if (*levels == 0) continue;
      for (int i = 0; i < samples; ++i) change[i] += int64_t{basis[at + static_cast<size_t>(i)]} * *levels;
    }
  }

  const Bases& bases_;
};

class ScalarNetwork : public Network {
 public:
  explicit ScalarNetwork(const ModelFile& file) : bases_(file) {
    if (file.find(ReferencePostFilter::kTensor) == nullptr) return;
    offset_ = values(file.tensor(ReferencePostFilter::kTensor, DType::kI16, {1}))[0];
  }
  std::unique_ptr<NetworkSession> open(int width, int height) const override {
    return std::make_unique<ScalarSession>(bases_, width, height);
  }
  std::unique_ptr<PostFilter> open_post_filter() const override {
    return offset_ ? std::make_unique<ReferencePostFilter>(*offset_) : nullptr;
  }
  void warm_up() const override {
    const Picture picture(kCellSize, kCellSize);
    TokenGrid grid;
    std::vector<Picture> previews;
    open(kCellSize, kCellSize)->encode(picture, picture, {}, grid, previews);
  }

 private:
  Bases bases_;
  std::optional<int> offset_;  // of the post-filter, if the model has one
};

}  // namespace

std::unique_ptr<Network> load_scalar_network(const ModelFile& file) { return std::make_unique<ScalarNetwork>(file); }

}  // namespace crlsc
