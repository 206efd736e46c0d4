// SPDX-License-Identifier: LGPL-2.1-or-later
// The post-filter's network: what it makes anew where something changed is what it makes of the whole picture.
#include "neural/post_filter.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <tuple>
#include <vector>

#include "core/error.h"
#include "core/model/model_file.h"
#include "neural/picture_tensor.h"

namespace crlsc::neural {
namespace {

constexpr int kCols = 24;
constexpr int kRows = 14;

// One whose last layer says something, and its places, if it has any. Grey is usual.
PostFilterNet filter_net(const PostFilterConfig& config = {}, uint64_t seed = 1) {
  torch::manual_seed(seed);
  PostFilterNet net(config);
  torch::NoGradGuard no_grad;
  for (auto& p : net->named_parameters()) {
    if (p.key() == "out.weight") p.value().normal_(0, 0.01);
    if (p.key() == "places" || p.key() == "places_in.weight") p.value().normal_(0, 0.5);
  }
  net->eval();
  return net;
}

PostFilterConfig config_with_places() { return PostFilterConfig{}.with_places(kCols * kCellSize, kRows * kCellSize); }

Picture textured(int seed) {
  Picture picture(kCols * kCellSize, kRows * kCellSize);
  for (int p = 0; p < 3; ++p) {
    const int width = picture.plane_width(p);
    for (int i = 0; i < width * picture.plane_height(p); ++i) {
      picture.plane(p)[i] = static_cast<uint8_t>(100 + (i % width * 7 + i / width * 13 + seed * 29) % 56);
    }
  }
  return picture;
}

int largest_difference(const Picture& a, const Picture& b) {
  int most = 0;
  for (size_t i = 0; i < a.data().size(); ++i) most = std::max(most, std::abs(a.data()[i] - b.data()[i]));
  return most;
}

// A filter, and a camera's if wished.
std::unique_ptr<PostFilter> filter_of(PostFilterNet net, PostFilterNet camera = nullptr) {
  return make_post_filter(std::move(net), std::move(camera), /*bf16=*/false);
}

// Half size or not, with a camera's filter or without.
class PostFilterParts : public testing::TestWithParam<std::tuple<bool, bool>> {};

TEST_P(PostFilterParts, AreAsThoseOfTheWhole) {
  const bool half = std::get<0>(GetParam());
  const int scale = half ? 2 : 1;
  Picture picture = textured(1);
  PostFilterNet camera{nullptr};
  if (std::get<1>(GetParam())) {
    camera = filter_net(config_with_places(), 2);
    camera->set_usual(to_tensor({&picture}).packed(4));
  }
  const auto network = filter_of(filter_net(), camera);
  const TokenLayout layout;
  ShownCells cells(kCols / scale, kRows / scale);
  Picture shown;
  network->apply(picture, cells, half, shown);
  EXPECT_GT(largest_difference(picture, shown), 2);
  cells.clear_changes();
  // A cell in the middle and one beside it change, and samples around them, as by deblocking and enlarging.
  TokenGrid grid(cells.cols(), cells.rows(), layout);
  const int at = cells.rows() / 2 * cells.cols() + cells.cols() / 2;
  for (const int i : {at, at + 1}) {
    grid.cells[static_cast<size_t>(i)].coded = true;
    grid.cells[static_cast<size_t>(i)].gain = 2;
  }
  cells.next(grid, layout);
  const Picture other = textured(2);
  const int side = kCellSize * scale;
  const int reach = half ? 6 : 3;
  const int left = cells.cols() / 2 * side - reach;
  const int top = cells.rows() / 2 * side - reach;
  for (int y = top; y < top + side + 2 * reach; ++y) {
    std::copy_n(other.plane(0) + y * picture.width() + left, 2 * side + 2 * reach,
                picture.plane(0) + y * picture.width() + left);
  }
  Picture whole;
  network->apply(picture, cells, half, whole);
  EXPECT_GT(largest_difference(shown, whole), 2);
  network->apply(picture, cells, half, shown);
  EXPECT_LE(largest_difference(shown, whole), 1);
}

INSTANTIATE_TEST_SUITE_P(, PostFilterParts, testing::Combine(testing::Bool(), testing::Bool()));

Picture filtered(const std::unique_ptr<PostFilter>& filter, const Picture& picture) {
  Picture shown;
  filter->apply(picture, ShownCells(picture.width() / kCellSize, picture.height() / kCellSize), false, shown);
  return shown;
}

Picture grey_picture(uint8_t luma = 128) {
  Picture picture(kCols * kCellSize, kRows * kCellSize);
  std::fill_n(picture.plane(0), picture.width() * picture.height(), luma);
  return picture;
}

// All of a picture of one colour is alike but for where it is.
TEST(PostFilterPlaces, TellWhatIsWhere) {
  const Picture grey = grey_picture();
  PostFilterNet net = filter_net(config_with_places());
  const Picture shown = filtered(filter_of(filter_net(), net), grey);
  EXPECT_GT(largest_difference(shown, filtered(filter_of(filter_net()), grey)), 2);
  {
    torch::NoGradGuard no_grad;
    net->places().slice(2, 0, 8).add_(1);  // of the upper 32 rows
  }
  const Picture other = filtered(filter_of(filter_net(), net), grey);
  const auto row_of = [](const Picture& picture, int y) {
    const uint8_t* first = picture.plane(0) + static_cast<ptrdiff_t>(y) * picture.width();
    return std::vector<uint8_t>(first, first + picture.width());
  };
  EXPECT_NE(row_of(shown, 16), row_of(other, 16));
  EXPECT_EQ(row_of(shown, kRows * kCellSize - 16), row_of(other, kRows * kCellSize - 16));
}

TEST(PostFilterPlaces, AreTheSameInPicturesOfAnotherSize) {
  PostFilterNet net = filter_net(config_with_places());
  {
    torch::NoGradGuard no_grad;
    net->places().copy_(torch::linspace(-1, 1, net->config().place_cols).expand_as(net->places()));
  }
  const auto at = [&](int64_t scale) {
    return net->placed(kRows * 4 * scale, kCols * 4 * scale).slice(1, 0, -3).mean({1, 2}).squeeze(0);  // by column
  };
  const auto own = at(1);
  const auto larger = torch::avg_pool1d(at(2).view({1, 1, -1}), 2).view({-1});
  EXPECT_LT((own - larger).slice(0, 4, -4).abs().max().item<float>(), 0.02 * own.abs().max().item<float>());
}

// Where something else stands than usually, the filter works as without places.
TEST(PostFilterPlaces, ThatLookOtherwiseSayNothing) {
  PostFilterNet net = filter_net(config_with_places());
  const Picture grey = grey_picture();
  const auto packed = to_tensor({&grey}).packed(4);
  const auto told = torch::zeros({1, 2, kRows * 4, kCols * 4});
  const torch::NoGradGuard no_grad;
  const auto change = [&] {
    const auto placed = net->placed(kRows * 4, kCols * 4);
    return (net->forward(packed, told, placed) - net->forward(packed, told, torch::zeros_like(placed))).abs();
  };
  EXPECT_GT(change().max().item<float>(), 0.02F);
  Picture left_bright = grey;
  for (int y = 0; y < grey.height(); ++y) {
    std::fill_n(left_bright.plane(0) + static_cast<ptrdiff_t>(y) * grey.width(), grey.width() / 2, 200);
  }
  net->set_usual(to_tensor({&left_bright}).packed(4));
  const int reach = 12;
  EXPECT_LT(change().slice(3, 0, kCols * 2 - reach).max().item<float>(), 0.01F);
  EXPECT_GT(change().slice(3, kCols * 2).max().item<float>(), 0.02F);
}

// Pictures that are not what the camera usually shows are the model's own filter's, to the last bit, also after those
// that are.
TEST(PostFilterOfCamera, DrawsWhatItUsuallyShows) {
  PostFilterNet camera = filter_net(config_with_places(), 2);
  const Picture usual = textured(1);
  camera->set_usual(to_tensor({&usual}).packed(4));
  const auto both = filter_of(filter_net(), camera);
  const auto own = filter_of(filter_net());
  const Picture bright = grey_picture(200);
  ShownCells cells(kCols, kRows);
  Picture shown;
  Picture plain;
  for (const Picture& unusual : {grey_picture(30), bright}) {
    both->apply(unusual, cells, false, shown);
    own->apply(unusual, cells, false, plain);
    EXPECT_EQ(shown.data(), plain.data());
  }
  both->apply(usual, cells, false, shown);
  EXPECT_GT(largest_difference(shown, filtered(own, usual)), 2);
  // One cell changes, and so does what is usual: all is drawn anew.
  cells.clear_changes();
  TokenGrid grid(kCols, kRows, {});
  grid.cells[0].coded = true;
  cells.next(grid, {});
  both->apply(bright, cells, false, shown);
  Picture whole;
  own->apply(bright, cells, false, whole);
  EXPECT_EQ(shown.data(), whole.data());
}

// Between usual and unusual it stays as it was.
TEST(PostFilterOfCamera, StaysWhatItIsInBetween) {
  PostFilterNet camera = filter_net(config_with_places(), 2);
  const auto with_bright = [](int columns) {
    Picture picture = grey_picture();
    for (int y = 0; y < picture.height(); ++y) {
      std::fill_n(picture.plane(0) + static_cast<ptrdiff_t>(y) * picture.width(), columns, 200);
    }
    return picture;
  };
  const Picture usual = with_bright(0);
  const Picture unusual = with_bright(kCols * kCellSize);
  const Picture between = with_bright(kCols * kCellSize * 3 / 4);
  camera->set_usual(to_tensor({&usual}).packed(4));
  const auto both = filter_of(filter_net(), camera);
  const ShownCells cells(kCols, kRows);
  const auto after = [&](const Picture& before) {
    Picture shown;
    both->apply(before, cells, false, shown);
    both->apply(between, cells, false, shown);
    return shown;
  };
  EXPECT_EQ(after(unusual).data(), filtered(filter_of(filter_net()), between).data());
  EXPECT_GT(largest_difference(after(usual), after(unusual)), 2);
}

// Of the model that ships.
class PostFilterFile : public testing::Test {
 protected:
  const ModelFile model_{CRLSC_MODEL_FILE};
  PostFilterNet camera_ = new_camera_filter(model_, textured(1));
  const std::string path_ = testing::TempDir() + "post-filter-test.safetensors";
  ~PostFilterFile() override { std::remove(path_.c_str()); }
};

TEST_F(PostFilterFile, CamerasBeginAsTheModel) {
  const PostFilterNet own = import_post_filter(model_);
  EXPECT_EQ(filtered(filter_of(own, camera_), textured(1)).data(), filtered(filter_of(own), textured(1)).data());
}

TEST_F(PostFilterFile, HoldsACamerasBesideTheOwn) {
  EXPECT_FALSE(has_camera_filter(model_));
  export_with_camera_filter(model_, camera_, "none", path_);
  const ModelFile file(path_);
  ASSERT_TRUE(has_camera_filter(file));
  for (const TensorView& tensor : model_.tensors()) EXPECT_NE(file.find(tensor.name), nullptr) << tensor.name;
  PostFilterNet read = import_camera_filter(file);
  EXPECT_EQ(read->config().place_cols, kCols * 4);
  EXPECT_EQ(read->config().place_rows, kRows * 4);
  EXPECT_TRUE(torch::equal(read->places(), camera_->places().to(torch::kFloat16).to(torch::kFloat32)));
}

TEST_F(PostFilterFile, GridsThatAreNoneAreRefused) {
  export_with_camera_filter(model_, camera_, "none", path_);
  const ModelFile good(path_);
  const std::string other = path_ + ".other";
  for (const std::vector<int64_t>& shape : std::vector<std::vector<int64_t>>{
           {16, kRows * 4, kCols * 4}, {16, 1, kRows * 4, kCols * 4}, {1, 16 * 16, kRows, kCols}}) {
    std::vector<TensorView> tensors = good.tensors();
    for (TensorView& tensor : tensors) {
      if (tensor.name == "camera_filter.places") tensor.shape = shape;
    }
    save_model(other, tensors, good.metadata());
    try {
      import_camera_filter(ModelFile(other));
      ADD_FAILURE() << "taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kRead);
      EXPECT_NE(std::string(error.what()).find("grid of places"), std::string::npos) << error.what();
    }
    std::remove(other.c_str());
  }
}

TEST(PostFilterPlaces, GridsAreNeverLarge) {
  for (const auto& [width, height] : {std::pair{320, 240}, std::pair{640, 368}, std::pair{1920, 1088}}) {
    const PostFilterConfig config = PostFilterConfig{}.with_places(width, height);
    EXPECT_LE(config.place_cols * config.place_rows, 16384);
    EXPECT_GE(config.place_cols * config.place_rows, 4096);
    EXPECT_NEAR(config.place_cols * height, config.place_rows * width, 8 * width);
  }
}

}  // namespace
}  // namespace crlsc::neural
