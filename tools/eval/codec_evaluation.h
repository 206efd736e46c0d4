// SPDX-License-Identifier: LGPL-2.1-or-later
// Sends a video through encoder and decoders in one process and measures what arrives.
#pragma once

#include <cstdint>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "core/codec/decoder.h"
#include "core/codec/encoder.h"
#include "core/codec/scene_choice.h"
#include "eval/metrics.h"
#include "eval/video.h"
#include "stream_file.h"

namespace crlsc::tools {

struct EvaluationOptions {
  std::string input;
  std::string model;
  std::string save;                // decoded video, .y4m
  std::string stream;              // .crlsc
  std::string csv;                 // bytes, times and quality of each picture
  std::vector<std::string> scene;  // pictures that both ends have
  std::string knowledge_base;      // a file with such pictures, chosen from as crlscenc does
  int bitrate = 20000;
  double seconds = 0;  // 0 = whole video
  double refresh_share = EncoderConfig{}.refresh_share;
  double min_quantizer = 0;
  ResizeMode resize = ResizeMode::kAuto;
  bool post_filter = true;
  int threads = 0;
  bool by_layer = false;
  double loss = 0;      // probability that a picture gets lost
  double burst_at = 0;  // seconds; three pictures get lost from there on
  uint64_t seed = 1;
};

// One decoder and what came of it.
class Receiver {
 public:
  Receiver(std::string name, std::shared_ptr<const LoadedModel> model, const SequenceHeader& sequence,
           bool post_filter);
  // Decodes, or conceals if `arrived` is false, and compares with the original and with `reference` (may be null).
  // Returns the quality of this picture.
  Quality receive(const Bytes& access_unit, bool arrived, const PictureView& original, Decoder* reference);

  std::string name;
  Decoder decoder;
  QualityMean quality;                 // against the original
  std::vector<double> ssim_reference;  // of each picture against the reference decoder
  double decode_ms = 0;                // of the last picture
  int lost = 0;
};

class CodecEvaluation {
 public:
  explicit CodecEvaluation(const EvaluationOptions& options);
  ~CodecEvaluation();
  // Runs to the end and prints the table.
  void run();

 private:
  void share_scene();
  void share_knowledge(int width, int height);
  void step(const Picture& picture);
  bool arrives();
  void report() const;
  void report_loss(const Receiver& receiver) const;

  EvaluationOptions options_;
  std::shared_ptr<const LoadedModel> model_;
  std::unique_ptr<VideoReader> video_;
  double rate_;
  std::unique_ptr<Encoder> encoder_;
  std::optional<SceneFollower> follower_;
  std::vector<std::unique_ptr<Receiver>> receivers_;  // the first gets everything
  Receiver* lossy_ = nullptr;
  std::unique_ptr<Y4mWriter> writer_;
  std::unique_ptr<StreamWriter> stream_;
  std::ofstream csv_;
  std::mt19937_64 random_;
  std::vector<size_t> sizes_;
  int dropped_ = 0;
  int complete_ = 0;
  double encode_ms_ = 0;
  double decode_ms_ = 0;
};

// Most bits of any five seconds after the first second, by what the rate allows; 0 if there are no five seconds.
double worst_five_seconds(const std::vector<size_t>& bytes, double pictures_per_second, int bitrate);

}  // namespace crlsc::tools
