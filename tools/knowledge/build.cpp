// SPDX-License-Identifier: LGPL-2.1-or-later
#include "knowledge/build.h"

#include <cstdio>
#include <filesystem>
#include <iostream>

#include "core/error.h"
#include "core/kb/knowledge_path.h"
#include "eval/video.h"
#include "knowledge/clock.h"
#include "knowledge/neighbours.h"
#include "progress.h"

namespace crlsc::tools {
namespace fs = std::filesystem;
namespace {

constexpr size_t kTransaction = 256;
constexpr size_t kRecallQueries = 1000;

void refuse_existing(const std::string& path) {
  if (fs::exists(path)) {
    throw Error(ErrorKind::kWrite, "\"" + path + "\" exists already; add to it, remove it, or choose another --out");
  }
}

void print_recall(const char* what, const Recall& recall) {
  std::printf("  %-22s recall@1 %.3f, recall@10 %.3f\n", what, recall.at_1, recall.at_10);
}

void report(KnowledgeBaseFile& file, const AddCounts& counts, const Vectors& vectors) {
  const KnowledgeBaseInfo info = file.info();
  std::printf("%s: %zu entries (%zu near duplicates dropped), %ju bytes, id %s\n", file.path().c_str(),
              static_cast<size_t>(info.entries), counts.dropped, static_cast<uintmax_t>(fs::file_size(file.path())),
              to_hex(info.id).c_str());
  if (vectors.size() < 11) return;
  const RecallReport recall = measure_recall(vectors, file.quantiser(), kRecallQueries);
  std::printf("against exact search, %zu queries among %zu vectors:\n", recall.queries, vectors.size());
  print_recall("codes alone:", recall.codes);
  print_recall("100 re-ranked by 8 bit:", recall.reranked);
}

}  // namespace

AddCounts add_pictures(KnowledgeBaseFile& file, const EmbeddedPictures& pictures, const EntryOptions& options) {
  AddSettings settings;
  settings.near_duplicate = options.near_duplicate;
  settings.keep_vectors = options.vectors;
  AddCounts counts;
  Progress progress("entries", pictures.files.size());
  for (size_t begin = 0; begin < pictures.files.size(); begin += kTransaction) {
    std::vector<NewEntry> entries;
    for (size_t i = begin; i < std::min(begin + kTransaction, pictures.files.size()); ++i) {
      NewEntry entry;
      entry.vector = pictures.vectors[i];
      entry.label = pictures.files[i].label;
      entry.source = pictures.files[i].source;
      entry.first_seen = entry.last_seen = now_milliseconds();
      if (options.picture_side > 0) {
        entry.picture = to_webp(read_picture(pictures.files[i].path), options.picture_side, options.still_quality());
      }
      entries.push_back(std::move(entry));
    }
    for (const AddResult& result : file.add(entries, settings)) ++(result.added ? counts.added : counts.dropped);
    progress.update(begin + entries.size());
  }
  return counts;
}

void add_videos(KnowledgeBaseFile& file, SceneOptions scenes, const EntryOptions& options, const HeadEncoder& encoder) {
  scenes.vectors = options.vectors;
  if (options.picture_quality > 0) scenes.quality = static_cast<float>(options.picture_quality);
  const auto embed = [&encoder](const PictureView& picture) { return encoder.embed_picture(picture); };
  print_scenes(add_scenes(file, scenes, open_video, embed), std::cout);
  std::cout.flush();
}

void build_skb(const SkbOptions& options) {
  refuse_existing(options.out);
  const auto files = list_pictures(options.images);
  const auto teacher = open_teacher(options.teacher, options.threads);
  std::printf("teacher %s, %d numbers; %zu pictures\n", teacher->settings().text().c_str(), teacher->dimension(),
              files.size());
  const std::string cache_path = options.cache.empty() ? options.out + ".cache" : options.cache;
  VectorCache cache(cache_path, teacher->hash(), teacher->dimension());
  EmbeddedPictures pictures = embed_pictures(files, *teacher, cache, 0, 0);
  std::printf("training the projection and the codebooks\n");
  std::fflush(stdout);
  const Projection projection = train_projection(pictures.vectors, options.space);
  for (Vector& v : pictures.vectors) v = projection.apply(v);
  const ProductQuantiser quantiser = train_quantiser(pictures.vectors, options.space);

  KnowledgeBaseHeader header;
  header.teacher = teacher->settings().text();
  header.teacher_hash = teacher->hash();
  header.created = now_milliseconds();
  // Under another name until it is complete; what a killed run left of it costs little to make again.
  const std::string part = options.out + ".building";
  fs::remove(part);
  fs::remove(part + "-journal");
  KnowledgeBaseFile::create(part, header, quantiser, true, &projection);
  AddCounts counts;
  {
    KnowledgeBaseFile file(part, KnowledgeBaseFile::Access::kWrite);
    counts = add_pictures(file, pictures, options.entries);
  }
  refuse_existing(options.out);
  fs::rename(part, options.out);
  KnowledgeBaseFile file(options.out, KnowledgeBaseFile::Access::kRead);
  report(file, counts, pictures.vectors);
  std::printf("the teacher's vectors stay in %s for crlsc train encoder; it may be deleted\n", cache_path.c_str());
}

void build_pkb(const PkbOptions& options) {
  refuse_existing(options.out);
  const auto files = options.images.empty() ? std::vector<PictureFile>() : list_pictures(options.images);
  if (!options.scenes.videos.empty())
    list_videos(options.scenes);  // what is wrong with them is told before work begins
  KnowledgeBaseFile skb(find_knowledge_base(options.skb, "--skb"), KnowledgeBaseFile::Access::kRead);
  const auto quantiser = skb.quantiser();
  const HeadEncoder encoder(options.model, options.threads);
  const KnowledgeBaseInfo info = skb.info();
  encoder.check_space(info, skb.path());
  EmbeddedPictures pictures;
  if (!files.empty()) pictures = embed_pictures(files, encoder, "pictures");
  KnowledgeBaseHeader header;
  header.kind = KnowledgeBaseKind::kPrivate;
  header.teacher = info.header.teacher;
  header.teacher_hash = info.header.teacher_hash;
  header.encoder = encoder.file().head_id();
  header.base = info.id;
  header.created = now_milliseconds();
  KnowledgeBaseFile::create(options.out, header, *quantiser, options.codebooks);
  KnowledgeBaseFile file(options.out, KnowledgeBaseFile::Access::kWrite);
  file.use_quantiser(quantiser);
  AddCounts counts;
  if (!files.empty()) counts = add_pictures(file, pictures, options.entries);
  try {
    if (!options.scenes.videos.empty()) add_videos(file, options.scenes, options.entries, encoder);
  } catch (...) {
    if (file.info().entries == 0) fs::remove(options.out);  // the next attempt would be refused
    throw;
  }
  report(file, counts, {});
}

}  // namespace crlsc::tools
