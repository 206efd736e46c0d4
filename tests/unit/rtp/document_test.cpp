// SPDX-License-Identifier: LGPL-2.1-or-later
// Holds the examples of docs/payload-format.md against the code.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>

#include "core/bitstream/sequence_header.h"
#include "core/bitstream/unit.h"
#include "core/error.h"
#include "core/rtp/feedback.h"
#include "core/rtp/packetizer.h"
#include "core/rtp/reassembler.h"

namespace crlsc {
namespace {

// The blocks that follow a line `<!-- example: NAME -->`, by name.
std::map<std::string, Bytes> read_examples() {
  std::ifstream file(PAYLOAD_FORMAT);
  std::map<std::string, Bytes> out;
  std::string name;
  bool inside = false;
  const std::string mark = "<!-- example: ";
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(mark, 0) == 0) {
      name = line.substr(mark.size(), line.find(" -->") - mark.size());
    } else if (line == "```hex") {
      inside = true;
    } else if (line == "```") {
      inside = false;
    } else if (inside) {
      std::istringstream words(line);
      for (std::string word; words >> word;) out[name].push_back(static_cast<uint8_t>(std::stoi(word, nullptr, 16)));
    }
  }
  return out;
}

const Bytes& example(const std::string& name) {
  static const std::map<std::string, Bytes> examples = read_examples();
  const auto found = examples.find(name);
  if (found == examples.end()) throw std::runtime_error("no example " + name + " in " PAYLOAD_FORMAT);
  return found->second;
}

Bytes count_up(size_t size) {
  Bytes out;
  for (size_t i = 0; i < size; ++i) out.push_back(static_cast<uint8_t>(i));
  return out;
}

Bytes token(int layer, bool key, bool whole, const Bytes& payload) {
  Bytes out;
  append_unit(out, {UnitType::kToken, layer, key, whole}, payload);
  return out;
}

std::vector<Bytes> packets_of(const Bytes& access_unit, const PacketizerSettings& settings) {
  std::vector<Bytes> out;
  for (const RtpPacket& packet : packetize(access_unit, settings)) out.push_back(packet.join());
  return out;
}

// What a receiver makes of the examples, one packet after the other.
std::vector<ReceivedPicture> receive(const std::vector<std::string>& names) {
  Reassembler reassembler({Delivery::kComplete, 0});
  std::vector<ReceivedPicture> out;
  uint64_t sequence = 1;
  for (const std::string& name : names) {
    for (ReceivedPicture& picture : reassembler.push({example(name), sequence++, false, 1000, 0})) {
      out.push_back(std::move(picture));
    }
  }
  return out;
}

TEST(PayloadFormat, HasAllExamplesThatAreTested) {
  std::set<std::string> names;
  for (const auto& [name, bytes] : read_examples()) names.insert(name);
  EXPECT_EQ(names, (std::set<std::string>{"single", "pair-1", "pair-2", "base-only", "fragment-1", "fragment-2",
                                          "aggregate", "bad-version", "bad-flags", "bad-entry", "config", "feedback",
                                          "feedback-entries", "bad-feedback-item", "bad-feedback-loss"}));
}

TEST(PayloadFormat, Single) {
  Bytes access_unit;
  append_unit(access_unit, {UnitType::kSemantic, 0, true, false}, Bytes{0x10, 0x20, 0x30, 0x40});
  append_unit(access_unit, {UnitType::kToken, 0, true, true}, Bytes{0xca, 0xfe});
  append_unit(access_unit, {UnitType::kToken, 1, true, true}, Bytes{0x55});
  PacketizerSettings settings;
  settings.picture_id = 0x1234;
  EXPECT_EQ(packets_of(access_unit, settings), std::vector<Bytes>{example("single")});

  const auto pictures = receive({"single"});
  ASSERT_EQ(pictures.size(), 1U);
  EXPECT_EQ(pictures[0].units, access_unit);
  EXPECT_EQ(pictures[0].picture_id, 0x1234);
  EXPECT_TRUE(pictures[0].key);
}

TEST(PayloadFormat, Pair) {
  Bytes access_unit = token(0, false, false, count_up(10));
  for (const Bytes& unit : {token(0, false, false, count_up(6)), token(1, false, false, count_up(12))}) {
    access_unit.insert(access_unit.end(), unit.begin(), unit.end());
  }
  PacketizerSettings settings;
  settings.max_payload = 40;
  settings.picture_id = 0x7fff;
  settings.kb_epoch = 3;
  settings.model_tag = 0xab;
  EXPECT_EQ(packets_of(access_unit, settings), (std::vector<Bytes>{example("pair-1"), example("pair-2")}));

  const RtpPayloadHeader first = parse_payload_header(example("pair-1"));
  EXPECT_TRUE(first.first && first.layer_end && first.extension);
  EXPECT_FALSE(first.last || first.discardable);
  EXPECT_EQ(first.unit_count, 2);
  const RtpPayloadHeader second = parse_payload_header(example("pair-2"));
  EXPECT_TRUE(second.last && second.discardable);
  EXPECT_EQ(second.layer_id, 1);
  EXPECT_EQ(second.first_unit, 2);

  const auto pictures = receive({"pair-1", "pair-2"});
  ASSERT_EQ(pictures.size(), 1U);
  EXPECT_EQ(pictures[0].units, access_unit);
}

TEST(PayloadFormat, BaseLayerApartOrAlone) {
  Bytes base = token(0, false, false, count_up(10));
  const Bytes more = token(0, false, false, count_up(6));
  base.insert(base.end(), more.begin(), more.end());
  Bytes access_unit = base;
  const Bytes detail = token(1, false, false, count_up(12));
  access_unit.insert(access_unit.end(), detail.begin(), detail.end());
  PacketizerSettings settings;
  settings.picture_id = 0x7fff;
  settings.kb_epoch = 3;
  settings.model_tag = 0xab;
  settings.separate_base = true;
  EXPECT_EQ(packets_of(access_unit, settings), (std::vector<Bytes>{example("pair-1"), example("pair-2")}));
  settings.max_layers = 1;
  EXPECT_EQ(packets_of(access_unit, settings), std::vector<Bytes>{example("base-only")});

  const auto pictures = receive({"base-only"});
  ASSERT_EQ(pictures.size(), 1U);
  EXPECT_TRUE(pictures[0].complete);
  EXPECT_EQ(pictures[0].units, base);
}

TEST(PayloadFormat, Fragments) {
  const Bytes access_unit = token(2, false, true, count_up(40));
  PacketizerSettings settings;
  settings.max_payload = 32;
  settings.kb_epoch = 3;
  settings.model_tag = 0xab;
  EXPECT_EQ(packets_of(access_unit, settings), (std::vector<Bytes>{example("fragment-1"), example("fragment-2")}));

  const auto pictures = receive({"fragment-1", "fragment-2"});
  ASSERT_EQ(pictures.size(), 1U);
  EXPECT_EQ(pictures[0].units, access_unit);
  EXPECT_TRUE(receive({"fragment-2"}).empty());
}

TEST(PayloadFormat, PicturesOfTheExamplesFollowEachOther) {
  const auto pictures = receive({"pair-1", "pair-2", "fragment-1", "fragment-2"});
  ASSERT_EQ(pictures.size(), 2U);
  EXPECT_EQ(pictures[1].missing_before, 0U);
}

TEST(PayloadFormat, Aggregate) {
  const Bytes first = token(0, false, true, {1});
  const Bytes second = token(0, false, true, {2, 3});
  PacketizerSettings settings;
  settings.picture_id = 16;
  EXPECT_EQ(aggregate({{first, 0}, {second, 9000}}, settings)->join(), example("aggregate"));

  const auto pictures = receive({"aggregate"});
  ASSERT_EQ(pictures.size(), 2U);
  EXPECT_EQ(pictures[0].units, first);
  EXPECT_EQ(pictures[1].units, second);
  EXPECT_EQ(pictures[1].picture_id, 17);
  EXPECT_EQ(pictures[1].timestamp, 10000U);
}

TEST(PayloadFormat, BadPacketsAreDropped) {
  for (const char* name : {"bad-version", "bad-flags", "bad-entry"}) {
    try {
      receive({name});
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCorrupt) << name;
    }
  }
}

TEST(PayloadFormat, Config) {
  const AccessUnitView view = parse_access_unit(example("config"));
  ASSERT_EQ(view.units.size(), 1U);
  const SequenceHeader header = parse_sequence_header(view.units[0].payload);
  EXPECT_EQ(to_hex(header.model_id), "ab01020304050607");
  EXPECT_EQ(header.width, 320);
  EXPECT_EQ(header.height, 240);
  EXPECT_EQ(header.layers, 3);
  EXPECT_EQ(header.framerate_num, 10U);
}

// What stands behind the name of an RTCP APP packet; the header is checked on the way.
Bytes app_data(const std::string& name) {
  const Bytes& packet = example(name);
  EXPECT_EQ(packet.at(0), 0x80 | kFeedbackVersion);
  EXPECT_EQ(packet.at(1), 204);
  EXPECT_EQ(static_cast<size_t>(packet.at(2) << 8 | packet.at(3)), packet.size() / 4 - 1);
  EXPECT_EQ(packet.size() % 4, 0U);
  EXPECT_EQ(std::string(packet.begin() + 8, packet.begin() + 12), kFeedbackName);
  return Bytes(packet.begin() + 12, packet.end());
}

TEST(PayloadFormat, Feedback) {
  Feedback feedback;
  feedback.media_ssrc = 0x01020304;
  feedback.losses = {{62, 3, 0, 0, 0}, {5, 1, 4, 3, 2}};
  EXPECT_EQ(app_data("feedback"), write_feedback(feedback));
  const Feedback read = parse_feedback(app_data("feedback"));
  EXPECT_EQ(read.media_ssrc, feedback.media_ssrc);
  EXPECT_EQ(read.losses, feedback.losses);
  EXPECT_TRUE(read.entries.empty());
  Feedback entries;
  entries.media_ssrc = 0x01020304;
  entries.entries = {{{0x04, 0xB7, 0xEC, 0xF0, 0x57, 0x35, 0x12, 0xAE}, {}},
                     {{0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF}, {{2048, 60}}}};
  EXPECT_EQ(app_data("feedback-entries"), write_feedback(entries));
  EXPECT_EQ(parse_feedback(app_data("feedback-entries")).entries, entries.entries);
  EXPECT_THROW(parse_feedback(app_data("bad-feedback-item")), Error);
  EXPECT_THROW(parse_feedback(app_data("bad-feedback-loss")), Error);
}

}  // namespace
}  // namespace crlsc
