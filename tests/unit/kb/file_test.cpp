// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/stat.h>

#include <sstream>

#include "core/kb/sq8.h"
#include "unit/kb/kb_testing.h"

namespace crlsc {
namespace {

class KnowledgeFile : public testing::Test {
 protected:
  std::string path(const std::string& name = "a.crlsckb") const { return folder_.file(name); }
  TempFolder folder_;
};

TEST_F(KnowledgeFile, StartsEmptyAndKnowsItsHeader) {
  KnowledgeBaseFile::create(path(), shared_header(), *small_quantiser());
  KnowledgeBaseFile file = open_to_read(path());
  const KnowledgeBaseInfo info = file.info();
  EXPECT_EQ(info.header.kind, KnowledgeBaseKind::kShared);
  EXPECT_EQ(info.header.teacher, "a teacher");
  EXPECT_EQ(info.header.teacher_hash, shared_header().teacher_hash);
  EXPECT_EQ(info.header.encoder, shared_header().encoder);
  EXPECT_FALSE(info.header.base);
  EXPECT_EQ(info.header.created, shared_header().created);
  EXPECT_EQ(info.shape, small_quantiser()->shape());
  EXPECT_EQ(info.quantiser_hash, small_quantiser()->hash());
  EXPECT_EQ(info.entries, 0U);
  EXPECT_EQ(info.next_id, 1U);
  EXPECT_EQ(info.id, knowledge_base_id(small_quantiser()->hash(), {}));
  EXPECT_EQ(to_hex(info.content_id()), to_hex(info.id).substr(0, 16));
  EXPECT_EQ(file.quantiser()->serialise(), small_quantiser()->serialise());
  EXPECT_EQ(file.load()->size(), 0U);
  EXPECT_FALSE(file.find(1));
  file.verify();
}

TEST_F(KnowledgeFile, KeepsWhatIsAdded) {
  write_small_file(path(), 600);
  KnowledgeBaseFile file = open_to_read(path());
  EXPECT_EQ(file.info().entries, 600U);
  EXPECT_EQ(file.info().next_id, 601U);
  EntryId next = 1;
  file.for_each(
      [&](const StoredEntry& entry) {
        const NewEntry wanted = small_entry(static_cast<uint32_t>(next - 1));
        EXPECT_EQ(entry.id, next++);
        EXPECT_EQ(entry.code, small_quantiser()->encode(wanted.vector));
        EXPECT_EQ(entry.label, wanted.label);
        EXPECT_EQ(entry.source, wanted.source);
        EXPECT_EQ(entry.first_seen, wanted.first_seen);
        EXPECT_EQ(entry.last_seen, wanted.last_seen);
        EXPECT_EQ(entry.picture, wanted.picture);
        EXPECT_EQ(entry.content_hash, content_hash(entry.code, wanted.picture));
        EXPECT_GT(sq8_similarity(wanted.vector, entry.sq8), 0.9999F);
      },
      {true, true});
  EXPECT_EQ(next, 601U);
  const auto found = file.find(301, {false, true});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->source, "file-300.png");
  EXPECT_EQ(found->picture, small_entry(300).picture);
  EXPECT_TRUE(found->sq8.empty());
  EXPECT_FALSE(file.find(0));
  EXPECT_FALSE(file.find(601));
  EXPECT_FALSE(file.find(100000));
  file.verify();
}

TEST_F(KnowledgeFile, IsOneFileWithNothingBesideIt) {
  write_small_file(path(), 20);
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    EXPECT_EQ(entry.path().filename(), "a.crlsckb");
    ++files;
  }
  EXPECT_EQ(files, 1U);
}

TEST_F(KnowledgeFile, LoadsForSearching) {
  write_small_file(path(), 600);
  KnowledgeBaseFile file = open_to_read(path());
  const auto codes = file.load();
  const auto vectors = file.load({kDefaultMaxEntries, true});
  EXPECT_EQ(codes->size(), 600U);
  for (const uint32_t number : {0U, 255U, 256U, 599U}) {
    const auto match = vectors->search(small_vector(number), {1, -2.0F, 600});
    ASSERT_EQ(match.size(), 1U);
    EXPECT_EQ(match[0].id, number + 1);
    EXPECT_EQ(match[0].label, small_entry(number).label);
    EXPECT_GT(match[0].similarity, 0.9999F);
    EXPECT_FALSE(codes->search(small_vector(number), {}).empty());
  }
  const auto failure = failure_of([&] { file.load({599, false}); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kSettings);
  EXPECT_TRUE(failure->says("600 entries")) << failure->text;
}

TEST_F(KnowledgeFile, OddNamesAreJustNames) {
  const std::string before = std::filesystem::current_path();
  std::filesystem::current_path(folder_.path());
  for (const std::string name : {":memory:", "file:x.crlsckb?mode=memory", "a b'c\".crlsckb"}) {
    write_small_file(name, 3);
    EXPECT_EQ(open_to_read(name).info().entries, 3U) << name;
    EXPECT_TRUE(std::filesystem::exists(folder_.file(name))) << name;
  }
  std::filesystem::current_path(before);
}

TEST_F(KnowledgeFile, IsNotMadeOverAnother) {
  write_file(path(), "something else");
  const auto failure = failure_of([&] { KnowledgeBaseFile::create(path(), shared_header(), *small_quantiser()); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kWrite);
  EXPECT_TRUE(failure->says(path()));
  EXPECT_EQ(read_file(path()), "something else");
}

TEST_F(KnowledgeFile, CannotBeMadeWithoutAFolder) {
  const auto failure =
      failure_of([&] { KnowledgeBaseFile::create(path("no/a.crlsckb"), shared_header(), *small_quantiser()); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kWrite);
  EXPECT_TRUE(failure->says("no folder '" + path("no") + "'")) << failure->text;
  EXPECT_FALSE(failure->says("permission")) << failure->text;
}

TEST_F(KnowledgeFile, HeadersThatAreNotSoundAreRefused) {
  KnowledgeBaseHeader no_base = shared_header();
  no_base.kind = KnowledgeBaseKind::kPrivate;
  KnowledgeBaseHeader long_name = shared_header();
  long_name.teacher = std::string(256, 'x');
  KnowledgeBaseHeader control = shared_header();
  control.teacher = "a\x1b[2Jb";
  for (const auto& header : {no_base, long_name, control}) {
    const auto failure = failure_of([&] { KnowledgeBaseFile::create(path(), header, *small_quantiser()); });
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->kind, ErrorKind::kSettings);
  }
  EXPECT_TRUE(failure_of([&] { KnowledgeBaseFile::create(path(), shared_header(), *small_quantiser(), false); }));
  EXPECT_FALSE(std::filesystem::exists(path()));
}

// What is no knowledge base, and what the error is.
TEST_F(KnowledgeFile, WhatIsNoKnowledgeBaseIsNamed) {
  const auto kind_of = [&](const std::string& name) {
    const auto failure = failure_of([&] { open_to_read(path(name)); });
    EXPECT_TRUE(failure && failure->says(path(name))) << name;
    return failure->kind;
  };
  EXPECT_EQ(kind_of("none"), ErrorKind::kNotFound);
  EXPECT_EQ(kind_of("none/none"), ErrorKind::kNotFound);
  std::filesystem::create_directory(path("folder"));
  EXPECT_EQ(kind_of("folder"), ErrorKind::kRead);
  ASSERT_EQ(mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(kind_of("fifo"), ErrorKind::kRead);
  write_file(path("empty"), "");
  EXPECT_EQ(kind_of("empty"), ErrorKind::kWrongType);
  write_file(path("text"), std::string(5000, 'x'));
  EXPECT_EQ(kind_of("text"), ErrorKind::kWrongType);
  run_sql(path("database"), "CREATE TABLE t (x)");
  EXPECT_EQ(kind_of("database"), ErrorKind::kWrongType);
  write_small_file(path("version"), 1);
  run_sql(path("version"), "PRAGMA user_version = 2");
  EXPECT_EQ(kind_of("version"), ErrorKind::kWrongType);
  write_small_file(path("log"), 1);
  run_sql(path("log"), "PRAGMA journal_mode = WAL");
  EXPECT_EQ(kind_of("log"), ErrorKind::kWrongType);
  run_sql(path("utf16"), "PRAGMA encoding = 'UTF-16'; CREATE TABLE t (x)");
  EXPECT_EQ(kind_of("utf16"), ErrorKind::kWrongType);
}

TEST_F(KnowledgeFile, ReadOnlyFilesAreReadAndNotWritten) {
  write_small_file(path(), 30);
  KnowledgeBaseFile reader = open_to_read(path());
  const auto failure = failure_of([&] { reader.remove({1}); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kWrite);
  EXPECT_EQ(reader.info().entries, 30U);
}

TEST_F(KnowledgeFile, APrivateOneUsesTheCodebooksOfAShared) {
  write_small_file(path("skb"), 10);
  KnowledgeBaseFile shared = open_to_read(path("skb"));
  KnowledgeBaseHeader header = shared_header();
  header.kind = KnowledgeBaseKind::kPrivate;
  header.base = shared.info().id;
  KnowledgeBaseFile::create(path("pkb"), header, *shared.quantiser(), false);
  EXPECT_EQ(std::filesystem::status(path("pkb")).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  {
    KnowledgeBaseFile file = open_to_write(path("pkb"));
    EXPECT_EQ(file.quantiser(), nullptr);
    EXPECT_EQ(file.info().header.base, shared.info().id);
    const auto failure = failure_of([&] { file.add({small_entry(0)}); });
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->kind, ErrorKind::kSettings);
    EXPECT_TRUE(failure->says(to_hex(shared.info().id))) << failure->text;
    EXPECT_TRUE(failure_of([&] { file.load(); }));
    // Codes need no codebooks as long as nothing is compared.
    NewEntry coded;
    coded.code = small_quantiser()->encode(small_vector(1));
    EXPECT_EQ(file.add({coded}, keep_all())[0].id, 1U);
    EXPECT_EQ(file.find(1)->code, coded.code);
    file.verify();

    const auto other = train_quantiser(clustered_vectors(100, 16, 5, 99), 4, 4);
    const auto wrong = failure_of([&] { file.use_quantiser(other); });
    ASSERT_TRUE(wrong);
    EXPECT_EQ(wrong->kind, ErrorKind::kWrongType);
    file.use_quantiser(shared.quantiser());
    EXPECT_TRUE(file.add({small_entry(2)})[0].added);
    EXPECT_EQ(file.load()->size(), 2U);
    file.verify();
  }
  // 16 dimensions of 16 centroids take no more than this, so they are not in there.
  EXPECT_EQ(read_file(path("pkb")).find("CRPQ"), std::string::npos);
  EXPECT_NE(read_file(path("skb")).find("CRPQ"), std::string::npos);
}

TEST_F(KnowledgeFile, OthersSeeWhatIsCommitted) {
  write_small_file(path(), 10);
  KnowledgeBaseFile reader = open_to_read(path());
  KnowledgeBaseFile writer = open_to_write(path());
  EXPECT_FALSE(reader.changed());
  writer.add({small_entry(100)}, keep_all());
  EXPECT_TRUE(reader.changed());
  EXPECT_FALSE(writer.changed());
  EXPECT_EQ(reader.info().entries, 11U);
  EXPECT_FALSE(reader.changed());
  EXPECT_EQ(reader.info().id, writer.info().id);
  // Two writers take turns.
  KnowledgeBaseFile second = open_to_write(path());
  EXPECT_EQ(second.add({small_entry(101)}, keep_all())[0].id, 12U);
  EXPECT_EQ(writer.add({small_entry(102)}, keep_all())[0].id, 13U);
  EXPECT_EQ(reader.load()->size(), 13U);
}

TEST_F(KnowledgeFile, AReplacedFileIsNoticed) {
  write_small_file(path("old"), 10);
  write_small_file(path("new"), 20);
  KnowledgeBaseFile reader = open_to_read(path("old"));
  std::filesystem::rename(path("new"), path("old"));
  EXPECT_TRUE(reader.changed());
  EXPECT_EQ(reader.info().entries, 10U);
  EXPECT_EQ(open_to_read(path("old")).info().entries, 20U);
  std::filesystem::remove(path("old"));
  EXPECT_TRUE(reader.changed());
}

TEST_F(KnowledgeFile, ExportsCsv) {
  KnowledgeBaseFile::create(path(), shared_header(), *small_quantiser());
  KnowledgeBaseFile file = open_to_write(path());
  NewEntry odd = small_entry(1);
  odd.label = "a \"cat\", sitting";
  odd.source = "";
  file.add({small_entry(0), odd}, keep_all());
  std::ostringstream out;
  file.export_csv(out);
  const auto first = file.find(1);
  const std::string code = [&] {
    Sha256::Digest padded{};
    std::copy(first->code.begin(), first->code.end(), padded.begin());
    return to_hex(padded).substr(0, 2 * first->code.size());
  }();
  const std::string start =
      "id,label,source,first_seen,last_seen,picture_bytes,content_hash,code\n"
      "1,label-0,file-0.png,1700000000000,1700000005000,100," +
      to_hex(first->content_hash) + "," + code + "\n2,\"a \"\"cat\"\", sitting\",,1700000000001,";
  EXPECT_EQ(out.str().substr(0, start.size()), start);
}

}  // namespace
}  // namespace crlsc
