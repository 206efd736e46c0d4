// SPDX-License-Identifier: LGPL-2.1-or-later
#include "encoded_input.h"

#include "core/bitstream/semantic_unit.h"
#include "core/bitstream/unit.h"
#include "core/error.h"

namespace crlsc {
namespace {

// Whether codes of the stream mean to us what they mean to the sender.
bool understands(const KnowledgeBaseInfo& ours, const SequenceHeader& header) {
  if (!header.knowledge) return false;
  if (header.knowledge->id == codebooks_id(ours)) return true;
  // Another one with the same codebooks does as well.
  const auto path = find_shared_knowledge_base(header.knowledge->id);
  return path &&
         KnowledgeBaseFile(*path, KnowledgeBaseFile::Access::kRead).info().quantiser_hash == ours.quantiser_hash;
}

}  // namespace

bool EncodedInput::take_header(const SequenceHeader& header, const KnowledgeBaseInfo& ours) {
  const bool same = header_ && header_->knowledge == header.knowledge && header_->model_id == header.model_id;
  header_ = header;
  if (same) return false;
  understood_ = understands(ours, header);
  return header.knowledge && !understood_;
}

void EncodedInput::read_semantic(ByteView payload, const CodeShape& shape, Contents& contents) const {
  const auto unit = parse_semantic_unit(payload);
  if (!unit) return;
  if (!understood_) throw Error(ErrorKind::kCorrupt, "its code is of another knowledge base");
  unpack_code(shape, unit->code);
  contents.code.emplace(unit->code.begin(), unit->code.end());
}

EncodedInput::Contents EncodedInput::read(ByteView access_unit, const KnowledgeBaseInfo& ours) {
  Contents contents;
  for (const UnitView& unit : parse_access_unit(access_unit).units) {
    const bool semantic = unit.header.type == UnitType::kSemantic;
    try {
      if (unit.header.type == UnitType::kSequenceHeader) {
        contents.missing |= take_header(parse_sequence_header(unit.payload), ours);
      } else if (semantic && !contents.code) {
        read_semantic(unit.payload, ours.shape, contents);
      }
    } catch (const Error&) {
      contents.unusable |= semantic;
    }
  }
  contents.unusable &= !contents.code.has_value();
  return contents;
}

}  // namespace crlsc
