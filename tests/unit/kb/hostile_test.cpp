// SPDX-License-Identifier: LGPL-2.1-or-later
// Files that strangers have made or disks have damaged: an error or no difference, never anything else.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "unit/kb/kb_testing.h"

namespace crlsc {
namespace {

class HostileKnowledge : public testing::Test {
 protected:
  HostileKnowledge() {
    write_small_file(path("good"), 40);
    open_to_write(path("good")).set_picture(2, picture_of(9000, 5));
  }
  std::string path(const std::string& name) const { return folder_.file(name); }
  // A copy of the good file after some SQL.
  std::string spoilt(const std::string& sql) const {
    std::filesystem::copy_file(path("good"), path("bad"), std::filesystem::copy_options::overwrite_existing);
    run_sql(path("bad"), sql);
    return path("bad");
  }
  void expect_damaged(const std::string& sql, const std::string& word = "") const {
    const auto failure = verify_failure(spoilt(sql));
    ASSERT_TRUE(failure) << sql;
    EXPECT_EQ(failure->kind, ErrorKind::kRead) << failure->text;
    EXPECT_TRUE(failure->says(word)) << sql << ": " << failure->text;
  }
  // Opening alone notices.
  void expect_not_opened(const std::string& sql, const std::string& word = "") const {
    const auto failure = failure_of([&] { open_to_read(spoilt(sql)); });
    ASSERT_TRUE(failure) << sql;
    EXPECT_EQ(failure->kind, ErrorKind::kRead) << failure->text;
    EXPECT_TRUE(failure->says(word)) << sql << ": " << failure->text;
  }
  TempFolder folder_;
};

TEST_F(HostileKnowledge, TruncatedFiles) {
  const std::string bytes = read_file(path("good"));
  for (size_t size = 0; size < bytes.size(); size += size < 200 ? 20 : 1021) {
    write_file(path("cut"), bytes.substr(0, size));
    EXPECT_TRUE(verify_failure(path("cut"))) << size;
  }
}

// Each byte that is changed is detected, or changes nothing that anybody could see.
TEST_F(HostileKnowledge, FlippedBytesInEveryPage) {
  const std::string good = read_file(path("good"));
  KnowledgeBaseFile original = open_to_read(path("good"));
  const std::string wanted = dump(original);
  // Other bytes with --gtest_shuffle --gtest_repeat=N.
  std::mt19937 random(12U + static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed()));
  size_t detected = 0;
  size_t flips = 0;
  for (size_t page = 0; page * 4096 < good.size(); ++page) {
    // The beginning of a page steers more than the rest.
    for (int i = 0; i < 60; ++i, ++flips) {
      const size_t at = page * 4096 + (i < 30 ? static_cast<size_t>(i) * (page == 0 ? 3 : 1) : random() % 4096);
      std::string bytes = good;
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << (random() % 8)));
      if (random() % 4 == 0) bytes[at] = static_cast<char>(~good[at]);
      write_file(path("flipped"), bytes);
      if (verify_failure(path("flipped"))) {
        ++detected;
        if (detected % 8 == 0) failure_of([&] { open_to_write(path("flipped")).add({small_entry(90)}); });
        continue;
      }
      KnowledgeBaseFile file = open_to_read(path("flipped"));
      EXPECT_EQ(dump(file), wanted) << at;
    }
  }
  EXPECT_GT(detected, flips / 3);
  std::printf("%zu of %zu flipped bytes detected, the others harmless\n", detected, flips);
}

TEST_F(HostileKnowledge, AnotherApplication) {
  const auto failure = failure_of([&] { open_to_read(spoilt("PRAGMA application_id = 1")); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kWrongType);
}

TEST_F(HostileKnowledge, ForeignTablesTriggersViewsIndices) {
  expect_not_opened("CREATE TABLE extra (x)", "extra");
  expect_not_opened("CREATE VIEW extra AS SELECT * FROM entries", "extra");
  expect_not_opened("CREATE INDEX extra ON entries (source)", "extra");
  expect_not_opened("CREATE TRIGGER extra AFTER INSERT ON entries BEGIN DELETE FROM pictures; END", "extra");
  expect_not_opened("CREATE VIRTUAL TABLE extra USING fts5 (x)", "extra");
  expect_not_opened("DROP TABLE pictures", "lacks tables");
  expect_not_opened("DROP TABLE header; CREATE VIEW header AS SELECT 1 AS kind", "header");
  expect_not_opened("ALTER TABLE entries ADD COLUMN extra TEXT", "entries");
  expect_not_opened("DROP TABLE vectors; CREATE TABLE vectors (id INTEGER PRIMARY KEY, checksum, sq8)", "vectors");
  expect_not_opened("CREATE TABLE sized (x DEFAULT (randomblob(100000000)))", "sized");
}

TEST_F(HostileKnowledge, SchemasThatAreNotSql) {
  expect_not_opened(
      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE TABLE entries (' WHERE name = "
      "'entries'; PRAGMA writable_schema = OFF");
  expect_not_opened("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 1 WHERE name = 'entries'");
  expect_not_opened("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 999999 WHERE name = 'segments'");
  expect_not_opened("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = x'00' WHERE name = 'segments'");
}

// STRICT tables refuse other types; a stranger's SQLite need not.
std::string with_types_off(const std::string& table, const std::string& sql) {
  return "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, ') STRICT', ')') WHERE name = '" +
         table + "'; PRAGMA writable_schema = RESET; " + sql +
         "; PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = sql || ' STRICT' WHERE name = '" + table +
         "'; PRAGMA writable_schema = RESET";
}

TEST_F(HostileKnowledge, ValuesOfOtherTypes) {
  expect_damaged(with_types_off("segments", "UPDATE segments SET bytes = 'text' WHERE number = 0"), "bytes");
  expect_damaged(with_types_off("segments", "UPDATE segments SET hash = 7 WHERE number = 0"), "hash");
  expect_damaged(with_types_off("quantiser", "UPDATE quantiser SET bytes = 'text'"), "bytes");
  expect_damaged(with_types_off("header", "UPDATE header SET entries = 'many'"), "entries");
  expect_damaged(with_types_off("header", "UPDATE header SET teacher = x'41'"), "teacher");
  expect_damaged(with_types_off("entries", "UPDATE entries SET source = 7.5 WHERE id = 3"));
  expect_damaged(with_types_off("vectors", "UPDATE vectors SET sq8 = 'text' WHERE id = 3"));
  expect_damaged(with_types_off("pictures", "UPDATE pictures SET webp = 'text'"));
}

TEST_F(HostileKnowledge, HugeCountsAndSizes) {
  expect_not_opened("UPDATE header SET entries = 9223372036854775807", "entries");
  expect_not_opened("UPDATE header SET entries = -1", "entries");
  expect_not_opened("UPDATE header SET dimension = 1000000000", "dimension");
  expect_not_opened("UPDATE header SET subvectors = 1000000", "subvectors");
  expect_not_opened("UPDATE header SET bits = 64", "bits");
  expect_not_opened("UPDATE header SET next_id = 0", "next_id");
  expect_not_opened("UPDATE header SET next_id = 9223372036854775807", "next_id");
  expect_not_opened("UPDATE header SET id = zeroblob(33)", "id");
  expect_not_opened("UPDATE header SET base = x'0102'", "hash");
  expect_not_opened("UPDATE header SET kind = 'xyz'", "kind");
  expect_not_opened("UPDATE header SET teacher = 'another'", "checksum");
  expect_not_opened("UPDATE header SET entries = 39", "checksum");
  expect_not_opened("DELETE FROM header", "no header");
  expect_not_opened("UPDATE segments SET number = -5", "number");
  expect_not_opened("UPDATE segments SET number = 9223372036854775807", "number");
  expect_not_opened("INSERT INTO segments VALUES (900, zeroblob(32), zeroblob(100))");
  expect_not_opened("DELETE FROM segments", "id");
  expect_damaged("UPDATE segments SET bytes = zeroblob(200000)", "too many");
  expect_damaged("UPDATE segments SET bytes = zeroblob(100)", "segment 0");
  expect_damaged("UPDATE pictures SET webp = zeroblob(6000000) WHERE id = 1", "too many");
  expect_damaged("UPDATE pictures SET webp = zeroblob(26000000) WHERE id = 1");
  expect_damaged("UPDATE entries SET source = printf('%.1024c', 'x')", "too many");
}

TEST_F(HostileKnowledge, RowsThatBelongToNothing) {
  expect_damaged("INSERT INTO entries VALUES (5000, '', 0, 0, zeroblob(8))", "5000");
  expect_damaged("INSERT INTO pictures VALUES (5000, zeroblob(8))", "5000");
  expect_damaged("INSERT INTO vectors VALUES (5000, zeroblob(8), zeroblob(24))", "5000");
  expect_damaged("INSERT INTO vectors VALUES (200, zeroblob(8), zeroblob(24))", "200");
  expect_damaged(
      "INSERT INTO header SELECT 2, kind, teacher, teacher_hash, encoder, base, created, dimension, "
      "subvectors, bits, quantiser_hash, entries, next_id, id, checksum FROM header",
      "header");
  expect_damaged("DELETE FROM entries WHERE id = 7", "entry 7");
  expect_damaged("DELETE FROM pictures WHERE id = 4", "entry 4");
  expect_damaged("UPDATE entries SET source = 'another' WHERE id = 9", "entry 9");
  expect_damaged("UPDATE entries SET last_seen = 1 WHERE id = 9", "entry 9");
  expect_damaged("UPDATE vectors SET sq8 = zeroblob(24) WHERE id = 9", "entry 9");
  expect_damaged("UPDATE vectors SET sq8 = zeroblob(23) WHERE id = 9", "entry 9");
  expect_damaged("UPDATE pictures SET webp = (SELECT webp FROM pictures WHERE id = 1) WHERE id = 4", "entry 4");
}

TEST_F(HostileKnowledge, CodebooksAreMissingOrOthers) {
  expect_not_opened("DELETE FROM quantiser", "codebooks");
  expect_not_opened("UPDATE quantiser SET bytes = zeroblob(100)", "codebooks");
  expect_not_opened("UPDATE quantiser SET bytes = zeroblob(21000000)", "too many");
}

// Somebody who fits all hashes and checksums to what they want to be read.
class Forger {
 public:
  explicit Forger(const std::string& path) : database_(path, Database::Access::kWrite) { info = read_info(database_); }
  void codebooks(const Bytes& bytes) {
    database_.write([&] { Statement(database_, "UPDATE quantiser SET bytes = ?").blob(bytes).run(); });
    info.quantiser_hash = Sha256::of(bytes);
  }
  void segment(uint64_t number, const Bytes& bytes) {
    const Sha256::Digest hash = Sha256::of(bytes);
    database_.write([&] {
      Statement row(database_, "INSERT OR REPLACE INTO segments VALUES (?, ?, ?)");
      row.integer(static_cast<int64_t>(number)).blob(as_bytes(hash)).blob(bytes).run();
    });
    hashes_[number] = hash;
  }
  void finish() {
    info.id = knowledge_base_id(info.quantiser_hash, hashes_);
    database_.write([&] { write_info(database_, info); });
  }
  KnowledgeBaseInfo info;

 private:
  Database database_;
  SegmentHashes hashes_;
};

TEST_F(HostileKnowledge, CodebooksOfNaN) {
  Forger forger(spoilt(""));
  Bytes bytes = small_quantiser()->serialise();
  const Bytes nan = {0x7F, 0xC0, 0, 0};
  std::copy(nan.begin(), nan.end(), bytes.end() - 40);
  forger.codebooks(bytes);
  forger.segment(0, write_segment({{1, "a", Bytes(2), {}}}));
  forger.finish();
  const auto failure = failure_of([&] { open_to_read(path("bad")); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kRead);
  EXPECT_TRUE(failure->says("codebooks") && failure->says("nan")) << failure->text;
}

TEST_F(HostileKnowledge, CodebooksOfAnotherShape) {
  Forger forger(spoilt(""));
  forger.segment(0, write_segment({{1, "a", Bytes(2), {}}}));
  forger.info.shape.bits = 3;
  forger.finish();
  const auto failure = failure_of([&] { open_to_read(path("bad")); });
  ASSERT_TRUE(failure);
  EXPECT_TRUE(failure->says("shape")) << failure->text;
}

// Segments with the right hash and wrong contents.
TEST_F(HostileKnowledge, ForgedSegments) {
  const Sha256::Digest hash{};
  const SegmentRecord one{1, "a", Bytes(2), hash};
  const SegmentRecord two{2, "b", Bytes(2), hash};
  Bytes cut = write_segment({one, two});
  cut.pop_back();
  const std::vector<std::pair<const char*, Bytes>> forgeries = {
      {"out of order", write_segment({two, one})},
      {"out of order", write_segment({one, one})},
      {"out of order", write_segment({{0, "zero", Bytes(2), hash}})},
      {"wanted", cut},
      {"label", write_segment({{1, "\x1b[2J", Bytes(2), hash}})},
      {"label", write_segment({{1, "\xFF", Bytes(2), hash}})},
      {"empty", {}},
      {"number of entries", write_segment({one})},
  };
  for (const auto& [word, bytes] : forgeries) {
    Forger forger(spoilt(""));
    forger.segment(0, bytes);
    forger.finish();
    const auto failure = failure_of([&] { open_to_read(path("bad")).load(); });
    ASSERT_TRUE(failure) << word;
    EXPECT_EQ(failure->kind, ErrorKind::kRead) << failure->text;
    EXPECT_TRUE(failure->says(word)) << word << ": " << failure->text;
    EXPECT_TRUE(verify_failure(path("bad")));
    failure_of([&] { open_to_write(path("bad")).add({small_entry(3)}, keep_all()); });
    failure_of([&] { open_to_write(path("bad")).remove({1, 2, 3}); });
  }
}

// Everybody's numbers agree, except that an id would be given twice.
TEST_F(HostileKnowledge, ForgedNextId) {
  const SegmentRecord record{9, "a", small_quantiser()->encode(small_vector(0)), {}};
  for (const uint64_t number : {0U, 4U}) {
    Forger forger(spoilt(""));
    SegmentRecord here = record;
    here.id += number * kSegmentEntries;
    forger.segment(number, write_segment({here}));
    forger.info.next_id = 5;
    forger.info.entries = 1;
    if (number > 0) run_sql(path("bad"), "DELETE FROM segments WHERE number = 0");
    forger.finish();
    const auto failure = failure_of([&] { open_to_write(path("bad")).add({small_entry(3)}, keep_all()); });
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->kind, ErrorKind::kRead);
    EXPECT_TRUE(failure->says("once more")) << failure->text;
  }
}

// Codes with bits behind the last index, which a search must not follow.
TEST_F(HostileKnowledge, StrayBitsInCodes) {
  const auto quantiser = train_quantiser(clustered_vectors(100, 15, 5, 2), 5, 3);
  KnowledgeBaseFile::create(path("bits"), shared_header(), *quantiser);
  Forger forger(path("bits"));
  forger.segment(0, write_segment({{1, "a", {0xFF, 0xFF}, {}}}));
  forger.info.entries = 1;
  forger.info.next_id = 2;
  forger.finish();
  const auto failure = failure_of([&] { open_to_read(path("bits")).load(); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kRead);
  EXPECT_TRUE(failure->says("bits set")) << failure->text;
}

void put(std::string& bytes, size_t at, uint64_t value, int count) {
  for (int i = 0; i < count; ++i)
    bytes[at + static_cast<size_t>(i)] = static_cast<char>(value >> (8 * (count - 1 - i)));
}

// Pages of a b-tree that point to the same children again and again: 2^n rows in n pages. Reading must end.
TEST_F(HostileKnowledge, TreesThatShareTheirBranches) {
  for (const std::string table : {"entries", "segments", "sqlite_schema"}) {
    std::string bytes = read_file(path("good"));
    size_t root = 0;
    if (table != "sqlite_schema") {
      Database database(path("good"), Database::Access::kRead);
      Statement row(database, "SELECT rootpage FROM sqlite_schema WHERE name = ?");
      row.text(table);
      ASSERT_TRUE(row.step());
      root = static_cast<size_t>(row.integer_at(0, 1, 1000)) - 1;
    }
    const size_t pages = bytes.size() / 4096;
    const size_t header = root == 0 ? 100 : 0;
    const std::string leaf = bytes.substr(root * 4096, 4096);
    constexpr size_t kDepth = 18;
    bytes.resize((pages + kDepth) * 4096);
    put(bytes, 28, pages + kDepth, 4);
    for (size_t level = 0; level < kDepth; ++level) {
      const size_t page = level == 0 ? root : pages + level - 1;
      const size_t child = pages + level;
      const size_t start = page * 4096;
      const size_t at = level == 0 ? header : 0;
      bytes[start + at] = 5;  // interior page of a table
      put(bytes, start + at + 1, 0, 2);
      put(bytes, start + at + 3, 200, 2);
      put(bytes, start + at + 5, 4096 - 200 * 5, 2);
      put(bytes, start + at + 8, child + 1, 4);
      for (size_t cell = 0; cell < 200; ++cell) {
        const size_t offset = 4096 - (cell + 1) * 5;
        put(bytes, start + at + 12 + 2 * cell, offset, 2);
        put(bytes, start + offset, child + 1, 4);
        bytes[start + offset + 4] = 1;
      }
    }
    bytes.replace((pages + kDepth - 1) * 4096, 4096, leaf);
    if (root == 0) bytes.replace((pages + kDepth - 1) * 4096, 100, std::string(100, '\0'));
    write_file(path("tree"), bytes);
    const auto failure = verify_failure(path("tree"));
    ASSERT_TRUE(failure) << table;
    EXPECT_EQ(failure->kind, ErrorKind::kRead) << failure->text;
  }
}

// Whatever a file makes a statement do, it ends.
TEST_F(HostileKnowledge, StatementsAreBoundedInTime) {
  Database database(path("good"), Database::Access::kRead);
  const auto failure = failure_of(
      [&] { database.run("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kRead);
  EXPECT_TRUE(failure->says("more steps") && failure->says(path("good"))) << failure->text;
  // The next one has its full time again.
  EXPECT_FALSE(failure_of([&] { database.read([] {}); }));
}

}  // namespace
}  // namespace crlsc
