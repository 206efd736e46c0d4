// SPDX-License-Identifier: LGPL-2.1-or-later
#include "knowledge/pictures.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "core/kb/entry.h"
#include "core/model/sha256.h"

namespace crlsc::tools {
namespace fs = std::filesystem;
namespace {

bool is_picture(const fs::path& path) {
  std::string e = path.extension().string();
  std::transform(e.begin(), e.end(), e.begin(), [](unsigned char c) { return std::tolower(c); });
  return e == ".jpg" || e == ".jpeg" || e == ".png" || e == ".webp" || e == ".bmp";
}

void list_folder(fs::path folder, const std::string& label, std::vector<PictureFile>& out) {
  if (!fs::is_directory(folder)) {
    throw Error(ErrorKind::kNotFound, "there is no folder \"" + folder.string() + "\" with pictures");
  }
  if (!folder.has_filename()) folder = folder.parent_path();  // "name/"
  std::vector<fs::path> paths;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && is_picture(entry.path())) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  const std::string name = fs::absolute(folder).filename().string();
  for (const fs::path& path : paths) {
    const fs::path inside = path.lexically_relative(folder);
    const bool nested = std::distance(inside.begin(), inside.end()) > 1;
    PictureFile file;
    file.path = path.string();
    file.source = (fs::path(name) / inside).string();
    file.label = !label.empty() ? label : nested ? inside.begin()->string() : "";
    out.push_back(std::move(file));
  }
}

}  // namespace

std::vector<PictureFile> list_pictures(const std::vector<std::string>& folders) {
  std::vector<PictureFile> files;
  for (const std::string& folder : folders) {
    const size_t sign = folder.rfind('=');
    const bool labelled = sign != std::string::npos && !fs::exists(folder);
    list_folder(labelled ? folder.substr(0, sign) : folder, labelled ? folder.substr(sign + 1) : "", files);
  }
  if (files.empty()) throw Error(ErrorKind::kRead, "there is no picture below the folders given with --images");
  for (const PictureFile& file : files) {
    if (const auto fault = text_fault(file.label, kMaxLabelSize)) {
      throw Error(ErrorKind::kSettings, "the label of \"" + file.path + "\" " + *fault);
    }
  }
  return files;
}

std::vector<PictureFile> keep_share(const std::vector<PictureFile>& files, double share, uint64_t seed) {
  if (share >= 1) return files;
  std::map<std::string, std::vector<std::pair<Sha256::Digest, size_t>>> by_label;
  for (size_t i = 0; i < files.size(); ++i) {
    const std::string text = files[i].source + '\n' + std::to_string(seed);
    by_label[files[i].label].emplace_back(Sha256::of(as_bytes(text)), i);
  }
  std::vector<size_t> chosen;
  for (auto& [label, list] : by_label) {
    std::sort(list.begin(), list.end());
    const auto count = std::max<size_t>(1, static_cast<size_t>(std::lround(share * static_cast<double>(list.size()))));
    for (size_t i = 0; i < count; ++i) chosen.push_back(list[i].second);
  }
  std::sort(chosen.begin(), chosen.end());
  std::vector<PictureFile> kept;
  for (const size_t i : chosen) kept.push_back(files[i]);
  return kept;
}

cv::Mat read_picture(const std::string& path) {
  try {
    return cv::imread(path, cv::IMREAD_COLOR);
  } catch (const cv::Exception&) {
    return {};
  }
}

void write_picture(const std::string& path, const cv::Mat& picture) {
  bool written = false;
  try {
    written = cv::imwrite(path, picture);
  } catch (const cv::Exception&) {
    written = false;
  }
  if (!written) throw Error(ErrorKind::kWrite, "cannot write \"" + path + "\" as a picture");
}

Picture to_i420(const cv::Mat& bgr) {
  const cv::Mat even = bgr(cv::Rect(0, 0, std::max(2, bgr.cols & ~1), std::max(2, bgr.rows & ~1)));
  cv::Mat yuv;
  cv::cvtColor(even, yuv, cv::COLOR_BGR2YUV_I420);
  Picture picture(even.cols, even.rows);
  std::copy_n(yuv.ptr<uint8_t>(), picture.data().size(), picture.plane(0));
  return picture;
}

Crop augmentation_crop(const std::string& source, int number, uint64_t seed) {
  if (number == 0) return {};
  const std::string text = source + '\n' + std::to_string(number) + '\n' + std::to_string(seed);
  const Sha256::Digest digest = Sha256::of(as_bytes(text));
  const auto share = [&](size_t at) { return (digest[at] * 256 + digest[at + 1]) / 65535.0; };
  constexpr double kLeast = 0.55;
  Crop crop;
  crop.width = kLeast + (1 - kLeast) * share(0);
  crop.height = kLeast + (1 - kLeast) * share(2);
  crop.left = (1 - crop.width) * share(4);
  crop.top = (1 - crop.height) * share(6);
  crop.flip = digest[8] % 2 == 1;
  return crop;
}

cv::Mat cut(const cv::Mat& picture, const Crop& crop) {
  const int width = std::max(1, static_cast<int>(crop.width * picture.cols));
  const int height = std::max(1, static_cast<int>(crop.height * picture.rows));
  const cv::Rect box(std::min(static_cast<int>(crop.left * picture.cols), picture.cols - width),
                     std::min(static_cast<int>(crop.top * picture.rows), picture.rows - height), width, height);
  cv::Mat part = picture(box);
  if (!crop.flip) return part;
  cv::Mat flipped;
  cv::flip(part, flipped, 1);
  return flipped;
}

Bytes to_webp(const cv::Mat& picture, int side, int quality) {
  const double scale = std::min(1.0, static_cast<double>(side) / std::max(picture.cols, picture.rows));
  cv::Mat small;
  cv::resize(picture, small, {}, scale, scale, cv::INTER_AREA);
  Bytes bytes;
  cv::imencode(".webp", small, bytes, {cv::IMWRITE_WEBP_QUALITY, quality});
  return bytes;
}

}  // namespace crlsc::tools
