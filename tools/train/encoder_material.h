// SPDX-License-Identifier: LGPL-2.1-or-later
// What a semantic head learns from: small pictures in memory, and the vectors that it should give for them, or their
// labels.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "core/kb/knowledge_base_file.h"
#include "knowledge/encoders.h"

namespace crlsc::tools {

enum class EncoderMode {
  kGuided,       // by the vectors of a knowledge base
  kContrastive,  // by the pictures alone
  kSupervised,   // by labels
};

struct EncoderMaterialOptions {
  EncoderMode mode = EncoderMode::kGuided;
  std::string skb;  // of kGuided
  std::vector<std::string> images;
  std::string teacher;     // empty: learn from the knowledge base alone
  std::string cache;       // of the teacher's vectors
  int augmentations = 2;   // crops of each picture that the teacher looks at, the whole picture among them
  double least_crop = 1;   // least side of the random parts of these that stand for them, 0..1
  int dimension = 128;     // of the vectors, without a knowledge base
  double label_share = 1;  // of the pictures of each label that kSupervised may use, see keep_share()
  uint64_t seed = 1;
  uint64_t crop_seed = 1;  // of the teacher's crops: what the cache has of one seed serves no other
  int threads = 0;
};

struct EncoderItem {
  Picture picture;              // kMaterialSize square, the whole picture stretched
  std::vector<Crop> crops;      // that there are vectors of
  std::vector<Vector> targets;  // one for each crop, of unit length; of kGuided
  int label = -1;               // its place in `labels`; of kSupervised
};

struct EncoderMaterial {
  EncoderMode mode = EncoderMode::kGuided;
  KnowledgeBaseInfo info;  // of the shared knowledge base; of kGuided
  int dimension = 0;       // of vectors
  double least_crop = 1;   // least side of the random parts of crops, 0..1
  std::vector<EncoderItem> training;
  std::vector<EncoderItem> held_out;  // a twentieth, picked by the names of the files
  std::vector<Vector> bank;           // what the codes of the knowledge base stand for, of unit length; of kGuided
  std::vector<std::string> labels;    // of kSupervised

  static constexpr int kMaterialSize = 128;

  // Guided: the teacher's vectors of each crop, or without a teacher the vector of the entry that has the picture as
  // its source; pictures without entry are left out. Supervised: pictures without a label are left out. Throws
  // Error(kRead) if nothing is left, Error(kSettings) if there are less than two labels to tell apart.
  static EncoderMaterial load(const EncoderMaterialOptions& options);
};

struct EncoderSample {
  Picture picture;  // `size` square
  Vector target;    // of unit length; of kGuided
  int label = -1;
};

// A random crop of the item with its target.
EncoderSample cut_sample(const EncoderItem& item, double least_crop, int size, std::mt19937_64& random);
// The same, as a camera and a codec at low rate would show it: other light, less
// colour, blur, blocks, noise.
EncoderSample draw_sample(const EncoderItem& item, double least_crop, int size, std::mt19937_64& random);
// Puts a rectangle of `other` into `sample`, and as much of its target into the other's (Yun et al.: CutMix, ICCV
// 2019): few pictures then teach like many. Both of one size, and guided.
void mix_into(EncoderSample& sample, const EncoderSample& other, std::mt19937_64& random);
// The whole picture as it is.
EncoderSample plain_sample(const EncoderItem& item, int size);

}  // namespace crlsc::tools
