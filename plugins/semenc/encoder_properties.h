// SPDX-License-Identifier: LGPL-2.1-or-later
// The properties of crlscenc and what it counts.
#pragma once

#include <array>

#include "core/codec/resize_choice.h"
#include "core/token/grid.h"
#include "crlsc/shared_properties.h"
#include "crlsc/time_window.h"
#include "gstcrlscenc.h"

namespace crlsc {

constexpr guint kDefaultBitrate = 20000;
constexpr guint kDefaultMinUnitSize = 400;  // bytes
constexpr guint kMaxMinUnitSize = 65535;
constexpr guint kDefaultGopSize = 0;
constexpr double kDefaultRefreshShare = 0.3;
constexpr guint kMaxMinQuantizer = 1000;
constexpr guint kDefaultSemanticInterval = 1000;  // ms
constexpr double kDefaultKnowledgeShare = 0.1;
constexpr GstCrlscEncMode kDefaultMode = GST_CRLSC_ENC_MODE_FULL;
constexpr GstCrlscEncResizeMode kDefaultResizeMode = GST_CRLSC_ENC_RESIZE_AUTO;

struct EncoderSettings : SharedSettings {
  guint bitrate = kDefaultBitrate;
  guint layers = kMaxLayers;
  guint min_unit_size = kDefaultMinUnitSize;  // bytes
  guint gop_size = kDefaultGopSize;
  double refresh_share = kDefaultRefreshShare;
  guint min_quantizer = 0;
  guint semantic_interval = kDefaultSemanticInterval;  // ms
  GstCrlscEncMode mode = kDefaultMode;
  GstCrlscEncResizeMode resize_mode = kDefaultResizeMode;
  bool knowledge_updates = false;
  double knowledge_share = kDefaultKnowledgeShare;  // of the bit rate
};

struct EncoderCounters {
  guint64 frames = 0;   // put out
  guint64 dropped = 0;  // for the sake of the bit rate
  guint64 skipped = 0;  // too late
  guint64 failed = 0;
  guint64 hurried = 0;  // put out with the base layer only, to catch up
  guint64 idle = 0;     // without anything to say of them
  guint64 semantic_units = 0;
  guint64 semantic_bytes = 0;
  guint64 entry_bytes = 0;
  guint64 entries = 0;  // that receivers are taken to have
  guint64 key_frames = 0;
  guint64 half_frames = 0;
  guint64 losses = 0;  // that receivers told
  guint64 complete_frames = 0;
  guint64 bytes = 0;
  std::array<guint64, kMaxLayers> layer_bytes{};
  double lambda = 0;
  TimeWindow encode_times;
};

// The same as the codec says it.
ResizeMode resize_mode(GstCrlscEncResizeMode mode);

// Installs all properties of the element.
void install_encoder_properties(GObjectClass* klass);

// Each returns false if there is no such property.
bool set_encoder_property(EncoderSettings& settings, guint id, const GValue* value);
bool get_encoder_property(const EncoderSettings& settings, const EncoderCounters& counters, guint id, GValue* value);

}  // namespace crlsc
