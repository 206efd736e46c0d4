// SPDX-License-Identifier: LGPL-2.1-or-later
// Adding, removing, changing and merging: what knowledge_base_file.h offers to writers.
#include <algorithm>
#include <cmath>

#include "core/kb/knowledge_base_editor.h"
#include "core/kb/sq8.h"

namespace crlsc {
namespace {

// By the codes' similarity, the most similar ones; of these the vectors decide.
constexpr size_t kDuplicateCandidates = 8;

[[noreturn]] void unsound(const std::string& path, const std::string& what) {
  throw Error(ErrorKind::kSettings, "cannot write '" + path + "': " + what);
}

void check(const std::string& path, const std::string& who, const NewEntry& entry, const CodeShape& shape) {
  if (const auto fault = text_fault(entry.label, kMaxLabelSize)) unsound(path, "the label of " + who + " " + *fault);
  if (const auto fault = text_fault(entry.source, kMaxSourceSize)) unsound(path, "the source of " + who + " " + *fault);
  if (!entry.picture.empty()) {
    if (const auto fault = picture_fault(entry.picture)) unsound(path, "the picture of " + who + " " + *fault);
  }
  if (!entry.sq8.empty()) {
    if (const auto fault = sq8_fault(entry.sq8, shape.dimension))
      unsound(path, "the 8-bit vector of " + who + " " + *fault);
  }
  if (entry.code.empty() && entry.vector.empty()) unsound(path, who + " has neither vector nor code");
  if (entry.code.empty()) return;
  try {
    unpack_code(shape, entry.code);
  } catch (const Error& error) {
    unsound(path, who + ": " + error.what());
  }
}

}  // namespace

// Turns what callers give into what is kept, unless it is there already.
class KnowledgeBaseFile::Inserter {
 public:
  Inserter(KnowledgeBaseFile& file, Editor& editor, const AddSettings& settings)
      : file_(file), editor_(editor), settings_(settings), stored_(*file.database_, kFindVector) {
    // Written so that NaN drops nothing.
    if (!(settings.near_duplicate < 1.0F) || file.index_) return;
    file.need_quantiser();
    // Duplicates are found by codes; the vectors of a few candidates come from the file.
    file.index_ = file.load_in_transaction({kMaxEntries, false});
  }

  AddResult insert(NewEntry entry, const std::string& who) {
    complete(entry, who);
    if (settings_.near_duplicate < 1.0F) {
      if (const auto twin = duplicate_of(entry)) return {*twin, false};
    }
    if (editor_.view().info.entries >= std::min(settings_.max_entries, kMaxEntries)) {
      unsound(file_.path(), "it has " + std::to_string(editor_.view().info.entries) +
                                " entries, as many as are allowed; remove some, or allow more");
    }
    if (!settings_.keep_vectors) entry.sq8.clear();
    const EntryId id = editor_.insert(entry);
    if (file_.index_) file_.index_->add({{id, entry.code, entry.label, {}}});
    return {id, true};
  }

 private:
  static constexpr const char* kFindVector = "SELECT sq8 FROM vectors WHERE id = ?";

  // Checks, and fills in unit vector, code and 8-bit vector as far as they follow from what is there.
  void complete(NewEntry& entry, const std::string& who) {
    const CodeShape& shape = editor_.view().info.shape;
    check(file_.path(), who, entry, shape);
    if (!entry.vector.empty()) {
      if (entry.vector.size() != static_cast<size_t>(shape.dimension) || !normalise(entry.vector)) {
        unsound(file_.path(), "the vector of " + who + " needs " + std::to_string(shape.dimension) +
                                  " finite numbers, not all 0; it has " + std::to_string(entry.vector.size()));
      }
      if (entry.code.empty()) entry.code = file_.need_quantiser().encode(entry.vector);
      if (entry.sq8.empty()) entry.sq8 = sq8_encode(entry.vector);
    } else if (!entry.sq8.empty()) {
      entry.vector = sq8_decode(entry.sq8);
      normalise(entry.vector);
    }
  }

  std::optional<EntryId> duplicate_of(const NewEntry& entry) {
    SearchSettings search;
    search.k = kDuplicateCandidates;
    for (const Match& match : file_.index_->search_code(entry.code, search)) {
      if (similarity(entry, match) > settings_.near_duplicate) return match.id;
    }
    return std::nullopt;
  }

  float similarity(const NewEntry& entry, const Match& match) {
    if (entry.vector.empty()) return match.similarity;
    stored_.integer(static_cast<int64_t>(match.id));
    if (!stored_.step()) return match.similarity;
    const int dimension = editor_.view().info.shape.dimension;
    const ByteView sq8 = stored_.blob_at(0, sq8_size(dimension));
    if (const auto fault = sq8_fault(sq8, dimension)) {
      file_.damaged("the vector of entry " + std::to_string(match.id) + " " + *fault);
    }
    const float result = sq8_similarity(entry.vector, sq8);
    stored_.step();
    return result;
  }

  KnowledgeBaseFile& file_;
  Editor& editor_;
  const AddSettings& settings_;
  Statement stored_;
};

void KnowledgeBaseFile::change(const std::function<void(Editor&)>& work) {
  std::optional<View> after;
  try {
    database_->write([&] {
      refresh();
      Editor editor(*database_, *view_,
                    [this](uint64_t number, const Sha256::Digest& hash) { return read_records(number, hash); });
      work(editor);
      editor.finish();
      after = editor.view();
    });
  } catch (...) {
    // Neither may speak of what was rolled back.
    view_.reset();
    index_.reset();
    throw;
  }
  view_ = std::move(after);
}

std::vector<AddResult> KnowledgeBaseFile::add(const std::vector<NewEntry>& entries, const AddSettings& settings) {
  std::vector<AddResult> results;
  change([&](Editor& editor) {
    Inserter inserter(*this, editor, settings);
    for (size_t i = 0; i < entries.size(); ++i) {
      results.push_back(inserter.insert(entries[i], "the new entry number " + std::to_string(i)));
    }
  });
  return results;
}

MergeResult KnowledgeBaseFile::merge(KnowledgeBaseFile& other, const AddSettings& settings) {
  if (&other == this) throw Error(ErrorKind::kSettings, "'" + path() + "' cannot be merged with itself");
  MergeResult result;
  change([&](Editor& editor) {
    const KnowledgeBaseInfo theirs = other.info();
    if (theirs.quantiser_hash != editor.view().info.quantiser_hash || theirs.shape != editor.view().info.shape) {
      throw Error(ErrorKind::kWrongType, "'" + other.path() + "' and '" + path() + "' have different codebooks; only " +
                                             "knowledge bases with the same ones can be merged");
    }
    Inserter inserter(*this, editor, settings);
    other.for_each(
        [&](const StoredEntry& entry) {
          const NewEntry copy{{},           entry.code,       entry.sq8,       entry.label,
                              entry.source, entry.first_seen, entry.last_seen, entry.picture};
          const std::string who = "entry " + std::to_string(entry.id) + " of '" + other.path() + "'";
          ++(inserter.insert(copy, who).added ? result.added : result.dropped);
        },
        {true, true});
  });
  return result;
}

size_t KnowledgeBaseFile::remove(const std::vector<EntryId>& ids) {
  size_t removed = 0;
  change([&](Editor& editor) {
    for (const EntryId id : ids) removed += editor.remove(id) ? 1 : 0;
  });
  if (index_) index_->remove(ids);
  return removed;
}

bool KnowledgeBaseFile::set_label(EntryId id, const std::string& label) {
  if (const auto fault = text_fault(label, kMaxLabelSize)) unsound(path(), "the label " + *fault);
  bool found = false;
  change([&](Editor& editor) { found = editor.set_label(id, label); });
  return found;
}

bool KnowledgeBaseFile::set_picture(EntryId id, const Bytes& picture) {
  if (!picture.empty()) {
    if (const auto fault = picture_fault(picture)) unsound(path(), "the picture " + *fault);
  }
  bool found = false;
  change([&](Editor& editor) { found = editor.set_picture(id, picture); });
  return found;
}

bool KnowledgeBaseFile::set_last_seen(EntryId id, int64_t last_seen) {
  bool found = false;
  change([&](Editor& editor) {
    const std::vector<StoredEntry> entries = read_entries(segment_of(id), {}, id);
    found = !entries.empty();
    if (found) editor.write_row(id, entries[0].source, entries[0].first_seen, last_seen);
  });
  return found;
}

}  // namespace crlsc
