// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crlsc/caps.h"

#include <algorithm>
#include <string>

#include "core/bitstream/unit.h"
#include "core/error.h"
#include "crlsc/maps.h"

namespace crlsc {
namespace {

constexpr const char* kPacketizedName = "packetized";
constexpr const char* kByteStreamName = "byte-stream";
constexpr uint8_t kUnspecifiedSite = 255;

// Index: Chroma420SampleLocType of Rec. ITU-T H.273.
constexpr GstVideoChromaSite kSites[] = {GST_VIDEO_CHROMA_SITE_MPEG2, GST_VIDEO_CHROMA_SITE_JPEG,
                                         GST_VIDEO_CHROMA_SITE_COSITED, GST_VIDEO_CHROMA_SITE_V_COSITED};

Colorimetry code_points(const GstVideoInfo& info) {
  const GstVideoColorimetry& c = info.colorimetry;
  Colorimetry out;
  out.range = c.range == GST_VIDEO_COLOR_RANGE_0_255 ? 1 : 0;
  out.matrix = static_cast<uint8_t>(gst_video_color_matrix_to_iso(c.matrix));
  out.transfer = static_cast<uint8_t>(gst_video_transfer_function_to_iso(c.transfer));
  out.primaries = static_cast<uint8_t>(gst_video_color_primaries_to_iso(c.primaries));
  const auto site = std::find(std::begin(kSites), std::end(kSites), info.chroma_site);
  out.chroma_site = site == std::end(kSites) ? kUnspecifiedSite : static_cast<uint8_t>(site - std::begin(kSites));
  return out;
}

GstVideoColorimetry colorimetry(const Colorimetry& code) {
  GstVideoColorimetry out;
  out.range = code.range == 1 ? GST_VIDEO_COLOR_RANGE_0_255 : GST_VIDEO_COLOR_RANGE_16_235;
  out.matrix = gst_video_color_matrix_from_iso(code.matrix);
  out.transfer = gst_video_transfer_function_from_iso(code.transfer);
  out.primaries = gst_video_color_primaries_from_iso(code.primaries);
  return out;
}

bool is_yuv(GstVideoColorMatrix matrix) {
  return matrix != GST_VIDEO_COLOR_MATRIX_UNKNOWN && matrix != GST_VIDEO_COLOR_MATRIX_RGB;
}

GstVideoChromaSite chroma_site(const Colorimetry& code) {
  return code.chroma_site < G_N_ELEMENTS(kSites) ? kSites[code.chroma_site] : GST_VIDEO_CHROMA_SITE_UNKNOWN;
}

void set_colorimetry(GstCaps* caps, const Colorimetry& code) {
  const GstVideoColorimetry c = colorimetry(code);
  const bool known =
      is_yuv(c.matrix) && c.transfer != GST_VIDEO_TRANSFER_UNKNOWN && c.primaries != GST_VIDEO_COLOR_PRIMARIES_UNKNOWN;
  gchar* text = known ? gst_video_colorimetry_to_string(&c) : nullptr;
  if (text != nullptr) gst_caps_set_simple(caps, "colorimetry", G_TYPE_STRING, text, nullptr);
  g_free(text);
  gchar* site = gst_video_chroma_site_to_string(chroma_site(code));
  if (site != nullptr) gst_caps_set_simple(caps, "chroma-site", G_TYPE_STRING, site, nullptr);
  g_free(site);
}

GstBuffer* make_codec_data(const SequenceHeader& header) {
  Bytes unit;
  append_unit(unit, {UnitType::kSequenceHeader, 0, true, false}, write_sequence_header(header));
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, unit.size(), nullptr);
  gst_buffer_fill(buffer, 0, unit.data(), unit.size());
  return buffer;
}

SequenceHeader parse_codec_data(GstBuffer* buffer) {
  const BufferMap map(buffer, GST_MAP_READ);
  const AccessUnitView units = parse_access_unit(map.bytes());
  const UnitView* unit = units.sequence_header();
  if (unit == nullptr) throw Error(ErrorKind::kCorrupt, "codec_data holds no intact sequence header");
  return parse_sequence_header(unit->payload);
}

std::optional<StreamFormat> stream_format(const GstStructure* fields) {
  const gchar* text = gst_structure_get_string(fields, "stream-format");
  if (text == nullptr) return std::nullopt;
  const std::string name = text;
  if (name == kPacketizedName) return StreamFormat::kPacketized;
  if (name == kByteStreamName) return StreamFormat::kByteStream;
  throw Error(ErrorKind::kWrongType, "the caps name the stream format '" + name + "', which is neither " +
                                         kPacketizedName + " nor " + kByteStreamName);
}

// Fields that are absent contradict nothing.
void check_field(const GstStructure* fields, const char* name, int expected) {
  gint value = expected;
  gst_structure_get_int(fields, name, &value);
  if (value != expected) {
    throw Error(ErrorKind::kCorrupt, std::string("the caps say ") + name + "=" + std::to_string(value) +
                                         " where codec_data says " + std::to_string(expected));
  }
}

}  // namespace

SequenceHeader make_sequence_header(const GstVideoInfo& info, const ContentId& model, int layers) {
  SequenceHeader header;
  header.width = GST_VIDEO_INFO_WIDTH(&info);
  header.height = GST_VIDEO_INFO_HEIGHT(&info);
  header.framerate_num = static_cast<uint32_t>(std::max(GST_VIDEO_INFO_FPS_N(&info), 0));
  header.framerate_den = header.framerate_num == 0 ? 1 : static_cast<uint32_t>(GST_VIDEO_INFO_FPS_D(&info));
  header.layers = layers;
  header.model_id = model;
  GstVideoInfo coded = info;
  if (!GST_VIDEO_INFO_IS_YUV(&info)) {
    gst_video_info_set_format(&coded, GST_VIDEO_FORMAT_I420, static_cast<guint>(header.width),
                              static_cast<guint>(header.height));
  }
  header.colorimetry = code_points(coded);
  return header;
}

GstVideoInfo make_video_info(const SequenceHeader& header, const PixelAspectRatio& pixel_aspect_ratio) {
  GstVideoInfo info;
  gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, static_cast<guint>(header.width),
                            static_cast<guint>(header.height));
  info.fps_n = static_cast<gint>(header.framerate_num);
  info.fps_d = static_cast<gint>(header.framerate_den);
  if (pixel_aspect_ratio.num > 0) {
    info.par_n = pixel_aspect_ratio.num;
    info.par_d = pixel_aspect_ratio.den;
  }
  // Without a usable matrix, GStreamer's default for the size stays.
  const GstVideoColorimetry said = colorimetry(header.colorimetry);
  if (is_yuv(said.matrix)) info.colorimetry = said;
  info.chroma_site = chroma_site(header.colorimetry);
  return info;
}

GstCaps* make_caps(const SequenceHeader& header, const PixelAspectRatio& pixel_aspect_ratio, StreamFormat format) {
  GstBuffer* codec_data = make_codec_data(header);
  GstCaps* caps = gst_caps_from_string(GST_CRLSC_CAPS);
  gst_caps_set_simple(caps, "width", G_TYPE_INT, header.width, "height", G_TYPE_INT, header.height, "framerate",
                      GST_TYPE_FRACTION, static_cast<gint>(header.framerate_num),
                      static_cast<gint>(header.framerate_den), "model", G_TYPE_STRING, to_hex(header.model_id).c_str(),
                      nullptr);
  if (format == StreamFormat::kByteStream) {
    gst_caps_set_simple(caps, "stream-format", G_TYPE_STRING, kByteStreamName, nullptr);
  } else {
    gst_caps_set_simple(caps, "codec_data", GST_TYPE_BUFFER, codec_data, nullptr);
  }
  gst_buffer_unref(codec_data);
  if (pixel_aspect_ratio.num > 0) {
    gst_caps_set_simple(caps, "pixel-aspect-ratio", GST_TYPE_FRACTION, pixel_aspect_ratio.num, pixel_aspect_ratio.den,
                        nullptr);
  }
  set_colorimetry(caps, header.colorimetry);
  return caps;
}

StreamCaps parse_caps(const GstCaps* caps) {
  if (caps == nullptr || !GST_IS_CAPS(caps) || gst_caps_is_any(caps) || gst_caps_is_empty(caps) ||
      !gst_structure_has_name(gst_caps_get_structure(caps, 0), "video/x-crlsc")) {
    throw Error(ErrorKind::kWrongType, "the caps are not video/x-crlsc");
  }
  const GstStructure* fields = gst_caps_get_structure(caps, 0);
  StreamCaps out;
  out.format = stream_format(fields);
  gint num = 0;
  gint den = 1;
  if (gst_structure_get_fraction(fields, "pixel-aspect-ratio", &num, &den) && num > 0) {
    out.pixel_aspect_ratio = {num, den};
  }
  const gchar* model = gst_structure_get_string(fields, "model");
  if (model != nullptr) {
    out.model = content_id_from_hex(model);
    if (!out.model)
      throw Error(ErrorKind::kCorrupt, "the caps name a model by something else than 16 hexadecimal digits");
  }
  const GValue* codec_data = gst_structure_get_value(fields, "codec_data");
  if (codec_data == nullptr) return out;
  GstBuffer* buffer = GST_VALUE_HOLDS_BUFFER(codec_data) ? gst_value_get_buffer(codec_data) : nullptr;
  if (buffer == nullptr) throw Error(ErrorKind::kCorrupt, "codec_data is not a buffer");
  out.header = parse_codec_data(buffer);
  check_field(fields, "width", out.header->width);
  check_field(fields, "height", out.header->height);
  if (out.model && *out.model != out.header->model_id) {
    throw Error(ErrorKind::kCorrupt, "the caps name the model " + to_hex(*out.model) + " where codec_data names " +
                                         to_hex(out.header->model_id));
  }
  out.model = out.header->model_id;
  return out;
}

}  // namespace crlsc
