// SPDX-License-Identifier: LGPL-2.1-or-later
// What all trainings have in common: the time that they have computed, and the loop of steps, log and checkpoints.
#pragma once

#include <torch/torch.h>

#include <algorithm>
#include <chrono>

namespace crlsc::tools {

class StepClock {
 public:
  // Seconds since the last call, or since the clock was made; at most ten, as a stopped process does not compute.
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    const double passed = std::chrono::duration<double>(now - last_).count();
    last_ = now;
    return std::min(passed, kLongestStep);
  }

 private:
  static constexpr double kLongestStep = 10;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

// Calls t.train_step(), which counts t.step, until t.done() is 1, and adds what it took to t.spent, seconds. On the
// way, t.log(steps a second) every `log_every` seconds of computing and t.checkpoint() every `checkpoint_every`, both
// again at the end.
template <class Training>
void run_training(Training& t, double log_every, double checkpoint_every) {
  StepClock clock;
  double last_log = t.spent;
  double last_checkpoint = t.spent;
  int64_t logged_step = t.step;
  while (t.done() < 1) {
    t.train_step();
    t.spent += clock.lap();
    if (t.done() >= 1 || t.spent - last_log > log_every) {
      t.log(static_cast<double>(t.step - logged_step) / std::max(1e-3, t.spent - last_log));
      last_log = t.spent;
      logged_step = t.step;
    }
    if (t.spent - last_checkpoint > checkpoint_every) {
      t.checkpoint();
      last_checkpoint = t.spent;
    }
  }
  t.checkpoint();
}

inline void set_learning_rate(torch::optim::AdamW& optimizer, double rate) {
  for (auto& group : optimizer.param_groups()) static_cast<torch::optim::AdamWOptions&>(group.options()).lr(rate);
}

}  // namespace crlsc::tools
