// SPDX-License-Identifier: LGPL-2.1-or-later
// The properties of crlscdec and what it counts.
#pragma once

#include "core/kb/scene_pictures.h"
#include "core/token/grid.h"
#include "crlsc/shared_properties.h"
#include "crlsc/time_window.h"

namespace crlsc {

struct DecoderSettings : SharedSettings {
  guint max_layers = kMaxLayers;
  bool post_filter = true;
  bool knowledge_updates = false;
  guint max_entries = kMostScenePictures;
};

struct DecoderCounters {
  guint64 frames = 0;     // decoded
  guint64 corrupted = 0;  // of them, those that lack something
  guint64 concealed = 0;  // put out in place of pictures that did not come or could not be read
  guint64 errors = 0;     // pictures that could not be read
  guint64 discarded = 0;  // for want of a key picture
  guint64 hurried = 0;    // without post-filter, or decoded from the base layer only, to catch up
  guint64 key_frames = 0;
  guint64 key_requests = 0;
  guint64 losses = 0;    // told upstream
  guint64 semantic = 0;  // access units without a picture
  guint64 entries = 0;   // that the stream brought, and that are stored
  guint64 bytes = 0;
  TimeWindow decode_times;
};

// Installs all properties of the element.
void install_decoder_properties(GObjectClass* klass);

// Each returns false if there is no such property.
bool set_decoder_property(DecoderSettings& settings, guint id, const GValue* value);
bool get_decoder_property(const DecoderSettings& settings, const DecoderCounters& counters, guint id, GValue* value);

}  // namespace crlsc
