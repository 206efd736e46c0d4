/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Feedback of losses through rtpbin, for applications; plain C. */
#ifndef GST_CRLSC_FEEDBACK_H
#define GST_CRLSC_FEEDBACK_H

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * gst_crlsc_feedback_attach:
 * @rtpbin: an `rtpbin` element
 * @session: number of a session of which a pad was already requested
 *
 * Lets the session carry what decoders tell encoders: the upstream event `GstCrlscLoss`, which crlscdec sends when
 * something of a picture did not arrive, leaves as an RTCP APP packet with the name `CRLS`, as soon as RTCP's timing
 * rules allow, and APP packets that arrive for a stream which the session sends become that event again, upstream of
 * its `send_rtp_sink` pad. crlscenc answers with a refresh of the cells concerned. So does the event `GstCrlscEntry`,
 * which says what of a knowledge-base entry arrived. docs/payload-format.md, section "Feedback", defines the packets.
 *
 * Call it once on each side; further calls do nothing. The session becomes one with the profile AVPF. It stays attached
 * as long as it exists. Threads: any.
 *
 * Returns: %TRUE, or %FALSE if @rtpbin is none or has no such session
 *
 * Since: 0.1
 */
gboolean gst_crlsc_feedback_attach(GstElement* rtpbin, guint session);

/**
 * gst_crlsc_feedback_get_stats:
 * @rtpbin: an `rtpbin` element
 * @session: number of a session
 *
 * Counters of an attached session, all guint64: `losses-told` (events that arrived from decoders), `packets-sent`,
 * `packets-received` (APP packets of ours), `packets-refused` (of them: broken, of another version, for a stream that
 * is not sent here, or too many), `losses-received` (events sent to the encoder), `entries-told` and
 * `entries-received`, likewise of entries.
 *
 * Returns: (transfer full) (nullable): a #GstStructure, or %NULL if the session is not attached
 *
 * Since: 0.1
 */
GstStructure* gst_crlsc_feedback_get_stats(GstElement* rtpbin, guint session);

G_END_DECLS

#endif /* GST_CRLSC_FEEDBACK_H */
