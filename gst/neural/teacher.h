// SPDX-License-Identifier: LGPL-2.1-or-later
// The teacher S_e: a large image encoder that fills shared knowledge bases and that local encoders learn from. It is a
// file from elsewhere, TorchScript or the CLIP vision tower as safetensors, and runs only where knowledge is made.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/model/sha256.h"

namespace at {
class Tensor;
}

namespace crlsc::neural {

// An 8-bit picture of three interleaved channels in somebody else's memory. `stride` is in bytes.
struct ColourView {
  const uint8_t* data = nullptr;
  ptrdiff_t stride = 0;
  int width = 0;
  int height = 0;
  bool bgr = false;  // the order of the channels: B, G, R, else R, G, B
};

// How pictures become the teacher's input. A teacher file may carry it as JSON ("teacher.json" in TorchScript, the
// metadata "teacher" in safetensors), and a file "<teacher>.json" beside it overrides single values:
//   {"name": "...", "size": 224, "resize": "crop", "interpolation": "bicubic", "mean": [r, g, b], "std": [r, g, b]}
struct TeacherSettings {
  enum class Resize {
    kCrop,     // the shorter side to `size`, then the middle size x size
    kStretch,  // both sides to `size`
  };
  std::string name;
  int size = 224;  // 16..1024
  Resize resize = Resize::kCrop;
  bool bicubic = true;  // else bilinear; both with antialiasing, as Pillow does it
  std::array<double, 3> mean{0.48145466, 0.4578275, 0.40821073};  // of samples 0..1, those of CLIP
  std::array<double, 3> std{0.26862954, 0.26130258, 0.27577711};

  // All of it in one line, at most 255 bytes: what knowledge bases keep as the teacher's name.
  std::string text() const;
};

// Immutable; embed() is not thread-safe.
class Teacher {
 public:
  // Throws Error(kNotFound), Error(kRead) if the file is damaged or its settings are unsound, and Error(kWrongType) if
  // it is neither TorchScript nor a CLIP vision tower. TorchScript is code: take it from nobody you do not trust.
  static std::unique_ptr<Teacher> open(const std::string& path);
  virtual ~Teacher() = default;

  const TeacherSettings& settings() const { return settings_; }
  // SHA-256 over settings().text() and the bytes of the file: the same vectors for the same hash, up to rounding.
  const Sha256::Digest& hash() const { return hash_; }
  int dimension() const { return dimension_; }

  // A vector of unit length for each picture.
  std::vector<std::vector<float>> embed(const std::vector<ColourView>& pictures) const;

 protected:
  Teacher(const std::string& path, TeacherSettings settings);
  // [B, D] of pictures [B, 3, size, size], normalised.
  virtual at::Tensor run(const at::Tensor& input) const = 0;
  void measure();  // sets dimension() by a run on grey; the constructor of each kind ends with it

 private:
  TeacherSettings settings_;
  Sha256::Digest hash_{};
  int dimension_ = 0;
};

}  // namespace crlsc::neural
