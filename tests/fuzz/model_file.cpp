// SPDX-License-Identifier: LGPL-2.1-or-later
// Model files: safetensors, metadata, the priors in them, and each file as the delta of a model.
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

// Two tensors that lie in `payload`, 24 bytes.
std::vector<TensorView> small_tensors(const Bytes& payload) {
  return {{"priors.active", DType::kU16, {5}, ByteView(payload).sub(0, 10)},
          {"w", DType::kF16, {7}, ByteView(payload).sub(10)}};
}

// A safetensors file of small_tensors().
Bytes small_file(const Bytes& payload, const Metadata& metadata) {
  nlohmann::json header;
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

std::string small_hash(const Bytes& payload, const TokenLayout& layout) {
  return model_hash(small_tensors(payload), "reference", layout);
}

const Bytes kPayload(24, 7);

Bytes small_model(const TokenLayout& layout) {
  Metadata metadata = layout_metadata(layout);
  metadata.insert({{"format", "crlsc-model"},
                   {"format_version", "1"},
                   {"backend", "reference"},
                   {"sha256", small_hash(kPayload, layout)}});
  return small_file(kPayload, metadata);
}

Bytes small_model(int gain_levels) { return small_model({16, {8, 8}, {1, 2}, gain_levels, gain_levels}); }

const TokenLayout kBaseLayout{16, {8, 8}, {1, 2}, 1, 1};

// The model that inputs are deltas of.
const std::string& base_path() {
  static const MemoryFile base(small_model(kBaseLayout));
  static const std::string path = base.path();
  return path;
}

Bytes small_delta() {
  Bytes payload = kPayload;
  payload[3] = 1;
  payload[20] = 2;
  return small_file(payload, {{"format", kDeltaFormat},
                              {"format_version", "1"},
                              {"base_sha256", small_hash(kPayload, kBaseLayout)},
                              {"sha256", small_hash(payload, kBaseLayout)}});
}

void check_model(const std::string& path) {
  const SafetensorsFile tensors(path);
  for (const TensorView& tensor : tensors.tensors()) {
    require(tensor.data.size() == static_cast<size_t>(tensor.elements()) * dtype_size(tensor.dtype), "a tensor's size");
  }
  const ModelFile model(path);
  const int coefficients = model.layout().structure_coefficients;
  require(model.layout().structure_codes >= 2 || (coefficients >= 1 && coefficients <= kMaxCoefficients), "the tokens");
  require(model.layout().stages() <= kMaxDetailStages, "the layout");
  const TokenContexts contexts(model);
  require(contexts.detail.size() == static_cast<size_t>(model.layout().stages()), "the contexts");
}

void check_delta(const std::string& path) {
  const ModelFile model(base_path() + "+" + path);
  require(model.tensors().size() == 2 && model.tensor("w").data.size() == 14, "the tensors of the base");
  require(model.layout().structure_codes == kBaseLayout.structure_codes, "the layout of the base");
  const TokenContexts contexts(model);
}

void expect_readable_or_error(void (*check)(const std::string&), const std::string& path) {
  try {
    check(path);
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::kRead || error.kind() == ErrorKind::kWrongType, "the kind of error");
  }
}

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
          small_delta(),
          small_delta(),
          whole};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const MemoryFile file({data, size});
  expect_readable_or_error(check_model, file.path());
  expect_readable_or_error(check_delta, file.path());
  return 0;
}
