// SPDX-License-Identifier: LGPL-2.1-or-later
// The last step: coded cells from the network, all others copied.
#include "core/codec/reconstruction.h"
#include "core/codec/square_error.h"

#include <gtest/gtest.h>


namespace crlsc {
namespace {

// Draws value 200 wherever it is asked, coded or not.
class PaintingSession : public NetworkSession {
 public:
  void encode(const Picture&, const Picture&, const QuantiserBias&, TokenGrid&, std::vector<Picture>&) override {}
  void decode(const Picture& prediction, const TokenGrid&, Picture& out) override {
    ++calls;
    out = Picture(prediction.width(), prediction.height(), 200);
  }
  int calls = 0;
};

TEST(Reconstruction, OnlyCodedCellsComeFromTheNetwork) {
  PaintingSession session;
  const Picture prediction(48, 32, 50);
  const Picture painted(48, 32, 200);
  TokenGrid grid(3, 2, 1);
  grid.cells[1].coded = true;
  grid.cells[5].coded = true;
  Picture out;
  decode_cells(session, prediction, grid, TokenLayout(), out);
  EXPECT_EQ(session.calls, 1);
  for (int i = 0; i < 6; ++i) {
    const bool coded = i == 1 || i == 5;
    EXPECT_EQ(cell_error(out, coded ? painted : prediction, i % 3, i / 3), 0U) << i;
  }
}

TEST(Reconstruction, WithoutCodedCellsTheNetworkRests) {
  PaintingSession session;
  const Picture prediction(32, 32, 50);
  Picture out(16, 16, 9);
  decode_cells(session, prediction, TokenGrid(2, 2, 1), TokenLayout(), out);
  EXPECT_EQ(session.calls, 0);
  EXPECT_EQ(out.data(), prediction.data());
}

}  // namespace
}  // namespace crlsc
