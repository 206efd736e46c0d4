// SPDX-License-Identifier: LGPL-2.1-or-later
// Knowledge bases, streams of coloured pictures, and a harness for the tests of crlsckb.
#pragma once

#include <string>
#include <vector>

#include "core/kb/knowledge_path.h"
#include "crlsc/kb_meta.h"
#include "support.h"
#include "support/test_knowledge.h"

namespace crlsc::test {

constexpr const char* kSemanticModel = "test-model-semantic.safetensors";
constexpr const char* kKnowledge = "test.crlsckb";

// A picture of one colour.
inline GstBuffer* make_colour(const std::string& colour, int index, const GstVideoInfo& info = video_info()) {
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, GST_VIDEO_INFO_SIZE(&info), nullptr);
  GstVideoFrame frame;
  fail_unless(gst_video_frame_map(&frame, &info, buffer, GST_MAP_WRITE));
  const Picture picture = colour_picture(colour, info.width, info.height);
  for (guint c = 0; c < 3; ++c) {
    for (int y = 0; y < GST_VIDEO_FRAME_COMP_HEIGHT(&frame, c); ++y) {
      auto* row = static_cast<guint8*>(GST_VIDEO_FRAME_COMP_DATA(&frame, c)) +
                  static_cast<ptrdiff_t>(y) * GST_VIDEO_FRAME_COMP_STRIDE(&frame, c);
      for (int x = 0; x < GST_VIDEO_FRAME_COMP_WIDTH(&frame, c); ++x) {
        row[x * GST_VIDEO_FRAME_COMP_PSTRIDE(&frame, c)] = picture.plane(static_cast<int>(c))[0];
      }
    }
  }
  gst_video_frame_unmap(&frame);
  GST_BUFFER_PTS(buffer) = static_cast<guint64>(index) * kInterval;
  GST_BUFFER_DURATION(buffer) = kInterval;
  return buffer;
}

// What an encoder with a knowledge base makes of pictures of these colours, one after the other.
struct ColourStream {
  explicit ColourStream(const std::vector<std::string>& colours, const std::string& properties = "",
                        const std::string& knowledge = kKnowledge) {
    Encoder encoder("bitrate=500000 knowledge-base=" + knowledge + " " + properties, video_info(), kSemanticModel);
    for (size_t i = 0; i < colours.size(); ++i) {
      fail_unless_equals_int(encoder.push(make_colour(colours[i], static_cast<int>(i))), GST_FLOW_OK);
    }
    buffers = encoder.pull();
    caps = encoder.source_caps();
  }
  ~ColourStream() { gst_caps_unref(caps); }
  ColourStream(const ColourStream&) = delete;
  ColourStream& operator=(const ColourStream&) = delete;
  Buffers buffers;
  GstCaps* caps = nullptr;
};

// The labels of the matches of a buffer, or that it has no meta.
inline std::vector<std::string> labels_of(GstBuffer* buffer) {
  const GstCrlscKbMeta* meta = gst_buffer_get_crlsc_kb_meta(buffer);
  if (meta == nullptr) return {"no meta"};
  std::vector<std::string> labels;
  for (guint i = 0; i < gst_crlsc_kb_meta_get_n_matches(meta); ++i) {
    labels.emplace_back(gst_crlsc_kb_meta_get_match(meta, i)->label);
  }
  return labels;
}

class Kb : public Harness {
 public:
  explicit Kb(const std::string& properties) : Harness("crlsckb " + properties) {}
  static std::string raw(const std::string& rest = "") {
    return std::string("model=") + kSemanticModel + " location=" + kKnowledge + " " + rest;
  }
  void set_raw(const GstVideoInfo& info = video_info()) {
    gst_harness_set_src_caps(h(), gst_video_info_to_caps(const_cast<GstVideoInfo*>(&info)));
  }
  void set_caps(GstCaps* caps) { gst_harness_set_src_caps(h(), gst_caps_ref(caps)); }
  void push_all(const ColourStream& stream) {
    for (size_t i = 0; i < stream.buffers.size(); ++i) {
      fail_unless_equals_int(push(stream.buffers.copy(i)), GST_FLOW_OK);
    }
  }
  // How many element messages of this name there were since the last call, and the labels of their best matches.
  int messages(const char* name, std::vector<std::string>* best = nullptr) {
    int count = 0;
    while (GstMessage* message = gst_bus_pop_filtered(bus(), GST_MESSAGE_ELEMENT)) {
      const GstStructure* fields = gst_message_get_structure(message);
      if (gst_structure_has_name(fields, name)) {
        ++count;
        if (best != nullptr) best->push_back(best_label(fields));
      }
      gst_message_unref(message);
    }
    return count;
  }

 private:
  static std::string best_label(const GstStructure* fields) {
    const GValue* matches = gst_structure_get_value(fields, "matches");
    if (matches == nullptr || gst_value_array_get_size(matches) == 0) return "";
    const auto* match = static_cast<const GstStructure*>(g_value_get_boxed(gst_value_array_get_value(matches, 0)));
    return gst_structure_get_string(match, "label");
  }
};

}  // namespace crlsc::test
