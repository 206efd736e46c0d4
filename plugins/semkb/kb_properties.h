// SPDX-License-Identifier: LGPL-2.1-or-later
// The properties of crlsckb and what it counts.
#pragma once

#include <string>

#include "crlsc/shared_properties.h"
#include "crlsc/time_window.h"
#include "gstcrlsckb.h"
#include "live_knowledge.h"

namespace crlsc {

// The knowledge base is the property `location` here.
struct KbSettings : SharedSettings {
  GstCrlscKbMode mode = GST_CRLSC_KB_MODE_QUERY;
  guint top_k = 1;
  guint interval = 1000;  // ms
  std::string label;
  double min_similarity = 0.5;
  guint max_entries = kDefaultMaxEntries;
  guint rerank = 0;  // candidates of raw pictures
  bool scenes = false;
  guint max_age = 0;  // s

  bool searches() const { return mode != GST_CRLSC_KB_MODE_BUILD; }
  bool builds() const { return mode != GST_CRLSC_KB_MODE_QUERY; }
  bool keeps_scenes() const { return builds() && scenes; }
};

struct KbCounters {
  guint64 buffers = 0;
  guint64 searches = 0;
  guint64 matched = 0;   // searches that found something
  guint64 skipped = 0;   // too late
  guint64 unusable = 0;  // semantic units that make no sense to this knowledge base
  guint64 entries = 0;   // of the knowledge base, as it is searched
  LiveKnowledge::Counts knowledge;
  TimeWindow search_times;
};

// Installs all properties of the element.
void install_kb_properties(GObjectClass* klass);

// Each returns false if there is no such property.
bool set_kb_property(KbSettings& settings, guint id, const GValue* value);
bool get_kb_property(const KbSettings& settings, const KbCounters& counters, guint id, GValue* value);

}  // namespace crlsc
