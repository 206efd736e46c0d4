// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/price_search.h"

#include <gtest/gtest.h>

namespace crlsc {
namespace {

// What fits what was chosen for a price: low prices ask for much, which only high ones pay for.
double fitted_for(double proposed, double right) { return right * right / proposed; }

TEST(PriceSearch, ComesNearThePriceThatFits) {
  for (const double right : {3.0, 200.0, 9000.0}) {
    for (const double guess : {1.0, 150.0, 20000.0}) {
      PriceSearch search;
      double price = guess;
      for (int round = 0; round < 9; ++round) price = search.next(price, fitted_for(price, right));
      EXPECT_NEAR(price / right, 1, 0.2) << right << " from " << guess;
    }
  }
}

TEST(PriceSearch, StaysBetweenWhatWasTooLowAndWhatWasTooHigh) {
  PriceSearch search;
  search.next(100, 1000);
  search.next(400, 20);
  for (int round = 0; round < 5; ++round) {
    const double price = search.next(200, round % 2 == 0 ? 1e6 : 0);
    EXPECT_GE(price, 100);
    EXPECT_LE(price, 400);
  }
}

TEST(PriceSearch, TakesNoStepThatIsTooLong) {
  EXPECT_LE(PriceSearch().next(100, 1e9), 400);
  EXPECT_GE(PriceSearch().next(100, 0), 25);
}

}  // namespace
}  // namespace crlsc
