// SPDX-License-Identifier: LGPL-2.1-or-later
// What a viewer saw, picture by picture, and what that comes to.
#pragma once

#include <vector>

#include "call.h"
#include "clip.h"

namespace crlsc::bench {

constexpr double kRecovered = 0.02;     // below the SSIM of the lossless run, at most
constexpr double kSteadySeconds = 0.5;  // for so long

// What becomes of pictures that are damaged, or predicted from damaged ones.
enum class Damage {
  kShown,  // everything that the decoder puts out
  kHeld    // the screen stands still until a key picture has arrived whole, as in WebRTC
};

// Against the original timeline: at the time of each picture the latest one that was shown counts, grey before the
// first.
struct Timeline {
  std::vector<double> ssim;
  std::vector<double> psnr;   // of luma, dB
  std::vector<bool> put_out;  // something was, for this picture's time
  std::vector<bool> changed;  // and it was not the picture before once more
};

Timeline judge(const Clip& clip, const CallResult& result, Damage damage);

struct Summary {
  double put_out = 0;         // share of pictures
  double shown = 0;           // of them, those that did not repeat what was seen while the lossless run changed
  double frozen_seconds = 0;  // without a shown picture
  double longest_freeze = 0;
  double ssim = 0;
  double psnr = 0;
  double ssim_drop = 0;         // from the lossless run
  double recovery_mean = 0;     // seconds after the last lost packet of a burst
  double recovery_longest = 0;  // of those that recovered before the next burst, or the time until then
  int recovered = 0;            // bursts
};

Summary summarise(const Timeline& timeline, const Timeline& lossless, const std::vector<Burst>& bursts,
                  double pictures_per_second);

}  // namespace crlsc::bench
