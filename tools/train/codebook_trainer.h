// SPDX-License-Identifier: LGPL-2.1-or-later
// Moves one codebook by running means (van den Oord et al. 2017, appendix A.1), with entropy-constrained assignment
// (Chou et al. 1989) and new starts for codes that nobody takes.
#pragma once

#include <torch/torch.h>

#include "neural/semantic_net.h"

namespace crlsc::tools {

class CodebookTrainer {
 public:
  explicit CodebookTrainer(neural::VectorQuantiser quantiser);

  // Price of each code in squared distance: strength x mean error x bits / log2(codes). The zero code's bits are fixed
  // and low: priced by its own falling use it would die out and never come back.
  torch::Tensor penalty(double strength) const;
  // First codes: a few rounds of k-means over `rows` [N, dim].
  void initialise(const torch::Tensor& rows);
  // One step of running means with the rows [N, dim] and the codes [N] they took.
  void update(const torch::Tensor& rows, const torch::Tensor& indices);
  // Puts rows of the last batch in place of codes that are hardly used.
  void revive();

  double used_share() const;  // codes with more than a tenth of a fair share
  double zero_share() const;
  double mean_bits() const;  // entropy of running code frequencies, bits a token

  // What a checkpoint must keep beside the codebook itself.
  torch::Tensor counts;  // [codes], running
  torch::Tensor sums;    // [codes, dim], running
  torch::Tensor error;   // scalar, running mean squared error

 private:
  neural::VectorQuantiser quantiser_;
  torch::Tensor last_rows_;
};

}  // namespace crlsc::tools
