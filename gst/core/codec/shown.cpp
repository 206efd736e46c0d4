// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/codec/shown.h"

#include "core/area_resize.h"
#include "core/enlarge.h"

namespace crlsc {

PictureView shown(const Picture& coded, const CodedSize& size, Picture& enlarged) {
  const PictureView part = coded.view(size.coded_width(), size.coded_height());
  if (!size.half) return part;
  enlarged = enlarge(part, size.width, size.height);
  return enlarged.view();
}

Picture resampled(const Picture& coded, const CodedSize& size) {
  Picture enlarged;
  const PictureView now = shown(coded, size, enlarged);
  if (size.half) return pad_to_cells(now);
  return pad_to_cells(resize_area(now, halved(size.width), halved(size.height)).view());
}

}  // namespace crlsc
