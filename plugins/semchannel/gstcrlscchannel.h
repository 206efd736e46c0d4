/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_CRLSC_CHANNEL (gst_crlsc_channel_get_type())
G_DECLARE_FINAL_TYPE(GstCrlscChannel, gst_crlsc_channel, GST, CRLSC_CHANNEL, GstElement)

GST_ELEMENT_REGISTER_DECLARE(crlscchannel)

G_END_DECLS
