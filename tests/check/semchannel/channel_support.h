// SPDX-License-Identifier: LGPL-2.1-or-later
// A channel in a harness, and packets for it.
#pragma once

#include <gst/rtp/rtp.h>

#include <algorithm>
#include <string>
#include <vector>

#include "support.h"

namespace crlsc::test {

constexpr const char* kRtpCaps = "application/x-rtp, media=(string)audio, encoding-name=(string)OPUS";
constexpr size_t kPayloadSize = 100;
constexpr gsize kHeaderSize = 12 + 2 * 4 + 8;  // of the packets below

// A packet with two contributing sources and a header extension; its payload is the number, over and over.
inline GstBuffer* rtp_packet(guint number, guint flags = 0) {
  GstBuffer* buffer = gst_rtp_buffer_new_allocate(kPayloadSize, 0, 2);
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  fail_unless(gst_rtp_buffer_map(buffer, GST_MAP_READWRITE, &rtp));
  gst_rtp_buffer_set_seq(&rtp, static_cast<guint16>(number));
  gst_rtp_buffer_set_payload_type(&rtp, 97);
  gst_rtp_buffer_set_csrc(&rtp, 0, 1);
  gst_rtp_buffer_set_csrc(&rtp, 1, 2);
  const guint8 extension[] = {1, 2, 3};
  fail_unless(gst_rtp_buffer_add_extension_onebyte_header(&rtp, 5, extension, sizeof(extension)));
  fail_unless_equals_int(gst_rtp_buffer_get_header_len(&rtp), kHeaderSize);
  std::fill_n(static_cast<guint8*>(gst_rtp_buffer_get_payload(&rtp)), kPayloadSize, static_cast<guint8>(number));
  gst_rtp_buffer_unmap(&rtp);
  GST_BUFFER_PTS(buffer) = GST_BUFFER_DTS(buffer) = number * kInterval;
  GST_BUFFER_DURATION(buffer) = kInterval;
  GST_BUFFER_FLAG_SET(buffer, flags);
  return buffer;
}

inline guint sequence_of(GstBuffer* buffer) {
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  fail_unless(gst_rtp_buffer_map(buffer, GST_MAP_READ, &rtp));
  const guint sequence = gst_rtp_buffer_get_seq(&rtp);
  gst_rtp_buffer_unmap(&rtp);
  return sequence;
}

inline std::vector<guint> sequences_of(const Buffers& buffers) {
  std::vector<guint> out;
  for (GstBuffer* buffer : buffers) out.push_back(sequence_of(buffer));
  return out;
}

// It writes down what leaves the element.
class ChannelHarness : public Harness {
 public:
  explicit ChannelHarness(const std::string& properties = "", const char* caps = kRtpCaps)
      : Harness("crlscchannel " + properties) {
    GstPad* pad = gst_element_get_static_pad(element(), "src");
    gst_pad_add_probe(
        pad,
        static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST |
                                     GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM | GST_PAD_PROBE_TYPE_EVENT_FLUSH),
        probe, this, nullptr);
    gst_object_unref(pad);
    gst_harness_set_src_caps(h(), gst_caps_from_string(caps));
    log_.clear();
  }

  using Harness::push;
  void push_packets(guint from, guint count, guint flags = 0) {
    for (guint i = from; i < from + count; ++i) fail_unless_equals_int(push(rtp_packet(i, flags)), GST_FLOW_OK);
  }
  GstFlowReturn push(GstBufferList* list) { return gst_pad_push_list(h()->srcpad, list); }
  GstFlowReturn push_list(guint from, guint count) {
    GstBufferList* list = gst_buffer_list_new();
    for (guint i = from; i < from + count; ++i) gst_buffer_list_add(list, rtp_packet(i));
    return push(list);
  }

  // Since the last call, separated by blanks: B a buffer, L(n) a list of n buffers and a + for each that has other
  // owners, and the names of events.
  std::string log() { return std::exchange(log_, {}); }

  double ratio(const char* name) {
    GstStructure* stats = nullptr;
    g_object_get(element(), "stats", &stats, nullptr);
    double value = -1;
    fail_unless(gst_structure_get_double(stats, name, &value), "no %s", name);
    gst_structure_free(stats);
    return value;
  }

 private:
  static GstPadProbeReturn probe(GstPad*, GstPadProbeInfo* info, gpointer user_data) {
    std::string& log = static_cast<ChannelHarness*>(user_data)->log_;
    if (!log.empty()) log += ' ';
    if ((info->type & GST_PAD_PROBE_TYPE_BUFFER) != 0) {
      log += 'B';
    } else if ((info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) != 0) {
      GstBufferList* list = GST_PAD_PROBE_INFO_BUFFER_LIST(info);
      log += "L(" + std::to_string(gst_buffer_list_length(list)) + ")";
      for (guint i = 0; i < gst_buffer_list_length(list); ++i) {
        if (GST_MINI_OBJECT_REFCOUNT_VALUE(gst_buffer_list_get(list, i)) > 1) log += '+';
      }
    } else {
      log += GST_EVENT_TYPE_NAME(GST_PAD_PROBE_INFO_EVENT(info));
    }
    return GST_PAD_PROBE_OK;
  }

  std::string log_;
};

}  // namespace crlsc::test
