// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gst/gst.h>

#include "gstrtpcrlscdepay.h"
#include "gstrtpcrlscpay.h"

static gboolean plugin_init(GstPlugin* plugin) {
  gboolean registered = GST_ELEMENT_REGISTER(rtpcrlscpay, plugin);
  registered |= GST_ELEMENT_REGISTER(rtpcrlscdepay, plugin);
  return registered;
}

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, crlscrtp, "RTP payloader and depayloader of CRLSC video",
                  plugin_init, PACKAGE_VERSION, "LGPL", PACKAGE, "https://gstreamer.freedesktop.org")
