// SPDX-License-Identifier: LGPL-2.1-or-later
#include "neural/tensor_memory.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>

#include <array>
#include <mutex>
#include <vector>

namespace crlsc::neural {
namespace {

constexpr size_t kLeast = size_t{1} << 14;      // smaller blocks are quick enough
constexpr int kClasses = 11;                    // sizes of kLeast times a power of two
constexpr int kNoClass = kClasses;              // smaller or larger ones are not kept
constexpr size_t kMostKept = size_t{64} << 20;  // bytes of free blocks

// Stands in front of every block, and keeps what follows aligned as torch wants it.
struct alignas(64) Header {
  int size_class;
};

int size_class_of(size_t bytes) {
  if (bytes <= kLeast / 2) return kNoClass;
  int index = 0;
  while (index < kClasses && (kLeast << index) < bytes) ++index;
  return index;
}

// Free blocks by size. A deleter knows no allocator, so there is one for all.
class Recycler : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) const override {
    void* data = bytes == 0 ? nullptr : take(bytes);
    return {data, data, &Recycler::give_back, c10::Device(c10::DeviceType::CPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &Recycler::give_back; }

 private:
  struct Store {
    std::mutex mutex;
    std::array<std::vector<void*>, kClasses> free;
    size_t kept = 0;
  };
  // Never destroyed: tensors may outlive everything else.
  static Store& store() {
    static auto* const all = new Store;
    return *all;
  }

  static void* take(size_t bytes) {
    const int index = size_class_of(bytes);
    if (index != kNoClass) {
      Store& s = store();
      const std::lock_guard<std::mutex> lock(s.mutex);
      auto& list = s.free[static_cast<size_t>(index)];
      if (!list.empty()) {
        void* data = list.back();
        list.pop_back();
        s.kept -= kLeast << index;
        return data;
      }
      bytes = kLeast << index;
    }
    auto* header = static_cast<Header*>(c10::alloc_cpu(sizeof(Header) + bytes));
    header->size_class = index;
    return header + 1;
  }

  static void give_back(void* data) {
    if (data == nullptr) return;
    Header* const header = static_cast<Header*>(data) - 1;
    if (header->size_class != kNoClass) {
      Store& s = store();
      const size_t bytes = kLeast << header->size_class;
      const std::lock_guard<std::mutex> lock(s.mutex);
      if (s.kept + bytes <= kMostKept) {
        s.kept += bytes;
        s.free[static_cast<size_t>(header->size_class)].push_back(data);
        return;
      }
    }
    c10::free_cpu(header);
  }
};

}  // namespace

void recycle_tensor_memory() {
  static Recycler recycler;
  c10::SetCPUAllocator(&recycler, /*priority=*/1);
}

}  // namespace crlsc::neural
