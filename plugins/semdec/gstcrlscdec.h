/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/video/gstvideodecoder.h>

G_BEGIN_DECLS

#define GST_TYPE_CRLSC_DEC (gst_crlsc_dec_get_type())
G_DECLARE_FINAL_TYPE(GstCrlscDec, gst_crlsc_dec, GST, CRLSC_DEC, GstVideoDecoder)

GST_ELEMENT_REGISTER_DECLARE(crlscdec)

G_END_DECLS
