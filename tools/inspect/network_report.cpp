// SPDX-License-Identifier: LGPL-2.1-or-later
#include "inspect/network_report.h"

#include <iomanip>

#include "core/model/model_file.h"
#include "neural/model_io.h"

namespace crlsc::tools {

void describe_network(const std::string& path, std::ostream& out) {
  const ModelFile file(path);
  if (file.backend() != "neural") return;
  const neural::Complexity c = neural::import_model(file)->complexity();
  out << std::fixed << std::setprecision(2) << "networks of " << c.parameters << " parameters; for each luma sample "
      << c.encoder / 1000 << " kMAC in the encoder, which also decodes, and " << c.decoder / 1000
      << " kMAC in the decoder\n";
}

}  // namespace crlsc::tools
