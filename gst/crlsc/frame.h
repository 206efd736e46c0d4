// SPDX-License-Identifier: LGPL-2.1-or-later
// Between mapped video frames and core's pictures. All 8-bit 4:2:0 formats with three components work: I420 and YV12
// without a copy, NV12 and NV21 with one. Strides and offsets are the frame's own.
#pragma once

#include <gst/video/video.h>

#include "core/picture.h"

namespace crlsc {

// True for I420 and YV12: picture_view() works.
bool is_planar(GstVideoFormat format);

// The frame's own samples; valid while it is mapped. Throws Error(kWrongType) unless is_planar().
PictureView picture_view(const GstVideoFrame* frame);

// Copies the samples of an I420, YV12, NV12 or NV21 frame; `picture` takes the frame's size. Throws Error(kWrongType)
// for other formats.
void copy_to_picture(const GstVideoFrame* frame, Picture& picture);

// The reverse, into a frame mapped for writing. Throws Error(kWrongType) for other formats and when the sizes differ.
void store_picture(const PictureView& picture, GstVideoFrame* frame);

}  // namespace crlsc
