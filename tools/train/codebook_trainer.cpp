// SPDX-License-Identifier: LGPL-2.1-or-later
#include "train/codebook_trainer.h"

#include <cmath>

namespace crlsc::tools {
namespace {

constexpr double kDecay = 0.99;
constexpr double kZeroBits = 1.0;
constexpr int kRounds = 12;

}  // namespace

CodebookTrainer::CodebookTrainer(neural::VectorQuantiser quantiser) : quantiser_(std::move(quantiser)) {
  const auto& book = quantiser_->codebook;
  counts = torch::ones({book.size(0)});
  sums = book.clone();
  error = torch::zeros({});
}

torch::Tensor CodebookTrainer::penalty(double strength) const {
  auto bits = -torch::log2(counts / counts.sum() + 1e-5);
  bits[0] = kZeroBits;
  return bits * (strength / std::log2(static_cast<double>(counts.size(0)))) * error;
}

void CodebookTrainer::initialise(const torch::Tensor& rows) {
  torch::NoGradGuard no_grad;
  const int64_t codes = counts.size(0);
  auto& book = quantiser_->codebook;
  book.slice(0, 1).copy_(rows.index_select(0, torch::randint(rows.size(0), {codes - 1}, torch::kLong)));
  for (int round = 0; round < kRounds; ++round) {
    const auto taken = quantiser_->nearest(rows, {});
    const auto n = torch::bincount(taken, {}, codes).to(torch::kFloat32);
    const auto sum = torch::zeros_like(book).index_add_(0, taken, rows);
    const auto means = sum / n.clamp_min(1).unsqueeze(1);
    book.copy_(torch::where(n.unsqueeze(1) > 0, means, book));
    book[0].zero_();
    counts.copy_(n.clamp_min(0.1));
  }
  sums.copy_(book * counts.unsqueeze(1));
}

void CodebookTrainer::update(const torch::Tensor& rows, const torch::Tensor& indices) {
  torch::NoGradGuard no_grad;
  auto& book = quantiser_->codebook;
  const auto n = torch::bincount(indices, {}, counts.size(0)).to(torch::kFloat32);
  const auto sum = torch::zeros_like(book).index_add_(0, indices, rows);
  counts.mul_(kDecay).add_(n, 1 - kDecay);
  sums.mul_(kDecay).add_(sum, 1 - kDecay);
  const auto moved = sums / counts.clamp_min(1e-4).unsqueeze(1);
  book.copy_(torch::where(counts.unsqueeze(1) > 1e-3, moved, book));
  book[0].zero_();
  error.mul_(kDecay).add_((rows - book.index_select(0, indices)).square().sum(1).mean(), 1 - kDecay);
  last_rows_ = rows;
}

void CodebookTrainer::revive() {
  if (!last_rows_.defined() || last_rows_.size(0) == 0) return;
  torch::NoGradGuard no_grad;
  const double fair = counts.sum().item<double>() / static_cast<double>(counts.size(0));
  auto dead = counts < 0.03 * fair;
  dead[0] = false;
  const auto where = dead.nonzero().squeeze(1);
  if (where.size(0) == 0) return;
  const auto rows = last_rows_.index_select(0, torch::randint(last_rows_.size(0), {where.size(0)}, torch::kLong));
  quantiser_->codebook.index_copy_(0, where, rows);
  counts.index_fill_(0, where, 0.3 * fair);
  sums.index_copy_(0, where, rows * (0.3 * fair));
}

double CodebookTrainer::used_share() const {
  const auto fair = counts.sum() / counts.size(0);
  return (counts > 0.1 * fair).to(torch::kFloat32).mean().item<double>();
}

double CodebookTrainer::zero_share() const { return (counts[0] / counts.sum()).item<double>(); }

double CodebookTrainer::mean_bits() const {
  const auto p = counts / counts.sum();
  return -(p * torch::log2(p + 1e-9)).sum().item<double>();
}

}  // namespace crlsc::tools
