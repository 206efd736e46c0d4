// SPDX-License-Identifier: LGPL-2.1-or-later
#include "stream_file.h"

#include "unit/model/model_testing.h"

namespace crlsc::tools {
namespace {

TEST(StreamFile, RoundTrip) {
  const TempFolder folder;
  const std::vector<Bytes> units = {{1, 2, 3}, {}, Bytes(70000, 9)};
  StreamWriter writer(folder.file("s"));
  for (const Bytes& unit : units) writer.write(unit);
  writer.close();
  StreamReader reader(folder.file("s"));
  Bytes unit;
  for (const Bytes& expected : units) {
    ASSERT_TRUE(reader.read(unit));
    EXPECT_EQ(unit, expected);
  }
  EXPECT_FALSE(reader.read(unit));
}

TEST(StreamFile, LengthsAreBigEndian) {
  const TempFolder folder;
  StreamWriter writer(folder.file("s"));
  writer.write(Bytes(258, 'x'));
  writer.close();
  EXPECT_EQ(read_file(folder.file("s")).substr(0, 5), std::string("\0\0\1\2x", 5));
}

TEST(StreamFile, CutFilesAreNoticed) {
  const TempFolder folder;
  for (const std::string& bytes : {std::string("\0\0", 2), std::string("\0\0\0\5abc", 7)}) {
    write_file(folder.file("s"), bytes);
    StreamReader reader(folder.file("s"));
    Bytes unit;
    const auto failure = failure_of([&] { reader.read(unit); });
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->kind, ErrorKind::kRead);
    EXPECT_TRUE(failure->says(folder.file("s"))) << failure->text;
  }
}

TEST(StreamFile, HugeLengthsAllocateNothing) {
  const TempFolder folder;
  write_file(folder.file("s"),
             "\xFF\xFF\xFF\xFF"
             "abc");
  StreamReader reader(folder.file("s"));
  Bytes unit;
  EXPECT_EQ(failure_of([&] { reader.read(unit); })->kind, ErrorKind::kRead);
  EXPECT_TRUE(unit.empty());
}

TEST(StreamFile, MissingAndUnwritableFiles) {
  const TempFolder folder;
  EXPECT_EQ(failure_of([&] { StreamReader reader(folder.file("none")); })->kind, ErrorKind::kNotFound);
  EXPECT_EQ(failure_of([&] { StreamWriter writer(folder.file("none/s")); })->kind, ErrorKind::kWrite);
}

}  // namespace
}  // namespace crlsc::tools
