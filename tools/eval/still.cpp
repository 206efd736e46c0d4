// SPDX-License-Identifier: LGPL-2.1-or-later
#include "eval/still.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <opencv2/core.hpp>

#include "core/area_resize.h"
#include "core/codec/decoder.h"
#include "core/codec/encoder.h"
#include "core/error.h"
#include "eval/metrics.h"
#include "knowledge/pictures.h"
#include "progress.h"
#include "train/material.h"

namespace crlsc::tools {
namespace {

constexpr int kLeastBitrate = 1000;
constexpr double kNextBitrate = 0.93;  // of the one that took too much
constexpr size_t kSheetPictures = 32;
constexpr size_t kSheetColumns = 8;

SequenceHeader header_of(int side, const LoadedModel& model) {
  SequenceHeader header;
  header.width = header.height = side;
  header.framerate_num = 1;
  header.layers = model.file.layout().layers();
  header.model_id = model.file.id();
  return header;
}

}  // namespace

StillCodec::StillCodec(std::shared_ptr<const LoadedModel> model, int side) : model_(std::move(model)), side_(side) {}

Bytes StillCodec::encode(const PictureView& picture, size_t most_bytes) const {
  EncoderConfig config;
  config.sequence = header_of(side_, *model_);
  for (double bitrate = 16.0 * static_cast<double>(most_bytes); bitrate >= kLeastBitrate; bitrate *= kNextBitrate) {
    config.bitrate = static_cast<int>(bitrate);
    EncodedPicture coded = Encoder(model_, config).encode(picture, 0, true);
    if (!coded.bytes.empty() && coded.bytes.size() <= most_bytes) return std::move(coded.bytes);
  }
  throw Error(ErrorKind::kSettings, "no picture of " + std::to_string(side_) + "x" + std::to_string(side_) +
                                        " fits into " + std::to_string(most_bytes) + " bytes; allow more with --bytes");
}

Picture StillCodec::decode(ByteView access_unit) const {
  Picture shown(side_, side_);
  Decoder decoder(model_, header_of(side_, *model_));
  try {
    decoder.decode(access_unit);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::kCorrupt) throw;
    return shown;
  }
  const PictureView view = decoder.picture();
  for (int p = 0; p < 3; ++p) {
    const PlaneView& plane = view.planes[static_cast<size_t>(p)];
    for (int y = 0; y < plane.height; ++y) {
      std::copy_n(plane.data + y * plane.stride, plane.width, shown.plane(p) + ptrdiff_t{y} * shown.plane_width(p));
    }
  }
  return shown;
}

void write_pairs(const std::string& path, const std::vector<Picture>& decoded, const std::vector<Picture>& originals,
                 size_t columns) {
  std::vector<cv::Mat> rows;
  for (size_t begin = 0; begin < decoded.size(); begin += columns) {
    for (const auto* list : {&decoded, &originals}) {
      std::vector<cv::Mat> row;
      for (size_t i = begin; i < begin + columns; ++i) {
        row.push_back(to_bgr(i < list->size() ? (*list)[i] : Picture(decoded[0].width(), decoded[0].height())));
      }
      rows.emplace_back();
      cv::hconcat(row, rows.back());
    }
  }
  cv::Mat sheet;
  cv::vconcat(rows, sheet);
  write_picture(path, sheet);
}

std::vector<Picture> read_squares(const std::vector<std::string>& folders, int side, size_t most) {
  const auto files = list_pictures(folders);
  const size_t count = most == 0 ? files.size() : std::min(most, files.size());
  std::vector<Picture> pictures;
  for (size_t i = 0; i < count; ++i) {
    const cv::Mat picture = read_picture(files[i * files.size() / count].path);
    if (picture.cols < 2 || picture.rows < 2) continue;
    pictures.push_back(resize_area(to_i420(picture).view(), side, side));
  }
  if (pictures.empty()) throw Error(ErrorKind::kRead, "none of the pictures can be read");
  return pictures;
}

void add_stills_result(const std::string& path, const StillsResult& r) {
  std::printf("%s: %zu pictures, %.1f bytes each, PSNR-Y %.2f dB, SSIM %.4f, MS-SSIM %.4f\n", r.coder.c_str(),
              r.pictures, r.bytes, r.psnr, r.ssim, r.ms_ssim);
  if (path.empty()) return;
  const bool fresh = !std::filesystem::exists(path);
  std::ofstream csv(path, std::ios::app);
  if (fresh) csv << "coder,steps,pictures,bytes,psnr,ssim,ms_ssim\n";
  csv << r.coder << ',' << r.steps << ',' << r.pictures << ',' << r.bytes << ',' << r.psnr << ',' << r.ssim << ','
      << r.ms_ssim << '\n';
  if (!csv.flush()) throw Error(ErrorKind::kWrite, "cannot write \"" + path + "\"");
}

void evaluate_stills(const StillsOptions& o) {
  const StillCodec codec(acquire_model(find_model(o.model), o.threads), o.side);
  const auto originals = read_squares(o.images, o.side, o.most);
  std::vector<Picture> decoded;
  QualityMean quality;
  size_t bytes = 0;
  Progress progress("pictures", originals.size());
  for (const Picture& original : originals) {
    const Bytes coded = codec.encode(original.view(), o.bytes);
    bytes += coded.size();
    decoded.push_back(codec.decode(coded));
    quality.add(compare(original.view(), decoded.back().view()));
    progress.update(decoded.size());
  }
  if (!o.sheet.empty()) {
    const auto first = static_cast<ptrdiff_t>(std::min(kSheetPictures, decoded.size()));
    write_pairs(o.sheet, {decoded.begin(), decoded.begin() + first}, {originals.begin(), originals.begin() + first},
                kSheetColumns);
  }
  const Quality q = quality.mean();
  add_stills_result(
      o.csv, {"codec", 0, decoded.size(), static_cast<double>(bytes) / static_cast<double>(decoded.size()), q.psnr,
              q.ssim, q.ms_ssim});
}

}  // namespace crlsc::tools
