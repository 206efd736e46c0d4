// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/channel/channel.h"

#include <algorithm>
#include <string>

#include "statistics.h"

namespace crlsc::test {
namespace {

constexpr size_t kSize = 100;

// Bytes that look like compressed ones.
Bytes noise_bytes(size_t size, uint64_t seed = 9) {
  Random random(seed, RandomStream::kBits, 0);
  Bytes out(size);
  for (uint8_t& byte : out) byte = static_cast<uint8_t>(random.uniform() * 256);
  return out;
}

struct Received {
  bool lost = false;
  Bytes bytes;
};

// Sends the packet as the element does.
Received send(Channel& channel, const ChannelSettings& settings, const Bytes& bytes, size_t intact = 0,
              bool important = false) {
  Passage passage = channel.admit(settings, {bytes.size(), intact, important});
  Received out{passage.lost, bytes};
  if (passage.noisy) {
    const std::vector<ByteError> errors = channel.corrupt(settings, passage, bytes);
    for (const ByteError& error : errors) out.bytes.at(error.offset) ^= error.mask;
    out.lost = passage.lost;
  }
  return out;
}

std::vector<Received> send_all(const ChannelSettings& settings, int packets, size_t size = kSize,
                               bool important = false) {
  Channel channel;
  std::vector<Received> out;
  for (int i = 0; i < packets; ++i) {
    out.push_back(send(channel, settings, noise_bytes(size, static_cast<uint64_t>(i)), 0, important));
  }
  return out;
}

ChannelSettings noisy(Modulation modulation, double snr, ErrorAction action = ErrorAction::kDeliver) {
  ChannelSettings settings;
  settings.modulation = modulation;
  settings.snr = snr;
  settings.error_action = action;
  return settings;
}

// Sends noise, and expects the bit error rate that the formula promises.
void expect_formula(const ChannelSettings& settings, int packets, double inflation, bool important = false) {
  Channel channel;
  for (int i = 0; i < packets; ++i) {
    send(channel, settings, noise_bytes(kSize, static_cast<uint64_t>(i)), 0, important);
  }
  const double g = from_decibels(settings.snr) * (important ? repetitions(settings) : 1);
  EXPECT_EQ(channel.stats().bits, 8 * kSize * static_cast<uint64_t>(packets));
  expect_binomial(channel.stats().bit_errors, channel.stats().bits,
                  bit_error_probability(settings.modulation, settings.fading, g), inflation);
}

TEST(Channel, ByDefaultNothingHappens) {
  Channel channel;
  const Bytes bytes = noise_bytes(kSize);
  for (int i = 0; i < 100; ++i) {
    const Passage passage = channel.admit({}, {kSize, 12, i % 2 == 0});
    EXPECT_FALSE(passage.lost || passage.noisy);
  }
  EXPECT_EQ(channel.stats().packets, 100U);
  EXPECT_EQ(channel.stats().lost, 0U);
  EXPECT_EQ(channel.stats().bytes_out, 100 * kSize);
  EXPECT_EQ(channel.stats().bytes_sent, 100 * kSize);
}

TEST(Channel, BitErrorRates) {
  expect_formula(noisy(Modulation::kBpsk, 4), 400, 1);
  expect_formula(noisy(Modulation::kQpsk, 7), 400, 1);
  expect_formula(noisy(Modulation::kQam16, 12), 400, 2);
}

// With a fade for each symbol, the bits of a symbol are all that depends on each other.
TEST(Channel, BitErrorRatesInFading) {
  for (const Modulation modulation : {Modulation::kBpsk, Modulation::kQpsk, Modulation::kQam16}) {
    ChannelSettings settings = noisy(modulation, 12);
    settings.fading = Fading::kRayleigh;
    settings.coherence = 1;
    expect_formula(settings, 200, bits_per_symbol(modulation));
  }
}

// Fades that last for long group the errors: all bits of a block may err together, and packets are hit or spared.
TEST(Channel, CoherenceGroupsErrors) {
  constexpr int kPackets = 1000;
  double share_before = 1;  // of packets that are damaged
  for (const uint32_t coherence : {1U, 40U, 400U, 0U}) {
    ChannelSettings settings = noisy(Modulation::kBpsk, 15);
    settings.fading = Fading::kRayleigh;
    settings.coherence = coherence;
    Channel channel;
    for (int i = 0; i < kPackets; ++i) send(channel, settings, noise_bytes(kSize));
    const uint64_t block = coherence == 0 ? 8 * kSize : coherence;
    expect_binomial(channel.stats().bit_errors, channel.stats().bits,
                    bit_error_probability(settings.modulation, Fading::kRayleigh, from_decibels(15)),
                    static_cast<double>(block));
    const double share = static_cast<double>(channel.stats().damaged) / kPackets;
    EXPECT_LT(share, share_before) << coherence;
    share_before = share;
  }
  EXPECT_LT(share_before, 0.3);
}

// Expects as many wrong bits as the gain of the block makes likely.
void expect_gain(uint64_t wrong, uint64_t bits, const ChannelSettings& settings, uint64_t block, double copies = 1) {
  const double gain = -std::log1p(-Random(settings.seed, RandomStream::kFading, block).uniform());
  const double p =
      bit_error_probability(settings.modulation, Fading::kNone, gain * copies * from_decibels(settings.snr));
  const double expected = static_cast<double>(bits) * p;
  EXPECT_NEAR(static_cast<double>(wrong), expected, kDeviations * std::sqrt(expected) + 1) << "block " << block;
}

TEST(Channel, EachPacketIsABlock) {
  ChannelSettings settings = noisy(Modulation::kBpsk, 3);
  settings.fading = Fading::kRayleigh;
  Channel channel;
  for (uint64_t i = 0; i < 8; ++i) {
    const uint64_t before = channel.stats().bit_errors;
    send(channel, settings, noise_bytes(1000));
    expect_gain(channel.stats().bit_errors - before, 8000, settings, i);
  }
}

// Blocks of 1500 bytes, sent twice, and so of 750 bytes of what is important; the header takes its time, too.
TEST(Channel, BlocksInsideAPacket) {
  ChannelSettings settings = noisy(Modulation::kQpsk, 3);
  settings.fading = Fading::kRayleigh;
  settings.coherence = 6000;
  settings.unequal_protection = true;
  settings.protection_gain = 10 * std::log10(2);
  const Bytes bytes = noise_bytes(3000);
  Channel channel;
  for (const uint64_t first : {0U, 4U}) {
    const Received received = send(channel, settings, bytes, 250, true);
    for (size_t block = 0; block < 4; ++block) {
      uint64_t wrong = 0;
      const size_t begin = std::max<size_t>(250, 750 * block);
      for (size_t i = begin; i < 750 * (block + 1); ++i) {
        for (int mask = bytes[i] ^ received.bytes[i]; mask != 0; mask &= mask - 1) ++wrong;
      }
      expect_gain(wrong, 8 * (750 * (block + 1) - begin), settings, first + block, 2);
    }
  }
}

TEST(Channel, BlocksGoOnOverPacketsAndLosses) {
  // One block for as long as the test lasts: what the first packet meets, all meet.
  ChannelSettings settings = noisy(Modulation::kQpsk, 10);
  settings.fading = Fading::kRayleigh;
  settings.coherence = UINT32_MAX;
  for (const uint64_t seed : {1U, 2U, 3U}) {
    settings.seed = seed;
    Channel channel;
    for (int i = 0; i < 100; ++i) send(channel, settings, noise_bytes(kSize));
    expect_gain(channel.stats().bit_errors, 800 * kSize, settings, 0);
  }
  // Lost packets take their time on the air: the packets after them are damaged alike.
  settings.coherence = 150;
  const std::vector<Received> all = send_all(settings, 6);
  settings.drop_pattern = std::make_shared<DropPattern>("1-3");
  const std::vector<Received> some = send_all(settings, 6);
  EXPECT_TRUE(some[1].lost && some[2].lost && some[3].lost);
  EXPECT_EQ(some[4].bytes, all[4].bytes);
  EXPECT_EQ(some[5].bytes, all[5].bytes);
}

TEST(Channel, SameSeedSameFate) {
  ChannelSettings settings = noisy(Modulation::kQam16, 14);
  settings.fading = Fading::kRayleigh;
  settings.loss = {LossModel::kGilbertElliott, 0, 0.1, 0.5, 0.01, 0.9};
  const auto first = send_all(settings, 200);
  const auto second = send_all(settings, 200);
  settings.seed = 2;
  const auto other = send_all(settings, 200);
  int differences = 0;
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].lost, second[i].lost);
    EXPECT_EQ(first[i].bytes, second[i].bytes);
    differences += first[i].lost != other[i].lost || first[i].bytes != other[i].bytes ? 1 : 0;
  }
  EXPECT_GT(differences, 50);
}

// Whether a packet vanishes in the loss model depends on its number alone, so rivals lose the same ones.
TEST(Channel, LossDoesNotDependOnSizes) {
  ChannelSettings settings;
  settings.loss.loss = 0.3;
  const auto small = send_all(settings, 300, 10);
  settings.modulation = Modulation::kBpsk;
  const auto large = send_all(settings, 300, 900);
  for (size_t i = 0; i < small.size(); ++i) EXPECT_EQ(small[i].lost, large[i].lost);
}

// A golden value: streams that were published with a seed have to stay what they are.
TEST(Channel, FatesStayWhatTheyAre) {
  ChannelSettings settings;
  settings.loss.loss = 0.25;
  std::string fates;
  for (const Received& received : send_all(settings, 32)) fates += received.lost ? 'x' : '.';
  EXPECT_EQ(fates, "x.x......x...xxxx..xx...x.......");
}

TEST(Channel, DropsPacketsWithErrors) {
  const ChannelSettings deliver = noisy(Modulation::kBpsk, 7.5);
  const ChannelSettings drop = noisy(Modulation::kBpsk, 7.5, ErrorAction::kDrop);
  const auto delivered = send_all(deliver, 1000);
  const auto dropped = send_all(drop, 1000);
  uint64_t damaged = 0;
  for (size_t i = 0; i < delivered.size(); ++i) {
    const bool hit = delivered[i].bytes != noise_bytes(kSize, i);
    EXPECT_FALSE(delivered[i].lost);
    EXPECT_EQ(dropped[i].lost, hit);
    damaged += hit ? 1 : 0;
  }
  const double p = bit_error_probability(Modulation::kBpsk, Fading::kNone, from_decibels(7.5));
  expect_binomial(damaged, 1000, 1 - std::pow(1 - p, 8 * kSize));
}

TEST(Channel, KeepsHeadersIntactIfItDelivers) {
  const Bytes bytes = noise_bytes(kSize);
  Channel channel;
  ChannelSettings settings = noisy(Modulation::kQam16, -20);
  for (const size_t intact : {0, 12, 99, 100, 5000}) {
    const size_t kept = std::min(intact, kSize);
    const ChannelStats before = channel.stats();
    const Received received = send(channel, settings, bytes, intact);
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(kept), received.bytes.begin()));
    EXPECT_EQ(channel.stats().bits - before.bits, 8 * (kSize - kept));
    EXPECT_EQ(received.bytes == bytes, kept == kSize);
  }
  // A checksum covers everything.
  settings.error_action = ErrorAction::kDrop;
  EXPECT_TRUE(send(channel, settings, bytes, kSize).lost);
}

TEST(Channel, ErrorsAreInOrderAndInside) {
  Channel channel;
  const ChannelSettings settings = noisy(Modulation::kQpsk, -100);
  Passage passage = channel.admit(settings, {1000, 20, false});
  ASSERT_TRUE(passage.noisy);
  size_t next = 20;
  for (const ByteError& error : channel.corrupt(settings, passage, noise_bytes(1000))) {
    EXPECT_GE(error.offset, next);
    EXPECT_NE(error.mask, 0);
    next = error.offset + 1;
  }
  EXPECT_LE(next, 1000U);
  EXPECT_GT(next, 900U);
}

TEST(Channel, Extremes) {
  for (const Modulation modulation : {Modulation::kNone, Modulation::kBpsk, Modulation::kQpsk, Modulation::kQam16}) {
    for (const double snr : {-100.0, 0.0, 100.0}) {
      for (const Fading fading : {Fading::kNone, Fading::kRayleigh}) {
        for (const uint32_t coherence : {0U, 1U, 3U, UINT32_MAX}) {
          ChannelSettings settings = noisy(modulation, snr);
          settings.fading = fading;
          settings.coherence = coherence;
          settings.unequal_protection = true;
          settings.protection_gain = 30;
          Channel channel;
          for (const size_t size : {0U, 1U, 2U, 1500U}) {
            const Received received = send(channel, settings, noise_bytes(size), size / 2, size == 2);
            EXPECT_FALSE(received.lost);
            if (modulation == Modulation::kNone || snr == 100) {
              EXPECT_EQ(received.bytes, noise_bytes(size));
            }
          }
          EXPECT_EQ(channel.stats().bytes_in, 1503U);
          EXPECT_EQ(channel.stats().bytes_out, 1503U);
          EXPECT_EQ(channel.stats().bytes_sent, 1501 + 2000U);
          if (modulation != Modulation::kNone && snr == -100) {
            expect_binomial(channel.stats().bit_errors, channel.stats().bits, 0.5, 2);
          }
        }
      }
    }
  }
}

TEST(Channel, UnequalProtectionRaisesTheSnr) {
  ChannelSettings settings = noisy(Modulation::kQpsk, 4);
  settings.unequal_protection = true;
  expect_formula(settings, 400, 1, true);
  expect_formula(settings, 400, 1, false);
  EXPECT_NEAR(repetitions(settings), 1.995, 1e-3);
  // The same as that much more SNR for everybody: the very same bits.
  ChannelSettings louder = noisy(Modulation::kQpsk, 4 + settings.protection_gain);
  const auto protected_ones = send_all(settings, 20, kSize, true);
  const auto louder_ones = send_all(louder, 20);
  for (size_t i = 0; i < 20; ++i) EXPECT_EQ(protected_ones[i].bytes, louder_ones[i].bytes);
  settings.unequal_protection = false;
  EXPECT_EQ(repetitions(settings), 1);
  expect_formula(settings, 400, 1, true);
}

TEST(Channel, UnequalProtectionAgainstLoss) {
  ChannelSettings settings;
  settings.loss.loss = 0.3;
  settings.unequal_protection = true;
  settings.protection_gain = 10 * std::log10(2);
  uint64_t lost = 0;
  for (const Received& received : send_all(settings, 20000, 1, true)) lost += received.lost ? 1 : 0;
  expect_binomial(lost, 20000, 0.09);
  lost = 0;
  for (const Received& received : send_all(settings, 20000, 1)) lost += received.lost ? 1 : 0;
  expect_binomial(lost, 20000, 0.3);
}

TEST(Channel, UnequalProtectionCostsItsRate) {
  ChannelSettings settings = noisy(Modulation::kBpsk, 100);
  settings.unequal_protection = true;
  settings.protection_gain = 10 * std::log10(1.5);
  Channel channel;
  for (int i = 0; i < 100; ++i) send(channel, settings, noise_bytes(kSize), 0, i % 4 == 0);
  EXPECT_EQ(channel.stats().important, 25U);
  EXPECT_EQ(channel.stats().bytes_in, 100 * kSize);
  EXPECT_EQ(channel.stats().bytes_sent, 75 * kSize + 25 * kSize * 3 / 2);
}

TEST(Channel, DropPatternNamesPackets) {
  ChannelSettings settings;
  settings.drop_pattern = std::make_shared<DropPattern>("2-4,8");
  const auto received = send_all(settings, 10);
  for (size_t i = 0; i < 10; ++i) EXPECT_EQ(received[i].lost, (i >= 2 && i <= 4) || i == 8);
}

TEST(Channel, CountsEveryPacketOnce) {
  ChannelSettings settings = noisy(Modulation::kBpsk, 7.5, ErrorAction::kDrop);
  settings.loss.loss = 0.2;
  Channel channel;
  uint64_t lost = 0;
  for (int i = 0; i < 1000; ++i) lost += send(channel, settings, noise_bytes(kSize)).lost ? 1 : 0;
  const ChannelStats& stats = channel.stats();
  EXPECT_EQ(stats.packets, 1000U);
  EXPECT_EQ(stats.lost, lost);
  EXPECT_EQ(stats.bytes_in, 1000 * kSize);
  EXPECT_EQ(stats.bytes_out, (1000 - lost) * kSize);
  EXPECT_GT(stats.damaged, 0U);
  // Lost by the loss model, and so never on the air, or lost by errors.
  EXPECT_EQ(stats.bits, 8 * kSize * (1000 - lost + stats.damaged));
  EXPECT_GE(stats.bit_errors, stats.damaged);
}

}  // namespace
}  // namespace crlsc::test
