// SPDX-License-Identifier: LGPL-2.1-or-later
// A depayloader in a harness, and streams for it.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "crlsc/caps.h"
#include "rtp_support.h"

namespace crlsc::test {

class Depay : public Watched {
 public:
  explicit Depay(const std::string& properties = "", const std::string& caps = kRtpCaps)
      : Watched("rtpcrlscdepay " + properties) {
    gst_harness_set_src_caps_str(h(), caps.c_str());
  }

  GstFlowReturn push(GstBuffer* packet) { return gst_harness_push(h(), packet); }

  // Sends all packets but those of `lost`.
  void send(const PacketSource& source, const std::set<size_t>& lost = {}) {
    for (size_t i = 0; i < source.size(); ++i) {
      if (lost.count(i) == 0) fail_unless_equals_int(push(source.packet(i)), GST_FLOW_OK);
    }
  }
  void end() { fail_unless(gst_harness_push_event(h(), gst_event_new_eos())); }
};

inline std::vector<UnitSpec> three_layers() { return {token(0, 40), token(1, 40), token(2, 40)}; }
inline Bytes delta(uint32_t seed) { return access_unit(three_layers(), false, seed); }
// One packet more than a delta picture has: header | layer 0 | 1 | 2.
inline Bytes key(uint32_t seed, const SequenceHeader& header = sequence_header()) {
  return key_unit(three_layers(), seed, header);
}

// Key picture 0 in packets 0..3, then pictures 1..count-1 of three packets each: picture n starts at 3 n + 1.
inline PacketSource stream(unsigned count, uint16_t picture_id = 100, uint16_t sequence = 1000) {
  PacketSource source(picture_id, sequence);
  source.add(key(1));
  for (unsigned i = 1; i < count; ++i) source.add(delta(i + 1));
  return source;
}

inline GstCaps* current_caps(Watched& depay) {
  GstPad* pad = gst_element_get_static_pad(depay.element(), "src");
  GstCaps* caps = gst_pad_get_current_caps(pad);
  gst_object_unref(pad);
  return caps;
}

inline bool caps_are(Watched& depay, const SequenceHeader& header) {
  GstCaps* caps = current_caps(depay);
  GstCaps* expected = make_caps(header);
  const bool equal = caps != nullptr && gst_caps_is_equal(caps, expected);
  gst_clear_caps(&caps);
  gst_caps_unref(expected);
  return equal;
}

inline std::string config_of(const SequenceHeader& header) {
  const Bytes unit = sequence_unit(header);
  gchar* text = g_base64_encode(unit.data(), unit.size());
  std::string out = text;
  g_free(text);
  return out;
}

inline std::string caps_with(const std::string& field, const std::string& value) {
  return std::string(kRtpCaps) + ", " + field + "=(string)\"" + value + "\"";
}

inline GstEvent* lost_event(guint sequence, bool maybe_fec = false) {
  return gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM,
                              gst_structure_new("GstRTPPacketLost", "seqnum", G_TYPE_UINT, sequence, "timestamp",
                                                G_TYPE_UINT64, guint64{100 * GST_MSECOND}, "duration", G_TYPE_UINT64,
                                                guint64{0}, "might-have-been-fec", G_TYPE_BOOLEAN, maybe_fec, nullptr));
}

}  // namespace crlsc::test
