// SPDX-License-Identifier: LGPL-2.1-or-later
#include "command.h"

#include <chrono>
#include <cstdio>
#include <memory>
#include <opencv2/imgproc.hpp>
#include <string>
#include <vector>

#include "core/codec/decoder.h"
#include "core/codec/encoder.h"
#include "core/error.h"
#include "core/model/registry.h"
#include "eval/metrics.h"
#include "eval/video.h"

namespace crlsc::tools {
namespace {

struct EvalOptions {
  std::string input;
  std::string model;
  std::string save;
  std::string stream;
  int bitrate = 20000;
  double seconds = 0;
  double refresh_share = 0.1;
  int threads = 0;
  bool by_layer = false;
};

double now_ms() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Totals {
  QualityMean quality;
  int64_t bytes = 0;
  int pictures = 0;
  int dropped = 0;
  int complete = 0;
  double encode_ms = 0;
  double decode_ms = 0;
  double worst_window = 0;  // most bits of any five seconds after the first, by the rate
};

void print_totals(const char* name, const Totals& t, double rate) {
  const Quality q = t.quality.mean();
  std::printf("%-10s %7.2f kbit/s  PSNR-Y %6.2f dB  SSIM %.4f  MS-SSIM %.4f  GMSD %.4f\n", name,
              static_cast<double>(t.bytes) * 8 * rate / std::max(t.pictures, 1) / 1000, q.psnr, q.ssim, q.ms_ssim, q.gmsd);
}

double worst_window(const std::vector<size_t>& bytes, double rate, int bitrate) {
  const auto window = static_cast<size_t>(5 * rate);
  const auto start = static_cast<size_t>(rate);
  double worst = 0;
  for (size_t i = start; i + window <= bytes.size(); ++i) {
    double sum = 0;
    for (size_t k = i; k < i + window; ++k) sum += static_cast<double>(bytes[k]) * 8;
    worst = std::max(worst, sum / (5.0 * bitrate));
  }
  return worst;
}

void eval_codec(const EvalOptions& o) {
  const auto model = acquire_model(find_model(o.model), o.threads);
  auto video = VideoReader::open(o.input);
  const double rate = video->frames_per_second();
  Picture picture;
  if (!video->read(picture)) throw Error(ErrorKind::kRead, "\"" + o.input + "\" holds no picture");
  EncoderConfig config;
  config.sequence.width = picture.width();
  config.sequence.height = picture.height();
  config.sequence.framerate_num = static_cast<uint32_t>(rate * 1000 + 0.5);
  config.sequence.framerate_den = 1000;
  config.bitrate = o.bitrate;
  config.refresh_share = o.refresh_share;
  Encoder encoder(model, config);
  Decoder decoder(model, encoder.sequence_header());
  // Further decoders see the first layers only; each keeps its own references.
  std::vector<std::unique_ptr<Decoder>> limited;
  for (int n = 1; o.by_layer && n < model->file.layout().layers(); ++n) {
    limited.push_back(std::make_unique<Decoder>(model, encoder.sequence_header()));
    limited.back()->set_max_layers(n);
  }
  std::vector<QualityMean> by_layer(limited.size());
  std::unique_ptr<Y4mWriter> writer;
  if (!o.save.empty()) writer = std::make_unique<Y4mWriter>(o.save, picture.width(), picture.height(), rate);
  std::unique_ptr<FILE, int (*)(FILE*)> stream(o.stream.empty() ? nullptr : std::fopen(o.stream.c_str(), "wb"), std::fclose);
  Totals t;
  std::vector<size_t> sizes;
  do {
    const double start = now_ms();
    const EncodedPicture coded = encoder.encode(picture.view(), t.pictures == 0 ? 0 : 1 / rate, false);
    const double middle = now_ms();
    if (!coded.bytes.empty()) decoder.decode(coded.bytes);
    t.decode_ms += now_ms() - middle;
    t.encode_ms += middle - start;
    for (size_t n = 0; n < limited.size(); ++n) {
      if (!coded.bytes.empty()) limited[n]->decode(coded.bytes);
      by_layer[n].add(compare(picture.view(), limited[n]->picture()));
    }
    t.quality.add(compare(picture.view(), decoder.picture()));
    t.bytes += static_cast<int64_t>(coded.bytes.size());
    t.dropped += coded.bytes.empty() ? 1 : 0;
    t.complete += coded.complete ? 1 : 0;
    sizes.push_back(coded.bytes.size());
    if (writer) writer->write(decoder.picture());
    if (stream) std::fwrite(coded.bytes.data(), 1, coded.bytes.size(), stream.get());
    ++t.pictures;
  } while ((o.seconds <= 0 || t.pictures < o.seconds * rate) && video->read(picture));
  for (size_t n = 0; n < limited.size(); ++n) {
    Totals partial = t;
    partial.quality = by_layer[n];
    print_totals((std::to_string(n + 1) + " layers").c_str(), partial, rate);
  }
  print_totals("all", t, rate);
  std::printf("%d pictures, %d dropped, %d with every token; first picture %zu bytes; worst 5 s at %.3f of the rate; "
              "encode %.1f ms, decode %.1f ms a picture; %s\n",
              t.pictures, t.dropped, t.complete, sizes[0], worst_window(sizes, rate, o.bitrate),
              t.encode_ms / t.pictures, t.decode_ms / t.pictures, to_hex(model->file.id()).c_str());
}

void eval_video(const std::string& original, const std::string& decoded) {
  auto a = VideoReader::open(original);
  auto b = VideoReader::open(decoded);
  Picture pa, pb;
  Totals t;
  // A picture that is missing at the end counts as the last one shown.
  while (a->read(pa)) {
    b->read(pb);
    if (pb.width() != pa.width() || pb.height() != pa.height()) {
      throw Error(ErrorKind::kSettings, "\"" + decoded + "\" has another size than \"" + original + "\"");
    }
    t.quality.add(compare(pa.view(), pb.view()));
    ++t.pictures;
  }
  const Quality q = t.quality.mean();
  std::printf("%d pictures  PSNR-Y %.2f dB  SSIM %.4f  MS-SSIM %.4f  GMSD %.4f\n", t.pictures, q.psnr, q.ssim, q.ms_ssim,
              q.gmsd);
}

}  // namespace

void add_eval_command(CLI::App& app) {
  CLI::App* eval = app.add_subcommand("eval", "Measure rate and quality");
  eval->require_subcommand(1);
  CLI::App* codec = eval->add_subcommand("codec", "Encode and decode a video, report rate and quality");
  auto o = std::make_shared<EvalOptions>();
  codec->add_option("input", o->input, "Video (.y4m is taken as it is)")->required();
  codec->add_option("--model", o->model, "Model file; default: searched on the model path");
  codec->add_option("--bitrate", o->bitrate, "bit/s")->capture_default_str()->check(CLI::Range(1000, 10000000));
  codec->add_option("--seconds", o->seconds, "Stop after this many seconds; 0 = whole video");
  codec->add_option("--refresh-share", o->refresh_share, "Share of the rate for refreshed cells")->capture_default_str();
  codec->add_option("--save", o->save, "Write the decoded video to this .y4m");
  codec->add_option("--stream", o->stream, "Write the access units to this file");
  codec->add_option("--threads", o->threads, "Threads; 0 = all cores");
  codec->add_flag("--by-layer", o->by_layer, "Also decode with the first layers only");
  codec->callback([o] { eval_codec(*o); });
  CLI::App* video = eval->add_subcommand("video", "Compare a decoded video with its original");
  auto paths = std::make_shared<std::pair<std::string, std::string>>();
  video->add_option("original", paths->first)->required();
  video->add_option("decoded", paths->second)->required();
  video->callback([paths] { eval_video(paths->first, paths->second); });
}

}  // namespace crlsc::tools
