// SPDX-License-Identifier: LGPL-2.1-or-later
// Adding, removing, merging: what ids and hashes depend on, and what is refused.
#include <cmath>

#include "core/kb/sq8.h"
#include "unit/kb/kb_testing.h"

namespace crlsc {
namespace {

class KnowledgeChanges : public testing::Test {
 protected:
  std::string path(const std::string& name = "a.crlsckb") const { return folder_.file(name); }
  KnowledgeBaseFile make(const std::string& name, uint32_t count) const {
    write_small_file(path(name), count);
    return open_to_write(path(name));
  }
  TempFolder folder_;
};

TEST_F(KnowledgeChanges, TheIdDoesNotDependOnBatches) {
  KnowledgeBaseFile whole = make("whole", 700);
  KnowledgeBaseFile::create(path("parts"), shared_header(), *small_quantiser());
  uint32_t done = 0;
  for (uint32_t count = 1; done < 700; count = count * 2 % 97 + 1) {
    KnowledgeBaseFile parts = open_to_write(path("parts"));
    parts.add(small_entries(done, std::min(count, 700 - done)), keep_all());
    done += std::min(count, 700 - done);
  }
  KnowledgeBaseFile parts = open_to_write(path("parts"));
  EXPECT_EQ(dump(parts), dump(whole));
  // Nor on the order of the bytes in the file.
  run_sql(path("parts"), "PRAGMA page_size = 1024; VACUUM");
  KnowledgeBaseFile moved = open_to_read(path("parts"));
  EXPECT_EQ(dump(moved), dump(whole));
  EXPECT_NE(read_file(path("parts")), read_file(path("whole")));
}

// docs/knowledge-base.md says what counts and what does not.
TEST_F(KnowledgeChanges, TheIdDependsOnWhatBothEndsShare) {
  KnowledgeBaseFile file = make("a", 10);
  const Sha256::Digest id = file.info().id;
  file.set_last_seen(3, 42);
  EXPECT_EQ(file.info().id, id);
  EXPECT_EQ(file.find(3)->last_seen, 42);
  EXPECT_EQ(file.find(3)->first_seen, small_entry(2).first_seen);

  KnowledgeBaseFile::create(path("no-vectors"), shared_header(), *small_quantiser());
  AddSettings codes_only;
  codes_only.near_duplicate = 1.0F;
  std::vector<NewEntry> entries = small_entries(0, 10);
  for (NewEntry& entry : entries) entry.source = "";
  KnowledgeBaseFile no_vectors = open_to_write(path("no-vectors"));
  no_vectors.add(entries, codes_only);
  EXPECT_EQ(no_vectors.info().id, id);
  EXPECT_TRUE(no_vectors.find(1, {true, false})->sq8.empty());

  file.set_label(3, "other");
  const Sha256::Digest relabelled = file.info().id;
  EXPECT_NE(relabelled, id);
  file.set_picture(3, picture_of(200, 9));
  EXPECT_NE(file.info().id, relabelled);
  file.set_picture(3, {});
  EXPECT_EQ(file.info().id, relabelled);
  file.set_label(3, small_entry(2).label);
  EXPECT_EQ(file.info().id, id);
  file.verify();
}

TEST_F(KnowledgeChanges, RemovingAndAdding) {
  KnowledgeBaseFile file = make("a", 600);
  const Sha256::Digest before = file.info().id;
  EXPECT_EQ(file.remove({600, 1, 300, 300, 0, 601, 70000}), 3U);
  EXPECT_EQ(file.info().entries, 597U);
  EXPECT_FALSE(file.find(300));
  EXPECT_TRUE(file.find(301));
  EXPECT_NE(file.info().id, before);
  file.verify();
  // An id is never given again, so the same entry is another one now.
  const auto results = file.add({small_entry(599)}, keep_all());
  EXPECT_EQ(results[0].id, 601U);
  EXPECT_NE(file.info().id, before);
  file.verify();
  // The same entries by the same ids give the same id, whatever else was there.
  KnowledgeBaseFile other = make("b", 600);
  other.add({small_entry(599)}, keep_all());
  other.remove({1, 300, 600});
  EXPECT_EQ(other.info().id, file.info().id);
}

TEST_F(KnowledgeChanges, RemovingEverything) {
  KnowledgeBaseFile file = make("a", 520);
  std::vector<EntryId> all;
  for (EntryId id = 1; id <= 520; ++id) all.push_back(id);
  EXPECT_EQ(file.remove(all), 520U);
  EXPECT_EQ(file.info().id, knowledge_base_id(small_quantiser()->hash(), {}));
  EXPECT_EQ(file.info().next_id, 521U);
  file.verify();
  EXPECT_EQ(file.add({small_entry(0)})[0].id, 521U);
  file.verify();
}

TEST_F(KnowledgeChanges, WhatIsRemovedIsGoneFromTheBytes) {
  KnowledgeBaseFile::create(path(), shared_header(), *small_quantiser());
  KnowledgeBaseFile file = open_to_write(path());
  NewEntry secret = small_entry(0);
  secret.label = "LABEL-OF-A-PERSON";
  secret.source = "SOURCE-OF-A-PERSON";
  secret.picture = picture_of(9000, 3);
  const std::string part(secret.picture.begin() + 5000, secret.picture.begin() + 5400);
  file.add({small_entry(1), secret, small_entry(2)}, keep_all());
  EXPECT_NE(read_file(path()).find("LABEL-OF-A-PERSON"), std::string::npos);
  EXPECT_NE(read_file(path()).find(part), std::string::npos);
  EXPECT_EQ(file.remove({2}), 1U);
  const std::string bytes = read_file(path());
  EXPECT_EQ(bytes.find("OF-A-PERSON"), std::string::npos);
  EXPECT_EQ(bytes.find(part), std::string::npos);
  file.verify();
}

TEST_F(KnowledgeChanges, LabelsAndPicturesOfNobody) {
  KnowledgeBaseFile file = make("a", 5);
  for (const EntryId id : {0U, 6U, 100000U}) {
    EXPECT_FALSE(file.set_label(id, "x"));
    EXPECT_FALSE(file.set_picture(id, {}));
    EXPECT_FALSE(file.set_last_seen(id, 1));
  }
  file.verify();
}

TEST_F(KnowledgeChanges, NearDuplicatesAreDropped) {
  KnowledgeBaseFile::create(path(), shared_header(), *small_quantiser());
  KnowledgeBaseFile file = open_to_write(path());
  AddSettings settings;
  settings.keep_vectors = true;
  const auto first = file.add({small_entry(0), small_entry(1), small_entry(0)}, settings);
  EXPECT_TRUE(first[0].added && first[1].added);
  EXPECT_FALSE(first[2].added);
  EXPECT_EQ(first[2].id, first[0].id);
  // Longer, and a little beside it: the cosine is 0.998.
  NewEntry near = small_entry(1);
  for (size_t i = 0; i < near.vector.size(); ++i) near.vector[i] = 7.0F * (near.vector[i] + (i == 0 ? 0.06F : 0.0F));
  EXPECT_GT(cosine(near.vector, small_vector(1)), 0.995F);
  EXPECT_EQ(file.add({near}, settings)[0].id, first[1].id);
  settings.near_duplicate = 0.9999F;
  EXPECT_TRUE(file.add({near}, settings)[0].added);
  settings.near_duplicate = 1.0F;
  EXPECT_TRUE(file.add({small_entry(0)}, settings)[0].added);
  EXPECT_EQ(file.info().entries, 4U);
  file.verify();
}

// Without vectors the codes decide: the same code is the same entry, however far the vector is from what it stands for.
TEST_F(KnowledgeChanges, NearDuplicatesByCodeAlone) {
  KnowledgeBaseFile::create(path(), shared_header(), *small_quantiser());
  KnowledgeBaseFile file = open_to_write(path());
  const std::vector<float> vector = small_vector(5);
  const Bytes code = small_quantiser()->encode(vector);
  EXPECT_LT(cosine(vector, small_quantiser()->decode(code)), 0.99F);
  NewEntry by_vector;
  by_vector.vector = vector;
  NewEntry by_code;
  by_code.code = code;
  const auto results = file.add({by_vector, by_vector, by_code});
  EXPECT_TRUE(results[0].added);
  EXPECT_FALSE(results[1].added);
  EXPECT_FALSE(results[2].added);
  // An entry that was removed does not stand in the way.
  file.remove({1});
  EXPECT_TRUE(file.add({by_code})[0].added);
}

TEST_F(KnowledgeChanges, DuplicatesOfOthersEntriesAreNoticed) {
  KnowledgeBaseFile file = make("a", 5);
  EXPECT_FALSE(file.add({small_entry(2)})[0].added);
  open_to_write(path("a")).add({small_entry(50)}, keep_all());
  EXPECT_FALSE(file.add({small_entry(50)})[0].added);
}

TEST_F(KnowledgeChanges, EntriesThatAreNotSoundAreRefusedAndNothingIsAdded) {
  KnowledgeBaseFile file = make("a", 5);
  const std::string before = dump(file);
  const auto refused = [&](const std::function<void(NewEntry&)>& spoil, const std::string& word) {
    NewEntry entry = small_entry(50);
    spoil(entry);
    const auto failure = failure_of([&] { file.add({small_entry(40), entry}, keep_all()); });
    ASSERT_TRUE(failure) << word;
    EXPECT_EQ(failure->kind, ErrorKind::kSettings) << failure->text;
    EXPECT_TRUE(failure->says("number 1") && failure->says(word) && failure->says(path("a"))) << failure->text;
  };
  refused([](NewEntry& e) { e.label = std::string(256, 'x'); }, "label");
  refused([](NewEntry& e) { e.label = "a\nb"; }, "label");
  refused([](NewEntry& e) { e.label = "\xC3"; }, "label");
  refused([](NewEntry& e) { e.label = std::string("a\0b", 3); }, "label");
  refused([](NewEntry& e) { e.source = std::string(1024, 'x'); }, "source");
  refused([](NewEntry& e) { e.vector.pop_back(); }, "vector");
  refused([](NewEntry& e) { e.vector[2] = NAN; }, "vector");
  refused([](NewEntry& e) { e.vector.assign(16, 0.0F); }, "vector");
  refused([](NewEntry& e) { e.vector.clear(); }, "neither");
  refused([](NewEntry& e) { e.code = {1}; }, "code");
  refused([](NewEntry& e) { e.sq8 = {1, 2}; }, "8-bit");
  refused([](NewEntry& e) { e.sq8 = Bytes(sq8_size(16), 0xFF); }, "8-bit");
  refused([](NewEntry& e) { e.picture = Bytes(100, 1); }, "WebP");
  refused([](NewEntry& e) { e.picture = picture_of(100, 1), e.picture.pop_back(); }, "WebP");
  refused([](NewEntry& e) { e.picture = picture_of(kMaxPictureSize + 1, 1); }, "picture");
  EXPECT_EQ(dump(file), before);
  EXPECT_EQ(failure_of([&] { file.set_label(1, "\x7F"); })->kind, ErrorKind::kSettings);
  EXPECT_EQ(failure_of([&] { file.set_picture(1, {1, 2}); })->kind, ErrorKind::kSettings);
  EXPECT_EQ(dump(file), before);
}

TEST_F(KnowledgeChanges, TextIsUtf8) {
  for (const char* good : {"", "Zürich", "猫", "😀", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_FALSE(text_fault(good, 255)) << good;
  }
  // Overlong forms, surrogates, beyond U+10FFFF, cut sequences, stray continuations, C1 controls.
  for (const char* bad : {"\xC0\x80", "\xE0\x80\x80", "\xF0\x80\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                          "\xF5\x80\x80\x80", "a\xE7\x8C", "\x80", "\xFF", "\xC2\x85", "tab\t"}) {
    EXPECT_TRUE(text_fault(bad, 255));
  }
}

TEST_F(KnowledgeChanges, TheNumberOfEntriesIsBounded) {
  KnowledgeBaseFile file = make("a", 5);
  AddSettings settings = keep_all();
  settings.max_entries = 7;
  const auto failure = failure_of([&] { file.add(small_entries(10, 3), settings); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kSettings);
  EXPECT_EQ(file.info().entries, 5U);
  file.add(small_entries(10, 2), settings);
  EXPECT_EQ(file.info().entries, 7U);
}

TEST_F(KnowledgeChanges, MergesWhatIsNew) {
  KnowledgeBaseFile a = make("a", 400);
  KnowledgeBaseFile::create(path("b"), shared_header(), *small_quantiser());
  KnowledgeBaseFile b = open_to_write(path("b"));
  b.add(small_entries(390, 30), keep_all());
  AddSettings settings;
  settings.keep_vectors = true;
  const MergeResult result = a.merge(b, settings);
  EXPECT_EQ(result.dropped, 10U);
  EXPECT_EQ(result.added, 20U);
  EXPECT_EQ(a.info().entries, 420U);
  const auto merged = a.find(410, {true, true});
  const auto original = b.find(20, {true, true});
  EXPECT_EQ(merged->source, original->source);
  EXPECT_EQ(merged->label, original->label);
  EXPECT_EQ(merged->last_seen, original->last_seen);
  EXPECT_EQ(merged->sq8, original->sq8);
  EXPECT_EQ(merged->picture, original->picture);
  EXPECT_EQ(merged->content_hash, original->content_hash);
  a.verify();
  EXPECT_EQ(a.merge(b, settings).dropped, 30U);
}

TEST_F(KnowledgeChanges, OnlyWhatSharesCodebooksIsMerged) {
  KnowledgeBaseFile a = make("a", 4);
  KnowledgeBaseFile::create(path("b"), shared_header(), *train_quantiser(clustered_vectors(100, 16, 5, 99), 4, 4));
  KnowledgeBaseFile b = open_to_read(path("b"));
  const std::string before = dump(a);
  const auto failure = failure_of([&] { a.merge(b); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kWrongType);
  EXPECT_EQ(failure_of([&] { a.merge(a); })->kind, ErrorKind::kSettings);
  EXPECT_EQ(dump(a), before);
}

// More segments than are kept in memory at a time, touched in turns.
TEST_F(KnowledgeChanges, ManySegmentsInOneTransaction) {
  KnowledgeBaseFile::create(path(), shared_header(), *small_quantiser());
  KnowledgeBaseFile file = open_to_write(path());
  AddSettings codes_only;
  codes_only.near_duplicate = 1.0F;
  NewEntry entry;
  entry.code = small_quantiser()->encode(small_vector(0));
  file.add(std::vector<NewEntry>(70 * kSegmentEntries, entry), codes_only);
  std::vector<EntryId> scattered;
  for (EntryId round = 0; round < 3; ++round) {
    for (EntryId segment = 0; segment < 70; ++segment) scattered.push_back(segment * kSegmentEntries + 7 + round);
  }
  EXPECT_EQ(file.remove(scattered), scattered.size());
  file.verify();
  EXPECT_EQ(file.load()->size(), 70 * kSegmentEntries - scattered.size());
}

}  // namespace
}  // namespace crlsc
