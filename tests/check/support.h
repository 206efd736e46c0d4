// SPDX-License-Identifier: LGPL-2.1-or-later
// Pictures, streams and harnesses for the tests of the encoder and the decoder.
#pragma once

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>
#include <gst/video/video.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "core/bitstream/sequence_header.h"
#include "core/bitstream/unit.h"
#include "core/bytes.h"
#include "core/model/model_file.h"
#include "core/model/registry.h"

namespace crlsc::test {

constexpr GstClockTime kInterval = 100 * GST_MSECOND;
constexpr const char* kModel = "test-model.safetensors";
constexpr const char* kScalarModel = "test-scalar.safetensors";  // of a scalar quantiser
constexpr const char* kOtherModel = "test-model-other.safetensors";
// One with a post-filter, which adds 5 to luma.
constexpr const char* kPostFilterModel = "test-post-filter.safetensors";

inline bool has_flag(GstBuffer* buffer, guint flag) { return GST_BUFFER_FLAG_IS_SET(buffer, flag); }
inline bool is_key(GstBuffer* buffer) { return !has_flag(buffer, GST_BUFFER_FLAG_DELTA_UNIT); }

inline Bytes to_bytes(GstBuffer* buffer) {
  Bytes out(gst_buffer_get_size(buffer));
  gst_buffer_extract(buffer, 0, out.data(), out.size());
  return out;
}

inline GstBuffer* to_buffer(ByteView bytes, GstClockTime pts, bool key) {
  GstBuffer* buffer = bytes.empty() ? gst_buffer_new() : gst_buffer_new_memdup(bytes.data(), bytes.size());
  GST_BUFFER_PTS(buffer) = GST_BUFFER_DTS(buffer) = pts;
  GST_BUFFER_DURATION(buffer) = kInterval;
  if (!key) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  return buffer;
}

// Buffers that unref themselves.
class Buffers {
 public:
  Buffers() = default;
  Buffers(Buffers&& other) noexcept : list_(std::exchange(other.list_, {})) {}
  Buffers& operator=(Buffers&& other) noexcept {
    std::swap(list_, other.list_);
    return *this;
  }
  Buffers(const Buffers&) = delete;
  Buffers& operator=(const Buffers&) = delete;
  ~Buffers() { clear(); }
  void add(GstBuffer* buffer) { list_.push_back(buffer); }
  void clear() {
    for (GstBuffer* buffer : std::exchange(list_, {})) gst_buffer_unref(buffer);
  }
  size_t size() const { return list_.size(); }
  bool empty() const { return list_.empty(); }
  GstBuffer* operator[](size_t i) const { return list_.at(i); }
  GstBuffer* back() const { return list_.back(); }
  std::vector<GstBuffer*>::const_iterator begin() const { return list_.begin(); }
  std::vector<GstBuffer*>::const_iterator end() const { return list_.end(); }
  // Of buffer i, to be pushed.
  GstBuffer* copy(size_t i) const { return gst_buffer_copy(list_.at(i)); }
  size_t bytes() const {
    size_t sum = 0;
    for (GstBuffer* buffer : list_) sum += gst_buffer_get_size(buffer);
    return sum;
  }

 private:
  std::vector<GstBuffer*> list_;
};

// Pictures

inline GstVideoInfo video_info(int width = 64, int height = 48, GstVideoFormat format = GST_VIDEO_FORMAT_I420) {
  GstVideoInfo info;
  gst_video_info_set_format(&info, format, static_cast<guint>(width), static_cast<guint>(height));
  info.fps_n = 10;
  info.fps_d = 1;
  return info;
}

// A slope with a bright square that wanders with `index`; colours differ between the halves.
inline void draw(GstVideoFrame* frame, int index) {
  for (int c = 0; c < 3; ++c) {
    const int width = GST_VIDEO_FRAME_COMP_WIDTH(frame, c);
    const int height = GST_VIDEO_FRAME_COMP_HEIGHT(frame, c);
    for (int y = 0; y < height; ++y) {
      auto* row = static_cast<uint8_t*>(GST_VIDEO_FRAME_COMP_DATA(frame, c)) +
                  static_cast<ptrdiff_t>(GST_VIDEO_FRAME_COMP_STRIDE(frame, c)) * y;
      for (int x = 0; x < width; ++x) {
        const bool square = (x + 3 * index) % 48 < 12 && y % 40 < 16;
        const int luma = square ? 210 : 50 + (x * 60 + y * 40) / (width + height);
        const int chroma = x < width / 2 ? 110 + 20 * c : 150 - 20 * c;
        row[x * GST_VIDEO_FRAME_COMP_PSTRIDE(frame, c)] = static_cast<uint8_t>(c == 0 ? luma : chroma);
      }
    }
  }
}

// The picture in any format. `info` may have other strides than GStreamer's usual ones if it is YUV.
inline GstBuffer* make_frame(const GstVideoInfo& info, int index, GstClockTime pts = GST_CLOCK_TIME_NONE) {
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, GST_VIDEO_INFO_SIZE(&info), nullptr);
  GstVideoFrame frame;
  fail_unless(gst_video_frame_map(&frame, &info, buffer, GST_MAP_WRITE));
  if (GST_VIDEO_INFO_IS_YUV(&info)) {
    draw(&frame, index);
  } else {
    GstVideoInfo plain = video_info(info.width, info.height);
    plain.fps_n = info.fps_n;
    plain.fps_d = info.fps_d;
    GstBuffer* source = make_frame(plain, index);
    GstVideoFrame from;
    fail_unless(gst_video_frame_map(&from, &plain, source, GST_MAP_READ));
    GstVideoConverter* converter = gst_video_converter_new(&plain, &info, nullptr);
    gst_video_converter_frame(converter, &from, &frame);
    gst_video_converter_free(converter);
    gst_video_frame_unmap(&from);
    gst_buffer_unref(source);
  }
  gst_video_frame_unmap(&frame);
  GST_BUFFER_PTS(buffer) = GST_CLOCK_TIME_IS_VALID(pts) ? pts : static_cast<guint64>(index) * kInterval;
  GST_BUFFER_DURATION(buffer) = kInterval;
  return buffer;
}

// Peak signal-to-noise ratio in dB of component `c`; 99 if nothing differs.
inline double psnr(GstBuffer* a, const GstVideoInfo& a_info, GstBuffer* b, const GstVideoInfo& b_info, int c = 0) {
  GstVideoFrame first;
  GstVideoFrame second;
  fail_unless(gst_video_frame_map(&first, &a_info, a, GST_MAP_READ));
  fail_unless(gst_video_frame_map(&second, &b_info, b, GST_MAP_READ));
  const int width = GST_VIDEO_FRAME_COMP_WIDTH(&first, c);
  const int height = GST_VIDEO_FRAME_COMP_HEIGHT(&first, c);
  fail_unless(width == GST_VIDEO_FRAME_COMP_WIDTH(&second, c) && height == GST_VIDEO_FRAME_COMP_HEIGHT(&second, c));
  const auto sample = [c](GstVideoFrame& frame, int x, int y) {
    return int{static_cast<uint8_t*>(GST_VIDEO_FRAME_COMP_DATA(
        &frame, c))[GST_VIDEO_FRAME_COMP_STRIDE(&frame, c) * y + GST_VIDEO_FRAME_COMP_PSTRIDE(&frame, c) * x]};
  };
  double sum = 0;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) sum += std::pow(sample(first, x, y) - sample(second, x, y), 2);
  }
  gst_video_frame_unmap(&first);
  gst_video_frame_unmap(&second);
  return sum > 0 ? 10 * std::log10(255.0 * 255 * width * height / sum) : 99;
}

// Models

// While it lives, the backend "faulty" behaves as `what` says; see faulty_backend.cpp.
class Fault {
 public:
  explicit Fault(const char* what) { g_setenv("CRLSC_TEST_FAULT", what, TRUE); }
  ~Fault() { g_unsetenv("CRLSC_TEST_FAULT"); }
  Fault(const Fault&) = delete;
  Fault& operator=(const Fault&) = delete;
};

// A folder that goes away with its files.
class Folder {
 public:
  Folder() : path_(g_dir_make_tmp("crlsc-check-XXXXXX", nullptr)) {}
  ~Folder() {
    GDir* dir = g_dir_open(path_, 0, nullptr);
    while (const gchar* name = g_dir_read_name(dir)) std::remove((path() + "/" + name).c_str());
    g_dir_close(dir);
    std::remove(path_);
    g_free(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string path() const { return path_; }

  // The test model for another backend, and so of another id.
  std::string model_for_backend(const std::string& backend) const {
    const ModelFile file(find_model(kModel));
    Metadata metadata = file.metadata();
    metadata["backend"] = backend;
    const std::string out = path() + "/" + backend + ".safetensors";
    save_model(out, file.tensors(), metadata);
    return out;
  }

  // The bytes of the test model, as `change` leaves them.
  template <class Change>
  std::string changed_model(const char* name, Change change) const {
    gchar* data = nullptr;
    gsize size = 0;
    fail_unless(g_file_get_contents(find_model(kModel).c_str(), &data, &size, nullptr));
    std::string text(data, size);
    g_free(data);
    change(text);
    const std::string out = path() + "/" + name;
    fail_unless(g_file_set_contents(out.c_str(), text.data(), static_cast<gssize>(text.size()), nullptr));
    return out;
  }

 private:
  gchar* path_;
};

// Elements

struct Posted {
  GQuark domain = 0;
  gint code = 0;
  std::string text;
  bool is(GQuark d, gint c) const { return domain == d && code == c; }
  bool says(const std::string& part) const { return text.find(part) != std::string::npos; }
};

// The oldest error (or warning) on the bus; none has domain 0.
inline Posted pop(GstBus* bus, GstMessageType type = GST_MESSAGE_ERROR) {
  Posted out;
  GstMessage* message = gst_bus_pop_filtered(bus, type);
  if (message == nullptr) return out;
  GError* error = nullptr;
  if (type == GST_MESSAGE_ERROR) {
    gst_message_parse_error(message, &error, nullptr);
  } else {
    gst_message_parse_warning(message, &error, nullptr);
  }
  out = {error->domain, error->code, error->message};
  g_error_free(error);
  gst_message_unref(message);
  return out;
}

// An element of its own, with a bus.
class Lone {
 public:
  explicit Lone(const char* factory) : element_(gst_element_factory_make(factory, nullptr)), bus_(gst_bus_new()) {
    fail_unless(element_ != nullptr, "no element %s", factory);
    gst_object_ref_sink(element_);
    gst_element_set_bus(element_, bus_);
  }
  ~Lone() {
    gst_element_set_bus(element_, nullptr);
    gst_element_set_state(element_, GST_STATE_NULL);
    gst_object_unref(element_);
    gst_object_unref(bus_);
  }
  Lone(const Lone&) = delete;
  Lone& operator=(const Lone&) = delete;
  GstElement* element() const { return element_; }
  void set_model(const std::string& model) { g_object_set(element_, "model", model.c_str(), nullptr); }
  GstStateChangeReturn go(GstState state) { return gst_element_set_state(element_, state); }
  Posted pop(GstMessageType type = GST_MESSAGE_ERROR) { return test::pop(bus_, type); }

 private:
  GstElement* element_;
  GstBus* bus_;
};

// A harness around a launch line, whose first word is the element that is looked at.
class Harness {
 public:
  explicit Harness(const std::string& line) : h_(gst_harness_new_parse(line.c_str())), bus_(gst_bus_new()) {
    element_ = gst_harness_find_element(h_, line.substr(0, line.find(' ')).c_str());
    fail_unless(element_ != nullptr);
    gst_element_set_bus(element_, bus_);
  }
  ~Harness() {
    gst_element_set_bus(element_, nullptr);
    gst_object_unref(element_);
    gst_harness_teardown(h_);
    gst_object_unref(bus_);
  }
  Harness(const Harness&) = delete;
  Harness& operator=(const Harness&) = delete;

  GstHarness* h() { return h_; }
  GstElement* element() { return element_; }
  GstFlowReturn push(GstBuffer* buffer) { return gst_harness_push(h_, buffer); }
  bool push(GstEvent* event) { return gst_harness_push_event(h_, event); }
  // Caps go to the element itself: a pad that pushes them does not say whether they were refused.
  bool accepts(GstCaps* caps) {
    GstPad* pad = gst_element_get_static_pad(element_, "sink");
    const bool accepted = gst_pad_send_event(pad, gst_event_new_caps(caps));
    gst_object_unref(pad);
    return accepted;
  }
  Buffers pull() {
    Buffers out;
    while (GstBuffer* buffer = gst_harness_try_pull(h_)) out.add(buffer);
    return out;
  }
  Posted pop(GstMessageType type = GST_MESSAGE_ERROR) { return test::pop(bus_, type); }
  GstBus* bus() { return bus_; }

  void flush() {
    fail_unless(push(gst_event_new_flush_start()));
    fail_unless(push(gst_event_new_flush_stop(TRUE)));
    start_segment();
  }
  void start_segment(GstClockTime start = 0, gdouble rate = 1) {
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    segment.rate = rate;
    segment.start = start;
    if (rate < 0) segment.stop = 100 * GST_SECOND;
    fail_unless(push(gst_event_new_segment(&segment)));
  }

  guint64 stat(const char* name) {
    GstStructure* stats = nullptr;
    g_object_get(element_, "stats", &stats, nullptr);
    guint64 value = G_MAXUINT64;
    fail_unless(gst_structure_get_uint64(stats, name, &value), "no %s", name);
    gst_structure_free(stats);
    return value;
  }

  // How often upstream was asked for a key picture since the last call.
  int key_requests() {
    int count = 0;
    while (GstEvent* event = gst_harness_try_pull_upstream_event(h_)) {
      count += gst_event_has_name(event, "GstForceKeyUnit") ? 1 : 0;
      gst_event_unref(event);
    }
    return count;
  }

  GstCaps* source_caps() {
    GstPad* pad = gst_element_get_static_pad(element_, "src");
    GstCaps* caps = gst_pad_get_current_caps(pad);
    gst_object_unref(pad);
    return caps;
  }
  // Fails unless the source caps say so; "(none)" is for a field that is not there.
  void expect_field(const char* name, const std::string& expected) {
    const std::string found = source_field(name);
    fail_unless(found == expected, "%s is %s, not %s", name, found.c_str(), expected.c_str());
  }
  std::string source_field(const char* name) {
    GstCaps* caps = source_caps();
    fail_unless(caps != nullptr);
    const GValue* value = gst_structure_get_value(gst_caps_get_structure(caps, 0), name);
    std::string out = "(none)";
    if (value != nullptr) {
      gchar* text = G_VALUE_HOLDS_STRING(value) ? g_value_dup_string(value) : gst_value_serialize(value);
      out = text;
      g_free(text);
    }
    gst_caps_unref(caps);
    return out;
  }

 private:
  GstHarness* h_;
  GstBus* bus_;
  GstElement* element_ = nullptr;
};

// An encoder that is fed drawn pictures.
class Encoder : public Harness {
 public:
  explicit Encoder(const std::string& properties = "", const GstVideoInfo& info = video_info(),
                   const std::string& model = kModel)
      : Harness("crlscenc min-unit-size=0 model=" + model + " " + properties), info_(info) {
    set_caps(info);
  }
  void set_caps(const GstVideoInfo& info) {
    info_ = info;
    gst_harness_set_src_caps(h(), gst_video_info_to_caps(&info_));
  }
  const GstVideoInfo& info() const { return info_; }
  using Harness::push;
  GstFlowReturn push_picture(int index) { return push(make_frame(info_, index)); }
  void push_pictures(int from, int count) {
    for (int i = from; i < from + count; ++i) fail_unless_equals_int(push_picture(i), GST_FLOW_OK);
  }
  bool request_key() {
    return gst_harness_push_upstream_event(h(),
                                           gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 1));
  }

 private:
  GstVideoInfo info_;
};

// What an encoder makes of `count` pictures, to be decoded.
struct Stream {
  explicit Stream(int count, const std::string& properties = "bitrate=500000", const GstVideoInfo& info = video_info(),
                  const std::string& model = kModel) {
    Encoder encoder(properties, info, model);
    encoder.push_pictures(0, count);
    buffers_ = encoder.pull();
    caps_ = encoder.source_caps();
    fail_unless_equals_int(encoder.stat("dropped"), 0);
    fail_unless_equals_int(buffers_.size(), count);
  }
  ~Stream() { gst_caps_unref(caps_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  GstCaps* caps() const { return caps_; }
  const Buffers& buffers() const { return buffers_; }
  GstBuffer* copy(size_t i) const { return buffers_.copy(i); }

 private:
  Buffers buffers_;
  GstCaps* caps_ = nullptr;
};

// The unit of a sequence header of the test model. As in all of them, its key bit is set.
inline Bytes header_unit(int width, int height, bool other_version = false) {
  SequenceHeader header;
  header.width = width;
  header.height = height;
  header.framerate_num = 10;
  header.layers = 3;
  header.model_id = ModelFile(find_model(kModel)).id();
  Bytes payload = write_sequence_header(header);
  if (other_version) payload[0] = 2;
  Bytes out;
  append_unit(out, {UnitType::kSequenceHeader, 0, true, false}, payload);
  return out;
}

// The same picture with this unit in front of it.
inline GstBuffer* with_header(ByteView header, GstBuffer* buffer) {
  Bytes bytes(header.begin(), header.end());
  const Bytes rest = to_bytes(buffer);
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  return to_buffer(bytes, GST_BUFFER_PTS(buffer), is_key(buffer));
}

class Decoder : public Harness {
 public:
  explicit Decoder(GstCaps* caps, const std::string& properties = "", const std::string& model = kModel)
      : Harness("crlscdec model=" + model + " " + properties) {
    set_caps(caps);
  }
  void set_caps(GstCaps* caps) { gst_harness_set_src_caps(h(), gst_caps_ref(caps)); }
  using Harness::push;
  void push_all(const Stream& stream, size_t from, size_t count) {
    for (size_t i = from; i < from + count; ++i) fail_unless_equals_int(push(stream.copy(i)), GST_FLOW_OK);
  }
  bool push_missing(int index) {
    GstEvent* gap = gst_event_new_gap(static_cast<guint64>(index) * kInterval, kInterval);
    gst_event_set_gap_flags(gap, GST_GAP_FLAG_MISSING_DATA);
    return push(gap);
  }
};

// While it lives, sets a property and reads `stats` as fast as it can.
class Stress {
 public:
  Stress(Harness& harness, const char* property, guint low, guint high)
      : harness_(harness), property_(property), low_(low), high_(high), thread_(g_thread_new("stress", run, this)) {}
  ~Stress() {
    g_atomic_int_set(&done_, 1);
    g_thread_join(thread_);
  }
  Stress(const Stress&) = delete;
  Stress& operator=(const Stress&) = delete;

 private:
  static gpointer run(gpointer data) {
    auto* self = static_cast<Stress*>(data);
    for (guint value = self->low_; g_atomic_int_get(&self->done_) == 0; value = self->low_ + self->high_ - value) {
      g_object_set(self->harness_.element(), self->property_, value, nullptr);
      GstStructure* stats = nullptr;
      g_object_get(self->harness_.element(), "stats", &stats, nullptr);
      gst_structure_free(stats);
    }
    return nullptr;
  }
  Harness& harness_;
  const char* property_;
  guint low_;
  guint high_;
  gint done_ = 0;
  GThread* thread_;
};

// While it lives, counts log lines at WARNING and above of the categories that begin with `prefix`.
class LogCounter {
 public:
  explicit LogCounter(const char* prefix) : prefix_(prefix) {
    gst_debug_set_threshold_for_name((prefix_ + "*").c_str(), GST_LEVEL_WARNING);
    gst_debug_add_log_function(count, this, nullptr);
  }
  ~LogCounter() {
    gst_debug_remove_log_function_by_data(this);
    gst_debug_unset_threshold_for_name((prefix_ + "*").c_str());
  }
  LogCounter(const LogCounter&) = delete;
  LogCounter& operator=(const LogCounter&) = delete;
  int lines() const { return g_atomic_int_get(&lines_); }

 private:
  static void count(GstDebugCategory* category, GstDebugLevel level, const gchar*, const gchar*, gint, GObject*,
                    GstDebugMessage*, gpointer user_data) {
    auto* self = static_cast<LogCounter*>(user_data);
    if (level > GST_LEVEL_WARNING || !g_str_has_prefix(gst_debug_category_get_name(category), self->prefix_.c_str())) {
      return;
    }
    g_atomic_int_inc(&self->lines_);
  }
  std::string prefix_;
  gint lines_ = 0;
};

}  // namespace crlsc::test
