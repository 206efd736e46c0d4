// SPDX-License-Identifier: LGPL-2.1-or-later
#include "eval/video_evaluation.h"

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "core/error.h"
#include "eval/class_agreement.h"
#include "eval/metrics.h"
#include "eval/video.h"

namespace crlsc::tools {
namespace {

constexpr size_t kScenePictures = 101;  // at most, for the background

// Evenly chosen over the video.
std::vector<Picture> scene_of(const std::string& path) {
  auto video = open_video(path);
  std::vector<Picture> scene;
  Picture picture;
  size_t step = 1;
  for (size_t i = 0; video->read(picture); ++i) {
    if (i % step != 0) continue;
    scene.push_back(picture);
    if (scene.size() < 2 * kScenePictures) continue;
    for (size_t k = 0; k < kScenePictures; ++k) scene[k] = std::move(scene[2 * k]);
    scene.resize(kScenePictures);
    step *= 2;
  }
  if (scene.empty()) throw Error(ErrorKind::kRead, "\"" + path + "\" holds no picture");
  return scene;
}

struct MovingMean {
  MovingQuality sum;
  int count = 0;
  void add(const MovingQuality& q) {
    sum.psnr += q.psnr;
    sum.ssim += q.ssim;
    ++count;
  }
};

void print(const QualityMean& all, const std::optional<MovingMean>& moving, const std::vector<ClassAgreement>& judges,
           bool as_json) {
  const Quality q = all.mean();
  const bool moved = moving && moving->count > 0;
  const double n = moved ? moving->count : 1;
  if (as_json) {
    nlohmann::json out{
        {"pictures", all.count()}, {"psnr", q.psnr}, {"ssim", q.ssim}, {"ms_ssim", q.ms_ssim}, {"gmsd", q.gmsd}};
    if (moved) {
      out["moving_pictures"] = moving->count;
      out["moving_psnr"] = moving->sum.psnr / n;
      out["moving_ssim"] = moving->sum.ssim / n;
    }
    for (const ClassAgreement& judge : judges) out["same_class"][judge.name()] = judge.share();
    std::printf("%s\n", out.dump().c_str());
    return;
  }
  std::printf("%d pictures  PSNR-Y %.2f dB  SSIM %.4f  MS-SSIM %.4f  GMSD %.4f\n", all.count(), q.psnr, q.ssim,
              q.ms_ssim, q.gmsd);
  if (moved) {
    std::printf("what moves, in %d pictures  PSNR-Y %.2f dB  SSIM %.4f\n", moving->count, moving->sum.psnr / n,
                moving->sum.ssim / n);
  } else if (moving) {
    std::printf("nothing moves\n");
  }
  for (const ClassAgreement& judge : judges) {
    std::printf("%s gives %.1f %% the same class\n", judge.name().c_str(), 100 * judge.share());
  }
}

}  // namespace

void evaluate_video(const VideoEvaluationOptions& options) {
  std::optional<MovingPart> part;
  std::optional<MovingMean> moving;
  if (options.moving) {
    part.emplace(scene_of(options.original));
    moving.emplace();
  }
  std::vector<ClassAgreement> judges;
  for (const std::string& path : options.classifiers) judges.emplace_back(path);
  auto original = open_video(options.original);
  auto decoded = open_video(options.decoded);
  Picture a, b;
  QualityMean all;
  while (original->read(a)) {
    if (!decoded->read(b) && all.count() == 0) {
      throw Error(ErrorKind::kRead, "\"" + options.decoded + "\" holds no picture");
    }
    if (b.width() != a.width() || b.height() != a.height()) {
      throw Error(ErrorKind::kSettings,
                  "\"" + options.decoded + "\" has another size than \"" + options.original + "\"");
    }
    if (all.count() % options.classify_every == 0) {
      for (ClassAgreement& judge : judges) judge.add(a, b);
    }
    all.add(compare(a.view(), b.view()));
    if (!part) continue;
    if (const auto q = part->compare(a.view(), b.view())) moving->add(*q);
  }
  if (all.count() == 0) throw Error(ErrorKind::kRead, "\"" + options.original + "\" holds no picture");
  print(all, moving, judges, options.json);
}

}  // namespace crlsc::tools
