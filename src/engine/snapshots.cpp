// ENGINE  api -> [engine] -> stores -> journal -> file
// Snapshots over pinned contents.
#include "engine/snapshots.hpp"

#include "memory/epoch.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <vector>

namespace shelf::engine {
namespace {

/// Shows a walker's entries as key and value bytes.
class shown_walk final : public detail::snapshot_core::walk {
 public:
  explicit shown_walk(std::unique_ptr<walker> under) : under_(std::move(under)) {}
  std::span<const detail::stored_entry> next() override {
    shown_.clear();
    for (const auto* e : under_->next()) shown_.push_back({e->key(), e->value()});
    return shown_;
  }

 private:
  std::unique_ptr<walker> under_;
  std::vector<detail::stored_entry> shown_;
};

/// Shows the entries of rank [from, to) of an ordered table, the last one first.
class backward_walk final : public detail::snapshot_core::walk {
 public:
  backward_walk(const ordered_contents& of, contents::pinned at, std::size_t from, std::size_t to)
      : of_(of), pinned_(at), from_(from), to_(to) {}
  /// Walks forwards through the portion before those shown, and turns it round.
  std::span<const detail::stored_entry> next() override {
    constexpr std::size_t portion = 256;
    shown_.clear();
    const auto start = to_ - std::min(portion, to_ - from_);
    const auto under = of_.walk_ranks(pinned_, start, to_);
    for (auto some = under->next(); !some.empty(); some = under->next()) {
      for (const auto* e : some) shown_.push_back({e->key(), e->value()});
    }
    std::ranges::reverse(shown_);
    to_ = start;
    return shown_;
  }

 private:
  const ordered_contents& of_;
  const contents::pinned pinned_;
  const std::size_t from_;
  std::size_t to_;
  std::vector<detail::stored_entry> shown_;
};

class pinned_snapshot final : public detail::snapshot_core {
 public:
  pinned_snapshot(std::shared_ptr<contents> from, std::shared_ptr<snapshot_registry> registry,
                  kind what, std::chrono::nanoseconds now)
      : contents_(std::move(from)), registry_(std::move(registry)), kind_(what) {
    ticket_ = registry_->enter(now);
    try {
      pinned_ = contents_->pin();
    } catch (...) {
      registry_->leave(ticket_);
      throw;
    }
  }
  ~pinned_snapshot() override {
    contents_->unpin(pinned_);
    registry_->leave(ticket_);
  }
  pinned_snapshot(const pinned_snapshot&) = delete;
  pinned_snapshot& operator=(const pinned_snapshot&) = delete;

  std::size_t size() const noexcept override { return pinned_.size; }

  std::size_t lookup(const detail::sought_key& key,
                     detail::function_ref<void(bytes)> f) const override {
    std::vector<const entry*> found;
    {
      const memory::epoch_guard guard;
      if (is_bag(kind_)) {
        contents_->find_all(key, pinned_.at, found);
      } else if (const auto* e = contents_->find(key, pinned_.at)) {
        found.push_back(e);
      }
    }
    for (const auto* e : found) f(e->value());
    return found.size();
  }

  std::unique_ptr<walk> entries() const override {
    return std::make_unique<shown_walk>(contents_->walk(pinned_));
  }

  std::size_t rank(bytes key, bool after) const override {
    const memory::epoch_guard guard;
    const auto before = ordered().rank(key, pinned_.at);
    const bool there = after && ordered().find(key, pinned_.at) != nullptr;
    return before + (there ? 1 : 0);
  }

  std::unique_ptr<walk> entries(std::size_t from, std::size_t to) const override {
    return std::make_unique<shown_walk>(ordered().walk_ranks(pinned_, from, to));
  }

  std::unique_ptr<walk> entries_backwards(std::size_t from, std::size_t to) const override {
    return std::make_unique<backward_walk>(ordered(), pinned_, from, to);
  }

 private:
  [[nodiscard]] const ordered_contents& ordered() const noexcept {
    assert(kind_ == kind::ordered_set);
    return static_cast<const ordered_contents&>(*contents_);
  }

  std::shared_ptr<contents> contents_;
  std::shared_ptr<snapshot_registry> registry_;
  snapshot_registry::ticket ticket_;
  contents::pinned pinned_;
  kind kind_;
};

}  // namespace

snapshot_registry::ticket snapshot_registry::enter(std::chrono::nanoseconds now) {
  assert(!process_.is_of_parent() && "a child takes snapshots of its own tables");
  const std::scoped_lock lock(mutex_);
  return made_.insert(now);
}

void snapshot_registry::leave(ticket t) noexcept {
  if (process_.is_of_parent()) return;
  const std::scoped_lock lock(mutex_);
  made_.erase(t);
}

std::size_t snapshot_registry::count() const {
  const std::scoped_lock lock(mutex_);
  return made_.size();
}

std::chrono::nanoseconds snapshot_registry::oldest_age(std::chrono::nanoseconds now) const {
  const std::scoped_lock lock(mutex_);
  return made_.empty() ? std::chrono::nanoseconds{0} : now - *made_.begin();
}

std::shared_ptr<const detail::snapshot_core> make_snapshot(
    std::shared_ptr<contents> from, std::shared_ptr<snapshot_registry> registry, kind what,
    std::chrono::nanoseconds now) {
  return std::make_shared<pinned_snapshot>(std::move(from), std::move(registry), what, now);
}

}  // namespace shelf::engine
