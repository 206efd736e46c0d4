// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crlsc/feedback.h"

#include <gst/rtp/rtp.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <vector>

#include "core/error.h"
#include "core/rtp/feedback.h"
#include "crlsc/entry_event.h"
#include "crlsc/guard.h"
#include "crlsc/loss_event.h"

#define GST_CAT_DEFAULT feedback_debug()

namespace {

using crlsc::EntryReport;
using crlsc::Feedback;
using crlsc::PictureLoss;

// How long a report may wait for a time at which RTCP may send it early; then it goes with the next regular packet.
constexpr guint64 kPatience = 5 * GST_SECOND;
// Each loss and each entry is told so often: RTCP packets get lost, too.
constexpr int kRepetitions = 2;
// Packets that are taken in a second. RTCP's share of the bandwidth allows far fewer.
constexpr guint64 kMostPackets = 50;

GstDebugCategory* feedback_debug() {
  static GstDebugCategory* const category = [] {
    GstDebugCategory* made = nullptr;
    GST_DEBUG_CATEGORY_INIT(made, "crlscfeedback", 0, "CRLSC loss feedback");
    return made;
  }();
  return category;
}

GQuark attachment_quark() {
  static const GQuark quark = g_quark_from_static_string("gst-crlsc-feedback");
  return quark;
}

struct Counters {
  guint64 told = 0;
  guint64 entries_told = 0;
  guint64 sent = 0;
  guint64 received = 0;
  guint64 refused = 0;
  guint64 passed_on = 0;
  guint64 entries_passed_on = 0;
};

// A loss or a report that waits to be sent.
template <class Item>
struct Waiting {
  guint32 ssrc;
  Item item;
  int times;
};

// What belongs to one session. The session and its element hold it through their signals, so it refers to neither.
struct Attachment {
  std::mutex mutex;
  std::vector<Waiting<PictureLoss>> losses;
  std::vector<Waiting<EntryReport>> entries;
  Counters counters;
  gint64 second = 0;        // in which packets were counted last
  guint64 this_second = 0;  // packets of it
};
using Shared = std::shared_ptr<Attachment>;

Shared& shared(gpointer data) { return *static_cast<Shared*>(data); }
gpointer hold(const Shared& attachment) { return new Shared(attachment); }
void release(gpointer data) { delete static_cast<Shared*>(data); }
void release_closure(gpointer data, GClosure*) { release(data); }

template <class T>
struct Unref {
  void operator()(T* object) const { gst_object_unref(object); }
};
using Element = std::unique_ptr<GstElement, Unref<GstElement>>;
using Pad = std::unique_ptr<GstPad, Unref<GstPad>>;
struct UnrefObject {
  void operator()(gpointer object) const { g_object_unref(object); }
};
using Object = std::unique_ptr<GObject, UnrefObject>;

// Receiver

// Of too many, one stands for all.
void add(std::vector<Waiting<PictureLoss>>& waiting, guint32 ssrc, const PictureLoss& loss) {
  const auto mine = [ssrc](const Waiting<PictureLoss>& w) { return w.ssrc == ssrc; };
  const auto same =
      std::find_if(waiting.begin(), waiting.end(), [&](const auto& w) { return mine(w) && w.item == loss; });
  if (same != waiting.end()) {
    same->times = kRepetitions;
  } else if (static_cast<size_t>(std::count_if(waiting.begin(), waiting.end(), mine)) < crlsc::kMaxFeedbackLosses) {
    waiting.push_back({ssrc, loss, kRepetitions});
  } else {
    waiting.erase(std::remove_if(waiting.begin(), waiting.end(), mine), waiting.end());
    waiting.push_back({ssrc, crlsc::everything_lost(), kRepetitions});
  }
}

// What was said of the entry before is no longer true. Of too many, the oldest one is left out.
void add(std::vector<Waiting<EntryReport>>& waiting, guint32 ssrc, const EntryReport& report) {
  const auto mine = [ssrc](const Waiting<EntryReport>& w) { return w.ssrc == ssrc; };
  const auto outdated = [&](const Waiting<EntryReport>& w) { return mine(w) && w.item.name == report.name; };
  waiting.erase(std::remove_if(waiting.begin(), waiting.end(), outdated), waiting.end());
  if (static_cast<size_t>(std::count_if(waiting.begin(), waiting.end(), mine)) == crlsc::kMaxFeedbackEntries) {
    waiting.erase(std::find_if(waiting.begin(), waiting.end(), mine));
  }
  waiting.push_back({ssrc, report, kRepetitions});
}

// Whether it is an event that can be told.
bool add_event(Attachment& attachment, GstEvent* event) {
  guint ssrc = 0;
  if (!gst_structure_get_uint(gst_event_get_structure(event), "ssrc", &ssrc)) return false;
  const std::lock_guard<std::mutex> lock(attachment.mutex);
  if (const auto loss = crlsc::parse_loss_event(event)) {
    ++attachment.counters.told;
    add(attachment.losses, ssrc, *loss);
    return true;
  }
  if (const auto report = crlsc::parse_entry_event(event)) {
    ++attachment.counters.entries_told;
    add(attachment.entries, ssrc, *report);
    return true;
  }
  return false;
}

// An upstream event of a decoder leaves through the session's sink pad.
GstPadProbeReturn on_upstream_event(GstPad* pad, GstPadProbeInfo* info, gpointer data) {
  GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
  if (!crlsc::is_loss_event(event) && !crlsc::is_entry_event(event)) return GST_PAD_PROBE_OK;
  const Element element(gst_pad_get_parent_element(pad));
  if (!element) return GST_PAD_PROBE_DROP;
  return crlsc::guard(element.get(), GST_PAD_PROBE_DROP, [&] {
    if (!add_event(*shared(data), event)) return GST_PAD_PROBE_DROP;
    GObject* session = nullptr;
    g_object_get(element.get(), "internal-session", &session, nullptr);
    const Object owned(session);
    gboolean scheduled = FALSE;
    g_signal_emit_by_name(session, "send-rtcp-full", kPatience, &scheduled);
    GST_DEBUG_OBJECT(element.get(), "%" GST_PTR_FORMAT ": %s", static_cast<const void*>(gst_event_get_structure(event)),
                     scheduled ? "told soon" : "told with the next report");
    return GST_PAD_PROBE_DROP;
  });
}

// Whom the compound packet is from.
guint32 packet_source(GObject* session, GstRTCPBuffer* rtcp) {
  GstRTCPPacket packet;
  if (gst_rtcp_buffer_get_first_packet(rtcp, &packet)) {
    guint32 ssrc = 0;
    switch (gst_rtcp_packet_get_type(&packet)) {
      case GST_RTCP_TYPE_RR:
        return gst_rtcp_packet_rr_get_ssrc(&packet);
      case GST_RTCP_TYPE_SR:
        gst_rtcp_packet_sr_get_sender_info(&packet, &ssrc, nullptr, nullptr, nullptr, nullptr);
        return ssrc;
      default:
        break;
    }
  }
  guint ssrc = 0;
  g_object_get(session, "internal-ssrc", &ssrc, nullptr);
  return ssrc;
}

bool add_app_packet(GObject* session, GstRTCPBuffer* rtcp, const Feedback& feedback) {
  const crlsc::Bytes bytes = crlsc::write_feedback(feedback);
  const guint32 source = packet_source(session, rtcp);
  GstRTCPPacket packet;
  if (!gst_rtcp_buffer_add_packet(rtcp, GST_RTCP_TYPE_APP, &packet)) return false;
  gst_rtcp_packet_app_set_subtype(&packet, crlsc::kFeedbackVersion);
  gst_rtcp_packet_app_set_ssrc(&packet, source);
  gst_rtcp_packet_app_set_name(&packet, crlsc::kFeedbackName);
  if (!gst_rtcp_packet_app_set_data_length(&packet, static_cast<guint16>(bytes.size() / 4))) {
    gst_rtcp_packet_remove(&packet);
    return false;
  }
  std::copy(bytes.begin(), bytes.end(), gst_rtcp_packet_app_get_data(&packet));
  return true;
}

// Appends what waits of one kind; one packet for each stream reported on. Returns how many packets there are.
template <class Item>
guint64 append_waiting(GObject* session, GstRTCPBuffer* rtcp, std::vector<Waiting<Item>>& waiting,
                       std::vector<Item> Feedback::*items) {
  guint64 added = 0;
  std::vector<Waiting<Item>> rest;
  while (!waiting.empty()) {
    const guint32 ssrc = waiting.front().ssrc;
    const auto others = std::stable_partition(waiting.begin(), waiting.end(),
                                              [ssrc](const Waiting<Item>& w) { return w.ssrc == ssrc; });
    Feedback feedback;
    feedback.media_ssrc = ssrc;
    for (auto w = waiting.begin(); w != others; ++w) (feedback.*items).push_back(w->item);
    const bool fits = add_app_packet(session, rtcp, feedback);
    added += fits ? 1 : 0;
    for (auto w = waiting.begin(); w != others; ++w) {
      w->times -= fits ? 1 : 0;
      if (w->times > 0) rest.push_back(*w);
    }
    waiting.erase(waiting.begin(), others);
  }
  waiting = std::move(rest);
  return added;
}

// Appends what waits to the packet that the session is about to send. Losses are more urgent.
bool append_feedback(GObject* session, Attachment& attachment, GstBuffer* buffer) {
  const std::lock_guard<std::mutex> lock(attachment.mutex);
  if (attachment.losses.empty() && attachment.entries.empty()) return false;
  GstRTCPBuffer rtcp = GST_RTCP_BUFFER_INIT;
  if (!gst_rtcp_buffer_map(buffer, GST_MAP_READWRITE, &rtcp)) return false;
  const guint64 added = append_waiting(session, &rtcp, attachment.losses, &Feedback::losses) +
                        append_waiting(session, &rtcp, attachment.entries, &Feedback::entries);
  attachment.counters.sent += added;
  gst_rtcp_buffer_unmap(&rtcp);
  return added > 0;
}

// Whether the packet must be sent even if there is nothing else to say.
gboolean on_sending_rtcp(GObject* session, GstBuffer* buffer, gboolean, gpointer data) {
  try {
    return append_feedback(session, *shared(data), buffer) ? TRUE : FALSE;
  } catch (const std::exception& error) {
    GST_WARNING_OBJECT(session, "no feedback in this packet: %s", error.what());
    return FALSE;
  }
}

// Sender

// Whether the session sends a stream with this SSRC.
bool sends(GObject* session, guint32 ssrc) {
  GObject* source = nullptr;
  g_signal_emit_by_name(session, "get-source-by-ssrc", ssrc, &source);
  if (source == nullptr) return false;
  const Object owned(source);
  GstStructure* stats = nullptr;
  g_object_get(source, "stats", &stats, nullptr);
  gboolean internal = FALSE;
  gst_structure_get_boolean(stats, "internal", &internal);
  gst_structure_free(stats);
  return internal != FALSE;
}

// Counts a packet; of a flood, only the first ones of each second pass.
bool admit(Attachment& attachment) {
  const std::lock_guard<std::mutex> lock(attachment.mutex);
  ++attachment.counters.received;
  const gint64 second = g_get_monotonic_time() / G_TIME_SPAN_SECOND;
  if (second != attachment.second) attachment.this_second = 0;
  attachment.second = second;
  return ++attachment.this_second <= kMostPackets;
}

void pass_on(GstElement* element, const Feedback& feedback) {
  const Pad pad(gst_element_get_static_pad(element, "send_rtp_sink"));
  if (!pad) return;
  for (const PictureLoss& loss : feedback.losses) {
    gst_pad_push_event(pad.get(), crlsc::make_loss_event(loss, feedback.media_ssrc));
  }
  for (const EntryReport& report : feedback.entries) {
    gst_pad_push_event(pad.get(), crlsc::make_entry_event(report, feedback.media_ssrc));
  }
}

struct Arrival {
  Shared attachment;
  GWeakRef element;
};

void take_packet(GObject* session, Arrival& arrival, guint subtype, GstBuffer* data) {
  Attachment& attachment = *arrival.attachment;
  const Element element(static_cast<GstElement*>(g_weak_ref_get(&arrival.element)));
  bool refused = !admit(attachment) || subtype != crlsc::kFeedbackVersion || data == nullptr;
  Feedback feedback;
  if (!refused) {
    crlsc::Bytes bytes(std::min(gst_buffer_get_size(data), crlsc::kMaxFeedbackSize + 1));
    gst_buffer_extract(data, 0, bytes.data(), bytes.size());
    try {
      feedback = crlsc::parse_feedback(bytes);
      refused = !sends(session, feedback.media_ssrc);
    } catch (const crlsc::Error& error) {
      GST_DEBUG_OBJECT(session, "%s", error.what());
      refused = true;
    }
  }
  {
    const std::lock_guard<std::mutex> lock(attachment.mutex);
    attachment.counters.refused += refused ? 1 : 0;
    attachment.counters.passed_on += refused ? 0 : feedback.losses.size();
    attachment.counters.entries_passed_on += refused ? 0 : feedback.entries.size();
  }
  if (!refused && element) pass_on(element.get(), feedback);
}

void on_app_rtcp(GObject* session, guint subtype, guint, const gchar* name, GstBuffer* data, gpointer arrival) {
  if (std::strcmp(name, crlsc::kFeedbackName) != 0) return;
  try {
    take_packet(session, *static_cast<Arrival*>(arrival), subtype, data);
  } catch (const std::exception& error) {
    GST_WARNING_OBJECT(session, "a packet is left out: %s", error.what());
  }
}

void release_arrival(gpointer data, GClosure*) {
  auto* arrival = static_cast<Arrival*>(data);
  g_weak_ref_clear(&arrival->element);
  delete arrival;
}

// Both

void watch_pad(GstPad* pad, const Shared& attachment) {
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_upstream_event, hold(attachment), release);
}

void on_pad_added(GstElement*, GstPad* pad, gpointer data) {
  if (std::strcmp(GST_PAD_NAME(pad), "recv_rtp_sink") == 0) watch_pad(pad, shared(data));
}

Element find_session(GstElement* rtpbin, guint session) {
  if (!GST_IS_ELEMENT(rtpbin) || g_signal_lookup("get-session", G_OBJECT_TYPE(rtpbin)) == 0) return nullptr;
  GstElement* element = nullptr;
  g_signal_emit_by_name(rtpbin, "get-session", session, &element);
  return Element(element);
}

Object internal_session(GstElement* element) {
  GObject* session = nullptr;
  g_object_get(element, "internal-session", &session, nullptr);
  return Object(session);
}

void connect_all(GstElement* element, GObject* session, const Shared& attachment) {
  auto* arrival = new Arrival{attachment, {}};
  g_weak_ref_init(&arrival->element, element);
  g_signal_connect_data(session, "on-app-rtcp", G_CALLBACK(on_app_rtcp), arrival, release_arrival,
                        static_cast<GConnectFlags>(0));
  g_signal_connect_data(session, "on-sending-rtcp", G_CALLBACK(on_sending_rtcp), hold(attachment), release_closure,
                        static_cast<GConnectFlags>(0));
  g_signal_connect_data(element, "pad-added", G_CALLBACK(on_pad_added), hold(attachment), release_closure,
                        static_cast<GConnectFlags>(0));
  const Pad pad(gst_element_get_static_pad(element, "recv_rtp_sink"));
  if (pad) watch_pad(pad.get(), attachment);
}

}  // namespace

gboolean gst_crlsc_feedback_attach(GstElement* rtpbin, guint session) {
  const Element element = find_session(rtpbin, session);
  if (!element) return FALSE;
  return crlsc::guard(element.get(), FALSE, [&]() -> gboolean {
    const Object internal = internal_session(element.get());
    static std::mutex attaching;
    const std::lock_guard<std::mutex> lock(attaching);
    if (g_object_get_qdata(internal.get(), attachment_quark()) != nullptr) return TRUE;
    const auto attachment = std::make_shared<Attachment>();
    g_object_set_qdata_full(internal.get(), attachment_quark(), hold(attachment), release);
    gst_util_set_object_arg(internal.get(), "rtp-profile", "avpf");
    connect_all(element.get(), internal.get(), attachment);
    return TRUE;
  });
}

GstStructure* gst_crlsc_feedback_get_stats(GstElement* rtpbin, guint session) {
  const Element element = find_session(rtpbin, session);
  if (!element) return nullptr;
  const Object internal = internal_session(element.get());
  gpointer data = g_object_get_qdata(internal.get(), attachment_quark());
  if (data == nullptr) return nullptr;
  Attachment& attachment = *shared(data);
  const std::lock_guard<std::mutex> lock(attachment.mutex);
  const Counters& counters = attachment.counters;
  return gst_structure_new("application/x-crlsc-feedback-stats", "losses-told", G_TYPE_UINT64, counters.told,
                           "packets-sent", G_TYPE_UINT64, counters.sent, "packets-received", G_TYPE_UINT64,
                           counters.received, "packets-refused", G_TYPE_UINT64, counters.refused, "losses-received",
                           G_TYPE_UINT64, counters.passed_on, "entries-told", G_TYPE_UINT64, counters.entries_told,
                           "entries-received", G_TYPE_UINT64, counters.entries_passed_on, nullptr);
}
