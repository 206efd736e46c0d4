// SPDX-License-Identifier: LGPL-2.1-or-later
// The knowledge base of a decoder: the pictures that streams may refer to, and what streams add to them.
#pragma once

#include <gst/video/video.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/bitstream/sequence_header.h"
#include "core/bitstream/unit.h"
#include "core/codec/decoder.h"
#include "core/kb/entry_transfer.h"
#include "crlsc/throttle.h"
#include "decoder_properties.h"
#include "knowledge_store.h"

namespace crlsc {

// Used by one thread at a time.
class DecoderKnowledge {
 public:
  // `element` is a GstVideoDecoder.
  explicit DecoderKnowledge(GstElement* element) : element_(element) {}

  // What the properties name. Throws Error(kNotFound) and what KnowledgeBaseFile throws; with updates also
  // Error(kSettings) without a name, or if nothing may be added to what it names.
  void load(const DecoderSettings& settings);

  // The stream goes on with `header`, in a new decoder.
  void begin(Decoder& decoder, const SequenceHeader& header);
  // Tells the bus, once, if the stream uses another knowledge base that is not here either.
  void check(const KnowledgeRef& wanted);

  // The stream refers to entries of these names, which are not here: tells the bus of each once, and upstream, at most
  // every half second. Without updates, the first is a warning as well. Does nothing if there are none.
  void note_lacking(const std::vector<PictureName>& names, const SequenceHeader& header);

  // Entries, in pieces: they go to the file, as soon as it can be written. Upstream is told what arrived, where it
  // asks. Entries that the stream refers to count as used. Without updates nothing happens.
  void take(const AccessUnitView& access_unit, const SequenceHeader& header);
  // Lets the decoder refer to the entries that were stored since the last call, and upstream know. Returns how many are
  // new to the file.
  size_t use_stored(Decoder& decoder);

  // Waits until what is complete is stored.
  void stop();

 private:
  static constexpr gint64 kDenialPause = 500 * G_TIME_SPAN_MILLISECOND;

  void warn_lacking(const PictureName& name);
  void take_piece(const KnowledgeUnit& piece, const SequenceHeader& header);
  void put(TransferEntry entry, const SequenceHeader& header);
  void note_used(const SceneUnit& scene);
  KnowledgeStore& store();
  void report(const EntryReport& report);

  GstElement* element_;
  std::string path_;             // empty: there is none
  std::optional<ContentId> id_;  // of its codebooks; nothing as long as there is no file
  uint8_t epoch_ = 0;            // of the file when it was opened
  bool updates_ = false;
  size_t max_entries_ = 1;
  std::optional<ContentId> missing_;       // that the bus was told of
  std::set<PictureName> missing_entries_;  // likewise
  std::shared_ptr<const SceneMemory> memory_;
  EntryCollector collector_;
  std::optional<PictureName> told_;        // of the entry that upstream was told last to be here
  Throttle denials_{kDenialPause};         // reports of entries that the stream refers to
  Throttle warnings_{kWarningPause};       // of the store's thread
  std::unique_ptr<KnowledgeStore> store_;  // as soon as it is needed
};

}  // namespace crlsc
