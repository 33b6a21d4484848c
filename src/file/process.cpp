// FILE  api -> engine -> stores -> journal -> [file]
// Which process this is: a page the kernel wipes at fork, and a table of locked descriptors.
#include "file/process.hpp"

#include "file/seeded_bug.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cassert>
#include <cerrno>
#include <cstddef>
#include <mutex>
#include <new>

namespace shelf::file {
namespace {

/// A set of descriptors that can be walked in a forked child: no locks, no allocation there.
/// Chunks are made on need and stay for the life of the process.
class descriptor_set {
  static constexpr std::size_t chunk_bits = 4096;
  using chunk = std::array<std::atomic<std::uint64_t>, chunk_bits / 64>;

  static std::size_t index_of(int file) noexcept {
    return static_cast<std::size_t>(file) / chunk_bits;
  }
  static std::uint64_t bit(int file) noexcept { return std::uint64_t{1} << (file % 64); }
  template <class Chunk>
  static auto& word(Chunk& in, int file) noexcept {
    return in[static_cast<std::size_t>(file) % chunk_bits / 64];
  }
  [[nodiscard]] chunk* chunk_of(int file) const noexcept {
    return fits(file) ? chunks_[index_of(file)].load() : nullptr;
  }

 public:
  [[nodiscard]] bool fits(int file) const noexcept {
    return file >= 0 && index_of(file) < chunks_.size();
  }
  [[nodiscard]] bool contains(int file) const noexcept {
    const chunk* found = chunk_of(file);
    return found != nullptr && (word(*found, file).load() & bit(file)) != 0;
  }
  void add(int file) {
    auto& slot = chunks_[index_of(file)];
    if (slot.load() == nullptr) slot.store(new chunk{});
    word(*slot.load(), file).fetch_or(bit(file));
  }
  void remove(int file) noexcept { word(*chunk_of(file), file).fetch_and(~bit(file)); }

  /// Calls f for every member and empties the set.
  template <class F>
  void drain(F f) noexcept {
    for (std::size_t at = 0; at < chunks_.size(); ++at) {
      chunk* found = chunks_[at].load();
      if (found == nullptr) continue;
      for (std::size_t i = 0; i < found->size(); ++i) {
        const std::uint64_t members = (*found)[i].exchange(0);
        for (unsigned b = 0; members >> b != 0; ++b) {
          if ((members >> b & 1) != 0) f(static_cast<int>(at * chunk_bits + i * 64 + b));
          if (b == 63) break;
        }
      }
    }
  }

 private:
  // 16 million descriptors: above any kernel's limit in use
  std::array<std::atomic<chunk*>, 4096> chunks_{};
};

/// What a process knows of itself. Lives for ever, so that destructors of statics may still close
/// files.
struct identity {
  std::mutex
      mutex;  // held while a descriptor's lock and its membership change together, and over fork
  descriptor_set locked;
  /// The generation. In a page that reads as zero in every child, however it was made.
  std::atomic<std::uint64_t>* generation = nullptr;
  std::atomic<std::uint64_t> unwiped_generation{
      1};  // the last one of this process or its ancestors
  std::array<std::atomic<void (*)()>, 8> renewals{};  // see renew_in_children
};

identity& self() noexcept;

/// In a child: gives up the parent's locks, makes anew what its threads may have been changing,
/// then takes a generation of its own, greater than any ancestor's.
void become_new_process(identity& me) noexcept {
  const int nothing = ::open("/", O_PATH | O_CLOEXEC);
  me.locked.drain([&](int file) {
    if (has_bug(seeded_bug::unlock_in_child)) ::flock(file, LOCK_UN);
    if (nothing < 0 || ::dup3(nothing, file, O_CLOEXEC) < 0) ::close(file);
  });
  if (nothing >= 0) ::close(nothing);
  for (const auto& renewal : me.renewals) {
    if (auto* const renew = renewal.load()) renew();
  }
  me.generation->store(++me.unwiped_generation);
}

std::atomic<std::uint64_t>* page_wiped_at_fork() noexcept {
  const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* page = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  static constinit std::atomic<std::uint64_t> plain{0};
  if (page == MAP_FAILED) return &plain;
  // Refused by kernels before 4.14: then the fork handler alone tells, and raw clone() is not
  // noticed.
  ::madvise(page, size, MADV_WIPEONFORK);
  return new (page) std::atomic<std::uint64_t>(0);
}

identity* make_identity() noexcept {
  // Never destroyed, and made without the heap: the first call may come when memory is short.
  alignas(identity) static std::byte place[sizeof(identity)];
  auto* me = ::new (place) identity;
  me->generation = page_wiped_at_fork();
  me->generation->store(me->unwiped_generation);
  ::pthread_atfork([] { self().mutex.lock(); }, [] { self().mutex.unlock(); },
                   [] {
                     become_new_process(self());
                     self().mutex.unlock();
                   });
  return me;
}

identity& self() noexcept {
  static identity* const me = make_identity();
  return *me;
}

/// A child made while another thread is inside make_identity() would wait for that thread for ever.
/// So it happens before main, or when the library is loaded.
[[maybe_unused]] const identity& made_at_load = self();

}  // namespace

bool renew_in_children(void (*renew)()) noexcept {
  for (auto& place : self().renewals) {
    void (*none)() = nullptr;
    if (place.compare_exchange_strong(none, renew)) return true;
  }
  assert(false && "more kinds of state than there are places");
  return true;
}

void settle_in_this_process() noexcept {
  identity& me = self();
  if (me.generation->load(std::memory_order_relaxed) != 0) return;
  new (&me.mutex) std::mutex;  // a thread of the parent may have held it: it does not exist here
  become_new_process(me);
}

os_result<> lock_and_remember(int file) {
  settle_in_this_process();
  identity& me = self();
  if (!me.locked.fits(file)) return std::unexpected(EMFILE);
  const std::scoped_lock hold(me.mutex);
  const bool known = me.locked.contains(file);
  me.locked.add(file);
  if (::flock(file, LOCK_EX | LOCK_NB) == 0) return {};
  const int cause = errno;
  if (!known) me.locked.remove(file);
  return std::unexpected(cause);
}

os_result<> close_and_forget(int file) {
  settle_in_this_process();
  identity& me = self();
  if (me.locked.contains(file)) {
    const std::scoped_lock hold(me.mutex);
    me.locked.remove(file);
    if (::close(file) != 0) return std::unexpected(errno);
    return {};
  }
  if (::close(file) != 0) return std::unexpected(errno);
  return {};
}

process_stamp::process_stamp() noexcept {
  settle_in_this_process();
  current_ = self().generation;
  made_in_ = current_->load(std::memory_order_relaxed);
}

}  // namespace shelf::file
