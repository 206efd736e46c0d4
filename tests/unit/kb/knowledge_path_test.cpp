// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/kb/knowledge_path.h"

#include <filesystem>

#include "unit/kb/kb_testing.h"

namespace crlsc {
namespace {

class KnowledgePath : public testing::Test {
 protected:
  KnowledgePath() : path_("CRLSC_MODEL_PATH", folder_.path()) {}

  // A private knowledge base of the codebooks of `shared`, without a copy of them.
  std::string write_private(const std::string& shared) {
    KnowledgeBaseFile base = open_to_read(shared);
    KnowledgeBaseHeader header;
    header.kind = KnowledgeBaseKind::kPrivate;
    header.base = base.info().id;
    const std::string path = elsewhere_.file("private.crlsckb");
    KnowledgeBaseFile::create(path, header, *base.quantiser(), false);
    return path;
  }

  TempFolder folder_;
  TempFolder elsewhere_;
  ScopedVariable path_;
};

TEST_F(KnowledgePath, NamesAreFoundOnTheModelPath) {
  const std::string path = folder_.file("some.crlsckb");
  write_small_file(path, 3);
  EXPECT_EQ(find_knowledge_base("some.crlsckb", "location"), path);
  EXPECT_EQ(find_knowledge_base(path, "location"), path);
  const auto failure = failure_of([] { find_knowledge_base("none.crlsckb", "location"); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kNotFound);
  EXPECT_TRUE(failure->says("`location`") && failure->says(folder_.file("none.crlsckb"))) << failure->text;
  EXPECT_TRUE(failure->says("crlsc pkb create")) << failure->text;
  EXPECT_FALSE(failure->says("no folder")) << failure->text;
  const auto nowhere = failure_of([&] { find_knowledge_base(folder_.file("none/a.crlsckb"), "location"); });
  ASSERT_TRUE(nowhere);
  EXPECT_TRUE(nowhere->says("no folder '" + folder_.file("none") + "'")) << nowhere->text;
}

TEST_F(KnowledgePath, SharedOnesAreFoundByTheirId) {
  write_file(folder_.file("a.crlsckb"), "no database");
  std::filesystem::create_directory(folder_.file("b.crlsckb"));
  const std::string path = folder_.file("c.crlsckb");
  write_small_file(path, 3);
  write_small_file(folder_.file("d.other"), 4);
  const ContentId id = open_to_read(path).info().content_id();
  EXPECT_EQ(find_shared_knowledge_base(id), path);
  EXPECT_FALSE(find_shared_knowledge_base(open_to_read(folder_.file("d.other")).info().content_id()));
}

TEST_F(KnowledgePath, PrivateOnesGetTheCodebooksOfTheSharedOne) {
  const std::string shared = folder_.file("shared.crlsckb");
  write_small_file(shared, 3);
  const std::string path = write_private(shared);
  const Codebooks codebooks = open_codebooks(path);
  EXPECT_EQ(codebooks.id, open_to_read(shared).info().content_id());
  EXPECT_EQ(codebooks.quantiser->hash(), small_quantiser()->hash());
  EXPECT_EQ(open_codebooks(shared).id, codebooks.id);
  EXPECT_EQ(open_codebooks(shared).encoder, shared_header().encoder);
}

TEST_F(KnowledgePath, AMissingSharedOneIsNamed) {
  const std::string shared = elsewhere_.file("shared.crlsckb");
  write_small_file(shared, 3);
  const std::string path = write_private(shared);
  const auto failure = failure_of([&] { open_codebooks(path); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kNotFound);
  EXPECT_TRUE(failure->says(to_hex(open_to_read(shared).info().content_id()))) << failure->text;
  EXPECT_TRUE(failure->says(path)) << failure->text;
}

TEST_F(KnowledgePath, VectorsOfAnotherModelAreRefused) {
  const auto a = content_id_from_hex("0123456789abcdef");
  const auto b = content_id_from_hex("fedcba9876543210");
  EXPECT_NO_THROW(check_encoder(std::nullopt, *a, "p"));
  EXPECT_NO_THROW(check_encoder(a, *a, "p"));
  const auto failure = failure_of([&] { check_encoder(a, *b, "p"); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::kWrongType);
  EXPECT_TRUE(failure->says("0123456789abcdef") && failure->says("fedcba9876543210")) << failure->text;
}

}  // namespace
}  // namespace crlsc
