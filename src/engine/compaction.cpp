// ENGINE  api -> [engine] -> stores -> journal -> file
// A new file with the live entries alone: compact while writers go on, recover after the disk
// failed.
#include "engine/instance.hpp"
#include "engine/loader.hpp"

#include <algorithm>
#include <cassert>
#include <new>
#include <optional>

namespace shelf::engine {
namespace {

constexpr std::uint64_t small_tail = std::uint64_t{64} << 10;
constexpr int most_rounds = 16;

}  // namespace

stores::live_figures instance::live() const {
  stores::live_figures sum;
  const std::scoped_lock names(names_);  // stats() comes from any thread
  const memory::epoch_guard guard;
  for (const auto& t : tables_) {
    const auto* const c = t->description().in_memory ? nullptr : t->look();
    if (c == nullptr) continue;
    sum.payload_bytes += c->payload_bytes();
    sum.entries += c->size();
  }
  return sum;
}

bool instance::wants_compaction(std::uint64_t min_bytes) const {
  if (!is_open()) return false;
  return file_->is_mostly_garbage(live(), min_bytes, config_.compaction.garbage_factor);
}

result<> instance::compact(const progress& tell) {
  if (auto can = may_take_life(); !can) return can;
  const std::scoped_lock lock(life_);
  if (auto can = may_write_file(); !can) return can;
  return compact_locked(tell);
}

result<> instance::compact_locked(const progress& tell) {
  assert(file_ && !config_.in_memory);
  if (auto alone = file_.check_only_name(); !alone) return alone;
  if (config_.mode == write_mode::back) return compact_saved_state(tell);
  result<std::unique_ptr<stores::reading>> later;
  stores::state_name as;
  auto from = [&] {
    const std::scoped_lock lock(commits_);
    as = file_->same_state();
    later = file_->follow(stores::change_store::start::now);
    return images();
  }();
  if (!later) return std::unexpected(later.error());
  // What the image does not show, the later batches hold: nothing falls in between.
  assert(from.pin->at() <= commits_.board().published());
  auto fresh = file_->write_whole(as, from.tables, tell);
  from = {};
  if (!fresh) return std::unexpected(fresh.error());
  for (int round = 0; round < most_rounds && (*later)->waiting() > small_tail; ++round) {
    if (auto copied = (*fresh)->catch_up(**later); !copied) return copied;
    if (auto synced = (*fresh)->sync_unpublished(); !synced) return synced;
  }
  const std::scoped_lock lock(commits_);
  if (auto why = file_->fence()) return std::unexpected(*why);
  if (auto copied = (*fresh)->catch_up(**later); !copied) return copied;
  assert((*later)->waiting() == 0 && "no writer got the turn since");
  later->reset();
  return file_.take_up(std::move(*fresh));
}

/// Write-back: what is compacted is what was saved last; unsaved changes stay unsaved.
result<> instance::compact_saved_state(const progress& tell) {
  file_loader load(how_to_load(), known_tables());
  load.trust();
  if (auto read = file_->read_all(load); !read) return read;
  if (auto fits = load.judge(); !fits) return fits;
  table_images saved;
  for (auto& [id, t] : load.tables()) {
    saved.held.push_back(t.load->take());
    saved.tables.push_back({.id = id,
                            .as = &t.load->description(),
                            .all = saved.held.back().get(),
                            .at = t.load->version()});
  }
  const auto highest = load.tables().empty() ? 0 : load.tables().rbegin()->first;
  if (highest < highest_id_ || saved.tables.empty()) saved.tables.push_back({.id = highest_id_});
  auto fresh = file_->write_whole(file_->same_state(), saved.tables, tell);
  if (!fresh) return std::unexpected(fresh.error());
  const std::scoped_lock lock(commits_);
  const auto declared = file_->declared();
  (*fresh)->declare({declared.begin(), declared.end()});
  return file_.take_up(std::move(*fresh));
}

/// At open, when nobody else has the database yet: the file becomes what memory is.
result<> instance::rewrite_from_memory() {
  if (auto alone = file_.check_only_name(); !alone) return alone;
  const auto number = commits_.draw();
  auto fresh = file_->write_whole(file_->new_state(number), images().tables, {});
  if (!fresh) return std::unexpected(fresh.error());
  auto done = file_.take_up(std::move(*fresh));
  if (done) commits_.board().publish(number);
  return done;
}

/// With writers refused and everything saved, so that the file becomes what memory is. What goes
/// wrong before the new file has the name is no reason not to close: the old one stays.
result<> instance::compact_at_close() {
  if (!wants_compaction(config_.compaction.close_min_bytes) || !file_.check_only_name()) return {};
  result<std::shared_ptr<file_store>> fresh;
  try {
    const auto all = images();
    fresh = file_->write_whole(file_->same_state(), all.tables, {});
    if (!fresh) return {};
    const std::scoped_lock lock(commits_);
    auto published = file_.take_up(*fresh);
    return published || !(*fresh)->is_fenced() ? result<>() : published;
  } catch (const std::bad_alloc&) {
    const bool is_made = fresh && *fresh != nullptr;
    if (is_made && ((*fresh)->is_fenced() || !file_->still_named())) throw;
    return {};
  }
}

result<> instance::recover() {
  if (authority_) return decide([&] { return authority_->recover(); });
  if (auto can = may_take_life(); !can) return can;
  const std::scoped_lock lock(life_);
  if (!file_) return std::unexpected(labelled(errc::table_closed));
  if (!file_->is_fenced()) return {};
  // The fence keeps writers out; memory is what was acknowledged, no more and no less.
  const std::scoped_lock in_turn(commits_);
  const bool named = file_->still_named().has_value();
  const auto number = commits_.draw();
  assert(number > commits_.board().published() && "no batch of the lost file bears it");
  auto fresh = file_->write_whole(file_->new_state(number), images().tables, {});
  if (!fresh) return std::unexpected(fresh.error());
  auto next = std::move(*fresh);
  const auto published = [&] {
    try {
      return next->publish(named);
    } catch (...) {
      if (next->is_fenced()) file_.replace(std::move(next));  // it has the name, see publish
      throw;
    }
  }();
  if (!published && published.error() == std::errc::file_exists) {
    return std::unexpected(error(
        errc::replaced,
        label_ + ": another file has taken this name; move it away, then call recover() again"));
  }
  if (!published && !next->is_fenced()) return published;
  file_.replace(std::move(next));
  if (!published) return published;
  assert(!file_->is_fenced() && "the new file takes writes");
  const auto before = commits_.board().published();
  name_batches(number);
  observers_->name_also(before, number);  // it is the same state
  commits_.board().publish(number);
  note_on_disk(number);
  for (const auto& t : tables_) {
    if (t->held() == nullptr) continue;
    (void)t->held()->take_unsaved();
    t->held()->settle_unsaved();
    t->cleared() = false;
  }
  return {};
}

}  // namespace shelf::engine
