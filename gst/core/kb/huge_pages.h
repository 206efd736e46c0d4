// SPDX-License-Identifier: LGPL-2.1-or-later
// Memory for large arrays that are read from end to end.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <new>

namespace crlsc {

// An allocator of standard containers that asks the kernel for huge pages where the array fills some: looking through
// it then waits for fewer page tables. Where there are none it is an ordinary one.
template <typename T>
struct HugePages {
  using value_type = T;
  static constexpr size_t kPage = size_t{2} << 20;

  HugePages() = default;
  template <typename U>
  HugePages(const HugePages<U>&) {}  // NOLINT(google-explicit-constructor): allocators convert

  T* allocate(size_t count) {
    const size_t size = count * sizeof(T);
    if (size < kPage) return static_cast<T*>(::operator new(size));
    const size_t rounded = (size + kPage - 1) / kPage * kPage;
    void* memory = std::aligned_alloc(kPage, rounded);
    if (memory == nullptr) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
    ::madvise(memory, rounded, MADV_HUGEPAGE);  // a wish: errors leave small pages
#endif
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, size_t count) {
    if (count * sizeof(T) < kPage) {
      ::operator delete(memory);
    } else {
      std::free(memory);
    }
  }

  bool operator==(const HugePages&) const { return true; }
  bool operator!=(const HugePages&) const { return false; }
};

}  // namespace crlsc
