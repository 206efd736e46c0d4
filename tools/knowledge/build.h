// SPDX-License-Identifier: LGPL-2.1-or-later
// Makes knowledge bases: shared ones with a teacher, private ones with a model's semantic head.
#pragma once

#include <string>
#include <vector>

#include "core/kb/knowledge_base_file.h"
#include "knowledge/encoders.h"
#include "knowledge/scenes.h"
#include "knowledge/training.h"

namespace crlsc::tools {

struct EntryOptions {
  float near_duplicate = 0.99F;  // cosine above which an entry is dropped; 1: none is
  bool vectors = true;           // keep 8-bit vectors for re-ranking
  int picture_side = 0;          // keep reference pictures of at most this side; 0: none
  // Of WebP, 1..100; 0: kStillQuality for pictures of stills, kScenePictureQuality for those of scenes.
  int picture_quality = 0;
  int still_quality() const { return picture_quality > 0 ? picture_quality : kStillQuality; }
  static constexpr int kStillQuality = 75;
};

struct SkbOptions {
  std::string teacher;
  std::vector<std::string> images;
  std::string out = "knowledge.crlsckb";
  std::string cache;  // of the teacher's vectors; empty: `out` with ".cache" behind it
  SpaceSettings space;
  EntryOptions entries;
  int threads = 0;
};

// Throws Error(kWrite) if `out` exists already. Goes on where a killed run was, by its cache.
void build_skb(const SkbOptions& options);

struct PkbOptions {
  std::string skb = "default.crlsckb";  // a path, or a name on the model path
  std::string model;
  std::vector<std::string> images;
  SceneOptions scenes;
  std::string out = "private.crlsckb";
  bool codebooks = true;  // copy those of the SKB, so that the file serves without it
  EntryOptions entries;
  int threads = 0;
};

// Without images and videos, it is empty. Throws Error(kWrite) if `out` exists already.
void build_pkb(const PkbOptions& options);

struct AddCounts {
  size_t added = 0;
  size_t dropped = 0;
};

// Adds pictures with their vectors, labels and sources, 256 in a transaction.
AddCounts add_pictures(KnowledgeBaseFile& file, const EmbeddedPictures& pictures, const EntryOptions& options);

// Adds the scenes of videos (add_scenes()), which the model's semantic head embeds, and prints what they are.
void add_videos(KnowledgeBaseFile& file, SceneOptions scenes, const EntryOptions& options, const HeadEncoder& encoder);

}  // namespace crlsc::tools
