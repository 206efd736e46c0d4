// SPDX-License-Identifier: LGPL-2.1-or-later
// Byte streams and parsers for the tests of crlscparse.
#pragma once

#include <string>
#include <vector>

#include "core/bitstream/byte_stream.h"
#include "crlsc/caps.h"
#include "support.h"

namespace crlsc::test {

constexpr uint64_t kIntervalTicks = kInterval * kTicksPerSecond / GST_SECOND;
constexpr const char* kByteStreamCaps = "video/x-crlsc, stream-format=byte-stream";

// A byte stream, and where its records end.
struct File {
  Bytes bytes;
  std::vector<size_t> ends;

  // Where record `i` begins, its head included.
  size_t begin(size_t i) const { return i == 0 ? 0 : ends[i - 1]; }
};

// The buffers as a writer other than the element's writes them.
inline File make_file(const Buffers& buffers, uint64_t first_time = 0) {
  File file;
  ByteStreamWriter writer;
  writer.set_pixel_aspect_ratio({1, 1});
  for (size_t i = 0; i < buffers.size(); ++i) {
    const uint64_t time =
        first_time + gst_util_uint64_scale_round(GST_BUFFER_PTS(buffers[i]), kTicksPerSecond, GST_SECOND);
    writer.write(file.bytes, to_bytes(buffers[i]), time);
    file.ends.push_back(file.bytes.size());
  }
  return file;
}

inline Bytes joined(const Buffers& buffers) {
  Bytes all;
  for (GstBuffer* buffer : buffers) {
    const Bytes bytes = to_bytes(buffer);
    all.insert(all.end(), bytes.begin(), bytes.end());
  }
  return all;
}

// The records of a byte stream with their payloads. Fails if there is anything else in it.
struct Read {
  std::vector<ByteStreamItem> records;
  std::vector<Bytes> payloads;
  std::optional<ByteStreamHead> head;
  int heads = 0;  // that a record stands behind
};
inline Read read_all(const Bytes& bytes) {
  Read out;
  ByteStreamReader reader;
  reader.push(bytes);
  reader.finish();
  while (const auto record = reader.next()) {
    out.records.push_back(*record);
    out.payloads.emplace_back(record->payload.begin(), record->payload.end());
    out.heads += reader.has_head() ? 1 : 0;
  }
  fail_unless_equals_uint64(reader.skipped(), 0);
  out.head = reader.head();
  return out;
}

// A parser that is fed byte streams, unless it gets other caps.
class Parser : public Harness {
 public:
  explicit Parser(const std::string& rest = "", const char* downstream = nullptr) : Harness("crlscparse " + rest) {
    if (downstream != nullptr) gst_harness_set_sink_caps_str(h(), downstream);
    gst_harness_play(h());
  }
  using Harness::push;
  void begin(GstCaps* caps, GstFormat format) {
    fail_unless(push(gst_event_new_stream_start("test")));
    gst_harness_push_event(h(), gst_event_new_caps(caps));
    GstSegment segment;
    gst_segment_init(&segment, format);
    fail_unless(push(gst_event_new_segment(&segment)));
  }
  void begin_bytes(GstFormat format = GST_FORMAT_BYTES) {
    GstCaps* caps = gst_caps_from_string(kByteStreamCaps);
    begin(caps, format);
    gst_caps_unref(caps);
  }
  void begin_packets(const Stream& stream) { begin(stream.caps(), GST_FORMAT_TIME); }

  GstFlowReturn push_bytes(ByteView bytes) { return push(gst_buffer_new_memdup(bytes.data(), bytes.size())); }
  void push_in_pieces(const Bytes& bytes, size_t piece) {
    for (size_t at = 0; at < bytes.size(); at += piece) {
      fail_unless_equals_int(push_bytes(ByteView(bytes).sub(at, piece)), GST_FLOW_OK);
    }
  }
  void push_packets(const Stream& stream) {
    for (size_t i = 0; i < stream.buffers().size(); ++i) fail_unless_equals_int(push(stream.copy(i)), GST_FLOW_OK);
  }
  void end() { fail_unless(push(gst_event_new_eos())); }

  struct Gap {
    GstClockTime time;
    GstClockTime duration;
    bool missing;
  };
  // Those that came out since the last call.
  std::vector<Gap> gaps() {
    std::vector<Gap> out;
    while (GstEvent* event = gst_harness_try_pull_event(h())) {
      if (GST_EVENT_TYPE(event) == GST_EVENT_GAP) {
        Gap gap{};
        GstGapFlags flags{};
        gst_event_parse_gap(event, &gap.time, &gap.duration);
        gst_event_parse_gap_flags(event, &flags);
        gap.missing = (flags & GST_GAP_FLAG_MISSING_DATA) != 0;
        out.push_back(gap);
      }
      gst_event_unref(event);
    }
    return out;
  }
};

// What comes out of a byte stream that is pushed as a whole.
inline Buffers parse(const Bytes& bytes, size_t piece = SIZE_MAX) {
  Parser parser;
  parser.begin_bytes();
  parser.push_in_pieces(bytes, std::min(piece, bytes.size()));
  parser.end();
  return parser.pull();
}

// Fails unless `found` are the stream's buffers from `from` on, with times, durations and key flags.
inline void expect_buffers(const Buffers& found, const Buffers& expected, size_t from = 0) {
  fail_unless_equals_int(found.size(), expected.size() - from);
  for (size_t i = 0; i < found.size(); ++i) {
    fail_unless(to_bytes(found[i]) == to_bytes(expected[from + i]), "buffer %d differs", static_cast<int>(i));
    fail_unless_equals_uint64(GST_BUFFER_PTS(found[i]), GST_BUFFER_PTS(expected[from + i]));
    fail_unless_equals_uint64(GST_BUFFER_DURATION(found[i]), GST_BUFFER_DURATION(expected[from + i]));
    fail_unless(is_key(found[i]) == is_key(expected[from + i]));
  }
}

}  // namespace crlsc::test
