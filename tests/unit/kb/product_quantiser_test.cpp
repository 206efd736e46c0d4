// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/kb/product_quantiser.h"

#include <cmath>
#include <limits>

#include "core/kb/sq8.h"
#include "unit/kb/kb_testing.h"

namespace crlsc {
namespace {

struct Case {
  const char* name;
  int dimension;
  int subvectors;
  int bits;
  TransformOptions transform;
};

const Case kCases[] = {{"plain", 24, 6, 5, {}},
                       {"bytes", 16, 4, 8, {}},
                       {"mean", 24, 4, 4, {true, 0}},
                       {"rotation", 24, 8, 3, {false, 24}},
                       {"projection with mean", 24, 5, 6, {true, 20}},
                       {"one bit", 12, 3, 1, {true, 12}}};

std::shared_ptr<const ProductQuantiser> quantiser_of(const Case& c) {
  return train_quantiser(clustered_vectors(600, c.dimension, 30, 3), c.subvectors, c.bits, c.transform);
}

// The transform and its way back, written out.
std::vector<float> naive_forward(const QuantiserParameters& p, std::vector<float> vector) {
  for (size_t i = 0; i < p.mean.size(); ++i) vector[i] -= p.mean[i];
  if (p.matrix.empty()) return vector;
  std::vector<float> result(p.matrix.size() / vector.size());
  for (size_t i = 0; i < p.matrix.size(); ++i) {
    result[i / vector.size()] += p.matrix[i] * vector[i % vector.size()];
  }
  return result;
}

std::vector<float> naive_back(const QuantiserParameters& p, const std::vector<float>& inner) {
  const auto dimension = static_cast<size_t>(p.shape.dimension);
  std::vector<float> result = p.mean.empty() ? std::vector<float>(dimension) : p.mean;
  for (size_t row = 0; row < inner.size(); ++row) {
    for (size_t i = 0; i < dimension; ++i) {
      const float weight = p.matrix.empty() ? (row == i ? 1.0F : 0.0F) : p.matrix[row * dimension + i];
      result[i] += weight * inner[row];
    }
  }
  return result;
}

// Indices and centroids by trying all.
std::pair<std::vector<uint8_t>, std::vector<float>> naive_encode(const QuantiserParameters& p,
                                                                 const std::vector<float>& vector) {
  const std::vector<float> inner = naive_forward(p, vector);
  const auto subvectors = static_cast<size_t>(p.shape.subvectors);
  const size_t width = inner.size() / subvectors;
  const size_t codes = size_t{1} << p.shape.bits;
  std::vector<uint8_t> indices;
  std::vector<float> centroids;
  for (size_t m = 0; m < subvectors; ++m) {
    double least = 1e30;
    size_t best = 0;
    for (size_t j = 0; j < codes; ++j) {
      double distance = 0.0;
      for (size_t i = 0; i < width; ++i) {
        distance += std::pow(inner[m * width + i] - p.centroids[(m * codes + j) * width + i], 2.0);
      }
      if (distance < least) {
        least = distance;
        best = j;
      }
    }
    indices.push_back(static_cast<uint8_t>(best));
    const float* centroid = &p.centroids[(m * codes + best) * width];
    centroids.insert(centroids.end(), centroid, centroid + width);
  }
  return {indices, centroids};
}

TEST(ProductQuantiser, AgreesWithANaiveImplementation) {
  for (const Case& c : kCases) {
    const auto quantiser = quantiser_of(c);
    for (const auto& vector : clustered_vectors(50, c.dimension, 30, 4)) {
      const auto [indices, centroids] = naive_encode(quantiser->parameters(), vector);
      const Bytes code = quantiser->encode(vector);
      EXPECT_EQ(code.size(), quantiser->shape().code_size());
      EXPECT_EQ(unpack_code(quantiser->shape(), code), indices) << c.name;
      const std::vector<float> decoded = quantiser->decode(code);
      const std::vector<float> wanted = naive_back(quantiser->parameters(), centroids);
      ASSERT_EQ(decoded.size(), wanted.size());
      float squared = 0.0F;
      for (size_t i = 0; i < wanted.size(); ++i) {
        EXPECT_NEAR(decoded[i], wanted[i], 1e-5F) << c.name;
        squared += wanted[i] * wanted[i];
      }
      EXPECT_NEAR(quantiser->norm(indices.data()), std::sqrt(squared), 1e-4F) << c.name;
    }
  }
}

float from_tables(const ProductTables& tables, const std::vector<uint8_t>& indices) {
  const size_t codes = tables.products.size() / indices.size();
  float sum = tables.offset;
  for (size_t m = 0; m < indices.size(); ++m) sum += tables.products[m * codes + indices[m]];
  return sum;
}

TEST(ProductQuantiser, TablesGiveInnerProductsWithDecodedVectors) {
  for (const Case& c : kCases) {
    const auto quantiser = quantiser_of(c);
    const Vectors vectors = clustered_vectors(20, c.dimension, 30, 5);
    for (const auto& query : vectors) {
      const ProductTables tables = quantiser->tables(query);
      const Bytes query_code = quantiser->encode(query);
      const ProductTables symmetric = quantiser->tables_of_code(query_code);
      const std::vector<float> query_decoded = quantiser->decode(query_code);
      for (const auto& vector : vectors) {
        const Bytes code = quantiser->encode(vector);
        const std::vector<float> decoded = quantiser->decode(code);
        float product = 0.0F;
        float both_decoded = 0.0F;
        for (size_t i = 0; i < decoded.size(); ++i) {
          product += query[i] * decoded[i];
          both_decoded += query_decoded[i] * decoded[i];
        }
        const std::vector<uint8_t> indices = unpack_code(quantiser->shape(), code);
        EXPECT_NEAR(from_tables(tables, indices), product, 1e-4F) << c.name;
        EXPECT_NEAR(from_tables(symmetric, indices), both_decoded, 1e-4F) << c.name;
      }
    }
  }
}

TEST(ProductQuantiser, OfEquallyNearCentroidsTheFirstIsTaken) {
  QuantiserParameters parameters;
  parameters.shape = {2, 1, 2};
  parameters.centroids = {5, 5, 1, 0, 1, 0, 0, 1};
  const ProductQuantiser quantiser(parameters);
  EXPECT_EQ(quantiser.encode({1, 0}), (Bytes{1}));
  EXPECT_EQ(quantiser.encode({0.5F, 0.5F}), (Bytes{1}));
}

// Faiss: the first index in the lowest bits.
TEST(ProductQuantiser, CodesArePackedFromTheLowestBit) {
  const CodeShape shape{10, 5, 3};
  EXPECT_EQ(shape.code_size(), 2U);
  const std::vector<uint8_t> indices = {1, 2, 3, 4, 5};
  const Bytes code = pack_code(shape, indices.data());
  EXPECT_EQ(code, (Bytes{0b11010001, 0b01011000}));
  EXPECT_EQ(unpack_code(shape, code), indices);
}

TEST(ProductQuantiser, PackingAndUnpackingAreInverse) {
  std::mt19937 random(9);
  for (int bits = 1; bits <= 8; ++bits) {
    for (int subvectors : {1, 2, 7, 8, 9, 33, 256}) {
      const CodeShape shape{256, subvectors, bits};
      std::vector<uint8_t> indices(static_cast<size_t>(subvectors));
      for (uint8_t& index : indices) index = static_cast<uint8_t>(random() % (1U << bits));
      EXPECT_EQ(unpack_code(shape, pack_code(shape, indices.data())), indices) << bits << " x " << subvectors;
    }
  }
}

TEST(ProductQuantiser, CodesOfAnotherSizeOrWithStrayBitsAreRefused) {
  const CodeShape shape{10, 5, 3};
  for (const Bytes& code : {Bytes{}, Bytes{0}, Bytes{0, 0, 0}, Bytes{0, 0x80}}) {
    const auto failure = failure_of([&] { unpack_code(shape, code); });
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->kind, ErrorKind::kCorrupt);
  }
}

TEST(ProductQuantiser, SurvivesSerialisation) {
  for (const Case& c : kCases) {
    const auto quantiser = quantiser_of(c);
    const Bytes bytes = quantiser->serialise();
    const ProductQuantiser again = ProductQuantiser::deserialise(bytes);
    EXPECT_EQ(again.serialise(), bytes) << c.name;
    EXPECT_EQ(again.hash(), quantiser->hash());
    EXPECT_EQ(again.hash(), Sha256::of(bytes));
    EXPECT_EQ(again.shape(), quantiser->shape());
    EXPECT_EQ(again.parameters().mean, quantiser->parameters().mean);
    EXPECT_EQ(again.parameters().matrix, quantiser->parameters().matrix);
    EXPECT_EQ(again.parameters().centroids, quantiser->parameters().centroids);
  }
}

TEST(ProductQuantiser, EveryPrefixOfItsBytesIsRefused) {
  const Bytes bytes = quantiser_of(kCases[4])->serialise();
  for (size_t size = 0; size < bytes.size(); size += size < 32 ? 1 : 97) {
    const auto failure = failure_of([&] { ProductQuantiser::deserialise(ByteView(bytes).sub(0, size)); });
    ASSERT_TRUE(failure) << size;
    EXPECT_EQ(failure->kind, ErrorKind::kCorrupt);
    EXPECT_TRUE(failure->says("codebooks")) << failure->text;
  }
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_TRUE(failure_of([&] { ProductQuantiser::deserialise(longer); }));
}

TEST(ProductQuantiser, HeadersOutOfRangeAreRefused) {
  const Bytes good = small_quantiser()->serialise();
  // magic, version, flags, bits, dimension (high byte), sub-vectors, width
  for (const auto& [at, value] : std::vector<std::pair<size_t, uint8_t>>{
           {0, 'X'}, {4, 2}, {5, 4}, {5, 3}, {6, 0}, {6, 9}, {7, 9}, {8, 0}, {9, 1}, {10, 0}, {11, 9}, {12, 0}}) {
    Bytes bytes = good;
    bytes[at] = value;
    const auto failure = failure_of([&] { ProductQuantiser::deserialise(bytes); });
    ASSERT_TRUE(failure) << at;
    EXPECT_EQ(failure->kind, ErrorKind::kCorrupt);
  }
}

TEST(ProductQuantiser, NumbersThatAreNoneAreRefused) {
  const QuantiserParameters good = quantiser_of(kCases[4])->parameters();
  for (const float bad : {NAN, INFINITY, -INFINITY, 2e6F}) {
    for (auto member : {&QuantiserParameters::mean, &QuantiserParameters::matrix, &QuantiserParameters::centroids}) {
      QuantiserParameters parameters = good;
      (parameters.*member).back() = bad;
      const auto failure = failure_of([&] { ProductQuantiser quantiser(parameters); });
      ASSERT_TRUE(failure) << bad;
      EXPECT_EQ(failure->kind, ErrorKind::kSettings);
    }
  }
}

TEST(ProductQuantiser, SizesThatContradictEachOtherAreRefused) {
  const QuantiserParameters good = quantiser_of(kCases[4])->parameters();
  const auto refused = [&](const std::function<void(QuantiserParameters&)>& spoil) {
    QuantiserParameters parameters = good;
    spoil(parameters);
    return failure_of([&] { ProductQuantiser quantiser(parameters); }).has_value();
  };
  EXPECT_FALSE(refused([](auto&) {}));
  EXPECT_TRUE(refused([](auto& p) { p.mean.pop_back(); }));
  EXPECT_TRUE(refused([](auto& p) { p.matrix.pop_back(); }));
  EXPECT_TRUE(refused([](auto& p) { p.matrix.clear(); }));
  EXPECT_TRUE(refused([](auto& p) { p.centroids.pop_back(); }));
  EXPECT_TRUE(refused([](auto& p) { p.centroids.clear(); }));
  EXPECT_TRUE(refused([](auto& p) { p.shape.bits = 0; }));
  EXPECT_TRUE(refused([](auto& p) { p.shape.dimension = 0; }));
  EXPECT_TRUE(refused([](auto& p) { p.shape.subvectors = 300; }));
  // A row of twice the length would double similarities.
  EXPECT_TRUE(refused([](auto& p) { std::for_each_n(p.matrix.begin(), 24, [](float& x) { x *= 2.0F; }); }));
}

TEST(ProductQuantiser, VectorsThatDoNotFitAreRefused) {
  const auto quantiser = small_quantiser();
  std::vector<float> with_nan(16, 1.0F);
  with_nan[3] = NAN;
  for (const auto& vector : {std::vector<float>(15, 1.0F), std::vector<float>(), with_nan}) {
    for (const auto& failure :
         {failure_of([&] { quantiser->encode(vector); }), failure_of([&] { quantiser->tables(vector); })}) {
      ASSERT_TRUE(failure);
      EXPECT_EQ(failure->kind, ErrorKind::kSettings);
    }
  }
}

TEST(ProductQuantiser, NormaliseRefusesWhatHasNoDirection) {
  std::vector<float> vector = {3, 4};
  EXPECT_TRUE(normalise(vector));
  EXPECT_NEAR(vector[0], 0.6F, 1e-6F);
  for (std::vector<float> bad : {std::vector<float>{}, {0, 0}, {NAN, 1}, {INFINITY, 1}, {1e20F, 1}}) {
    const std::vector<float> before = bad;
    EXPECT_FALSE(normalise(bad));
    EXPECT_EQ(bad.size(), before.size());
  }
}

TEST(Sq8, RoundTripWithinHalfAStep) {
  for (const auto& vector : clustered_vectors(100, 33, 10, 6)) {
    const Bytes bytes = sq8_encode(vector);
    EXPECT_EQ(bytes.size(), sq8_size(33));
    const std::vector<float> decoded = sq8_decode(bytes);
    const auto [least, greatest] = std::minmax_element(vector.begin(), vector.end());
    for (size_t i = 0; i < vector.size(); ++i) {
      EXPECT_NEAR(decoded[i], vector[i], (*greatest - *least) / 255.0F * 0.501F);
    }
    EXPECT_EQ(sq8_encode(decoded).size(), bytes.size());
    EXPECT_NEAR(sq8_similarity(vector, bytes), cosine(vector, decoded), 1e-5F);
    EXPECT_GT(sq8_similarity(vector, bytes), 0.9999F);
  }
}

TEST(Sq8, ConstantVectorsAndZeros) {
  EXPECT_EQ(sq8_decode(sq8_encode({2, 2, 2})), (std::vector<float>{2, 2, 2}));
  EXPECT_EQ(sq8_similarity({1, 0}, sq8_encode({0, 0})), 0.0F);
}

TEST(Sq8, BadBoundsAreRefused) {
  const Bytes good = sq8_encode({-1, 0, 1});
  const auto refused = [](const Bytes& bytes) { return failure_of([&] { sq8_decode(bytes); }).has_value(); };
  EXPECT_FALSE(refused(good));
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused({good.begin(), good.begin() + 8}));
  Bytes swapped = good;
  std::swap_ranges(swapped.begin(), swapped.begin() + 4, swapped.begin() + 4);
  EXPECT_TRUE(refused(swapped));
  for (size_t at : {0U, 4U}) {
    for (const Bytes& number : {Bytes{0x7F, 0xC0, 0, 0}, Bytes{0x7F, 0x80, 0, 0}, Bytes{0xFF, 0x80, 0, 0}}) {
      Bytes bytes = good;
      std::copy(number.begin(), number.end(), bytes.begin() + static_cast<ptrdiff_t>(at));
      EXPECT_TRUE(refused(bytes));
    }
  }
}

}  // namespace
}  // namespace crlsc
