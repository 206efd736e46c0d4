// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/stat.h>

#include "core/model/safetensors.h"
#include "unit/model/model_testing.h"

namespace crlsc {
namespace {

constexpr const char* kGood = R"({"__metadata__":{"a":"b"},"x":{"dtype":"U8","shape":[2,3],"data_offsets":[0,6]},)"
                              R"("y":{"dtype":"F16","shape":[2],"data_offsets":[6,10]}})";

std::optional<Failure> open_bytes(const std::string& bytes) {
  const TempFolder folder;
  write_file(folder.file("t.safetensors"), bytes);
  auto failure = failure_of([&] { SafetensorsFile file(folder.file("t.safetensors")); });
  if (failure) {
    EXPECT_TRUE(failure->says(folder.file("t.safetensors"))) << failure->text;
  }
  return failure;
}

TEST(Safetensors, ReadsTensorsAndMetadata) {
  const TempFolder folder;
  write_file(folder.file("t"), raw_file(kGood, 10));
  const SafetensorsFile file(folder.file("t"));
  EXPECT_EQ(file.path(), folder.file("t"));
  ASSERT_EQ(file.tensors().size(), 2U);
  EXPECT_EQ(file.metadata(), (Metadata{{"a", "b"}}));
  const TensorView* x = file.find("x");
  ASSERT_NE(x, nullptr);
  EXPECT_EQ(x->dtype, DType::kU8);
  EXPECT_EQ(x->shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(x->elements(), 6);
  EXPECT_EQ(Bytes(x->data.begin(), x->data.end()), (Bytes{0, 1, 2, 3, 4, 5}));
  const TensorView* y = file.find("y");
  ASSERT_NE(y, nullptr);
  EXPECT_EQ(Bytes(y->data.begin(), y->data.end()), (Bytes{6, 7, 8, 9}));
  EXPECT_EQ(file.find("z"), nullptr);
  EXPECT_EQ(file.find(""), nullptr);
}

TEST(Safetensors, ViewsSurviveAMove) {
  const TempFolder folder;
  write_file(folder.file("t"), raw_file(kGood, 10));
  SafetensorsFile first(folder.file("t"));
  const ByteView data = first.find("x")->data;
  const SafetensorsFile second(std::move(first));
  EXPECT_EQ(second.find("x")->data.data(), data.data());
  EXPECT_EQ(data[5], 5);
}

TEST(Safetensors, TensorsComeInNameOrderWhateverTheirOffsets) {
  const TempFolder folder;
  write_file(folder.file("t"), raw_file(R"({"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                                        R"("a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
                                        2));
  const SafetensorsFile file(folder.file("t"));
  ASSERT_EQ(file.tensors().size(), 2U);
  EXPECT_EQ(file.tensors()[0].name, "a");
  EXPECT_EQ(file.tensors()[0].data[0], 1);
  EXPECT_EQ(file.tensors()[1].data[0], 0);
}

TEST(Safetensors, ScalarsAndEmptyTensorsAreFine) {
  const TempFolder folder;
  write_file(folder.file("t"),
             raw_file(R"({"s":{"dtype":"I64","shape":[],"data_offsets":[0,8]},)"
                      R"("e":{"dtype":"F32","shape":[9223372036854775807,9,0],"data_offsets":[8,8]}})",
                      8));
  const SafetensorsFile file(folder.file("t"));
  EXPECT_EQ(file.find("s")->elements(), 1);
  EXPECT_EQ(file.find("e")->elements(), 0);
  EXPECT_TRUE(file.find("e")->data.empty());
}

TEST(Safetensors, NoTensorsAtAllIsFine) { EXPECT_FALSE(open_bytes(raw_file("{}", 0))); }

TEST(Safetensors, SpacesMayPadTheHeader) { EXPECT_FALSE(open_bytes(raw_file("{}      ", 0))); }

TEST(Safetensors, EveryTypeHasItsSize) {
  const std::vector<std::pair<std::string, size_t>> types = {
      {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"I32", 4}, {"I16", 2}, {"U16", 2}, {"I8", 1}, {"U8", 1}, {"I64", 8}};
  for (const auto& [name, size] : types) {
    const auto json = [&](size_t bytes) {
      return R"({"t":{"dtype":")" + name + R"(","shape":[3],"data_offsets":[0,)" + std::to_string(bytes) + "]}}";
    };
    EXPECT_FALSE(open_bytes(raw_file(json(3 * size), 3 * size))) << name;
    EXPECT_TRUE(open_bytes(raw_file(json(3 * size + 1), 3 * size + 1))) << name;
  }
}

TEST(Safetensors, AbsentFileIsNotFound) {
  const TempFolder folder;
  for (const std::string& path : {folder.file("nothing"), folder.file("no/such/folder"), std::string()}) {
    const auto failure = failure_of([&] { SafetensorsFile file(path); });
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->kind, ErrorKind::kNotFound);
    EXPECT_TRUE(failure->says("'" + path + "'"));
  }
}

TEST(Safetensors, PathBelowAFileIsNotFound) {
  const TempFolder folder;
  write_file(folder.file("plain"), "x");
  EXPECT_EQ(failure_of([&] { SafetensorsFile file(folder.file("plain/model")); })->kind, ErrorKind::kNotFound);
}

TEST(Safetensors, FolderCannotBeRead) {
  const TempFolder folder;
  EXPECT_EQ(failure_of([&] { SafetensorsFile file(folder.path()); })->kind, ErrorKind::kRead);
}

TEST(Safetensors, FifoFailsInsteadOfWaiting) {
  const TempFolder folder;
  ASSERT_EQ(mkfifo(folder.file("fifo").c_str(), 0600), 0);
  EXPECT_EQ(failure_of([&] { SafetensorsFile file(folder.file("fifo")); })->kind, ErrorKind::kRead);
}

TEST(Safetensors, TruncationAtEveryLengthIsFound) {
  const std::string whole = raw_file(kGood, 10);
  ASSERT_FALSE(open_bytes(whole));
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto failure = open_bytes(whole.substr(0, size));
    ASSERT_TRUE(failure) << size;
    EXPECT_EQ(failure->kind, ErrorKind::kRead) << size;
  }
}

TEST(Safetensors, LeftOverBytesAreFound) {
  const auto failure = open_bytes(raw_file(kGood, 11));
  ASSERT_TRUE(failure);
  EXPECT_TRUE(failure->says("1 bytes after the last tensor")) << failure->text;
}

// Whatever single byte changes, the file either still makes sense or is refused as kRead; nothing else may happen.
TEST(Safetensors, ChangedBytesAreReadOrRefused) {
  const std::string whole = raw_file(kGood, 10);
  int refused = 0;
  for (size_t at = 0; at < whole.size() - 10; ++at) {
    for (const int value : {0x00, 0x01, 0x22, 0x5b, 0x7b, 0x7d, 0x2d, 0x39, 0x7f, 0x80, 0xff}) {
      std::string changed = whole;
      changed[at] = static_cast<char>(value);
      const auto failure = open_bytes(changed);
      if (!failure) continue;
      EXPECT_EQ(failure->kind, ErrorKind::kRead) << at << " " << value;
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

struct Hostile {
  const char* name;
  std::string json;
  size_t payload;
  const char* says;
};

void PrintTo(const Hostile& hostile, std::ostream* out) { *out << hostile.name; }

std::string tensor_json(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"t":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
}

// Tensors called `a` and `b` with `size` bytes each.
std::string two_tensors(const char* a, const char* b, int size, const char* offsets_a, const char* offsets_b) {
  const auto body = [&](const char* offsets) {
    return R"(":{"dtype":"U8","shape":[)" + std::to_string(size) + R"(],"data_offsets":)" + offsets + "}";
  };
  return std::string("{\"") + a + body(offsets_a) + ",\"" + b + body(offsets_b) + "}";
}

std::string repeat(const std::string& text, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += text;
  return out;
}

class HostileHeader : public testing::TestWithParam<Hostile> {};

TEST_P(HostileHeader, IsRefused) {
  const Hostile& hostile = GetParam();
  const auto failure = open_bytes(raw_file(hostile.json, hostile.payload));
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kRead);
  EXPECT_TRUE(failure->says(hostile.says)) << failure->text;
}

INSTANTIATE_TEST_SUITE_P(
    Safetensors, HostileHeader,
    testing::Values(
        Hostile{"Empty", "", 0, "JSON syntax"}, Hostile{"NotJson", "\x80\x02pickle", 0, "JSON syntax"},
        Hostile{"TopIsArray", "[]", 0, "an array"}, Hostile{"TopIsString", "\"x\"", 0, "a string"},
        Hostile{"TopIsNumber", "1", 0, "a number"}, Hostile{"TopIsNull", "null", 0, "null"},
        Hostile{"TextAfterTheEnd", "{}{}", 0, "JSON syntax"}, Hostile{"Unclosed", "{\"t\":{", 0, "JSON syntax"},
        Hostile{"NulBytes", std::string("{}\0\0", 4), 0, "zero bytes"},
        Hostile{"InvalidUtf8", "{\"\xff\":{}}", 0, "JSON syntax"},
        Hostile{"DeepArrays", repeat("[", 100000), 0, "an array"},
        Hostile{"DeepObjects", repeat("{\"dtype\":", 100000), 0, "an object"},
        Hostile{"DeepShape", tensor_json("\"U8\"", repeat("[", 50000) + repeat("]", 50000), "[0,1]"), 1, "an array"},
        Hostile{"TensorIsNumber", "{\"t\":1}", 0, "a number"}, Hostile{"TensorIsArray", "{\"t\":[]}", 0, "an array"},
        Hostile{"TensorIsTrue", "{\"t\":true}", 0, "a truth value"},
        Hostile{"MetadataIsString", "{\"__metadata__\":\"x\"}", 0, "a string"},
        Hostile{"MetadataNumber", "{\"__metadata__\":{\"a\":1}}", 0, "a number"},
        Hostile{"MetadataNested", "{\"__metadata__\":{\"a\":{}}}", 0, "an object"},
        Hostile{"MetadataTwice", "{\"__metadata__\":{},\"__metadata__\":{}}", 0, "given twice"},
        Hostile{"MetadataKeyTwice", "{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0, "given twice"},
        Hostile{"NameTwice", two_tensors("t", "t", 1, "[0,1]", "[1,2]"), 2, "given twice"},
        Hostile{"FieldTwice", R"({"t":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1,
                "given twice"},
        Hostile{"FieldUnknown", R"({"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"evil":1}})", 1, "unknown"},
        Hostile{"NoDtype", R"({"t":{"shape":[1],"data_offsets":[0,1]}})", 1, "missing"},
        Hostile{"NoShape", R"({"t":{"dtype":"U8","data_offsets":[0,1]}})", 1, "missing"},
        Hostile{"NoOffsets", R"({"t":{"dtype":"U8","shape":[1]}})", 1, "missing"},
        Hostile{"NoFields", R"({"t":{}})", 0, "missing"},
        Hostile{"DtypeNumber", tensor_json("1", "[1]", "[0,1]"), 1, "a number"},
        Hostile{"DtypeUnknown", tensor_json("\"C64\"", "[1]", "[0,1]"), 1, "unknown type 'C64'"},
        Hostile{"DtypeLowerCase", tensor_json("\"f32\"", "[1]", "[0,4]"), 4, "unknown type"},
        Hostile{"DtypeControlCharacters", tensor_json("\"\\u001b[2J\"", "[1]", "[0,1]"), 1, "unknown type '?[2J'"},
        Hostile{"ShapeNumber", tensor_json("\"U8\"", "1", "[0,1]"), 1, "a number"},
        Hostile{"ShapeStrings", tensor_json("\"U8\"", "[\"1\"]", "[0,1]"), 1, "a string"},
        Hostile{"ShapeNegative", tensor_json("\"U8\"", "[-1]", "[0,1]"), 1, "negative"},
        Hostile{"ShapeFraction", tensor_json("\"U8\"", "[1.0]", "[0,1]"), 1, "integer"},
        Hostile{"ShapeHuge", tensor_json("\"U8\"", "[99999999999999999999999]", "[0,1]"), 1, "integer"},
        Hostile{"ShapeInfinite", tensor_json("\"U8\"", "[1e999]", "[0,1]"), 1, "JSON syntax"},
        Hostile{"ShapeOverflows", tensor_json("\"I64\"", "[4294967296,4294967296,4294967296]", "[0,0]"), 0,
                "contradicts"},
        Hostile{"ShapeWrapsToZero", tensor_json("\"U8\"", "[9223372036854775808,2]", "[0,0]"), 0, "contradicts"},
        Hostile{"SideTooLarge", tensor_json("\"U8\"", "[18446744073709551615,0]", "[0,0]"), 0, "a side of"},
        Hostile{"RankTooLarge", tensor_json("\"U8\"", "[1,1,1,1,1,1,1,1,1]", "[0,1]"), 1, "dimensions"},
        Hostile{"OffsetsOne", tensor_json("\"U8\"", "[1]", "[0]"), 1, "two numbers"},
        Hostile{"OffsetsNone", tensor_json("\"U8\"", "[1]", "[]"), 1, "two numbers"},
        Hostile{"OffsetsThree", tensor_json("\"U8\"", "[1]", "[0,1,2]"), 1, "a number"},
        Hostile{"OffsetsNegative", tensor_json("\"U8\"", "[1]", "[-1,0]"), 1, "negative"},
        Hostile{"OffsetsReversed", tensor_json("\"U8\"", "[1]", "[1,0]"), 1, "lies at"},
        Hostile{"OffsetsBeyondTheEnd", tensor_json("\"U8\"", "[9]", "[0,9]"), 8, "truncated"},
        Hostile{"OffsetsHuge", tensor_json("\"U8\"", "[1]", "[18446744073709551615,18446744073709551615]"), 1,
                "lies at"},
        Hostile{"SizeTooSmall", tensor_json("\"F32\"", "[2]", "[0,7]"), 7, "contradicts"},
        Hostile{"SizeTooLarge", tensor_json("\"F32\"", "[2]", "[0,9]"), 9, "contradicts"},
        Hostile{"GapBefore", tensor_json("\"U8\"", "[1]", "[1,2]"), 2, "after a gap"},
        Hostile{"GapBetween", two_tensors("a", "b", 1, "[0,1]", "[2,3]"), 3, "after a gap"},
        Hostile{"Overlap", two_tensors("a", "b", 2, "[0,2]", "[1,3]"), 3, "inside of another"},
        Hostile{"SameBytesTwice", two_tensors("a", "b", 2, "[0,2]", "[0,2]"), 2, "inside of another"}),
    [](const testing::TestParamInfo<Hostile>& hostile) { return hostile.param.name; });

class HeaderSize : public testing::TestWithParam<uint64_t> {};

TEST_P(HeaderSize, BeyondTheFileIsRefused) {
  EXPECT_EQ(open_bytes(raw_file(kGood, 10, GetParam()))->kind, ErrorKind::kRead);
}

INSTANTIATE_TEST_SUITE_P(Safetensors, HeaderSize,
                         testing::Values(0, 1, 10000, kMaxSafetensorsHeader, kMaxSafetensorsHeader + 1,
                                         uint64_t{1} << 32, uint64_t{1} << 63, UINT64_MAX - 7, UINT64_MAX));

TEST(Safetensors, HeaderOfMoreThan8MiBIsRefused) {
  const std::string json = "{}" + std::string(kMaxSafetensorsHeader - 2, ' ');
  EXPECT_FALSE(open_bytes(raw_file(json, 0)));
  EXPECT_TRUE(open_bytes(raw_file(json + " ", 0))->says("larger than allowed"));
}

TEST(SafetensorsWriter, WhatIsWrittenIsRead) {
  const TempFolder folder;
  const Bytes bytes = {1, 2, 3, 4, 5, 6, 7, 8};
  const Metadata metadata = {{"licence", "ours"}, {"text", "quotes \" and \n lines and \xc3\xa4"}};
  write_safetensors(
      folder.file("t"),
      {make_tensor("b.weight", DType::kI16, {2, 2}, bytes), make_tensor("a", DType::kF32, {}, {9, 9, 9, 9})}, metadata);
  const SafetensorsFile file(folder.file("t"));
  EXPECT_EQ(file.metadata(), metadata);
  ASSERT_EQ(file.tensors().size(), 2U);
  EXPECT_EQ(file.tensors()[0].name, "a");
  EXPECT_EQ(file.find("b.weight")->shape, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(Bytes(file.find("b.weight")->data.begin(), file.find("b.weight")->data.end()), bytes);
}

TEST(SafetensorsWriter, OrderOfTensorsDoesNotMatter) {
  const TempFolder folder;
  const Bytes bytes = {1, 2};
  const TensorView a = make_tensor("a", DType::kU8, {2}, bytes);
  const TensorView b = make_tensor("b", DType::kU16, {1}, bytes);
  write_safetensors(folder.file("1"), {a, b}, {});
  write_safetensors(folder.file("2"), {b, a}, {});
  EXPECT_EQ(read_file(folder.file("1")), read_file(folder.file("2")));
}

TEST(SafetensorsWriter, HeaderIsPaddedToEightBytes) {
  const TempFolder folder;
  const Bytes bytes = {1};
  for (int length = 1; length <= 9; ++length) {
    const std::string name(static_cast<size_t>(length), 'n');
    write_safetensors(folder.file("t"), {make_tensor(name, DType::kU8, {1}, bytes)}, {});
    EXPECT_EQ(read_file(folder.file("t")).size() % 8, 1U);
  }
}

TEST(SafetensorsWriter, ReplacesAFileAndLeavesNoOther) {
  const TempFolder folder;
  write_file(folder.file("t"), "old");
  write_safetensors(folder.file("t"), {}, {});
  EXPECT_NO_THROW(SafetensorsFile(folder.file("t")));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(SafetensorsWriter, AnOpenFileKeepsItsOldContent) {
  const TempFolder folder;
  const Bytes old_bytes = {1, 1};
  const Bytes new_bytes = {2, 2};
  write_safetensors(folder.file("t"), {make_tensor("a", DType::kU8, {2}, old_bytes)}, {});
  const SafetensorsFile file(folder.file("t"));
  write_safetensors(folder.file("t"), {make_tensor("a", DType::kU8, {2}, new_bytes)}, {});
  EXPECT_EQ(file.find("a")->data[0], 1);
  EXPECT_EQ(SafetensorsFile(folder.file("t")).find("a")->data[0], 2);
}

TEST(SafetensorsWriter, FailureLeavesTheOldFile) {
  const TempFolder folder;
  std::filesystem::create_directory(folder.file("t"));
  const auto failure = failure_of([&] { write_safetensors(folder.file("t"), {}, {}); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kWrite);
  EXPECT_TRUE(failure->says(folder.file("t")));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(SafetensorsWriter, MissingFolderIsAWriteError) {
  EXPECT_EQ(failure_of([] { write_safetensors("/no/such/folder/t", {}, {}); })->kind, ErrorKind::kWrite);
}

TEST(SafetensorsWriter, NonsenseIsRefused) {
  const TempFolder folder;
  const Bytes bytes = {1, 2, 3, 4};
  const std::vector<std::vector<TensorView>> wrong = {
      {make_tensor("a", DType::kU8, {5}, bytes)},
      {make_tensor("a", DType::kU8, {-4}, bytes)},
      {make_tensor("a", DType::kU8, {INT64_MAX, INT64_MAX}, bytes)},
      {make_tensor("a", DType::kU8, {4, 1, 1, 1, 1, 1, 1, 1, 1}, bytes)},
      {make_tensor("", DType::kU8, {4}, bytes)},
      {make_tensor("__metadata__", DType::kU8, {4}, bytes)},
      {make_tensor("\xff", DType::kU8, {4}, bytes)},
      {make_tensor("a", DType::kU8, {4}, bytes), make_tensor("a", DType::kU8, {4}, bytes)},
  };
  for (const auto& tensors : wrong) {
    const auto failure = failure_of([&] { write_safetensors(folder.file("t"), tensors, {}); });
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->kind, ErrorKind::kWrite);
  }
  EXPECT_FALSE(std::filesystem::exists(folder.file("t")));
}

TEST(SafetensorsWriter, HeaderLargerThanReadersTakeIsRefused) {
  const TempFolder folder;
  const Metadata metadata = {{"a", std::string(kMaxSafetensorsHeader, 'x')}};
  EXPECT_EQ(failure_of([&] { write_safetensors(folder.file("t"), {}, metadata); })->kind, ErrorKind::kWrite);
}

TEST(Printable, ShortensAndMasks) {
  EXPECT_EQ(printable("plain"), "plain");
  EXPECT_EQ(printable("a\x1b\xc3\xa4\n"), "a????");
  EXPECT_EQ(printable(std::string(1000, 'x')).size(), 80U);
}

}  // namespace
}  // namespace crlsc
