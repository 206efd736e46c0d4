// SPDX-License-Identifier: LGPL-2.1-or-later
// Golden vectors: streams that have to decode to the same tokens and samples for ever (tests/vectors/README.md).
// With CRLSC_WRITE_VECTORS=1 in the environment the files are written anew instead of compared.
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "core/codec/token_unit.h"
#include "core/model/sha256.h"
#include "core/token/token_hash.h"
#include "unit/codec/codec_testing.h"
#include "unit/token/token_testing.h"

namespace crlsc {
namespace {

using Json = nlohmann::ordered_json;

std::string to_text(const Bytes& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

Bytes from_text(const std::string& text) {
  Bytes bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

// "vector" unless the file says otherwise.
TestModel model_of(const Json& vector) { return model_named(vector.value("model", "vector")); }

// Four pictures that both ends have, for grids that refer to them.
SceneMemory scene_memory(int width, int height) {
  SceneMemory memory;
  for (uint8_t j = 0; j < kMaxKnowledge; ++j) {
    const Clip clip{Clip::Kind::kStill, width, height, uint32_t{j} + 21};
    memory[{j, 0xC0}] = std::make_shared<const Picture>(pad_to_cells(clip.picture(0).view()));
  }
  return memory;
}

// A clip sent by the encoder; pictures that it drops are left out.
std::vector<Bytes> stream_of_clip(const Json& vector) {
  const Json& c = vector.at("clip");
  const Clip clip{kind_named(c.at("kind")), c.at("width"), c.at("height"), c.at("seed")};
  const Json& e = vector.at("encoder");
  EncoderConfig config = config_for(clip, e.at("bitrate"), e.at("frames_per_second"));
  config.layers = e.at("layers");
  config.target_unit_size = e.at("target_unit_size");
  if (e.value("resize_mode", "none") == "auto") config.resize = ResizeMode::kAuto;
  std::vector<Bytes> stream;
  for (Bytes& unit : encode_clip(clip, config, c.at("pictures"), model_of(vector))) {
    if (!unit.empty()) stream.push_back(std::move(unit));
  }
  return stream;
}

bool refers_to_scene(const TokenGrid& grid, Slice slice) {
  const auto begin = grid.cells.begin() + slice.first_row * grid.cols();
  return std::any_of(begin, begin + slice.rows * grid.cols(),
                     [](const Cell& c) { return c.reference >= Reference::kKnowledge0; });
}

// Random token grids, which use all of the syntax; each picture is cut into two slices, the first is a key picture.
std::vector<Bytes> stream_of_grids(const Json& vector) {
  const Json& g = vector.at("grids");
  const int cols = g.at("cols");
  const int rows = g.at("rows");
  const int pictures = g.at("pictures");
  const uint32_t seed = g.at("seed");
  const ModelFile& model = model_of(vector)->file;
  const TokenContexts priors(model);
  SequenceHeader header;
  header.width = cols * kCellSize;
  header.height = rows * kCellSize;
  header.layers = model.layout().layers();
  header.model_id = model.id();
  SceneUnit scene{5, {}};
  for (const auto& [name, picture] : scene_memory(header.width, header.height)) scene.pictures.push_back(name);
  std::vector<Bytes> stream;
  for (int n = 0; n < pictures; ++n) {
    const bool key = n == 0;
    const Mix& mix = mixes()[key ? 3 : static_cast<size_t>(n) % mixes().size()];
    const TokenGrid grid = random_grid(model.layout(), cols, rows, mix, seed + static_cast<uint32_t>(n));
    SceneAdjustments adjustments{};
    if (n % 3 == 1) adjustments = {{{0, 0, 0, 0}, {-5, 2, 10, -20}, {0, 0, -30, 0}, {7, 0, 0, 3}}};
    Bytes unit;
    if (key) append_unit(unit, {UnitType::kSequenceHeader, 0, true, false}, write_sequence_header(header));
    if (key) append_scene_unit(unit, scene, true);
    for (int layer = 0; layer < header.layers; ++layer) {
      for (const Slice slice : {Slice{0, 2}, Slice{2, rows - 2}}) {
        const bool joined = n % 2 == 1 && slice.first_row > 0;
        if (joined && layer > 0) continue;
        const Bytes bits = joined ? encode_joined(grid, model.layout(), slice, header.layers, priors)
                                  : encode_layer(grid, model.layout(), slice, layer, priors);
        TokenUnit token{layer, key, slice, n, header.layers, bits, {}, joined};
        if (refers_to_scene(grid, slice)) token.scene = SceneReference{scene.number, adjustments};
        append_token_unit(unit, token, rows);
      }
    }
    stream.push_back(std::move(unit));
  }
  return stream;
}

std::vector<Bytes> make_stream(const Json& vector) {
  return vector.contains("clip") ? stream_of_clip(vector) : stream_of_grids(vector);
}

struct Hashes {
  std::string bitstream;
  std::string tokens;
  std::string i420;
};

Hashes decode(const std::vector<Bytes>& stream, const TestModel& model) {
  Sha256 bitstream;
  Sha256 i420;
  TokenHash tokens;
  std::unique_ptr<Decoder> decoder;
  for (const Bytes& unit : stream) {
    bitstream.update(unit);
    if (!decoder) {
      const AccessUnitView view = parse_access_unit(unit);
      const SequenceHeader header = parse_sequence_header(view.units.at(0).payload);
      decoder = std::make_unique<Decoder>(model, header);
      decoder->set_scene_memory(std::make_shared<SceneMemory>(scene_memory(header.width, header.height)));
    }
    EXPECT_FALSE(decoder->decode(unit).corrupted);
    tokens.add(decoder->tokens());
    i420.update(samples(decoder->picture()));
  }
  return {to_hex(bitstream.finish()), to_hex(tokens.finish()), to_hex(i420.finish())};
}

class Vector : public testing::TestWithParam<std::string> {
 protected:
  Vector() : path(std::string(CRLSC_VECTORS) + "/" + GetParam() + ".json"), json(Json::parse(std::ifstream(path))) {
    if (std::getenv("CRLSC_WRITE_VECTORS") != nullptr) write();
  }

  std::vector<Bytes> stored() const {
    std::vector<Bytes> stream;
    for (const std::string text : json.at("stream")) stream.push_back(from_text(text));
    return stream;
  }

  std::string path;
  Json json;

 private:
  void write() {
    const std::vector<Bytes> stream = make_stream(json);
    const Hashes hashes = decode(stream, model_of(json));
    json["model_sha256"] = model_of(json)->file.hash();
    json["bitstream_sha256"] = hashes.bitstream;
    json["token_sha256"] = hashes.tokens;
    json["i420_sha256"] = hashes.i420;
    json["stream"] = Json::array();
    for (const Bytes& unit : stream) json["stream"].push_back(to_text(unit));
    std::ofstream(path) << json.dump(1) << '\n';
  }
};

TEST_P(Vector, DecodesToItsHashes) {
  ASSERT_EQ(json.at("model_sha256"), model_of(json)->file.hash());
  const Hashes hashes = decode(stored(), model_of(json));
  EXPECT_EQ(json.at("bitstream_sha256"), hashes.bitstream);
  EXPECT_EQ(json.at("token_sha256"), hashes.tokens);
  EXPECT_EQ(json.at("i420_sha256"), hashes.i420);
}

TEST_P(Vector, HasCellsOfSeveralGains) {
  std::set<int> gains;
  const std::vector<Bytes> stream = stored();
  Decoder decoder(model_of(json), parse_sequence_header(parse_access_unit(stream.at(0)).units.at(0).payload));
  for (const Bytes& unit : stream) {
    decoder.decode(unit);
    for (const Cell& cell : decoder.tokens().cells) {
      if (cell.coded) gains.insert(cell.gain);
    }
  }
  EXPECT_GE(gains.size(), 2U);
}

// Fails, too, when the encoder decides otherwise than it did: then the files have to be written anew.
TEST_P(Vector, IsWhatTheEncoderWrites) { EXPECT_TRUE(make_stream(json) == stored()); }

INSTANTIATE_TEST_SUITE_P(Vectors, Vector,
                         testing::Values("block", "cuts-sliced", "pan-low-rate", "all-syntax", "scalar-cuts",
                                         "scalar-all-syntax", "full-all-syntax", "full-block", "deblocking-all-syntax",
                                         "deblocking-block", "half-still"),
                         [](const auto& param) { return test_name(param.param); });

TEST(Vectors, EveryFileIsTested) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(CRLSC_VECTORS)) {
    files += entry.path().extension() == ".json" ? 1 : 0;
  }
  EXPECT_EQ(files, 11);
}

}  // namespace
}  // namespace crlsc
