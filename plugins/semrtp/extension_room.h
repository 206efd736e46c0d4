// SPDX-License-Identifier: LGPL-2.1-or-later
// How much of a packet the header extensions (RFC 8285) take that the base class of payloaders writes. In 1.22 the base
// class keeps them to itself; the source caps name them all.
#pragma once

#include <vector>

#include "owned.h"

namespace crlsc {

class ExtensionRoom {
 public:
  // Most bytes that the extensions in these source caps may add to a packet for `buffer`. `caps` may be null.
  guint bytes(Owned<GstCaps> caps, GstBuffer* buffer);
  void clear();

 private:
  struct Extension {
    guint id;
    Owned<GstRTPHeaderExtension> implementation;  // null if nobody knows the URI
  };
  void update(Owned<GstCaps> caps);

  Owned<GstCaps> caps_;  // that the extensions were made from
  std::vector<Extension> extensions_;
};

}  // namespace crlsc
