// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/picture_median.h"

#include <algorithm>
#include <cstring>

namespace crlsc {
namespace {

constexpr double kTolerance = 0.05;  // of the distance: cameras are not punctual

Picture copy_of(const PictureView& view) {
  Picture out(view.width(), view.height());
  for (int p = 0; p < 3; ++p) {
    const PlaneView& from = view.planes[static_cast<size_t>(p)];
    for (int y = 0; y < from.height; ++y) {
      std::memcpy(out.plane(p) + static_cast<ptrdiff_t>(y) * from.width, from.data + y * from.stride,
                  static_cast<size_t>(from.width));
    }
  }
  return out;
}

// Bit by bit from the greatest: the greatest value that half of the samples reach. Unlike sorting, this is done for
// many places at once. `counts` has `size` places.
void median_of(const std::vector<const uint8_t*>& samples, size_t size, uint8_t* counts, uint8_t* out) {
  const auto half = static_cast<uint8_t>((samples.size() + 1) / 2);
  std::fill_n(out, size, uint8_t{0});
  for (unsigned bit = 0x80; bit != 0; bit >>= 1) {
    std::fill_n(counts, size, uint8_t{0});
    for (const uint8_t* s : samples) {
      for (size_t i = 0; i < size; ++i) counts[i] = static_cast<uint8_t>(counts[i] + (s[i] >= (out[i] | bit) ? 1 : 0));
    }
    for (size_t i = 0; i < size; ++i) out[i] = static_cast<uint8_t>(out[i] | (counts[i] >= half ? bit : 0));
  }
}

}  // namespace

void PictureMedian::add(const PictureView& picture, double time) {
  end_ = time;
  if (pictures_.empty()) {
    begin_ = time;
  } else if (time - kept_ < (1 - kTolerance) * distance_) {
    return;
  }
  pictures_.push_back(copy_of(picture));
  kept_ = time;
  const size_t room = kMostBytes / pictures_[0].data().size();
  if (pictures_.size() > std::clamp(room, kFewestPictures, kMostPictures)) thin();
}

void PictureMedian::thin() {
  size_t kept = 0;
  for (size_t i = 0; i < pictures_.size(); i += 2, ++kept) {
    if (i != kept) pictures_[kept] = std::move(pictures_[i]);
  }
  if (pictures_.size() % 2 == 0) kept_ -= distance_;
  pictures_.resize(kept);
  distance_ *= 2;
}

void PictureMedian::clear() {
  pictures_.clear();
  distance_ = kDistance;
}

Picture PictureMedian::median() const {
  constexpr size_t kPiece = 4096;  // samples, so that a piece of all pictures stays in the cache
  Picture out(pictures_[0].width(), pictures_[0].height());
  const size_t size = out.data().size();
  std::vector<uint8_t> counts(kPiece);
  std::vector<const uint8_t*> samples(pictures_.size());
  for (size_t at = 0; at < size; at += kPiece) {
    for (size_t i = 0; i < samples.size(); ++i) samples[i] = pictures_[i].data().data() + at;
    median_of(samples, std::min(kPiece, size - at), counts.data(), out.plane(0) + at);
  }
  return out;
}

}  // namespace crlsc
