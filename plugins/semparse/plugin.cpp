// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gst/gst.h>

#include "crlsctypefind.h"
#include "gstcrlscparse.h"

static gboolean plugin_init(GstPlugin* plugin) {
  gboolean registered = GST_ELEMENT_REGISTER(crlscparse, plugin);
  registered |= GST_TYPE_FIND_REGISTER(crlsc, plugin);
  return registered;
}

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, crlscparse, "Parser and typefinder of CRLSC video", plugin_init,
                  PACKAGE_VERSION, "LGPL", PACKAGE, "https://gstreamer.freedesktop.org")
