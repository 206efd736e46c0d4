// SPDX-License-Identifier: LGPL-2.1-or-later
#include "codecs.h"

#include <cmath>

#include "core/error.h"

namespace crlsc::bench {
namespace {

// Encoders have one thread and hold no picture back; rate control has the one second that a call allows.
const std::string kX264 =
    "x264enc name=encoder speed-preset=veryfast tune=zerolatency threads=1 aud=false vbv-buf-capacity=1000 ";
const std::string kVp9 =
    "vp9enc name=encoder deadline=1 cpu-used=6 end-usage=cbr lag-in-frames=0 error-resilient=default threads=1 "
    "tile-columns=0 aq-mode=cyclic-refresh buffer-size=1000 buffer-initial-size=500 buffer-optimal-size=600 ";
const std::string kAv1 =
    "av1enc name=encoder usage-profile=realtime cpu-used=7 end-usage=cbr lag-in-frames=0 max-quantizer=63 threads=1 "
    "row-mt=false buf-sz=1000 buf-initial-sz=500 buf-optimal-sz=600 ";
// For links that lose much and have no way back: heals sooner than with the default, which draws better what is not lost.
const std::string kRefresh = "refresh-share=0.4 ";
const std::string kOneKey = "keyframe-mode=disabled ";

std::string payloader(const std::string& element) {
  return element + " pt=" + std::to_string(kMediaType) + " mtu=" + std::to_string(kMtu) +
         " ssrc=" + std::to_string(kMediaSsrc) + " seqnum-offset=0 timestamp-offset=0 ";
}

std::string key_every(int pictures) { return "keyframe-mode=auto keyframe-max-dist=" + std::to_string(pictures) + " "; }

std::string model_property(const std::string& model) { return model.empty() ? "" : "model=\"" + model + "\" "; }

Codec crlsc(const CodecSettings& s) {
  const std::string common = model_property(s.model) + "threads=1 ";
  return {"crlsc",
          "crlscenc name=encoder bitrate=" + std::to_string(s.bitrate) + " qos=false " + kRefresh + common,
          payloader("rtpcrlscpay"),
          "rtpcrlscdepay",
          "crlscdec qos=false " + common,
          true};
}

Codec x264(const std::string& name, const std::string& more, const CodecSettings& s) {
  return {name,
          kX264 + "bitrate=" + std::to_string(s.bitrate / 1000) + " " + more,
          payloader("rtph264pay aggregate-mode=zero-latency config-interval=-1"),
          "rtph264depay",
          "avdec_h264 max-threads=1 qos=false",
          false};
}

Codec vp9(const std::string& name, const std::string& more, const CodecSettings& s) {
  return {name,
          kVp9 + "target-bitrate=" + std::to_string(s.bitrate) + " " + more,
          payloader("rtpvp9pay"),
          "rtpvp9depay",
          "vp9dec threads=1 qos=false",
          false};
}

Codec av1(const std::string& name, const std::string& more, const CodecSettings& s) {
  return {name,
          kAv1 + "target-bitrate=" + std::to_string(s.bitrate / 1000) + " " + more,
          payloader("rtpgstpay"),
          "rtpgstdepay",
          "av1dec qos=false",
          false};
}

}  // namespace

std::vector<std::string> codec_names() {
  return {"crlsc", "x264", "x264-refresh", "vp9", "vp9-keys", "av1", "av1-keys"};
}

Codec find_codec(const std::string& name, const CodecSettings& s) {
  const int period = static_cast<int>(std::lround(kRefreshSeconds * s.pictures_per_second));
  if (name == "crlsc") return crlsc(s);
  // 2^30 is x264's own "never".
  if (name == "x264") return x264(name, "key-int-max=1073741824 ", s);
  if (name == "x264-refresh") return x264(name, "intra-refresh=true key-int-max=" + std::to_string(period) + " ", s);
  if (name == "vp9") return vp9(name, kOneKey, s);
  if (name == "vp9-keys") return vp9(name, key_every(period), s);
  if (name == "av1") return av1(name, kOneKey, s);
  if (name == "av1-keys") return av1(name, key_every(period), s);
  throw Error(ErrorKind::kSettings, "no codec is called \"" + name + "\"");
}

}  // namespace crlsc::bench
