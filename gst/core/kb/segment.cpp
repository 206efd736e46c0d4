// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/kb/segment.h"

#include <algorithm>

#include "core/bitstream/byte_io.h"
#include "core/error.h"

namespace crlsc {

Bytes write_segment(const std::vector<SegmentRecord>& records) {
  Bytes bytes;
  ByteWriter writer(bytes);
  for (const SegmentRecord& record : records) {
    writer.u8(static_cast<uint8_t>(record.id % kSegmentEntries));
    writer.u8(static_cast<uint8_t>(record.label.size()));
    writer.bytes(as_bytes(record.label));
    writer.bytes(record.code);
    writer.bytes(as_bytes(record.content_hash));
  }
  return bytes;
}

std::vector<SegmentRecord> read_segment(ByteView bytes, uint64_t number, size_t code_size) {
  std::vector<SegmentRecord> records;
  visit_segment(bytes, number, code_size, [&](const SegmentRecordView& view) {
    SegmentRecord record;
    record.id = view.id;
    record.label.assign(view.label.begin(), view.label.end());
    record.code.assign(view.code.begin(), view.code.end());
    std::copy(view.content_hash.begin(), view.content_hash.end(), record.content_hash.begin());
    records.push_back(std::move(record));
  });
  return records;
}

void visit_segment(ByteView bytes, uint64_t number, size_t code_size,
                   const std::function<void(const SegmentRecordView&)>& visit) {
  const std::string who = "segment " + std::to_string(number);
  if (number > segment_of(kMaxEntryId) || bytes.empty()) {
    throw Error(ErrorKind::kCorrupt, who + " is empty or its number is out of range");
  }
  EntryId last = 0;
  ByteReader reader(bytes);
  while (!reader.empty()) {
    SegmentRecordView record{number * kSegmentEntries + reader.u8(), {}, {}, {}};
    // No entry has the id 0.
    if (record.id <= last) {
      throw Error(ErrorKind::kCorrupt, who + " holds entry " + std::to_string(record.id) + " out of order");
    }
    last = record.id;
    record.label = reader.bytes(reader.u8());
    if (const auto fault = text_fault(record.label, kMaxLabelSize)) {
      throw Error(ErrorKind::kCorrupt, "the label of entry " + std::to_string(record.id) + " " + *fault);
    }
    record.code = reader.bytes(code_size);
    record.content_hash = reader.bytes(sizeof(Sha256::Digest));
    visit(record);
  }
}

Sha256::Digest knowledge_base_id(const Sha256::Digest& quantiser_hash, const SegmentHashes& segments) {
  static constexpr uint8_t kStart[] = {'C', 'R', 'L', 'S', 'C', '-', 'K', 'B', 1};
  Sha256 hash;
  hash.update({kStart, sizeof(kStart)});
  hash.update(as_bytes(quantiser_hash));
  for (const auto& [number, digest] : segments) {
    Bytes prefix;
    ByteWriter writer(prefix);
    writer.u32(static_cast<uint32_t>(number >> 32));
    writer.u32(static_cast<uint32_t>(number));
    hash.update(prefix);
    hash.update(as_bytes(digest));
  }
  return hash.finish();
}

}  // namespace crlsc
