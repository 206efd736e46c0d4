// SPDX-License-Identifier: LGPL-2.1-or-later
// Access units in a file, each behind its length (4 bytes, big-endian): how the tools keep streams.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "core/bytes.h"

namespace crlsc::tools {

class StreamWriter {
 public:
  // Throws Error(kWrite) if the file cannot be made.
  explicit StreamWriter(const std::string& path);
  // Throws Error(kWrite) if the disk is full.
  void write(ByteView access_unit);
  // Throws Error(kWrite) if something could not be written; call it last.
  void close();

 private:
  std::string path_;
  std::unique_ptr<FILE, int (*)(FILE*)> file_;
};

class StreamReader {
 public:
  // Throws Error(kNotFound) if there is no such file.
  explicit StreamReader(const std::string& path);
  // The next access unit, or false at the end of the file. Throws Error(kRead) if the file ends within one or a length
  // exceeds what an access unit can have.
  bool read(Bytes& access_unit);

 private:
  std::string path_;
  std::unique_ptr<FILE, int (*)(FILE*)> file_;
  uint64_t offset_ = 0;
};

}  // namespace crlsc::tools
