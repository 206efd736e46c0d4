// SPDX-License-Identifier: LGPL-2.1-or-later
// Precompiled: torch alone takes half a minute to parse.
#include <torch/torch.h>
