// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/model_file.h"

#include <sys/stat.h>

#include <algorithm>

#include "core/error.h"
#include "core/model/sha256.h"

namespace crlsc {
namespace {

constexpr const char* kFormat = "crlsc-model";
constexpr const char* kVersion = "1";
constexpr const char* kPriorPrefix = "priors.";
constexpr int kLeastCodes = 2;
constexpr int kMostCodes = 4096;

bool is_there(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw Error(ErrorKind::kRead, "cannot read the model '" + path + "': " + what);
}

// The decimal number that `text` consists of, at most six digits, or -1.
int number(const std::string& text) {
  if (text.empty() || text.size() > 6) return -1;
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::string join(const std::vector<int>& values) {
  std::string text;
  for (const int value : values) text += (text.empty() ? "" : ",") + std::to_string(value);
  return text;
}

// Reads the number list `key`. Returns what is wrong, or an empty string.
std::string parse_numbers(const Metadata& metadata, const std::string& key, int least, int most, size_t longest,
                          std::vector<int>& values) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) return "its metadata lacks '" + key + "'";
  const std::string& text = found->second;
  values.clear();
  for (size_t at = 0; !text.empty() && at <= text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    values.push_back(number(text.substr(at, comma - at)));
    at = comma + 1;
    if (values.back() < least || values.back() > most || values.size() > longest) {
      return key + " '" + printable(text) + "' is not a list of at most " + std::to_string(longest) + " numbers from " +
             std::to_string(least) + " to " + std::to_string(most);
    }
  }
  return longest == 1 && values.empty() ? key + " is empty" : "";
}

std::string parse_number(const Metadata& metadata, const std::string& key, int least, int most, int& value) {
  std::vector<int> values;
  std::string wrong = parse_numbers(metadata, key, least, most, 1, values);
  if (wrong.empty()) value = values.at(0);
  return wrong;
}

// The keys that say what the quantiser's tokens are.
struct QuantiserKeys {
  const char* structure;
  const char* detail;
};
constexpr QuantiserKeys kVectorKeys{"structure_codes", "detail_codes"};
constexpr QuantiserKeys kScalarKeys{"structure_coefficients", "detail_coefficients"};
constexpr const char* kSplitMotion = "split_motion";
constexpr const char* kDeblocking = "deblocking";

std::string parse_quantiser(const Metadata& metadata, TokenLayout& layout) {
  const bool scalar = metadata.count(kScalarKeys.structure) != 0;
  const QuantiserKeys& keys = scalar ? kScalarKeys : kVectorKeys;
  const QuantiserKeys& others = scalar ? kVectorKeys : kScalarKeys;
  for (const char* key : {others.structure, others.detail}) {
    if (metadata.count(key) != 0) return std::string(keys.structure) + " and " + key + " contradict each other";
  }
  const int least = scalar ? 1 : kLeastCodes;
  const int most = scalar ? kMaxCoefficients : kMostCodes;
  std::string wrong = parse_number(metadata, keys.structure, least, most,
                                   scalar ? layout.structure_coefficients : layout.structure_codes);
  if (!wrong.empty()) return wrong;
  return parse_numbers(metadata, keys.detail, least, most, kMaxDetailStages,
                       scalar ? layout.detail_coefficients : layout.detail_codes);
}

// Of a key that need not be there.
std::string parse_switch(const Metadata& metadata, const char* key, bool& on) {
  int value = 0;
  if (metadata.count(key) != 0) {
    std::string wrong = parse_number(metadata, key, 0, 1, value);
    if (!wrong.empty()) return wrong;
  }
  on = value != 0;
  return "";
}

std::string parse_layout(const Metadata& metadata, TokenLayout& layout) {
  std::string wrong = parse_quantiser(metadata, layout);
  if (!wrong.empty()) return wrong;
  wrong = parse_numbers(metadata, "stage_layer", 1, kMaxLayers - 1, kMaxDetailStages, layout.stage_layer);
  if (!wrong.empty()) return wrong;
  layout.gain_levels = 1;
  if (metadata.count("gain_levels") != 0) {
    wrong = parse_number(metadata, "gain_levels", 1, kMaxGainLevels, layout.gain_levels);
    if (!wrong.empty()) return wrong;
  }
  layout.gain_classes = 1;
  if (metadata.count("gain_classes") != 0) {
    wrong = parse_number(metadata, "gain_classes", 1, layout.gain_levels, layout.gain_classes);
    if (!wrong.empty()) return wrong;
  }
  wrong = parse_switch(metadata, kSplitMotion, layout.split_motion);
  if (!wrong.empty()) return wrong;
  wrong = parse_switch(metadata, kDeblocking, layout.deblocking);
  if (!wrong.empty()) return wrong;
  const auto& details = layout.scalar() ? layout.detail_coefficients : layout.detail_codes;
  if (layout.stage_layer.size() != details.size()) {
    return std::string("stage_layer and ") + (layout.scalar() ? kScalarKeys : kVectorKeys).detail + " differ in length";
  }
  if (!std::is_sorted(layout.stage_layer.begin(), layout.stage_layer.end())) {
    return "stage_layer '" + join(layout.stage_layer) + "' falls";
  }
  return "";
}

std::string parse_identity(const Metadata& metadata, std::string& backend, TokenLayout& layout) {
  const auto found = metadata.find("backend");
  if (found == metadata.end()) return "its metadata lacks 'backend'";
  backend = found->second;
  if (!is_backend_name(backend)) return "'" + printable(backend) + "' cannot be the name of a backend";
  return parse_layout(metadata, layout);
}

// What docs/bitstream.md, section "Model id", says. The lines are written from the numbers, so that two ways to write
// the same layout are the same model.
Sha256::Digest digest_of(const std::vector<TensorView>& tensors, const std::string& backend,
                         const TokenLayout& layout) {
  Metadata lines = layout_metadata(layout);
  lines["backend"] = backend;
  std::string text;
  const QuantiserKeys& keys = layout.scalar() ? kScalarKeys : kVectorKeys;
  for (const char* key : {"backend", keys.structure, keys.detail, "stage_layer", "gain_levels", "gain_classes"}) {
    text += std::string(key) + "=" + lines.at(key) + "\n";
  }
  for (const char* key : {kSplitMotion, kDeblocking}) {
    if (lines.count(key) != 0) text += std::string(key) + "=1\n";
  }
  std::vector<const TensorView*> sorted;
  for (const TensorView& tensor : tensors) sorted.push_back(&tensor);
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->name < b->name; });
  Sha256 hash;
  hash.update({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  for (const TensorView* tensor : sorted) hash.update(tensor->data);
  return hash.finish();
}

}  // namespace

ModelFile::ModelFile(const std::string& path) : ModelFile(path, split_model(path, is_there, false)) {}

ModelFile::ModelFile(const std::string& path, const ModelParts& parts)
    : path_(path), base_(parts.base), tensors_(base_.tensors()), metadata_(base_.metadata()) {
  check_format(parts.base);
  const std::string wrong = parse_identity(metadata(), backend_, layout_);
  if (!wrong.empty()) fail(parts.base, wrong);
  check_hash(parts.base);
  if (!parts.delta.empty()) apply_delta(parts);
  read_priors();
}

void ModelFile::check_format(const std::string& path) const {
  const auto value = [this](const char* key) {
    const auto at = metadata().find(key);
    return at == metadata().end() ? std::string() : at->second;
  };
  if (value("format") == kDeltaFormat) {
    throw Error(ErrorKind::kWrongType, "'" + path +
                                           "' is the delta of a model and no model of its own: give its base "
                                           "model too, as BASE+DELTA; the base has the hash " +
                                           printable(value("base_sha256")));
  }
  if (value("format") != kFormat) {
    throw Error(ErrorKind::kWrongType, "'" + path + "' is no CRLSC model: its metadata does not say format=" + kFormat);
  }
  if (value("format_version") != kVersion) {
    throw Error(ErrorKind::kWrongType, "the model '" + path + "' has format version '" +
                                           printable(value("format_version")) + "', this program reads version " +
                                           kVersion);
  }
}

ContentId ModelFile::head_id() const {
  const std::string prefix = "semantic.";
  std::vector<const TensorView*> sorted;
  for (const TensorView& tensor : tensors()) {
    if (tensor.name.compare(0, prefix.size(), prefix) == 0) sorted.push_back(&tensor);
  }
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->name < b->name; });
  const std::string text = "backend=" + backend_ + "\n";
  Sha256 hash;
  hash.update({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  for (const TensorView* tensor : sorted) hash.update(tensor->data);
  const Sha256::Digest digest = hash.finish();
  ContentId id;
  std::copy_n(digest.begin(), id.size(), id.begin());
  return id;
}

void ModelFile::apply_delta(const ModelParts& parts) {
  delta_ = std::make_unique<ModelDelta>(parts.delta);
  if (delta_->base_hash() != hash_) {
    throw Error(ErrorKind::kWrongType, "the delta '" + parts.delta + "' was made for the model with the hash " +
                                           printable(delta_->base_hash()) + ", but '" + parts.base + "' has the hash " +
                                           hash_);
  }
  tensors_ = delta_->over(base_.tensors());
  metadata_ = delta_->over(base_.metadata());
  check_hash(parts.delta);
}

void ModelFile::check_hash(const std::string& path) {
  const Sha256::Digest digest = digest_of(tensors(), backend_, layout_);
  hash_ = to_hex(digest);
  std::copy_n(digest.begin(), id_.size(), id_.begin());
  const auto said = metadata().find("sha256");
  if (said == metadata().end()) fail(path, "its metadata lacks 'sha256'");
  if (said->second != hash_) {
    fail(path, std::string(delta_ ? "with its base model, its" : "its") +
                   " tensors, backend and layout have the hash " + hash_ + " where its metadata says " +
                   printable(said->second) + "; the file is damaged");
  }
}

const TensorView* ModelFile::find(const std::string& name) const {
  const auto at = std::lower_bound(tensors_.begin(), tensors_.end(), name,
                                   [](const TensorView& tensor, const std::string& n) { return tensor.name < n; });
  return at != tensors_.end() && at->name == name ? &*at : nullptr;
}

const TensorView& ModelFile::tensor(const std::string& name) const {
  const TensorView* tensor = find(name);
  if (tensor == nullptr) fail(path(), "it lacks the tensor '" + name + "'");
  return *tensor;
}

const TensorView& ModelFile::tensor(const std::string& name, DType dtype, const std::vector<int64_t>& shape) const {
  const TensorView& found = tensor(name);
  if (found.dtype != dtype || found.shape != shape) {
    TensorView wanted;
    wanted.dtype = dtype;
    wanted.shape = shape;
    fail(path(), "tensor '" + name + "' is " + shape_text(found) + " where " + shape_text(wanted) + " is needed");
  }
  return found;
}

void ModelFile::read_priors() {
  const std::string prefix = kPriorPrefix;
  for (const TensorView& tensor : tensors()) {
    if (tensor.name.compare(0, prefix.size(), prefix) != 0) continue;
    if (tensor.dtype != DType::kU16) fail(path(), "tensor '" + printable(tensor.name) + "' is not of type U16");
    std::vector<uint16_t>& values = priors_[tensor.name.substr(prefix.size())];
    for (size_t i = 0; i < tensor.data.size(); i += 2) {
      values.push_back(static_cast<uint16_t>(tensor.data[i] | tensor.data[i + 1] << 8));
    }
  }
}

std::string model_hash(const std::vector<TensorView>& tensors, const std::string& backend, const TokenLayout& layout) {
  return to_hex(digest_of(tensors, backend, layout));
}

bool is_backend_name(const std::string& name) {
  return !name.empty() && name.size() <= 32 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

void save_model(const std::string& path, const std::vector<TensorView>& tensors, Metadata metadata) {
  std::string backend;
  TokenLayout layout;
  const std::string wrong = parse_identity(metadata, backend, layout);
  if (!wrong.empty()) throw Error(ErrorKind::kWrite, "cannot write the model '" + path + "': " + wrong);
  metadata["format"] = kFormat;
  metadata["format_version"] = kVersion;
  metadata["sha256"] = model_hash(tensors, backend, layout);
  write_safetensors(path, tensors, metadata);
}

Metadata layout_metadata(const TokenLayout& layout) {
  const bool scalar = layout.scalar();
  const QuantiserKeys& keys = scalar ? kScalarKeys : kVectorKeys;
  Metadata lines{{keys.structure, std::to_string(scalar ? layout.structure_coefficients : layout.structure_codes)},
                 {keys.detail, join(scalar ? layout.detail_coefficients : layout.detail_codes)},
                 {"stage_layer", join(layout.stage_layer)},
                 {"gain_levels", std::to_string(layout.gain_levels)},
                 {"gain_classes", std::to_string(layout.gain_classes)}};
  if (layout.split_motion) lines[kSplitMotion] = "1";
  if (layout.deblocking) lines[kDeblocking] = "1";
  return lines;
}

}  // namespace crlsc
