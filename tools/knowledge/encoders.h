// SPDX-License-Identifier: LGPL-2.1-or-later
// What turns pictures into vectors of a knowledge base: the teacher behind the projection, or a model's semantic head.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/kb/knowledge_base_file.h"
#include "core/model/registry.h"
#include "knowledge/pictures.h"
#include "knowledge/vector_cache.h"
#include "neural/teacher.h"

namespace crlsc::tools {

using Vector = std::vector<float>;

class PictureEncoder {
 public:
  virtual ~PictureEncoder() = default;
  // A vector of unit length for each picture, 8-bit BGR.
  virtual std::vector<Vector> embed(const std::vector<cv::Mat>& pictures) const = 0;
};

// The teacher in its own space, or, with a projection, in that of a knowledge base.
class TeacherEncoder : public PictureEncoder {
 public:
  TeacherEncoder(std::shared_ptr<const neural::Teacher> teacher, std::optional<Projection> projection);
  std::vector<Vector> embed(const std::vector<cv::Mat>& pictures) const override;

 private:
  std::shared_ptr<const neural::Teacher> teacher_;
  std::optional<Projection> projection_;
};

// The semantic head of a model file.
class HeadEncoder : public PictureEncoder {
 public:
  // `model` as the elements' property of that name. Throws Error(kWrongType) if it has no semantic head.
  HeadEncoder(const std::string& model, int threads);
  ~HeadEncoder() override;
  std::vector<Vector> embed(const std::vector<cv::Mat>& pictures) const override;
  Vector embed_picture(const PictureView& picture) const;
  const ModelFile& file() const { return model_->file; }
  // Throws Error(kWrongType) unless the head was trained for the vector space of this knowledge base, which is that of
  // its codebooks.
  void check_space(const KnowledgeBaseInfo& info, const std::string& path) const;

 private:
  std::shared_ptr<const LoadedModel> model_;
  std::unique_ptr<Embedder> embedder_;
};

// Throws Error(kWrongType) unless the knowledge base was made by this teacher, Error(kSettings) without a projection.
Projection projection_for(KnowledgeBaseFile& file, const neural::Teacher& teacher);

// Calls `use` with each entry and its vector of unit length: the one for re-ranking, without it what the code stands
// for. Needs the codebooks.
void for_each_vector(KnowledgeBaseFile& file, const std::function<void(const StoredEntry&, Vector)>& use);

// A teacher by a path: Teacher::open() with `threads` of LibTorch, 0: all cores.
std::shared_ptr<const neural::Teacher> open_teacher(const std::string& path, int threads);

struct EmbeddedPictures {
  std::vector<PictureFile> files;
  std::vector<Vector> vectors;
};

// Vectors of all pictures that can be read, with a progress bar; those that cannot are told on standard error.
EmbeddedPictures embed_pictures(const std::vector<PictureFile>& files, const PictureEncoder& encoder,
                                const std::string& what);
// The teacher's own vectors of crop `number` of each picture (augmentation_crop()), out of the cache where it has them.
EmbeddedPictures embed_pictures(const std::vector<PictureFile>& files, const neural::Teacher& teacher,
                                VectorCache& cache, int number, uint64_t seed);

}  // namespace crlsc::tools
