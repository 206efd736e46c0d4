// SPDX-License-Identifier: LGPL-2.1-or-later
// make-scene-knowledge SHARED FILE: writes a private knowledge base in the codebooks of SHARED, with one entry: what
// `session-peer send ... scene` shows.
#include <cstdio>
#include <exception>
#include <fstream>

#include "core/kb/knowledge_base_file.h"
#include "core/kb/reference_picture.h"
#include "peer_support.h"
#include "support/test_knowledge.h"

using namespace crlsc;  // NOLINT: a program of one namespace

namespace {

// `raw` is a file to use on the way.
Picture first_picture(const std::string& raw) {
  GstElement* pipeline = testing::parse(testing::camera("1", testing::kScene) + "filesink location=" + raw);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  const bool ended = testing::wait_for_eos(pipeline, 60 * GST_SECOND);
  testing::close_down(pipeline);
  Picture picture(testing::kWidth, testing::kHeight);
  std::ifstream file(raw, std::ios::binary);
  const auto size = static_cast<std::streamsize>(picture.data().size());
  if (!ended || !file.read(reinterpret_cast<char*>(picture.plane(0)), size)) testing::fail("there is no picture");
  std::remove(raw.c_str());
  return picture;
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  if (argc < 3) testing::fail("SHARED FILE");
  const std::string path = argv[2];
  try {
    write_private_knowledge(path, argv[1], true);
    NewEntry entry;
    entry.code = Bytes(16, 1);
    entry.label = "scene";
    entry.picture = encode_reference_picture(first_picture(path + ".raw"), 95);
    KnowledgeBaseFile(path, KnowledgeBaseFile::Access::kWrite).add({entry});
  } catch (const std::exception& error) {
    testing::fail(error.what());
  }
  return 0;
}
