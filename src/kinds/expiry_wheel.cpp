// KINDS  api -> engine -> [kinds] -> memory -> file
// A hierarchical timing wheel: lists of nodes that refer to each other by number.
#include "kinds/expiry_wheel.hpp"

#include "memory/blocks.hpp"

#include <algorithm>
#include <cassert>

namespace shelf::kinds {

expiry_wheel::expiry_wheel(memory::byte_count& held) noexcept : held_(held) {}

expiry_wheel::~expiry_wheel() {
  for (auto* chunk : chunks_) {
    memory::blocks::release(chunk, per_chunk * sizeof(node));
    held_.subtract(per_chunk * sizeof(node));
  }
}

/// The first chunk begins with the heads of the lists.
void expiry_wheel::add_chunk() {
  if (chunks_.size() == chunks_.capacity()) chunks_.reserve(2 * chunks_.size() + 1);
  auto* const made = static_cast<node*>(memory::blocks::allocate(per_chunk * sizeof(node)));
  held_.add(per_chunk * sizeof(node));
  const auto first = static_cast<index>(chunks_.size() * per_chunk);
  chunks_.push_back(made);
  const std::size_t heads = first == 0 ? lists : 0;
  for (std::size_t i = 0; i < per_chunk; ++i) {
    const auto own = first + static_cast<index>(i);
    new (&made[i]) node{.which = nullptr, .next = own, .previous = own};
    if (i < heads) continue;
    made[i].next = free_;
    free_ = own;
    ++free_count_;
  }
}

void expiry_wheel::reserve(std::size_t count) {
  while (free_count_ < count) add_chunk();
}

void expiry_wheel::append(index list, index i) noexcept {
  auto& head = at(list);
  auto& n = at(i);
  n.next = list;
  n.previous = head.previous;
  at(head.previous).next = i;
  head.previous = i;
}

void expiry_wheel::take_out(index i) noexcept {
  auto& n = at(i);
  at(n.previous).next = n.next;
  at(n.next).previous = n.previous;
}

/// The lowest level whose buckets reach so far. The bucket of the present tick is that of the
/// lowest level alone: those of the others have been passed.
std::size_t expiry_wheel::list_for(deadline d) const noexcept {
  const auto tick = tick_of(d);
  if (tick < tick_) return past;
  for (std::size_t level = 0; level < levels; ++level) {
    const auto shift = static_cast<unsigned>(level) * level_shift;
    if ((tick >> shift) - (tick_ >> shift) < buckets) {
      return level * buckets + ((tick >> shift) & (buckets - 1));
    }
  }
  return beyond_all;
}

void expiry_wheel::link(entry* e) noexcept {
  assert(e->expires() && free_ != 0);
  const index own = free_;
  auto& n = at(own);
  free_ = n.next;
  --free_count_;
  ++size_;
  n.which = e;
  e->set_wheel_place(own);
  append(static_cast<index>(list_for(e->until())), own);
}

void expiry_wheel::unlink(entry* e) noexcept {
  const index own = e->wheel_place();
  auto& n = at(own);
  assert(n.which == e);
  take_out(own);
  n.which = nullptr;
  n.next = free_;
  free_ = own;
  ++free_count_;
  --size_;
}

/// A whole list at once.
void expiry_wheel::empty_into_unsorted(std::size_t list) noexcept {
  auto& from = at(static_cast<index>(list));
  const auto own = static_cast<index>(list);
  if (from.next == own) return;
  auto& to = at(static_cast<index>(unsorted));
  at(to.previous).next = from.next;
  at(from.next).previous = to.previous;
  at(from.previous).next = static_cast<index>(unsorted);
  to.previous = from.previous;
  from.next = from.previous = own;
}

/// Time passes from tick_ to `to`: the buckets in between are emptied, and of each higher level
/// those that it enters, whose entries belong to lower levels from here on.
void expiry_wheel::pass(std::uint64_t to) noexcept {
  for (std::size_t level = 0; level < levels; ++level) {
    const auto shift = static_cast<unsigned>(level) * level_shift;
    const auto from = tick_ >> shift;
    const auto passed = std::min<std::uint64_t>((to >> shift) - from, buckets);
    // The lowest level: those left behind; the others: those entered, which no bucket was before.
    const auto first = from + (level == 0 ? 0 : 1);
    for (std::uint64_t i = 0; i < passed; ++i) {
      empty_into_unsorted(level * buckets + ((first + i) & (buckets - 1)));
    }
  }
  constexpr unsigned top = levels * level_shift - level_shift;
  if (to >> top != tick_ >> top) empty_into_unsorted(beyond_all);
  tick_ = to;
}

bool expiry_wheel::advance(deadline now, std::size_t most_moved) noexcept {
  if (size_ == 0) {
    tick_ = tick_of(now);
    return true;
  }
  const auto to = tick_of(now);
  if (to > tick_) pass(to);
  if (to < tick_) {
    for (std::size_t list = 0; list < lists; ++list) {
      if (list != unsorted) empty_into_unsorted(list);
    }
    tick_ = to;
  }
  const auto head = static_cast<index>(unsorted);
  for (; most_moved > 0 && at(head).next != head; --most_moved) {
    const auto i = at(head).next;
    take_out(i);
    append(static_cast<index>(list_for(at(i).which->until())), i);
  }
  return at(head).next == head;
}

template <class F>
void expiry_wheel::each_in(std::size_t list, const F& f) const {
  const auto head = static_cast<index>(list);
  for (auto i = at(head).next; i != head; i = at(i).next) {
    if (!f(*at(i).which)) return;
  }
}

void expiry_wheel::collect_due(deadline now, std::size_t most, bool exactly,
                               std::vector<const entry*>& due) const {
  if (size_ == 0) return;
  const auto take = [&](const entry& e) {
    if (due.size() >= most) return false;
    if (e.is_expired(now)) due.push_back(&e);
    return true;
  };
  each_in(past, take);
  if (exactly) each_in(tick_ & (buckets - 1), take);
}

std::size_t expiry_wheel::count_due(deadline now) const noexcept {
  if (size_ == 0) return 0;
  std::size_t count = 0;
  const auto look = [&](const entry& e) {
    if (e.is_expired(now)) ++count;
    return true;
  };
  each_in(past, look);
  each_in(unsorted, look);
  for (std::size_t level = 0; level < levels; ++level) {
    const auto shift = static_cast<unsigned>(level) * level_shift;
    const auto from = tick_ >> shift;
    const auto to = std::max(tick_of(now), tick_) >> shift;
    const auto last = from + std::min<std::uint64_t>(to - from, buckets - 1);
    for (auto i = from; i <= last; ++i) each_in(level * buckets + (i & (buckets - 1)), look);
  }
  if (tick_of(now) >> (levels * level_shift - level_shift) !=
      tick_ >> (levels * level_shift - level_shift)) {
    each_in(beyond_all, look);
  }
  return count;
}

}  // namespace shelf::kinds
