// SPDX-License-Identifier: LGPL-2.1-or-later
// Serves CRLSC over RTSP, one encoder for all clients:
//   rtsp-server [--port N] [SOURCE...]
// prints the address and serves until it is told to stop (SIGINT, SIGTERM). SOURCE is a launch line that ends in raw
// video; without it, it is a moving test picture. To watch:
//   gst-play-1.0 rtsp://127.0.0.1:8554/crlsc
#include <glib-unix.h>
#include <gst/rtsp-server/rtsp-server.h>

#include <cstdio>
#include <memory>
#include <string>

namespace {

constexpr const char* kTestSource =
    "videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=10/1";

struct Unref {
  void operator()(gpointer object) const { g_object_unref(object); }
  void operator()(GMainLoop* loop) const { g_main_loop_unref(loop); }
  void operator()(GOptionContext* context) const { g_option_context_free(context); }
};

struct Options {
  int port = 8554;
  std::string source = kTestSource;
};

bool parse_options(int argc, char** argv, Options& options) {
  gchar** words = nullptr;
  const GOptionEntry entries[] = {
      {"port", 'p', 0, G_OPTION_ARG_INT, &options.port, "TCP port, 0 for any that is free (8554)", "N"},
      {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &words, nullptr, "[SOURCE...]"},
      {}};
  const std::unique_ptr<GOptionContext, Unref> context(g_option_context_new("- serves CRLSC over RTSP"));
  g_option_context_add_main_entries(context.get(), entries, nullptr);
  g_option_context_add_group(context.get(), gst_init_get_option_group());
  GError* error = nullptr;
  if (!g_option_context_parse(context.get(), &argc, &argv, &error)) {
    std::fprintf(stderr, "rtsp-server: %s\n", error->message);
    g_error_free(error);
    return false;
  }
  if (words != nullptr) {
    gchar* source = g_strjoinv(" ", words);
    options.source = source;
    g_free(source);
    g_strfreev(words);
  }
  return true;
}

// Who joins a stream that runs asks for a key picture (RTCP, hence AVPF), and sees one within two seconds in any case:
// sequence headers come every two seconds, key pictures every five at 10 pictures/s.
GstRTSPMediaFactory* make_factory(const std::string& source) {
  GstRTSPMediaFactory* factory = gst_rtsp_media_factory_new();
  const std::string launch =
      "( " + source + " ! crlscenc bitrate=20000 gop-size=50 ! rtpcrlscpay name=pay0 pt=96 config-interval=2 )";
  gst_rtsp_media_factory_set_launch(factory, launch.c_str());
  gst_rtsp_media_factory_set_shared(factory, TRUE);
  gst_rtsp_media_factory_set_profiles(factory,
                                      static_cast<GstRTSPProfile>(GST_RTSP_PROFILE_AVP | GST_RTSP_PROFILE_AVPF));
  return factory;
}

gboolean stop(gpointer loop) {
  g_main_loop_quit(static_cast<GMainLoop*>(loop));
  return G_SOURCE_CONTINUE;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse_options(argc, argv, options)) return 1;
  const std::unique_ptr<GstRTSPServer, Unref> server(gst_rtsp_server_new());
  gst_rtsp_server_set_address(server.get(), "127.0.0.1");
  gst_rtsp_server_set_service(server.get(), std::to_string(options.port).c_str());
  const std::unique_ptr<GstRTSPMountPoints, Unref> mounts(gst_rtsp_server_get_mount_points(server.get()));
  gst_rtsp_mount_points_add_factory(mounts.get(), "/crlsc", make_factory(options.source));
  const guint attached = gst_rtsp_server_attach(server.get(), nullptr);
  if (attached == 0) {
    std::fprintf(stderr, "rtsp-server: cannot listen at port %d (option --port)\n", options.port);
    return 1;
  }
  std::printf("rtsp://127.0.0.1:%d/crlsc\n", gst_rtsp_server_get_bound_port(server.get()));
  std::fflush(stdout);
  const std::unique_ptr<GMainLoop, Unref> loop(g_main_loop_new(nullptr, FALSE));
  g_unix_signal_add(SIGINT, stop, loop.get());
  g_unix_signal_add(SIGTERM, stop, loop.get());
  g_main_loop_run(loop.get());
  g_source_remove(attached);
  return 0;
}
