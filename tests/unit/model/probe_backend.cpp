// SPDX-License-Identifier: LGPL-2.1-or-later
// A backend that computes nothing but tells how it was used. PROBE_KIND makes modules that do not fit.
#include "unit/model/probe_backend.h"

#include <atomic>
#include <stdexcept>
#include <thread>

#include "core/codec/network.h"
#include "core/error.h"
#include "core/model/model_file.h"

#define PROBE_GOOD 0
#define PROBE_OTHER_VERSION 1
#define PROBE_NULL 2
#define PROBE_THROWS 3
#define PROBE_NO_ENTRY 4

namespace crlsc {
namespace {

ProbeCounters counters;

class ProbeNetwork : public Network {
 public:
  ProbeNetwork() { ++counters.alive; }
  ~ProbeNetwork() override { --counters.alive; }
  std::unique_ptr<NetworkSession> open(int, int) const override { return nullptr; }
  void warm_up() const override { ++counters.warm_ups; }
};

class ProbeBackend : public Backend {
 public:
  int interface_version() const override { return kInterfaceVersion + (PROBE_KIND == PROBE_OTHER_VERSION ? 1 : 0); }

  std::unique_ptr<Network> load(const ModelFile& file) const override {
    ++counters.loads;
    const Metadata& metadata = file.metadata();
    while (metadata.count("gated") > 0 && !counters.gate_open) std::this_thread::yield();
    if (counters.failures_due > 0 && counters.failures_due-- > 0) {
      throw Error(ErrorKind::kRead, "the probe was told to fail");
    }
    if (metadata.count("null") > 0) return nullptr;
    if (metadata.count("foreign") > 0) throw std::out_of_range("not of ours");
    return std::make_unique<ProbeNetwork>();
  }

  int set_threads(int threads) const override { return counters.threads = threads; }
  const char* description() const override { return "probe"; }
};

}  // namespace
}  // namespace crlsc

#if PROBE_KIND != PROBE_NO_ENTRY
extern "C" const crlsc::Backend* crlsc_backend() {
  static const crlsc::ProbeBackend backend;
  if (PROBE_KIND == PROBE_THROWS) throw std::runtime_error("the probe has no library");
  return PROBE_KIND == PROBE_NULL ? nullptr : &backend;
}
#endif

extern "C" crlsc::ProbeCounters* crlsc_probe_counters() { return &crlsc::counters; }
