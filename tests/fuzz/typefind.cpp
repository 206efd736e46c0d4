// SPDX-License-Identifier: LGPL-2.1-or-later
// The typefinder as GStreamer calls it: it looks at what is there and nothing else, and says at most one thing, which
// is certain only of files that begin with an intact head.
#include <optional>

#include "core/bitstream/byte_stream.h"
#include "element.h"
#include "fuzz.h"
#include "script.h"

using namespace crlsc;

namespace {

struct Source {
  ByteView bytes;
  std::optional<guint> found;
};

const guint8* peek(gpointer data, gint64 offset, guint size) {
  const ByteView bytes = static_cast<Source*>(data)->bytes;
  // Places from the end are for typefinders that look at the end; ours does not.
  require(offset >= 0, "a place before the beginning");
  const auto begin = static_cast<size_t>(offset);
  return begin <= bytes.size() && size <= bytes.size() - begin ? bytes.data() + begin : nullptr;
}

void suggest(gpointer data, guint probability, GstCaps* caps) {
  auto* source = static_cast<Source*>(data);
  require(!source->found && GST_IS_CAPS(caps), "a second suggestion");
  source->found = probability;
}

GstTypeFindFactory* find_factory() {
  start_gstreamer();
  GstPluginFeature* feature = gst_registry_lookup_feature(gst_registry_get(), "video/x-crlsc");
  require(feature != nullptr, "no typefinder");
  return GST_TYPE_FIND_FACTORY(feature);
}

}  // namespace

std::vector<Bytes> crlsc::fuzz_seeds() {
  SequenceHeader sequence;
  sequence.width = 320;
  sequence.height = 240;
  sequence.framerate_num = 10;
  Bytes stream;
  ByteStreamWriter writer;
  writer.set_sequence(sequence);
  for (uint64_t i = 0; i < 3; ++i) {
    Bytes unit;
    append_unit(unit, {UnitType::kToken, 0, i == 0, true}, Bytes(20, static_cast<uint8_t>(i)));
    writer.write(stream, unit, i * 9000, 9000);
  }
  Bytes cut(stream.begin() + 5, stream.end());
  cut.insert(cut.end(), stream.begin(), stream.end());
  return {stream, cut, Bytes(stream.begin(), stream.begin() + 30)};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static GstTypeFindFactory* factory = find_factory();
  // A copy ends where the input ends, so that looking further is noticed.
  const Bytes copy(data, data + size);
  Source source{copy, std::nullopt};
  GstTypeFind find{};
  find.peek = peek;
  find.suggest = suggest;
  find.data = &source;
  gst_type_find_factory_call_function(factory, &find);
  const bool certain = source.found && *source.found == GST_TYPE_FIND_MAXIMUM;
  require(certain == (probe_byte_stream(ByteView(copy).sub(0, 64 * 1024)) == ByteStreamProbe::kHead), "the certainty");
  return 0;
}
