// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gst/gst.h>

#include "gstcrlscchannel.h"

static gboolean plugin_init(GstPlugin* plugin) { return GST_ELEMENT_REGISTER(crlscchannel, plugin); }

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, crlscchannel,
                  "Simulated lossy channel for packets of any codec", plugin_init, PACKAGE_VERSION, "LGPL", PACKAGE,
                  "https://gstreamer.freedesktop.org")
