// SPDX-License-Identifier: LGPL-2.1-or-later
// `crlsc adapt`.
#include "command.h"

#include <ATen/Parallel.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <opencv2/core.hpp>

#include "adapt/adaptation.h"

namespace crlsc::tools {
namespace {

// Takes "640x360" into `camera`.
std::string parse_size(const std::string& text, CameraOptions& camera) {
  char rest = 0;
  if (std::sscanf(text.c_str(), "%dx%d%c", &camera.width, &camera.height, &rest) == 2 && camera.width >= 16 &&
      camera.height >= 16 && camera.width % 2 == 0 && camera.height % 2 == 0) {
    return "";
  }
  return "'" + text + "' is no size such as 640x360, of even sides from 16 on";
}

void adapt(AdaptOptions o) {
  if (o.threads == 0) o.threads = at::get_num_threads();  // models would leave one core to others
  cv::setNumThreads(1);
  if (o.work.empty()) o.work = std::filesystem::path(o.out).replace_extension("training").string();
  adapt_model(o);
}

void add_training_options(CLI::App& command, const std::shared_ptr<AdaptOptions>& o) {
  command
      .add_option("--minutes", o->minutes,
                  "Minutes of training in all; counting before it and measuring after it come on top")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command.add_option("--checkpoint-minutes", o->checkpoint_minutes, "Minutes between checkpoints")
      ->capture_default_str();
  command.add_option("--learning-rate", o->learning_rate, "Highest learning rate")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command.add_option("--batch", o->batch, "Crops of a step")->capture_default_str()->check(CLI::Range(1, 512));
  command.add_option("--seed", o->seed, "Seed of everything random")->capture_default_str();
  command.add_option("--threads", o->threads, "Threads; 0 = all cores");
  command.add_flag("--resume", o->resume, "Go on from the checkpoint in --work");
}

}  // namespace

void add_adapt_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "adapt", "Fit a model to one camera; write what changed as a delta, which elements take as model=BASE+DELTA");
  auto o = std::make_shared<AdaptOptions>();
  command->add_option("--video", o->camera.videos, "Videos of the camera, the longer the better")->required();
  command->add_option("--from", o->from, "Model to start from; default: searched on the model path");
  command->add_option("--out", o->out, "Delta file to write")->required();
  command->add_option("--work", o->work,
                      "Folder for checkpoint, log and models on the way; default: --out with the extension .training");
  command->add_option("--license", o->license, "Licence that the delta names")->capture_default_str();
  command->add_option_function<std::string>(
      "--size",
      [o](const std::string& text) {
        const std::string wrong = parse_size(text, o->camera);
        if (!wrong.empty()) throw CLI::ValidationError("--size", wrong);
      },
      "WxH that pictures are scaled to; default: the first video's");
  command->add_option("--rate", o->camera.rate, "Pictures a second")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 60.0));
  command->add_option("--held-out", o->camera.held_out, "Share of each video, its end, that only measures")
      ->capture_default_str()
      ->check(CLI::Range(0.02, 0.9));
  command->add_option("--guard", o->guard,
                      "Videos, or folders of them, that must not become worse by more than --most-loss");
  command->add_option("--most-loss", o->most_loss, "Loss that the guard puts up with, dB of PSNR-Y at equal rate")
      ->capture_default_str();
  command->add_flag("--force", o->force, "Write the delta even if something became worse");
  add_training_options(*command, o);
  command->callback([o] { adapt(*o); });
}

}  // namespace crlsc::tools
