// ENGINE  api -> [engine] -> stores -> journal -> file
// Batches into the ring, and out of it.
#include "engine/change_ring.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <new>

namespace shelf::engine {
namespace {

constexpr std::size_t usual_chunk = std::size_t{64} << 10;

/// Before the changes of a batch.
struct batch_head {
  std::uint64_t size;  ///< this included
  sequence number;
};

/// Before the bytes of a change: key, what it replaced, what it is now.
struct change_head {
  const live_table* of;
  std::uint32_t key_size;
  std::uint32_t before_size;
  std::uint32_t after_size;
  table_event event;
  change_cause cause;
  bool has_before;
  bool has_after;
};

template <class T>
[[nodiscard]] T load(const std::byte* from) noexcept {
  T loaded;
  std::memcpy(&loaded, from, sizeof loaded);
  return loaded;
}
template <class T>
[[nodiscard]] std::byte* store(std::byte* to, const T& from) noexcept {
  std::memcpy(to, &from, sizeof from);
  return to + sizeof from;
}
[[nodiscard]] std::byte* store_bytes(std::byte* to, bytes from) noexcept {
  if (!from.empty()) std::memcpy(to, from.data(), from.size());
  return to + from.size();
}

[[nodiscard]] change_head head_of(const noted_change& c) noexcept {
  const auto size_of = [](const std::optional<bytes>& b) {
    return b ? static_cast<std::uint32_t>(b->size()) : 0;
  };
  return {.of = c.of,
          .key_size = static_cast<std::uint32_t>(c.key.size()),
          .before_size = size_of(c.before),
          .after_size = size_of(c.after),
          .event = c.event,
          .cause = c.cause,
          .has_before = c.before.has_value(),
          .has_after = c.after.has_value()};
}

[[nodiscard]] std::size_t size_of(std::span<const noted_change> changes) noexcept {
  std::size_t sum = sizeof(batch_head);
  for (const auto& c : changes) {
    const auto head = head_of(c);
    sum += sizeof head + std::size_t{head.key_size} + head.before_size + head.after_size;
  }
  return sum;
}

}  // namespace

void change_ring::begin_after(sequence last) noexcept {
  chunks_.clear();
  held_ = 0;
  begin_ = last;
}

/// Room for so many bytes at the end of the last chunk.
std::byte* change_ring::make_room(std::size_t size) {
  if (chunks_.empty() || chunks_.back()->size - chunks_.back()->used < size) {
    chunks_.push_back(std::make_shared<chunk>(std::max(size, usual_chunk)));
    held_ += chunks_.back()->size;
  }
  return chunks_.back()->bytes.get() + chunks_.back()->used;
}

std::size_t change_ring::append(sequence number, std::span<const noted_change> changes) noexcept {
  assert(!changes.empty());
  const auto size = size_of(changes);
  const auto lose = [&] {
    begin_after(number);
    return size;
  };
  if (size > capacity) return lose();
  try {
    auto* to = store(make_room(size), batch_head{.size = size, .number = number});
    for (const auto& c : changes) {
      to = store(to, head_of(c));
      to = store_bytes(to, c.key);
      if (c.before) to = store_bytes(to, *c.before);
      if (c.after) to = store_bytes(to, *c.after);
    }
  } catch (const std::bad_alloc&) {
    return lose();
  }
  auto& last = *chunks_.back();
  last.used += size;
  last.last = number;
  drop_old();
  return size;
}

void change_ring::drop_old() noexcept {
  while (held_ > capacity && chunks_.size() > 1) {
    begin_ = chunks_.front()->last;
    held_ -= chunks_.front()->size;
    chunks_.pop_front();
  }
}

bool change_ring::find(cursor& c, sequence until, std::optional<found_batch>& found) const {
  found.reset();
  if (c.seen >= until) return true;
  if (c.in && c.at == c.in->used && !chunks_.empty() && c.in != chunks_.back()) c.in.reset();
  if (!c.in) {
    if (c.seen < begin_) return false;
    const auto next =
        std::ranges::find_if(chunks_, [&](const auto& held) { return held->last > c.seen; });
    if (next == chunks_.end()) return true;
    c.in = *next;
    c.at = 0;
  }
  while (c.at < c.in->used) {
    const auto* const from = c.in->bytes.get() + c.at;
    const auto head = load<batch_head>(from);
    if (head.number > until) return true;
    if (head.number > c.seen) {
      found = {.number = head.number,
               .changes = bytes(from, head.size).subspan(sizeof(batch_head))};
      return true;
    }
    c.at += head.size;
  }
  // The chunk may have been let go of, with all that is behind it.
  return c.seen >= begin_ || (!chunks_.empty() && c.in == chunks_.back());
}

void change_ring::pass(cursor& c, const found_batch& b) noexcept {
  c.seen = b.number;
  c.at += sizeof(batch_head) + b.changes.size();
}

noted_change change_ring::take_change(bytes& from) noexcept {
  const auto head = load<change_head>(from.data());
  from = from.subspan(sizeof head);
  const auto take = [&from](std::size_t size) {
    const auto taken = from.first(size);
    from = from.subspan(size);
    return taken;
  };
  noted_change c{
      .of = head.of, .event = head.event, .cause = head.cause, .key = take(head.key_size)};
  if (head.has_before) c.before = take(head.before_size);
  if (head.has_after) c.after = take(head.after_size);
  return c;
}

}  // namespace shelf::engine
