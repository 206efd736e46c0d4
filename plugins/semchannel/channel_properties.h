// SPDX-License-Identifier: LGPL-2.1-or-later
// The properties of crlscchannel that set the channel up. All can be changed while playing.
#pragma once

#include <gst/gst.h>

#include <string>

#include "core/channel/channel.h"

namespace crlsc {

struct ChannelProperties {
  ChannelSettings settings;
  std::string drop_pattern;  // as it was set; settings.drop_pattern is the latest one that could be read
};

// Takes the ids from 1 to kLastChannelProperty.
constexpr guint kLastChannelProperty = 15;
void install_channel_properties(GObjectClass* object_class);

// Throw Error(kSettings) when a drop pattern cannot be read; its text is taken nevertheless. `id` has to be one of the
// above.
void set_channel_property(ChannelProperties& properties, guint id, const GValue* value);
void get_channel_property(const ChannelProperties& properties, guint id, GValue* value);

}  // namespace crlsc
