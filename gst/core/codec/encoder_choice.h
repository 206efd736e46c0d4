// SPDX-License-Identifier: LGPL-2.1-or-later
// What the encoder weighs for each cell, and for a whole picture.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "core/codec/encoder.h"

namespace crlsc {

// Knowledge-base picture number `picture`.
inline Reference knowledge(size_t picture) {
  return static_cast<Reference>(static_cast<size_t>(Reference::kKnowledge0) + picture);
}

// What each way of sending a cell would cost and leave as error.
struct Encoder::Choice {
  double still_distortion = 0;         // of the picture before, without motion
  int still_cost = 0;                  // 1/256 bit
  double copy_distortion = 0;          // of the prediction
  int copy_cost = 0;                   // 1/256 bit
  double scene_distortion = HUGE_VAL;  // of a copy of the scene, where the prediction is something else
  Reference scene = Reference::kKnowledge0;
  int scene_cost = 0;  // 1/256 bit
  Reference reference = Reference::kPrevious;
  CellMotion motion;
  std::array<double, kMaxDetailStages + 1> distortion{};  // by stages
  std::array<int, kMaxDetailStages + 1> cost{};           // 1/256 bit
  bool candidate = false;
  bool may_rest = false;  // as the picture before
  bool forced = false;    // of a later key picture, or a refresh: is coded; a refresh only if the picture then fits
};

// One try at a picture, at one price.
struct Encoder::Round {
  std::vector<Choice> choices;
  TokenGrid grid;
  EncodedPicture coded;
  double distortion = HUGE_VAL;  // if something was coded
  double proposed = 0;           // price that references and steps were chosen for
  double fitted = 0;             // that fits the bits
  double lambda = 0;             // to be carried to the next picture
  // By how much steps miss the price that they should have been chosen for, 1 or more.
  double off() const { return std::max(fitted / proposed, proposed / fitted); }
};

}  // namespace crlsc
