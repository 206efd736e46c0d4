// SPDX-License-Identifier: LGPL-2.1-or-later
// The pictures of a knowledge base that an encoder refers to, and the trickle of those that receivers do not have yet.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/codec/scene_choice.h"
#include "core/kb/entry.h"
#include "core/kb/entry_transfer.h"
#include "core/kb/knowledge_base_file.h"
#include "core/picture.h"

namespace crlsc {

struct KnowledgeSenderSettings {
  std::string path;  // of the knowledge base
  int width = 0;     // of the stream
  int height = 0;
  // Receivers have what was sent to them and nothing else; false: they have the same file.
  bool updates = false;
};

class KnowledgeSender {
 public:
  // Reads the pictures of this size, with `updates` also those that others add to the file later. Throws what
  // KnowledgeBaseFile throws.
  explicit KnowledgeSender(KnowledgeSenderSettings settings);

  size_t pictures() const { return follower_.memory().size(); }
  // What makes the file of no use as it is, and what to do, for a warning. Nothing if all is well.
  std::optional<std::string> complaint() const;
  // Entries that receivers are taken to have, because they said so or, if none ever says anything, were sent them
  // twice.
  size_t known() const { return known_.size(); }

  // The pictures to refer to from this one on, for Encoder::set_scene(); nothing as long as they stay the same.
  // `seconds` is the time since the picture before.
  std::optional<std::vector<ScenePicture>> next(const PictureView& picture, double seconds);

  // Appends whole units with pieces of entries, as long as they take no more than `share` of `bitrate` (bit/s) in the
  // long run. Call it once for each access unit; `seconds` is the time since the one before.
  void append_pieces(Bytes& out, double seconds, int bitrate, double share);

  // What a receiver says of an entry. One that it lacks although the stream refers to it is not referred to from the
  // next picture on: never again without updates, else until a receiver says that it has it, a few times.
  void report(const EntryReport& report);

  // A receiver has asked for a key picture; `soon`: right after it got one, as if that were of no use. From the next
  // picture on, the stream refers to no entry that receivers are only thought to have. With updates, all of it is sent
  // once more first; after the second such case that comes as soon as it is referred to again, no receiver keeps what
  // it gets: nothing is sent any more. What receivers are known to have, or are said to by the user, they get without
  // only if `soon`: for a while, without updates after the second time for ever. False if nothing changes.
  bool key_requested(bool soon);

 private:
  void read_entries();
  void follow_file(double seconds);
  void offer(const ScenePicture& wanted);
  bool drop_unsure();
  std::optional<TransferEntry> find(const PictureName& name);
  bool learn();
  std::vector<ScenePicture> usable() const;

  KnowledgeSenderSettings settings_;
  size_t unusable_ = 0;                      // pictures of other sizes, when the file was read first
  bool shared_ = false;                      // it is no private knowledge base
  std::unique_ptr<KnowledgeBaseFile> file_;  // null without updates
  double unseen_ = 0;                        // seconds since it was looked at
  bool stale_ = false;                       // it has changed since it was read
  SceneFollower follower_;
  std::map<PictureName, EntryId> ids_;  // in the file
  EntrySender sender_;
  std::vector<ScenePicture> wanted_;    // of the scene at hand
  std::map<PictureName, bool> known_;   // to receivers; true: one said so
  std::map<PictureName, int> denials_;  // how often a receiver lacked what the stream referred to
  std::vector<PictureName> told_;       // that the encoder refers to, in order of name
  double told_for_ = 0;                 // seconds since these are
  bool changed_ = false;                // it turned out that receivers lack some of them
  double credit_ = 0;                   // bytes that pieces may take now
  int doubts_ = 0;
};

}  // namespace crlsc
