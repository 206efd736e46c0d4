// SPDX-License-Identifier: LGPL-2.1-or-later
#include "adapt/synthetic_clips.h"

#include <cmath>
#include <opencv2/imgproc.hpp>

#include "train/material.h"

namespace crlsc::tools {
namespace {

constexpr int kWidth = 160;
constexpr int kHeight = 112;
constexpr int kPictures = 30;
constexpr double kRate = 10;

// A picture with coarse and fine structure and some sharp edges, BGR.
cv::Mat ground(int width, int height, uint64_t seed) {
  cv::RNG random(seed);
  cv::Mat sum(height, width, CV_32FC3, cv::Scalar::all(120));
  for (const auto& [period, strength] : {std::pair{64, 60.0}, {16, 25.0}, {4, 10.0}}) {
    cv::Mat coarse(height / period + 3, width / period + 3, CV_32FC3);
    random.fill(coarse, cv::RNG::UNIFORM, -strength, strength);
    cv::Mat fine;
    cv::resize(coarse, fine, {coarse.cols * period, coarse.rows * period}, 0, 0, cv::INTER_CUBIC);
    sum += fine(cv::Rect(period, period, width, height));
  }
  cv::Mat out;
  sum.convertTo(out, CV_8UC3);
  for (int i = 0; i < width * height / 3000; ++i) {
    const cv::Point corner(random.uniform(0, width), random.uniform(0, height));
    const cv::Scalar colour(random.uniform(20, 236), random.uniform(20, 236), random.uniform(20, 236));
    cv::rectangle(out, cv::Rect(corner, cv::Size(random.uniform(6, 30), random.uniform(6, 30))), colour, cv::FILLED);
  }
  return out;
}

Clip moving_patches() {
  const cv::Mat rest = ground(kWidth, kHeight, 11);
  const cv::Mat texture = ground(kWidth, kHeight, 12);
  struct Patch {
    int side;
    double x, y, vx, vy;
  };
  const Patch patches[] = {{40, -20, 20, 3.3, 0.4}, {26, 130, 60, -2.1, -0.7}, {18, 60, 90, 1.2, -1.6}};
  Clip clip;
  for (int t = 0; t < kPictures; ++t) {
    cv::Mat frame = rest.clone();
    for (const Patch& p : patches) {
      const cv::Point corner(static_cast<int>(std::lround(p.x + t * p.vx)),
                             static_cast<int>(std::lround(p.y + t * p.vy)));
      const cv::Rect place(corner, cv::Size(p.side, p.side));
      const cv::Rect seen = place & cv::Rect(0, 0, kWidth, kHeight);
      if (seen.empty()) continue;
      texture(cv::Rect(seen.tl() - corner, seen.size())).copyTo(frame(seen));
    }
    clip.push_back(to_picture(frame));
  }
  return clip;
}

Clip pan() {
  const cv::Mat wide = ground(kWidth + 3 * kPictures, kHeight + kPictures, 21);
  Clip clip;
  for (int t = 0; t < kPictures; ++t) clip.push_back(to_picture(wide(cv::Rect(t * 5 / 2, t / 2, kWidth, kHeight))));
  return clip;
}

Clip noise() {
  const cv::Mat rest = ground(kWidth, kHeight, 31);
  cv::RNG random(32);
  Clip clip;
  for (int t = 0; t < kPictures; ++t) {
    cv::Mat grain(rest.size(), CV_16SC3);
    random.fill(grain, cv::RNG::NORMAL, 0, 3);
    cv::Mat frame;
    cv::add(rest, grain, frame, cv::noArray(), CV_8U);
    clip.push_back(to_picture(frame));
  }
  return clip;
}

}  // namespace

std::vector<NamedClip> synthetic_clips() {
  return {{"drawn: moving patches", moving_patches(), kRate},
          {"drawn: pan", pan(), kRate},
          {"drawn: noise", noise(), kRate}};
}

}  // namespace crlsc::tools
