/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstbaseparse.h>

G_BEGIN_DECLS

#define GST_TYPE_CRLSC_PARSE (gst_crlsc_parse_get_type())
G_DECLARE_FINAL_TYPE(GstCrlscParse, gst_crlsc_parse, GST, CRLSC_PARSE, GstBaseParse)

GST_ELEMENT_REGISTER_DECLARE(crlscparse)

G_END_DECLS
