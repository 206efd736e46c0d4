// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/kb/transfer_entry.h"

#include <algorithm>

#include "core/bitstream/byte_io.h"
#include "core/bitstream/semantic_unit.h"
#include "core/error.h"

namespace crlsc {

PictureName name_of(const Sha256::Digest& content_hash) {
  PictureName name;
  std::copy_n(content_hash.begin(), name.size(), name.begin());
  return name;
}

PictureName name_of(const TransferEntry& entry) { return name_of(content_hash(entry.code, entry.picture)); }

std::optional<std::string> transfer_fault(const TransferEntry& entry) {
  if (const auto fault = text_fault(entry.label, kMaxLabelSize)) return "its label " + *fault;
  if (entry.code.empty() || entry.code.size() > kMaxSemanticCode) {
    return "its code has " + std::to_string(entry.code.size()) + " bytes, not 1 to " + std::to_string(kMaxSemanticCode);
  }
  if (const auto fault = picture_fault(entry.picture)) return "its picture " + *fault;
  const size_t size = 2 + entry.label.size() + entry.code.size() + entry.picture.size();
  if (size <= kMaxTransferSize) return std::nullopt;
  return "it takes " + std::to_string(size) + " bytes, at most " + std::to_string(kMaxTransferSize) +
         " are transferred";
}

Bytes write_transfer(const TransferEntry& entry) {
  if (const auto fault = transfer_fault(entry)) throw Error(ErrorKind::kSettings, "an entry cannot be sent: " + *fault);
  Bytes out;
  ByteWriter writer(out);
  writer.u8(static_cast<uint8_t>(entry.label.size()));
  writer.bytes(as_bytes(entry.label));
  writer.u8(static_cast<uint8_t>(entry.code.size()));
  writer.bytes(entry.code);
  writer.bytes(entry.picture);
  return out;
}

std::optional<TransferEntry> parse_transfer(ByteView bytes) {
  try {
    ByteReader reader(bytes);
    TransferEntry entry;
    const ByteView label = reader.bytes(reader.u8());
    entry.label.assign(label.begin(), label.end());
    const ByteView code = reader.bytes(reader.u8());
    entry.code.assign(code.begin(), code.end());
    const ByteView picture = reader.rest();
    entry.picture.assign(picture.begin(), picture.end());
    if (transfer_fault(entry)) return std::nullopt;
    return entry;
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace crlsc
