// SPDX-License-Identifier: LGPL-2.1-or-later
// What a semantic head learns from: small pictures in memory, and the vectors that it should give for them.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "core/kb/knowledge_base_file.h"
#include "knowledge/encoders.h"

namespace crlsc::tools {

struct EncoderMaterialOptions {
  std::string skb;
  std::vector<std::string> images;
  std::string teacher;    // empty: learn from the knowledge base alone
  std::string cache;      // of the teacher's vectors
  int augmentations = 2;  // crops of each picture that the teacher looks at, the whole picture among them
  uint64_t seed = 1;
  int threads = 0;
};

struct EncoderItem {
  Picture picture;              // kMaterialSize square, the whole picture stretched
  std::vector<Crop> crops;      // that there are vectors of
  std::vector<Vector> targets;  // one for each crop, of unit length
};

struct EncoderMaterial {
  KnowledgeBaseInfo info;  // of the shared knowledge base
  bool exact = false;      // crops have targets of their own, so that no other ones may be taken
  std::vector<EncoderItem> training;
  std::vector<EncoderItem> held_out;  // a twentieth, picked by the names of the files
  std::vector<Vector> bank;           // what the codes of the knowledge base stand for, of unit length

  static constexpr int kMaterialSize = 128;

  // Teacher's vectors of each crop, or without a teacher the vector of the entry that has the picture as its source;
  // pictures without entry are left out. Throws Error(kRead) if nothing is left.
  static EncoderMaterial load(const EncoderMaterialOptions& options);
};

struct EncoderSample {
  Picture picture;  // `size` square
  const Vector* target = nullptr;
};

// A random crop of the item with its target, as a camera and a codec at low rate would show it: other light, less
// colour, blur, blocks, noise.
EncoderSample draw_sample(const EncoderItem& item, bool exact, int size, std::mt19937_64& random);
// The whole picture as it is.
EncoderSample plain_sample(const EncoderItem& item, int size);

}  // namespace crlsc::tools
