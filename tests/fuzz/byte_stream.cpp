// SPDX-License-Identifier: LGPL-2.1-or-later
// Whatever the bytes and the pieces they come in, the same records are found, and they can be written again.
#include "core/bitstream/byte_stream.h"

#include <algorithm>

#include "core/error.h"
#include "fuzz.h"

using namespace crlsc;

namespace {

struct Found {
  std::vector<ByteStreamItem> records;
  std::vector<Bytes> payloads;
  uint64_t skipped = 0;
  bool other_version = false;
};

Found read_in_pieces(ByteView bytes, size_t piece) {
  Found found;
  ByteStreamReader reader;
  const auto take = [&] {
    while (const auto record = reader.next()) {
      require(record->size <= bytes.size() && record->payload.size() < record->size, "a record outside the input");
      require(record->payload.size() <= kMaxAccessUnit, "a record that is too large");
      found.payloads.emplace_back(record->payload.begin(), record->payload.end());
      found.records.push_back(*record);
    }
  };
  try {
    for (size_t at = 0; at < bytes.size(); at += piece) {
      reader.push(bytes.sub(at, piece));
      take();
    }
    reader.finish();
    take();
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::kWrongType, "the kind of error");
    found.other_version = true;
  }
  found.skipped = reader.skipped();
  require(found.skipped <= bytes.size(), "more skipped than there was");
  return found;
}

bool same(const Found& a, const Found& b) {
  return a.payloads == b.payloads && a.skipped == b.skipped && a.other_version == b.other_version &&
         std::equal(a.records.begin(), a.records.end(), b.records.begin(), b.records.end(),
                    [](const ByteStreamItem& x, const ByteStreamItem& y) {
                      return x.kind == y.kind && x.time == y.time && x.key == y.key && x.duration == y.duration;
                    });
}

void write_again(const Found& found) {
  Bytes bytes;
  ByteStreamWriter writer;
  SequenceHeader sequence;
  sequence.width = sequence.height = 16;
  writer.set_sequence(sequence);
  std::vector<Bytes> written;
  for (size_t i = 0; i < found.payloads.size(); ++i) {
    try {
      writer.write(bytes, found.payloads[i], found.records[i].time, found.records[i].duration);
      written.push_back(found.payloads[i]);
    } catch (const Error& error) {
      require(error.kind() == ErrorKind::kWrongType, "the kind of error");
    }
  }
  const Found again = read_in_pieces(bytes, bytes.size() + 1);
  require(again.payloads == written && again.skipped == 0, "what was written is not found again");
}

}  // namespace

std::vector<Bytes> crlsc::fuzz_seeds() {
  SequenceHeader sequence;
  sequence.width = 320;
  sequence.height = 240;
  sequence.framerate_num = 10;
  Bytes stream;
  ByteStreamWriter writer;
  writer.set_sequence(sequence);
  writer.set_pixel_aspect_ratio({1, 1});
  for (uint64_t i = 0; i < 8; ++i) {
    Bytes unit;
    append_unit(unit, {UnitType::kToken, 0, i % 4 == 0, true}, Bytes(i * 30, static_cast<uint8_t>(i)));
    writer.write(stream, unit, i * 9000, i == 5 ? 12345 : 9000);
    if (i == 6) writer.write_missing(stream, i * 9000 + 1);
  }
  Bytes small;
  writer.write_missing(small, uint64_t{1} << 40);
  return {stream, small};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteView bytes(data, size);
  probe_byte_stream(bytes);
  const Found found = read_in_pieces(bytes, size + 1);
  for (const size_t piece : {1, 7, 64}) {
    require(same(found, read_in_pieces(bytes, piece)), "pieces make a difference");
  }
  write_again(found);
  return 0;
}
