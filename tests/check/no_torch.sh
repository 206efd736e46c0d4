#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# no_torch.sh PLUGIN...: fails if a plugin links LibTorch or anything else that is slow to load.
set -eu
for plugin in "$@"; do
  libraries=$(ldd "$plugin")
  if echo "$libraries" | grep -E 'torch|libc10|opencv|faiss|not found'; then
    echo "$plugin links the above"
    exit 1
  fi
done
