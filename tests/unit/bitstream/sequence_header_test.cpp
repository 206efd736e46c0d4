// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/bitstream/sequence_header.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "core/error.h"

namespace crlsc {
namespace {

SequenceHeader sample() {
  SequenceHeader header;
  header.width = 320;
  header.height = 240;
  header.framerate_num = 10;
  header.layers = 3;
  header.model_id = {0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF};
  header.colorimetry = {0, 6, 1, 1, 0};
  return header;
}

SequenceHeader sample_with_knowledge() {
  SequenceHeader header = sample();
  header.knowledge = KnowledgeRef{{0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10}, 7};
  return header;
}

ErrorKind kind_of(const std::function<void()>& function) {
  try {
    function();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "no error";
  return ErrorKind::kNotFound;
}

// The sample with one 16- or 32-bit field overwritten.
Bytes with(size_t offset, uint64_t value, size_t count) {
  Bytes bytes = write_sequence_header(sample());
  for (size_t i = 0; i < count; ++i) bytes[offset + i] = static_cast<uint8_t>(value >> (8 * (count - 1 - i)));
  return bytes;
}

void expect_corrupt(const Bytes& bytes) {
  EXPECT_EQ(kind_of([&] { parse_sequence_header(bytes); }), ErrorKind::kCorrupt);
}

TEST(SequenceHeader, Golden) {
  EXPECT_EQ(write_sequence_header(sample()),
            (Bytes{0x01, 0x01, 0x40, 0x00, 0xF0, 0x00, 0x00, 0x00, 0x0A, 0x00, 0x00, 0x00, 0x01, 0x80,
                   0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0x00, 0x06, 0x01, 0x01, 0x00}));
}

TEST(SequenceHeader, GoldenWithKnowledge) {
  Bytes expected = write_sequence_header(sample());
  expected[13] = 0xA0;
  for (uint8_t byte : {0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10, 0x07}) expected.push_back(byte);
  EXPECT_EQ(write_sequence_header(sample_with_knowledge()), expected);
  EXPECT_EQ(expected.size(), 36U);
}

TEST(SequenceHeader, ComesBack) {
  EXPECT_EQ(parse_sequence_header(write_sequence_header(sample())), sample());
  EXPECT_EQ(parse_sequence_header(write_sequence_header(sample_with_knowledge())), sample_with_knowledge());
}

TEST(SequenceHeader, ComesBackForRandomFields) {
  std::mt19937 random(1);
  for (int round = 0; round < 1000; ++round) {
    SequenceHeader header = sample();
    header.width = 16 + static_cast<int>(random() % 1905);
    header.height = 16 + static_cast<int>(random() % 1073);
    header.framerate_num = 1 + random() % INT32_MAX;
    header.framerate_den = 1 + random() % INT32_MAX;
    header.layers = 1 + static_cast<int>(random() % 4);
    for (uint8_t& byte : header.model_id) byte = static_cast<uint8_t>(random());
    header.colorimetry = {static_cast<uint8_t>(random()), static_cast<uint8_t>(random()),
                          static_cast<uint8_t>(random()), static_cast<uint8_t>(random()),
                          static_cast<uint8_t>(random())};
    if (random() % 2 == 0) {
      header.knowledge = KnowledgeRef{};
      for (uint8_t& byte : header.knowledge->id) byte = static_cast<uint8_t>(random());
      header.knowledge->epoch = static_cast<uint8_t>(random());
    }
    EXPECT_EQ(parse_sequence_header(write_sequence_header(header)), header);
  }
}

TEST(SequenceHeader, EveryFieldTakesPartInComparison) {
  const std::vector<std::function<void(SequenceHeader&)>> changes = {
      [](auto& h) { h.version = 2; },
      [](auto& h) { h.width = 322; },
      [](auto& h) { h.height = 242; },
      [](auto& h) { h.framerate_num = 11; },
      [](auto& h) { h.framerate_den = 2; },
      [](auto& h) { h.layers = 2; },
      [](auto& h) { h.model_id[7] = 0; },
      [](auto& h) { h.colorimetry.range = 1; },
      [](auto& h) { h.colorimetry.matrix = 1; },
      [](auto& h) { h.colorimetry.transfer = 6; },
      [](auto& h) { h.colorimetry.primaries = 6; },
      [](auto& h) { h.colorimetry.chroma_site = 1; },
      [](auto& h) { h.knowledge.reset(); },
      [](auto& h) { h.knowledge->id[0] = 0; },
      [](auto& h) { h.knowledge->epoch = 8; },
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    SequenceHeader changed = sample_with_knowledge();
    changes[i](changed);
    EXPECT_NE(changed, sample_with_knowledge()) << i;
  }
  SequenceHeader other = sample_with_knowledge();
  other.colorimetry.range = 1;
  EXPECT_NE(other.colorimetry, sample().colorimetry);
  other.knowledge->epoch = 9;
  EXPECT_NE(*other.knowledge, *sample_with_knowledge().knowledge);
}

TEST(SequenceHeader, SizeLimits) {
  for (const auto& [width, height] : {std::pair{16, 16}, {1920, 1088}, {17, 1087}}) {
    SequenceHeader header = sample();
    header.width = width;
    header.height = height;
    EXPECT_EQ(parse_sequence_header(write_sequence_header(header)), header);
  }
}

TEST(SequenceHeader, SizesOutOfRangeAreNotRead) {
  for (int width : {0, 15, 1921, 65535}) expect_corrupt(with(1, static_cast<uint64_t>(width), 2));
  for (int height : {0, 15, 1089, 65535}) expect_corrupt(with(3, static_cast<uint64_t>(height), 2));
}

TEST(SequenceHeader, FrameratesOutOfRangeAreNotRead) {
  expect_corrupt(with(5, 0x80000000, 4));
  expect_corrupt(with(9, 0x80000000, 4));
  expect_corrupt(with(9, 0, 4));
  EXPECT_EQ(parse_sequence_header(with(5, 0x7FFFFFFF, 4)).framerate_num, 0x7FFFFFFFU);
}

TEST(SequenceHeader, AVariableFramerateIsZeroToOne) {
  const SequenceHeader read = parse_sequence_header(with(5, 0x0000000000000019, 8));
  EXPECT_EQ(read.framerate_num, 0U);
  EXPECT_EQ(read.framerate_den, 1U);
  SequenceHeader header = sample();
  header.framerate_num = 0;
  header.framerate_den = 25;
  EXPECT_EQ(write_sequence_header(header)[12], 1);
}

TEST(SequenceHeader, FieldsOutOfRangeAreNotWritten) {
  const std::vector<std::function<void(SequenceHeader&)>> changes = {
      [](auto& h) { h.version = 2; },       [](auto& h) { h.width = 15; },
      [](auto& h) { h.width = 1921; },      [](auto& h) { h.height = 15; },
      [](auto& h) { h.height = 1089; },     [](auto& h) { h.width = -320; },
      [](auto& h) { h.layers = 0; },        [](auto& h) { h.layers = 5; },
      [](auto& h) { h.framerate_den = 0; }, [](auto& h) { h.framerate_num = 0x80000000; },
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    SequenceHeader header = sample();
    changes[i](header);
    EXPECT_EQ(kind_of([&] { write_sequence_header(header); }), ErrorKind::kSettings) << i;
  }
}

TEST(SequenceHeader, EveryTruncationIsCorrupt) {
  for (const SequenceHeader& header : {sample(), sample_with_knowledge()}) {
    const Bytes bytes = write_sequence_header(header);
    for (size_t size = 0; size < bytes.size(); ++size) {
      expect_corrupt(Bytes(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size)));
    }
  }
}

TEST(SequenceHeader, BytesAndFlagsOfLaterRevisionsAreIgnored) {
  Bytes bytes = write_sequence_header(sample_with_knowledge());
  bytes[13] |= 0x1F;
  bytes.insert(bytes.end(), {1, 2, 3});
  EXPECT_EQ(parse_sequence_header(bytes), sample_with_knowledge());
}

TEST(SequenceHeader, AnotherVersionIsNamedBesideOurs) {
  for (int version : {0, 2, 255}) {
    try {
      parse_sequence_header(with(0, static_cast<uint64_t>(version), 1));
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kWrongType);
      const std::string text = error.what();
      EXPECT_NE(text.find("version " + std::to_string(version)), std::string::npos) << text;
      EXPECT_NE(text.find("version 1"), std::string::npos) << text;
    }
  }
}

TEST(SequenceHeader, TheVersionIsLookedAtBeforeTheRest) {
  EXPECT_EQ(kind_of([] { parse_sequence_header(Bytes{2}); }), ErrorKind::kWrongType);
}

TEST(SequenceHeader, GarbageIsReadOrRefusedButNeverOutOfRange) {
  std::mt19937 random(2);
  int read = 0;
  for (int round = 0; round < 20000; ++round) {
    Bytes bytes(random() % 48);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    if (bytes.size() > 3) {
      bytes[0] = 1;
      bytes[1] &= 7;
      bytes[3] &= 3;
    }
    try {
      const SequenceHeader header = parse_sequence_header(bytes);
      ++read;
      EXPECT_TRUE(header.width >= 16 && header.width <= 1920 && header.height >= 16 && header.height <= 1088);
      EXPECT_EQ(parse_sequence_header(write_sequence_header(header)), header);
    } catch (const Error&) {
    }
  }
  EXPECT_GT(read, 100);
}

TEST(ContentId, HexComesBack) {
  const ContentId id = {0x00, 0x01, 0x7F, 0x80, 0xAB, 0xCD, 0xEF, 0xFF};
  EXPECT_EQ(to_hex(id), "00017f80abcdefff");
  EXPECT_EQ(content_id_from_hex("00017f80abcdefff"), id);
  EXPECT_EQ(content_id_from_hex("00017F80ABCDEFFF"), id);
}

TEST(ContentId, OtherTextsAreRefused) {
  for (const char* text : {"", "00017f80abcdeff", "00017f80abcdefff0", "00017f80abcdefg0", "0x017f80abcdefff",
                           " 0017f80abcdefff", "00017f80abcdef/:", "00017f80abcdef@`"}) {
    EXPECT_FALSE(content_id_from_hex(text)) << text;
  }
}

}  // namespace
}  // namespace crlsc
