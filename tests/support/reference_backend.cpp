// SPDX-License-Identifier: LGPL-2.1-or-later
// A backend in integer arithmetic, for tests: tables of patterns stand where networks are elsewhere. The same input
// gives the same tokens and samples on every machine, and each further stage makes the picture better. The tables say
// what codes change at the largest gain; each level below halves that.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "core/error.h"
#include "reference_session.h"

namespace crlsc {
namespace {

constexpr int kTokenBits = 6;  // what the quantiser thinks a token other than zero costs
// Of a scaled residual: more than all codes together reach, and what they leave of it fits 16 bits.
constexpr int kMostResidual = 8191;

// Of the semantic head, which models may lack.
constexpr const char* kSemanticScales = "semantic.scales";

using Block = std::array<int16_t, kBlockSamples>;

// A quantiser stage: what each of its codes adds to the samples.
struct Table {
  std::vector<Block> patterns;
  std::vector<int64_t> energy;
};

struct Offset {
  int y, u, v;
};

void require_zero(const ModelFile& file, const TensorView& tensor, const int16_t* row, size_t count) {
  if (std::any_of(row, row + count, [](int16_t x) { return x != 0; })) {
    throw Error(ErrorKind::kRead,
                "cannot read the model '" + file.path() + "': code 0 of tensor '" + tensor.name + "' is not zero");
  }
}

std::vector<Offset> read_structure(const ModelFile& file) {
  const int codes = file.layout().structure_codes;
  const TensorView& tensor = file.tensor("structure.table", DType::kI16, {codes, 3});
  const std::vector<int16_t> v = values(tensor);
  require_zero(file, tensor, v.data(), 3);
  std::vector<Offset> table;
  for (size_t i = 0; i < v.size(); i += 3) table.push_back({v[i], v[i + 1], v[i + 2]});
  return table;
}

Table read_stage(const ModelFile& file, int stage) {
  const int codes = file.layout().detail_codes[static_cast<size_t>(stage)];
  const TensorView& tensor =
      file.tensor("detail." + std::to_string(stage) + ".table", DType::kI16, {codes, kBlockSamples});
  const std::vector<int16_t> v = values(tensor);
  require_zero(file, tensor, v.data(), kBlockSamples);
  Table table;
  for (size_t at = 0; at < v.size(); at += kBlockSamples) {
    Block block;
    std::copy_n(v.data() + at, kBlockSamples, block.data());
    int64_t energy = 0;
    for (const int16_t x : block) energy += int64_t{x} * x;
    table.patterns.push_back(block);
    table.energy.push_back(energy);
  }
  return table;
}

struct Tables {
  std::vector<Offset> structure;
  std::vector<Table> detail;
  int gain_levels = 1;
  // How often the change of a cell with this gain is halved.
  int halvings(const Cell& cell) const { return std::max(gain_levels - 1 - cell.gain, 0); }
};

class VectorSession : public ReferenceSession {
 public:
  VectorSession(const TokenLayout& layout, const Tables& tables, int width, int height)
      : ReferenceSession(layout, width, height), tables_(tables) {}

 private:
  static int64_t token_cost(const QuantiserBias& bias) {
    return bias.lambda > 0.0F ? std::llround(std::min(bias.lambda, 1e6F) * kTokenBits) : 0;
  }

  void encode_cell(const Picture& current, const Picture& prediction, const QuantiserBias& bias, int col, int row,
                   TokenGrid& grid) const override {
    const size_t cell_at = static_cast<size_t>(row) * static_cast<size_t>(grid.cols()) + static_cast<size_t>(col);
    // Divided by the gain; squared errors, and so what they are weighed against, grow by the square of that.
    const int scale = 1 << tables_.halvings(grid.cells[cell_at]);
    const int64_t cost = token_cost(bias) * scale * scale;
    std::array<Block, 4> residual;
    for (int b = 0; b < 4; ++b) {
      for_block_of_cell(col, row, b, [&](int i, int plane, int x, int y) {
        const size_t at = sample_index(current, plane, x, y);
        const int difference = (current.plane(plane)[at] - prediction.plane(plane)[at]) * scale;
        residual[static_cast<size_t>(b)][static_cast<size_t>(i)] =
            static_cast<int16_t>(std::clamp(difference, -kMostResidual, kMostResidual));
      });
    }
    const size_t token = best_offset(residual, cost);
    grid.structure[cell_at] = static_cast<int16_t>(token);
    const Offset offset = tables_.structure[token];
    for (int b = 0; b < 4; ++b) {
      Block& block = residual[static_cast<size_t>(b)];
      for (size_t i = 0; i < kBlockSamples; ++i) {
        block[i] = static_cast<int16_t>(block[i] - (i < 64 ? offset.y : i < 80 ? offset.u : offset.v));
      }
      const size_t at = detail_index(grid, col, row, b);
      for (size_t stage = 0; stage < tables_.detail.size(); ++stage) {
        const Table& table = tables_.detail[stage];
        const size_t code = best_pattern(table, block, cost);
        grid.detail[stage][at] = static_cast<int16_t>(code);
        for (size_t i = 0; i < kBlockSamples; ++i) {
          block[i] = static_cast<int16_t>(block[i] - table.patterns[code][i]);
        }
      }
    }
  }

  static size_t detail_index(const TokenGrid& grid, int col, int row, int block) {
    return static_cast<size_t>(2 * row + block / 2) * 2 * static_cast<size_t>(grid.cols()) +
           static_cast<size_t>(2 * col + block % 2);
  }

  // |r - t|^2 - |r|^2 + cost is least, where t takes one value in each plane.
  size_t best_offset(const std::array<Block, 4>& residual, int64_t cost) const {
    int64_t sum[3] = {0, 0, 0};
    for (const Block& block : residual) {
      for (size_t i = 0; i < kBlockSamples; ++i) sum[i < 64 ? 0 : i < 80 ? 1 : 2] += block[i];
    }
    int64_t best = 0;
    size_t code = 0;
    for (size_t i = 1; i < tables_.structure.size(); ++i) {
      const Offset& t = tables_.structure[i];
      const int64_t error = cost + 256 * int64_t{t.y} * t.y + 64 * (int64_t{t.u} * t.u + int64_t{t.v} * t.v) -
                            2 * (t.y * sum[0] + t.u * sum[1] + t.v * sum[2]);
      if (error < best) {
        best = error;
        code = i;
      }
    }
    return code;
  }

  static size_t best_pattern(const Table& table, const Block& residual, int64_t cost) {
    int64_t best = 0;
    size_t code = 0;
    for (size_t i = 1; i < table.patterns.size(); ++i) {
      int32_t product = 0;
      for (size_t k = 0; k < kBlockSamples; ++k) product += int32_t{table.patterns[i][k]} * residual[k];
      const int64_t error = cost + table.energy[i] - 2 * int64_t{product};
      if (error < best) {
        best = error;
        code = i;
      }
    }
    return code;
  }

  void decode_cell(const TokenGrid& grid, int col, int row, Picture& out) const override {
    const size_t cell_at = static_cast<size_t>(row) * static_cast<size_t>(grid.cols()) + static_cast<size_t>(col);
    const Cell& cell = grid.cells[cell_at];
    const auto token = static_cast<size_t>(grid.structure[cell_at]);  // negative ones are large
    if (token >= tables_.structure.size()) {
      throw Error(ErrorKind::kCorrupt, "a cell has tokens that the model does not know");
    }
    const int halvings = tables_.halvings(cell);
    const int half = (1 << halvings) >> 1;  // rounds to the nearest
    const Offset offset = tables_.structure[token];
    for (int b = 0; b < 4; ++b) {
      std::array<int, kBlockSamples> change;
      for (size_t i = 0; i < kBlockSamples; ++i) change[i] = i < 64 ? offset.y : i < 80 ? offset.u : offset.v;
      for (size_t stage = 0; stage < cell.stages; ++stage) {
        const auto code = static_cast<size_t>(grid.detail[stage][detail_index(grid, col, row, b)]);
        if (code >= tables_.detail[stage].patterns.size()) {
          throw Error(ErrorKind::kCorrupt, "a block has tokens that the model does not know");
        }
        const Block& pattern = tables_.detail[stage].patterns[code];
        for (size_t i = 0; i < kBlockSamples; ++i) change[i] += pattern[i];
      }
      for_block_of_cell(col, row, b, [&](int i, int plane, int x, int y) {
        uint8_t& sample = out.plane(plane)[sample_index(out, plane, x, y)];
        const int halved = (change[static_cast<size_t>(i)] + half) >> halvings;
        sample = static_cast<uint8_t>(std::clamp(sample + halved, 0, 255));
      });
    }
  }

  const Tables& tables_;
};

// Says coarsely what is where: luma of 4x4 tiles; of 2x2 tiles U, V and how much luma changes across and down. Models
// scale each of these numbers.
class ReferenceEmbedder : public Embedder {
 public:
  static constexpr int kDimension = 32;

  explicit ReferenceEmbedder(const std::vector<int16_t>& scales) : scales_(scales) {}
  int dimension() const override { return kDimension; }

  void embed(const PictureView& picture, float* out) override {
    std::vector<int64_t> numbers;
    for (int tile = 0; tile < 16; ++tile) numbers.push_back(mean(picture.planes[0], tile, 4) - 128 * kUnit);
    for (size_t plane = 1; plane < 3; ++plane) {
      for (int tile = 0; tile < 4; ++tile) numbers.push_back(2 * (mean(picture.planes[plane], tile, 2) - 128 * kUnit));
    }
    for (const bool down : {false, true}) {
      // Never all 0, so that every picture has a direction.
      for (int tile = 0; tile < 4; ++tile) numbers.push_back(4 * change(picture.planes[0], tile, down) + 1);
    }
    int64_t squared = 0;
    for (size_t i = 0; i < numbers.size(); ++i) {
      numbers[i] *= scales_[i];
      squared += numbers[i] * numbers[i];
    }
    // Of integers below 2^53 these are the same numbers on every machine.
    const double length = std::sqrt(static_cast<double>(squared));
    for (size_t i = 0; i < numbers.size(); ++i) out[i] = static_cast<float>(static_cast<double>(numbers[i]) / length);
  }

 private:
  static constexpr int64_t kUnit = 16;  // steps of a sample value

  struct Range {
    int x0, x1, y0, y1;
  };
  // At least one sample, however small the plane.
  static Range range(const PlaneView& plane, int tile, int tiles) {
    const int column = tile % tiles;
    const int row = tile / tiles;
    const int x0 = plane.width * column / tiles;
    const int y0 = plane.height * row / tiles;
    return {x0, std::max(plane.width * (column + 1) / tiles, x0 + 1), y0,
            std::max(plane.height * (row + 1) / tiles, y0 + 1)};
  }

  static int64_t mean(const PlaneView& plane, int tile, int tiles) {
    const Range r = range(plane, tile, tiles);
    int64_t sum = 0;
    for (int y = r.y0; y < r.y1; ++y) {
      for (int x = r.x0; x < r.x1; ++x) sum += plane.data[y * plane.stride + x];
    }
    return sum * kUnit / ((r.x1 - r.x0) * (r.y1 - r.y0));
  }

  static int64_t change(const PlaneView& plane, int tile, bool down) {
    const Range r = range(plane, tile, 2);
    const ptrdiff_t step = down ? plane.stride : 1;
    int64_t sum = 0;
    for (int y = r.y0; y < r.y1 - (down ? 1 : 0); ++y) {
      for (int x = r.x0; x < r.x1 - (down ? 0 : 1); ++x) {
        const uint8_t* sample = plane.data + y * plane.stride + x;
        sum += std::abs(sample[step] - sample[0]);
      }
    }
    return sum * kUnit / ((r.x1 - r.x0) * (r.y1 - r.y0));
  }

  const std::vector<int16_t>& scales_;
};

class VectorNetwork : public Network {
 public:
  explicit VectorNetwork(const ModelFile& file) : layout_(file.layout()) {
    if (file.find(kSemanticScales) != nullptr) {
      semantic_scales_ = values(file.tensor(kSemanticScales, DType::kI16, {ReferenceEmbedder::kDimension}));
    }
    tables_.gain_levels = file.layout().gain_levels;
    tables_.structure = read_structure(file);
    for (int stage = 0; stage < file.layout().stages(); ++stage) tables_.detail.push_back(read_stage(file, stage));
  }

  std::unique_ptr<NetworkSession> open(int width, int height) const override {
    return std::make_unique<VectorSession>(layout_, tables_, width, height);
  }

  std::unique_ptr<Embedder> open_embedder() const override {
    if (semantic_scales_.empty()) return nullptr;
    return std::make_unique<ReferenceEmbedder>(semantic_scales_);
  }

  void warm_up() const override {
    const Picture picture(kCellSize, kCellSize);
    TokenGrid grid;
    std::vector<Picture> previews;
    open(kCellSize, kCellSize)->encode(picture, picture, {}, grid, previews);
  }

 private:
  TokenLayout layout_;
  Tables tables_;
  std::vector<int16_t> semantic_scales_;  // empty: no semantic head
};

class ReferenceBackend : public Backend {
 public:
  int interface_version() const override { return kInterfaceVersion; }
  std::unique_ptr<Network> load(const ModelFile& file) const override {
    if (file.layout().scalar()) return load_scalar_network(file);
    return std::make_unique<VectorNetwork>(file);
  }
  int set_threads(int) const override { return 1; }
  const char* description() const override { return "integer reference, 1 thread"; }
};

}  // namespace
}  // namespace crlsc

extern "C" const crlsc::Backend* crlsc_backend() {
  static const crlsc::ReferenceBackend backend;
  return &backend;
}
