// SPDX-License-Identifier: LGPL-2.1-or-later
// The integer backend that other suites rest on has to be worth resting on.
#include <algorithm>
#include <climits>
#include <cmath>

#include "core/model/registry.h"
#include "core/codec/square_error.h"
#include "core/token/gain.h"
#include "unit/model/model_testing.h"

namespace crlsc {
namespace {

constexpr int kWidth = 96;
constexpr int kHeight = 64;
constexpr int kGains = 3;

// Shapes, slopes and some texture; `shift` moves everything to the right.
Picture scene(int shift) {
  Picture picture(kWidth, kHeight);
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const int u = x - shift;
      int value = 60 + u + y / 2 + (u * u + 3 * y * y) % 23;
      if ((u - 40) * (u - 40) + (y - 30) * (y - 30) < 300) value = 220;
      picture.plane(0)[y * kWidth + x] = static_cast<uint8_t>(std::clamp(value, 0, 255));
    }
  }
  for (int i = 0; i < kWidth / 2 * kHeight / 2; ++i) {
    picture.plane(1)[i] = static_cast<uint8_t>(100 + i % (kWidth / 2));
    picture.plane(2)[i] = static_cast<uint8_t>(150 - i / kWidth);
  }
  return picture;
}

double squared_error(const Picture& a, const Picture& b) {
  double sum = 0;
  for (size_t i = 0; i < a.data().size(); ++i) {
    sum += (a.data()[i] - b.data()[i]) * (a.data()[i] - b.data()[i]);
  }
  return sum;
}

int count_nonzero(const TokenGrid& grid) {
  const auto zeros = [](const std::vector<int16_t>& v) { return std::count(v.begin(), v.end(), 0); };
  int count = grid.size() * (1 + 4 * grid.stages()) - static_cast<int>(zeros(grid.structure));
  for (const auto& stage : grid.detail) count -= static_cast<int>(zeros(stage));
  return count;
}

void mark(TokenGrid& grid, int stages) {
  for (Cell& cell : grid.cells) {
    cell.coded = true;
    cell.stages = static_cast<uint8_t>(stages);
  }
}

class Reference : public testing::Test {
 protected:
  Reference() : path_("CRLSC_BACKEND_PATH", CRLSC_SUPPORT_FOLDER) {
    model_ = acquire_model(CRLSC_SUPPORT_FOLDER "/test-model.safetensors", 1);
    session_ = model_->network->open(kWidth, kHeight);
  }

  // With the gains that the encoder would choose.
  TokenGrid encode(const Picture& current, const Picture& prediction, const QuantiserBias& bias = {}) {
    TokenGrid grid(kWidth / kCellSize, kHeight / kCellSize, 3);
    for (int i = 0; i < grid.size(); ++i) {
      const uint32_t error = cell_error(current, prediction, i % grid.cols(), i / grid.cols());
      grid.cells[static_cast<size_t>(i)].gain = static_cast<uint8_t>(gain_level(error, kGains));
    }
    session_->encode(current, prediction, bias, grid, no_previews_);
    return grid;
  }

  Picture decode(const Picture& prediction, const TokenGrid& grid) {
    Picture out;
    session_->decode(prediction, grid, out);
    return out;
  }

  ScopedVariable path_;
  std::shared_ptr<const LoadedModel> model_;
  std::vector<Picture> no_previews_;
  std::unique_ptr<NetworkSession> session_;
};

TEST_F(Reference, TestModelsHaveDifferentIds) {
  const ModelFile other(CRLSC_SUPPORT_FOLDER "/test-model-other.safetensors");
  EXPECT_NE(model_->file.id(), other.id());
  EXPECT_EQ(model_->file.layout().layers(), 3);
  EXPECT_EQ(model_->file.layout().stages(), 3);
  EXPECT_EQ(model_->file.layout().gain_levels, kGains);
}

TEST_F(Reference, EachStageMakesThePictureBetter) {
  const Picture current = scene(0);
  const Picture grey(kWidth, kHeight);
  TokenGrid grid = encode(current, grey);
  double last = squared_error(current, grey);
  for (int stages = 0; stages <= 3; ++stages) {
    mark(grid, stages);
    const double error = squared_error(current, decode(grey, grid));
    EXPECT_LT(error, 0.9 * last) << stages;
    last = error;
  }
  const double psnr = 10 * std::log10(255.0 * 255.0 * static_cast<double>(current.data().size()) / last);
  EXPECT_GT(psnr, 27.0);
}

TEST_F(Reference, RepeatedCodingOfAStillConverges) {
  const Picture current = scene(0);
  Picture shown(kWidth, kHeight);
  double last = squared_error(current, shown);
  for (int i = 0; i < 4; ++i) {
    TokenGrid grid = encode(current, shown);
    mark(grid, 3);
    shown = decode(shown, grid);
    const double error = squared_error(current, shown);
    EXPECT_LT(error, last);
    last = error;
  }
}

TEST_F(Reference, EqualPicturesNeedNoTokens) {
  const TokenGrid grid = encode(scene(0), scene(0));
  EXPECT_EQ(count_nonzero(grid), 0);
}

TEST_F(Reference, LambdaSavesTokens) {
  const Picture grey(kWidth, kHeight);
  int last = INT_MAX;
  for (const float lambda : {0.0F, 200.0F, 5000.0F, 1e9F}) {
    const TokenGrid grid = encode(scene(0), grey, {lambda});
    EXPECT_LT(count_nonzero(grid), last) << lambda;
    last = count_nonzero(grid);
  }
}

TEST_F(Reference, TokensStayWithinTheLayout) {
  const TokenGrid grid = encode(scene(0), Picture(kWidth, kHeight, 255));
  const TokenLayout& layout = model_->file.layout();
  EXPECT_LT(*std::max_element(grid.structure.begin(), grid.structure.end()), layout.structure_codes);
  for (size_t s = 0; s < grid.detail.size(); ++s) {
    EXPECT_LT(*std::max_element(grid.detail[s].begin(), grid.detail[s].end()), layout.detail_codes[s]);
  }
}

TEST_F(Reference, EncodeKeepsTheModesOfAFittingGrid) {
  TokenGrid grid(kWidth / kCellSize, kHeight / kCellSize, 3);
  grid.cells[5].coded = true;
  session_->encode(scene(0), Picture(kWidth, kHeight), {}, grid, no_previews_);
  EXPECT_TRUE(grid.cells[5].coded);
}

TEST_F(Reference, SessionsAgreeToTheBit) {
  const Picture grey(kWidth, kHeight);
  TokenGrid first = encode(scene(3), grey, {10.0F});
  TokenGrid second(first.cols(), first.rows(), 3);
  second.cells = first.cells;
  model_->network->open(kWidth, kHeight)->encode(scene(3), grey, {10.0F}, second, no_previews_);
  EXPECT_EQ(first.structure, second.structure);
  EXPECT_EQ(first.detail, second.detail);
  mark(first, 3);
  EXPECT_EQ(decode(grey, first).data(), decode(grey, first).data());
}

TEST_F(Reference, CellsThatAreNotCodedHaveNoInfluence) {
  const Picture grey(kWidth, kHeight);
  TokenGrid grid = encode(scene(0), grey);
  mark(grid, 3);
  const Picture all = decode(grey, grid);
  for (size_t i = 0; i < grid.cells.size(); ++i) grid.cells[i].coded = i == 8;
  const Picture one = decode(grey, grid);
  const int x0 = 8 % (kWidth / kCellSize) * kCellSize;
  const int y0 = 8 / (kWidth / kCellSize) * kCellSize;
  for (int y = y0; y < y0 + kCellSize; ++y) {
    for (int x = x0; x < x0 + kCellSize; ++x) {
      ASSERT_EQ(one.plane(0)[y * kWidth + x], all.plane(0)[y * kWidth + x]);
    }
  }
}

TEST_F(Reference, PreviewsShowEachNumberOfStages) {
  const Picture grey(kWidth, kHeight);
  TokenGrid grid(kWidth / kCellSize, kHeight / kCellSize, 3);
  mark(grid, 3);
  grid.cells[2].stages = 1;
  std::vector<Picture> out(3);
  session_->encode(scene(0), grey, {}, grid, out);
  for (int n = 0; n < 3; ++n) {
    mark(grid, n);
    grid.cells[2].stages = static_cast<uint8_t>(std::min(n, 1));
    EXPECT_EQ(out[static_cast<size_t>(n)].data(), decode(grey, grid).data()) << n;
  }
}

TEST_F(Reference, UnknownTokensAreCorrupt) {
  const Picture grey(kWidth, kHeight);
  TokenGrid grid(kWidth / kCellSize, kHeight / kCellSize, 3);
  mark(grid, 3);
  EXPECT_NO_THROW(decode(grey, grid));
  TokenGrid structure = grid;
  structure.structure[2] = 256;
  EXPECT_EQ(failure_of([&] { decode(grey, structure); })->kind, ErrorKind::kCorrupt);
  TokenGrid detail = grid;
  detail.detail[2].back() = 64;
  EXPECT_EQ(failure_of([&] { decode(grey, detail); })->kind, ErrorKind::kCorrupt);
  TokenGrid gain = grid;
  gain.cells[2].gain = kGains;
  EXPECT_EQ(failure_of([&] { decode(grey, gain); })->kind, ErrorKind::kCorrupt);
  mark(grid, 4);
  EXPECT_EQ(failure_of([&] { decode(grey, grid); })->kind, ErrorKind::kCorrupt);
}

void set_gain(TokenGrid& grid, int gain) {
  for (Cell& cell : grid.cells) cell.gain = static_cast<uint8_t>(gain);
}

TEST_F(Reference, EachGainHalvesTheChangeOfTheNext) {
  const Picture grey(kWidth, kHeight);
  TokenGrid grid = encode(scene(0), grey);
  mark(grid, 3);
  set_gain(grid, kGains - 1);
  const Picture largest = decode(grey, grid);
  for (int gain = 0; gain + 1 < kGains; ++gain) {
    set_gain(grid, gain);
    const Picture smaller = decode(grey, grid);
    for (size_t i = 0; i < grey.data().size(); ++i) {
      if (largest.data()[i] == 0 || largest.data()[i] == 255) continue;  // the sum went beyond
      const double change = (largest.data()[i] - 128.0) * gain_value(gain) / gain_value(kGains - 1);
      ASSERT_NEAR(smaller.data()[i] - 128.0, change, 0.5) << gain << ", sample " << i;
    }
  }
}

TEST_F(Reference, TokensOfZeroChangeNothingAtAnyGain) {
  TokenGrid grid(kWidth / kCellSize, kHeight / kCellSize, 3);
  mark(grid, 3);
  for (int gain = 0; gain < kGains; ++gain) {
    set_gain(grid, gain);
    EXPECT_EQ(decode(scene(0), grid).data(), scene(0).data()) << gain;
  }
}

TEST_F(Reference, AGainThatFitsIsBetterThanTheOthers) {
  Picture current = scene(0);
  for (int i = 0; i < kWidth * kHeight; ++i) {
    current.plane(0)[i] = static_cast<uint8_t>(std::clamp(current.plane(0)[i] + (i * i / 7) % 7 - 3, 0, 255));
  }
  TokenGrid grid = encode(current, scene(0));
  mark(grid, 3);
  const double fitting = squared_error(current, decode(scene(0), grid));
  for (int gain = 1; gain < kGains; ++gain) {
    set_gain(grid, gain);
    session_->encode(current, scene(0), {}, grid, no_previews_);
    EXPECT_LT(fitting, squared_error(current, decode(scene(0), grid))) << gain;
  }
}

TEST_F(Reference, WithoutGainsCodesChangeWhatTheTablesSay) {
  const Picture grey(kWidth, kHeight);
  const TempFolder folder;
  Metadata metadata = model_->file.metadata();
  metadata["gain_levels"] = metadata["gain_classes"] = "1";
  save_model(folder.file("m"), model_->file.tensors(), metadata);
  const auto model = acquire_model(folder.file("m"), 1);
  TokenGrid plain;
  model->network->open(kWidth, kHeight)->encode(scene(0), grey, {}, plain, no_previews_);
  mark(plain, 3);
  Picture decoded;
  model->network->open(kWidth, kHeight)->decode(grey, plain, decoded);
  TokenGrid largest = plain;
  set_gain(largest, kGains - 1);
  session_->encode(scene(0), grey, {}, largest, no_previews_);
  EXPECT_EQ(plain.structure, largest.structure);
  EXPECT_EQ(plain.detail, largest.detail);
  EXPECT_EQ(decoded.data(), decode(grey, largest).data());
}

// The model with a scalar quantiser.
class ScalarReference : public Reference {
 protected:
  ScalarReference() {
    model_ = acquire_model(CRLSC_SUPPORT_FOLDER "/test-scalar.safetensors", 1);
    session_ = model_->network->open(kWidth, kHeight);
  }
  TokenGrid encode(int gain, const Picture& prediction, const QuantiserBias& bias = {}) {
    TokenGrid grid(kWidth / kCellSize, kHeight / kCellSize, model_->file.layout());
    mark(grid, 3);
    for (Cell& cell : grid.cells) cell.gain = static_cast<uint8_t>(gain);
    session_->encode(scene(0), prediction, bias, grid, no_previews_);
    return grid;
  }
};

TEST_F(ScalarReference, EachStageMakesThePictureBetter) {
  const Picture grey(kWidth, kHeight);
  TokenGrid grid = encode(0, grey);
  double last = squared_error(scene(0), grey);
  for (int stages = 0; stages <= 3; ++stages) {
    mark(grid, stages);
    const double error = squared_error(scene(0), decode(grey, grid));
    EXPECT_LT(error, 0.9 * last) << stages;
    last = error;
  }
}

// The functions of luma are a whole basis: what is left is what the steps leave, a twelfth of their square at most.
TEST_F(ScalarReference, TheStepBoundsTheError) {
  const Picture grey(kWidth, kHeight);
  for (int gain = 0; gain < kMaxGainLevels; ++gain) {
    const Picture decoded = decode(grey, encode(gain, grey));
    double sum = 0;
    for (int i = 0; i < kWidth * kHeight; ++i) {
      const int off = decoded.plane(0)[i] - scene(0).plane(0)[i];
      sum += off * off;
    }
    const double step = step_value(gain);
    EXPECT_LT(sum / (kWidth * kHeight), 1.1 * step * step / 12 + 0.25) << gain;
  }
}

TEST_F(ScalarReference, EqualPicturesNeedNoTokens) {
  const TokenGrid grid = encode(0, scene(0));
  const auto all_zero = [](const auto& v) { return std::all_of(v.begin(), v.end(), [](int t) { return t == 0; }); };
  EXPECT_TRUE(all_zero(grid.structure));
  for (const auto& stage : grid.detail) EXPECT_TRUE(all_zero(stage));
  EXPECT_EQ(decode(scene(0), grid).data(), scene(0).data());
}

TEST_F(ScalarReference, LambdaSavesTokens) {
  int last = INT_MAX;
  for (const float lambda : {0.0F, 10.0F, 100.0F, 2000.0F}) {
    const TokenGrid grid = encode(2, Picture(kWidth, kHeight), {lambda});
    int nonzero = 0;
    for (const auto& stage : grid.detail)
      nonzero += static_cast<int>(stage.size() - std::count(stage.begin(), stage.end(), 0));
    EXPECT_LT(nonzero, last) << lambda;
    last = nonzero;
  }
}

TEST_F(ScalarReference, GridsOfOtherLayoutsAreRefused) {
  const Picture grey(kWidth, kHeight);
  EXPECT_EQ(failure_of([&] { decode(grey, TokenGrid(kWidth / kCellSize, kHeight / kCellSize, 3)); })->kind,
            ErrorKind::kSettings);
  TokenGrid gain = encode(0, grey);
  gain.cells[2].gain = kMaxGainLevels;
  EXPECT_EQ(failure_of([&] { decode(grey, gain); })->kind, ErrorKind::kCorrupt);
}

TEST_F(Reference, OtherSizesAreRefused) {
  TokenGrid grid;
  const Picture small(32, 32);
  EXPECT_EQ(failure_of([&] { session_->encode(small, small, {}, grid, no_previews_); })->kind, ErrorKind::kSettings);
  EXPECT_EQ(failure_of([&] { decode(Picture(kWidth, kHeight), TokenGrid(1, 1, 3)); })->kind, ErrorKind::kSettings);
}

// The test model with one tensor replaced or, without bytes, removed.
std::optional<Failure> load_changed(const std::string& name, DType dtype, std::vector<int64_t> shape,
                                    const Bytes& bytes) {
  const TempFolder folder;
  const ModelFile file(CRLSC_SUPPORT_FOLDER "/test-model.safetensors");
  std::vector<TensorView> tensors;
  for (const TensorView& tensor : file.tensors()) {
    if (tensor.name != name) tensors.push_back(tensor);
  }
  if (!bytes.empty()) tensors.push_back(make_tensor(name, dtype, std::move(shape), bytes));
  save_model(folder.file("m"), tensors, file.metadata());
  return failure_of([&] { acquire_model(folder.file("m"), 1); });
}

TEST_F(Reference, TablesThatDoNotFitTheLayoutAreRefused) {
  EXPECT_FALSE(load_changed("structure.table", DType::kI16, {256, 3}, Bytes(256 * 3 * 2)));
  for (const auto& failure :
       {load_changed("structure.table", DType::kI16, {}, {}), load_changed("detail.2.table", DType::kI16, {}, {}),
        load_changed("structure.table", DType::kI16, {255, 3}, Bytes(255 * 3 * 2)),
        load_changed("structure.table", DType::kU16, {256, 3}, Bytes(256 * 3 * 2)),
        load_changed("structure.table", DType::kI16, {256, 3}, Bytes(256 * 3 * 2, 1)),
        load_changed("detail.0.table", DType::kI16, {64, 96}, Bytes(64 * 96 * 2, 1))}) {
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->kind, ErrorKind::kRead);
  }
}

TEST_F(Reference, OnlyTheSemanticModelHasASemanticHead) {
  EXPECT_EQ(model_->network->open_embedder(), nullptr);
  const auto semantic = acquire_model(CRLSC_SUPPORT_FOLDER "/test-model-semantic.safetensors", 1);
  EXPECT_NE(semantic->file.id(), model_->file.id());
  const auto embedder = semantic->network->open_embedder();
  ASSERT_NE(embedder, nullptr);
  EXPECT_EQ(embedder->dimension(), 32);
}

std::vector<float> embed(const Picture& picture) {
  const auto semantic = acquire_model(CRLSC_SUPPORT_FOLDER "/test-model-semantic.safetensors", 1);
  const auto embedder = semantic->network->open_embedder();
  std::vector<float> out(static_cast<size_t>(embedder->dimension()));
  embedder->embed(picture.view(), out.data());
  return out;
}

float product(const std::vector<float>& a, const std::vector<float>& b) {
  float sum = 0.0F;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

TEST_F(Reference, EmbeddingsHaveLengthOneWhateverThePicture) {
  for (const auto& picture : {scene(0), Picture(16, 16), Picture(17, 19, 0), Picture(640, 16, 255), Picture(1, 1, 3)}) {
    const std::vector<float> vector = embed(picture);
    EXPECT_NEAR(product(vector, vector), 1.0F, 1e-5F) << picture.width();
  }
}

TEST_F(Reference, EmbeddingsOfLikePicturesAreAlike) {
  const Picture original = scene(0);
  const std::vector<float> here = embed(original);
  Picture mirrored(kWidth, kHeight);
  for (int y = 0; y < kHeight; ++y) {
    const uint8_t* row = original.plane(0) + y * kWidth;
    std::reverse_copy(row, row + kWidth, mirrored.plane(0) + y * kWidth);
  }
  EXPECT_GT(product(here, embed(scene(2))), 0.98F);
  EXPECT_LT(product(here, embed(mirrored)), 0.8F);
  EXPECT_EQ(here, embed(scene(0)));
}

}  // namespace
}  // namespace crlsc
