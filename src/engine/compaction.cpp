// ENGINE  api -> [engine] -> stores -> journal -> file
// A new file with the live entries alone: compact while writers go on, recover after the disk
// failed.
#include "engine/loader.hpp"
#include "engine/store.hpp"
#include "memory/epoch.hpp"

#include <algorithm>
#include <new>
#include <optional>

namespace shelf::engine {
namespace {

constexpr std::uint64_t small_tail = std::uint64_t{64} << 10;
constexpr int most_rounds = 16;

}  // namespace

bool store::wants_compaction(std::uint64_t min_bytes) const {
  live_figures live;
  {
    const memory::epoch_guard guard;
    const auto* c = current_.load(std::memory_order_acquire);
    if (c == nullptr) return false;
    live = {.payload_bytes = c->payload_bytes(), .entries = c->size()};
  }
  return file_->is_mostly_garbage(live, min_bytes, config_.compaction.garbage_factor);
}

/// In the turn: the fresh file takes the table's name, and the table goes on in it. The name must
/// still mean the table's file: what others have put there meanwhile is theirs.
result<> store::take_up(std::shared_ptr<backing> fresh) {
  if (auto named = check_name(); !named) return named;
  auto published = fresh->publish(true);
  // An error before the rename leaves the old file in place and in use.
  if (!published && !fresh->is_fenced()) return published;
  const std::scoped_lock lock(notes_);
  file_ = std::move(fresh);
  return published;
}

result<> store::compact(const progress& tell) {
  if (auto can = may_take_life(); !can) return can;
  const std::scoped_lock lock(life_);
  if (auto can = may_write_file(); !can) return can;
  return compact_locked(tell);
}

result<> store::compact_locked(const progress& tell) {
  if (auto alone = check_only_name(); !alone) return alone;
  if (config_.mode == write_mode::back) return compact_saved_state(tell);
  result<std::unique_ptr<reading>> later;
  auto from = [&] {
    const std::scoped_lock lock(turn_);
    later = file_->follow(backing::start::now);
    return std::optional<held_version>(std::in_place, owned_);
  }();
  if (!later) return std::unexpected(later.error());
  auto fresh = file_->write_whole(std::max<sequence>(from->at(), 1), *from, description_, tell);
  from.reset();
  if (!fresh) return std::unexpected(fresh.error());
  for (int round = 0; round < most_rounds && (*later)->waiting() > small_tail; ++round) {
    if (auto copied = (*fresh)->catch_up(**later); !copied) return copied;
    if (auto synced = (*fresh)->sync_unpublished(); !synced) return synced;
  }
  const std::scoped_lock lock(turn_);
  if (auto why = file_->fence()) return std::unexpected(*why);
  if (auto copied = (*fresh)->catch_up(**later); !copied) return copied;
  later->reset();
  return take_up(std::move(*fresh));
}

/// Write-back: what is compacted is what was saved last; unsaved changes stay unsaved.
result<> store::compact_saved_state(const progress& tell) {
  auto load = make_loader();
  load.trust();
  if (auto read = file_->read_all(load); !read) return read;
  const auto saved = load.finish();
  if (!saved) return std::unexpected(saved.error());
  auto fresh = file_->write_whole(std::max<sequence>(file_->last_sequence(), 1),
                                  held_version(*saved), description_, tell);
  if (!fresh) return std::unexpected(fresh.error());
  const std::scoped_lock lock(turn_);
  return take_up(std::move(*fresh));
}

/// At open, when nobody else has the table yet: the file becomes what memory is.
result<> store::rewrite_from_memory() {
  if (auto alone = check_only_name(); !alone) return alone;
  auto fresh = file_->write_whole(++sequence_, held_version(owned_), description_, {});
  if (!fresh) return std::unexpected(fresh.error());
  return take_up(std::move(*fresh));
}

/// With writers refused and everything saved, so that the file becomes what memory is. What goes
/// wrong before the new file has the table's name is no reason not to close: the old one stays.
result<> store::compact_at_close() {
  if (!wants_compaction(config_.compaction.close_min_bytes) || !check_only_name()) return {};
  result<std::shared_ptr<backing>> fresh;
  try {
    fresh = file_->write_whole(std::max<sequence>(sequence_, 1), held_version(owned_), description_,
                               {});
    if (!fresh) return {};
    const std::scoped_lock lock(turn_);
    auto published = take_up(*fresh);
    return published || !(*fresh)->is_fenced() ? result<>() : published;
  } catch (const std::bad_alloc&) {
    const bool is_made = fresh && *fresh != nullptr;
    if (is_made && ((*fresh)->is_fenced() || !file_->still_named())) throw;
    return {};
  }
}

result<> store::check_only_name() const {
  const auto names = file_->names();
  if (!names) return std::unexpected(names.error());
  if (*names <= 1) return {};
  return std::unexpected(
      error(errc::invalid_path, label_ + ": the file has several names (hard links); a new file "
                                         "would take one of them only"));
}

result<> store::recover() {
  if (auto can = may_take_life(); !can) return can;
  const std::scoped_lock lock(life_);
  if (!file_) return std::unexpected(labelled(errc::table_closed));
  if (!file_->is_fenced()) return {};
  // The fence keeps writers out; memory is what was acknowledged, no more and no less.
  const std::scoped_lock in_turn(turn_);
  const bool named = file_->still_named().has_value();
  const auto number = ++sequence_;
  auto fresh = file_->write_whole(number, held_version(owned_), description_, {});
  if (!fresh) return std::unexpected(fresh.error());
  auto next = std::move(*fresh);
  auto published = next->publish(named);
  if (!published && published.error() == std::errc::file_exists) {
    return std::unexpected(error(
        errc::replaced,
        label_ + ": another file has taken this name; move it away, then call recover() again"));
  }
  if (!published && !next->is_fenced()) return published;
  {
    const std::scoped_lock notes(notes_);
    file_ = std::move(next);
  }
  if (!published) return published;
  (void)owned_->take_unsaved();
  owned_->settle_unsaved();
  cleared_ = false;
  return {};
}

}  // namespace shelf::engine
