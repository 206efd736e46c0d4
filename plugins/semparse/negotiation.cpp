// SPDX-License-Identifier: LGPL-2.1-or-later
#include "negotiation.h"

namespace crlsc {

namespace {

// Whether some of the caps that the peer takes say the format of `caps`, not a choice of formats.
bool asks_for(GstPad* srcpad, const GstCaps* caps) {
  const gchar* format = gst_structure_get_string(gst_caps_get_structure(caps, 0), "stream-format");
  // Not the allowed caps: there, what is part of a larger choice has vanished.
  GstCaps* peer = gst_pad_peer_query_caps(srcpad, nullptr);
  bool found = false;
  for (guint i = 0; peer != nullptr && i < gst_caps_get_size(peer); ++i) {
    const GstStructure* fields = gst_caps_get_structure(peer, i);
    found |= gst_structure_has_name(fields, "video/x-crlsc") &&
             g_strcmp0(gst_structure_get_string(fields, "stream-format"), format) == 0;
  }
  if (peer != nullptr) gst_caps_unref(peer);
  return found;
}

}  // namespace

// Sinks for files and sockets take both formats and want the other one. Players' decodebin offers what parsers take,
// again both, beside what decoders ask for.
std::optional<ChosenOutput> choose_output(GstPad* srcpad, const SequenceHeader& header, const PixelAspectRatio& shape,
                                          StreamFormat input) {
  const bool from_bytes = input == StreamFormat::kByteStream;
  const StreamFormat other = from_bytes ? StreamFormat::kPacketized : StreamFormat::kByteStream;
  GstCaps* allowed = gst_pad_get_allowed_caps(srcpad);
  std::optional<ChosenOutput> chosen;
  for (const bool asked : {true, false}) {
    for (const StreamFormat format : {other, input}) {
      if (chosen) break;
      GstCaps* caps = make_caps(header, shape, format);
      const bool usable = allowed == nullptr || gst_caps_can_intersect(caps, allowed);
      if (usable && (!asked || asks_for(srcpad, caps))) {
        chosen = {format, caps};
      } else {
        gst_caps_unref(caps);
      }
    }
  }
  if (allowed != nullptr) gst_caps_unref(allowed);
  return chosen;
}

GstCaps* propagate_restrictions(GstPad* sinkpad, GstPad* srcpad, GstCaps* filter) {
  GstCaps* accepted = gst_pad_get_pad_template_caps(sinkpad);
  GstCaps* produced = gst_pad_get_pad_template_caps(srcpad);
  GstCaps* peer = gst_pad_peer_query_caps(srcpad, produced);
  GstCaps* wanted = gst_caps_make_writable(gst_caps_intersect(peer, produced));
  for (guint i = 0; i < gst_caps_get_size(wanted); ++i) {
    gst_structure_remove_fields(gst_caps_get_structure(wanted, i), "stream-format", "alignment", "parsed", "codec_data",
                                nullptr);
  }
  GstCaps* caps = gst_caps_intersect_full(wanted, accepted, GST_CAPS_INTERSECT_FIRST);
  for (GstCaps* used : {accepted, produced, peer, wanted}) gst_caps_unref(used);
  if (filter == nullptr) return caps;
  GstCaps* filtered = gst_caps_intersect_full(filter, caps, GST_CAPS_INTERSECT_FIRST);
  gst_caps_unref(caps);
  return filtered;
}

GstEvent* make_accurate(GstEvent* event) {
  gdouble rate = 1;
  GstFormat format = GST_FORMAT_TIME;
  GstSeekFlags flags{};
  GstSeekType start_type{};
  GstSeekType stop_type{};
  gint64 start = 0;
  gint64 stop = 0;
  gst_event_parse_seek(event, &rate, &format, &flags, &start_type, &start, &stop_type, &stop);
  GstEvent* accurate = gst_event_new_seek(rate, format, static_cast<GstSeekFlags>(flags | GST_SEEK_FLAG_ACCURATE),
                                          start_type, start, stop_type, stop);
  gst_event_set_seqnum(accurate, gst_event_get_seqnum(event));
  gst_event_unref(event);
  return accurate;
}

}  // namespace crlsc
