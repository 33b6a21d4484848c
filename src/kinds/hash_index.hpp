// KINDS  api -> engine -> [kinds] -> memory -> file
// A hash index that readers search while it grows: extendible hashing over small segments.
#pragma once

#include "kinds/hash_segment.hpp"
#include "memory/limbo.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <new>
#include <vector>

namespace shelf::kinds {

/// Maps hashes to references: pointers with three flag bits. What a reference's hash is,
/// `Owner::hash` says.
///
/// A directory indexed by the highest hash bits points to segments; a full segment is rebuilt
/// larger, or split in two, beside the old one, and the directory is changed last. Readers that are
/// still in the old segment find in it what was there when they came. So growth costs an insert at
/// most one segment.
///
/// Thread safety: find, prefetch, gather: any thread, inside an epoch guard; the rest: the writer.
template <class Owner>
class hash_index {
 public:
  using slot = hash_segment::slot;
  /// Where a reference stands, until the next make_room.
  struct place {
    hash_segment* segment = nullptr;
    slot* at = nullptr;
    explicit operator bool() const noexcept { return at != nullptr; }
    [[nodiscard]] std::uint64_t reference() const noexcept {
      return reference_in(at->load(std::memory_order_relaxed));
    }
  };

  /// Throws std::bad_alloc.
  hash_index(const Owner& owner, memory::limbo& old, memory::byte_count& held)
      : owner_(owner), limbo_(old), held_(held) {
    fresh_segments fresh(*this);
    fresh.add(fewest_buckets, 0, 0);
    directory* const d = make_directory(0);
    d->at()[0].store(word_of(fresh.take(0)), std::memory_order_relaxed);
    directory_.store(d, std::memory_order_release);
  }
  hash_index(const hash_index&) = delete;
  hash_index& operator=(const hash_index&) = delete;
  ~hash_index() {
    for_each_segment([&](hash_segment* s) { release(s); });
    release(directory_.load(std::memory_order_relaxed));
  }

  /// The reference under this hash for which `matches(reference)` holds, or 0.
  template <class Matches>
  [[nodiscard]] std::uint64_t find(std::uint64_t hash, const Matches& matches) const noexcept {
    std::uint64_t found = 0;
    search(hash, [&](const slot&, std::uint64_t reference) {
      if (!matches(reference)) return false;
      found = reference;
      return true;
    });
    return found;
  }
  /// The first reference with this hash's tag, to fetch ahead what it points to; or 0.
  [[nodiscard]] std::uint64_t peek(std::uint64_t hash) const noexcept {
    return find(hash, [](std::uint64_t) { return true; });
  }
  /// Fetches the bucket a search begins in.
  void prefetch(std::uint64_t hash) const noexcept {
    const auto word = segment_word(hash);
    const auto home = hash_segment::home(hash, buckets_in(word));
    __builtin_prefetch(segment_in(word)->slots() + home * hash_segment::slots_a_bucket);
  }

  /// The same, and what an insert counts in.
  void prefetch_to_insert(std::uint64_t hash) const noexcept {
    prefetch(hash);
    __builtin_prefetch(segment_in(segment_word(hash)));
  }

  /// Calls f(reference) for all of the segment that holds the hashes from `position` on, then moves
  /// `position` behind it. False when that was the last. A segment that splits between two calls is
  /// neither lost nor met twice: the position is a hash, not a segment.
  template <class F>
  [[nodiscard]] bool gather(std::uint64_t& position, F&& f) const {
    const hash_segment* const s = segment_in(segment_word(position));
    constexpr std::size_t ahead = 12;
    for (std::size_t i = 0; i < s->slot_count(); ++i) {
      if (i + ahead < s->slot_count()) {
        // Of no reference too: this is a number and no pointer, and a prefetch never fails.
        const auto soon = reference_in(s->slots()[i + ahead].load(std::memory_order_relaxed));
        for (auto line = soon; line < soon + 192; line += 64) {
          __builtin_prefetch(reinterpret_cast<const void*>(line));
        }
      }
      const auto word = s->slots()[i].load(std::memory_order_acquire);
      if (is_reference(word)) f(reference_in(word));
    }
    position = s->depth == 0 ? 0 : s->prefix + (std::uint64_t{1} << (64 - s->depth));
    return position != 0;
  }

  // The writer.
  template <class Matches>
  [[nodiscard]] place find_place(std::uint64_t hash, const Matches& matches) const noexcept {
    place found;
    search(hash, [&](slot& s, std::uint64_t reference) {
      if (!matches(reference)) return false;
      found = {segment_in(segment_word(hash)), &s};
      return true;
    });
    return found;
  }
  [[nodiscard]] place find_place(std::uint64_t hash, std::uint64_t reference) const noexcept {
    return find_place(hash, [&](std::uint64_t other) { return other == reference; });
  }
  /// A place just found, for who will ask for the same key again.
  void remember(place p, std::uint64_t hash) const noexcept {
    last_ = p;
    last_hash_ = hash;
  }
  /// Whether a place with this hash was the last to be remembered.
  [[nodiscard]] bool remembers(std::uint64_t hash) const noexcept { return last_hash_ == hash; }
  /// That place, if `matches(reference)` holds for what it has now.
  template <class Matches>
  [[nodiscard]] place recall(const Matches& matches) const noexcept {
    const auto word = last_ ? last_.at->load(std::memory_order_relaxed) : empty_slot;
    return is_reference(word) && matches(reference_in(word)) ? last_ : place{};
  }
  /// After this one insert of the hash needs no memory. Throws std::bad_alloc.
  void make_room(std::uint64_t hash) {
    for (;;) {
      hash_segment* const s = segment_in(segment_word(hash));
      if (s->used < hash_segment::limit(s->buckets)) return;
      rebuild(s);
    }
  }
  /// Needs room, see make_room.
  void insert(std::uint64_t hash, std::uint64_t reference) noexcept {
    segment_in(segment_word(hash))->place(slot_word_of(hash, reference));
    ++live_;
  }
  void replace(place p, std::uint64_t reference) noexcept {
    const auto tag = p.at->load(std::memory_order_relaxed) & ~pointer_mask;
    p.at->store(tag | reference, std::memory_order_release);
  }
  void remove(place p) noexcept {
    p.segment->clear(*p.at);
    --live_;
    const bool sparse = p.segment->live * 4 < p.segment->slot_count();
    if (sparse && p.segment->buckets > fewest_buckets) shrink(p.segment);
  }
  /// Lays an empty index out for `count` references; otherwise growth stays with the inserts.
  void reserve(std::size_t count);
  [[nodiscard]] std::size_t live() const noexcept { return live_; }

 private:
  static constexpr std::size_t fewest_buckets = 2;

  /// Segment pointers with the number of buckets in the six bits their alignment leaves free, so
  /// that a search goes from here straight to its bucket.
  struct directory {
    std::uint32_t depth = 0;
    std::uint32_t shift = 63;  ///< 63 - depth, applied to hash / 2: depth 0 shifts all away
    [[nodiscard]] std::size_t size() const noexcept { return std::size_t{1} << depth; }
    [[nodiscard]] slot* at() noexcept { return reinterpret_cast<slot*>(this + 1); }
    [[nodiscard]] static std::size_t bytes(std::uint32_t depth) noexcept {
      return sizeof(directory) + (sizeof(slot) << depth);
    }
  };

  /// Segments that go back to the allocator unless they are taken.
  class fresh_segments {
   public:
    explicit fresh_segments(hash_index& index) : index_(index) {}
    fresh_segments(const fresh_segments&) = delete;
    fresh_segments& operator=(const fresh_segments&) = delete;
    ~fresh_segments() {
      for (auto* s : segments_) index_.release(s);
    }
    hash_segment* add(std::size_t buckets, std::uint64_t prefix, std::uint32_t depth) {
      segments_.push_back(nullptr);
      return segments_.back() = index_.make_segment(buckets, prefix, depth);
    }
    hash_segment* take(std::size_t index) noexcept {
      return std::exchange(segments_[index], nullptr);
    }
    [[nodiscard]] std::size_t size() const noexcept { return segments_.size(); }
    [[nodiscard]] hash_segment* at(std::size_t index) const noexcept { return segments_[index]; }

   private:
    hash_index& index_;
    std::vector<hash_segment*> segments_;
  };

  [[nodiscard]] static std::uint64_t word_of(hash_segment* s) noexcept {
    return reinterpret_cast<std::uintptr_t>(s) | s->buckets;
  }
  [[nodiscard]] static hash_segment* segment_in(std::uint64_t word) noexcept {
    return reinterpret_cast<hash_segment*>(word & ~std::uint64_t{63});
  }
  [[nodiscard]] static std::size_t buckets_in(std::uint64_t word) noexcept { return word & 63; }
  [[nodiscard]] std::uint64_t segment_word(std::uint64_t hash) const noexcept {
    directory* const d = directory_.load(std::memory_order_acquire);
    return d->at()[(hash >> 1) >> d->shift].load(std::memory_order_acquire);
  }

  /// Calls found(slot, reference) for what bears the hash's tag, until it says true.
  template <class Found>
  void search(std::uint64_t hash, const Found& found) const noexcept {
    const auto word = segment_word(hash);
    const std::size_t buckets = buckets_in(word);
    const std::uint64_t tag = tag_of(hash);
    slot* const slots = segment_in(word)->slots();
    std::size_t bucket = hash_segment::home(hash, buckets);
    for (std::size_t left = buckets; left > 0; --left) {
      slot* const first = slots + bucket * hash_segment::slots_a_bucket;
      const bucket_look look(first);
      for (auto matches = look.matches(tag); matches != 0; matches &= matches - 1) {
        slot& s = first[std::countr_zero(matches)];
        const auto there = s.load(std::memory_order_acquire);
        if (there >> 48 == tag && is_reference(there) && found(s, reference_in(there))) return;
      }
      if (look.ends()) return;
      if (++bucket == buckets) bucket = 0;
    }
  }

  /// Buckets for `count` references and a fourth more.
  [[nodiscard]] static std::size_t buckets_for(std::size_t count) noexcept {
    return std::max(fewest_buckets, ((count + 1) * 5 / 4 + 6) / 7);
  }
  void rebuild(hash_segment* old);
  void resize(hash_segment* old, std::size_t buckets);
  void split(hash_segment* old);
  /// Gives back the memory of a segment grown sparse; where there is none for the copy, not.
  void shrink(hash_segment* s) noexcept {
    try {
      resize(s, buckets_for(s->live));
    } catch (const std::bad_alloc&) {
      return;  // it stays as it is until the next time
    }
  }

  hash_segment* make_segment(std::size_t buckets, std::uint64_t prefix, std::uint32_t depth);
  directory* make_directory(std::uint32_t depth);
  void release(hash_segment* s) noexcept {
    if (s == nullptr) return;
    held_.subtract(memory::blocks::rounded(hash_segment::bytes(s->buckets)));
    memory::blocks::release(s, hash_segment::bytes(s->buckets));
  }
  void release(directory* d) noexcept {
    held_.subtract(memory::blocks::rounded(directory::bytes(d->depth)));
    memory::blocks::release(d, directory::bytes(d->depth));
  }
  /// Writes `s` into all places of the directory that its prefix covers.
  static void enter(directory* d, hash_segment* s) noexcept {
    const auto first = static_cast<std::size_t>((s->prefix >> 1) >> d->shift);
    const std::size_t count = std::size_t{1} << (d->depth - s->depth);
    for (std::size_t i = first; i < first + count; ++i) {
      d->at()[i].store(word_of(s), std::memory_order_release);
    }
  }
  template <class F>
  void for_each_segment(F&& f) {
    directory* const d = directory_.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < d->size();) {
      hash_segment* const s = segment_in(d->at()[i].load(std::memory_order_relaxed));
      i += std::size_t{1} << (d->depth - s->depth);
      f(s);
    }
  }

  const Owner& owner_;
  memory::limbo& limbo_;
  memory::byte_count& held_;
  std::atomic<directory*> directory_{nullptr};
  std::size_t live_ = 0;
  // The writer's.
  mutable place last_;  ///< of a segment in the directory
  mutable std::uint64_t last_hash_ = 0;
};

template <class Owner>
hash_segment* hash_index<Owner>::make_segment(std::size_t buckets, std::uint64_t prefix,
                                              std::uint32_t depth) {
  const std::size_t bytes = hash_segment::bytes(buckets);
  auto* const made = new (memory::blocks::allocate(bytes)) hash_segment;
  held_.add(memory::blocks::rounded(bytes));
  made->prefix = prefix;
  made->depth = depth;
  made->buckets = static_cast<std::uint32_t>(buckets);
  for (std::size_t i = 0; i < made->slot_count(); ++i) new (made->slots() + i) slot(empty_slot);
  return made;
}

template <class Owner>
typename hash_index<Owner>::directory* hash_index<Owner>::make_directory(std::uint32_t depth) {
  const std::size_t bytes = directory::bytes(depth);
  auto* const made = new (memory::blocks::allocate(bytes)) directory;
  held_.add(memory::blocks::rounded(bytes));
  made->depth = depth;
  made->shift = 63 - depth;
  for (std::size_t i = 0; i < made->size(); ++i) new (made->at() + i) slot(0);
  return made;
}

template <class Owner>
void hash_index<Owner>::rebuild(hash_segment* old) {
  const std::size_t buckets = buckets_for(old->live);
  constexpr std::size_t worth_a_split = hash_segment::limit(hash_segment::most_buckets) * 9 / 10;
  if (buckets <= hash_segment::most_buckets) return resize(old, buckets);
  if (old->live < worth_a_split) return resize(old, hash_segment::most_buckets);
  split(old);
}

template <class Owner>
void hash_index<Owner>::resize(hash_segment* old, std::size_t buckets) {
  limbo_.reserve(1);
  hash_segment* const fresh = make_segment(buckets, old->prefix, old->depth);
  segment_filler filler(*fresh);
  for (std::size_t i = 0; i < old->slot_count(); ++i) {
    const auto word = old->slots()[i].load(std::memory_order_relaxed);
    if (is_reference(word)) filler.place(word);
  }
  enter(directory_.load(std::memory_order_relaxed), fresh);
  last_ = {};
  limbo_.push(old, hash_segment::bytes(old->buckets));
}

template <class Owner>
void hash_index<Owner>::split(hash_segment* old) {
  directory* d = directory_.load(std::memory_order_relaxed);
  directory* const narrow = d->depth == old->depth ? d : nullptr;
  const std::uint32_t depth = old->depth + 1;
  if (depth > 48)
    throw std::bad_alloc();  // hundreds of equal hashes: no directory tells them apart

  std::array<slot_word, hash_segment::most_buckets * hash_segment::slots_a_bucket> words;
  std::size_t count = 0;
  for (std::size_t i = 0; i < old->slot_count(); ++i) {
    const auto word = old->slots()[i].load(std::memory_order_relaxed);
    if (!is_reference(word)) continue;
    __builtin_prefetch(reinterpret_cast<const void*>(word & address_mask));
    words[count++] = word;
  }
  const std::uint64_t bit = std::uint64_t{1} << (64 - depth);
  const auto middle =
      std::partition(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(count),
                     [&](slot_word w) { return (owner_.hash(reference_in(w)) & bit) == 0; });
  const auto low = static_cast<std::size_t>(middle - words.begin());

  limbo_.reserve(2);
  // Both of full size: they will need it, and segments of many sizes would leave gaps in the slabs
  // of each.
  fresh_segments fresh(*this);
  hash_segment* const lower = fresh.add(hash_segment::most_buckets, old->prefix, depth);
  hash_segment* const upper = fresh.add(hash_segment::most_buckets, old->prefix | bit, depth);
  if (narrow != nullptr) {
    d = make_directory(depth);
    for (std::size_t i = 0; i < d->size(); ++i) {
      d->at()[i].store(narrow->at()[i / 2].load(std::memory_order_relaxed),
                       std::memory_order_relaxed);
    }
  }
  segment_filler fill_lower(*lower);
  for (std::size_t i = 0; i < low; ++i) fill_lower.place(words[i]);
  segment_filler fill_upper(*upper);
  for (std::size_t i = low; i < count; ++i) fill_upper.place(words[i]);
  // The upper first: a walk that comes to the lower half must not find the old segment behind it,
  // which would show the lower half again.
  enter(d, fresh.take(1));
  enter(d, fresh.take(0));
  directory_.store(d, std::memory_order_release);
  last_ = {};
  limbo_.push(old, hash_segment::bytes(old->buckets));
  if (narrow != nullptr) limbo_.push(narrow, directory::bytes(narrow->depth));
}

template <class Owner>
void hash_index<Owner>::reserve(std::size_t count) {
  constexpr std::size_t dense = 110;  ///< references a segment at most, so that none is split
  directory* const old = directory_.load(std::memory_order_relaxed);
  if (live_ != 0 || old->depth != 0 || count <= dense) return;
  const auto depth = static_cast<std::uint32_t>(std::bit_width((count - 1) / dense));
  const auto mean = static_cast<double>(count) / static_cast<double>(std::size_t{1} << depth);
  const auto likely = static_cast<std::size_t>(mean + 3 * std::sqrt(mean));
  const std::size_t buckets = std::min((likely + 6) / 7 + 1, hash_segment::most_buckets);
  fresh_segments fresh(*this);
  for (std::size_t i = 0; i < std::size_t{1} << depth; ++i) {
    fresh.add(buckets, depth == 0 ? 0 : static_cast<std::uint64_t>(i) << (64 - depth), depth);
  }
  limbo_.reserve(2);
  directory* const d = make_directory(depth);
  for (std::size_t i = 0; i < fresh.size(); ++i) enter(d, fresh.take(i));
  hash_segment* const first = segment_in(old->at()[0].load(std::memory_order_relaxed));
  directory_.store(d, std::memory_order_release);
  last_ = {};
  limbo_.push(first, hash_segment::bytes(first->buckets));
  limbo_.push(old, directory::bytes(0));
}

}  // namespace shelf::kinds
