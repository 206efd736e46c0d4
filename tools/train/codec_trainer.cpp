// SPDX-License-Identifier: LGPL-2.1-or-later
#include "train/codec_trainer.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "core/error.h"
#include "core/token/gain.h"
#include "neural/autocast.h"
#include "neural/model_io.h"
#include "neural/picture_tensor.h"
#include "neural/precision.h"
#include "train/checkpoint.h"
#include "train/codebook_trainer.h"
#include "train/losses.h"
#include "train/rate_model.h"
#include "train/sample.h"
#include "train/sheet.h"
#include "train/training_log.h"
#include "train/training_run.h"

namespace crlsc::tools {
namespace fs = std::filesystem;
using neural::Autocast;
using neural::CodePenalties;
using neural::PictureTensor;
using neural::SemanticNet;
using torch::Tensor;

namespace {

constexpr int64_t kWarmUpSteps = 40;  // unquantised; the codebooks start from what was seen
constexpr double kRampSteps = 60;
constexpr int64_t kReviveEvery = 50;
constexpr double kEntropyStrength =
    0.3;  // at most; drawn anew for each step, as encoders differ in what bits are worth
constexpr double kCommitment = 0.25;
constexpr double kErrorWeight = 0.4;   // of the logarithm: a decibel counts alike at all qualities
constexpr double kChromaWeight = 0.4;  // beside luma's
constexpr double kErrorFloor = 4;      // squared error of a sample that is good enough
constexpr double kClip = 1.0;
constexpr double kAverage = 0.998;  // of the weights that are exported
constexpr int kScales = 3;
constexpr double kLogEvery = 20;   // seconds
constexpr double kFallFrom = 0.6;  // share of the time at full learning rate

// What samples say of each cell: [B, 1, h, w], in floats.
Tensor cell_tensor(const std::vector<Sample*>& samples, std::vector<int> Sample::*member) {
  std::vector<float> flat;
  for (const Sample* s : samples) flat.insert(flat.end(), (s->*member).begin(), (s->*member).end());
  const int64_t cols = samples[0]->current.width() / kCellSize;
  const int64_t rows = samples[0]->current.height() / kCellSize;
  return torch::tensor(flat).view({static_cast<int64_t>(samples.size()), 1, rows, cols});
}

// In the unit of pictures.
Tensor gain_tensor(const std::vector<Sample*>& samples, bool scalar) {
  const auto levels = cell_tensor(samples, &Sample::gains);
  if (!scalar) return torch::pow(2, levels) * (gain_value(0) / 128.0);
  std::vector<float> steps;
  for (int level = 0; level < kMaxGainLevels; ++level) steps.push_back(static_cast<float>(step_value(level)) / 128);
  return torch::tensor(steps).index_select(0, levels.flatten().to(torch::kLong)).view_as(levels);
}

bool begins_with_any(const std::string& name, const std::vector<std::string>& beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(), [&](const auto& b) { return name.rfind(b, 0) == 0; });
}

// The linear path stays a transform, and what is added to latents nothing: the other quantiser wants them on another
// scale.
bool fits_any_quantiser(const std::string& name) {
  return begins_with_any(name, {"prediction.", "encoder.", "spread.", "decoder.", "refine."});
}

bool learns(const TrainOptions& o, const std::string& name) {
  return !o.keep_transform || !begins_with_any(name, {"detail_in.", "detail_out."});
}

SemanticNet first_network(const TrainOptions& o) {
  const neural::NetConfig fresh = neural::NetConfig::of(o.size.value_or(neural::NetSize::kS), o.scalar);
  if (o.from.empty()) return SemanticNet(fresh);
  SemanticNet from = neural::import_model(ModelFile(o.from));
  const bool same_quantiser = from->config().layout.scalar() == o.scalar;
  neural::NetConfig config = same_quantiser && !o.size ? from->config() : fresh;
  config.layout.split_motion = true;
  config.layout.deblocking = true;
  SemanticNet net(config);
  torch::NoGradGuard no_grad;
  const auto known = from->named_parameters();
  for (auto& p : net->named_parameters()) {
    const Tensor* same = known.find(p.key());
    if (same == nullptr || same->sizes() != p.value().sizes()) continue;
    if (!same_quantiser && !fits_any_quantiser(p.key())) continue;
    p.value().copy_(*same);
  }
  return net;
}

}  // namespace

struct CodecTrainer::State {
  TrainOptions options;
  SemanticNet net;
  RateModel rate{nullptr};  // of a scalar quantiser
  std::unique_ptr<torch::optim::AdamW> optimizer;
  std::vector<Tensor> average;         // running means of the parameters
  std::vector<CodebookTrainer> books;  // structure, then each stage
  std::vector<std::unique_ptr<Sample>> samples;
  int64_t step = 0;
  double spent = 0;  // seconds of computing in all runs
  bool bf16 = false;
  std::vector<StepReport> window;
  // What the warm-up saw, for the first codebooks.
  std::vector<Tensor> warm_structure, warm_detail, warm_cells, warm_blocks;

  State(const TrainOptions& o, const Material& material) : options(o), net(first_network(o)) {
    for (auto& p : net->parameters()) {
      if (p.dim() == 4) p.set_data(p.contiguous(torch::MemoryFormat::ChannelsLast));
    }
    std::vector<Tensor> trained;
    for (auto& p : net->named_parameters()) {
      p.value().set_requires_grad(learns(o, p.key()));
      if (p.value().requires_grad()) trained.push_back(p.value());
    }
    if (scalar()) {
      rate = RateModel(net->config().layout);
      for (auto& p : rate->parameters()) trained.push_back(p);
    }
    optimizer = std::make_unique<torch::optim::AdamW>(
        trained, torch::optim::AdamWOptions(o.learning_rate).betas({0.9, 0.99}).weight_decay(1e-4));
    for (const auto& p : net->parameters()) average.push_back(p.detach().clone());
    if (!scalar()) books.emplace_back(net->structure_quantiser);
    for (auto& q : net->detail_quantisers) books.emplace_back(q);
    bf16 = neural::bf16_pays();
    const TokenLayout& layout = net->config().layout;
    const SampleOptions sample_options{layout.stages(),     layout.gain_levels, scalar(),
                                       layout.split_motion, o.loss_share,       o.knowledge_share};
    for (int i = 0; i < o.batch; ++i) {
      // Overfitting: all slots draw from few seeds and play the same scene again and again.
      const auto slot = static_cast<uint64_t>(o.overfit > 0 ? i % o.overfit : i);
      samples.push_back(
          std::make_unique<Sample>(material, o.crop, o.seed * 1000003 + slot, sample_options, o.overfit > 0));
    }
  }

  int stages() const { return net->config().layout.stages(); }
  bool scalar() const { return net->config().layout.scalar(); }

  void prepare_samples() {
    at::parallel_for(0, options.batch, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) samples[static_cast<size_t>(i)]->prepare();
    });
  }

  double done() const { return std::min(1.0, spent / (options.minutes * 60)); }

  double learning_rate() const {
    double lr = options.learning_rate * std::min(1.0, static_cast<double>(step + 1) / kRampSteps);
    if (done() > kFallFrom) {
      const double x = (done() - kFallFrom) / (1 - kFallFrom);
      lr *= 0.02 + 0.98 * 0.5 * (1 + std::cos(x * M_PI));
    }
    return lr;
  }

  CodePenalties penalties(const neural::GainClasses& classes) const {
    const double strength = kEntropyStrength * torch::rand({}).item<double>();
    CodePenalties p;
    p.structure = books[0].penalty(strength).index_select(0, classes.cells);
    for (size_t s = 1; s < books.size(); ++s) {
      p.detail.push_back(books[s].penalty(strength).index_select(0, classes.blocks));
    }
    return p;
  }

  struct Coded {
    Tensor commitment;
    Tensor bits;       // of a scalar quantiser: what each cell is likely to take [B, 1, h, w], 0 if it is not coded
    Tensor structure;  // quantised with straight-through gradients [B, dim, h, w], zero in cells that are not coded
    Tensor detail;     // map, before quantisation; a scalar quantiser's levels, with straight-through gradients
    neural::TokenTensors tokens;
    neural::GainClasses classes;
    // The samples of `index` alone, without structure tokens.
    Coded select(const Tensor& index, int64_t batch) const {
      auto chosen = [&](const Tensor& rows) { return rows.view({batch, -1}).index_select(0, index).flatten(); };
      Coded out;
      out.structure = structure.index_select(0, index);
      out.detail = detail.index_select(0, index);
      for (const auto& t : tokens.detail) out.tokens.detail.push_back(chosen(t));
      if (!classes.cells.defined()) return out;
      out.classes = {chosen(classes.cells), chosen(classes.blocks)};
      return out;
    }
  };

  // A map at 1/16 of what holds for whole cells, repeated at 1/8.
  static Tensor repeated(const Tensor& map) {
    return torch::upsample_nearest2d(map, {map.size(2) * 2, map.size(3) * 2});
  }

  static Tensor straight_through(const Tensor& latent) { return latent + (to_levels(latent) - latent).detach(); }

  // Coefficients of stages below `kept`, stages of each cell: a mask like detail latents, [B, coefficients, 2h, 2w].
  Tensor stage_mask(const Tensor& kept) const {
    const auto kept8 = repeated(kept);
    std::vector<Tensor> masks;
    int stage = 0;
    for (int n : net->config().layout.detail_coefficients) {
      masks.push_back((kept8 > stage++).to(torch::kFloat32).expand({-1, n, -1, -1}));
    }
    return torch::cat(masks, 1);
  }

  // With a scalar quantiser. `sent` [B, 1, h, w]: stages, -1 where nothing is coded.
  Coded round(const neural::SemanticNetImpl::Analysis& a, const Tensor& sent) {
    Coded out;
    const auto coded = (sent >= 0).to(torch::kFloat32);
    const auto mask = stage_mask(sent);
    const auto z = a.structure.to(torch::kFloat32) * coded;
    out.structure = straight_through(z);
    const auto d = net->detail_latent(a, net->spread(out.structure)).to(torch::kFloat32);
    out.detail = straight_through(d);
    auto noisy = [](const Tensor& latent) { return latent + torch::rand_like(latent) - 0.5; };
    const auto bits = rate->forward(noisy(z), noisy(d), out.structure.detach(), (out.detail * mask).detach());
    const auto stage = torch::arange(stages()).view({1, -1, 1, 1});
    out.bits = (bits.structure + (bits.detail * (sent > stage).to(torch::kFloat32)).sum(1, true)) * coded;
    out.commitment = torch::zeros({});
    return out;
  }

  // `coded` and gain levels [B, 1, h, w].
  Coded quantise(const neural::SemanticNetImpl::Analysis& a, const Tensor& coded, const Tensor& levels) {
    Coded out;
    out.classes = neural::gain_classes(levels, net->config().layout);
    const int64_t batch = a.structure.size(0);
    const int64_t side = a.structure.size(2);
    const auto cells = coded.flatten().nonzero().squeeze(1);
    const auto blocks = repeated(coded).flatten().nonzero().squeeze(1);
    const auto z = neural::to_rows(a.structure).to(torch::kFloat32);
    if (step < kWarmUpSteps) {
      out.structure = a.structure * coded;
      out.detail = net->detail_latent(a, net->spread(out.structure));
      out.commitment = torch::zeros({});
      warm_structure.push_back(z.detach().index_select(0, cells));
      warm_cells.push_back(out.classes.cells.index_select(0, cells));
      warm_detail.push_back(neural::to_rows(out.detail).detach().to(torch::kFloat32).index_select(0, blocks));
      warm_blocks.push_back(out.classes.blocks.index_select(0, blocks));
      return out;
    }
    const auto price = penalties(out.classes);
    out.tokens.structure = net->structure_quantiser->nearest(z.detach(), price.structure, out.classes.cells);
    const auto q = net->structure_quantiser->lookup(out.tokens.structure, out.classes.cells);
    out.structure = neural::to_map(z + (q - z).detach(), batch, side, side) * coded;
    out.detail = net->detail_latent(a, net->spread(out.structure));
    const auto d = neural::to_rows(out.detail).to(torch::kFloat32);
    const auto residuals = neural::quantise_details(net, d.detach(), out.classes, price, out.tokens.detail);
    const auto full = neural::sum_details(net, out.tokens, out.classes, {});
    out.commitment = (z - q).square().mean(1).index_select(0, cells).mean() +
                     (d - full).square().mean(1).index_select(0, blocks).mean();
    auto update = [](CodebookTrainer& book, const Tensor& rows, const Tensor& tokens, const Tensor& classes,
                     const Tensor& where) {
      book.update(rows.index_select(0, where), tokens.index_select(0, where), classes.index_select(0, where));
    };
    update(books[0], z.detach(), out.tokens.structure, out.classes.cells, cells);
    for (size_t s = 0; s + 1 < books.size(); ++s) {
      update(books[s + 1], residuals[s], out.tokens.detail[s], out.classes.blocks, blocks);
    }
    return out;
  }

  // Decodes what `kept` says arrived (stages per cell, -1 = nothing) [B, 1, h, w].
  PictureTensor decode(const Coded& c, const Tensor& prediction, const Tensor& features, const Tensor& kept,
                       const Tensor& gains) {
    const auto coded = (kept >= 0).to(torch::kFloat32);
    if (scalar()) {
      return PictureTensor::unpacked(net->synthesise(prediction, features, net->spread(c.structure * coded),
                                                     c.detail * stage_mask(kept), gains * coded),
                                     4);
    }
    const auto kept8 = neural::to_rows(repeated(kept));
    const auto d = neural::to_rows(c.detail).to(torch::kFloat32);
    auto detail = d;
    if (!c.tokens.detail.empty())
      detail = d + (neural::sum_details(net, c.tokens, c.classes, kept8.squeeze(1)) - d).detach();
    detail = detail * (kept8 > 0).to(torch::kFloat32);
    const auto map = neural::to_map(detail, kept.size(0), 2 * kept.size(2), 2 * kept.size(3));
    return PictureTensor::unpacked(
        net->synthesise(prediction, features, net->spread(c.structure * coded), map, gains * coded), 4);
  }

  Tensor picture_loss(const PictureTensor& decoded, const PictureTensor& prediction, const PictureTensor& current,
                      const Tensor& kept, const Tensor& bits, const Tensor& steps, StepReport& report) {
    const int64_t side = kept.size(2);
    const auto coded = (kept >= 0).to(torch::kFloat32);
    const auto luma_mask = torch::upsample_nearest2d(coded, {side * kCellSize, side * kCellSize});
    const auto chroma_mask = torch::upsample_nearest2d(coded, {side * kCellSize / 2, side * kCellSize / 2});
    const auto share = coded.mean({1, 2, 3}).clamp_min(0.02);
    // Squared errors of 8-bit samples.
    const auto luma_error = (decoded.luma - current.luma).square() * luma_mask * (128 * 128);
    const auto chroma_error = (decoded.chroma - current.chroma).square() * chroma_mask * (128 * 128);
    const auto luma = luma_error.mean({1, 2, 3}) / share;
    const auto chroma = chroma_error.mean({1, 2, 3}) / share;
    const auto shown = decoded.luma * luma_mask + prediction.luma * (1 - luma_mask);
    const auto dissimilar = (1 - multi_scale_ssim(shown, current.luma, kScales)) / share.clamp_min(0.15);
    record_psnr(torch::avg_pool2d(luma_error.detach(), kCellSize).view(-1), kept.view(-1), report);
    if (scalar()) {
      report.bits = (bits.sum() / coded.sum()).item<double>();
      return rate_distortion_loss({luma_error, chroma_error, dissimilar, coded, bits, steps * 128}).mean();
    }
    return (kErrorWeight * ((luma + kErrorFloor).log() + kChromaWeight * (chroma + kErrorFloor).log()) / 2 +
            options.structure_weight * dissimilar)
        .mean();
  }

  // By number of stages.
  void record_psnr(const Tensor& cell_error_mean, const Tensor& kept, StepReport& report) const {
    report.psnr.assign(static_cast<size_t>(stages()) + 1, NAN);
    for (int n = 0; n <= stages(); ++n) {
      const auto chosen = cell_error_mean.index({kept == n});
      if (chosen.size(0) == 0) continue;
      // The mean of decibels over cells, as they differ more than stages do.
      report.psnr[static_cast<size_t>(n)] =
          (10 * torch::log10(255 * 255 / chosen.clamp_min(1e-2))).mean().item<double>();
    }
  }

  std::vector<const Picture*> pictures(const std::vector<Sample*>& from, Picture Sample::*member) const {
    std::vector<const Picture*> out;
    for (const Sample* s : from) out.push_back(&(s->*member));
    return out;
  }

  // What one step works on. Those of its samples that lose units are decoded twice: as the decoder sees them, and as
  // the encoder thinks that it does.
  struct Batch {
    std::vector<Sample*> all;
    std::vector<Sample*> lossy;
    std::vector<int64_t> lossy_index;
    PictureTensor current;
    PictureTensor encoder_prediction;
    PictureTensor decoder_prediction;
    Tensor sent, received, gains;
  };

  Batch next_batch() {
    prepare_samples();
    Batch b;
    for (size_t i = 0; i < samples.size(); ++i) {
      b.all.push_back(samples[i].get());
      if (!samples[i]->lossy()) continue;
      b.lossy.push_back(samples[i].get());
      b.lossy_index.push_back(static_cast<int64_t>(i));
    }
    b.current = neural::to_tensor(pictures(b.all, &Sample::current));
    b.encoder_prediction = neural::to_tensor(pictures(b.all, &Sample::encoder_prediction));
    b.decoder_prediction = neural::to_tensor(pictures(b.all, &Sample::decoder_prediction));
    b.sent = cell_tensor(b.all, &Sample::sent);
    b.received = cell_tensor(b.all, &Sample::received);
    b.gains = gain_tensor(b.all, scalar());
    return b;
  }

  struct Result {
    Coded coded;
    PictureTensor decoded;    // by the decoder
    Tensor encoder_features;  // of the encoder's prediction
  };

  Result run(const Batch& b) {
    Autocast autocast(bf16);
    Result r;
    const auto base = b.encoder_prediction.packed(8);
    r.encoder_features = net->prediction_features(base);
    const auto analysis = net->analyse(b.current.packed(8), base, r.encoder_features, b.gains);
    r.coded = scalar() ? round(analysis, b.sent)
                       : quantise(analysis, (b.sent >= 0).to(torch::kFloat32), cell_tensor(b.all, &Sample::gains));
    const auto decoder_base = b.decoder_prediction.packed(8);
    r.decoded = decode(r.coded, decoder_base, net->prediction_features(decoder_base), b.received, b.gains);
    return r;
  }

  // The lossy samples as the encoder sees them.
  std::vector<Picture> encoder_pictures(const Batch& b, const Result& r) {
    std::vector<Picture> out;
    if (b.lossy.empty()) return out;
    torch::NoGradGuard no_grad;
    Autocast autocast(bf16);
    const auto index = torch::tensor(b.lossy_index);
    const auto prediction = neural::to_tensor(pictures(b.lossy, &Sample::encoder_prediction)).packed(8);
    neural::to_pictures(
        decode(r.coded.select(index, options.batch), prediction, r.encoder_features.index_select(0, index),
               cell_tensor(b.lossy, &Sample::sent), gain_tensor(b.lossy, scalar())),
        out);
    return out;
  }

  void descend(const Tensor& loss) {
    set_learning_rate(*optimizer, learning_rate());
    optimizer->zero_grad();
    loss.backward();
    torch::nn::utils::clip_grad_norm_(net->parameters(), kClip);
    if (scalar()) torch::nn::utils::clip_grad_norm_(rate->parameters(), kClip);
    optimizer->step();
    update_average();
  }

  void tend_codebooks() {
    if (scalar()) return;
    if (step + 1 == kWarmUpSteps) initialise_codebooks();
    if (step <= kWarmUpSteps || step % kReviveEvery != 0) return;
    for (auto& b : books) b.revive();
  }

  void train_step() {
    StepReport report;
    const Batch batch = next_batch();
    const Result result = run(batch);
    const Tensor loss = picture_loss(result.decoded, batch.decoder_prediction, batch.current, batch.received,
                                     result.coded.bits, batch.gains, report) +
                        kCommitment * result.coded.commitment;
    descend(loss);

    std::vector<Picture> decoder_pictures;
    neural::to_pictures({result.decoded.luma.detach(), result.decoded.chroma.detach()}, decoder_pictures);
    finish_samples(decoder_pictures, encoder_pictures(batch, result));
    tend_codebooks();
    report.loss = loss.item<double>();
    report.commitment = result.coded.commitment.item<double>();
    if (!scalar()) report.bits = books[0].mean_bits();
    for (size_t s = 1; s < books.size(); ++s) report.bits += 4 * books[s].mean_bits();
    for (const auto& b : books) {
      report.used.push_back(b.used_share());
      report.zeros.push_back(b.zero_share());
    }
    ++step;
    window.push_back(std::move(report));
  }

  void finish_samples(const std::vector<Picture>& decoder_pictures, const std::vector<Picture>& encoder_pictures) {
    size_t lossy = 0;
    for (size_t i = 0; i < samples.size(); ++i) {
      const Picture* encoder = samples[i]->lossy() ? &encoder_pictures[lossy++] : nullptr;
      samples[i]->finish(decoder_pictures[i], encoder);
    }
  }

  void initialise_codebooks() {
    books[0].initialise(torch::cat(warm_structure), torch::cat(warm_cells));
    Tensor residual = torch::cat(warm_detail);
    const Tensor classes = torch::cat(warm_blocks);
    for (size_t s = 1; s < books.size(); ++s) {
      books[s].initialise(residual, classes);
      auto& q = net->detail_quantisers[s - 1];
      residual = residual - q->lookup(q->nearest(residual, {}, classes), classes);
    }
    for (auto* rows : {&warm_structure, &warm_detail, &warm_cells, &warm_blocks}) rows->clear();
  }

  void update_average() {
    torch::NoGradGuard no_grad;
    const double keep = std::min(kAverage, static_cast<double>(step + 1) / static_cast<double>(step + 10));
    const auto parameters = net->parameters();
    for (size_t i = 0; i < parameters.size(); ++i) average[i].mul_(keep).add_(parameters[i], 1 - keep);
  }

  void swap_average() {
    auto parameters = net->parameters();
    for (size_t i = 0; i < parameters.size(); ++i) {
      const auto kept = parameters[i].detach().clone();
      parameters[i].set_data(average[i].clone());
      average[i] = kept;
    }
  }

  std::string checkpoint_path() const { return options.out + "/checkpoint.pt"; }

  void save() {
    torch::serialize::OutputArchive archive;
    net->save(archive);
    if (scalar()) {
      torch::serialize::OutputArchive rate_archive;
      rate->save(rate_archive);
      archive.write("rate", rate_archive);
    }
    for (size_t i = 0; i < average.size(); ++i) archive.write("average." + std::to_string(i), average[i], true);
    for (size_t i = 0; i < books.size(); ++i) {
      const std::string name = "book." + std::to_string(i) + ".";
      archive.write(name + "counts", books[i].counts, true);
      archive.write(name + "sums", books[i].sums, true);
      archive.write(name + "error", books[i].error, true);
    }
    write_progress(archive, *optimizer, step, spent);
    save_checkpoint(archive, checkpoint_path());
  }

  void load() {
    torch::serialize::InputArchive archive;
    archive.load_from(checkpoint_path());
    net->load(archive);
    if (scalar()) {
      torch::serialize::InputArchive rate_archive;
      archive.read("rate", rate_archive);
      rate->load(rate_archive);
    }
    for (size_t i = 0; i < average.size(); ++i) archive.read("average." + std::to_string(i), average[i], true);
    for (size_t i = 0; i < books.size(); ++i) {
      const std::string name = "book." + std::to_string(i) + ".";
      archive.read(name + "counts", books[i].counts, true);
      archive.read(name + "sums", books[i].sums, true);
      archive.read(name + "error", books[i].error, true);
    }
    read_progress(archive, *optimizer, step, spent);
  }

  void checkpoint() {
    save();
    write_sheet(options.out + "/sheet.png", samples);
    swap_average();
    neural::export_model(net, options.out + "/model.safetensors",
                         {{"license", options.license},
                          {"trained_steps", std::to_string(step)},
                          {"trained_minutes", std::to_string(static_cast<int>(spent / 60))}});
    swap_average();
  }

  void log(double steps_per_second) {
    const TrainingProgress progress{step, spent, options.minutes * 60, steps_per_second * options.batch,
                                    learning_rate()};
    const StepReport mean = mean_of(window);
    print_progress(progress, mean);
    append_csv(options.out + "/log.csv", progress, mean);
    window.clear();
  }
};

CodecTrainer::CodecTrainer(const TrainOptions& options, const Material& material) {
  torch::manual_seed(options.seed);
  fs::create_directories(options.out);
  state_ = std::make_unique<State>(options, material);
  if (resumes_from(state_->checkpoint_path(), options.resume)) state_->load();
}

CodecTrainer::~CodecTrainer() = default;

void CodecTrainer::run() {
  State& s = *state_;
  if (s.done() >= 1) {
    std::printf("%.0f minutes are used up already; give more with --minutes\n", s.options.minutes);
    return;
  }
  std::printf("from step %lld, %.1f minutes spent\n", static_cast<long long>(s.step), s.spent / 60);
  run_training(s, kLogEvery, s.options.checkpoint_minutes * 60);
}

}  // namespace crlsc::tools
