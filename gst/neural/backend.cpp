// SPDX-License-Identifier: LGPL-2.1-or-later
// The module's entry: networks of model files that name the backend "neural".
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/autocast_mode.h>
#include <dlfcn.h>
#include <torch/torch.h>

#include <algorithm>
#include <mutex>
#include <opencv2/core.hpp>
#include <string>

#include "core/codec/gain.h"
#include "core/codec/network.h"
#include "core/entropy/cost.h"
#include "core/error.h"
#include "core/token/token_coder.h"
#include "neural/model_io.h"
#include "neural/motion.h"
#include "neural/picture_tensor.h"
#include "neural/quantise.h"

namespace crlsc::neural {
namespace {

// Cells around the coded ones that the network sees, too.
constexpr int kMarginCells = 2;
// Boxes grow to multiples of this, so that few shapes occur: kernels are chosen anew for each.
constexpr int kBoxStep = 4;

// Inference with the precision chosen when the model was loaded.
class InferenceScope {
 public:
  explicit InferenceScope(bool bf16) : bf16_(bf16) {
    if (!bf16_) return;
    at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
    at::autocast::set_cpu_enabled(true);
  }
  ~InferenceScope() {
    if (!bf16_) return;
    at::autocast::clear_cache();
    at::autocast::set_cpu_enabled(false);
  }
  InferenceScope(const InferenceScope&) = delete;
  InferenceScope& operator=(const InferenceScope&) = delete;

 private:
  c10::InferenceMode inference_;
  bool bf16_;
};

// A rectangle of cells.
struct Box {
  int column = 0;
  int row = 0;
  int cols = 0;
  int rows = 0;
  bool empty() const { return cols == 0; }
};

void grow(int& first, int& count, int available) {
  const int begin = std::max(0, first - kMarginCells);
  const int end = std::min(available, first + count + kMarginCells);
  count = std::min(available, (end - begin + kBoxStep - 1) / kBoxStep * kBoxStep);
  first = std::min(begin, available - count);
}

// The smallest box round all coded cells, with its margin. The same grids give the same box at both ends.
Box coded_box(const std::vector<const TokenGrid*>& grids) {
  const int cols = grids[0]->cols();
  const int rows = grids[0]->rows();
  int left = cols, right = -1, top = rows, bottom = -1;
  for (const TokenGrid* grid : grids) {
    for (int i = 0; i < grid->size(); ++i) {
      if (!grid->cells[static_cast<size_t>(i)].coded) continue;
      left = std::min(left, i % cols);
      right = std::max(right, i % cols);
      top = std::min(top, i / cols);
      bottom = std::max(bottom, i / cols);
    }
  }
  if (right < 0) return {};
  Box box{left, top, right - left + 1, bottom - top + 1};
  grow(box.column, box.cols, cols);
  grow(box.row, box.rows, rows);
  return box;
}

PictureTensor crop(const Picture& picture, const Box& box) {
  auto plane = [&](int p, int side) {
    auto whole = torch::from_blob(const_cast<uint8_t*>(picture.plane(p)),
                                  {1, 1, picture.plane_height(p), picture.plane_width(p)}, torch::kUInt8);
    return whole.slice(2, box.row * side, (box.row + box.rows) * side)
        .slice(3, box.column * side, (box.column + box.cols) * side)
        .to(torch::kFloat32);
  };
  const int half = kCellSize / 2;
  return {plane(0, kCellSize).sub_(128).div_(128), torch::cat({plane(1, half), plane(2, half)}, 1).sub_(128).div_(128)};
}

void paste(const PictureTensor& tensor, int64_t item, const Box& box, Picture& out) {
  auto put = [&](const torch::Tensor& values, int p, int side) {
    const auto bytes = values.mul(128).add_(128).round_().clamp_(0, 255).to(torch::kUInt8);
    auto whole = torch::from_blob(out.plane(p), {out.plane_height(p), out.plane_width(p)}, torch::kUInt8);
    whole.slice(0, box.row * side, (box.row + box.rows) * side)
        .slice(1, box.column * side, (box.column + box.cols) * side)
        .copy_(bytes);
  };
  put(tensor.luma[item][0], 0, kCellSize);
  put(tensor.chroma[item][0], 1, kCellSize / 2);
  put(tensor.chroma[item][1], 2, kCellSize / 2);
}

PictureTensor repeated(const PictureTensor& one, int64_t count) {
  return {one.luma.expand({count, -1, -1, -1}), one.chroma.expand({count, -1, -1, -1})};
}

// What torch's kernels make of this CPU, such as "AVX2".
std::string cpu_capability() {
  const std::string config = at::show_config();
  const std::string label = "CPU capability usage: ";
  const size_t at = config.find(label);
  if (at == std::string::npos) return "unknown CPU capability";
  const size_t begin = at + label.size();
  return config.substr(begin, config.find('\n', begin) - begin);
}

class Session : public NetworkSession {
 public:
  Session(SemanticNet net, bool bf16) : net_(std::move(net)), bf16_(bf16) {}

  std::vector<ExpectedErrors> encode(const Picture& current, const Picture& prediction, const QuantiserBias& bias,
                                     TokenGrid& grid) override {
    std::vector<ExpectedErrors> expected(static_cast<size_t>(grid.size()));
    const Box box = coded_box({&grid});
    if (box.empty()) return expected;
    InferenceScope scope(bf16_);
    const PictureTensor base = crop(prediction, box);
    const auto gains = gain_map(grid, box, /*coded_only=*/false);
    const auto analysis = net_->analyse(crop(current, box), base, net_->prediction_features(base), gains);
    const CodePenalties prices = penalties(bias, grid, box, gains);
    TokenTensors tokens;
    tokens.structure =
        net_->structure_quantiser->nearest(to_rows(analysis.structure).to(torch::kFloat32), prices.structure);
    const auto rows = net_->structure_quantiser->lookup(tokens.structure) * coded_mask(grid, box).view({-1, 1});
    const auto latent = net_->detail_latent(analysis, net_->spread(to_map(rows, 1, box.rows, box.cols)));
    const auto left = quantise_details(net_, to_rows(latent).to(torch::kFloat32), prices, tokens.detail);
    store(tokens, box, grid);
    for (size_t n = 0; n < left.size(); ++n) {
      const auto distance = to_map(left[n].square().sum(1, /*keepdim=*/true), 1, 2 * box.rows, 2 * box.cols);
      const auto error = (torch::avg_pool2d(distance, 2) * (gains * 128).square()).contiguous();
      const auto* values = error.data_ptr<float>();
      constexpr float kBlocks = 4;
      each_cell(grid, box, [&](int, int, size_t i) {
        expected[i][n] = *values++ * kBlocks / static_cast<float>(kDetailScale * kDetailScale);
      });
    }
    return expected;
  }

  void decode(const Picture& prediction, const std::vector<const TokenGrid*>& grids,
              std::vector<Picture>& out) override {
    out.resize(grids.size());
    for (Picture& p : out) {
      if (p.width() != prediction.width() || p.height() != prediction.height()) {
        p = Picture(prediction.width(), prediction.height());
      }
    }
    const Box box = coded_box(grids);
    if (box.empty()) return;
    InferenceScope scope(bf16_);
    const auto batch = static_cast<int64_t>(grids.size());
    const PictureTensor base = crop(prediction, box);
    const auto features = net_->prediction_features(base).expand({batch, -1, -1, -1});
    std::vector<torch::Tensor> structure;
    std::vector<torch::Tensor> detail;
    std::vector<torch::Tensor> gains;
    for (const TokenGrid* grid : grids) {
      const auto coded = coded_mask(*grid, box);
      const TokenTensors tokens = fetch(*grid, box);
      structure.push_back(to_map(net_->structure_quantiser->lookup(tokens.structure) * coded.view({-1, 1}), 1,
                                 box.rows, box.cols));
      detail.push_back(to_map(sum_details(net_, tokens, stages(*grid, box)), 1, 2 * box.rows, 2 * box.cols));
      gains.push_back(gain_map(*grid, box, /*coded_only=*/true));
    }
    const auto decoded = net_->synthesise(repeated(base, batch), features, net_->spread(torch::cat(structure)),
                                          torch::cat(detail), torch::cat(gains));
    for (int64_t i = 0; i < batch; ++i) paste(decoded, i, box, out[static_cast<size_t>(i)]);
  }

  std::vector<MotionVector> estimate_motion(const Picture& current, const Picture& reference) override {
    return motion_.estimate(current, reference);
  }

 private:
  template <class Function>
  static void each_cell(const TokenGrid& grid, const Box& box, Function f) {
    for (int r = 0; r < box.rows; ++r) {
      for (int c = 0; c < box.cols; ++c) f(r, c, static_cast<size_t>(box.row + r) * grid.cols() + box.column + c);
    }
  }

  // Place of detail token k of cell (r, c): within a box that is `cols` cells wide.
  static size_t detail_place(int r, int c, int k, int cols) {
    return static_cast<size_t>(2 * r + k / 2) * 2 * cols + 2 * c + k % 2;
  }

  static torch::Tensor coded_mask(const TokenGrid& grid, const Box& box) {
    auto mask = torch::empty({box.rows, box.cols});
    auto* values = mask.data_ptr<float>();
    each_cell(grid, box, [&](int, int, size_t i) { *values++ = grid.cells[i].coded ? 1.0F : 0.0F; });
    return mask;
  }

  // Gains in the unit of the network's pictures [1, 1, rows, cols]; with `coded_only` 0 in cells that are not coded.
  static torch::Tensor gain_map(const TokenGrid& grid, const Box& box, bool coded_only) {
    auto map = torch::empty({1, 1, box.rows, box.cols});
    auto* values = map.data_ptr<float>();
    each_cell(grid, box, [&](int, int, size_t i) {
      const Cell& cell = grid.cells[i];
      *values++ = coded_only && !cell.coded ? 0.0F : static_cast<float>(gain_value(cell.gain)) / 128;
    });
    return map;
  }

  // What `bias` says, in latent distance: a squared error shrinks by the square of the gain, and grows by the scale.
  CodePenalties penalties(const QuantiserBias& bias, const TokenGrid& grid, const Box& box, const torch::Tensor& gains) {
    CodePenalties out;
    if (bias.lambda <= 0 || bias.costs == nullptr) return out;
    read_costs(*bias.costs);
    auto weight = (bias.lambda / (gains * 128).square()).contiguous();
    if (bias.weights != nullptr) {
      auto* values = weight.data_ptr<float>();
      each_cell(grid, box, [&](int, int, size_t i) { *values++ /= (*bias.weights)[i]; });
    }
    auto grey = torch::empty({box.rows * box.cols}, torch::kLong);
    auto* kinds = grey.data_ptr<int64_t>();
    each_cell(grid, box, [&](int, int, size_t i) { *kinds++ = grid.cells[i].reference == Reference::kGrey ? 1 : 0; });
    out.structure =
        structure_bits_.index_select(0, grey) * to_rows(weight) * (kStructureScale * kStructureScale);
    const auto weight8 = to_rows(torch::upsample_nearest2d(weight, {2 * box.rows, 2 * box.cols}));
    for (const auto& bits : detail_bits_) {
      out.detail.push_back(weight8 * bits.unsqueeze(0) * (kDetailScale * kDetailScale));
    }
    return out;
  }

  // A stream's costs never change.
  void read_costs(const TokenCosts& costs) {
    if (structure_bits_.defined()) return;
    const TokenLayout& layout = net_->config().layout;
    structure_bits_ = torch::empty({2, layout.structure_codes});
    for (int grey = 0; grey < 2; ++grey) {
      for (int t = 0; t < layout.structure_codes; ++t) {
        structure_bits_[grey][t] = costs.structure(grey != 0, t) / static_cast<float>(kCostPerBit);
      }
    }
    for (int s = 0; s < layout.stages(); ++s) {
      const int codes = layout.detail_codes[static_cast<size_t>(s)];
      detail_bits_.push_back(torch::empty({codes}));
      for (int t = 0; t < codes; ++t) detail_bits_.back()[t] = costs.detail(s, t) / static_cast<float>(kCostPerBit);
    }
  }

  static torch::Tensor stages(const TokenGrid& grid, const Box& box) {
    auto out = torch::empty({2 * box.rows * 2 * box.cols}, torch::kLong);
    auto* values = out.data_ptr<int64_t>();
    each_cell(grid, box, [&](int r, int c, size_t i) {
      for (int k = 0; k < 4; ++k) {
        values[detail_place(r, c, k, box.cols)] = grid.cells[i].coded ? grid.cells[i].stages : 0;
      }
    });
    return out;
  }

  static TokenTensors fetch(const TokenGrid& grid, const Box& box) {
    TokenTensors t;
    t.structure = torch::empty({box.rows * box.cols}, torch::kLong);
    auto* structure = t.structure.data_ptr<int64_t>();
    each_cell(grid, box, [&](int, int, size_t i) { *structure++ = grid.structure[i]; });
    for (const auto& plane : grid.detail) {
      t.detail.push_back(torch::empty({4 * box.rows * box.cols}, torch::kLong));
      auto* values = t.detail.back().data_ptr<int64_t>();
      each_cell(grid, box, [&](int r, int c, size_t) {
        for (int k = 0; k < 4; ++k) {
          values[detail_place(r, c, k, box.cols)] = plane[detail_place(box.row + r, box.column + c, k, grid.cols())];
        }
      });
    }
    return t;
  }

  static void store(const TokenTensors& t, const Box& box, TokenGrid& grid) {
    const auto* structure = t.structure.data_ptr<int64_t>();
    each_cell(grid, box, [&](int, int, size_t i) { grid.structure[i] = static_cast<uint16_t>(*structure++); });
    for (size_t s = 0; s < t.detail.size(); ++s) {
      const auto* values = t.detail[s].data_ptr<int64_t>();
      each_cell(grid, box, [&](int r, int c, size_t) {
        for (int k = 0; k < 4; ++k) {
          grid.detail[s][detail_place(box.row + r, box.column + c, k, grid.cols())] =
              static_cast<uint16_t>(values[detail_place(r, c, k, box.cols)]);
        }
      });
    }
  }

  SemanticNet net_;
  bool bf16_;
  MotionSearch motion_;
  torch::Tensor structure_bits_;            // [on a picture, on grey][codes]
  std::vector<torch::Tensor> detail_bits_;  // [stage][codes]
};

class NeuralNetwork : public Network {
 public:
  explicit NeuralNetwork(SemanticNet net) : net_(std::move(net)), bf16_(use_bf16()) {}

  std::unique_ptr<NetworkSession> open(int, int) const override { return std::make_unique<Session>(net_, bf16_); }

  void warm_up() const override {
    constexpr int kSide = 8 * kCellSize;
    Session session(net_, bf16_);
    const Picture grey(kSide, kSide);
    TokenGrid grid(kSide / kCellSize, kSide / kCellSize, net_->config().layout.stages());
    for (Cell& c : grid.cells) c.coded = true;
    session.encode(grey, grey, {}, grid);
    std::vector<Picture> out;
    session.decode(grey, {&grid}, out);
  }

 private:
  SemanticNet net_;
  bool bf16_;
};

// OpenBLAS's own threads wait in a loop beside torch's. It may not be the library that is installed.
void keep_openblas_single() {
  void* library = dlopen("libopenblas.so.0", RTLD_LAZY | RTLD_NOLOAD);
  if (library == nullptr) return;
  if (auto* set = reinterpret_cast<void (*)(int)>(dlsym(library, "openblas_set_num_threads"))) set(1);
  dlclose(library);
}

class NeuralBackend : public Backend {
 public:
  int interface_version() const override { return kInterfaceVersion; }

  std::unique_ptr<Network> load(const ModelFile& file) const override {
    try {
      c10::InferenceMode inference;
      return std::make_unique<NeuralNetwork>(import_model(file));
    } catch (const c10::Error& e) {
      throw Error(ErrorKind::kRead, "model \"" + file.path() + "\": " + e.what_without_backtrace());
    }
  }

  int set_threads(int threads) const override {
    static std::once_flag once;
    std::call_once(once, [threads] {
      if (threads > 0) at::set_num_threads(threads);
      at::set_num_interop_threads(1);
      cv::setNumThreads(1);  // pictures are small: OpenCV's threads would only disturb torch's
      keep_openblas_single();
    });
    return at::get_num_threads();
  }

  const char* description() const override {
    static const std::string text = "LibTorch " TORCH_VERSION ", " + cpu_capability() + (use_bf16() ? ", bf16" : ", fp32");
    return text.c_str();
  }
};

}  // namespace
}  // namespace crlsc::neural

extern "C" __attribute__((visibility("default"))) const crlsc::Backend* crlsc_backend() {
  static const crlsc::neural::NeuralBackend backend;
  return &backend;
}
