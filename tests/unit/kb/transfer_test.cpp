// SPDX-License-Identifier: LGPL-2.1-or-later
// Entries on their way: serialised, in pieces, over channels that lose some, and pieces that nobody should send.
#include <algorithm>
#include <random>

#include "core/bitstream/semantic_unit.h"
#include "core/bitstream/unit.h"
#include "core/error.h"
#include "core/kb/entry_transfer.h"
#include "unit/kb/kb_testing.h"

namespace crlsc {
namespace {

constexpr size_t kUnlimited = SIZE_MAX;

TransferEntry entry_of(size_t picture, uint8_t seed = 1) {
  return {"scene " + std::to_string(seed), Bytes(16, seed), picture_of(picture, seed)};
}

bool same(const TransferEntry& a, const TransferEntry& b) {
  return a.label == b.label && a.code == b.code && a.picture == b.picture;
}

void add(EntrySender& sender, const TransferEntry& entry) { sender.add(name_of(entry), write_transfer(entry)); }

// The unit that comes next, after any pause; nothing if none does.
std::optional<Bytes> next_unit(EntrySender& sender) {
  Bytes out;
  sender.advance(1000);
  if (sender.next(out, kUnlimited, false) == 0) return std::nullopt;
  return out;
}

// Likewise; there is one.
struct SentPiece {
  size_t offset;
  bool asks;
};
SentPiece next_piece(EntrySender& sender) {
  const Bytes bytes = next_unit(sender).value();
  const AccessUnitView view = parse_access_unit(bytes);
  const KnowledgeUnit unit = parse_knowledge_unit(view.units.at(0).payload).value();
  return {unit.offset, unit.asks};
}

std::optional<TransferEntry> take_unit(EntryCollector& collector, const Bytes& unit) {
  const AccessUnitView view = parse_access_unit(unit);
  const auto piece = parse_knowledge_unit(view.units.at(0).payload);
  EXPECT_TRUE(piece);
  return collector.take(*piece);
}

KnowledgeUnit piece_of(const TransferEntry& entry, const Bytes& whole, size_t offset, size_t size) {
  return {name_of(entry), whole.size(), offset, ByteView(whole).sub(offset, size)};
}

// Serialised

TEST(TransferEntry, SurvivesWhateverIsAllowed) {
  for (const size_t code : {size_t{1}, kMaxSemanticCode}) {
    for (const size_t label : {size_t{0}, kMaxLabelSize}) {
      const TransferEntry entry{std::string(label, 'x'), Bytes(code, 5), picture_of(1000, 2)};
      const auto read = parse_transfer(write_transfer(entry));
      ASSERT_TRUE(read);
      EXPECT_TRUE(same(*read, entry));
      EXPECT_EQ(name_of(*read), name_of(content_hash(entry.code, entry.picture)));
    }
  }
}

TEST(TransferEntry, FaultsAreNamed) {
  const auto expect_fault = [](const TransferEntry& entry, const std::string& text) {
    const auto fault = transfer_fault(entry);
    ASSERT_TRUE(fault) << text;
    EXPECT_NE(fault->find(text), std::string::npos) << *fault;
    EXPECT_THROW(write_transfer(entry), Error);
  };
  TransferEntry entry = entry_of(1000);
  entry.label = "\n";
  expect_fault(entry, "label");
  entry = entry_of(1000);
  entry.code.clear();
  expect_fault(entry, "code");
  entry.code.resize(kMaxSemanticCode + 1);
  expect_fault(entry, "code");
  entry = entry_of(1000);
  entry.picture.clear();
  expect_fault(entry, "picture");
  expect_fault(entry_of(kMaxTransferSize), "transferred");
}

TEST(TransferEntry, CutShortIsNone) {
  const Bytes whole = write_transfer(entry_of(100));
  for (size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(parse_transfer(ByteView(whole).sub(0, size))) << size;
}

// Sender

TEST(EntrySender, SendsTwicePassesAndThenNothing) {
  EntrySender sender;
  const TransferEntry entry = entry_of(5000);
  add(sender, entry);
  for (int pass = 1; pass <= 2; ++pass) {
    EntryCollector collector;
    std::optional<TransferEntry> got;
    while (!got) {
      const auto unit = next_unit(sender);
      ASSERT_TRUE(unit);
      got = take_unit(collector, *unit);
    }
    EXPECT_TRUE(same(*got, entry));
    EXPECT_EQ(sender.passes(name_of(entry)), pass);
  }
  EXPECT_FALSE(next_unit(sender));
  EXPECT_EQ(sender.next_size(), 0U);
  sender.begin_anew();
  EXPECT_TRUE(next_unit(sender));
}

TEST(EntrySender, WaitsBetweenPasses) {
  EntrySender sender({200, 100, 10});
  add(sender, entry_of(100));
  Bytes out;
  EXPECT_GT(sender.next(out, kUnlimited, false), 0U);
  EXPECT_EQ(sender.next_size(), 0U);
  sender.advance(9);
  EXPECT_EQ(sender.next_size(), 0U);
  sender.advance(2);
  EXPECT_GT(sender.next(out, kUnlimited, false), 0U);
  sender.advance(19);
  EXPECT_EQ(sender.next_size(), 0U) << "twice as long";
  sender.advance(2);
  EXPECT_GT(sender.next(out, kUnlimited, false), 0U);
  sender.report({name_of(entry_of(100)), {{5, 1}}});
  EXPECT_GT(sender.next_size(), 0U) << "it knows what to send";
}

// The numbers of those that ask among the next units, up to the end of a pass.
std::vector<int> asking_units(EntrySender& sender, const PictureName& name) {
  std::vector<int> asking;
  const int passes = sender.passes(name);
  for (int number = 0; sender.passes(name) == passes; ++number) {
    if (next_piece(sender).asks) asking.push_back(number);
  }
  return asking;
}

TEST(EntrySender, AsksFirstAndLastAndInBetween) {
  EntrySender sender({100});
  const TransferEntry entry = entry_of(1970);
  const PictureName name = name_of(entry);
  add(sender, entry);
  EXPECT_EQ(asking_units(sender, name), (std::vector<int>{0, 8, 16, 17, 18, 19}));
  sender.report({name, {{0, 400}, {1500, 100}}});
  EXPECT_EQ(asking_units(sender, name), (std::vector<int>{2, 3, 4}));
}

TEST(EntrySender, AsksAgainWithOnePiece) {
  EntrySender sender({100, 2, 20});
  const TransferEntry entry = entry_of(1000);
  const PictureName name = name_of(entry);
  add(sender, entry);
  ASSERT_TRUE(next_unit(sender));
  sender.report({name, {{100, 920}}});
  while (sender.passes(name) == 0) ASSERT_TRUE(next_unit(sender));
  Bytes out;
  for (const double pause : {2.5, 5.0, 10.0}) {
    sender.advance(pause - 0.1);
    EXPECT_EQ(sender.next_size(), 0U) << pause;
    sender.advance(0.2);
    EXPECT_GT(sender.next(out, kUnlimited, false), 0U) << pause;
    EXPECT_EQ(sender.next(out, kUnlimited, false), 0U) << "it is not known to be missing";
  }
  const AccessUnitView view = parse_access_unit(out);
  ASSERT_EQ(view.units.size(), 3U);
  for (const UnitView& unit : view.units) EXPECT_TRUE(parse_knowledge_unit(unit.payload)->asks);
  sender.report({name, {{300, 100}, {500, 100}}});
  EXPECT_EQ(next_piece(sender).offset, 300U);
  EXPECT_EQ(next_piece(sender).offset, 500U);
}

TEST(EntrySender, GoesOnOnceThereWasAnAnswer) {
  EntrySender sender({4096});
  add(sender, entry_of(1000, 1));
  add(sender, entry_of(1000, 2));
  EXPECT_FALSE(sender.was_answered());
  sender.report({name_of(entry_of(1000, 2)), {}});
  EXPECT_TRUE(sender.was_answered());
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(next_unit(sender));
  sender.begin_anew();
  EXPECT_FALSE(sender.was_answered());
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(next_unit(sender));
  EXPECT_FALSE(next_unit(sender));
}

TEST(EntrySender, KeepsToTheBudget) {
  EntrySender sender({100});
  add(sender, entry_of(1000));
  Bytes out;
  EXPECT_EQ(sender.next(out, 20, false), 0U);
  EXPECT_TRUE(out.empty());
  for (size_t budget = 20; sender.next_size() > 0; budget = budget % 200 + 1) {
    const size_t before = out.size();
    const size_t size = sender.next(out, budget, false);
    EXPECT_LE(size, budget);
    EXPECT_EQ(out.size(), before + size);
  }
}

TEST(EntrySender, TakesTurnsBetweenEntries) {
  EntrySender sender({4096});
  const TransferEntry first = entry_of(1000, 1);
  const TransferEntry second = entry_of(1000, 2);
  add(sender, first);
  add(sender, second);
  for (const TransferEntry& expected : {first, second, first, second}) {
    EntryCollector collector;
    const auto got = take_unit(collector, next_unit(sender).value());
    ASSERT_TRUE(got);
    EXPECT_TRUE(same(*got, expected));
  }
  EXPECT_FALSE(next_unit(sender));
}

TEST(EntrySender, SendsOnlyWhatIsReportedAsMissing) {
  EntrySender sender({100});
  const TransferEntry entry = entry_of(1000);
  const PictureName name = name_of(entry);
  add(sender, entry);
  while (sender.passes(name) == 0) ASSERT_TRUE(next_unit(sender));
  sender.report({name, {{650, 50}, {100, 150}, {200, 20}}});
  std::vector<ByteRange> sent;
  while (sender.passes(name) == 1) {
    const Bytes bytes = next_unit(sender).value();
    const AccessUnitView view = parse_access_unit(bytes);
    const KnowledgeUnit unit = parse_knowledge_unit(view.units.at(0).payload).value();
    sent.push_back({unit.offset, unit.piece.size()});
  }
  EXPECT_EQ(sent, (std::vector<ByteRange>{{100, 100}, {200, 50}, {650, 50}}));
  EXPECT_FALSE(sender.is_held(name));
  sender.report({name, {}});
  EXPECT_TRUE(sender.is_held(name));
  EXPECT_FALSE(next_unit(sender));
}

TEST(EntrySender, WhatGotLostIsRepeatedAtOnceAndOnce) {
  EntrySender sender({100});
  const TransferEntry entry = entry_of(1000);
  add(sender, entry);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(next_unit(sender));
  // Two are lost, the last one has not arrived yet.
  const EntryReport report{name_of(entry), {{0, 100}, {200, 100}, {400, kMaxTransferSize}}};
  sender.report(report);
  EXPECT_EQ(next_piece(sender).offset, 0U);
  sender.report(report);
  EXPECT_EQ(next_piece(sender).offset, 200U);
  sender.report(report);
  EXPECT_EQ(next_piece(sender).offset, 500U);
}

TEST(EntrySender, AnyReportWillDo) {
  EntrySender sender({100});
  const TransferEntry entry = entry_of(300);
  const PictureName name = name_of(entry);
  add(sender, entry);
  sender.report({PictureName{}, {}});
  sender.report({name, {{SIZE_MAX, SIZE_MAX}, {299, SIZE_MAX}, {0, 0}, {10, 5}, {10, 5}}});
  EXPECT_FALSE(sender.is_held(name));
  for (int i = 0; i < 10000; ++i) {
    sender.report({name, {{0, SIZE_MAX}}});
    next_unit(sender);
  }
  EXPECT_TRUE(next_unit(sender)) << "it is still missing";
  sender.report({name, {{SIZE_MAX, 1}}});
  EXPECT_TRUE(sender.is_held(name));
}

// Single bytes all over what was sent: not one is repeated more than once in a pass.
TEST(EntrySender, ManyGapsAreRepeatedOnce) {
  EntrySender sender({10});
  const TransferEntry entry = entry_of(3000);
  add(sender, entry);
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(next_unit(sender));
  std::vector<size_t> repeated;
  for (size_t i = 0; i < 180; ++i) {
    const size_t gap = i * 7919 % 2000;
    sender.report({name_of(entry), {{gap, 1}, {1999, kMaxTransferSize}}});
    const size_t offset = next_piece(sender).offset;
    if (offset < 2000) repeated.push_back(offset);
  }
  EXPECT_GT(repeated.size(), 50U);
  std::sort(repeated.begin(), repeated.end());
  EXPECT_EQ(std::unique(repeated.begin(), repeated.end()), repeated.end());
}

TEST(EntrySender, RefusesWhatCannotBeSent) {
  EXPECT_THROW(EntrySender({0}), Error);
  EXPECT_THROW(EntrySender({32769}), Error);
  EntrySender sender;
  EXPECT_THROW(sender.add({}, {}), Error);
  EXPECT_THROW(sender.add({}, Bytes(kMaxTransferSize + 1)), Error);
  EXPECT_FALSE(next_unit(sender));
  add(sender, entry_of(300));
  sender.remove(name_of(entry_of(300)));
  EXPECT_FALSE(next_unit(sender));
}

// Loss

// How many units it takes until an entry is there, with or without reports where they are asked for; 0: never.
int units_needed(double loss, bool reports, uint32_t seed) {
  std::mt19937 random(seed);
  const auto lost = [&] { return std::uniform_real_distribution<>()(random) < loss; };
  EntrySender sender({200, 100});
  EntryCollector collector;
  const TransferEntry entry = entry_of(20000);
  add(sender, entry);
  for (int units = 1;; ++units) {
    const auto unit = next_unit(sender);
    if (!unit) return 0;
    if (lost()) continue;
    if (const auto got = take_unit(collector, *unit)) return same(*got, entry) ? units : 0;
    const AccessUnitView view = parse_access_unit(*unit);
    if (!reports || !parse_knowledge_unit(view.units.at(0).payload)->asks || lost()) continue;
    sender.report(collector.report(name_of(entry), kMostReportRanges).value());
  }
}

TEST(EntryTransfer, ArrivesInSpiteOfLosses) {
  const int pieces = units_needed(0, false, 1);
  EXPECT_EQ(pieces, 101);
  for (const double loss : {0.1, 0.5}) {
    int blind = 0;
    int told = 0;
    for (uint32_t seed = 1; seed <= 20; ++seed) {
      for (const bool reports : {false, true}) {
        const int units = units_needed(loss, reports, seed);
        EXPECT_GT(units, pieces * 0.9) << loss << ' ' << seed;
        (reports ? told : blind) += units;
        EXPECT_TRUE(!reports || loss > 0.1 || units < pieces * 1.5)
            << units << " with loss " << loss << ", seed " << seed;
      }
    }
    EXPECT_LT(told * 3, blind * 2) << loss;
  }
}

TEST(EntryTransfer, AnyOrderAndTwice) {
  const TransferEntry entry = entry_of(3000);
  const Bytes whole = write_transfer(entry);
  std::vector<size_t> offsets;
  for (size_t at = 0; at < whole.size(); at += 50) offsets.insert(offsets.end(), 2, at);
  std::mt19937 random(3);
  std::shuffle(offsets.begin(), offsets.end(), random);
  EntryCollector collector;
  int complete = 0;
  for (const size_t at : offsets) {
    // Of changing sizes, so that they overlap.
    if (const auto got = collector.take(piece_of(entry, whole, at, 50 + random() % 100))) {
      EXPECT_TRUE(same(*got, entry));
      ++complete;
    }
  }
  EXPECT_EQ(complete, 1);
}

// Collector

TEST(EntryCollector, ReportsWhatIsMissing) {
  const TransferEntry entry = entry_of(1000);
  const PictureName name = name_of(entry);
  const Bytes whole = write_transfer(entry);
  EntryCollector collector;
  EXPECT_FALSE(collector.report(name, 8));
  for (const size_t at : {100, 300, 500}) collector.take(piece_of(entry, whole, at, 100));
  const auto all = collector.report(name, 8);
  ASSERT_TRUE(all);
  EXPECT_EQ(all->missing, (std::vector<ByteRange>{{0, 100}, {200, 100}, {400, 100}, {600, whole.size() - 600}}));
  EXPECT_EQ(collector.report(name, 4)->missing, all->missing);
  EXPECT_EQ(collector.report(name, 2)->missing, (std::vector<ByteRange>{{0, 100}, {200, whole.size() - 200}}));
  collector.take(piece_of(entry, whole, 600, whole.size()));
  EXPECT_EQ(collector.report(name, 2)->missing, (std::vector<ByteRange>{{0, 100}, {200, 300}}));
  EXPECT_EQ(collector.report(name, 1)->missing, (std::vector<ByteRange>{{0, 500}}));
}

TEST(EntryCollector, AWrongEntryIsDroppedAndBeginsAnew) {
  const TransferEntry entry = entry_of(1000);
  const Bytes whole = write_transfer(entry);
  Bytes wrong = whole;
  wrong[700] ^= 1;
  EntryCollector collector;
  EXPECT_FALSE(collector.take(piece_of(entry, wrong, 600, whole.size())));
  EXPECT_FALSE(collector.take(piece_of(entry, whole, 0, 600)));
  EXPECT_EQ(collector.refused(), 1U);
  EXPECT_EQ(collector.entries(), 0U);
  EXPECT_FALSE(collector.take(piece_of(entry, whole, 0, 600)));
  EXPECT_TRUE(collector.take(piece_of(entry, whole, 600, whole.size())));
}

TEST(EntryCollector, TheNameHasToBeThatOfTheContents) {
  const Bytes whole = write_transfer(entry_of(1000, 1));
  EntryCollector collector;
  EXPECT_FALSE(collector.take(piece_of(entry_of(1000, 2), whole, 0, whole.size())));
  EXPECT_EQ(collector.refused(), 1U);
}

TEST(EntryCollector, AnotherSizeBeginsAnew) {
  const TransferEntry entry = entry_of(1000);
  const Bytes whole = write_transfer(entry);
  const Bytes longer(whole.size() + 10);
  EntryCollector collector;
  collector.take(piece_of(entry, whole, 0, 600));
  collector.take({name_of(entry), longer.size(), 0, ByteView(longer).sub(0, 10)});
  EXPECT_EQ(collector.entries(), 1U);
  EXPECT_EQ(collector.bytes(), longer.size());
  EXPECT_FALSE(collector.take(piece_of(entry, whole, 600, whole.size())));
  EXPECT_TRUE(collector.take(piece_of(entry, whole, 0, 600)));
}

TEST(EntryCollector, HoldsABoundedNumberOfEntriesAndBytes) {
  const uint8_t byte[] = {7};
  EntryCollector collector({3, 100000});
  const auto begin = [&](uint8_t name, size_t size) {
    collector.take({PictureName{name}, size, 0, ByteView(byte, 1)});
    EXPECT_LE(collector.entries(), 3U);
    EXPECT_LE(collector.bytes(), 100000U);
    return collector.report(PictureName{name}, 1).has_value();
  };
  for (uint8_t i = 1; i <= 5; ++i) EXPECT_TRUE(begin(i, 1000));
  EXPECT_FALSE(collector.report(PictureName{2}, 1)) << "the oldest ones go";
  EXPECT_TRUE(begin(3, 1000)) << "grows";
  EXPECT_TRUE(begin(6, 1000));
  EXPECT_TRUE(collector.report(PictureName{3}, 1));
  EXPECT_FALSE(collector.report(PictureName{4}, 1));
  EXPECT_TRUE(begin(7, 100000));
  EXPECT_EQ(collector.entries(), 1U);
  EXPECT_FALSE(begin(8, 100001)) << "too large";
  EXPECT_TRUE(collector.report(PictureName{7}, 1)) << "nothing has to go for what is too large";
  collector.forget(PictureName{7});
  EXPECT_EQ(collector.bytes(), 0U);
}

}  // namespace
}  // namespace crlsc
