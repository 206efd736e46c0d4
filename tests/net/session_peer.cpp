// SPDX-License-Identifier: LGPL-2.1-or-later
// One end of a transmission over rtpbin with RTCP both ways, in a process of its own:
//   session-peer send RTP-TO RTCP-TO RTCP-AT LOCAL [WORD...]
//   session-peer receive RTP-AT RTCP-AT RTCP-TO SHOWN [WORD...]
// TO are ports of 127.0.0.1 that are sent to, AT those that are listened on. LOCAL and SHOWN become raw I420: what a
// receiver next door shows, and what this one does. Words: feedback, rtx, fec, decoder.PROPERTY=VALUE; to senders
// frames=N, scene (make-scene-knowledge makes a knowledge base of it) and other properties of the encoder; to receivers
// entry (a report of an entry follows the first picture upstream) and other properties of the depayloader.
// Each prints its counters in the end (peer_support.h), receivers "ready=1" first, senders "held=1" whenever a receiver
// says that it has all of an entry.
#include <gst/gst.h>
#include <gst/video/video.h>

#include "crlsc/entry_event.h"
#include "crlsc/feedback.h"
#include "peer_support.h"

using namespace crlsc::testing;  // NOLINT: a program of one namespace

namespace {

constexpr int kVideo = 96;
constexpr int kRetransmission = 97;
constexpr int kFec = 98;
// RTCP of a link as narrow as those in the field would need minutes for what is to be seen here in seconds.
constexpr const char* kBin = "rtpbin name=bin rtp-profile=avpf do-lost=true ";
constexpr guint64 kReportInterval = 250 * GST_MSECOND;
constexpr double kReportBandwidth = 20000;  // byte/s

crlsc::EntryReport report_of_the_test() { return {{1, 2, 3, 4, 5, 6, 7, 8}, {{200, 100}, {70000, 1}}}; }

struct Words {
  bool feedback = false;
  bool retransmission = false;
  bool fec = false;
  bool entry = false;
  std::string frames = "75";
  std::string camera;      // properties
  std::string decoder;     // properties
  std::string properties;  // of the encoder or the depayloader
};

Words read_words(int count, char** texts) {
  Words words;
  for (int i = 0; i < count; ++i) {
    const std::string text = texts[i];
    if (text == "feedback") {
      words.feedback = true;
    } else if (text == "rtx") {
      words.retransmission = true;
    } else if (text == "fec") {
      words.fec = true;
    } else if (text == "entry") {
      words.entry = true;
    } else if (text == "scene") {
      words.camera = kScene;
    } else if (text.rfind("decoder.", 0) == 0) {
      words.decoder += text.substr(8) + " ";
    } else if (text.rfind("frames=", 0) == 0) {
      words.frames = text.substr(7);
    } else {
      words.properties += text + " ";
    }
  }
  return words;
}

void link(GstElement* from, const char* from_pad, GstElement* to, const char* to_pad) {
  if (!gst_element_link_pads(from, from_pad, to, to_pad)) fail(std::string("cannot link ") + to_pad);
}

void set_up_session(GstElement* bin, bool feedback) {
  GstElement* session = nullptr;
  g_signal_emit_by_name(bin, "get-session", 0U, &session);
  g_object_set(session, "rtcp-min-interval", kReportInterval, "rtcp-fraction", kReportBandwidth, nullptr);
  gst_object_unref(session);
  if (feedback && !gst_crlsc_feedback_attach(bin, 0)) fail("cannot attach the feedback");
}

void print_uint(GstElement* pipeline, const char* name, const char* property) {
  guint value = 0;
  g_object_get(element(pipeline, name), property, &value, nullptr);
  print(std::string(name) + "." + property, value);
}

// Sender

GstPadProbeReturn on_event(GstPad*, GstPadProbeInfo* info, gpointer open) {
  if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_EOS) --*static_cast<std::atomic<int>*>(open);
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn on_report(GstPad*, GstPadProbeInfo* info, gpointer count) {
  const auto report = crlsc::parse_entry_event(GST_PAD_PROBE_INFO_EVENT(info));
  if (report && *report == report_of_the_test()) ++*static_cast<std::atomic<int>*>(count);
  if (report && report->missing.empty()) print("held", 1);
  return GST_PAD_PROBE_OK;
}

// Until both sinks of the video have all of it. That of RTCP may never see the end.
void wait_for_end(GstElement* pipeline, std::atomic<int>& open) {
  for (const char* name : {"rtp", "local"}) {
    GstPad* pad = gst_element_get_static_pad(element(pipeline, name), "sink");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_event, &open, nullptr);
    gst_object_unref(pad);
  }
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  while (open > 0) wait_for_eos(pipeline, 20 * GST_MSECOND);
}

void send(char** ports, const char* local, const Words& words) {
  const std::string fec = words.fec ? " ! rtpulpfecenc name=fec pt=98 percentage-important=100 multipacket=true" : "";
  const std::string rtx = words.retransmission ? " ! rtprtxsend name=rtx" : "";
  GstElement* pipeline =
      parse(kBin + camera(words.frames, "is-live=true " + words.camera) + "crlscenc name=encoder bitrate=100000 " +
            words.properties + " ! tee name=t  t. ! queue ! rtpcrlscpay seqnum-offset=0 picture-id-offset=0 ssrc=1" +
            rtx + fec + " ! identity name=last  udpsink name=rtp host=127.0.0.1 sync=false port=" + ports[0] +
            "  udpsink name=rtcp host=127.0.0.1 sync=false async=false port=" + ports[1] +
            "  udpsrc name=reports address=127.0.0.1 caps=application/x-rtcp port=" + ports[2] +
            "  t. ! queue ! crlscdec " + words.decoder + " ! filesink name=local location=" + local);
  if (words.retransmission) {
    GstStructure* map = gst_structure_new("map", "96", G_TYPE_UINT, kRetransmission, nullptr);
    g_object_set(element(pipeline, "rtx"), "payload-type-map", map, nullptr);
    gst_structure_free(map);
  }
  GstElement* bin = element(pipeline, "bin");
  link(element(pipeline, "last"), "src", bin, "send_rtp_sink_0");
  link(bin, "send_rtp_src_0", element(pipeline, "rtp"), "sink");
  link(bin, "send_rtcp_src_0", element(pipeline, "rtcp"), "sink");
  link(element(pipeline, "reports"), "src", bin, "recv_rtcp_sink_0");
  set_up_session(bin, words.feedback);
  std::atomic<int> reports{0};
  GstPad* pad = gst_element_get_static_pad(element(pipeline, "encoder"), "src");
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_report, &reports, nullptr);
  gst_object_unref(pad);
  std::atomic<int> open{2};
  wait_for_end(pipeline, open);
  print("entry-reports", static_cast<guint64>(reports));
  print_stats(pipeline, "encoder", "stats");
  print_numbers("feedback", gst_crlsc_feedback_get_stats(bin, 0));
  if (words.retransmission) print_uint(pipeline, "rtx", "num-rtx-packets");
  if (words.fec) print_uint(pipeline, "fec", "protected");
  close_down(pipeline);
}

// Receiver

struct Receiver {
  Screen screen;
  std::atomic<gint64> first_packet{0};  // monotonic time
  std::atomic<guint64> key_size{0};     // bytes of the latest key picture
  Words words;
  GstElement* pipeline = nullptr;
};

GstPadProbeReturn on_packet(GstPad*, GstPadProbeInfo*, gpointer data) {
  static_cast<Receiver*>(data)->first_packet = g_get_monotonic_time();
  return GST_PAD_PROBE_REMOVE;
}

GstPadProbeReturn on_access_unit(GstPad*, GstPadProbeInfo* info, gpointer data) {
  GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  if (!GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT)) {
    static_cast<Receiver*>(data)->key_size = gst_buffer_get_size(buffer);
  }
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn on_first_picture(GstPad*, GstPadProbeInfo*, gpointer decoder) {
  gst_pad_push_event(GST_VIDEO_DECODER_SINK_PAD(decoder), crlsc::make_entry_event(report_of_the_test()));
  return GST_PAD_PROBE_REMOVE;
}

GstCaps* on_request_pt_map(GstElement*, guint, guint pt, gpointer data) {
  const Words& words = static_cast<Receiver*>(data)->words;
  const char* text =
      "application/x-rtp,media=video,clock-rate=90000,encoding-name=CRLSC,rtcp-fb-nack=true,"
      "rtcp-fb-nack-pli=true,rtcp-fb-ccm-fir=true";
  if (pt == kRetransmission && words.retransmission) {
    text = "application/x-rtp,media=video,clock-rate=90000,encoding-name=RTX,apt=96";
  } else if (pt == kFec && words.fec) {
    text = "application/x-rtp,media=video,clock-rate=90000,encoding-name=ULPFEC";
  } else if (pt != kVideo) {
    return nullptr;
  }
  return gst_caps_from_string(text);
}

// rtprtxreceive as rtpbin wants it: a bin with the pads sink_0 and src_0.
GstElement* on_request_aux_receiver(GstElement*, guint, gpointer) {
  GstElement* bin = gst_bin_new(nullptr);
  GstElement* rtx = gst_element_factory_make("rtprtxreceive", "rtx");
  GstStructure* map = gst_structure_new("map", "96", G_TYPE_UINT, kRetransmission, nullptr);
  g_object_set(rtx, "payload-type-map", map, nullptr);
  gst_structure_free(map);
  gst_bin_add(GST_BIN(bin), rtx);
  for (const char* name : {"sink", "src"}) {
    GstPad* pad = gst_element_get_static_pad(rtx, name);
    gst_element_add_pad(bin, gst_ghost_pad_new((std::string(name) + "_0").c_str(), pad));
    gst_object_unref(pad);
  }
  return bin;
}

// Asked for each payload type; only media is mended.
GstElement* on_request_fec_decoder(GstElement* bin, guint session, guint, guint pt, gpointer) {
  if (pt != kVideo) return nullptr;
  GObject* storage = nullptr;
  g_signal_emit_by_name(bin, "get-internal-storage", session, &storage);
  GstElement* decoder = gst_element_factory_make("rtpulpfecdec", "fec");
  g_object_set(decoder, "storage", storage, "pt", kFec, nullptr);
  g_object_unref(storage);
  return decoder;
}

// Otherwise the news of lost packets would go where the packet before them went: with error correction, nowhere.
void on_element_added(GstBin*, GstElement* added, gpointer) {
  if (g_str_has_prefix(GST_OBJECT_NAME(added), "rtpptdemux")) {
    gst_util_set_object_arg(G_OBJECT(added), "ignored-payload-types", "<98>");
  }
}

void on_new_storage(GstElement*, GstElement* storage, guint, gpointer) {
  g_object_set(storage, "size-time", 500 * GST_MSECOND, nullptr);
}

void on_pad_added(GstElement*, GstPad* pad, gpointer data) {
  if (GST_PAD_DIRECTION(pad) != GST_PAD_SRC || !g_str_has_prefix(GST_PAD_NAME(pad), "recv_rtp_src_0_")) return;
  GstPad* sink = gst_element_get_static_pad(element(static_cast<Receiver*>(data)->pipeline, "depayloader"), "sink");
  if (!gst_pad_is_linked(sink) && gst_pad_link(pad, sink) != GST_PAD_LINK_OK) fail("cannot link the depayloader");
  gst_object_unref(sink);
}

void receive(char** ports, const char* shown, const Words& words) {
  Receiver receiver;
  receiver.words = words;
  GstElement* pipeline =
      parse(std::string(kBin) + (words.retransmission ? "do-retransmission=true latency=2000 " : "latency=500 ") +
            "udpsrc name=rtp address=127.0.0.1 caps=application/x-rtp,media=video,clock-rate=90000,encoding-name=CRLSC "
            "port=" +
            ports[0] + "  udpsrc name=reports address=127.0.0.1 caps=application/x-rtcp port=" + ports[1] +
            "  udpsink name=rtcp host=127.0.0.1 sync=false async=false port=" + ports[2] +
            "  rtpcrlscdepay name=depayloader " + words.properties + " ! crlscdec name=decoder " + words.decoder +
            " ! filesink name=screen async=false location=" + shown +
            (words.fec ? "  fakesink name=nowhere async=false" : ""));
  receiver.pipeline = pipeline;
  GstElement* bin = element(pipeline, "bin");
  g_signal_connect(bin, "request-pt-map", G_CALLBACK(on_request_pt_map), &receiver);
  g_signal_connect(bin, "pad-added", G_CALLBACK(on_pad_added), &receiver);
  if (words.retransmission) g_signal_connect(bin, "request-aux-receiver", G_CALLBACK(on_request_aux_receiver), nullptr);
  if (words.fec) {
    g_signal_connect(bin, "element-added", G_CALLBACK(on_element_added), nullptr);
    g_signal_connect(bin, "new-storage", G_CALLBACK(on_new_storage), nullptr);
    g_signal_connect(bin, "request-fec-decoder-full", G_CALLBACK(on_request_fec_decoder), nullptr);
  }
  link(element(pipeline, "rtp"), "src", bin, "recv_rtp_sink_0");
  link(element(pipeline, "reports"), "src", bin, "recv_rtcp_sink_0");
  link(bin, "send_rtcp_src_0", element(pipeline, "rtcp"), "sink");
  set_up_session(bin, words.feedback);
  probe(element(pipeline, "rtp"), "src", on_packet, &receiver);
  probe(element(pipeline, "decoder"), "sink", on_access_unit, &receiver);
  if (words.entry) probe(element(pipeline, "decoder"), "src", on_first_picture, element(pipeline, "decoder"));
  receiver.screen.watch(pipeline);
  start_receiver(pipeline);
  print("ready", 1);
  receiver.screen.wait(pipeline);
  receiver.screen.print_counts();
  if (receiver.screen.pictures() > 0) {
    print("first-picture-ms", static_cast<guint64>((receiver.screen.first_picture() - receiver.first_packet) / 1000));
  }
  print("key-bytes", receiver.key_size);
  print_stats(pipeline, "depayloader", "picture-stats");
  print_stats(pipeline, "decoder", "stats");
  print_numbers("feedback", gst_crlsc_feedback_get_stats(bin, 0));
  if (words.fec) print_uint(pipeline, "fec", "recovered");
  close_down(pipeline);
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  const std::string role = argc > 5 ? argv[1] : "";
  if (role == "send") {
    send(argv + 2, argv[5], read_words(argc - 6, argv + 6));
  } else if (role == "receive") {
    receive(argv + 2, argv[5], read_words(argc - 6, argv + 6));
  } else {
    fail("send RTP-TO RTCP-TO RTCP-AT LOCAL [WORD...] or receive RTP-AT RTCP-AT RTCP-TO SHOWN [WORD...]");
  }
  gst_deinit();
  return 0;
}
