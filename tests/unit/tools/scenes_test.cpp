// SPDX-License-Identifier: LGPL-2.1-or-later
// `crlsc pkb build --video`: videos as entries with pictures of their scenes.
#include "knowledge/scenes.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/kb/reference_picture.h"
#include "support/test_knowledge.h"
#include "unit/codec/codec_testing.h"
#include "unit/model/model_testing.h"

namespace crlsc::tools {
namespace {

constexpr int kRate = 20;  // pictures a second of the videos

constexpr int kNobody = -1;

// Two places that differ everywhere. In picture `index` something moves there, unless it is kNobody.
Picture place(int number, int index, int width, int height) {
  Picture picture = Clip{Clip::Kind::kStill, width, height, 1}.picture(0);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      uint8_t& sample = picture.plane(0)[y * width + x];
      if (number == 1) sample = static_cast<uint8_t>(255 - sample);
      if (index >= 0 && x / 8 == index / 4 % (width / 8) && 3 * y / height == 1) sample = 235;
    }
  }
  return picture;
}

class Scenes : public testing::Test {
 protected:
  Scenes() {
    setenv("CRLSC_BACKEND_PATH", CRLSC_SUPPORT_FOLDER, 1);
    model_ = acquire_model(CRLSC_SUPPORT_FOLDER "/test-model-semantic.safetensors", 1);
    embedder_ = model_->network->open_embedder();
    write_test_knowledge(folder.file("shared.crlsckb"), *model_, 1);
    write_private_knowledge(path, folder.file("shared.crlsckb"), true);
    options.videos = {folder.file("videos")};
    std::filesystem::create_directory(folder.file("videos"));
  }

  // Shows the places one after the other, each for so many seconds.
  void film(const std::string& name, const std::vector<int>& places, int seconds = 12, int width = 64,
            int height = 48) {
    Y4mWriter writer(folder.file("videos/" + name), width, height, kRate);
    int index = 0;
    for (const int number : places) {
      for (int i = 0; i < seconds * kRate; ++i) writer.write(place(number, index++, width, height).view());
    }
  }

  std::vector<SceneSummary> add() {
    KnowledgeBaseFile file(path, KnowledgeBaseFile::Access::kWrite);
    const auto embed = [this](const PictureView& picture) {
      ++embedded;
      std::vector<float> vector(static_cast<size_t>(embedder_->dimension()));
      embedder_->embed(picture, vector.data());
      return vector;
    };
    return add_scenes(file, options, open_y4m, embed);
  }
  std::vector<StoredEntry> entries() const {
    std::vector<StoredEntry> all;
    KnowledgeBaseFile file(path, KnowledgeBaseFile::Access::kRead);
    file.verify();
    file.for_each([&](const StoredEntry& entry) { all.push_back(entry); }, {true, true});
    return all;
  }

  TempFolder folder;
  std::string path = folder.file("private.crlsckb");
  SceneOptions options;
  int embedded = 0;

 private:
  std::shared_ptr<const LoadedModel> model_;
  std::unique_ptr<Embedder> embedder_;
};

TEST_F(Scenes, BecomeEntriesWithTheirPictures) {
  film("street.y4m", {0, 1, 0});
  const auto scenes = add();
  ASSERT_EQ(scenes.size(), 2U);
  const auto stored = entries();
  ASSERT_EQ(stored.size(), 2U);
  EXPECT_EQ(embedded, 2);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_TRUE(scenes[i].added);
    EXPECT_EQ(scenes[i].id, stored[i].id);
    EXPECT_EQ(scenes[i].picture_bytes, stored[i].picture.size());
    EXPECT_NEAR(scenes[i].seconds, i == 0 ? 24 : 12, 0.5);
    EXPECT_EQ(stored[i].label, "street");
    EXPECT_EQ(stored[i].source, "videos/street.y4m");
    EXPECT_GT(stored[i].last_seen, 0);
    EXPECT_FALSE(stored[i].sq8.empty());
    const Picture picture = decode_reference_picture(stored[i].picture);
    const Picture scene = place(static_cast<int>(i), kNobody, 64, 48);
    EXPECT_GT(psnr(picture.view(), scene.view()), 34);
  }
}

TEST_F(Scenes, AreAddedOnce) {
  film("a.y4m", {0});
  film("b.y4m", {1, 0});
  options.label = "yard";
  EXPECT_EQ(add().size(), 2U);
  {
    KnowledgeBaseFile file(path, KnowledgeBaseFile::Access::kWrite);
    file.set_last_seen(1, 5);
  }
  const auto again = add();
  ASSERT_EQ(again.size(), 2U);
  EXPECT_FALSE(again[0].added);
  EXPECT_FALSE(again[1].added);
  EXPECT_EQ(again[0].label, "yard");
  const auto stored = entries();
  EXPECT_EQ(stored.size(), 2U);
  EXPECT_GT(stored[0].last_seen, 5);
  std::ostringstream text;
  print_scenes(again, text);
  EXPECT_NE(text.str().find("known entry 1: yard, seen for 2"), std::string::npos) << text.str();
}

TEST_F(Scenes, HaveTheSizeThatIsAskedFor) {
  film("a.y4m", {0}, 12, 64, 48);
  parse_size("37x21", options);
  add();
  parse_size("96x80", options);
  add();
  const auto stored = entries();
  ASSERT_EQ(stored.size(), 2U);
  EXPECT_EQ(reference_picture_size(stored[0].picture).width, 37);
  EXPECT_EQ(reference_picture_size(stored[0].picture).height, 21);
  EXPECT_EQ(reference_picture_size(stored[1].picture).width, 96);
}

TEST_F(Scenes, RateAndWindowAreKept) {
  film("a.y4m", {0}, 30);
  options.window = 10;
  for (const double rate : {3.0, 10.0, 1000.0}) {
    options.rate = rate;
    const auto scenes = add();
    ASSERT_EQ(scenes.size(), 1U) << rate;
    // Windows do not overlap, and lack the time from the last picture of one to the first of the next.
    EXPECT_NEAR(scenes[0].seconds, 30 - 3 / std::min<double>(rate, kRate), 0.2) << rate;
  }
  EXPECT_EQ(entries().size(), 1U);
}

TEST_F(Scenes, QualityAndVectorsAreOptions) {
  film("a.y4m", {0});
  add();
  film("a.y4m", {1});
  options.quality = 10;
  options.vectors = false;
  add();
  const auto stored = entries();
  ASSERT_EQ(stored.size(), 2U);
  EXPECT_LT(stored[1].picture.size() * 2, stored[0].picture.size());
  EXPECT_TRUE(stored[1].sq8.empty());
}

TEST_F(Scenes, ShortOnesAreLeftOut) {
  film("a.y4m", {0}, 5);
  std::ostringstream text;
  print_scenes(add(), text);
  EXPECT_NE(text.str().find("no scene"), std::string::npos);
  EXPECT_TRUE(entries().empty());
}

TEST_F(Scenes, VideosThatCannotBeReadAreLeftOut) {
  std::ofstream(folder.file("videos/0.y4m")) << "no video";
  std::ofstream(folder.file("videos/1.y4m")) << "YUV4MPEG2 W64 H48 F10:1\n";
  EXPECT_EQ(failure_of([&] { add(); })->kind, ErrorKind::kRead);
  film("2.y4m", {0});
  EXPECT_EQ(add().size(), 1U);
}

TEST_F(Scenes, BadOptionsAreTold) {
  for (const char* size : {"", "64", "64x", "x48", "0x48", "64x-1", "64x48x", "2049x48", "64 48"}) {
    const auto failure = failure_of([&] { parse_size(size, options); });
    ASSERT_TRUE(failure) << size;
    EXPECT_EQ(failure->kind, ErrorKind::kSettings) << size;
  }
  EXPECT_EQ(failure_of([&] { list_videos(options); })->kind, ErrorKind::kRead);
  film("a.y4m", {0}, 1);
  options.label = "line\nbreak";
  EXPECT_EQ(failure_of([&] { list_videos(options); })->kind, ErrorKind::kSettings);
  options.videos = {folder.file("nowhere")};
  EXPECT_EQ(failure_of([&] { list_videos(options); })->kind, ErrorKind::kNotFound);
}

TEST_F(Scenes, TooLargeVideosAreToldBeforeTheyAreWatched) {
  film("a.y4m", {0}, 1, 2064, 16);
  const auto failure = failure_of([&] { add(); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kSettings);
  EXPECT_NE(failure->text.find("--size"), std::string::npos);
}

TEST_F(Scenes, FoldersAreListedInOrder) {
  film("b.y4m", {0}, 1);
  film("a.Y4M", {0}, 1);
  std::ofstream(folder.file("videos/notes.txt")) << "no video";
  options.videos = {folder.file("videos/"), folder.file("videos/b.y4m")};
  const auto files = list_videos(options);
  ASSERT_EQ(files.size(), 3U);
  EXPECT_EQ(files[0].source, "videos/a.Y4M");
  EXPECT_EQ(files[1].source, "videos/b.y4m");
  EXPECT_EQ(files[2].source, "b.y4m");
  EXPECT_EQ(files[2].label, "b");
}

TEST_F(Scenes, ReadersTellHowManyPicturesThereAre) {
  film("a.y4m", {0}, 2);
  EXPECT_EQ(open_y4m(folder.file("videos/a.y4m"))->frames(), 2U * kRate);
}

}  // namespace
}  // namespace crlsc::tools
