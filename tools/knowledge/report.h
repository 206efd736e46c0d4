// SPDX-License-Identifier: LGPL-2.1-or-later
// What `crlsc skb` tells of knowledge bases and finds in them.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "core/kb/knowledge_base_file.h"
#include "knowledge/encoders.h"

namespace crlsc::tools {

// Header, sizes, how many entries each label has, and the scenes of a private one: its entries with reference pictures.
void describe_knowledge_base(KnowledgeBaseFile& file, std::ostream& out);

// The entries with these ids and those with these labels. Throws Error(kSettings) if neither is given.
std::vector<EntryId> select_entries(KnowledgeBaseFile& file, const std::vector<EntryId>& ids,
                                    const std::vector<std::string>& labels);

// Looks up each of these pictures, or of those in these folders, and prints the results. With `sheet`, also writes a
// picture file of that name: in a row each picture looked up, and the reference pictures of its matches, grey where an
// entry has none. Throws Error(kWrite).
void search_pictures(KnowledgeBaseFile& file, const PictureEncoder& encoder, const std::vector<std::string>& paths,
                     const SearchSettings& settings, const std::string& sheet, std::ostream& out);

// Writes each reference picture, as it is kept, to `folder`/ID.webp, and returns how many there are. Makes the folder
// if it is absent. Throws Error(kWrite).
size_t export_pictures(KnowledgeBaseFile& file, const std::string& folder);

}  // namespace crlsc::tools
