// SPDX-License-Identifier: LGPL-2.1-or-later
#include "receiver.h"

#include <gst/rtp/gstrtpbuffer.h>

#include <algorithm>

#include "core/error.h"

namespace crlsc::bench {
namespace {

constexpr const char* kRequest = "GstRTPRetransmissionRequest";
constexpr guint64 kStorage = 2 * GST_SECOND;

guint16 sequence_of(const Buffer& packet) {
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  if (!gst_rtp_buffer_map(packet.get(), GST_MAP_READ, &rtp)) throw Error(ErrorKind::kRead, "no RTP packet was sent");
  const guint16 sequence = gst_rtp_buffer_get_seq(&rtp);
  gst_rtp_buffer_unmap(&rtp);
  return sequence;
}

std::string rerequest_line() {
  return "rtprtxreceive payload-type-map=\"application/x-rtp-pt-map," + std::to_string(kMediaType) + "=(uint)" +
         std::to_string(kRetransmissionType) + "\" ssrc-map=\"application/x-rtp-ssrc-map," +
         std::to_string(kMediaSsrc) + "=(uint)" + std::to_string(kRetransmissionSsrc) + "\"";
}

}  // namespace

std::string receiver_line(const Codec& codec, Protection protection) {
  const std::string line = codec.depayloader + " ! " + codec.decoder;
  if (protection != Protection::kCorrection) return line;
  return "rtpulpfecdec name=correction pt=" + std::to_string(kCorrectionType) + " ! " + line;
}

Receiver::Receiver(const Codec& codec, Protection protection, const Clip& clip, GstCaps* caps)
    : clip_(clip),
      protection_(protection),
      whole_(static_cast<size_t>(clip.count()), true),
      pictures_(static_cast<size_t>(clip.count())) {
  if (protection == Protection::kRetransmission) rerequest_.emplace(rerequest_line(), caps);
  if (protection == Protection::kCorrection) {
    storage_.emplace("rtpstorage name=storage size-time=" + std::to_string(kStorage), caps);
  }
  chain_.emplace(receiver_line(codec, protection), caps);
  if (!storage_) return;
  correction_ = chain_->element("correction");
  GstElement* element = storage_->element("storage");
  GObject* storage = nullptr;
  g_object_get(element, "internal-storage", &storage, nullptr);
  g_object_set(correction_, "storage", storage, nullptr);
  g_object_unref(storage);
  gst_object_unref(element);
}

Receiver::~Receiver() {
  if (correction_ != nullptr) gst_object_unref(correction_);
}

void Receiver::expect(const Packet& packet) {
  Slot slot;
  slot.picture = packet.picture;
  slot.correction = packet.correction;
  slot.time = GST_BUFFER_PTS(packet.buffer.get());
  slot.sequence = sequence_of(packet.buffer);
  slots_.push_back(std::move(slot));
}

void Receiver::arrive(int number, Buffer buffer) {
  if (storage_) storage_->push(buffer);
  const auto place = static_cast<size_t>(number);
  slots_[place].arrived = std::move(buffer);
  known_ = std::max(known_, place + 1);
}

void Receiver::arrive_again(Buffer buffer) {
  for (const Buffer& original : rerequest_->push(buffer)) {
    const guint16 sequence = sequence_of(original);
    for (size_t i = next_; i < known_; ++i) {
      if (slots_[i].sequence != sequence || slots_[i].arrived) continue;
      // A jitter buffer takes times from RTP timestamps.
      Buffer packet(gst_buffer_copy(original.get()));
      GST_BUFFER_PTS(packet.get()) = slots_[i].time;
      slots_[i].arrived = std::move(packet);
    }
  }
}

std::vector<Event> Receiver::requests(GstClockTime now, GstClockTime patience, int tries) {
  if (!rerequest_) return {};
  for (size_t i = next_; i < known_; ++i) {
    Slot& slot = slots_[i];
    if (slot.arrived || slot.tries == tries) continue;
    if (GST_CLOCK_TIME_IS_VALID(slot.asked) && slot.asked + patience > now) continue;
    slot.asked = now;
    ++slot.tries;
    rerequest_->push_upstream(Event(gst_event_new_custom(
        GST_EVENT_CUSTOM_UPSTREAM, gst_structure_new(kRequest, "seqnum", G_TYPE_UINT, static_cast<guint>(slot.sequence),
                                                     "ssrc", G_TYPE_UINT, static_cast<guint>(kMediaSsrc), nullptr))));
  }
  std::vector<Event> events = rerequest_->upstream_events();
  const auto other = [](const Event& event) { return gst_event_has_name(event.get(), kRequest) == FALSE; };
  events.erase(std::remove_if(events.begin(), events.end(), other), events.end());
  return events;
}

void Receiver::release(int picture) {
  for (; next_ < known_ && slots_[next_].picture <= picture; ++next_) {
    const Slot& slot = slots_[next_];
    if (slot.arrived) {
      hand_on(slot);
    } else {
      give_up(slot);
    }
    const bool last = next_ + 1 == slots_.size() || slots_[next_ + 1].picture != slot.picture;
    if (last && whole(slot.picture)) latest_whole_ = slot.picture;
  }
}

void Receiver::finish() {
  known_ = slots_.size();
  release(clip_.count());
  show(chain_->push(Event(gst_event_new_eos())));
}

void Receiver::hand_on(const Slot& slot) {
  // rtpbin's demultiplexer keeps packets of error correction from the depayloader.
  if (!slot.correction) show(chain_->push(*slot.arrived));
}

void Receiver::give_up(const Slot& slot) {
  if (recover(slot) || slot.correction) return;
  whole_[static_cast<size_t>(slot.picture)] = false;
  missed_ = slot.picture;
}

bool Receiver::recover(const Slot& slot) {
  if (correction_ == nullptr) return false;
  guint before = 0;
  guint after = 0;
  g_object_get(correction_, "recovered", &before, nullptr);
  // As rtpjitterbuffer do-lost=true says it.
  show(chain_->push(Event(gst_event_new_custom(
      GST_EVENT_CUSTOM_DOWNSTREAM,
      gst_structure_new("GstRTPPacketLost", "seqnum", G_TYPE_UINT, static_cast<guint>(slot.sequence), "timestamp",
                        G_TYPE_UINT64, slot.time, "duration", G_TYPE_UINT64, GstClockTime{0}, "retry", G_TYPE_UINT, 0U,
                        nullptr)))));
  g_object_get(correction_, "recovered", &after, nullptr);
  return after > before;
}

void Receiver::show(const std::vector<Buffer>& decoded) {
  for (const Buffer& buffer : decoded) {
    const int index = clip_.index(GST_BUFFER_PTS(buffer.get()));
    if (index < 0 || index >= clip_.count()) continue;
    Picture picture = to_picture(buffer, chain_->caps(), clip_[0].width(), clip_[0].height());
    if (!picture.empty()) pictures_[static_cast<size_t>(index)] = std::move(picture);
  }
}

}  // namespace crlsc::bench
