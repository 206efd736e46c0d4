// SPDX-License-Identifier: LGPL-2.1-or-later
#include "knowledge/scenes.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <iomanip>
#include <map>
#include <set>
#include <utility>

#include "core/area_resize.h"
#include "core/codec/scene_background.h"
#include "core/error.h"
#include "core/kb/reference_picture.h"
#include "knowledge/clock.h"
#include "progress.h"

namespace crlsc::tools {
namespace fs = std::filesystem;
namespace {

bool is_video(const fs::path& path) {
  std::string e = path.extension().string();
  std::transform(e.begin(), e.end(), e.begin(), [](unsigned char c) { return std::tolower(c); });
  return e == ".mp4" || e == ".avi" || e == ".mkv" || e == ".webm" || e == ".mov" || e == ".y4m";
}

VideoFile video_file(const fs::path& path, const fs::path& source, const std::string& label) {
  VideoFile file{path.string(), source.string(), label.empty() ? path.stem().string() : label};
  if (const auto fault = text_fault(file.label, kMaxLabelSize)) {
    throw Error(ErrorKind::kSettings, "the label of \"" + file.path + "\" " + *fault + "; give one with --label");
  }
  if (const auto fault = text_fault(file.source, kMaxSourceSize)) {
    throw Error(ErrorKind::kSettings, "the name of \"" + file.path + "\" " + *fault);
  }
  return file;
}

void list_folder(fs::path folder, const std::string& label, std::vector<VideoFile>& out) {
  if (!folder.has_filename()) folder = folder.parent_path();  // "name/"
  std::vector<fs::path> paths;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && is_video(entry.path())) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  const fs::path name = fs::absolute(folder).filename();
  for (const fs::path& path : paths) out.push_back(video_file(path, name / path.lexically_relative(folder), label));
}

void check_size(int width, int height, const std::string& what) {
  if (width >= 1 && height >= 1 && width <= kMaxReferenceSide && height <= kMaxReferenceSide) return;
  throw Error(ErrorKind::kSettings, what + " of " + std::to_string(width) + "x" + std::to_string(height) +
                                        " is no size of a reference picture, whose sides are 1 to " +
                                        std::to_string(kMaxReferenceSide) + "; give another with --size");
}

class SceneAdder {
 public:
  SceneAdder(KnowledgeBaseFile& file, const SceneOptions& options, const EmbedPicture& embed)
      : file_(file),
        options_(options),
        embed_(embed),
        backgrounds_(options.window > 0 ? options.window : SceneBackground::kWholeScene) {}

  // False if there is no picture in it.
  bool watch(const VideoFile& video, VideoReader& reader);
  const std::vector<SceneSummary>& scenes() const { return scenes_; }

 private:
  // Entries with pictures of this size show scenes that are known.
  void know_entries(int width, int height);
  void look_at(const VideoFile& video, const Picture& picture, double seconds);
  void take(const VideoFile& video, const FoundScene& found);
  SceneSummary add(const VideoFile& video, const Picture& background);

  KnowledgeBaseFile& file_;
  const SceneOptions& options_;
  const EmbedPicture& embed_;
  SceneBackground backgrounds_;
  std::set<std::pair<int, int>> sizes_;   // for which entries were asked
  std::map<size_t, SceneSummary> known_;  // by number of the scene, unless it was seen in a video
  std::map<size_t, size_t> seen_;         // index in scenes_ by number of the scene
  std::vector<SceneSummary> scenes_;
};

void SceneAdder::know_entries(int width, int height) {
  if (!sizes_.emplace(width, height).second) return;
  for_each_scene_picture(file_, width, height, [this](const StoredEntry& entry, const Picture& picture) {
    known_[backgrounds_.know(picture.view())] = {entry.id, false, entry.label, 0, entry.picture.size()};
  });
}

SceneSummary SceneAdder::add(const VideoFile& video, const Picture& background) {
  NewEntry entry;
  entry.vector = embed_(background.view());
  entry.label = video.label;
  entry.source = video.source;
  entry.first_seen = entry.last_seen = now_milliseconds();
  entry.picture = encode_reference_picture(background, options_.quality);
  AddSettings settings;
  settings.near_duplicate = 1;  // what is shown decides, not what it means
  settings.keep_vectors = options_.vectors;
  return {file_.add({entry}, settings).at(0).id, true, entry.label, 0, entry.picture.size()};
}

void SceneAdder::take(const VideoFile& video, const FoundScene& found) {
  const auto [place, first] = seen_.emplace(found.number, scenes_.size());
  if (first) scenes_.push_back(found.background ? add(video, *found.background) : known_.at(found.number));
  SceneSummary& scene = scenes_[place->second];
  scene.seconds += found.end - found.begin;
  if (!found.background) file_.set_last_seen(scene.id, now_milliseconds());
}

void SceneAdder::look_at(const VideoFile& video, const Picture& picture, double seconds) {
  const int width = options_.width > 0 ? options_.width : picture.width();
  const int height = options_.height > 0 ? options_.height : picture.height();
  check_size(width, height, "\"" + video.path + "\"");
  know_entries(width, height);
  const bool fits = width == picture.width() && height == picture.height();
  const auto found = fits ? backgrounds_.next(picture.view(), seconds)
                          : backgrounds_.next(resize_area(picture.view(), width, height).view(), seconds);
  if (found) take(video, *found);
}

bool SceneAdder::watch(const VideoFile& video, VideoReader& reader) {
  const double rate = reader.frames_per_second();
  Progress progress(video.source, reader.frames());
  Picture picture;
  size_t count = 0;
  size_t looks = 0;
  double latest = 0;  // time of the picture that was looked at last, in seconds
  for (; reader.read(picture); ++count) {
    progress.update(count + 1);
    const double time = static_cast<double>(count) / rate;
    if (time < static_cast<double>(looks) / options_.rate) continue;
    look_at(video, picture, time - latest);
    latest = time;
    ++looks;
  }
  if (const auto found = backgrounds_.finish()) take(video, *found);
  return count > 0;
}

}  // namespace

void parse_size(const std::string& text, SceneOptions& options) {
  int width = 0;
  int height = 0;
  int end = 0;
  if (std::sscanf(text.c_str(), "%5dx%5d%n", &width, &height, &end) != 2 || text.c_str()[end] != '\0') {
    throw Error(ErrorKind::kSettings, "--size takes WIDTHxHEIGHT, as 320x240, not \"" + text + "\"");
  }
  check_size(width, height, "--size");
  options.width = width;
  options.height = height;
}

std::vector<VideoFile> list_videos(const SceneOptions& options) {
  std::vector<VideoFile> files;
  for (const std::string& path : options.videos) {
    if (!fs::exists(path)) throw Error(ErrorKind::kNotFound, "there is no video or folder \"" + path + "\"");
    if (fs::is_directory(path)) {
      list_folder(path, options.label, files);
    } else {
      files.push_back(video_file(path, fs::path(path).filename(), options.label));
    }
  }
  if (files.empty()) throw Error(ErrorKind::kRead, "there is no video below the folders given with --video");
  return files;
}

std::vector<SceneSummary> add_scenes(KnowledgeBaseFile& file, const SceneOptions& options, const OpenVideo& open,
                                     const EmbedPicture& embed) {
  SceneAdder adder(file, options, embed);
  bool any = false;
  for (const VideoFile& video : list_videos(options)) {
    std::unique_ptr<VideoReader> reader;
    try {
      reader = open(video.path);
    } catch (const Error& error) {
      std::fprintf(stderr, "crlsc: %s; it is left out\n", error.what());
      continue;
    }
    if (adder.watch(video, *reader)) {
      any = true;
    } else {
      std::fprintf(stderr, "crlsc: \"%s\" has no picture that can be read, and is left out\n", video.path.c_str());
    }
  }
  if (!any) throw Error(ErrorKind::kRead, "none of the videos given with --video can be read");
  return adder.scenes();
}

void print_scenes(const std::vector<SceneSummary>& scenes, std::ostream& out) {
  if (scenes.empty()) out << "no scene stood still for the nine seconds that a background needs\n";
  for (const SceneSummary& scene : scenes) {
    out << (scene.added ? "added entry " : "known entry ") << scene.id << ": "
        << (scene.label.empty() ? "(no label)" : scene.label) << ", seen for " << std::fixed << std::setprecision(1)
        << scene.seconds << " s, picture of " << scene.picture_bytes << " bytes\n";
  }
}

}  // namespace crlsc::tools
