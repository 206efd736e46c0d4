// SPDX-License-Identifier: LGPL-2.1-or-later
#include "knowledge/evaluation.h"

#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>

#include "core/error.h"
#include "knowledge/classifier.h"
#include "knowledge/encoders.h"
#include "knowledge/training.h"

namespace crlsc::tools {
namespace {

constexpr uint32_t kHeldOutShare = 5;  // of `train head`, without --test
constexpr size_t kRecallQueries = 1000;
constexpr size_t kTimedPictures = 32;

struct Labelled {
  Vectors vectors;
  std::vector<std::string> labels;
};

Labelled labelled(EmbeddedPictures pictures) {
  Labelled result;
  result.vectors = std::move(pictures.vectors);
  for (const PictureFile& file : pictures.files) result.labels.push_back(file.label);
  return result;
}

double knn(const Labelled& train, const Labelled& test, size_t k) {
  return knn_accuracy(train.vectors, train.labels, test.vectors, test.labels, k);
}

struct EvalOptions {
  std::string skb;
  std::string teacher;
  std::string cache;
  std::string model;
  std::vector<std::string> train;
  std::vector<std::string> test;
  std::vector<std::string> kinds{"knn"};
  std::vector<double> shares{1};
  std::vector<std::string> codes;
  std::string csv;
  size_t k = 10;
  uint64_t seed = 1;
  int threads = 0;
};

// Vectors of one kind, as they are (bytes = 4 for each number) or as codes.
struct Subject {
  std::string name;
  size_t bytes = 0;
  Labelled train;
  Labelled test;
};

// Prints figures, and writes them as lines of a table if there is one.
class Figures {
 public:
  explicit Figures(const std::string& csv) {
    if (csv.empty()) return;
    const bool fresh = !std::filesystem::exists(csv);
    csv_.open(csv, std::ios::app);
    if (!csv_) throw Error(ErrorKind::kWrite, "cannot write \"" + csv + "\"");
    if (fresh) csv_ << "vectors,bytes,measure,label_share,labelled,tested,value\n";
  }

  void accuracy(const Subject& s, const std::string& kind, double share, size_t labelled, double value) {
    std::string what = s.name;
    if (kind != "knn") what += ", " + kind;
    char number[48];
    std::snprintf(number, sizeof number, ", %g %% of labels", 100 * share);
    if (share < 1) what += number;
    std::printf("%-28s %6.1f %%\n", what.c_str(), 100 * value);
    write(s, kind, share, labelled, s.test.vectors.size(), value);
  }
  void recall(const Subject& s, const RecallReport& report) {
    const std::pair<const char*, double> values[] = {{"recall@1", report.codes.at_1},
                                                     {"recall@10", report.codes.at_10},
                                                     {"recall@1 re-ranked", report.reranked.at_1},
                                                     {"recall@10 re-ranked", report.reranked.at_10}};
    for (const auto& [name, value] : values) {
      std::printf("%s, %-20s %.3f\n", s.name.c_str(), name, value);
      write(s, name, 1, 0, report.queries, value);
    }
  }
  void time(const Subject& s, double milliseconds, size_t pictures) {
    std::printf("%s: %.2f ms of processor time a picture\n", s.name.c_str(), milliseconds);
    write(s, "milliseconds", 1, 0, pictures, milliseconds);
  }

 private:
  void write(const Subject& s, const std::string& measure, double share, size_t labelled, size_t tested, double value) {
    std::fflush(stdout);
    if (!csv_.is_open()) return;
    csv_ << '"' << s.name << "\"," << s.bytes << ',' << measure << ',' << share << ',' << labelled << ',' << tested
         << ',' << value << std::endl;
  }

  std::ofstream csv_;
};

// The vectors of those pictures whose labels are known.
Labelled known(const Labelled& all, const std::vector<PictureFile>& files, double share, uint64_t seed) {
  Labelled kept;
  std::set<std::string> paths;
  for (const PictureFile& file : keep_share(files, share, seed)) paths.insert(file.path);
  for (size_t i = 0; i < files.size(); ++i) {
    if (paths.count(files[i].path) == 0) continue;
    kept.vectors.push_back(all.vectors[i]);
    kept.labels.push_back(all.labels[i]);
  }
  return kept;
}

class Evaluation {
 public:
  explicit Evaluation(EvalOptions options)
      : o_(std::move(options)),
        figures_(o_.csv),
        train_files_(list_pictures(o_.train)),
        test_files_(list_pictures(o_.test)) {
    std::printf("%zu pictures to search, %zu to be told, the %zu nearest vote\n", train_files_.size(),
                test_files_.size(), o_.k);
    if (!o_.skb.empty()) open_knowledge();
  }

  void run() {
    if (!o_.teacher.empty()) measure_teacher();
    if (!o_.model.empty()) measure_head();
  }

 private:
  void open_knowledge() {
    file_ = std::make_unique<KnowledgeBaseFile>(o_.skb, KnowledgeBaseFile::Access::kRead);
    const auto own = file_->quantiser();
    if (!own) throw Error(ErrorKind::kSettings, "\"" + o_.skb + "\" has no codebooks; give its SKB");
    quantisers_.push_back(own);
    if (o_.codes.empty()) return;
    Vectors vectors;
    for_each_vector(*file_, [&](const StoredEntry&, Vector vector) { vectors.push_back(std::move(vector)); });
    quantisers_.clear();
    for (const std::string& text : o_.codes) {
      SpaceSettings settings;
      settings.dimension = own->shape().dimension;
      settings.seed = o_.seed;
      parse_pq(text, settings);
      quantisers_.push_back(std::make_shared<const ProductQuantiser>(train_quantiser(vectors, settings)));
      const Subject codes{"knowledge base, " + text, quantisers_.back()->shape().code_size(), {}, {}};
      if (vectors.size() > 10) figures_.recall(codes, measure_recall(vectors, quantisers_.back(), kRecallQueries));
    }
  }

  void measure_teacher() {
    if (!file_) throw Error(ErrorKind::kSettings, "give the teacher's knowledge base with --skb");
    const auto teacher = open_teacher(o_.teacher, o_.threads);
    const Projection projection = projection_for(*file_, *teacher);
    VectorCache cache(o_.cache.empty() ? o_.skb + ".cache" : o_.cache, teacher->hash(), teacher->dimension());
    auto train = embed_pictures(train_files_, *teacher, cache, 0, 0);
    auto test = embed_pictures(test_files_, *teacher, cache, 0, 0);
    files_ = train.files;
    Subject subject{"teacher as it is", 0, labelled(std::move(train)), labelled(std::move(test))};
    subject.bytes = sizeof(float) * static_cast<size_t>(teacher->dimension());
    measure(subject);
    measure_time(subject, TeacherEncoder(teacher, projection));
    for (auto* set : {&subject.train, &subject.test}) {
      for (Vector& v : set->vectors) v = projection.apply(v);
    }
    subject.name = "teacher, projected";
    measure_all(subject);
  }

  void measure_head() {
    const HeadEncoder head(o_.model, o_.threads);
    if (file_) head.check_space(file_->info(), o_.skb);
    auto train = embed_pictures(train_files_, head, "to search");
    files_ = train.files;
    const Subject subject{"semantic head", 0, labelled(std::move(train)),
                          labelled(embed_pictures(test_files_, head, "to tell"))};
    measure_time(subject, head);
    measure_all(subject);
  }

  // As floats and as codes.
  void measure_all(const Subject& subject) {
    Subject variant = subject;
    variant.name = subject.name + ", float";
    variant.bytes = sizeof(float) * subject.train.vectors.at(0).size();
    measure(variant);
    for (const auto& quantiser : quantisers_) {
      variant.bytes = quantiser->shape().code_size();
      variant.name = subject.name + ", " + std::to_string(variant.bytes) + "-byte codes";
      variant.train.vectors = quantised(subject.train.vectors, *quantiser);
      variant.test.vectors = quantised(subject.test.vectors, *quantiser);
      measure(variant);
    }
  }

  void measure(const Subject& s) {
    for (const double share : o_.shares) {
      const Labelled train = known(s.train, files_, share, o_.seed);
      for (const std::string& kind : o_.kinds) {
        double value = 0;
        if (kind == "knn") {
          value = knn(train, s.test, o_.k);
        } else {
          ClassifierOptions options;
          options.seed = o_.seed;
          value = Classifier::train(train.vectors, train.labels, options).accuracy(s.test.vectors, s.test.labels);
        }
        figures_.accuracy(s, kind, share, train.vectors.size(), value);
      }
    }
  }

  // Of pictures in memory; processor time, which other programs do not change much.
  void measure_time(const Subject& subject, const PictureEncoder& encoder) {
    std::vector<cv::Mat> pictures;
    for (size_t i = 0; i < test_files_.size() && pictures.size() < kTimedPictures; ++i) {
      const cv::Mat picture = read_picture(test_files_[i].path);
      if (picture.cols >= 2 && picture.rows >= 2) pictures.push_back(picture);
    }
    const std::clock_t begin = std::clock();
    encoder.embed(pictures);
    const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    figures_.time(subject, 1000 * seconds / static_cast<double>(pictures.size()), pictures.size());
  }

  EvalOptions o_;
  Figures figures_;
  std::vector<PictureFile> train_files_;
  std::vector<PictureFile> test_files_;
  std::vector<PictureFile> files_;  // those to search that could be read
  std::unique_ptr<KnowledgeBaseFile> file_;
  std::vector<std::shared_ptr<const ProductQuantiser>> quantisers_;
};

struct HeadOptions {
  std::string task = "classify";
  std::string kind = "linear";
  std::string model;
  std::vector<std::string> images;
  std::vector<std::string> test;
  std::string out = "head.safetensors";
  ClassifierOptions classifier;
  size_t k = 10;
  int threads = 0;
};

// Takes a fifth of the pictures away, picked by their names.
std::vector<PictureFile> hold_out(std::vector<PictureFile>& files) {
  std::vector<PictureFile> kept;
  std::vector<PictureFile> held;
  for (PictureFile& file : files) {
    const bool out = Sha256::of(as_bytes(file.source))[0] % kHeldOutShare == 0;
    (out ? held : kept).push_back(std::move(file));
  }
  files = std::move(kept);
  return held;
}

void train_head(HeadOptions o) {
  const HeadEncoder encoder(o.model, o.threads);
  auto train_files = list_pictures(o.images);
  const auto test_files = o.test.empty() ? hold_out(train_files) : list_pictures(o.test);
  const Labelled train = labelled(embed_pictures(train_files, encoder, "to learn from"));
  const Labelled test = labelled(embed_pictures(test_files, encoder, "held out"));
  if (o.kind == "knn") {
    std::printf("held out, nearest neighbours %6.1f %%\n", 100 * knn(train, test, o.k));
    std::printf("neighbours need no training: crlsc pkb build makes the file that answers\n");
    return;
  }
  if (o.kind == "linear") o.classifier.hidden = 0;
  const Classifier classifier = Classifier::train(train.vectors, train.labels, o.classifier);
  std::printf("%zu labels, %zu pictures: learnt %.1f %%, held out %.1f %% of %zu\n", classifier.labels().size(),
              train.vectors.size(), 100 * classifier.accuracy(train.vectors, train.labels),
              100 * classifier.accuracy(test.vectors, test.labels), test.vectors.size());
  classifier.save(o.out, {{"format", "crlsc-head"}, {"task", o.task}, {"model", encoder.file().hash()}});
  std::printf("%s\n", o.out.c_str());
}

}  // namespace

void add_eval_knowledge_command(CLI::App& eval) {
  CLI::App* command = eval.add_subcommand("knowledge", "Tell labels of pictures by their nearest neighbours");
  auto o = std::make_shared<EvalOptions>();
  command->add_option("--skb", o->skb, "Shared knowledge base: its projection and codebooks; without it, no codes");
  command->add_option("--train", o->train, "Folders of labelled pictures to search")->required();
  command->add_option("--test", o->test, "Folders of labelled pictures to be told")->required();
  command->add_option("--teacher", o->teacher, "The knowledge base's teacher, to measure its vectors");
  command->add_option("--cache", o->cache, "File of the teacher's vectors; default: SKB.cache");
  command->add_option("--model", o->model, "A model, to measure its semantic head's vectors");
  command->add_option("-k,--neighbours", o->k, "Neighbours that vote")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  command->add_option("--kind", o->kinds, "Kinds of classifiers: knn, linear")->check(CLI::IsMember({"knn", "linear"}));
  command->add_option("--label-shares", o->shares, "Shares of each label's pictures that are searched; default: all")
      ->check(CLI::Range(0.0, 1.0));
  command->add_option("--pq", o->codes, "Codes to compare, sub-vectors x bits, instead of the knowledge base's own");
  command->add_option("--csv", o->csv, "Table to add the figures to");
  command->add_option("--seed", o->seed, "Seed of everything random")->capture_default_str();
  command->add_option("--threads", o->threads, "Threads; 0 = one less than there are cores, 1 to 4");
  command->callback([o] {
    if (o->teacher.empty() && o->model.empty()) throw Error(ErrorKind::kSettings, "give --teacher, --model, or both");
    Evaluation(*o).run();
  });
}

void add_train_head_command(CLI::App& train) {
  CLI::App* command = train.add_subcommand("head", "Train a classifier on vectors of a frozen semantic head");
  auto o = std::make_shared<HeadOptions>();
  command->add_option("--task", o->task, "What the head is for")
      ->capture_default_str()
      ->check(CLI::IsMember({"classify"}));
  command->add_option("--kind", o->kind, "Kind of classifier")
      ->capture_default_str()
      ->check(CLI::IsMember({"knn", "linear", "mlp"}));
  command->add_option("--model", o->model, "Model with a semantic head; default: searched on the model path");
  command->add_option("--images", o->images, "Folders of pictures; sub-folders name labels")->required();
  command->add_option("--test", o->test, "Folders to measure with; default: a fifth of the pictures is held out");
  command->add_option("--out", o->out, "File to write")->capture_default_str();
  o->classifier.hidden = 128;
  command->add_option("--hidden", o->classifier.hidden, "Width of the hidden layer of mlp")
      ->capture_default_str()
      ->check(CLI::Range(1, 4096));
  command->add_option("--epochs", o->classifier.epochs, "Times to go through the pictures")->capture_default_str();
  command->add_option("--learning-rate", o->classifier.learning_rate, "Highest learning rate")->capture_default_str();
  command->add_option("-k,--neighbours", o->k, "Neighbours that vote in knn")->capture_default_str();
  command->add_option("--seed", o->classifier.seed, "Seed of everything random")->capture_default_str();
  command->add_option("--threads", o->threads, "Threads; 0 = one less than there are cores, 1 to 4");
  command->callback([o] { train_head(*o); });
}

}  // namespace crlsc::tools
