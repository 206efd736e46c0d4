// SPDX-License-Identifier: LGPL-2.1-or-later
#include "support/test_knowledge.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "core/kb/knowledge_base_file.h"

namespace crlsc {
namespace {

constexpr CodeShape kShape{32, 16, 8};

struct Colour {
  const char* name;
  std::array<uint8_t, 3> samples;
};

constexpr Colour kColours[] = {{"black", {16, 128, 128}},
                               {"white", {235, 128, 128}},
                               {"red", {81, 90, 240}},
                               {"green", {145, 54, 34}},
                               {"blue", {41, 240, 110}}};

}  // namespace

const std::vector<std::string>& colour_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Colour& colour : kColours) all.emplace_back(colour.name);
    return all;
  }();
  return names;
}

Picture colour_picture(const std::string& name, int width, int height) {
  const auto colour =
      std::find_if(std::begin(kColours), std::end(kColours), [&](const Colour& c) { return c.name == name; });
  if (colour == std::end(kColours)) throw std::runtime_error("no colour " + name);
  Picture picture(width, height);
  for (int p = 0; p < 3; ++p) {
    std::fill_n(picture.plane(p), picture.plane_width(p) * picture.plane_height(p),
                colour->samples[static_cast<size_t>(p)]);
  }
  return picture;
}

// Each pair of numbers on a grid of 16x16 points, denser where most numbers are.
std::shared_ptr<const ProductQuantiser> test_codebooks() {
  constexpr float kLevels[] = {0.01F, 0.04F, 0.08F, 0.13F, 0.2F, 0.3F, 0.45F, 0.7F};
  std::vector<float> levels;
  for (const float level : kLevels) {
    levels.push_back(level);
    levels.push_back(-level);
  }
  QuantiserParameters parameters;
  parameters.shape = kShape;
  for (int m = 0; m < kShape.subvectors; ++m) {
    for (const float first : levels) {
      for (const float second : levels) parameters.centroids.insert(parameters.centroids.end(), {first, second});
    }
  }
  return std::make_shared<const ProductQuantiser>(std::move(parameters));
}

void write_test_knowledge(const std::string& path, const LoadedModel& model, size_t colours) {
  const auto embedder = model.network->open_embedder();
  if (!embedder) throw std::runtime_error("the model has no semantic head");
  KnowledgeBaseHeader header;
  header.teacher = "colours";
  header.encoder = model.file.head_id();
  KnowledgeBaseFile::create(path, header, *test_codebooks());
  std::vector<NewEntry> entries;
  for (const std::string& name : colour_names()) {
    if (entries.size() == colours) break;
    NewEntry entry;
    entry.vector.resize(static_cast<size_t>(embedder->dimension()));
    embedder->embed(colour_picture(name, 64, 48).view(), entry.vector.data());
    entry.label = name;
    entry.source = "videotestsrc pattern=" + name;
    entries.push_back(std::move(entry));
  }
  KnowledgeBaseFile(path, KnowledgeBaseFile::Access::kWrite).add(entries);
}

void write_private_knowledge(const std::string& path, const std::string& shared, bool with_codebooks) {
  KnowledgeBaseFile base(shared, KnowledgeBaseFile::Access::kRead);
  const KnowledgeBaseInfo info = base.info();
  KnowledgeBaseHeader header;
  header.kind = KnowledgeBaseKind::kPrivate;
  header.base = info.id;
  header.encoder = info.header.encoder;
  KnowledgeBaseFile::create(path, header, *base.quantiser(), with_codebooks);
}

}  // namespace crlsc
