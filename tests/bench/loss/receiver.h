// SPDX-License-Identifier: LGPL-2.1-or-later
// The other end of a call: what a jitter buffer does, error correction or retransmission, depayloader, decoder.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "chain.h"
#include "clip.h"
#include "codecs.h"
#include "packet.h"

namespace crlsc::bench {

class Receiver {
 public:
  // `caps` are those of the packets.
  Receiver(const Codec& codec, Protection protection, const Clip& clip, GstCaps* caps);
  ~Receiver();
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  // A packet that has been sent. Its time and picture are known here even if it gets lost; that it is missing is not
  // noticed before a later one has arrived.
  void expect(const Packet& packet);
  void arrive(int number, Buffer buffer);
  // A retransmitted packet.
  void arrive_again(Buffer buffer);
  // Requests for retransmission that are due at `now`: for what is missing and has not been asked for within
  // `patience`, at most `tries` times each.
  std::vector<Event> requests(GstClockTime now, GstClockTime patience, int tries);

  // Hands on what belongs to pictures up to `picture`, and gives up what is missing among it.
  void release(int picture);
  // The end: hands on everything.
  void finish();

  // What depayloader and decoder told upstream since the last call.
  std::vector<Event> events() { return chain_->upstream_events(); }
  // The latest picture of which packets were given up since the last call, or -1. Packets of error correction do not
  // count.
  int take_missed() { return std::exchange(missed_, -1); }
  // Number of the latest picture of which everything was handed on, or -1.
  int latest_whole() const { return latest_whole_; }

  // One for each picture of the clip, empty where the decoder put out none.
  const std::vector<Picture>& pictures() const { return pictures_; }
  // Whether packets of this picture were given up.
  bool whole(int picture) const { return whole_[static_cast<size_t>(picture)]; }

 private:
  struct Slot {
    int picture = 0;
    bool correction = false;
    GstClockTime time = 0;
    guint16 sequence = 0;
    std::optional<Buffer> arrived;
    int tries = 0;
    GstClockTime asked = GST_CLOCK_TIME_NONE;
  };

  void hand_on(const Slot& slot);
  void give_up(const Slot& slot);
  bool recover(const Slot& slot);
  void show(const std::vector<Buffer>& decoded);

  const Clip& clip_;
  Protection protection_;
  std::optional<Chain> storage_;  // of error correction
  std::optional<Chain> rerequest_;
  std::optional<Chain> chain_;  // down to the decoder
  GstElement* correction_ = nullptr;
  std::vector<Slot> slots_;  // by number
  size_t next_ = 0;          // the first that has neither been handed on nor given up
  size_t known_ = 0;         // one more than the highest that has arrived
  int missed_ = -1;
  int latest_whole_ = -1;
  std::vector<bool> whole_;
  std::vector<Picture> pictures_;
};

// The launch line from packets to pictures.
std::string receiver_line(const Codec& codec, Protection protection);

}  // namespace crlsc::bench
