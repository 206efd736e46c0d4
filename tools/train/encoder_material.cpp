// SPDX-License-Identifier: LGPL-2.1-or-later
#include "train/encoder_material.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>
#include <unordered_map>

#include "core/area_resize.h"
#include "core/error.h"
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
  for_each_vector(file, [&](const StoredEntry& entry, Vector vector) { vectors[entry.source] = std::move(vector); });
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
    const EmbeddedPictures embedded = embed_pictures(pictures, *teacher, cache, number, o.crop_seed);
    for (size_t i = 0; i < embedded.files.size(); ++i) {
      Target& target = targets[embedded.files[i].path];
      target.crops.push_back(augmentation_crop(embedded.files[i].source, number, o.crop_seed));
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

constexpr double kAlmostWhole = 0.75;  // a crop that still shows what a target of the whole picture saw
constexpr double kLeastView = 0.45;

void load_guidance(EncoderMaterial& material, const std::vector<PictureFile>& pictures,
                   const EncoderMaterialOptions& options, std::unordered_map<std::string, Target>& targets) {
  KnowledgeBaseFile file(options.skb, KnowledgeBaseFile::Access::kRead);
  material.info = file.info();
  material.dimension = material.info.shape.dimension;
  material.bank = decoded_codes(file);
  const bool exact = !options.teacher.empty();
  material.least_crop = exact ? options.least_crop : kAlmostWhole;
  targets = exact ? teacher_targets(file, pictures, options) : stored_targets(file, pictures);
}

std::vector<std::string> labels_of(const std::vector<PictureFile>& pictures) {
  std::set<std::string> labels;
  for (const PictureFile& picture : pictures) labels.insert(picture.label);
  labels.erase("");
  if (labels.size() < 2) {
    throw Error(ErrorKind::kSettings,
                "there are less than two labels to tell apart; put the pictures of --images into "
                "sub-folders that are named so, or give FOLDER=LABEL");
  }
  return {labels.begin(), labels.end()};
}

bool is_held_out(const PictureFile& file) { return Sha256::of(as_bytes(file.source))[0] % kHeldOutShare == 0; }

}  // namespace

EncoderMaterial EncoderMaterial::load(const EncoderMaterialOptions& options) {
  EncoderMaterial material;
  material.mode = options.mode;
  material.dimension = options.dimension;
  material.least_crop = kLeastView;
  auto pictures = list_pictures(options.images);
  std::unordered_map<std::string, Target> targets;
  const bool guided = options.mode == EncoderMode::kGuided;
  const bool supervised = options.mode == EncoderMode::kSupervised;
  if (guided) load_guidance(material, pictures, options, targets);
  if (supervised) {
    material.labels = labels_of(pictures);
    pictures = keep_share(pictures, options.label_share, options.seed);
  }
  Progress progress("pictures", pictures.size());
  for (size_t i = 0; i < pictures.size(); ++i) {
    progress.update(i + 1);
    const auto found = targets.find(pictures[i].path);
    const auto label = std::find(material.labels.begin(), material.labels.end(), pictures[i].label);
    if ((guided && found == targets.end()) || (supervised && label == material.labels.end())) continue;
    const cv::Mat picture = read_picture(pictures[i].path);
    if (picture.cols < 2 || picture.rows < 2) continue;
    const Picture whole = to_i420(picture);
    // Few labels are worth more than a look at how training goes.
    const bool spare = is_held_out(pictures[i]) && options.label_share >= 1;
    auto& list = spare ? material.held_out : material.training;
    list.push_back({resize_area(whole.view(), kMaterialSize, kMaterialSize), {Crop{}}, {}, -1});
    if (supervised) list.back().label = static_cast<int>(label - material.labels.begin());
    if (!guided) continue;
    list.back().crops = std::move(found->second.crops);
    list.back().targets = std::move(found->second.vectors);
  }
  if (material.training.empty() || (guided && material.bank.empty())) {
    throw Error(ErrorKind::kRead, "nothing to learn from: of " + std::to_string(pictures.size()) + " pictures none " +
                                      (guided ? "is a source of an entry of \"" + options.skb +
                                                    "\"; give --teacher, or the folders it was built from"
                                              : std::string("can be read and has what is needed")));
  }
  std::printf("%zu pictures to learn from, %zu held out, %zu left out\n", material.training.size(),
              material.held_out.size(), pictures.size() - material.training.size() - material.held_out.size());
  return material;
}

EncoderSample cut_sample(const EncoderItem& item, double least_crop, int size, std::mt19937_64& random) {
  const size_t number = random() % item.crops.size();
  Crop crop = item.crops[number];
  if (least_crop < 1) {
    const double width = crop.width * uniform(random, least_crop, 1);
    const double height = crop.height * uniform(random, least_crop, 1);
    crop.left += uniform(random, 0, crop.width - width);
    crop.top += uniform(random, 0, crop.height - height);
    crop.width = width;
    crop.height = height;
  }
  if (number == 0) crop.flip = chance(random, 0.5);
  EncoderSample sample{resize_area(part_of(item.picture, crop), size, size),
                       item.targets.empty() ? Vector{} : item.targets[number], item.label};
  if (crop.flip) flip(sample.picture);
  return sample;
}

EncoderSample draw_sample(const EncoderItem& item, double least_crop, int size, std::mt19937_64& random) {
  EncoderSample sample = cut_sample(item, least_crop, size, random);
  if (chance(random, 0.25)) {
    const int small = static_cast<int>(uniform(random, 0.35, 0.9) * size);
    const Picture blurred = resize_area(sample.picture.view(), small, small);
    sample.picture = resize_area(blurred.view(), size, size);
  }
  change_colours(sample.picture, random);
  return sample;
}

void mix_into(EncoderSample& sample, const EncoderSample& other, std::mt19937_64& random) {
  const double share = uniform(random, 0.1, 0.5);  // of the area
  const int size = sample.picture.width();
  const double shape = uniform(random, -0.5, 0.5);
  const int width = std::clamp(static_cast<int>(size * std::sqrt(share) * std::exp2(shape)), 2, size) & ~1;
  const int height = std::clamp(static_cast<int>(size * std::sqrt(share) * std::exp2(-shape)), 2, size) & ~1;
  const int left = static_cast<int>(uniform(random, 0, size - width)) & ~1;
  const int top = static_cast<int>(uniform(random, 0, size - height)) & ~1;
  for (int p = 0; p < 3; ++p) {
    const int shrink = p == 0 ? 1 : 2;
    const ptrdiff_t stride = sample.picture.plane_width(p);
    for (int y = top / shrink; y < (top + height) / shrink; ++y) {
      const ptrdiff_t at = y * stride + left / shrink;
      std::copy_n(other.picture.plane(p) + at, width / shrink, sample.picture.plane(p) + at);
    }
  }
  const float other_share = static_cast<float>(width) * static_cast<float>(height) / static_cast<float>(size * size);
  for (size_t i = 0; i < sample.target.size(); ++i) {
    sample.target[i] += other_share * (other.target[i] - sample.target[i]);
  }
  normalise(sample.target);
}

EncoderSample plain_sample(const EncoderItem& item, int size) {
  return {resize_area(item.picture.view(), size, size), item.targets.empty() ? Vector{} : item.targets[0], item.label};
}

}  // namespace crlsc::tools
