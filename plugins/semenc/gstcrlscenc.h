/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/video/gstvideoencoder.h>

G_BEGIN_DECLS

/**
 * GstCrlscEncMode:
 * @GST_CRLSC_ENC_MODE_FULL: pictures, and what they show
 * @GST_CRLSC_ENC_MODE_SEMANTIC: only what pictures show
 *
 * What is sent.
 *
 * Since: 0.1
 */
typedef enum {
  GST_CRLSC_ENC_MODE_FULL,
  GST_CRLSC_ENC_MODE_SEMANTIC,
} GstCrlscEncMode;

#define GST_TYPE_CRLSC_ENC_MODE (gst_crlsc_enc_mode_get_type())
GType gst_crlsc_enc_mode_get_type(void);

/**
 * GstCrlscEncResizeMode:
 * @GST_CRLSC_ENC_RESIZE_NONE: at the size of the input
 * @GST_CRLSC_ENC_RESIZE_HALF: at half width and height
 * @GST_CRLSC_ENC_RESIZE_AUTO: at half width and height while bits are few for what is shown
 *
 * At which size pictures are coded. They are shown at that of the input.
 *
 * Since: 0.1
 */
typedef enum {
  GST_CRLSC_ENC_RESIZE_NONE,
  GST_CRLSC_ENC_RESIZE_HALF,
  GST_CRLSC_ENC_RESIZE_AUTO,
} GstCrlscEncResizeMode;

#define GST_TYPE_CRLSC_ENC_RESIZE_MODE (gst_crlsc_enc_resize_mode_get_type())
GType gst_crlsc_enc_resize_mode_get_type(void);

#define GST_TYPE_CRLSC_ENC (gst_crlsc_enc_get_type())
G_DECLARE_FINAL_TYPE(GstCrlscEnc, gst_crlsc_enc, GST, CRLSC_ENC, GstVideoEncoder)

GST_ELEMENT_REGISTER_DECLARE(crlscenc)

G_END_DECLS
