// SPDX-License-Identifier: LGPL-2.1-or-later
// Files of knowledge bases. An input is a whole file; its hashes and checksums stay as they are, so the first byte also
// chooses a part that is read by itself, past them: codebooks or a segment.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/error.h"
#include "core/kb/knowledge_base_file.h"
#include "core/kb/segment.h"
#include "fuzz.h"
#include "unit/kb/kb_testing.h"

using namespace crlsc;

namespace {

const std::string& scratch_file() {
  static const TempFolder folder;
  static const std::string path = folder.file("fuzz.crlsckb");
  return path;
}

Bytes file_seed(uint32_t entries) {
  const TempFolder folder;
  write_small_file(folder.file("seed"), entries);
  std::ifstream file(folder.file("seed"), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Bytes with_prefix(uint8_t prefix, Bytes bytes) {
  bytes.insert(bytes.begin(), prefix);
  return bytes;
}

void read_codebooks(ByteView bytes) {
  const ProductQuantiser quantiser = ProductQuantiser::deserialise(bytes);
  require(quantiser.serialise() == Bytes(bytes.begin(), bytes.end()), "codebooks change when written again");
  const Bytes code(quantiser.shape().code_size());
  require(quantiser.decode(code).size() == static_cast<size_t>(quantiser.shape().dimension), "the dimension");
}

void read_one_segment(ByteView bytes) {
  const std::vector<SegmentRecord> records = read_segment(bytes, 3, 5);
  require(!records.empty() && records.size() <= kSegmentEntries, "the number of records");
  require(write_segment(records) == Bytes(bytes.begin(), bytes.end()), "a segment changes when written again");
}

void read_whole_file(ByteView bytes) {
  std::ofstream(scratch_file(), std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  std::filesystem::remove(scratch_file() + "-journal");
  KnowledgeBaseFile file = open_to_read(scratch_file());
  const auto knowledge = file.load({10000, true});
  require(knowledge->size() == file.info().entries, "the number of entries");
  for (const Match& match : knowledge->search(small_vector(0), {100, -2.0F, 100})) {
    require(knowledge->contains(match.id), "an entry that is not there");
  }
  file.verify();
}

}  // namespace

std::vector<Bytes> crlsc::fuzz_seeds() {
  const SegmentRecord first{3 * kSegmentEntries, "one", Bytes(5), {}};
  const SegmentRecord last{4 * kSegmentEntries - 1, "last", Bytes(5, 9), {}};
  return {with_prefix(0, file_seed(0)), with_prefix(0, file_seed(1)), with_prefix(0, file_seed(20)),
          with_prefix(1, small_quantiser()->serialise()), with_prefix(2, write_segment({first, last}))};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const ByteView bytes(data + 1, size - 1);
  try {
    switch (data[0]) {
      case 1:
        read_codebooks(bytes);
        break;
      case 2:
        read_one_segment(bytes);
        break;
      default:
        read_whole_file(bytes);
    }
  } catch (const Error& error) {
    const bool damaged = error.kind() == ErrorKind::kRead || error.kind() == ErrorKind::kWrongType;
    require(damaged || (error.kind() == ErrorKind::kCorrupt && data[0] != 0) ||
                (error.kind() == ErrorKind::kSettings && data[0] == 0),
            error.what());
  }
  return 0;
}
