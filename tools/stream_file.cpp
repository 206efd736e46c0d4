// SPDX-License-Identifier: LGPL-2.1-or-later
#include "stream_file.h"

#include "core/error.h"

namespace crlsc::tools {
namespace {

constexpr size_t kBlock = 65536;

}  // namespace

StreamWriter::StreamWriter(const std::string& path) : path_(path), file_(std::fopen(path.c_str(), "wb"), std::fclose) {
  if (!file_) throw Error(ErrorKind::kWrite, "cannot write \"" + path + "\"");
}

void StreamWriter::write(ByteView access_unit, uint64_t time) {
  Bytes bytes;
  writer_.write(bytes, access_unit, time);
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) {
    throw Error(ErrorKind::kWrite, "cannot write to \"" + path_ + "\"");
  }
}

void StreamWriter::close() {
  if (std::fclose(file_.release()) != 0) throw Error(ErrorKind::kWrite, "cannot write to \"" + path_ + "\"");
}

StreamReader::StreamReader(const std::string& path)
    : path_(path), file_(std::fopen(path.c_str(), "rb"), std::fclose), block_(kBlock) {
  if (!file_) throw Error(ErrorKind::kNotFound, "there is no file \"" + path + "\" that can be read");
}

void StreamReader::fill() {
  const size_t got = std::fread(block_.data(), 1, block_.size(), file_.get());
  if (std::ferror(file_.get()) != 0) throw Error(ErrorKind::kRead, "\"" + path_ + "\" cannot be read");
  reader_.push(ByteView(block_).sub(0, got));
  at_end_ = got == 0;
  if (at_end_) reader_.finish();
}

bool StreamReader::read(Bytes& access_unit) {
  auto record = reader_.next();
  while (!record && !at_end_) {
    fill();
    record = reader_.next();
  }
  if (!record && !found_) {
    throw Error(ErrorKind::kRead, "\"" + path_ + "\" is no CRLSC stream: nothing in it can be read");
  }
  if (!record) return false;
  found_ = true;
  access_unit.assign(record->payload.begin(), record->payload.end());
  return true;
}

const ByteStreamHead& StreamReader::head() const {
  if (!reader_.head()) throw Error(ErrorKind::kRead, "\"" + path_ + "\" does not say what its pictures are");
  return *reader_.head();
}

}  // namespace crlsc::tools
