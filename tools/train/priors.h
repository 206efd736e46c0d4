// SPDX-License-Identifier: LGPL-2.1-or-later
// Fits a model's entropy tables, and what it predicts levels by, to what the codec really sends.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/model/registry.h"
#include "core/picture.h"
#include "core/token/token_coder.h"

namespace crlsc::tools {

struct PriorOptions {
  std::string model;
  std::string out;
  std::vector<std::string> data;     // pictures and videos, or folders of them
  std::vector<std::string> exclude;  // parts of paths never to be read
  std::vector<int> bitrates{8000, 20000, 50000};
  int short_side = 208;  // samples that videos are scaled to
  int pictures = 40;     // of each video
  int stills = 0;        // that are coded by themselves
  double rate = 10;      // pictures a second
  int threads = 0;
};

// Encodes the videos at each bit rate and writes `model` to `out` with tables that suit what was coded. Tables hold no
// weights, but they belong to the model's identity: its hash changes.
void train_priors(const PriorOptions& options);

// Encodes pictures, `rate` a second, and gives the tokens of each that is sent to `take`. Returns the bytes sent.
int64_t code_clip(const std::shared_ptr<const LoadedModel>& model, const std::vector<Picture>& pictures, int bitrate,
                  double rate, const std::function<void(const TokenGrid&)>& take);

// Writes `model` with `tables` in the place of its own and, unless it is empty, `prediction` in that of its weights of
// level prediction.
void save_tables(const std::string& path, const ModelFile& model, const std::vector<PriorCounter::Table>& tables,
                 const std::vector<int16_t>& prediction = {});

}  // namespace crlsc::tools
