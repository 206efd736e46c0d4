// SPDX-License-Identifier: LGPL-2.1-or-later
// rtpcrlscpay, directly in front of rtpcrlscdepay: access units from anybody, sizes of packets, requests, gaps.
#include <gst/video/video.h>

#include "core/bitstream/unit.h"
#include "crlsc/caps.h"
#include "element.h"
#include "fuzz.h"
#include "script.h"
#include "unit/rtp/access_units.h"

using namespace crlsc;

namespace {

enum Operation : uint8_t { kUnits = 0, kGap, kFlush, kCaps, kRequest, kMtu, kInterval, kOperations };

SequenceHeader sequence_header(int width) {
  SequenceHeader header;
  header.width = width;
  header.height = 48;
  header.framerate_num = 10;
  header.layers = 3;
  return header;
}

class Run {
 public:
  explicit Run(Script& script) : script_(script), element_("rtpcrlscpay ! rtpcrlscdepay") {
    element_.begin(make_caps(sequence_header(64)));
  }

  void step() {
    switch (script_.u8() % kOperations) {
      case kUnits: {
        const uint8_t flags = script_.u8();
        GstBuffer* buffer = make_buffer(with_checksums(script_.run()));
        if ((flags & 1) == 0) GST_BUFFER_PTS(buffer) = number_++ * 100 * GST_MSECOND;
        if ((flags & 2) != 0) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
        element_.push(buffer);
        break;
      }
      case kGap: {
        GstEvent* gap = gst_event_new_gap(number_++ * 100 * GST_MSECOND, 100 * GST_MSECOND);
        gst_event_set_gap_flags(gap, GST_GAP_FLAG_MISSING_DATA);
        element_.push(gap);
        break;
      }
      case kFlush:
        element_.flush();
        break;
      case kCaps:
        element_.set_caps(make_caps(sequence_header(kMinWidth + script_.u8())));
        break;
      case kRequest:
        element_.push_upstream(gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
        break;
      case kMtu:
        g_object_set(element_.element(), "mtu", 28U + script_.u16(), nullptr);
        break;
      default:
        g_object_set(element_.element(), "config-interval", script_.u8() % 5 - 1, nullptr);
    }
  }

 private:
  Script& script_;
  FuzzedElement element_;
  guint64 number_ = 0;
};

}  // namespace

std::vector<Bytes> crlsc::fuzz_seeds() {
  const Bytes key = test::access_unit({test::token(0, 300), test::token(1, 90), test::token(2, 90)}, true);
  const Bytes delta =
      test::access_unit({{UnitType::kSemantic, 0, 8}, test::token(0, 20), test::token(1, 20)}, false, 2);
  Bytes plain;
  Bytes mixed{kMtu, 0, 60, kInterval, 0};
  for (Bytes* seed : {&plain, &mixed}) {
    for (const Bytes* units : {&key, &delta, &delta}) {
      seed->insert(seed->end(), {kUnits, static_cast<uint8_t>(units == &key ? 0 : 2)});
      append_run(*seed, *units);
      if (seed == &mixed) seed->insert(seed->end(), {kGap, kRequest});
    }
  }
  mixed.insert(mixed.end(), {kFlush, kCaps, 100});
  mixed.insert(mixed.end(), plain.begin(), plain.end());
  return {plain, mixed};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  start_gstreamer();
  Script script(data, size);
  Run run(script);
  while (!script.ended()) run.step();
  return 0;
}
