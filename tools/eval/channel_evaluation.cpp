// SPDX-License-Identifier: LGPL-2.1-or-later
#include "eval/channel_evaluation.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

#include "core/area_resize.h"
#include "core/bitstream/semantic_unit.h"
#include "core/bitstream/unit.h"
#include "core/channel/ber.h"
#include "core/channel/channel.h"
#include "core/error.h"
#include "eval/metrics.h"
#include "eval/still.h"
#include "knowledge/encoders.h"
#include "knowledge/neighbours.h"
#include "progress.h"

namespace crlsc::tools {
namespace {

constexpr const char* kHeading =
    "fading,modulation,snr,protection_db,pictures,semantic_bytes,picture_bytes,accuracy_checked,accuracy,psnr,ssim\n";

struct Named {
  const char* name;
  Modulation modulation;
};
constexpr Named kModulations[] = {
    {"bpsk", Modulation::kBpsk}, {"qpsk", Modulation::kQpsk}, {"16-qam", Modulation::kQam16}};

struct Sent {
  Picture original;
  std::string label;
  Bytes code;
  Bytes semantic;  // the unit
  Bytes picture;   // the access unit
};

struct Told {
  Vectors vectors;
  std::vector<std::string> labels;
};

// One packet through the channel, `bytes` as they arrive. False if it is lost.
bool pass(Channel& channel, const ChannelSettings& settings, Bytes& bytes, bool important) {
  Passage passage = channel.admit(settings, {bytes.size(), 0, important});
  if (!passage.lost && passage.noisy) {
    const auto errors = channel.corrupt(settings, passage, bytes);
    for (const ByteError& error : errors) bytes[error.offset] ^= error.mask;
  }
  return !passage.lost;
}

class ChannelEvaluation {
 public:
  explicit ChannelEvaluation(const ChannelEvaluationOptions& options)
      : o_(options),
        head_(o_.model, o_.threads),
        codec_(acquire_model(find_model(o_.model), o_.threads), o_.side),
        file_(o_.skb, KnowledgeBaseFile::Access::kRead),
        quantiser_(file_.quantiser()) {
    if (!quantiser_) throw Error(ErrorKind::kSettings, "\"" + o_.skb + "\" has no codebooks; give its SKB");
    head_.check_space(file_.info(), o_.skb);
    EmbeddedPictures train = embed_pictures(list_pictures(o_.train), head_, "to search");
    known_.vectors = quantised(train.vectors, *quantiser_);
    for (const PictureFile& file : train.files) known_.labels.push_back(file.label);
    prepare();
  }

  void run() {
    std::ofstream csv;
    if (!o_.csv.empty()) {
      const bool fresh = !std::filesystem::exists(o_.csv);
      csv.open(o_.csv, std::ios::app);
      if (!csv) throw Error(ErrorKind::kWrite, "cannot write \"" + o_.csv + "\"");
      if (fresh) csv << kHeading;
    }
    for (const Fading fading : {Fading::kNone, Fading::kRayleigh}) {
      for (const Named& modulation : kModulations) {
        for (const double snr : o_.snr) measure(fading, modulation, snr, csv);
      }
    }
  }

 private:
  void prepare() {
    auto files = list_pictures(o_.test);
    const size_t count = o_.most == 0 ? files.size() : std::min(o_.most, files.size());
    Progress progress("pictures", count);
    for (size_t i = 0; i < count; ++i) {
      const PictureFile& file = files[i * files.size() / count];
      const cv::Mat picture = read_picture(file.path);
      progress.update(i + 1);
      if (picture.cols < 2 || picture.rows < 2) continue;
      Sent sent;
      sent.label = file.label;
      sent.code = quantiser_->encode(head_.embed({picture}).at(0));
      append_semantic_unit(sent.semantic, {true, sent.code}, true);
      sent.original = resize_area(to_i420(picture).view(), o_.side, o_.side);
      sent.picture = codec_.encode(sent.original.view(), o_.bytes);
      sent_.push_back(std::move(sent));
    }
    if (sent_.empty()) throw Error(ErrorKind::kRead, "none of the pictures can be read");
  }

  ChannelSettings settings(Fading fading, const Named& modulation, double snr) const {
    ChannelSettings s;
    s.seed = o_.seed;
    s.modulation = modulation.modulation;
    s.snr = snr;
    s.fading = fading;
    s.protection_gain = o_.protection_gain;
    return s;
  }

  double accuracy(const Told& told) const {
    const double share = static_cast<double>(told.vectors.size()) / static_cast<double>(sent_.size());
    return share * knn_accuracy(known_.vectors, known_.labels, told.vectors, told.labels, o_.k);
  }

  void tell(const Bytes& code, const std::string& label, Told& told) const {
    Vector vector;
    try {
      vector = quantiser_->decode(code);
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::kCorrupt) throw;  // bits that have to be 0 are not
    }
    if (!normalise(vector)) return;
    told.vectors.push_back(std::move(vector));
    told.labels.push_back(label);
  }

  // Labels by codes whose units have to be intact, and by codes as they come.
  std::pair<double, double> send_meaning(ChannelSettings s, bool is_protected) const {
    s.unequal_protection = is_protected;
    Channel checked_channel;
    Channel channel;
    Told checked;
    Told told;
    for (const Sent& sent : sent_) {
      s.error_action = ErrorAction::kDrop;
      Bytes unit = sent.semantic;
      if (pass(checked_channel, s, unit, true)) tell(sent.code, sent.label, checked);
      s.error_action = ErrorAction::kDeliver;
      Bytes code = sent.code;
      if (pass(channel, s, code, true)) tell(code, sent.label, told);
    }
    return {accuracy(checked), accuracy(told)};
  }

  Quality send_pictures(const ChannelSettings& s) const {
    Channel channel;
    QualityMean quality;
    for (const Sent& sent : sent_) {
      Bytes arrived;
      for (const UnitView& unit : parse_access_unit(sent.picture).units) {
        Bytes bytes(unit.bytes.begin(), unit.bytes.end());
        // What the sequence header says is agreed on beforehand, as by SDP.
        const bool there = unit.header.type == UnitType::kSequenceHeader || pass(channel, s, bytes, false);
        if (there) arrived.insert(arrived.end(), bytes.begin(), bytes.end());
      }
      quality.add(compare(sent.original.view(), codec_.decode(arrived).view()));
    }
    return quality.mean();
  }

  void measure(Fading fading, const Named& modulation, double snr, std::ofstream& csv) const {
    const ChannelSettings s = settings(fading, modulation, snr);
    const char* fading_name = fading == Fading::kNone ? "awgn" : "rayleigh";
    const Quality q = send_pictures(s);
    size_t picture_bytes = 0;
    for (const Sent& sent : sent_) picture_bytes += sent.picture.size();
    for (const bool is_protected : {false, true}) {
      const auto [checked, told] = send_meaning(s, is_protected);
      const double copies = is_protected ? from_decibels(o_.protection_gain) : 1;
      std::printf("%-8s %-6s %5.1f dB %-11s labels %5.1f %% (checked %5.1f %%), PSNR-Y %.2f dB, SSIM %.4f\n",
                  fading_name, modulation.name, snr, is_protected ? "protected" : "unprotected", 100 * told,
                  100 * checked, q.psnr, q.ssim);
      std::fflush(stdout);
      if (!csv.is_open()) continue;
      csv << fading_name << ',' << modulation.name << ',' << snr << ',' << (is_protected ? o_.protection_gain : 0)
          << ',' << sent_.size() << ',' << copies * static_cast<double>(sent_[0].semantic.size()) << ','
          << static_cast<double>(picture_bytes) / static_cast<double>(sent_.size()) << ',' << checked << ',' << told
          << ',' << q.psnr << ',' << q.ssim << std::endl;
    }
  }

  ChannelEvaluationOptions o_;
  HeadEncoder head_;
  StillCodec codec_;
  KnowledgeBaseFile file_;
  std::shared_ptr<const ProductQuantiser> quantiser_;
  Told known_;
  std::vector<Sent> sent_;
};

}  // namespace

void evaluate_channel(const ChannelEvaluationOptions& options) { ChannelEvaluation(options).run(); }

}  // namespace crlsc::tools
