// SPDX-License-Identifier: LGPL-2.1-or-later
#include "train/decoder_trainer.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "core/error.h"
#include "eval/metrics.h"
#include "eval/still.h"
#include "neural/autocast.h"
#include "neural/model_io.h"
#include "neural/picture_tensor.h"
#include "neural/precision.h"
#include "progress.h"
#include "train/checkpoint.h"
#include "train/codebook_trainer.h"
#include "train/encoder_material.h"
#include "train/feature_codec.h"
#include "train/losses.h"
#include "train/training_run.h"

namespace crlsc::tools {
namespace fs = std::filesystem;
using neural::PictureTensor;
using torch::Tensor;

namespace {

constexpr int64_t kWarmUpSteps = 40;  // unquantised; the codebook starts from what was seen then
constexpr int64_t kReviveEvery = 50;
constexpr double kRampSteps = 60;
constexpr double kCommitment = 0.25;
constexpr double kWeightDecay = 1e-4;
constexpr double kClip = 1.0;
constexpr double kLeastCrop = 0.6;
constexpr double kLogEvery = 20;
constexpr int64_t kTestBatch = 32;
constexpr size_t kSheetPictures = 32;
constexpr size_t kSheetColumns = 8;

EncoderMaterial material_of(const DecoderTrainOptions& o) {
  EncoderMaterialOptions m;
  m.mode = EncoderMode::kContrastive;  // pictures alone
  m.images = o.images;
  return EncoderMaterial::load(m);
}

neural::SemanticHead head_of(const std::string& path) {
  const ModelFile file(path);
  if (!neural::has_head(file)) {
    throw Error(ErrorKind::kWrongType,
                "model \"" + path + "\" has no semantic head; make one with crlsc train encoder");
  }
  return neural::import_head(file);
}

}  // namespace

struct DecoderTrainer::State {
  DecoderTrainOptions options;
  EncoderMaterial material;
  FeatureCodec net;
  CodebookTrainer book;
  std::unique_ptr<torch::optim::AdamW> optimizer;
  bool bf16 = neural::bf16_pays();
  int64_t step = 0;
  double spent = 0;  // seconds of computing in all runs
  Tensor warm_rows;
  double loss_sum = 0;
  int64_t loss_count = 0;

  explicit State(const DecoderTrainOptions& o)
      : options(o), material(material_of(o)), net(head_of(o.model)), book(net->quantiser) {
    std::vector<Tensor> trained;
    for (const auto& p : net->named_parameters()) {
      if (p.key().rfind("head.", 0) == 0 && o.frozen) continue;
      trained.push_back(p.value());
    }
    optimizer = std::make_unique<torch::optim::AdamW>(
        trained, torch::optim::AdamWOptions(o.learning_rate).weight_decay(kWeightDecay));
  }

  std::string file(const char* name) const { return options.out + "/" + name; }
  const char* mode() const { return options.frozen ? "frozen" : "joint"; }

  double done() const { return std::min(1.0, static_cast<double>(step) / static_cast<double>(options.steps)); }

  double learning_rate() const {
    return options.learning_rate * std::min(1.0, static_cast<double>(step + 1) / kRampSteps) *
           (0.5 + 0.5 * std::cos(M_PI * done()));
  }

  // The same step draws the same samples, also after a resume.
  PictureTensor next_batch() const {
    std::mt19937_64 random(options.seed * 1000003 + static_cast<uint64_t>(step));
    std::vector<EncoderSample> samples;
    std::vector<const Picture*> pictures;
    for (int i = 0; i < options.batch; ++i) {
      const auto& item = material.training[random() % material.training.size()];
      samples.push_back(cut_sample(item, kLeastCrop, neural::kHeadSize, random));
    }
    for (const EncoderSample& s : samples) pictures.push_back(&s.picture);
    return neural::to_tensor(pictures);
  }

  Tensor classes_of(const Tensor& rows) const { return torch::zeros({rows.size(0)}, torch::kLong); }

  // What the decoder gets for these rows, with straight-through gradients.
  Tensor quantise(const Tensor& rows, Tensor& commitment) {
    commitment = torch::zeros({});
    if (step < kWarmUpSteps) {
      warm_rows = rows.detach();
      return rows;
    }
    const Tensor classes = classes_of(rows);
    const Tensor tokens = net->quantiser->nearest(rows.detach(), {}, classes);
    const Tensor codes = net->quantiser->lookup(tokens, classes);
    commitment = (rows - codes).square().mean();
    book.update(rows.detach(), tokens, classes);
    return rows + (codes - rows).detach();
  }

  void train_step() {
    const PictureTensor original = next_batch();
    set_learning_rate(*optimizer, learning_rate());
    Tensor commitment;
    PictureTensor decoded;
    {
      const neural::Autocast autocast(bf16);
      const Tensor rows = net->analyse(original, options.frozen);
      decoded = net->synthesise(quantise(rows, commitment), original.luma.size(0));
    }
    const Tensor loss = picture_loss(decoded, original) + kCommitment * commitment;
    optimizer->zero_grad();
    loss.backward();
    torch::nn::utils::clip_grad_norm_(net->parameters(), kClip);
    optimizer->step();
    loss_sum += loss.item<double>();
    ++loss_count;
    ++step;
    if (step == kWarmUpSteps) book.initialise(warm_rows, classes_of(warm_rows));
    if (step > kWarmUpSteps && step % kReviveEvery == 0) book.revive();
  }

  void log(double steps_per_second) {
    std::printf("%s %3.0f%% step %lld loss %.3f, %.1f bits a token | %.1f steps/s ETA %s\n", mode(), 100 * done(),
                static_cast<long long>(step), loss_sum / static_cast<double>(std::max<int64_t>(1, loss_count)),
                book.mean_bits(), steps_per_second,
                clock_text(static_cast<double>(options.steps - step) / std::max(1e-3, steps_per_second)).c_str());
    std::fflush(stdout);
    loss_sum = 0;
    loss_count = 0;
  }

  void checkpoint() {
    torch::serialize::OutputArchive archive;
    net->save(archive);
    archive.write("counts", book.counts, true);
    archive.write("sums", book.sums, true);
    archive.write("error", book.error, true);
    write_progress(archive, *optimizer, step, spent);
    save_checkpoint(archive, file("checkpoint.pt"));
  }

  void load() {
    torch::serialize::InputArchive archive;
    archive.load_from(file("checkpoint.pt"));
    net->load(archive);
    archive.read("counts", book.counts, true);
    archive.read("sums", book.sums, true);
    archive.read("error", book.error, true);
    read_progress(archive, *optimizer, step, spent);
  }

  std::vector<Picture> decode(const std::vector<Picture>& originals) {
    const torch::NoGradGuard no_grad;
    std::vector<Picture> all;
    for (size_t begin = 0; begin < originals.size(); begin += kTestBatch) {
      std::vector<const Picture*> batch;
      for (size_t i = begin; i < std::min(originals.size(), begin + kTestBatch); ++i) batch.push_back(&originals[i]);
      const neural::Autocast autocast(bf16);
      const Tensor rows = net->analyse(neural::to_tensor(batch), true);
      const Tensor classes = classes_of(rows);
      const Tensor codes = net->quantiser->lookup(net->quantiser->nearest(rows, {}, classes), classes);
      std::vector<Picture> decoded;
      neural::to_pictures(net->synthesise(codes, static_cast<int64_t>(batch.size())), decoded);
      std::move(decoded.begin(), decoded.end(), std::back_inserter(all));
    }
    return all;
  }

  void report() {
    const auto originals = read_squares(options.test, neural::kHeadSize, options.test_pictures);
    const auto decoded = decode(originals);
    QualityMean quality;
    for (size_t i = 0; i < originals.size(); ++i) quality.add(compare(originals[i].view(), decoded[i].view()));
    const auto first = static_cast<ptrdiff_t>(std::min(kSheetPictures, originals.size()));
    write_pairs(file("sheet.png"), {decoded.begin(), decoded.begin() + first},
                {originals.begin(), originals.begin() + first}, kSheetColumns);
    const Quality q = quality.mean();
    constexpr double kBytes = (FeatureCodecImpl::kTokens * FeatureCodecImpl::kCodeBits + 7) / 8;
    add_stills_result(file("stills.csv"), {mode(), step, originals.size(), kBytes, q.psnr, q.ssim, q.ms_ssim});
  }

  void write_network() {
    const torch::NoGradGuard no_grad;
    std::vector<TensorView> views;
    std::vector<Tensor> kept;
    const auto add = [&](const std::string& name, const Tensor& value) {
      kept.push_back(value.detach().to(torch::kFloat16).contiguous());
      views.push_back(
          {name, DType::kF16, kept.back().sizes().vec(),
           ByteView(static_cast<const uint8_t*>(kept.back().data_ptr()), static_cast<size_t>(kept.back().nbytes()))});
    };
    for (const auto& p : net->named_parameters()) add(p.key(), p.value());
    for (const auto& b : net->named_buffers()) add(b.key(), b.value());
    write_safetensors(
        file("decoder.safetensors"), views,
        {{"format", "crlsc-feature-codec"}, {"mode", mode()}, {"model", ModelFile(options.model).hash()}});
  }
};

DecoderTrainer::DecoderTrainer(const DecoderTrainOptions& options) {
  torch::manual_seed(options.seed);
  fs::create_directories(options.out);
  state_ = std::make_unique<State>(options);
  if (resumes_from(state_->file("checkpoint.pt"), options.resume)) state_->load();
}

DecoderTrainer::~DecoderTrainer() = default;

void DecoderTrainer::run() {
  State& s = *state_;
  run_training(s, kLogEvery, s.options.checkpoint_minutes * 60);
  s.write_network();
  s.report();
}

}  // namespace crlsc::tools
