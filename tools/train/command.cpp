// SPDX-License-Identifier: LGPL-2.1-or-later
#include "command.h"

#include <ATen/Parallel.h>

#include <cstdio>
#include <map>
#include <memory>
#include <opencv2/core.hpp>

#include "core/error.h"
#include "core/kb/product_quantiser.h"
#include "core/model/registry.h"
#include "knowledge/evaluation.h"
#include "train/codec_trainer.h"
#include "train/decoder_trainer.h"
#include "train/encoder_trainer.h"
#include "train/post_filter_trainer.h"
#include "train/priors.h"

namespace crlsc::tools {
namespace {

// As a validator whose help says no more than the option's.
CLI::Validator size_names() {
  static const std::map<std::string, neural::NetSize> kSizes{{"s", neural::NetSize::kS}, {"xs", neural::NetSize::kXs}};
  return CLI::CheckedTransformer(kSizes).description("{s,xs}");
}

// What codec and post-filter learn from.
struct MaterialOptions {
  std::vector<std::string> data;     // folders and files
  std::vector<std::string> exclude;  // parts of paths never to be read

  void add_to(CLI::App& command) {
    command.add_option("--data", data, "Folders or files of pictures and videos")->required();
    command.add_option("--exclude", exclude, "Leave out paths that contain this text");
  }
  Material load() const {
    constexpr int kMaxSide = 288;  // of the short side
    constexpr int kMaxFrames = 400;
    return Material::load(data, exclude, kMaxSide, kMaxFrames);
  }
};

void train_codec(const TrainOptions& options, const MaterialOptions& from, int threads) {
  if (threads > 0) at::set_num_threads(threads);
  cv::setNumThreads(1);
  const Material material = from.load();
  std::printf("%zu stills, %zu clips\n", material.stills.size(), material.clips.size());
  CodecTrainer(options, material).run();
}

void add_priors_command(CLI::App& train) {
  CLI::App* priors = train.add_subcommand("priors", "Fit a model's entropy tables to what it codes");
  auto o = std::make_shared<PriorOptions>();
  priors->add_option("--model", o->model, "Model file; default: searched on the model path");
  priors->add_option("--data", o->data, "Videos and pictures, or folders of them")->required();
  priors->add_option("--exclude", o->exclude, "Leave out paths that contain this text");
  priors->add_option("--out", o->out, "Model file to write")->required();
  priors->add_option("--bitrates", o->bitrates, "bit/s, one pass for each")->capture_default_str();
  priors->add_option("--pictures", o->pictures, "Pictures of each video")->capture_default_str();
  priors->add_option("--stills", o->stills, "Pictures that are coded by themselves")->capture_default_str();
  priors->add_option("--threads", o->threads, "Threads; 0 = one less than there are cores, 1 to 4");
  priors->callback([o] { train_priors(*o); });
}

void add_encoder_command(CLI::App& train) {
  CLI::App* encoder =
      train.add_subcommand("encoder", "Train a model's semantic head under a knowledge base's guidance");
  auto o = std::make_shared<EncoderTrainOptions>();
  const std::map<std::string, EncoderMode> modes{{"guided", EncoderMode::kGuided},
                                                 {"contrastive", EncoderMode::kContrastive},
                                                 {"supervised", EncoderMode::kSupervised}};
  encoder
      ->add_option("--mode", o->material.mode,
                   "guided by a knowledge base (default), or to compare with: contrastive "
                   "between views of the pictures, supervised by the names of sub-folders")
      ->transform(CLI::CheckedTransformer(modes))
      ->type_name("TEXT");
  encoder->add_option("--skb", o->material.skb, "Shared knowledge base that guides");
  encoder->add_option("--dim", o->material.dimension, "Numbers of a vector, without a knowledge base")
      ->capture_default_str()
      ->check(CLI::Range(1, kMaxVectorDimension));
  encoder
      ->add_option("--label-share", o->material.label_share, "Share of each label's pictures that supervised may use")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  encoder->add_option("--images", o->material.images, "Folders of pictures")->required();
  encoder->add_option("--teacher", o->material.teacher,
                      "The knowledge base's teacher; without it only pictures that it has entries of teach");
  encoder->add_option("--cache", o->material.cache, "File of the teacher's vectors; default: SKB.cache");
  encoder->add_option("--augmentations", o->material.augmentations, "Crops of each picture that the teacher looks at")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  encoder
      ->add_option("--least-crop", o->material.least_crop,
                   "Least side of the random parts of these that are learnt from; long trainings gain by 0.8")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 1.0));
  encoder
      ->add_option("--mix", o->mix,
                   "Share of the samples that get a part of another picture; long trainings gain by 0.5")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  encoder->add_option("--model", o->model, "Model to put the head into; default: searched on the model path");
  encoder->add_option("--out", o->out, "Folder for checkpoint, log and model")->capture_default_str();
  encoder->add_option("--license", o->license, "Licence that the model file names for the head")->capture_default_str();
  encoder->add_option("--minutes", o->minutes, "Minutes of training in all; 0 = until the steps are done")
      ->capture_default_str();
  encoder->add_option("--steps", o->steps, "Stop after this many steps; 0 = when the minutes are over");
  encoder->add_option("--checkpoint-minutes", o->checkpoint_minutes, "Minutes between checkpoints")
      ->capture_default_str();
  encoder->add_option("--batch", o->batch, "Pictures of a step")->capture_default_str()->check(CLI::Range(2, 1024));
  encoder->add_option("--bank", o->bank, "Entries of the knowledge base that each step compares with")
      ->capture_default_str();
  encoder->add_option("--learning-rate", o->learning_rate, "Highest learning rate")->capture_default_str();
  encoder->add_option("--crop-seed", o->material.crop_seed, "Seed of the teacher's crops, whose vectors are kept")
      ->capture_default_str();
  encoder->add_option("--seed", o->material.seed, "Seed of everything random")->capture_default_str();
  encoder->add_option("--threads", o->material.threads, "Threads; 0 = all cores");
  encoder->add_flag("--resume", o->resume, "Go on from the checkpoint in --out");
  encoder->callback([o] {
    if (o->material.mode == EncoderMode::kGuided && o->material.skb.empty()) {
      throw Error(ErrorKind::kSettings, "give the knowledge base that guides with --skb");
    }
    if (o->material.threads > 0) at::set_num_threads(o->material.threads);
    cv::setNumThreads(1);
    o->model = find_model(o->model);
    const EncoderMaterial material = EncoderMaterial::load(o->material);
    EncoderTrainer(*o, material).run();
  });
}

void add_decoder_command(CLI::App& train) {
  CLI::App* decoder = train.add_subcommand("decoder", "Train a VQ-VAE's decoder on top of a semantic head");
  auto o = std::make_shared<DecoderTrainOptions>();
  const std::map<std::string, bool> modes{{"frozen", true}, {"joint", false}};
  decoder->add_option("--mode", o->frozen, "frozen: the head stays as it is (default); joint: its trunk learns, too")
      ->transform(CLI::CheckedTransformer(modes))
      ->type_name("TEXT");
  decoder->add_option("--model", o->model, "Model with a semantic head; default: searched on the model path");
  decoder->add_option("--images", o->images, "Folders of pictures")->required();
  decoder->add_option("--test", o->test, "Folders of pictures to measure with")->required();
  decoder->add_option("--test-pictures", o->test_pictures, "Of these at most, spread evenly; 0 = all");
  decoder->add_option("--out", o->out, "Folder for checkpoint, network, table and sheet")->capture_default_str();
  decoder->add_option("--steps", o->steps, "Steps of training")->capture_default_str()->check(CLI::Range(1, 10000000));
  decoder->add_option("--batch", o->batch, "Pictures of a step")->capture_default_str()->check(CLI::Range(4, 1024));
  decoder->add_option("--learning-rate", o->learning_rate, "Highest learning rate")->capture_default_str();
  decoder->add_option("--checkpoint-minutes", o->checkpoint_minutes, "Minutes between checkpoints")
      ->capture_default_str();
  decoder->add_option("--seed", o->seed, "Seed of everything random")->capture_default_str();
  decoder->add_option("--threads", o->threads, "Threads; 0 = all cores");
  decoder->add_flag("--resume", o->resume, "Go on from the checkpoint in --out");
  decoder->callback([o] {
    if (o->threads > 0) at::set_num_threads(o->threads);
    cv::setNumThreads(1);
    o->model = find_model(o->model);
    DecoderTrainer(*o).run();
  });
}

void add_post_filter_command(CLI::App& train) {
  CLI::App* filter = train.add_subcommand("post-filter", "Train a model's post-filter on what its codec draws");
  auto o = std::make_shared<PostFilterTrainOptions>();
  auto material = std::make_shared<MaterialOptions>();
  filter->add_option("--model", o->model, "Model to put the filter into; default: searched on the model path");
  filter->add_option("--size", o->size, "Size of the post-filter, if the model has none yet: s (default) or xs")
      ->transform(size_names());
  material->add_to(*filter);
  filter->add_option("--out", o->out, "Folder for checkpoint, log and model")->capture_default_str();
  filter->add_option("--minutes", o->minutes, "Minutes of training in all")->capture_default_str();
  filter->add_option("--checkpoint-minutes", o->checkpoint_minutes, "Minutes between checkpoints")
      ->capture_default_str();
  filter->add_option("--half-share", o->half_share, "Share of sequences that are coded at half size")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  filter->add_option("--batch", o->batch, "Crops of a step")->capture_default_str()->check(CLI::Range(1, 512));
  filter->add_option("--learning-rate", o->learning_rate, "Highest learning rate")->capture_default_str();
  filter->add_option("--seed", o->seed, "Seed of everything random")->capture_default_str();
  filter->add_option("--threads", o->threads, "Threads; 0 = one less than there are cores, 1 to 4");
  filter->add_flag("--resume", o->resume, "Go on from the checkpoint in --out");
  filter->callback([o, material] {
    cv::setNumThreads(1);
    o->model = find_model(o->model);
    const Material loaded = material->load();
    PostFilterTrainer(*o, loaded).run();
  });
}

}  // namespace

void add_train_command(CLI::App& app) {
  CLI::App* train = app.add_subcommand("train", "Train networks");
  train->require_subcommand(1);
  CLI::App* codec = train->add_subcommand("codec", "Train the codec's VQ-VAE from pictures and videos");
  auto o = std::make_shared<TrainOptions>();
  auto threads = std::make_shared<int>(0);
  auto material = std::make_shared<MaterialOptions>();
  material->add_to(*codec);
  codec->add_option("--from", o->from, "Model to start from, as --model elsewhere; its codebooks are made anew");
  codec
      ->add_option(
          "--size", o->size,
          "Size of the network: s, as the default model's, or xs, about half as wide; of --from it takes the parts "
          "that have the same size. Default: that of --from, or s")
      ->transform(size_names());
  codec->add_flag("--scalar,!--vector", o->scalar, "Scalar quantiser (default) or vector quantiser of a new network");
  codec->add_option("--out", o->out, "Folder for checkpoint, log, sheets and model")->capture_default_str();
  codec->add_option("--license", o->license, "Licence that the model file names")->capture_default_str();
  codec->add_option("--minutes", o->minutes, "Minutes of training in all")->capture_default_str();
  codec->add_option("--checkpoint-minutes", o->checkpoint_minutes, "Minutes between checkpoints")
      ->capture_default_str();
  codec->add_option("--crop", o->crop, "Side of training crops, samples (multiple of 16)")
      ->capture_default_str()
      ->check(CLI::Range(64, 512));
  codec->add_option("--batch", o->batch, "Sequences trained side by side")
      ->capture_default_str()
      ->check(CLI::Range(1, 512));
  codec->add_option("--learning-rate", o->learning_rate, "Highest learning rate")->capture_default_str();
  codec->add_option("--structure-weight", o->structure_weight, "Weight of 1 - SSIM beside the squared error")
      ->capture_default_str();
  codec->add_option("--loss-share", o->loss_share, "Share of sequences that lose units")->capture_default_str();
  codec->add_option("--knowledge-share", o->knowledge_share, "Share of sequences with a reference picture")
      ->capture_default_str();
  codec->add_flag("--keep-transform", o->keep_transform, "Leave the details' linear transform as --from has it");
  codec->add_option("--seed", o->seed, "Seed of everything random")->capture_default_str();
  codec->add_option("--overfit", o->overfit, "Train on the first N sequences only, to find mistakes");
  codec->add_option("--threads", *threads, "Threads; 0 = all cores");
  codec->add_flag("--resume", o->resume, "Go on from the checkpoint in --out");
  add_priors_command(*train);
  add_encoder_command(*train);
  add_train_head_command(*train);
  add_decoder_command(*train);
  add_post_filter_command(*train);
  codec->callback([o, material, threads] {
    if (!o->from.empty()) o->from = find_model(o->from);
    train_codec(*o, *material, *threads);
  });
}

}  // namespace crlsc::tools
