// SPDX-License-Identifier: LGPL-2.1-or-later
// Holds the examples of docs/bitstream.md against the code.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <iomanip>
#include <map>
#include <sstream>
#include <string>

#include "core/bitstream/byte_io.h"
#include "core/bitstream/byte_stream.h"
#include "core/bitstream/crc.h"
#include "core/bitstream/knowledge_unit.h"
#include "core/bitstream/scene_unit.h"
#include "core/bitstream/semantic_unit.h"
#include "core/bitstream/sequence_header.h"
#include "core/bitstream/unit.h"
#include "core/entropy/bit_tree.h"
#include "core/entropy/exp_golomb.h"
#include "core/entropy/range_coder.h"
#include "core/kb/transfer_entry.h"

namespace crlsc {
namespace {

Bytes parse_hex(const std::string& text) {
  std::istringstream words(text);
  Bytes bytes;
  for (std::string word; words >> word;) {
    EXPECT_EQ(word.size(), 2U) << word;
    bytes.push_back(static_cast<uint8_t>(std::stoi(word, nullptr, 16)));
  }
  return bytes;
}

std::string hex(const Bytes& bytes) {
  std::ostringstream text;
  for (uint8_t byte : bytes) text << std::uppercase << std::hex << std::setw(2) << std::setfill('0') << +byte << ' ';
  return text.str();
}

// Each ```hex block whose line before it names it: <!-- example: NAME -->.
std::map<std::string, Bytes> read_examples() {
  const std::string opening = "<!-- example: ";
  std::ifstream file(BITSTREAM_SPECIFICATION);
  EXPECT_TRUE(file) << BITSTREAM_SPECIFICATION;
  std::map<std::string, Bytes> examples;
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, opening.size(), opening) != 0) continue;
    const std::string name = line.substr(opening.size(), line.find(" -->") - opening.size());
    EXPECT_TRUE(std::getline(file, line) && line == "```hex") << name;
    std::string text;
    while (std::getline(file, line) && line != "```") text += line + ' ';
    EXPECT_TRUE(examples.emplace(name, parse_hex(text)).second) << name << " is there twice";
  }
  return examples;
}

const Bytes& example(const std::string& name) {
  static const std::map<std::string, Bytes> examples = read_examples();
  const auto found = examples.find(name);
  if (found == examples.end()) throw std::runtime_error("docs/bitstream.md has no example " + name);
  return found->second;
}

void expect_example(const std::string& name, const Bytes& bytes) { EXPECT_EQ(hex(example(name)), hex(bytes)) << name; }

SequenceHeader header_of_the_examples() {
  SequenceHeader header;
  header.width = 320;
  header.height = 240;
  header.framerate_num = 10;
  header.layers = 3;
  header.model_id = content_id_from_hex("0123456789abcdef").value();
  header.colorimetry = {0, 6, 1, 1, 0};
  return header;
}

// Also decodes it, as a second implementation would begin.
void expect_semantic(const std::string& name, const SemanticUnit& unit, bool key) {
  Bytes bytes;
  append_semantic_unit(bytes, unit, key);
  expect_example(name, bytes);
  const auto found = find_semantic_unit(example(name));
  ASSERT_TRUE(found) << name;
  EXPECT_EQ(found->scene_change, unit.scene_change);
  EXPECT_EQ(hex({found->code.begin(), found->code.end()}), hex({unit.code.begin(), unit.code.end()}));
}

TEST(Specification, Semantic) {
  const Bytes code = {0xD1, 0x58};
  expect_semantic("semantic", {false, code}, false);
  expect_semantic("semantic-scene", {true, code}, true);
}

TEST(Specification, UnitToken) {
  Bytes bytes;
  append_unit(bytes, {UnitType::kToken, 2, true, false}, Bytes{0xCA, 0xFE});
  expect_example("unit-token", bytes);
  const AccessUnitView view = parse_access_unit(example("unit-token"));
  ASSERT_EQ(view.units.size(), 1U);
  EXPECT_EQ(view.units[0].header.layer, 2);
  EXPECT_TRUE(view.units[0].header.key);
}

TEST(Specification, UnitTwoByteSize) {
  Bytes bytes;
  append_unit(bytes, {UnitType::kSemantic, 0, false, false}, Bytes(130, 0xAA));
  expect_example("unit-two-byte-size", bytes);
}

TEST(Specification, Scene) {
  const SceneUnit scene{
      7, {{0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF}, {0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10}}};
  Bytes bytes;
  append_scene_unit(bytes, scene, false);
  expect_example("scene", bytes);
  const AccessUnitView view = parse_access_unit(example("scene"));
  ASSERT_EQ(view.units.size(), 1U);
  const auto read = parse_scene_unit(view.units[0].payload);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->number, scene.number);
  EXPECT_EQ(read->pictures, scene.pictures);
}

TransferEntry entry_of_the_example() {
  return {"Straße", {0x2B}, parse_hex("52 49 46 46 0C 00 00 00 57 45 42 50 56 50 38 4C 00 00 00 00")};
}

TEST(Specification, Transfer) {
  const TransferEntry entry = entry_of_the_example();
  expect_example("transfer", write_transfer(entry));
  const auto read = parse_transfer(example("transfer"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->label, entry.label);
  EXPECT_EQ(hex(read->code), hex(entry.code));
  EXPECT_EQ(hex(read->picture), hex(entry.picture));
}

TEST(Specification, KnowledgeUpdate) {
  const PictureName name = name_of(entry_of_the_example());
  const Bytes whole = write_transfer(entry_of_the_example());
  Bytes assembled;
  for (const char* text : {"knowledge-first", "knowledge-last"}) {
    const ByteView piece = ByteView(whole).sub(assembled.size(), 24);
    Bytes bytes;
    const bool asks = assembled.size() + piece.size() == whole.size();
    append_knowledge_unit(bytes, {name, whole.size(), assembled.size(), piece, asks}, false);
    expect_example(text, bytes);
    const AccessUnitView view = parse_access_unit(example(text));
    ASSERT_EQ(view.units.size(), 1U);
    const auto read = parse_knowledge_unit(view.units[0].payload);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->name, name);
    EXPECT_EQ(read->asks, asks);
    EXPECT_EQ(read->size, whole.size());
    EXPECT_EQ(read->offset, assembled.size());
    assembled.insert(assembled.end(), read->piece.begin(), read->piece.end());
  }
  EXPECT_EQ(hex(assembled), hex(whole));
}

TEST(Specification, AccessUnit) {
  Bytes bytes;
  append_unit(bytes, {UnitType::kSequenceHeader, 0, true, false}, write_sequence_header(header_of_the_examples()));
  Bytes reserved = {6 << 5, 3, 1, 2, 3};
  ByteWriter(reserved).u16(crc16(reserved));
  bytes.insert(bytes.end(), reserved.begin(), reserved.end());
  append_unit(bytes, {UnitType::kToken, 0, true, true}, {});
  expect_example("access-unit", bytes);
  const AccessUnitView view = parse_access_unit(example("access-unit"));
  ASSERT_EQ(view.units.size(), 2U);
  EXPECT_FALSE(view.damaged);
  EXPECT_EQ(parse_sequence_header(view.units[0].payload), header_of_the_examples());
  EXPECT_TRUE(view.units[1].header.whole);
}

TEST(Specification, SequenceHeader) {
  expect_example("sequence-header", write_sequence_header(header_of_the_examples()));
  EXPECT_EQ(parse_sequence_header(example("sequence-header")), header_of_the_examples());
}

TEST(Specification, SequenceHeaderWithKnowledge) {
  SequenceHeader header = header_of_the_examples();
  header.knowledge = KnowledgeRef{content_id_from_hex("fedcba9876543210").value(), 7};
  expect_example("sequence-header-knowledge", write_sequence_header(header));
  EXPECT_EQ(parse_sequence_header(example("sequence-header-knowledge")), header);
}

TEST(Specification, ByteStream) {
  ByteStreamWriter writer;
  writer.set_pixel_aspect_ratio({1, 1});
  Bytes key;
  writer.write(key, example("access-unit"), 0, 9000);
  expect_example("byte-stream-key", key);
  Bytes unit;
  append_unit(unit, {UnitType::kToken, 0, false, true}, {});
  Bytes record;
  writer.write(record, unit, 27000, 18000);
  expect_example("byte-stream-record", record);
  Bytes missing;
  writer.write_missing(missing, 45000);
  expect_example("byte-stream-missing", missing);
}

TEST(Specification, ByteStreamIsRead) {
  ByteStreamReader reader;
  for (const char* name : {"byte-stream-key", "byte-stream-record", "byte-stream-missing"}) reader.push(example(name));
  const auto key = reader.next();
  ASSERT_TRUE(key && key->key && reader.has_head());
  EXPECT_EQ(reader.head()->sequence, header_of_the_examples());
  EXPECT_EQ(key->time, 0U);
  EXPECT_EQ(key->duration, 9000U);
  EXPECT_EQ(Bytes(key->payload.begin(), key->payload.end()), example("access-unit"));
  const auto record = reader.next();
  ASSERT_TRUE(record);
  EXPECT_EQ(record->time, 27000U);
  EXPECT_EQ(record->duration, 18000U);
  EXPECT_EQ(parse_access_unit(record->payload).units.size(), 1U);
  const auto missing = reader.next();
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->kind, ByteStreamItem::Kind::kMissing);
  EXPECT_EQ(missing->time, 45000U);
  EXPECT_EQ(reader.skipped(), 0U);
}

// The same decisions are encoded and compared, and decoded from the text of the specification.
TEST(Specification, CoderFixed) {
  RangeEncoder encoder;
  for (int i = 0; i < 24; ++i) encoder.fixed(8192, i % 3 == 0);
  expect_example("coder-fixed", encoder.finish());
  RangeDecoder decoder(example("coder-fixed"));
  for (int i = 0; i < 24; ++i) EXPECT_EQ(decoder.fixed(8192), i % 3 == 0);
}

TEST(Specification, CoderAdaptive) {
  RangeEncoder encoder;
  AdaptiveBit writing(3277);
  for (int i = 0; i < 40; ++i) encoder.bit(writing, i % 5 == 0);
  expect_example("coder-adaptive", encoder.finish());
  RangeDecoder decoder(example("coder-adaptive"));
  AdaptiveBit reading(3277);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(decoder.bit(reading), i % 5 == 0);
}

TEST(Specification, CoderDirect) {
  RangeEncoder encoder;
  encoder.direct(0xCAFE, 16);
  encoder.direct(5, 3);
  expect_example("coder-direct", encoder.finish());
  RangeDecoder decoder(example("coder-direct"));
  EXPECT_EQ(decoder.direct(16), 0xCAFEU);
  EXPECT_EQ(decoder.direct(3), 5U);
}

TEST(Specification, CoderCarry) {
  const std::string decisions =
      "010000001000000100010100000100010100000000101001"
      "11111111";
  RangeEncoder encoder;
  for (char bit : decisions) encoder.fixed(10000, bit == '1');
  expect_example("coder-carry", encoder.finish());
  RangeDecoder decoder(example("coder-carry"));
  for (char bit : decisions) EXPECT_EQ(decoder.fixed(10000), bit == '1');
}

TEST(Specification, CoderZerosAndPadding) {
  for (const auto& [name, count] : {std::pair{"coder-zeros", 480}, {"coder-padding", 489}}) {
    RangeEncoder encoder;
    for (int i = 0; i < count; ++i) encoder.fixed(16384, false);
    expect_example(name, encoder.finish());
    RangeDecoder decoder(example(name));
    for (int i = 0; i < count; ++i) ASSERT_FALSE(decoder.fixed(16384));
    EXPECT_FALSE(decoder.overrun()) << name;
  }
}

TEST(Specification, AdaptationTable) {
  const auto after = [](int prior, const std::vector<bool>& bits) {
    AdaptiveBit context(prior);
    for (bool bit : bits) context.update(bit);
    return context.probability();
  };
  const std::vector<std::pair<std::string, int>> rows = {
      {"| 16384 | 1 | ", after(16384, {true})},
      {"| 16384 | 1 1 0 1 0 0 0 1 | ", after(16384, {true, true, false, true, false, false, false, true})},
      {"| 3000 | sixteen times 1 | ", after(3000, std::vector<bool>(16, true))},
      {"| 3000 | seventeen times 1 | ", after(3000, std::vector<bool>(17, true))},
      {"| 30000 | a hundred times 0 | ", after(30000, std::vector<bool>(100, false))},
  };
  std::ifstream file(BITSTREAM_SPECIFICATION);
  std::stringstream text;
  text << file.rdbuf();
  for (const auto& [start, probability] : rows) {
    const std::string row = start + std::to_string(probability) + " |";
    EXPECT_NE(text.str().find(row), std::string::npos) << row;
  }
}

TEST(Specification, Symbols) {
  const BitTree start(5, std::vector<uint16_t>{1000, 2000, 3000, 4000});
  const std::vector<int> symbols = {0, 4, 2, 0, 1, 3, 0, 0};
  BitTree tree = start;
  RangeEncoder encoder;
  for (int symbol : symbols) tree.encode(encoder, symbol);
  expect_example("symbols", encoder.finish());
  tree = start;
  RangeDecoder decoder(example("symbols"));
  for (int symbol : symbols) EXPECT_EQ(tree.decode(decoder), symbol);
}

TEST(Specification, SignedNumbers) {
  const std::vector<int> values = {0, 1, -1, 5, -4095, 4095, -100};
  SignedExpGolomb writing;
  RangeEncoder encoder;
  for (int value : values) writing.encode(encoder, value);
  expect_example("signed-numbers", encoder.finish());
  SignedExpGolomb reading;
  RangeDecoder decoder(example("signed-numbers"));
  for (int value : values) EXPECT_EQ(reading.decode(decoder), value);
}

}  // namespace
}  // namespace crlsc
