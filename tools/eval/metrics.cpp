// SPDX-License-Identifier: LGPL-2.1-or-later
#include "eval/metrics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace crlsc::tools {
namespace {

constexpr int kWindow = 11;
constexpr double kSigma = 1.5;
constexpr double kC1 = 0.01 * 255 * 0.01 * 255;
constexpr double kC2 = 0.03 * 255 * 0.03 * 255;
constexpr double kMovingDifference = 25;
constexpr int kMovingDilation = 9;
constexpr double kLeastMoving = 0.005;  // share of the picture
constexpr std::array<double, 5> kScaleWeights{0.0448, 0.2856, 0.3001, 0.2363, 0.1333};

cv::Mat luma(const PictureView& view) {
  const PlaneView& p = view.planes[0];
  cv::Mat out;
  cv::Mat(p.height, p.width, CV_8UC1, const_cast<uint8_t*>(p.data), static_cast<size_t>(p.stride))
      .convertTo(out, CV_32F);
  return out;
}

double decibels(double squared_error) {
  return squared_error < 255.0 * 255.0 * 1e-10 ? 100 : 10 * std::log10(255.0 * 255.0 / squared_error);
}

double psnr(const cv::Mat& a, const cv::Mat& b) {
  return decibels(cv::norm(a, b, cv::NORM_L2SQR) / static_cast<double>(a.total()));
}

// Only windows that lie wholly inside count.
cv::Rect windows(const cv::Mat& x) {
  constexpr int kMargin = kWindow / 2;
  return {kMargin, kMargin, x.cols - 2 * kMargin, x.rows - 2 * kMargin};
}

cv::Mat blurred(const cv::Mat& x) {
  cv::Mat out;
  cv::GaussianBlur(x, out, {kWindow, kWindow}, kSigma);
  return out(windows(x));
}

struct SimilarityMaps {
  cv::Mat ssim;       // luminance, contrast and structure
  cv::Mat structure;  // contrast and structure alone
};

SimilarityMaps similarity(const cv::Mat& a, const cv::Mat& b) {
  const cv::Mat ma = blurred(a), mb = blurred(b);
  const cv::Mat va = blurred(a.mul(a)) - ma.mul(ma);
  const cv::Mat vb = blurred(b.mul(b)) - mb.mul(mb);
  const cv::Mat cov = blurred(a.mul(b)) - ma.mul(mb);
  cv::Mat cs;
  cv::divide(2 * cov + kC2, va + vb + kC2, cs);
  cv::Mat l;
  cv::divide(2 * ma.mul(mb) + kC1, ma.mul(ma) + mb.mul(mb) + kC1, l);
  return {cs.mul(l), cs};
}

double multi_scale(cv::Mat a, cv::Mat b) {
  double product = 1;
  double weights = 0;
  for (size_t s = 0; s < kScaleWeights.size(); ++s) {
    cv::Mat half_a, half_b;
    const bool last = s + 1 == kScaleWeights.size() || std::min(a.cols, a.rows) / 2 < kWindow;
    const SimilarityMaps now = similarity(a, b);
    product *= std::pow(std::max(cv::mean(last ? now.ssim : now.structure)[0], 1e-6), kScaleWeights[s]);
    weights += kScaleWeights[s];
    if (last) break;
    cv::resize(a, half_a, {a.cols / 2, a.rows / 2}, 0, 0, cv::INTER_AREA);
    cv::resize(b, half_b, {b.cols / 2, b.rows / 2}, 0, 0, cv::INTER_AREA);
    a = half_a;
    b = half_b;
  }
  return std::pow(product, 1 / weights);
}

cv::Mat gradient(const cv::Mat& x) {
  const cv::Mat kernel = (cv::Mat_<float>(3, 3) << 1, 0, -1, 1, 0, -1, 1, 0, -1) / 3;
  cv::Mat gx, gy, out;
  cv::filter2D(x, gx, CV_32F, kernel);
  cv::filter2D(x, gy, CV_32F, kernel.t());
  cv::magnitude(gx, gy, out);
  return out;
}

double gmsd(const cv::Mat& a, const cv::Mat& b) {
  constexpr double kC = 170;
  cv::Mat small_a, small_b;
  cv::resize(a, small_a, {a.cols / 2, a.rows / 2}, 0, 0, cv::INTER_AREA);
  cv::resize(b, small_b, {b.cols / 2, b.rows / 2}, 0, 0, cv::INTER_AREA);
  const cv::Mat ga = gradient(small_a), gb = gradient(small_b);
  cv::Mat map;
  cv::divide(2 * ga.mul(gb) + kC, ga.mul(ga) + gb.mul(gb) + kC, map);
  cv::Scalar mean, deviation;
  cv::meanStdDev(map, mean, deviation);
  return deviation[0];
}

}  // namespace

Quality compare(const PictureView& original, const PictureView& decoded) {
  const cv::Mat a = luma(original);
  const cv::Mat b = luma(decoded);
  Quality q;
  q.psnr = psnr(a, b);
  q.ssim = std::min(a.cols, a.rows) >= kWindow ? cv::mean(similarity(a, b).ssim)[0] : 0;
  q.ms_ssim = std::min(a.cols, a.rows) >= kWindow ? multi_scale(a, b) : 0;
  q.gmsd = gmsd(a, b);
  return q;
}

MovingPart::MovingPart(const std::vector<Picture>& scene) {
  std::vector<cv::Mat> pictures;
  for (const Picture& p : scene) pictures.push_back(luma(p.view()));
  background_ = pictures.at(0).clone();
  std::vector<float> values(pictures.size());
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  for (int y = 0; y < background_.rows; ++y) {
    for (int x = 0; x < background_.cols; ++x) {
      for (size_t i = 0; i < pictures.size(); ++i) values[i] = pictures[i].at<float>(y, x);
      std::nth_element(values.begin(), middle, values.end());
      background_.at<float>(y, x) = *middle;
    }
  }
}

std::optional<MovingQuality> MovingPart::compare(const PictureView& original, const PictureView& decoded) const {
  const cv::Mat a = luma(original);
  const cv::Mat b = luma(decoded);
  cv::Mat mask = cv::abs(a - background_) > kMovingDifference;
  cv::dilate(mask, mask, cv::getStructuringElement(cv::MORPH_RECT, {kMovingDilation, kMovingDilation}));
  const cv::Mat inner = mask(windows(mask));
  if (cv::countNonZero(inner) < kLeastMoving * static_cast<double>(inner.total())) return std::nullopt;
  cv::Mat squares;
  cv::multiply(a - b, a - b, squares);
  return MovingQuality{decibels(cv::mean(squares, mask)[0]), cv::mean(similarity(a, b).ssim, inner)[0]};
}

void QualityMean::add(const Quality& q) {
  sum_.psnr += q.psnr;
  sum_.ssim += q.ssim;
  sum_.ms_ssim += q.ms_ssim;
  sum_.gmsd += q.gmsd;
  ++count_;
}

Quality QualityMean::mean() const {
  const double n = count_ > 0 ? count_ : 1;
  return {sum_.psnr / n, sum_.ssim / n, sum_.ms_ssim / n, sum_.gmsd / n};
}

}  // namespace crlsc::tools
