// SPDX-License-Identifier: LGPL-2.1-or-later
#include "neural/post_filter.h"

#include <cmath>

#include "neural/autocast.h"
#include "neural/cell_box.h"
#include "neural/model_part.h"
#include "neural/picture_tensor.h"

namespace crlsc::neural {
namespace nn = torch::nn;
namespace {

constexpr ModelPart kPart{"post-filter", "post_filter.", "post_filter_"};
constexpr int kPacked4 = 24;
constexpr int kTold = 2;
constexpr int kFactor = 4;
constexpr int kPerCell = kCellSize / kFactor;
constexpr int kMostBlocks = 8;
constexpr double kSlope = 0.1;

// Cells that the layers reach: one sample at 1/4 each.
int reach_of(const PostFilterConfig& config) { return (2 * config.blocks + 2 + kPerCell - 1) / kPerCell; }

// 0 for a step of 8, 1 for 128.
float step_level_of(int step) { return std::log2(static_cast<float>(step) / 8) / 4; }

class NeuralPostFilter : public PostFilter {
 public:
  NeuralPostFilter(PostFilterNet net, bool bf16) : net_(std::move(net)), bf16_(bf16) {}

  void apply(const Picture& decoded, const ShownCells& cells, bool enlarged, Picture& out) override {
    const int cols = decoded.width() / kCellSize;
    const int rows = decoded.height() / kCellSize;
    const bool anew = out.width() != decoded.width() || out.height() != decoded.height();
    if (anew) out = Picture(decoded.width(), decoded.height());
    const CellBox box = anew ? CellBox{0, 0, cols, rows} : concerned(cells, enlarged, cols, rows);
    if (box.empty()) return;
    const int reach = reach_of(net_->config());
    const CellBox seen = box.grown(reach, cols, rows);
    const c10::InferenceMode inference;
    const auto input = pack(decoded, seen, kFactor);
    const auto told = told_of(cells, enlarged, seen);
    torch::Tensor result;
    {
      const Autocast autocast(bf16_);
      result = net_->forward(input, told);
    }
    if (!enlarged) {
      const float finest = step_level_of(net_->config().finest_step);
      result = torch::where(told.narrow(1, 1, 1) < finest, input, result);
    }
    const auto part =
        result.slice(2, (box.row - seen.row) * kPerCell, (box.row - seen.row + box.rows) * kPerCell)
            .slice(3, (box.column - seen.column) * kPerCell, (box.column - seen.column + box.cols) * kPerCell);
    unpack(part, 0, box, out);
  }

 private:
  // The shown cells that are not as they were: those that changed, and what the filter makes of the cells beside them.
  CellBox concerned(const ShownCells& cells, bool enlarged, int cols, int rows) const {
    CellBox box = box_round(cells.cols(), cells.rows(), [&](size_t i) { return cells.changed()[i] != 0; });
    if (box.empty()) return box;
    if (enlarged) box = {2 * box.column, 2 * box.row, 2 * box.cols, 2 * box.rows};
    return box.grown(reach_of(net_->config()) + 1, cols, rows);  // deblocking and enlarging reach into one more
  }

  PostFilterNet net_;
  bool bf16_;
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
}

torch::Tensor PostFilterNetImpl::forward(const torch::Tensor& packed4, const torch::Tensor& told) {
  const auto input = torch::cat({packed4, told}, 1).contiguous(torch::MemoryFormat::ChannelsLast);
  const auto features = in_->forward_with(input, kSlope);
  const auto change = out_->forward(blocks_->forward(features));
  return packed4 + change.to(torch::kFloat32);
}

double PostFilterNetImpl::multiplications() const {
  double sum = 0;
  for (const auto& p : parameters()) sum += p.dim() == 4 ? static_cast<double>(p.numel()) : 0;
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

PostFilterNet import_post_filter(const ModelFile& file) {
  PostFilterConfig config;
  config.width = metadata_number(file, "post_filter_width", 1, 512);
  config.blocks = metadata_number(file, "post_filter_blocks", 1, kMostBlocks);
  config.finest_step = metadata_number(file, "post_filter_finest_step", 0, 255);
  PostFilterNet net(config);
  net->eval();
  kPart.read_into(*net, file);
  return net;
}

void export_with_post_filter(const ModelFile& base, PostFilterNet& net, const std::string& training,
                             const std::string& path) {
  const PostFilterConfig& config = net->config();
  kPart.write(base, *net,
              {{"post_filter_width", std::to_string(config.width)},
               {"post_filter_blocks", std::to_string(config.blocks)},
               {"post_filter_finest_step", std::to_string(config.finest_step)},
               {"post_filter_training", training}},
              path);
}

std::unique_ptr<PostFilter> make_post_filter(PostFilterNet net, bool bf16) {
  return std::make_unique<NeuralPostFilter>(std::move(net), bf16);
}

}  // namespace crlsc::neural
