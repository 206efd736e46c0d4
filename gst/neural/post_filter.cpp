// SPDX-License-Identifier: LGPL-2.1-or-later
#include "neural/post_filter.h"

#include <cmath>
#include <utility>

#include "core/error.h"
#include "neural/autocast.h"
#include "neural/cell_box.h"
#include "neural/model_part.h"
#include "neural/picture_tensor.h"

namespace crlsc::neural {
namespace nn = torch::nn;
namespace {

constexpr ModelPart kPart{"post-filter", "post_filter.", "post_filter_"};
constexpr ModelPart kCameraPart{"camera's post-filter", "camera_filter.", "camera_filter_"};
constexpr int kPacked4 = 24;
constexpr int kTold = 2;
constexpr int kFactor = 4;
constexpr int kPerCell = kCellSize / kFactor;
constexpr int kMostBlocks = 8;
constexpr const char* kPlaces = "camera_filter.places";
constexpr int kPlaceFeatures = 16;
constexpr int kMostPlaces = 16384;  // of a grid: 512 KiB in a file
constexpr int kMostPlaceFeatures = 64;
constexpr double kFreshPlaces = 0.1;  // standard deviation
constexpr double kSlope = 0.1;
constexpr int kColours = 3;
// What is decoded is compared with what is usual by means of so many points at 1/4 either way, in which what few bits
// leave out does not count. Differences of kOtherColour, in the unit of the network's pictures, are believed 1/e.
constexpr int kCompared = 5;
constexpr double kOtherColour = 12.0 / 128;
// Pictures that are believed less than that in the mean are not what the camera usually shows. While it draws them, it
// is left at a lower mean, so that pictures in between do not go back and forth.
constexpr float kUsualPicture = 0.3F;
constexpr float kUnusualPicture = 0.2F;

// Cells that the layers reach, one sample at 1/4 each, and the comparison of colours.
int reach_of(const PostFilterConfig& config) {
  const int points = 2 * config.blocks + 2 + (config.places > 0 ? kCompared / 2 : 0);
  return (points + kPerCell - 1) / kPerCell;
}

// Means of luma and chroma of each point at 1/4 [B, 3, H/4, W/4].
torch::Tensor colours_of(const torch::Tensor& packed4) {
  return torch::cat({packed4.slice(1, 0, 16).mean(1, true), packed4.slice(1, 16, 20).mean(1, true),
                     packed4.slice(1, 20, 24).mean(1, true)},
                    1);
}

// 0 for a step of 8, 1 for 128.
float step_level_of(int step) { return std::log2(static_cast<float>(step) / 8) / 4; }

// What maps at 1/4 have at the cells of `box`.
torch::Tensor part_of(const torch::Tensor& maps, const CellBox& box) {
  if (!maps.defined()) return maps;
  return maps.narrow(2, box.row * kPerCell, box.rows * kPerCell).narrow(3, box.column * kPerCell, box.cols * kPerCell);
}

PostFilterConfig config_of(const ModelFile& file) {
  PostFilterConfig config;
  config.width = metadata_number(file, "post_filter_width", 1, 512);
  config.blocks = metadata_number(file, "post_filter_blocks", 1, kMostBlocks);
  config.finest_step = metadata_number(file, "post_filter_finest_step", 0, 255);
  return config;
}

class NeuralPostFilter : public PostFilter {
 public:
  NeuralPostFilter(PostFilterNet net, PostFilterNet camera, bool bf16)
      : net_(std::move(net)), camera_(std::move(camera)), bf16_(bf16) {}

  void apply(const Picture& decoded, const ShownCells& cells, bool enlarged, Picture& out) override {
    const CellBox whole{0, 0, decoded.width() / kCellSize, decoded.height() / kCellSize};
    bool anew = out.width() != decoded.width() || out.height() != decoded.height();
    CellBox box = anew ? whole : changed_of(cells, enlarged);
    if (box.empty()) return;
    const c10::InferenceMode inference;
    if (choose_net(decoded, whole)) anew = true;
    if (anew) out = Picture(decoded.width(), decoded.height());
    PostFilterNet& net = usual_ ? camera_ : net_;
    const int reach = reach_of(net->config());
    box = anew ? whole : box.grown(reach + 1, whole.cols, whole.rows);  // deblocking and enlarging reach into one more
    const CellBox seen = box.grown(reach, whole.cols, whole.rows);
    const auto input = pack(decoded, seen, kFactor);
    const auto told = told_of(cells, enlarged, seen);
    torch::Tensor result;
    {
      const Autocast autocast(bf16_);
      result = net->forward(input, told, usual_ ? part_of(placed_, seen) : torch::Tensor());
    }
    if (!enlarged) result = torch::where(finer_than_taught(told.narrow(1, 1, 1)), input, result);
    unpack(part_of(result, {box.column - seen.column, box.row - seen.row, box.cols, box.rows}), 0, box, out);
  }

 private:
  // Returns whether it is another one than before.
  bool choose_net(const Picture& decoded, const CellBox& whole) {
    if (camera_.is_empty()) return false;
    const int rows = whole.rows * kPerCell;
    const int cols = whole.cols * kPerCell;
    if (!placed_.defined() || placed_.size(2) != rows || placed_.size(3) != cols) placed_ = camera_->placed(rows, cols);
    const float belief = camera_->belief(pack(decoded, whole, kFactor), placed_).mean().item<float>();
    const bool usual = belief >= (usual_ ? kUnusualPicture : kUsualPicture);
    return std::exchange(usual_, usual) != usual;
  }

  // The camera's was taught what known pictures are worth.
  torch::Tensor finer_than_taught(const torch::Tensor& steps) const {
    const auto finer = steps < step_level_of(net_->config().finest_step);
    return usual_ ? finer.logical_and(steps != step_level_of(ShownCells::kKnown)) : finer;
  }

  // The shown cells that are not as they were.
  static CellBox changed_of(const ShownCells& cells, bool enlarged) {
    const CellBox box = box_round(cells.cols(), cells.rows(), [&](size_t i) { return cells.changed()[i] != 0; });
    return enlarged ? CellBox{2 * box.column, 2 * box.row, 2 * box.cols, 2 * box.rows} : box;
  }

  PostFilterNet net_;
  PostFilterNet camera_;
  bool bf16_;
  bool usual_ = false;    // the picture before was the camera's to draw
  torch::Tensor placed_;  // PostFilterNetImpl::placed() of the size shown
};

}  // namespace

PostFilterConfig PostFilterConfig::of(NetSize size) {
  PostFilterConfig config;
  if (size == NetSize::kXs) {
    config.width = 32;
    config.blocks = 2;
  }
  return config;
}

PostFilterConfig PostFilterConfig::with_places(int picture_width, int picture_height) const {
  PostFilterConfig config = *this;
  config.places = kPlaceFeatures;
  int factor = kFactor;
  while ((picture_width / factor) * (picture_height / factor) > kMostPlaces) factor *= 2;
  config.place_cols = picture_width / factor;
  config.place_rows = picture_height / factor;
  return config;
}

PostFilterNetImpl::PostFilterNetImpl(PostFilterConfig config) : config_(config) {
  in_ = register_module("in", Convolution(kPacked4 + kTold, config.width, 3));
  blocks_ = nn::Sequential();
  for (int i = 0; i < config.blocks; ++i) blocks_->push_back(ResidualBlock(config.width));
  register_module("blocks", blocks_);
  out_ = register_module("out", Convolution(config.width, kPacked4, 3));
  for (auto& module : modules(/*include_self=*/false)) {
    if (auto* block = module->as<ResidualBlockImpl>()) block->damp();
  }
  torch::NoGradGuard no_grad;
  for (auto& p : out_->parameters()) p.zero_();  // untrained, it changes nothing
  if (config.places == 0) return;
  places_ = register_parameter(
      "places", torch::empty({1, config.places, config.place_rows, config.place_cols}).normal_(0, kFreshPlaces));
  places_in_ = register_module("places_in", Convolution(config.places, config.width, 3, 1, /*with_bias=*/false));
  for (auto& p : places_in_->parameters()) p.zero_();
  usual_ = register_parameter("usual", torch::zeros({1, kColours, config.place_rows, config.place_cols}), false);
}

void PostFilterNetImpl::set_usual(const torch::Tensor& packed4) {
  torch::NoGradGuard no_grad;
  usual_.copy_(torch::adaptive_avg_pool2d(colours_of(packed4), {config_.place_rows, config_.place_cols}));
}

torch::Tensor PostFilterNetImpl::placed(int64_t rows, int64_t cols) {
  if (config_.places == 0) return {};
  const auto resized = [&](const torch::Tensor& grid) {
    if (grid.size(2) == rows && grid.size(3) == cols) return grid;
    return torch::upsample_bilinear2d(grid, {rows, cols}, /*align_corners=*/false);
  };
  const auto features = places_in_->forward(resized(places_).contiguous(torch::MemoryFormat::ChannelsLast));
  return torch::cat({features, resized(usual_)}, 1);
}

torch::Tensor PostFilterNetImpl::belief(const torch::Tensor& packed4, const torch::Tensor& placed) const {
  const auto usual = placed.slice(1, config_.width);
  const auto off = torch::avg_pool2d(colours_of(packed4) - usual, kCompared, 1, kCompared / 2, false, false);
  return torch::exp(off.square().sum(1, true) / -(kOtherColour * kOtherColour));
}

torch::Tensor PostFilterNetImpl::forward(const torch::Tensor& packed4, const torch::Tensor& told,
                                         const torch::Tensor& placed) {
  const auto input = torch::cat({packed4, told}, 1).contiguous(torch::MemoryFormat::ChannelsLast);
  torch::Tensor features;
  if (placed.defined()) {
    const auto known = placed.slice(1, 0, config_.width) * belief(packed4, placed);
    features = torch::leaky_relu(in_->forward(input) + known, kSlope);
  } else {
    features = in_->forward_with(input, kSlope);
  }
  const auto change = out_->forward(blocks_->forward(features));
  return packed4 + change.to(torch::kFloat32);
}

double PostFilterNetImpl::multiplications() const {
  double sum = 0;
  for (const auto& item : named_parameters()) {
    const bool once = item.key().rfind("places", 0) == 0 || item.key() == "usual";  // for all pictures of a size
    if (item.value().dim() == 4 && !once) sum += static_cast<double>(item.value().numel());
  }
  return sum / (kFactor * kFactor);
}

torch::Tensor told_of(const ShownCells& cells, bool enlarged, const CellBox& box) {
  const auto told = torch::empty({1, 2, box.rows, box.cols});
  const auto half = told.select(1, 0);
  half.fill_(enlarged ? 1.0F : 0.0F);
  auto steps = told.accessor<float, 4>()[0][1];
  const int shift = enlarged ? 1 : 0;
  for (int r = 0; r < box.rows; ++r) {
    for (int c = 0; c < box.cols; ++c) {
      const int from = ((box.row + r) >> shift) * cells.cols() + ((box.column + c) >> shift);
      steps[r][c] = step_level_of(cells.steps()[static_cast<size_t>(from)]);
    }
  }
  return torch::upsample_nearest2d(told, {box.rows * kPerCell, box.cols * kPerCell});
}

bool has_post_filter(const ModelFile& file) { return file.find(std::string(kPart.tensors) + "out.weight") != nullptr; }
bool has_camera_filter(const ModelFile& file) { return file.find(kPlaces) != nullptr; }

PostFilterNet import_post_filter(const ModelFile& file) {
  PostFilterNet net(config_of(file));
  net->eval();
  kPart.read_into(*net, file);
  return net;
}

PostFilterNet import_camera_filter(const ModelFile& file) {
  PostFilterConfig config = config_of(file);
  const TensorView* places = file.find(kPlaces);
  const auto& shape = places->shape;
  const auto within = [](int64_t n, int most) { return n >= 1 && n <= most; };
  if (shape.size() != 4 || shape[0] != 1 || !within(shape[1], kMostPlaceFeatures) || !within(shape[2], kMostPlaces) ||
      !within(shape[3], kMostPlaces)) {
    throw Error(ErrorKind::kRead, kCameraPart.fault(file, "the grid of places is " + shape_text(*places)));
  }
  config.places = static_cast<int>(shape[1]);
  config.place_rows = static_cast<int>(shape[2]);
  config.place_cols = static_cast<int>(shape[3]);
  PostFilterNet net(config);
  net->eval();
  kCameraPart.read_into(*net, file);
  return net;
}

PostFilterNet new_camera_filter(const ModelFile& file, const Picture& usual) {
  PostFilterNet known = import_post_filter(file);
  PostFilterNet net(known->config().with_places(usual.width(), usual.height()));
  torch::NoGradGuard no_grad;
  auto parameters = net->named_parameters();
  for (const auto& item : known->named_parameters()) parameters[item.key()].copy_(item.value());
  net->set_usual(to_tensor({&usual}).packed(kFactor));
  return net;
}

void export_with_post_filter(const ModelFile& base, const PostFilterNet& net, const std::string& training,
                             const std::string& path) {
  const PostFilterConfig& config = net->config();
  kPart.write(base, *net,
              {{"post_filter_width", std::to_string(config.width)},
               {"post_filter_blocks", std::to_string(config.blocks)},
               {"post_filter_finest_step", std::to_string(config.finest_step)},
               {"post_filter_training", training}},
              path);
}

void export_with_camera_filter(const ModelFile& base, const PostFilterNet& net, const std::string& training,
                               const std::string& path) {
  kCameraPart.write(base, *net, {{"camera_filter_training", training}}, path);
}

std::unique_ptr<PostFilter> make_post_filter(PostFilterNet net, PostFilterNet camera, bool bf16) {
  return std::make_unique<NeuralPostFilter>(std::move(net), std::move(camera), bf16);
}

}  // namespace crlsc::neural
