// SPDX-License-Identifier: LGPL-2.1-or-later
// One end of a call: encoder, payloader, error correction.
#pragma once

#include <optional>
#include <vector>

#include "chain.h"
#include "clip.h"
#include "codecs.h"
#include "packet.h"

namespace crlsc::bench {

class Sender {
 public:
  Sender(const Codec& codec, Protection protection, const Clip& clip);
  ~Sender();
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  // Encodes picture `index` of the clip. No packet comes of pictures that the encoder leaves out.
  SentPicture send(int index);
  // What the receiver's side tells encoder and payloader.
  void tell(Event event) { chain_.push_upstream(std::move(event)); }
  // Of the packets, once there is one; not transferred.
  GstCaps* caps() const { return chain_.caps(); }

 private:
  static GstPadProbeReturn on_encoded(GstPad* pad, GstPadProbeInfo* info, gpointer self);

  // The packet, and what protects it and others before.
  std::vector<Buffer> protect(Buffer packet);

  const Clip& clip_;
  Protection protection_;
  Chain chain_;
  std::optional<Chain> correction_;
  int packets_ = 0;
  bool key_ = false;
};

// Launch lines.
std::string sender_line(const Codec& codec);
std::string correction_line();

// Keeps packets and sends them again when asked to.
class Retransmitter {
 public:
  explicit Retransmitter(GstCaps* caps);
  void keep(const Packet& packet);
  // `request` is what the Receiver asked with.
  Buffer answer(Event request);

 private:
  Chain chain_;
};

}  // namespace crlsc::bench
