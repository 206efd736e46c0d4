// SPDX-License-Identifier: LGPL-2.1-or-later
#include "train/codebook_trainer.h"

#include <cmath>

namespace crlsc::tools {
namespace {

constexpr double kDecay = 0.99;
constexpr double kZeroBits = 1.0;
constexpr int kRounds = 12;

torch::Tensor rows_of(const torch::Tensor& rows, const torch::Tensor& classes, int64_t k) {
  return rows.index_select(0, (classes == k).nonzero().squeeze(1));
}

torch::Tensor any_of(const torch::Tensor& rows, int64_t count) {
  return rows.index_select(0, torch::randint(rows.size(0), {count}, torch::kLong));
}

}  // namespace

CodebookTrainer::CodebookTrainer(neural::VectorQuantiser quantiser) : quantiser_(std::move(quantiser)) {
  const auto& book = quantiser_->codebook;
  counts = torch::ones({book.size(0), book.size(1)});
  sums = book.clone();
  error = torch::zeros({book.size(0)});
}

torch::Tensor CodebookTrainer::penalty(double strength) const {
  auto bits = -torch::log2(counts / counts.sum(1, true) + 1e-5);
  bits.select(1, 0).fill_(kZeroBits);
  return bits * error.unsqueeze(1) * (strength / std::log2(static_cast<double>(counts.size(1))));
}

void CodebookTrainer::initialise(const torch::Tensor& rows, const torch::Tensor& classes) {
  torch::NoGradGuard no_grad;
  for (int64_t k = 0; k < counts.size(0); ++k) {
    const auto mine = rows_of(rows, classes, k);
    if (mine.size(0) > 0) initialise_class(k, mine);
  }
  sums.copy_(quantiser_->codebook * counts.unsqueeze(2));
}

void CodebookTrainer::initialise_class(int64_t k, const torch::Tensor& rows) {
  const int64_t codes = counts.size(1);
  const auto classes = torch::full({rows.size(0)}, k, torch::kLong);
  auto book = quantiser_->codebook[k];
  book.copy_(any_of(rows, codes));
  book[0].zero_();
  for (int round = 0; round < kRounds; ++round) {
    const auto taken = quantiser_->nearest(rows, {}, classes);
    const auto n = torch::bincount(taken, {}, codes).to(torch::kFloat32);
    const auto means = torch::zeros_like(book).index_add_(0, taken, rows) / n.clamp_min(1).unsqueeze(1);
    book.copy_(torch::where(n.unsqueeze(1) > 0, means, book));
    book[0].zero_();
    counts[k].copy_(n.clamp_min(0.1));
  }
}

void CodebookTrainer::update(const torch::Tensor& rows, const torch::Tensor& indices, const torch::Tensor& classes) {
  torch::NoGradGuard no_grad;
  auto& book = quantiser_->codebook;
  const int64_t all = counts.numel();
  const auto places = indices + classes * counts.size(1);
  const auto n = torch::bincount(places, {}, all).to(torch::kFloat32);
  const auto sum = torch::zeros({all, rows.size(1)}).index_add_(0, places, rows);
  counts.mul_(kDecay).add_(n.view_as(counts), 1 - kDecay);
  sums.mul_(kDecay).add_(sum.view_as(sums), 1 - kDecay);
  const auto moved = sums / counts.clamp_min(1e-4).unsqueeze(2);
  book.copy_(torch::where(counts.unsqueeze(2) > 1e-3, moved, book));
  book.select(1, 0).zero_();
  const auto left = (rows - quantiser_->lookup(indices, classes)).square().sum(1);
  const auto seen = torch::bincount(classes, {}, counts.size(0));
  const auto mean = torch::bincount(classes, left, counts.size(0)).to(torch::kFloat32) / seen.clamp_min(1);
  error.copy_(torch::where(seen > 0, error * kDecay + mean * (1 - kDecay), error));
  last_rows_ = rows;
  last_classes_ = classes;
}

void CodebookTrainer::revive() {
  if (!last_rows_.defined()) return;
  torch::NoGradGuard no_grad;
  for (int64_t k = 0; k < counts.size(0); ++k) {
    const double fair = counts[k].sum().item<double>() / static_cast<double>(counts.size(1));
    auto dead = counts[k] < 0.03 * fair;
    dead[0] = false;
    const auto where = dead.nonzero().squeeze(1);
    const auto mine = rows_of(last_rows_, last_classes_, k);
    if (where.size(0) == 0 || mine.size(0) == 0) continue;
    const auto rows = any_of(mine, where.size(0));
    quantiser_->codebook[k].index_copy_(0, where, rows);
    counts[k].index_fill_(0, where, 0.3 * fair);
    sums[k].index_copy_(0, where, rows * (0.3 * fair));
  }
}

double CodebookTrainer::used_share() const {
  return (counts > 0.1 * counts.mean(1, true)).to(torch::kFloat32).mean().item<double>();
}

double CodebookTrainer::zero_share() const { return (counts.select(1, 0).sum() / counts.sum()).item<double>(); }

double CodebookTrainer::mean_bits() const {
  const auto p = counts / counts.sum(1, true);
  return -(counts * torch::log2(p + 1e-9)).sum().item<double>() / counts.sum().item<double>();
}

}  // namespace crlsc::tools
