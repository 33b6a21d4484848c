// ENGINE  api -> [engine] -> stores -> journal -> file
// Snapshots over pinned versions.
#include "engine/snapshots.hpp"

#include "engine/live_table.hpp"
#include "memory/epoch.hpp"

#include <cassert>
#include <chrono>
#include <vector>

namespace shelf::engine {
namespace {

/// Adds the entry, unless it has expired.
inline void show(const entry& e, const std::optional<deadline>& now,
                 std::vector<detail::stored_entry>& to) {
  if (!e.expires()) [[likely]] {
    to.push_back({e.key(), e.value()});
  } else if (!now || !e.is_expired(*now)) {
    to.push_back({e.key(), e.value(), e.until()});
  }
}

/// Shows a walker's entries as key and value bytes.
class shown_walk final : public detail::snapshot_core::walk {
 public:
  /// Without a time, all are shown.
  shown_walk(std::unique_ptr<walker> under, std::optional<deadline> now)
      : under_(std::move(under)), now_(now) {}
  std::span<const detail::stored_entry> next() override {
    shown_.clear();
    while (shown_.empty() && under_) {
      const auto some = under_->next();
      if (some.empty()) break;
      for (const auto* e : some) show(*e, now_, shown_);
    }
    return shown_;
  }

 private:
  std::unique_ptr<walker> under_;
  const std::optional<deadline> now_;
  std::vector<detail::stored_entry> shown_;
};

}  // namespace

std::unique_ptr<detail::snapshot_core::walk> show_walk(std::unique_ptr<walker> under,
                                                       std::optional<deadline> now) {
  return std::make_unique<shown_walk>(std::move(under), now);
}

const entry* seek_live(const ordered_contents& in, ordered_contents::place where, bytes key,
                       sequence at, deadline now) noexcept {
  using place = ordered_contents::place;
  const bool goes_back =
      where == place::last || where == place::before || where == place::at_or_before;
  const auto* e = in.seek(where, key, at);
  while (e != nullptr && e->is_expired(now)) {
    e = in.seek(goes_back ? place::before : place::after, e->key(), at);
  }
  return e;
}

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

/// Whoever asks wants to follow the changes from there: they are kept from now on.
shelf::position snapshot_registry::position_at(sequence version) const noexcept {
  if (!observers_ || process_.is_of_parent()) return {};
  observers_->keep_from_here();
  return observers_->position_of(version);
}

std::size_t snapshot_registry::count() const {
  const std::scoped_lock lock(mutex_);
  return made_.size();
}

std::chrono::nanoseconds snapshot_registry::oldest_age(std::chrono::nanoseconds now) const {
  const std::scoped_lock lock(mutex_);
  return made_.empty() ? std::chrono::nanoseconds{0} : now - *made_.begin();
}

pinned_version::pinned_version(std::shared_ptr<kinds::version_board> board,
                               std::shared_ptr<snapshot_registry> registry,
                               std::chrono::nanoseconds now)
    : board_(std::move(board)), registry_(std::move(registry)), ticket_(registry_->enter(now)) {
  try {
    pin_ = board_->pin();
  } catch (...) {
    registry_->leave(ticket_);
    throw;
  }
}

pinned_version::~pinned_version() {
  board_->unpin(pin_.slot);
  registry_->leave(ticket_);
}

const ordered_contents& table_snapshot::ordered() const noexcept {
  assert(kind_ == kind::ordered_set);
  return static_cast<const ordered_contents&>(*contents_);
}

std::size_t table_snapshot::lookup(const detail::sought_key& key,
                                   detail::function_ref<void(bytes)> f) const {
  std::vector<const entry*> found;
  {
    const memory::epoch_guard guard;
    if (is_bag(kind_)) {
      contents_->find_all(key, at_, found);
    } else if (const auto* e = contents_->find(key, at_); e != nullptr) {
      if (!e->is_expired(pin_->now())) found.push_back(e);
    }
  }
  for (const auto* e : found) f(e->value());
  return found.size();
}

std::unique_ptr<table_snapshot::walk> table_snapshot::entries() const {
  return std::make_unique<shown_walk>(contents_->walk(at_), pin_->now());
}

std::size_t table_snapshot::rank(bytes key, bool behind) const {
  const memory::epoch_guard guard;
  const auto before = ordered().rank(key, at_);
  const bool there = behind && ordered().find(key, at_) != nullptr;
  return before + (there ? 1 : 0);
}

bool table_snapshot::seek(detail::place where, bytes key,
                          detail::function_ref<void(bytes, bytes)> f) const {
  const entry* found = nullptr;
  {
    const memory::epoch_guard guard;
    found = seek_live(ordered(), translate(where), key, at_, pin_->now());
  }
  if (found != nullptr) f(found->key(), found->value());
  return found != nullptr;
}

bool table_snapshot::nth(std::size_t index, detail::function_ref<void(bytes, bytes)> f) const {
  const entry* found = nullptr;
  {
    const memory::epoch_guard guard;
    found = ordered().nth(index, at_);
    if (found != nullptr && found->is_expired(pin_->now())) {
      found = seek_live(ordered(), ordered_contents::place::after, found->key(), at_, pin_->now());
    }
  }
  if (found != nullptr) f(found->key(), found->value());
  return found != nullptr;
}

std::unique_ptr<table_snapshot::walk> table_snapshot::entries(std::size_t from,
                                                              std::size_t to) const {
  return std::make_unique<shown_walk>(ordered().walk_ranks(at_, from, to), pin_->now());
}

std::unique_ptr<table_snapshot::walk> table_snapshot::ranked(std::size_t from,
                                                             std::size_t to) const {
  return std::make_unique<shown_walk>(ordered().walk_ranks(at_, from, to), std::nullopt);
}

std::shared_ptr<const detail::snapshot_core> empty_snapshot(kind what,
                                                            std::shared_ptr<contents> nothing,
                                                            std::uint64_t identity) {
  auto pin = std::make_shared<const pinned_version>(std::make_shared<kinds::version_board>(0),
                                                    std::make_shared<snapshot_registry>(),
                                                    std::chrono::nanoseconds{0});
  return std::make_shared<table_snapshot>(std::move(pin), std::move(nothing), what, identity);
}

}  // namespace shelf::engine
