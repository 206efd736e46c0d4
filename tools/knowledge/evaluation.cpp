// SPDX-License-Identifier: LGPL-2.1-or-later
#include "knowledge/evaluation.h"

#include <cstdio>
#include <memory>

#include "core/error.h"
#include "knowledge/classifier.h"
#include "knowledge/encoders.h"

namespace crlsc::tools {
namespace {

constexpr uint32_t kHeldOutShare = 5;  // of `train head`, without --test

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

void print_accuracy(const std::string& what, const Labelled& train, const Labelled& test, size_t k) {
  std::printf("%-28s %6.1f %%\n", what.c_str(),
              100 * knn_accuracy(train.vectors, train.labels, test.vectors, test.labels, k));
  std::fflush(stdout);
}

void print_both(const std::string& what, const Labelled& train, const Labelled& test, const ProductQuantiser& quantiser,
                size_t k) {
  print_accuracy(what + ", float", train, test, k);
  print_accuracy(what + ", " + std::to_string(quantiser.shape().code_size()) + "-byte codes",
                 {quantised(train.vectors, quantiser), train.labels}, {quantised(test.vectors, quantiser), test.labels},
                 k);
}

struct EvalOptions {
  std::string skb;
  std::string teacher;
  std::string cache;
  std::string model;
  std::vector<std::string> train;
  std::vector<std::string> test;
  size_t k = 10;
  int threads = 0;
};

void evaluate_teacher(KnowledgeBaseFile& file, const std::vector<PictureFile>& train_files,
                      const std::vector<PictureFile>& test_files, const EvalOptions& o) {
  const auto teacher = open_teacher(o.teacher, o.threads);
  const Projection projection = projection_for(file, *teacher);
  VectorCache cache(o.cache.empty() ? o.skb + ".cache" : o.cache, teacher->hash(), teacher->dimension());
  Labelled train = labelled(embed_pictures(train_files, *teacher, cache, 0, 0));
  Labelled test = labelled(embed_pictures(test_files, *teacher, cache, 0, 0));
  print_accuracy("teacher as it is", train, test, o.k);
  for (auto* set : {&train, &test}) {
    for (Vector& v : set->vectors) v = projection.apply(v);
  }
  print_both("teacher, projected", train, test, *file.quantiser(), o.k);
}

void evaluate(const EvalOptions& o) {
  KnowledgeBaseFile file(o.skb, KnowledgeBaseFile::Access::kRead);
  if (!file.quantiser()) throw Error(ErrorKind::kSettings, "\"" + o.skb + "\" has no codebooks; give its SKB");
  const auto train_files = list_pictures(o.train);
  const auto test_files = list_pictures(o.test);
  std::printf("%zu pictures to search, %zu to be told, the %zu nearest vote\n", train_files.size(), test_files.size(),
              o.k);
  if (!o.teacher.empty()) evaluate_teacher(file, train_files, test_files, o);
  if (!o.model.empty()) {
    const HeadEncoder head(o.model, o.threads);
    head.check_space(file.info(), o.skb);
    const Labelled train = labelled(embed_pictures(train_files, head, "to search"));
    const Labelled test = labelled(embed_pictures(test_files, head, "to tell"));
    print_both("semantic head", train, test, *file.quantiser(), o.k);
  }
}

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
    print_accuracy("held out, nearest neighbours", train, test, o.k);
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
  command->add_option("--skb", o->skb, "Shared knowledge base: its projection and codebooks")->required();
  command->add_option("--train", o->train, "Folders of labelled pictures to search")->required();
  command->add_option("--test", o->test, "Folders of labelled pictures to be told")->required();
  command->add_option("--teacher", o->teacher, "The knowledge base's teacher, to measure its vectors");
  command->add_option("--cache", o->cache, "File of the teacher's vectors; default: SKB.cache");
  command->add_option("--model", o->model, "A model, to measure its semantic head's vectors");
  command->add_option("-k,--neighbours", o->k, "Neighbours that vote")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  command->add_option("--threads", o->threads, "Threads; 0 = one less than there are cores, 1 to 4");
  command->callback([o] {
    if (o->teacher.empty() && o->model.empty()) throw Error(ErrorKind::kSettings, "give --teacher, --model, or both");
    evaluate(*o);
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
