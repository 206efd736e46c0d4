// SPDX-License-Identifier: LGPL-2.1-or-later
#include "adapt/adaptation.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "adapt/comparison.h"
#include "adapt/guard.h"
#include "adapt/synthetic_clips.h"
#include "adapt/tables.h"
#include "core/codec/scene_background.h"
#include "core/error.h"
#include "core/kb/reference_picture.h"
#include "core/kb/scene_pictures.h"
#include "core/model/model_delta.h"
#include "core/model/registry.h"
#include "neural/post_filter.h"
#include "progress.h"
#include "train/checkpoint.h"
#include "train/post_filter_trainer.h"
#include "train/priors.h"

namespace crlsc::tools {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kMostBytes = 1500000;  // of a delta
constexpr size_t kTablePictures = 300;
constexpr double kTableShares[] = {0.5, 0.25, 0.125, 0};
constexpr double kCheckShare = 0.1;  // of each clip, that checks places
// Bit/s that are learnt at: of the pictures at higher ones little is left to be learnt.
constexpr double kLowRate = 3300;
constexpr double kHighRate = 60000;

size_t pictures_in(const std::vector<std::vector<cv::Mat>>& clips) {
  size_t sum = 0;
  for (const auto& clip : clips) sum += clip.size();
  return sum;
}

class Adaptation {
 public:
  explicit Adaptation(const AdaptOptions& options) : o_(options), base_(find_model(options.from)) {
    if (base_.has_delta()) {
      throw Error(ErrorKind::kSettings, "'" + base_.path() +
                                            "' is a model with a delta; a delta is made for a whole "
                                            "model, so give --from without the '+' and what follows");
    }
    if (!neural::has_post_filter(base_)) {
      throw Error(ErrorKind::kSettings, "the model '" + base_.path() +
                                            "' has no post-filter, which the camera's starts as; give it one "
                                            "with `crlsc train post-filter`");
    }
    fs::create_directories(o_.work);
    check_work();
  }

  void run() {
    std::vector<NamedClip> guarded = synthetic_clips();
    for (NamedClip& clip : guard_clips(o_.guard, o_.camera.rate)) guarded.push_back(std::move(clip));
    const CameraVideo video = CameraVideo::load(o_.camera);
    std::printf("%zu pictures to learn from", pictures_in(video.training));
    if (!video.between.empty()) std::printf(", %zu in between", pictures_in(video.between));
    std::printf(", %zu in the part held out, %.4g a second\n", pictures_of(video.held_out), video.rate);
    const auto model = acquire_model(base_.path(), o_.threads);
    Guard others(model, o_.most_loss);
    for (const NamedClip& clip : guarded) others.add(clip.name, {clip.pictures}, clip.rate);
    fit_tables(video, model, others);
    train(video);
    save_delta(file("delta.safetensors"), base_, ModelFile(adapted()), metadata(video));
    check_size();
    report(video, model, others);
  }

 private:
  std::string file(const char* name) const { return o_.work + "/" + name; }
  std::string adapted() const { return file("model.safetensors"); }

  // A checkpoint belongs to the base that it was started with.
  void check_work() const {
    const std::string path = file("base");
    if (!resumes_from(file("checkpoint.pt"), o_.resume)) {
      if (!(std::ofstream(path) << base_.hash() << '\n')) {
        throw Error(ErrorKind::kWrite, "cannot write '" + path + "'");
      }
      return;
    }
    std::string known;
    std::ifstream(path) >> known;
    if (known != base_.hash()) {
      throw Error(ErrorKind::kSettings, "the training in '" + o_.work + "' was begun with the model of the hash '" +
                                            printable(known) + "', but --from has the hash " + base_.hash());
    }
  }

  // What `crlsc pkb build` would keep of the camera: nothing if nothing rests.
  static SceneMemory scene_of(const CameraVideo& video) {
    SceneMemory scene;
    SceneBackground backgrounds(SceneBackground::kWholeScene);
    const auto keep = [&](const std::optional<FoundScene>& found) {
      if (!found || !found->background) return;
      const auto picture = std::make_shared<const Picture>(pad_to_cells(
          decode_reference_picture(encode_reference_picture(*found->background, kScenePictureQuality)).view()));
      PictureName name{};
      name[0] = static_cast<uint8_t>(scene.size());
      scene[name] = picture;
    };
    for (const auto& clip : video.training) {
      for (const cv::Mat& picture : clip) keep(backgrounds.next(to_picture(picture).view(), 1 / video.rate));
      keep(backgrounds.finish());
    }
    return scene;
  }

  // Counts what the base sends of a part of what is learnt from, and takes as much of that as other clips put up with.
  void fit_tables(const CameraVideo& video, const std::shared_ptr<const LoadedModel>& model,
                  const Guard& others) const {
    const std::vector<Clip> clips = table_clips(video);
    PriorCounter counter(model->file.layout(), LevelPrediction(model->file));
    Progress progress("tables", clips.size() * kComparedRates.size());
    size_t done = 0;
    for (const Clip& clip : clips) {
      for (const int bitrate : kComparedRates) {
        code_clip(model, clip, bitrate, video.rate, [&](const TokenGrid& grid) {
          counter.add(grid, {0, grid.rows()});
        });
        progress.update(++done);
      }
    }
    const std::string path = file("tables.safetensors");
    for (const double share : kTableShares) {
      save_tables(path, model->file, blend_tables(base_, counter.tables(), share));
      if (share > 0 && !others.worse_with(acquire_model(path, o_.threads), false).empty()) continue;
      std::printf("entropy tables: taken %.0f %% of the way to what was counted; more of it may cost other clips\n",
                  100 * share);
      return;
    }
  }

  // The camera's filter, on what encoders with these tables send.
  void train(const CameraVideo& video) const {
    PostFilterTrainOptions t;
    t.model = file("tables.safetensors");
    t.out = o_.work;
    t.minutes = o_.minutes;
    t.learning_rate = o_.learning_rate;
    t.checkpoint_minutes = o_.checkpoint_minutes;
    t.batch = o_.batch;
    t.seed = o_.seed;
    t.threads = o_.threads;
    t.resume = o_.resume;
    CameraMaterial camera{{}, {}, video.rate, kLowRate, kHighRate, scene_of(video)};
    std::printf("%zu pictures of the scene, as knowledge bases have them\n", camera.scene.size());
    for (const auto& clip : all_training(video)) {
      const auto checks = static_cast<ptrdiff_t>(std::ceil(kCheckShare * static_cast<double>(clip.size())));
      camera.clips.emplace_back(clip.begin(), clip.end() - checks);
      camera.checks.emplace_back(clip.end() - checks, clip.end());
    }
    std::printf("training the camera's post-filter for %g minutes\n", o_.minutes);
    PostFilterTrainer(t, camera).run();
    std::printf("measuring\n");
  }

  static std::vector<std::vector<cv::Mat>> all_training(const CameraVideo& video) {
    auto clips = video.training;
    clips.insert(clips.end(), video.between.begin(), video.between.end());
    return clips;
  }

  // Runs from all over, each with a beginning and what follows.
  static std::vector<Clip> table_clips(const CameraVideo& video) {
    constexpr size_t kRun = 48;
    const size_t stride = std::max<size_t>(1, pictures_in(video.training) / kTablePictures);
    std::vector<Clip> clips;
    size_t run = 0;
    for (const auto& clip : video.training) {
      for (size_t first = 0; first < clip.size(); first += kRun) {
        if (run++ % stride != 0) continue;
        clips.emplace_back();
        const size_t end = std::min(first + kRun, clip.size());
        for (size_t i = first; i < end; ++i) clips.back().push_back(to_picture(clip[i]));
      }
    }
    return clips;
  }

  Metadata metadata(const CameraVideo& video) const {
    return {{"license", o_.license},
            {"trained_pictures", std::to_string(pictures_in(all_training(video)))},
            {"trained_camera_filter", ModelFile(adapted()).metadata().at("camera_filter_training")}};
  }

  void check_size() const {
    const auto bytes = static_cast<int64_t>(fs::file_size(file("delta.safetensors")));
    if (bytes <= kMostBytes) return;
    throw Error(ErrorKind::kSettings, "the delta would have " + std::to_string(bytes) + " bytes, more than " +
                                          std::to_string(kMostBytes) + ": the model is too large for that");
  }

  void report(const CameraVideo& video, const std::shared_ptr<const LoadedModel>& before, const Guard& others) const {
    const auto after = acquire_model(join_model({base_.path(), file("delta.safetensors")}), o_.threads);
    Guard own(before, o_.most_loss);
    own.add("held out", video.held_out, video.rate);
    std::vector<std::string> worse = own.worse_with(after, true);
    for (const std::string& name : others.worse_with(after, true)) worse.push_back(name);
    write(worse);
  }

  void write(const std::vector<std::string>& worse) const {
    if (!worse.empty()) {
      std::string text;
      for (const std::string& name : worse) text += (text.empty() ? "'" : ", '") + name + "'";
      char limit[16];
      std::snprintf(limit, sizeof limit, "%g dB", o_.most_loss);
      text += std::string(" became worse by more than ") + limit + " at equal rate";
      if (!o_.force) {
        throw Error(ErrorKind::kSettings,
                    text + ": '" + o_.out + "' is not written; --resume --force writes it all the same");
      }
      std::printf("%s; written all the same\n", text.c_str());
    }
    const ModelFile whole(adapted());
    save_delta(o_.out, base_, whole, ModelDelta(file("delta.safetensors")).metadata());
    std::printf("%s: %lld bytes, for the model %s; both are the model %s\n", o_.out.c_str(),
                static_cast<long long>(fs::file_size(o_.out)), to_hex(base_.id()).c_str(), to_hex(whole.id()).c_str());
    std::printf("give encoder and decoder model=%s\n", join_model({base_.path(), o_.out}).c_str());
  }

  const AdaptOptions& o_;
  ModelFile base_;
};

}  // namespace

void adapt_model(const AdaptOptions& options) { Adaptation(options).run(); }

}  // namespace crlsc::tools
