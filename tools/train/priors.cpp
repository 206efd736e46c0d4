// SPDX-License-Identifier: LGPL-2.1-or-later
#include "train/priors.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <opencv2/imgproc.hpp>

#include "core/codec/encoder.h"
#include "core/error.h"
#include "core/model/registry.h"
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

void count_clip(const std::shared_ptr<const LoadedModel>& model, const std::vector<Picture>& pictures, int bitrate,
                double rate, PriorCounter& counter, int64_t& bytes) {
  EncoderConfig config;
  config.sequence.width = pictures[0].width();
  config.sequence.height = pictures[0].height();
  config.sequence.framerate_num = static_cast<uint32_t>(std::lround(rate));
  config.bitrate = bitrate;
  Encoder encoder(model, config);
  for (size_t i = 0; i < pictures.size(); ++i) {
    const EncodedPicture coded = encoder.encode(pictures[i].view(), i == 0 ? 0 : 1 / rate, false);
    bytes += static_cast<int64_t>(coded.bytes.size());
    if (!coded.bytes.empty()) counter.add(encoder.tokens(), {0, encoder.tokens().rows()});
  }
}

}  // namespace

void train_priors(const PriorOptions& o) {
  const auto model = acquire_model(find_model(o.model), o.threads);
  constexpr int kStep = 3;  // about ten of thirty pictures a second
  const Material material = Material::load(o.data, o.exclude, 288, o.pictures * kStep);
  if (material.clips.empty()) throw Error(ErrorKind::kRead, "--data holds no video of more than 8 pictures");
  PriorCounter counter(model->file.layout());
  int64_t bytes = 0;
  for (size_t i = 0; i < material.clips.size(); ++i) {
    const auto pictures = pictures_of(material.clips[i], o.short_side, o.pictures, kStep);
    for (int bitrate : o.bitrates) count_clip(model, pictures, bitrate, o.rate, counter, bytes);
    std::printf("%zu of %zu videos, %lld bytes coded\n", i + 1, material.clips.size(), static_cast<long long>(bytes));
    std::fflush(stdout);
  }
  const std::vector<PriorCounter::Table> tables = counter.tables();
  std::vector<TensorView> tensors;
  for (const TensorView& t : model->file.tensors()) {
    if (t.name.compare(0, 7, "priors.") != 0) tensors.push_back(t);
  }
  for (const auto& t : tables) {
    tensors.push_back({t.name,
                       DType::kU16,
                       {static_cast<int64_t>(t.values.size())},
                       ByteView(reinterpret_cast<const uint8_t*>(t.values.data()), 2 * t.values.size())});
  }
  save_model(o.out, tensors, model->file.metadata());
  std::printf("wrote %s\n", o.out.c_str());
}

}  // namespace crlsc::tools
