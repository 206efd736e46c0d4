// SPDX-License-Identifier: LGPL-2.1-or-later
// Knowledge bases on disk: `*.crlsckb`, an SQLite database (docs/knowledge-base.md). Readers and one writer at a time
// share a file, also from different processes; a writer that is killed loses the transaction it was in and nothing
// else. Files are hostile until proven otherwise: nothing of them is used before its type, size and checksum were
// looked at.
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/kb/knowledge_base.h"
#include "core/kb/projection.h"
#include "core/kb/schema.h"
#include "core/kb/segment.h"

namespace crlsc {

struct AddSettings {
  // An entry whose cosine with one that is there is above this is dropped. Between 8-bit vectors where both have one,
  // else between what both codes stand for, so that the error of the codes hides no duplicate. From 1 on nothing is
  // dropped, and no codebooks are needed for entries that come as codes.
  float near_duplicate = 0.99F;
  bool keep_vectors = false;  // as 8-bit vectors, for re-ranking
  size_t max_entries = kDefaultMaxEntries;
};

struct AddResult {
  EntryId id = 0;      // the new entry, or the one that it duplicates
  bool added = false;  // false: dropped as a near duplicate
};

struct MergeResult {
  size_t added = 0;
  size_t dropped = 0;  // near duplicates
};

struct LoadSettings {
  size_t max_entries = kDefaultMaxEntries;
  bool vectors = false;  // 8-bit vectors as well
};

// Which of an entry's larger parts to read.
struct EntryParts {
  bool vector = false;
  bool picture = false;
};

// One connection to a file; not thread-safe, open one for each thread. Every function sees what others have committed
// by then, as one state. Any of them may throw Error(kRead) if the file is damaged or another process blocks it, and
// those that write Error(kWrite): then the file is as it was.
class KnowledgeBaseFile {
 public:
  using Access = Database::Access;

  // Makes a file of no entries; it appears under its name when it is complete. Without `with_codebooks`, which a
  // private knowledge base can do without, only their hash is kept. Throws Error(kWrite) if there is a file already,
  // and Error(kSettings) if the header is not sound or the projection leads to vectors of another size.
  static void create(const std::string& path, const KnowledgeBaseHeader& header, const ProductQuantiser& quantiser,
                     bool with_codebooks = true, const Projection* projection = nullptr);

  // Costs the header, the codebooks and a hash for each segment; entries are checked when they are read. Throws
  // Error(kNotFound), or Error(kWrongType) if it is no knowledge base of this version.
  KnowledgeBaseFile(const std::string& path, Access access);

  const std::string& path() const { return database_->path(); }
  KnowledgeBaseInfo info();
  // True if another connection has committed since the last call of any function, or the path names another file now,
  // which has to be opened anew.
  bool changed();

  // nullptr if the file has no codebooks and none were given.
  std::shared_ptr<const ProductQuantiser> quantiser();
  // The codebooks of a file without. Throws Error(kWrongType) if they are others than those it was made with.
  void use_quantiser(std::shared_ptr<const ProductQuantiser> quantiser);

  // From the teacher's space to that of the entries. Nothing if the file has none.
  std::optional<Projection> projection();

  // Nothing if there is no such entry.
  std::optional<StoredEntry> find(EntryId id, const EntryParts& parts = {});
  // All entries in the order of their ids. `visit` must not take long, since a writer has to wait for it.
  void for_each(const std::function<void(const StoredEntry&)>& visit, const EntryParts& parts = {});
  // All entries but their vectors and pictures as CSV (RFC 4180, lines end with LF), below a line of names.
  void export_csv(std::ostream& out);
  // Everything for searching. Throws Error(kSettings) if there are too many entries, or no codebooks.
  std::shared_ptr<KnowledgeBase> load(const LoadSettings& settings = {});
  // Reads everything and throws Error(kRead) with the first thing that is wrong.
  void verify();

  // Adds entries in one transaction; a result for each. Ids follow from the order alone, not from how the entries are
  // cut into calls. Throws Error(kSettings) if an entry is not sound (the text says which and why) or there would be
  // too many.
  std::vector<AddResult> add(const std::vector<NewEntry>& entries, const AddSettings& settings = {});
  // Adds what another knowledge base with the same codebooks has, in one transaction. Throws Error(kWrongType) if the
  // codebooks differ.
  MergeResult merge(KnowledgeBaseFile& other, const AddSettings& settings = {});
  // Returns how many there were of these. What is removed is overwritten with zeros.
  size_t remove(const std::vector<EntryId>& ids);
  // False if there is no such entry. The first two throw Error(kSettings) for what add() would not take.
  bool set_label(EntryId id, const std::string& label);
  bool set_picture(EntryId id, const Bytes& picture);  // empty: the entry has none from now on
  bool set_last_seen(EntryId id, int64_t last_seen);

 private:
  class Editor;
  class Inserter;

  // What was true when the file was looked at last.
  struct View {
    int64_t version = 0;  // Database::data_version()
    KnowledgeBaseInfo info;
    SegmentHashes hashes;
  };

  [[noreturn]] void damaged(const std::string& what) const;
  const ProductQuantiser& need_quantiser() const;
  // Inside of a transaction: brings view_ up to date.
  void refresh();
  // Those in the file, or nullptr if there are none.
  std::shared_ptr<const ProductQuantiser> stored_codebooks(const KnowledgeBaseInfo& info);
  std::optional<Projection> stored_projection(const KnowledgeBaseInfo& info);
  SegmentHashes read_hashes();
  Bytes read_segment_bytes(uint64_t number, const Sha256::Digest& hash);
  std::vector<SegmentRecord> read_records(uint64_t number, const Sha256::Digest& hash);
  // The entries of a segment without pictures, all or only `id`.
  std::vector<StoredEntry> read_entries(uint64_t number, const EntryParts& parts, std::optional<EntryId> id = {});
  void read_rows(uint64_t number, std::vector<StoredEntry>& entries);
  void read_vectors(uint64_t number, std::vector<StoredEntry>& entries);
  void read_picture(StoredEntry& entry);
  std::shared_ptr<KnowledgeBase> load_in_transaction(const LoadSettings& settings);
  // How many rows a statement gives, each of which starts with one of these numbers.
  size_t check_rows(const char* sql, const std::vector<EntryId>& known);
  // Runs `work` in a transaction, then writes what follows from it.
  void change(const std::function<void(Editor&)>& work);

  std::unique_ptr<Database> database_;
  std::optional<View> view_;
  std::shared_ptr<const ProductQuantiser> quantiser_;
  std::shared_ptr<KnowledgeBase> index_;  // for near duplicates, kept up to date with the file
};

}  // namespace crlsc
