// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crlsc/knowledge.h"

namespace crlsc {

void post_missing_knowledge(GstElement* element, const KnowledgeRef& wanted) {
  GstStructure* fields = gst_structure_new("crlsc-knowledge-base-missing", "knowledge-base", G_TYPE_STRING,
                                           to_hex(wanted.id).c_str(), nullptr);
  gst_element_post_message(element, gst_message_new_element(GST_OBJECT(element), fields));
}

void post_missing_entry(GstElement* element, const PictureName& name, const std::optional<KnowledgeRef>& knowledge) {
  GstStructure* fields =
      gst_structure_new("crlsc-entry-missing", "entry", G_TYPE_STRING, to_hex(name).c_str(), nullptr);
  if (knowledge) {
    gst_structure_set(fields, "knowledge-base", G_TYPE_STRING, to_hex(knowledge->id).c_str(), nullptr);
  }
  gst_element_post_message(element, gst_message_new_element(GST_OBJECT(element), fields));
}

}  // namespace crlsc
