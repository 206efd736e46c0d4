// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crlsc/shared_properties.h"

namespace crlsc {
namespace {

constexpr guint kMostThreads = 64;

}  // namespace

void install_shared_properties(GObjectClass* klass, const KnowledgeProperty& knowledge, const char* stats) {
  g_object_class_install_property(
      klass, kPropModel,
      g_param_spec_string("model", "Model",
                          "Model file: a path, or a name on the model path (NULL = default.safetensors there); or "
                          "BASE+DELTA, a model and what crlsc adapt made for it",
                          nullptr, kReady));
  g_object_class_install_property(
      klass, kPropThreads,
      g_param_spec_uint("threads", "Threads",
                        "Threads of all networks of the process; the first element to load a model decides "
                        "(0 = one less than there are cores, 1 to 4)",
                        0, kMostThreads, 0, kReady));
  g_object_class_install_property(
      klass, kPropKnowledgeBase, g_param_spec_string(knowledge.name, knowledge.nick, knowledge.blurb, nullptr, kReady));
  g_object_class_install_property(
      klass, kPropStats,
      g_param_spec_boxed("stats", "Statistics", stats, GST_TYPE_STRUCTURE,
                         static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
}

bool set_shared_property(SharedSettings& settings, guint id, const GValue* value) {
  switch (id) {
    case kPropModel:
      settings.model.model = get_text(value);
      return true;
    case kPropThreads:
      settings.model.threads = g_value_get_uint(value);
      return true;
    case kPropKnowledgeBase:
      settings.knowledge_base = get_text(value);
      return true;
    default:
      return false;
  }
}

bool get_shared_property(const SharedSettings& settings, guint id, GValue* value) {
  switch (id) {
    case kPropModel:
      set_text(value, settings.model.model);
      return true;
    case kPropThreads:
      g_value_set_uint(value, settings.model.threads);
      return true;
    case kPropKnowledgeBase:
      set_text(value, settings.knowledge_base);
      return true;
    default:
      return false;
  }
}

std::string get_text(const GValue* value) {
  const gchar* text = g_value_get_string(value);
  return text != nullptr ? text : "";
}

void set_text(GValue* value, const std::string& text) {
  g_value_set_string(value, text.empty() ? nullptr : text.c_str());
}

bool stays(GstElement* element, const GParamSpec* pspec) {
  return (pspec->flags & GST_PARAM_MUTABLE_READY) != 0 && GST_STATE(element) > GST_STATE_READY;
}

}  // namespace crlsc
