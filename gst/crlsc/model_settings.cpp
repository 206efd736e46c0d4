// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crlsc/model_settings.h"

#include <utility>

#include "core/token/token_coder.h"

namespace crlsc {
namespace {

constexpr guint kMostThreads = 64;

}  // namespace

bool operator==(const ModelSettings& a, const ModelSettings& b) { return a.model == b.model && a.threads == b.threads; }

void install_model_properties(GObjectClass* klass, guint model_id, guint threads_id) {
  const auto flags = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
  g_object_class_install_property(
      klass, model_id,
      g_param_spec_string("model", "Model",
                          "Model file: a path, or a name on the model path (NULL = default.safetensors there)", nullptr,
                          flags));
  g_object_class_install_property(
      klass, threads_id,
      g_param_spec_uint("threads", "Threads",
                        "Threads of all networks of the process; the first element to load a model decides "
                        "(0 = one less than there are cores, 1 to 4)",
                        0, kMostThreads, 0, flags));
}

std::string get_text(const GValue* value) {
  const gchar* text = g_value_get_string(value);
  return text != nullptr ? text : "";
}

void set_text(GValue* value, const std::string& text) {
  g_value_set_string(value, text.empty() ? nullptr : text.c_str());
}

void set_model(ModelSettings& settings, const GValue* value) { settings.model = get_text(value); }
void get_model(const ModelSettings& settings, GValue* value) { set_text(value, settings.model); }

bool stays(GstElement* element, const GParamSpec* pspec) {
  return (pspec->flags & GST_PARAM_MUTABLE_READY) != 0 && GST_STATE(element) > GST_STATE_READY;
}

void ModelSlot::load(const ModelSettings& settings) {
  if (model_ && settings == settings_) return;
  model_.reset();
  auto model = acquire_model(find_model(settings.model), static_cast<int>(settings.threads));
  const TokenContexts usable(model->file);  // or an error now, rather than with the first picture
  model_ = std::move(model);
  settings_ = settings;
}

}  // namespace crlsc
