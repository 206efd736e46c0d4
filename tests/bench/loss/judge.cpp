// SPDX-License-Identifier: LGPL-2.1-or-later
#include "judge.h"

#include <algorithm>
#include <cmath>

#include "eval/metrics.h"

namespace crlsc::bench {
namespace {

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double share(const std::vector<bool>& values) {
  return static_cast<double>(std::count(values.begin(), values.end(), true)) / static_cast<double>(values.size());
}

// Pictures until SSIM is as good as without losses and stays so; 0 if it never was worse, `limit` - `last` if it is
// not before `limit`.
int pictures_to_recover(const Timeline& timeline, const Timeline& lossless, const Burst& burst, int limit, int steady) {
  const auto good = [&](int i) {
    const auto place = static_cast<size_t>(i);
    return timeline.ssim[place] >= lossless.ssim[place] - kRecovered;
  };
  int run = 0;
  bool damaged = false;
  for (int i = burst.first; i < limit; ++i) {
    damaged = damaged || !good(i);
    if (i <= burst.last) continue;
    run = good(i) ? run + 1 : 0;
    if (damaged && run > 0 && (run == steady || i + 1 == limit)) return i - run + 1 - burst.last;
  }
  return damaged ? limit - burst.last : 0;
}

void add_recovery(const Timeline& timeline, const Timeline& lossless, const std::vector<Burst>& bursts, double rate,
                  Summary& out) {
  const int count = static_cast<int>(timeline.ssim.size());
  for (size_t i = 0; i < bursts.size(); ++i) {
    const int limit = i + 1 < bursts.size() ? bursts[i + 1].first : count;
    const int pictures =
        pictures_to_recover(timeline, lossless, bursts[i], limit, static_cast<int>(std::lround(kSteadySeconds * rate)));
    const double seconds = pictures / rate;
    out.recovered += pictures < limit - bursts[i].last ? 1 : 0;
    out.recovery_longest = std::max(out.recovery_longest, seconds);
    out.recovery_mean += seconds / static_cast<double>(bursts.size());
  }
}

}  // namespace

Timeline judge(const Clip& clip, const CallResult& result, Damage damage) {
  Timeline out;
  Picture screen(clip[0].width(), clip[0].height());
  bool holding = false;
  for (int i = 0; i < clip.count(); ++i) {
    const auto place = static_cast<size_t>(i);
    if (!result.whole[place]) {
      holding = true;
    } else if (result.key[place]) {
      holding = false;
    }
    const Picture& picture = result.pictures[place];
    const bool put_out = !picture.empty() && !(holding && damage == Damage::kHeld);
    const bool changed = put_out && picture.data() != screen.data();
    if (changed) screen = picture;
    const tools::Quality quality = tools::compare(clip[i].view(), screen.view());
    out.ssim.push_back(quality.ssim);
    out.psnr.push_back(quality.psnr);
    out.put_out.push_back(put_out);
    out.changed.push_back(changed);
  }
  return out;
}

Summary summarise(const Timeline& timeline, const Timeline& lossless, const std::vector<Burst>& bursts, double rate) {
  Summary out;
  out.put_out = share(timeline.put_out);
  out.ssim = mean(timeline.ssim);
  out.psnr = mean(timeline.psnr);
  out.ssim_drop = mean(lossless.ssim) - out.ssim;
  std::vector<bool> shown;
  int freeze = 0;
  int longest = 0;
  for (size_t i = 0; i < timeline.put_out.size(); ++i) {
    shown.push_back(timeline.put_out[i] && (timeline.changed[i] || !lossless.changed[i]));
    freeze = shown.back() ? 0 : freeze + 1;
    longest = std::max(longest, freeze);
  }
  out.shown = share(shown);
  out.frozen_seconds = (1 - out.shown) * static_cast<double>(shown.size()) / rate;
  out.longest_freeze = longest / rate;
  add_recovery(timeline, lossless, bursts, rate, out);
  return out;
}

}  // namespace crlsc::bench
