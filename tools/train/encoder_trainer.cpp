// SPDX-License-Identifier: LGPL-2.1-or-later
#include "train/encoder_trainer.h"


#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "core/error.h"
#include "neural/autocast.h"
#include "neural/model_io.h"
#include "neural/picture_tensor.h"
#include "neural/semantic_head.h"
#include "progress.h"

namespace crlsc::tools {
namespace fs = std::filesystem;
namespace F = torch::nn::functional;
using neural::kHeadSize;
using neural::SemanticHead;
using torch::Tensor;

namespace {

constexpr double kWeightDecay = 0.05;
constexpr double kClip = 1.0;
constexpr double kWarmUpSteps = 50;
constexpr double kContrast = 0.5;      // weight of InfoNCE beside the alignment
constexpr double kLikeness = 0.5;      // weight of the divergence
constexpr double kTemperature = 0.07;  // of InfoNCE
constexpr double kTeacherTemperature = 0.05;
constexpr double kStudentTemperature = 0.1;
constexpr double kTooAlike = 0.9;  // other vectors as near as this to the target are no counter-examples
constexpr double kLogEvery = 20;
constexpr double kLongestStep = 10;

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

Tensor rows(const std::vector<const Vector*>& vectors) {
  auto out = torch::empty({static_cast<int64_t>(vectors.size()), static_cast<int64_t>(vectors.at(0)->size())});
  float* values = out.data_ptr<float>();
  for (const Vector* v : vectors) values = std::copy(v->begin(), v->end(), values);
  return out;
}

struct Batch {
  Tensor pictures;  // packed(4)
  Tensor targets;
};

Batch to_batch(const std::vector<EncoderSample>& samples) {
  std::vector<const Picture*> pictures;
  std::vector<const Vector*> targets;
  for (const EncoderSample& s : samples) {
    pictures.push_back(&s.picture);
    targets.push_back(s.target);
  }
  return {neural::to_tensor(pictures).packed(4), rows(targets)};
}

struct Losses {
  Tensor alignment, contrast, likeness;
  Tensor total() const { return alignment + kContrast * contrast + kLikeness * likeness; }
};

Losses losses(const Tensor& z, const Tensor& t, const Tensor& bank) {
  Losses out;
  out.alignment = (1 - (z * t).sum(1)).mean();
  const auto others = torch::cat({t, bank});
  const auto own = torch::arange(t.size(0));
  auto alike = torch::matmul(t, others.t()) > kTooAlike;
  alike.index_put_({own, own}, false);
  const auto logits = torch::matmul(z, others.t()).div(kTemperature).masked_fill(alike, -1e4);
  out.contrast = F::cross_entropy(logits, own);
  const auto wanted = torch::softmax(torch::matmul(t, bank.t()) / kTeacherTemperature, 1);
  const auto given = torch::log_softmax(torch::matmul(z, bank.t()) / kStudentTemperature, 1);
  out.likeness = F::kl_div(given, wanted, F::KLDivFuncOptions().reduction(torch::kBatchMean));
  return out;
}

}  // namespace

struct EncoderTrainer::State {
  EncoderTrainOptions options;
  const EncoderMaterial& material;
  SemanticHead head;
  torch::optim::AdamW optimizer;
  Tensor bank;
  bool bf16 = neural::cpu_has_bf16();
  int64_t step = 0;
  double spent = 0;                           // seconds of computing in all runs
  std::vector<std::array<double, 4>> window;  // loss, alignment, contrast, likeness of steps since the last log

  State(const EncoderTrainOptions& o, const EncoderMaterial& m)
      : options(o),
        material(m),
        head(m.info.shape.dimension),
        optimizer(head->parameters(), torch::optim::AdamWOptions(o.learning_rate).weight_decay(kWeightDecay)) {
    for (auto& p : head->parameters()) {
      if (p.dim() == 4) p.set_data(p.contiguous(torch::MemoryFormat::ChannelsLast));
    }
    std::vector<const Vector*> vectors;
    for (const Vector& v : m.bank) vectors.push_back(&v);
    bank = rows(vectors);
  }

  std::string file(const char* name) const { return options.out + "/" + name; }

  // 0..1 of the whole run.
  double done() const {
    const double by_time = spent / (options.minutes * 60);
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
    return F::normalize(out.to(torch::kFloat32));
  }

  // The same step draws the same samples, also after a resume.
  Batch next_batch(std::mt19937_64& random) const {
    std::vector<EncoderSample> samples;
    for (int i = 0; i < options.batch; ++i) {
      const auto& item = material.training[random() % material.training.size()];
      samples.push_back(draw_sample(item, material.exact, kHeadSize, random));
    }
    return to_batch(samples);
  }

  Tensor next_bank(std::mt19937_64& random) const {
    if (bank.size(0) <= options.bank) return bank;
    std::vector<int64_t> chosen;
    for (int i = 0; i < options.bank; ++i) {
      chosen.push_back(static_cast<int64_t>(random() % static_cast<uint64_t>(bank.size(0))));
    }
    return bank.index_select(0, torch::tensor(chosen));
  }

  void train_step() {
    std::mt19937_64 random(options.material.seed * 1000003 + static_cast<uint64_t>(step));
    const Batch batch = next_batch(random);
    for (auto& group : optimizer.param_groups()) {
      static_cast<torch::optim::AdamWOptions&>(group.options()).lr(learning_rate());
    }
    const Losses l = losses(vectors(batch.pictures), batch.targets, next_bank(random));
    const Tensor total = l.total();
    optimizer.zero_grad();
    total.backward();
    torch::nn::utils::clip_grad_norm_(head->parameters(), kClip);
    optimizer.step();
    window.push_back(
        {total.item<double>(), l.alignment.item<double>(), l.contrast.item<double>(), l.likeness.item<double>()});
    ++step;
  }

  // Mean cosine of the head's and the target's vectors for pictures that are never learnt from.
  double held_out_cosine() {
    if (material.held_out.empty()) return 0;
    torch::NoGradGuard no_grad;
    head->eval();
    std::vector<EncoderSample> samples;
    for (size_t i = 0; i < std::min<size_t>(material.held_out.size(), 256); ++i) {
      samples.push_back(plain_sample(material.held_out[i], kHeadSize));
    }
    const Batch batch = to_batch(samples);
    const double cosine = (vectors(batch.pictures) * batch.targets).sum(1).mean().item<double>();
    head->train();
    return cosine;
  }

  void log(double pictures_per_second) {
    std::array<double, 4> mean{};
    for (const auto& w : window) {
      for (size_t i = 0; i < mean.size(); ++i) mean[i] += w[i] / static_cast<double>(window.size());
    }
    const double held_out = held_out_cosine();
    const int bars = static_cast<int>(done() * 20);
    std::printf("[%.*s%.*s] %3.0f%% step %lld loss %.3f cosine %.3f held out %.3f | %.0f pictures/s ETA %s\n", bars,
                "####################", 20 - bars, "....................", done() * 100, static_cast<long long>(step),
                mean[0], 1 - mean[1], held_out, pictures_per_second,
                clock_text(done() > 0 ? spent / done() - spent : 0).c_str());
    std::fflush(stdout);
    const bool fresh = !fs::exists(file("log.csv"));
    std::ofstream csv(file("log.csv"), std::ios::app);
    if (fresh) csv << "step,minutes,learning_rate,loss,alignment,contrast,likeness,held_out_cosine\n";
    csv << step << ',' << spent / 60 << ',' << learning_rate();
    for (const double v : mean) csv << ',' << v;
    csv << ',' << held_out << '\n';
    window.clear();
  }

  void save() {
    torch::serialize::OutputArchive archive;
    head->save(archive);
    torch::serialize::OutputArchive optimizer_archive;
    optimizer.save(optimizer_archive);
    archive.write("optimizer", optimizer_archive);
    archive.write("step", torch::tensor(step), true);
    archive.write("spent", torch::tensor(spent, torch::kFloat64), true);
    archive.save_to(file("checkpoint.pt.new"));
    fs::rename(file("checkpoint.pt.new"), file("checkpoint.pt"));
  }

  void load() {
    torch::serialize::InputArchive archive;
    archive.load_from(file("checkpoint.pt"));
    head->load(archive);
    torch::serialize::InputArchive optimizer_archive;
    archive.read("optimizer", optimizer_archive);
    optimizer.load(optimizer_archive);
    Tensor steps_done;
    Tensor seconds_spent;
    archive.read("step", steps_done, true);
    archive.read("spent", seconds_spent, true);
    step = steps_done.item<int64_t>();
    spent = seconds_spent.item<double>();
  }

  void write_model() {
    torch::NoGradGuard no_grad;
    SemanticHead copy(head->dimension());
    auto parameters = copy->named_parameters();
    for (const auto& p : head->named_parameters()) parameters[p.key()].copy_(p.value());
    auto buffers = copy->named_buffers();
    for (const auto& b : head->named_buffers()) buffers[b.key()].copy_(b.value());
    const neural::HeadIdentity identity{head->dimension(), material.info.header.teacher, to_hex(material.info.id),
                                        to_hex(material.info.quantiser_hash)};
    neural::export_with_head(ModelFile(options.model), copy, identity, file("model.safetensors"));
  }

  void checkpoint() {
    save();
    write_model();
  }
};

EncoderTrainer::EncoderTrainer(const EncoderTrainOptions& options, const EncoderMaterial& material) {
  torch::manual_seed(options.material.seed);
  fs::create_directories(options.out);
  state_ = std::make_unique<State>(options, material);
  const bool exists = fs::exists(state_->file("checkpoint.pt"));
  if (options.resume && exists) state_->load();
  if (!options.resume && exists) {
    throw Error(ErrorKind::kSettings,
                "\"" + state_->file("checkpoint.pt") + "\" exists; go on with --resume or choose another --out");
  }
}

EncoderTrainer::~EncoderTrainer() = default;

void EncoderTrainer::run() {
  State& s = *state_;
  double last = seconds();
  double last_checkpoint = s.spent;
  double last_log = s.spent;
  int64_t logged_step = s.step;
  std::printf("from step %lld, %s spent\n", static_cast<long long>(s.step), clock_text(s.spent).c_str());
  while (s.done() < 1) {
    s.train_step();
    const double now = seconds();
    s.spent += std::min(now - last, kLongestStep);  // a stopped process does not compute
    last = now;
    if (s.done() >= 1 || s.spent - last_log > kLogEvery) {
      s.log(static_cast<double>((s.step - logged_step) * s.options.batch) / std::max(1e-3, s.spent - last_log));
      last_log = s.spent;
      logged_step = s.step;
    }
    if (s.spent - last_checkpoint > s.options.checkpoint_minutes * 60) {
      s.checkpoint();
      last_checkpoint = s.spent;
    }
  }
  s.checkpoint();
  std::printf("%s\n", s.file("model.safetensors").c_str());
}

}  // namespace crlsc::tools
