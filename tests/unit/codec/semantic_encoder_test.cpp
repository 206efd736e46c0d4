// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/semantic_encoder.h"

#include "core/bitstream/semantic_unit.h"
#include "unit/codec/codec_testing.h"

namespace crlsc {
namespace {

constexpr double kFrame = 0.1;  // seconds

// Says how bright the picture is.
class Brightness : public Embedder {
 public:
  explicit Brightness(int dimension = 2) : dimension_(dimension) {}
  int dimension() const override { return dimension_; }
  void embed(const PictureView& picture, float* out) override {
    const bool bright = picture.planes[0].data[0] > 128;
    out[0] = bright ? 1.0F : 0.0F;
    out[1] = bright ? 0.0F : 1.0F;
  }

 private:
  int dimension_;
};

std::shared_ptr<const ProductQuantiser> quantiser(CodeShape shape = {2, 1, 1}) {
  QuantiserParameters parameters;
  parameters.shape = shape;
  parameters.centroids = {1, 0, 0, 1};
  parameters.centroids.resize(static_cast<size_t>(shape.dimension) << shape.bits);
  return std::make_shared<const ProductQuantiser>(parameters);
}

const Picture kDark(64, 48, 40);
const Picture kBright(64, 48, 200);

struct Said {
  int frame;
  bool scene_change;
  int code;
};

// What is said of pictures of this brightness: d or b.
std::vector<Said> run(SemanticEncoder& encoder, const std::string& pictures, double interval,
                      const std::vector<int>& keys = {}) {
  std::vector<Said> said;
  for (size_t i = 0; i < pictures.size(); ++i) {
    const bool key = std::count(keys.begin(), keys.end(), static_cast<int>(i)) > 0;
    const Picture& picture = pictures[i] == 'd' ? kDark : kBright;
    const Bytes bytes = encoder.next(picture.view(), kFrame, interval, key);
    if (bytes.empty()) continue;
    EXPECT_EQ(parse_access_unit(bytes).units.at(0).header.key, key);
    const auto unit = find_semantic_unit(bytes);
    if (unit) said.push_back({static_cast<int>(i), unit->scene_change, unit->code[0]});
  }
  return said;
}

std::vector<int> frames(const std::vector<Said>& said) {
  std::vector<int> out;
  for (const Said& one : said) out.push_back(one.frame);
  return out;
}

std::string repeated(const std::string& text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

TEST(SemanticEncoder, SpeaksAtTheStartAndEveryInterval) {
  SemanticEncoder encoder(std::make_unique<Brightness>(), quantiser());
  const std::vector<Said> said = run(encoder, repeated("d", 25), 1.0);
  EXPECT_EQ(frames(said), (std::vector<int>{0, 10, 20}));
  EXPECT_TRUE(said[0].scene_change);
  EXPECT_FALSE(said[1].scene_change);
  EXPECT_EQ(said[0].code, 1);
}

TEST(SemanticEncoder, SpeaksOnAChangeOfScene) {
  SemanticEncoder encoder(std::make_unique<Brightness>(), quantiser());
  const std::vector<Said> said = run(encoder, repeated("d", 5) + repeated("b", 20), 1.0);
  EXPECT_EQ(frames(said), (std::vector<int>{0, 5, 15}));
  EXPECT_TRUE(said[1].scene_change);
  EXPECT_EQ(said[1].code, 0);
  EXPECT_FALSE(said[2].scene_change);
}

TEST(SemanticEncoder, WaitsAQuarterOfTheInterval) {
  SemanticEncoder encoder(std::make_unique<Brightness>(), quantiser());
  const std::vector<Said> said = run(encoder, "dbbbbbbbbb", 2.0);
  EXPECT_EQ(frames(said), (std::vector<int>{0, 5}));
  EXPECT_TRUE(said[1].scene_change);
}

TEST(SemanticEncoder, SpeaksWithKeyPictures) {
  SemanticEncoder encoder(std::make_unique<Brightness>(), quantiser());
  EXPECT_EQ(frames(run(encoder, repeated("d", 8), 60.0, {3, 4})), (std::vector<int>{0, 3, 4}));
}

TEST(SemanticEncoder, SaysNothingWithoutAnInterval) {
  SemanticEncoder encoder(std::make_unique<Brightness>(), quantiser());
  EXPECT_TRUE(run(encoder, "dbdb", 0.0, {2}).empty());
}

TEST(SemanticEncoder, StartsAnewAfterAReset) {
  SemanticEncoder encoder(std::make_unique<Brightness>(), quantiser());
  run(encoder, "dd", 60.0);
  encoder.reset();
  EXPECT_EQ(frames(run(encoder, "dd", 60.0)), std::vector<int>{0});
}

TEST(SemanticEncoder, RefusesWhatDoesNotFit) {
  EXPECT_THROW(SemanticEncoder(std::make_unique<Brightness>(3), quantiser()), Error);
  // 40 bytes a code.
  EXPECT_THROW(SemanticEncoder(std::make_unique<Brightness>(40), quantiser({40, 40, 8})), Error);
}

TEST(SceneChange, MotionAndNoiseAreNone) {
  const Clip moving{Clip::Kind::kPan};
  SceneChange scene;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(scene.next(moving.picture(i).view()), i == 0) << i;
  const Clip noise{Clip::Kind::kNoise};
  SceneChange other;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(other.next(noise.picture(i).view()), i == 0) << i;
}

TEST(SceneChange, AnySizeIsLookedAt) {
  for (const auto& [width, height] : {std::pair(1, 1), std::pair(16, 16), std::pair(1920, 16), std::pair(17, 1088)}) {
    SceneChange scene;
    EXPECT_TRUE(scene.next(Picture(width, height, 10).view()));
    EXPECT_FALSE(scene.next(Picture(width, height, 12).view()));
  }
}

std::vector<UnitType> types(const Bytes& access_unit) {
  std::vector<UnitType> out;
  for (const UnitView& unit : parse_access_unit(access_unit).units) out.push_back(unit.header.type);
  return out;
}

Bytes some_unit() {
  Bytes unit;
  append_semantic_unit(unit, {false, Bytes(32, 5)}, false);
  return unit;
}

TEST(EncoderBeside, GoesBetweenHeaderAndTokens) {
  const Clip clip{Clip::Kind::kBlock};
  Encoder encoder(test_model(), config_for(clip, 50000));
  const auto first = types(encoder.encode(clip.picture(0).view(), 0, false, some_unit()).bytes);
  ASSERT_GE(first.size(), 3U);
  EXPECT_EQ(first[0], UnitType::kSequenceHeader);
  EXPECT_EQ(first[1], UnitType::kSemantic);
  EXPECT_EQ(first[2], UnitType::kToken);
  EXPECT_EQ(types(encoder.encode(clip.picture(1).view(), kFrame, false, some_unit()).bytes)[0], UnitType::kSemantic);
}

TEST(EncoderBeside, IsSentEvenIfThePictureIsNot) {
  const Clip clip{Clip::Kind::kNoise};
  Encoder encoder(test_model(), config_for(clip, 1500));
  int alone = 0;
  for (int i = 0; i < 40; ++i) {
    const EncodedPicture coded = encoder.encode(clip.picture(i).view(), kFrame, false, some_unit());
    const auto all = types(coded.bytes);
    EXPECT_EQ(std::count(all.begin(), all.end(), UnitType::kSemantic), 1);
    alone += all.size() == 1 ? 1 : 0;
  }
  EXPECT_GT(alone, 0);
}

TEST(EncoderBeside, CountsInTheBitRate) {
  constexpr int kRate = 12000;
  const Clip clip{Clip::Kind::kNoise};
  Encoder encoder(test_model(), config_for(clip, kRate));
  std::vector<int64_t> bits;
  for (int i = 0; i < 100; ++i) {
    const Bytes beside = i % 3 == 0 ? some_unit() : Bytes();
    bits.push_back(
        static_cast<int64_t>(encoder.encode(clip.picture(i).view(), i == 0 ? 0 : kFrame, false, beside).bytes.size()) *
        8);
  }
  EXPECT_LE(worst_window(bits, 10, kRate), 1.1);
}

TEST(EncoderBeside, AloneItHasAHeaderOnlyInKeyPicturesAndKeepsTheRate) {
  const Clip clip{Clip::Kind::kStill};
  Encoder encoder(test_model(), config_for(clip, 1000));
  EXPECT_EQ(types(encoder.encode_beside(some_unit(), 0, true).bytes),
            (std::vector<UnitType>{UnitType::kSequenceHeader, UnitType::kSemantic}));
  size_t bytes = 0;
  for (int i = 0; i < 100; ++i) {
    const EncodedPicture coded = encoder.encode_beside(some_unit(), kFrame, false);
    EXPECT_FALSE(coded.key);
    bytes += coded.bytes.size();
  }
  EXPECT_GT(bytes * 8, 5000U);
  EXPECT_LE(bytes * 8, 11000U);
}

}  // namespace
}  // namespace crlsc
