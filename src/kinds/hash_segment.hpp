// KINDS  api -> engine -> [kinds] -> memory -> file
// A segment of a hash index: buckets of eight slots, a cache line each, probed one after another.
#pragma once

#include "error/sanitizer.hpp"

#include <array>
#include <atomic>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>

#if defined(__SSE2__) && !SHELF_THREAD_SANITIZER
#include <emmintrin.h>
#define SHELF_SSE2_PROBE 1
#endif

namespace shelf::kinds {

/// What a slot holds: a pointer aligned to 8 in the low 48 bits, its lowest three bits free for the
/// owner of the index, and above it 16 bits of the hash. The tag alone says in which bucket the
/// search begins, so that a segment is rebuilt larger or smaller without a look at what it points
/// to.
using slot_word = std::uint64_t;

inline constexpr slot_word pointer_mask = (slot_word{1} << 48) - 1;
inline constexpr slot_word address_mask = pointer_mask & ~slot_word{7};
inline constexpr slot_word empty_slot = 0;
/// Something was here: the search goes on.
inline constexpr slot_word erased_slot = 1;

/// Pointer and flags as the owner of the index knows them, without the tag.
[[nodiscard]] constexpr std::uint64_t reference_in(slot_word word) noexcept {
  return word & pointer_mask;
}
[[nodiscard]] constexpr bool is_reference(slot_word word) noexcept {
  return (word & address_mask) != 0;
}
[[nodiscard]] constexpr std::uint64_t tag_of(std::uint64_t hash) noexcept { return hash & 0xffff; }
[[nodiscard]] constexpr slot_word slot_word_of(std::uint64_t hash,
                                               std::uint64_t reference) noexcept {
  return tag_of(hash) << 48 | reference;
}

struct alignas(64) hash_segment {
  static constexpr std::size_t slots_a_bucket = 8;
  /// What an insert that splits one has to move, so not many.
  static constexpr std::size_t most_buckets = 24;
  using slot = std::atomic<slot_word>;

  std::uint64_t prefix = 0;  ///< the highest `depth` bits of all hashes here; the rest 0
  std::uint32_t depth = 0;
  std::uint32_t buckets = 0;
  std::uint32_t used = 0;  ///< slots that are not empty; the writer's own
  std::uint32_t live = 0;  ///< slots that hold a reference; the writer's own

  [[nodiscard]] static constexpr std::size_t bytes(std::size_t buckets) noexcept {
    return sizeof(hash_segment) + buckets * slots_a_bucket * sizeof(slot);
  }
  /// Fuller than this a search grows long.
  [[nodiscard]] static constexpr std::size_t limit(std::size_t buckets) noexcept {
    return buckets * slots_a_bucket * 7 / 8;
  }
  [[nodiscard]] std::size_t slot_count() const noexcept { return buckets * slots_a_bucket; }
  [[nodiscard]] slot* slots() noexcept { return reinterpret_cast<slot*>(this + 1); }
  [[nodiscard]] const slot* slots() const noexcept {
    return reinterpret_cast<const slot*>(this + 1);
  }
  [[nodiscard]] static std::size_t home(std::uint64_t hash, std::size_t buckets) noexcept {
    return tag_of(hash) * buckets >> 16;
  }

  /// Puts a word into the first slot that is free on its way. There is one: the caller keeps the
  /// limit.
  void place(slot_word word) noexcept;

  /// Frees a slot. Where its bucket has an empty slot no search goes past, so it may be empty too.
  void clear(slot& s) noexcept {
    const auto index = static_cast<std::size_t>(&s - slots());
    const slot* const bucket = slots() + index / slots_a_bucket * slots_a_bucket;
    bool ends_here = false;
    for (std::size_t i = 0; i < slots_a_bucket; ++i) {
      ends_here |= bucket[i].load(std::memory_order_relaxed) == empty_slot;
    }
    assert(live > 0);
    --live;
    if (ends_here) --used;
    s.store(ends_here ? empty_slot : erased_slot, std::memory_order_release);
  }
};
static_assert(sizeof(hash_segment) == 64);

/// A look at a bucket: which slots bear a tag, and whether one is empty. Only a hint: what is taken
/// from it is loaded again.
class bucket_look {
 public:
#if defined(SHELF_SSE2_PROBE)
  explicit bucket_look(const hash_segment::slot* bucket) noexcept {
    const auto* const line = reinterpret_cast<const __m128i*>(bucket);
    const __m128i a = _mm_load_si128(line);
    const __m128i b = _mm_load_si128(line + 1);
    const __m128i c = _mm_load_si128(line + 2);
    const __m128i d = _mm_load_si128(line + 3);
    upper_ab_ = gather<0xdd>(a, b);
    upper_cd_ = gather<0xdd>(c, d);
    lower_ab_ = gather<0x88>(a, b);
    lower_cd_ = gather<0x88>(c, d);
  }
  /// A bit for each slot that bears the tag.
  [[nodiscard]] std::uint32_t matches(std::uint64_t tag) const noexcept {
    // The tag is the upper half of the upper half of each word.
    const __m128i tags =
        _mm_packs_epi32(_mm_srai_epi32(upper_ab_, 16), _mm_srai_epi32(upper_cd_, 16));
    const __m128i hits = _mm_cmpeq_epi16(tags, _mm_set1_epi16(static_cast<short>(tag)));
    return static_cast<std::uint32_t>(
        _mm_movemask_epi8(_mm_packs_epi16(hits, _mm_setzero_si128())));
  }
  /// There is an empty slot: what is not here is nowhere.
  [[nodiscard]] bool ends() const noexcept {
    const __m128i zero = _mm_setzero_si128();
    const __m128i empty = _mm_or_si128(_mm_cmpeq_epi32(_mm_or_si128(upper_ab_, lower_ab_), zero),
                                       _mm_cmpeq_epi32(_mm_or_si128(upper_cd_, lower_cd_), zero));
    return _mm_movemask_epi8(empty) != 0;
  }
  /// A bit for each slot that holds no reference.
  [[nodiscard]] std::uint32_t free() const noexcept {
    const __m128i zero = _mm_setzero_si128();
    const __m128i flags = _mm_set1_epi32(~7);
    const __m128i ab = _mm_or_si128(upper_ab_, _mm_and_si128(lower_ab_, flags));
    const __m128i cd = _mm_or_si128(upper_cd_, _mm_and_si128(lower_cd_, flags));
    const __m128i none = _mm_packs_epi32(_mm_cmpeq_epi32(ab, zero), _mm_cmpeq_epi32(cd, zero));
    return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(none, zero)));
  }

 private:
  template <int which>
  static __m128i gather(__m128i x, __m128i y) noexcept {
    return _mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(x), _mm_castsi128_ps(y), which));
  }
  __m128i upper_ab_, upper_cd_, lower_ab_, lower_cd_;
#else
  explicit bucket_look(const hash_segment::slot* bucket) noexcept {
    for (std::size_t i = 0; i < hash_segment::slots_a_bucket; ++i) {
      words_[i] = bucket[i].load(std::memory_order_relaxed);
    }
  }
  /// A bit for each slot that bears the tag.
  [[nodiscard]] std::uint32_t matches(std::uint64_t tag) const noexcept {
    std::uint32_t found = 0;
    for (std::size_t i = 0; i < words_.size(); ++i) {
      found |= std::uint32_t{words_[i] >> 48 == tag} << i;
    }
    return found;
  }
  /// There is an empty slot: what is not here is nowhere.
  [[nodiscard]] bool ends() const noexcept {
    bool empty = false;
    for (const auto word : words_) empty |= word == empty_slot;
    return empty;
  }
  /// A bit for each slot that holds no reference.
  [[nodiscard]] std::uint32_t free() const noexcept {
    std::uint32_t found = 0;
    for (std::size_t i = 0; i < words_.size(); ++i) {
      found |= std::uint32_t{!is_reference(words_[i])} << i;
    }
    return found;
  }

 private:
  std::array<slot_word, hash_segment::slots_a_bucket> words_;
#endif
};

inline void hash_segment::place(slot_word word) noexcept {
  for (std::size_t bucket = home(word >> 48, buckets);;
       bucket = bucket + 1 == buckets ? 0 : bucket + 1) {
    slot* const first = slots() + bucket * slots_a_bucket;
    const auto free = bucket_look(first).free();
    if (free == 0) continue;
    slot& s = first[std::countr_zero(free)];
    if (s.load(std::memory_order_relaxed) == empty_slot) ++used;
    ++live;
    return s.store(word, std::memory_order_release);
  }
}

/// Fills a segment that is new, without looking at what is there: it knows.
class segment_filler {
 public:
  explicit segment_filler(hash_segment& fresh) noexcept : segment_(fresh) {
    assert(fresh.used == 0);
  }
  /// As hash_segment::place.
  void place(slot_word word) noexcept {
    std::size_t bucket = hash_segment::home(word >> 48, segment_.buckets);
    while (filled_[bucket] == hash_segment::slots_a_bucket) {
      bucket = bucket + 1 == segment_.buckets ? 0 : bucket + 1;
    }
    const auto at = bucket * hash_segment::slots_a_bucket + filled_[bucket]++;
    segment_.slots()[at].store(word, std::memory_order_relaxed);
    ++segment_.used;
    ++segment_.live;
  }

 private:
  hash_segment& segment_;
  std::array<std::uint8_t, hash_segment::most_buckets> filled_{};
};

}  // namespace shelf::kinds
