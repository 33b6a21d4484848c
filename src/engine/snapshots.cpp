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

/// Whoever asks wants to follow the changes from there: they are kept from now on.
shelf::position snapshot_registry::position_at(sequence version) const noexcept {
  if (!observers_ || process_.is_of_parent()) return {};
  observers_->keep_from_here();
  return {.run = observers_->run(), .version = version};
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
    } else if (const auto* e = contents_->find(key, at_)) {
      found.push_back(e);
    }
  }
  for (const auto* e : found) f(e->value());
  return found.size();
}

std::unique_ptr<table_snapshot::walk> table_snapshot::entries() const {
  return std::make_unique<shown_walk>(contents_->walk(at_));
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
    found = ordered().seek(translate(where), key, at_);
  }
  if (found != nullptr) f(found->key(), found->value());
  return found != nullptr;
}

bool table_snapshot::nth(std::size_t index, detail::function_ref<void(bytes, bytes)> f) const {
  const entry* found = nullptr;
  {
    const memory::epoch_guard guard;
    found = ordered().nth(index, at_);
  }
  if (found != nullptr) f(found->key(), found->value());
  return found != nullptr;
}

std::unique_ptr<table_snapshot::walk> table_snapshot::entries(std::size_t from,
                                                              std::size_t to) const {
  return std::make_unique<shown_walk>(ordered().walk_ranks(at_, from, to));
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
