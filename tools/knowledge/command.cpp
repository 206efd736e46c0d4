// SPDX-License-Identifier: LGPL-2.1-or-later
// `crlsc skb` and `crlsc pkb`.
#include "command.h"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>

#include "core/error.h"
#include "knowledge/build.h"
#include "knowledge/report.h"

namespace crlsc::tools {
namespace {

using Access = KnowledgeBaseFile::Access;

std::string qualities() {
  return std::to_string(EntryOptions::kStillQuality) + ", " + std::to_string(static_cast<int>(kScenePictureQuality)) +
         " for scenes";
}

void add_entry_options(CLI::App* command, EntryOptions& o) {
  command->add_option("--near-duplicate", o.near_duplicate, "Cosine above which an entry is dropped; 1 = none is")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  command->add_flag("!--no-vectors", o.vectors,
                    "Keep no 8-bit vectors, which searches compare the best with once more");
  command->add_option("--pictures", o.picture_side, "Keep reference pictures of at most this side; 0 = none")
      ->capture_default_str()
      ->check(CLI::Range(0, 4096));
  command->add_option("--picture-quality", o.picture_quality, "Quality of the pictures (WebP); default: " + qualities())
      ->check(CLI::Range(1, 100));
}

CLI::Option* add_images_option(CLI::App* command, std::vector<std::string>& images) {
  return command->add_option("--images", images,
                             "Folders of pictures; sub-folders name labels. FOLDER=LABEL labels all of them");
}

// Pictures, videos, or both.
void add_material_options(CLI::App* command, std::vector<std::string>& images, SceneOptions& o) {
  CLI::Option* first = add_images_option(command, images);
  CLI::Option* video = command->add_option(
      "--video", o.videos, "Videos, and folders of them: an entry for each scene, with a picture of its background");
  command->add_option("--label", o.label, "Label of the scenes; default: the name of the video")->needs(video);
  command
      ->add_option_function<std::string>(
          "--size", [&o](const std::string& text) { parse_size(text, o); },
          "WIDTHxHEIGHT of the scenes' pictures; default: of the video. Streams refer to pictures of their own size "
          "only: it must be the one that will be streamed")
      ->needs(video);
  command->add_option("--rate", o.rate, "Pictures a second of the videos that are looked at")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 1000.0))
      ->needs(video);
  command
      ->add_option("--window", o.window,
                   "Seconds after which a scene is looked at anew, for videos in which it changes; 0 = when it ends")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1e6))
      ->needs(video);
  command->parse_complete_callback([first, video] {
    if (first->empty() && video->empty()) throw CLI::RequiredError("--images or --video");
  });
}

void add_threads_option(CLI::App* command, int& threads) {
  command->add_option("--threads", threads, "Threads; 0 = one less than there are cores, 1 to 4");
}

void add_build(CLI::App* skb) {
  CLI::App* command = skb->add_subcommand("build", "Make a shared knowledge base with a teacher");
  auto o = std::make_shared<SkbOptions>();
  auto pq = std::make_shared<std::string>("32x8");
  auto no_rotation = std::make_shared<bool>(false);
  command->add_option("--teacher", o->teacher, "TorchScript, or a CLIP vision tower (safetensors)")->required();
  add_images_option(command, o->images)->required();
  command->add_option("--out", o->out, "File to write")->capture_default_str();
  command->add_option("--cache", o->cache, "File of the teacher's vectors, to go on after a kill; default: OUT.cache");
  command->add_option("--dim", o->space.dimension, "Numbers of a vector")->capture_default_str();
  command->add_option("--pq", *pq, "Codes: sub-vectors x bits")->capture_default_str();
  command->add_flag("--no-rotation", *no_rotation, "Plain PQ, without OPQ's rotation");
  command->add_option("--whiten", o->space.whiten, "0 = principal components as they are, 0.5 = all of equal variance")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 0.5));
  command->add_option("--seed", o->space.seed, "Seed of everything random")->capture_default_str();
  add_entry_options(command, o->entries);
  add_threads_option(command, o->threads);
  command->callback([o, pq, no_rotation] {
    parse_pq(*pq, o->space);
    o->space.rotate = !*no_rotation;
    build_skb(*o);
  });
}

struct FileOptions {
  std::string file;
  std::string other;
};

void add_info(CLI::App* skb) {
  CLI::App* command = skb->add_subcommand("info", "Print what a knowledge base holds");
  auto o = std::make_shared<FileOptions>();
  command->add_option("file", o->file, "Knowledge base")->required();
  command->callback([o] {
    KnowledgeBaseFile file(o->file, Access::kRead);
    describe_knowledge_base(file, std::cout);
  });
}

void add_verify(CLI::App* skb) {
  CLI::App* command = skb->add_subcommand("verify", "Check every byte of a knowledge base that counts");
  auto o = std::make_shared<FileOptions>();
  command->add_option("file", o->file, "Knowledge base")->required();
  command->callback([o] {
    KnowledgeBaseFile file(o->file, Access::kRead);
    file.verify();
    std::printf("%s: sound, id %s\n", o->file.c_str(), to_hex(file.info().id).c_str());
  });
}

void add_merge(CLI::App* skb) {
  CLI::App* command = skb->add_subcommand("merge", "Add the entries of other knowledge bases with the same codebooks");
  auto o = std::make_shared<FileOptions>();
  auto others = std::make_shared<std::vector<std::string>>();
  auto entries = std::make_shared<EntryOptions>();
  command->add_option("file", o->file, "Knowledge base to add to")->required();
  command->add_option("others", *others, "Knowledge bases to take from")->required();
  command->add_option("--near-duplicate", entries->near_duplicate, "Cosine above which an entry is dropped")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  command->callback([=] {
    KnowledgeBaseFile file(o->file, Access::kWrite);
    AddSettings settings;
    settings.near_duplicate = entries->near_duplicate;
    settings.keep_vectors = true;
    for (const std::string& path : *others) {
      KnowledgeBaseFile other(path, Access::kRead);
      const MergeResult result = file.merge(other, settings);
      std::printf("%s: %zu added, %zu near duplicates dropped\n", path.c_str(), result.added, result.dropped);
    }
  });
}

struct AddOptions {
  std::string file;
  std::vector<std::string> images;
  SceneOptions scenes;
  std::string teacher;
  std::string model;
  int threads = 0;
  EntryOptions entries;
};

void add_encoder_options(CLI::App* command, AddOptions& o) {
  auto* teacher = command->add_option("--teacher", o.teacher, "The teacher that made the knowledge base");
  command->add_option("--model", o.model, "A model whose semantic head makes the vectors, as crlscenc finds it")
      ->excludes(teacher);
  add_threads_option(command, o.threads);
}

std::unique_ptr<HeadEncoder> open_head(KnowledgeBaseFile& file, const AddOptions& o) {
  auto encoder = std::make_unique<HeadEncoder>(o.model, o.threads);
  encoder->check_space(file.info(), file.path());
  return encoder;
}

std::unique_ptr<PictureEncoder> open_encoder(KnowledgeBaseFile& file, const AddOptions& o) {
  if (o.teacher.empty()) return open_head(file, o);
  auto teacher = open_teacher(o.teacher, o.threads);
  Projection projection = projection_for(file, *teacher);
  return std::make_unique<TeacherEncoder>(std::move(teacher), std::move(projection));
}

void add_to(KnowledgeBaseFile& file, const AddOptions& o) {
  if (!o.scenes.videos.empty() && !o.teacher.empty()) {
    throw Error(ErrorKind::kSettings, "--video needs --model: a semantic head embeds scenes, not the teacher");
  }
  if (!o.images.empty()) {
    const auto files = list_pictures(o.images);
    const AddCounts counts = add_pictures(file, embed_pictures(files, *open_encoder(file, o), "pictures"), o.entries);
    std::printf("%s: %zu added, %zu near duplicates dropped\n", o.file.c_str(), counts.added, counts.dropped);
  }
  if (!o.scenes.videos.empty()) add_videos(file, o.scenes, o.entries, *open_head(file, o));
}

void add_add(CLI::App* skb) {
  CLI::App* command = skb->add_subcommand("add", "Add pictures or the scenes of videos to a knowledge base");
  auto o = std::make_shared<AddOptions>();
  command->add_option("file", o->file, "Knowledge base")->required();
  add_material_options(command, o->images, o->scenes);
  add_encoder_options(command, *o);
  add_entry_options(command, o->entries);
  command->callback([o] {
    KnowledgeBaseFile file(o->file, Access::kWrite);
    add_to(file, *o);
  });
}

void add_remove(CLI::App* skb) {
  CLI::App* command = skb->add_subcommand("remove", "Remove entries, and overwrite what they held");
  auto file = std::make_shared<std::string>();
  auto ids = std::make_shared<std::vector<EntryId>>();
  auto labels = std::make_shared<std::vector<std::string>>();
  command->add_option("file", *file, "Knowledge base")->required();
  command->add_option("--id", *ids, "Ids of entries");
  command->add_option("--label", *labels, "All entries with these labels");
  command->callback([=] {
    KnowledgeBaseFile base(*file, Access::kWrite);
    std::printf("%zu removed\n", base.remove(select_entries(base, *ids, *labels)));
  });
}

void add_search(CLI::App* skb) {
  CLI::App* command = skb->add_subcommand("search", "Look pictures up in a knowledge base");
  auto o = std::make_shared<AddOptions>();
  auto settings = std::make_shared<SearchSettings>();
  auto pictures = std::make_shared<std::vector<std::string>>();
  auto sheet = std::make_shared<std::string>();
  settings->k = 5;
  command->add_option("file", o->file, "Knowledge base")->required();
  command->add_option("pictures", *pictures, "Pictures, or folders of them")->required();
  add_encoder_options(command, *o);
  command->add_option("-k,--top-k", settings->k, "Results")->capture_default_str()->check(CLI::Range(1, 1000));
  command->add_option("--min-similarity", settings->min_similarity, "Leave out what is less similar than this");
  command->add_option("--rerank", settings->rerank, "Candidates to compare once more by their 8-bit vectors")
      ->check(CLI::Range(0, 4096));
  command->add_option("--sheet", *sheet,
                      "Picture file to write: what is looked up, beside the matches' reference pictures");
  command->callback([=] {
    KnowledgeBaseFile file(o->file, Access::kRead);
    const auto encoder = open_encoder(file, *o);
    search_pictures(file, *encoder, *pictures, *settings, *sheet, std::cout);
  });
}

void add_export(CLI::App* skb) {
  CLI::App* command = skb->add_subcommand("export", "Write a knowledge base for other programs");
  auto o = std::make_shared<FileOptions>();
  auto faiss = std::make_shared<std::string>();
  auto csv = std::make_shared<std::string>();
  auto pictures = std::make_shared<std::string>();
  command->add_option("file", o->file, "Knowledge base")->required();
  command->add_option("--faiss", *faiss, "Faiss index of the codes");
  command->add_option("--csv", *csv, "Table of the entries");
  command->add_option("--pictures", *pictures, "Folder of the reference pictures, ID.webp each");
  command->callback([=] {
    if (faiss->empty() && csv->empty() && pictures->empty()) {
      throw Error(ErrorKind::kSettings, "give --faiss, --csv, --pictures, or several of them");
    }
    KnowledgeBaseFile file(o->file, Access::kRead);
    if (!faiss->empty()) export_faiss(file, *faiss);
    if (!pictures->empty()) std::printf("%zu pictures\n", export_pictures(file, *pictures));
    if (csv->empty()) return;
    std::ofstream out(*csv);
    file.export_csv(out);
    if (!out.flush()) throw Error(ErrorKind::kWrite, "cannot write \"" + *csv + "\"");
  });
}

CLI::App* add_private(CLI::App* pkb, const std::string& name, const std::string& what, PkbOptions& o) {
  CLI::App* command = pkb->add_subcommand(name, what);
  command
      ->add_option("--skb", o.skb,
                   "The shared knowledge base whose codebooks to use: a path, or a name on the model path")
      ->capture_default_str();
  command->add_option("--model", o.model, "Model with a semantic head; default: searched on the model path");
  command->add_option("--out", o.out, "File to write; it must not exist. `add` adds to one that does")
      ->capture_default_str();
  command->add_flag("!--no-codebooks", o.codebooks, "Leave the codebooks to the shared knowledge base");
  return command;
}

void add_create_private(CLI::App* pkb) {
  auto o = std::make_shared<PkbOptions>();
  add_private(pkb, "create", "Make an empty private knowledge base, which elements fill", *o)->callback([o] {
    build_pkb(*o);
    std::printf(
        "To fill it, let a camera learn:\n  gst-launch-1.0 v4l2src ! videoconvert ! crlsckb location=%s mode=build "
        "scenes=true ! fakesink\nor add recordings:\n  crlsc pkb add %s --video VIDEO\n",
        o->out.c_str(), o->out.c_str());
  });
}

void add_build_private(CLI::App* pkb) {
  auto o = std::make_shared<PkbOptions>();
  CLI::App* command = add_private(pkb, "build", "Make a private knowledge base with a model's semantic head", *o);
  add_material_options(command, o->images, o->scenes);
  add_entry_options(command, o->entries);
  add_threads_option(command, o->threads);
  command->callback([o] { build_pkb(*o); });
}

}  // namespace

void add_knowledge_commands(CLI::App& app) {
  CLI::App* skb = app.add_subcommand("skb", "Make shared knowledge bases, and look after any");
  CLI::App* pkb = app.add_subcommand("pkb", "Make private knowledge bases, and look after any");
  add_build(skb);
  add_build_private(pkb);
  add_create_private(pkb);
  for (CLI::App* base : {skb, pkb}) {
    base->require_subcommand(1);
    for (const auto add : {add_info, add_search, add_add, add_remove, add_merge, add_verify, add_export}) add(base);
  }
}

}  // namespace crlsc::tools
