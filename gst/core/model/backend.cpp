// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/backend.h"

#include <dlfcn.h>

#include <vector>

#include "core/error.h"
#include "core/model/install_paths.h"
#include "core/model/model_file.h"
#include "core/model/search_path.h"

namespace crlsc {
namespace {

constexpr const char* kEntry = "crlsc_backend";

std::string last_dl_error() {
  const char* text = dlerror();
  return text == nullptr ? "unknown error" : text;
}

// nullptr if the module does not fit; `why` then says the reason.
const Backend* open_module(const std::string& path, std::string& why) {
  void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (module == nullptr) {
    why = last_dl_error();
    return nullptr;
  }
  const auto entry = reinterpret_cast<const Backend* (*)()>(dlsym(module, kEntry));
  if (entry == nullptr) {
    why = last_dl_error();
    return nullptr;
  }
  const Backend* backend = nullptr;
  try {
    backend = entry();
  } catch (const std::exception& e) {
    why = e.what();
    return nullptr;
  } catch (...) {
    why = "its entry point failed";
    return nullptr;
  }
  if (backend == nullptr) {
    why = "it offers no backend";
    return nullptr;
  }
  if (backend->interface_version() != Backend::kInterfaceVersion) {
    why = "it has interface version " + std::to_string(backend->interface_version()) + ", version " +
          std::to_string(Backend::kInterfaceVersion) + " is needed";
    return nullptr;
  }
  return backend;
}

}  // namespace

const Backend& open_backend(const std::string& name) {
  if (!is_backend_name(name)) {
    throw Error(ErrorKind::kLibrary, "'" + printable(name) + "' cannot be the name of a backend");
  }
  std::vector<std::string> tried;
  for (const std::string& folder : search_folders("CRLSC_BACKEND_PATH", kBackendFolder)) {
    const std::string path = folder + "/libcrlsc-backend-" + name + ".so";
    std::string why;
    const Backend* backend = open_module(path, why);
    if (backend != nullptr) return *backend;
    tried.push_back("'" + path + "' (" + why + ")");
  }
  throw Error(ErrorKind::kLibrary, "cannot open the backend '" + name + "'; looked at " + list_text(tried));
}

}  // namespace crlsc
