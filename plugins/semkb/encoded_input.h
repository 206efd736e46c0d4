// SPDX-License-Identifier: LGPL-2.1-or-later
// The semantic units of an encoded stream, as far as they mean something to a knowledge base.
#pragma once

#include <optional>

#include "core/bitstream/sequence_header.h"
#include "core/bytes.h"
#include "core/kb/knowledge_path.h"

namespace crlsc {

class EncodedInput {
 public:
  // Takes a sequence header, from the caps or the stream. Returns true if it is the first one that names this knowledge
  // base, and its codes mean nothing to the one of `ours`.
  bool take_header(const SequenceHeader& header, const KnowledgeBaseInfo& ours);

  const std::optional<SequenceHeader>& header() const { return header_; }

  struct Contents {
    std::optional<Bytes> code;  // of the first semantic unit, if it can be used
    bool unusable = false;      // there was one that cannot
    bool missing = false;       // as take_header() says
  };
  // Looks through an access unit. Takes any bytes.
  Contents read(ByteView access_unit, const KnowledgeBaseInfo& ours);

 private:
  void read_semantic(ByteView payload, const CodeShape& shape, Contents& contents) const;

  std::optional<SequenceHeader> header_;
  bool understood_ = false;
};

}  // namespace crlsc
