// SPDX-License-Identifier: LGPL-2.1-or-later
#include "train/encoder_material.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <unordered_map>

#include "core/area_resize.h"
#include "core/error.h"
#include "core/kb/sq8.h"
#include "progress.h"

namespace crlsc::tools {
namespace {

constexpr uint32_t kHeldOutShare = 20;

double uniform(std::mt19937_64& random, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random);
}

bool chance(std::mt19937_64& random, double p) { return uniform(random, 0, 1) < p; }

uint8_t clamped(double value) { return static_cast<uint8_t>(std::clamp(std::lround(value), 0L, 255L)); }

// The part of `picture` that `crop` names, on whole chroma samples.
PictureView part_of(const Picture& picture, const Crop& crop) {
  const int width = std::max(8, static_cast<int>(crop.width * picture.width()) & ~1);
  const int height = std::max(8, static_cast<int>(crop.height * picture.height()) & ~1);
  const int left = std::min(static_cast<int>(crop.left * picture.width()), picture.width() - width) & ~1;
  const int top = std::min(static_cast<int>(crop.top * picture.height()), picture.height() - height) & ~1;
  PictureView view = picture.view();
  for (size_t p = 0; p < 3; ++p) {
    const int shrink = p == 0 ? 1 : 2;
    PlaneView& plane = view.planes[p];
    plane.data += plane.stride * (top / shrink) + left / shrink;
    plane.width = width / shrink;
    plane.height = height / shrink;
  }
  return view;
}

void flip(Picture& picture) {
  for (int p = 0; p < 3; ++p) {
    for (int y = 0; y < picture.plane_height(p); ++y) {
      uint8_t* row = picture.plane(p) + ptrdiff_t{y} * picture.plane_width(p);
      std::reverse(row, row + picture.plane_width(p));
    }
  }
}

// Other light, less or more colour, and noise of the sensor.
void change_colours(Picture& picture, std::mt19937_64& random) {
  const double contrast = uniform(random, 0.7, 1.3);
  const double light = uniform(random, -25, 25);
  const double saturation = chance(random, 0.1) ? 0 : uniform(random, 0.6, 1.4);
  const double noise = chance(random, 0.3) ? uniform(random, 1, 8) : 0;
  std::normal_distribution<double> normal(0, noise > 0 ? noise : 1);
  for (int p = 0; p < 3; ++p) {
    const size_t count = static_cast<size_t>(picture.plane_width(p)) * static_cast<size_t>(picture.plane_height(p));
    uint8_t* samples = picture.plane(p);
    for (size_t i = 0; i < count; ++i) {
      const double centred = samples[i] - 128.0;
      const double changed = p == 0 ? centred * contrast + light : centred * saturation;
      samples[i] = clamped(128 + changed + (noise > 0 ? normal(random) : 0));
    }
  }
}

std::unordered_map<std::string, Vector> vectors_by_source(KnowledgeBaseFile& file) {
  std::unordered_map<std::string, Vector> vectors;
  const auto quantiser = file.quantiser();
  file.for_each(
      [&](const StoredEntry& entry) {
        Vector vector = entry.sq8.empty() ? quantiser->decode(entry.code) : sq8_decode(entry.sq8);
        if (normalise(vector)) vectors[entry.source] = std::move(vector);
      },
      {true, false});
  return vectors;
}

std::vector<Vector> decoded_codes(KnowledgeBaseFile& file) {
  std::vector<Vector> bank;
  const auto quantiser = file.quantiser();
  file.for_each([&](const StoredEntry& entry) {
    Vector vector = quantiser->decode(entry.code);
    if (normalise(vector)) bank.push_back(std::move(vector));
  });
  return bank;
}

struct Target {
  std::vector<Crop> crops;
  std::vector<Vector> vectors;
};

std::unordered_map<std::string, Target> teacher_targets(KnowledgeBaseFile& file,
                                                        const std::vector<PictureFile>& pictures,
                                                        const EncoderMaterialOptions& o) {
  const auto teacher = open_teacher(o.teacher, o.threads);
  const Projection projection = projection_for(file, *teacher);
  VectorCache cache(o.cache.empty() ? o.skb + ".cache" : o.cache, teacher->hash(), teacher->dimension());
  std::unordered_map<std::string, Target> targets;
  for (int number = 0; number < std::max(1, o.augmentations); ++number) {
    const EmbeddedPictures embedded = embed_pictures(pictures, *teacher, cache, number, o.seed);
    for (size_t i = 0; i < embedded.files.size(); ++i) {
      Target& target = targets[embedded.files[i].path];
      target.crops.push_back(augmentation_crop(embedded.files[i].source, number, o.seed));
      target.vectors.push_back(projection.apply(embedded.vectors[i]));
    }
  }
  return targets;
}

std::unordered_map<std::string, Target> stored_targets(KnowledgeBaseFile& file,
                                                       const std::vector<PictureFile>& pictures) {
  const auto vectors = vectors_by_source(file);
  std::unordered_map<std::string, Target> targets;
  for (const PictureFile& picture : pictures) {
    const auto found = vectors.find(picture.source);
    if (found != vectors.end()) targets[picture.path] = {{Crop{}}, {found->second}};
  }
  return targets;
}

bool is_held_out(const PictureFile& file) { return Sha256::of(as_bytes(file.source))[0] % kHeldOutShare == 0; }

}  // namespace

EncoderMaterial EncoderMaterial::load(const EncoderMaterialOptions& options) {
  KnowledgeBaseFile file(options.skb, KnowledgeBaseFile::Access::kRead);
  EncoderMaterial material;
  material.info = file.info();
  material.bank = decoded_codes(file);
  const auto pictures = list_pictures(options.images);
  material.exact = !options.teacher.empty();
  auto targets = material.exact ? teacher_targets(file, pictures, options) : stored_targets(file, pictures);
  Progress progress("pictures", pictures.size());
  for (size_t i = 0; i < pictures.size(); ++i) {
    progress.update(i + 1);
    const auto found = targets.find(pictures[i].path);
    if (found == targets.end()) continue;
    const cv::Mat picture = read_picture(pictures[i].path);
    if (picture.cols < 2 || picture.rows < 2) continue;
    const Picture whole = to_i420(picture);
    auto& list = is_held_out(pictures[i]) ? material.held_out : material.training;
    list.push_back({resize_area(whole.view(), kMaterialSize, kMaterialSize), std::move(found->second.crops),
                    std::move(found->second.vectors)});
  }
  if (material.training.empty() || material.bank.empty()) {
    throw Error(ErrorKind::kRead, "nothing to learn from: of " + std::to_string(pictures.size()) +
                                      " pictures none is a source of an entry of \"" + options.skb +
                                      "\"; give --teacher, or the folders it was built from");
  }
  std::printf("%zu pictures to learn from, %zu held out, %zu without a vector\n", material.training.size(),
              material.held_out.size(), pictures.size() - material.training.size() - material.held_out.size());
  return material;
}

EncoderSample draw_sample(const EncoderItem& item, bool exact, int size, std::mt19937_64& random) {
  const size_t number = random() % item.targets.size();
  Crop crop = item.crops[number];
  if (!exact) {
    constexpr double kLeast = 0.75;  // what is left still shows what the target saw
    crop.width = uniform(random, kLeast, 1);
    crop.height = uniform(random, kLeast, 1);
    crop.left = uniform(random, 0, 1 - crop.width);
    crop.top = uniform(random, 0, 1 - crop.height);
  }
  if (number == 0) crop.flip = chance(random, 0.5);
  EncoderSample sample{resize_area(part_of(item.picture, crop), size, size), &item.targets[number]};
  if (crop.flip) flip(sample.picture);
  if (chance(random, 0.25)) {
    const int small = static_cast<int>(uniform(random, 0.35, 0.9) * size);
    const Picture blurred = resize_area(sample.picture.view(), small, small);
    sample.picture = resize_area(blurred.view(), size, size);
  }
  change_colours(sample.picture, random);
  return sample;
}

EncoderSample plain_sample(const EncoderItem& item, int size) {
  return {resize_area(item.picture.view(), size, size), &item.targets[0]};
}

}  // namespace crlsc::tools
