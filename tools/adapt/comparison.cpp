// SPDX-License-Identifier: LGPL-2.1-or-later
#include "adapt/comparison.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "core/codec/decoder.h"
#include "eval/encoder_config.h"
#include "eval/rate_curve.h"

namespace crlsc::tools {
namespace {

Measured measure(const std::shared_ptr<const LoadedModel>& model, const std::vector<Clip>& clips, double rate,
                 int bitrate) {
  QualityMean quality;
  double bytes = 0;
  for (const Clip& clip : clips) {
    EncoderConfig config = encoder_config(clip.at(0), bitrate, rate);
    config.resize = ResizeMode::kAuto;
    Encoder encoder(model, config);
    Decoder decoder(model, encoder.sequence_header());
    decoder.set_post_filter(true);
    for (size_t i = 0; i < clip.size(); ++i) {
      const Bytes sent = encoder.encode(clip[i].view(), i == 0 ? 0 : 1 / rate, false).bytes;
      bytes += static_cast<double>(sent.size());
      if (sent.empty()) {
        decoder.conceal();
      } else {
        decoder.decode(sent);
      }
      quality.add(compare(clip[i].view(), decoder.picture()));
    }
  }
  return {bytes * 8 * rate / quality.count() / 1000, quality.mean()};
}

RateCurve curve_of(const MeasuredRates& all, double (*quality)(const Quality&)) {
  RateCurve curve;
  for (const Measured& m : all) curve.push_back({m.kbits, quality(m.quality)});
  return curve;
}

void print_row(const char* name, const Measured& m) {
  std::printf("  %-7s %8.2f %8.2f %8.4f %8.4f\n", name, m.kbits, m.quality.psnr, m.quality.ssim, m.quality.ms_ssim);
}

// Where they have no quality in common, the worst of one may still be better than the best of the other.
void print_apart(const MeasuredRates& before, const MeasuredRates& after) {
  const auto by_quality = [](const Measured& a, const Measured& b) { return a.quality.ms_ssim < b.quality.ms_ssim; };
  const Measured& best = *std::max_element(before.begin(), before.end(), by_quality);
  const Measured& worst = *std::min_element(after.begin(), after.end(), by_quality);
  if (worst.quality.ms_ssim < best.quality.ms_ssim || worst.kbits >= best.kbits) {
    std::printf("  bits at equal MS-SSIM: no quality that both reach\n");
    return;
  }
  std::printf("  bits at equal MS-SSIM: below %+.1f %%, as %.2f kbit/s are better now than %.2f were\n",
              100 * (worst.kbits / best.kbits - 1), worst.kbits, best.kbits);
}

}  // namespace

const std::vector<int> kComparedRates{5000, 10000, 20000};

MeasuredRates measure_rates(const std::shared_ptr<const LoadedModel>& model, const std::vector<Clip>& clips,
                            double rate) {
  MeasuredRates out;
  for (const int bitrate : kComparedRates) out.push_back(measure(model, clips, rate, bitrate));
  return out;
}

std::optional<double> bits_at_equal_ms_ssim(const MeasuredRates& before, const MeasuredRates& after) {
  const auto quality = [](const Quality& q) { return similarity_db(q.ms_ssim); };
  return rate_change(curve_of(before, quality), curve_of(after, quality));
}

std::optional<double> psnr_at_equal_rate(const MeasuredRates& before, const MeasuredRates& after) {
  const auto quality = [](const Quality& q) { return q.psnr; };
  return quality_change(curve_of(before, quality), curve_of(after, quality));
}

void print_comparison(const std::string& title, const MeasuredRates& before, const MeasuredRates& after) {
  std::printf("%s\n            kbit/s   PSNR-Y     SSIM  MS-SSIM\n", title.c_str());
  for (size_t i = 0; i < before.size(); ++i) {
    print_row("before", before[i]);
    print_row("after", after[i]);
  }
  if (const auto bits = bits_at_equal_ms_ssim(before, after)) {
    std::printf("  bits at equal MS-SSIM: %+.1f %%\n", 100 * *bits);
  } else {
    print_apart(before, after);
  }
  if (const auto psnr = psnr_at_equal_rate(before, after)) {
    std::printf("  PSNR-Y at equal rate: %+.2f dB\n", *psnr);
  } else {
    std::printf("  PSNR-Y at equal rate: no rate that both have\n");
  }
  std::fflush(stdout);
}

}  // namespace crlsc::tools
