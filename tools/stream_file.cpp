// SPDX-License-Identifier: LGPL-2.1-or-later
#include "stream_file.h"

#include "core/bitstream/byte_io.h"
#include "core/bitstream/unit.h"
#include "core/error.h"

namespace crlsc::tools {
namespace {

constexpr size_t kLengthBytes = 4;
constexpr size_t kMaxAccessUnit = kMaxUnits * (kMaxUnitPayload + 6);

}  // namespace

StreamWriter::StreamWriter(const std::string& path) : path_(path), file_(std::fopen(path.c_str(), "wb"), std::fclose) {
  if (!file_) throw Error(ErrorKind::kWrite, "cannot write \"" + path + "\"");
}

void StreamWriter::write(ByteView access_unit) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.u32(static_cast<uint32_t>(access_unit.size()));
  writer.bytes(access_unit);
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) {
    throw Error(ErrorKind::kWrite, "cannot write to \"" + path_ + "\"");
  }
}

void StreamWriter::close() {
  if (std::fclose(file_.release()) != 0) throw Error(ErrorKind::kWrite, "cannot write to \"" + path_ + "\"");
}

StreamReader::StreamReader(const std::string& path) : path_(path), file_(std::fopen(path.c_str(), "rb"), std::fclose) {
  if (!file_) throw Error(ErrorKind::kNotFound, "there is no file \"" + path + "\" that can be read");
}

bool StreamReader::read(Bytes& access_unit) {
  const auto fail = [this](const std::string& what) -> Error {
    return Error(ErrorKind::kRead,
                 "\"" + path_ + "\" is no stream of access units: at byte " + std::to_string(offset_) + " " + what);
  };
  Bytes length(kLengthBytes);
  const size_t got = std::fread(length.data(), 1, kLengthBytes, file_.get());
  if (got == 0 && std::ferror(file_.get()) != 0) throw fail("it cannot be read");
  if (got == 0) return false;
  if (got < kLengthBytes) throw fail("it ends within a length");
  const uint32_t size = ByteReader(length).u32();
  if (size > kMaxAccessUnit) throw fail("a length of " + std::to_string(size) + " bytes is too large");
  access_unit.resize(size);
  if (std::fread(access_unit.data(), 1, size, file_.get()) != size) throw fail("it ends within an access unit");
  offset_ += kLengthBytes + size;
  return true;
}

}  // namespace crlsc::tools
