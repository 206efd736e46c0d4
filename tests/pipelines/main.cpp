// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gst/gst.h>
#include <gtest/gtest.h>

#include "running.h"

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  crlsc::testing::watch_logs();
  ::testing::InitGoogleTest(&argc, argv);
  const int result = RUN_ALL_TESTS();
  gst_deinit();  // the leaks tracer reports here
  return result;
}
