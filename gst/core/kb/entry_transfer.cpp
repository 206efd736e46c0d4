// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/kb/entry_transfer.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "core/error.h"

namespace crlsc {
namespace {

constexpr size_t kMaxPieceSize = 32768;
constexpr double kLongestPause = 64;
constexpr double kAnsweredPause = 0.125;  // of the pause, where a report is to be expected
constexpr int kPiecesPerAsk = 8;          // a report has room for as many gaps as they may leave
constexpr size_t kMostResent = 64;        // ranges to keep in mind: strangers report what they like
constexpr size_t kLastAsks = 3;

template <class Entries>
auto find_name(Entries& entries, const PictureName& name) {
  return std::find_if(entries.begin(), entries.end(), [&name](const auto& entry) { return entry.name == name; });
}

std::vector<ByteRange> all_of(const Bytes& bytes) { return {{0, bytes.size()}}; }

// In order, within `size` bytes, without gaps of no bytes between them.
std::vector<ByteRange> tidy(std::vector<ByteRange> ranges, size_t size) {
  std::sort(ranges.begin(), ranges.end(), [](const ByteRange& a, const ByteRange& b) { return a.offset < b.offset; });
  std::vector<ByteRange> out;
  for (const ByteRange& range : ranges) {
    if (range.offset >= size) break;
    const size_t end = range.offset + std::min(range.size, size - range.offset);
    const size_t last = out.empty() ? 0 : out.back().offset + out.back().size;
    const size_t begin = std::max(range.offset, last);
    if (end <= begin) continue;
    if (!out.empty() && begin == last) {
      out.back().size += end - begin;
    } else {
      out.push_back({begin, end - begin});
    }
  }
  return out;
}

// Both tidy.
std::vector<ByteRange> common(const std::vector<ByteRange>& a, const std::vector<ByteRange>& b) {
  std::vector<ByteRange> out;
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const size_t a_end = a[i].offset + a[i].size;
    const size_t b_end = b[j].offset + b[j].size;
    const size_t begin = std::max(a[i].offset, b[j].offset);
    const size_t end = std::min(a_end, b_end);
    if (begin < end) out.push_back({begin, end - begin});
    a_end < b_end ? ++i : ++j;
  }
  return out;
}

// Both tidy; what of `a` is not in `b`.
std::vector<ByteRange> without(const std::vector<ByteRange>& a, const std::vector<ByteRange>& b) {
  std::vector<ByteRange> out;
  for (const ByteRange& range : a) {
    size_t begin = range.offset;
    const size_t end = range.offset + range.size;
    for (const ByteRange& hole : b) {
      if (hole.offset + hole.size <= begin || hole.offset >= end) continue;
      if (hole.offset > begin) out.push_back({begin, hole.offset - begin});
      begin = hole.offset + hole.size;
    }
    if (begin < end) out.push_back({begin, end - begin});
  }
  return out;
}

std::vector<ByteRange> united(std::vector<ByteRange> a, const std::vector<ByteRange>& b, size_t size) {
  a.insert(a.end(), b.begin(), b.end());
  return tidy(std::move(a), size);
}

size_t pieces_in(const std::vector<ByteRange>& ranges, size_t piece) {
  size_t sum = 0;
  for (const ByteRange& range : ranges) sum += (range.size + piece - 1) / piece;
  return sum;
}

size_t unit_size_at_most(size_t piece) { return piece + kKnowledgeUnitOverhead; }

}  // namespace

EntrySender::EntrySender(EntrySenderSettings settings) : settings_(settings) { set_piece_size(settings.piece_size); }

void EntrySender::set_piece_size(size_t bytes) {
  if (bytes == 0 || bytes > kMaxPieceSize) {
    throw Error(ErrorKind::kSettings, "pieces of entries have 1 to " + std::to_string(kMaxPieceSize) + " bytes, not " +
                                          std::to_string(bytes));
  }
  settings_.piece_size = bytes;
}

EntrySender::Entries::const_iterator EntrySender::find(const PictureName& name) const {
  return find_name(entries_, name);
}

EntrySender::Entries::iterator EntrySender::find(const PictureName& name) { return find_name(entries_, name); }

void EntrySender::add(const PictureName& name, Bytes transfer) {
  if (transfer.empty() || transfer.size() > kMaxTransferSize) {
    throw Error(ErrorKind::kSettings, "an entry of " + std::to_string(transfer.size()) +
                                          " bytes cannot be sent: 1 to " + std::to_string(kMaxTransferSize) + " can");
  }
  if (contains(name)) return;
  Entry entry;
  entry.name = name;
  entry.missing = entry.to_send = all_of(transfer);
  entry.bytes = std::move(transfer);
  entries_.push_back(std::move(entry));
}

void EntrySender::remove(const PictureName& name) {
  const auto found = find(name);
  if (found != entries_.end()) entries_.erase(found);
}

// Pieces go in the order of their bytes: the gaps before one that came are lost, what is behind may be on its way.
void EntrySender::resend_lost(Entry& entry) {
  const size_t size = entry.bytes.size();
  std::vector<ByteRange> lost = entry.missing;
  if (!lost.empty() && lost.back().offset + lost.back().size == size) lost.pop_back();
  lost = without(without(lost, entry.to_send), entry.resent);
  entry.to_send = united(entry.to_send, lost, size);
  entry.resent = united(entry.resent, lost, size);
  if (entry.resent.size() <= kMostResent) return;
  const size_t begin = entry.resent.front().offset;
  entry.resent = {{begin, entry.resent.back().offset + entry.resent.back().size - begin}};
}

void EntrySender::report(const EntryReport& report) {
  answered_ = true;
  const auto entry = find(report.name);
  if (entry == entries_.end()) return;
  entry->missing = tidy(report.missing, entry->bytes.size());
  entry->to_send = common(entry->to_send, entry->missing);
  if (entry->passes == 0) resend_lost(*entry);
  if (entry->to_send.empty()) end_pass(*entry);
  entry->unanswered = false;
  entry->pause = 0;
}

void EntrySender::begin_anew() {
  for (Entry& entry : entries_) {
    entry.missing = entry.to_send = all_of(entry.bytes);
    entry.resent.clear();
    entry.passes = entry.until_ask = 0;
    entry.unanswered = false;
    entry.pause = 0;
  }
  answered_ = false;
}

void EntrySender::advance(double seconds) {
  for (Entry& entry : entries_) entry.pause = std::max(0.0, entry.pause - seconds);
}

bool EntrySender::is_held(const PictureName& name) const {
  const auto entry = find(name);
  return entry != entries_.end() && entry->missing.empty();
}

int EntrySender::passes(const PictureName& name) const {
  const auto entry = find(name);
  return entry == entries_.end() ? 0 : entry->passes;
}

bool EntrySender::is_due(const Entry& entry) const {
  return !entry.missing.empty() && entry.pause <= 0 && (answered_ || entry.passes < settings_.passes);
}

const EntrySender::Entry* EntrySender::next_entry() const {
  const auto due = [this](const Entry& entry) { return is_due(entry); };
  const auto found = std::find_if(entries_.begin(), entries_.end(), due);
  return found == entries_.end() ? nullptr : &*found;
}

void EntrySender::end_pass(Entry& entry) const {
  const double first = settings_.pause * (answered_ ? kAnsweredPause : 1);
  entry.pause = first * std::min(kLongestPause, std::exp2(entry.passes));
  ++entry.passes;
  entry.to_send = entry.missing;
  entry.resent.clear();
  entry.unanswered = true;
}

size_t EntrySender::next_size() const {
  const Entry* entry = next_entry();
  return entry == nullptr ? 0 : unit_size_at_most(std::min(settings_.piece_size, entry->to_send.front().size));
}

size_t EntrySender::next(Bytes& out, size_t budget, bool key) {
  const Entry* due = next_entry();
  if (due == nullptr || next_size() > budget) return 0;
  const auto entry = find(due->name);
  ByteRange& range = entry->to_send.front();
  const size_t size = std::min(settings_.piece_size, range.size);
  const size_t before = out.size();
  const size_t left = pieces_in(entry->to_send, settings_.piece_size);
  const bool ends = left == 1 || only_asks(*entry);
  const bool asks = ends || left <= kLastAsks || entry->until_ask == 0;
  entry->until_ask = asks ? kPiecesPerAsk - 1 : entry->until_ask - 1;
  const ByteView piece = ByteView(entry->bytes).sub(range.offset, size);
  append_knowledge_unit(out, {entry->name, entry->bytes.size(), range.offset, piece, asks}, key);
  range.offset += size;
  range.size -= size;
  if (range.size == 0) entry->to_send.erase(entry->to_send.begin());
  if (ends) {
    end_pass(*entry);
    entries_.splice(entries_.end(), entries_, entry);
  }
  return out.size() - before;
}

size_t EntryCollector::bytes() const {
  size_t sum = 0;
  for (const Entry& entry : entries_) sum += entry.bytes.size();
  return sum;
}

void EntryCollector::forget(const PictureName& name) {
  const auto found = find_name(entries_, name);
  if (found != entries_.end()) entries_.erase(found);
}

EntryCollector::Entry* EntryCollector::open(const KnowledgeUnit& unit) {
  if (limits_.entries == 0 || unit.size > limits_.bytes) return nullptr;
  const auto found = find_name(entries_, unit.name);
  if (found != entries_.end() && found->bytes.size() == unit.size) {
    entries_.splice(entries_.begin(), entries_, found);
    return &entries_.front();
  }
  if (found != entries_.end()) entries_.erase(found);
  while (entries_.size() >= limits_.entries || bytes() > limits_.bytes - unit.size) entries_.pop_back();
  entries_.push_front({unit.name, Bytes(unit.size), std::vector<bool>(unit.size), unit.size});
  return &entries_.front();
}

std::optional<TransferEntry> EntryCollector::take(const KnowledgeUnit& unit) {
  Entry* entry = open(unit);
  if (entry == nullptr) return std::nullopt;
  for (size_t i = 0; i < unit.piece.size(); ++i) {
    const size_t at = unit.offset + i;
    if (entry->here[at]) continue;
    entry->here[at] = true;
    entry->bytes[at] = unit.piece[i];
    --entry->left;
  }
  if (entry->left > 0) return std::nullopt;
  auto whole = parse_transfer(entry->bytes);
  entries_.pop_front();
  if (whole && name_of(*whole) == unit.name) return whole;
  ++refused_;
  return std::nullopt;
}

std::optional<EntryReport> EntryCollector::report(const PictureName& name, size_t most) const {
  const auto entry = find_name(entries_, name);
  if (entry == entries_.end()) return std::nullopt;
  EntryReport report{name, {}};
  const std::vector<bool>& here = entry->here;
  for (auto at = here.begin(); report.missing.size() < most;) {
    const auto begin = std::find(at, here.end(), false);
    if (begin == here.end()) break;
    at = std::find(begin, here.end(), true);
    report.missing.push_back({static_cast<size_t>(begin - here.begin()), static_cast<size_t>(at - begin)});
  }
  const auto last = std::find(here.rbegin(), here.rend(), false);
  ByteRange& range = report.missing.back();
  if (report.missing.size() == most) range.size = static_cast<size_t>(here.rend() - last) - range.offset;
  return report;
}

}  // namespace crlsc
