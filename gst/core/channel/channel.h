// SPDX-License-Identifier: LGPL-2.1-or-later
// A simulated link that loses and damages packets without delay. It knows no codec and no clock: what happens to a
// packet follows from the settings, the packet's number since the start and, with bit errors, from its size and bytes
// and the number of symbols sent before.
//
// A packet goes first through the packet loss model, which stands for queues and links beyond the radio, then, bit by
// bit, through the physical channel:
//   - a byte is sent as 8, 4 or 2 symbols (BPSK, QPSK, 16-QAM), its most significant bit first; detection is coherent;
//   - fading multiplies Es/N0 by the power of a Rayleigh-distributed amplitude, of mean 1 and constant in a block, and
//     the receiver knows phase and gain.
//
// Unequal protection stands for a repetition code with maximum ratio combining: each symbol of an important packet is
// sent n = 10^(protection_gain / 10) times in a row, which adds up to n times the energy (Proakis, section 13.4,
// without its diversity, as all copies fall into one fade) at 1/n of the rate. The packet loss model sees n copies, so
// loss^n of important packets vanish; they share the state of a Gilbert-Elliott chain, so a burst that loses everything
// loses them, too. n need not be whole. No code is simpler, and good codes need less redundancy for the same gain.
#pragma once

#include <memory>
#include <vector>

#include "core/bytes.h"
#include "core/channel/ber.h"
#include "core/channel/drop_pattern.h"
#include "core/channel/loss.h"

namespace crlsc {

// What becomes of a packet with wrong bits.
enum class ErrorAction {
  kDrop,     // lost, as links and UDP drop what fails their checksum
  kDeliver,  // handed on; the first `intact` bytes never err, as with UDP-Lite (RFC 3828) and a well protected header
};

struct ChannelSettings {
  uint64_t seed = 1;
  Modulation modulation = Modulation::kQpsk;
  double snr = 100;  // mean Es/N0 in dB
  Fading fading = Fading::kNone;
  uint32_t coherence = 0;  // symbols in a block of constant fading; 0: each packet is a block
  ErrorAction error_action = ErrorAction::kDrop;
  LossSettings loss;
  std::shared_ptr<const DropPattern> drop_pattern;  // null: none
  bool unequal_protection = false;
  double protection_gain = 3;  // dB
};

// The ratio n of what is sent for important packets, at least 1.
double repetitions(const ChannelSettings& settings) noexcept;

struct ChannelPacket {
  size_t size = 0;         // bytes
  size_t intact = 0;       // of these, how many in front kDeliver keeps
  bool important = false;  // gets the unequal protection
};

// Counts of packets, bytes and bits since the start.
struct ChannelStats {
  uint64_t packets = 0;
  uint64_t important = 0;  // of these
  uint64_t lost = 0;       // for whatever cause
  uint64_t damaged = 0;    // with wrong bits, whether lost by that or handed on
  uint64_t bits = 0;       // that the physical channel may have changed
  uint64_t bit_errors = 0;
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  uint64_t bytes_sent = 0;  // bytes_in and the redundancy of the unequal protection
};

// The part of a packet's fate that does not depend on its bytes.
struct Passage {
  bool lost = false;
  bool noisy = false;  // not lost yet: the bytes have to go through corrupt()
  // For corrupt().
  ChannelPacket packet;
  uint64_t number = 0;
  uint64_t first_symbol = 0;
  double copies = 1;
};

// Wrong bits of one byte.
struct ByteError {
  size_t offset;
  uint8_t mask;
};

class Channel {
 public:
  // Takes the next packet. When the result is noisy, corrupt() has to follow.
  Passage admit(const ChannelSettings& settings, const ChannelPacket& packet) noexcept;

  // Draws the bit errors of the packet that was admitted last; `bytes` has its size. Sets passage.lost if they lose it.
  // Otherwise the errors, in ascending order of offsets, are to be applied.
  std::vector<ByteError> corrupt(const ChannelSettings& settings, Passage& passage, ByteView bytes);

  const ChannelStats& stats() const { return stats_; }

 private:
  ChannelStats stats_;
  LossProcess loss_;
  uint64_t symbols_ = 0;  // sent so far
};

}  // namespace crlsc
