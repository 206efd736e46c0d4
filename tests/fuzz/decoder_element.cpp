// SPDX-License-Identifier: LGPL-2.1-or-later
// crlscdec with the integer backend: access units, gaps, flushes, caps, lateness, changing settings, entries that the
// stream brings and refers to.
#include <algorithm>
#include <filesystem>
#include <memory>

#include "core/bitstream/unit.h"
#include "core/kb/entry_transfer.h"
#include "core/kb/knowledge_base_file.h"
#include "core/kb/knowledge_path.h"
#include "core/kb/reference_picture.h"
#include "crlsc/caps.h"
#include "element.h"
#include "fuzz.h"
#include "script.h"
#include "unit/codec/codec_testing.h"
#include "unit/kb/kb_testing.h"

using namespace crlsc;

namespace {

enum Operation : uint8_t { kUnits = 0, kGap, kFlush, kCaps, kSegment, kQos, kLayers, kEntry, kOperations };

// Of the byte that begins each access unit.
constexpr unsigned kAsIs = 1;  // checksums are left alone
constexpr unsigned kDelta = 2;
constexpr unsigned kCorrupted = 4;
constexpr unsigned kNoTime = 8;

constexpr int kSide = 48;
constexpr gulong kStoringTime = 5000;  // microseconds
// Large pictures are slow, and no other code runs for them.
constexpr int kMostSamples = 128 * 128;

// The shared knowledge base whose codebooks entries use.
const ContentId& shared_knowledge() {
  static const ContentId id =
      codebooks_id(KnowledgeBaseFile(CRLSC_SUPPORT_FOLDER "/test.crlsckb", KnowledgeBaseFile::Access::kRead).info());
  return id;
}

// What the decoder stores entries in.
const std::string& received() {
  static const TempFolder folder;
  static const std::string path = folder.file("received.crlsckb");
  return path;
}

Clip scene() { return {Clip::Kind::kBlock, kSide - 3, kSide}; }

// Of the stream's size, of another one, and with a picture that cannot be decoded.
const TransferEntry& sound_entry(uint8_t number) {
  const auto entry = [](uint8_t code, const Picture& picture) {
    return TransferEntry{"scene", Bytes(16, code), encode_reference_picture(picture, 80)};
  };
  static const std::vector<TransferEntry> all = [&entry] {
    std::vector<TransferEntry> entries{entry(1, scene().picture(0)), entry(2, Picture(kSide, kSide)),
                                       entry(3, scene().picture(9))};
    Bytes& spoilt = entries.back().picture;
    std::fill(spoilt.begin() + 20, spoilt.end(), uint8_t{0xFF});
    return entries;
  }();
  return all[number % all.size()];
}

SequenceHeader sequence_header(int width, int height) {
  SequenceHeader header;
  header.width = width;
  header.height = height;
  header.framerate_num = 10;
  header.layers = 3;
  header.model_id = test_model()->file.id();
  header.knowledge = KnowledgeRef{shared_knowledge()};
  return header;
}

bool is_small(ByteView access_unit) {
  for (const UnitView& unit : parse_access_unit(access_unit).units) {
    if (unit.header.type != UnitType::kSequenceHeader) continue;
    try {
      const SequenceHeader header = parse_sequence_header(unit.payload);
      if (header.width * header.height > kMostSamples) return false;
    } catch (const Error&) {
    }
  }
  return true;
}

class Run {
 public:
  explicit Run(Script& script)
      : script_(script),
        element_("crlscdec max-entries=2 knowledge-updates=true knowledge-base=" + received() +
                 " model=" + fuzz_model()) {
    element_.begin(make_caps(sequence_header(kSide - 3, kSide)));
  }

  void step() {
    switch (script_.u8() % kOperations) {
      case kUnits:
        push_units();
        break;
      case kGap: {
        GstEvent* gap = gst_event_new_gap(number_++ * 100 * GST_MSECOND, script_.u8() * GST_MSECOND);
        gst_event_set_gap_flags(gap, GST_GAP_FLAG_MISSING_DATA);
        element_.push(gap);
        break;
      }
      case kFlush:
        element_.flush();
        break;
      case kCaps:
        push_caps();
        break;
      case kSegment:
        element_.segment(GST_FORMAT_TIME, script_.u8() < 200 ? 1 : -1);
        break;
      case kEntry:
        push_entry();
        break;
      case kQos:
        element_.push_upstream(
            gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 1, script_.u8() * GST_MSECOND, number_ * 100 * GST_MSECOND));
        break;
      default:
        g_object_set(element_.element(), "max-layers", 1U + script_.u8() % 4, nullptr);
    }
  }

 private:
  void push_units() {
    const uint8_t flags = script_.u8();
    const ByteView run = script_.run();
    const Bytes units = (flags & kAsIs) == 0 ? with_checksums(run) : Bytes(run.begin(), run.end());
    if (!is_small(units)) return;
    GstBuffer* buffer = make_buffer(units);
    if ((flags & kNoTime) == 0) GST_BUFFER_PTS(buffer) = number_ * 100 * GST_MSECOND;
    if ((flags & kDelta) != 0) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
    if ((flags & kCorrupted) != 0) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_CORRUPTED);
    ++number_;
    element_.push(buffer);
  }

  // A piece of an entry. If it was the last one, the pictures that follow may refer to the entry.
  void push_entry() {
    const TransferEntry& entry = sound_entry(script_.u8());
    const Bytes whole = write_transfer(entry);
    const size_t offset = script_.u16() % whole.size();
    const size_t size = script_.u16();
    Bytes unit;
    append_knowledge_unit(
        unit, {name_of(entry), whole.size(), offset, ByteView(whole).sub(offset, std::max<size_t>(size, 1))}, false);
    element_.push(make_buffer(unit));
    // The element stores in a thread of its own.
    if (size >= whole.size()) g_usleep(kStoringTime);
  }

  // Usual ones of some size, or with these bytes as codec_data.
  void push_caps() {
    const uint8_t width = script_.u8();
    const Bytes codec_data = with_checksums(script_.run());
    if (!is_small(codec_data)) return;
    GstCaps* caps = make_caps(sequence_header(kMinWidth + width % 100, kSide));
    if (!codec_data.empty()) {
      GstBuffer* buffer = make_buffer(codec_data);
      gst_caps_set_simple(caps, "codec_data", GST_TYPE_BUFFER, buffer, nullptr);
      gst_buffer_unref(buffer);
    }
    element_.set_caps(caps);
  }

  Script& script_;
  FuzzedElement element_;
  guint64 number_ = 0;
};

void add_units(Bytes& seed, ByteView units, uint8_t flags) {
  seed.insert(seed.end(), {kUnits, flags});
  append_run(seed, units);
}

// A stream that refers to an entry, before and after the entry came.
Bytes scene_seed() {
  const TransferEntry& entry = sound_entry(0);
  const auto known = std::make_shared<const Picture>(pad_to_cells(decode_reference_picture(entry.picture).view()));
  EncoderConfig config = config_for(scene(), 30000);
  config.sequence.knowledge = KnowledgeRef{shared_knowledge()};
  Encoder encoder(test_model(), config);
  encoder.set_scene({{name_of(entry), known}});
  Bytes seed;
  for (int i = 0; i < 3; ++i) {
    add_units(seed, encoder.encode(scene().picture(i).view(), i == 0 ? 0 : 0.1, false).bytes, i == 0 ? 0 : kDelta);
    if (i == 1) seed.insert(seed.end(), {kEntry, 1, 0, 0, 255, 255, kEntry, 2, 0, 0, 255, 255});
    seed.insert(seed.end(), {kEntry, 0, 0, 0, 255, 255});
  }
  return seed;
}

}  // namespace

std::vector<Bytes> crlsc::fuzz_seeds() {
  std::vector<Bytes> seeds{scene_seed()};
  for (const Clip::Kind kind : {Clip::Kind::kBlock, Clip::Kind::kPan, Clip::Kind::kNoise}) {
    for (const size_t unit_size : {60U, 1000U}) {
      const Clip clip{kind, kSide - 3, kSide};
      EncoderConfig config = config_for(clip, 30000);
      config.target_unit_size = unit_size;
      const std::vector<Bytes> stream = encode_clip(clip, config, 4);
      Bytes seed;
      add_units(seed, stream[0], 0);
      add_units(seed, stream[1], kDelta);
      seed.insert(seed.end(), {kGap, 100, kLayers, 1});
      add_units(seed, stream[2], kDelta | kCorrupted);
      seed.insert(seed.end(), {kFlush, kQos, 255});
      add_units(seed, stream[0], 0);
      seed.insert(seed.end(), {kCaps, 32, 0, 0});
      add_units(seed, stream[0], 0);
      seeds.push_back(seed);
    }
  }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  start_gstreamer();
  Script script(data, size);
  {
    Run run(script);
    while (!script.ended()) run.step();
  }
  std::filesystem::remove(received());
  return 0;
}
