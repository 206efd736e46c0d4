// SPDX-License-Identifier: LGPL-2.1-or-later
// The way of entries through a stream, in pieces that may get lost (docs/architecture.md, section "Sharing entries").
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <vector>

#include "core/bitstream/knowledge_unit.h"
#include "core/kb/entry_report.h"
#include "core/kb/transfer_entry.h"

namespace crlsc {

struct EntrySenderSettings {
  size_t piece_size = 128;  // most bytes of a piece, 1..32768
  int passes = 2;           // through an entry, as long as no receiver says anything
  double pause = 10;        // seconds between the first two; twice as long each time, up to 64 times
};

// Cuts entries into pieces, one entry after the other, and repeats those that receivers may lack. Some pieces ask for a
// report: the first one, since whoever answers need not be sent everything twice; one of eight; the last three of each
// pass through an entry, as some may get lost. In the first pass, what a report lacks before the last byte that came is
// repeated at once. Behind each pass it waits for a report. Once there was any, it goes on until receivers have
// everything: without news, an eighth of the pause later, with a single piece that asks again.
class EntrySender {
 public:
  explicit EntrySender(EntrySenderSettings settings = {});

  // `transfer` is what write_transfer() gives. What is there already stays as it is. Throws Error(kSettings) if it is
  // empty or too large.
  void add(const PictureName& name, Bytes transfer);
  void remove(const PictureName& name);
  bool contains(const PictureName& name) const { return find(name) != entries_.end(); }

  // Any report will do. Bytes that are missing no longer are left out from now on. What was repeated already in this
  // pass, or may still be on its way, is not repeated before the next one: the report may not know of it yet.
  void report(const EntryReport& report);
  // Some receiver has come late or forgotten what it had: as if nothing had been sent or reported.
  void begin_anew();

  void advance(double seconds);
  // For all pieces from now on; as EntrySenderSettings::piece_size.
  void set_piece_size(size_t bytes);

  // Whether a receiver has said that it has all of the entry.
  bool is_held(const PictureName& name) const;
  // Whether any receiver has reported anything.
  bool was_answered() const { return answered_; }
  // How often all of the entry was sent, or what was missing of it, or a piece that asks. 0 if it is not there.
  int passes(const PictureName& name) const;

  // Bytes that the next unit takes, at most; 0 if there is nothing to send.
  size_t next_size() const;
  // Appends the next unit if it takes at most `budget` bytes. Returns what it took, or 0.
  size_t next(Bytes& out, size_t budget, bool key);

 private:
  struct Entry {
    PictureName name{};
    Bytes bytes;
    std::vector<ByteRange> missing;  // at the receiver, as far as anybody knows
    std::vector<ByteRange> to_send;  // in this pass
    std::vector<ByteRange> resent;   // in the first pass, or about to be
    int passes = 0;
    bool unanswered = false;  // no report has come since the end of a pass
    int until_ask = 0;        // pieces
    double pause = 0;         // seconds to go
  };
  using Entries = std::list<Entry>;

  Entries::const_iterator find(const PictureName& name) const;
  Entries::iterator find(const PictureName& name);
  bool is_due(const Entry& entry) const;
  // The entry that the next piece is of; null if there is none.
  const Entry* next_entry() const;
  // Whether the next piece of it only asks for a report that did not come.
  bool only_asks(const Entry& entry) const { return answered_ && entry.unanswered; }
  static void resend_lost(Entry& entry);
  void end_pass(Entry& entry) const;

  EntrySenderSettings settings_;
  Entries entries_;  // in the order in which they are sent; one that was sent goes to the end
  bool answered_ = false;
};

struct EntryCollectorLimits {
  size_t entries = 4;                   // at a time
  size_t bytes = 4 * kMaxTransferSize;  // of all of them
};

// Puts entries together again. Takes whatever comes: in any order, twice, from strangers. Beyond its limits it forgets
// the entry that has grown least recently.
class EntryCollector {
 public:
  explicit EntryCollector(EntryCollectorLimits limits = {}) : limits_(limits) {}

  // The entry that this piece, as parse_knowledge_unit() gives it, completes, if it is the one that its name says. If
  // it is another one, all of it is forgotten.
  std::optional<TransferEntry> take(const KnowledgeUnit& unit);

  // What is missing of an entry, in order, in at most `most` (1 or more) ranges: the last one may hold bytes that came.
  // Nothing if no piece of it is here.
  std::optional<EntryReport> report(const PictureName& name, size_t most) const;
  void forget(const PictureName& name);

  size_t entries() const { return entries_.size(); }
  size_t bytes() const;                          // of all entries that have begun
  uint64_t refused() const { return refused_; }  // entries that were complete and wrong

 private:
  struct Entry {
    PictureName name{};
    Bytes bytes;
    std::vector<bool> here;  // for each byte
    size_t left = 0;         // bytes that are missing
  };
  using Entries = std::list<Entry>;

  // The entry that the piece belongs to, made if necessary, as the first of all; null if it is too large.
  Entry* open(const KnowledgeUnit& unit);

  EntryCollectorLimits limits_;
  Entries entries_;  // the one that has grown most recently first
  uint64_t refused_ = 0;
};

}  // namespace crlsc
