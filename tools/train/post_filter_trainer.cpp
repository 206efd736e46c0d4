// SPDX-License-Identifier: LGPL-2.1-or-later
#include "train/post_filter_trainer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "core/model/registry.h"
#include "neural/autocast.h"
#include "neural/model_io.h"
#include "neural/picture_tensor.h"
#include "neural/post_filter.h"
#include "neural/precision.h"
#include "progress.h"
#include "train/checkpoint.h"
#include "train/coded_sequence.h"
#include "train/losses.h"
#include "train/training_run.h"

namespace crlsc::tools {
namespace fs = std::filesystem;
using neural::PictureTensor;
using torch::Tensor;

namespace {

constexpr int kSide = 160;  // of coded pictures
constexpr int kCrop = 112;  // of what is learnt from
constexpr int kSequences = 8;
constexpr size_t kPool = 1024;  // coded pictures that samples are drawn from; each step brings a new one
constexpr size_t kFirstPool = 128;
constexpr double kRampSteps = 100;
constexpr double kWeightDecay = 1e-4;
constexpr double kClip = 1.0;
constexpr double kLogEvery = 30;  // seconds

// Parts of pictures as they were decoded and as they were, what is told of them (neural::told_of()), and which were
// coded at half size.
struct Batch {
  PictureTensor decoded;
  PictureTensor original;
  Tensor told;
  std::vector<bool> half;
};

Tensor psnr_of(const Tensor& a, const Tensor& b) {
  return -10 * torch::log10((a - b).square().mean({1, 2, 3}).clamp_min(1e-7) * (128.0 * 128 / 255 / 255));
}

}  // namespace

struct PostFilterTrainer::State {
  PostFilterTrainOptions options;
  const Material& material;
  std::shared_ptr<const LoadedModel> model;
  std::vector<std::unique_ptr<CodedSequence>> sequences;
  std::vector<CodedSequence::Pair> pool;
  std::mt19937_64 random;
  neural::PostFilterNet net;
  torch::optim::AdamW optimizer;
  bool bf16 = neural::bf16_pays();
  int64_t step = 0;
  double spent = 0;  // seconds

  // Since the last line of the log: the loss; the gain in dB at full size and at half, and how many pictures that is
  // of.
  double loss_sum = 0;
  int64_t losses = 0;
  std::array<double, 2> gain{};
  std::array<int64_t, 2> pictures{};

  State(const PostFilterTrainOptions& o, const Material& m)
      : options(o),
        material(m),
        model(acquire_model(o.model, o.threads)),
        net(neural::has_post_filter(model->file) ? neural::import_post_filter(model->file)
                                                 : neural::PostFilterNet(neural::PostFilterConfig::of(o.size))),
        optimizer(net->parameters(), torch::optim::AdamWOptions(o.learning_rate).weight_decay(kWeightDecay)) {
    net->set_finest_step(CodedSequence::finest_step());
  }

  std::string file(const char* name) const { return options.out + "/" + name; }
  double done() const { return std::min(1.0, spent / (options.minutes * 60)); }
  double learning_rate() const {
    return options.learning_rate * std::min(1.0, static_cast<double>(step + 1) / kRampSteps) *
           (0.5 + 0.5 * std::cos(M_PI * done()));
  }

  // A run that goes on sees other sequences.
  void open_sequences() {
    random.seed(options.seed * 1000003 + static_cast<uint64_t>(step));
    for (int i = 0; i < kSequences; ++i) {
      sequences.push_back(std::make_unique<CodedSequence>(model, material, kSide, random(), options.half_share));
    }
    while (pool.size() < kFirstPool) pool.push_back(next_pair());
  }

  CodedSequence::Pair next_pair() { return sequences[random() % sequences.size()]->next(); }

  void refill() {
    CodedSequence::Pair pair = next_pair();
    if (pool.size() < kPool) {
      pool.push_back(std::move(pair));
    } else {
      pool[random() % pool.size()] = std::move(pair);
    }
  }

  Batch next_batch() {
    refill();
    Batch batch;
    std::array<std::vector<Tensor>, 5> parts;
    for (int i = 0; i < options.batch; ++i) {
      const CodedSequence::Pair& pair = pool[random() % pool.size()];
      const auto x = static_cast<int64_t>(random() % (kSide - kCrop + 1) / 4 * 4);
      const auto y = static_cast<int64_t>(random() % (kSide - kCrop + 1) / 4 * 4);
      std::vector<int64_t> turned;
      if (random() % 2 == 0) turned.push_back(2);
      if (random() % 2 == 0) turned.push_back(3);
      const auto add = [&](size_t part, const Tensor& plane, int64_t scale) {
        parts[part].push_back(
            plane.slice(2, y / scale, (y + kCrop) / scale).slice(3, x / scale, (x + kCrop) / scale).flip(turned));
      };
      const PictureTensor decoded = neural::to_tensor({&pair.decoded});
      const PictureTensor original = neural::to_tensor({&pair.original});
      add(0, decoded.luma, 1);
      add(1, decoded.chroma, 2);
      add(2, original.luma, 1);
      add(3, original.chroma, 2);
      add(4, neural::told_of(pair.cells, pair.half, {0, 0, kSide / kCellSize, kSide / kCellSize}), 4);
      batch.half.push_back(pair.half);
    }
    batch.decoded = {torch::cat(parts[0]), torch::cat(parts[1])};
    batch.original = {torch::cat(parts[2]), torch::cat(parts[3])};
    batch.told = torch::cat(parts[4]);
    return batch;
  }

  void train_step() {
    const Batch batch = next_batch();
    set_learning_rate(optimizer, learning_rate());
    PictureTensor filtered;
    {
      const neural::Autocast autocast(bf16);
      filtered = PictureTensor::unpacked(net->forward(batch.decoded.packed(4), batch.told), 4);
    }
    const Tensor loss = picture_loss(filtered, batch.original);
    optimizer.zero_grad();
    loss.backward();
    torch::nn::utils::clip_grad_norm_(net->parameters(), kClip);
    optimizer.step();
    ++step;
    loss_sum += loss.item<double>();
    ++losses;
    const Tensor gained =
        (psnr_of(filtered.luma, batch.original.luma) - psnr_of(batch.decoded.luma, batch.original.luma)).detach();
    for (int i = 0; i < options.batch; ++i) {
      const size_t kind = batch.half[static_cast<size_t>(i)] ? 1 : 0;
      gain[kind] += gained[i].item<double>();
      ++pictures[kind];
    }
  }

  void log(double steps_per_second) {
    const auto mean = [](double sum, int64_t count) { return sum / static_cast<double>(std::max<int64_t>(1, count)); };
    const double loss = mean(loss_sum, losses);
    const double full = mean(gain[0], pictures[0]);
    const double half = mean(gain[1], pictures[1]);
    std::printf("%3.0f%% step %lld loss %.4f, %+.3f dB at full size, %+.3f dB at half | %.1f steps/s ETA %s\n",
                100 * done(), static_cast<long long>(step), loss, full, half, steps_per_second,
                clock_text(done() > 0 ? spent / done() - spent : 0).c_str());
    std::fflush(stdout);
    const bool fresh = !fs::exists(file("log.csv"));
    std::ofstream csv(file("log.csv"), std::ios::app);
    if (fresh) csv << "step,minutes,learning_rate,loss,gain_full,gain_half\n";
    csv << step << ',' << spent / 60 << ',' << learning_rate() << ',' << loss << ',' << full << ',' << half << '\n';
    loss_sum = 0;
    losses = 0;
    gain = {};
    pictures = {};
  }

  void checkpoint() {
    torch::serialize::OutputArchive archive;
    write_parameters(archive, *net);
    write_progress(archive, optimizer, step, spent);
    save_checkpoint(archive, file("checkpoint.pt"));
    const std::string training = std::to_string(step) + " steps of " + std::to_string(options.batch) + " crops of " +
                                 std::to_string(kCrop) + "x" + std::to_string(kCrop);
    neural::export_with_post_filter(ModelFile(options.model), net, training, file("model.safetensors"));
  }

  void load() {
    torch::serialize::InputArchive archive;
    archive.load_from(file("checkpoint.pt"));
    read_parameters(archive, *net);
    read_progress(archive, optimizer, step, spent);
    std::printf("from step %lld, %.1f minutes spent\n", static_cast<long long>(step), spent / 60);
  }
};

PostFilterTrainer::PostFilterTrainer(const PostFilterTrainOptions& options, const Material& material) {
  torch::manual_seed(options.seed);
  fs::create_directories(options.out);
  state_ = std::make_unique<State>(options, material);
  if (resumes_from(state_->file("checkpoint.pt"), options.resume)) state_->load();
  state_->open_sequences();
}

PostFilterTrainer::~PostFilterTrainer() = default;

void PostFilterTrainer::run() {
  State& s = *state_;
  run_training(s, kLogEvery, s.options.checkpoint_minutes * 60);
  std::printf("%s\n", s.file("model.safetensors").c_str());
}

}  // namespace crlsc::tools
