// MEMORY  api -> engine -> kinds -> [memory] -> file
// Slabs of 64 KiB cut into blocks of one size; unused slabs go back to their region, and their
// pages to the system when asked.
#include "memory/blocks.hpp"

#include "error/sanitizer.hpp"
#include "file/large_pages.hpp"
#include "file/process.hpp"

#include <array>
#include <bit>
#include <cassert>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <type_traits>
#include <utility>

namespace shelf::memory::blocks {

namespace {

constexpr std::size_t slab_bytes = std::size_t{64} << 10;
constexpr std::size_t region_bytes = std::size_t{2} << 20;
constexpr std::size_t slabs_a_region = region_bytes / slab_bytes;
constexpr std::size_t slab_limit = 4096;  ///< beyond it not from slabs
static_assert(slabs_a_region == 32, "a region's free slabs are the bits of one word");

constexpr std::size_t class_of(std::size_t bytes) noexcept {
  return bytes <= fine_limit ? (bytes + 7) / 8 : fine_limit / 8 + (bytes - fine_limit + 63) / 64;
}
constexpr std::size_t bytes_of(std::size_t size_class) noexcept {
  return size_class <= fine_limit / 8 ? size_class * 8
                                      : fine_limit + (size_class - fine_limit / 8) * 64;
}
static_assert(bytes_of(class_of(1)) == rounded(1) && bytes_of(class_of(9)) == rounded(9) &&
              bytes_of(class_of(fine_limit)) == rounded(fine_limit) &&
              bytes_of(class_of(fine_limit + 1)) == rounded(fine_limit + 1) &&
              bytes_of(class_of(slab_limit)) == rounded(slab_limit));

}  // namespace

#if SHELF_ADDRESS_SANITIZER  // must see each block alone to find what is used after its release

void* allocate(std::size_t bytes) { return ::operator new(bytes, std::align_val_t{64}); }
void release(void* block, std::size_t) noexcept { ::operator delete(block, std::align_val_t{64}); }
void give_back() noexcept {}

#else

namespace {

constexpr std::size_t class_count = class_of(slab_limit) + 1;

/// How many blocks move between a thread and the centre at once: enough to forget the lock's price.
constexpr auto batches = [] {
  std::array<std::uint8_t, class_count> sizes{};
  for (std::size_t c = 0; c < class_count; ++c) {
    const std::size_t fits = std::size_t{8192} / (bytes_of(c) + 1);
    sizes[c] = static_cast<std::uint8_t>(fits < 2 ? 2 : fits > 32 ? 32 : fits);
  }
  return sizes;
}();

struct free_block {
  free_block* next;
};

struct region {
  std::byte* base = nullptr;
  std::uint32_t free_slabs = ~std::uint32_t{0};
  std::uint32_t given_back = ~std::uint32_t{0};  ///< of the free slabs: the system has their pages
  region* next = nullptr;                        ///< in the list of regions with free slabs
  region* back = nullptr;
};

/// Stands in the first 64 bytes of each slab. All guarded by the mutex of its size class.
struct alignas(64) slab {
  slab* next = nullptr;  ///< in the list of slabs with free blocks
  slab* back = nullptr;
  free_block* free = nullptr;
  region* home = nullptr;
  std::uint32_t used = 0;  ///< blocks out with threads
  std::uint32_t cut = 0;   ///< blocks ever cut; the rest of the slab is untouched
  std::uint32_t capacity = 0;
  std::uint32_t generation = 0;  ///< of the centre that made it; never changes
};
static_assert(sizeof(slab) == 64);

template <class Node>
void link(Node*& head, Node* node) noexcept {
  node->back = nullptr;
  node->next = head;
  if (head != nullptr) head->back = node;
  head = node;
}

template <class Node>
void unlink(Node*& head, Node* node) noexcept {
  (node->back != nullptr ? node->back->next : head) = node->next;
  if (node->next != nullptr) node->next->back = node->back;
  node->next = node->back = nullptr;
}

/// A small table shall not take a large page where it fills a few small ones.
constexpr std::size_t few_regions = 4;

/// Where slabs come from. Keeps one empty region back, so that a table that breathes does not
/// thrash.
class region_pool {
 public:
  slab* take_slab() {
    const std::lock_guard lock(mutex_);
    if (with_room_ == nullptr) add_region();
    region* const from = with_room_;
    const auto index = static_cast<std::size_t>(std::countr_zero(from->free_slabs));
    if (from->free_slabs == ~std::uint32_t{0}) --empty_;
    from->free_slabs &= from->free_slabs - 1;
    from->given_back &= from->free_slabs;
    if (from->free_slabs == 0) unlink(with_room_, from);
    auto* const s = new (from->base + index * slab_bytes) slab;
    s->home = from;
    return s;
  }
  void give_slab(slab* s) noexcept {
    const std::lock_guard lock(mutex_);
    region* const home = s->home;
    const auto offset = static_cast<std::size_t>(reinterpret_cast<std::byte*>(s) - home->base);
    assert(offset < region_bytes && offset % slab_bytes == 0 && s->used == 0);
    assert((home->free_slabs >> (offset / slab_bytes) & 1) == 0 && "a slab is given back once");
    if (home->free_slabs == 0) link(with_room_, home);
    home->free_slabs |= std::uint32_t{1} << (offset / slab_bytes);
    if (home->free_slabs == ~std::uint32_t{0} && ++empty_ > 1) drop_region(home);
  }
  void give_back() noexcept {
    const std::lock_guard lock(mutex_);
    for (region* r = with_room_; r != nullptr; r = r->next) give_back(*r);
  }

 private:
  void add_region() {
    auto fresh = std::make_unique<region>();
    fresh->base =
        static_cast<std::byte*>(::operator new(region_bytes, std::align_val_t{region_bytes}));
    if (++regions_ > few_regions) file::advise_large_pages(fresh->base, region_bytes);
    ++empty_;
    link(with_room_, fresh.release());
  }
  /// The unused slabs of a region, those that lie side by side at once.
  static void give_back(region& r) noexcept {
    std::uint32_t left = r.free_slabs & ~r.given_back;
    r.given_back = r.free_slabs;
    while (left != 0) {
      const auto first = static_cast<unsigned>(std::countr_zero(left));
      const auto count = static_cast<unsigned>(std::countr_one(left >> first));
      file::give_pages_back(r.base + first * slab_bytes, count * slab_bytes);
      left &= ~static_cast<std::uint32_t>(((std::uint64_t{1} << count) - 1) << first);
    }
  }
  void drop_region(region* r) noexcept {
    // The heap may keep the place, between others that it has given out.
    give_back(*r);
    --empty_;
    unlink(with_room_, r);
    const std::unique_ptr<region> last(r);
    --regions_;
    ::operator delete(r->base, region_bytes, std::align_val_t{region_bytes});
  }

  std::mutex mutex_;
  region* with_room_ = nullptr;  // guarded by mutex_
  std::size_t empty_ = 0;        // guarded by mutex_
  std::size_t regions_ = 0;      // guarded by mutex_
};

/// What a thread holds back of each size, without a lock.
struct thread_cache {
  struct stock {
    free_block* head = nullptr;
    std::uint32_t count = 0;
  };
  std::array<stock, class_count> stocks{};
  bool will_flush = false;  ///< the thread's end is arranged for
  bool ended = false;       ///< the thread is past it: nothing may stay here
};

constinit thread_local thread_cache cache;

slab* slab_of(void* block) noexcept {
  const auto at = reinterpret_cast<std::uintptr_t>(block);
  return reinterpret_cast<slab*>(at & ~std::uintptr_t{slab_bytes - 1});
}

/// Hands out blocks in batches. A forked child starts with a new one: the parent's may have been in
/// the middle of a change. Blocks of the parent's slabs that the child releases are its to forget.
class centre {
 public:
  constexpr explicit centre(std::uint32_t generation) noexcept : generation_(generation) {}
  /// Fills the stock by up to `most` blocks, at least one.
  void fill(thread_cache::stock& stock, std::size_t size_class, std::size_t most);
  /// Takes `count` blocks of the stock back.
  void drain(thread_cache::stock& stock, std::size_t size_class, std::size_t count) noexcept;
  /// Has the system take back what is unused.
  void give_back() noexcept { regions_.give_back(); }
  static centre& get() noexcept;
  [[nodiscard]] std::uint32_t generation() const noexcept { return generation_; }

 private:
  struct shelf_of_slabs {
    std::mutex mutex;
    slab* with_room = nullptr;  // guarded by mutex
  };
  std::array<shelf_of_slabs, class_count> classes_;
  region_pool regions_;
  const std::uint32_t generation_;
};
static_assert(std::is_trivially_destructible_v<centre>,
              "blocks may be released while statics are torn down");

constinit centre the_centre(1);

centre& centre::get() noexcept { return the_centre; }

/// The parent's blocks that this thread holds back belong to slabs that are no longer served.
[[maybe_unused]] const bool is_renewed = file::renew_in_children([] {
  new (&the_centre) centre(the_centre.generation() + 1);
  cache.stocks = {};
});

void centre::fill(thread_cache::stock& stock, std::size_t size_class, std::size_t most) {
  auto& mine = classes_[size_class];
  const std::size_t size = bytes_of(size_class);
  const std::lock_guard lock(mine.mutex);
  while (most > 0) {
    if (mine.with_room == nullptr) {
      if (stock.count > 0) return;  // something is there: no new slab for more
      slab* const fresh = regions_.take_slab();
      fresh->capacity = static_cast<std::uint32_t>((slab_bytes - sizeof(slab)) / size);
      fresh->generation = generation_;
      link(mine.with_room, fresh);
    }
    slab* const from = mine.with_room;
    free_block* taken = from->free;
    if (taken != nullptr) {
      from->free = taken->next;
    } else {
      auto* const place = reinterpret_cast<std::byte*>(from) + sizeof(slab) + from->cut++ * size;
      taken = new (place) free_block;
    }
    assert(from->used < from->capacity && from->cut <= from->capacity && "it has room");
    if (++from->used == from->capacity) unlink(mine.with_room, from);
    taken->next = std::exchange(stock.head, taken);
    ++stock.count;
    --most;
  }
}

void centre::drain(thread_cache::stock& stock, std::size_t size_class, std::size_t count) noexcept {
  auto& mine = classes_[size_class];
  const std::lock_guard lock(mine.mutex);
  for (; count > 0; --count) {
    assert(stock.head != nullptr && stock.count > 0);
    free_block* const block = stock.head;
    stock.head = block->next;
    --stock.count;
    slab* const home = slab_of(block);
    if (home->generation != generation_) continue;
    assert(home->used > 0 && home->used <= home->capacity && "a block is released once");
    if (home->used == home->capacity) link(mine.with_room, home);
    block->next = std::exchange(home->free, block);
    if (--home->used == 0) {
      unlink(mine.with_room, home);
      regions_.give_slab(home);
    }
  }
}

/// Gives all that this thread holds back to the centre.
void flush() noexcept {
  for (std::size_t c = 0; c < class_count; ++c) {
    auto& stock = cache.stocks[c];
    if (stock.count > 0) centre::get().drain(stock, c, stock.count);
  }
}

/// When a thread ends.
struct flusher {
  ~flusher() {
    flush();
    cache.ended = true;
  }
};

void arrange_flush() {
  thread_local flusher at_exit;
  static_cast<void>(at_exit);
  cache.will_flush = true;
}

[[gnu::noinline]] void* allocate_slowly(std::size_t size_class) {
  auto& stock = cache.stocks[size_class];
  if (!cache.will_flush) arrange_flush();
  centre::get().fill(stock, size_class, cache.ended ? 1 : batches[size_class]);
  free_block* const block = stock.head;
  stock.head = block->next;
  --stock.count;
  return block;
}

[[gnu::noinline]] void release_slowly(std::size_t size_class) noexcept {
  auto& stock = cache.stocks[size_class];
  if (!cache.will_flush) arrange_flush();
  if (cache.ended) return centre::get().drain(stock, size_class, stock.count);
  if (stock.count < 2u * batches[size_class]) return;
  centre::get().drain(stock, size_class, batches[size_class]);
}

}  // namespace

void give_back() noexcept {
  flush();
  centre::get().give_back();
}

void* allocate(std::size_t bytes) {
  assert(bytes > 0);
  if (bytes > slab_limit) return ::operator new(bytes, std::align_val_t{64});
  const std::size_t size_class = class_of(bytes);
  auto& stock = cache.stocks[size_class];
  if (stock.head == nullptr) return allocate_slowly(size_class);
  free_block* const block = stock.head;
  stock.head = block->next;
  --stock.count;
  return block;
}

void release(void* block, std::size_t bytes) noexcept {
  if (bytes > slab_limit) return ::operator delete(block, std::align_val_t{64});
  const std::size_t size_class = class_of(bytes);
  auto& stock = cache.stocks[size_class];
  stock.head = new (block) free_block{stock.head};
  if (++stock.count >= 2u * batches[size_class] || !cache.will_flush || cache.ended) {
    release_slowly(size_class);
  }
}

#endif

}  // namespace shelf::memory::blocks
