// SPDX-License-Identifier: LGPL-2.1-or-later
// The model that an element runs, and how.
#pragma once

#include <gst/gst.h>

#include <memory>
#include <string>

#include "core/model/registry.h"

namespace crlsc {

struct ModelSettings {
  std::string model;  // as find_model() takes it
  guint threads = 0;  // 0 is automatic: one less than there are cores, 1 to 4
};
bool operator==(const ModelSettings& a, const ModelSettings& b);
inline bool operator!=(const ModelSettings& a, const ModelSettings& b) { return !(a == b); }

// The model that an element holds from READY on. Change it while no data flows only.
class ModelSlot {
 public:
  // Finds and loads the model, unless it was loaded with the same settings already. Takes its time: hold no lock.
  // Throws what find_model() and acquire_model() throw; the slot is empty then.
  void load(const ModelSettings& settings);
  // Holds the model that a stream names by `id` from now on, if it does so already, or if the settings leave open which
  // one it is and it is on the model path; returns whether it does. Takes its time, too. Throws what acquire_model()
  // throws.
  bool follow(const ContentId& id);
  void clear() { model_.reset(); }
  const std::shared_ptr<const LoadedModel>& get() const { return model_; }

 private:
  static std::shared_ptr<const LoadedModel> usable(const std::string& path, guint threads);

  std::shared_ptr<const LoadedModel> model_;
  ModelSettings settings_;  // that it was loaded with
};

}  // namespace crlsc
