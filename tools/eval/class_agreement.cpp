// SPDX-License-Identifier: LGPL-2.1-or-later
#include "eval/class_agreement.h"

#include <algorithm>

#include "train/material.h"

namespace crlsc::tools {
namespace {

std::ptrdiff_t likeliest(const Vector& classes) {
  return std::max_element(classes.begin(), classes.end()) - classes.begin();
}

}  // namespace

ClassAgreement::ClassAgreement(const std::string& path) {
  std::shared_ptr<const neural::Teacher> teacher = neural::Teacher::open(path);
  name_ = teacher->settings().name;
  classifier_ = std::make_unique<TeacherEncoder>(std::move(teacher), std::nullopt);
}

void ClassAgreement::add(const Picture& original, const Picture& decoded) {
  const std::vector<Vector> classes = classifier_->embed({to_bgr(original), to_bgr(decoded)});
  ++pairs_;
  same_ += likeliest(classes[0]) == likeliest(classes[1]) ? 1 : 0;
}

double ClassAgreement::share() const { return pairs_ == 0 ? 0 : static_cast<double>(same_) / pairs_; }

}  // namespace crlsc::tools
