// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/safetensors_header.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "core/error.h"

namespace crlsc {
namespace {

constexpr const char* kMetadataKey = "__metadata__";

// Takes the parser's events one by one and stops at the first that the format does not know.
class HeaderReader {
 public:
  explicit HeaderReader(SafetensorsHeader& out) : out_(out) {}

  bool start_object(size_t) {
    if (state_ == State::kStart) return enter(State::kTop);
    if (state_ == State::kTensorValue) return enter(name_ == kMetadataKey ? State::kMetadata : State::kTensor);
    return wrong("an object stands where none belongs");
  }

  bool key(std::string& text) {
    switch (state_) {
      case State::kTop:
        if (!names_.insert(text).second) return wrong("the name is given twice", text);
        name_ = text;
        return enter(State::kTensorValue);
      case State::kMetadata:
        if (out_.metadata.count(text) > 0) return wrong("the metadata key is given twice", text);
        name_ = text;
        return enter(State::kMetadataValue);
      case State::kTensor:
        return tensor_key(text);
      default:
        return wrong("a key stands where none belongs", text);
    }
  }

  bool end_object() {
    if (state_ == State::kTop) return enter(State::kEnd);
    if (state_ == State::kTensor) {
      if (fields_ != kAllFields) return wrong("dtype, shape or data_offsets is missing", name_);
      entry_.name = name_;
      out_.entries.push_back(std::move(entry_));
      entry_ = {};
      fields_ = 0;
    }
    return enter(State::kTop);
  }

  bool string(std::string& text) {
    if (state_ == State::kMetadataValue) {
      out_.metadata.emplace(name_, text);
      return enter(State::kMetadata);
    }
    if (state_ != State::kDtype) return wrong("a string stands where none belongs", text);
    entry_.dtype = text;
    return enter(State::kTensor);
  }

  bool start_array(size_t) {
    if (state_ == State::kShape) return enter(State::kShapeList);
    if (state_ == State::kOffsets) return enter(State::kOffsetsList);
    return wrong("an array stands where none belongs");
  }

  bool number_unsigned(uint64_t value) {
    if (state_ == State::kShapeList) {
      if (entry_.shape.size() == kMaxTensorRank) return wrong("the tensor has too many dimensions", name_);
      entry_.shape.push_back(value);
      return true;
    }
    if (state_ != State::kOffsetsList || offsets_ == 2) return wrong("a number stands where none belongs", name_);
    (offsets_ == 0 ? entry_.begin : entry_.end) = value;
    offsets_ += 1;
    return true;
  }

  bool end_array() {
    if (state_ == State::kOffsetsList && offsets_ != 2) return wrong("data_offsets needs two numbers", name_);
    offsets_ = 0;
    return enter(State::kTensor);
  }

  bool null() { return wrong("null stands where none belongs"); }
  bool boolean(bool) { return wrong("a truth value stands where none belongs"); }
  bool number_integer(int64_t) { return wrong("a number is negative", name_); }
  bool number_float(double, const std::string&) { return wrong("a number is no 64-bit integer", name_); }
  bool binary(std::vector<uint8_t>&) { return wrong("binary data stands where none belongs"); }

  template <class Exception>
  bool parse_error(size_t position, const std::string&, const Exception&) {
    return wrong("byte " + std::to_string(position) + " breaks the JSON syntax");
  }

  const std::string& what() const { return what_; }

 private:
  enum class State {
    kStart,
    kTop,            // between tensors
    kTensorValue,    // after a tensor's name
    kTensor,         // between a tensor's fields
    kDtype,          // after "dtype"
    kShape,          // after "shape"
    kShapeList,      // in its list
    kOffsets,        // after "data_offsets"
    kOffsetsList,    // in its list
    kMetadata,       // between metadata
    kMetadataValue,  // after a metadata key
    kEnd,
  };
  static constexpr unsigned kAllFields = 7;

  bool enter(State state) {
    state_ = state;
    return true;
  }

  bool wrong(const std::string& what, const std::string& where = "") {
    what_ = "in its header, " + what + (where.empty() ? "" : " ('" + printable(where) + "')");
    return false;
  }

  bool tensor_key(const std::string& text) {
    static const std::pair<const char*, State> kFields[] = {
        {"dtype", State::kDtype}, {"shape", State::kShape}, {"data_offsets", State::kOffsets}};
    unsigned bit = 1;
    for (const auto& [field, next] : kFields) {
      if (text == field) {
        if ((fields_ & bit) != 0) return wrong("a field is given twice", text);
        fields_ |= bit;
        return enter(next);
      }
      bit <<= 1;
    }
    return wrong("a field is unknown", text);
  }

  SafetensorsHeader& out_;
  State state_ = State::kStart;
  std::set<std::string> names_;
  std::string name_;  // of the tensor or metadata at hand
  HeaderEntry entry_;
  unsigned fields_ = 0;
  int offsets_ = 0;
  std::string what_;
};

}  // namespace

std::string parse_safetensors_header(ByteView json, SafetensorsHeader& out) {
  // The parser takes a zero byte for the end of the text.
  if (std::count(json.begin(), json.end(), 0) > 0) return "its header has zero bytes";
  HeaderReader reader(out);
  const bool whole = nlohmann::json::sax_parse(json.begin(), json.end(), &reader);
  return whole ? "" : reader.what();
}

std::string format_safetensors_header(const SafetensorsHeader& header) {
  try {
    nlohmann::json json = nlohmann::json::object();
    if (!header.metadata.empty()) json[kMetadataKey] = header.metadata;
    for (const HeaderEntry& entry : header.entries) {
      json[entry.name] = {{"dtype", entry.dtype}, {"shape", entry.shape}, {"data_offsets", {entry.begin, entry.end}}};
    }
    std::string text = json.dump();
    text.append((8 - text.size() % 8) % 8, ' ');
    return text;
  } catch (const nlohmann::json::exception& e) {
    throw Error(ErrorKind::kWrite, std::string("cannot write the tensors' names and metadata as JSON: ") + e.what());
  }
}

}  // namespace crlsc
