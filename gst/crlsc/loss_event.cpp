// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crlsc/loss_event.h"

#include <algorithm>

namespace crlsc {
namespace {

constexpr const char* kName = "GstCrlscLoss";

}  // namespace

bool is_loss_event(GstEvent* event) {
  return GST_EVENT_TYPE(event) == GST_EVENT_CUSTOM_UPSTREAM && gst_event_has_name(event, kName);
}

GstEvent* make_loss_event(const PictureLoss& loss, std::optional<guint32> ssrc) {
  const auto number = [](int value) { return static_cast<guint>(value); };
  GstStructure* fields =
      gst_structure_new(kName, "first-picture", G_TYPE_UINT, number(loss.first), "pictures", G_TYPE_UINT,
                        number(loss.pictures), "first-row", G_TYPE_UINT, number(loss.first_row), "rows", G_TYPE_UINT,
                        number(loss.rows), "layer", G_TYPE_UINT, number(loss.layer), nullptr);
  if (ssrc) gst_structure_set(fields, "ssrc", G_TYPE_UINT, *ssrc, nullptr);
  return gst_event_new_custom(GST_EVENT_CUSTOM_UPSTREAM, fields);
}

std::optional<PictureLoss> parse_loss_event(GstEvent* event) {
  if (!is_loss_event(event)) return std::nullopt;
  const GstStructure* fields = gst_event_get_structure(event);
  const auto field = [fields](const char* name) {
    guint value = G_MAXINT;
    gst_structure_get_uint(fields, name, &value);
    return static_cast<int>(std::min<guint>(value, G_MAXINT));
  };
  const PictureLoss loss{field("first-picture"), field("pictures"), field("first-row"), field("rows"), field("layer")};
  return is_valid(loss) ? std::optional<PictureLoss>(loss) : std::nullopt;
}

void push_loss_events(GstPad* sink_pad, const std::vector<PictureLoss>& losses) {
  for (const PictureLoss& loss : losses) gst_pad_push_event(sink_pad, make_loss_event(loss));
}

}  // namespace crlsc
