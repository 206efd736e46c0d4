// SPDX-License-Identifier: LGPL-2.1-or-later
#include "adapt/tables.h"

#include <cmath>

#include "core/error.h"

namespace crlsc::tools {
namespace {

// As many decisions of the camera weigh as much as the base: few of them come one after the other and are alike.
constexpr double kEquallySure = 64;
constexpr size_t kPrefix = sizeof "priors." - 1;

}  // namespace

std::vector<PriorCounter::Table> blend_tables(const ModelFile& base, std::vector<PriorCounter::Table> counted,
                                              double share) {
  for (PriorCounter::Table& table : counted) {
    const auto known = base.priors().find(table.name.substr(kPrefix));
    if (known == base.priors().end() || known->second.size() != table.values.size()) {
      throw Error(ErrorKind::kRead, "the model '" + base.path() + "' has no table '" + table.name + "' of " +
                                        std::to_string(table.values.size()) +
                                        " values; give it tables with `crlsc train priors`");
    }
    for (size_t i = 0; i < table.values.size(); ++i) {
      const double here = share * table.seen[i] / (table.seen[i] + kEquallySure);
      table.values[i] = static_cast<uint16_t>(std::lround(here * table.values[i] + (1 - here) * known->second[i]));
    }
  }
  return counted;
}

}  // namespace crlsc::tools
