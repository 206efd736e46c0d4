// SPDX-License-Identifier: LGPL-2.1-or-later
// How the encoder cuts pictures into units: layers, slices, sizes.
#include <numeric>

#include "core/codec/encoder.h"
#include "core/codec/token_unit.h"
#include "unit/codec/codec_testing.h"
#include "unit/model/model_testing.h"

namespace crlsc {
namespace {

int highest_layer(const EncodedPicture& coded) {
  int highest = -1;
  for (const UnitView& unit : parse_access_unit(coded.bytes).units) highest = std::max(highest, unit.header.layer);
  return highest;
}

TEST(EncoderUnits, SmallLayersShareAUnit) {
  const Clip clip;
  for (const size_t size : {0, 2000}) {
    EncoderConfig config = config_for(clip, 20000);
    config.min_unit_size = size;
    Decoder decoder(test_model(), Encoder(test_model(), config).sequence_header());
    int pictures_of_layers = 0;
    encode_clip(clip, config, 12, [&](int, const EncodedPicture& coded, const Encoder& encoder) {
      const AccessUnitView view = parse_access_unit(coded.bytes);
      for (const UnitView& unit : view.units) {
        if (unit.header.type != UnitType::kToken) continue;
        if (unit.header.layer > 0) ++pictures_of_layers;
        EXPECT_TRUE(!unit.header.joined || unit.payload.size() <= size + kMaxTokenUnitHeader);
        EXPECT_FALSE(unit.header.joined && size == 0);
      }
      if (coded.bytes.empty()) return;
      decoder.decode(coded.bytes);
      EXPECT_TRUE(samples(decoder.picture()) == samples(encoder.reconstruction()));
    });
    EXPECT_EQ(pictures_of_layers > 0, size == 0) << "at 20 kbit/s, the largest picture has 1750 bytes";
  }
}

TEST(EncoderUnits, LayersAreLimited) {
  const Clip clip{Clip::Kind::kNoise, 96, 96};
  for (int layers = 1; layers <= 3; ++layers) {
    EncoderConfig config = config_for(clip, 100000);
    config.layers = layers;
    int highest = 0;
    encode_clip(clip, config, 6, [&](int, const EncodedPicture& coded, const Encoder&) {
      highest = std::max(highest, highest_layer(coded));
      EXPECT_EQ(coded.layer_bytes.size(), static_cast<size_t>(layers));
    });
    EXPECT_EQ(highest, layers - 1);
  }
}

TEST(EncoderUnits, LayersChangeWhileRunning) {
  const Clip clip{Clip::Kind::kNoise, 96, 96};
  Encoder encoder(test_model(), config_for(clip, 100000));
  Decoder decoder(test_model(), encoder.sequence_header());
  for (int n = 0; n < 12; ++n) {
    encoder.set_layers(n < 4 ? 3 : n < 8 ? 1 : 2);
    const EncodedPicture coded = encoder.encode(clip.picture(n).view(), 0.1, false);
    EXPECT_LE(highest_layer(coded), n < 4 ? 2 : n < 8 ? 0 : 1) << n;
    EXPECT_FALSE(decoder.decode(coded.bytes).corrupted);
    ASSERT_TRUE(samples(decoder.picture()) == samples(encoder.reconstruction())) << n;
  }
}

TEST(EncoderUnits, LayerBytesAddUp) {
  const Clip clip;
  encode_clip(clip, config_for(clip, 40000), 10, [](int, const EncodedPicture& coded, const Encoder&) {
    size_t header = 0;
    std::vector<size_t> by_layer(coded.layer_bytes.size());
    for (const UnitView& unit : parse_access_unit(coded.bytes).units) {
      if (unit.header.type == UnitType::kSequenceHeader) {
        header += unit.bytes.size();
      } else {
        by_layer.at(static_cast<size_t>(unit.header.layer)) += unit.bytes.size();
      }
    }
    EXPECT_EQ(by_layer, coded.layer_bytes);
    EXPECT_EQ(std::accumulate(by_layer.begin(), by_layer.end(), header), coded.bytes.size());
  });
}

TEST(EncoderUnits, UnitsKeepToTheWantedSize) {
  const Clip clip{Clip::Kind::kNoise, 160, 160};
  for (const size_t target : {200U, 500U}) {
    EncoderConfig config = config_for(clip, 100000);
    config.target_unit_size = target;
    size_t most_units = 0;
    encode_clip(clip, config, 8, [&](int, const EncodedPicture& coded, const Encoder& encoder) {
      const AccessUnitView view = parse_access_unit(coded.bytes);
      most_units = std::max(most_units, view.units.size());
      for (const UnitView& unit : view.units) {
        const auto token = parse_token_unit(unit, encoder.tokens().rows());
        const bool least = token && unit.header.layer == 0 && token->slice.rows == 1;  // cannot be cut any further
        EXPECT_TRUE(unit.bytes.size() <= target || least || unit.header.layer > 0) << unit.bytes.size();
      }
    });
    EXPECT_GT(most_units, 6U) << target;
  }
}

TEST(EncoderUnits, LargeUnitSizesNeedOneSlice) {
  const Clip clip{Clip::Kind::kNoise, 160, 160};
  EncoderConfig config = config_for(clip, 100000);
  config.target_unit_size = 60000;
  encode_clip(clip, config, 4, [](int, const EncodedPicture& coded, const Encoder&) {
    for (const UnitView& unit : parse_access_unit(coded.bytes).units) {
      EXPECT_TRUE(unit.header.whole || unit.header.type != UnitType::kToken);
    }
  });
}

TEST(EncoderUnits, ManySlicesDecodeToTheSame) {
  const Clip clip{Clip::Kind::kBlock, 96, 208};
  EncoderConfig config = config_for(clip, 60000);
  config.target_unit_size = 60;
  std::unique_ptr<Decoder> decoder;
  encode_clip(clip, config, 10, [&](int, const EncodedPicture& coded, const Encoder& encoder) {
    if (!decoder) decoder = std::make_unique<Decoder>(test_model(), encoder.sequence_header());
    decoder->decode(coded.bytes);
    ASSERT_TRUE(samples(decoder->picture()) == samples(encoder.reconstruction()));
  });
}

TEST(EncoderUnits, UnitsComeByLayerThenBySlice) {
  const Clip clip{Clip::Kind::kNoise, 96, 96};
  EncoderConfig config = config_for(clip, 100000);
  config.target_unit_size = 150;
  encode_clip(clip, config, 5, [](int, const EncodedPicture& coded, const Encoder& encoder) {
    std::pair<int, int> last{-1, -1};
    for (const UnitView& unit : parse_access_unit(coded.bytes).units) {
      if (unit.header.type != UnitType::kToken) continue;
      const auto token = parse_token_unit(unit, encoder.tokens().rows());
      const std::pair<int, int> now{token->layer, token->slice.first_row};
      EXPECT_LT(last, now);
      last = now;
    }
  });
}

// All stages in one layer: at this rate a whole picture of it exceeds what a unit can hold.
TEST(EncoderUnits, UnitsThatWouldBeTooLargeAreCut) {
  const TempFolder folder;
  const ModelFile& file = test_model()->file;
  Metadata metadata = file.metadata();
  metadata["stage_layer"] = "1,1,1,1";
  metadata["detail_codes"] = "64,64,64,64";
  std::vector<TensorView> tensors = file.tensors();
  tensors.push_back(*file.find("detail.1.table"));
  tensors.back().name = "detail.3.table";
  save_model(folder.file("m"), tensors, metadata);
  const auto model = acquire_model(folder.file("m"), 1);
  const Clip clip{Clip::Kind::kNoise, 1920, 1088};
  EncoderConfig config = config_for(clip, 10000000);
  config.target_unit_size = 1000000;
  Encoder encoder(model, config);
  const EncodedPicture coded = encoder.encode(clip.picture(0).view(), 0, false);
  ASSERT_GT(coded.layer_bytes.at(1), kMaxUnitPayload);
  Decoder decoder(model, encoder.sequence_header());
  EXPECT_FALSE(decoder.decode(coded.bytes).corrupted);
  EXPECT_TRUE(samples(decoder.picture()) == samples(encoder.reconstruction()));
}

}  // namespace
}  // namespace crlsc
