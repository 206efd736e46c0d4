// SPDX-License-Identifier: LGPL-2.1-or-later
#include "decoder_knowledge.h"

#include <filesystem>
#include <utility>

#include "core/kb/knowledge_path.h"
#include "core/kb/received_entries.h"
#include "core/kb/scene_pictures.h"
#include "crlsc/entry_event.h"
#include "crlsc/error.h"
#include "crlsc/knowledge.h"

GST_DEBUG_CATEGORY_EXTERN(crlscdec_debug);
#define GST_CAT_DEFAULT crlscdec_debug

namespace crlsc {
namespace {

constexpr const char* kProperty = "knowledge-base";
constexpr size_t kMostMissing = 64;  // entries that the bus is told of: strangers can name any number

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

// With updates, the name may be that of a file to come.
std::string find(const DecoderSettings& settings) {
  if (settings.knowledge_base.empty()) {
    if (!settings.knowledge_updates) return "";
    throw Error(ErrorKind::kSettings, "knowledge-updates needs a knowledge-base to put entries into");
  }
  try {
    return find_knowledge_base(settings.knowledge_base, kProperty);
  } catch (const Error& error) {
    const auto folder = std::filesystem::path(settings.knowledge_base).parent_path();
    const bool to_come = error.kind() == ErrorKind::kNotFound && (folder.empty() || exists(folder.string()));
    if (!settings.knowledge_updates || !to_come) throw;
    return settings.knowledge_base;
  }
}

}  // namespace

void DecoderKnowledge::load(const DecoderSettings& settings) {
  path_.clear();
  id_.reset();
  updates_ = settings.knowledge_updates;
  max_entries_ = settings.max_entries;
  std::string path = find(settings);
  if (!path.empty() && exists(path)) {
    const KnowledgeBaseInfo info = KnowledgeBaseFile(path, KnowledgeBaseFile::Access::kRead).info();
    id_ = codebooks_id(info);
    epoch_ = info.epoch();
    if (updates_) open_for_received(path, *id_, 0);
  }
  path_ = std::move(path);
}

void DecoderKnowledge::begin(Decoder& decoder, const SequenceHeader& header) {
  memory_.reset();
  if (!path_.empty() && exists(path_)) {
    KnowledgeBaseFile file(path_, KnowledgeBaseFile::Access::kRead);
    memory_ = std::make_shared<const SceneMemory>(read_scene_memory(file, header.width, header.height));
    GST_INFO_OBJECT(element_, "'%s' has %" G_GSIZE_FORMAT " pictures of %dx%d", path_.c_str(), memory_->size(),
                    header.width, header.height);
  }
  decoder.set_scene_memory(memory_);
}

// Pictures are decoded without it; somebody may want to know that nothing here understands what else the stream says.
void DecoderKnowledge::check(const KnowledgeRef& wanted) {
  if (id_ == wanted.id && epoch_ != wanted.epoch) {
    GST_INFO_OBJECT(element_,
                    "'%s' has been given %u entries (modulo 256), the sender's file %u: what the stream refers "
                    "to may not be here",
                    path_.c_str(), epoch_, wanted.epoch);
  }
  if (id_ == wanted.id || missing_ == wanted.id || find_shared_knowledge_base(wanted.id)) return;
  missing_ = wanted.id;
  GST_INFO_OBJECT(element_, "the stream uses knowledge base %s, which is not here (property `%s`)",
                  to_hex(wanted.id).c_str(), kProperty);
  post_missing_knowledge(element_, wanted);
}

void DecoderKnowledge::note_lacking(const std::vector<PictureName>& names, const SequenceHeader& header) {
  if (names.empty()) return;
  if (missing_entries_.empty() && !updates_) warn_lacking(names.front());
  for (const PictureName& name : names) {
    if (missing_entries_.size() == kMostMissing || !missing_entries_.insert(name).second) continue;
    GST_INFO_OBJECT(element_, "the stream refers to entry %s, which is not here", to_hex(name).c_str());
    post_missing_entry(element_, name, header.knowledge);
  }
  if (!denials_.pass(g_get_monotonic_time())) return;
  for (const PictureName& name : names) {
    const auto known = collector_.report(name, kMostReportRanges);
    report(known ? *known : EntryReport{name, {{0, kMaxTransferSize}}});
  }
}

// For those who read no element messages.
void DecoderKnowledge::warn_lacking(const PictureName& name) {
  const std::string where = path_.empty() ? "no knowledge base is set" : "'" + path_ + "' does not have it";
  post_warning(element_,
               Error(ErrorKind::kNotFound, "the stream refers to entry " + to_hex(name) +
                                               " of its sender's private knowledge base, and " + where +
                                               "; pictures that need it are not shown. Copy the sender's file here"),
               kProperty);
}

void DecoderKnowledge::take(const AccessUnitView& access_unit, const SequenceHeader& header) {
  if (!updates_ || !header.knowledge) return;
  for (const UnitView& unit : access_unit.units) {
    if (unit.header.type == UnitType::kKnowledgeUpdate) {
      if (const auto piece = parse_knowledge_unit(unit.payload)) take_piece(*piece, header);
    } else if (unit.header.type == UnitType::kScene) {
      if (const auto scene = parse_scene_unit(unit.payload)) note_used(*scene);
    }
  }
}

void DecoderKnowledge::take_piece(const KnowledgeUnit& piece, const SequenceHeader& header) {
  GST_LOG_OBJECT(element_, "%" G_GSIZE_FORMAT " bytes at %" G_GSIZE_FORMAT " of entry %s of %" G_GSIZE_FORMAT " bytes",
                 piece.piece.size(), piece.offset, to_hex(piece.name).c_str(), piece.size);
  if (memory_ && memory_->count(piece.name) > 0) {
    // A sender that began later than this file need not send all of it to learn that.
    if (piece.asks || told_ != piece.name) report({piece.name, {}});
    return;
  }
  if (auto entry = collector_.take(piece)) {
    put(std::move(*entry), header);
  } else if (piece.asks) {
    if (const auto missing = collector_.report(piece.name, kMostReportRanges)) report(*missing);
  }
}

void DecoderKnowledge::report(const EntryReport& report) {
  if (report.missing.empty()) told_ = report.name;
  gst_pad_push_event(GST_VIDEO_DECODER_SINK_PAD(element_), make_entry_event(report));
}

KnowledgeStore& DecoderKnowledge::store() {
  if (!store_) {
    const auto failed = [this](const Error& error) {
      GST_INFO_OBJECT(element_, "an entry is not stored: %s", error.what());
      if (warnings_.pass(g_get_monotonic_time())) post_warning(element_, error, kProperty);
    };
    store_ = std::make_unique<KnowledgeStore>(KnowledgeStoreSettings{path_, max_entries_}, failed);
  }
  return *store_;
}

// Of what is not here, nobody needs to be told.
void DecoderKnowledge::note_used(const SceneUnit& scene) {
  std::vector<PictureName> used;
  for (const PictureName& name : scene.pictures) {
    if (memory_ && memory_->count(name) > 0) used.push_back(name);
  }
  if (!used.empty() || store_) store().use(used);
}

void DecoderKnowledge::put(TransferEntry entry, const SequenceHeader& header) {
  if (!store().put({std::move(entry), header.knowledge->id, header.width, header.height})) {
    GST_INFO_OBJECT(element_, "an entry is left out: too many wait to be stored");
  }
}

size_t DecoderKnowledge::use_stored(Decoder& decoder) {
  if (!store_) return 0;
  const auto stored = store_->take_stored();
  if (stored.empty()) return 0;
  auto memory = memory_ ? *memory_ : SceneMemory();
  size_t added = 0;
  for (const StoredPicture& s : stored) {
    added += s.added ? 1 : 0;
    for (const PictureName& name : s.removed) memory.erase(name);
    memory[s.picture.name] = s.picture.picture;
  }
  memory_ = std::make_shared<const SceneMemory>(std::move(memory));
  decoder.set_scene_memory(memory_);
  for (const StoredPicture& s : stored) report({s.picture.name, {}});
  GST_INFO_OBJECT(element_, "%" G_GSIZE_FORMAT " entries were added to '%s'", added, path_.c_str());
  return added;
}

void DecoderKnowledge::stop() {
  store_.reset();
  collector_ = EntryCollector();
  memory_.reset();
  missing_.reset();
  missing_entries_.clear();
  denials_.reset();
  told_.reset();
}

}  // namespace crlsc
