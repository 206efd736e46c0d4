// SPDX-License-Identifier: LGPL-2.1-or-later
// The decoder on whole, partial, broken and foreign access units.
#include "core/codec/decoder.h"

#include <algorithm>
#include <random>

#include "core/bitstream/crc.h"
#include "core/codec/token_unit.h"
#include "unit/codec/codec_testing.h"

namespace crlsc {
namespace {

// A stream of some pictures, cut into several slices.
struct Stream {
  TestModel model;
  Clip clip;
  SequenceHeader header;
  std::vector<Bytes> access_units;
  std::vector<Bytes> shown;  // by the encoder
};

Stream make_stream(const Clip& clip, int bitrate, size_t unit_size, int pictures,
                   const TestModel& model = test_model()) {
  Stream stream{model, clip, {}, {}, {}};
  EncoderConfig config = config_for(clip, bitrate);
  config.target_unit_size = unit_size;
  const auto add = [&stream](int, const EncodedPicture& coded, const Encoder& encoder) {
    if (coded.bytes.empty()) return;
    stream.header = encoder.sequence_header();
    stream.access_units.push_back(coded.bytes);
    stream.shown.push_back(samples(encoder.reconstruction()));
  };
  encode_clip(clip, config, pictures, add, model);
  return stream;
}

const Stream& sliced_stream() {
  static const Stream kStream = make_stream({Clip::Kind::kBlock, 64, 64}, 60000, 45, 6);
  return kStream;
}

const Stream& sliced_stream_of(const std::string& model) {
  static const Stream kScalar = make_stream({Clip::Kind::kBlock, 64, 64}, 60000, 45, 6, scalar_model());
  return model == "scalar" ? kScalar : sliced_stream();
}

// What holds whatever the quantiser is.
class DecoderOf : public testing::TestWithParam<std::string> {
 protected:
  const Stream& stream = sliced_stream_of(GetParam());
};
INSTANTIATE_TEST_SUITE_P(Models, DecoderOf, testing::Values("vector", "scalar"));

// A decoder that has seen the first `count` access units.
std::unique_ptr<Decoder> decoder_after(const Stream& stream, size_t count) {
  auto decoder = std::make_unique<Decoder>(stream.model, stream.header);
  for (size_t i = 0; i < count; ++i) decoder->decode(stream.access_units[i]);
  return decoder;
}

bool is_base(const Bytes& unit) {
  const UnitHeader header = parse_access_unit(unit).units.at(0).header;
  return header.type == UnitType::kToken && header.layer == 0;
}

bool is_token(const Bytes& unit) { return parse_access_unit(unit).units.at(0).header.type == UnitType::kToken; }

TEST(Decoder, ShowsGreyBeforeAnything) {
  Decoder decoder(test_model(), sliced_stream().header);
  EXPECT_TRUE(samples(decoder.picture()) == Picture(64, 64).data());
}

TEST_P(DecoderOf, EverySubsetOfUnitsDecodes) {
  int tried = 0;
  for (size_t n = 0; n < stream.access_units.size(); ++n) {
    std::vector<Bytes> units = split_units(stream.access_units[n]);
    while (units.size() > 8) units.pop_back();
    for (unsigned chosen = 0; chosen < 1U << units.size(); ++chosen) {
      const auto owner = decoder_after(stream, n);
      Decoder& decoder = *owner;
      const Bytes before = samples(decoder.picture());
      bool base = false;
      bool missing = units.size() < split_units(stream.access_units[n]).size();
      for (size_t i = 0; i < units.size(); ++i) {
        base |= (chosen >> i & 1) != 0 && is_base(units[i]);
        missing |= (chosen >> i & 1) == 0 && is_token(units[i]);
      }
      const Bytes part = join_units(units, chosen);
      ++tried;
      if (!base) {
        ASSERT_EQ(error_of([&] { decoder.decode(part); }), ErrorKind::kCorrupt) << n << ", " << chosen;
        ASSERT_TRUE(samples(decoder.picture()) == before);
        continue;
      }
      const DecodedPicture picture = decoder.decode(part);
      ASSERT_EQ(picture.corrupted, missing) << n << ", " << chosen;
      if (!missing) {
        ASSERT_TRUE(samples(decoder.picture()) == stream.shown[n]);
      }
    }
  }
  EXPECT_GT(tried, 250);
}

TEST_P(DecoderOf, UnitsComeInAnyOrder) {
  std::mt19937 random(1);
  for (int attempt = 0; attempt < 10; ++attempt) {
    Decoder decoder(stream.model, stream.header);
    for (size_t n = 0; n < stream.access_units.size(); ++n) {
      std::vector<Bytes> units = split_units(stream.access_units[n]);
      std::shuffle(units.begin(), units.end(), random);
      EXPECT_FALSE(decoder.decode(join_units(units)).corrupted);
      ASSERT_TRUE(samples(decoder.picture()) == stream.shown[n]);
    }
  }
}

TEST_P(DecoderOf, RepeatedUnitsDoNoHarm) {
  Decoder decoder(stream.model, stream.header);
  for (size_t n = 0; n < stream.access_units.size(); ++n) {
    Bytes twice = stream.access_units[n];
    twice.insert(twice.end(), stream.access_units[n].begin(), stream.access_units[n].end());
    EXPECT_FALSE(decoder.decode(twice).corrupted);
    ASSERT_TRUE(samples(decoder.picture()) == stream.shown[n]);
  }
}

TEST_P(DecoderOf, RowsOfAMissingSliceStayAsTheyWere) {
  const auto owner = decoder_after(stream, 3);
  Decoder& decoder = *owner;
  const Bytes before = samples(decoder.picture());
  std::vector<Bytes> units = split_units(stream.access_units[3]);
  const auto missing = std::find_if(units.begin(), units.end(), is_base);
  const Slice slice = parse_token_unit(parse_access_unit(*missing).units.at(0), 4)->slice;
  units.erase(missing);
  if (std::none_of(units.begin(), units.end(), is_base)) GTEST_FAIL() << "the picture has one slice only";
  EXPECT_TRUE(decoder.decode(join_units(units)).corrupted);
  const Bytes after = samples(decoder.picture());
  for (int y = 0; y < 64; ++y) {
    const bool in_slice = y / 16 >= slice.first_row && y / 16 < slice.first_row + slice.rows;
    const Bytes& expected = in_slice ? before : stream.shown[3];
    ASSERT_TRUE(std::equal(after.begin() + y * 64, after.begin() + y * 64 + 64, expected.begin() + y * 64)) << y;
  }
}

TEST(Decoder, MoreLayersAreBetterOnAverage) {
  for (const char* kind : {"block", "pan", "cuts"}) {
    const Clip clip{kind_named(kind), 128, 96};
    std::vector<std::unique_ptr<Decoder>> decoders;
    std::vector<double> sums(3);
    encode_clip(clip, config_for(clip, 60000), 30, [&](int n, const EncodedPicture& coded, const Encoder& encoder) {
      for (int layers = 1; decoders.size() < 3; ++layers) {
        decoders.push_back(std::make_unique<Decoder>(test_model(), encoder.sequence_header()));
        decoders.back()->set_max_layers(layers);
      }
      for (size_t i = 0; i < 3; ++i) {
        if (!coded.bytes.empty()) {
          const DecodedPicture decoded = decoders[i]->decode(coded.bytes);
          EXPECT_LE(decoded.layers, static_cast<int>(i) + 1);
          EXPECT_FALSE(decoded.corrupted) << "what is not wanted is not missing";
        }
        sums[i] += psnr(clip.picture(n).view(), decoders[i]->picture());
      }
    });
    EXPECT_LT(sums[0], sums[1]) << kind;
    EXPECT_LT(sums[1], sums[2]) << kind;
  }
}

TEST(Decoder, LostDetailCostsQualityOnly) {
  const Clip clip{Clip::Kind::kBlock, 128, 96};
  const Stream stream = make_stream(clip, 60000, 60000, 30);
  Decoder all(test_model(), stream.header);
  Decoder some(test_model(), stream.header);
  double whole = 0;
  double partial = 0;
  for (size_t n = 0; n < stream.access_units.size(); ++n) {
    all.decode(stream.access_units[n]);
    std::vector<Bytes> units = split_units(stream.access_units[n]);
    if (n % 3 == 1 && !is_base(units.back())) units.pop_back();
    some.decode(join_units(units));
    const Picture original = clip.picture(static_cast<int>(n));
    whole += ssim(original.view(), all.picture());
    partial += ssim(original.view(), some.picture());
  }
  EXPECT_GT(partial, whole - 0.06 * 30);
}

TEST(Decoder, LayersAreTheWorstSlices) {
  const Stream& stream = sliced_stream();
  std::vector<Bytes> units = split_units(stream.access_units[0]);
  Decoder complete(test_model(), stream.header);
  EXPECT_EQ(complete.decode(join_units(units)).layers, 3);
  const auto layer_of = [](const Bytes& unit) { return parse_access_unit(unit).units.at(0).header.layer; };
  const auto first_detail = std::find_if(units.begin(), units.end(), [&](const Bytes& u) { return layer_of(u) == 1; });
  ASSERT_NE(first_detail, units.end());
  units.erase(first_detail);
  Decoder decoder(test_model(), stream.header);
  const DecodedPicture picture = decoder.decode(join_units(units));
  EXPECT_EQ(picture.layers, 1) << "layer 2 of that slice cannot be used without layer 1";
  EXPECT_TRUE(picture.corrupted);
}

TEST(Decoder, StillPicturesAreNotCorrupted) {
  // Their access units have no detail at all, which is no loss.
  const Clip clip{Clip::Kind::kStill, 64, 64};
  EncoderConfig config = config_for(clip, 200000);
  config.refresh_share = 0;
  std::unique_ptr<Decoder> decoder;
  encode_clip(clip, config, 25, [&](int, const EncodedPicture& coded, const Encoder& encoder) {
    if (!decoder) decoder = std::make_unique<Decoder>(test_model(), encoder.sequence_header());
    EXPECT_FALSE(decoder->decode(coded.bytes).corrupted);
  });
}

TEST(Decoder, ALostPictureIsNoticed) {
  const Clip clip;
  Encoder encoder(test_model(), config_for(clip, 40000));
  Decoder decoder(test_model(), encoder.sequence_header());
  for (int n = 0; n < 150; ++n) {
    const EncodedPicture coded = encoder.encode(clip.picture(n % 20).view(), 0.1, n == 100);
    if (coded.bytes.empty() || n == 60) continue;
    EXPECT_EQ(decoder.decode(coded.bytes).corrupted, n > 60 && n < 100) << n;
  }
}

TEST(Decoder, ConcealingKeepsThePicture) {
  const Stream& stream = sliced_stream();
  const auto owner = decoder_after(stream, 2);
  Decoder& decoder = *owner;
  decoder.conceal();
  EXPECT_TRUE(samples(decoder.picture()) == stream.shown[1]);
  EXPECT_TRUE(decoder.decode(stream.access_units[2]).corrupted);
  EXPECT_FALSE(decoder.decode(stream.access_units[0]).corrupted) << "a key picture heals";
}

TEST(Decoder, StartingInTheMiddleIsCorrupted) {
  const Stream& stream = sliced_stream();
  Decoder decoder(test_model(), stream.header);
  const DecodedPicture picture = decoder.decode(stream.access_units[2]);
  EXPECT_FALSE(picture.key);
  EXPECT_TRUE(picture.corrupted);
}

TEST(Decoder, AnIncompleteKeyPictureIsNone) {
  const Stream stream = make_stream({Clip::Kind::kBlock, 64, 64}, 60000, 50, 1);
  std::vector<Bytes> units = split_units(stream.access_units[0]);
  units.erase(std::find_if(units.begin(), units.end(), is_base));
  Decoder decoder(test_model(), stream.header);
  const DecodedPicture picture = decoder.decode(join_units(units));
  EXPECT_FALSE(picture.key);
  EXPECT_TRUE(picture.corrupted);
}

TEST(Decoder, UnitsOfAnotherPictureAreLeftAside) {
  const Stream& stream = sliced_stream();
  const auto owner = decoder_after(stream, 2);
  Decoder& decoder = *owner;
  std::vector<Bytes> units = split_units(stream.access_units[2]);
  const std::vector<Bytes> strangers = split_units(stream.access_units[4]);
  // The last slice of the base layer comes from another picture.
  const auto last = std::find_if(units.rbegin(), units.rend(), is_base);
  const auto stranger = std::find_if(strangers.rbegin(), strangers.rend(), is_base);
  *last = *stranger;
  EXPECT_TRUE(decoder.decode(join_units(units)).corrupted);
}

TEST(Decoder, NothingReadableIsAnError) {
  const auto owner = decoder_after(sliced_stream(), 1);
  Decoder& decoder = *owner;
  const Bytes before = samples(decoder.picture());
  Bytes semantic;
  append_unit(semantic, {UnitType::kSemantic, 0, false, false}, Bytes(20));
  for (const Bytes& bytes : {Bytes{}, Bytes{0}, Bytes(100, 0xFF), semantic}) {
    EXPECT_EQ(error_of([&] { decoder.decode(bytes); }), ErrorKind::kCorrupt);
    EXPECT_TRUE(samples(decoder.picture()) == before);
  }
}

TEST(Decoder, AnotherModelIsRefusedByName) {
  try {
    Decoder decoder(other_model(), sliced_stream().header);
    FAIL() << "was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kWrongType);
    const std::string text = error.what();
    EXPECT_NE(text.find(to_hex(test_model()->file.id())), std::string::npos) << text;
    EXPECT_NE(text.find(to_hex(other_model()->file.id())), std::string::npos) << text;
  }
}

TEST(Decoder, LayersCanBeChangedBetweenPictures) {
  const Stream& stream = sliced_stream();
  Decoder decoder(test_model(), stream.header);
  decoder.set_max_layers(1);
  EXPECT_EQ(decoder.decode(stream.access_units[0]).layers, 1);
  decoder.set_max_layers(kMaxLayers);
  EXPECT_EQ(decoder.decode(stream.access_units[0]).layers, 3);
  EXPECT_TRUE(samples(decoder.picture()) == stream.shown[0]);
  decoder.set_max_layers(0);
  EXPECT_EQ(decoder.decode(stream.access_units[0]).layers, 1) << "there is always the base layer";
}

// Bytes at random places, with the checksums put right again so that the damage reaches the token coder.
Bytes broken(const Bytes& access_unit, std::mt19937& random, bool repair) {
  Bytes bytes = access_unit;
  if (!repair) {
    for (uint32_t i = 0; i <= random() % 3; ++i)
      bytes[random() % bytes.size()] ^= static_cast<uint8_t>(1 + random() % 255);
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    return bytes;
  }
  Bytes result;
  for (Bytes unit : split_units(bytes)) {
    const size_t header =
        parse_access_unit(unit).units.at(0).bytes.size() - parse_access_unit(unit).units[0].payload.size() - 2;
    if (random() % 2 == 0 && unit.size() > header + 2) {
      unit[header + random() % (unit.size() - header - 2)] ^= static_cast<uint8_t>(1 + random() % 255);
    }
    const uint16_t crc = crc16(ByteView(unit).sub(0, unit.size() - 2));
    unit[unit.size() - 2] = static_cast<uint8_t>(crc >> 8);
    unit[unit.size() - 1] = static_cast<uint8_t>(crc);
    result.insert(result.end(), unit.begin(), unit.end());
  }
  return result;
}

class Mutations : public testing::TestWithParam<bool> {};

TEST_P(Mutations, NeverCrash) {
  const Stream stream = make_stream({Clip::Kind::kBlock, 48, 48}, 40000, 150, 12);
  std::mt19937 random(GetParam() ? 1 : 2);
  Decoder decoder(test_model(), stream.header);
  int decoded = 0;
  for (int i = 0; i < 6000; ++i) {
    const Bytes bytes = broken(stream.access_units[random() % stream.access_units.size()], random, GetParam());
    try {
      decoder.decode(bytes);
      ++decoded;
    } catch (const Error& error) {
      ASSERT_EQ(error.kind(), ErrorKind::kCorrupt) << error.what();
    }
  }
  EXPECT_GT(decoded, 300);
  // Whatever happened, a key picture brings everything back.
  EXPECT_FALSE(decoder.decode(stream.access_units[0]).corrupted);
  EXPECT_TRUE(samples(decoder.picture()) == stream.shown[0]);
}

INSTANTIATE_TEST_SUITE_P(Decoder, Mutations, testing::Bool(),
                         [](const auto& param) { return param.param ? "BehindChecksums" : "OfAnyByte"; });

}  // namespace
}  // namespace crlsc
