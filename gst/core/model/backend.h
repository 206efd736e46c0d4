// SPDX-License-Identifier: LGPL-2.1-or-later
// Opens backend modules: shared objects that implement core/codec/network.h.
#pragma once

#include <string>

#include "core/codec/network.h"

namespace crlsc {

// The backend of `libcrlsc-backend-<name>.so`: the first that fits in the folders of $CRLSC_BACKEND_PATH, then in the
// installed one. Modules stay loaded until the process ends, because LibTorch does not survive being unloaded.
// Throws Error(kLibrary), whose text says for every place why it was not that one. Thread-safe.
const Backend& open_backend(const std::string& name);

}  // namespace crlsc
