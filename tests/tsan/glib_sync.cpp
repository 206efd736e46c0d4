// SPDX-License-Identifier: LGPL-2.1-or-later
// ThreadSanitizer sees only locks that it knows, and GMutex and GCond are futexes of GLib's own (GRecMutex is not).
// Linked into a program, these functions take the place of GLib's for the program, GStreamer and the plugins, tell
// ThreadSanitizer, and call GLib's.
#include <dlfcn.h>
#include <glib.h>
#include <sanitizer/tsan_interface.h>

namespace {

// The function of this name in the next library, which is GLib.
template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

using OnMutex = void(GMutex*);

}  // namespace

extern "C" {

void g_mutex_lock(GMutex* mutex) {
  static OnMutex* const real = next<OnMutex>("g_mutex_lock");
  __tsan_mutex_pre_lock(mutex, 0);
  real(mutex);
  __tsan_mutex_post_lock(mutex, 0, 0);
}

gboolean g_mutex_trylock(GMutex* mutex) {
  static auto* const real = next<gboolean(GMutex*)>("g_mutex_trylock");
  __tsan_mutex_pre_lock(mutex, __tsan_mutex_try_lock);
  const gboolean locked = real(mutex);
  __tsan_mutex_post_lock(mutex, locked ? __tsan_mutex_try_lock : __tsan_mutex_try_lock | __tsan_mutex_try_lock_failed,
                         0);
  return locked;
}

void g_mutex_unlock(GMutex* mutex) {
  static OnMutex* const real = next<OnMutex>("g_mutex_unlock");
  __tsan_mutex_pre_unlock(mutex, 0);
  real(mutex);
  __tsan_mutex_post_unlock(mutex, 0);
}

void g_cond_wait(GCond* cond, GMutex* mutex) {
  static auto* const real = next<void(GCond*, GMutex*)>("g_cond_wait");
  __tsan_mutex_pre_unlock(mutex, 0);
  __tsan_mutex_post_unlock(mutex, 0);
  real(cond, mutex);
  __tsan_mutex_pre_lock(mutex, 0);
  __tsan_mutex_post_lock(mutex, 0, 0);
}

gboolean g_cond_wait_until(GCond* cond, GMutex* mutex, gint64 end_time) {
  static auto* const real = next<gboolean(GCond*, GMutex*, gint64)>("g_cond_wait_until");
  __tsan_mutex_pre_unlock(mutex, 0);
  __tsan_mutex_post_unlock(mutex, 0);
  const gboolean signalled = real(cond, mutex, end_time);
  __tsan_mutex_pre_lock(mutex, 0);
  __tsan_mutex_post_lock(mutex, 0, 0);
  return signalled;
}

}  // extern "C"
