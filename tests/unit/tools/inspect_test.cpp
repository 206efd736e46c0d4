// SPDX-License-Identifier: LGPL-2.1-or-later
// What `crlsc inspect` prints.
#include <sstream>

#include "core/bitstream/semantic_unit.h"
#include "core/token/token_hash.h"
#include "inspect/model_report.h"
#include "inspect/stream_report.h"
#include "stream_file.h"
#include "unit/codec/codec_testing.h"
#include "unit/model/model_testing.h"

namespace crlsc::tools {
namespace {

const char* const kModel = CRLSC_SUPPORT_FOLDER "/test-model.safetensors";

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

int count(const std::string& text, const std::string& part) {
  int n = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

// Six pictures in a file, and the hash of what a decoder reads from them.
class Inspect : public testing::Test {
 protected:
  Inspect() : path(folder.file("stream")) {
    const Clip clip{Clip::Kind::kBlock, 96, 80};
    EncoderConfig config = config_for(clip, 60000);
    config.target_unit_size = 400;
    StreamWriter writer(path);
    std::unique_ptr<Decoder> decoder;
    TokenHash hash;
    encode_clip(clip, config, 6, [&](int index, const EncodedPicture& coded, const Encoder& encoder) {
      writer.write(coded.bytes, static_cast<uint64_t>(index) * kTicksPerSecond / 10);
      sequence = encoder.sequence_header();
      if (!decoder) decoder = std::make_unique<Decoder>(test_model(), encoder.sequence_header());
      decoder->decode(coded.bytes);
      hash.add(decoder->tokens());
      units += static_cast<int>(split_units(coded.bytes).size());
    });
    writer.close();
    tokens = to_hex(hash.finish());
  }

  std::string report(const ModelFile* model) const {
    std::ostringstream out;
    describe_stream(path, model, out);
    return out.str();
  }

  TempFolder folder;
  std::string path;
  SequenceHeader sequence;
  std::string tokens;
  int units = 0;
};

TEST_F(Inspect, TokenHashIsThatOfTheDecoder) { EXPECT_EQ(stream_token_hash(path, test_model()->file), tokens); }

TEST_F(Inspect, TokenHashNeedsTheRightModel) {
  const auto failure = failure_of([&] { stream_token_hash(path, other_model()->file); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kWrongType);
  EXPECT_TRUE(failure->says(to_hex(test_model()->file.id()))) << failure->text;
  EXPECT_TRUE(failure->says(to_hex(other_model()->file.id()))) << failure->text;
}

TEST_F(Inspect, UnreadableAccessUnitsHaveNoPartInTheHash) {
  Bytes more;
  ByteStreamWriter writer;
  writer.set_sequence(sequence);
  writer.write(more, Bytes{'a', 'b', 'c'}, 6 * kTicksPerSecond / 10);
  writer.write_missing(more, 7 * kTicksPerSecond / 10);
  write_file(folder.file("longer"), read_file(path) + std::string(more.begin(), more.end()));
  EXPECT_EQ(stream_token_hash(folder.file("longer"), test_model()->file), tokens);
}

TEST_F(Inspect, StreamUnitByUnit) {
  const std::string text = report(&test_model()->file);
  EXPECT_EQ(count(text, "\naccess unit ") + 1, 6) << text;
  EXPECT_EQ(count(text, "\n  token layer ") + count(text, "\n  sequence header "), units + 3)
      << "and a sum for each layer";
  EXPECT_TRUE(has(text, "96x80, 10/1 pictures/s, 3 layers, model " + to_hex(test_model()->file.id()))) << text;
  EXPECT_TRUE(has(text, "cells by stages 0:")) << text;
  EXPECT_TRUE(has(text, "bits modes")) << text;
  EXPECT_TRUE(has(text, "structure ")) << text;
  EXPECT_FALSE(has(text, "left aside")) << text;
  EXPECT_TRUE(has(text, "6 access units, ")) << text;
}

TEST_F(Inspect, SemanticUnitsSayTheirCode) {
  Bytes access_unit;
  append_semantic_unit(access_unit, {true, Bytes{0xD1, 0x58}}, false);
  append_unit(access_unit, {UnitType::kSemantic, 0, false, false}, Bytes{0x10, 1});
  append_unit(access_unit, {UnitType::kSemantic, 0, false, false}, Bytes{});
  Bytes more;
  ByteStreamWriter writer;
  writer.set_sequence(sequence);
  writer.write(more, access_unit, 6 * kTicksPerSecond / 10);
  write_file(path, read_file(path) + std::string(more.begin(), more.end()));
  const std::string text = report(nullptr);
  EXPECT_TRUE(has(text, "scene change  code d158")) << text;
  EXPECT_TRUE(has(text, "of an unknown form")) << text;
  EXPECT_TRUE(has(text, "corrupt")) << text;
}

TEST_F(Inspect, WithoutAModelTheTokensStayClosed) {
  const std::string text = report(nullptr);
  EXPECT_EQ(count(text, "\naccess unit ") + 1, 6) << text;
  EXPECT_TRUE(has(text, "token layer 2")) << text;
  EXPECT_TRUE(has(text, "from row ")) << text;
  EXPECT_FALSE(has(text, "coded")) << text;
}

TEST_F(Inspect, DamageIsSaid) {
  std::string bytes = read_file(path);
  bytes[bytes.size() - 1] ^= 1;  // the last checksum
  write_file(path, bytes);
  EXPECT_TRUE(has(report(&test_model()->file), "bytes  damaged"));
}

TEST_F(Inspect, SkippedBytesAreSaid) {
  write_file(path, "abcde" + read_file(path));
  EXPECT_TRUE(has(report(&test_model()->file), "5 damaged bytes skipped"));
}

TEST_F(Inspect, OtherFilesAreNoStreams) {
  write_file(path, "this is text, not a stream");
  EXPECT_EQ(failure_of([&] { report(nullptr); })->kind, ErrorKind::kRead);
}

TEST(InspectModel, IsToldFromStreams) {
  EXPECT_TRUE(looks_like_model(kModel));
  const TempFolder folder;
  write_file(folder.file("s"), std::string("\0\0\0\5hello", 9));
  EXPECT_FALSE(looks_like_model(folder.file("s")));
  EXPECT_FALSE(looks_like_model(folder.file("none")));
}

TEST(InspectModel, SaysWhatTheFileHolds) {
  std::ostringstream out;
  describe_model(kModel, out);
  const std::string text = out.str();
  EXPECT_TRUE(has(text, test_model()->file.hash())) << text;
  EXPECT_TRUE(has(text, "256 structure codes, 3 detail stages of 64, 64, 64 codes in layers 1, 2, 2")) << text;
  EXPECT_TRUE(has(text, "license: LGPL-2.1-or-later")) << text;
  EXPECT_TRUE(has(text, "structure.table")) << text;
  EXPECT_TRUE(has(text, "[64, 96]")) << text;
  EXPECT_TRUE(has(text, "4 tensors, 38400 bytes, 19200 parameters and 0 tables of priors")) << text;
}

TEST(InspectModel, NamesCoefficients) {
  std::ostringstream out;
  describe_model(CRLSC_SUPPORT_FOLDER "/test-scalar.safetensors", out);
  EXPECT_TRUE(has(out.str(), "10 structure coefficients, 3 detail stages of 13, 18, 36 coefficients in layers 1, 2, 2"))
      << out.str();
  EXPECT_FALSE(has(out.str(), " codes")) << out.str();
}

TEST(InspectModel, TablesAreNoParameters) {
  const TempFolder folder;
  const Bytes weights(8);
  const Bytes table = {1, 0, 2, 0, 3, 0};
  save_model(folder.file("m"),
             {make_tensor("w", DType::kF16, {2, 2}, weights), make_tensor("priors.coded", DType::kU16, {3}, table)},
             good_metadata());
  std::ostringstream out;
  describe_model(folder.file("m"), out);
  EXPECT_TRUE(has(out.str(), "2 tensors, 14 bytes, 4 parameters and 1 tables of priors")) << out.str();
}

TEST(InspectModel, DeltasAloneAndOnTheirBase) {
  const TempFolder folder;
  write_probe_model(folder.file("base"), 1);
  write_probe_model(folder.file("adapted"), 2);
  const ModelFile base(folder.file("base"));
  const ModelFile adapted(folder.file("adapted"));
  save_delta(folder.file("delta"), base, adapted, {{"license", "CC0"}});
  EXPECT_TRUE(is_delta(folder.file("delta")));
  const std::string both = folder.file("base") + "+" + folder.file("delta");
  for (const std::string& model : {folder.file("base"), both}) {
    EXPECT_TRUE(looks_like_model(model)) << model;
    EXPECT_FALSE(is_delta(model)) << model;
  }
  EXPECT_FALSE(is_delta(folder.file("none")));
  std::ostringstream alone;
  describe_delta(folder.file("delta"), alone);
  EXPECT_TRUE(has(alone.str(), base.hash()) && has(alone.str(), adapted.hash())) << alone.str();
  EXPECT_TRUE(has(alone.str(), "license: CC0") && has(alone.str(), "1 tensors, 4 bytes")) << alone.str();
  std::ostringstream whole;
  describe_model(both, whole);
  EXPECT_TRUE(has(whole.str(), adapted.hash()) && has(whole.str(), "delta_license: CC0")) << whole.str();
}

TEST(InspectModel, DamagedModelsAreErrors) {
  const TempFolder folder;
  std::string bytes = read_file(kModel);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  write_file(folder.file("m"), bytes);
  std::ostringstream out;
  EXPECT_EQ(failure_of([&] { describe_model(folder.file("m"), out); })->kind, ErrorKind::kRead);
}

}  // namespace
}  // namespace crlsc::tools
