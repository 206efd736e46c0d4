// SPDX-License-Identifier: LGPL-2.1-or-later
// One end of a transmission, in a process of its own:
//   peer send PORT FRAMES LOCAL [ENCODER-OPTIONS [PAYLOADER-OPTIONS]]
//     sends to 127.0.0.1:PORT; writes what a receiver next door shows
//   peer receive FRAMES SHOWN [jitterbuffer]
//     prints its port; ends after so many pictures, or when none comes
// LOCAL and SHOWN become raw I420. Each prints its counters in the end (peer_support.h).
#include <cstdlib>

#include "peer_support.h"

using namespace crlsc::testing;  // NOLINT: a program of one namespace

namespace {

void send(int count, char** words) {
  const auto option = [&](int i) { return count > i ? std::string(words[i]) + " " : std::string(); };
  GstElement* pipeline =
      parse(camera(words[1]) + "crlscenc name=encoder bitrate=100000 " + option(3) +
            "! tee name=t  t. ! queue ! rtpcrlscpay seqnum-offset=0 timestamp-offset=0 picture-id-offset=0 ssrc=1 " +
            option(4) + "! udpsink host=127.0.0.1 port=" + words[0] +
            "  t. ! queue ! crlscdec ! filesink location=" + words[2]);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  while (!wait_for_eos(pipeline, GST_SECOND)) {
  }
  print_stats(pipeline, "encoder", "stats");
  close_down(pipeline);
}

void receive(int count, char** words) {
  const bool buffered = count > 2 && std::string(words[2]) == "jitterbuffer";
  GstElement* pipeline = parse(
      "udpsrc name=network address=127.0.0.1 port=0 "
      "caps=application/x-rtp,media=video,clock-rate=90000,encoding-name=CRLSC,payload=96 ! " +
      std::string(buffered ? "rtpjitterbuffer latency=100 ! " : "") +
      "rtpcrlscdepay name=depayloader ! crlscdec name=decoder ! filesink name=screen async=false location=" + words[1]);
  Screen screen;
  screen.watch(pipeline);
  start_receiver(pipeline);
  gint port = 0;
  g_object_get(element(pipeline, "network"), "port", &port, nullptr);
  print("port", static_cast<guint64>(port));
  const int wanted = std::atoi(words[0]);
  if (wanted > 0) screen.wait(pipeline, wanted);
  screen.print_counts();
  print_stats(pipeline, "depayloader", "picture-stats");
  print_stats(pipeline, "decoder", "stats");
  close_down(pipeline);
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  const std::string role = argc > 1 ? argv[1] : "";
  if (role == "send" && argc >= 5) {
    send(argc - 2, argv + 2);
  } else if (role == "receive" && argc >= 4) {
    receive(argc - 2, argv + 2);
  } else {
    fail("send PORT FRAMES LOCAL [ENCODER-OPTIONS [PAYLOADER-OPTIONS]] or receive FRAMES SHOWN [jitterbuffer]");
  }
  gst_deinit();
  return 0;
}
