/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/rtp/gstrtpbasedepayload.h>

G_BEGIN_DECLS

/**
 * GstRtpCrlscDelivery:
 * @GST_RTP_CRLSC_DELIVER_COMPLETE: pictures that lack nothing
 * @GST_RTP_CRLSC_DELIVER_DECODABLE: also pictures with at least one token unit of layer 0
 * @GST_RTP_CRLSC_DELIVER_ALL: also pictures with any whole unit
 *
 * Which pictures are handed on; the others become gaps.
 *
 * Since: 0.1
 */
typedef enum {
  GST_RTP_CRLSC_DELIVER_COMPLETE,
  GST_RTP_CRLSC_DELIVER_DECODABLE,
  GST_RTP_CRLSC_DELIVER_ALL
} GstRtpCrlscDelivery;

#define GST_TYPE_RTP_CRLSC_DELIVERY (gst_rtp_crlsc_delivery_get_type())
GType gst_rtp_crlsc_delivery_get_type(void);

#define GST_TYPE_RTP_CRLSC_DEPAY (gst_rtp_crlsc_depay_get_type())
G_DECLARE_FINAL_TYPE(GstRtpCrlscDepay, gst_rtp_crlsc_depay, GST, RTP_CRLSC_DEPAY, GstRTPBaseDepayload)

GST_ELEMENT_REGISTER_DECLARE(rtpcrlscdepay)

G_END_DECLS
