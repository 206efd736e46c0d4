// SPDX-License-Identifier: LGPL-2.1-or-later
// crlscchannel with packets that need not be RTP, and properties of any value at any time. The input's size bounds the
// work, whatever the properties say.
#include "element.h"
#include "fuzz.h"
#include "script.h"

using namespace crlsc;

namespace {

enum Operation : uint8_t { kPacket = 0, kNumber, kEnum, kPattern, kCoherence, kProtection, kFlush, kOperations };

constexpr const char* kNumbers[] = {"snr",       "loss",     "good-to-bad",    "bad-to-good",
                                    "loss-good", "loss-bad", "protection-gain"};
constexpr const char* kEnums[] = {"modulation", "fading", "error-action", "loss-model"};

void set_enum(GObject* object, const char* name, unsigned choice) {
  GParamSpec* spec = g_object_class_find_property(G_OBJECT_GET_CLASS(object), name);
  const GEnumClass* klass = G_PARAM_SPEC_ENUM(spec)->enum_class;
  g_object_set(object, name, klass->values[choice % klass->n_values].value, nullptr);
}

// Anything within the property's range.
void set_number(GObject* object, const char* name, unsigned fraction) {
  const GParamSpecDouble* spec = G_PARAM_SPEC_DOUBLE(g_object_class_find_property(G_OBJECT_GET_CLASS(object), name));
  g_object_set(object, name, spec->minimum + (spec->maximum - spec->minimum) * fraction / 255, nullptr);
}

void step(Script& script, FuzzedElement& element) {
  GObject* object = G_OBJECT(element.element());
  switch (script.u8() % kOperations) {
    case kPacket: {
      const uint8_t flags = script.u8();
      GstBuffer* buffer = make_buffer(script.run());
      if ((flags & 1) != 0) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_NON_DROPPABLE);
      if ((flags & 2) == 0) {
        element.push(buffer);
        break;
      }
      GstBufferList* list = gst_buffer_list_new();
      gst_buffer_list_add(list, gst_buffer_copy(buffer));
      gst_buffer_list_add(list, buffer);
      gst_pad_push_list(element.harness()->srcpad, list);
      element.drain();
      break;
    }
    case kNumber: {
      const uint8_t which = script.u8();
      set_number(object, kNumbers[which % std::size(kNumbers)], script.u8());
      break;
    }
    case kEnum: {
      const uint8_t which = script.u8();
      set_enum(object, kEnums[which % std::size(kEnums)], script.u8());
      break;
    }
    case kPattern:
      g_object_set(object, "drop-pattern", to_text(script.run()).c_str(), nullptr);
      break;
    case kCoherence:
      g_object_set(object, "coherence", guint{script.u16()}, nullptr);
      break;
    case kProtection:
      g_object_set(object, "unequal-protection", script.u8() % 2, nullptr);
      break;
    default:
      element.flush();
  }
}

}  // namespace

std::vector<Bytes> crlsc::fuzz_seeds() {
  std::vector<Bytes> seeds;
  for (uint8_t modulation = 0; modulation < 4; ++modulation) {
    Bytes seed{kEnum, 0, modulation, kEnum, 1, 1, kNumber, 0, 140, kCoherence, 0, 100, kEnum, 2, 1, kProtection, 1};
    for (uint8_t i = 0; i < 3; ++i) {
      seed.insert(seed.end(), {kPacket, i});
      append_run(seed, Bytes(60, 0x80));
    }
    seed.insert(seed.end(), {kEnum, 3, 1, kNumber, 2, 128, kPattern, 0, 6, '1', ',', '3', '-', '5', ' ', kPacket, 0});
    append_run(seed, Bytes(20, 1));
    seeds.push_back(seed);
  }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  start_gstreamer();
  Script script(data, size);
  FuzzedElement element("crlscchannel");
  element.begin(gst_caps_from_string("application/x-rtp, media=video, clock-rate=90000, encoding-name=X"));
  while (!script.ended()) step(script, element);
  return 0;
}
