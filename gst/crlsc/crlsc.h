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

/**
 * gst_crlsc_knowledge_base_id:
 * @knowledge_base: what one would set the `knowledge-base` property of an element to
 * @error: return location for an error
 *
 * Finds the knowledge base as the elements do. The id is that of the shared knowledge base whose codebooks it uses, as
 * streams, caps and the parameter `kb` of an SDP name it; those of a shared one are its own. Needs no gst_init().
 *
 * Returns: (transfer full) (nullable): 16 hexadecimal digits, or %NULL and the error that NULL to READY would fail with
 *
 * Since: 0.1
 */
gchar* gst_crlsc_knowledge_base_id(const gchar* knowledge_base, GError** error);

/**
 * gst_crlsc_caps_are_supported:
 * @caps: fixed caps: video/x-crlsc, or of an RTP payload type, also as gst_sdp_media_get_caps_from_media() makes them
 * @model_id: (nullable): the model that one has, as gst_crlsc_model_id() returns it
 * @kb_id: (nullable): the knowledge base that one has, as gst_crlsc_knowledge_base_id() returns it, and that is of use
 * only if the stream's is the same; an empty text if one has none; %NULL if it does not matter
 * @error: return location for an error that says what is missing
 *
 * Whether a stream that is described like this can be decoded: the version of the bitstream is known, and the model is
 * the one that one has. Pictures need no more. With @kb_id, what the stream says of them matters, too: then the
 * knowledge base that the caps name, if they name one, has to be this one. Whoever answers an SDP offer leaves out the
 * payload types for which this returns %FALSE (docs/payload-format.md, section "Offer and answer"). What the caps do
 * not say cannot be missing: the stream tells it later.
 *
 * Returns: %TRUE if nothing that the caps name is missing
 *
 * Since: 0.1
 */
gboolean gst_crlsc_caps_are_supported(const GstCaps* caps, const gchar* model_id, const gchar* kb_id, GError** error);

G_END_DECLS

#endif /* GST_CRLSC_H */
