// ENGINE  api -> [engine] -> stores -> journal -> file
// Reads: an epoch guard, one look at what is current, and no lock.
#include "engine/store.hpp"
#include "memory/epoch.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>

namespace shelf::engine {
namespace {

[[nodiscard]] ordered_contents::place translate(detail::place where) noexcept {
  return static_cast<ordered_contents::place>(where);
}
static_assert(static_cast<int>(detail::place::at_or_before) ==
              static_cast<int>(ordered_contents::place::at_or_before));

[[nodiscard]] std::optional<std::chrono::system_clock::time_point> wall_time(
    std::optional<std::chrono::nanoseconds> t) {
  using clock = std::chrono::system_clock;
  if (!t) return std::nullopt;
  return clock::time_point(std::chrono::duration_cast<clock::duration>(*t));
}

}  // namespace

error store::labelled(errc code) const {
  return error(code, label_ + ": " + error(code).message());
}

result<> store::readable() const {
  if (is_forked()) return std::unexpected(labelled(errc::forked));
  if (current_.load(std::memory_order_acquire) == nullptr) {
    return std::unexpected(labelled(errc::table_closed));
  }
  return {};
}

result<> store::lookup(const sought_key& key, detail::function_ref<void(bytes)> f) const {
  const memory::epoch_guard guard;
  const auto* c = is_forked() ? nullptr : current_.load(std::memory_order_acquire);
  if (c == nullptr) [[unlikely]] {
    auto why = readable();
    return why ? std::unexpected(labelled(errc::table_closed)) : why;
  }
  if (!is_bag(types_.what)) {
    const auto* e = c->find(key, latest);
    if (e == nullptr) return std::unexpected(error(errc::not_found));
    f(e->value());
    return {};
  }
  std::vector<const entry*> found;
  c->find_all(key, latest, found);
  if (found.empty()) return std::unexpected(error(errc::not_found));
  for (const auto* e : found) f(e->value());
  return {};
}

result<> store::lookup_many(std::span<const sought_key> keys,
                            detail::function_ref<void(std::size_t, bytes)> f) const {
  constexpr std::size_t portion = 64;
  std::array<const entry*, portion> found;
  for (std::size_t at = 0; at < keys.size(); at += portion) {
    const memory::epoch_guard guard;
    if (auto can = readable(); !can) return can;
    const auto* c = current_.load(std::memory_order_acquire);
    if (c == nullptr) return std::unexpected(labelled(errc::table_closed));
    const auto some = keys.subspan(at, std::min(portion, keys.size() - at));
    c->find_many(some, std::span(found).first(some.size()), latest);
    for (std::size_t i = 0; i < some.size(); ++i) {
      if (found[i] != nullptr) f(at + i, found[i]->value());
    }
  }
  return {};
}

bool store::contains(const sought_key& key) const noexcept {
  const memory::epoch_guard guard;
  const auto* c = is_forked() ? nullptr : current_.load(std::memory_order_acquire);
  return c != nullptr && c->contains(key, latest);
}

std::size_t store::size() const noexcept {
  const memory::epoch_guard guard;
  const auto* c = is_forked() ? nullptr : current_.load(std::memory_order_acquire);
  return c != nullptr ? c->size() : 0;
}

bool store::is_open() const noexcept {
  return !is_forked() && current_.load(std::memory_order_acquire) != nullptr;
}

std::shared_ptr<const detail::snapshot_core> store::snapshot() const {
  std::shared_ptr<contents> c;
  if (!is_forked()) {
    const memory::epoch_guard guard;
    if (auto* now = current_.load(std::memory_order_acquire)) c = now->shared_from_this();
  }
  if (!c) c = make_contents(0);
  want_visit();
  auto registry = is_forked() ? std::make_shared<snapshot_registry>() : snapshots_;
  return make_snapshot(std::move(c), std::move(registry), types_.what, system_.now());
}

result<> store::seek(detail::place where, bytes key,
                     detail::function_ref<void(bytes, bytes)> f) const {
  assert(is_kind(kind::ordered_set));
  const memory::epoch_guard guard;
  if (auto can = readable(); !can) return can;
  const auto* c = static_cast<const ordered_contents*>(current_.load(std::memory_order_acquire));
  if (c == nullptr) return std::unexpected(labelled(errc::table_closed));
  const auto* e = c->seek(translate(where), key, latest);
  if (e == nullptr) return std::unexpected(error(errc::not_found));
  f(e->key(), e->value());
  return {};
}

result<table_stats> store::stats() const {
  table_stats s;
  {
    const memory::epoch_guard guard;
    if (auto can = readable(); !can) return std::unexpected(can.error());
    const auto* c = current_.load(std::memory_order_acquire);
    if (c == nullptr) return std::unexpected(labelled(errc::table_closed));
    s.entries = c->size();
    s.memory_bytes = c->memory_bytes() + retired_.memory_bytes();
    s.payload_bytes = c->payload_bytes();
    s.sequence = c->published();
  }
  if (config_.mode == write_mode::back) {
    const std::scoped_lock lock(turn_);
    if (owned_) s.unsaved_changes = owned_->unsaved_count() + (cleared_ ? 1 : 0);
  }
  s.snapshots = snapshots_->count();
  s.oldest_snapshot_age = snapshots_->oldest_age(system_.now());
  if (const auto f = current_file()) {
    const auto figures = f->figures({.payload_bytes = s.payload_bytes, .entries = s.entries});
    s.file_bytes = figures.bytes;
    s.garbage_bytes = figures.garbage_bytes;
    s.unsynced_bytes = figures.unsynced_bytes;
    s.era = figures.era;
    s.fenced = f->is_fenced();
    if (s.fenced) s.last_error = f->fence();
  }
  const std::scoped_lock lock(notes_);
  s.last_save = wall_time(last_save_);
  s.last_sync = wall_time(last_sync_);
  if (!s.fenced) s.last_error = last_error_;
  s.recovered_batches = found_.batches;
  s.recovery_cut_bytes = found_.cut_bytes;
  s.recovered_clean = found_.clean;
  s.repaired = found_.repaired;
  return s;
}

}  // namespace shelf::engine
