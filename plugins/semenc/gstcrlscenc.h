/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/video/gstvideoencoder.h>

G_BEGIN_DECLS

#define GST_TYPE_CRLSC_ENC (gst_crlsc_enc_get_type())
G_DECLARE_FINAL_TYPE(GstCrlscEnc, gst_crlsc_enc, GST, CRLSC_ENC, GstVideoEncoder)

GST_ELEMENT_REGISTER_DECLARE(crlscenc)

G_END_DECLS
