// SPDX-License-Identifier: LGPL-2.1-or-later
#include "stream_index.h"

#include <algorithm>

#include "crlsc/maps.h"

namespace crlsc {
namespace {

constexpr gint64 kMostBytes = gint64{64} * 1024 * 1024;
constexpr gint64 kBlock = 64 * 1024;
constexpr size_t kMostEntries = 4096;

// A head with a key picture behind it.
struct StreamEntry {
  guint64 offset = 0;
  GstClockTime time = 0;  // as the file says it
};

struct StreamIndex {
  GstClockTime first = 0;  // of the first record that can be of use
  GstClockTime end = 0;    // of the last picture
  std::vector<StreamEntry> entries;
};

// Collects what an index says; drops every other entry when there are too many.
class Indexer {
 public:
  void read(ByteStreamReader& reader) {
    while (const auto record = reader.next()) {
      // Without a head, only a key picture says what it belongs to, and what follows.
      if (begun_ || reader.head() || record->key) add(*record, reader);
    }
  }
  std::optional<StreamIndex> finish() { return begun_ ? std::optional(std::move(index_)) : std::nullopt; }

 private:
  void add(const ByteStreamItem& record, const ByteStreamReader& reader) {
    const GstClockTime time = to_clock_time(record.time, reader.head());
    if (!begun_) index_.first = time;
    begun_ = true;
    index_.end = std::max(index_.end, time + to_clock_time(record.duration.value_or(0), reader.head()));
    if (!record.key || !reader.has_head() || seen_++ % step_ != 0) return;
    if (index_.entries.size() == kMostEntries) thin_out();
    index_.entries.push_back({reader.entry(), time});
  }
  void thin_out() {
    for (size_t i = 0; i < kMostEntries / 2; ++i) index_.entries[i] = index_.entries[2 * i];
    index_.entries.resize(kMostEntries / 2);
    step_ *= 2;
  }

  StreamIndex index_;
  bool begun_ = false;
  size_t seen_ = 0;
  size_t step_ = 1;
};

// Pulls the whole file. Nothing if it cannot be read or holds no record.
std::optional<StreamIndex> read_file(GstPad* sinkpad, gint64 size) {
  ByteStreamReader reader;
  Indexer indexer;
  for (gint64 offset = 0; offset < size; offset += kBlock) {
    GstBuffer* block = nullptr;
    const auto length = static_cast<guint>(std::min(kBlock, size - offset));
    if (gst_pad_pull_range(sinkpad, static_cast<guint64>(offset), length, &block) != GST_FLOW_OK) return std::nullopt;
    try {
      reader.push(BufferMap(block, GST_MAP_READ).bytes());
    } catch (...) {
      gst_buffer_unref(block);
      throw;
    }
    gst_buffer_unref(block);
    indexer.read(reader);
  }
  reader.finish();
  indexer.read(reader);
  return indexer.finish();
}

// The size of a file in which upstream can seek; 0 if it cannot.
gint64 seekable_size(GstPad* sinkpad) {
  GstQuery* query = gst_query_new_seeking(GST_FORMAT_BYTES);
  gboolean seekable = FALSE;
  gint64 size = -1;
  if (gst_pad_peer_query(sinkpad, query)) gst_query_parse_seeking(query, nullptr, &seekable, nullptr, &size);
  gst_query_unref(query);
  if (seekable && size < 0) gst_pad_peer_query_duration(sinkpad, GST_FORMAT_BYTES, &size);
  return seekable ? std::max<gint64>(size, 0) : 0;
}

}  // namespace

GstClockTime to_clock_time(uint64_t ticks, const std::optional<ByteStreamHead>& head) {
  return gst_util_uint64_scale_round(ticks, GST_SECOND, head ? head->timescale : kTicksPerSecond);
}

std::optional<GstClockTime> KeyIndex::begin(GstBaseParse* parse) {
  GstPad* pad = GST_BASE_PARSE_SINK_PAD(parse);
  const gint64 size = seekable_size(pad);
  if (size == 0) return std::nullopt;
  step_ = static_cast<guint64>(size) / kMostEntries;
  if (GST_PAD_MODE(pad) != GST_PAD_MODE_PULL || size > kMostBytes) return std::nullopt;
  const auto index = read_file(pad, size);
  if (!index) return std::nullopt;
  step_.reset();
  for (const StreamEntry& entry : index->entries) {
    const GstClockTime time = entry.time - std::min(entry.time, index->first);
    gst_base_parse_add_index_entry(parse, entry.offset, time, TRUE, TRUE);
  }
  const GstClockTime duration = index->end - std::min(index->end, index->first);
  if (duration > 0) gst_base_parse_set_duration(parse, GST_FORMAT_TIME, static_cast<gint64>(duration), 0);
  return index->first;
}

void KeyIndex::note(GstBaseParse* parse, guint64 offset, GstClockTime time) {
  if (!step_ || offset < next_) return;
  gst_base_parse_add_index_entry(parse, offset, time, TRUE, TRUE);
  next_ = offset + std::max<guint64>(*step_, 1);
}

}  // namespace crlsc
