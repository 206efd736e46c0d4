// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sender.h"

#include <gst/rtp/gstrtpbuffer.h>

#include "core/error.h"

namespace crlsc::bench {
namespace {

int payload_type(const Buffer& packet) {
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  if (!gst_rtp_buffer_map(packet.get(), GST_MAP_READ, &rtp)) throw Error(ErrorKind::kRead, "no RTP packet was sent");
  const int type = gst_rtp_buffer_get_payload_type(&rtp);
  gst_rtp_buffer_unmap(&rtp);
  return type;
}

Caps raw_caps(const Clip& clip) {
  const GstVideoInfo info = clip.info();
  return Caps(gst_video_info_to_caps(&info));
}

std::string retransmitter_line() {
  return "rtprtxsend payload-type-map=\"application/x-rtp-pt-map," + std::to_string(kMediaType) + "=(uint)" +
         std::to_string(kRetransmissionType) + "\" ssrc-map=\"application/x-rtp-ssrc-map," +
         std::to_string(kMediaSsrc) + "=(uint)" + std::to_string(kRetransmissionSsrc) + "\"";
}

}  // namespace

std::string sender_line(const Codec& codec) { return codec.encoder + "! " + codec.payloader; }

std::string correction_line() {
  return "rtpulpfecenc pt=" + std::to_string(kCorrectionType) + " percentage=" + std::to_string(kCorrectionPercentage);
}

Sender::Sender(const Codec& codec, Protection protection, const Clip& clip)
    : clip_(clip), protection_(protection), chain_(sender_line(codec), raw_caps(clip).get()) {
  GstElement* encoder = chain_.element("encoder");
  GstPad* pad = gst_element_get_static_pad(encoder, "src");
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_encoded, this, nullptr);
  gst_object_unref(pad);
  gst_object_unref(encoder);
}

Sender::~Sender() = default;

GstPadProbeReturn Sender::on_encoded(GstPad*, GstPadProbeInfo* info, gpointer self) {
  static_cast<Sender*>(self)->key_ =
      !GST_BUFFER_FLAG_IS_SET(GST_PAD_PROBE_INFO_BUFFER(info), GST_BUFFER_FLAG_DELTA_UNIT);
  return GST_PAD_PROBE_OK;
}

SentPicture Sender::send(int index) {
  SentPicture sent;
  key_ = false;
  for (const Buffer& buffer : chain_.push(clip_.buffer(index))) {
    Buffer packet(gst_buffer_copy(buffer.get()));
    GST_BUFFER_PTS(packet.get()) = chain_.running_time(buffer);
    for (Buffer& out : protect(std::move(packet))) {
      const bool correction = payload_type(out) == kCorrectionType;
      sent.packets.push_back({std::move(out), packets_++, index, correction});
    }
  }
  sent.key = key_;
  return sent;
}

std::vector<Buffer> Sender::protect(Buffer packet) {
  if (protection_ != Protection::kCorrection) return {std::move(packet)};
  // Apart from the encoder, which would otherwise make another stream of it: rtph264pay asks for the baseline profile
  // when what follows does not say that it takes all.
  if (!correction_) correction_.emplace(correction_line(), chain_.caps());
  return correction_->push(packet);
}

Retransmitter::Retransmitter(GstCaps* caps) : chain_(retransmitter_line(), caps) {}

void Retransmitter::keep(const Packet& packet) {
  if (chain_.push(packet.buffer).empty()) chain_.wait();
}

Buffer Retransmitter::answer(Event request) {
  chain_.push_upstream(std::move(request));
  return chain_.wait();
}

}  // namespace crlsc::bench
