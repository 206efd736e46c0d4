// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/kb/schema.h"

#include <algorithm>
#include <iterator>

#include "core/bitstream/byte_io.h"
#include "core/kb/segment.h"
#include "core/model/safetensors.h"

namespace crlsc {
namespace {

// Compared with sqlite_schema word for word, so nothing here may change within a version. STRICT keeps honest writers
// from errors; what dishonest ones put there is checked when it is read.
constexpr struct {
  const char* name;
  const char* sql;
} kTables[] = {
    {"header",
     "CREATE TABLE header (one INTEGER PRIMARY KEY, kind TEXT NOT NULL, teacher TEXT NOT NULL, "
     "teacher_hash BLOB NOT NULL, encoder BLOB NOT NULL, base BLOB NOT NULL, created INTEGER NOT NULL, "
     "dimension INTEGER NOT NULL, subvectors INTEGER NOT NULL, bits INTEGER NOT NULL, quantiser_hash BLOB NOT NULL, "
     "entries INTEGER NOT NULL, next_id INTEGER NOT NULL, id BLOB NOT NULL, checksum BLOB NOT NULL) STRICT"},
    {"quantiser", "CREATE TABLE quantiser (one INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT"},
    {"projection", "CREATE TABLE projection (one INTEGER PRIMARY KEY, hash BLOB NOT NULL, bytes BLOB NOT NULL) STRICT"},
    {"segments", "CREATE TABLE segments (number INTEGER PRIMARY KEY, hash BLOB NOT NULL, bytes BLOB NOT NULL) STRICT"},
    {"entries",
     "CREATE TABLE entries (id INTEGER PRIMARY KEY, source TEXT NOT NULL, first_seen INTEGER NOT NULL, "
     "last_seen INTEGER NOT NULL, checksum BLOB NOT NULL) STRICT"},
    {"vectors", "CREATE TABLE vectors (id INTEGER PRIMARY KEY, checksum BLOB NOT NULL, sq8 BLOB NOT NULL) STRICT"},
    {"pictures", "CREATE TABLE pictures (id INTEGER PRIMARY KEY, webp BLOB NOT NULL) STRICT"},
};

[[noreturn]] void damaged(const Database& database, const std::string& what) {
  throw Error(ErrorKind::kRead, "cannot read '" + database.path() + "': " + what + "; take an intact copy");
}

template <class Array>
ByteView view(const std::optional<Array>& array) {
  return array ? ByteView(array->data(), array->size()) : ByteView();
}

const char* kind_name(KnowledgeBaseKind kind) { return kind == KnowledgeBaseKind::kShared ? "skb" : "pkb"; }

// Bytes of exactly this many, or, if they may be missing, none.
template <class Array>
std::optional<Array> read_array(const Statement& row, int column, const Database& database, bool may_be_missing) {
  Array array{};
  const ByteView bytes = row.blob_at(column, array.size());
  if (bytes.empty() && may_be_missing) return std::nullopt;
  if (bytes.size() != array.size())
    damaged(database, "a hash of its header has " + std::to_string(bytes.size()) + " bytes");
  std::copy(bytes.begin(), bytes.end(), array.begin());
  return array;
}

Bytes info_checksum(const KnowledgeBaseInfo& info) {
  const KnowledgeBaseHeader& header = info.header;
  return RowChecksum()
      .text(kind_name(header.kind))
      .text(header.teacher)
      .bytes(view(header.teacher_hash))
      .bytes(view(header.encoder))
      .bytes(view(header.base))
      .integer(header.created)
      .integer(info.shape.dimension)
      .integer(info.shape.subvectors)
      .integer(info.shape.bits)
      .bytes(as_bytes(info.quantiser_hash))
      .integer(static_cast<int64_t>(info.entries))
      .integer(static_cast<int64_t>(info.next_id))
      .bytes(as_bytes(info.id))
      .finish();
}

KnowledgeBaseInfo read_row(const Statement& row, const Database& database) {
  KnowledgeBaseInfo info;
  KnowledgeBaseHeader& header = info.header;
  const std::string kind = row.text_at(0, 3);
  if (kind != "skb" && kind != "pkb") damaged(database, "its kind is '" + printable(kind) + "'");
  header.kind = kind == "skb" ? KnowledgeBaseKind::kShared : KnowledgeBaseKind::kPrivate;
  header.teacher = row.text_at(1, kMaxLabelSize);
  header.teacher_hash = read_array<Sha256::Digest>(row, 2, database, true);
  header.encoder = read_array<ContentId>(row, 3, database, true);
  header.base = read_array<Sha256::Digest>(row, 4, database, true);
  header.created = row.integer_at(5, INT64_MIN, INT64_MAX);
  info.shape.dimension = static_cast<int>(row.integer_at(6, 1, kMaxVectorDimension));
  info.shape.subvectors = static_cast<int>(row.integer_at(7, 1, info.shape.dimension));
  info.shape.bits = static_cast<int>(row.integer_at(8, 1, kMaxCodeBits));
  info.quantiser_hash = *read_array<Sha256::Digest>(row, 9, database, false);
  info.entries = static_cast<uint64_t>(row.integer_at(10, 0, static_cast<int64_t>(kMaxEntries)));
  info.next_id = static_cast<EntryId>(row.integer_at(11, 1, static_cast<int64_t>(kMaxEntryId) + 1));
  info.id = *read_array<Sha256::Digest>(row, 12, database, false);
  if (const auto fault = header_fault(header)) damaged(database, "its header: " + *fault);
  if (!info.shape.valid())
    damaged(database, "it says it has " + std::to_string(info.shape.subvectors) + " sub-vectors");
  const ByteView checksum = row.blob_at(13, 8);
  if (Bytes(checksum.begin(), checksum.end()) != info_checksum(info))
    damaged(database, "its header's checksum is wrong");
  return info;
}

}  // namespace

ContentId KnowledgeBaseInfo::content_id() const {
  ContentId result{};
  std::copy_n(id.begin(), result.size(), result.begin());
  return result;
}

std::optional<std::string> header_fault(const KnowledgeBaseHeader& header) {
  if (const auto fault = text_fault(header.teacher, kMaxLabelSize)) return "the teacher's name " + *fault;
  if (header.kind == KnowledgeBaseKind::kPrivate && !header.base) {
    return "a private knowledge base has to name the shared one whose codebooks it uses";
  }
  return std::nullopt;
}

void create_tables(Database& database) {
  for (const auto& table : kTables) database.run(table.sql);
}

void check_tables(Database& database) {
  const Database::Identity identity = database.identity();
  if (identity.application_id != kKnowledgeBaseApplication) {
    throw Error(ErrorKind::kWrongType, "'" + database.path() + "' is a database, but no knowledge base");
  }
  if (identity.user_version != kKnowledgeBaseVersion) {
    throw Error(ErrorKind::kWrongType, "'" + database.path() + "' is a knowledge base of version " +
                                           std::to_string(identity.user_version) + ", this is version " +
                                           std::to_string(kKnowledgeBaseVersion) + "; build it anew");
  }
  Statement schema(database, "SELECT type, name, tbl_name, sql FROM sqlite_schema");
  size_t found = 0;
  while (schema.step()) {
    const std::string name = schema.text_at(1, 64);
    const auto* table =
        std::find_if(std::begin(kTables), std::end(kTables), [&](const auto& known) { return name == known.name; });
    if (table == std::end(kTables) || schema.text_at(0, 16) != "table" || schema.text_at(2, 64) != name ||
        schema.text_at(3, 1024) != table->sql) {
      damaged(database, "'" + printable(name) + "' does not belong into a knowledge base");
    }
    ++found;
  }
  // Names are unique, SQLite sees to that.
  if (found != std::size(kTables)) damaged(database, "it lacks tables");
}

KnowledgeBaseInfo read_info(Database& database) {
  Statement row(database,
                "SELECT kind, teacher, teacher_hash, encoder, base, created, dimension, subvectors, bits, "
                "quantiser_hash, entries, next_id, id, checksum FROM header WHERE one = 1");
  if (!row.step()) damaged(database, "it has no header");
  return read_row(row, database);
}

void write_info(Database& database, const KnowledgeBaseInfo& info) {
  const KnowledgeBaseHeader& header = info.header;
  const std::string kind = kind_name(header.kind);
  const Bytes checksum = info_checksum(info);
  Statement row(database, "INSERT OR REPLACE INTO header VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  row.text(kind).text(header.teacher).blob(view(header.teacher_hash)).blob(view(header.encoder));
  row.blob(view(header.base)).integer(header.created);
  row.integer(info.shape.dimension).integer(info.shape.subvectors).integer(info.shape.bits);
  row.blob(as_bytes(info.quantiser_hash));
  row.integer(static_cast<int64_t>(info.entries)).integer(static_cast<int64_t>(info.next_id));
  row.blob(as_bytes(info.id)).blob(checksum).run();
}

RowChecksum& RowChecksum::integer(int64_t value) {
  Bytes number;
  ByteWriter writer(number);
  writer.u32(static_cast<uint32_t>(static_cast<uint64_t>(value) >> 32));
  writer.u32(static_cast<uint32_t>(value));
  hash_.update(number);
  return *this;
}

RowChecksum& RowChecksum::bytes(ByteView value) {
  integer(static_cast<int64_t>(value.size()));
  hash_.update(value);
  return *this;
}

RowChecksum& RowChecksum::text(const std::string& value) { return bytes(as_bytes(value)); }

Bytes RowChecksum::finish() {
  const Sha256::Digest digest = hash_.finish();
  return {digest.begin(), digest.begin() + 8};
}

}  // namespace crlsc
