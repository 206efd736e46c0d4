// SPDX-License-Identifier: LGPL-2.1-or-later
// rtpcrlscdepay with packets of any sender, told losses, flushes and caps from a stranger's SDP.
#include <gst/rtp/rtp.h>

#include <cstring>

#include "core/bitstream/sequence_header.h"
#include "core/bitstream/unit.h"
#include "element.h"
#include "fuzz.h"
#include "payload_checksums.h"
#include "script.h"
#include "unit/rtp/access_units.h"

using namespace crlsc;

namespace {

enum Operation : uint8_t { kPacket = 0, kLost, kFlush, kCaps, kSettings, kOperations };

// Of the byte that begins each packet.
constexpr unsigned kRepair = 1;  // checksums are put right
constexpr unsigned kOtherSender = 2;
constexpr unsigned kMarker = 4;
constexpr unsigned kNoTime = 8;

class Run {
 public:
  explicit Run(Script& script) : script_(script), element_("rtpcrlscdepay") {
    element_.begin(
        gst_caps_from_string("application/x-rtp, media=video, clock-rate=90000, encoding-name=CRLSC, payload=96"));
  }

  void step() {
    switch (script_.u8() % kOperations) {
      case kPacket:
        push_packet();
        break;
      case kLost:
        element_.push(gst_event_new_custom(
            GST_EVENT_CUSTOM_DOWNSTREAM,
            gst_structure_new("GstRTPPacketLost", "seqnum", G_TYPE_UINT, guint{script_.u16()}, "timestamp",
                              G_TYPE_UINT64, guint64{script_.u32()}, "duration", G_TYPE_UINT64, guint64{0}, nullptr)));
        break;
      case kFlush:
        element_.flush();
        break;
      case kCaps:
        push_caps();
        break;
      default: {
        const uint8_t bits = script_.u8();
        g_object_set(element_.element(), "deliver", bits % 3, "wait-for-keyframe", (bits & 4) != 0, "request-keyframe",
                     (bits & 8) != 0, nullptr);
      }
    }
  }

 private:
  void push_packet() {
    const uint8_t flags = script_.u8();
    sequence_ = static_cast<uint16_t>(sequence_ + static_cast<int8_t>(script_.u8()));
    const uint32_t pictures = script_.u16();
    const ByteView run = script_.run();
    const Bytes payload = (flags & kRepair) != 0 ? with_payload_checksums(run) : Bytes(run.begin(), run.end());
    GstBuffer* buffer = gst_rtp_buffer_new_allocate(static_cast<guint>(payload.size()), 0, 0);
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    require(gst_rtp_buffer_map(buffer, GST_MAP_READWRITE, &rtp) != FALSE, "mapping a packet");
    std::copy(payload.begin(), payload.end(), static_cast<uint8_t*>(gst_rtp_buffer_get_payload(&rtp)));
    gst_rtp_buffer_set_payload_type(&rtp, 96);
    gst_rtp_buffer_set_seq(&rtp, sequence_);
    gst_rtp_buffer_set_timestamp(&rtp, pictures * 9000);
    gst_rtp_buffer_set_ssrc(&rtp, (flags & kOtherSender) != 0 ? 2 : 1);
    gst_rtp_buffer_set_marker(&rtp, (flags & kMarker) != 0);
    gst_rtp_buffer_unmap(&rtp);
    if ((flags & kNoTime) == 0) GST_BUFFER_PTS(buffer) = pictures * 100 * GST_MSECOND;
    element_.push(buffer);
  }

  void push_caps() {
    const std::string name = to_text(script_.run());
    const std::string value = to_text(script_.run());
    GstCaps* caps =
        gst_caps_from_string("application/x-rtp, media=video, clock-rate=90000, encoding-name=CRLSC, payload=96");
    static const char* const kFields[] = {"version", "model", "config", "layers", "width"};
    gst_caps_set_simple(caps, kFields[name.size() % std::size(kFields)], G_TYPE_STRING, value.c_str(), nullptr);
    element_.set_caps(caps);
  }

  Script& script_;
  FuzzedElement element_;
  uint16_t sequence_ = 1000;
};

void add_packets(Bytes& seed, test::Sender& sender, uint8_t flags) {
  for (size_t i = 0; i < sender.size(); ++i) {
    const ReceivedPacket packet = sender.packet(i);
    seed.insert(seed.end(), {kPacket, flags, 1});
    ByteWriter(seed).u16(static_cast<uint16_t>(packet.timestamp / 9000));
    append_run(seed, packet.payload);
  }
}

Bytes key_picture(int width, uint8_t model) {
  SequenceHeader header;
  header.width = width;
  header.height = 240;
  header.framerate_num = 10;
  header.layers = 3;
  header.model_id[0] = model;
  Bytes out;
  append_unit(out, {UnitType::kSequenceHeader, 0, true, false}, write_sequence_header(header));
  const Bytes rest = test::access_unit({test::token(0, 40), test::token(1, 20)}, true);
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

}  // namespace

std::vector<Bytes> crlsc::fuzz_seeds() {
  test::Sender sender(0x7FFE);
  sender.send(key_picture(320, 1));
  sender.send(test::access_unit({test::token(0, 90), test::token(1, 30)}));
  sender.send(key_picture(640, 1));
  sender.send(key_picture(640, 2));
  sender.send(test::access_unit({test::token(0, 20)}, false, 4));
  Bytes plain;
  add_packets(plain, sender, kRepair);
  Bytes mixed{kSettings, 15};
  add_packets(mixed, sender, kRepair | kMarker);
  mixed.insert(mixed.end(), {kLost, 0, 5, 0, 0, 0, 1, kFlush});
  add_packets(mixed, sender, kRepair | kOtherSender);
  Bytes config{kCaps, 0, 2, 'a', 'b'};
  Bytes unit;
  append_unit(unit, {UnitType::kSequenceHeader, 0, true, false}, write_sequence_header([] {
                SequenceHeader header;
                header.width = header.height = 64;
                return header;
              }()));
  gchar* text = g_base64_encode(unit.data(), unit.size());
  append_run(config, {reinterpret_cast<const uint8_t*>(text), std::strlen(text)});
  g_free(text);
  add_packets(config, sender, kRepair);
  Bytes version{kCaps, 0, 0, 0, 1, '1'};
  return {plain, mixed, config, version};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  start_gstreamer();
  Script script(data, size);
  Run run(script);
  while (!script.ended()) run.step();
  return 0;
}
