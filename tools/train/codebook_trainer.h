// SPDX-License-Identifier: LGPL-2.1-or-later
// Moves the codebooks of one quantiser by running means (van den Oord et al. 2017, appendix A.1), with
// entropy-constrained assignment (Chou et al. 1989) and new starts for codes that nobody takes.
#pragma once

#include <torch/torch.h>

#include "neural/semantic_net.h"

namespace crlsc::tools {

class CodebookTrainer {
 public:
  explicit CodebookTrainer(neural::VectorQuantiser quantiser);

  // Price of each code in squared distance [classes, codes]: strength x mean error x bits / log2(codes). The zero
  // code's bits are fixed and low: priced by its own falling use it would die out and never come back.
  torch::Tensor penalty(double strength) const;
  // First codes: a few rounds of k-means over `rows` [N, dim], of which each belongs to one of `classes` [N].
  void initialise(const torch::Tensor& rows, const torch::Tensor& classes);
  // One step of running means with the rows [N, dim], the codes [N] they took and their classes [N].
  void update(const torch::Tensor& rows, const torch::Tensor& indices, const torch::Tensor& classes);
  // Puts rows of the last batch in place of codes that are hardly used.
  void revive();

  double used_share() const;  // codes with more than a tenth of a fair share of their class
  double zero_share() const;
  double mean_bits() const;  // entropy of running code frequencies, bits a token

  // What a checkpoint must keep beside the codebooks themselves.
  torch::Tensor counts;  // [classes, codes], running
  torch::Tensor sums;    // [classes, codes, dim], running
  torch::Tensor error;   // [classes], running mean squared error

 private:
  void initialise_class(int64_t k, const torch::Tensor& rows);

  neural::VectorQuantiser quantiser_;
  torch::Tensor last_rows_;
  torch::Tensor last_classes_;
};

}  // namespace crlsc::tools
