// SPDX-License-Identifier: LGPL-2.1-or-later
// GStreamer's objects as members and locals that release themselves.
#pragma once

#include <gst/rtp/rtp.h>

#include <memory>

namespace crlsc {

struct Unref {
  void operator()(GstBuffer* buffer) const { gst_buffer_unref(buffer); }
  void operator()(GstBufferList* list) const { gst_buffer_list_unref(list); }
  void operator()(GstCaps* caps) const { gst_caps_unref(caps); }
  void operator()(GstStructure* structure) const { gst_structure_free(structure); }
  void operator()(GstRTPHeaderExtension* extension) const { gst_object_unref(extension); }
};
template <class T>
using Owned = std::unique_ptr<T, Unref>;

}  // namespace crlsc
