// SPDX-License-Identifier: LGPL-2.1-or-later
// Single pictures through the codec, each a key picture, and sheets to look at.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/bitstream/sequence_header.h"
#include "core/model/registry.h"
#include "core/picture.h"

namespace crlsc::tools {

class StillCodec {
 public:
  // For pictures of `side` x `side`.
  StillCodec(std::shared_ptr<const LoadedModel> model, int side);

  // An access unit of at most `most_bytes`, headers included, as near to that as bit rates allow. Throws
  // Error(kSettings) if no picture fits.
  Bytes encode(const PictureView& picture, size_t most_bytes) const;
  // What a decoder shows that gets this and nothing before; grey if nothing of it can be decoded.
  Picture decode(ByteView access_unit) const;

 private:
  std::shared_ptr<const LoadedModel> model_;
  int side_;
};

// Writes a picture file with these pictures, all of one size, `columns` in a row: odd rows are decoded, each even row
// holds the originals of the one above it, as in the figures of the CRLSC paper. Throws Error(kWrite).
void write_pairs(const std::string& path, const std::vector<Picture>& decoded, const std::vector<Picture>& originals,
                 size_t columns);

struct StillsOptions {
  std::string model;
  std::vector<std::string> images;
  size_t bytes = 162;  // of a picture, at most
  int side = 96;       // pictures are stretched to this square
  size_t most = 0;     // pictures, spread evenly; 0: all
  std::string sheet;   // of the first 32
  std::string csv;     // a line is added
  int threads = 0;
};

// `crlsc eval stills`: rate and quality of the codec on single pictures.
void evaluate_stills(const StillsOptions& options);

// Pictures of `folders`, stretched to `side` x `side`: at most `most` of them, spread evenly; 0: all.
std::vector<Picture> read_squares(const std::vector<std::string>& folders, int side, size_t most);

// Adds a line to a table of how well single pictures were decoded, with its heading if the file is new. Throws
// Error(kWrite).
struct StillsResult {
  std::string coder;
  int64_t steps = 0;  // of training
  size_t pictures = 0;
  double bytes = 0;  // mean
  double psnr = 0;
  double ssim = 0;
  double ms_ssim = 0;
};
void add_stills_result(const std::string& csv, const StillsResult& result);

}  // namespace crlsc::tools
