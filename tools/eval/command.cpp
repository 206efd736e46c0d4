// SPDX-License-Identifier: LGPL-2.1-or-later
#include "command.h"

#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include "core/codec/decoder.h"
#include "core/error.h"
#include "core/model/registry.h"
#include "eval/channel_evaluation.h"
#include "eval/codec_evaluation.h"
#include "eval/still.h"
#include "eval/video.h"
#include "eval/video_evaluation.h"
#include "knowledge/evaluation.h"
#include "stream_file.h"

namespace crlsc::tools {
namespace {

struct StreamOptions {
  std::string stream;
  std::string model;
  std::string save;
  int threads = 0;
};

void decode_stream(const StreamOptions& o) {
  const auto model = acquire_model(find_model(o.model), o.threads);
  StreamReader stream(o.stream);
  Bytes access_unit;
  stream.read(access_unit);
  const SequenceHeader header = stream.head().sequence;
  Decoder decoder(model, header);
  decoder.set_post_filter(true);
  Y4mWriter writer(o.save, header.width, header.height,
                   header.framerate_num > 0 ? static_cast<double>(header.framerate_num) / header.framerate_den : 25);
  int pictures = 0;
  do {
    if (access_unit.empty()) {
      decoder.conceal();
    } else {
      decoder.decode(access_unit);
    }
    writer.write(decoder.picture());
    ++pictures;
  } while (stream.read(access_unit));
  std::printf("%d pictures decoded to %s\n", pictures, o.save.c_str());
}

void add_stream(CLI::App& eval) {
  CLI::App* stream = eval.add_subcommand("stream", "Decode a .crlsc file");
  auto o = std::make_shared<StreamOptions>();
  stream->add_option("stream", o->stream, ".crlsc file")->required();
  stream->add_option("--save", o->save, "Write the decoded video to this .y4m")->required();
  stream->add_option("--model", o->model, "Model file; default: searched on the model path");
  stream->add_option("--threads", o->threads, "Threads; 0 = one less than there are cores, 1 to 4");
  stream->callback([o] { decode_stream(*o); });
}

void add_video(CLI::App& eval) {
  CLI::App* video = eval.add_subcommand("video", "Compare a decoded video with its original");
  auto o = std::make_shared<VideoEvaluationOptions>();
  video->add_option("original", o->original, "Video")->required();
  video->add_option("decoded", o->decoded, "Video of the same size")->required();
  video->add_flag("--moving", o->moving, "Measure also what moves in front of a fixed camera");
  video->add_option("--classifier", o->classifiers,
                    "Image classifiers, TorchScript (tools/teacher): of how many pictures do they say the same?");
  video->add_option("--classify-every", o->classify_every, "Show them one of so many pictures")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000000));
  video->add_flag("--json", o->json, "Print one line of JSON");
  video->callback([o] { evaluate_video(*o); });
}

void add_codec(CLI::App& eval) {
  CLI::App* codec = eval.add_subcommand("codec", "Encode and decode a video, report rate and quality");
  auto o = std::make_shared<EvaluationOptions>();
  codec->add_option("input", o->input, "Video (.y4m is taken as it is)")->required();
  codec->add_option("--model", o->model, "Model file; default: searched on the model path");
  codec->add_option("--bitrate", o->bitrate, "bit/s")->capture_default_str()->check(CLI::Range(1000, 10000000));
  codec->add_option("--seconds", o->seconds, "Stop after this many seconds; 0 = whole video")
      ->check(CLI::Range(0.0, 1e9));
  codec->add_option("--min-quantizer", o->min_quantizer, "Finest step that bits are spent on, as of crlscenc; 0 = any")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  codec->add_option("--refresh-share", o->refresh_share, "Share of the rate for refreshed cells")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  static const std::map<std::string, ResizeMode> kResizeModes{
      {"none", ResizeMode::kNone}, {"half", ResizeMode::kHalf}, {"auto", ResizeMode::kAuto}};
  codec
      ->add_option("--resize-mode", o->resize,
                   "Code pictures at half width and height: none, half, or auto, as crlscenc")
      ->transform(CLI::CheckedTransformer(kResizeModes));
  codec->add_flag("!--no-post-filter", o->post_filter, "Measure pictures as they were decoded, before the post-filter");
  codec->add_option("--loss", o->loss, "Probability that a picture is lost")->check(CLI::Range(0.0, 0.95));
  codec->add_option("--burst-at", o->burst_at, "Lose three pictures at this second");
  codec->add_option("--seed", o->seed, "Seed of the losses")->capture_default_str();
  codec->add_option("--save", o->save, "Write the decoded video to this .y4m");
  codec->add_option("--stream", o->stream, "Write the stream to this .crlsc file");
  codec->add_option("--csv", o->csv, "Write one line for each picture to this file");
  codec->add_option("--threads", o->threads, "Threads; 0 = one less than there are cores, 1 to 4");
  CLI::Option* scene =
      codec
          ->add_option("--scene", o->scene,
                       "Pictures of the scene that both ends have, at most 4 files of the video's size")
          ->expected(1, 4);
  codec->add_option("--knowledge-base", o->knowledge_base, "Choose such pictures from this file, as crlscenc does")
      ->excludes(scene);
  codec->add_flag("--by-layer", o->by_layer, "Also decode with the first layers only");
  codec->callback([o] { CodecEvaluation(*o).run(); });
}

void add_stills(CLI::App& eval) {
  CLI::App* stills = eval.add_subcommand("stills", "Send single pictures, report rate and quality");
  auto o = std::make_shared<StillsOptions>();
  stills->add_option("--model", o->model, "Model file; default: searched on the model path");
  stills->add_option("--images", o->images, "Folders of pictures")->required();
  stills->add_option("--bytes", o->bytes, "Most bytes of a picture")->capture_default_str();
  stills->add_option("--side", o->side, "Side of the square that pictures are stretched to, samples")
      ->capture_default_str()
      ->check(CLI::Range(16, 1088));
  stills->add_option("--pictures", o->most, "Pictures at most, spread evenly; 0 = all");
  stills->add_option("--sheet", o->sheet, "Write decoded pictures above their originals to this picture file");
  stills->add_option("--csv", o->csv, "Table to add a line to");
  stills->add_option("--threads", o->threads, "Threads; 0 = one less than there are cores, 1 to 4");
  stills->callback([o] { evaluate_stills(*o); });
}

void add_channel(CLI::App& eval) {
  CLI::App* channel = eval.add_subcommand("channel", "Send meaning and pictures through noise and fading");
  auto o = std::make_shared<ChannelEvaluationOptions>();
  channel->add_option("--model", o->model, "Model with a semantic head; default: searched on the model path");
  channel->add_option("--skb", o->skb, "Shared knowledge base: its codebooks")->required();
  channel->add_option("--train", o->train, "Folders of labelled pictures that the receiver knows")->required();
  channel->add_option("--test", o->test, "Folders of labelled pictures to send")->required();
  channel->add_option("--snr", o->snr, "Es/N0, dB; default: 0 5 10 15 20");
  channel->add_option("--protection-gain", o->protection_gain, "Energy of the protected semantic layer, dB")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 30.0));
  channel->add_option("--bytes", o->bytes, "Most bytes of a picture")->capture_default_str();
  channel->add_option("--side", o->side, "Side of the square that pictures are stretched to, samples")
      ->capture_default_str()
      ->check(CLI::Range(16, 1088));
  channel->add_option("--pictures", o->most, "Pictures at most, spread evenly; 0 = all");
  channel->add_option("-k,--neighbours", o->k, "Neighbours that vote")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  channel->add_option("--csv", o->csv, "Table to add lines to");
  channel->add_option("--seed", o->seed, "Seed of the noise")->capture_default_str();
  channel->add_option("--threads", o->threads, "Threads; 0 = one less than there are cores, 1 to 4");
  channel->callback([o] { evaluate_channel(*o); });
}

}  // namespace

void add_eval_command(CLI::App& app) {
  CLI::App* eval = app.add_subcommand("eval", "Measure rate and quality");
  eval->require_subcommand(1);
  add_codec(*eval);
  add_stream(*eval);
  add_video(*eval);
  add_stills(*eval);
  add_channel(*eval);
  add_eval_knowledge_command(*eval);
}

}  // namespace crlsc::tools
