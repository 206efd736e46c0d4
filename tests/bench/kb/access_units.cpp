// SPDX-License-Identifier: LGPL-2.1-or-later
// How many access units a second crlsckb looks up, messages and metas included, on one core. Built on request only:
//   ninja -C build tests/bench/kb/bench-access-units && GST_PLUGIN_PATH=build/plugins
//   build/tests/bench/kb/bench-access-units
#include <gst/check/gstharness.h>

#include <cstdio>
#include <ctime>
#include <filesystem>
#include <random>

#include "core/bitstream/semantic_unit.h"
#include "core/kb/knowledge_base_file.h"
#include "crlsc/caps.h"

using namespace crlsc;

namespace {

constexpr CodeShape kShape{512, 32, 8};
constexpr size_t kEntries = 10000;
constexpr int kAccessUnits = 50000;

Bytes random_code(std::mt19937& random) {
  Bytes code(kShape.code_size());
  for (uint8_t& byte : code) byte = static_cast<uint8_t>(random());
  return code;
}

void write_file(const std::string& path, std::mt19937& random) {
  QuantiserParameters parameters;
  parameters.shape = kShape;
  std::uniform_real_distribution<float> number(-0.1F, 0.1F);
  for (int i = 0; i < kShape.dimension << kShape.bits; ++i) parameters.centroids.push_back(number(random));
  std::filesystem::remove(path);
  KnowledgeBaseFile::create(path, {}, ProductQuantiser(parameters));
  std::vector<NewEntry> entries(kEntries);
  for (NewEntry& entry : entries) {
    entry.code = random_code(random);
    entry.label = "label";
  }
  AddSettings settings;
  settings.near_duplicate = 1.0F;
  KnowledgeBaseFile(path, KnowledgeBaseFile::Access::kWrite).add(entries, settings);
}

GstCaps* stream_caps(const std::string& path) {
  SequenceHeader header;
  header.width = 320;
  header.height = 240;
  header.framerate_num = 10;
  header.knowledge = KnowledgeRef{KnowledgeBaseFile(path, KnowledgeBaseFile::Access::kRead).info().content_id(), 0};
  return make_caps(header);
}

double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  const std::string path = (std::filesystem::temp_directory_path() / "bench-access-units.crlsckb").string();
  std::mt19937 random(1);
  write_file(path, random);
  GstHarness* h = gst_harness_new_parse(("crlsckb min-similarity=-1 location=" + path).c_str());
  GstBus* bus = gst_bus_new();
  gst_element_set_bus(h->element, bus);
  gst_harness_set_src_caps(h, stream_caps(path));
  std::vector<Bytes> units(1000);
  for (Bytes& unit : units) append_semantic_unit(unit, {false, random_code(random)}, false);
  const double begin = processor_seconds();
  for (int i = 0; i < kAccessUnits; ++i) {
    const Bytes& unit = units[static_cast<size_t>(i) % units.size()];
    GstBuffer* buffer = gst_buffer_new_memdup(unit.data(), unit.size());
    GST_BUFFER_PTS(buffer) = static_cast<guint64>(i) * GST_SECOND;
    gst_harness_push(h, buffer);
    gst_buffer_unref(gst_harness_pull(h));
    while (GstMessage* message = gst_bus_pop(bus)) gst_message_unref(message);
  }
  const double seconds = processor_seconds() - begin;
  std::printf("%d access units, %zu entries: %.0f a second of processor time\n", kAccessUnits, kEntries,
              kAccessUnits / seconds);
  gst_element_set_bus(h->element, nullptr);
  gst_object_unref(bus);
  gst_harness_teardown(h);
  std::filesystem::remove(path);
  return 0;
}
