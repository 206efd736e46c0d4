// SPDX-License-Identifier: LGPL-2.1-or-later
// Holds the examples of docs/knowledge-base.md against the code.
#include <sqlite3.h>

#include <map>
#include <sstream>

#include "core/kb/sq8.h"
#include "unit/kb/kb_testing.h"

namespace crlsc {
namespace {

// Each ```hex block whose line before it names it: <!-- example: NAME -->.
std::map<std::string, Bytes> read_examples() {
  const std::string opening = "<!-- example: ";
  std::ifstream file(KNOWLEDGE_BASE_DOCUMENT);
  EXPECT_TRUE(file) << KNOWLEDGE_BASE_DOCUMENT;
  std::map<std::string, Bytes> examples;
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, opening.size(), opening) != 0) continue;
    const std::string name = line.substr(opening.size(), line.find(" -->") - opening.size());
    EXPECT_TRUE(std::getline(file, line) && line == "```hex") << name;
    Bytes bytes;
    while (std::getline(file, line) && line != "```") {
      std::istringstream words(line);
      for (std::string word; words >> word;) bytes.push_back(static_cast<uint8_t>(std::stoi(word, nullptr, 16)));
    }
    EXPECT_TRUE(examples.emplace(name, bytes).second) << name << " is there twice";
  }
  return examples;
}

std::string hex(ByteView bytes) {
  std::string text;
  char digits[4];
  for (const uint8_t byte : bytes) {
    std::snprintf(digits, sizeof(digits), "%02X ", byte);
    text += digits;
  }
  return text;
}

void expect_example(const std::string& name, ByteView bytes) {
  static const std::map<std::string, Bytes> examples = read_examples();
  const auto found = examples.find(name);
  ASSERT_NE(found, examples.end()) << name << " is missing; it would be " << hex(bytes);
  EXPECT_EQ(hex(found->second), hex(bytes)) << name;
}

ProductQuantiser quantiser_of_the_example() {
  QuantiserParameters parameters;
  parameters.shape = {4, 2, 3};
  parameters.mean = {0.5F, 0.0F, 0.0F, 0.0F};
  for (int i = 0; i < 2 * 8 * 2; ++i) parameters.centroids.push_back(static_cast<float>(i) / 16.0F - 1.0F);
  return ProductQuantiser(parameters);
}

// The file of the document: its entries 1 and 300; what was between them has been removed.
void write_example(const std::string& path) {
  KnowledgeBaseHeader header;
  header.teacher = "example";
  header.created = 1'700'000'000'000;
  const ProductQuantiser quantiser = quantiser_of_the_example();
  KnowledgeBaseFile::create(path, header, quantiser);
  KnowledgeBaseFile file = open_to_write(path);
  NewEntry cat;
  cat.vector = {1, 0, 0, 0};
  cat.label = "cat";
  cat.source = "cat.png";
  cat.first_seen = cat.last_seen = 1'700'000'000'000;
  NewEntry filler = cat;
  NewEntry street;
  street.code = {0x2B};
  street.label = "Straße";
  street.picture = {'R', 'I', 'F', 'F', 12, 0, 0, 0, 'W', 'E', 'B', 'P', 'V', 'P', '8', 'L', 0, 0, 0, 0};
  std::vector<NewEntry> entries(300, filler);
  entries[0] = cat;
  entries[299] = street;
  file.add(entries, keep_all());
  std::vector<EntryId> between;
  for (EntryId id = 2; id < 300; ++id) between.push_back(id);
  file.remove(between);
}

TEST(KnowledgeDocument, Codes) {
  const std::vector<uint8_t> indices = {1, 2, 3, 4, 5};
  expect_example("code", pack_code({10, 5, 3}, indices.data()));
}

TEST(KnowledgeDocument, EightBitVectors) { expect_example("sq8", sq8_encode({1.0F, 0.0F, 0.0F, -0.25F})); }

TEST(KnowledgeDocument, Codebooks) {
  const ProductQuantiser quantiser = quantiser_of_the_example();
  expect_example("codebooks", quantiser.serialise());
  expect_example("codebooks-hash", as_bytes(quantiser.hash()));
}

TEST(KnowledgeDocument, Projection) {
  expect_example("projection", Projection({0.5F, 0, 0}, {1, 0, 0, 0, 2, 0}).serialise());
}

TEST(KnowledgeDocument, SegmentsAndId) {
  const TempFolder folder;
  write_example(folder.file("example"));
  KnowledgeBaseFile file = open_to_read(folder.file("example"));
  expect_example("content-hash-cat", as_bytes(file.find(1)->content_hash));
  expect_example("content-hash-street", as_bytes(file.find(300)->content_hash));
  const auto segment = [&](EntryId id) {
    const auto entry = file.find(id);
    return write_segment({{id, entry->label, entry->code, entry->content_hash}});
  };
  expect_example("segment-0", segment(1));
  expect_example("segment-1", segment(300));
  expect_example("id", as_bytes(file.info().id));
  file.verify();
}

// Rows of the example file as the document's table of checksums says.
TEST(KnowledgeDocument, Checksums) {
  const TempFolder folder;
  write_example(folder.file("example"));
  Database database(folder.file("example"), Database::Access::kRead);
  const auto checksum_of = [&](const char* sql) {
    Statement row(database, sql);
    EXPECT_TRUE(row.step());
    const ByteView bytes = row.blob_at(0, 8);
    return Bytes(bytes.begin(), bytes.end());
  };
  expect_example("checksum-header", checksum_of("SELECT checksum FROM header"));
  expect_example("checksum-entry", checksum_of("SELECT checksum FROM entries WHERE id = 1"));
  expect_example("checksum-vector", checksum_of("SELECT checksum FROM vectors WHERE id = 1"));
}

// The statements of the document are those in the files.
TEST(KnowledgeDocument, Tables) {
  const TempFolder folder;
  write_example(folder.file("example"));
  std::ifstream document(KNOWLEDGE_BASE_DOCUMENT);
  std::string text;
  for (std::string word; document >> word;) text += word + ' ';
  Database database(folder.file("example"), Database::Access::kRead);
  Statement row(database, "SELECT sql FROM sqlite_schema");
  while (row.step()) {
    const std::string sql = row.text_at(0, 4096) + ";";
    EXPECT_NE(text.find(sql), std::string::npos) << sql;
  }
}

}  // namespace
}  // namespace crlsc
