// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/kb/product_quantiser.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/bitstream/byte_io.h"
#include "core/error.h"
#include "core/kb/singles.h"

namespace crlsc {
namespace {

constexpr uint32_t kMagic = 0x43525051;  // "CRPQ"
constexpr uint8_t kVersion = 1;
constexpr uint8_t kHasMean = 1;
constexpr uint8_t kHasMatrix = 2;

[[noreturn]] void unsound(const std::string& what) {
  throw Error(ErrorKind::kSettings, "the product quantiser is unusable: " + what + "; train it again");
}

void check_numbers(const std::vector<float>& numbers, const char* what) {
  const size_t i = first_unusable(numbers);
  if (i == numbers.size()) return;
  unsound(std::string(what) + " number " + std::to_string(i) + " is " + std::to_string(numbers[i]));
}

void check_count(size_t found, size_t wanted, const char* what) {
  if (found == wanted) return;
  unsound(std::to_string(found) + " numbers of " + what + " where " + std::to_string(wanted) + " belong");
}

// The sum of term(i) for all i below `count`, in eight sums side by side, which fit vector registers.
template <class Term>
float sum_of(size_t count, Term&& term) {
  constexpr size_t kLanes = 8;
  float lanes[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += term(i + lane);
  }
  float rest = 0.0F;
  for (; i < count; ++i) rest += term(i);
  return rest + ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

float dot(const float* a, const float* b, size_t count) {
  return sum_of(count, [=](size_t i) { return a[i] * b[i]; });
}

// Vectors come from callers; nothing is wrong with the quantiser then.
void check_vector(const std::vector<float>& vector, const CodeShape& shape) {
  const bool fits = vector.size() == static_cast<size_t>(shape.dimension);
  if (fits && std::all_of(vector.begin(), vector.end(), [](float number) { return std::isfinite(number); })) return;
  throw Error(ErrorKind::kSettings, "the product quantiser takes vectors of " + std::to_string(shape.dimension) +
                                        " finite numbers; this one has " + std::to_string(vector.size()) +
                                        (fits ? " of which some are not finite" : ""));
}

void check_rows(const std::vector<float>& matrix, size_t columns) {
  for (size_t row = 0; row * columns < matrix.size(); ++row) {
    const float squared = dot(&matrix[row * columns], &matrix[row * columns], columns);
    if (std::fabs(squared - 1.0F) > 0.02F) {
      unsound("row " + std::to_string(row) + " of the matrix has the squared length " + std::to_string(squared) +
              " instead of 1");
    }
  }
}

float squared_distance(const float* a, const float* b, size_t count) {
  return sum_of(count, [=](size_t i) { return (a[i] - b[i]) * (a[i] - b[i]); });
}

QuantiserParameters read_parameters(ByteReader& reader) {
  const uint32_t magic = reader.u32();
  const uint8_t version = reader.u8();
  const uint8_t flags = reader.u8();
  QuantiserParameters result;
  result.shape.bits = reader.u8();
  result.shape.dimension = reader.u16();
  result.shape.subvectors = reader.u16();
  const size_t width = reader.u16();
  if (magic != kMagic) throw Error(ErrorKind::kCorrupt, "they do not start with 'CRPQ'");
  if (version != kVersion) {
    throw Error(ErrorKind::kCorrupt,
                "they are of version " + std::to_string(version) + ", this is " + std::to_string(kVersion));
  }
  if ((flags & ~(kHasMean | kHasMatrix)) != 0 || !result.shape.valid()) {
    throw Error(ErrorKind::kCorrupt, "flags, dimension, number or bits of sub-vectors are out of range");
  }
  const auto dimension = static_cast<size_t>(result.shape.dimension);
  const size_t inner = width * static_cast<size_t>(result.shape.subvectors);
  if (inner == 0 || inner > dimension) throw Error(ErrorKind::kCorrupt, "sub-vectors have a size out of range");
  if ((flags & kHasMean) != 0) result.mean = read_singles(reader, dimension);
  if ((flags & kHasMatrix) != 0) result.matrix = read_singles(reader, inner * dimension);
  result.centroids = read_singles(reader, inner << result.shape.bits);
  return result;
}

}  // namespace

bool CodeShape::valid() const {
  return dimension >= 1 && dimension <= kMaxVectorDimension && subvectors >= 1 && subvectors <= kMaxSubvectors &&
         subvectors <= dimension && bits >= 1 && bits <= kMaxCodeBits;
}

bool operator==(const CodeShape& a, const CodeShape& b) {
  return a.dimension == b.dimension && a.subvectors == b.subvectors && a.bits == b.bits;
}

std::vector<uint8_t> unpack_code(const CodeShape& shape, ByteView code) {
  std::vector<uint8_t> indices(static_cast<size_t>(shape.subvectors));
  unpack_code(shape, code, indices.data());
  return indices;
}

void unpack_code(const CodeShape& shape, ByteView code, uint8_t* indices) {
  if (code.size() != shape.code_size()) {
    throw Error(ErrorKind::kCorrupt, "a code of " + std::to_string(code.size()) + " bytes where " +
                                         std::to_string(shape.code_size()) + " belong");
  }
  const auto bits = static_cast<size_t>(shape.bits);
  const auto subvectors = static_cast<size_t>(shape.subvectors);
  for (size_t m = 0; m < subvectors; ++m) {
    const size_t at = m * bits;
    unsigned value = code[at / 8];
    if (at % 8 + bits > 8) value |= static_cast<unsigned>(code[at / 8 + 1]) << 8;
    indices[m] = static_cast<uint8_t>(value >> (at % 8) & ((1U << bits) - 1));
  }
  const size_t used = subvectors * bits % 8;
  if (used != 0 && code[code.size() - 1] >> used != 0) {
    throw Error(ErrorKind::kCorrupt, "a code has bits set behind its last index");
  }
}

Bytes pack_code(const CodeShape& shape, const uint8_t* indices) {
  const auto bits = static_cast<size_t>(shape.bits);
  Bytes code(shape.code_size());
  for (size_t m = 0; m < static_cast<size_t>(shape.subvectors); ++m) {
    const size_t at = m * bits;
    const unsigned value = static_cast<unsigned>(indices[m]) << (at % 8);
    code[at / 8] = static_cast<uint8_t>(code[at / 8] | value);
    if (at % 8 + bits > 8) code[at / 8 + 1] = static_cast<uint8_t>(code[at / 8 + 1] | value >> 8);
  }
  return code;
}

ProductQuantiser::ProductQuantiser(QuantiserParameters parameters) : parameters_(std::move(parameters)) {
  const CodeShape& shape = parameters_.shape;
  if (!shape.valid()) {
    unsound("dimension " + std::to_string(shape.dimension) + ", " + std::to_string(shape.subvectors) +
            " sub-vectors of " + std::to_string(shape.bits) + " bits");
  }
  const auto dimension = static_cast<size_t>(shape.dimension);
  const auto subvectors = static_cast<size_t>(shape.subvectors);
  codes_ = size_t{1} << shape.bits;
  width_ = parameters_.centroids.size() / (subvectors * codes_);
  inner_ = width_ * subvectors;
  if (inner_ == 0 || inner_ > dimension) unsound("centroids of " + std::to_string(width_) + " numbers");
  check_count(parameters_.centroids.size(), inner_ * codes_, "centroids");
  if (!parameters_.mean.empty()) check_count(parameters_.mean.size(), dimension, "the mean");
  if (parameters_.matrix.empty()) {
    check_count(inner_, dimension, "all sub-vectors");
  } else {
    check_count(parameters_.matrix.size(), inner_ * dimension, "the matrix");
  }
  check_numbers(parameters_.mean, "mean");
  check_numbers(parameters_.matrix, "matrix");
  check_numbers(parameters_.centroids, "centroid");
  check_rows(parameters_.matrix, dimension);

  const std::vector<float> mean = parameters_.mean.empty() ? std::vector<float>(dimension) : parameters_.mean;
  transformed_mean_ = transform(mean, false);
  squared_mean_ = dot(mean.data(), mean.data(), dimension);
  squared_.resize(subvectors * codes_);
  columns_.resize(inner_ * codes_);
  for (size_t m = 0; m < subvectors; ++m) {
    for (size_t j = 0; j < codes_; ++j) {
      const float* c = centroid(m, j);
      for (size_t i = 0; i < width_; ++i) columns_[(m * width_ + i) * codes_ + j] = c[i];
      squared_[m * codes_ + j] = dot(c, c, width_) + 2.0F * dot(c, &transformed_mean_[m * width_], width_);
    }
  }
  hash_ = Sha256::of(serialise());
}

ProductQuantiser ProductQuantiser::deserialise(ByteView bytes) {
  try {
    ByteReader reader(bytes);
    QuantiserParameters parameters = read_parameters(reader);
    if (!reader.empty()) {
      throw Error(ErrorKind::kCorrupt, std::to_string(reader.remaining()) + " bytes are left over");
    }
    return ProductQuantiser(std::move(parameters));
  } catch (const Error& error) {
    throw Error(ErrorKind::kCorrupt, std::string("the codebooks are damaged: ") + error.what());
  }
}

Bytes ProductQuantiser::serialise() const {
  Bytes bytes;
  bytes.reserve(16 + 4 * (parameters_.mean.size() + parameters_.matrix.size() + parameters_.centroids.size()));
  ByteWriter writer(bytes);
  writer.u32(kMagic);
  writer.u8(kVersion);
  writer.u8(
      static_cast<uint8_t>((parameters_.mean.empty() ? 0 : kHasMean) | (parameters_.matrix.empty() ? 0 : kHasMatrix)));
  writer.u8(static_cast<uint8_t>(shape().bits));
  writer.u16(static_cast<uint16_t>(shape().dimension));
  writer.u16(static_cast<uint16_t>(shape().subvectors));
  writer.u16(static_cast<uint16_t>(width_));
  write_singles(writer, parameters_.mean);
  write_singles(writer, parameters_.matrix);
  write_singles(writer, parameters_.centroids);
  return bytes;
}

const float* ProductQuantiser::centroid(size_t subvector, size_t index) const {
  return &parameters_.centroids[(subvector * codes_ + index) * width_];
}

std::vector<float> ProductQuantiser::transform(const std::vector<float>& vector, bool subtract_mean) const {
  const auto dimension = static_cast<size_t>(shape().dimension);
  std::vector<float> centred = vector;
  if (subtract_mean) {
    for (size_t i = 0; i < parameters_.mean.size(); ++i) centred[i] -= parameters_.mean[i];
  }
  if (parameters_.matrix.empty()) return centred;
  std::vector<float> result(inner_);
  for (size_t row = 0; row < inner_; ++row) {
    result[row] = dot(&parameters_.matrix[row * dimension], centred.data(), dimension);
  }
  return result;
}

Bytes ProductQuantiser::encode(const std::vector<float>& vector) const {
  check_vector(vector, shape());
  const std::vector<float> transformed = transform(vector, true);
  std::vector<uint8_t> indices(static_cast<size_t>(shape().subvectors));
  for (size_t m = 0; m < indices.size(); ++m) {
    float nearest = std::numeric_limits<float>::infinity();
    for (size_t j = 0; j < codes_; ++j) {
      const float distance = squared_distance(&transformed[m * width_], centroid(m, j), width_);
      if (distance >= nearest) continue;
      nearest = distance;
      indices[m] = static_cast<uint8_t>(j);
    }
  }
  return pack_code(shape(), indices.data());
}

std::vector<float> ProductQuantiser::decode(ByteView code) const {
  const std::vector<uint8_t> indices = unpack_code(shape(), code);
  std::vector<float> inner;
  inner.reserve(inner_);
  for (size_t m = 0; m < indices.size(); ++m) {
    const float* c = centroid(m, indices[m]);
    inner.insert(inner.end(), c, c + width_);
  }
  const auto dimension = static_cast<size_t>(shape().dimension);
  std::vector<float> result = parameters_.mean.empty() ? std::vector<float>(dimension) : parameters_.mean;
  if (parameters_.matrix.empty()) {
    for (size_t i = 0; i < dimension; ++i) result[i] += inner[i];
    return result;
  }
  for (size_t row = 0; row < inner_; ++row) {
    const float* numbers = &parameters_.matrix[row * dimension];
    for (size_t i = 0; i < dimension; ++i) result[i] += inner[row] * numbers[i];
  }
  return result;
}

// All centroids of a sub-vector side by side, number after number: that fits vector registers.
ProductTables ProductQuantiser::tables_of(const std::vector<float>& transformed, float offset) const {
  ProductTables tables;
  tables.offset = offset;
  tables.products.resize(squared_.size());
  for (size_t m = 0; m < static_cast<size_t>(shape().subvectors); ++m) {
    float* products = &tables.products[m * codes_];
    for (size_t i = 0; i < width_; ++i) {
      const float number = transformed[m * width_ + i];
      const float* column = &columns_[(m * width_ + i) * codes_];
      for (size_t j = 0; j < codes_; ++j) products[j] += number * column[j];
    }
  }
  return tables;
}

// <q, R'y + mean> = <Rq, y> + <q, mean>
ProductTables ProductQuantiser::tables(const std::vector<float>& query) const {
  check_vector(query, shape());
  const std::vector<float> transformed = transform(query, false);
  const std::vector<float>& mean = parameters_.mean;
  return tables_of(transformed, mean.empty() ? 0.0F : dot(query.data(), mean.data(), mean.size()));
}

// The same for q = R'z + mean, where R has orthonormal rows: Rq = z + R mean, <q, mean> = <z, R mean> + |mean|^2
ProductTables ProductQuantiser::tables_of_code(ByteView code) const {
  const std::vector<uint8_t> indices = unpack_code(shape(), code);
  std::vector<float> transformed = transformed_mean_;
  float offset = squared_mean_;
  for (size_t m = 0; m < indices.size(); ++m) {
    const float* c = centroid(m, indices[m]);
    for (size_t i = 0; i < width_; ++i) {
      transformed[m * width_ + i] += c[i];
      offset += transformed_mean_[m * width_ + i] * c[i];
    }
  }
  return tables_of(transformed, offset);
}

float ProductQuantiser::norm(const uint8_t* indices) const {
  float squared = squared_mean_;
  for (size_t m = 0; m < static_cast<size_t>(shape().subvectors); ++m) squared += squared_[m * codes_ + indices[m]];
  return std::sqrt(std::max(squared, 0.0F));
}

bool normalise(std::vector<float>& vector) {
  double squared = 0.0;
  for (const float number : vector) squared += static_cast<double>(number) * number;
  // NaN and infinity do not pass either.
  if (!(squared > 1e-30 && squared < 1e30)) return false;
  const auto scale = static_cast<float>(1.0 / std::sqrt(squared));
  for (float& number : vector) number *= scale;
  return true;
}

}  // namespace crlsc
