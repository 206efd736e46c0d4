// SPDX-License-Identifier: LGPL-2.1-or-later
#include "train/priors.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <opencv2/imgproc.hpp>

#include "core/codec/encoder.h"
#include "core/error.h"
#include "eval/encoder_config.h"
#include "train/level_predictor.h"
#include "train/material.h"

namespace crlsc::tools {
namespace {

// Every `step`-th picture of a clip, scaled.
std::vector<Picture> pictures_of(const std::vector<cv::Mat>& clip, int short_side, int count, int step) {
  std::vector<Picture> out;
  for (size_t i = 0; i < clip.size() && static_cast<int>(out.size()) < count; i += static_cast<size_t>(step)) {
    const double scale = static_cast<double>(short_side) / std::min(clip[i].cols, clip[i].rows);
    cv::Mat scaled;
    cv::resize(clip[i], scaled,
               {static_cast<int>(clip[i].cols * scale) & ~1, static_cast<int>(clip[i].rows * scale) & ~1}, 0, 0,
               cv::INTER_AREA);
    out.push_back(to_picture(scaled));
  }
  return out;
}

using Grids = std::vector<TokenGrid>;

Grids code_all(const PriorOptions& o, const std::shared_ptr<const LoadedModel>& model) {
  constexpr int kStep = 3;  // about ten of thirty pictures a second
  const Material material = Material::load(o.data, o.exclude, 288, o.pictures * kStep);
  if (material.clips.empty()) throw Error(ErrorKind::kRead, "--data holds no video of more than 8 pictures");
  Grids grids;
  int64_t bytes = 0;
  const auto code = [&](const std::vector<cv::Mat>& clip, int count) {
    const auto pictures = pictures_of(clip, o.short_side, count, kStep);
    const auto keep = [&](const TokenGrid& grid) { grids.push_back(grid); };
    for (int bitrate : o.bitrates) bytes += code_clip(model, pictures, bitrate, o.rate, keep);
  };
  for (size_t i = 0; i < material.clips.size(); ++i) {
    code(material.clips[i], o.pictures);
    std::printf("%zu of %zu videos, %lld bytes coded\n", i + 1, material.clips.size(), static_cast<long long>(bytes));
    std::fflush(stdout);
  }
  const size_t stills = std::min(material.stills.size(), static_cast<size_t>(std::max(o.stills, 0)));
  for (size_t i = 0; i < stills; ++i) code({material.stills[i * material.stills.size() / stills]}, 1);
  return grids;
}

std::vector<int16_t> fit_prediction(const TokenLayout& layout, const Grids& grids) {
  LevelPredictor predictor(layout.structure_coefficients);
  for (const TokenGrid& grid : grids) predictor.add(grid);
  return predictor.weights();
}

template <class T>
TensorView tensor_of(const std::string& name, DType dtype, std::vector<int64_t> shape, const std::vector<T>& values) {
  static_assert(sizeof(T) == 2);
  return {name, dtype, std::move(shape),
          ByteView(reinterpret_cast<const uint8_t*>(values.data()), sizeof(T) * values.size())};
}

}  // namespace

int64_t code_clip(const std::shared_ptr<const LoadedModel>& model, const std::vector<Picture>& pictures, int bitrate,
                  double rate, const std::function<void(const TokenGrid&)>& take) {
  Encoder encoder(model, encoder_config(pictures.at(0), bitrate, rate));
  int64_t bytes = 0;
  for (size_t i = 0; i < pictures.size(); ++i) {
    const EncodedPicture coded = encoder.encode(pictures[i].view(), i == 0 ? 0 : 1 / rate, false);
    bytes += static_cast<int64_t>(coded.bytes.size());
    if (!coded.bytes.empty()) take(encoder.tokens());
  }
  return bytes;
}

void save_tables(const std::string& path, const ModelFile& model, const std::vector<PriorCounter::Table>& tables,
                 const std::vector<int16_t>& prediction) {
  std::vector<TensorView> tensors;
  for (const TensorView& t : model.tensors()) {
    const bool replaced = t.name == LevelPrediction::kTensor && !prediction.empty();
    if (t.name.compare(0, 7, "priors.") != 0 && !replaced) tensors.push_back(t);
  }
  for (const auto& t : tables) {
    tensors.push_back(tensor_of(t.name, DType::kU16, {static_cast<int64_t>(t.values.size())}, t.values));
  }
  if (!prediction.empty()) {
    const int n = model.layout().structure_coefficients;
    tensors.push_back(tensor_of(LevelPrediction::kTensor, DType::kI16, {LevelPrediction::kSets, n, 2, n}, prediction));
  }
  save_model(path, tensors, model.metadata());
}

void train_priors(const PriorOptions& o) {
  const auto model = acquire_model(find_model(o.model), o.threads);
  const Grids grids = code_all(o, model);
  const TokenLayout& layout = model->file.layout();
  std::vector<int16_t> weights;
  if (layout.scalar()) weights = fit_prediction(layout, grids);
  PriorCounter counter(layout, LevelPrediction(layout.structure_coefficients, weights));
  for (const TokenGrid& grid : grids) counter.add(grid, {0, grid.rows()});
  save_tables(o.out, model->file, counter.tables(), weights);
  std::printf("wrote %s\n", o.out.c_str());
}

}  // namespace crlsc::tools
