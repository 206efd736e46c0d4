// SPDX-License-Identifier: LGPL-2.1-or-later
#include "packet_buffer.h"

#include <algorithm>

namespace crlsc {
namespace {

// Copies what describes the picture and not its memory: metas without tags, or with the tag "video" alone.
gboolean copy_meta(GstBuffer* from, GstMeta** meta, gpointer to) {
  const GstMetaInfo* info = (*meta)->info;
  const gchar* const* tags = gst_meta_api_type_get_tags(info->api);
  const bool fits = tags == nullptr || tags[0] == nullptr || (g_str_equal(tags[0], "video") && tags[1] == nullptr);
  if (fits && info->transform_func != nullptr) {
    GstMetaTransformCopy whole = {FALSE, 0, static_cast<gsize>(-1)};
    info->transform_func(static_cast<GstBuffer*>(to), *meta, from, _gst_meta_transform_copy, &whole);
  }
  return TRUE;
}

void set_flags(GstBuffer* out, GstBuffer* in, const RtpPayloadHeader& fields) {
  const auto set = [out](guint flag, bool value) {
    if (value) GST_BUFFER_FLAG_SET(out, flag);
  };
  set(GST_BUFFER_FLAG_MARKER, fields.last);
  set(GST_BUFFER_FLAG_DELTA_UNIT, !(fields.key && fields.first));
  set(GST_BUFFER_FLAG_NON_DROPPABLE, !fields.discardable);
  set(GST_BUFFER_FLAG_DROPPABLE, fields.discardable);
  set(GST_BUFFER_FLAG_HEADER, fields.first && GST_BUFFER_FLAG_IS_SET(in, GST_BUFFER_FLAG_HEADER));
  set(GST_BUFFER_FLAG_DISCONT, fields.first && GST_BUFFER_FLAG_IS_SET(in, GST_BUFFER_FLAG_DISCONT));
}

}  // namespace

Owned<GstBuffer> make_packet_buffer(GstRTPBasePayload* payloader, const RtpPacket& packet, GstBuffer* in,
                                    ByteView mapped) {
  GstBuffer* out =
      gst_rtp_base_payload_allocate_output_buffer(payloader, static_cast<guint>(packet.header.size()), 0, 0);
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  gst_rtp_buffer_map(out, GST_MAP_READWRITE, &rtp);
  std::copy(packet.header.begin(), packet.header.end(), static_cast<uint8_t*>(gst_rtp_buffer_get_payload(&rtp)));
  gst_rtp_buffer_set_marker(&rtp, packet.fields.last);
  gst_rtp_buffer_unmap(&rtp);

  for (const ByteView part : packet.parts) {
    const bool own = part.begin() >= mapped.begin() && part.end() <= mapped.end();
    GstBuffer* piece = own ? gst_buffer_copy_region(in, GST_BUFFER_COPY_MEMORY,
                                                    static_cast<gsize>(part.begin() - mapped.begin()), part.size())
                           : gst_buffer_new_memdup(part.data(), part.size());
    out = gst_buffer_append(out, piece);
  }
  gst_buffer_foreach_meta(in, copy_meta, out);
  GST_BUFFER_PTS(out) = GST_BUFFER_PTS(in);
  GST_BUFFER_DTS(out) = GST_BUFFER_DTS(in);
  GST_BUFFER_DURATION(out) = GST_BUFFER_DURATION(in);
  set_flags(out, in, packet.fields);
  return Owned<GstBuffer>(out);
}

}  // namespace crlsc
