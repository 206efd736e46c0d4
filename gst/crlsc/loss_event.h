// SPDX-License-Identifier: LGPL-2.1-or-later
// The upstream event GstCrlscLoss, with which a decoder tells an encoder what did not arrive. One event is one
// PictureLoss; its fields, all guint, are first-picture, pictures, first-row, rows, layer, and on its way through an
// RTP session ssrc.
#pragma once

#include <gst/gst.h>

#include <optional>
#include <vector>

#include "core/codec/picture_loss.h"

namespace crlsc {

bool is_loss_event(GstEvent* event);

// Transfers the event to the caller. `ssrc` is written if it is given.
GstEvent* make_loss_event(const PictureLoss& loss, std::optional<guint32> ssrc = std::nullopt);

// Nothing if a field is missing or out of range.
std::optional<PictureLoss> parse_loss_event(GstEvent* event);

// Pushes one event for each loss out of a sink pad.
void push_loss_events(GstPad* sink_pad, const std::vector<PictureLoss>& losses);

}  // namespace crlsc
