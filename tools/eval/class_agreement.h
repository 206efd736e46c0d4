// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether a classifier sees the same in a decoded picture as in the original.
#pragma once

#include <memory>
#include <string>

#include "core/picture.h"
#include "knowledge/encoders.h"

namespace crlsc::tools {

class ClassAgreement {
 public:
  // `path`: TorchScript as a teacher is (neural/teacher.h), whose vector holds a number for each class, the largest for
  // the likeliest. Throws what neural::Teacher::open() throws.
  explicit ClassAgreement(const std::string& path);

  const std::string& name() const { return name_; }
  void add(const Picture& original, const Picture& decoded);
  // Of the pairs so far, those to which the classifier gives the same class, 0..1.
  double share() const;

 private:
  std::string name_;
  std::unique_ptr<TeacherEncoder> classifier_;
  int pairs_ = 0;
  int same_ = 0;
};

}  // namespace crlsc::tools
