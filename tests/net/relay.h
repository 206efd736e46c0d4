// SPDX-License-Identifier: LGPL-2.1-or-later
// A stretch of network: takes UDP packets on one port of 127.0.0.1 and hands them on to another, or loses them.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace crlsc::testing {

class Relay {
 public:
  // Called with the number of each packet (from 0) in the order of their arrival; true loses it.
  using Loss = std::function<bool(int)>;

  Relay(int to_port, Loss loss);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  int port() const { return port_; }
  int packets() const { return packets_; }
  int lost() const { return lost_; }

 private:
  void run(int to_port);

  Loss loss_;
  int socket_ = -1;
  int port_ = 0;
  std::atomic<int> packets_{0};
  std::atomic<int> lost_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// Loses this share of the packets, the same ones for the same seed, but none of the first `spared`.
Relay::Loss random_loss(double share, unsigned seed, int spared);

}  // namespace crlsc::testing
