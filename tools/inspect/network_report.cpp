// SPDX-License-Identifier: LGPL-2.1-or-later
#include "inspect/network_report.h"

#include <iomanip>

#include "core/model/model_file.h"
#include "neural/model_io.h"
#include "neural/semantic_head.h"

namespace crlsc::tools {

void describe_network(const std::string& path, std::ostream& out) {
  const ModelFile file(path);
  if (file.backend() != "neural") return;
  const neural::Complexity c = neural::import_model(file)->complexity();
  out << std::fixed << std::setprecision(2) << "networks of " << c.parameters << " parameters; for each luma sample "
      << c.encoder / 1000 << " kMAC in the encoder, which also decodes, and " << c.decoder / 1000
      << " kMAC in the decoder\n";
  if (!neural::has_head(file)) return;
  const neural::SemanticHead head = neural::import_head(file);
  int64_t parameters = 0;
  for (const auto& p : head->parameters()) parameters += p.numel();
  out << "semantic head of " << parameters << " parameters; " << static_cast<double>(head->multiplications()) / 1e6
      << " MMAC a picture\n";
}

}  // namespace crlsc::tools
