// SPDX-License-Identifier: LGPL-2.1-or-later
#include "link.h"

#include <sstream>
#include <vector>

#include "core/error.h"

namespace crlsc::bench {

Condition Condition::parse(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream stream(text);
  for (std::string word; std::getline(stream, word, ':');) words.push_back(word);
  const Error error(ErrorKind::kSettings,
                    "\"" + text + "\" is no condition; write loss:0.05, bursts:3 or snr:10:rayleigh:drop");
  if (words.size() < 2) throw error;
  Condition out;
  out.text = text;
  size_t used = 0;
  try {
    out.value = std::stod(words[1], &used);
  } catch (const std::exception&) {
    throw error;
  }
  if (used != words[1].size()) throw error;
  if (words[0] == "loss" && words.size() == 2 && out.value >= 0 && out.value <= 1) return out;
  out.kind = Kind::kBursts;
  if (words[0] == "bursts" && words.size() == 2 && out.value >= 1 && out.value <= 100) return out;
  out.kind = Kind::kSnr;
  if (words[0] != "snr" || words.size() != 4 || out.value < -100 || out.value > 100) throw error;
  out.rayleigh = words[2] == "rayleigh";
  out.deliver = words[3] == "deliver";
  if ((!out.rayleigh && words[2] != "awgn") || (!out.deliver && words[3] != "drop")) throw error;
  return out;
}

Link::Link(const Condition& condition, uint64_t seed, GstCaps* caps)
    : condition_(condition),
      chain_("crlscchannel name=channel modulation=bpsk seed=" + std::to_string(seed), caps),
      channel_(chain_.element("channel")) {}

Link::~Link() { gst_object_unref(channel_); }

void Link::begin() {
  switch (condition_.kind) {
    case Condition::Kind::kLoss:
      g_object_set(channel_, "loss", condition_.value, nullptr);
      break;
    case Condition::Kind::kSnr:
      g_object_set(channel_, "snr", condition_.value, nullptr);
      gst_util_set_object_arg(G_OBJECT(channel_), "fading", condition_.rayleigh ? "rayleigh" : "none");
      gst_util_set_object_arg(G_OBJECT(channel_), "error-action", condition_.deliver ? "deliver" : "drop");
      break;
    case Condition::Kind::kBursts:
      break;
  }
}

void Link::burst() {
  const std::string pattern =
      std::to_string(packets_) + "-" + std::to_string(packets_ + static_cast<int>(condition_.value) - 1);
  g_object_set(channel_, "drop-pattern", pattern.c_str(), nullptr);
}

std::optional<Buffer> Link::transmit(const Buffer& packet) {
  ++packets_;
  std::vector<Buffer> arrived = chain_.push(packet);
  if (!arrived.empty()) return std::move(arrived.front());
  ++lost_;
  return std::nullopt;
}

}  // namespace crlsc::bench
