// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/kb/knowledge_base_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <ostream>

#include "core/kb/sq8.h"

namespace crlsc {
namespace {

constexpr size_t kMaxCodebooks = size_t{20} << 20;
constexpr size_t kMaxProjection = size_t{20} << 20;

bool equal(ByteView a, ByteView b) { return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin()); }

// A name beside the file's own that vanishes unless the file has taken it.
class TemporaryName {
 public:
  explicit TemporaryName(const std::string& path) {
    static std::atomic<unsigned> counter{0};
    name_ = path + ".part-" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
  }
  ~TemporaryName() { ::unlink(name_.c_str()); }
  TemporaryName(const TemporaryName&) = delete;
  TemporaryName& operator=(const TemporaryName&) = delete;
  const std::string& name() const { return name_; }

 private:
  std::string name_;
};

[[noreturn]] void cannot_create(const std::string& path, int error) {
  const std::string what =
      error == EEXIST ? "there is a file of this name; remove it, or choose another name" : std::strerror(error);
  throw Error(ErrorKind::kWrite, "cannot write '" + path + "': " + what);
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string hex(ByteView bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

int64_t first_of(uint64_t number) { return static_cast<int64_t>(number * kSegmentEntries); }
int64_t last_of(uint64_t number) { return first_of(number) + static_cast<int64_t>(kSegmentEntries) - 1; }

void check_folder(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  std::error_code ignored;
  if (folder.empty() || std::filesystem::exists(folder, ignored)) return;
  throw Error(ErrorKind::kWrite, "cannot make '" + path + "': there is no folder '" + folder.string() +
                                     "'; make it, or name a file elsewhere");
}

}  // namespace

void KnowledgeBaseFile::create(const std::string& path, const KnowledgeBaseHeader& header,
                               const ProductQuantiser& quantiser, bool with_codebooks, const Projection* projection) {
  if (const auto fault = header_fault(header)) {
    throw Error(ErrorKind::kSettings, "cannot make the knowledge base '" + path + "': " + *fault);
  }
  if (!with_codebooks && header.kind == KnowledgeBaseKind::kShared) {
    throw Error(ErrorKind::kSettings, "the shared knowledge base '" + path + "' needs its codebooks in the file");
  }
  if (projection != nullptr && projection->dimension() != quantiser.shape().dimension) {
    throw Error(ErrorKind::kSettings, "the projection for '" + path + "' leads to " +
                                          std::to_string(projection->dimension()) + " dimensions, its codebooks have " +
                                          std::to_string(quantiser.shape().dimension));
  }
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) cannot_create(path, EEXIST);
  check_folder(path);
  KnowledgeBaseInfo info;
  info.header = header;
  info.shape = quantiser.shape();
  info.quantiser_hash = quantiser.hash();
  info.id = knowledge_base_id(info.quantiser_hash, {});
  const TemporaryName temporary(path);
  {
    const auto database = Database::create(temporary.name(), {kKnowledgeBaseApplication, kKnowledgeBaseVersion});
    database->write([&] {
      create_tables(*database);
      const Bytes codebooks = quantiser.serialise();
      if (with_codebooks) Statement(*database, "INSERT INTO quantiser VALUES (1, ?)").blob(codebooks).run();
      if (projection != nullptr) {
        const Bytes bytes = projection->serialise();
        const Sha256::Digest hash = Sha256::of(bytes);
        Statement(*database, "INSERT INTO projection VALUES (1, ?, ?)").blob(as_bytes(hash)).blob(bytes).run();
      }
      write_info(*database, info);
    });
  }
  // Pictures of private places are for their owner, until the owner decides otherwise; journals follow suit.
  if (header.kind == KnowledgeBaseKind::kPrivate) ::chmod(temporary.name().c_str(), 0600);
  // Not every file system can refuse to replace a file that has come in the meantime.
  if (::renameat2(AT_FDCWD, temporary.name().c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0) return;
  if (errno != EINVAL || std::rename(temporary.name().c_str(), path.c_str()) != 0) cannot_create(path, errno);
}

KnowledgeBaseFile::KnowledgeBaseFile(const std::string& path, Access access)
    : database_(std::make_unique<Database>(path, access)) {
  database_->read([&] { refresh(); });
}

void KnowledgeBaseFile::damaged(const std::string& what) const {
  throw Error(ErrorKind::kRead, "cannot read '" + path() + "': " + what + "; take an intact copy");
}

void KnowledgeBaseFile::refresh() {
  const int64_t version = database_->data_version();
  if (view_ && view_->version == version) return;
  view_.reset();
  index_.reset();
  check_tables(*database_);
  View now;
  now.version = version;
  now.info = read_info(*database_);
  now.hashes = read_hashes();
  if (knowledge_base_id(now.info.quantiser_hash, now.hashes) != now.info.id) {
    damaged("its id does not follow from its segments");
  }
  if (!now.hashes.empty() && segment_of(now.info.next_id) < now.hashes.rbegin()->first) {
    damaged("it would give the id of an entry once more");
  }
  if (!quantiser_ || quantiser_->hash() != now.info.quantiser_hash) quantiser_ = stored_codebooks(now.info);
  view_ = std::move(now);
}

std::shared_ptr<const ProductQuantiser> KnowledgeBaseFile::stored_codebooks(const KnowledgeBaseInfo& info) {
  Statement row(*database_, "SELECT bytes FROM quantiser WHERE one = 1");
  if (!row.step()) {
    if (info.header.kind == KnowledgeBaseKind::kShared) damaged("it lacks its codebooks");
    return nullptr;
  }
  try {
    const ByteView bytes = row.blob_at(0, kMaxCodebooks);
    auto quantiser = std::make_shared<const ProductQuantiser>(ProductQuantiser::deserialise(bytes));
    if (quantiser->hash() != info.quantiser_hash) damaged("the hash of its codebooks is wrong");
    if (quantiser->shape() != info.shape) damaged("its codebooks are of another shape than its header says");
    return quantiser;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kCorrupt) throw;
    damaged(error.what());
  }
}

std::optional<Projection> KnowledgeBaseFile::stored_projection(const KnowledgeBaseInfo& info) {
  Statement row(*database_, "SELECT hash, bytes FROM projection WHERE one = 1");
  if (!row.step()) return std::nullopt;
  const ByteView hash = row.blob_at(0, sizeof(Sha256::Digest));
  const Bytes expected(hash.begin(), hash.end());
  const ByteView bytes = row.blob_at(1, kMaxProjection);
  if (!equal(expected, as_bytes(Sha256::of(bytes)))) damaged("the hash of its projection is wrong");
  try {
    auto projection = Projection::deserialise(bytes);
    if (projection.dimension() != info.shape.dimension) damaged("its projection leads to vectors of another size");
    return projection;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kCorrupt) throw;
    damaged(error.what());
  }
}

std::optional<Projection> KnowledgeBaseFile::projection() {
  std::optional<Projection> result;
  database_->read([&] {
    refresh();
    result = stored_projection(view_->info);
  });
  return result;
}

SegmentHashes KnowledgeBaseFile::read_hashes() {
  SegmentHashes hashes;
  Statement row(*database_, "SELECT number, hash FROM segments ORDER BY number");
  while (row.step()) {
    const auto number = static_cast<uint64_t>(row.integer_at(0, 0, static_cast<int64_t>(segment_of(kMaxEntryId))));
    const ByteView bytes = row.blob_at(1, sizeof(Sha256::Digest));
    Sha256::Digest hash{};
    const bool ascending = hashes.empty() || number > hashes.rbegin()->first;
    if (bytes.size() != hash.size() || !ascending || hashes.size() >= kMaxEntries) {
      damaged("its list of segments is wrong at segment " + std::to_string(number));
    }
    std::copy(bytes.begin(), bytes.end(), hash.begin());
    hashes.emplace_hint(hashes.end(), number, hash);
  }
  return hashes;
}

KnowledgeBaseInfo KnowledgeBaseFile::info() {
  database_->read([&] { refresh(); });
  return view_->info;
}

bool KnowledgeBaseFile::changed() {
  if (database_->replaced()) return true;
  int64_t version = 0;
  database_->read([&] { version = database_->data_version(); });
  return !view_ || view_->version != version;
}

std::shared_ptr<const ProductQuantiser> KnowledgeBaseFile::quantiser() {
  database_->read([&] { refresh(); });
  return quantiser_;
}

void KnowledgeBaseFile::use_quantiser(std::shared_ptr<const ProductQuantiser> quantiser) {
  const KnowledgeBaseInfo now = info();
  if (quantiser->hash() != now.quantiser_hash || quantiser->shape() != now.shape) {
    throw Error(ErrorKind::kWrongType,
                "the codebooks " + to_hex(quantiser->hash()) + " do not fit '" + path() + "', which uses " +
                    to_hex(now.quantiser_hash) +
                    (now.header.base ? " of the shared knowledge base " + to_hex(*now.header.base) : std::string()));
  }
  quantiser_ = std::move(quantiser);
}

const ProductQuantiser& KnowledgeBaseFile::need_quantiser() const {
  if (quantiser_) return *quantiser_;
  throw Error(ErrorKind::kSettings, "'" + path() + "' has no codebooks of its own; it needs those of the shared " +
                                        "knowledge base " + to_hex(*view_->info.header.base));
}

Bytes KnowledgeBaseFile::read_segment_bytes(uint64_t number, const Sha256::Digest& hash) {
  Statement row(*database_, "SELECT bytes FROM segments WHERE number = ?");
  row.integer(static_cast<int64_t>(number));
  if (!row.step()) damaged("segment " + std::to_string(number) + " is missing");
  const ByteView bytes = row.blob_at(0, max_segment_size(view_->info.shape.code_size()));
  if (Sha256::of(bytes) != hash) damaged("the hash of segment " + std::to_string(number) + " is wrong");
  return {bytes.begin(), bytes.end()};
}

std::vector<SegmentRecord> KnowledgeBaseFile::read_records(uint64_t number, const Sha256::Digest& hash) {
  try {
    return read_segment(read_segment_bytes(number, hash), number, view_->info.shape.code_size());
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kCorrupt) throw;
    damaged(error.what());
  }
}

std::vector<StoredEntry> KnowledgeBaseFile::read_entries(uint64_t number, const EntryParts& parts,
                                                         std::optional<EntryId> id) {
  std::vector<StoredEntry> entries;
  const auto segment = view_->hashes.find(number);
  if (segment == view_->hashes.end()) return entries;
  for (SegmentRecord& record : read_records(number, segment->second)) {
    if (id && record.id != *id) continue;
    StoredEntry entry;
    entry.id = record.id;
    entry.label = std::move(record.label);
    entry.code = std::move(record.code);
    entry.content_hash = record.content_hash;
    entries.push_back(std::move(entry));
  }
  read_rows(number, entries);
  if (parts.vector) read_vectors(number, entries);
  return entries;
}

// Rows and entries both come in the order of ids.
void KnowledgeBaseFile::read_rows(uint64_t number, std::vector<StoredEntry>& entries) {
  Statement row(*database_,
                "SELECT id, source, first_seen, last_seen, checksum FROM entries WHERE id BETWEEN ? AND ? ORDER BY id");
  row.integer(first_of(number)).integer(last_of(number));
  size_t found = 0;
  while (found < entries.size() && row.step()) {
    StoredEntry& entry = entries[found];
    if (static_cast<EntryId>(row.integer_at(0, 0, INT64_MAX)) != entry.id) continue;
    entry.source = row.text_at(1, kMaxSourceSize);
    entry.first_seen = row.integer_at(2, INT64_MIN, INT64_MAX);
    entry.last_seen = row.integer_at(3, INT64_MIN, INT64_MAX);
    const std::string who = "entry " + std::to_string(entry.id);
    if (const auto fault = text_fault(entry.source, kMaxSourceSize)) damaged("the source of " + who + " " + *fault);
    RowChecksum checksum;
    checksum.integer(static_cast<int64_t>(entry.id)).text(entry.source);
    const Bytes wanted = checksum.integer(entry.first_seen).integer(entry.last_seen).finish();
    if (!equal(row.blob_at(4, 8), wanted)) damaged("the checksum of " + who + " is wrong");
    ++found;
  }
  if (found < entries.size()) damaged("the row of entry " + std::to_string(entries[found].id) + " is missing");
}

void KnowledgeBaseFile::read_vectors(uint64_t number, std::vector<StoredEntry>& entries) {
  const int dimension = view_->info.shape.dimension;
  Statement row(*database_, "SELECT id, checksum, sq8 FROM vectors WHERE id BETWEEN ? AND ? ORDER BY id");
  row.integer(first_of(number)).integer(last_of(number));
  auto entry = entries.begin();
  while (row.step()) {
    const auto id = static_cast<EntryId>(row.integer_at(0, 0, INT64_MAX));
    while (entry != entries.end() && entry->id < id) ++entry;
    if (entry == entries.end()) return;
    if (entry->id != id) continue;
    const ByteView sq8 = row.blob_at(2, sq8_size(dimension));
    const std::string who = "the vector of entry " + std::to_string(id);
    if (const auto fault = sq8_fault(sq8, dimension)) damaged(who + " " + *fault);
    const Bytes wanted = RowChecksum().integer(static_cast<int64_t>(id)).bytes(sq8).finish();
    if (!equal(row.blob_at(1, 8), wanted)) damaged("the checksum of " + who + " is wrong");
    entry->sq8.assign(sq8.begin(), sq8.end());
  }
}

void KnowledgeBaseFile::read_picture(StoredEntry& entry) {
  Statement row(*database_, "SELECT webp FROM pictures WHERE id = ?");
  row.integer(static_cast<int64_t>(entry.id));
  if (row.step()) {
    const ByteView picture = row.blob_at(0, kMaxPictureSize);
    const std::string who = "the picture of entry " + std::to_string(entry.id) + " ";
    if (const auto fault = picture_fault(picture)) damaged(who + *fault);
    entry.picture.assign(picture.begin(), picture.end());
  }
  if (content_hash(entry.code, entry.picture) != entry.content_hash) {
    damaged("the content of entry " + std::to_string(entry.id) + " does not fit its hash");
  }
}

std::optional<StoredEntry> KnowledgeBaseFile::find(EntryId id, const EntryParts& parts) {
  std::optional<StoredEntry> found;
  database_->read([&] {
    refresh();
    std::vector<StoredEntry> entries = read_entries(segment_of(id), parts, id);
    if (entries.empty()) return;
    if (parts.picture) read_picture(entries[0]);
    found = std::move(entries[0]);
  });
  return found;
}

void KnowledgeBaseFile::for_each(const std::function<void(const StoredEntry&)>& visit, const EntryParts& parts) {
  database_->read([&] {
    refresh();
    for (const auto& [number, hash] : view_->hashes) {
      for (StoredEntry& entry : read_entries(number, parts)) {
        if (parts.picture) read_picture(entry);
        visit(entry);
      }
    }
  });
}

void KnowledgeBaseFile::export_csv(std::ostream& out) {
  out << "id,label,source,first_seen,last_seen,picture_bytes,content_hash,code\n";
  const auto write_line = [&](const StoredEntry& entry) {
    out << entry.id << ',' << csv_field(entry.label) << ',' << csv_field(entry.source) << ',' << entry.first_seen << ','
        << entry.last_seen << ',' << entry.picture.size() << ',' << to_hex(entry.content_hash) << ',' << hex(entry.code)
        << '\n';
  };
  for_each(write_line, {false, true});
}

std::shared_ptr<KnowledgeBase> KnowledgeBaseFile::load(const LoadSettings& settings) {
  std::shared_ptr<KnowledgeBase> result;
  database_->read([&] {
    refresh();
    result = load_in_transaction(settings);
  });
  return result;
}

std::shared_ptr<KnowledgeBase> KnowledgeBaseFile::load_in_transaction(const LoadSettings& settings) {
  need_quantiser();
  const size_t count = view_->info.entries;
  if (count > settings.max_entries) {
    throw Error(ErrorKind::kSettings, "'" + path() + "' has " + std::to_string(count) + " entries, at most " +
                                          std::to_string(settings.max_entries) + " are allowed; allow more");
  }
  EntryBlock block(quantiser_);
  block.reserve(std::min<size_t>(count, view_->hashes.size() * kSegmentEntries));
  LabelNumbers labels(block);
  for (const auto& [number, hash] : view_->hashes) {
    try {
      if (settings.vectors) {
        for (const StoredEntry& entry : read_entries(number, {true, false})) {
          block.append(entry.id, entry.code, labels.number(entry.label), entry.sq8);
        }
      } else {
        const Bytes bytes = read_segment_bytes(number, hash);
        visit_segment(bytes, number, view_->info.shape.code_size(), [&](const SegmentRecordView& record) {
          const std::string label(record.label.begin(), record.label.end());
          block.append(record.id, record.code, labels.number(label), {});
        });
      }
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kCorrupt) throw;
      damaged(error.what());
    }
    if (block.size() > count) break;
  }
  if (block.size() != count) damaged("it has another number of entries than its header says");
  return std::make_shared<KnowledgeBase>(std::move(block), settings.max_entries);
}

}  // namespace crlsc
