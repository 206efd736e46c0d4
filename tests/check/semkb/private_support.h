// SPDX-License-Identifier: LGPL-2.1-or-later
// Private knowledge bases that crlsckb adds to.
#pragma once

#include <string>
#include <vector>

#include "kb_support.h"

namespace crlsc::test {

using Labels = std::vector<std::string>;

inline std::string shared_path() { return find_knowledge_base(kKnowledge, "location"); }

// A private knowledge base without entries.
struct Private {
  explicit Private(bool with_codebooks = true) : path(folder.path() + "/private.crlsckb") {
    write_private_knowledge(path, shared_path(), with_codebooks);
  }
  Labels labels() const {
    Labels all;
    KnowledgeBaseFile file(path, KnowledgeBaseFile::Access::kRead);
    file.for_each([&](const StoredEntry& entry) { all.push_back(entry.label); });
    return all;
  }
  void add(const std::string& label, const std::string& colour) const {
    KnowledgeBaseFile file(path, KnowledgeBaseFile::Access::kWrite);
    NewEntry entry;
    entry.code = code_of(colour);
    entry.label = label;
    AddSettings settings;
    settings.near_duplicate = 1.0F;
    file.add({entry}, settings);
  }
  // As the shared one has it.
  static Bytes code_of(const std::string& colour) {
    Bytes code;
    KnowledgeBaseFile file(shared_path(), KnowledgeBaseFile::Access::kRead);
    file.for_each([&](const StoredEntry& entry) {
      if (entry.label == colour) code = entry.code;
    });
    return code;
  }
  Folder folder;
  std::string path;
};

inline std::string builder(const std::string& path, const std::string& rest = "") {
  return std::string("mode=build model=") + kSemanticModel + " location=" + path + " " + rest;
}

// Pushes frames until `done`, as fast as the file is looked at; fails after a while.
template <class Done>
void push_until(Kb& kb, const std::string& colour, Done done) {
  const gint64 end = g_get_monotonic_time() + 30 * G_TIME_SPAN_SECOND;
  for (int i = 0; !done(); ++i) {
    fail_unless(g_get_monotonic_time() < end, "nothing has come of it");
    fail_unless_equals_int(kb.push(make_colour(colour, i)), GST_FLOW_OK);
    kb.pull();
    g_thread_yield();
  }
}

}  // namespace crlsc::test
