// SPDX-License-Identifier: LGPL-2.1-or-later
// Streams in files, in the format that GStreamer's elements read and write: docs/bitstream.md, section "Byte stream".
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "core/bitstream/byte_stream.h"

namespace crlsc::tools {

class StreamWriter {
 public:
  // Throws Error(kWrite) if the file cannot be made.
  explicit StreamWriter(const std::string& path);
  // `time` is in ticks (kTicksPerSecond). Throws Error(kWrite) if the disk is full, Error(kSettings) if the first
  // access unit holds no sequence header.
  void write(ByteView access_unit, uint64_t time);
  // Throws Error(kWrite) if something could not be written; call it last.
  void close();

 private:
  std::string path_;
  std::unique_ptr<FILE, int (*)(FILE*)> file_;
  ByteStreamWriter writer_;
};

class StreamReader {
 public:
  // Throws Error(kNotFound) if there is no such file.
  explicit StreamReader(const std::string& path);
  // The next access unit, empty for a picture that is missing; or false at the end of the file. What is damaged is
  // skipped. Throws Error(kRead) if the file cannot be read or holds no record, Error(kWrongType) if it has another
  // version.
  bool read(Bytes& access_unit);
  // The latest head. Throws Error(kRead) if there was none.
  const ByteStreamHead& head() const;
  // Bytes that belonged to nothing, so far.
  uint64_t skipped() const { return reader_.skipped(); }

 private:
  void fill();

  std::string path_;
  std::unique_ptr<FILE, int (*)(FILE*)> file_;
  ByteStreamReader reader_;
  Bytes block_;
  bool at_end_ = false;
  bool found_ = false;  // a record
};

}  // namespace crlsc::tools
