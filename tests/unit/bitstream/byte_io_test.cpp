// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/bitstream/byte_io.h"

#include <gtest/gtest.h>

#include <string>

#include "core/bitstream/crc.h"
#include "core/error.h"

namespace crlsc {
namespace {

template <typename Function>
void expect_corrupt(Function function) {
  try {
    function();
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
  }
}

Bytes leb128(uint32_t value) {
  Bytes bytes;
  ByteWriter(bytes).leb128(value);
  return bytes;
}

TEST(Crc16, CheckValue) {
  const std::string digits = "123456789";
  EXPECT_EQ(crc16({reinterpret_cast<const uint8_t*>(digits.data()), digits.size()}), 0x29B1);
}

TEST(Crc16, OfNothingIsTheStartValue) { EXPECT_EQ(crc16(ByteView()), 0xFFFF); }

TEST(Crc16, CountsLeadingZeros) {
  EXPECT_NE(crc16(Bytes{0}), crc16(Bytes{0, 0}));
  EXPECT_EQ(crc16(Bytes{0}), 0xE1F0);
}

TEST(Crc16, IsZeroOverAMessageFollowedByItsCrc) {
  Bytes bytes = {1, 2, 3, 250};
  ByteWriter(bytes).u16(crc16(bytes));
  EXPECT_EQ(crc16(bytes), 0);
}

TEST(ByteWriter, WritesMostSignificantByteFirst) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.u8(0x01);
  writer.u16(0x0203);
  writer.u24(0x99040506);
  writer.u32(0x0708090A);
  writer.bytes(Bytes{0x0B, 0x0C});
  EXPECT_EQ(bytes, (Bytes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
}

TEST(ByteReader, ReadsWhatTheWriterWrites) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.u8(0xFE);
  writer.u16(0xFEDC);
  writer.u24(0xFEDCBA);
  writer.u32(0xFEDCBA98);
  writer.leb128(300);
  writer.bytes(Bytes{7, 8, 9});
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u8(), 0xFE);
  EXPECT_EQ(reader.u16(), 0xFEDC);
  EXPECT_EQ(reader.u24(), 0xFEDCBAU);
  EXPECT_EQ(reader.u32(), 0xFEDCBA98U);
  EXPECT_EQ(reader.leb128(), 300U);
  EXPECT_EQ(reader.position(), 12U);
  EXPECT_EQ(reader.bytes(1)[0], 7);
  EXPECT_EQ(reader.remaining(), 2U);
  EXPECT_EQ(reader.rest()[1], 9);
  EXPECT_TRUE(reader.empty());
  EXPECT_EQ(reader.rest().size(), 0U);
}

TEST(ByteReader, RefusesToReadPastTheEndAndConsumesNothing) {
  const Bytes bytes = {1, 2, 3};
  ByteReader reader(bytes);
  expect_corrupt([&] { reader.u32(); });
  expect_corrupt([&] { reader.bytes(4); });
  expect_corrupt([&] { reader.bytes(SIZE_MAX); });
  EXPECT_EQ(reader.position(), 0U);
  EXPECT_EQ(reader.u24(), 0x010203U);
  expect_corrupt([&] { reader.u8(); });
  expect_corrupt([&] { reader.leb128(); });
}

TEST(ByteReader, NamesTheOffsetOfTheFault) {
  const Bytes bytes = {1, 2, 3};
  ByteReader reader(bytes);
  reader.u16();
  try {
    reader.u16();
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("offset 2"), std::string::npos) << error.what();
  }
}

TEST(Leb128, HasTheSmallestSizeThatFits) {
  EXPECT_EQ(leb128(0), Bytes{0});
  EXPECT_EQ(leb128(127), Bytes{0x7F});
  EXPECT_EQ(leb128(128), (Bytes{0x80, 0x01}));
  EXPECT_EQ(leb128(16383), (Bytes{0xFF, 0x7F}));
  EXPECT_EQ(leb128(16384), (Bytes{0x80, 0x80, 0x01}));
  EXPECT_EQ(leb128(65535), (Bytes{0xFF, 0xFF, 0x03}));
  EXPECT_EQ(leb128(UINT32_MAX), (Bytes{0xFF, 0xFF, 0xFF, 0xFF, 0x0F}));
}

TEST(Leb128, SizeAgreesWithTheWriterAroundEachLimit) {
  for (int bits = 0; bits < 32; ++bits) {
    for (uint32_t value : {(1U << bits) - 1, 1U << bits, (1U << bits) + 1}) {
      const Bytes bytes = leb128(value);
      EXPECT_EQ(static_cast<int>(bytes.size()), leb128_size(value));
      ByteReader reader(bytes);
      EXPECT_EQ(reader.leb128(), value);
      EXPECT_TRUE(reader.empty());
    }
  }
}

TEST(Leb128, EveryTruncationIsRefused) {
  const Bytes bytes = leb128(UINT32_MAX);
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(read_leb128(ByteView(bytes).sub(0, size)));
}

TEST(Leb128, StopsAtTheGivenNumberOfBytes) {
  const Bytes bytes = {0x80, 0x80, 0x01};
  EXPECT_TRUE(read_leb128(bytes, 3));
  EXPECT_FALSE(read_leb128(bytes, 2));
  ByteReader reader(bytes);
  expect_corrupt([&] { reader.leb128(2); });
  EXPECT_EQ(reader.position(), 0U);
}

TEST(Leb128, RefusesWhatDoesNotFit32Bits) {
  EXPECT_FALSE(read_leb128(Bytes{0xFF, 0xFF, 0xFF, 0xFF, 0x1F}));
  EXPECT_FALSE(read_leb128(Bytes{0x80, 0x80, 0x80, 0x80, 0x80, 0x00}));
}

TEST(Leb128, ReadsFormsThatAreLongerThanNecessary) {
  const auto number = read_leb128(Bytes{0x85, 0x80, 0x00, 0xEE});
  ASSERT_TRUE(number);
  EXPECT_EQ(number->value, 5U);
  EXPECT_EQ(number->size, 3U);
}

}  // namespace
}  // namespace crlsc
