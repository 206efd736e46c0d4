// SPDX-License-Identifier: LGPL-2.1-or-later
// Knows .crlsc files by the head that they begin with, and those whose beginning was cut off by the next head.
#include "crlsctypefind.h"

#include "core/bitstream/byte_stream.h"

namespace {

using crlsc::ByteStreamProbe;

// Heads recur every few seconds: at 20 kbit/s each 10 kB. What holds such a stream within may be something else.
constexpr guint kWindow = 64 * 1024;
constexpr guint kCutFile = GST_TYPE_FIND_POSSIBLE - 10;

GstStaticCaps found_caps = GST_STATIC_CAPS("video/x-crlsc, stream-format=(string)byte-stream");

// As much of the beginning as there is, up to the window. Not every source knows its length.
crlsc::ByteView peek_beginning(GstTypeFind* find) {
  guint size = 0;
  for (guint step = kWindow; step > 0; step /= 2) {
    if (size + step <= kWindow && gst_type_find_peek(find, 0, size + step) != nullptr) size += step;
  }
  const guint8* data = size > 0 ? gst_type_find_peek(find, 0, size) : nullptr;
  if (data == nullptr) return {};
  return {data, size};
}

void find_crlsc(GstTypeFind* find, gpointer) {
  GstTypeFindProbability probability = GST_TYPE_FIND_NONE;
  switch (crlsc::probe_byte_stream(peek_beginning(find))) {
    case ByteStreamProbe::kHead:
      probability = GST_TYPE_FIND_MAXIMUM;
      break;
    case ByteStreamProbe::kMagic:
      probability = GST_TYPE_FIND_LIKELY;
      break;
    case ByteStreamProbe::kWithin:
      probability = static_cast<GstTypeFindProbability>(kCutFile);
      break;
    case ByteStreamProbe::kNothing:
      return;
  }
  GstCaps* caps = gst_static_caps_get(&found_caps);
  gst_type_find_suggest(find, probability, caps);
  gst_caps_unref(caps);
}

}  // namespace

GST_TYPE_FIND_REGISTER_DEFINE(crlsc, "video/x-crlsc", GST_RANK_PRIMARY, find_crlsc, "crlsc",
                              gst_static_caps_get(&found_caps), nullptr, nullptr)
