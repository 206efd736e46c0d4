// SPDX-License-Identifier: LGPL-2.1-or-later
#include "train/training_log.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "progress.h"

namespace crlsc::tools {

StepReport mean_of(const std::vector<StepReport>& steps) {
  StepReport mean;
  mean.psnr.assign(steps.front().psnr.size(), 0);
  std::vector<int> counted(mean.psnr.size());
  const auto count = static_cast<double>(steps.size());
  for (const StepReport& r : steps) {
    mean.loss += r.loss / count;
    mean.commitment += r.commitment / count;
    mean.bits += r.bits / count;
    for (size_t n = 0; n < r.psnr.size(); ++n) {
      if (std::isnan(r.psnr[n])) continue;
      mean.psnr[n] += r.psnr[n];
      ++counted[n];
    }
  }
  for (size_t n = 0; n < mean.psnr.size(); ++n) mean.psnr[n] /= std::max(counted[n], 1);
  mean.used = steps.back().used;
  mean.zeros = steps.back().zeros;
  return mean;
}

void print_progress(const TrainingProgress& progress, const StepReport& report) {
  std::printf("%s step %lld loss %.3f psnr", bar_text(std::min(1.0, progress.spent / progress.of)).c_str(),
              static_cast<long long>(progress.step), report.loss);
  for (double v : report.psnr) std::printf(" %.2f", v);
  std::printf(" dB | %.0f bit/cell", report.bits);
  if (!report.used.empty()) std::printf(" | used");
  for (double v : report.used) std::printf(" %.0f%%", v * 100);
  if (!report.zeros.empty()) std::printf(" zero");
  for (double v : report.zeros) std::printf(" %.0f%%", v * 100);
  std::printf(" | %.1f crops/s ETA %s\n", progress.crops_per_second, clock_text(progress.of - progress.spent).c_str());
  std::fflush(stdout);
}

void append_csv(const std::string& path, const TrainingProgress& progress, const StepReport& report) {
  const bool fresh = !std::filesystem::exists(path);
  std::ofstream csv(path, std::ios::app);
  if (fresh) csv << "step,minutes,learning_rate,loss,commitment,bits_per_cell,psnr...,used...,zeros...\n";
  csv << progress.step << ',' << progress.spent / 60 << ',' << progress.learning_rate << ',' << report.loss << ','
      << report.commitment << ',' << report.bits;
  for (const auto* values : {&report.psnr, &report.used, &report.zeros}) {
    for (double v : *values) csv << ',' << v;
  }
  csv << '\n';
}

}  // namespace crlsc::tools
