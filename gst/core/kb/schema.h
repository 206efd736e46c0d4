// SPDX-License-Identifier: LGPL-2.1-or-later
// The tables of a knowledge-base file and its one header row (docs/knowledge-base.md, section "Tables").
#pragma once

#include <optional>
#include <string>

#include "core/bitstream/sequence_header.h"
#include "core/kb/database.h"
#include "core/kb/entry.h"
#include "core/kb/product_quantiser.h"

namespace crlsc {

constexpr uint32_t kKnowledgeBaseApplication = 0x43724B42;  // "CrKB"
constexpr uint32_t kKnowledgeBaseVersion = 1;

enum class KnowledgeBaseKind : uint8_t {
  kShared,   // SKB: public entries, and the codebooks
  kPrivate,  // PKB: entries of one user's, in the codebooks of an SKB
};

// What its maker says of a knowledge base.
struct KnowledgeBaseHeader {
  KnowledgeBaseKind kind = KnowledgeBaseKind::kShared;
  std::string teacher;                         // name of the teacher S_e, at most 255 bytes of UTF-8; may be empty
  std::optional<Sha256::Digest> teacher_hash;  // SHA-256 of its weights
  std::optional<ContentId> encoder;            // the model whose local encoder L_e made the vectors
  std::optional<Sha256::Digest> base;          // skb-id of the SKB whose codebooks are used; needed for kPrivate
  int64_t created = 0;                         // milliseconds since 1970-01-01 UTC
};

// The header row: the above, and what follows from the entries.
struct KnowledgeBaseInfo {
  KnowledgeBaseHeader header;
  CodeShape shape;
  Sha256::Digest quantiser_hash{};  // ProductQuantiser::hash() of the codebooks, wherever they are
  uint64_t entries = 0;
  EntryId next_id = 1;
  Sha256::Digest id{};  // skb-id: knowledge_base_id() of the segments

  // What streams name it by.
  ContentId content_id() const;
  // How many entries it has been given so far, modulo 256: whether two copies of a file may differ.
  uint8_t epoch() const { return static_cast<uint8_t>(next_id - 1); }
};

// What is wrong with what a caller says of a new knowledge base, or nothing.
std::optional<std::string> header_fault(const KnowledgeBaseHeader& header);

// Makes the tables in an empty database.
void create_tables(Database& database);
// Throws Error(kWrongType) if the database has another application id or version; Error(kRead) if it has any table,
// index, trigger or view that does not belong, lacks one, or has one defined in other words.
void check_tables(Database& database);

// Both throw Error(kRead) unless there is exactly one header row, of sound values and with the right checksum.
KnowledgeBaseInfo read_info(Database& database);
void write_info(Database& database, const KnowledgeBaseInfo& info);

// The first eight bytes of SHA-256 over everything added: the checksum of rows. Numbers count as eight big-endian
// bytes, bytes and text as the number of bytes and then these.
class RowChecksum {
 public:
  RowChecksum& integer(int64_t value);
  RowChecksum& bytes(ByteView value);
  RowChecksum& text(const std::string& value);
  Bytes finish();

 private:
  Sha256 hash_;
};

}  // namespace crlsc
