// SPDX-License-Identifier: LGPL-2.1-or-later
// Packets of core as buffers that a payloader can push.
#pragma once

#include <gst/rtp/gstrtpbasepayload.h>

#include "core/rtp/packetizer.h"
#include "owned.h"

namespace crlsc {

// The packet as a buffer that shares the memory of `in`, with its times, flags and those of its metas that describe the
// picture. `mapped` are the bytes of `in`: parts of the packet that lie elsewhere are copied. Never null.
Owned<GstBuffer> make_packet_buffer(GstRTPBasePayload* payloader, const RtpPacket& packet, GstBuffer* in,
                                    ByteView mapped);

}  // namespace crlsc
