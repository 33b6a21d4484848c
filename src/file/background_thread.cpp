// FILE  api -> engine -> stores -> journal -> [file]
// The signal mask is set before the thread starts, so that it never runs with signals open.
#include "file/background_thread.hpp"

#include <pthread.h>
#include <signal.h>
#include <memory>
#include <new>

namespace shelf::file {
namespace {

struct start {
  void (*body)(void*);
  void* context;
};

extern "C" void* shelf_background_thread(void* raw) {
  const auto s = *std::unique_ptr<start>(static_cast<start*>(raw));
  s.body(s.context);
  return nullptr;
}

/// False if the system has no thread left.
[[nodiscard]] bool start_without_signals(void (*body)(void*), void* context,
                                         pthread_t& thread) noexcept {
  auto s = std::unique_ptr<start>(new (std::nothrow) start{body, context});
  if (!s) return false;
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  // Blocked, these would end the process instead of reaching a handler (bus_errors.hpp).
  for (const int own : {SIGBUS, SIGSEGV, SIGFPE, SIGILL}) sigdelset(&all, own);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const bool started = pthread_create(&thread, nullptr, shelf_background_thread, s.get()) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (started) (void)s.release();
  return started;
}

}  // namespace

bool start_background_thread(void (*body)(void*), void* context) noexcept {
  pthread_t thread;
  if (!start_without_signals(body, context, thread)) return false;
  pthread_detach(thread);
  return true;
}

background_help::background_help(void (*body)(void*), void* context) noexcept
    : is_started_(start_without_signals(body, context, thread_)) {}

background_help::~background_help() {
  if (is_started_) pthread_join(thread_, nullptr);
}

}  // namespace shelf::file
