// SPDX-License-Identifier: LGPL-2.1-or-later
// What numbers networks compute with on this CPU.
#pragma once

namespace crlsc::neural {

// True where bf16 arithmetic is faster than fp32: the CPU has AVX-512-BF16 and, if it is Intel's, AMX.
bool bf16_pays();

// bf16 where bf16_pays(), unless $CRLSC_PRECISION says "fp32" or "bf16".
bool use_bf16();

}  // namespace crlsc::neural
