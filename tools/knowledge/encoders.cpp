// SPDX-License-Identifier: LGPL-2.1-or-later
#include "knowledge/encoders.h"

#include <cstdio>

#include "core/error.h"
#include "core/kb/sq8.h"
#include "core/model/backend.h"
#include "progress.h"

namespace crlsc::tools {
namespace {

constexpr size_t kBatch = 8;

neural::ColourView view_of(const cv::Mat& picture) {
  return {picture.data, static_cast<ptrdiff_t>(picture.step), picture.cols, picture.rows, true};
}

std::vector<Vector> run(const neural::Teacher& teacher, const std::vector<cv::Mat>& pictures) {
  std::vector<neural::ColourView> views;
  for (const cv::Mat& picture : pictures) views.push_back(view_of(picture));
  return teacher.embed(views);
}

// Calls work(pictures, their files) for batches of what can be read, and done(number of files looked at) after each.
template <class Work, class Done>
void in_batches(const std::vector<const PictureFile*>& files, const Crop* crops, Work work, Done done) {
  std::vector<cv::Mat> pictures;
  std::vector<size_t> indices;
  for (size_t i = 0; i < files.size(); ++i) {
    cv::Mat picture = read_picture(files[i]->path);
    if (picture.cols < 2 || picture.rows < 2) {
      std::fprintf(stderr, "crlsc: \"%s\" cannot be read as a picture and is left out\n", files[i]->path.c_str());
    } else {
      pictures.push_back(crops != nullptr ? cut(picture, crops[i]) : picture);
      indices.push_back(i);
    }
    if (pictures.size() == kBatch || (i + 1 == files.size() && !pictures.empty())) {
      work(pictures, indices);
      done(i + 1);
      pictures.clear();
      indices.clear();
    }
  }
}

}  // namespace

TeacherEncoder::TeacherEncoder(std::shared_ptr<const neural::Teacher> teacher, std::optional<Projection> projection)
    : teacher_(std::move(teacher)), projection_(std::move(projection)) {}

std::vector<Vector> TeacherEncoder::embed(const std::vector<cv::Mat>& pictures) const {
  std::vector<Vector> vectors = run(*teacher_, pictures);
  if (projection_) {
    for (Vector& v : vectors) v = projection_->apply(v);
  }
  return vectors;
}

HeadEncoder::HeadEncoder(const std::string& model, int threads)
    : model_(acquire_model(find_model(model), threads)), embedder_(model_->network->open_embedder()) {
  if (!embedder_) {
    throw Error(ErrorKind::kWrongType,
                "model \"" + model_->file.path() + "\" has no semantic head; make one with crlsc train encoder");
  }
}

HeadEncoder::~HeadEncoder() = default;

std::vector<Vector> HeadEncoder::embed(const std::vector<cv::Mat>& pictures) const {
  std::vector<Vector> vectors;
  for (const cv::Mat& picture : pictures) vectors.push_back(embed_picture(to_i420(picture).view()));
  return vectors;
}

Vector HeadEncoder::embed_picture(const PictureView& picture) const {
  Vector vector(static_cast<size_t>(embedder_->dimension()));
  embedder_->embed(picture, vector.data());
  return vector;
}

void HeadEncoder::check_space(const KnowledgeBaseInfo& info, const std::string& path) const {
  const auto found = file().metadata().find("embedding_codebooks");
  const std::string own = found == file().metadata().end() ? "" : found->second;
  if (own == to_hex(info.quantiser_hash)) return;
  throw Error(ErrorKind::kWrongType, "the semantic head of \"" + file().path() + "\" was trained for the codebooks " +
                                         printable(own) + ", \"" + path + "\" uses " + to_hex(info.quantiser_hash));
}

Projection projection_for(KnowledgeBaseFile& file, const neural::Teacher& teacher) {
  const KnowledgeBaseInfo info = file.info();
  if (info.header.teacher_hash != teacher.hash()) {
    throw Error(ErrorKind::kWrongType,
                "\"" + file.path() + "\" was made by the teacher " + info.header.teacher + " of hash " +
                    (info.header.teacher_hash ? to_hex(*info.header.teacher_hash) : std::string("unknown")) +
                    ", not by " + teacher.settings().text() + " of hash " + to_hex(teacher.hash()));
  }
  auto projection = file.projection();
  if (!projection) {
    throw Error(ErrorKind::kSettings, "\"" + file.path() + "\" has no projection from its teacher's space");
  }
  return *projection;
}

void for_each_vector(KnowledgeBaseFile& file, const std::function<void(const StoredEntry&, Vector)>& use) {
  const auto quantiser = file.quantiser();
  file.for_each(
      [&](const StoredEntry& entry) {
        Vector vector = entry.sq8.empty() ? quantiser->decode(entry.code) : sq8_decode(entry.sq8);
        if (normalise(vector)) use(entry, std::move(vector));
      },
      {true, false});
}

std::shared_ptr<const neural::Teacher> open_teacher(const std::string& path, int threads) {
  open_backend("neural").set_threads(threads);
  return neural::Teacher::open(path);
}

EmbeddedPictures embed_pictures(const std::vector<PictureFile>& files, const PictureEncoder& encoder,
                                const std::string& what) {
  EmbeddedPictures result;
  std::vector<const PictureFile*> all;
  for (const PictureFile& file : files) all.push_back(&file);
  Progress progress(what, files.size());
  in_batches(
      all, nullptr,
      [&](const std::vector<cv::Mat>& pictures, const std::vector<size_t>& indices) {
        auto vectors = encoder.embed(pictures);
        for (size_t i = 0; i < indices.size(); ++i) {
          result.files.push_back(files[indices[i]]);
          result.vectors.push_back(std::move(vectors[i]));
        }
      },
      [&](size_t done) { progress.update(done); });
  return result;
}

EmbeddedPictures embed_pictures(const std::vector<PictureFile>& files, const neural::Teacher& teacher,
                                VectorCache& cache, int number, uint64_t seed) {
  const std::string suffix = number == 0 ? "" : "\n" + std::to_string(number) + "\n" + std::to_string(seed);
  std::vector<const PictureFile*> missing;
  std::vector<Crop> crops;
  for (const PictureFile& file : files) {
    if (cache.find(file.path + suffix) != nullptr) continue;
    missing.push_back(&file);
    crops.push_back(augmentation_crop(file.source, number, seed));
  }
  const size_t known = files.size() - missing.size();
  Progress progress(number == 0 ? "teacher" : "teacher, crop " + std::to_string(number), files.size());
  progress.update(known, known);
  in_batches(
      missing, crops.data(),
      [&](const std::vector<cv::Mat>& pictures, const std::vector<size_t>& indices) {
        const auto vectors = run(teacher, pictures);
        for (size_t i = 0; i < indices.size(); ++i) cache.put(missing[indices[i]]->path + suffix, vectors[i]);
        cache.flush();
      },
      [&](size_t done) { progress.update(known + done, known); });
  EmbeddedPictures result;
  for (const PictureFile& file : files) {
    const Vector* vector = cache.find(file.path + suffix);
    if (vector == nullptr) continue;
    result.files.push_back(file);
    result.vectors.push_back(*vector);
  }
  return result;
}

}  // namespace crlsc::tools
