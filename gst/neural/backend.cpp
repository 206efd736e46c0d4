// SPDX-License-Identifier: LGPL-2.1-or-later
// The module's entry: networks of model files that name the backend "neural".
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <dlfcn.h>
#include <torch/torch.h>

#include <algorithm>
#include <mutex>
#include <string>

#include "core/codec/network.h"
#include "core/entropy/cost.h"
#include "core/error.h"
#include "core/token/gain.h"
#include "core/token/token_coder.h"
#include "neural/autocast.h"
#include "neural/model_io.h"
#include "neural/picture_tensor.h"
#include "neural/post_filter.h"
#include "neural/precision.h"
#include "neural/quantise.h"
#include "neural/scalar_tokens.h"
#include "neural/semantic_head.h"
#include "neural/tensor_memory.h"

namespace crlsc::neural {
namespace {

// Cells around the coded ones that the network sees, too.
constexpr int kMarginCells = 2;
constexpr int kMostThreads = 4;

// Inference with the precision chosen when the model was loaded.
class InferenceScope {
 public:
  explicit InferenceScope(bool bf16) : autocast_(bf16) {}

 private:
  c10::InferenceMode inference_;
  Autocast autocast_;
};

// The smallest box round all coded cells, with its margin. The same grid gives the same box at both ends.
CellBox coded_box(const TokenGrid& grid) {
  const CellBox box = box_round(grid.cols(), grid.rows(), [&](size_t i) { return grid.cells[i].coded; });
  return box.empty() ? box : box.grown(kMarginCells, grid.cols(), grid.rows());
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

  void encode(const Picture& current, const Picture& prediction, const QuantiserBias& bias, TokenGrid& grid,
              std::vector<Picture>& previews) override {
    for (Picture& picture : previews) fit(picture, prediction);
    const CellBox box = coded_box(grid);
    if (box.empty()) return;
    InferenceScope scope(bf16_);
    Base base = base_of(prediction, grid, box);
    const auto gains = gain_map(grid, box, /*coded_only=*/false);
    const auto analysis = net_->analyse(pack(current, box), base.prediction, base.features, gains);
    if (scalar()) {
      store_structure(analysis.structure, bias, box, grid);
      base.spread = net_->spread(structure_levels(grid, box));
      store_details(net_->detail_latent(analysis, base.spread), bias, box, grid);
      if (!previews.empty()) {
        preview(
            base, [&](int stages) { return detail_levels(grid, box, stages); }, box, previews);
      }
      return;
    }
    const CodePenalties prices = penalties(bias, grid, box, gains);
    TokenTensors tokens;
    tokens.structure = net_->structure_quantiser->nearest(to_rows(analysis.structure).to(torch::kFloat32),
                                                          prices.structure, base.classes.cells);
    base.spread = spread(tokens.structure, base, grid, box);
    quantise_details(net_, to_rows(net_->detail_latent(analysis, base.spread)).to(torch::kFloat32), base.classes,
                     prices, tokens.detail);
    store(tokens, box, grid);
    if (previews.empty()) return;
    preview(
        base, [&](int n) { return detail_map(tokens, base, stages(grid, box, n), box); }, box, previews);
  }

  void decode(const Picture& prediction, const TokenGrid& grid, Picture& out) override {
    fit(out, prediction);
    const CellBox box = coded_box(grid);
    if (box.empty()) return;
    InferenceScope scope(bf16_);
    Base base = base_of(prediction, grid, box);
    torch::Tensor detail;
    if (scalar()) {
      base.spread = net_->spread(structure_levels(grid, box));
      detail = detail_levels(grid, box, kMaxDetailStages);
    } else {
      base.spread = spread(fetch_structure(grid, box), base, grid, box);
      detail = detail_map(fetch_details(grid, box), base, stages(grid, box, kMaxDetailStages), box);
    }
    unpack(net_->synthesise(base.prediction, base.features, base.spread, detail, base.gains), 0, box, out);
  }

 private:
  bool scalar() const { return net_->config().layout.scalar(); }

  // What decoding begins with.
  struct Base {
    torch::Tensor prediction;
    torch::Tensor features;
    torch::Tensor gains;
    GainClasses classes;
    SemanticNetImpl::Spread spread;
  };

  // All but the spread.
  Base base_of(const Picture& prediction, const TokenGrid& grid, const CellBox& box) {
    Base base;
    base.prediction = pack(prediction, box);
    base.features = net_->prediction_features(base.prediction);
    base.gains = gain_map(grid, box, /*coded_only=*/true);
    base.classes = gain_classes(level_map(grid, box), net_->config().layout);
    return base;
  }

  SemanticNetImpl::Spread spread(const torch::Tensor& structure, const Base& base, const TokenGrid& grid,
                                 const CellBox& box) {
    const auto codes =
        net_->structure_quantiser->lookup(structure, base.classes.cells) * coded_mask(grid, box).view({-1, 1});
    return net_->spread(to_map(codes, 1, box.rows, box.cols));
  }

  // By the linear path alone, which carries most. `detail_of` gives what the first n stages say.
  template <class DetailOf>
  void preview(const Base& base, DetailOf detail_of, const CellBox& box, std::vector<Picture>& out) {
    const int most = static_cast<int>(out.size()) - 1;
    std::vector<torch::Tensor> details;
    for (int n = 0; n <= most; ++n) details.push_back(detail_of(n));
    const auto changes = net_->change(base.spread, torch::cat(details));
    const auto decoded = net_->apply(base.prediction, changes, base.gains);
    for (int n = 0; n <= most; ++n) unpack(decoded, n, box, out[static_cast<size_t>(n)]);
  }

  torch::Tensor detail_map(const TokenTensors& tokens, const Base& base, const torch::Tensor& stages,
                           const CellBox& box) {
    return to_map(sum_details(net_, tokens, base.classes, stages), 1, 2 * box.rows, 2 * box.cols);
  }

  static void fit(Picture& picture, const Picture& model) {
    if (picture.width() == model.width() && picture.height() == model.height()) return;
    picture = Picture(model.width(), model.height());
  }

  template <class Function>
  static void each_cell(const TokenGrid& grid, const CellBox& box, Function f) {
    for (int r = 0; r < box.rows; ++r) {
      for (int c = 0; c < box.cols; ++c) f(r, c, static_cast<size_t>(box.row + r) * grid.cols() + box.column + c);
    }
  }

  // Place of detail token k of cell (r, c): within a box that is `cols` cells wide.
  static size_t detail_place(int r, int c, int k, int cols) {
    return static_cast<size_t>(2 * r + k / 2) * 2 * cols + 2 * c + k % 2;
  }

  static torch::Tensor coded_mask(const TokenGrid& grid, const CellBox& box) {
    auto mask = torch::empty({box.rows, box.cols});
    auto* values = mask.data_ptr<float>();
    each_cell(grid, box, [&](int, int, size_t i) { *values++ = grid.cells[i].coded ? 1.0F : 0.0F; });
    return mask;
  }

  // Gains in the unit of the network's pictures [1, 1, rows, cols]; with `coded_only` 0 in cells that are not coded.
  torch::Tensor gain_map(const TokenGrid& grid, const CellBox& box, bool coded_only) const {
    const bool scalar = this->scalar();
    auto map = torch::empty({1, 1, box.rows, box.cols});
    auto* values = map.data_ptr<float>();
    each_cell(grid, box, [&](int, int, size_t i) {
      const Cell& cell = grid.cells[i];
      const int gain = scalar ? step_value(cell.gain) : gain_value(cell.gain);
      *values++ = coded_only && !cell.coded ? 0.0F : static_cast<float>(gain) / 128;
    });
    return map;
  }

  // [1, 1, rows, cols].
  static torch::Tensor level_map(const TokenGrid& grid, const CellBox& box) {
    auto map = torch::empty({1, 1, box.rows, box.cols}, torch::kLong);
    auto* values = map.data_ptr<int64_t>();
    each_cell(grid, box, [&](int, int, size_t i) { *values++ = grid.cells[i].gain; });
    return map;
  }

  // What `bias` says, in latent distance: a squared error shrinks by the square of the gain, and grows by the scale.
  CodePenalties penalties(const QuantiserBias& bias, const TokenGrid& grid, const CellBox& box,
                          const torch::Tensor& gains) {
    CodePenalties out;
    if (bias.lambda <= 0 || bias.costs == nullptr) return out;
    read_costs(*bias.costs);
    auto weight = (bias.lambda / (gains * 128).square()).contiguous();
    if (bias.weights != nullptr) {
      auto* values = weight.data_ptr<float>();
      each_cell(grid, box, [&](int, int, size_t i) { *values++ /= (*bias.weights)[i]; });
    }
    const auto levels = level_map(grid, box);
    const int gain_levels = net_->config().layout.gain_levels;
    auto kinds = levels.flatten().clone();
    auto* values = kinds.data_ptr<int64_t>();
    each_cell(grid, box,
              [&](int, int, size_t i) { *values++ += grid.cells[i].reference == Reference::kGrey ? gain_levels : 0; });
    out.structure = structure_bits_.index_select(0, kinds) * to_rows(weight) * (kStructureScale * kStructureScale);
    const auto weight8 = to_rows(torch::upsample_nearest2d(weight, {2 * box.rows, 2 * box.cols}));
    const auto levels8 = levels.repeat_interleave(2, 2).repeat_interleave(2, 3).flatten();
    for (const auto& bits : detail_bits_) {
      out.detail.push_back(weight8 * bits.index_select(0, levels8) * (kDetailScale * kDetailScale));
    }
    return out;
  }

  // Bits, [rows, codes].
  template <class Cost>
  static torch::Tensor cost_table(int rows, int codes, Cost cost) {
    auto table = torch::empty({rows, codes});
    auto* values = table.data_ptr<float>();
    for (int row = 0; row < rows; ++row) {
      for (int token = 0; token < codes; ++token) *values++ = cost(row, token) / static_cast<float>(kCostPerBit);
    }
    return table;
  }

  // A stream's costs never change.
  void read_costs(const TokenCosts& costs) {
    if (structure_bits_.defined()) return;
    const TokenLayout& layout = net_->config().layout;
    const int levels = layout.gain_levels;
    structure_bits_ = cost_table(2 * levels, layout.structure_codes, [&](int row, int token) {
      return costs.structure(row >= levels, row % levels, token);
    });
    for (int s = 0; s < layout.stages(); ++s) {
      detail_bits_.push_back(cost_table(levels, layout.detail_codes[static_cast<size_t>(s)],
                                        [&](int level, int token) { return costs.detail(level, s, token); }));
    }
  }

  // Stages of each place at 1/8, at most `most`.
  static torch::Tensor stages(const TokenGrid& grid, const CellBox& box, int most) {
    auto out = torch::empty({2 * box.rows * 2 * box.cols}, torch::kLong);
    auto* values = out.data_ptr<int64_t>();
    each_cell(grid, box, [&](int r, int c, size_t i) {
      for (int k = 0; k < 4; ++k) {
        values[detail_place(r, c, k, box.cols)] = grid.cells[i].coded ? std::min<int>(grid.cells[i].stages, most) : 0;
      }
    });
    return out;
  }

  static torch::Tensor fetch_structure(const TokenGrid& grid, const CellBox& box) {
    auto tokens = torch::empty({box.rows * box.cols}, torch::kLong);
    auto* values = tokens.data_ptr<int64_t>();
    each_cell(grid, box, [&](int, int, size_t i) { *values++ = grid.structure[i]; });
    return tokens;
  }

  static TokenTensors fetch_details(const TokenGrid& grid, const CellBox& box) {
    TokenTensors t;
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

  static void store(const TokenTensors& t, const CellBox& box, TokenGrid& grid) {
    const auto* structure = t.structure.data_ptr<int64_t>();
    each_cell(grid, box, [&](int, int, size_t i) { grid.structure[i] = static_cast<int16_t>(*structure++); });
    for (size_t s = 0; s < t.detail.size(); ++s) {
      const auto* values = t.detail[s].data_ptr<int64_t>();
      each_cell(grid, box, [&](int r, int c, size_t) {
        for (int k = 0; k < 4; ++k) {
          grid.detail[s][detail_place(box.row + r, box.column + c, k, grid.cols())] =
              static_cast<int16_t>(values[detail_place(r, c, k, box.cols)]);
        }
      });
    }
  }

  SemanticNet net_;
  bool bf16_;
  torch::Tensor structure_bits_;            // [levels on a picture, then levels on grey; codes]
  std::vector<torch::Tensor> detail_bits_;  // by stage, [levels, codes]
};

class NeuralNetwork : public Network {
 public:
  // `head`, `post_filter` and `camera_filter` are empty if the model has none.
  NeuralNetwork(SemanticNet net, SemanticHead head, PostFilterNet post_filter, PostFilterNet camera_filter)
      : net_(std::move(net)),
        head_(std::move(head)),
        post_filter_(std::move(post_filter)),
        camera_filter_(std::move(camera_filter)),
        bf16_(use_bf16()) {
    if (bf16_) return;
    settle_convolutions(*net_);
    if (!head_.is_empty()) settle_convolutions(*head_);
    if (!post_filter_.is_empty()) settle_convolutions(*post_filter_);
    if (!camera_filter_.is_empty()) settle_convolutions(*camera_filter_);
  }

  std::unique_ptr<NetworkSession> open(int, int) const override { return std::make_unique<Session>(net_, bf16_); }

  std::unique_ptr<Embedder> open_embedder() const override {
    return head_.is_empty() ? nullptr : make_embedder(head_, bf16_);
  }

  std::unique_ptr<PostFilter> open_post_filter() const override {
    return post_filter_.is_empty() ? nullptr : make_post_filter(post_filter_, camera_filter_, bf16_);
  }

  void warm_up() const override {
    constexpr int kSide = 8 * kCellSize;
    Session session(net_, bf16_);
    const Picture grey(kSide, kSide);
    TokenGrid grid(kSide / kCellSize, kSide / kCellSize, net_->config().layout);
    for (Cell& c : grid.cells) c.coded = true;
    std::vector<Picture> out(static_cast<size_t>(net_->config().layout.stages()) + 1);
    session.encode(grey, grey, {}, grid, out);
    session.decode(grey, grid, out[0]);
  }

 private:
  SemanticNet net_;
  SemanticHead head_;
  PostFilterNet post_filter_;
  PostFilterNet camera_filter_;
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
      return std::make_unique<NeuralNetwork>(import_model(file), has_head(file) ? import_head(file) : nullptr,
                                             has_post_filter(file) ? import_post_filter(file) : nullptr,
                                             has_camera_filter(file) ? import_camera_filter(file) : nullptr);
    } catch (const c10::Error& e) {
      throw Error(ErrorKind::kRead, "model \"" + file.path() + "\": " + e.what_without_backtrace());
    }
  }

  int set_threads(int threads) const override {
    static std::once_flag once;
    std::call_once(once, [threads] {
      // Threads that share a core wait for each other in a loop: one core is left to whatever else goes on.
      at::set_num_threads(threads > 0 ? threads : std::clamp(at::get_num_threads() - 1, 1, kMostThreads));
      at::set_num_interop_threads(1);
      keep_openblas_single();
      recycle_tensor_memory();
    });
    return at::get_num_threads();
  }

  const char* description() const override {
    static const std::string text =
        "LibTorch " TORCH_VERSION ", " + cpu_capability() + (use_bf16() ? ", bf16" : ", fp32");
    return text.c_str();
  }
};

}  // namespace
}  // namespace crlsc::neural

extern "C" __attribute__((visibility("default"))) const crlsc::Backend* crlsc_backend() {
  static const crlsc::neural::NeuralBackend backend;
  return &backend;
}
