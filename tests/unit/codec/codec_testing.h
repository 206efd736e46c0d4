// SPDX-License-Identifier: LGPL-2.1-or-later
// Moving pictures made of integers, coded with the reference backend.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/bitstream/unit.h"
#include "core/codec/decoder.h"
#include "core/codec/encoder.h"
#include "core/error.h"

namespace crlsc {

using TestModel = std::shared_ptr<const LoadedModel>;

// The model of the integer backend, one of the same sizes but another id, one with a scalar quantiser, one that has
// split cells and predicted levels, too, and one that smoothes edges besides.
TestModel test_model();
TestModel other_model();
TestModel scalar_model();
TestModel full_model();
TestModel deblocking_model();
TestModel post_filter_model();                   // as deblocking_model(), with a post-filter that adds 5 to luma
TestModel model_named(const std::string& name);  // "vector" (test_model()), "scalar", "full",
                                                 // "deblocking"

// A clip whose pictures are the same on every machine.
struct Clip {
  enum class Kind {
    kStill,  // nothing ever changes
    kBlock,  // a textured block wanders over a still scene
    kPan,    // the whole scene moves
    kNoise,  // every sample changes in every picture
    kCuts,   // another scene every twelve pictures, with a wandering block
  };
  Kind kind = Kind::kBlock;
  int width = 160;
  int height = 112;
  uint32_t seed = 1;

  Picture picture(int number) const;
};
Clip::Kind kind_named(const std::string& name);  // "still", "block", "pan", "noise", "cuts"

// Samples that have nothing to do with each other; `extreme` ones are 0 or 255.
Picture random_picture(int width, int height, uint32_t seed, bool extreme = false);

EncoderConfig config_for(const Clip& clip, int bitrate, int frames_per_second = 10);

// Encodes pictures 0..count - 1 at even times and shows each result together with its number.
using OnPicture = std::function<void(int number, const EncodedPicture& coded, const Encoder& encoder)>;
void encode_clip(const Clip& clip, const EncoderConfig& config, int count, const OnPicture& on_picture,
                 const TestModel& model = test_model());
// Access units of a clip; empty where a picture was dropped.
std::vector<Bytes> encode_clip(const Clip& clip, const EncoderConfig& config, int count,
                               const TestModel& model = test_model());

// The samples shown, plane after plane.
Bytes samples(const PictureView& view);
double psnr(const PictureView& a, const PictureView& b);  // luma, dB, at most 99
double ssim(const PictureView& a, const PictureView& b);  // luma, mean over 8x8 blocks

// The units of an access unit, one by one, and an access unit of those for which bit i of `chosen` is set.
std::vector<Bytes> split_units(const Bytes& access_unit);
Bytes join_units(const std::vector<Bytes>& units, unsigned chosen = ~0U);

// The largest ratio of what 5 s may hold after the first second: sizes in bits of pictures at even times.
double worst_window(const std::vector<int64_t>& bits, double frames_per_second, double rate);

// The kind of Error that `fn` throws, or nothing.
template <class Function>
std::optional<ErrorKind> error_of(Function&& fn) {
  try {
    fn();
  } catch (const Error& e) {
    return e.kind();
  }
  return std::nullopt;
}

}  // namespace crlsc
