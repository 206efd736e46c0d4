// SPDX-License-Identifier: LGPL-2.1-or-later
// What elements say of knowledge bases.
#pragma once

#include <gst/gst.h>

#include "core/bitstream/sequence_header.h"

namespace crlsc {

// Posts the element message `crlsc-knowledge-base-missing`: a stream uses a knowledge base that is not here. Its field
// `knowledge-base` is the id as 16 hexadecimal digits.
void post_missing_knowledge(GstElement* element, const KnowledgeRef& wanted);

}  // namespace crlsc
