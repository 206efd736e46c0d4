// SPDX-License-Identifier: LGPL-2.1-or-later
// Knowledge-base updates from strangers, and reports of what came. An input is a sequence of operations: payloads for
// one collector, pieces of sound entries among them, and reports for a sender.
#include <algorithm>

#include "core/bitstream/unit.h"
#include "core/error.h"
#include "core/kb/entry_transfer.h"
#include "fuzz.h"
#include "script.h"

using namespace crlsc;

namespace {

enum Operation : uint8_t { kPayload, kPiece, kEntry, kReport, kUnit, kOperations };

// Small, or an input would take long.
constexpr EntryCollectorLimits kLimits{3, 5000};

Bytes webp_of(size_t size) {
  Bytes bytes{'R', 'I', 'F', 'F', 0, 0, 0, 0, 'W', 'E', 'B', 'P', 'V', 'P', '8', ' '};
  bytes.resize(std::max<size_t>(size, 20));
  for (size_t i = 0; i < 4; ++i) bytes[4 + i] = static_cast<uint8_t>((bytes.size() - 8) >> (8 * i));
  return bytes;
}

// An entry that can be sent.
struct Sound {
  explicit Sound(const TransferEntry& entry) : name(name_of(entry)), bytes(write_transfer(entry)) {}
  PictureName name;
  Bytes bytes;
};

const Sound& sound_entry(uint8_t number) {
  static const std::vector<Sound> all{Sound({"one", Bytes(16, 1), webp_of(20)}), Sound({"", {2}, webp_of(300)}),
                                      Sound({"Straße", Bytes(32, 3), webp_of(3000)})};
  return all[number % all.size()];
}

class Receiver {
 public:
  void take(ByteView payload) {
    const auto unit = parse_knowledge_unit(payload);
    if (!unit) return;
    require(unit->size <= kMaxTransferSize && unit->offset + unit->piece.size() <= unit->size, "a piece of no entry");
    check(*unit, collector_.take(*unit));
  }

 private:
  void check(const KnowledgeUnit& unit, const std::optional<TransferEntry>& entry) {
    require(collector_.entries() <= kLimits.entries && collector_.bytes() <= kLimits.bytes, "limits");
    const auto report = collector_.report(unit.name, 5);
    if (entry) {
      require(name_of(*entry) == unit.name && !transfer_fault(*entry), "an entry that is not sound");
      require(write_transfer(*entry).size() == unit.size && !report, "an entry that is not over");
    }
    if (!report) return;
    require(!report->missing.empty() && report->missing.size() <= 5, "nothing is missing");
    size_t end = 0;
    for (const ByteRange& range : report->missing) {
      require(range.size > 0 && range.offset >= end && range.offset + range.size <= unit.size, "a range");
      end = range.offset + range.size;
    }
  }

  EntryCollector collector_{kLimits};
};

Bytes payload_of(const Sound& entry, size_t offset, size_t size) {
  const Bytes& whole = entry.bytes;
  offset = std::min(offset, whole.size() - 1);
  Bytes unit;
  append_knowledge_unit(
      unit, {entry.name, whole.size(), offset, ByteView(whole).sub(offset, std::max<size_t>(size, 1))}, false);
  const AccessUnitView view = parse_access_unit(unit);
  return {view.units.at(0).payload.begin(), view.units.at(0).payload.end()};
}

void send(EntrySender& sender, Receiver& receiver, size_t budget) {
  Bytes unit;
  const size_t expected = sender.next_size();
  const size_t size = sender.next(unit, budget, false);
  require(size == unit.size() && size <= budget && (size > 0) == (expected > 0 && expected <= budget), "the budget");
  if (size == 0) return;
  const AccessUnitView view = parse_access_unit(unit);
  require(view.units.size() == 1 && parse_knowledge_unit(view.units[0].payload), "a unit that cannot be read");
  receiver.take(view.units[0].payload);
}

EntryReport read_report(Script& script) {
  EntryReport report{sound_entry(script.u8()).name, {}};
  for (int ranges = script.u8() % 8; ranges > 0; --ranges) {
    const size_t offset = script.u32();
    report.missing.push_back({offset, script.u32()});
  }
  return report;
}

}  // namespace

std::vector<Bytes> crlsc::fuzz_seeds() {
  const Sound& small = sound_entry(0);
  Bytes payloads{kPayload};
  append_run(payloads, payload_of(small, 0, 10));
  payloads.push_back(kPayload);
  append_run(payloads, payload_of(small, 10, 100));
  Bytes pieces;
  for (int at = 0; at < 4000; at += 1000) {
    pieces.insert(pieces.end(), {kPiece, 2, 0, 0, static_cast<uint8_t>(at >> 8), static_cast<uint8_t>(at), 3, 0xE8});
  }
  Bytes sent{kEntry, 0, kEntry, 1, kEntry, 2};
  for (int i = 0; i < 20; ++i) sent.insert(sent.end(), {kUnit, 1, 0});
  sent.insert(sent.end(), {kReport, 1, 1, 0, 0, 0, 9, 0, 0, 0, 99, kUnit, 1, 0, kReport, 0, 0, kUnit, 1, 0});
  return {payloads, pieces, sent};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Script script(data, size);
  Receiver receiver;
  EntrySender sender({150, 2, 0});
  while (!script.ended()) {
    switch (script.u8() % kOperations) {
      case kPayload:
        receiver.take(script.run());
        break;
      case kPiece: {
        const Sound& entry = sound_entry(script.u8());
        const size_t offset = script.u32();
        receiver.take(payload_of(entry, offset, script.u16()));
        break;
      }
      case kEntry: {
        const Sound& entry = sound_entry(script.u8());
        sender.add(entry.name, entry.bytes);
        break;
      }
      case kReport:
        sender.report(read_report(script));
        break;
      default:
        send(sender, receiver, script.u16());
    }
  }
  return 0;
}
