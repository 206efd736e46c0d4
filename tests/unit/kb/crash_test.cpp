// SPDX-License-Identifier: LGPL-2.1-or-later
// Writers that are killed, disks that are full, and two processes on one file.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "unit/kb/kb_testing.h"

namespace crlsc {
namespace {

class KnowledgeCrash : public testing::Test {
 protected:
  std::string path() const { return folder_.file("a.crlsckb"); }
  TempFolder folder_;
};

// Runs `work` in a process of its own, which never comes back into the test.
pid_t in_child(const std::function<int()>& work) {
  const pid_t child = fork();
  if (child != 0) return child;
  int code = 1;
  try {
    code = work();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "child: %s\n", error.what());
  }
  _exit(code);
}

int wait_for(pid_t child) {
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

// Adds batches until it is killed, and says after each how many entries are there for good.
int add_for_ever(const std::string& path, int report) {
  KnowledgeBaseFile file = open_to_write(path);
  AddSettings settings = keep_all();
  for (uint32_t batch = 0;; ++batch) {
    const auto done = static_cast<uint32_t>(file.info().entries);
    file.add(small_entries(done, 1 + batch % 40), settings);
    const auto count = static_cast<uint32_t>(file.info().entries);
    if (write(report, &count, sizeof(count)) != sizeof(count)) return 1;
  }
}

TEST_F(KnowledgeCrash, AKilledWriterLosesNothingThatWasCommitted) {
  KnowledgeBaseFile::create(path(), shared_header(), *small_quantiser());
  std::mt19937 random(5);
  uint32_t committed = 0;
  size_t interrupted = 0;
  for (int round = 0; round < 50; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = in_child([&] { return add_for_ever(path(), ends[1]); });
    close(ends[1]);
    std::this_thread::sleep_for(std::chrono::microseconds(1000 + random() % 60000));
    kill(child, SIGKILL);
    EXPECT_TRUE(WIFSIGNALED(wait_for(child)));
    for (uint32_t count = 0; read(ends[0], &count, sizeof(count)) == sizeof(count);) committed = count;
    close(ends[0]);
    interrupted += std::filesystem::exists(path() + "-journal") ? 1 : 0;
    // Only to read, so that recovery is not left to the next writer.
    KnowledgeBaseFile file = open_to_read(path());
    file.verify();
    const uint64_t entries = file.info().entries;
    EXPECT_GE(entries, committed) << "round " << round;
    EXPECT_EQ(file.info().next_id, entries + 1);
    const auto last = file.find(entries);
    if (entries > 0) {
      ASSERT_TRUE(last);
      EXPECT_EQ(last->source, small_entry(static_cast<uint32_t>(entries - 1)).source);
    }
  }
  EXPECT_GT(committed, 0U);
  std::printf("%u entries committed; %zu of 50 kills left a journal\n", committed, interrupted);
}

// A writer that dies while a reader has the file open.
TEST_F(KnowledgeCrash, AnOpenReaderRecoversWhatAKilledWriterLeft) {
  write_small_file(path(), 10);
  KnowledgeBaseFile reader = open_to_read(path());
  const std::string before = dump(reader);
  const pid_t child = in_child([&] {
    Database database(path(), Database::Access::kWrite);
    database.run("PRAGMA cache_size = 1");
    database.run("PRAGMA cache_spill = 1");
    database.write([&] {
      database.run("UPDATE pictures SET webp = zeroblob(60000)");
      kill(getpid(), SIGKILL);
    });
    return 0;
  });
  EXPECT_TRUE(WIFSIGNALED(wait_for(child)));
  EXPECT_TRUE(std::filesystem::exists(path() + "-journal"));
  EXPECT_EQ(dump(reader), before);
  EXPECT_FALSE(std::filesystem::exists(path() + "-journal"));
  reader.verify();
}

TEST_F(KnowledgeCrash, AKilledMakerLeavesNoFileOfThatName) {
  for (int round = 0; round < 10; ++round) {
    const pid_t child = in_child([&] {
      for (int i = 0;; ++i) {
        KnowledgeBaseFile::create(folder_.file("made-" + std::to_string(round) + "-" + std::to_string(i)),
                                  shared_header(), *small_quantiser());
      }
      return 0;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(5 + 3 * round));
    kill(child, SIGKILL);
    wait_for(child);
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    if (entry.path().filename().string().find(".part-") == std::string::npos) {
      open_to_read(entry.path().string()).verify();
    }
  }
}

TEST_F(KnowledgeCrash, AFullDiskIsAnErrorAndTheFileStays) {
  write_small_file(path(), 50);
  // In a process of its own: the limit is for all files.
  const pid_t child = in_child([&] {
    KnowledgeBaseFile file = open_to_write(path());
    const std::string before = dump(file);
    signal(SIGXFSZ, SIG_IGN);
    const auto size = static_cast<rlim_t>(std::filesystem::file_size(path()));
    for (const rlim_t room : {rlim_t{0}, rlim_t{4096}, rlim_t{40000}}) {
      const rlimit limit = {size + room, RLIM_INFINITY};
      if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
      const auto failure = failure_of([&] { file.add(small_entries(1000, 3000), keep_all()); });
      if (!failure || failure->kind != ErrorKind::kWrite || !failure->says(path())) return 3;
      std::fprintf(stderr, "%s\n", failure->text.c_str());
      if (dump(file) != before) return 4;
      file.verify();
    }
    // Room again.
    const rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
    if (setrlimit(RLIMIT_FSIZE, &none) != 0) return 5;
    return file.add(small_entries(1000, 10), keep_all()).size() == 10 ? 0 : 6;
  });
  const int status = wait_for(child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  KnowledgeBaseFile file = open_to_read(path());
  EXPECT_EQ(file.info().entries, 60U);
  file.verify();
}

TEST_F(KnowledgeCrash, NoRoomToMakeAFile) {
  const pid_t child = in_child([&] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {1000, RLIM_INFINITY};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
    const auto failure = failure_of([&] { KnowledgeBaseFile::create(path(), shared_header(), *small_quantiser()); });
    return failure && failure->kind == ErrorKind::kWrite ? 0 : 3;
  });
  const int status = wait_for(child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

// One process builds, this one queries.
TEST_F(KnowledgeCrash, OneProcessBuildsWhileAnotherReads) {
  write_small_file(path(), 1);
  constexpr uint32_t kBatches = 60;
  const pid_t child = in_child([&] {
    KnowledgeBaseFile file = open_to_write(path());
    for (uint32_t i = 0; i < kBatches; ++i) file.add(small_entries(1 + 5 * i, 5), keep_all());
    return 0;
  });
  KnowledgeBaseFile reader = open_to_read(path());
  uint64_t seen = 0;
  int status = 0;
  for (bool finished = false; !finished;) {
    finished = waitpid(child, &status, WNOHANG) == child;
    const auto knowledge = reader.load({kDefaultMaxEntries, true});
    EXPECT_GE(knowledge->size(), seen);
    EXPECT_EQ(knowledge->size() % 5, 1U);
    seen = knowledge->size();
    const auto last = static_cast<uint32_t>(seen - 1);
    EXPECT_EQ(knowledge->search(small_vector(last), {1, -2.0F, 400})[0].id, seen);
  }
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(reader.info().entries, 1 + 5 * kBatches);
  reader.verify();
}

TEST_F(KnowledgeCrash, AWriterThatNeverEndsIsAnErrorForOthers) {
  write_small_file(path(), 3);
  KnowledgeBaseFile second = open_to_write(path());
  Database first(path(), Database::Access::kWrite);
  first.write([&] {
    const auto failure = failure_of([&] { second.remove({1}); });
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->kind, ErrorKind::kWrite);
    EXPECT_TRUE(failure->says("another process") && failure->says(path())) << failure->text;
    EXPECT_EQ(second.info().entries, 3U);
  });
  EXPECT_EQ(second.remove({1}), 1U);
}

}  // namespace
}  // namespace crlsc
