// SPDX-License-Identifier: LGPL-2.1-or-later
// The way from the teacher's space to that of a knowledge base.
#include "core/kb/projection.h"

#include <limits>

#include "unit/kb/kb_testing.h"

namespace crlsc {
namespace {

Projection small_projection(int dimension = 16) {
  std::vector<float> mean(40, 0.25F);
  return {mean, orthonormal_rows(static_cast<size_t>(dimension), mean.size(), 5)};
}

void write_file(const std::string& path) {
  const Projection projection = small_projection();
  KnowledgeBaseFile::create(path, shared_header(), *small_quantiser(), true, &projection);
}

TEST(Projection, TakesTheMeanAwayAndScalesToUnitLength) {
  const Projection projection({1, 0, 0}, {1, 0, 0, 0, 2, 0});
  EXPECT_EQ(projection.teacher_dimension(), 3);
  EXPECT_EQ(projection.dimension(), 2);
  const auto result = projection.apply({4, 2, 9});
  EXPECT_FLOAT_EQ(result[0], 0.6F);
  EXPECT_FLOAT_EQ(result[1], 0.8F);
  EXPECT_EQ(projection.apply({1, 0, 5}), std::vector<float>({0, 0}));
  EXPECT_EQ(failure_of([&] { projection.apply({1, 0}); })->kind, ErrorKind::kSettings);
}

TEST(Projection, RefusesWhatIsNoProjection) {
  const auto kind = [](std::vector<float> mean, std::vector<float> matrix) {
    return failure_of([&] { Projection(std::move(mean), std::move(matrix)); })->kind;
  };
  EXPECT_EQ(kind({}, {}), ErrorKind::kSettings);
  EXPECT_EQ(kind({0, 0}, {}), ErrorKind::kSettings);
  EXPECT_EQ(kind({0, 0}, {1, 0, 0}), ErrorKind::kSettings);
  EXPECT_EQ(kind({0, 0}, {1, std::numeric_limits<float>::quiet_NaN()}), ErrorKind::kSettings);
  EXPECT_EQ(kind({2e6F, 0}, {1, 0}), ErrorKind::kSettings);
  EXPECT_EQ(kind(std::vector<float>(4097), std::vector<float>(4097)), ErrorKind::kSettings);
}

TEST(Projection, EveryCutAndSurplusIsSeen) {
  const Bytes bytes = small_projection(2).serialise();
  EXPECT_EQ(Projection::deserialise(bytes).serialise(), bytes);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(failure_of([&] { Projection::deserialise(ByteView(bytes.data(), size)); })->kind, ErrorKind::kCorrupt);
  }
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_EQ(failure_of([&] { Projection::deserialise(longer); })->kind, ErrorKind::kCorrupt);
}

TEST(Projection, IsKeptInFilesAndChangesNoId) {
  const TempFolder folder;
  write_file(folder.file("with"));
  KnowledgeBaseFile::create(folder.file("without"), shared_header(), *small_quantiser());
  KnowledgeBaseFile with = open_to_read(folder.file("with"));
  KnowledgeBaseFile without = open_to_read(folder.file("without"));
  with.verify();
  EXPECT_EQ(with.projection()->serialise(), small_projection().serialise());
  EXPECT_FALSE(without.projection());
  EXPECT_EQ(with.info().id, without.info().id);
}

TEST(Projection, HasToFitTheCodebooks) {
  const TempFolder folder;
  const Projection other = small_projection(8);
  EXPECT_EQ(failure_of([&] {
              KnowledgeBaseFile::create(folder.file("kb"), shared_header(), *small_quantiser(), true, &other);
            })->kind,
            ErrorKind::kSettings);
}

TEST(Projection, DamageIsFound) {
  const TempFolder folder;
  for (const char* sql :
       {"UPDATE projection SET bytes = x'00'", "UPDATE projection SET hash = zeroblob(32)",
        "UPDATE projection SET bytes = zeroblob(length(bytes))", "INSERT INTO projection VALUES (2, x'', x'')"}) {
    const std::string path = folder.file(std::to_string(std::hash<std::string>()(sql)));
    write_file(path);
    run_sql(path, sql);
    ASSERT_TRUE(verify_failure(path)) << sql;
    EXPECT_EQ(verify_failure(path)->kind, ErrorKind::kRead) << sql;
  }
}

}  // namespace
}  // namespace crlsc
