// SPDX-License-Identifier: LGPL-2.1-or-later
// The payloader's properties: what they are called, what they may be, and their values.
#pragma once

#include <gst/gst.h>

#include "core/rtp/packetizer.h"

namespace crlsc {

constexpr guint kDefaultMtu = 1200;
constexpr int kDefaultConfigInterval = -1;
constexpr int kDefaultPictureIdOffset = -1;

enum PayProperty : guint {
  kPayMtu = 1,  // the base class keeps it
  kPayConfigInterval,
  kPayPictureId,  // read only, not a setting
  kPayPictureIdOffset,
  kPayMaxAggregation,
  kPayMaxLayers,
  kPaySeparateBase
};

struct PaySettings {
  int config_interval = kDefaultConfigInterval;
  int picture_id_offset = kDefaultPictureIdOffset;
  guint max_aggregation = 0;  // milliseconds
  guint max_layers = kMaxLayers;
  bool separate_base = false;

  GstClockTime longest_wait() const { return max_aggregation * GST_MSECOND; }
};

void install_pay_properties(GObjectClass* object_class);

// Return false if the property is none of the settings.
bool set_pay_property(PaySettings& settings, guint id, const GValue* value);
bool get_pay_property(const PaySettings& settings, guint id, GValue* value);

}  // namespace crlsc
