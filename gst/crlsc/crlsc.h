/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What applications may call; plain C. */
#ifndef GST_CRLSC_H
#define GST_CRLSC_H

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * gst_crlsc_model_id:
 * @model: (nullable): what one would set the `model` property of an element to
 * @error: return location for an error
 *
 * Finds the model as the elements do and checks that the file is whole. Compare the result with the `model` field of
 * video/x-crlsc caps or of an SDP to know beforehand whether a stream can be decoded here. Needs no gst_init().
 *
 * Returns: (transfer full) (nullable): 16 hexadecimal digits, or %NULL and the error that NULL to READY would fail with
 *
 * Since: 0.1
 */
gchar* gst_crlsc_model_id(const gchar* model, GError** error);

G_END_DECLS

#endif /* GST_CRLSC_H */
