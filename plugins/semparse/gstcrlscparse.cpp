// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * SECTION:element-crlscparse
 * @title: crlscparse
 * @short_description: parses CRLSC streams, and reads and writes .crlsc files
 *
 * Converts between access units with caps (stream-format=packetized), which crlscdec and rtpcrlscpay take, and the byte
 * stream of .crlsc files (stream-format=byte-stream), which holds times and sequence headers itself. Where downstream
 * takes both, as filesink does, the output is what the input is not.
 *
 * Damaged and cut byte streams are read from the next intact record on; pictures that are missing become GAP events
 * with %GST_GAP_FLAG_MISSING_DATA. Byte streams can be sought in, accurately: what is before the position goes out,
 * too, from the last key picture on, for the decoder needs it.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=50 ! video/x-raw,width=320,height=240,framerate=10/1 ! crlscenc ! crlscparse
 * ! filesink location=clip.crlsc
 * ]| Records a file.
 * |[
 * gst-launch-1.0 filesrc location=clip.crlsc ! crlscparse ! crlscdec ! videoconvert ! autovideosink
 * ]| Plays it.
 *
 * Since: 0.1
 */
#include "gstcrlscparse.h"

#include <algorithm>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "contents.h"
#include "core/bitstream/byte_stream.h"
#include "crlsc/caps.h"
#include "crlsc/guard.h"
#include "crlsc/maps.h"
#include "crlsc/throttle.h"
#include "negotiation.h"
#include "stream_index.h"

GST_DEBUG_CATEGORY_STATIC(crlscparse_debug);
#define GST_CAT_DEFAULT crlscparse_debug

namespace {

using crlsc::Bytes;
using crlsc::ByteStreamItem;
using crlsc::ByteStreamScanner;
using crlsc::ByteStreamWriter;
using crlsc::ByteView;
using crlsc::Contents;
using crlsc::SequenceHeader;
using crlsc::StreamFormat;

constexpr guint kDefaultConfigInterval = 4;
constexpr guint kMaxConfigInterval = 3600;
constexpr size_t kMostGaps = 256;  // between two pictures
// Until a record says how long it is.
constexpr guint kLeastBytes = 1;

enum { kPropConfigInterval = 1 };

// A time without a picture.
struct Gap {
  GstClockTime time;
  GstClockTime duration;
};

// An access unit on its way through the parser.
struct AccessUnit {
  ByteView bytes;
  GstClockTime time = GST_CLOCK_TIME_NONE;  // as the output says it
  GstClockTime duration = GST_CLOCK_TIME_NONE;
  bool key = false;  // unless its units say otherwise
  bool discontinuity = false;
  size_t begin = 0;  // in the frame
  size_t end = 0;    // all before it is used up
};

// What becomes of the beginning of a frame, once it is mapped no longer.
struct Outcome {
  size_t used = 0;    // bytes
  bool push = false;  // the frame goes on
  GstFlowReturn flow = GST_FLOW_OK;
};

struct Impl {
  // Under the object lock.
  guint config_interval = kDefaultConfigInterval;

  // Streaming thread only.
  std::optional<StreamFormat> input;
  std::optional<StreamFormat> output;  // nothing: has to be chosen
  bool caps_due = true;                // those of the source say something else than the header
  std::optional<SequenceHeader> header;
  crlsc::PixelAspectRatio shape;
  ByteStreamScanner scanner;
  ByteStreamWriter writer;
  std::optional<GstClockTime> origin;    // the stream's time that is 0 where it goes
  std::optional<GstClockTime> expected;  // where the latest picture ended
  GstClockTime input_duration = GST_CLOCK_TIME_NONE;
  GstClockTime pushed_time = GST_CLOCK_TIME_NONE;  // of the picture that is being pushed
  std::vector<Gap> gaps;                           // before the next picture
  bool jumped = true;                              // the next picture does not follow the latest one
  bool damaged = false;                            // something was skipped since the latest picture
  bool begun = false;                              // a picture was put out
  crlsc::KeyIndex index;
  bool indexed = false;
  crlsc::Throttle warnings{crlsc::kWarningPause};
};

}  // namespace

struct _GstCrlscParse {
  GstBaseParse parent;
  GstPadChainFunction base_chain;
  Impl impl;
};

G_DEFINE_TYPE(GstCrlscParse, gst_crlsc_parse, GST_TYPE_BASE_PARSE)
GST_ELEMENT_REGISTER_DEFINE(crlscparse, "crlscparse", GST_RANK_PRIMARY + 1, GST_TYPE_CRLSC_PARSE)

namespace {

GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
                            GST_STATIC_CAPS("video/x-crlsc, stream-format=(string){ packetized, byte-stream }"));

GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS,
                            GST_STATIC_CAPS("video/x-crlsc, stream-format=(string){ packetized, byte-stream }, "
                                            "alignment=(string)au, parsed=(boolean)true"));

// Format

// Sets the source caps if they are not set yet or downstream wants others.
bool negotiate(GstCrlscParse* self) {
  Impl& impl = self->impl;
  GstPad* pad = GST_BASE_PARSE_SRC_PAD(self);
  const bool asked = gst_pad_check_reconfigure(pad);
  if (!asked && impl.output && !impl.caps_due) return true;
  std::optional<crlsc::ChosenOutput> chosen;
  if (asked || !impl.output) {
    chosen = crlsc::choose_output(pad, *impl.header, impl.shape, *impl.input);
  } else {
    chosen = {*impl.output, crlsc::make_caps(*impl.header, impl.shape, *impl.output)};
  }
  if (!chosen) {
    gst_pad_mark_reconfigure(pad);
    return false;
  }
  GstCaps* current = gst_pad_get_current_caps(pad);
  const bool same = current != nullptr && gst_caps_is_equal(current, chosen->caps);
  const bool set = same || gst_pad_set_caps(pad, chosen->caps);
  if (current != nullptr) gst_caps_unref(current);
  gst_caps_unref(chosen->caps);
  if (!set) return false;
  impl.output = chosen->format;
  impl.caps_due = false;
  impl.writer.set_sequence(*impl.header);
  impl.writer.set_pixel_aspect_ratio(impl.shape);
  gst_base_parse_set_frame_rate(GST_BASE_PARSE(self), impl.header->framerate_num, impl.header->framerate_den, 0, 0);
  return true;
}

void use_header(Impl& impl, const SequenceHeader& header, const crlsc::PixelAspectRatio& shape) {
  const bool same = impl.header && *impl.header == header && impl.shape.num == shape.num && impl.shape.den == shape.den;
  if (same) return;
  impl.header = header;
  impl.shape = shape;
  impl.caps_due = true;
}

// Forgets where the stream was, not what it is.
void jump(Impl& impl) {
  impl.jumped = true;
  impl.damaged = false;
  impl.expected.reset();
  impl.gaps.clear();
}

gboolean set_sink_caps(GstBaseParse* base, GstCaps* caps) {
  return crlsc::guard(GST_ELEMENT(base), FALSE, [&]() -> gboolean {
    GstCrlscParse* self = GST_CRLSC_PARSE(base);
    Impl& impl = self->impl;
    const crlsc::StreamCaps stream = crlsc::parse_caps(caps);
    const StreamFormat assumed = stream.header ? StreamFormat::kPacketized : StreamFormat::kByteStream;
    impl.input = stream.format.value_or(assumed);
    impl.scanner = ByteStreamScanner();
    impl.output.reset();
    impl.shape = stream.pixel_aspect_ratio;
    if (!stream.header) return TRUE;
    use_header(impl, *stream.header, stream.pixel_aspect_ratio);
    return negotiate(self);
  });
}

GstCaps* get_sink_caps(GstBaseParse* base, GstCaps* filter) {
  return crlsc::propagate_restrictions(GST_BASE_PARSE_SINK_PAD(base), GST_BASE_PARSE_SRC_PAD(base), filter);
}

// Output

// Files begin at time 0. `time` is that of the output's buffers.
uint64_t to_ticks(GstCrlscParse* self, GstClockTime time) {
  Impl& impl = self->impl;
  if (impl.input == StreamFormat::kPacketized) {
    time = gst_segment_to_running_time(&GST_BASE_PARSE(self)->segment, GST_FORMAT_TIME, time);
    if (!GST_CLOCK_TIME_IS_VALID(time)) time = impl.origin.value_or(0);
    if (!impl.origin) impl.origin = time;
    time -= std::min(time, *impl.origin);
  }
  return gst_util_uint64_scale_round(time, crlsc::kTicksPerSecond, GST_SECOND);
}

std::optional<uint32_t> to_ticks(GstClockTime duration) {
  if (!GST_CLOCK_TIME_IS_VALID(duration)) return std::nullopt;
  const guint64 ticks = gst_util_uint64_scale_round(duration, crlsc::kTicksPerSecond, GST_SECOND);
  return ticks <= G_MAXUINT32 ? std::optional(static_cast<uint32_t>(ticks)) : std::nullopt;
}

// The access unit as a record, with those of the gaps before it.
GstBuffer* write_records(GstCrlscParse* self, const AccessUnit& unit, bool* has_head) {
  Impl& impl = self->impl;
  GST_OBJECT_LOCK(self);
  const guint interval = impl.config_interval;
  GST_OBJECT_UNLOCK(self);
  impl.writer.set_head_interval(guint64{interval} * crlsc::kTicksPerSecond);
  // A picture without a time follows the one before.
  const GstClockTime time = GST_CLOCK_TIME_IS_VALID(unit.time) ? unit.time : impl.expected.value_or(0);
  const uint64_t ticks = to_ticks(self, time);
  Bytes out;
  for (const Gap& gap : impl.gaps) impl.writer.write_missing(out, to_ticks(self, gap.time), to_ticks(gap.duration));
  impl.gaps.clear();
  *has_head = impl.writer.write(out, unit.bytes, ticks, to_ticks(unit.duration), unit.discontinuity);
  return gst_buffer_new_memdup(out.data(), out.size());
}

// A sequence header among the units counts from here on.
Contents take_contents(GstCrlscParse* self, const AccessUnit& unit) {
  const Contents contents = crlsc::look_through(unit.bytes, unit.key);
  if (contents.header) use_header(self->impl, *contents.header, self->impl.shape);
  return contents;
}

// Pictures are missing where something was skipped and time is left over.
void note_missing(GstCrlscParse* self, const AccessUnit& unit) {
  Impl& impl = self->impl;
  if (!impl.damaged || !impl.expected || unit.time <= *impl.expected) return;
  const GstClockTime time = unit.time - *impl.expected;
  const bool known = GST_CLOCK_TIME_IS_VALID(unit.duration) && unit.duration > 0;
  const guint64 count = known ? std::min<guint64>((time + unit.duration / 2) / unit.duration, kMostGaps) : 1;
  for (guint64 i = 0; i < count; ++i) {
    const GstClockTime begin = *impl.expected + gst_util_uint64_scale(time, i, count);
    impl.gaps.push_back({begin, *impl.expected + gst_util_uint64_scale(time, i + 1, count) - begin});
  }
  GST_DEBUG_OBJECT(self, "%" G_GUINT64_FORMAT " pictures are missing", count);
}

// Once there is a stream, what is of another version is damage and not the end.
Outcome skip_foreign(GstCrlscParse* self, size_t size, const char* what) {
  Impl& impl = self->impl;
  impl.damaged = true;
  if (impl.warnings.pass(g_get_monotonic_time())) {
    GST_ELEMENT_WARNING(self, STREAM, WRONG_TYPE, ("Leaving out what is not of this stream: %s", what), (nullptr));
  }
  return {size};
}

// Makes the output of an access unit that holds this.
Outcome put_out(GstCrlscParse* self, GstBaseParseFrame* frame, AccessUnit unit, const Contents& contents) {
  Impl& impl = self->impl;
  if (!negotiate(self)) return {0, false, GST_FLOW_NOT_NEGOTIATED};
  note_missing(self, unit);
  bool header = contents.header.has_value();
  const bool unchanged = impl.output == impl.input && impl.input == StreamFormat::kPacketized;
  if (impl.output == StreamFormat::kByteStream) {
    unit.discontinuity |= impl.jumped && impl.begun;
    frame->out_buffer = write_records(self, unit, &header);
  } else if (!unchanged) {
    frame->out_buffer = gst_buffer_copy_region(frame->buffer, GST_BUFFER_COPY_MEMORY, unit.begin, unit.bytes.size());
  }
  GstBuffer* buffer = unchanged ? frame->buffer : frame->out_buffer;
  GST_BUFFER_PTS(buffer) = GST_BUFFER_DTS(buffer) = unit.time;
  GST_BUFFER_DURATION(buffer) = unit.duration;
  crlsc::set_flags(buffer, contents, header, unit.discontinuity || impl.jumped || impl.damaged);
  impl.jumped = impl.damaged = false;
  impl.begun = true;
  impl.pushed_time = unit.time;
  impl.expected.reset();
  if (GST_CLOCK_TIME_IS_VALID(unit.time)) {
    impl.expected = unit.time + (GST_CLOCK_TIME_IS_VALID(unit.duration) ? unit.duration : 0);
  }
  return {unit.end, true};
}

// Input

Outcome handle_access_unit(GstCrlscParse* self, GstBaseParseFrame* frame, const AccessUnit& unit) {
  Contents contents;
  try {
    contents = take_contents(self, unit);
  } catch (const crlsc::Error& error) {
    if (!self->impl.header) throw;
    return skip_foreign(self, unit.end, error.what());
  }
  if (!self->impl.header) {
    GST_DEBUG_OBJECT(self, "dropping a picture: no sequence header yet");
    return {unit.end};
  }
  return put_out(self, frame, unit, contents);
}

Outcome handle_packet(GstCrlscParse* self, GstBaseParseFrame* frame) {
  const crlsc::BufferMap map(frame->buffer, GST_MAP_READ);
  AccessUnit unit;
  unit.bytes = map.bytes();
  unit.end = unit.bytes.size();
  unit.time = GST_BUFFER_PTS(frame->buffer);
  unit.duration = self->impl.input_duration;
  unit.key = !GST_BUFFER_FLAG_IS_SET(frame->buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  return handle_access_unit(self, frame, unit);
}

// The time of a record where it goes.
GstClockTime to_time(Impl& impl, uint64_t ticks) {
  const GstClockTime time = crlsc::to_clock_time(ticks, impl.scanner.head());
  if (!impl.origin) impl.origin = time;
  return time - std::min(time, *impl.origin);
}

// Without a head, the sequence header of a key picture tells the frame rate.
GstClockTime to_duration(const Impl& impl, std::optional<uint32_t> ticks) {
  const auto& head = impl.scanner.head();
  if (!ticks && !head) ticks = crlsc::nominal_duration(*impl.header, crlsc::kTicksPerSecond);
  return ticks ? crlsc::to_clock_time(*ticks, head) : GST_CLOCK_TIME_NONE;
}

// `begin` bytes of the frame stand before the record.
Outcome handle_record(GstCrlscParse* self, GstBaseParseFrame* frame, const ByteStreamItem& record, size_t begin) {
  Impl& impl = self->impl;
  const size_t end = begin + record.size;
  AccessUnit unit;
  unit.key = record.key;
  unit.discontinuity = record.discontinuity;
  unit.bytes = record.payload;
  unit.begin = end - record.payload.size();
  unit.end = end;
  if (!impl.header && record.key) take_contents(self, unit);
  if (!impl.header) {
    GST_LOG_OBJECT(self, "dropping a record: nothing says what it belongs to");
    return {end};
  }
  unit.time = to_time(impl, record.time);
  unit.duration = to_duration(impl, record.duration);
  if (record.kind == ByteStreamItem::Kind::kMissing) {
    // Before the first picture, nothing is missing.
    if (impl.expected && impl.gaps.size() < kMostGaps) impl.gaps.push_back({unit.time, unit.duration});
    return {end};
  }
  const Outcome outcome = handle_access_unit(self, frame, unit);
  if (outcome.push && !GST_BUFFER_FLAG_IS_SET(frame->out_buffer, GST_BUFFER_FLAG_DELTA_UNIT)) {
    impl.index.note(GST_BASE_PARSE(self), frame->offset, unit.time);
  }
  return outcome;
}

Outcome want(GstBaseParse* base, size_t size) {
  gst_base_parse_set_min_frame_size(base, static_cast<guint>(size));
  return {};
}

void adopt_head(Impl& impl) {
  const crlsc::ByteStreamHead& head = *impl.scanner.head();
  use_header(impl, head.sequence, head.pixel_aspect_ratio);
}

Outcome skip_garbage(GstCrlscParse* self, const GstBaseParseFrame* frame, size_t size) {
  Impl& impl = self->impl;
  if (!impl.damaged && !impl.begun && frame->offset == 0) {
    GST_ELEMENT_WARNING(self, STREAM, DECODE,
                        ("This does not begin as a CRLSC byte stream does: it is cut off, or it was written without "
                         "crlscparse in front of the sink. Looking for a place to begin."),
                        (nullptr));
  } else if (!impl.damaged) {
    GST_WARNING_OBJECT(self, "the stream is damaged at byte %" G_GUINT64_FORMAT ": looking for the next record",
                       frame->offset);
  }
  GST_LOG_OBJECT(self, "skipping %" G_GSIZE_FORMAT " bytes", size);
  impl.damaged = true;
  // Not as skipped bytes: the base class gives up after 2 MiB of them.
  return {size};
}

// One record at a time, together with the head before it, so that the base class's index leads to the head.
Outcome handle_bytes(GstCrlscParse* self, GstBaseParseFrame* frame) {
  using Kind = ByteStreamItem::Kind;
  Impl& impl = self->impl;
  GstBaseParse* base = GST_BASE_PARSE(self);
  const crlsc::BufferMap map(frame->buffer, GST_MAP_READ);
  const bool last = GST_BASE_PARSE_DRAINING(base);
  ByteStreamItem item = impl.scanner.next(map.bytes(), last);
  size_t begin = 0;
  if (item.kind == Kind::kHead) {
    adopt_head(impl);
    begin = item.size;
    item = impl.scanner.next(map.bytes().sub(begin), last);
    if (item.kind == Kind::kMore && !last) return want(base, begin + item.size);
    want(base, kLeastBytes);
    if (item.kind != Kind::kAccessUnit) return {begin};
  }
  if (item.kind == Kind::kMore) return want(base, item.size);
  want(base, kLeastBytes);
  if (item.kind == Kind::kGarbage) return skip_garbage(self, frame, item.size);
  if (item.kind == Kind::kForeign) return skip_foreign(self, item.size, impl.scanner.foreign().c_str());
  if (item.kind == Kind::kReserved) return {item.size};
  return handle_record(self, frame, item, begin);
}

GstFlowReturn handle_frame(GstBaseParse* base, GstBaseParseFrame* frame, gint*) {
  return crlsc::guard(GST_ELEMENT(base), GST_FLOW_ERROR, [&]() -> GstFlowReturn {
    GstCrlscParse* self = GST_CRLSC_PARSE(base);
    if (!self->impl.input) self->impl.input = StreamFormat::kByteStream;
    const bool packet = self->impl.input == StreamFormat::kPacketized;
    if (GST_BUFFER_IS_DISCONT(frame->buffer)) {
      // Of packets, upstream has said what is missing before them.
      std::vector<Gap> told;
      if (packet) told = std::move(self->impl.gaps);
      jump(self->impl);
      self->impl.gaps = std::move(told);
    }
    if (!packet && !std::exchange(self->impl.indexed, true)) self->impl.origin = self->impl.index.begin(base);
    const Outcome outcome = packet ? handle_packet(self, frame) : handle_bytes(self, frame);
    if (outcome.used == 0) return outcome.flow;
    if (!outcome.push) frame->flags |= GST_BASE_PARSE_FRAME_FLAG_DROP;
    return gst_base_parse_finish_frame(base, frame, static_cast<gint>(outcome.used));
  });
}

// The base class replaces the times that came with the bytes by upstream's, if upstream has any.
GstFlowReturn pre_push_frame(GstBaseParse* base, GstBaseParseFrame* frame) {
  return crlsc::guard(GST_ELEMENT(base), GST_FLOW_ERROR, [&]() -> GstFlowReturn {
    Impl& impl = GST_CRLSC_PARSE(base)->impl;
    frame->flags |= GST_BASE_PARSE_FRAME_FLAG_CLIP;
    if (!GST_BUFFER_PTS_IS_VALID(frame->buffer)) GST_BUFFER_PTS(frame->buffer) = impl.pushed_time;
    const GstClockTimeDiff shift =
        GST_BUFFER_PTS_IS_VALID(frame->buffer) ? GST_CLOCK_DIFF(impl.pushed_time, GST_BUFFER_PTS(frame->buffer)) : 0;
    for (const Gap& gap : std::exchange(impl.gaps, {})) {
      // Played backwards, a gap has no place.
      if (base->segment.rate < 0) break;
      const GstClockTimeDiff time = static_cast<GstClockTimeDiff>(gap.time) + shift;
      GstEvent* event = gst_event_new_gap(static_cast<GstClockTime>(std::max<GstClockTimeDiff>(time, 0)), gap.duration);
      gst_event_set_gap_flags(event, GST_GAP_FLAG_MISSING_DATA);
      gst_pad_push_event(GST_BASE_PARSE_SRC_PAD(base), event);
    }
    return GST_FLOW_OK;
  });
}

// The base class keeps no durations of what comes with times; each packet is a frame.
GstFlowReturn chain(GstPad* pad, GstObject* parent, GstBuffer* buffer) {
  GstCrlscParse* self = GST_CRLSC_PARSE(parent);
  self->impl.input_duration = GST_BUFFER_DURATION(buffer);
  return self->base_chain(pad, parent, buffer);
}

// Events

// Gaps in packets become records, or go on. Returns true if the event is used up.
bool take_gap(GstCrlscParse* self, GstEvent* event) {
  Impl& impl = self->impl;
  GstGapFlags flags{};
  gst_event_parse_gap_flags(event, &flags);
  if ((flags & GST_GAP_FLAG_MISSING_DATA) == 0) return false;
  // Before the first picture, nothing is missing.
  if (!impl.output || !impl.expected) return true;
  if (impl.output == StreamFormat::kPacketized) return false;
  Gap gap{};
  gst_event_parse_gap(event, &gap.time, &gap.duration);
  if (impl.gaps.size() < kMostGaps) impl.gaps.push_back(gap);
  return true;
}

gboolean sink_event(GstBaseParse* base, GstEvent* event) {
  return crlsc::guard(GST_ELEMENT(base), FALSE, [&]() -> gboolean {
    GstCrlscParse* self = GST_CRLSC_PARSE(base);
    if (GST_EVENT_TYPE(event) == GST_EVENT_GAP && take_gap(self, event)) {
      gst_event_unref(event);
      return TRUE;
    }
    if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP) {
      jump(self->impl);
      want(base, kLeastBytes);
    }
    return GST_BASE_PARSE_CLASS(gst_crlsc_parse_parent_class)->sink_event(base, event);
  });
}

gboolean src_event(GstBaseParse* base, GstEvent* event) {
  if (GST_EVENT_TYPE(event) == GST_EVENT_SEEK) event = crlsc::make_accurate(event);
  return GST_BASE_PARSE_CLASS(gst_crlsc_parse_parent_class)->src_event(base, event);
}

// States

gboolean start(GstBaseParse* base) {
  Impl& impl = GST_CRLSC_PARSE(base)->impl;
  const guint interval = impl.config_interval;
  impl = Impl();
  impl.config_interval = interval;
  gst_base_parse_set_min_frame_size(base, kLeastBytes);
  return TRUE;
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* pspec) {
  if (id != kPropConfigInterval) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    return;
  }
  GST_OBJECT_LOCK(object);
  GST_CRLSC_PARSE(object)->impl.config_interval = g_value_get_uint(value);
  GST_OBJECT_UNLOCK(object);
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* pspec) {
  if (id != kPropConfigInterval) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    return;
  }
  GST_OBJECT_LOCK(object);
  g_value_set_uint(value, GST_CRLSC_PARSE(object)->impl.config_interval);
  GST_OBJECT_UNLOCK(object);
}

void finalize(GObject* object) {
  GST_CRLSC_PARSE(object)->impl.~Impl();
  G_OBJECT_CLASS(gst_crlsc_parse_parent_class)->finalize(object);
}

}  // namespace

static void gst_crlsc_parse_class_init(GstCrlscParseClass* klass) {
  GST_DEBUG_CATEGORY_INIT(crlscparse_debug, "crlscparse", 0, "CRLSC parser");
  GObjectClass* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  /**
   * GstCrlscParse:config-interval:
   *
   * Seconds after which a byte stream repeats its head, with the sequence header and the time. One stands before each
   * key picture anyway. Takes effect with the next picture.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropConfigInterval,
      g_param_spec_uint(
          "config-interval", "Config interval", "Seconds after which a byte stream repeats its head", 1,
          kMaxConfigInterval, kDefaultConfigInterval,
          static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)));

  GstElementClass* element_class = GST_ELEMENT_CLASS(klass);
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  gst_element_class_add_static_pad_template(element_class, &src_template);
  gst_element_class_set_static_metadata(element_class, "CRLSC parser", "Codec/Parser/Converter/Video",
                                        "Parses CRLSC streams, and reads and writes .crlsc files",
                                        "CRLSC contributors");

  GstBaseParseClass* parse_class = GST_BASE_PARSE_CLASS(klass);
  parse_class->start = start;
  parse_class->set_sink_caps = set_sink_caps;
  parse_class->get_sink_caps = get_sink_caps;
  parse_class->handle_frame = handle_frame;
  parse_class->pre_push_frame = pre_push_frame;
  parse_class->sink_event = sink_event;
  parse_class->src_event = src_event;
}

static void gst_crlsc_parse_init(GstCrlscParse* self) {
  // GObject fills instances with zeros and knows nothing of constructors.
  new (&self->impl) Impl();
  GstPad* pad = GST_BASE_PARSE_SINK_PAD(self);
  self->base_chain = GST_PAD_CHAINFUNC(pad);
  gst_pad_set_chain_function(pad, chain);
  // Byte streams need not say before what downstream wants to know of them.
  GST_PAD_SET_ACCEPT_INTERSECT(pad);
  GST_PAD_SET_ACCEPT_TEMPLATE(pad);
  // Times come with the stream; what they do not say is not guessed.
  gst_base_parse_set_pts_interpolation(GST_BASE_PARSE(self), FALSE);
  gst_base_parse_set_infer_ts(GST_BASE_PARSE(self), FALSE);
}
