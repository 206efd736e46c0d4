// SPDX-License-Identifier: LGPL-2.1-or-later
#include "adapt/guard.h"

#include <algorithm>
#include <filesystem>

#include "core/error.h"

namespace crlsc::tools {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMostPictures = 100;
constexpr int kShortSide = 288;

// Without a rate that both have, what the settings gave counts.
double change_of(const MeasuredRates& before, const MeasuredRates& after) {
  if (const auto change = psnr_at_equal_rate(before, after)) return *change;
  double sum = 0;
  for (size_t i = 0; i < before.size(); ++i) sum += after[i].quality.psnr - before[i].quality.psnr;
  return sum / static_cast<double>(before.size());
}

bool is_video(const fs::path& path) {
  const std::string extension = path.extension().string();
  const auto known = {".y4m", ".mp4", ".avi", ".mkv", ".webm", ".mov"};
  return std::any_of(known.begin(), known.end(), [&](const char* e) { return extension == e; });
}

std::vector<std::string> videos_in(const std::vector<std::string>& paths) {
  std::vector<std::string> videos;
  for (const std::string& path : paths) {
    if (!fs::exists(path)) throw Error(ErrorKind::kNotFound, "'" + path + "' does not exist; check --guard");
    if (!fs::is_directory(path)) {
      videos.push_back(path);
      continue;
    }
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      if (is_video(entry.path())) found.push_back(entry.path().string());
    }
    if (found.empty()) throw Error(ErrorKind::kRead, "there is no video in '" + path + "'; check --guard");
    std::sort(found.begin(), found.end());
    videos.insert(videos.end(), found.begin(), found.end());
  }
  return videos;
}

}  // namespace

Guard::Guard(std::shared_ptr<const LoadedModel> before, double most_loss)
    : before_(std::move(before)), most_loss_(most_loss) {}

void Guard::add(const std::string& name, std::vector<Clip> clips, double rate) {
  MeasuredRates before = measure_rates(before_, clips, rate);
  entries_.push_back({name, std::move(clips), rate, std::move(before)});
}

std::vector<std::string> Guard::worse_with(const std::shared_ptr<const LoadedModel>& after, bool print) const {
  std::vector<std::string> worse;
  for (const Entry& entry : entries_) {
    const MeasuredRates now = measure_rates(after, entry.clips, entry.rate);
    if (print) print_comparison(entry.name, entry.before, now);
    if (change_of(entry.before, now) < -most_loss_) worse.push_back(entry.name);
  }
  return worse;
}

std::vector<NamedClip> guard_clips(const std::vector<std::string>& paths, double rate) {
  std::vector<NamedClip> clips;
  for (const std::string& path : videos_in(paths)) clips.push_back(read_clip(path, rate, kMostPictures, kShortSide));
  return clips;
}

}  // namespace crlsc::tools
