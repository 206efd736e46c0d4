// SPDX-License-Identifier: LGPL-2.1-or-later
// A payloader in a harness, and what can be read from its packets.
#pragma once

#include <string>
#include <vector>

#include "core/rtp/packetizer.h"
#include "crlsc/caps.h"
#include "rtp_support.h"

namespace crlsc::test {

// A payloader with caps and a fixed first picture id; pictures go in every 100 ms.
class Pay : public Watched {
 public:
  explicit Pay(const std::string& properties = "", GstCaps* caps = nullptr)
      : Watched("rtpcrlscpay picture-id-offset=500 timestamp-offset=0 seqnum-offset=65530 " + properties) {
    gst_harness_set_src_caps(h(), caps != nullptr ? caps : make_caps(sequence_header()));
  }

  GstFlowReturn push(ByteView unit_bytes, bool key = false) {
    GstBuffer* buffer = to_buffer(unit_bytes, time_);
    if (!key) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
    return push(buffer);
  }
  GstFlowReturn push(GstBuffer* buffer) {
    time_ += kInterval;
    return gst_harness_push(h(), buffer);
  }

 private:
  GstClockTime time_ = 0;
};

struct Header {
  bool marker;
  uint16_t sequence;
  uint32_t timestamp;
  uint8_t type;
  RtpPayloadHeader payload;
  std::vector<UnitView> units;
  Bytes bytes;
};

inline Header read(GstBuffer* buffer) {
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  fail_unless(gst_rtp_buffer_map(buffer, GST_MAP_READ, &rtp));
  Header out{gst_rtp_buffer_get_marker(&rtp) != FALSE,
             gst_rtp_buffer_get_seq(&rtp),
             gst_rtp_buffer_get_timestamp(&rtp),
             gst_rtp_buffer_get_payload_type(&rtp),
             {},
             {},
             {}};
  gst_rtp_buffer_unmap(&rtp);
  out.bytes = rtp_payload(buffer);
  out.payload = parse_payload_header(out.bytes);
  if (!out.payload.fragment) out.units = parse_access_unit(ByteView(out.bytes).sub(out.payload.size())).units;
  return out;
}

// What the packets of one picture carry when they are put together again.
inline Bytes reassemble(const std::vector<GstBuffer*>& packets) {
  Reassembler reassembler({Delivery::kComplete, 0});
  uint64_t sequence = 1;
  for (GstBuffer* packet : packets) {
    const Bytes payload = rtp_payload(packet);
    for (ReceivedPicture& picture : reassembler.push({payload, sequence++, false, 0, 0})) return picture.units;
  }
  return {};
}

inline std::vector<UnitSpec> three_layers() { return {token(0, 300), token(1, 300), token(2, 300)}; }

inline bool has_flag(GstBuffer* buffer, guint flag) { return GST_BUFFER_FLAG_IS_SET(buffer, flag); }

inline std::string caps_string(Watched& pay, const char* field) {
  GstPad* pad = gst_element_get_static_pad(pay.element(), "src");
  GstCaps* caps = gst_pad_get_current_caps(pad);
  fail_unless(caps != nullptr);
  const gchar* text = gst_structure_get_string(gst_caps_get_structure(caps, 0), field);
  std::string out = text != nullptr ? text : "(none)";
  gst_caps_unref(caps);
  gst_object_unref(pad);
  return out;
}

}  // namespace crlsc::test
