// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gst/gst.h>

#include "gstcrlsckb.h"

static gboolean plugin_init(GstPlugin* plugin) { return GST_ELEMENT_REGISTER(crlsckb, plugin); }

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, crlsckb, "Knowledge bases for raw and CRLSC video", plugin_init,
                  PACKAGE_VERSION, "LGPL", PACKAGE, "https://gstreamer.freedesktop.org")
