// SPDX-License-Identifier: LGPL-2.1-or-later
// A sequence header that is accepted is within its ranges and survives being written.
#include "core/bitstream/sequence_header.h"

#include "core/error.h"
#include "fuzz.h"

using namespace crlsc;

std::vector<Bytes> crlsc::fuzz_seeds() {
  SequenceHeader header;
  header.width = 320;
  header.height = 240;
  header.framerate_num = 30000;
  header.framerate_den = 1001;
  header.layers = 3;
  const Bytes plain = write_sequence_header(header);
  header.knowledge = KnowledgeRef{{1, 2, 3, 4, 5, 6, 7, 8}, 9};
  return {plain, write_sequence_header(header)};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const SequenceHeader header = parse_sequence_header({data, size});
    require(header.width >= kMinWidth && header.width <= kMaxWidth, "width");
    require(header.height >= kMinHeight && header.height <= kMaxHeight, "height");
    require(header.framerate_den > 0 && header.layers >= 1 && header.layers <= 4, "ranges");
    require(parse_sequence_header(write_sequence_header(header)) == header, "round trip");
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::kCorrupt || error.kind() == ErrorKind::kWrongType, "the kind of error");
  }
  return 0;
}
