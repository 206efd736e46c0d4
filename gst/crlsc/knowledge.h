// SPDX-License-Identifier: LGPL-2.1-or-later
// What elements say of knowledge bases.
#pragma once

#include <gst/gst.h>

#include <optional>

#include "core/bitstream/scene_unit.h"
#include "core/bitstream/sequence_header.h"

namespace crlsc {

// Posts the element message `crlsc-knowledge-base-missing`: a stream uses a knowledge base that is not here. Its field
// `knowledge-base` is the id as 16 hexadecimal digits.
void post_missing_knowledge(GstElement* element, const KnowledgeRef& wanted);

// Posts the element message `crlsc-entry-missing`: a stream refers to the picture of an entry that is not here. Its
// string fields are `entry`, the name in 16 hexadecimal digits, and `knowledge-base`, as above, if the stream names
// one.
void post_missing_entry(GstElement* element, const PictureName& name, const std::optional<KnowledgeRef>& knowledge);

}  // namespace crlsc
