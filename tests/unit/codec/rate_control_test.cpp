// SPDX-License-Identifier: LGPL-2.1-or-later
// The rate rule: after the first second no five seconds hold more than 110 % of the rate, whatever the pictures ask
// for.
#include "core/codec/rate_control.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <vector>

namespace crlsc {
namespace {

struct Sent {
  double time;
  double bits;
};

struct Source {
  double frames_per_second = 10;
  // Time to the next picture; even by default.
  std::function<double(int)> step;
  // Bits of picture n, given what it may take.
  std::function<double(int, RateControl::Budget)> demand;
  std::function<bool(int)> key = [](int) { return false; };
};

std::vector<Sent> run(RateControl& rate, const Source& source, double seconds) {
  std::vector<Sent> sent;
  double time = 0;
  double step = 0;
  for (int n = 0; time < seconds; ++n) {
    const RateControl::Budget budget = rate.next(step, 1 / source.frames_per_second, source.key(n));
    if (budget.limit > 0) {
      const double bits = std::clamp(source.demand(n, budget), 0.0, static_cast<double>(budget.limit));
      rate.spent(static_cast<int64_t>(bits));
      sent.push_back({time, static_cast<double>(static_cast<int64_t>(bits))});
    }
    step = source.step ? source.step(n) : 1 / source.frames_per_second;
    time += step;
  }
  return sent;
}

// Most bits of any 5 s that begin with a picture after the first second.
double most_in_window(const std::vector<Sent>& sent) {
  double most = 0;
  for (size_t first = 0; first < sent.size(); ++first) {
    if (sent[first].time < 1.0) continue;
    double sum = 0;
    for (size_t i = first; i < sent.size() && sent[i].time < sent[first].time + 5.0; ++i) sum += sent[i].bits;
    most = std::max(most, sum);
  }
  return most;
}

double limit_of(int, RateControl::Budget b) { return b.limit; }
double target_of(int, RateControl::Budget b) { return b.target; }

struct Pattern {
  const char* name;
  std::function<double(int, RateControl::Budget)> demand;
};

std::vector<Pattern> patterns() {
  return {
      {"AlwaysTheLimit", limit_of},
      {"AlwaysTheTarget", target_of},
      {"NothingThenTheLimit", [](int n, RateControl::Budget b) { return n % 100 < 50 ? 0.0 : b.limit; }},
      {"ALimitEachSecond", [](int n, RateControl::Budget b) { return n % 10 == 0 ? b.limit : 0.0; }},
      {"AlternatingLimitAndTarget", [](int n, RateControl::Budget b) { return n % 2 == 0 ? b.limit : b.target; }},
      {"Random",
       [random = std::mt19937(3)](int, RateControl::Budget b) mutable {
         return static_cast<double>(random() % 1000) / 999 * b.limit;
       }},
      {"SmallThenLarge", [](int n, RateControl::Budget b) { return n < 60 ? 100.0 : b.limit; }},
      {"LateBurst", [](int n, RateControl::Budget b) { return n % 64 > 55 ? b.limit : b.target / 2.0; }},
  };
}

// What moves in the pictures behind the first one has to be shown, too.
TEST(RateControl, AFirstPictureIsMadeGoodOverMany) {
  RateControl rate(20000);
  rate.spent(rate.next(0, 0.1, true).limit);
  for (int n = 1; n < 40; ++n) {
    const RateControl::Budget budget = rate.next(0.1, 0.1, false);
    EXPECT_GE(budget.target, budget.share * 3 / 10) << n;
    EXPECT_LE(budget.target, budget.share * 13 / 10) << n;
    rate.spent(budget.target);
  }
  EXPECT_LT(rate.level(), 0.25 * 20000);
}

class AnyDemand : public testing::TestWithParam<std::tuple<size_t, int, double>> {};

TEST_P(AnyDemand, StaysWithinTenPercent) {
  const auto& [pattern, bitrate, frames_per_second] = GetParam();
  RateControl rate(bitrate);
  Source source;
  source.frames_per_second = frames_per_second;
  source.demand = patterns()[pattern].demand;
  EXPECT_LE(most_in_window(run(rate, source, 40)), 1.1 * 5 * bitrate);
}

INSTANTIATE_TEST_SUITE_P(RateControl, AnyDemand,
                         testing::Combine(testing::Range(size_t{0}, patterns().size()),
                                          testing::Values(2000, 10000, 20000, 50000, 100000),
                                          testing::Values(5.0, 10.0, 30.0)),
                         [](const auto& param) {
                           return std::string(patterns()[std::get<0>(param.param)].name) + "_" +
                                  std::to_string(std::get<1>(param.param)) + "_" +
                                  std::to_string(static_cast<int>(std::get<2>(param.param)));
                         });

TEST(RateControl, KeyPicturesFitAtTheLowestRates) {
  RateControl rate(1000);
  const int first = rate.next(0, 0.1, true).reserve;
  EXPECT_GE(first, 1500) << "headers of a stream with a known scene, and a coarse picture";
  EXPECT_LE(first, 2000);
  rate.spent(first);
  EXPECT_EQ(rate.next(0.1, 0.1, true).reserve, 0) << "not one after the other";
  EXPECT_EQ(rate.next(2, 0.1, true).reserve, 0) << "or there would be room for nothing else";
  EXPECT_EQ(rate.next(3, 0.1, false).reserve, 0) << "others go without such room";
  EXPECT_EQ(rate.next(0.1, 0.1, true).reserve, first);
}

TEST(RateControl, TheFirstPictureTakesAtMostOneSecond) {
  for (const int bitrate : {1000, 20000, 10000000}) {
    RateControl rate(bitrate);
    const RateControl::Budget budget = rate.next(0, 0.1, true);
    EXPECT_LE(budget.limit, bitrate);
    EXPECT_GE(budget.limit, bitrate / 4) << "a first picture needs room";
    EXPECT_LE(budget.target, budget.limit);
    RateControl busy(bitrate);
    EXPECT_EQ(busy.next(0, 0.1, true, bitrate / 5).limit, budget.limit) << "what goes beside it is paid later";
    EXPECT_LE(RateControl(bitrate).next(0, 0.1, true, bitrate / 2).limit, bitrate / 2);
  }
}

TEST(RateControl, KeyPicturesAtWill) {
  RateControl rate(20000);
  Source source;
  source.demand = limit_of;
  source.key = [](int n) { return n % 7 == 0; };
  EXPECT_LE(most_in_window(run(rate, source, 40)), 1.1 * 5 * 20000);
}

TEST(RateControl, VariableFrameTimes) {
  for (uint32_t seed = 0; seed < 8; ++seed) {
    std::mt19937 random(seed);
    RateControl rate(20000);
    Source source;
    source.demand = limit_of;
    source.step = [&random](int) {
      return random() % 20 == 0 ? 2.5 : 0.01 + static_cast<double>(random() % 300) / 1000;
    };
    EXPECT_LE(most_in_window(run(rate, source, 60)), 1.1 * 5 * 20000) << seed;
  }
}

TEST(RateControl, ABusySourceUsesTheRate) {
  for (const int bitrate : {10000, 50000}) {
    for (const auto& demand : {target_of, limit_of}) {
      RateControl rate(bitrate);
      Source source;
      source.demand = demand;
      double sum = 0;
      for (const Sent& s : run(rate, source, 40)) sum += s.bits;
      EXPECT_GT(sum / 40, 0.95 * bitrate);
      EXPECT_LT(sum / 40, 1.05 * bitrate);
    }
  }
}

TEST(RateControl, TheTargetSettlesAtThePicturesShare) {
  RateControl rate(20000);
  Source source;
  source.demand = target_of;
  const std::vector<Sent> sent = run(rate, source, 20);
  for (size_t i = sent.size() - 30; i < sent.size(); ++i) EXPECT_NEAR(sent[i].bits, 2000, 100);
}

TEST(RateControl, DrainsWhileNothingIsSent) {
  RateControl rate(20000);
  rate.next(0, 0.1, true);
  rate.spent(15000);
  const double full = rate.level();
  rate.next(0.25, 0.1, false);
  EXPECT_NEAR(rate.level(), full - 5000, 1e-6);
  rate.next(100, 0.1, false);
  EXPECT_EQ(rate.level(), 0);
}

TEST(RateControl, TheSameRateAgainForgivesNothing) {
  RateControl rate(1000);
  rate.spent(rate.next(0, 0.1, true).reserve);
  double sum = 0;
  for (int n = 1; n < 200; ++n) {
    rate.set_rate(1000);
    const RateControl::Budget b = rate.next(0.1, 0.1, false);
    if (b.limit <= 0) continue;
    rate.spent(b.limit);
    sum += b.limit;
  }
  EXPECT_LE(sum, 1000 * 20);
}

TEST(RateControl, ALoweredRateHoldsAtOnce) {
  RateControl rate(100000);
  Source source;
  source.demand = limit_of;
  run(rate, source, 10);
  rate.set_rate(10000);
  // The bucket was filled at the old rate; the window starts a second after the change.
  double time = 0;
  std::vector<Sent> sent;
  for (int n = 0; n < 300; ++n, time += 0.1) {
    const RateControl::Budget b = rate.next(0.1, 0.1, false);
    if (b.limit <= 0) continue;
    rate.spent(b.limit);
    sent.push_back({time, static_cast<double>(b.limit)});
  }
  EXPECT_LE(most_in_window(sent), 1.1 * 5 * 10000);
}

TEST(RateControl, ALoweredRateDoesNotStopTheStream) {
  RateControl rate(100000);
  Source source;
  source.demand = limit_of;
  run(rate, source, 10);
  rate.set_rate(10000);
  int dropped = 0;
  for (int n = 0; n < 10; ++n) {
    const RateControl::Budget b = rate.next(0.1, 0.1, false);
    dropped += b.limit <= 0 ? 1 : 0;
    rate.spent(std::max(b.target, 0));
  }
  EXPECT_LE(dropped, 1);
}

TEST(RateControl, ARaisedRateIsUsedSoon) {
  RateControl rate(10000);
  Source source;
  source.demand = target_of;
  run(rate, source, 10);
  rate.set_rate(100000);
  double sum = 0;
  for (int n = 0; n < 20; ++n) {
    const RateControl::Budget b = rate.next(0.1, 0.1, false);
    rate.spent(b.target);
    sum += b.target;
  }
  EXPECT_GT(sum, 0.9 * 2 * 100000);
}

TEST(RateControl, ChangingRatesStayWithinTheHighestOfTheWindow) {
  std::mt19937 random(11);
  RateControl rate(20000);
  std::vector<Sent> sent;
  std::vector<std::pair<double, int>> rates{{0.0, 20000}};
  double time = 0;
  for (int n = 0; n < 600; ++n, time += 0.1) {
    if (n % 37 == 36) {
      rates.emplace_back(time, 10000 + static_cast<int>(random() % 9) * 10000);
      rate.set_rate(rates.back().second);
    }
    const RateControl::Budget b = rate.next(n == 0 ? 0 : 0.1, 0.1, n == 0);
    if (b.limit <= 0) continue;
    rate.spent(b.limit);
    sent.push_back({time, static_cast<double>(b.limit)});
  }
  for (size_t first = 0; first < sent.size(); ++first) {
    if (sent[first].time < 1.0) continue;
    double sum = 0;
    for (size_t i = first; i < sent.size() && sent[i].time < sent[first].time + 5.0; ++i) sum += sent[i].bits;
    int highest = 0;
    for (size_t i = 0; i < rates.size(); ++i) {
      const bool ended = i + 1 < rates.size() && rates[i + 1].first < sent[first].time;
      if (!ended && rates[i].first < sent[first].time + 5.0) highest = std::max(highest, rates[i].second);
    }
    ASSERT_LE(sum, 1.1 * 5 * highest) << "from " << sent[first].time;
  }
}

TEST(RateControl, PicturesAtTheSameTimeAreNotFree) {
  RateControl rate(10000);
  rate.next(0, 0.1, true);
  rate.spent(5000);
  double sum = 0;
  for (int n = 0; n < 1000; ++n) {
    const RateControl::Budget b = rate.next(0, 0.1, false);
    if (b.limit <= 0) continue;
    rate.spent(b.limit);
    sum += b.limit;
  }
  EXPECT_LE(sum, 10000) << "a thousand pictures without time in between share one bucket";
}

// Units of 52 bytes beside pictures that take all they may.
TEST(RateControl, WhatIsSentBesideStarvesNoPicture) {
  constexpr int kBeside = 52 * 8;
  for (const int bitrate : {1000, 2000, 4000, 10000, 100000}) {
    for (const double step : {0.1, 0.5, 1.0, 2.0}) {
      if (0.75 * bitrate * step < 160) continue;  // no picture fits
      for (const auto& demand : {target_of, limit_of}) {
        RateControl rate(bitrate);
        std::vector<Sent> sent;
        double owed = 0;
        double time = 0;
        for (int n = 0; n < 400; ++n, time += step) {
          // A quarter of the rate.
          owed += 0.25 * bitrate * step;
          const int beside = n > 0 && owed >= kBeside ? static_cast<int>(owed / kBeside) * kBeside : 0;
          owed -= beside;
          const RateControl::Budget b = rate.next(n == 0 ? 0 : step, step, n == 0, beside);
          const double mean = std::min(0.4, step) * bitrate;
          const bool fed = time <= 1 || b.limit >= std::min(0.3 * mean, 160.0);
          ASSERT_TRUE(fed) << b.limit << " bits at " << bitrate << " bit/s, every " << step << " s";
          const int bits = b.limit > 0 ? static_cast<int>(demand(n, b)) : 0;
          rate.spent(bits);
          sent.push_back({time, static_cast<double>(bits + beside)});
        }
        EXPECT_LE(most_in_window(sent), 1.1 * 5 * bitrate) << bitrate << " bit/s, every " << step << " s";
      }
    }
  }
}

TEST(RateControl, WhatIsSentBesideIsPaidEvenly) {
  RateControl rate(10000);
  Source source;
  source.demand = target_of;
  run(rate, source, 20);
  double sum = 0;
  for (int n = 0; n < 40; ++n) {
    const RateControl::Budget b = rate.next(0.1, 0.1, false, n == 0 ? 2000 : 0);
    EXPECT_GE(b.target, 750) << n;
    rate.spent(b.target);
    sum += b.target;
  }
  EXPECT_NEAR(sum + 2000, 40000, 400);
}

TEST(RateControl, TheTargetNeverExceedsTheLimit) {
  std::mt19937 random(12);
  RateControl rate(5000);
  for (int n = 0; n < 2000; ++n) {
    const RateControl::Budget b = rate.next(static_cast<double>(random() % 400) / 1000, 0.1, random() % 9 == 0);
    if (b.limit <= 0) continue;
    ASSERT_LE(b.target, b.limit);
    ASSERT_GE(b.target, 0);
    rate.spent(static_cast<int64_t>(random() % static_cast<uint32_t>(b.limit + 1)));
  }
}

}  // namespace
}  // namespace crlsc
