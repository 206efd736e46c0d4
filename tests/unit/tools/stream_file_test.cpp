// SPDX-License-Identifier: LGPL-2.1-or-later
#include "stream_file.h"

#include "unit/model/model_testing.h"

namespace crlsc::tools {
namespace {

Bytes access_unit(bool key, size_t size) {
  SequenceHeader header;
  header.width = 64;
  header.height = 48;
  header.framerate_num = 10;
  Bytes out;
  if (key) append_unit(out, {UnitType::kSequenceHeader, 0, true, false}, write_sequence_header(header));
  append_unit(out, {UnitType::kToken, 0, key, true}, Bytes(size, 9));
  return out;
}

const std::vector<Bytes>& units() {
  static const std::vector<Bytes> all = {access_unit(true, 3), access_unit(false, 0), access_unit(false, 60000),
                                         access_unit(true, 100), access_unit(false, 50000)};
  return all;
}

// Four bytes of garbage stand before unit `garbage_before`.
void write_units(const std::string& path, size_t garbage_before = SIZE_MAX) {
  StreamWriter writer(path);
  size_t at = 0;
  for (size_t i = 0; i < units().size(); ++i) {
    writer.write(units()[i], i * 9000);
    if (i + 1 == garbage_before) at = i;
  }
  writer.close();
  if (garbage_before == SIZE_MAX) return;
  std::string bytes = read_file(path);
  const std::string unit(units()[at].begin(), units()[at].end());
  bytes.insert(bytes.find(unit) + unit.size(), "abcd");
  write_file(path, bytes);
}

TEST(StreamFile, RoundTrip) {
  const TempFolder folder;
  write_units(folder.file("s"));
  StreamReader reader(folder.file("s"));
  Bytes unit;
  for (const Bytes& expected : units()) {
    ASSERT_TRUE(reader.read(unit));
    EXPECT_EQ(unit, expected);
  }
  EXPECT_FALSE(reader.read(unit));
  EXPECT_FALSE(reader.read(unit));
  EXPECT_EQ(reader.skipped(), 0U);
  EXPECT_EQ(reader.head().sequence.width, 64);
  EXPECT_EQ(reader.head().time, 27000U);
}

TEST(StreamFile, BeginsAsGStreamerKnowsIt) {
  const TempFolder folder;
  write_units(folder.file("s"));
  const std::string text = read_file(folder.file("s"));
  EXPECT_EQ(probe_byte_stream(Bytes(text.begin(), text.end())), ByteStreamProbe::kHead);
}

TEST(StreamFile, CutFilesAreReadAsFarAsTheyGo) {
  const TempFolder folder;
  write_units(folder.file("s"));
  const std::string bytes = read_file(folder.file("s"));
  write_file(folder.file("s"), bytes.substr(0, bytes.size() - 1));
  StreamReader reader(folder.file("s"));
  Bytes unit;
  size_t count = 0;
  for (; reader.read(unit); ++count) EXPECT_EQ(unit, units()[count]);
  EXPECT_EQ(count, units().size() - 1);
  EXPECT_GT(reader.skipped(), 50000U);
}

TEST(StreamFile, GarbageIsSkipped) {
  for (size_t before = 1; before < units().size(); ++before) {
    const TempFolder folder;
    write_units(folder.file("s"), before);
    StreamReader reader(folder.file("s"));
    Bytes unit;
    size_t count = 0;
    for (; reader.read(unit); ++count) EXPECT_EQ(unit, units()[count]);
    EXPECT_EQ(count, units().size());
    EXPECT_EQ(reader.skipped(), 4U);
  }
}

TEST(StreamFile, OtherFilesAreNoStreams) {
  const TempFolder folder;
  for (const std::string& bytes : {std::string(), std::string("\0\0\0\5hello", 9), std::string(100000, '\xE4')}) {
    write_file(folder.file("s"), bytes);
    StreamReader reader(folder.file("s"));
    Bytes unit;
    const auto failure = failure_of([&] { reader.read(unit); });
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->kind, ErrorKind::kRead);
    EXPECT_TRUE(failure->says(folder.file("s"))) << failure->text;
  }
}

TEST(StreamFile, StreamsBeginWithASequenceHeader) {
  const TempFolder folder;
  StreamWriter writer(folder.file("s"));
  EXPECT_EQ(failure_of([&] { writer.write(access_unit(false, 3), 0); })->kind, ErrorKind::kSettings);
}

TEST(StreamFile, MissingAndUnwritableFiles) {
  const TempFolder folder;
  EXPECT_EQ(failure_of([&] { StreamReader reader(folder.file("none")); })->kind, ErrorKind::kNotFound);
  EXPECT_EQ(failure_of([&] { StreamWriter writer(folder.file("none/s")); })->kind, ErrorKind::kWrite);
}

}  // namespace
}  // namespace crlsc::tools
