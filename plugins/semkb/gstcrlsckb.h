/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

/**
 * GstCrlscKbMode:
 * @GST_CRLSC_KB_MODE_QUERY: look up what is shown
 * @GST_CRLSC_KB_MODE_BUILD: add what is shown
 * @GST_CRLSC_KB_MODE_BOTH: look it up, then add it
 *
 * What is done with a knowledge base.
 *
 * Since: 0.1
 */
typedef enum {
  GST_CRLSC_KB_MODE_QUERY,
  GST_CRLSC_KB_MODE_BUILD,
  GST_CRLSC_KB_MODE_BOTH,
} GstCrlscKbMode;

#define GST_TYPE_CRLSC_KB_MODE (gst_crlsc_kb_mode_get_type())
GType gst_crlsc_kb_mode_get_type(void);

#define GST_TYPE_CRLSC_KB (gst_crlsc_kb_get_type())
G_DECLARE_FINAL_TYPE(GstCrlscKb, gst_crlsc_kb, GST, CRLSC_KB, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE(crlsckb)

G_END_DECLS
