// SPDX-License-Identifier: LGPL-2.1-or-later
// The properties that crlscenc, crlscdec and crlsckb have alike: the model, its threads, a knowledge base, statistics.
#pragma once

#include <gst/gst.h>

#include <string>

#include "crlsc/model_settings.h"

namespace crlsc {

// The flags of properties that can be set while playing, or in READY only.
constexpr auto kPlaying =
    static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);
constexpr auto kReady = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

// Their ids; those of an element's own properties begin with kPropOwn.
enum SharedProperty : guint { kPropModel = 1, kPropThreads, kPropKnowledgeBase, kPropStats, kPropOwn };

struct SharedSettings {
  ModelSettings model;
  std::string knowledge_base;  // as find_knowledge_base() takes it
};

// What an element calls its knowledge base.
struct KnowledgeProperty {
  const char* name;
  const char* nick;
  const char* blurb;
};

// Installs all of them. `stats` is the blurb of the statistics. The texts must be static.
void install_shared_properties(GObjectClass* klass, const KnowledgeProperty& knowledge, const char* stats);

// Each returns false if the property is none of these; the statistics are for the element to get.
bool set_shared_property(SharedSettings& settings, guint id, const GValue* value);
bool get_shared_property(const SharedSettings& settings, guint id, GValue* value);

// Text properties: the empty string is NULL to GObject.
std::string get_text(const GValue* value);
void set_text(GValue* value, const std::string& text);

// Whether the property has to stay as it is: it can be set in READY only, and data may flow. Call it with the
// object lock held.
bool stays(GstElement* element, const GParamSpec* pspec);

}  // namespace crlsc
