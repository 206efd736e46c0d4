/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/rtp/gstrtpbasepayload.h>

G_BEGIN_DECLS

#define GST_TYPE_RTP_CRLSC_PAY (gst_rtp_crlsc_pay_get_type())
G_DECLARE_FINAL_TYPE(GstRtpCrlscPay, gst_rtp_crlsc_pay, GST, RTP_CRLSC_PAY, GstRTPBasePayload)

GST_ELEMENT_REGISTER_DECLARE(rtpcrlscpay)

G_END_DECLS
