// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/bitstream/byte_stream.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

#include "core/bitstream/byte_io.h"
#include "core/bitstream/crc.h"
#include "core/error.h"

namespace crlsc {
namespace {

using Kind = ByteStreamItem::Kind;

constexpr std::array<uint8_t, 10> kMagic = {0x9C, 'C', 'R', 'L', 'S', 'C', 0x0D, 0x0A, 0x1A, 0x0A};
constexpr std::array<uint8_t, 2> kSync = {0xE4, 0x9B};
constexpr size_t kCrcBytes = 2;
constexpr int kHeadSizeBytes = 2;
constexpr size_t kMaxHeadPayload = 1023;
constexpr int kSizeBytes = 3;
constexpr int kDurationBytes = 4;
constexpr int kTimeBits = 24;  // of a record
constexpr uint64_t kTimeMask = (uint64_t{1} << kTimeBits) - 1;
constexpr uint64_t kHeadTimeMask = (uint64_t{1} << 48) - 1;
constexpr uint32_t kMaxTimescale = 1000000;
constexpr uint32_t kMaxDuration = (uint32_t{1} << 28) - 1;
constexpr uint32_t kMaxRatio = INT32_MAX;

// The second byte of a record.
constexpr int kKindShift = 6;
constexpr unsigned kKindAccessUnit = 0;
constexpr unsigned kKindMissing = 1;
constexpr unsigned kKeyBit = 1U << 5;
constexpr unsigned kDiscontinuityBit = 1U << 4;
constexpr unsigned kDurationBit = 1U << 3;

ByteStreamItem item(Kind kind, size_t size) {
  ByteStreamItem out;
  out.kind = kind;
  out.size = size;
  return out;
}

// Whether `bytes`, as far as they go, begin as `pattern` does.
template <size_t N>
bool may_begin(ByteView bytes, const std::array<uint8_t, N>& pattern) {
  return std::memcmp(bytes.data(), pattern.data(), std::min(N, bytes.size())) == 0;
}

// More bytes decide, unless there are none.
std::optional<ByteStreamItem> more(size_t size, bool last) {
  if (last) return std::nullopt;
  return item(Kind::kMore, size);
}

bool crc_fits(ByteView bytes, size_t covered) {
  return crc16(bytes.sub(0, covered)) == (bytes[covered] << 8 | bytes[covered + 1]);
}

// Nothing if there is none that makes sense. Throws Error(kWrongType).
std::optional<SequenceHeader> read_sequence_header(const AccessUnitView& access_unit) {
  const UnitView* unit = access_unit.sequence_header();
  if (unit == nullptr) return std::nullopt;
  try {
    return parse_sequence_header(unit->payload);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kWrongType) throw;
    return std::nullopt;
  }
}

uint64_t read_time(ByteReader& reader) {
  const uint64_t high = reader.u24();
  return high << 24 | reader.u24();
}

// The payload of a head. Throws Error(kCorrupt) or Error(kWrongType).
ByteStreamHead parse_head(ByteView payload) {
  ByteReader reader(payload);
  const int version = reader.u8();
  if (version != kByteStreamVersion) {
    throw Error(ErrorKind::kWrongType, "the byte stream has version " + std::to_string(version) +
                                           ", this reader knows version " + std::to_string(kByteStreamVersion));
  }
  ByteStreamHead head;
  head.timescale = reader.u24();
  head.time = read_time(reader);
  const uint32_t num = reader.leb128();
  const uint32_t den = reader.leb128();
  if (head.timescale < kTicksPerSecond || head.timescale > kMaxTimescale || num > kMaxRatio || den > kMaxRatio ||
      den == 0) {
    throw Error(ErrorKind::kCorrupt, "a head of the byte stream has a field out of range");
  }
  head.pixel_aspect_ratio = {static_cast<int>(num), static_cast<int>(den)};
  const AccessUnitView units = parse_access_unit(reader.rest());
  const auto sequence = read_sequence_header(units);
  if (!sequence) throw Error(ErrorKind::kCorrupt, "a head of the byte stream lacks the sequence header");
  head.sequence = *sequence;
  return head;
}

struct HeadFrame {
  size_t size = 0;  // of the head, or how much has to be there to tell
  bool complete = false;
  ByteView payload;
};

// Nothing if no head can begin here. The checksum is looked at as soon as all is there.
std::optional<HeadFrame> frame_head(ByteView bytes) {
  if (!may_begin(bytes, kMagic)) return std::nullopt;
  const size_t least = kMagic.size() + 1;
  if (bytes.size() < least) return HeadFrame{least, false, {}};
  const auto size = read_leb128(bytes.sub(kMagic.size()), kHeadSizeBytes);
  if (!size && bytes.size() < kMagic.size() + kHeadSizeBytes) return HeadFrame{bytes.size() + 1, false, {}};
  if (!size || size->value > kMaxHeadPayload) return std::nullopt;
  const size_t start = kMagic.size() + size->size;
  const size_t covered = start + size->value;
  if (bytes.size() < covered + kCrcBytes) return HeadFrame{covered + kCrcBytes, false, {}};
  if (!crc_fits(bytes, covered)) return std::nullopt;
  return HeadFrame{covered + kCrcBytes, true, bytes.sub(start, size->value)};
}

}  // namespace

std::optional<uint32_t> nominal_duration(const SequenceHeader& sequence, uint32_t timescale) {
  if (sequence.framerate_num == 0) return std::nullopt;
  const uint64_t num = sequence.framerate_num;
  const uint64_t ticks = (uint64_t{timescale} * sequence.framerate_den + num / 2) / num;
  if (ticks > kMaxDuration) return std::nullopt;
  return static_cast<uint32_t>(ticks);
}

// Scanner

std::optional<ByteStreamItem> ByteStreamScanner::read_head(ByteView bytes, bool last) {
  const auto frame = frame_head(bytes);
  if (!frame) return std::nullopt;
  if (!frame->complete) return more(frame->size, last);
  try {
    head_ = parse_head(frame->payload);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kWrongType) return std::nullopt;
    if (!begun_) throw;
    foreign_ = error.what();
    return item(Kind::kForeign, frame->size);
  }
  begun_ = true;
  foreign_.clear();
  time_ = head_->time;
  return item(Kind::kHead, frame->size);
}

std::optional<ByteStreamItem> ByteStreamScanner::read_record(ByteView bytes, bool last) {
  if (!may_begin(bytes, kSync)) return std::nullopt;
  size_t at = kSync.size() + 1 + kTimeBits / 8;
  if (bytes.size() <= at) return more(at + 1 + kCrcBytes, last);
  const unsigned flags = bytes[kSync.size()];
  int most = 0;  // bytes of the number that was read last
  const auto number = [&](int max_bytes) {
    most = max_bytes;
    const auto leb = read_leb128(bytes.sub(at), max_bytes);
    if (leb) at += leb->size;
    return leb;
  };
  const auto duration = (flags & kDurationBit) != 0 ? number(kDurationBytes) : Leb128{};
  const auto size = duration ? number(kSizeBytes) : std::nullopt;
  // Only the end of the bytes can cut a number off: otherwise it is too long.
  if (!size && bytes.size() < at + static_cast<size_t>(most)) return more(bytes.size() + 1, last);
  if (!size) return std::nullopt;
  if (bytes.size() < at + kCrcBytes) return more(at + kCrcBytes, last);
  if (!crc_fits(bytes, at)) return std::nullopt;
  const size_t start = at + kCrcBytes;
  if (bytes.size() - start < size->value) return more(start + size->value, last);

  if (!foreign_.empty()) return item(Kind::kForeign, start + size->value);
  begun_ = true;
  const unsigned kind = flags >> kKindShift;
  ByteStreamItem out = item(kind == kKindAccessUnit ? Kind::kAccessUnit
                            : kind == kKindMissing  ? Kind::kMissing
                                                    : Kind::kReserved,
                            start + size->value);
  out.key = (flags & kKeyBit) != 0;
  out.discontinuity = (flags & kDiscontinuityBit) != 0;
  out.payload = bytes.sub(start, size->value);
  // The time nearest to the one before whose low bits are these.
  const uint64_t low = uint64_t{bytes[3]} << 16 | uint64_t{bytes[4]} << 8 | bytes[5];
  const uint64_t ahead = (low - time_) & kTimeMask;
  const uint64_t behind = kTimeMask + 1 - ahead;
  time_ = ahead <= kTimeMask / 2 || time_ < behind ? time_ + ahead : time_ - behind;
  out.time = time_;
  if ((flags & kDurationBit) != 0) {
    out.duration = duration->value;
  } else if (head_) {
    out.duration = nominal_duration(head_->sequence, head_->timescale);
  }
  return out;
}

std::optional<ByteStreamItem> ByteStreamScanner::at_start(ByteView bytes, bool last) {
  auto found = read_record(bytes, last);
  return found ? found : read_head(bytes, last);
}

// Without consequences. A head of another version is something, too.
bool ByteStreamScanner::may_start(ByteView bytes, bool last) const {
  ByteStreamScanner copy = *this;
  try {
    return copy.at_start(bytes, last).has_value();
  } catch (const Error&) {
    return true;
  }
}

ByteStreamItem ByteStreamScanner::next(ByteView bytes, bool last) {
  if (bytes.empty()) return item(Kind::kMore, 1);
  if (const auto found = at_start(bytes, last)) return *found;
  // Garbage ends where something may begin; what it is, is for the next call to say.
  size_t end = 1;
  for (; end < bytes.size(); ++end) {
    if (bytes[end] != kSync[0] && bytes[end] != kMagic[0]) continue;
    const ByteView rest = bytes.sub(end);
    if (may_start(rest, last)) break;
  }
  return item(Kind::kGarbage, end);
}

// Reader

void ByteStreamReader::push(ByteView bytes) {
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<ptrdiff_t>(begin_));
  begin_ = 0;
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

std::optional<ByteStreamItem> ByteStreamReader::next() {
  while (true) {
    const ByteView rest = ByteView(buffer_).sub(begin_);
    if (rest.empty() || (rest.size() < wanted_ && !finished_)) return std::nullopt;
    const ByteStreamItem found = scanner_.next(rest, finished_);
    if (found.kind == Kind::kMore) {
      wanted_ = found.size;
      return std::nullopt;
    }
    wanted_ = 1;
    if (found.kind == Kind::kHead || !behind_head_) entry_ = consumed_;
    has_head_ = std::exchange(behind_head_, found.kind == Kind::kHead);
    begin_ += found.size;
    consumed_ += found.size;
    if (found.kind == Kind::kGarbage || found.kind == Kind::kForeign) skipped_ += found.size;
    if (found.kind == Kind::kAccessUnit || found.kind == Kind::kMissing) return found;
  }
}

// Writer

struct ByteStreamWriter::Record {
  unsigned kind = kKindAccessUnit;
  bool key = false;
  bool discontinuity = false;
  uint64_t time = 0;
  std::optional<uint32_t> duration;
  ByteView payload;
};

void ByteStreamWriter::set_sequence(const SequenceHeader& sequence) {
  if (sequence_ && *sequence_ == sequence) return;
  sequence_ = sequence;
  head_due_ = true;
}

void ByteStreamWriter::set_pixel_aspect_ratio(const PixelAspectRatio& ratio) {
  if (ratio.num == ratio_.num && ratio.den == ratio_.den) return;
  ratio_ = ratio;
  head_due_ = true;
}

bool ByteStreamWriter::ready(ByteView access_unit) const {
  return sequence_ || read_sequence_header(parse_access_unit(access_unit));
}

bool ByteStreamWriter::write(Bytes& out, ByteView access_unit, uint64_t time, std::optional<uint32_t> duration,
                             bool discontinuity) {
  const AccessUnitView units = parse_access_unit(access_unit);
  if (const auto sequence = read_sequence_header(units)) set_sequence(*sequence);
  Record record;
  record.key = units.key().value_or(false);
  record.discontinuity = discontinuity;
  record.time = time;
  record.duration = duration;
  record.payload = access_unit;
  return write_record(out, record);
}

void ByteStreamWriter::write_missing(Bytes& out, uint64_t time, std::optional<uint32_t> duration) {
  Record record;
  record.kind = kKindMissing;
  record.time = time;
  record.duration = duration;
  write_record(out, record);
}

bool ByteStreamWriter::write_record(Bytes& out, const Record& record) {
  if (record.payload.size() > kMaxAccessUnit) {
    throw Error(ErrorKind::kSettings, "a byte stream carries access units of at most " +
                                          std::to_string(kMaxAccessUnit) + " bytes, not " +
                                          std::to_string(record.payload.size()));
  }
  const uint64_t time = record.time & kHeadTimeMask;
  // Half of what the low bits tell apart would do; a quarter leaves room for what may get lost.
  const uint64_t step = time > last_time_ ? time - last_time_ : last_time_ - time;
  const bool head = head_due_ || record.key || record.discontinuity || !last_head_ || time < *last_head_ ||
                    time - *last_head_ >= interval_ || step > kTimeMask / 4;
  if (head) write_head(out, time);
  last_time_ = time;

  const auto nominal = nominal_duration(*sequence_, kTicksPerSecond);
  const bool says_duration = record.duration && record.duration != nominal && *record.duration <= kMaxDuration;
  const size_t start = out.size();
  ByteWriter writer(out);
  writer.bytes({kSync.data(), kSync.size()});
  writer.u8(static_cast<uint8_t>(record.kind << kKindShift | (record.key ? kKeyBit : 0) |
                                 (record.discontinuity ? kDiscontinuityBit : 0) | (says_duration ? kDurationBit : 0)));
  writer.u24(static_cast<uint32_t>(time & kTimeMask));
  if (says_duration) writer.leb128(*record.duration);
  writer.leb128(static_cast<uint32_t>(record.payload.size()));
  writer.u16(crc16(ByteView(out).sub(start)));
  writer.bytes(record.payload);
  return head;
}

void ByteStreamWriter::write_head(Bytes& out, uint64_t time) {
  if (!sequence_) throw Error(ErrorKind::kSettings, "a byte stream cannot begin before there is a sequence header");
  Bytes payload;
  ByteWriter fields(payload);
  fields.u8(kByteStreamVersion);
  fields.u24(kTicksPerSecond);
  fields.u24(static_cast<uint32_t>(time >> 24));
  fields.u24(static_cast<uint32_t>(time & 0xFFFFFF));
  fields.leb128(static_cast<uint32_t>(std::max(ratio_.num, 0)));
  fields.leb128(static_cast<uint32_t>(std::max(ratio_.den, 1)));
  append_unit(payload, {UnitType::kSequenceHeader, 0, true, false}, write_sequence_header(*sequence_));

  const size_t start = out.size();
  ByteWriter writer(out);
  writer.bytes({kMagic.data(), kMagic.size()});
  writer.leb128(static_cast<uint32_t>(payload.size()));
  writer.bytes(payload);
  writer.u16(crc16(ByteView(out).sub(start)));
  last_head_ = time;
  head_due_ = false;
}

// Probe

ByteStreamProbe probe_byte_stream(ByteView bytes) {
  const auto is_head = [](ByteView at) {
    const auto frame = frame_head(at);
    return frame && frame->complete;
  };
  if (bytes.size() < kMagic.size()) return ByteStreamProbe::kNothing;
  if (is_head(bytes)) return ByteStreamProbe::kHead;
  if (may_begin(bytes, kMagic)) return ByteStreamProbe::kMagic;
  for (auto at = bytes.begin(); at != bytes.end();) {
    at = std::search(at, bytes.end(), kMagic.begin(), kMagic.end());
    const auto offset = static_cast<size_t>(at - bytes.begin());
    if (at != bytes.end() && is_head(bytes.sub(offset))) return ByteStreamProbe::kWithin;
    if (at != bytes.end()) ++at;
  }
  return ByteStreamProbe::kNothing;
}

}  // namespace crlsc
