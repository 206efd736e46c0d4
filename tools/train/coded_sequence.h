// SPDX-License-Identifier: LGPL-2.1-or-later
// Pictures as the codec draws them beside what they were, for networks that stand behind it.
#pragma once

#include <memory>
#include <random>

#include "core/codec/encoder.h"
#include "core/codec/scene_memory.h"
#include "core/codec/shown_cells.h"
#include "core/model/registry.h"
#include "train/material.h"

namespace crlsc::tools {

struct CodedPair {
  Picture decoded;  // as it is shown without post-filter, in whole cells
  Picture original;
  ShownCells cells;
  bool half = false;
};

// Endless.
class CodedPairs {
 public:
  virtual ~CodedPairs() = default;
  virtual CodedPair next() = 0;
};

// One sequence of scenes, each coded at a size, a price of a bit and with a share of refreshed cells of its own. Gives
// some pictures of each.
class CodedSequence : public CodedPairs {
 public:
  // Pictures of `size` x `size`, of which `half_share` are coded at half size.
  CodedSequence(std::shared_ptr<const LoadedModel> model, const Material& material, int size, uint64_t seed,
                double half_share);
  // The least step of cells at full size, where no price is lower.
  static int finest_step();
  // A later picture of the scene, or the first of another.
  CodedPair next() override;

 private:
  void begin_scene(const Picture& first);
  double uniform(double low, double high) { return std::uniform_real_distribution<double>(low, high)(random_); }

  std::shared_ptr<const LoadedModel> model_;
  SequenceGenerator generator_;
  std::mt19937_64 random_;
  double half_share_;
  std::unique_ptr<Encoder> encoder_;
  ShownCells cells_;
};

using CameraClips = std::vector<std::vector<cv::Mat>>;  // 8-bit BGR, of one size

// What a camera filmed, for a post-filter that knows its places.
struct CameraMaterial {
  CameraClips clips;   // to learn from
  CameraClips checks;  // to check places with afterwards
  double rate;         // pictures a second
  // Bit/s that its pictures are sent at.
  double low;
  double high;
  SceneMemory scene;  // pictures of it that both ends may have; or none
};

// What a camera sends: runs of its whole pictures, from anywhere, each coded at a bit rate of its own. If there are
// pictures of the scene, a third of the runs refer to them.
class CameraSequence : public CodedPairs {
 public:
  // `clips`, and `camera`, which says how they are sent, have to stay.
  CameraSequence(std::shared_ptr<const LoadedModel> model, const CameraClips& clips, const CameraMaterial& camera,
                 uint64_t seed);
  // The next picture of the run that was sent, or the first of another.
  CodedPair next() override;

 private:
  void begin_run();
  void open_encoder(const Picture& first);

  std::shared_ptr<const LoadedModel> model_;
  const CameraClips& clips_;
  const CameraMaterial& camera_;
  std::mt19937_64 random_;
  size_t clip_ = 0;
  size_t at_ = 0;   // of the picture to be coded next
  size_t end_ = 0;  // of the run
  std::unique_ptr<Encoder> encoder_;
  ShownCells cells_;
};

}  // namespace crlsc::tools
