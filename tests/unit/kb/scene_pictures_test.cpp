// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference pictures: what is taken, and what of a file becomes a stream's scene memory.
#include "core/kb/scene_pictures.h"

#include <random>

#include "core/kb/reference_picture.h"
#include "unit/kb/kb_testing.h"

namespace crlsc {
namespace {

Picture gradient(int width, int height, int slope) {
  Picture out(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) out.plane(0)[y * width + x] = static_cast<uint8_t>((x + slope * y) / 4 + 16);
  }
  return out;
}

double error(const Picture& a, const Picture& b) {
  double sum = 0;
  for (size_t i = 0; i < a.data().size(); ++i) sum += std::abs(a.data()[i] - b.data()[i]);
  return sum / static_cast<double>(a.data().size());
}

TEST(ReferencePicture, ComesBackNearlyAsItWas) {
  for (const auto& [width, height] : {std::pair{64, 48}, {37, 21}}) {
    const Picture picture = gradient(width, height, 2);
    const Bytes webp = encode_reference_picture(picture, 80);
    EXPECT_FALSE(picture_fault(webp));
    const PictureSize size = reference_picture_size(webp);
    EXPECT_EQ(size.width, width);
    EXPECT_EQ(size.height, height);
    EXPECT_LT(error(decode_reference_picture(webp), picture), 2);
  }
}

TEST(ReferencePicture, LessQualityTakesLessBytes) {
  const Picture picture = gradient(160, 112, 3);
  EXPECT_LT(encode_reference_picture(picture, 10).size(), encode_reference_picture(picture, 90).size());
}

TEST(ReferencePicture, IsNotLargerThanWhatCanBeRead) {
  EXPECT_NO_THROW(decode_reference_picture(encode_reference_picture(Picture(kMaxReferenceSide, 4), 50)));
  const auto failure = failure_of([] { encode_reference_picture(Picture(4, kMaxReferenceSide + 1), 50); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kSettings);
}

TEST(ReferencePicture, TakesNothingThatIsNone) {
  EXPECT_THROW(decode_reference_picture({}), Error);
  EXPECT_THROW(decode_reference_picture(picture_of(100, 1)), Error);
  // Lossless: WebP's signature, then a VP8L chunk of 1x1.
  const Bytes lossless = {'R', 'I', 'F', 'F', 18, 0, 0, 0,    'W', 'E', 'B', 'P', 'V',
                          'P', '8', 'L', 5,   0,  0, 0, 0x2f, 0,   0,   0,   0,   0};
  EXPECT_THROW(decode_reference_picture(lossless), Error);
}

TEST(ReferencePicture, DamageThrowsOrDecodes) {
  const Bytes webp = encode_reference_picture(gradient(64, 48, 2), 60);
  std::mt19937 random(5);
  for (int i = 0; i < 2000; ++i) {
    Bytes bad = webp;
    bad[random() % bad.size()] ^= static_cast<uint8_t>(1 + random() % 255);
    if (i % 3 == 0) bad.resize(random() % bad.size());
    try {
      const Picture picture = decode_reference_picture(bad);
      EXPECT_LE(picture.width(), kMaxReferenceSide);
      EXPECT_LE(picture.height(), kMaxReferenceSide);
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::kCorrupt);
    }
  }
}

class ScenePictures : public testing::Test {
 protected:
  void SetUp() override { KnowledgeBaseFile::create(path, shared_header(), *small_quantiser()); }
  void add(uint32_t number, const Bytes& picture, int64_t seen) {
    NewEntry entry = small_entry(number);
    entry.picture = picture;
    entry.last_seen = seen;
    open_to_write(path).add({entry}, keep_all());
  }
  SceneMemory read(int width, int height) {
    KnowledgeBaseFile file = open_to_read(path);
    return read_scene_memory(file, width, height);
  }

  TempFolder folder;
  std::string path = folder.file("scene.crlsckb");
};

TEST_F(ScenePictures, AreThoseOfTheSizeInWholeCells) {
  add(1, encode_reference_picture(gradient(40, 24, 1), 80), 1);
  add(2, encode_reference_picture(gradient(64, 48, 1), 80), 2);
  add(4, {}, 3);
  const SceneMemory memory = read(40, 24);
  ASSERT_EQ(memory.size(), 1U);
  EXPECT_EQ(memory.begin()->second->width(), 48);
  EXPECT_EQ(memory.begin()->second->height(), 32);
}

TEST_F(ScenePictures, AreNamedByTheirContent) {
  const Bytes webp = encode_reference_picture(gradient(64, 48, 1), 80);
  add(1, webp, 1);
  const auto entry = open_to_read(path).find(1, {false, true});
  const SceneMemory memory = read(64, 48);
  ASSERT_EQ(memory.size(), 1U);
  EXPECT_TRUE(std::equal(memory.begin()->first.begin(), memory.begin()->first.end(), entry->content_hash.begin()));
}

TEST_F(ScenePictures, ComeWithTheirEntriesTheLatestFirst) {
  add(1, encode_reference_picture(gradient(40, 24, 1), 80), 7);
  add(2, encode_reference_picture(gradient(40, 24, 2), 80), 9);
  add(4, encode_reference_picture(gradient(40, 24, 3), 80), 8);
  std::vector<EntryId> ids;
  KnowledgeBaseFile file = open_to_read(path);
  for_each_scene_picture(file, 40, 24, [&](const StoredEntry& entry, const Picture& picture) {
    ids.push_back(entry.id);
    EXPECT_EQ(picture.width(), 40);
    EXPECT_EQ(picture.height(), 24);
  });
  EXPECT_EQ(ids, (std::vector<EntryId>{2, 3, 1}));
}

TEST_F(ScenePictures, LeaveOutWhatIsNoPicture) {
  add(1, picture_of(100, 1), 1);
  EXPECT_TRUE(read(64, 48).empty());
}

TEST_F(ScenePictures, AreTheLatest) {
  for (uint32_t n = 0; n < kMostScenePictures + 3; ++n) {
    add(n, encode_reference_picture(gradient(16, 16, static_cast<int>(n)), 100), 1000 - n);
  }
  const SceneMemory memory = read(16, 16);
  EXPECT_EQ(memory.size(), kMostScenePictures);
  const auto oldest = open_to_read(path).find(kMostScenePictures + 3);
  PictureName name;
  std::copy_n(oldest->content_hash.begin(), name.size(), name.begin());
  EXPECT_EQ(memory.count(name), 0U);
}

}  // namespace
}  // namespace crlsc
