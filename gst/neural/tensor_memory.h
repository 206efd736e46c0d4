// SPDX-License-Identifier: LGPL-2.1-or-later
// Memory for tensors that is used again for the next picture.
#pragma once

namespace crlsc::neural {

// Lets torch keep the memory of freed tensors, 64 MiB at most, for later ones of like size. Without it each picture's
// tensors go back to the system when a streaming thread frees them, and the page faults for the next picture's cost a
// fifth of the encoder's time. For the whole process, once; tensors of before are freed as they were made.
void recycle_tensor_memory();

}  // namespace crlsc::neural
