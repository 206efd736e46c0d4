// SPDX-License-Identifier: LGPL-2.1-or-later
#include "inspect/network_report.h"

#include <iomanip>

#include "core/model/model_file.h"
#include "neural/model_io.h"
#include "neural/post_filter.h"
#include "neural/semantic_head.h"

namespace crlsc::tools {
namespace {

int64_t parameters_of(const torch::nn::Module& module) {
  int64_t sum = 0;
  for (const auto& p : module.parameters()) sum += p.numel();
  return sum;
}

}  // namespace

void describe_network(const std::string& path, std::ostream& out) {
  const ModelFile file(path);
  if (file.backend() != "neural") return;
  const neural::Complexity c = neural::import_model(file)->complexity();
  out << std::fixed << std::setprecision(2) << "networks of " << c.parameters << " parameters; for each luma sample "
      << c.encoder / 1000 << " kMAC in the encoder, which also decodes, and " << c.decoder / 1000
      << " kMAC in the decoder\n";
  if (neural::has_post_filter(file)) {
    const neural::PostFilterNet filter = neural::import_post_filter(file);
    out << "post-filter of " << parameters_of(*filter) << " parameters; for each luma sample "
        << filter->multiplications() / 1000 << " kMAC where something changes\n";
  }
  if (neural::has_camera_filter(file)) {
    const neural::PostFilterNet filter = neural::import_camera_filter(file);
    const neural::PostFilterConfig& config = filter->config();
    out << "post-filter of a camera, of " << parameters_of(*filter) << " parameters, which knows " << config.places
        << " features of " << config.place_cols << 'x' << config.place_rows << " places\n";
  }
  if (!neural::has_head(file)) return;
  const neural::SemanticHead head = neural::import_head(file);
  out << "semantic head of " << parameters_of(*head) << " parameters; "
      << static_cast<double>(head->multiplications()) / 1e6 << " MMAC a picture\n";
}

}  // namespace crlsc::tools
