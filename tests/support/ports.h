// SPDX-License-Identifier: LGPL-2.1-or-later
// UDP ports of this machine.
#pragma once

#include <netinet/in.h>

namespace crlsc::testing {

// The address 127.0.0.1 with this port.
sockaddr_in loopback(int port);

// A UDP port of 127.0.0.1 that nobody listens on at the moment. Throws std::runtime_error if there is none.
int free_port();

}  // namespace crlsc::testing
