// SPDX-License-Identifier: LGPL-2.1-or-later
// Sends a clip with one codec under one condition after the other and prints a line of JSON about each.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "call.h"
#include "core/error.h"
#include "core/model/model_file.h"
#include "core/model/registry.h"
#include "eval/y4m.h"
#include "judge.h"

using namespace crlsc;         // NOLINT: a program of one namespace
using namespace crlsc::bench;  // NOLINT

namespace {

struct Options {
  std::string clip;
  double seconds = 15;
  std::string codec = "crlsc";
  std::string protection = "none";
  bool way_back = false;
  std::vector<std::string> conditions;
  CodecSettings codec_settings;
  double burst_interval = 3;
  uint64_t seed = 1;
  std::string save;
  bool describe = false;
};

const std::map<std::string, Protection> kProtections{
    {"none", Protection::kNone}, {"ulpfec", Protection::kCorrection}, {"rtx", Protection::kRetransmission}};

// Encodes anew for each condition if what is lost decides what is sent, once otherwise.
class Encoding {
 public:
  Encoding(const Options& options, const Codec& codec, const Clip& clip)
      : options_(options), codec_(codec), clip_(clip) {}

  Source source() {
    if (options_.way_back || !sender_) sender_.emplace(codec_, kProtections.at(options_.protection), clip_);
    if (!options_.way_back) {
      return {[this](int i) { return recorded(i); }, [this] { return sender_->caps(); }, nullptr};
    }
    return {[this](int i) { return sender_->send(i); }, [this] { return sender_->caps(); },
            [this](Event event) { sender_->tell(std::move(event)); }};
  }

 private:
  const SentPicture& recorded(int index) {
    while (static_cast<int>(record_.size()) <= index)
      record_.push_back(sender_->send(static_cast<int>(record_.size())));
    return record_[static_cast<size_t>(index)];
  }

  const Options& options_;
  const Codec& codec_;
  const Clip& clip_;
  std::optional<Sender> sender_;
  std::vector<SentPicture> record_;
};

double kilobits(size_t bytes, double seconds) { return static_cast<double>(bytes) * 8 / 1000 / seconds; }

void add_traffic(const Traffic& t, double seconds, nlohmann::json& out) {
  const size_t headers = static_cast<size_t>(t.media_packets) * (kRtpHeader + kIpUdpHeaders);
  const size_t protection = t.protection_bytes + static_cast<size_t>(t.protection_packets) * kIpUdpHeaders;
  out["media_kbps"] = kilobits(t.media_bytes, seconds);
  out["header_kbps"] = kilobits(headers, seconds);
  out["protection_kbps"] = kilobits(protection, seconds);
  out["wire_kbps"] = kilobits(t.media_bytes + headers + protection, seconds);
}

void add_summary(const Summary& s, size_t bursts, const std::string& prefix, nlohmann::json& out) {
  out[prefix + "put_out"] = s.put_out;
  out[prefix + "shown"] = s.shown;
  out[prefix + "frozen_s"] = s.frozen_seconds;
  out[prefix + "longest_freeze_s"] = s.longest_freeze;
  out[prefix + "ssim"] = s.ssim;
  out[prefix + "psnr"] = s.psnr;
  out[prefix + "ssim_drop"] = s.ssim_drop;
  if (bursts == 0) return;
  out[prefix + "recovered"] = s.recovered;
  out[prefix + "recovery_mean_s"] = s.recovery_mean;
  out[prefix + "recovery_longest_s"] = s.recovery_longest;
}

void save(const std::string& path, const Clip& clip, const CallResult& result) {
  tools::Y4mWriter writer(path, clip[0].width(), clip[0].height(), clip.pictures_per_second());
  Picture screen(clip[0].width(), clip[0].height());
  for (const Picture& picture : result.pictures) {
    if (!picture.empty()) screen = picture;
    writer.write(screen.view());
  }
}

void print(const Options& options, const Clip& clip, const Condition& condition, const CallResult& result,
           const Timeline& timeline, const Timeline& lossless, bool own) {
  const double rate = clip.pictures_per_second();
  const double seconds = clip.count() / rate;
  nlohmann::json out{{"condition", condition.text},
                     {"pictures", clip.count()},
                     {"packets", result.packets},
                     {"lost", static_cast<double>(result.lost) / result.packets},
                     {"bursts", result.bursts.size()},
                     {"key_pictures", std::count(result.key.begin(), result.key.end(), true)},
                     {"key_requests_per_min", result.key_requests * 60 / seconds},
                     {"loss_reports_per_min", result.loss_reports * 60 / seconds}};
  add_traffic(result.traffic, seconds, out);
  add_summary(summarise(timeline, lossless, result.bursts, rate), result.bursts.size(), "", out);
  // CRLSC conceals, and has no need to wait for key pictures.
  if (!own) {
    const Timeline held = judge(clip, result, Damage::kHeld);
    add_summary(summarise(held, lossless, result.bursts, rate), result.bursts.size(), "held_", out);
  }
  std::printf("%s\n", out.dump().c_str());
  std::fflush(stdout);
  if (!options.save.empty()) save(options.save, clip, result);
}

void run(const Options& options) {
  const Codec codec = find_codec(options.codec, options.codec_settings);
  const Clip clip(options.clip, options.seconds);
  CallSettings settings;
  settings.protection = kProtections.at(options.protection);
  settings.burst_interval = static_cast<GstClockTime>(options.burst_interval * GST_SECOND);
  settings.seed = options.seed;
  Encoding encoding(options, codec, clip);
  std::vector<Condition> conditions;
  for (const std::string& text : options.conditions) conditions.push_back(Condition::parse(text));
  const Condition none = Condition::parse("loss:0");
  const CallResult lossless = Call(codec, clip, encoding.source(), none, settings).run();
  const Timeline reference = judge(clip, lossless, Damage::kShown);
  for (const Condition& condition : conditions) {
    if (condition.lossless()) {
      print(options, clip, condition, lossless, reference, reference, codec.own);
      continue;
    }
    const CallResult result = Call(codec, clip, encoding.source(), condition, settings).run();
    print(options, clip, condition, result, judge(clip, result, Damage::kShown), reference, codec.own);
  }
}

// What decides the figures beside clip and condition.
void describe(const Options& options) {
  const ModelFile model(find_model(options.codec_settings.model));
  nlohmann::json out{{"model", model.hash().substr(0, 16)},
                     {"mtu", kMtu},
                     {"round_trip_ms", kRoundTrip / GST_MSECOND},
                     {"key_interval_ms", kKeyInterval / GST_MSECOND},
                     {"retransmission_wait_ms", kRetransmissionWait / GST_MSECOND},
                     {"retransmission_tries", kRetransmissionTries},
                     {"quiet_start_ms", kQuietStart / GST_MSECOND},
                     {"correction", correction_line()},
                     {"gstreamer", std::to_string(GST_VERSION_MAJOR) + "." + std::to_string(GST_VERSION_MINOR)}};
  for (const std::string& name : codec_names()) {
    const Codec codec = find_codec(name, options.codec_settings);
    out["codecs"][name] = {{"sender", sender_line(codec)}, {"receiver", receiver_line(codec, Protection::kNone)}};
  }
  std::printf("%s\n", out.dump().c_str());
}

void add_options(CLI::App& app, Options& o) {
  app.add_option("--clip", o.clip, "YUV4MPEG2 file");
  app.add_option("--seconds", o.seconds, "Of the clip, from its start")->check(CLI::Range(1.0, 3600.0));
  app.add_option("--codec", o.codec)->check(CLI::IsMember(codec_names()));
  app.add_option("--protection", o.protection)->check(CLI::IsMember(kProtections));
  app.add_flag("--way-back", o.way_back, "The receiver may ask for something");
  app.add_option("--condition", o.conditions, "loss:0.05, bursts:3 or snr:10:rayleigh:drop; may be repeated");
  app.add_option("--bitrate", o.codec_settings.bitrate, "bit/s")->check(CLI::Range(1000, 10000000));
  app.add_option("--model", o.codec_settings.model, "Model file of CRLSC; default: searched on the model path");
  app.add_option("--burst-interval", o.burst_interval, "Seconds")->check(CLI::Range(1.0, 3600.0));
  app.add_option("--seed", o.seed, "Of the link");
  app.add_option("--save", o.save, "Write what was seen under the last condition to this .y4m");
  app.add_flag("--describe", o.describe, "Print the settings instead");
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Measures what losses do to a codec; see scripts/bench-loss");
  add_options(app, options);
  CLI11_PARSE(app, argc, argv);
  gst_init(nullptr, nullptr);
  try {
    if (options.describe) {
      describe(options);
    } else {
      run(options);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench-loss: %s\n", error.what());
    return 1;
  }
  return 0;
}
