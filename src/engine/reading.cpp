// ENGINE  api -> [engine] -> stores -> journal -> file
// Reads: an epoch guard, one look at what is current, and no lock.
#include "engine/instance.hpp"
#include "engine/live_table.hpp"
#include "engine/snapshots.hpp"
#include "engine/transaction_run.hpp"
#include "memory/epoch.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>

namespace shelf::engine {
error live_table::labelled(errc code) const {
  return error(code, label() + ": " + error(code).message());
}

result<> live_table::readable() const {
  if (is_forked()) return std::unexpected(labelled(errc::forked));
  if (!is_open()) return std::unexpected(labelled(errc::table_closed));
  return {};
}

/// That, and what it shows is not too old.
result<> live_table::showable() const {
  if (how_.may_be_stale && of_.is_stale()) [[unlikely]]
    return std::unexpected(labelled(errc::stale));
  return readable();
}

result<> live_table::lookup(const sought_key& key, detail::function_ref<void(bytes)> f) const {
  if (reads_ != nullptr) return look_up_and_count(key, f);
  return look_up(key, f);
}

result<> live_table::look_up_and_count(const sought_key& key,
                                       detail::function_ref<void(bytes)> f) const {
  if (how_.may_be_stale) {
    if (auto can = showable(); !can) return can;
  }
  const bool is_timed = reads_->begin();
  const auto start =
      is_timed ? std::chrono::steady_clock::now() : std::chrono::steady_clock::time_point();
  auto done = look_up(key, f);
  if (!done) reads_->note_miss();
  if (is_timed) reads_->lookup.note(std::chrono::steady_clock::now() - start);
  return done;
}

[[gnu::always_inline]] inline result<> live_table::look_up(
    const sought_key& key, detail::function_ref<void(bytes)> f) const {
  const memory::epoch_guard guard;
  const auto* c = is_forked() ? nullptr : look();
  if (c == nullptr) [[unlikely]]
    return std::unexpected(why_not_readable());
  if (is_bag_kind()) return look_up_all(*c, key, f);
  const auto* e = c->find(key, latest);
  if (e == nullptr) return std::unexpected(error(errc::not_found));
  if (e->has_tail()) [[unlikely]] {
    if (!read_with_tail(*e)) return std::unexpected(error(errc::not_found));
    f(e->value());
    return {};
  }
  f(e->plain_value());
  return {};
}

/// Whether an entry that may have expired is there, which then is read.
bool live_table::read_with_tail(const entry& e) const noexcept {
  if (e.expires() && is_expired(e)) return false;
  e.note_read();
  return true;
}

error live_table::why_not_readable() const {
  const auto can = readable();
  return can ? labelled(errc::table_closed) : can.error();
}

/// Bags: every value of the key.
[[gnu::noinline]] result<> live_table::look_up_all(const contents& in, const sought_key& key,
                                                   detail::function_ref<void(bytes)> f) {
  std::vector<const entry*> found;
  in.find_all(key, latest, found);
  if (found.empty()) return std::unexpected(error(errc::not_found));
  for (const auto* e : found) f(e->value());
  return {};
}

result<> live_table::lookup_many(std::span<const sought_key> keys,
                                 detail::function_ref<void(std::size_t, bytes)> f) const {
  constexpr std::size_t portion = 64;
  std::array<const entry*, portion> found;
  for (std::size_t at = 0; at < keys.size(); at += portion) {
    const memory::epoch_guard guard;
    if (auto can = showable(); !can) return can;
    const auto* c = look();
    if (c == nullptr) return std::unexpected(labelled(errc::table_closed));
    const auto some = keys.subspan(at, std::min(portion, keys.size() - at));
    c->find_many(some, std::span(found).first(some.size()), latest);
    for (std::size_t i = 0; i < some.size(); ++i) {
      const auto* const e = found[i];
      const bool is_there = e != nullptr && (!e->has_tail() || read_with_tail(*e));
      if (is_there) f(at + i, e->value());
      if (reads_ == nullptr) continue;
      (void)reads_->begin();
      if (!is_there) reads_->note_miss();
    }
  }
  return {};
}

bool live_table::contains(const sought_key& key) const noexcept {
  if (reads_ != nullptr) [[unlikely]]
    return has_and_count(key);
  return has(key);
}

bool live_table::has_and_count(const sought_key& key) const noexcept {
  (void)reads_->begin();
  const bool found = has(key);
  if (!found) reads_->note_miss();
  return found;
}

inline bool live_table::has(const sought_key& key) const noexcept {
  const memory::epoch_guard guard;
  const auto* c = is_forked() ? nullptr : look();
  if (c == nullptr) return false;
  const auto* const e = c->find(key, latest);
  return e != nullptr && !(e->expires() && is_expired(*e));
}

std::size_t live_table::size() const noexcept {
  const memory::epoch_guard guard;
  const auto* c = is_forked() ? nullptr : look();
  return c != nullptr ? c->size() : 0;
}

bool live_table::is_open() const noexcept {
  if (is_forked()) return false;
  return current_.load(std::memory_order_acquire) != nullptr || is_open_again();
}

/// While others take the place of the contents, there are some.
bool live_table::is_open_again() const noexcept {
  const memory::epoch_guard guard;
  return look() != nullptr;
}

bool live_table::may_write_again() const noexcept {
  return may_write_in_transaction() && transaction_scope::find(of_) == nullptr;
}

bool live_table::may_write_in_transaction() const noexcept {
  return is_open() && !how_.is_read_only && (!owner_ || owner_->is_mine());
}

std::shared_ptr<contents> live_table::look_at(sequence pinned) const {
  const memory::epoch_guard guard;
  const auto* const c = look();
  if (c == nullptr) return nullptr;
  if (c->since <= pinned) return const_cast<contents*>(c)->shared_from_this();
  return retired_.at(pinned);
}

/// What was kept for a pin that has gone since counts no more.
std::size_t live_table::memory_bytes() const {
  if (retired_.holds_any()) retired_.release_unpinned();
  const memory::epoch_guard guard;
  const auto* const c = look();
  return (c != nullptr ? memory_of(*c) : 0) + retired_.memory_bytes();
}

std::uint64_t live_table::identity() const noexcept {
  const auto& as = description();
  return detail::table_identity(as.name, static_cast<std::uint8_t>(as.what), as.key_schema);
}

std::shared_ptr<const detail::snapshot_core> live_table::snapshot() const {
  if (is_forked() || !is_open()) return empty_snapshot(types_.what, make_empty(), identity());
  of_.look_after_leftovers(true);
  auto made = of_.pin();
  auto c = look_at(made->at());
  if (!c) return empty_snapshot(types_.what, make_empty(), identity());
  return std::make_shared<table_snapshot>(std::move(made), std::move(c), types_.what, identity());
}

result<> live_table::seek(detail::place where, bytes key,
                          detail::function_ref<void(bytes, bytes)> f) const {
  assert(types_.what == kind::ordered_set);
  const memory::epoch_guard guard;
  if (auto can = showable(); !can) return can;
  const auto* c = static_cast<const ordered_contents*>(look());
  if (c == nullptr) return std::unexpected(labelled(errc::table_closed));
  const auto* e = c->seek(translate(where), key, latest);
  if (e != nullptr && e->expires())
    e = seek_live(*c, translate(where), key, latest, of_.clock().now());
  if (e == nullptr) return std::unexpected(error(errc::not_found));
  f(e->key(), e->value());
  return {};
}

result<> live_table::nth(std::size_t index, detail::function_ref<void(bytes, bytes)> f) const {
  assert(types_.what == kind::ordered_set);
  const memory::epoch_guard guard;
  if (auto can = showable(); !can) return can;
  const auto* c = static_cast<const ordered_contents*>(look());
  if (c == nullptr) return std::unexpected(labelled(errc::table_closed));
  const auto* e = c->nth(index, latest);
  if (e != nullptr && e->expires() && is_expired(*e)) {
    e = seek_live(*c, ordered_contents::place::after, e->key(), latest, of_.clock().now());
  }
  if (e == nullptr) return std::unexpected(error(errc::not_found));
  f(e->key(), e->value());
  return {};
}

std::size_t live_table::rank(bytes key) const noexcept {
  assert(types_.what == kind::ordered_set);
  const memory::epoch_guard guard;
  const auto* c = is_forked() ? nullptr : static_cast<const ordered_contents*>(look());
  return c != nullptr ? c->rank(key, latest) : 0;
}

result<table_stats> live_table::stats() const {
  table_stats s;
  {
    const memory::epoch_guard guard;
    if (auto can = readable(); !can) return std::unexpected(can.error());
    const auto* c = look();
    if (c == nullptr) return std::unexpected(labelled(errc::table_closed));
    s.entries = c->size();
    s.memory_bytes = memory_bytes();
    s.payload_bytes = c->payload_bytes();
    s.sequence = c->published();
  }
  if (reads_ != nullptr) s.reads = reads_->read();
  if (of_.clock().is_needed() || types_.bounds.is_set()) {
    const std::scoped_lock lock(of_.commits());
    add_expiry_figures(s);
    add_bounds_figures(s);
  }
  of_.add_figures(s, *this);
  return s;
}

}  // namespace shelf::engine
