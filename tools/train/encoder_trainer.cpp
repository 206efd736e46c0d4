// SPDX-License-Identifier: LGPL-2.1-or-later
#include "train/encoder_trainer.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "core/error.h"
#include "neural/autocast.h"
#include "neural/model_io.h"
#include "neural/picture_tensor.h"
#include "neural/precision.h"
#include "neural/semantic_head.h"
#include "progress.h"
#include "train/checkpoint.h"
#include "train/encoder_objective.h"
#include "train/training_run.h"

namespace crlsc::tools {
namespace fs = std::filesystem;
using neural::kHeadSize;
using neural::SemanticHead;
using torch::Tensor;

namespace {

constexpr double kWeightDecay = 0.05;
constexpr double kClip = 1.0;
constexpr double kWarmUpSteps = 50;
constexpr double kLogEvery = 20;

Tensor packed(const std::vector<EncoderSample>& samples) {
  std::vector<const Picture*> pictures;
  for (const EncoderSample& s : samples) pictures.push_back(&s.picture);
  return neural::to_tensor(pictures).packed(4);
}

const char* mode_name(EncoderMode mode) {
  switch (mode) {
    case EncoderMode::kContrastive:
      return "contrastive";
    case EncoderMode::kSupervised:
      return "supervised";
    case EncoderMode::kGuided:
      break;
  }
  return "guided";
}

// Last parts of folders' names, for the model file: which pictures, not where they lay.
std::string folder_names(const std::vector<std::string>& folders) {
  std::string text;
  for (const std::string& folder : folders) {
    const fs::path path = fs::path(folder).lexically_normal();
    const fs::path whole = path.has_filename() ? path : path.parent_path();
    text += (text.empty() ? "" : ", ") + (whole.parent_path().filename() / whole.filename()).string();
  }
  return text;
}

}  // namespace

struct EncoderTrainer::State {
  EncoderTrainOptions options;
  const EncoderMaterial& material;
  SemanticHead head;
  std::unique_ptr<EncoderObjective> objective;
  torch::optim::AdamW optimizer;
  bool bf16 = neural::bf16_pays();
  int64_t step = 0;
  double spent = 0;                           // seconds of computing in all runs
  std::vector<std::array<double, 4>> window;  // loss and its terms, of steps since the last log

  State(const EncoderTrainOptions& o, const EncoderMaterial& m)
      : options(o),
        material(m),
        head(m.dimension),
        objective(EncoderObjective::make(m, o.bank)),
        optimizer(parameters(), torch::optim::AdamWOptions(o.learning_rate).weight_decay(kWeightDecay)) {
    for (auto& p : head->parameters()) {
      if (p.dim() == 4) p.set_data(p.contiguous(torch::MemoryFormat::ChannelsLast));
    }
  }

  std::vector<Tensor> parameters() const {
    auto all = head->parameters();
    for (const Tensor& p : objective->beside->parameters()) all.push_back(p);
    return all;
  }

  std::string file(const char* name) const { return options.out + "/" + name; }

  // 0..1 of the whole run.
  double done() const {
    const double by_time = options.minutes > 0 ? spent / (options.minutes * 60) : 0;
    const double by_steps = options.steps > 0 ? static_cast<double>(step) / static_cast<double>(options.steps) : 0;
    return std::min(1.0, std::max(by_time, by_steps));
  }

  double learning_rate() const {
    return options.learning_rate * std::min(1.0, static_cast<double>(step + 1) / kWarmUpSteps) *
           (0.5 + 0.5 * std::cos(M_PI * done()));
  }

  Tensor vectors(const Tensor& pictures) {
    Tensor out;
    {
      const neural::Autocast autocast(bf16);
      out = head->forward(pictures);
    }
    return out.to(torch::kFloat32);
  }

  // The same step draws the same samples, also after a resume.
  std::vector<EncoderSample> next_samples(std::mt19937_64& random) const {
    const double mix = material.mode == EncoderMode::kGuided ? options.mix : 0;
    std::vector<EncoderSample> samples;
    for (int i = 0; i < options.batch; ++i) {
      const auto& item = material.training[random() % material.training.size()];
      for (int view = 0; view < objective->views(); ++view) {
        samples.push_back(draw_sample(item, material.least_crop, kHeadSize, random));
        if (mix > 0 && std::uniform_real_distribution<double>(0, 1)(random) < mix) {
          const auto& other = material.training[random() % material.training.size()];
          mix_into(samples.back(), draw_sample(other, material.least_crop, kHeadSize, random), random);
        }
      }
    }
    return samples;
  }

  void train_step() {
    std::mt19937_64 random(options.material.seed * 1000003 + static_cast<uint64_t>(step));
    const auto samples = next_samples(random);
    set_learning_rate(optimizer, learning_rate());
    std::vector<Tensor> terms;
    const Tensor total = objective->loss(vectors(packed(samples)), samples, random, terms);
    optimizer.zero_grad();
    total.backward();
    torch::nn::utils::clip_grad_norm_(parameters(), kClip);
    optimizer.step();
    std::array<double, 4> values{total.item<double>()};
    for (size_t i = 0; i < terms.size(); ++i) values[i + 1] = terms[i].item<double>();
    window.push_back(values);
    ++step;
  }

  // Of pictures that are never learnt from.
  double held_out_score() {
    if (material.held_out.empty()) return 0;
    torch::NoGradGuard no_grad;
    head->eval();
    std::vector<EncoderSample> samples;
    for (size_t i = 0; i < std::min<size_t>(material.held_out.size(), 256); ++i) {
      samples.push_back(plain_sample(material.held_out[i], kHeadSize));
    }
    const double score = objective->score(vectors(packed(samples)), samples);
    head->train();
    return score;
  }

  void log(double steps_per_second) {
    std::array<double, 4> mean{};
    for (const auto& w : window) {
      for (size_t i = 0; i < mean.size(); ++i) mean[i] += w[i] / static_cast<double>(window.size());
    }
    const double held_out = held_out_score();
    const auto names = objective->terms();
    std::string parts;
    for (size_t i = 0; i < names.size(); ++i) {
      char text[64];
      std::snprintf(text, sizeof text, " %s %.3f", names[i].c_str(), mean[i + 1]);
      parts += text;
    }
    std::printf("%s step %lld loss %.3f%s held out %.3f | %.0f pictures/s ETA %s\n", bar_text(done()).c_str(),
                static_cast<long long>(step), mean[0], parts.c_str(), held_out, steps_per_second * options.batch,
                clock_text(done() > 0 ? spent / done() - spent : 0).c_str());
    std::fflush(stdout);
    const bool fresh = !fs::exists(file("log.csv"));
    std::ofstream csv(file("log.csv"), std::ios::app);
    if (fresh) {
      csv << "step,minutes,learning_rate,loss";
      for (const std::string& name : names) csv << ',' << name;
      csv << ",held_out\n";
    }
    csv << step << ',' << spent / 60 << ',' << learning_rate();
    for (size_t i = 0; i <= names.size(); ++i) csv << ',' << mean[i];
    csv << ',' << held_out << '\n';
    window.clear();
  }

  void save() {
    torch::serialize::OutputArchive archive;
    head->save(archive);
    torch::serialize::OutputArchive beside_archive;
    objective->beside->save(beside_archive);
    archive.write("beside", beside_archive);
    archive.write("mode", torch::tensor(static_cast<int64_t>(material.mode)), true);
    write_progress(archive, optimizer, step, spent);
    save_checkpoint(archive, file("checkpoint.pt"));
  }

  void load() {
    torch::serialize::InputArchive archive;
    archive.load_from(file("checkpoint.pt"));
    Tensor mode;
    if (!archive.try_read("mode", mode, true) || mode.item<int64_t>() != static_cast<int64_t>(material.mode)) {
      throw Error(ErrorKind::kSettings, "\"" + file("checkpoint.pt") + "\" is of a training in another mode");
    }
    head->load(archive);
    torch::serialize::InputArchive beside_archive;
    archive.read("beside", beside_archive);
    objective->beside->load(beside_archive);
    read_progress(archive, optimizer, step, spent);
  }

  void write_model() {
    torch::NoGradGuard no_grad;
    SemanticHead copy(head->dimension());
    auto parameters = copy->named_parameters();
    for (const auto& p : head->named_parameters()) parameters[p.key()].copy_(p.value());
    auto buffers = copy->named_buffers();
    for (const auto& b : head->named_buffers()) buffers[b.key()].copy_(b.value());
    neural::HeadIdentity identity;
    identity.dimension = head->dimension();
    identity.license = options.license;
    identity.training = std::string(mode_name(material.mode)) + ", " + std::to_string(step) + " steps of " +
                        std::to_string(options.batch) + ", " + std::to_string(material.training.size()) +
                        " pictures of " + folder_names(options.material.images);
    if (material.mode == EncoderMode::kGuided) {
      identity.teacher = material.info.header.teacher;
      identity.skb = to_hex(material.info.id);
      identity.codebooks = to_hex(material.info.quantiser_hash);
    }
    neural::export_with_head(ModelFile(options.model), copy, identity, file("model.safetensors"));
  }

  void checkpoint() {
    save();
    write_model();
  }
};

EncoderTrainer::EncoderTrainer(const EncoderTrainOptions& options, const EncoderMaterial& material) {
  if (options.minutes <= 0 && options.steps <= 0) {
    throw Error(ErrorKind::kSettings, "nothing ends the training; give --minutes, --steps, or both");
  }
  torch::manual_seed(options.material.seed);
  fs::create_directories(options.out);
  state_ = std::make_unique<State>(options, material);
  if (resumes_from(state_->file("checkpoint.pt"), options.resume)) state_->load();
}

EncoderTrainer::~EncoderTrainer() = default;

void EncoderTrainer::run() {
  State& s = *state_;
  std::printf("from step %lld, %s spent\n", static_cast<long long>(s.step), clock_text(s.spent).c_str());
  run_training(s, kLogEvery, s.options.checkpoint_minutes * 60);
  std::printf("%s\n", s.file("model.safetensors").c_str());
}

}  // namespace crlsc::tools
