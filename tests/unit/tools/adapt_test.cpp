// SPDX-License-Identifier: LGPL-2.1-or-later
// What `crlsc adapt` reckons with: rates at equal quality, and tables between a model's and a camera's.
#include <cmath>

#include "adapt/tables.h"
#include "eval/rate_curve.h"
#include "unit/model/model_testing.h"

namespace crlsc::tools {
namespace {

const RateCurve kBefore{{5, 30}, {10, 33}, {20, 35}};

RateCurve changed(double rate, double quality) {
  RateCurve out = kBefore;
  for (RatePoint& p : out) p = {p.rate * rate, p.quality + quality};
  return out;
}

TEST(RateCurve, OfEqualCurvesNothingChanges) {
  EXPECT_NEAR(*rate_change(kBefore, kBefore), 0, 1e-12);
  EXPECT_NEAR(*quality_change(kBefore, kBefore), 0, 1e-12);
}

TEST(RateCurve, BitsThatAreSavedEverywhere) {
  EXPECT_NEAR(*rate_change(kBefore, changed(0.8, 0)), -0.2, 1e-9);
  EXPECT_NEAR(*rate_change(changed(0.8, 0), kBefore), 0.25, 1e-9);
}

TEST(RateCurve, DecibelsThatAreWonEverywhere) {
  EXPECT_NEAR(*quality_change(kBefore, changed(1, 0.7)), 0.7, 1e-9);
  EXPECT_NEAR(*quality_change(kBefore, changed(1, -0.7)), -0.7, 1e-9);
}

// One decibel is a third of an octave here, and three decibels are an octave.
TEST(RateCurve, RateAndQualityAreTradedAlongTheCurve) {
  const RateCurve straight{{4, 30}, {8, 33}, {16, 36}};
  const RateCurve better{{4, 31}, {8, 34}, {16, 37}};
  EXPECT_NEAR(*rate_change(straight, better), std::pow(2, -1.0 / 3) - 1, 1e-9);
}

TEST(RateCurve, PointsComeInAnyOrder) {
  const RateCurve turned{kBefore[2], kBefore[0], kBefore[1]};
  EXPECT_NEAR(*rate_change(turned, changed(0.8, 0)), -0.2, 1e-9);
  EXPECT_NEAR(*quality_change(turned, changed(1, 0.7)), 0.7, 1e-9);
}

TEST(RateCurve, NothingIsSaidOfWhatTheyDoNotShare) {
  EXPECT_FALSE(rate_change(kBefore, changed(1, 100)));
  EXPECT_FALSE(quality_change(kBefore, changed(100, 0)));
  EXPECT_FALSE(rate_change(kBefore, {{5, 30}}));
  EXPECT_FALSE(rate_change({}, kBefore));
  EXPECT_FALSE(quality_change({{5, 30}, {5, 31}}, kBefore));
}

TEST(RateCurve, SimilarityInDecibels) {
  EXPECT_NEAR(similarity_db(0.9), 10, 1e-9);
  EXPECT_NEAR(similarity_db(0.99), 20, 1e-9);
  EXPECT_TRUE(std::isfinite(similarity_db(1)));
}

class BlendTables : public testing::Test {
 protected:
  BlendTables() {
    const Bytes priors = {0x00, 0x10, 0x00, 0x10, 0x00, 0x10};  // 4096 three times
    save_model(folder_.file("m"), {make_tensor("priors.x", DType::kU16, {3}, priors)}, good_metadata());
  }
  TempFolder folder_;
};

TEST_F(BlendTables, ManyDecisionsPullHalfWayFromTheBase) {
  const auto blended =
      blend_tables(ModelFile(folder_.file("m")), {{"priors.x", {8192, 8192, 8192}, {0, 64, 1e9}}}, 0.5);
  ASSERT_EQ(blended.size(), 1U);
  EXPECT_EQ(blended[0].name, "priors.x");
  EXPECT_EQ(blended[0].values, (std::vector<uint16_t>{4096, 5120, 6144}));
}

TEST_F(BlendTables, AModelWithoutTheTableIsAnError) {
  const ModelFile base(folder_.file("m"));
  for (const PriorCounter::Table& table : {PriorCounter::Table{"priors.y", {1}, {1}}, {"priors.x", {1}, {1}}}) {
    const auto failure = failure_of([&] { blend_tables(base, {table}, 0.5); });
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->kind, ErrorKind::kRead);
    EXPECT_TRUE(failure->says(table.name) && failure->says("train priors")) << failure->text;
  }
}

}  // namespace
}  // namespace crlsc::tools
