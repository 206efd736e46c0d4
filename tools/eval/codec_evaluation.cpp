// SPDX-License-Identifier: LGPL-2.1-or-later
#include "eval/codec_evaluation.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "core/error.h"
#include "core/kb/scene_pictures.h"
#include "core/model/registry.h"
#include "core/model/sha256.h"
#include "eval/encoder_config.h"

namespace crlsc::tools {
namespace {

constexpr int kBurst = 3;  // pictures

double now_ms() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void print_quality(const std::string& name, double kbits, const Quality& q) {
  std::printf("%-10s %7.2f kbit/s  PSNR-Y %6.2f dB  SSIM %.4f  MS-SSIM %.4f  GMSD %.4f\n", name.c_str(), kbits, q.psnr,
              q.ssim, q.ms_ssim, q.gmsd);
}

}  // namespace

double worst_five_seconds(const std::vector<size_t>& bytes, double pictures_per_second, int bitrate) {
  const auto window = static_cast<size_t>(5 * pictures_per_second);
  double worst = 0;
  for (auto i = static_cast<size_t>(pictures_per_second); i + window <= bytes.size(); ++i) {
    const auto begin = bytes.begin() + static_cast<ptrdiff_t>(i);
    const double sum = std::accumulate(begin, begin + static_cast<ptrdiff_t>(window), 0.0);
    worst = std::max(worst, sum * 8 / (5.0 * bitrate));
  }
  return worst;
}

Receiver::Receiver(std::string n, std::shared_ptr<const LoadedModel> model, const SequenceHeader& sequence,
                   bool post_filter)
    : name(std::move(n)), decoder(std::move(model), sequence) {
  decoder.set_post_filter(post_filter);
}

Quality Receiver::receive(const Bytes& access_unit, bool arrived, const PictureView& original, Decoder* reference) {
  const double start = now_ms();
  if (!arrived) {
    decoder.conceal();
    ++lost;
  } else if (!access_unit.empty()) {
    decoder.decode(access_unit);
  }
  const PictureView shown = decoder.picture();
  decode_ms = now_ms() - start;
  const Quality now = compare(original, shown);
  quality.add(now);
  if (reference != nullptr) ssim_reference.push_back(compare(reference->picture(), shown).ssim);
  return now;
}

CodecEvaluation::CodecEvaluation(const EvaluationOptions& options)
    : options_(options),
      model_(acquire_model(find_model(options.model), options.threads)),
      video_(open_video(options.input)),
      rate_(video_->frames_per_second()),
      random_(options.seed) {
  if (!options_.stream.empty()) stream_ = std::make_unique<StreamWriter>(options_.stream);
  if (options_.csv.empty()) return;
  csv_.open(options_.csv);
  if (!csv_) throw Error(ErrorKind::kWrite, "cannot write \"" + options_.csv + "\"");
  csv_ << "picture,bytes,key,encode_ms,decode_ms,psnr,ssim,ms_ssim,gmsd,half,lambda\n";
}

CodecEvaluation::~CodecEvaluation() = default;

void CodecEvaluation::run() {
  Picture picture;
  if (!video_->read(picture)) throw Error(ErrorKind::kRead, "\"" + options_.input + "\" holds no picture");
  EncoderConfig config = encoder_config(picture, options_.bitrate, rate_);
  config.refresh_share = options_.refresh_share;
  config.min_quantizer = options_.min_quantizer;
  const bool known = !options_.scene.empty() || !options_.knowledge_base.empty();
  config.resize = known ? ResizeMode::kNone : options_.resize;
  encoder_ = std::make_unique<Encoder>(model_, config);
  auto add = [this](const std::string& name) {
    receivers_.push_back(std::make_unique<Receiver>(name, model_, encoder_->sequence_header(), options_.post_filter));
    return receivers_.back().get();
  };
  add("all");
  // Those that get the first layers only keep their own references.
  for (int n = 1; options_.by_layer && n < model_->file.layout().layers(); ++n) {
    add(std::to_string(n) + " layers")->decoder.set_max_layers(n);
  }
  if (options_.loss > 0 || options_.burst_at > 0) lossy_ = add("with loss");
  if (!options_.scene.empty()) share_scene();
  if (!options_.knowledge_base.empty()) share_knowledge(picture.width(), picture.height());
  if (!options_.save.empty()) {
    writer_ = std::make_unique<Y4mWriter>(options_.save, picture.width(), picture.height(), rate_);
  }
  do {
    step(picture);
  } while ((options_.seconds <= 0 || static_cast<double>(sizes_.size()) < options_.seconds * rate_) &&
           video_->read(picture));
  if (stream_) stream_->close();
  if (!options_.csv.empty() && !csv_.flush()) {
    throw Error(ErrorKind::kWrite, "cannot write to \"" + options_.csv + "\"");
  }
  report();
}

// Gives the pictures of the scene to encoder and decoders.
void CodecEvaluation::share_scene() {
  auto memory = std::make_shared<SceneMemory>();
  std::vector<ScenePicture> scene;
  for (const std::string& path : options_.scene) {
    Picture first;
    if (!open_video(path)->read(first)) throw Error(ErrorKind::kRead, "\"" + path + "\" holds no picture");
    const auto picture = std::make_shared<const Picture>(pad_to_cells(first.view()));
    const Sha256::Digest digest = Sha256::of(picture->data());
    ScenePicture shared{{}, picture};
    std::copy_n(digest.begin(), shared.name.size(), shared.name.begin());
    (*memory)[shared.name] = picture;
    scene.push_back(std::move(shared));
  }
  encoder_->set_scene(std::move(scene));
  for (auto& receiver : receivers_) receiver->decoder.set_scene_memory(memory);
}

void CodecEvaluation::share_knowledge(int width, int height) {
  KnowledgeBaseFile file(options_.knowledge_base, KnowledgeBaseFile::Access::kRead);
  const auto memory = std::make_shared<const SceneMemory>(read_scene_memory(file, width, height));
  if (memory->empty()) {
    throw Error(ErrorKind::kSettings, "\"" + options_.knowledge_base + "\" has no picture of " + std::to_string(width) +
                                          "x" + std::to_string(height));
  }
  follower_.emplace(*memory);
  for (auto& receiver : receivers_) receiver->decoder.set_scene_memory(memory);
}

bool CodecEvaluation::arrives() {
  const auto index = static_cast<int>(sizes_.size());
  const auto burst = static_cast<int>(options_.burst_at * rate_);
  if (options_.burst_at > 0 && index >= burst && index < burst + kBurst) return false;
  // The first picture arrives: a stream that never starts measures nothing.
  const bool lost = std::uniform_real_distribution<double>(0, 1)(random_) < options_.loss;
  return index == 0 || !lost;
}

void CodecEvaluation::step(const Picture& picture) {
  const double start = now_ms();
  const double seconds = sizes_.empty() ? 0 : 1 / rate_;
  if (follower_) {
    if (auto scene = follower_->next(picture.view(), seconds)) encoder_->set_scene(std::move(*scene));
  }
  const EncodedPicture coded = encoder_->encode(picture.view(), seconds, false);
  const double middle = now_ms();
  Decoder& reference = receivers_[0]->decoder;
  encode_ms_ += middle - start;
  for (auto& receiver : receivers_) {
    const bool first = receiver == receivers_[0];
    const Quality q = receiver->receive(coded.bytes, receiver.get() != lossy_ || arrives(), picture.view(),
                                        first ? nullptr : &reference);
    if (!first) continue;
    decode_ms_ += receiver->decode_ms;
    if (csv_.is_open()) {
      csv_ << sizes_.size() << ',' << coded.bytes.size() << ',' << coded.key << ',' << middle - start << ','
           << receiver->decode_ms << ',' << q.psnr << ',' << q.ssim << ',' << q.ms_ssim << ',' << q.gmsd << ','
           << encoder_->half() << ',' << encoder_->lambda() << '\n';
    }
  }
  dropped_ += coded.bytes.empty() && !coded.rests ? 1 : 0;
  complete_ += coded.complete ? 1 : 0;
  if (writer_) writer_->write(reference.picture());
  if (stream_ && !coded.bytes.empty()) {
    stream_->write(coded.bytes, static_cast<uint64_t>(std::llround(sizes_.size() * kTicksPerSecond / rate_)));
  }
  sizes_.push_back(coded.bytes.size());
}

void CodecEvaluation::report() const {
  const double pictures = static_cast<double>(sizes_.size());
  const double kbits = std::accumulate(sizes_.begin(), sizes_.end(), 0.0) * 8 * rate_ / pictures / 1000;
  for (const auto& r : receivers_) print_quality(r->name, kbits, r->quality.mean());
  std::printf("%zu pictures, %d dropped, %d with every token; first picture %zu bytes", sizes_.size(), dropped_,
              complete_, sizes_[0]);
  const double worst = worst_five_seconds(sizes_, rate_, options_.bitrate);
  if (worst > 0) std::printf("; worst 5 s at %.3f of the rate", worst);
  std::printf("\n");
  std::printf("encode %.1f ms, decode %.1f ms a picture; model %s\n", encode_ms_ / pictures, decode_ms_ / pictures,
              to_hex(model_->file.id()).c_str());
  if (lossy_ != nullptr) report_loss(*lossy_);
}

void CodecEvaluation::report_loss(const Receiver& receiver) const {
  std::printf("%d pictures lost; SSIM falls by %.4f\n", receiver.lost,
              receivers_[0]->quality.mean().ssim - receiver.quality.mean().ssim);
  if (options_.burst_at <= 0) return;
  const auto from = static_cast<size_t>((options_.burst_at + 1) * rate_) + kBurst;
  double least = 1;
  for (size_t i = from; i < receiver.ssim_reference.size(); ++i) least = std::min(least, receiver.ssim_reference[i]);
  std::printf("from 1 s after the burst: SSIM against the loss-free decoding at least %.4f\n", least);
}

}  // namespace crlsc::tools
