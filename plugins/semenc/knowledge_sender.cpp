// SPDX-License-Identifier: LGPL-2.1-or-later
#include "knowledge_sender.h"

#include <gst/gst.h>

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/kb/reference_picture.h"
#include "core/kb/scene_pictures.h"

GST_DEBUG_CATEGORY_EXTERN(crlscenc_debug);
#define GST_CAT_DEFAULT crlscenc_debug

namespace crlsc {
namespace {

// After so many passes, receivers that say nothing are taken to have an entry.
constexpr int kBlindPasses = EntrySenderSettings().passes;
constexpr int kMostDoubts = 2;
constexpr int kMostDenials = 4;  // several receivers may get an entry one after the other
constexpr double kTrial = 10;    // seconds in which whoever lacks an entry asks for a key picture
constexpr double kLook = 2;      // seconds from one look whether the file has changed to the next
// What may come at once, after a pause: a piece, or seconds' worth.
constexpr double kMostCredit = 16384;  // bytes
constexpr double kCreditTime = 0.25;
// A unit with a piece takes so many seconds' worth of the share, and of the whole rate at most: its head of some 20
// bytes should not weigh much, but pictures have to make room for it.
constexpr double kPieceTime = 2;
constexpr double kPieceTimeOfAll = 0.2;
constexpr double kLeastPiece = 32;  // bytes
constexpr double kMostPiece = 512;

std::vector<PictureName> sorted_names(const std::vector<ScenePicture>& scene) {
  std::vector<PictureName> names;
  for (const ScenePicture& s : scene) names.push_back(s.name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

KnowledgeSender::KnowledgeSender(KnowledgeSenderSettings settings)
    : settings_(std::move(settings)), follower_(SceneMemory()) {
  KnowledgeBaseFile file(settings_.path, KnowledgeBaseFile::Access::kRead);
  shared_ = file.info().header.kind == KnowledgeBaseKind::kShared;
  follower_ = SceneFollower(read_scene_memory(file, settings_.width, settings_.height, &unusable_));
  if (settings_.updates) read_entries();
}

std::optional<std::string> KnowledgeSender::complaint() const {
  if (settings_.updates && shared_) {
    return "knowledge-updates sends what is added to a private knowledge base, but '" + settings_.path +
           "' is a shared one, to which nothing is added; name a private one that uses its codebooks (`crlsc pkb "
           "create` makes one), or set knowledge-updates=false";
  }
  if (pictures() > 0 || unusable_ == 0) return std::nullopt;
  return "of the " + std::to_string(unusable_) + " pictures in '" + settings_.path + "' none is of " +
         std::to_string(settings_.width) + "x" + std::to_string(settings_.height) +
         " and sound, so the stream refers to none; scale the video to their size (`crlsc pkb info` lists them), or "
         "add scenes of this size (`crlsc pkb add --video`, or crlsckb scenes=true)";
}

void KnowledgeSender::read_entries() {
  file_ = std::make_unique<KnowledgeBaseFile>(settings_.path, KnowledgeBaseFile::Access::kRead);
  ids_.clear();
  file_->for_each([this](const StoredEntry& entry) { ids_[name_of(entry.content_hash)] = entry.id; });
}

// Another element or program may add scenes, and remove what is not to be sent any more.
void KnowledgeSender::follow_file(double seconds) {
  unseen_ += seconds;
  if (unseen_ < kLook) return;
  unseen_ = 0;
  try {
    stale_ |= file_->changed();
    if (!stale_) return;
    read_entries();
    stale_ = false;
    for (auto& [name, picture] : read_scene_memory(*file_, settings_.width, settings_.height)) {
      if (follower_.memory().count(name) == 0) follower_.add({name, picture});
    }
    GST_INFO("'%s' has changed; %" G_GSIZE_FORMAT " pictures now", settings_.path.c_str(), pictures());
  } catch (const Error& error) {
    GST_WARNING("'%s' cannot be read anew: %s", settings_.path.c_str(), error.what());
  }
}

std::optional<std::vector<ScenePicture>> KnowledgeSender::next(const PictureView& picture, double seconds) {
  if (settings_.updates) follow_file(seconds);
  auto chosen = follower_.next(picture, seconds);
  told_for_ += seconds;
  if (!settings_.updates) {
    if (chosen) told_ = sorted_names(*chosen);
    return chosen;
  }
  if (chosen) {
    wanted_ = std::move(*chosen);
    for (const ScenePicture& wanted : wanted_) offer(wanted);
  }
  if (!learn() && !chosen && !changed_) return std::nullopt;
  changed_ = false;
  std::vector<ScenePicture> scene = usable();
  std::vector<PictureName> names = sorted_names(scene);
  if (names == told_) return std::nullopt;
  const bool more = !std::includes(told_.begin(), told_.end(), names.begin(), names.end());
  if (more) told_for_ = 0;
  told_ = std::move(names);
  return scene;
}

void KnowledgeSender::offer(const ScenePicture& wanted) {
  if (known_.count(wanted.name) > 0 || sender_.contains(wanted.name) || doubts_ >= kMostDoubts) return;
  const auto denials = denials_.find(wanted.name);
  if (denials != denials_.end() && denials->second >= kMostDenials) return;
  try {
    const auto entry = find(wanted.name);
    if (entry) sender_.add(wanted.name, write_transfer(*entry));
  } catch (const Error& error) {
    GST_INFO("entry %s stays here: %s", to_hex(wanted.name).c_str(), error.what());
  }
}

// Nothing if the file has changed.
std::optional<TransferEntry> KnowledgeSender::find(const PictureName& name) {
  const auto id = ids_.find(name);
  if (id == ids_.end()) return std::nullopt;
  stale_ |= file_->changed();  // looking there would hide it
  auto stored = file_->find(id->second, {false, true});
  if (!stored || name_of(stored->content_hash) != name) return std::nullopt;
  return TransferEntry{std::move(stored->label), std::move(stored->code), std::move(stored->picture)};
}

// Whether receivers have got entries since the last call.
bool KnowledgeSender::learn() {
  bool any = false;
  for (const ScenePicture& wanted : wanted_) {
    const bool told_twice = !sender_.was_answered() && sender_.passes(wanted.name) >= kBlindPasses;
    const bool held = sender_.is_held(wanted.name);
    if (!told_twice && !held) continue;
    GST_INFO("receivers have entry %s%s", to_hex(wanted.name).c_str(), held ? "" : ", if they keep any");
    known_[wanted.name] = held;
    sender_.remove(wanted.name);
    any = true;
  }
  return any;
}

std::vector<ScenePicture> KnowledgeSender::usable() const {
  std::vector<ScenePicture> scene;
  for (const ScenePicture& wanted : wanted_) {
    if (known_.count(wanted.name) > 0) scene.push_back(wanted);
  }
  return scene;
}

void KnowledgeSender::append_pieces(Bytes& out, double seconds, int bitrate, double share) {
  sender_.advance(seconds);
  const double rate = bitrate * share / 8;
  if (rate <= 0) return;
  const double unit = std::min(kPieceTime * rate, kPieceTimeOfAll * bitrate / 8);
  const double piece = std::clamp(unit - kKnowledgeUnitOverhead, kLeastPiece, kMostPiece);
  sender_.set_piece_size(static_cast<size_t>(piece));
  credit_ =
      std::min(credit_ + seconds * rate, std::clamp(kCreditTime * rate, piece + kKnowledgeUnitOverhead, kMostCredit));
  while (const size_t taken = sender_.next(out, static_cast<size_t>(credit_), false)) {
    credit_ -= static_cast<double>(taken);
  }
}

void KnowledgeSender::report(const EntryReport& report) {
  GST_DEBUG("a receiver has entry %s%s", to_hex(report.name).c_str(), report.missing.empty() ? "" : " in part");
  const bool lacks = !report.missing.empty();
  const bool told = std::binary_search(told_.begin(), told_.end(), report.name);
  if (!settings_.updates) {
    if (lacks && told) follower_.forget(report.name);
    return;
  }
  const auto known = known_.find(report.name);
  if (known != known_.end() && !lacks) known->second = true;
  if (known != known_.end() && lacks) {
    if (told) ++denials_[report.name];
    known_.erase(known);
    changed_ = true;
    for (const ScenePicture& wanted : wanted_) offer(wanted);
  }
  sender_.report(report);
}

// Whether there were any among those that the encoder refers to.
bool KnowledgeSender::drop_unsure() {
  bool any = false;
  for (const PictureName& name : told_) {
    const auto known = known_.find(name);
    if (known == known_.end() || known->second) continue;
    known_.erase(known);
    any = true;
  }
  return any;
}

bool KnowledgeSender::key_requested(bool soon) {
  if (told_.empty()) return false;
  if (settings_.updates && drop_unsure()) {
    changed_ = true;
    if (soon || told_for_ < kTrial) ++doubts_;
    for (const ScenePicture& wanted : wanted_) offer(wanted);
    return true;
  }
  if (!soon) return false;
  if (settings_.updates) {
    for (const PictureName& name : told_) known_.erase(name);
    follower_.suspend();
  } else {
    follower_.suspend(++doubts_ >= kMostDoubts);
  }
  return true;
}

}  // namespace crlsc
