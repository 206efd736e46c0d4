// SPDX-License-Identifier: LGPL-2.1-or-later
// Searches while entries come and go; to be run under ThreadSanitizer, too (-Db_sanitize=thread).
#include <atomic>
#include <thread>

#include "unit/kb/kb_testing.h"

namespace crlsc {
namespace {

KnowledgeBase::Entry entry_of(EntryId id) {
  return {id, small_quantiser()->encode(small_vector(static_cast<uint32_t>(id % 500))), std::to_string(id), {}};
}

TEST(KnowledgeConcurrency, SearchesSeeWholeStatesWhileEntriesComeAndGo) {
  KnowledgeBase knowledge(small_quantiser());
  for (EntryId id = 1; id <= 100; ++id) knowledge.add({entry_of(id)});
  std::atomic<bool> done{false};
  std::atomic<size_t> searches{0};
  std::atomic<size_t> wrong{0};
  std::vector<std::thread> readers;
  for (uint32_t r = 0; r < 3; ++r) {
    readers.emplace_back([&, r] {
      while (!done) {
        const auto matches = knowledge.search(small_vector(r), {kMaxMatches, -2.0F, 0});
        // Writers add and remove pairs of neighbours, so that their number is even.
        if (matches.size() % 2 != 0 || matches.size() < 100) ++wrong;
        for (const Match& match : matches) {
          if (match.label != std::to_string(match.id)) ++wrong;
        }
        ++searches;
      }
    });
  }
  std::vector<std::thread> writers;
  for (EntryId w = 0; w < 2; ++w) {
    writers.emplace_back([&, w] {
      for (EntryId i = 0; i < 1200; ++i) {
        const EntryId id = 1000 + 4 * i + 2 * w;
        knowledge.add({entry_of(id), entry_of(id + 1)});
        if (i % 3 == 0 && knowledge.remove({id, id + 1}) != 2) ++wrong;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  while (searches < 20) std::this_thread::yield();
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0U);
  EXPECT_EQ(knowledge.size(), 100U + 2 * 2 * 800);
}

// Each thread has a connection of its own to one file.
TEST(KnowledgeConcurrency, ReadersAndAWriterShareAFile) {
  const TempFolder folder;
  const std::string path = folder.file("a.crlsckb");
  write_small_file(path, 1);
  std::atomic<bool> done{false};
  std::atomic<size_t> loads{0};
  std::vector<std::thread> readers;
  for (int r = 0; r < 2; ++r) {
    readers.emplace_back([&] {
      KnowledgeBaseFile file = open_to_read(path);
      while (!done) {
        EXPECT_EQ(file.load()->size() % 4, 1U);
        ++loads;
      }
    });
  }
  KnowledgeBaseFile writer = open_to_write(path);
  for (uint32_t i = 0; i < 25; ++i) writer.add(small_entries(1 + 4 * i, 4), keep_all());
  while (loads < 4) std::this_thread::yield();
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(writer.info().entries, 101U);
  writer.verify();
}

}  // namespace
}  // namespace crlsc
