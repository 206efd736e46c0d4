// SPDX-License-Identifier: LGPL-2.1-or-later
// Neighbours, classifiers and the cache of vectors behind `crlsc skb` and its relatives.
#include <filesystem>

#include "core/area_resize.h"
#include "knowledge/classifier.h"
#include "knowledge/neighbours.h"
#include "knowledge/vector_cache.h"
#include "unit/kb/kb_testing.h"

namespace crlsc::tools {
namespace {

struct Set {
  Vectors vectors;
  std::vector<std::string> labels;
};

// `each` vectors round each of three directions.
Set three_classes(size_t each, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> noise(0, 0.15F);
  Set set;
  for (size_t i = 0; i < 3 * each; ++i) {
    std::vector<float> v(8);
    for (float& number : v) number = noise(random);
    v[i % 3] += 1;
    normalise(v);
    set.vectors.push_back(v);
    set.labels.push_back(std::string(1, static_cast<char>('a' + i % 3)));
  }
  return set;
}

TEST(Neighbours, ComeInOrderAndWithoutTheOneLeftOut) {
  const Vectors vectors = {{1, 0}, {0.6F, 0.8F}, {0, 1}, {0.8F, 0.6F}};
  EXPECT_EQ(nearest(vectors, {1, 0}, 3), (std::vector<size_t>{0, 3, 1}));
  EXPECT_EQ(nearest(vectors, {1, 0}, 9, 0), (std::vector<size_t>{3, 1, 2}));
}

TEST(Neighbours, TellLabels) {
  const Set train = three_classes(30, 1);
  const Set test = three_classes(20, 2);
  EXPECT_GT(knn_accuracy(train.vectors, train.labels, test.vectors, test.labels, 5), 0.95);
  auto wrong = test.labels;
  for (std::string& label : wrong) label = "none";
  EXPECT_EQ(knn_accuracy(train.vectors, train.labels, test.vectors, wrong, 5), 0);
}

TEST(Recall, ReRankingFindsMoreThanCodesAlone) {
  const Vectors vectors = clustered_vectors(600, 16, 40, 3);
  const auto quantiser = crlsc::train_quantiser(vectors, 4, 4);
  const RecallReport report = measure_recall(vectors, quantiser, 100);
  EXPECT_EQ(report.queries, 100U);
  EXPECT_GT(report.reranked.at_10, 0.97);
  EXPECT_GT(report.reranked.at_1, report.codes.at_1);
  EXPECT_LT(report.codes.at_10, report.reranked.at_10);
  EXPECT_EQ(failure_of([&] { measure_recall(Vectors(10, vectors[0]), quantiser, 5); })->kind, ErrorKind::kSettings);
}

TEST(Classifier, LearnsWhatCanBeSeparated) {
  const Set train = three_classes(40, 4);
  const Set test = three_classes(40, 5);
  for (const int hidden : {0, 16}) {
    ClassifierOptions options;
    options.hidden = hidden;
    options.epochs = 60;
    const Classifier classifier = Classifier::train(train.vectors, train.labels, options);
    EXPECT_EQ(classifier.labels(), (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_GT(classifier.accuracy(test.vectors, test.labels), 0.95) << hidden;
  }
}

// Two of four corners each: only a hidden layer can tell them.
TEST(Classifier, HiddenLayerTellsWhatALineCannot) {
  Set set;
  for (int i = 0; i < 400; ++i) {
    const float x = i % 2 == 0 ? 1.0F : -1.0F;
    const float y = i / 2 % 2 == 0 ? 1.0F : -1.0F;
    set.vectors.push_back({x, y + static_cast<float>(i) / 4000});
    set.labels.push_back(x * y > 0 ? "same" : "other");
  }
  ClassifierOptions options;
  EXPECT_LT(Classifier::train(set.vectors, set.labels, options).accuracy(set.vectors, set.labels), 0.8);
  options.hidden = 16;
  EXPECT_EQ(Classifier::train(set.vectors, set.labels, options).accuracy(set.vectors, set.labels), 1);
}

TEST(Classifier, IsReadAsItWasSaved) {
  const TempFolder folder;
  const Set set = three_classes(20, 6);
  ClassifierOptions options;
  options.hidden = 5;
  options.epochs = 5;
  const Classifier classifier = Classifier::train(set.vectors, set.labels, options);
  classifier.save(folder.file("head"), {{"task", "classify"}});
  const Classifier read = Classifier::load(folder.file("head"));
  for (const auto& v : set.vectors) EXPECT_EQ(read.classify(v), classifier.classify(v));
  write_safetensors(folder.file("other"), {}, {{"labels", "a\nb\n"}});
  EXPECT_EQ(failure_of([&] { Classifier::load(folder.file("other")); })->kind, ErrorKind::kRead);
  EXPECT_EQ(failure_of([&] { Classifier::load(folder.file("none")); })->kind, ErrorKind::kNotFound);
}

TEST(Classifier, NeedsTwoLabels) {
  EXPECT_EQ(failure_of([] { Classifier::train({{1, 0}}, {"a"}, {}); })->kind, ErrorKind::kSettings);
}

TEST(VectorCache, GoesOnAfterACut) {
  const TempFolder folder;
  const std::string path = folder.file("cache");
  const Sha256::Digest owner{1, 2, 3};
  {
    VectorCache cache(path, owner, 3);
    cache.put("one", {1, 2, 3});
    cache.put("two", {4, 5, 6});
    cache.put("two", {7, 8, 9});  // keeps the first
  }
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  {
    VectorCache cache(path, owner, 3);
    EXPECT_EQ(cache.size(), 1U);
    ASSERT_NE(cache.find("one"), nullptr);
    EXPECT_EQ(*cache.find("one"), std::vector<float>({1, 2, 3}));
    EXPECT_EQ(cache.find("two"), nullptr);
    cache.put("two", {4, 5, 6});
  }
  EXPECT_EQ(*VectorCache(path, owner, 3).find("two"), std::vector<float>({4, 5, 6}));
}

TEST(VectorCache, RefusesVectorsOfOthers) {
  const TempFolder folder;
  { VectorCache cache(folder.file("cache"), Sha256::Digest{1}, 3); }
  EXPECT_EQ(failure_of([&] { VectorCache(folder.file("cache"), Sha256::Digest{2}, 3); })->kind, ErrorKind::kWrongType);
  EXPECT_EQ(failure_of([&] { VectorCache(folder.file("cache"), Sha256::Digest{1}, 4); })->kind, ErrorKind::kWrongType);
  EXPECT_EQ(failure_of([&] { VectorCache(folder.file("none/cache"), Sha256::Digest{1}, 3); })->kind, ErrorKind::kWrite);
}

TEST(AreaResize, KeepsMeansAndFlatPictures) {
  Picture picture(64, 48, 90);
  for (int x = 0; x < 32; ++x) {
    for (int y = 0; y < 48; ++y) picture.plane(0)[y * 64 + x] = 10;
  }
  const Picture small = resize_area(picture.view(), 2, 2);
  EXPECT_EQ(small.plane(0)[0], 10);
  EXPECT_EQ(small.plane(0)[1], 90);
  EXPECT_EQ(small.plane(1)[0], 90);
  const Picture three = resize_area(picture.view(), 3, 1);  // the middle third covers both halves
  EXPECT_EQ(three.plane(0)[1], 50);
  EXPECT_EQ(resize_area(picture.view(), 64, 48).data(), picture.data());
  const Picture flat(3, 5, 77);
  const Picture large = resize_area(flat.view(), 96, 96);
  for (const uint8_t sample : large.data()) EXPECT_EQ(sample, 77);
}

TEST(AreaResize, FollowsStrides) {
  std::vector<uint8_t> samples(3 * 4 * 16, 255);
  PictureView view;
  for (size_t p = 0; p < 3; ++p) {
    for (int y = 0; y < 4; ++y) {
      for (int x = 0; x < 4; ++x) samples[p * 64 + static_cast<size_t>(y * 16 + x)] = 8;
    }
    view.planes[p] = {&samples[p * 64], 16, p == 0 ? 4 : 2, p == 0 ? 4 : 2};
  }
  const Picture out = resize_area(view, 6, 6);
  for (const uint8_t sample : out.data()) EXPECT_EQ(sample, 8);
}

}  // namespace
}  // namespace crlsc::tools
