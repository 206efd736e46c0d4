// SPDX-License-Identifier: LGPL-2.1-or-later
#include "train/sheet.h"

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

namespace crlsc::tools {

void write_sheet(const std::string& path, const std::vector<std::unique_ptr<Sample>>& samples) {
  std::vector<cv::Mat> rows;
  for (size_t i = 0; i < samples.size() && i < 8; ++i) {
    std::vector<cv::Mat> row{to_bgr(samples[i]->current), to_bgr(samples[i]->decoder_prediction),
                             to_bgr(samples[i]->reference())};
    cv::Mat joined;
    cv::hconcat(row, joined);
    rows.push_back(joined);
  }
  cv::Mat left;
  cv::Mat right;
  cv::vconcat(std::vector<cv::Mat>(rows.begin(), rows.begin() + static_cast<int>(rows.size() / 2)), left);
  cv::vconcat(std::vector<cv::Mat>(rows.begin() + static_cast<int>(rows.size() / 2),
                                   rows.begin() + static_cast<int>(rows.size() / 2 * 2)),
              right);
  cv::Mat sheet;
  cv::hconcat(left, right, sheet);
  cv::resize(sheet, sheet, {}, 2, 2, cv::INTER_NEAREST);
  cv::imwrite(path, sheet);
}

}  // namespace crlsc::tools
