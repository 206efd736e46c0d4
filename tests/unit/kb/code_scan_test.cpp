// SPDX-License-Identifier: LGPL-2.1-or-later
// Every way to look through codes gives the same sums, and none of them ever promises too little.
#include "core/kb/code_scan.h"

#include <gtest/gtest.h>

#include <random>

#include "core/kb/knowledge_base.h"
#include "unit/kb/kb_testing.h"

namespace crlsc {
namespace {

struct Shape {
  size_t subvectors;
  size_t codes;
};
constexpr Shape kShapes[] = {{1, 2}, {3, 16}, {32, 256}, {33, 128}, {256, 256}};

std::vector<uint8_t> random_bytes(std::mt19937& random, size_t count, size_t below) {
  std::vector<uint8_t> bytes(count);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random() % below);
  return bytes;
}

TEST(CodeScan, AllScannersAgree) {
  std::mt19937 random(1);
  ASSERT_FALSE(block_scanners().empty());
  for (const Shape& shape : kShapes) {
    const auto blocks = random_bytes(random, kScanGroup * shape.subvectors * kScanBlock, shape.codes);
    const auto values = random_bytes(random, shape.subvectors * kScanCodes, 256);
    for (const BlockScanner& scanner : block_scanners()) {
      for (size_t count = 1; count <= kScanGroup; ++count) {
        SCOPED_TRACE(scanner.name + std::string(", sub-vectors ") + std::to_string(shape.subvectors));
        std::array<BlockSums, kScanGroup> sums;
        for (BlockSums& block : sums) block.fill(7);
        scanner.add(blocks.data(), values.data(), shape.subvectors, count, sums.data());
        for (size_t i = 0; i < count * kScanBlock; ++i) {
          const uint8_t* indices = &blocks[i / kScanBlock * shape.subvectors * kScanBlock + i % kScanBlock];
          unsigned expected = 7;
          for (size_t m = 0; m < shape.subvectors; ++m) expected += values[m * kScanCodes + indices[m * kScanBlock]];
          ASSERT_EQ(sums[i / kScanBlock][i % kScanBlock], expected) << "code " << i;
        }
      }
    }
  }
}

TEST(CodeScan, WhatReachesTheBarIsTold) {
  std::mt19937 random(4);
  BlockSums sums;
  std::array<float, kScanBlock> norms{};
  for (size_t i = 0; i < kScanBlock; ++i) {
    sums[i] = static_cast<uint16_t>(random());
    norms[i] = static_cast<float>(random() % 4);
  }
  const CoarseTables coarse{{}, -30000.0F, 1.0F};
  for (const float bar : {-1e9F, 0.0F, 0.5F, 40000.5F, 1e9F}) {
    for (const BlockScanner& scanner : block_scanners()) {
      const uint64_t mask = scanner.reaching(sums, norms.data(), coarse, bar);
      for (size_t i = 0; i < kScanBlock; ++i) {
        EXPECT_EQ((mask >> i & 1) != 0, (static_cast<float>(sums[i]) - 30000.0F) * norms[i] >= bar) << scanner.name;
      }
    }
  }
}

TEST(CodeScan, TheLargestSumFits) {
  const std::vector<uint8_t> block(kMaxSubvectors * kScanBlock, 255);
  const std::vector<uint8_t> values(kMaxSubvectors * kScanCodes, 255);
  for (const BlockScanner& scanner : block_scanners()) {
    BlockSums sums{};
    scanner.add(block.data(), values.data(), kMaxSubvectors, 1, &sums);
    for (const uint16_t sum : sums) ASSERT_EQ(sum, 65280) << scanner.name;
  }
}

TEST(CodeScan, CoarseTablesPromiseNeverTooLittleAndNotMuchTooMuch) {
  std::mt19937 random(2);
  std::uniform_real_distribution<float> number(-3.0F, 1.0F);
  for (const Shape& shape : kShapes) {
    ProductTables tables;
    tables.offset = number(random);
    for (size_t i = 0; i < shape.subvectors * shape.codes; ++i) tables.products.push_back(number(random));
    const CoarseTables coarse = coarsen(tables, shape.subvectors);
    for (int trial = 0; trial < 500; ++trial) {
      double exact = tables.offset;
      unsigned sum = 0;
      for (size_t m = 0; m < shape.subvectors; ++m) {
        const size_t j = random() % shape.codes;
        exact += tables.products[m * shape.codes + j];
        sum += coarse.values[m * kScanCodes + j];
      }
      const double most = coarse.base + coarse.step * static_cast<float>(sum);
      ASSERT_GE(most, exact);
      ASSERT_LE(most, exact + 0.02 * static_cast<double>(shape.subvectors));
    }
  }
}

TEST(CodeScan, TablesOfOneValue) {
  ProductTables tables;
  tables.products.assign(4 * 16, 0.5F);
  const CoarseTables coarse = coarsen(tables, 4);
  EXPECT_EQ(coarse.step, 0.0F);
  EXPECT_NEAR(coarse.base, 2.0F, 1e-3F);
}

// The search must find what adding everything up finds, bit for bit, over many blocks and with a part of one at the
// end.
TEST(CodeScan, SearchesFindTheSameAsAddingEverythingUp) {
  constexpr size_t kEntries = 3001;
  const auto quantiser = small_quantiser();
  const Vectors base = clustered_vectors(kEntries, 16, 40, 5);
  const Vectors queries = clustered_vectors(20, 16, 40, 6);
  KnowledgeBase knowledge(quantiser);
  std::vector<KnowledgeBase::Entry> entries;
  for (size_t i = 0; i < kEntries; ++i) entries.push_back({i + 1, quantiser->encode(base[i]), "", {}});
  knowledge.add(entries);
  for (const auto& query : queries) {
    std::vector<std::pair<float, EntryId>> expected;
    for (const auto& entry : entries) {
      expected.push_back({-cosine(query, quantiser->decode(entry.code)), entry.id});
    }
    std::partial_sort(expected.begin(), expected.begin() + 25, expected.end());
    const std::vector<Match> found = knowledge.search(query, {25, -2.0F, 0});
    ASSERT_EQ(found.size(), 25U);
    // Codes that decode to the same vector are equally similar here and come in the order of ids there.
    for (size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i].similarity, -expected[i].first, 1e-5F) << i;
  }
}

}  // namespace
}  // namespace crlsc
