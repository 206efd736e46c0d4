// SPDX-License-Identifier: LGPL-2.1-or-later
// Model files: safetensors, metadata, and the priors in them.
#include "core/model/model_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/token/token_coder.h"
#include "fuzz.h"

using namespace crlsc;

namespace {

// A file that exists in memory only.
class MemoryFile {
 public:
  explicit MemoryFile(ByteView bytes) : descriptor_(memfd_create("fuzz", 0)) {
    require(descriptor_ >= 0, "no file in memory");
    require(write(descriptor_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()), "writing it");
  }
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

Bytes small_model(const TokenLayout& layout) {
  nlohmann::json header;
  const Bytes payload(24, 7);
  const std::vector<TensorView> tensors = {{"priors.active", DType::kU16, {5}, ByteView(payload).sub(0, 10)},
                                           {"w", DType::kF16, {7}, ByteView(payload).sub(10)}};
  Metadata metadata = layout_metadata(layout);
  metadata.insert({{"format", "crlsc-model"},
                   {"format_version", "1"},
                   {"backend", "reference"},
                   {"sha256", model_hash(tensors, "reference", layout)}});
  header["__metadata__"] = metadata;
  header["priors.active"] = {{"dtype", "U16"}, {"shape", {5}}, {"data_offsets", {0, 10}}};
  header["w"] = {{"dtype", "F16"}, {"shape", {7}}, {"data_offsets", {10, 24}}};
  const std::string text = header.dump();
  Bytes bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<uint8_t>(text.size() >> (8 * i)));
  bytes.insert(bytes.end(), text.begin(), text.end());
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

Bytes small_model(int gain_levels) { return small_model({16, {8, 8}, {1, 2}, gain_levels, gain_levels}); }

}  // namespace

std::vector<Bytes> crlsc::fuzz_seeds() {
  std::ifstream file(CRLSC_SUPPORT_FOLDER "/test-model.safetensors", std::ios::binary);
  Bytes whole{std::istreambuf_iterator<char>(file), {}};
  require(!whole.empty(), "the test model is missing");
  // Small ones more often: most of a large one is tables.
  return {small_model(1),
          small_model(1),
          small_model(4),
          small_model(kMaxGainLevels),
          small_model({0, {}, {1, 2}, kMaxGainLevels, 1, 6, {4, 8}}),
          whole};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const MemoryFile file({data, size});
  try {
    const SafetensorsFile tensors(file.path());
    for (const TensorView& tensor : tensors.tensors()) {
      require(tensor.data.size() == static_cast<size_t>(tensor.elements()) * dtype_size(tensor.dtype),
              "a tensor's size");
    }
    const ModelFile model(file.path());
    const int coefficients = model.layout().structure_coefficients;
    require(model.layout().structure_codes >= 2 || (coefficients >= 1 && coefficients <= kMaxCoefficients),
            "the tokens");
    require(model.layout().stages() <= kMaxDetailStages, "the layout");
    const TokenContexts contexts(model);
    require(contexts.detail.size() == static_cast<size_t>(model.layout().stages()), "the contexts");
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::kRead || error.kind() == ErrorKind::kWrongType, "the kind of error");
  }
  return 0;
}
