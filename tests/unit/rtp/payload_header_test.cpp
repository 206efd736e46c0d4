// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/rtp/payload_header.h"

#include <gtest/gtest.h>

#include <random>

#include "core/error.h"

namespace crlsc {
namespace {

Bytes packed(const RtpPayloadHeader& header) {
  Bytes out;
  append_payload_header(out, header);
  return out;
}

ErrorKind parse_error(const Bytes& bytes) {
  try {
    parse_payload_header(bytes);
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "no error";
  return ErrorKind::kLibrary;
}

TEST(PayloadHeader, PlainHeaderTakesFourBytes) {
  RtpPayloadHeader header;
  header.picture_id = 0x1234;
  EXPECT_EQ(packed(header), (Bytes{0x00, 0x12, 0x34, 0x00}));
  EXPECT_EQ(header.size(), 4U);
}

TEST(PayloadHeader, EachFlagHasItsOwnBit) {
  const auto first_byte = [](bool RtpPayloadHeader::*flag) {
    RtpPayloadHeader header;
    header.*flag = true;
    return packed(header)[0];
  };
  EXPECT_EQ(first_byte(&RtpPayloadHeader::key), 0x20);
  EXPECT_EQ(first_byte(&RtpPayloadHeader::first), 0x10);
  EXPECT_EQ(first_byte(&RtpPayloadHeader::layer_end), 0x08);
  EXPECT_EQ(first_byte(&RtpPayloadHeader::fragment), 0x04);
  EXPECT_EQ(first_byte(&RtpPayloadHeader::aggregate), 0x02);
  EXPECT_EQ(first_byte(&RtpPayloadHeader::extension), 0x01);
}

TEST(PayloadHeader, LastIsTheTopBitOfThePictureId) {
  RtpPayloadHeader header;
  header.last = true;
  header.picture_id = 0x7fff;
  EXPECT_EQ(packed(header), (Bytes{0x00, 0xff, 0xff, 0x00}));
  header.picture_id = 0;
  EXPECT_EQ(packed(header), (Bytes{0x00, 0x80, 0x00, 0x00}));
}

TEST(PayloadHeader, FourthByteHoldsLayersAndTheirUse) {
  RtpPayloadHeader header;
  header.temporal_id = 5;
  header.layer_id = 3;
  EXPECT_EQ(packed(header)[3], 0xac);
  header.switching_point = true;
  EXPECT_EQ(packed(header)[3], 0xae);
  header.discardable = true;
  EXPECT_EQ(packed(header)[3], 0xaf);
}

TEST(PayloadHeader, FragmentFieldsFollowTheFixedPart) {
  RtpPayloadHeader header;
  header.fragment = true;
  header.fragment_index = 0x0102;
  EXPECT_EQ(packed(header), (Bytes{0x04, 0, 0, 0, 0x01, 0x02}));
  header.last_fragment = true;
  EXPECT_EQ(packed(header), (Bytes{0x04, 0, 0, 0, 0x81, 0x02}));
}

TEST(PayloadHeader, ExtensionFollowsTheFragmentFields) {
  RtpPayloadHeader header;
  header.fragment = header.extension = true;
  header.kb_epoch = 7;
  header.model_tag = 0xab;
  header.first_unit = 3;
  header.unit_count = 1;
  EXPECT_EQ(packed(header), (Bytes{0x05, 0, 0, 0, 0, 0, 7, 0xab, 3, 1}));
  EXPECT_EQ(header.size(), 10U);
}

TEST(PayloadHeader, RandomHeadersSurvive) {
  std::mt19937 random(5);
  for (int i = 0; i < 20000; ++i) {
    const uint32_t r = random();
    RtpPayloadHeader header;
    header.key = r & 1;
    header.first = r & 2;
    header.layer_end = r & 4;
    header.fragment = r & 8;
    header.aggregate = !header.fragment && (r & 16) != 0;
    header.extension = r & 32;
    header.last = r & 64;
    header.switching_point = r & 128;
    header.discardable = r & 256;
    header.picture_id = random() & kPictureIdMask;
    header.temporal_id = random() & 7;
    header.layer_id = random() & 7;
    if (header.fragment) {
      header.last_fragment = r & 512;
      header.fragment_index = random() & kFragmentIndexMax;
    }
    if (header.extension) {
      header.kb_epoch = static_cast<uint8_t>(random());
      header.model_tag = static_cast<uint8_t>(random());
      header.first_unit = static_cast<uint8_t>(random());
      header.unit_count = static_cast<uint8_t>(random());
    }
    const Bytes bytes = packed(header);
    ASSERT_EQ(bytes.size(), header.size());
    ASSERT_EQ(packed(parse_payload_header(bytes)), bytes);
  }
}

TEST(PayloadHeader, OtherVersionsAreRefused) {
  for (const uint8_t first : {0x40, 0x80, 0xc0, 0xff}) EXPECT_EQ(parse_error({first, 0, 0, 0}), ErrorKind::kCorrupt);
}

TEST(PayloadHeader, FragmentOfAnAggregateIsRefused) {
  EXPECT_EQ(parse_error({0x06, 0, 0, 0, 0, 0, 0}), ErrorKind::kCorrupt);
}

TEST(PayloadHeader, EveryTruncationIsRefused) {
  RtpPayloadHeader header;
  header.fragment = header.extension = true;
  const Bytes whole = packed(header);
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(parse_error(Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size))), ErrorKind::kCorrupt);
  }
}

TEST(PayloadHeader, WritingRefusesFieldsThatDoNotFit) {
  const auto refused = [](auto change) {
    RtpPayloadHeader header;
    change(header);
    Bytes out;
    EXPECT_THROW(append_payload_header(out, header), Error);
    EXPECT_TRUE(out.empty());
  };
  refused([](RtpPayloadHeader& h) { h.picture_id = 0x8000; });
  refused([](RtpPayloadHeader& h) { h.fragment_index = 0x8000; });
  refused([](RtpPayloadHeader& h) { h.temporal_id = 8; });
  refused([](RtpPayloadHeader& h) { h.layer_id = 8; });
  refused([](RtpPayloadHeader& h) { h.fragment = h.aggregate = true; });
}

TEST(AggregateEntry, HasLengthAndOffset) {
  Bytes out;
  append_aggregate_entry(out, {0x0102, 0x030405});
  EXPECT_EQ(out, (Bytes{1, 2, 3, 4, 5}));
  out.resize(5 + 0x0102);
  const AggregateEntry entry = parse_aggregate_entry(out);
  EXPECT_EQ(entry.size, 0x0102);
  EXPECT_EQ(entry.timestamp_offset, 0x030405U);
}

TEST(AggregateEntry, OffsetBeyond24BitsIsRefused) {
  Bytes out;
  EXPECT_NO_THROW(append_aggregate_entry(out, {1, 0xffffff}));
  EXPECT_THROW(append_aggregate_entry(out, {1, 0x1000000}), Error);
}

TEST(AggregateEntry, EmptyOrCutShortIsRefused) {
  EXPECT_THROW(parse_aggregate_entry(Bytes{0, 1, 0, 0}), Error);
  EXPECT_THROW(parse_aggregate_entry(Bytes{0, 0, 0, 0, 0, 9}), Error);
  EXPECT_THROW(parse_aggregate_entry(Bytes{0, 2, 0, 0, 0, 9}), Error);
  EXPECT_NO_THROW(parse_aggregate_entry(Bytes{0, 1, 0, 0, 0, 9}));
}

}  // namespace
}  // namespace crlsc
