// SPDX-License-Identifier: LGPL-2.1-or-later
// Scenes of videos as entries of a knowledge base, with a picture of the background that streams refer to.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "core/kb/knowledge_base_file.h"
#include "core/kb/scene_pictures.h"
#include "eval/y4m.h"

namespace crlsc::tools {

struct VideoFile {
  std::string path;
  std::string source;  // as that of a PictureFile
  std::string label;
};

struct SceneOptions {
  std::vector<std::string> videos;  // files, and folders of them
  std::string label;                // of all scenes; empty: the name of the video without its extension
  int width = 0;                    // that the pictures are stretched to; 0: as the video has it
  int height = 0;
  double rate = 10;   // pictures a second that are looked at, if the video has as many
  double window = 0;  // seconds after which a scene is looked at anew; 0: when it ends
  bool vectors = true;
  float quality = kScenePictureQuality;  // of the WebP pictures
};

// "320x240" as width and height. Throws Error(kSettings) for anything else, and for what is no size of a reference
// picture.
void parse_size(const std::string& text, SceneOptions& options);

// Those that are named, and all (mp4, avi, mkv, webm, mov, y4m) below folders, ordered by path within each. Throws
// Error(kNotFound) for what is absent, Error(kSettings) for a label or a name that no entry can have, Error(kRead) if
// there is no video.
std::vector<VideoFile> list_videos(const SceneOptions& options);

// A scene that videos have shown.
struct SceneSummary {
  EntryId id = 0;
  bool added = false;  // false: an entry showed it already
  std::string label;
  double seconds = 0;        // that it was watched, in all videos together
  size_t picture_bytes = 0;  // of the reference picture
};

using OpenVideo = std::function<std::unique_ptr<VideoReader>(const std::string& path)>;
using EmbedPicture = std::function<std::vector<float>(const PictureView&)>;

// Adds an entry for each scene (SceneBackground) that no entry shows yet; of the others, the time when they were last
// seen becomes now. Each is durable when its scene has ended. A video that cannot be read is told on standard error and
// left out. Throws Error(kRead) if none can be read, Error(kSettings) for one that is too large for reference pictures,
// and what KnowledgeBaseFile throws. Result: scenes in the order in which they were found.
std::vector<SceneSummary> add_scenes(KnowledgeBaseFile& file, const SceneOptions& options, const OpenVideo& open,
                                     const EmbedPicture& embed);

// A line for each scene.
void print_scenes(const std::vector<SceneSummary>& scenes, std::ostream& out);

}  // namespace crlsc::tools
