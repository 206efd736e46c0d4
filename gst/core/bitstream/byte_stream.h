// SPDX-License-Identifier: LGPL-2.1-or-later
// Access units with their times in one run of bytes, as files hold them (docs/bitstream.md, section "Byte stream").
// A reader can begin anywhere, finds its way again behind damage, and never holds more than one record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "core/bitstream/sequence_header.h"
#include "core/bitstream/unit.h"
#include "core/bytes.h"

namespace crlsc {

constexpr int kByteStreamVersion = 1;
// How the writer counts time; readers take finer counts, too.
constexpr uint32_t kTicksPerSecond = 90000;
// The largest access unit that a byte stream carries, in bytes: as much as three bytes of LEB128 can say.
constexpr size_t kMaxAccessUnit = (1 << 21) - 1;

// What a reader has to know before the first record.
struct ByteStreamHead {
  uint32_t timescale = kTicksPerSecond;  // ticks per second, 90000..1000000
  uint64_t time = 0;                     // of the record that follows, in ticks; less than 2^48
  PixelAspectRatio pixel_aspect_ratio;
  SequenceHeader sequence;
};

// What stands at the beginning of some bytes.
struct ByteStreamItem {
  enum class Kind {
    kMore,        // nothing can be said before there are `size` bytes
    kGarbage,     // `size` bytes that belong to nothing
    kHead,        // see ByteStreamScanner::head()
    kAccessUnit,  // a record whose payload is an access unit
    kMissing,     // a record that says: here is a picture that never came
    kReserved,    // a record of a kind that is not known yet
    kForeign,     // a head of another version, or a record behind it: see ByteStreamScanner::foreign()
  };
  Kind kind = Kind::kMore;
  size_t size = 0;                   // in bytes, all of it
  bool key = false;                  // the access unit is a key picture
  bool discontinuity = false;        // it does not follow what stands before it
  uint64_t time = 0;                 // in ticks
  std::optional<uint32_t> duration;  // in ticks; that of the frame rate if the record says nothing
  ByteView payload;                  // of the bytes that were scanned
};

// Tells apart what a byte stream holds. It keeps the head and the time, but no bytes.
class ByteStreamScanner {
 public:
  // Looks at `bytes`, the stream from the first byte that was not consumed; the caller then consumes `size` bytes, or
  // comes back with more. `last` says that no more will come: the result is kMore only if there are no bytes.
  // A head of another version of the byte stream or the bitstream is kForeign, and so are the records behind it, up to
  // the next head that is known. If nothing was read before it, nothing of the stream may be of use: Error(kWrongType).
  ByteStreamItem next(ByteView bytes, bool last);

  // The latest one. Times before the first are only known modulo 2^24 ticks.
  const std::optional<ByteStreamHead>& head() const { return head_; }
  // What the latest head that was kForeign is; empty once there was another one.
  const std::string& foreign() const { return foreign_; }

 private:
  std::optional<ByteStreamItem> at_start(ByteView bytes, bool last);
  bool may_start(ByteView bytes, bool last) const;
  std::optional<ByteStreamItem> read_head(ByteView bytes, bool last);
  std::optional<ByteStreamItem> read_record(ByteView bytes, bool last);

  std::optional<ByteStreamHead> head_;
  std::string foreign_;
  bool begun_ = false;  // a head or a record was read
  uint64_t time_ = 0;   // of the latest head or record
};

// What a whole stream is read with: takes any bytes in any pieces.
class ByteStreamReader {
 public:
  // Call next() until it returns nothing before pushing again: then the reader holds at most one record.
  void push(ByteView bytes);
  // No more bytes come.
  void finish() { finished_ = true; }
  // The next record of kind kAccessUnit or kMissing; its payload is valid until the next call of anything. Nothing if
  // more bytes are needed, or at the end. Throws as ByteStreamScanner::next() does, and does so again.
  std::optional<ByteStreamItem> next();

  const std::optional<ByteStreamHead>& head() const { return scanner_.head(); }
  // Bytes that belonged to nothing, or to another version, so far.
  uint64_t skipped() const { return skipped_; }
  // Where a reader can begin with the latest record: the place of the head before it, or, without one, its own.
  uint64_t entry() const { return entry_; }
  // True if the latest record stands directly behind a head.
  bool has_head() const { return has_head_; }

 private:
  Bytes buffer_;
  size_t begin_ = 0;       // of what is not consumed, in the buffer
  size_t wanted_ = 1;      // less than this is not worth looking at
  uint64_t consumed_ = 0;  // of the stream
  uint64_t skipped_ = 0;
  uint64_t entry_ = 0;
  bool has_head_ = false;
  bool behind_head_ = false;
  bool finished_ = false;
  ByteStreamScanner scanner_;
};

class ByteStreamWriter {
 public:
  // A head stands before each key picture, each discontinuity and each change of what it says, and at least every
  // `head_interval` ticks.
  explicit ByteStreamWriter(uint64_t head_interval = uint64_t{4} * kTicksPerSecond) : interval_(head_interval) {}

  void set_head_interval(uint64_t ticks) { interval_ = ticks; }
  // What the next head says. Sequence headers in access units take its place.
  void set_sequence(const SequenceHeader& sequence);
  void set_pixel_aspect_ratio(const PixelAspectRatio& ratio);
  // Whether write() can do its work with `access_unit`: a sequence header is known, or there is one in it.
  bool ready(ByteView access_unit) const;

  // Appends an access unit; times are in ticks, and count modulo 2^48. Returns true if a head stands before it. Throws
  // Error(kSettings) unless ready(), or if the access unit exceeds kMaxAccessUnit; Error(kWrongType) if it is of
  // another version of the bitstream.
  bool write(Bytes& out, ByteView access_unit, uint64_t time, std::optional<uint32_t> duration = {},
             bool discontinuity = false);
  // Appends a record that stands for a picture that did not come. Throws Error(kSettings) if no head can be written.
  void write_missing(Bytes& out, uint64_t time, std::optional<uint32_t> duration = {});

 private:
  struct Record;
  bool write_record(Bytes& out, const Record& record);
  void write_head(Bytes& out, uint64_t time);

  uint64_t interval_;
  PixelAspectRatio ratio_;
  std::optional<SequenceHeader> sequence_;
  std::optional<uint64_t> last_head_;  // its time
  uint64_t last_time_ = 0;             // of the latest record
  bool head_due_ = true;
};

// How sure one can be that bytes are a byte stream.
enum class ByteStreamProbe {
  kNothing,
  kMagic,   // they begin with the magic bytes of a head, but no intact head
  kHead,    // they begin with an intact head
  kWithin,  // there is an intact head further on
};
// Looks at the beginning of a file. Throws nothing.
ByteStreamProbe probe_byte_stream(ByteView bytes);

// Ticks that a picture lasts at the sequence header's frame rate; nothing if that is unknown.
std::optional<uint32_t> nominal_duration(const SequenceHeader& sequence, uint32_t timescale);

}  // namespace crlsc
