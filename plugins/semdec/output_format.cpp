// SPDX-License-Identifier: LGPL-2.1-or-later
#include "output_format.h"

#include <initializer_list>

namespace crlsc {
namespace {

GstVideoFormat choose_format(GstPad* source_pad) {
  GstVideoFormat chosen = GST_VIDEO_FORMAT_I420;
  GstCaps* allowed = gst_pad_get_allowed_caps(source_pad);
  if (allowed == nullptr) return chosen;
  for (const GstVideoFormat format :
       {GST_VIDEO_FORMAT_I420, GST_VIDEO_FORMAT_NV12, GST_VIDEO_FORMAT_YV12, GST_VIDEO_FORMAT_NV21}) {
    GstCaps* caps =
        gst_caps_new_simple("video/x-raw", "format", G_TYPE_STRING, gst_video_format_to_string(format), nullptr);
    const bool fits = gst_caps_can_intersect(allowed, caps);
    gst_caps_unref(caps);
    if (!fits) continue;
    chosen = format;
    break;
  }
  gst_caps_unref(allowed);
  return chosen;
}

}  // namespace

GstVideoInfo choose_output(GstPad* source_pad, const GstVideoInfo& coded) {
  GstVideoInfo info;
  gst_video_info_set_format(&info, choose_format(source_pad), static_cast<guint>(coded.width),
                            static_cast<guint>(coded.height));
  info.fps_n = coded.fps_n;
  info.fps_d = coded.fps_d;
  info.par_n = coded.par_n;
  info.par_d = coded.par_d;
  info.colorimetry = coded.colorimetry;
  info.chroma_site = coded.chroma_site;
  return info;
}

}  // namespace crlsc
