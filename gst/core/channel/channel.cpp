// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/channel/channel.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace crlsc {
namespace {

// Of a block: |h|^2 with h complex normal of unit power, and so exponential.
double fading_gain(uint64_t seed, uint64_t block) {
  return -std::log1p(-Random(seed, RandomStream::kFading, block).uniform());
}

// The detector that each symbol of a packet meets.
class Reception {
 public:
  Reception(const ChannelSettings& settings, const Passage& passage)
      : settings_(settings),
        passage_(passage),
        mean_(from_decibels(settings.snr) * passage.copies),
        detector_(settings.modulation, mean_) {}

  // Of symbol `index` of the packet.
  const Detector& at(uint64_t index) {
    if (settings_.fading == Fading::kNone) return detector_;
    const uint64_t block = settings_.coherence == 0 ? passage_.number : position(index) / settings_.coherence;
    if (block_ != block) {
      block_ = block;
      detector_ = Detector(settings_.modulation, mean_ * fading_gain(settings_.seed, block));
    }
    return detector_;
  }

 private:
  uint64_t position(uint64_t index) const {
    return passage_.first_symbol + static_cast<uint64_t>(static_cast<double>(index) * passage_.copies);
  }

  const ChannelSettings& settings_;
  const Passage& passage_;
  double mean_;
  Detector detector_;
  std::optional<uint64_t> block_;
};

uint64_t times(size_t count, double copies) {
  return static_cast<uint64_t>(std::ceil(static_cast<double>(count) * copies));
}

int count_ones(unsigned mask) {
  int count = 0;
  for (; mask != 0; mask &= mask - 1) ++count;
  return count;
}

bool is_noisy(const ChannelSettings& settings) {
  if (settings.modulation == Modulation::kNone) return false;
  return settings.fading != Fading::kNone || !Detector(settings.modulation, from_decibels(settings.snr)).perfect();
}

}  // namespace

double repetitions(const ChannelSettings& settings) noexcept {
  return settings.unequal_protection ? from_decibels(settings.protection_gain) : 1;
}

Passage Channel::admit(const ChannelSettings& settings, const ChannelPacket& packet) noexcept {
  Passage passage;
  passage.packet = packet;
  passage.packet.intact = settings.error_action == ErrorAction::kDrop ? 0 : std::min(packet.intact, packet.size);
  passage.number = stats_.packets;
  passage.first_symbol = symbols_;
  passage.copies = packet.important ? repetitions(settings) : 1;
  Random random(settings.seed, RandomStream::kLoss, passage.number);
  passage.lost = loss_.lose(settings.loss, passage.copies, random);
  passage.lost |= settings.drop_pattern && settings.drop_pattern->contains(passage.number);
  passage.noisy = !passage.lost && is_noisy(settings);

  symbols_ += times(packet.size * (8 / bits_per_symbol(settings.modulation)), passage.copies);
  ++stats_.packets;
  stats_.important += packet.important ? 1 : 0;
  stats_.bytes_in += packet.size;
  stats_.bytes_sent += times(packet.size, passage.copies);
  stats_.lost += passage.lost ? 1 : 0;
  if (passage.lost) return passage;
  if (settings.modulation != Modulation::kNone) stats_.bits += 8 * uint64_t{packet.size - passage.packet.intact};
  if (!passage.noisy) stats_.bytes_out += packet.size;
  return passage;
}

std::vector<ByteError> Channel::corrupt(const ChannelSettings& settings, Passage& passage, ByteView bytes) {
  const unsigned width = bits_per_symbol(settings.modulation);
  const unsigned symbol_mask = (1U << width) - 1;
  Reception reception(settings, passage);
  Random random(settings.seed, RandomStream::kBits, passage.number);
  std::vector<ByteError> errors;
  uint64_t symbol = uint64_t{passage.packet.intact} * (8 / width);
  for (size_t i = passage.packet.intact; i < bytes.size(); ++i) {
    unsigned mask = 0;
    for (unsigned shift = 8; shift > 0;) {
      shift -= width;
      mask |= reception.at(symbol++).errors(bytes[i] >> shift & symbol_mask, random) << shift;
    }
    if (mask == 0) continue;
    errors.push_back({i, static_cast<uint8_t>(mask)});
    stats_.bit_errors += static_cast<uint64_t>(count_ones(mask));
  }
  stats_.damaged += errors.empty() ? 0 : 1;
  passage.lost = !errors.empty() && settings.error_action == ErrorAction::kDrop;
  if (passage.lost) {
    ++stats_.lost;
  } else {
    stats_.bytes_out += passage.packet.size;
  }
  return errors;
}

}  // namespace crlsc
