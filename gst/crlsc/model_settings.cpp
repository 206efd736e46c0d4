// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crlsc/model_settings.h"

#include <utility>

#include "core/token/token_coder.h"

namespace crlsc {

bool operator==(const ModelSettings& a, const ModelSettings& b) { return a.model == b.model && a.threads == b.threads; }

void ModelSlot::load(const ModelSettings& settings) {
  if (model_ && settings == settings_) return;
  model_.reset();
  auto model = acquire_model(find_model(settings.model), static_cast<int>(settings.threads));
  const TokenContexts usable(model->file);  // or an error now, rather than with the first picture
  model_ = std::move(model);
  settings_ = settings;
}

}  // namespace crlsc
