// SPDX-License-Identifier: LGPL-2.1-or-later
// Leaves a buffer behind if the first argument is "yes".
#include <gst/gst.h>

#include <cstring>

int main(int argc, char** argv) {
  gst_init(nullptr, nullptr);
  GstBuffer* buffer = gst_buffer_new();
  if (argc < 2 || std::strcmp(argv[1], "yes") != 0) gst_buffer_unref(buffer);
  gst_deinit();
  return 0;
}
