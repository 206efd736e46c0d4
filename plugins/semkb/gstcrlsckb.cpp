// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * SECTION:element-crlsckb
 * @title: crlsckb
 * @short_description: looks up in a knowledge base what video shows
 *
 * Compares what video shows with the entries of a knowledge base, or adds it to one. Raw pictures are embedded by the
 * model's semantic head. Of encoded video, the semantic units that crlscenc puts into the stream are enough: nothing is
 * decoded, and no model is loaded.
 *
 * Buffers pass unchanged. Those that were looked at get a #GstCrlscKbMeta, and an element message named `crlsckb` is
 * posted, with the fields `timestamp`, `stream-time`, `running-time` and `duration` (guint64) and `matches`, an array
 * of structures with `id` (guint64), `label` (string) and `similarity` (double). The pad `text_src` gives the labels as
 * text.
 *
 * In #GstCrlscKb:mode build, what is shown becomes an entry with the #GstCrlscKb:label, unless there is a near
 * duplicate. Entries are durable after some seconds, and after EOS. Other processes may search the same file meanwhile.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 -m videotestsrc num-buffers=50 pattern=red ! video/x-raw,width=320,height=240,framerate=10/1 !
 * crlscenc knowledge-base=example.crlsckb ! crlsckb location=example.crlsckb ! crlscdec ! fakesink
 * ]| Says what the encoded pictures show.
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=50 pattern=green ! video/x-raw,width=320,height=240,framerate=10/1 !
 * crlsckb name=kb location=example.crlsckb ! queue ! textoverlay name=overlay ! videoconvert ! autovideosink
 * kb.text_src ! queue ! overlay.text_sink
 * ]| Shows the label over the raw pictures.
 *
 * Since: 0.1
 */
#include "gstcrlsckb.h"

#include <memory>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "crlsc/caps.h"
#include "crlsc/error.h"
#include "crlsc/guard.h"
#include "crlsc/knowledge.h"
#include "crlsc/maps.h"
#include "encoded_input.h"
#include "kb_properties.h"
#include "raw_input.h"
#include "results.h"
#include "scene_keeper.h"
#include "text_pad.h"

GST_DEBUG_CATEGORY_STATIC(crlsckb_debug);
#define GST_CAT_DEFAULT crlsckb_debug
GST_DEBUG_CATEGORY_STATIC(performance_debug);

namespace {

using Counters = crlsc::KbCounters;
using Settings = crlsc::KbSettings;
using crlsc::Bytes;
using crlsc::Error;
using crlsc::ErrorKind;
using crlsc::Match;
using crlsc::SequenceHeader;

constexpr gint64 kCheckPause = 500 * G_TIME_SPAN_MILLISECOND;  // from one look at the file to the next
constexpr gint64 kCommitPause = 3 * G_TIME_SPAN_SECOND;        // that new entries wait at most
constexpr size_t kMostWaiting = 256;                           // entries
constexpr GstClockTime kFallbackDuration = 100 * GST_MSECOND;  // of a buffer that does not say it

struct Impl {
  explicit Impl(GstElement* element) : text(element) {}

  // Under the object lock.
  Settings settings;
  Counters counters;
  GstClockTime earliest = 0;  // running time; what is before comes too late downstream

  // Changed while no data flows only.
  crlsc::ModelSlot model;
  std::unique_ptr<crlsc::LiveKnowledge> knowledge;

  // Streaming thread only.
  std::optional<crlsc::RawInput> raw;
  std::optional<crlsc::SceneKeeper> scenes;  // uses `raw` and `knowledge`
  std::optional<crlsc::EncodedInput> encoded;
  GstClockTime frame_duration = kFallbackDuration;
  std::string shown;  // as text, from the latest search
  gint64 last_check = 0;
  std::optional<gint64> waiting_since;  // entries that are not written yet; monotonic time
  bool complained = false;              // of a file that cannot be read or written

  crlsc::TextPad text;
};

}  // namespace

struct _GstCrlscKb {
  GstBaseTransform parent;
  Impl impl;
};

G_DEFINE_TYPE(GstCrlscKb, gst_crlsc_kb, GST_TYPE_BASE_TRANSFORM)
GST_ELEMENT_REGISTER_DEFINE(crlsckb, "crlsckb", GST_RANK_NONE, GST_TYPE_CRLSC_KB)

namespace {

#define CRLSC_KB_CAPS \
  GST_CRLSC_CAPS "; video/x-raw, format=(string){ I420, YV12, NV12, NV21, RGB, BGR, RGBx, BGRx, GRAY8 }"

GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(CRLSC_KB_CAPS));
GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(CRLSC_KB_CAPS));
GstStaticPadTemplate text_template = GST_STATIC_PAD_TEMPLATE("text_src", GST_PAD_SRC, GST_PAD_REQUEST,
                                                             GST_STATIC_CAPS("text/x-raw, format=(string)utf8"));

Settings get_settings(GstCrlscKb* self) {
  GST_OBJECT_LOCK(self);
  const Settings settings = self->impl.settings;
  GST_OBJECT_UNLOCK(self);
  return settings;
}

template <class Change>
void count(GstCrlscKb* self, Change change) {
  GST_OBJECT_LOCK(self);
  change(self->impl.counters);
  GST_OBJECT_UNLOCK(self);
}

void count_knowledge(GstCrlscKb* self) {
  const crlsc::LiveKnowledge& knowledge = *self->impl.knowledge;
  count(self, [&](Counters& counters) {
    counters.knowledge = knowledge.counts();
    counters.entries = knowledge.entries().size();
  });
}

// A file that cannot be read or written for a while is no reason to stop; it is complained of once.
template <class Work>
void attempt(GstCrlscKb* self, Work work) {
  try {
    work();
    self->impl.complained = false;
  } catch (const Error& error) {
    if (!self->impl.complained) crlsc::post_warning(GST_ELEMENT(self), error, nullptr);
    self->impl.complained = true;
  }
}

// Trying again makes sense when the next window ends, so that each failure is worth a warning.
void watch_scene(GstCrlscKb* self, const crlsc::PictureView& picture, double seconds, const Settings& settings) {
  try {
    self->impl.scenes->next(picture, seconds, settings);
  } catch (const Error& error) {
    crlsc::post_warning(GST_ELEMENT(self), error, nullptr);
  }
  count_knowledge(self);
}

void finish_scenes(GstCrlscKb* self) {
  if (!self->impl.scenes) return;
  self->impl.scenes->finish(get_settings(self));
  count_knowledge(self);
}

// Loading

void load_model(GstCrlscKb* self) {
  Impl& impl = self->impl;
  impl.model.load(get_settings(self).model);
  const crlsc::ModelFile& file = impl.model.get()->file;
  const auto embedder = impl.model.get()->network->open_embedder();
  if (!embedder) {
    throw Error(ErrorKind::kWrongType, "the model '" + file.path() + "' has no semantic head; use one that has");
  }
  const crlsc::LiveKnowledge& knowledge = *impl.knowledge;
  crlsc::check_encoder(knowledge.info().header.encoder, file.head_id(), knowledge.settings().path);
  if (embedder->dimension() == knowledge.quantiser().shape().dimension) return;
  throw Error(ErrorKind::kWrongType,
              "vectors of the model '" + file.path() + "' have " + std::to_string(embedder->dimension()) +
                  " numbers, those of the knowledge base '" + knowledge.settings().path + "' " +
                  std::to_string(knowledge.quantiser().shape().dimension) + "; use the model that it is made for");
}

void load_knowledge(GstCrlscKb* self, const Settings& settings) {
  Impl& impl = self->impl;
  if (settings.knowledge_base.empty()) {
    impl.knowledge.reset();
  } else {
    const crlsc::LiveKnowledgeSettings wanted{crlsc::find_knowledge_base(settings.knowledge_base, "location"),
                                              settings.builds(), settings.max_entries, settings.rerank > 0};
    if (impl.knowledge && impl.knowledge->settings() == wanted) return;
    impl.knowledge.reset();
    impl.knowledge = std::make_unique<crlsc::LiveKnowledge>(wanted);
    GST_INFO_OBJECT(self, "using knowledge base %s", wanted.path.c_str());
    count_knowledge(self);
  }
  gst_base_transform_set_passthrough(&self->parent, impl.knowledge == nullptr);
}

// The model is loaded now if it is sure to be needed, else when raw video comes.
bool load(GstCrlscKb* self) {
  GstElement* element = GST_ELEMENT(self);
  const Settings settings = get_settings(self);
  const auto knowledge = [&] {
    load_knowledge(self, settings);
    return true;
  };
  const auto model = [&] {
    const bool raw = !settings.model.model.empty() || crlsc::expects_raw(GST_BASE_TRANSFORM_SINK_PAD(self));
    if (self->impl.knowledge && raw) load_model(self);
    return true;
  };
  return crlsc::guard(element, false, knowledge, "location") && crlsc::guard(element, false, model, "model");
}

// Format

void use_raw(GstCrlscKb* self, const GstCaps* caps) {
  Impl& impl = self->impl;
  gint num = 0;
  gint den = 1;
  if (gst_structure_get_fraction(gst_caps_get_structure(caps, 0), "framerate", &num, &den) && num > 0 && den > 0) {
    impl.frame_duration = gst_util_uint64_scale(GST_SECOND, static_cast<guint64>(den), static_cast<guint64>(num));
  }
  if (!impl.knowledge) return;
  load_model(self);
  impl.raw.emplace(caps, *impl.model.get());
  if (get_settings(self).keeps_scenes()) impl.scenes.emplace(*impl.knowledge, *impl.raw);
  if (impl.raw->converts()) GST_CAT_INFO_OBJECT(performance_debug, self, "converting pictures to I420");
}

void tell_missing(GstCrlscKb* self) {
  const SequenceHeader& header = *self->impl.encoded->header();
  GST_INFO_OBJECT(self, "the stream uses knowledge base %s with model %s, which '%s' does not fit",
                  crlsc::to_hex(header.knowledge->id).c_str(), crlsc::to_hex(header.model_id).c_str(),
                  self->impl.knowledge->settings().path.c_str());
  crlsc::post_missing_knowledge(GST_ELEMENT(self), *header.knowledge);
}

void use_encoded(GstCrlscKb* self, const GstCaps* caps) {
  Impl& impl = self->impl;
  const crlsc::StreamCaps stream = crlsc::parse_caps(caps);
  impl.encoded.emplace();
  if (!stream.header) return;
  if (stream.header->framerate_num > 0) {
    impl.frame_duration = gst_util_uint64_scale(GST_SECOND, stream.header->framerate_den, stream.header->framerate_num);
  }
  if (impl.knowledge && impl.encoded->take_header(*stream.header, impl.knowledge->info())) tell_missing(self);
}

void forget_format(GstCrlscKb* self) {
  self->impl.scenes.reset();
  self->impl.raw.reset();
  self->impl.encoded.reset();
}

gboolean set_caps(GstBaseTransform* base, GstCaps* caps, GstCaps*) {
  const auto change = [&]() -> gboolean {
    GstCrlscKb* self = GST_CRLSC_KB(base);
    Impl& impl = self->impl;
    attempt(self, [&] { finish_scenes(self); });
    forget_format(self);
    impl.frame_duration = kFallbackDuration;
    if (gst_structure_has_name(gst_caps_get_structure(caps, 0), "video/x-raw")) {
      use_raw(self, caps);
    } else {
      use_encoded(self, caps);
    }
    return TRUE;
  };
  return crlsc::guard(GST_ELEMENT(base), FALSE, change, "model");
}

// Nothing of the memory is touched, so it is a matter of our neighbours alone.
gboolean propose_allocation(GstBaseTransform* base, GstQuery*, GstQuery* query) {
  return gst_pad_peer_query(GST_BASE_TRANSFORM_SRC_PAD(base), query);
}

// The base class would copy the memory of buffers that somebody else sees as well.
GstFlowReturn prepare_output_buffer(GstBaseTransform* base, GstBuffer* in, GstBuffer** out) {
  const bool as_it_is = gst_base_transform_is_passthrough(base) || gst_buffer_is_writable(in);
  *out = as_it_is ? in : gst_buffer_copy(in);
  return GST_FLOW_OK;
}

// Results

void report(GstCrlscKb* self, GstBuffer* buffer, const std::vector<Match>& matches) {
  crlsc::attach_matches(buffer, matches);
  self->impl.shown = crlsc::labels_text(matches);
  gst_element_post_message(GST_ELEMENT(self),
                           crlsc::make_matches_message(GST_OBJECT(self), self->parent.segment, buffer, matches));
}

// Search and addition

void commit(GstCrlscKb* self) {
  self->impl.waiting_since.reset();
  self->impl.knowledge->commit();
  count_knowledge(self);
}

void look_after_file(GstCrlscKb* self) {
  Impl& impl = self->impl;
  const gint64 now = g_get_monotonic_time();
  if (now - impl.last_check >= kCheckPause) {
    impl.last_check = now;
    attempt(self, [&] {
      impl.knowledge->refresh();
      count_knowledge(self);
    });
  }
  if (impl.knowledge->pending() == 0) return;
  if (!impl.waiting_since) impl.waiting_since = now;
  const bool many = impl.knowledge->pending() >= kMostWaiting && now - *impl.waiting_since >= kCheckPause;
  if (many || now - *impl.waiting_since >= kCommitPause) attempt(self, [&] { commit(self); });
}

crlsc::SearchSettings search_settings(const Settings& settings, size_t rerank) {
  return {settings.top_k, static_cast<float>(settings.min_similarity), rerank};
}

template <class Search>
void search(GstCrlscKb* self, GstBuffer* buffer, Search run) {
  const gint64 begin = g_get_monotonic_time();
  const std::vector<Match> matches = run();
  const gint64 duration = g_get_monotonic_time() - begin;
  GST_LOG_OBJECT(self, "%" G_GSIZE_FORMAT " matches, best '%s'", matches.size(),
                 matches.empty() ? "" : matches[0].label.c_str());
  count(self, [&](Counters& counters) {
    ++counters.searches;
    counters.matched += matches.empty() ? 0 : 1;
    counters.search_times.add(duration);
  });
  report(self, buffer, matches);
}

void add(GstCrlscKb* self, const Settings& settings, Bytes code) {
  self->impl.knowledge->add(settings.label, std::move(code), g_get_real_time() / 1000);
  count_knowledge(self);
}

bool is_late(GstCrlscKb* self, GstBuffer* buffer) {
  const GstClockTime time = gst_segment_to_running_time(&self->parent.segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
  GST_OBJECT_LOCK(self);
  const bool late = GST_CLOCK_TIME_IS_VALID(time) && time < self->impl.earliest;
  GST_OBJECT_UNLOCK(self);
  return late;
}

void look_at_picture(GstCrlscKb* self, GstBuffer* buffer, const Settings& settings) {
  Impl& impl = self->impl;
  if (!impl.raw->is_due(GST_BUFFER_PTS(buffer), settings.interval * GST_MSECOND)) return;
  if (is_late(self, buffer)) {
    count(self, [](Counters& counters) { ++counters.skipped; });
    return;
  }
  if (impl.scenes) crlsc::LiveKnowledge::check_label(settings.label);
  const double seconds = impl.raw->seconds_to(GST_BUFFER_PTS(buffer), impl.frame_duration);
  const std::vector<float>* vector = nullptr;
  // The buffer cannot take a meta while its samples are looked at.
  impl.raw->look_at(buffer, [&](const crlsc::PictureView& picture) {
    if (impl.scenes) watch_scene(self, picture, seconds, settings);
    if (settings.searches() || !impl.scenes) vector = &impl.raw->embed(picture);
  });
  const crlsc::KnowledgeBase& entries = impl.knowledge->entries();
  if (settings.searches()) {
    search(self, buffer, [&] { return entries.search(*vector, search_settings(settings, settings.rerank)); });
  }
  if (settings.builds() && !impl.scenes) add(self, settings, impl.knowledge->quantiser().encode(*vector));
}

void look_at_units(GstCrlscKb* self, GstBuffer* buffer, const Settings& settings) {
  Impl& impl = self->impl;
  crlsc::EncodedInput::Contents contents;
  {
    const crlsc::BufferMap map(buffer, GST_MAP_READ);
    contents = impl.encoded->read(map.bytes(), impl.knowledge->info());
  }
  if (contents.missing) tell_missing(self);
  if (contents.unusable) {
    GST_LOG_OBJECT(self, "a semantic unit is left aside");
    count(self, [](Counters& counters) { ++counters.unusable; });
  }
  if (!contents.code) return;
  const crlsc::KnowledgeBase& entries = impl.knowledge->entries();
  if (settings.searches()) {
    search(self, buffer, [&] { return entries.search_code(*contents.code, search_settings(settings, 0)); });
  }
  if (settings.builds()) add(self, settings, std::move(*contents.code));
}

void push_text(GstCrlscKb* self, GstBuffer* buffer) {
  Impl& impl = self->impl;
  const bool known = GST_BUFFER_DURATION_IS_VALID(buffer);
  impl.text.push(self->parent.segment, GST_BUFFER_PTS(buffer),
                 known ? GST_BUFFER_DURATION(buffer) : impl.frame_duration, impl.shown);
}

GstFlowReturn transform_ip(GstBaseTransform* base, GstBuffer* buffer) {
  return crlsc::guard(GST_ELEMENT(base), GST_FLOW_ERROR, [&] {
    GstCrlscKb* self = GST_CRLSC_KB(base);
    Impl& impl = self->impl;
    count(self, [](Counters& counters) { ++counters.buffers; });
    if (impl.knowledge) {
      const Settings settings = get_settings(self);
      look_after_file(self);
      if (impl.raw) look_at_picture(self, buffer, settings);
      if (impl.encoded) look_at_units(self, buffer, settings);
    }
    push_text(self, buffer);
    return GST_FLOW_OK;
  });
}

// Events

void forget_time(GstCrlscKb* self) {
  if (self->impl.raw) self->impl.raw->reset();
  self->impl.shown.clear();
  GST_OBJECT_LOCK(self);
  self->impl.earliest = 0;
  GST_OBJECT_UNLOCK(self);
}

// What was seen is in the file before anybody hears that the stream has ended.
bool save(GstCrlscKb* self) {
  if (!self->impl.knowledge) return true;
  const auto write = [&] {
    finish_scenes(self);
    commit(self);
    return true;
  };
  return crlsc::guard(GST_ELEMENT(self), false, write, "location");
}

gboolean sink_event(GstBaseTransform* base, GstEvent* event) {
  return crlsc::guard(GST_ELEMENT(base), FALSE, [&]() -> gboolean {
    GstCrlscKb* self = GST_CRLSC_KB(base);
    switch (GST_EVENT_TYPE(event)) {
      case GST_EVENT_EOS:
        save(self);
        self->impl.text.forward(event);
        break;
      case GST_EVENT_FLUSH_START:
        self->impl.text.forward(event);
        break;
      case GST_EVENT_FLUSH_STOP:
        self->impl.text.forward(event);
        forget_time(self);
        break;
      case GST_EVENT_GAP: {
        GstClockTime time = GST_CLOCK_TIME_NONE;
        GstClockTime duration = GST_CLOCK_TIME_NONE;
        gst_event_parse_gap(event, &time, &duration);
        self->impl.text.push(base->segment, time, duration, self->impl.shown);
        break;
      }
      default:
        break;
    }
    return GST_BASE_TRANSFORM_CLASS(gst_crlsc_kb_parent_class)->sink_event(base, event);
  });
}

gboolean src_event(GstBaseTransform* base, GstEvent* event) {
  if (GST_EVENT_TYPE(event) == GST_EVENT_QOS) {
    GstClockTimeDiff late = 0;
    GstClockTime time = GST_CLOCK_TIME_NONE;
    gst_event_parse_qos(event, nullptr, nullptr, &late, &time);
    GST_OBJECT_LOCK(base);
    // Pictures that only just make it would be late if they were looked at.
    GST_CRLSC_KB(base)->impl.earliest =
        late > 0 && GST_CLOCK_TIME_IS_VALID(time) ? time + 2 * static_cast<GstClockTime>(late) : 0;
    GST_OBJECT_UNLOCK(base);
  }
  return GST_BASE_TRANSFORM_CLASS(gst_crlsc_kb_parent_class)->src_event(base, event);
}

// The text pad

GstPad* request_new_pad(GstElement* element, GstPadTemplate* templ, const gchar*, const GstCaps*) {
  return crlsc::guard(element, static_cast<GstPad*>(nullptr),
                      [&] { return GST_CRLSC_KB(element)->impl.text.request(templ); });
}

void release_pad(GstElement* element, GstPad* pad) { GST_CRLSC_KB(element)->impl.text.release(pad); }

// States

gboolean start(GstBaseTransform* base) {
  GstCrlscKb* self = GST_CRLSC_KB(base);
  Impl& impl = self->impl;
  count(self, [](Counters& counters) { counters = {}; });
  if (impl.knowledge) count_knowledge(self);
  impl.waiting_since.reset();
  impl.last_check = 0;
  impl.complained = false;
  forget_time(self);
  const Settings settings = get_settings(self);
  if (impl.knowledge && settings.scenes && !settings.builds()) {
    const Error idle(ErrorKind::kSettings, "scenes=true does nothing in mode=query; set mode=build or mode=both");
    crlsc::post_warning(GST_ELEMENT(self), idle, "mode");
  }
  return TRUE;
}

gboolean stop(GstBaseTransform* base) {
  GstCrlscKb* self = GST_CRLSC_KB(base);
  save(self);
  forget_format(self);
  return TRUE;
}

GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) {
  return crlsc::guard(element, GST_STATE_CHANGE_FAILURE, [&] {
    GstCrlscKb* self = GST_CRLSC_KB(element);
    const bool loads = transition == GST_STATE_CHANGE_NULL_TO_READY || transition == GST_STATE_CHANGE_READY_TO_PAUSED;
    if (loads && !load(self)) return GST_STATE_CHANGE_FAILURE;
    const auto result = GST_ELEMENT_CLASS(gst_crlsc_kb_parent_class)->change_state(element, transition);
    if (transition == GST_STATE_CHANGE_READY_TO_NULL) {
      self->impl.model.clear();
      self->impl.knowledge.reset();
    }
    return result;
  });
}

// Properties

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* pspec) {
  GST_OBJECT_LOCK(object);
  const bool stays = crlsc::stays(GST_ELEMENT(object), pspec);
  const bool known = stays || crlsc::set_kb_property(GST_CRLSC_KB(object)->impl.settings, id, value);
  GST_OBJECT_UNLOCK(object);
  if (stays) GST_WARNING_OBJECT(object, "`%s` can be set in READY only and stays as it is", pspec->name);
  if (!known) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* pspec) {
  GstCrlscKb* self = GST_CRLSC_KB(object);
  GST_OBJECT_LOCK(self);
  const Settings settings = self->impl.settings;
  const Counters counters = self->impl.counters;
  GST_OBJECT_UNLOCK(self);
  if (!crlsc::get_kb_property(settings, counters, id, value)) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

void finalize(GObject* object) {
  GST_CRLSC_KB(object)->impl.~Impl();
  G_OBJECT_CLASS(gst_crlsc_kb_parent_class)->finalize(object);
}

}  // namespace

static void gst_crlsc_kb_class_init(GstCrlscKbClass* klass) {
  GST_DEBUG_CATEGORY_INIT(crlsckb_debug, "crlsckb", 0, "CRLSC knowledge base");
  GST_DEBUG_CATEGORY_GET(performance_debug, "GST_PERFORMANCE");
  GObjectClass* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  crlsc::install_kb_properties(object_class);
  gst_type_mark_as_plugin_api(GST_TYPE_CRLSC_KB_MODE, static_cast<GstPluginAPIFlags>(0));

  GstElementClass* element_class = GST_ELEMENT_CLASS(klass);
  element_class->change_state = change_state;
  element_class->request_new_pad = request_new_pad;
  element_class->release_pad = release_pad;
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  gst_element_class_add_static_pad_template(element_class, &src_template);
  gst_element_class_add_static_pad_template(element_class, &text_template);
  gst_element_class_set_static_metadata(element_class, "CRLSC knowledge base", "Filter/Analyzer/Video",
                                        "Looks up in a knowledge base what raw or CRLSC video shows, or adds it there",
                                        "CRLSC contributors");

  GstBaseTransformClass* transform_class = GST_BASE_TRANSFORM_CLASS(klass);
  transform_class->start = start;
  transform_class->stop = stop;
  transform_class->set_caps = set_caps;
  transform_class->propose_allocation = propose_allocation;
  transform_class->prepare_output_buffer = prepare_output_buffer;
  transform_class->transform_ip = transform_ip;
  transform_class->sink_event = sink_event;
  transform_class->src_event = src_event;
}

static void gst_crlsc_kb_init(GstCrlscKb* self) {
  // GObject fills instances with zeros and knows nothing of constructors.
  new (&self->impl) Impl(GST_ELEMENT(self));
  gst_base_transform_set_in_place(&self->parent, TRUE);
  gst_base_transform_set_passthrough(&self->parent, TRUE);
}
