// SPDX-License-Identifier: LGPL-2.1-or-later
#include "neural/precision.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <cstdlib>
#include <cstring>

namespace crlsc::neural {
namespace {

#if defined(__x86_64__)
// Leaf 7, EDX bit 22 (Intel's Architectures Software Developer's Manual, CPUID). Compilers do not all know it by name.
bool cpu_has_amx_bf16() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d & (1U << 22U)) != 0;
}
#endif

}  // namespace

// Intel's vector units make as many products in fp32 as in bf16, and oneDNN's kernels for fp32 use them better.
bool bf16_pays() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16") != 0 && (__builtin_cpu_is("intel") == 0 || cpu_has_amx_bf16());
#else
  return false;
#endif
}

bool use_bf16() {
  const char* wish = std::getenv("CRLSC_PRECISION");
  if (wish != nullptr && std::strcmp(wish, "fp32") == 0) return false;
  if (wish != nullptr && std::strcmp(wish, "bf16") == 0) return true;
  return bf16_pays();
}

}  // namespace crlsc::neural
