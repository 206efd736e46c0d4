// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crlsc/model_settings.h"

#include <utility>

#include "core/token/token_coder.h"

namespace crlsc {

bool operator==(const ModelSettings& a, const ModelSettings& b) { return a.model == b.model && a.threads == b.threads; }

std::shared_ptr<const LoadedModel> ModelSlot::usable(const std::string& path, guint threads) {
  auto model = acquire_model(path, static_cast<int>(threads));
  const TokenContexts contexts(model->file);  // or an error now, rather than with the first picture
  return model;
}

void ModelSlot::load(const ModelSettings& settings) {
  if (model_ && settings == settings_) return;
  model_.reset();
  model_ = usable(find_model(settings.model), settings.threads);
  settings_ = settings;
}

bool ModelSlot::follow(const ContentId& id) {
  if (model_->file.id() == id) return true;
  if (!settings_.model.empty()) return false;
  const std::string path = find_model(id);
  if (path.empty()) return false;
  model_ = usable(path, settings_.threads);
  return true;
}

}  // namespace crlsc
