// SPDX-License-Identifier: LGPL-2.1-or-later
// CRLSC from one webrtcbin to another. Both peers live in this process, and signalling is a function call; ICE, DTLS
// and SRTP are real, over the interfaces of this machine.
//   webrtc-pair [--frames N] [--model FILE] [--show] [--sender-knowledge-base FILE] [--knowledge-base FILE]
// ends after N pictures and prints how many came. With a model that is not the sender's, the receiver's answer refuses
// the stream, and the program says so and ends with code 2. A knowledge base of the sender is of no concern to a
// receiver that shows pictures; one that was given its own refuses streams that name another.
#include <gst/gst.h>
#include <gst/sdp/sdp.h>
#include <gst/webrtc/webrtc.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "crlsc/crlsc.h"

namespace {

constexpr const char* kSender =
    "videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=10/1 ! "
    "crlscenc name=encoder bitrate=20000 ! rtpcrlscpay pt=96 ! "
    "application/x-rtp,media=video,encoding-name=CRLSC,payload=96 ! webrtcbin name=peer bundle-policy=max-bundle";
constexpr const char* kReceiver = "webrtcbin name=peer bundle-policy=max-bundle";
// How it ended.
constexpr int kRunning = -1;
constexpr int kRefused = 2;

struct Options {
  int frames = 30;
  gchar* model = nullptr;
  gchar* sender_knowledge_base = nullptr;
  gchar* knowledge_base = nullptr;
  gboolean show = FALSE;
};

struct Call {
  Options options;
  std::string model_id;               // that the receiver has
  gchar* kb_id = nullptr;             // that it needs the stream to use, if it cares
  std::atomic<bool> supported{true};  // that the receiver can decode what is offered
  GMainLoop* loop = nullptr;
  GstElement* sender = nullptr;  // pipelines
  GstElement* receiver = nullptr;
  GstElement* offerer = nullptr;  // their webrtcbins
  GstElement* answerer = nullptr;
  std::atomic<int> pictures{0};
  std::atomic<int> result{kRunning};

  // What happens first is what counts.
  void end(int code) {
    int running = kRunning;
    if (result.compare_exchange_strong(running, code)) g_main_loop_quit(loop);
  }
};

using Description = std::unique_ptr<GstWebRTCSessionDescription, decltype(&gst_webrtc_session_description_free)>;

// Signalling

// What create-offer or create-answer made.
Description take_description(GstPromise* promise, const char* name) {
  GstWebRTCSessionDescription* description = nullptr;
  if (gst_promise_wait(promise) == GST_PROMISE_RESULT_REPLIED) {
    gst_structure_get(gst_promise_get_reply(promise), name, GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &description, nullptr);
  }
  gst_promise_unref(promise);
  return {description, gst_webrtc_session_description_free};
}

void on_candidate(GstElement* from, guint line, const gchar* candidate, Call* call) {
  g_signal_emit_by_name(from == call->offerer ? call->answerer : call->offerer, "add-ice-candidate", line, candidate);
}

// Whether the receiver can decode what the first medium offers; the error names what it lacks.
bool can_decode(const GstSDPMessage* offer, const Call& call) {
  const GstSDPMedia* media = gst_sdp_message_get_media(offer, 0);
  const int payload_type = std::atoi(gst_sdp_media_get_format(media, 0));
  GstCaps* caps = gst_sdp_media_get_caps_from_media(media, payload_type);
  GError* error = nullptr;
  const bool supported = gst_crlsc_caps_are_supported(caps, call.model_id.c_str(), call.kb_id, &error);
  gst_caps_unref(caps);
  if (!supported) {
    std::printf("refused: %s\n", error->message);
    g_error_free(error);
  }
  return supported;
}

// With its only payload type gone, nothing is left of the medium: an answer with port 0 rejects it (RFC 3264, section
// 6).
void refuse(GstSDPMessage* answer) {
  auto* media = const_cast<GstSDPMedia*>(gst_sdp_message_get_media(answer, 0));
  gst_sdp_media_set_port_info(media, 0, 1);
  for (const char* direction : {"sendrecv", "sendonly", "recvonly"}) {
    for (guint i = gst_sdp_media_attributes_len(media); i > 0; --i) {
      if (g_str_equal(gst_sdp_media_get_attribute(media, i - 1)->key, direction)) {
        gst_sdp_media_remove_attribute(media, i - 1);
      }
    }
  }
  gst_sdp_media_add_attribute(media, "inactive", "");
}

void on_answer(GstPromise* promise, gpointer data) {
  auto* call = static_cast<Call*>(data);
  const Description answer = take_description(promise, "answer");
  if (!answer) return call->end(1);
  if (!call->supported) refuse(answer->sdp);
  g_signal_emit_by_name(call->answerer, "set-local-description", answer.get(), nullptr);
  g_signal_emit_by_name(call->offerer, "set-remote-description", answer.get(), nullptr);
  if (!call->supported) call->end(kRefused);
}

void on_offer_known(GstPromise* promise, gpointer data) {
  auto* call = static_cast<Call*>(data);
  gst_promise_wait(promise);
  gst_promise_unref(promise);
  g_signal_emit_by_name(call->answerer, "create-answer", nullptr,
                        gst_promise_new_with_change_func(on_answer, call, nullptr));
}

void on_offer(GstPromise* promise, gpointer data) {
  auto* call = static_cast<Call*>(data);
  const Description offer = take_description(promise, "offer");
  if (!offer) return call->end(1);
  call->supported = can_decode(offer->sdp, *call);
  g_signal_emit_by_name(call->offerer, "set-local-description", offer.get(), nullptr);
  g_signal_emit_by_name(call->answerer, "set-remote-description", offer.get(),
                        gst_promise_new_with_change_func(on_offer_known, call, nullptr));
}

// Also comes after a refusal, which shall be final here.
void on_negotiation_needed(GstElement*, Call* call) {
  if (!call->supported) return;
  g_signal_emit_by_name(call->offerer, "create-offer", nullptr,
                        gst_promise_new_with_change_func(on_offer, call, nullptr));
}

// Pictures

GstPadProbeReturn on_picture(GstPad*, GstPadProbeInfo*, gpointer data) {
  auto* call = static_cast<Call*>(data);
  // More may come until the main loop has ended.
  if (call->pictures < call->options.frames && ++call->pictures == call->options.frames) call->end(0);
  return GST_PAD_PROBE_OK;
}

void on_stream(GstElement*, GstPad* pad, Call* call) {
  if (!GST_PAD_IS_SRC(pad)) return;
  const std::string sink = call->options.show ? "videoconvert ! autovideosink" : "fakesink";
  GstElement* branch =
      gst_parse_bin_from_description(("rtpcrlscdepay ! crlscdec name=decoder ! " + sink).c_str(), TRUE, nullptr);
  GstElement* decoder = gst_bin_get_by_name(GST_BIN(branch), "decoder");
  if (call->options.model != nullptr) g_object_set(decoder, "model", call->options.model, nullptr);
  GstPad* pictures = gst_element_get_static_pad(decoder, "src");
  gst_pad_add_probe(pictures, GST_PAD_PROBE_TYPE_BUFFER, on_picture, call, nullptr);
  gst_object_unref(pictures);
  gst_object_unref(decoder);
  GstObject* bin = gst_object_get_parent(GST_OBJECT(call->answerer));
  gst_bin_add(GST_BIN(bin), branch);
  gst_object_unref(bin);
  gst_element_sync_state_with_parent(branch);
  GstPad* entry = gst_element_get_static_pad(branch, "sink");
  gst_pad_link(pad, entry);
  gst_object_unref(entry);
}

gboolean on_message(GstBus*, GstMessage* message, gpointer data) {
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    GError* error = nullptr;
    gst_message_parse_error(message, &error, nullptr);
    std::fprintf(stderr, "webrtc-pair: %s: %s\n", GST_OBJECT_NAME(message->src), error->message);
    g_error_free(error);
    static_cast<Call*>(data)->end(1);
  }
  return G_SOURCE_CONTINUE;
}

// Life

// The webrtcbin in a pipeline made from a launch line.
GstElement* make_peer(const char* description, GstElement** pipeline, Call* call) {
  *pipeline = gst_pipeline_new(nullptr);
  GError* error = nullptr;
  GstElement* contents = gst_parse_bin_from_description(description, FALSE, &error);
  if (error != nullptr) {
    std::fprintf(stderr, "webrtc-pair: %s\n", error->message);
    std::exit(1);
  }
  gst_bin_add(GST_BIN(*pipeline), contents);
  GstElement* peer = gst_bin_get_by_name(GST_BIN(*pipeline), "peer");
  g_signal_connect(peer, "on-ice-candidate", G_CALLBACK(on_candidate), call);
  GstBus* bus = gst_element_get_bus(*pipeline);
  gst_bus_add_watch(bus, on_message, call);
  gst_object_unref(bus);
  return peer;
}

// Only when both peers are still does none of them tell the other anything.
void close_peers(Call& call) {
  for (GstElement* pipeline : {call.sender, call.receiver}) {
    GstBus* bus = gst_element_get_bus(pipeline);
    gst_bus_remove_watch(bus);
    gst_object_unref(bus);
    gst_element_set_state(pipeline, GST_STATE_NULL);
  }
  for (GstElement* peer : {call.offerer, call.answerer}) g_signal_handlers_disconnect_by_data(peer, &call);
  for (GstElement* element : {call.offerer, call.answerer, call.sender, call.receiver}) gst_object_unref(element);
}

bool parse_options(int argc, char** argv, Options& options) {
  const GOptionEntry entries[] = {
      {"frames", 'n', 0, G_OPTION_ARG_INT, &options.frames, "pictures to wait for (30)", "N"},
      {"model", 'm', 0, G_OPTION_ARG_FILENAME, &options.model, "the receiver's model (default: as crlscdec)", "FILE"},
      {"sender-knowledge-base", 0, 0, G_OPTION_ARG_FILENAME, &options.sender_knowledge_base,
       "what the sender's stream says of its pictures refers to it", "FILE"},
      {"knowledge-base", 'k', 0, G_OPTION_ARG_FILENAME, &options.knowledge_base,
       "the receiver refuses streams that name another one (default: any will do)", "FILE"},
      {"show", 's', 0, G_OPTION_ARG_NONE, &options.show, "show the pictures", nullptr},
      {}};
  GOptionContext* context = g_option_context_new("- CRLSC from one webrtcbin to another");
  g_option_context_add_main_entries(context, entries, nullptr);
  g_option_context_add_group(context, gst_init_get_option_group());
  GError* error = nullptr;
  const bool parsed = g_option_context_parse(context, &argc, &argv, &error);
  if (!parsed) std::fprintf(stderr, "webrtc-pair: %s\n", error->message);
  g_clear_error(&error);
  g_option_context_free(context);
  return parsed;
}

// What the receiver has. Says what is wrong.
bool find_out_ids(Call& call) {
  GError* error = nullptr;
  const char* option = "--model";
  gchar* model_id = gst_crlsc_model_id(call.options.model, &error);
  if (error == nullptr && call.options.knowledge_base != nullptr) {
    option = "--knowledge-base";
    call.kb_id = gst_crlsc_knowledge_base_id(call.options.knowledge_base, &error);
  }
  if (error != nullptr) {
    std::fprintf(stderr, "webrtc-pair: %s (option %s)\n", error->message, option);
    g_error_free(error);
    g_free(model_id);
    return false;
  }
  call.model_id = model_id;
  g_free(model_id);
  return true;
}

void set_encoder(const Call& call) {
  GstElement* encoder = gst_bin_get_by_name(GST_BIN(call.sender), "encoder");
  g_object_set(encoder, "knowledge-base", call.options.sender_knowledge_base, nullptr);
  gst_object_unref(encoder);
}

}  // namespace

int main(int argc, char** argv) {
  Call call;
  if (!parse_options(argc, argv, call.options)) return 1;
  if (!find_out_ids(call)) return 1;
  call.loop = g_main_loop_new(nullptr, FALSE);
  call.offerer = make_peer(kSender, &call.sender, &call);
  set_encoder(call);
  call.answerer = make_peer(kReceiver, &call.receiver, &call);
  g_signal_connect(call.offerer, "on-negotiation-needed", G_CALLBACK(on_negotiation_needed), &call);
  g_signal_connect(call.answerer, "pad-added", G_CALLBACK(on_stream), &call);
  gst_element_set_state(call.receiver, GST_STATE_PLAYING);
  gst_element_set_state(call.sender, GST_STATE_PLAYING);
  g_main_loop_run(call.loop);
  close_peers(call);
  g_main_loop_unref(call.loop);
  for (gchar* text :
       {call.options.model, call.options.sender_knowledge_base, call.options.knowledge_base, call.kb_id}) {
    g_free(text);
  }
  std::printf("%d pictures\n", call.pictures.load());
  return call.result;
}
