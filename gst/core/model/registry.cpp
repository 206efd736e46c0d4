// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/registry.h"

#include <sys/stat.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <vector>

#include "core/error.h"
#include "core/model/backend.h"
#include "core/model/install_paths.h"
#include "core/model/model_delta.h"
#include "core/model/search_path.h"

namespace crlsc {
namespace {

constexpr const char* kDefaultModel = "default.safetensors";

class Registry {
 public:
  // Never destroyed: models may be released while the process exits.
  static Registry& instance() {
    static Registry* registry = new Registry;
    return *registry;
  }

  std::shared_ptr<const LoadedModel> acquire(ModelFile file, int threads) {
    const std::string key = file.hash();
    if (auto model = find_or_claim(key)) return model;
    std::shared_ptr<const LoadedModel> model;
    try {
      model = load(std::move(file), threads);
    } catch (...) {
      settle(key, nullptr);
      throw;
    }
    settle(key, model);
    return model;
  }

 private:
  struct Slot {
    std::weak_ptr<const LoadedModel> model;
    bool loading = false;
  };

  static std::shared_ptr<const LoadedModel> load(ModelFile file, int threads) {
    const Backend& backend = open_backend(file.backend());
    backend.set_threads(threads);
    auto model = std::make_shared<LoadedModel>(LoadedModel{std::move(file), nullptr});
    model->network = backend.load(model->file);
    if (model->network == nullptr) {
      throw Error(ErrorKind::kLibrary, "the backend '" + model->file.backend() + "' gave no network");
    }
    model->network->warm_up();
    return model;
  }

  // The model if somebody holds it; otherwise null, and the caller has to load it and to settle() the key.
  std::shared_ptr<const LoadedModel> find_or_claim(const std::string& key) {
    std::unique_lock<std::mutex> lock(mutex_);
    settled_.wait(lock, [&] { return !slots_[key].loading; });
    Slot& slot = slots_[key];
    if (auto model = slot.model.lock()) return model;
    slot.loading = true;
    return nullptr;
  }

  void settle(const std::string& key, const std::shared_ptr<const LoadedModel>& model) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      slots_[key] = {model, false};
      for (auto at = slots_.begin(); at != slots_.end();) {
        const bool dead = !at->second.loading && at->second.model.expired();
        at = dead ? slots_.erase(at) : std::next(at);
      }
    }
    settled_.notify_all();
  }

  std::mutex mutex_;  // guards slots_, never held while a model loads
  std::condition_variable settled_;
  std::map<std::string, Slot> slots_;
};

bool is_file(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && !S_ISDIR(status.st_mode);
}

// What a name of one file means: the first of `places` that is there, or nothing.
struct Lookup {
  std::vector<std::string> places;
  std::string found;
};

Lookup look_up(const std::string& given_name) {
  const std::string& name = given_name.empty() ? kDefaultModel : given_name;
  Lookup out;
  if (!given_name.empty()) out.places.push_back(given_name);
  if (name.find('/') == std::string::npos) {
    for (const std::string& folder : search_folders("CRLSC_MODEL_PATH", kModelFolder)) {
      out.places.push_back(folder + "/" + name);
    }
  }
  for (const std::string& place : out.places) {
    // An explicit path is taken even if it is a folder, so that reading it says what is wrong with it.
    const bool given = &place == &out.places.front() && name.find('/') != std::string::npos;
    struct stat status {};
    if (given ? ::stat(place.c_str(), &status) != 0 : !is_file(place)) continue;
    out.found = place;
    break;
  }
  return out;
}

std::string find_part(const std::string& name, const char* what) {
  Lookup lookup = look_up(name);
  if (!lookup.found.empty()) return lookup.found;
  for (std::string& place : lookup.places) place = "'" + place + "'";
  throw Error(ErrorKind::kNotFound, std::string("no ") + what + " found: looked at " + list_text(lookup.places) +
                                        "; set the property `model` or the environment variable CRLSC_MODEL_PATH");
}

}  // namespace

std::shared_ptr<const LoadedModel> acquire_model(const std::string& path, int threads) {
  return Registry::instance().acquire(ModelFile(path), threads);
}

std::string find_model(const std::string& property_value) {
  ModelParts parts = split_model(
      property_value, [](const std::string& name) { return !look_up(name).found.empty(); }, true);
  parts.base = find_part(parts.base, "model");
  if (!parts.delta.empty()) parts.delta = find_part(parts.delta, "delta of a model");
  return join_model(parts);
}

std::string find_model(const ContentId& id) {
  namespace fs = std::filesystem;
  for (const std::string& folder : search_folders("CRLSC_MODEL_PATH", kModelFolder)) {
    std::error_code unreadable;
    std::vector<std::string> files;
    for (fs::directory_iterator i(folder, unreadable), end; !unreadable && i != end; i.increment(unreadable)) {
      if (i->path().extension() == ".safetensors" && is_file(i->path())) files.push_back(i->path());
    }
    std::sort(files.begin(), files.end());
    for (const std::string& file : files) {
      try {
        if (ModelFile(file).id() == id) return file;
      } catch (const Error&) {  // another kind of file
      }
    }
  }
  return {};
}

}  // namespace crlsc
