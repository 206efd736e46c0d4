// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/kb/received_entries.h"

#include <sys/stat.h>

#include "core/kb/knowledge_path.h"
#include "unit/kb/kb_testing.h"

namespace crlsc {
namespace {

constexpr int64_t kTime = 1700000000000;

class ReceivedEntries : public testing::Test {
 protected:
  ReceivedEntries() : path_("CRLSC_MODEL_PATH", folder_.path()) {
    write_small_file(folder_.file("shared.crlsckb"), 3);
    knowledge_ = open_to_read(folder_.file("shared.crlsckb")).info().content_id();
  }
  std::string location() const { return elsewhere_.file("received.crlsckb"); }
  KnowledgeBaseFile open() const { return open_for_received(location(), knowledge_, kTime); }
  TransferEntry entry(uint8_t number) const {
    return {"scene " + std::to_string(number), Bytes(small_quantiser()->shape().code_size(), 0),
            picture_of(100, number)};
  }

  TempFolder folder_;
  TempFolder elsewhere_;
  ScopedVariable path_;
  ContentId knowledge_{};
};

std::vector<std::string> labels(const std::string& path) {
  std::vector<std::string> out;
  KnowledgeBaseFile file = open_to_read(path);
  file.for_each([&out](const StoredEntry& entry) { out.push_back(entry.label); });
  return out;
}

TEST_F(ReceivedEntries, AFileIsMadeFromTheSharedKnowledgeBase) {
  {
    KnowledgeBaseFile file = open();
    EXPECT_EQ(file.info().header.kind, KnowledgeBaseKind::kPrivate);
    EXPECT_EQ(codebooks_id(file.info()), knowledge_);
    EXPECT_EQ(file.info().header.created, kTime);
  }
  struct stat status {};
  ASSERT_EQ(stat(location().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_NE(open_to_read(location()).quantiser(), nullptr);
  EXPECT_EQ(open().info().header.created, kTime) << "opened, not made anew";
}

TEST_F(ReceivedEntries, WhatCannotBeIsNamed) {
  const auto unknown = failure_of([&] { open_for_received(location(), ContentId{1, 2}, kTime); });
  ASSERT_TRUE(unknown);
  EXPECT_EQ(unknown->kind, ErrorKind::kNotFound);
  EXPECT_TRUE(unknown->says("0102000000000000") && unknown->says(location())) << unknown->text;
  const auto shared = failure_of([&] { open_for_received(folder_.file("shared.crlsckb"), knowledge_, kTime); });
  ASSERT_TRUE(shared);
  EXPECT_EQ(shared->kind, ErrorKind::kSettings);
  open();
  const auto other = failure_of([&] { open_for_received(location(), ContentId{1, 2}, kTime); });
  ASSERT_TRUE(other);
  EXPECT_EQ(other->kind, ErrorKind::kWrongType);
  const auto folder = failure_of([&] { open_for_received(elsewhere_.file("none/file"), knowledge_, kTime); });
  ASSERT_TRUE(folder);
  EXPECT_EQ(folder->kind, ErrorKind::kWrite);
}

TEST_F(ReceivedEntries, EntriesAreThereWithAllTheirParts) {
  {
    KnowledgeBaseFile file = open();
    EXPECT_TRUE(keep_received(file, entry(1), 10, kTime).added);
  }
  KnowledgeBaseFile file = open_to_read(location());
  const auto found = file.find(1, {false, true});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->code, entry(1).code);
  EXPECT_EQ(found->label, entry(1).label);
  EXPECT_EQ(found->picture, entry(1).picture);
  EXPECT_EQ(found->source, kReceivedSource);
  EXPECT_EQ(found->last_seen, kTime);
  EXPECT_EQ(name_of(found->content_hash), name_of(entry(1)));
  file.verify();
}

TEST_F(ReceivedEntries, TheSameOnceMoreIsSeenAgain) {
  KnowledgeBaseFile file = open();
  EXPECT_TRUE(keep_received(file, entry(1), 10, kTime).added);
  EXPECT_FALSE(keep_received(file, entry(1), 10, kTime + 5).added);
  EXPECT_EQ(file.info().entries, 1U);
  EXPECT_EQ(file.find(1)->first_seen, kTime);
  EXPECT_EQ(file.find(1)->last_seen, kTime + 5);
}

TEST_F(ReceivedEntries, TheOldestGoAndTheUsersOwnStay) {
  KnowledgeBaseFile file = open();
  file.use_quantiser(small_quantiser());
  NewEntry own = small_entry(3);
  own.label = "own";
  own.first_seen = own.last_seen = 1;
  file.add({own}, keep_all());
  for (uint8_t i = 1; i <= 3; ++i) EXPECT_TRUE(keep_received(file, entry(i), 3, kTime + i).removed.empty());
  keep_received(file, entry(1), 3, kTime + 10);
  EXPECT_EQ(keep_received(file, entry(4), 3, kTime + 11).removed, std::vector<PictureName>{name_of(entry(2))});
  EXPECT_EQ(labels(location()), (std::vector<std::string>{"own", "scene 1", "scene 3", "scene 4"}));
  EXPECT_EQ(keep_received(file, entry(5), 1, kTime + 12).removed.size(), 3U);
  EXPECT_EQ(labels(location()), (std::vector<std::string>{"own", "scene 5"}));
}

TEST_F(ReceivedEntries, CodesHaveToFit) {
  KnowledgeBaseFile file = open();
  TransferEntry bad = entry(1);
  bad.code.push_back(0);
  const auto failure = failure_of([&] { keep_received(file, bad, 10, kTime); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kCorrupt);
  EXPECT_EQ(file.info().entries, 0U);
}

}  // namespace
}  // namespace crlsc
