// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crlsc/kb_meta.h"

namespace {

void clear_match(gpointer match) { g_free(static_cast<GstCrlscKbMatch*>(match)->label); }

gboolean init(GstMeta* meta, gpointer, GstBuffer*) {
  auto* self = reinterpret_cast<GstCrlscKbMeta*>(meta);
  self->matches = g_array_new(FALSE, FALSE, sizeof(GstCrlscKbMatch));
  g_array_set_clear_func(self->matches, clear_match);
  return TRUE;
}

void free_meta(GstMeta* meta, GstBuffer*) { g_array_unref(reinterpret_cast<GstCrlscKbMeta*>(meta)->matches); }

// What a picture shows does not depend on its size or format; of a part of a buffer nothing is known.
gboolean transform(GstBuffer* to, GstMeta* meta, GstBuffer*, GQuark type, gpointer data) {
  if (GST_META_TRANSFORM_IS_COPY(type) && static_cast<GstMetaTransformCopy*>(data)->region) return FALSE;
  auto* self = reinterpret_cast<GstCrlscKbMeta*>(meta);
  GstCrlscKbMeta* copy = gst_buffer_add_crlsc_kb_meta(to);
  for (guint i = 0; i < self->matches->len; ++i) {
    const GstCrlscKbMatch* match = gst_crlsc_kb_meta_get_match(self, i);
    gst_crlsc_kb_meta_add_match(copy, match->id, match->label, match->similarity);
  }
  return TRUE;
}

}  // namespace

GType gst_crlsc_kb_meta_api_get_type(void) {
  static const gchar* tags[] = {nullptr};
  static gsize type = 0;
  if (g_once_init_enter(&type)) g_once_init_leave(&type, gst_meta_api_type_register("GstCrlscKbMetaAPI", tags));
  return type;
}

const GstMetaInfo* gst_crlsc_kb_meta_get_info(void) {
  static gsize info = 0;
  if (g_once_init_enter(&info)) {
    const GstMetaInfo* registered = gst_meta_register(GST_CRLSC_KB_META_API_TYPE, "GstCrlscKbMeta",
                                                      sizeof(GstCrlscKbMeta), init, free_meta, transform);
    g_once_init_leave(&info, reinterpret_cast<gsize>(registered));
  }
  return reinterpret_cast<const GstMetaInfo*>(info);
}

GstCrlscKbMeta* gst_buffer_add_crlsc_kb_meta(GstBuffer* buffer) {
  return reinterpret_cast<GstCrlscKbMeta*>(gst_buffer_add_meta(buffer, GST_CRLSC_KB_META_INFO, nullptr));
}

GstCrlscKbMeta* gst_buffer_get_crlsc_kb_meta(GstBuffer* buffer) {
  return reinterpret_cast<GstCrlscKbMeta*>(gst_buffer_get_meta(buffer, GST_CRLSC_KB_META_API_TYPE));
}

void gst_crlsc_kb_meta_add_match(GstCrlscKbMeta* meta, guint64 id, const gchar* label, gdouble similarity) {
  const GstCrlscKbMatch match = {id, g_strdup(label == nullptr ? "" : label), similarity};
  g_array_append_val(meta->matches, match);
}

guint gst_crlsc_kb_meta_get_n_matches(const GstCrlscKbMeta* meta) { return meta->matches->len; }

const GstCrlscKbMatch* gst_crlsc_kb_meta_get_match(const GstCrlscKbMeta* meta, guint index) {
  return index < meta->matches->len ? &g_array_index(meta->matches, GstCrlscKbMatch, index) : nullptr;
}
