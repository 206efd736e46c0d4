// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/kb/projection.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/bitstream/byte_io.h"
#include "core/error.h"
#include "core/kb/product_quantiser.h"
#include "core/kb/singles.h"

namespace crlsc {
namespace {

constexpr uint32_t kMagic = 0x4352504A;  // "CRPJ"
constexpr int kVersion = 1;

}  // namespace

Projection::Projection(std::vector<float> mean, std::vector<float> matrix)
    : mean_(std::move(mean)), matrix_(std::move(matrix)) {
  const size_t columns = mean_.size();
  const size_t rows = columns == 0 ? 0 : matrix_.size() / columns;
  if (columns == 0 || columns > kMaxTeacherDimension || rows == 0 || rows > kMaxVectorDimension ||
      rows * columns != matrix_.size()) {
    throw Error(ErrorKind::kSettings, "a projection of " + std::to_string(matrix_.size()) +
                                          " numbers does not fit vectors of " + std::to_string(columns));
  }
  if (first_unusable(mean_) != mean_.size() || first_unusable(matrix_) != matrix_.size()) {
    throw Error(ErrorKind::kSettings, "a projection holds numbers that are not finite or too large");
  }
}

Projection Projection::deserialise(ByteView bytes) {
  try {
    ByteReader reader(bytes);
    if (reader.u32() != kMagic || reader.u8() != kVersion) throw Error(ErrorKind::kCorrupt, "it does not begin as one");
    const size_t columns = reader.u16();
    const size_t rows = reader.u16();
    if (reader.remaining() != 4 * columns * (rows + 1)) throw Error(ErrorKind::kCorrupt, "it has another size");
    auto mean = read_singles(reader, columns);
    auto matrix = read_singles(reader, rows * columns);
    return {std::move(mean), std::move(matrix)};
  } catch (const Error& error) {
    throw Error(ErrorKind::kCorrupt, std::string("the projection is damaged: ") + error.what());
  }
}

Bytes Projection::serialise() const {
  Bytes bytes;
  bytes.reserve(9 + 4 * (mean_.size() + matrix_.size()));
  ByteWriter writer(bytes);
  writer.u32(kMagic);
  writer.u8(kVersion);
  writer.u16(static_cast<uint16_t>(mean_.size()));
  writer.u16(static_cast<uint16_t>(dimension()));
  write_singles(writer, mean_);
  write_singles(writer, matrix_);
  return bytes;
}

std::vector<float> Projection::apply(const std::vector<float>& vector) const {
  if (vector.size() != mean_.size()) {
    throw Error(ErrorKind::kSettings, "the projection is for vectors of " + std::to_string(mean_.size()) +
                                          " numbers, this one has " + std::to_string(vector.size()));
  }
  std::vector<float> result(static_cast<size_t>(dimension()));
  for (size_t row = 0; row < result.size(); ++row) {
    const float* numbers = &matrix_[row * mean_.size()];
    float sum = 0;
    for (size_t i = 0; i < mean_.size(); ++i) sum += numbers[i] * (vector[i] - mean_[i]);
    result[row] = sum;
  }
  normalise(result);
  return result;
}

}  // namespace crlsc
