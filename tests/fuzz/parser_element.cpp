// SPDX-License-Identifier: LGPL-2.1-or-later
// crlscparse with bytes, packets, gaps, seeks and changing caps, in front of either form of output.
#include "core/bitstream/byte_stream.h"
#include "core/error.h"
#include "crlsc/caps.h"
#include "element.h"
#include "fuzz.h"
#include "script.h"

using namespace crlsc;

namespace {

enum Operation : uint8_t {
  kBytes = 0,
  kRecord,  // time, flags, access unit
  kPacket,  // time, flags, access unit
  kGap,
  kFlush,
  kByteStreamCaps,
  kPacketCaps,  // width, codec_data
  kSeek,
  kOperations
};

constexpr const char* kOutputs[] = {nullptr, "video/x-crlsc, stream-format=packetized",
                                    "video/x-crlsc, stream-format=byte-stream"};

SequenceHeader sequence_header(uint16_t width) {
  SequenceHeader header;
  header.width = kMinWidth + width % (kMaxWidth - kMinWidth + 1);
  header.height = 48;
  header.framerate_num = 10;
  header.layers = 3;
  return header;
}

// Caps with codec_data that is right, or these bytes.
GstCaps* packet_caps(uint16_t width, ByteView codec_data) {
  GstCaps* caps = make_caps(sequence_header(width));
  if (codec_data.empty()) return caps;
  GstBuffer* buffer = make_buffer(with_checksums(codec_data));
  gst_caps_set_simple(caps, "codec_data", GST_TYPE_BUFFER, buffer, nullptr);
  gst_buffer_unref(buffer);
  return caps;
}

class Run {
 public:
  explicit Run(Script& script) : script_(script), element_("crlscparse", kOutputs[script.u8() % 3]) {
    writer_.set_sequence(sequence_header(64));
    element_.begin(gst_caps_from_string("video/x-crlsc, stream-format=byte-stream"), GST_FORMAT_BYTES);
  }

  void step() {
    switch (script_.u8() % kOperations) {
      case kBytes:
        element_.push(make_buffer(script_.run()));
        break;
      case kRecord:
        push_record();
        break;
      case kPacket:
        push_packet();
        break;
      case kGap:
        push_gap();
        break;
      case kFlush:
        element_.flush(format_);
        break;
      case kByteStreamCaps:
        element_.set_caps(gst_caps_from_string("video/x-crlsc, stream-format=byte-stream"));
        break;
      case kPacketCaps:
        push_packet_caps();
        break;
      default:
        element_.push_upstream(gst_event_new_seek(script_.u8() < 128 ? 1 : -1, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH,
                                                  GST_SEEK_TYPE_SET, script_.u32(), GST_SEEK_TYPE_NONE, 0));
    }
  }

 private:
  void push_record() {
    const uint32_t time = script_.u32();
    const uint8_t flags = script_.u8();
    Bytes out;
    try {
      if (flags % 8 == 7) {
        writer_.write_missing(out, time);
      } else {
        writer_.write(out, with_checksums(script_.run()), time, flags & 1 ? std::optional(time % 20000) : std::nullopt,
                      (flags & 2) != 0);
      }
    } catch (const Error&) {
      return;
    }
    element_.push(make_buffer(out));
  }

  void push_packet() {
    const uint32_t time = script_.u32();
    const uint8_t flags = script_.u8();
    GstBuffer* buffer = make_buffer(with_checksums(script_.run()));
    if ((flags & 1) == 0) GST_BUFFER_PTS(buffer) = time * GST_MSECOND;
    if ((flags & 2) == 0) GST_BUFFER_DURATION(buffer) = 100 * GST_MSECOND;
    if ((flags & 4) != 0) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
    if ((flags & 8) != 0) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
    element_.push(buffer);
  }

  void push_gap() {
    GstEvent* gap = gst_event_new_gap(script_.u32() * GST_MSECOND, script_.u16() * GST_MSECOND);
    gst_event_set_gap_flags(gap, GST_GAP_FLAG_MISSING_DATA);
    element_.push(gap);
  }

  void push_packet_caps() {
    format_ = GST_FORMAT_TIME;
    const uint16_t width = script_.u16();
    element_.set_caps(packet_caps(width, script_.run()));
    element_.segment(format_);
  }

  Script& script_;
  FuzzedElement element_;
  ByteStreamWriter writer_;
  GstFormat format_ = GST_FORMAT_BYTES;
};

Bytes unit(bool key, bool with_header, uint16_t width) {
  Bytes out;
  if (with_header) {
    append_unit(out, {UnitType::kSequenceHeader, 0, true, false}, write_sequence_header(sequence_header(width)));
  }
  append_unit(out, {UnitType::kToken, 0, key, true}, Bytes(30, 5));
  return out;
}

}  // namespace

// An input is what downstream takes (1 byte), then operations.
std::vector<Bytes> crlsc::fuzz_seeds() {
  std::vector<Bytes> seeds;
  for (uint8_t output = 0; output < 3; ++output) {
    Bytes records{output};
    Bytes packets{output, kPacketCaps, 0, 48, 0, 0};
    for (uint8_t i = 0; i < 4; ++i) {
      const Bytes access_unit = unit(i == 0, i == 0 || i == 3, i == 3 ? 200 : 48);
      for (Bytes* seed : {&records, &packets}) {
        seed->push_back(seed == &records ? kRecord : kPacket);
        ByteWriter writer(*seed);
        writer.u32(i * (seed == &records ? 9000U : 100U));
        writer.u8(i == 0 ? 0 : 4);
        append_run(*seed, access_unit);
      }
      records.insert(records.end(), {kBytes, 0, 3, 1, 2, 3});
      packets.insert(packets.end(), {kGap, 0, 0, 1, 0, 0, 100});
    }
    records.push_back(kFlush);
    seeds.push_back(records);
    seeds.push_back(packets);
  }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  start_gstreamer();
  Script script(data, size);
  Run run(script);
  while (!script.ended()) run.step();
  return 0;
}
