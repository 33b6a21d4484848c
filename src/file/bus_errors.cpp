// FILE  api -> engine -> stores -> journal -> [file]
// Back out of a copy by a jump from the handler.
#include "file/bus_errors.hpp"

#include "file/process.hpp"

#include <setjmp.h>
#include <signal.h>
#include <ucontext.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <new>

namespace shelf::file {
namespace {

struct copy_under_way {
  sigjmp_buf out;
  std::uintptr_t first;
  std::uintptr_t end;
};

/// Of this thread. Initial-exec: a handler may not be what allocates it.
[[gnu::tls_model("initial-exec")]] thread_local copy_under_way* volatile under_way = nullptr;

struct sigaction before;

void leave_copy_or_pass_on(int signal, siginfo_t* told, void* context) {
  const auto at = reinterpret_cast<std::uintptr_t>(told->si_addr);
  auto* const copy = under_way;
  // Not every processor tells more than the page.
  constexpr std::uintptr_t page = 4096;
  const bool sent = told->si_code <= 0;  // by a program, not by the processor
  if (copy != nullptr && !sent && at >= copy->first / page * page && at < copy->end) {
    // Whoever passed the signal on to us may have blocked more than we do.
    ::pthread_sigmask(SIG_SETMASK, &static_cast<ucontext_t*>(context)->uc_sigmask, nullptr);
    siglongjmp(copy->out, 1);
  }
  if ((before.sa_flags & SA_SIGINFO) != 0) {
    before.sa_sigaction(signal, told, context);
  } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
    before.sa_handler(signal);
  } else if (!sent || before.sa_handler == SIG_DFL) {
    // As if we were not there: the fault happens again, and nobody stands in its way.
    ::signal(signal, SIG_DFL);
    if (sent) ::raise(signal);
  }
}

template <class Word>
[[nodiscard]] bool copied_in_one_store(std::byte* to, const std::byte* from,
                                       std::size_t size) noexcept {
  if (size != sizeof(Word) || reinterpret_cast<std::uintptr_t>(to) % sizeof(Word) != 0)
    return false;
  Word word;
  std::memcpy(&word, from, sizeof(Word));
  __atomic_store_n(reinterpret_cast<Word*>(to), word, __ATOMIC_RELAXED);
  return true;
}

constinit std::mutex installing;
constinit std::atomic<bool> installed{false};

[[maybe_unused]] const bool is_renewed = renew_in_children([] { new (&installing) std::mutex; });

[[nodiscard]] bool install() noexcept {
  struct sigaction there{};
  if (::sigaction(SIGBUS, nullptr, &there) != 0) return false;
  // A fork may have come between this call and the note that it was made.
  if ((there.sa_flags & SA_SIGINFO) != 0 && there.sa_sigaction == leave_copy_or_pass_on) {
    return true;
  }
  before = there;
  struct sigaction ours{};
  ours.sa_sigaction = leave_copy_or_pass_on;
  // Not blocked while it runs, because it is not returned from but jumped out of.
  ours.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
  return ::sigaction(SIGBUS, &ours, nullptr) == 0;
}

}  // namespace

bool catch_bus_errors() noexcept {
  if (installed.load(std::memory_order_acquire)) return true;
  const std::scoped_lock lock(installing);
  if (!installed.load(std::memory_order_relaxed)) {
    installed.store(install(), std::memory_order_release);
  }
  return installed.load(std::memory_order_relaxed);
}

bool copy_mapped(std::byte* to, const std::byte* from, std::size_t size,
                 const std::byte* mapped) noexcept {
  copy_under_way here;
  here.first = reinterpret_cast<std::uintptr_t>(mapped);
  here.end = here.first + size;
  if (sigsetjmp(here.out, 0) != 0) {
    under_way = nullptr;
    return false;
  }
  under_way = &here;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (!copied_in_one_store<std::uint64_t>(to, from, size) &&
      !copied_in_one_store<std::uint32_t>(to, from, size)) {
    std::memcpy(to, from, size);
  }
  std::atomic_signal_fence(std::memory_order_seq_cst);
  under_way = nullptr;
  return true;
}

}  // namespace shelf::file
