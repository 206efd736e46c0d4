// SPDX-License-Identifier: LGPL-2.1-or-later
#include "train/post_filter_trainer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "core/codec/picture_median.h"
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
constexpr int kCameraSequences = 2;
constexpr size_t kFirstPictures = 128;
constexpr size_t kFirstOfCamera = 256;
constexpr double kRampSteps = 100;
constexpr double kWeightDecay = 1e-4;
constexpr double kClip = 1.0;
constexpr double kLogEvery = 30;  // seconds
constexpr double kPlacesFaster = 10;
constexpr double kPlacesDecay = 0.3;
constexpr double kWithoutPlaces = 0.25;  // share of the camera's crops
constexpr int kChecks = 120;             // pictures
constexpr int kFactor = 4;               // that the net works at

// Parts of pictures as they were decoded and as they were, what is told of them (neural::told_of()), and which were
// coded at half size.
struct Batch {
  PictureTensor decoded;
  PictureTensor original;
  Tensor told;
  Tensor placed;  // PostFilterNetImpl::placed() of these parts
  std::vector<bool> half;
};

// Coded pictures that samples are drawn from, which others take the places of one by one.
class Pool {
 public:
  // Starts with `first` pictures.
  explicit Pool(size_t first) : first_(first) {}
  void add(std::unique_ptr<CodedPairs> source) { sources_.push_back(std::move(source)); }
  void fill(std::mt19937_64& random) {
    while (pairs_.size() < first_) pairs_.push_back(next(random));
  }
  void refill(std::mt19937_64& random) {
    if (pairs_.size() < kMostPictures && pairs_.size() * pairs_[0].original.data().size() < kMostBytes) {
      pairs_.push_back(next(random));
    } else {
      pairs_[random() % pairs_.size()] = next(random);
    }
  }
  const CodedPair& any(std::mt19937_64& random) const { return pairs_[random() % pairs_.size()]; }

 private:
  CodedPair next(std::mt19937_64& random) { return sources_[random() % sources_.size()]->next(); }

  static constexpr size_t kMostPictures = 1024;
  static constexpr size_t kMostBytes = size_t{512} << 20;  // of originals: as many are decoded ones

  size_t first_;
  std::vector<std::unique_ptr<CodedPairs>> sources_;
  std::vector<CodedPair> pairs_;
};

// The median over all of the clips, in whole cells.
Picture usual_of(const CameraClips& clips) {
  PictureMedian median;
  double second = 0;
  for (const auto& clip : clips) {
    for (const cv::Mat& picture : clip) median.add(to_picture(picture).view(), second++);
  }
  return pad_to_cells(median.median().view());
}

Tensor psnr_of(const Tensor& a, const Tensor& b) {
  return -10 * torch::log10((a - b).square().mean({1, 2, 3}).clamp_min(1e-7) * (128.0 * 128 / 255 / 255));
}

}  // namespace

struct PostFilterTrainer::State {
  PostFilterTrainOptions options;
  const Material* material;      // or
  const CameraMaterial* camera;  // the other is null
  std::shared_ptr<const LoadedModel> model;
  Pool pool;
  int rows = 0;  // of the camera's pictures, at 1/4
  int cols = 0;
  int crop = kCrop;  // what is learnt from
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

  State(const PostFilterTrainOptions& o, const Material* m, const CameraMaterial* c)
      : options(o),
        material(m),
        camera(c),
        model(acquire_model(o.model, o.threads)),
        pool(c == nullptr ? kFirstPictures : kFirstOfCamera),
        net(network_to_train()),
        optimizer(parameter_groups(), torch::optim::AdamWOptions(o.learning_rate).weight_decay(kWeightDecay)) {
    net->set_finest_step(CodedSequence::finest_step());
  }

  neural::PostFilterNet network_to_train() {
    if (camera == nullptr) {
      return neural::has_post_filter(model->file) ? neural::import_post_filter(model->file)
                                                  : neural::PostFilterNet(neural::PostFilterConfig::of(options.size));
    }
    const Picture usual = usual_of(camera->clips);
    rows = usual.height() / kFactor;
    cols = usual.width() / kFactor;
    crop = std::min({kCrop, usual.width(), usual.height()});
    return neural::new_camera_filter(model->file, usual);
  }

  // Places learn faster than weights: each is seen less often.
  std::vector<torch::optim::OptimizerParamGroup> parameter_groups() {
    std::vector<Tensor> weights;
    std::vector<torch::optim::OptimizerParamGroup> groups;
    for (const auto& item : net->named_parameters()) {
      if (item.key() != "places" && item.value().requires_grad()) weights.push_back(item.value());
    }
    groups.emplace_back(weights);
    if (net->places().defined()) groups.emplace_back(std::vector<Tensor>{net->places()});
    return groups;
  }

  void set_learning_rates() {
    set_learning_rate(optimizer, learning_rate());
    for (size_t i = 1; i < optimizer.param_groups().size(); ++i) {
      auto& places = static_cast<torch::optim::AdamWOptions&>(optimizer.param_groups()[i].options());
      places.lr(kPlacesFaster * learning_rate()).weight_decay(kPlacesDecay);
    }
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
    for (int i = 0; camera == nullptr && i < kSequences; ++i) {
      pool.add(std::make_unique<CodedSequence>(model, *material, kSide, random(), options.half_share));
    }
    for (int i = 0; camera != nullptr && i < kCameraSequences; ++i) {
      pool.add(std::make_unique<CameraSequence>(model, camera->clips, *camera, random()));
    }
    pool.fill(random);
  }

  int64_t any_up_to(int64_t most) { return static_cast<int64_t>(random() % static_cast<uint64_t>(most + 1)); }

  bool any(double share) { return std::bernoulli_distribution(share)(random); }

  // Crops that are told no places are turned over.
  Batch next_batch() {
    pool.refill(random);
    Batch batch;
    const Tensor placed = camera == nullptr ? Tensor() : net->placed(rows, cols);
    std::array<std::vector<Tensor>, 6> parts;
    for (int i = 0; i < options.batch; ++i) {
      const CodedPair& pair = pool.any(random);
      const int64_t x = any_up_to((pair.decoded.width() - crop) / kFactor) * kFactor;
      const int64_t y = any_up_to((pair.decoded.height() - crop) / kFactor) * kFactor;
      const bool at_place = camera != nullptr && !any(kWithoutPlaces);
      std::vector<int64_t> turned;
      if (!at_place && any(0.5)) turned.push_back(3);
      if (camera == nullptr && any(0.5)) turned.push_back(2);  // what a camera sees stands upright
      const auto add = [&](size_t part, const Tensor& plane, int64_t scale) {
        parts[part].push_back(
            plane.slice(2, y / scale, (y + crop) / scale).slice(3, x / scale, (x + crop) / scale).flip(turned));
      };
      const PictureTensor decoded = neural::to_tensor({&pair.decoded});
      const PictureTensor original = neural::to_tensor({&pair.original});
      add(0, decoded.luma, 1);
      add(1, decoded.chroma, 2);
      add(2, original.luma, 1);
      add(3, original.chroma, 2);
      const neural::CellBox whole{0, 0, pair.decoded.width() / kCellSize, pair.decoded.height() / kCellSize};
      add(4, neural::told_of(pair.cells, pair.half, whole), kFactor);
      if (placed.defined()) add(5, at_place ? placed : torch::zeros_like(placed), kFactor);
      batch.half.push_back(pair.half);
    }
    batch.decoded = {torch::cat(parts[0]), torch::cat(parts[1])};
    batch.original = {torch::cat(parts[2]), torch::cat(parts[3])};
    batch.told = torch::cat(parts[4]);
    if (placed.defined()) batch.placed = torch::cat(parts[5]);
    return batch;
  }

  void train_step() {
    const Batch batch = next_batch();
    set_learning_rates();
    PictureTensor filtered;
    {
      const neural::Autocast autocast(bf16);
      filtered =
          PictureTensor::unpacked(net->forward(batch.decoded.packed(kFactor), batch.told, batch.placed), kFactor);
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
    std::printf("%s step %lld loss %.4f, %+.3f dB at full size, %+.3f dB at half | %.1f steps/s ETA %s\n",
                bar_text(done()).c_str(), static_cast<long long>(step), loss, full, half, steps_per_second,
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
    export_model();
  }

  // Squared error of luma by cell, [1, 1, rows, cols], of what the net shows with and without places.
  std::array<Tensor, 2> errors_of(const CodedPair& pair) {
    const PictureTensor decoded = neural::to_tensor({&pair.decoded});
    const Tensor original = neural::to_tensor({&pair.original}).luma;
    const neural::CellBox whole{0, 0, pair.decoded.width() / kCellSize, pair.decoded.height() / kCellSize};
    const Tensor told = neural::told_of(pair.cells, pair.half, whole);
    std::array<Tensor, 2> errors;
    for (size_t i = 0; i < errors.size(); ++i) {
      const Tensor placed = i == 0 ? net->placed(rows, cols) : Tensor();
      const auto shown = PictureTensor::unpacked(net->forward(decoded.packed(kFactor), told, placed), kFactor);
      errors[i] = torch::avg_pool2d((shown.luma - original).square(), kCellSize);
    }
    return errors;
  }

  // Cells are looked at with those round them, as there are few pictures.
  void forget_what_misleads() {
    const torch::NoGradGuard no_grad;
    CameraSequence sequence(model, camera->checks, *camera, options.seed);
    Tensor gained = torch::zeros({1, 1, rows * kFactor / kCellSize, cols * kFactor / kCellSize});
    for (int i = 0; i < kChecks; ++i) {
      const auto errors = errors_of(sequence.next());
      gained += errors[1] - errors[0];
    }
    const Tensor kept = (torch::avg_pool2d(gained, 3, 1, 1) > 0).to(torch::kFloat32);
    const auto& config = net->config();
    net->places().mul_(torch::upsample_nearest2d(kept, {config.place_rows, config.place_cols}));
    std::printf("places known: %.0f %% of the picture\n", 100 * kept.mean().item<double>());
  }

  void export_model() {
    const std::string text = std::to_string(step) + " steps of " + std::to_string(options.batch) + " crops of " +
                             std::to_string(crop) + "x" + std::to_string(crop);
    const auto write = camera == nullptr ? neural::export_with_post_filter : neural::export_with_camera_filter;
    write(ModelFile(options.model), net, text, file("model.safetensors"));
  }

  void load() {
    torch::serialize::InputArchive archive;
    archive.load_from(file("checkpoint.pt"));
    read_parameters(archive, *net);
    read_progress(archive, optimizer, step, spent);
    std::printf("from step %lld, %.1f minutes spent\n", static_cast<long long>(step), spent / 60);
  }
};

PostFilterTrainer::PostFilterTrainer(const PostFilterTrainOptions& options, const Material& material)
    : PostFilterTrainer(options, &material, nullptr) {}

PostFilterTrainer::PostFilterTrainer(const PostFilterTrainOptions& options, const CameraMaterial& camera)
    : PostFilterTrainer(options, nullptr, &camera) {}

PostFilterTrainer::PostFilterTrainer(const PostFilterTrainOptions& options, const Material* material,
                                     const CameraMaterial* camera) {
  torch::manual_seed(options.seed);
  fs::create_directories(options.out);
  state_ = std::make_unique<State>(options, material, camera);
  if (resumes_from(state_->file("checkpoint.pt"), options.resume)) state_->load();
  state_->open_sequences();
}

PostFilterTrainer::~PostFilterTrainer() = default;

void PostFilterTrainer::run() {
  State& s = *state_;
  run_training(s, kLogEvery, s.options.checkpoint_minutes * 60);
  if (s.camera != nullptr) {
    s.forget_what_misleads();
    s.export_model();
  }
  std::printf("%s\n", s.file("model.safetensors").c_str());
}

}  // namespace crlsc::tools
