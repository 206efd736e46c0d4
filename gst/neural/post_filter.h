// SPDX-License-Identifier: LGPL-2.1-or-later
// The post-filter: draws what is shown nearer to what was filmed than it was decoded. It stands behind the loop, so
// that pictures to come are predicted as if it were not there; video coding knows such filters as post-filters (ITU-T
// H.274, "neural-network post-filter"). It is part of a model file, if the model has one.
//
// A model for a camera has a second one, the camera's, which also knows the camera's places: features learnt for each
// place of its picture, which say what usually is there, as latent grids do that coordinate networks are fed with
// (COOL-CHIC, Ladune et al. 2023). It believes them as far as what is decoded has the colours that are usual there, and
// draws the pictures that mostly have them; all others are for the model's own.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <string>

#include "core/codec/network.h"
#include "core/codec/shown_cells.h"
#include "core/model/model_file.h"
#include "neural/cell_box.h"
#include "neural/semantic_net.h"

namespace crlsc::neural {

// Sizes of the network and what it was taught. Stored as metadata "post_filter_..." in the model file, but for the
// grid, whose tensor has its size. A camera's filter has the sizes of the model's own.
struct PostFilterConfig {
  int width = 48;  // channels at 1/4
  int blocks = 3;
  // Of the grid of places: its features, rows and columns; 0 without one.
  int places = 0;
  int place_rows = 0;
  int place_cols = 0;
  int finest_step = 0;  // of the cells at full size that it learnt from; finer ones stay as they are

  static PostFilterConfig of(NetSize size);
  // This, with a grid that suits pictures of width x height samples, whole cells.
  PostFilterConfig with_places(int picture_width, int picture_height) const;
};

// Residual blocks at 1/4, whose sum is added to the picture. One network serves pictures that were decoded at full size
// and those that were enlarged, and is told which it sees, and how coarsely its cells were coded.
class PostFilterNetImpl : public torch::nn::Module {
 public:
  explicit PostFilterNetImpl(PostFilterConfig config = {});
  const PostFilterConfig& config() const { return config_; }
  void set_finest_step(int step) { config_.finest_step = step; }
  // Pictures as PictureTensor::packed(4), 24 channels at 1/4, and as such back. `told` [B, 2, H/4, W/4] is what is
  // known of how they were coded (told_of()), `placed` the part of placed() that they show, or undefined;
  // features of 0 say nothing.
  torch::Tensor forward(const torch::Tensor& packed4, const torch::Tensor& told, const torch::Tensor& placed = {});
  // What the first layer has from the places of a whole picture of 4 `rows` x 4 `cols` samples, and their usual colours
  // [1, width + 3, rows, cols]; undefined if the net knows none. A picture that is larger or smaller than the camera's
  // has the same places.
  torch::Tensor placed(int64_t rows, int64_t cols);
  // How far `placed` is believed, 0 to 1 [B, 1, H/4, W/4]: as far as the pictures have the usual colours.
  torch::Tensor belief(const torch::Tensor& packed4, const torch::Tensor& placed) const;
  torch::Tensor& places() { return places_; }
  // Takes the colours of a picture of the camera, packed(4), as the usual ones. They do not learn.
  void set_usual(const torch::Tensor& packed4);
  // Multiplications with additions for a luma sample.
  double multiplications() const;

 private:
  PostFilterConfig config_;
  Convolution in_{nullptr};
  Convolution places_in_{nullptr};
  torch::Tensor places_;
  torch::Tensor usual_;
  torch::nn::Sequential blocks_{nullptr};
  Convolution out_{nullptr};
};
TORCH_MODULE(PostFilterNet);

// What a post-filter is told of the cells of `box`, as they are shown, of a picture that was coded in `cells`:
// [1, 2, 4 rows, 4 cols], whether it was coded at half size, 1 or 0, and the logarithm of the step, 0 for 8 to 1 for
// 128.
torch::Tensor told_of(const ShownCells& cells, bool enlarged, const CellBox& box);

// True if the model has a post-filter; and if it has a camera's.
bool has_post_filter(const ModelFile& file);
bool has_camera_filter(const ModelFile& file);
// Throw Error(kRead) for tensors that are missing or have another shape.
PostFilterNet import_post_filter(const ModelFile& file);
PostFilterNet import_camera_filter(const ModelFile& file);
// The model's post-filter with places for a camera that usually shows `usual`, of whole cells. They say nothing yet.
PostFilterNet new_camera_filter(const ModelFile& file, const Picture& usual);
// Write all that `base` holds to `path`, with this filter in the place of its own, or of its camera's; `training` says
// how and from what it learnt (metadata "post_filter_training", "camera_filter_training"). Throw Error(kWrite).
void export_with_post_filter(const ModelFile& base, const PostFilterNet& net, const std::string& training,
                             const std::string& path);
void export_with_camera_filter(const ModelFile& base, const PostFilterNet& net, const std::string& training,
                               const std::string& path);

// Inference, in bf16 if so wished. `camera` is empty if there is none.
std::unique_ptr<PostFilter> make_post_filter(PostFilterNet net, PostFilterNet camera, bool bf16);

}  // namespace crlsc::neural
