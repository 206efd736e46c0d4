// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include <string>

#include "core/model/sha256.h"

namespace crlsc {
namespace {

ByteView view(const std::string& text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

std::string hash(const std::string& text) { return to_hex(Sha256::of(view(text))); }

// FIPS 180-4 examples, as published by NIST.
TEST(Sha256, EmptyMessage) { EXPECT_EQ(hash(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"); }

TEST(Sha256, OneBlockMessage) {
  EXPECT_EQ(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, TwoBlockMessage) {
  EXPECT_EQ(hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256, FourBlockMessage) {
  EXPECT_EQ(hash("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrs"
                 "mnopqrstnopqrstu"),
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
}

TEST(Sha256, MillionLetters) {
  EXPECT_EQ(hash(std::string(1000000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesGiveTheHashOfTheWhole) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += static_cast<char>(i);
  const Sha256::Digest whole = Sha256::of(view(text));
  for (size_t step = 1; step < 140; ++step) {
    Sha256 hash;
    for (size_t at = 0; at < text.size(); at += step) hash.update(view(text).sub(at, step));
    hash.update({});
    ASSERT_EQ(hash.finish(), whole) << "pieces of " << step;
  }
}

// Around 56 and 64 bytes the padding changes its shape.
TEST(Sha256, LengthsAroundTheBlockDiffer) {
  for (size_t size = 50; size < 70; ++size) {
    Sha256 bytewise;
    const std::string text(size, 'x');
    for (size_t i = 0; i < size; ++i) bytewise.update(view(text).sub(i, 1));
    const Sha256::Digest digest = bytewise.finish();
    EXPECT_EQ(digest, Sha256::of(view(text)));
    EXPECT_NE(digest, Sha256::of(view(std::string(size + 1, 'x'))));
  }
}

}  // namespace
}  // namespace crlsc
