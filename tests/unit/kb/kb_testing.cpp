// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit/kb/kb_testing.h"

#include <sqlite3.h>

#include <algorithm>
#include <cmath>
#include <sstream>

namespace crlsc {
namespace {

float noise(std::mt19937& random) {
  // Nearly normal, and the same with every standard library.
  float sum = 0.0F;
  for (int i = 0; i < 12; ++i) sum += static_cast<float>(random() % 65536) / 65536.0F;
  return sum - 6.0F;
}

float squared_distance(const float* a, const float* b, size_t count) {
  float sum = 0.0F;
  for (size_t i = 0; i < count; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

size_t nearest(const float* vector, const std::vector<float>& centroids, size_t width) {
  size_t best = 0;
  for (size_t j = 1; j * width < centroids.size(); ++j) {
    if (squared_distance(vector, &centroids[j * width], width) <
        squared_distance(vector, &centroids[best * width], width)) {
      best = j;
    }
  }
  return best;
}

// `data`: vectors of `width` numbers side by side.
std::vector<float> k_means(const std::vector<float>& data, size_t width, size_t codes) {
  const size_t count = data.size() / width;
  std::vector<float> centroids;
  for (size_t j = 0; j < codes; ++j) {
    const float* sample = &data[j * count / codes * width];
    centroids.insert(centroids.end(), sample, sample + width);
  }
  for (int round = 0; round < 6; ++round) {
    std::vector<float> sums(codes * width);
    std::vector<float> counts(codes);
    for (size_t i = 0; i < count; ++i) {
      const size_t j = nearest(&data[i * width], centroids, width);
      counts[j] += 1.0F;
      for (size_t n = 0; n < width; ++n) sums[j * width + n] += data[i * width + n];
    }
    for (size_t i = 0; i < sums.size(); ++i) {
      if (counts[i / width] > 0.0F) centroids[i] = sums[i] / counts[i / width];
    }
  }
  return centroids;
}

}  // namespace

Vectors clustered_vectors(size_t count, int dimension, size_t clusters, uint32_t seed, float spread) {
  std::mt19937 random(seed);
  Vectors centres(clusters, std::vector<float>(static_cast<size_t>(dimension)));
  for (auto& centre : centres) {
    for (float& number : centre) number = noise(random);
    normalise(centre);
  }
  Vectors vectors;
  const float scale = spread / std::sqrt(static_cast<float>(dimension));
  for (size_t i = 0; i < count; ++i) {
    std::vector<float> vector = centres[random() % clusters];
    for (float& number : vector) number += scale * noise(random);
    normalise(vector);
    vectors.push_back(std::move(vector));
  }
  return vectors;
}

std::vector<float> orthonormal_rows(size_t rows, size_t columns, uint32_t seed) {
  std::mt19937 random(seed);
  Vectors basis;
  while (basis.size() < rows) {
    std::vector<float> row(columns);
    for (float& number : row) number = noise(random);
    for (int pass = 0; pass < 2; ++pass) {
      for (const auto& other : basis) {
        float product = 0.0F;
        for (size_t i = 0; i < columns; ++i) product += row[i] * other[i];
        for (size_t i = 0; i < columns; ++i) row[i] -= product * other[i];
      }
      normalise(row);
    }
    basis.push_back(std::move(row));
  }
  std::vector<float> matrix;
  for (const auto& row : basis) matrix.insert(matrix.end(), row.begin(), row.end());
  return matrix;
}

std::shared_ptr<const ProductQuantiser> train_quantiser(const Vectors& samples, int subvectors, int bits,
                                                        TransformOptions transform) {
  QuantiserParameters parameters;
  const size_t dimension = samples[0].size();
  parameters.shape = {static_cast<int>(dimension), subvectors, bits};
  std::vector<float> mean(dimension);
  for (const auto& sample : samples) {
    for (size_t i = 0; i < dimension; ++i) mean[i] += sample[i] / static_cast<float>(samples.size());
  }
  if (transform.mean) parameters.mean = mean;
  const size_t inner = transform.inner > 0 ? static_cast<size_t>(transform.inner) : dimension;
  if (transform.inner > 0) parameters.matrix = orthonormal_rows(inner, dimension, 77);
  Vectors seen;
  for (const auto& sample : samples) {
    std::vector<float> centred = sample;
    for (size_t i = 0; i < parameters.mean.size(); ++i) centred[i] -= mean[i];
    std::vector<float> result(parameters.matrix.empty() ? centred : std::vector<float>(inner));
    for (size_t i = 0; i < parameters.matrix.size(); ++i) {
      result[i / dimension] += parameters.matrix[i] * centred[i % dimension];
    }
    seen.push_back(std::move(result));
  }
  const size_t width = inner / static_cast<size_t>(subvectors);
  for (size_t m = 0; m < static_cast<size_t>(subvectors); ++m) {
    std::vector<float> data;
    for (const auto& vector : seen) data.insert(data.end(), &vector[m * width], &vector[m * width] + width);
    const std::vector<float> centroids = k_means(data, width, size_t{1} << bits);
    parameters.centroids.insert(parameters.centroids.end(), centroids.begin(), centroids.end());
  }
  return std::make_shared<const ProductQuantiser>(std::move(parameters));
}

std::shared_ptr<const ProductQuantiser> small_quantiser() {
  static const auto quantiser = train_quantiser(clustered_vectors(400, 16, 20, 1), 4, 4);
  return quantiser;
}

std::vector<float> small_vector(uint32_t number) { return clustered_vectors(1, 16, 1, 1000 + number)[0]; }

float cosine(const std::vector<float>& a, const std::vector<float>& b) {
  float product = 0.0F;
  float squared_a = 0.0F;
  float squared_b = 0.0F;
  for (size_t i = 0; i < a.size(); ++i) {
    product += a[i] * b[i];
    squared_a += a[i] * a[i];
    squared_b += b[i] * b[i];
  }
  return product / std::sqrt(squared_a * squared_b);
}

Bytes picture_of(size_t size, uint8_t seed) {
  Bytes bytes = {'R', 'I', 'F', 'F', 0, 0, 0, 0, 'W', 'E', 'B', 'P', 'V', 'P', '8', ' '};
  while (bytes.size() < size) bytes.push_back(static_cast<uint8_t>(seed + bytes.size() * 7));
  for (size_t i = 0; i < 4; ++i) bytes[4 + i] = static_cast<uint8_t>((bytes.size() - 8) >> (8 * i));
  return bytes;
}

NewEntry small_entry(uint32_t number) {
  NewEntry entry;
  entry.vector = small_vector(number);
  entry.label = "label-" + std::to_string(number % 7);
  entry.source = "file-" + std::to_string(number) + ".png";
  entry.first_seen = 1'700'000'000'000 + number;
  entry.last_seen = entry.first_seen + 5000;
  if (number % 3 == 0) entry.picture = picture_of(100 + 40 * (number % 10), static_cast<uint8_t>(number));
  return entry;
}

std::vector<NewEntry> small_entries(uint32_t first, uint32_t count) {
  std::vector<NewEntry> entries;
  for (uint32_t i = 0; i < count; ++i) entries.push_back(small_entry(first + i));
  return entries;
}

AddSettings keep_all() {
  AddSettings settings;
  settings.near_duplicate = 1.0F;
  settings.keep_vectors = true;
  return settings;
}

KnowledgeBaseHeader shared_header() {
  KnowledgeBaseHeader header;
  header.teacher = "a teacher";
  header.teacher_hash = Sha256::of(Bytes{1, 2, 3});
  header.encoder = content_id_from_hex("0123456789abcdef");
  header.created = 1'700'000'000'000;
  return header;
}

void write_small_file(const std::string& path, uint32_t count) {
  KnowledgeBaseFile::create(path, shared_header(), *small_quantiser());
  open_to_write(path).add(small_entries(0, count), keep_all());
}

KnowledgeBaseFile open_to_read(const std::string& path) {
  return KnowledgeBaseFile(path, KnowledgeBaseFile::Access::kRead);
}

KnowledgeBaseFile open_to_write(const std::string& path) {
  return KnowledgeBaseFile(path, KnowledgeBaseFile::Access::kWrite);
}

std::string dump(KnowledgeBaseFile& file) {
  std::ostringstream text;
  const KnowledgeBaseInfo info = file.info();
  text << to_hex(info.id) << ' ' << info.entries << ' ' << info.next_id << ' ' << info.header.teacher << ' '
       << info.header.created << '\n';
  file.export_csv(text);
  file.for_each(
      [&](const StoredEntry& entry) {
        text << entry.id << ' ' << to_hex(Sha256::of(entry.sq8)) << ' ' << to_hex(Sha256::of(entry.picture)) << '\n';
      },
      {true, true});
  return text.str();
}

std::optional<Failure> verify_failure(const std::string& path) {
  auto failure = failure_of([&] { open_to_read(path).verify(); });
  if (failure) {
    EXPECT_TRUE(failure->says("'" + path + "'")) << failure->text;
  }
  return failure;
}

void run_sql(const std::string& path, const std::string& sql) {
  sqlite3* connection = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &connection), SQLITE_OK);
  char* message = nullptr;
  EXPECT_EQ(sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, &message), SQLITE_OK)
      << sql << ": " << (message == nullptr ? "" : message);
  sqlite3_free(message);
  sqlite3_close(connection);
}

}  // namespace crlsc
