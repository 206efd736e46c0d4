// SPDX-License-Identifier: LGPL-2.1-or-later
// A call in virtual time: pictures go over a link, and what the receiver says comes back a round trip later.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "link.h"
#include "receiver.h"
#include "sender.h"

namespace crlsc::bench {

constexpr GstClockTime kRoundTrip = 200 * GST_MSECOND;           // all of it on the way back
constexpr GstClockTime kKeyInterval = GST_SECOND;                // between requests for key pictures
constexpr GstClockTime kRetransmissionWait = 500 * GST_MSECOND;  // latency of the jitter buffer
constexpr int kRetransmissionTries = 2;
constexpr GstClockTime kQuietStart = GST_SECOND;  // without losses: every stream has begun

// What the call sends, from an encoder or from a record.
struct Source {
  std::function<SentPicture(int)> next;
  std::function<GstCaps*()> caps;   // of the packets, once there is one; not transferred
  std::function<void(Event)> tell;  // empty: there is no way back
};

struct CallSettings {
  Protection protection = Protection::kNone;
  GstClockTime burst_interval = 3 * GST_SECOND;
  uint64_t seed = 1;
};

struct Traffic {
  size_t media_bytes = 0;  // payloads of media packets
  int media_packets = 0;
  size_t protection_bytes = 0;  // whole RTP packets of error correction and retransmissions
  int protection_packets = 0;
};

// A burst of losses, by pictures.
struct Burst {
  int first = 0;
  int last = 0;
};

struct CallResult {
  std::vector<Picture> pictures;  // one for each of the clip, empty where none was put out
  std::vector<bool> whole;        // everything of this picture arrived
  std::vector<bool> key;
  Traffic traffic;
  std::vector<Burst> bursts;
  int key_requests = 0;
  int loss_reports = 0;  // GstCrlscLoss
  int packets = 0;
  int lost = 0;  // of them
};

class Call {
 public:
  Call(const Codec& codec, const Clip& clip, Source source, const Condition& condition, const CallSettings& settings);
  CallResult run();

 private:
  void step(int index);
  void start();
  void transmit(const Packet& packet);
  void retransmit(Event request);
  // What arrives of a packet that is sent now.
  std::optional<Buffer> cross(const Buffer& packet);
  void listen(GstClockTime now);
  void ask_for_key(GstClockTime now);
  // The latest picture that the receiver may hand on.
  int due(GstClockTime now) const;

  const Codec& codec_;
  const Clip& clip_;
  Source source_;
  Condition condition_;
  CallSettings settings_;
  std::optional<Link> link_;
  std::optional<Receiver> receiver_;
  std::optional<Retransmitter> retransmitter_;
  std::multimap<GstClockTime, Event> to_encoder_;
  std::multimap<GstClockTime, Event> to_retransmitter_;
  GstClockTime next_burst_;
  int index_ = 0;              // the picture of this moment
  int key_wanted_since_ = -1;  // a picture; -1: no key picture is wanted
  GstClockTime key_asked_ = GST_CLOCK_TIME_NONE;
  CallResult result_;
};

}  // namespace crlsc::bench
