// SPDX-License-Identifier: LGPL-2.1-or-later
// libgstcrlsc: errors on the bus, the guard around callbacks, caps, frames and buffer maps.
#include <gst/check/gstcheck.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/bitstream/unit.h"
#include "crlsc/caps.h"
#include "crlsc/crlsc.h"
#include "crlsc/error.h"
#include "crlsc/frame.h"
#include "crlsc/guard.h"
#include "crlsc/maps.h"

using crlsc::Error;
using crlsc::ErrorKind;

namespace {

// An element with a bus to listen to.
class Listener {
 public:
  Listener() : element_(gst_object_ref_sink(gst_bin_new("camera"))), bus_(gst_bus_new()) {
    gst_element_set_bus(element(), bus_);
  }
  ~Listener() {
    gst_element_set_bus(element(), nullptr);
    gst_object_unref(bus_);
    gst_object_unref(element_);
  }
  GstElement* element() const { return GST_ELEMENT(element_); }

  // The one error posted since the last call, as "domain code text".
  std::string pop(GQuark domain, gint code) {
    GstMessage* message = gst_bus_pop_filtered(bus_, GST_MESSAGE_ERROR);
    fail_unless(message != nullptr, "no error was posted");
    GError* error = nullptr;
    gst_message_parse_error(message, &error, nullptr);
    fail_unless(error->domain == domain && error->code == code, "got %s %d: %s", g_quark_to_string(error->domain),
                error->code, error->message);
    fail_unless(GST_MESSAGE_SRC(message) == GST_OBJECT(element_));
    fail_unless(g_utf8_validate(error->message, -1, nullptr));
    std::string text = error->message;
    g_error_free(error);
    gst_message_unref(message);
    fail_unless(gst_bus_pop_filtered(bus_, GST_MESSAGE_ERROR) == nullptr, "more than one error was posted");
    return text;
  }
  bool silent() { return gst_bus_peek(bus_) == nullptr; }

 private:
  gpointer element_;
  GstBus* bus_;
};

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

template <class Function>
bool throws(ErrorKind kind, Function fn) {
  try {
    fn();
  } catch (const Error& e) {
    return e.kind() == kind;
  }
  return false;
}

void check_mapping(ErrorKind kind, GQuark domain, gint code) {
  Listener listener;
  crlsc::post_error(listener.element(), Error(kind, "cannot use '/a/model'"), "model");
  const std::string text = listener.pop(domain, code);
  fail_unless(contains(text, "/a/model"), "path missing: %s", text.c_str());
  fail_unless(contains(text, "`model`") && contains(text, "camera"), "property missing: %s", text.c_str());
}

}  // namespace

#define ERROR_TEST(name, kind, domain, code)                                                                  \
  GST_START_TEST(name) { check_mapping(ErrorKind::kind, GST_##domain##_ERROR, GST_##domain##_ERROR_##code); } \
  GST_END_TEST

ERROR_TEST(test_error_not_found, kNotFound, RESOURCE, NOT_FOUND)
ERROR_TEST(test_error_read, kRead, RESOURCE, READ)
ERROR_TEST(test_error_write, kWrite, RESOURCE, WRITE)
ERROR_TEST(test_error_settings, kSettings, RESOURCE, SETTINGS)
ERROR_TEST(test_error_wrong_type, kWrongType, STREAM, WRONG_TYPE)
ERROR_TEST(test_error_library, kLibrary, LIBRARY, INIT)
ERROR_TEST(test_error_corrupt, kCorrupt, STREAM, DECODE)

GST_START_TEST(test_error_without_property) {
  Listener listener;
  crlsc::post_error(listener.element(), Error(ErrorKind::kRead, "plain text"), nullptr);
  fail_unless(listener.pop(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ) == "plain text");
}
GST_END_TEST

GST_START_TEST(test_error_text_becomes_utf8) {
  Listener listener;
  crlsc::post_error(listener.element(), Error(ErrorKind::kRead, "path '\xff\xfe' and 100%s"), "model");
  fail_unless(contains(listener.pop(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ), "100%s"));
}
GST_END_TEST

GST_START_TEST(test_guard_passes_the_result) {
  Listener listener;
  fail_unless_equals_int(crlsc::guard(listener.element(), GST_FLOW_ERROR, [] { return GST_FLOW_EOS; }), GST_FLOW_EOS);
  int calls = 0;
  fail_unless(crlsc::guard(listener.element(), false, [&] { return ++calls == 1; }));
  fail_unless_equals_int(calls, 1);
  fail_unless(listener.silent());
}
GST_END_TEST

GST_START_TEST(test_guard_crlsc_error) {
  Listener listener;
  const auto flow = crlsc::guard(
      listener.element(), GST_FLOW_ERROR,
      []() -> GstFlowReturn { throw Error(ErrorKind::kNotFound, "no such file: '/x'"); }, "model");
  fail_unless_equals_int(flow, GST_FLOW_ERROR);
  fail_unless(contains(listener.pop(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND), "`model`"));
}
GST_END_TEST

GST_START_TEST(test_guard_standard_exceptions) {
  Listener listener;
  const auto run = [&](auto thrown) {
    const gboolean done = crlsc::guard(listener.element(), FALSE, [&]() -> gboolean { throw thrown; });
    fail_unless(!done);
    return listener.pop(GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED);
  };
  fail_unless(contains(run(std::runtime_error("torch says no")), "torch says no"));
  fail_unless(contains(run(std::out_of_range("index 9")), "index 9"));
  fail_if(run(std::bad_alloc()).empty());
}
GST_END_TEST

GST_START_TEST(test_guard_anything_else) {
  Listener listener;
  const int result = crlsc::guard(listener.element(), -1, []() -> int { throw 42; });
  fail_unless_equals_int(result, -1);
  fail_unless(contains(listener.pop(GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED), "unknown type"));
  const char* text = crlsc::guard(listener.element(), "fallback", []() -> const char* { throw "a literal"; });
  fail_unless_equals_string(text, "fallback");
  listener.pop(GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED);
}
GST_END_TEST

namespace {

const crlsc::ContentId kModel = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};

crlsc::SequenceHeader example_header() {
  crlsc::SequenceHeader header;
  header.width = 321;
  header.height = 239;
  header.framerate_num = 30000;
  header.framerate_den = 1001;
  header.layers = 3;
  header.model_id = kModel;
  header.colorimetry = {1, 6, 13, 6, 1};
  header.knowledge = crlsc::KnowledgeRef{{9, 8, 7, 6, 5, 4, 3, 2}, 77};
  return header;
}

struct CapsDeleter {
  void operator()(GstCaps* caps) const { gst_caps_unref(caps); }
};
using CapsPtr = std::unique_ptr<GstCaps, CapsDeleter>;

CapsPtr caps_from(const char* text) { return CapsPtr(gst_caps_from_string(text)); }

void set_codec_data(GstCaps* caps, const crlsc::Bytes& bytes) {
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, bytes.size(), nullptr);
  gst_buffer_fill(buffer, 0, bytes.data(), bytes.size());
  gst_caps_set_simple(caps, "codec_data", GST_TYPE_BUFFER, buffer, nullptr);
  gst_buffer_unref(buffer);
}

crlsc::Bytes header_unit(const crlsc::SequenceHeader& header) {
  crlsc::Bytes unit;
  crlsc::UnitHeader unit_header;
  unit_header.type = crlsc::UnitType::kSequenceHeader;
  crlsc::append_unit(unit, unit_header, crlsc::write_sequence_header(header));
  return unit;
}

}  // namespace

GST_START_TEST(test_caps_round_trip) {
  const CapsPtr caps(crlsc::make_caps(example_header(), {4, 3}));
  const crlsc::StreamCaps parsed = crlsc::parse_caps(caps.get());
  fail_unless(parsed.header.has_value());
  fail_unless(*parsed.header == example_header());
  fail_unless(parsed.model == kModel);
  fail_unless_equals_int(parsed.pixel_aspect_ratio.num, 4);
  fail_unless_equals_int(parsed.pixel_aspect_ratio.den, 3);
}
GST_END_TEST

GST_START_TEST(test_caps_survive_text) {
  const CapsPtr caps(crlsc::make_caps(example_header()));
  gchar* text = gst_caps_to_string(caps.get());
  const CapsPtr again = caps_from(text);
  fail_unless(*crlsc::parse_caps(again.get()).header == example_header());
  g_free(text);
}
GST_END_TEST

GST_START_TEST(test_caps_fields) {
  const CapsPtr caps(crlsc::make_caps(example_header()));
  fail_unless(gst_caps_is_fixed(caps.get()));
  const CapsPtr expected = caps_from(
      "video/x-crlsc, stream-format=packetized, alignment=au, parsed=true, width=321, height=239, "
      "framerate=30000/1001, model=(string)0123456789abcdef, chroma-site=jpeg");
  fail_unless(gst_caps_is_subset(caps.get(), expected.get()), "%" GST_PTR_FORMAT, caps.get());
  const GstStructure* fields = gst_caps_get_structure(caps.get(), 0);
  fail_unless(gst_structure_has_field_typed(fields, "model", G_TYPE_STRING));
  fail_unless(gst_structure_has_field_typed(fields, "codec_data", GST_TYPE_BUFFER));
  fail_unless(gst_structure_has_field(fields, "colorimetry"));
  fail_if(gst_structure_has_field(fields, "pixel-aspect-ratio"));
  fail_if(gst_structure_has_field(fields, "profile"));
  fail_if(gst_structure_has_field(fields, "level"));
}
GST_END_TEST

GST_START_TEST(test_caps_leave_out_what_is_unknown) {
  crlsc::SequenceHeader header = example_header();
  header.colorimetry = {};
  header.colorimetry.chroma_site = 255;
  header.framerate_num = 0;
  header.framerate_den = 1;
  const CapsPtr caps(crlsc::make_caps(header));
  const GstStructure* fields = gst_caps_get_structure(caps.get(), 0);
  fail_if(gst_structure_has_field(fields, "colorimetry"));
  fail_if(gst_structure_has_field(fields, "chroma-site"));
  gint num = -1;
  gint den = -1;
  fail_unless(gst_structure_get_fraction(fields, "framerate", &num, &den));
  fail_unless(num == 0 && den == 1);
}
GST_END_TEST

GST_START_TEST(test_caps_of_impossible_headers_are_refused) {
  crlsc::SequenceHeader header = example_header();
  header.width = 15;
  fail_unless(throws(ErrorKind::kSettings, [&] { crlsc::make_caps(header); }));
}
GST_END_TEST

GST_START_TEST(test_caps_without_codec_data) {
  const CapsPtr bare = caps_from("video/x-crlsc");
  const crlsc::StreamCaps nothing = crlsc::parse_caps(bare.get());
  fail_if(nothing.header.has_value());
  fail_if(nothing.model.has_value());
  const CapsPtr named = caps_from("video/x-crlsc, model=(string)0123456789abcdef, pixel-aspect-ratio=16/11");
  fail_unless(crlsc::parse_caps(named.get()).model == kModel);
  fail_unless_equals_int(crlsc::parse_caps(named.get()).pixel_aspect_ratio.num, 16);
}
GST_END_TEST

GST_START_TEST(test_caps_of_other_types_are_refused) {
  for (const char* text : {"video/x-h264", "ANY", "EMPTY"}) {
    const CapsPtr caps = caps_from(text);
    fail_unless(throws(ErrorKind::kWrongType, [&] { crlsc::parse_caps(caps.get()); }), "%s", text);
  }
  fail_unless(throws(ErrorKind::kWrongType, [] { crlsc::parse_caps(nullptr); }));
}
GST_END_TEST

GST_START_TEST(test_caps_that_contradict_codec_data_are_refused) {
  for (const char* field : {"width=320", "height=240", "model=(string)ffffffffffffffff", "model=(string)xyz",
                            "model=(string)\"\"", "codec_data=(string)abc", "codec_data=(int)1"}) {
    const CapsPtr caps = caps_from((std::string("video/x-crlsc, ") + field).c_str());
    if (std::strncmp(field, "codec_data", 10) != 0) set_codec_data(caps.get(), header_unit(example_header()));
    fail_unless(throws(ErrorKind::kCorrupt, [&] { crlsc::parse_caps(caps.get()); }), "%s", field);
  }
}
GST_END_TEST

GST_START_TEST(test_caps_with_damaged_codec_data_are_refused) {
  const crlsc::Bytes good = header_unit(example_header());
  const CapsPtr caps = caps_from("video/x-crlsc");
  set_codec_data(caps.get(), good);
  fail_unless(*crlsc::parse_caps(caps.get()).header == example_header());
  for (size_t size = 0; size < good.size(); ++size) {
    set_codec_data(caps.get(), crlsc::Bytes(good.begin(), good.begin() + static_cast<ptrdiff_t>(size)));
    fail_unless(throws(ErrorKind::kCorrupt, [&] { crlsc::parse_caps(caps.get()); }), "%d bytes",
                static_cast<int>(size));
  }
  for (size_t at = 0; at < good.size(); ++at) {
    crlsc::Bytes bad = good;
    bad[at] ^= 0x10;
    set_codec_data(caps.get(), bad);
    fail_unless(throws(ErrorKind::kCorrupt, [&] { crlsc::parse_caps(caps.get()); }), "byte %d", static_cast<int>(at));
  }
}
GST_END_TEST

GST_START_TEST(test_video_info_round_trip) {
  GstVideoInfo info;
  const CapsPtr caps = caps_from(
      "video/x-raw, format=NV12, width=1279, height=719, framerate=25/2, pixel-aspect-ratio=3/2, "
      "colorimetry=bt709, chroma-site=mpeg2");
  fail_unless(gst_video_info_from_caps(&info, caps.get()));
  const crlsc::SequenceHeader header = crlsc::make_sequence_header(info, kModel, 2);
  fail_unless_equals_int(header.layers, 2);
  fail_unless(header.model_id == kModel);
  fail_unless(header.colorimetry == (crlsc::Colorimetry{0, 1, 1, 1, 0}));
  const GstVideoInfo out = crlsc::make_video_info(header, {3, 2});
  fail_unless_equals_int(GST_VIDEO_INFO_FORMAT(&out), GST_VIDEO_FORMAT_I420);
  fail_unless_equals_int(GST_VIDEO_INFO_WIDTH(&out), 1279);
  fail_unless_equals_int(GST_VIDEO_INFO_HEIGHT(&out), 719);
  fail_unless(GST_VIDEO_INFO_FPS_N(&out) == 25 && GST_VIDEO_INFO_FPS_D(&out) == 2);
  fail_unless(GST_VIDEO_INFO_PAR_N(&out) == 3 && GST_VIDEO_INFO_PAR_D(&out) == 2);
  fail_unless(gst_video_colorimetry_is_equal(&out.colorimetry, &info.colorimetry));
  fail_unless_equals_int(out.chroma_site, info.chroma_site);
}
GST_END_TEST

GST_START_TEST(test_video_info_of_every_colorimetry_and_site) {
  for (const char* colorimetry : {"bt601", "bt709", "smpte240m", "bt2020", "bt2100-pq", "1:4:16:4"}) {
    for (const char* site : {"mpeg2", "jpeg", "cosited", "v-cosited"}) {
      GstVideoInfo info;
      const CapsPtr caps = caps_from((std::string("video/x-raw, format=I420, width=64, height=64, colorimetry=") +
                                      colorimetry + ", chroma-site=" + site)
                                         .c_str());
      fail_unless(gst_video_info_from_caps(&info, caps.get()), "%s %s", colorimetry, site);
      const GstVideoInfo out = crlsc::make_video_info(crlsc::make_sequence_header(info, kModel, 1));
      fail_unless(gst_video_colorimetry_is_equal(&out.colorimetry, &info.colorimetry), "%s", colorimetry);
      fail_unless(out.chroma_site == info.chroma_site, "%s", site);
    }
  }
}
GST_END_TEST

GST_START_TEST(test_video_info_of_rgb_is_that_of_i420) {
  GstVideoInfo rgb;
  GstVideoInfo yuv;
  gst_video_info_set_format(&rgb, GST_VIDEO_FORMAT_RGB, 320, 240);
  gst_video_info_set_format(&yuv, GST_VIDEO_FORMAT_I420, 320, 240);
  const crlsc::SequenceHeader header = crlsc::make_sequence_header(rgb, kModel, 1);
  fail_unless_equals_int(header.colorimetry.range, 0);
  const GstVideoInfo out = crlsc::make_video_info(header);
  fail_unless(gst_video_colorimetry_is_equal(&out.colorimetry, &yuv.colorimetry));
}
GST_END_TEST

GST_START_TEST(test_video_info_of_hostile_code_points_is_usable) {
  crlsc::SequenceHeader header = example_header();
  for (int code = 0; code < 256; ++code) {
    const auto byte = static_cast<uint8_t>(code);
    header.colorimetry = {byte, byte, byte, byte, byte};
    const GstVideoInfo info = crlsc::make_video_info(header);
    fail_if(info.colorimetry.matrix == GST_VIDEO_COLOR_MATRIX_RGB);
    const CapsPtr raw(gst_video_info_to_caps(&info));
    GstVideoInfo again;
    fail_unless(gst_video_info_from_caps(&again, raw.get()));
    const CapsPtr caps(crlsc::make_caps(header));
    fail_unless(*crlsc::parse_caps(caps.get()).header == header);
  }
}
GST_END_TEST

namespace {

struct BufferDeleter {
  void operator()(GstBuffer* buffer) const { gst_buffer_unref(buffer); }
};
using BufferPtr = std::unique_ptr<GstBuffer, BufferDeleter>;

constexpr gint kPadding = 13;  // bytes after each row, and before the first plane

// A frame whose strides and offsets are only in its GstVideoMeta. All bytes are `fill`.
BufferPtr make_frame(const GstVideoInfo& info, uint8_t fill) {
  gsize offset[GST_VIDEO_MAX_PLANES] = {};
  gint stride[GST_VIDEO_MAX_PLANES] = {};
  gsize size = kPadding;
  for (guint p = 0; p < GST_VIDEO_INFO_N_PLANES(&info); ++p) {
    stride[p] = GST_VIDEO_INFO_PLANE_STRIDE(&info, p) + kPadding;
    offset[p] = size;
    size += static_cast<gsize>(stride[p]) * static_cast<gsize>(GST_VIDEO_INFO_HEIGHT(&info) + kPadding);
  }
  BufferPtr buffer(gst_buffer_new_allocate(nullptr, size, nullptr));
  gst_buffer_memset(buffer.get(), 0, fill, size);
  gst_buffer_add_video_meta_full(buffer.get(), GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_INFO_FORMAT(&info),
                                 static_cast<guint>(GST_VIDEO_INFO_WIDTH(&info)),
                                 static_cast<guint>(GST_VIDEO_INFO_HEIGHT(&info)), GST_VIDEO_INFO_N_PLANES(&info),
                                 offset, stride);
  return buffer;
}

crlsc::Picture numbered_picture(int width, int height) {
  crlsc::Picture picture(width, height);
  unsigned n = 1;
  for (int p = 0; p < 3; ++p) {
    for (int i = 0; i < picture.plane_width(p) * picture.plane_height(p); ++i) {
      picture.plane(p)[i] = static_cast<uint8_t>(n = n * 75 + 74);
    }
  }
  return picture;
}

// Each component of a format, sample by sample, the slow and certain way.
uint8_t sample(const GstVideoFrame* frame, int component, int x, int y) {
  const auto* row = static_cast<const uint8_t*>(GST_VIDEO_FRAME_COMP_DATA(frame, component)) +
                    GST_VIDEO_FRAME_COMP_STRIDE(frame, component) * y;
  return row[x * GST_VIDEO_FRAME_COMP_PSTRIDE(frame, component)];
}

constexpr GstVideoFormat kFormats[] = {GST_VIDEO_FORMAT_I420, GST_VIDEO_FORMAT_YV12, GST_VIDEO_FORMAT_NV12,
                                       GST_VIDEO_FORMAT_NV21};
constexpr int kSizes[][2] = {{16, 16}, {17, 19}, {33, 16}, {16, 31}, {321, 239}};

void check_copies(GstVideoFormat format, int width, int height) {
  GstVideoInfo info;
  gst_video_info_set_format(&info, format, static_cast<guint>(width), static_cast<guint>(height));
  const crlsc::Picture picture = numbered_picture(width, height);
  const BufferPtr buffer = make_frame(info, 0xee);
  {
    crlsc::VideoFrameMap map(info, buffer.get(), GST_MAP_WRITE);
    crlsc::store_picture(picture.view(), map.get());
  }
  crlsc::VideoFrameMap map(info, buffer.get(), GST_MAP_READ);
  for (int p = 0; p < 3; ++p) {
    for (int y = 0; y < picture.plane_height(p); ++y) {
      for (int x = 0; x < picture.plane_width(p); ++x) {
        fail_unless_equals_int(sample(map.get(), p, x, y), picture.plane(p)[y * picture.plane_width(p) + x]);
      }
    }
  }
  crlsc::Picture back(2, 2);
  crlsc::copy_to_picture(map.get(), back);
  fail_unless(back.data() == picture.data());
  if (!crlsc::is_planar(format)) {
    fail_unless(throws(ErrorKind::kWrongType, [&] { crlsc::picture_view(map.get()); }));
    return;
  }
  const crlsc::PictureView view = crlsc::picture_view(map.get());
  fail_unless(view.planes[0].data == GST_VIDEO_FRAME_COMP_DATA(map.get(), 0), "the view is not of the frame");
  fail_unless(crlsc::pad_to_cells(view).data() == crlsc::pad_to_cells(picture.view()).data());
}

}  // namespace

GST_START_TEST(test_copies_of_each_format_and_odd_sizes) {
  for (const GstVideoFormat format : kFormats) {
    for (const auto& size : kSizes) check_copies(format, size[0], size[1]);
  }
}
GST_END_TEST

GST_START_TEST(test_store_leaves_padding_alone) {
  for (const GstVideoFormat format : kFormats) {
    GstVideoInfo info;
    gst_video_info_set_format(&info, format, 17, 19);
    const BufferPtr buffer = make_frame(info, 0xee);
    const crlsc::Picture zeros(17, 19, 0);
    {
      crlsc::VideoFrameMap map(info, buffer.get(), GST_MAP_WRITE);
      crlsc::store_picture(zeros.view(), map.get());
    }
    const crlsc::BufferMap map(buffer.get(), GST_MAP_READ);
    const auto written = std::count(map.bytes().begin(), map.bytes().end(), 0);
    const auto kept = std::count(map.bytes().begin(), map.bytes().end(), 0xee);
    fail_unless_equals_int(written, static_cast<int>(zeros.data().size()));
    fail_unless_equals_int(written + kept, static_cast<int>(map.size()));
  }
}
GST_END_TEST

GST_START_TEST(test_store_of_a_cut_picture) {
  GstVideoInfo info;
  gst_video_info_set_format(&info, GST_VIDEO_FORMAT_NV12, 17, 19);
  const crlsc::Picture picture = numbered_picture(32, 32);
  const BufferPtr buffer = make_frame(info, 0);
  crlsc::VideoFrameMap map(info, buffer.get(), GST_MAP_READWRITE);
  crlsc::store_picture(picture.view(17, 19), map.get());
  fail_unless_equals_int(sample(map.get(), 0, 16, 18), picture.plane(0)[18 * 32 + 16]);
  fail_unless_equals_int(sample(map.get(), 2, 8, 9), picture.plane(2)[9 * 16 + 8]);
}
GST_END_TEST

GST_START_TEST(test_frames_that_do_not_fit_are_refused) {
  GstVideoInfo info;
  gst_video_info_set_format(&info, GST_VIDEO_FORMAT_RGB, 16, 16);
  const BufferPtr rgb(gst_buffer_new_allocate(nullptr, GST_VIDEO_INFO_SIZE(&info), nullptr));
  crlsc::Picture picture(16, 16);
  {
    crlsc::VideoFrameMap map(info, rgb.get(), GST_MAP_READWRITE);
    fail_unless(throws(ErrorKind::kWrongType, [&] { crlsc::copy_to_picture(map.get(), picture); }));
    fail_unless(throws(ErrorKind::kWrongType, [&] { crlsc::store_picture(picture.view(), map.get()); }));
    fail_unless(throws(ErrorKind::kWrongType, [&] { crlsc::picture_view(map.get()); }));
  }
  gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, 17, 16);
  const BufferPtr other(gst_buffer_new_allocate(nullptr, GST_VIDEO_INFO_SIZE(&info), nullptr));
  crlsc::VideoFrameMap map(info, other.get(), GST_MAP_READWRITE);
  fail_unless(throws(ErrorKind::kWrongType, [&] { crlsc::store_picture(picture.view(), map.get()); }));
}
GST_END_TEST

GST_START_TEST(test_buffer_map) {
  const BufferPtr buffer(gst_buffer_new_memdup("hello", 5));
  gst_buffer_append_memory(buffer.get(), gst_allocator_alloc(nullptr, 3, nullptr));
  {
    crlsc::BufferMap map(buffer.get(), GST_MAP_READWRITE);
    fail_unless_equals_int(map.size(), 8);
    std::memcpy(map.data() + 5, "!!!", 3);
  }
  const crlsc::BufferMap map(buffer.get(), GST_MAP_READ);
  fail_unless(std::memcmp(map.bytes().data(), "hello!!!", 8) == 0);
}
GST_END_TEST

GST_START_TEST(test_maps_that_fail_throw) {
  const BufferPtr shared(gst_buffer_new_memdup("abcd", 4));
  const BufferPtr second(gst_buffer_ref(shared.get()));
  GstVideoInfo info;
  gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, 16, 16);
  const auto map_frame = [&](GstMapFlags flags) { crlsc::VideoFrameMap map(info, shared.get(), flags); };
  fail_unless(throws(ErrorKind::kRead, [&] { map_frame(GST_MAP_READ); }), "four bytes are no frame");
  ASSERT_CRITICAL(fail_unless(throws(ErrorKind::kWrite, [&] { map_frame(GST_MAP_WRITE); })));
  ASSERT_CRITICAL(fail_unless(throws(ErrorKind::kWrite, [&] { crlsc::BufferMap map(shared.get(), GST_MAP_WRITE); })));
}
GST_END_TEST

GST_START_TEST(test_model_id) {
  GError* error = nullptr;
  gchar* model_id = gst_crlsc_model_id("test-model.safetensors", &error);
  fail_unless(error == nullptr && model_id != nullptr);
  gchar* other_id = gst_crlsc_model_id("test-model-other.safetensors", &error);
  fail_unless_equals_int(std::strlen(model_id), 16);
  fail_unless(crlsc::content_id_from_hex(model_id).has_value());
  fail_if(g_str_equal(model_id, other_id), "both models have id %s", model_id);
  g_free(model_id);
  g_free(other_id);
}
GST_END_TEST

GST_START_TEST(test_model_id_errors) {
  GError* error = nullptr;
  fail_unless(gst_crlsc_model_id("/no/such/model", &error) == nullptr);
  fail_unless(g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND));
  fail_unless(contains(error->message, "/no/such/model") && contains(error->message, "`model`"), "%s", error->message);
  g_clear_error(&error);
  fail_unless(gst_crlsc_model_id("/", &error) == nullptr);
  fail_unless(g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ));
  g_clear_error(&error);
  fail_unless(gst_crlsc_model_id("/", nullptr) == nullptr, "errors may be left out");
}
GST_END_TEST

static Suite* crlsc_library_suite() {
  Suite* suite = suite_create("crlsc-library");
  TCase* tests = tcase_create("general");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, test_error_not_found);
  tcase_add_test(tests, test_error_read);
  tcase_add_test(tests, test_error_write);
  tcase_add_test(tests, test_error_settings);
  tcase_add_test(tests, test_error_wrong_type);
  tcase_add_test(tests, test_error_library);
  tcase_add_test(tests, test_error_corrupt);
  tcase_add_test(tests, test_error_without_property);
  tcase_add_test(tests, test_error_text_becomes_utf8);
  tcase_add_test(tests, test_guard_passes_the_result);
  tcase_add_test(tests, test_guard_crlsc_error);
  tcase_add_test(tests, test_guard_standard_exceptions);
  tcase_add_test(tests, test_guard_anything_else);
  tcase_add_test(tests, test_caps_round_trip);
  tcase_add_test(tests, test_caps_survive_text);
  tcase_add_test(tests, test_caps_fields);
  tcase_add_test(tests, test_caps_leave_out_what_is_unknown);
  tcase_add_test(tests, test_caps_of_impossible_headers_are_refused);
  tcase_add_test(tests, test_caps_without_codec_data);
  tcase_add_test(tests, test_caps_of_other_types_are_refused);
  tcase_add_test(tests, test_caps_that_contradict_codec_data_are_refused);
  tcase_add_test(tests, test_caps_with_damaged_codec_data_are_refused);
  tcase_add_test(tests, test_video_info_round_trip);
  tcase_add_test(tests, test_video_info_of_every_colorimetry_and_site);
  tcase_add_test(tests, test_video_info_of_rgb_is_that_of_i420);
  tcase_add_test(tests, test_video_info_of_hostile_code_points_is_usable);
  tcase_add_test(tests, test_copies_of_each_format_and_odd_sizes);
  tcase_add_test(tests, test_store_leaves_padding_alone);
  tcase_add_test(tests, test_store_of_a_cut_picture);
  tcase_add_test(tests, test_frames_that_do_not_fit_are_refused);
  tcase_add_test(tests, test_buffer_map);
  tcase_add_test(tests, test_maps_that_fail_throw);
  tcase_add_test(tests, test_model_id);
  tcase_add_test(tests, test_model_id_errors);
  return suite;
}

GST_CHECK_MAIN(crlsc_library)
