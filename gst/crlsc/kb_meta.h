/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a buffer shows, as a knowledge base knows it; plain C, for applications too. */
#ifndef GST_CRLSC_KB_META_H
#define GST_CRLSC_KB_META_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _GstCrlscKbMatch GstCrlscKbMatch;
typedef struct _GstCrlscKbMeta GstCrlscKbMeta;

/**
 * GstCrlscKbMatch:
 * @id: of the entry in its knowledge base
 * @label: its label, UTF-8; may be empty
 * @similarity: cosine of the entry and what the buffer shows, -1 to 1
 *
 * An entry of a knowledge base that is like what a buffer shows.
 *
 * Since: 0.1
 */
struct _GstCrlscKbMatch {
  guint64 id;
  gchar* label;
  gdouble similarity;
};

/**
 * GstCrlscKbMeta:
 * @meta: parent
 * @matches: (element-type GstCrlscKbMatch): the most similar first
 *
 * What crlsckb has found for a buffer. It goes along with copies and stays true when pictures are scaled, cropped,
 * encoded and decoded.
 *
 * Since: 0.1
 */
struct _GstCrlscKbMeta {
  GstMeta meta;
  GArray* matches;
};

#define GST_CRLSC_KB_META_API_TYPE (gst_crlsc_kb_meta_api_get_type())
#define GST_CRLSC_KB_META_INFO (gst_crlsc_kb_meta_get_info())

GType gst_crlsc_kb_meta_api_get_type(void);
const GstMetaInfo* gst_crlsc_kb_meta_get_info(void);

/**
 * gst_buffer_add_crlsc_kb_meta:
 * @buffer: a writable buffer
 *
 * Returns: (transfer none): a meta without matches, owned by the buffer
 *
 * Since: 0.1
 */
GstCrlscKbMeta* gst_buffer_add_crlsc_kb_meta(GstBuffer* buffer);

/**
 * gst_buffer_get_crlsc_kb_meta:
 * @buffer: a buffer
 *
 * Returns: (transfer none) (nullable): the first such meta of the buffer; a buffer that went through several crlsckb
 * has several, see gst_buffer_iterate_meta_filtered()
 *
 * Since: 0.1
 */
GstCrlscKbMeta* gst_buffer_get_crlsc_kb_meta(GstBuffer* buffer);

/**
 * gst_crlsc_kb_meta_add_match:
 * @meta: a meta
 * @id: of the entry
 * @label: (nullable): its label; %NULL is the empty one
 * @similarity: cosine
 *
 * Appends a match: call it with the most similar one first.
 *
 * Since: 0.1
 */
void gst_crlsc_kb_meta_add_match(GstCrlscKbMeta* meta, guint64 id, const gchar* label, gdouble similarity);

/**
 * gst_crlsc_kb_meta_get_n_matches:
 * @meta: a meta
 *
 * Returns: how many matches it has; may be 0
 *
 * Since: 0.1
 */
guint gst_crlsc_kb_meta_get_n_matches(const GstCrlscKbMeta* meta);

/**
 * gst_crlsc_kb_meta_get_match:
 * @meta: a meta
 * @index: of the match, 0 for the most similar one
 *
 * Returns: (transfer none) (nullable): the match, or %NULL if there are not so many
 *
 * Since: 0.1
 */
const GstCrlscKbMatch* gst_crlsc_kb_meta_get_match(const GstCrlscKbMeta* meta, guint index);

G_END_DECLS

#endif /* GST_CRLSC_KB_META_H */
