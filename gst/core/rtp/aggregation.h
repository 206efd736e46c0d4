// SPDX-License-Identifier: LGPL-2.1-or-later
// Which access units share a packet (docs/payload-format.md, section "Packetisation rules"). It only counts: the access
// units themselves stay with the caller, and aggregate() makes the packet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace crlsc {

class AggregationPlan {
 public:
  struct Item {
    uint64_t time = 0;                 // of the picture, nanoseconds
    std::optional<uint64_t> duration;  // until the next one, nanoseconds, if that is known
    size_t size = 0;                   // bytes of the units
  };
  struct Limits {
    uint64_t longest_wait = 0;  // nanoseconds from the first picture to the last one
    size_t max_payload = 0;     // bytes of an RTP payload
  };

  // Whether `item` may join those that wait; the first one may always, if the packet has room for it.
  bool takes(const Item& item, const Limits& limits) const;
  void add(const Item& item);
  // Whether it makes no sense to wait for one more: there are kMaxAggregated, or the next picture would come too late.
  // A picture of unknown duration is expected to last as long as the one before it, if there is one.
  bool complete(const Limits& limits) const;

  void clear() { *this = {}; }
  size_t count() const { return count_; }
  uint64_t first_time() const { return first_; }
  uint64_t last_time() const { return last_; }

 private:
  size_t count_ = 0;
  size_t payload_ = 0;  // bytes, entry headers included
  uint64_t first_ = 0;
  uint64_t last_ = 0;
  std::optional<uint64_t> interval_;  // after the last one
};

}  // namespace crlsc
