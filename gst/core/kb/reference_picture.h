// SPDX-License-Identifier: LGPL-2.1-or-later
// The reference pictures of knowledge bases, as codecs predict from them.
#pragma once

#include "core/bytes.h"
#include "core/picture.h"

namespace crlsc {

constexpr int kMaxReferenceSide = 2048;

struct PictureSize {
  int width = 0;
  int height = 0;
};

// Without decoding more than headers. Throws as decode_reference_picture() does.
PictureSize reference_picture_size(ByteView webp);

// Decodes a lossy WebP file. RFC 6386 says what every sample is, so that all receivers get the same picture. Throws
// Error(kCorrupt) for what is none: damaged, lossless, with transparency, animated, or above kMaxReferenceSide.
Picture decode_reference_picture(ByteView webp);

// Encodes a picture as lossy WebP at `quality` (0..100), as slowly as it gets. Throws Error(kSettings) if it is too
// large for a knowledge base.
Bytes encode_reference_picture(const Picture& picture, float quality);

}  // namespace crlsc
