// SPDX-License-Identifier: LGPL-2.1-or-later
#include "relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <random>
#include <stdexcept>
#include <utility>

#include "support/ports.h"

namespace crlsc::testing {
namespace {

constexpr size_t kLargestPacket = 65536;
constexpr int kPollMicroseconds = 20000;

}  // namespace

Relay::Relay(int to_port, Loss loss) : loss_(std::move(loss)), socket_(::socket(AF_INET, SOCK_DGRAM, 0)) {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof(address);
  const timeval patience{0, kPollMicroseconds};
  if (socket_ < 0 || ::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0) {
    throw std::runtime_error("cannot open a UDP socket");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this, to_port] { run(to_port); });
}

Relay::~Relay() {
  stop_ = true;
  thread_.join();
  ::close(socket_);
}

void Relay::run(int to_port) {
  std::vector<char> packet(kLargestPacket);
  const sockaddr_in to = loopback(to_port);
  while (!stop_) {
    const ssize_t size = ::recv(socket_, packet.data(), packet.size(), 0);
    if (size < 0) continue;
    if (loss_(packets_++)) {
      ++lost_;
      continue;
    }
    if (::sendto(socket_, packet.data(), static_cast<size_t>(size), 0, reinterpret_cast<const sockaddr*>(&to),
                 sizeof(to)) != size) {
      ++lost_;
    }
  }
}

Relay::Loss random_loss(double share, unsigned seed, int spared) {
  // Not std::bernoulli_distribution: libraries differ in what they make of a generator.
  auto random = std::make_shared<std::mt19937>(seed);
  return [=](int packet) {
    const bool lost = (*random)() < share * 4294967296.0;
    return packet >= spared && lost;
  };
}

}  // namespace crlsc::testing
