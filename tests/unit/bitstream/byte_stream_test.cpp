// SPDX-License-Identifier: LGPL-2.1-or-later
// The byte stream: round trips, damage, hostile lengths.
#include "core/bitstream/byte_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "core/bitstream/byte_io.h"
#include "core/bitstream/crc.h"
#include "core/error.h"

namespace crlsc {
namespace {

using Kind = ByteStreamItem::Kind;

constexpr uint32_t kFrame = 9000;  // ticks
constexpr size_t kHeadBytes = 56;  // of the heads here

SequenceHeader sequence(int width = 320) {
  SequenceHeader header;
  header.width = width;
  header.height = 240;
  header.framerate_num = 10;
  header.layers = 3;
  header.model_id = {1, 2, 3, 4, 5, 6, 7, 8};
  return header;
}

Bytes access_unit(int index, bool key, size_t size = 40) {
  Bytes out;
  if (key) append_unit(out, {UnitType::kSequenceHeader, 0, true, false}, write_sequence_header(sequence()));
  append_unit(out, {UnitType::kToken, 0, key, true}, Bytes(size, static_cast<uint8_t>(index)));
  return out;
}

// A record as the test keeps it.
struct Record {
  Kind kind = Kind::kAccessUnit;
  bool key = false;
  bool discontinuity = false;
  uint64_t time = 0;
  std::optional<uint32_t> duration;
  Bytes payload;
  size_t end = 0;    // in the stream
  size_t entry = 0;  // of the head before it, or its own
};

bool operator==(const Record& a, const Record& b) {
  return a.kind == b.kind && a.key == b.key && a.discontinuity == b.discontinuity && a.time == b.time &&
         a.duration == b.duration && a.payload == b.payload;
}

// Without any head, no record says how long it lasts.
std::vector<Record> without_durations(std::vector<Record> records) {
  for (Record& record : records) record.duration.reset();
  return records;
}

struct Stream {
  Bytes bytes;
  std::vector<Record> records;
};

// Twelve pictures with a key picture each fourth; one is missing.
Stream make_stream(uint64_t start = 0) {
  Stream stream;
  ByteStreamWriter writer;
  for (int i = 0; i < 12; ++i) {
    Record record;
    record.key = i % 4 == 0;
    record.time = start + static_cast<uint64_t>(i) * kFrame;
    record.duration = kFrame;
    record.entry = stream.bytes.size();
    if (i == 6) {
      record.kind = Kind::kMissing;
      writer.write_missing(stream.bytes, record.time, record.duration);
    } else {
      record.payload = access_unit(i, record.key, static_cast<size_t>(10 + 20 * i));
      writer.write(stream.bytes, record.payload, record.time, record.duration);
    }
    record.end = stream.bytes.size();
    stream.records.push_back(record);
  }
  return stream;
}

Record to_record(const ByteStreamItem& item, const ByteStreamReader& reader) {
  Record record{item.kind, item.key, item.discontinuity, item.time, item.duration, {}, 0, 0};
  record.payload.assign(item.payload.begin(), item.payload.end());
  record.entry = reader.entry();
  return record;
}

std::vector<Record> read_in_pieces(const Bytes& bytes, size_t piece, uint64_t* skipped = nullptr) {
  ByteStreamReader reader;
  std::vector<Record> records;
  const auto take = [&] {
    while (const auto found = reader.next()) records.push_back(to_record(*found, reader));
  };
  for (size_t at = 0; at < bytes.size(); at += piece) {
    reader.push(ByteView(bytes).sub(at, piece));
    take();
  }
  reader.finish();
  take();
  if (skipped != nullptr) *skipped = reader.skipped();
  return records;
}

std::vector<Record> read(const Bytes& bytes, uint64_t* skipped = nullptr) {
  return read_in_pieces(bytes, std::max<size_t>(bytes.size(), 1), skipped);
}

TEST(ByteStream, RoundTrip) {
  const Stream stream = make_stream();
  uint64_t skipped = 1;
  const std::vector<Record> found = read(stream.bytes, &skipped);
  EXPECT_TRUE(found == stream.records);
  EXPECT_EQ(skipped, 0U);
  for (size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].entry, stream.records[i].entry) << i;
}

TEST(ByteStream, EveryChunking) {
  const Stream stream = make_stream();
  for (size_t piece = 1; piece <= 200; ++piece) {
    ASSERT_TRUE(read_in_pieces(stream.bytes, piece) == stream.records) << piece;
  }
}

TEST(ByteStream, HeadsTellWhatStreamsAre) {
  Bytes bytes;
  ByteStreamWriter writer;
  writer.set_sequence(sequence(640));
  writer.set_pixel_aspect_ratio({12, 11});
  EXPECT_TRUE(writer.write(bytes, access_unit(0, false), (uint64_t{1} << 40) + 7));
  ByteStreamReader reader;
  reader.push(bytes);
  const auto found = reader.next();
  ASSERT_TRUE(found && reader.has_head() && reader.head());
  EXPECT_EQ(found->time, (uint64_t{1} << 40) + 7);
  EXPECT_EQ(reader.head()->time, found->time);
  EXPECT_EQ(reader.head()->timescale, kTicksPerSecond);
  EXPECT_EQ(reader.head()->sequence, sequence(640));
  EXPECT_EQ(reader.head()->pixel_aspect_ratio.num, 12);
  EXPECT_EQ(reader.head()->pixel_aspect_ratio.den, 11);
}

// Where heads stand, and what they cost.
TEST(ByteStream, HeadsRecur) {
  ByteStreamWriter writer;
  Bytes bytes;
  int heads = 0;
  for (int i = 0; i < 100; ++i) {
    const bool head = writer.write(bytes, access_unit(i, i == 0), static_cast<uint64_t>(i) * kFrame, kFrame);
    EXPECT_EQ(head, i % 40 == 0) << i;
    heads += head ? 1 : 0;
  }
  EXPECT_EQ(heads, 3);
  EXPECT_FALSE(writer.write(bytes, access_unit(100, false), 100 * kFrame));
  EXPECT_TRUE(writer.write(bytes, access_unit(101, true), 101 * kFrame)) << "key";
  EXPECT_TRUE(writer.write(bytes, access_unit(102, false), 102 * kFrame, {}, true)) << "discontinuity";
  EXPECT_TRUE(writer.write(bytes, access_unit(103, false), 90 * kFrame)) << "time goes back";
  writer.set_pixel_aspect_ratio({4, 3});
  EXPECT_TRUE(writer.write(bytes, access_unit(104, false), 104 * kFrame)) << "another shape";
  EXPECT_FALSE(writer.write(bytes, access_unit(105, false), 105 * kFrame));
  EXPECT_TRUE(writer.write(bytes, access_unit(106, false), (uint64_t{1} << 23) + 106 * kFrame)) << "a long pause";
}

TEST(ByteStream, AnAccessUnitCostsTenBytes) {
  ByteStreamWriter writer;
  Bytes bytes;
  writer.write(bytes, access_unit(0, true), 0);
  for (const size_t size : {10, 300, 16000}) {
    const size_t before = bytes.size();
    const Bytes unit = access_unit(1, false, size);
    ASSERT_FALSE(writer.write(bytes, unit, kFrame, kFrame));
    EXPECT_LE(bytes.size() - before - unit.size(), 10U) << size;
  }
}

TEST(ByteStream, Durations) {
  ByteStreamWriter writer;
  Bytes bytes;
  const std::optional<uint32_t> durations[] = {kFrame, std::nullopt, 1, 0, 1000000, (1U << 28) - 1, 1U << 28};
  for (const auto& duration : durations) writer.write(bytes, access_unit(0, true), 0, duration);
  const std::vector<Record> found = read(bytes);
  ASSERT_EQ(found.size(), std::size(durations));
  for (size_t i = 2; i + 1 < found.size(); ++i) EXPECT_EQ(found[i].duration, durations[i]);
  for (const size_t i : {0, 1, 6}) EXPECT_EQ(found[i].duration, kFrame) << "the frame rate's";
}

TEST(ByteStream, DurationsWithoutFrameRate) {
  SequenceHeader header = sequence();
  header.framerate_num = 0;
  EXPECT_FALSE(nominal_duration(header, kTicksPerSecond));
  header.framerate_num = 30000;
  header.framerate_den = 1001;
  EXPECT_EQ(nominal_duration(header, kTicksPerSecond), 3003U);
  header.framerate_num = 1;
  header.framerate_den = INT32_MAX;
  EXPECT_FALSE(nominal_duration(header, kTicksPerSecond));
}

// Behind a lost record, times are right at once; 93 s of them may be lost.
TEST(ByteStream, TimesSurviveLosses) {
  ByteStreamWriter writer(uint64_t{1} << 40);
  std::vector<Bytes> parts;
  std::vector<uint64_t> times;
  for (int i = 0; i < 3000; ++i) {
    Bytes bytes;
    times.push_back(static_cast<uint64_t>(i) * kFrame);
    writer.write(bytes, access_unit(i, i == 0), times.back());
    parts.push_back(bytes);
  }
  for (const size_t step : {1, 7, 900}) {
    ByteStreamReader reader;
    for (size_t i = 0; i < parts.size(); i += step) {
      reader.push(parts[i]);
      const auto found = reader.next();
      ASSERT_TRUE(found);
      ASSERT_EQ(found->time, times[i]) << step;
    }
  }
}

TEST(ByteStream, TimesMayGoBack) {
  ByteStreamWriter writer;
  Bytes bytes;
  writer.write(bytes, access_unit(0, true), uint64_t{1} << 30);
  const size_t begin = bytes.size();
  writer.write(bytes, access_unit(1, false), (uint64_t{1} << 30) + kFrame);
  const Bytes second(bytes.begin() + static_cast<ptrdiff_t>(begin), bytes.end());
  bytes.insert(bytes.end(), second.begin(), second.end());
  const std::vector<Record> found = read(bytes);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[2].time, found[1].time);
}

// What is whole in a stream that was cut anywhere is found.
TEST(ByteStream, EveryTruncation) {
  const Stream stream = make_stream();
  for (size_t size = 0; size < stream.bytes.size(); ++size) {
    std::vector<Record> expected = stream.records;
    while (!expected.empty() && expected.back().end > size) expected.pop_back();
    uint64_t skipped = 0;
    const Bytes cut(stream.bytes.begin(), stream.bytes.begin() + static_cast<ptrdiff_t>(size));
    ASSERT_TRUE(read(cut, &skipped) == expected) << size;
    ASSERT_LE(skipped, size - (expected.empty() ? 0 : expected.back().end)) << size;
  }
}

TEST(ByteStream, EveryBeginning) {
  const Stream stream = make_stream();
  for (size_t first = 0; first < stream.bytes.size(); ++first) {
    const Bytes cut(stream.bytes.begin() + static_cast<ptrdiff_t>(first), stream.bytes.end());
    const std::vector<Record> found = without_durations(read(cut));
    const std::vector<Record> all = without_durations(stream.records);
    const auto whole = std::count_if(stream.records.begin(), stream.records.end(), [first](const Record& record) {
      return record.entry + (record.key ? kHeadBytes : 0) >= first;
    });
    ASSERT_EQ(found.size(), static_cast<size_t>(whole)) << first;
    ASSERT_TRUE(std::equal(found.rbegin(), found.rend(), all.rbegin())) << first;
  }
}

// A flipped byte costs one record at most, and nothing of the others.
TEST(ByteStream, EveryFlippedByte) {
  const Stream stream = make_stream();
  for (size_t at = 0; at < stream.bytes.size(); ++at) {
    for (const uint8_t flip : {0x01, 0x80, 0xFF}) {
      Bytes damaged = stream.bytes;
      damaged[at] ^= flip;
      const bool first_head = at < kHeadBytes;
      const std::vector<Record> found = first_head ? without_durations(read(damaged)) : read(damaged);
      size_t missing = 0;
      for (const Record& record : first_head ? without_durations(stream.records) : stream.records) {
        const bool is_there = std::find(found.begin(), found.end(), record) != found.end();
        const bool hit = at >= record.entry && at < record.end;
        ASSERT_TRUE(is_there || hit) << at;
        missing += is_there ? 0 : 1;
      }
      ASSERT_LE(missing, 1U) << at;
      ASSERT_LE(found.size(), stream.records.size()) << at;
    }
  }
}

TEST(ByteStream, GarbageAnywhere) {
  const Stream stream = make_stream();
  std::mt19937 random(1);
  for (const Record& record : stream.records) {
    Bytes garbage(1 + random() % 3000);
    for (uint8_t& byte : garbage) byte = static_cast<uint8_t>(random() % 3 == 0 ? 0xE4 : random());
    Bytes bytes = stream.bytes;
    bytes.insert(bytes.begin() + static_cast<ptrdiff_t>(record.entry), garbage.begin(), garbage.end());
    uint64_t skipped = 0;
    ASSERT_TRUE(read(bytes, &skipped) == stream.records) << record.entry;
    ASSERT_EQ(skipped, garbage.size());
    ASSERT_TRUE(read_in_pieces(bytes, 1) == stream.records) << record.entry;
  }
}

TEST(ByteStream, StreamsCanBeJoined) {
  const Stream first = make_stream(uint64_t{1} << 33);
  const Stream second = make_stream(500);
  Bytes bytes = first.bytes;
  bytes.insert(bytes.end(), second.bytes.begin(), second.bytes.end());
  std::vector<Record> expected = first.records;
  expected.insert(expected.end(), second.records.begin(), second.records.end());
  EXPECT_TRUE(read(bytes) == expected);
}

Bytes record_header(uint32_t size, uint8_t flags = 0) {
  Bytes out = {0xE4, 0x9B, flags, 0, 0, 0};
  ByteWriter writer(out);
  writer.leb128(size);
  writer.u16(crc16(out));
  return out;
}

// Lengths are looked at before anything is kept for them, and a record that never ends gives its bytes back.
TEST(ByteStream, HostileLengths) {
  const Stream stream = make_stream();
  for (const uint32_t size : {static_cast<uint32_t>(kMaxAccessUnit), static_cast<uint32_t>(kMaxAccessUnit + 1),
                              (1U << 28) - 1, 1U << 28, UINT32_MAX}) {
    Bytes bytes = record_header(size);
    bytes.insert(bytes.end(), stream.bytes.begin(), stream.bytes.end());
    EXPECT_TRUE(read(bytes) == stream.records) << size;
  }
}

TEST(ByteStream, ScannersSayHowMuchTheyNeed) {
  const Bytes header = record_header(1000);
  ByteStreamScanner scanner;
  size_t size = 1;
  for (int calls = 0; calls < 20; ++calls) {
    Bytes bytes = header;
    bytes.resize(std::max(header.size(), size));
    const ByteStreamItem item = scanner.next(ByteView(bytes).sub(0, size), false);
    if (item.kind != Kind::kMore) {
      EXPECT_EQ(item.kind, Kind::kAccessUnit);
      EXPECT_EQ(size, header.size() + 1000);
      return;
    }
    ASSERT_GT(item.size, size);
    size = item.size;
  }
  FAIL() << "never enough";
}

TEST(ByteStream, ReservedKindsAreSkipped) {
  const Stream stream = make_stream();
  for (const uint8_t flags : {0x80, 0xC0}) {
    Bytes bytes = record_header(5, flags);
    bytes.resize(bytes.size() + 5);
    bytes.insert(bytes.end(), stream.bytes.begin(), stream.bytes.end());
    uint64_t skipped = 1;
    EXPECT_TRUE(read(bytes, &skipped) == stream.records);
    EXPECT_EQ(skipped, 0U);
  }
}

// Changes a byte of the first head's payload and makes the checksum fit.
Bytes with_head_byte(size_t at, uint8_t value) {
  Bytes bytes = make_stream().bytes;
  bytes[11 + at] = value;
  const size_t covered = 11 + size_t{bytes[10]};
  const uint16_t crc = crc16(ByteView(bytes).sub(0, covered));
  bytes[covered] = static_cast<uint8_t>(crc >> 8);
  bytes[covered + 1] = static_cast<uint8_t>(crc);
  return bytes;
}

TEST(ByteStream, OtherVersionsAreErrors) {
  const Bytes bytes = with_head_byte(0, 2);
  ByteStreamReader reader;
  reader.push(bytes);
  for (int i = 0; i < 2; ++i) {
    try {
      reader.next();
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kWrongType);
    }
  }
  EXPECT_EQ(probe_byte_stream(bytes), ByteStreamProbe::kHead);
}

// What stands before a head of another version is told first, in whatever pieces it comes.
TEST(ByteStream, OtherVersionsComeInTheirTurn) {
  Bytes bytes = with_head_byte(0, 2);
  bytes.insert(bytes.begin(), 7, 'x');
  for (const size_t piece : {size_t{1}, bytes.size()}) {
    ByteStreamReader reader;
    const auto read_on = [&] {
      for (size_t at = 0; at < bytes.size(); at += piece) {
        reader.push(ByteView(bytes).sub(at, piece));
        reader.next();
      }
    };
    EXPECT_THROW(read_on(), Error);
    EXPECT_EQ(reader.skipped(), 7U);
  }
}

// Between two streams that are known, the heads and records of one that is not are left out, and nothing else.
TEST(ByteStream, OtherVersionsFurtherOnAreSkipped) {
  const Stream stream = make_stream();
  const Bytes other = with_head_byte(0, 2);
  // As far as the next head, which is of a known version again.
  const size_t foreign = stream.records[3].end;
  Bytes bytes = stream.bytes;
  bytes.insert(bytes.end(), other.begin(), other.begin() + static_cast<ptrdiff_t>(foreign));
  bytes.insert(bytes.end(), stream.bytes.begin(), stream.bytes.end());
  std::vector<Record> expected = stream.records;
  expected.insert(expected.end(), stream.records.begin(), stream.records.end());
  for (const size_t piece : {size_t{1}, size_t{7}, bytes.size()}) {
    uint64_t skipped = 0;
    EXPECT_TRUE(read_in_pieces(bytes, piece, &skipped) == expected) << piece;
    EXPECT_EQ(skipped, foreign) << piece;
  }
}

TEST(ByteStream, ForeignHeadsAreNamed) {
  const Bytes known = make_stream().bytes;
  const Bytes other = with_head_byte(0, 2);
  ByteStreamScanner scanner;
  EXPECT_EQ(scanner.next(known, true).kind, Kind::kHead);
  EXPECT_EQ(scanner.foreign(), "");
  EXPECT_EQ(scanner.next(other, true).kind, Kind::kForeign);
  EXPECT_NE(scanner.foreign().find("version 2"), std::string::npos);
  EXPECT_EQ(scanner.next(known, true).kind, Kind::kHead);
  EXPECT_EQ(scanner.foreign(), "");
}

TEST(ByteStream, HeadsOutOfRangeAreGarbage) {
  const Stream stream = make_stream();
  for (const size_t at : {1, 2}) {  // the timescale: 90000 is 01 5F 90
    const std::vector<Record> found = read(with_head_byte(at, at == 1 ? 0x20 : 0));
    EXPECT_EQ(found.size(), stream.records.size()) << "records without a head still are records";
  }
  uint64_t skipped = 0;
  read(with_head_byte(1, 0), &skipped);
  EXPECT_GT(skipped, 50U);
}

TEST(ByteStream, WritersNeedASequenceHeader) {
  ByteStreamWriter writer;
  Bytes bytes;
  EXPECT_FALSE(writer.ready(access_unit(0, false)));
  EXPECT_TRUE(writer.ready(access_unit(0, true)));
  EXPECT_THROW(writer.write(bytes, access_unit(0, false), 0), Error);
  EXPECT_THROW(writer.write_missing(bytes, 0), Error);
  EXPECT_TRUE(bytes.empty());
  writer.set_sequence(sequence());
  EXPECT_TRUE(writer.ready(access_unit(0, false)));
  EXPECT_THROW(writer.write(bytes, Bytes(kMaxAccessUnit + 1), 0), Error);
  EXPECT_TRUE(bytes.empty());
}

TEST(ByteStream, Probe) {
  const Bytes bytes = make_stream().bytes;
  EXPECT_EQ(probe_byte_stream(bytes), ByteStreamProbe::kHead);
  EXPECT_EQ(probe_byte_stream(ByteView(bytes).sub(0, kHeadBytes)), ByteStreamProbe::kHead);
  EXPECT_EQ(probe_byte_stream(ByteView(bytes).sub(0, kHeadBytes - 1)), ByteStreamProbe::kMagic);
  EXPECT_EQ(probe_byte_stream(ByteView(bytes).sub(0, 10)), ByteStreamProbe::kMagic);
  EXPECT_EQ(probe_byte_stream(ByteView(bytes).sub(0, 9)), ByteStreamProbe::kNothing);
  EXPECT_EQ(probe_byte_stream({}), ByteStreamProbe::kNothing);
  EXPECT_EQ(probe_byte_stream(ByteView(bytes).sub(1)), ByteStreamProbe::kWithin);
  Bytes damaged = bytes;
  damaged[20] ^= 4;
  EXPECT_EQ(probe_byte_stream(damaged), ByteStreamProbe::kMagic);
}

// The stream with each byte replaced by what `change` makes of it.
template <class Change>
ByteStreamProbe probe_changed(Change change) {
  std::string changed;
  for (const uint8_t byte : make_stream().bytes) changed += change(byte);
  return probe_byte_stream({reinterpret_cast<const uint8_t*>(changed.data()), changed.size()});
}

// What mail, FTP and editors do to files.
TEST(ByteStream, ProbeNoticesTransfers) {
  const auto text = [](unsigned byte) { return std::string(1, static_cast<char>(byte)); };
  EXPECT_EQ(probe_changed([&](uint8_t byte) { return text(byte); }), ByteStreamProbe::kHead);
  EXPECT_EQ(probe_changed([&](uint8_t byte) { return text(byte & 0x7FU); }), ByteStreamProbe::kNothing);
  EXPECT_EQ(probe_changed([&](uint8_t byte) { return byte == '\r' ? "" : text(byte); }), ByteStreamProbe::kNothing);
  EXPECT_EQ(probe_changed([&](uint8_t byte) { return byte == '\n' ? "\r\n" : text(byte); }), ByteStreamProbe::kNothing);
}

// A thousand times 1 MB of random bytes, the same ones every time.
TEST(ByteStream, RandomDataIsNoByteStream) {
  std::mt19937_64 random(20240801);
  std::vector<uint64_t> words((1 << 20) / sizeof(uint64_t));
  for (uint64_t& word : words) word = random();
  for (int i = 0; i < 1000; ++i) {
    uint64_t state = random();
    for (uint64_t& word : words) {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
      word ^= state;
    }
    const ByteView bytes(reinterpret_cast<const uint8_t*>(words.data()), words.size() * sizeof(uint64_t));
    ASSERT_EQ(probe_byte_stream(bytes), ByteStreamProbe::kNothing) << i;
  }
}

}  // namespace
}  // namespace crlsc
