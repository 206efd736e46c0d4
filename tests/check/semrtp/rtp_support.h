// SPDX-License-Identifier: LGPL-2.1-or-later
// Streams made of units that no encoder has seen, and harnesses that write down what comes out of an element.
#pragma once

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>
#include <gst/rtp/rtp.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/bitstream/sequence_header.h"
#include "unit/rtp/access_units.h"

namespace crlsc::test {

constexpr GstClockTime kInterval = 100 * GST_MSECOND;
constexpr const char* kRtpCaps =
    "application/x-rtp, media=(string)video, clock-rate=(int)90000, encoding-name=(string)CRLSC, payload=(int)96";

inline SequenceHeader sequence_header(int width = 320) {
  SequenceHeader header;
  header.width = width;
  header.height = 240;
  header.framerate_num = 10;
  header.layers = 3;
  header.model_id = {0xab, 1, 2, 3, 4, 5, 6, 7};
  return header;
}

inline Bytes sequence_unit(const SequenceHeader& header = sequence_header()) {
  Bytes out;
  append_unit(out, {UnitType::kSequenceHeader, 0, true, false}, write_sequence_header(header));
  return out;
}

// A key picture with its sequence header in front.
inline Bytes key_unit(const std::vector<UnitSpec>& specs, uint32_t seed = 1,
                      const SequenceHeader& header = sequence_header()) {
  Bytes out = sequence_unit(header);
  const Bytes rest = access_unit(specs, true, seed);
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

inline GstBuffer* to_buffer(ByteView bytes, GstClockTime pts = GST_CLOCK_TIME_NONE) {
  GstBuffer* buffer = gst_buffer_new_memdup(bytes.data(), bytes.size());
  GST_BUFFER_PTS(buffer) = GST_BUFFER_DTS(buffer) = pts;
  return buffer;
}

inline Bytes to_bytes(GstBuffer* buffer) {
  Bytes out(gst_buffer_get_size(buffer));
  gst_buffer_extract(buffer, 0, out.data(), out.size());
  return out;
}

inline Bytes rtp_payload(GstBuffer* buffer) {
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  fail_unless(gst_rtp_buffer_map(buffer, GST_MAP_READ, &rtp));
  const auto* data = static_cast<const uint8_t*>(gst_rtp_buffer_get_payload(&rtp));
  Bytes out(data, data + gst_rtp_buffer_get_payload_len(&rtp));
  gst_rtp_buffer_unmap(&rtp);
  return out;
}

inline GstBuffer* rtp_buffer(ByteView payload, uint16_t sequence, uint32_t timestamp, GstClockTime pts,
                             uint32_t ssrc = 0x1234) {
  GstBuffer* buffer = gst_rtp_buffer_new_allocate(static_cast<guint>(payload.size()), 0, 0);
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  fail_unless(gst_rtp_buffer_map(buffer, GST_MAP_READWRITE, &rtp));
  std::copy(payload.begin(), payload.end(), static_cast<uint8_t*>(gst_rtp_buffer_get_payload(&rtp)));
  gst_rtp_buffer_set_payload_type(&rtp, 96);
  gst_rtp_buffer_set_seq(&rtp, sequence);
  gst_rtp_buffer_set_timestamp(&rtp, timestamp);
  gst_rtp_buffer_set_ssrc(&rtp, ssrc);
  gst_rtp_buffer_unmap(&rtp);
  GST_BUFFER_PTS(buffer) = GST_BUFFER_DTS(buffer) = pts;
  return buffer;
}

// A source of packets for the depayloader: pictures every 100 ms from time 0, the marker of each with its last packet.
class PacketSource {
 public:
  explicit PacketSource(uint16_t picture_id = 100, uint16_t sequence = 1000, size_t max_payload = 64)
      : picture_id_(picture_id), sequence_(sequence), max_payload_(max_payload) {}

  // Returns the index of the picture's first packet.
  size_t add(ByteView unit_bytes) {
    const size_t first = packets_.size();
    PacketizerSettings settings;
    settings.max_payload = max_payload_;
    settings.picture_id = picture_id_;
    for (const RtpPacket& packet : packetize(unit_bytes, settings)) add_packet(packet.join());
    skip();
    return first;
  }

  void add_packet(Bytes bytes) { packets_.push_back({std::move(bytes), sequence_++, pts_}); }

  void skip(unsigned pictures = 1) {
    picture_id_ = static_cast<uint16_t>((picture_id_ + pictures) & kPictureIdMask);
    pts_ += pictures * kInterval;
  }

  size_t size() const { return packets_.size(); }
  uint16_t picture_id() const { return picture_id_; }
  Bytes& bytes(size_t i) { return packets_[i].bytes; }

  GstBuffer* packet(size_t i, uint32_t ssrc = 0x1234) const {
    const Packet& p = packets_[i];
    return rtp_buffer(p.bytes, p.sequence, static_cast<uint32_t>(gst_util_uint64_scale(p.pts, 90000, GST_SECOND)),
                      p.pts, ssrc);
  }

 private:
  struct Packet {
    Bytes bytes;
    uint16_t sequence;
    GstClockTime pts;
  };
  uint16_t picture_id_;
  uint16_t sequence_;
  size_t max_payload_;
  GstClockTime pts_ = 0;
  std::vector<Packet> packets_;
};

inline void check_text(const std::string& got, const std::string& expected) {
  fail_unless(got == expected, "got '%s', not '%s'", got.c_str(), expected.c_str());
}

// An element in a harness whose bus and source pad are watched.
class Watched {
 public:
  // `description` is an element and its properties, as for gst-launch-1.0.
  explicit Watched(const std::string& description) : bus_(gst_bus_new()) {
    element_ = gst_parse_launch(description.c_str(), nullptr);
    fail_unless(element_ != nullptr, "%s", description.c_str());
    gst_object_ref_sink(element_);
    h_ = gst_harness_new_with_element(element_, "sink", "src");
    gst_element_set_bus(element_, bus_);
    GstPad* pad = gst_element_get_static_pad(element_, "src");
    gst_pad_add_probe(pad,
                      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST |
                                                   GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
                      probe, this, nullptr);
    gst_object_unref(pad);
  }
  ~Watched() {
    gst_element_set_bus(element_, nullptr);
    gst_object_unref(bus_);
    gst_object_unref(element_);
    gst_harness_teardown(h_);
  }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  GstHarness* h() { return h_; }
  GstElement* element() { return element_; }

  // What came out, in order, separated by blanks: C caps, S segment, Bn buffer at n ms with flags k (key), c
  // (corrupted) and d (discont), Gn+m gap at n ms that lasts m ms, L(n) a list of n buffers, F flush stop, E end of
  // stream.
  const std::string& log() const { return log_; }
  void clear_log() { log_.clear(); }
  int buffers() const { return buffers_; }
  int gaps() const { return gaps_; }

  GstMessage* pop_error() { return gst_bus_pop_filtered(bus_, GST_MESSAGE_ERROR); }
  bool silent() {
    GstMessage* message =
        gst_bus_pop_filtered(bus_, static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_WARNING));
    if (message == nullptr) return true;
    gst_message_unref(message);
    return false;
  }

  // All buffers that the harness holds; the caller unrefs them.
  std::vector<GstBuffer*> pull_all() {
    std::vector<GstBuffer*> out;
    while (GstBuffer* buffer = gst_harness_try_pull(h_)) out.push_back(buffer);
    return out;
  }

  // The element's answers to upstream, by now: how often a key picture was asked for.
  int key_requests() {
    int count = 0;
    while (GstEvent* event = gst_harness_try_pull_upstream_event(h_)) {
      count += gst_event_has_name(event, "GstForceKeyUnit") ? 1 : 0;
      gst_event_unref(event);
    }
    return count;
  }

  guint64 stat(const char* name) {
    GstStructure* stats = nullptr;
    g_object_get(element_, "picture-stats", &stats, nullptr);
    guint64 value = G_MAXUINT64;
    fail_unless(gst_structure_get_uint64(stats, name, &value), "no %s", name);
    gst_structure_free(stats);
    return value;
  }

 private:
  void write(const std::string& text) { log_ += (log_.empty() ? "" : " ") + text; }

  void write_buffer(GstBuffer* buffer) {
    ++buffers_;
    const auto flag = [buffer](guint which, const char* text) {
      return GST_BUFFER_FLAG_IS_SET(buffer, which) ? text : "";
    };
    const std::string time =
        GST_BUFFER_PTS_IS_VALID(buffer) ? std::to_string(GST_BUFFER_PTS(buffer) / GST_MSECOND) : "?";
    write("B" + time + (GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT) ? "" : "k") +
          flag(GST_BUFFER_FLAG_CORRUPTED, "c") + flag(GST_BUFFER_FLAG_DISCONT, "d"));
  }

  void write_gap(GstEvent* event) {
    ++gaps_;
    GstClockTime start = 0;
    GstClockTime duration = 0;
    GstGapFlags flags{};
    gst_event_parse_gap(event, &start, &duration);
    gst_event_parse_gap_flags(event, &flags);
    write("G" + std::to_string(start / GST_MSECOND) + "+" +
          (GST_CLOCK_TIME_IS_VALID(duration) ? std::to_string(duration / GST_MSECOND) : "?") +
          (flags == GST_GAP_FLAG_MISSING_DATA ? "" : "!"));
  }

  static GstPadProbeReturn probe(GstPad*, GstPadProbeInfo* info, gpointer user_data) {
    auto* self = static_cast<Watched*>(user_data);
    if ((info->type & GST_PAD_PROBE_TYPE_BUFFER) != 0) {
      self->write_buffer(GST_PAD_PROBE_INFO_BUFFER(info));
    } else if ((info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) != 0) {
      self->write("L(" + std::to_string(gst_buffer_list_length(GST_PAD_PROBE_INFO_BUFFER_LIST(info))) + ")");
    } else {
      GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
      switch (GST_EVENT_TYPE(event)) {
        case GST_EVENT_CAPS:
          self->write("C");
          break;
        case GST_EVENT_SEGMENT:
          self->write("S");
          break;
        case GST_EVENT_GAP:
          self->write_gap(event);
          break;
        case GST_EVENT_FLUSH_STOP:
          self->write("F");
          break;
        case GST_EVENT_EOS:
          self->write("E");
          break;
        default:
          break;
      }
    }
    return GST_PAD_PROBE_OK;
  }

  GstHarness* h_ = nullptr;
  GstBus* bus_;
  GstElement* element_ = nullptr;
  std::string log_;
  int buffers_ = 0;
  int gaps_ = 0;
};

inline void unref_all(const std::vector<GstBuffer*>& buffers) {
  for (GstBuffer* buffer : buffers) gst_buffer_unref(buffer);
}

// While it lives, counts log lines of the elements under test at WARNING and above.
class LogCounter {
 public:
  LogCounter() {
    gst_debug_set_threshold_for_name("rtpcrlsc*", GST_LEVEL_WARNING);
    gst_debug_add_log_function(count, this, nullptr);
  }
  ~LogCounter() {
    gst_debug_remove_log_function_by_data(this);
    gst_debug_unset_threshold_for_name("rtpcrlsc*");
  }
  LogCounter(const LogCounter&) = delete;
  LogCounter& operator=(const LogCounter&) = delete;
  int lines() const { return g_atomic_int_get(&lines_); }

 private:
  static void count(GstDebugCategory* category, GstDebugLevel level, const gchar*, const gchar*, gint, GObject*,
                    GstDebugMessage*, gpointer user_data) {
    const std::string name = gst_debug_category_get_name(category);
    if (level <= GST_LEVEL_WARNING && name.compare(0, 8, "rtpcrlsc") == 0) {
      g_atomic_int_inc(&static_cast<LogCounter*>(user_data)->lines_);
    }
  }
  gint lines_ = 0;
};

// Properties that the class installs itself have the value that their description calls the default.
inline void check_own_defaults(const char* factory) {
  GstElement* element = gst_element_factory_make(factory, nullptr);
  fail_unless(element != nullptr);
  guint count = 0;
  GParamSpec** specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(element), &count);
  int own = 0;
  for (guint i = 0; i < count; ++i) {
    if (specs[i]->owner_type != G_OBJECT_TYPE(element) || G_IS_PARAM_SPEC_BOXED(specs[i])) continue;
    GValue value = G_VALUE_INIT;
    g_value_init(&value, specs[i]->value_type);
    g_object_get_property(G_OBJECT(element), specs[i]->name, &value);
    fail_unless(g_param_value_defaults(specs[i], &value), "%s", specs[i]->name);
    g_value_unset(&value);
    ++own;
  }
  fail_unless(own >= 3);
  g_free(specs);
  gst_object_unref(element);
}

inline void check_class(const char* factory_name, const char* klass) {
  GstElementFactory* factory = gst_element_factory_find(factory_name);
  fail_unless(factory != nullptr);
  fail_unless_equals_string(gst_element_factory_get_metadata(factory, GST_ELEMENT_METADATA_KLASS), klass);
  fail_unless(gst_element_factory_get_metadata(factory, GST_ELEMENT_METADATA_AUTHOR) != nullptr);
  fail_unless(gst_element_factory_get_metadata(factory, GST_ELEMENT_METADATA_LONGNAME) != nullptr);
  fail_unless_equals_int(gst_plugin_feature_get_rank(GST_PLUGIN_FEATURE(factory)), GST_RANK_SECONDARY);
  gst_object_unref(factory);
}

// Up and down in three orders, twice.
inline void check_states(const char* factory) {
  GstElement* element = gst_element_factory_make(factory, nullptr);
  const std::vector<std::vector<GstState>> orders = {
      {GST_STATE_READY, GST_STATE_PAUSED, GST_STATE_PLAYING, GST_STATE_PAUSED, GST_STATE_READY, GST_STATE_NULL},
      {GST_STATE_PLAYING, GST_STATE_NULL, GST_STATE_PAUSED, GST_STATE_NULL},
      {GST_STATE_PAUSED, GST_STATE_PLAYING, GST_STATE_READY, GST_STATE_PLAYING, GST_STATE_NULL}};
  for (int round = 0; round < 2; ++round) {
    for (const auto& order : orders) {
      for (const GstState state : order) {
        fail_unless_equals_int(gst_element_set_state(element, state), GST_STATE_CHANGE_SUCCESS);
      }
    }
  }
  gst_object_unref(element);
}

}  // namespace crlsc::test
