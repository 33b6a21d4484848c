// ENGINE  api -> [engine] -> stores -> journal -> file
// The housekeeper's visits, the figures, and the errors that no call returns.
#include "engine/instance.hpp"
#include "memory/blocks.hpp"
#include "memory/epoch.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <new>

namespace shelf::engine {
namespace {

/// Of the housekeeper, to a database that has nothing to do but to be freed of garbage.
constexpr std::chrono::nanoseconds between_visits = std::chrono::milliseconds(500);

[[nodiscard]] std::optional<std::chrono::system_clock::time_point> wall_time(
    std::optional<std::chrono::nanoseconds> t) {
  using clock = std::chrono::system_clock;
  if (!t) return std::nullopt;
  return clock::time_point(std::chrono::duration_cast<clock::duration>(*t));
}

}  // namespace

error instance::labelled(errc code) const {
  return error(code, label_ + ": " + error(code).message());
}

std::shared_ptr<const pinned_version> instance::pin() const {
  auto made = std::make_shared<pinned_version>(commits_.shared_board(), snapshots_, system_.now());
  // Who made the first deadline that it shows had noted that before.
  if (clock_.is_needed()) made->set_now(clock_.now());
  return made;
}

void instance::add_figures(table_stats& s, const live_table& of) const {
  if (config_.mode == write_mode::back) {
    const std::scoped_lock lock(commits_);
    s.unsaved_changes = of.unsaved_count();
  }
  add_shared_figures(s);
}

void instance::add_shared_figures(table_stats& s) const {
  s.writes = commits_.figures().read();
  s.snapshots = snapshots_->count();
  s.oldest_snapshot_age = snapshots_->oldest_age(system_.now());
  auto f = file_.current();
  // A sync that met a rename of ours has fenced a file that is no longer the database's.
  while (f && f->is_fenced() && has_left(*f)) f = file_.current();
  if (f) {
    const auto figures = f->figures(
        is_lone_ ? stores::live_figures{.payload_bytes = s.payload_bytes, .entries = s.entries}
                 : live());
    s.file_bytes = figures.bytes;
    s.garbage_bytes = figures.garbage_bytes;
    s.history_bytes = figures.history_bytes;
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
}

void instance::report(const error& e) noexcept {
  {
    const std::scoped_lock lock(notes_);
    const bool told = last_error_ && last_error_->code() == e.code();
    last_error_ = e;
    if (told) return;
  }
  tell(e);
}

void instance::tell(const error& e) const noexcept {
  if (config_.on_error) return config_.on_error(e);
  try {
    std::fprintf(stderr, "shelf: %s\n", e.message().c_str());
  } catch (const std::bad_alloc&) {
    std::fputs("shelf: a table failed in the background, and there is no memory to say how\n",
               stderr);
  }
}

void instance::look_after_leftovers(bool of_snapshots) const noexcept {
  if (keeper_ == nullptr) return;
  if (memory::epoch::is_waiting()) keeper_->look_after_readers();
  if (of_snapshots) want_visit();
}

/// Has the housekeeper come soon: something may be there to be freed.
void instance::want_visit() const noexcept {
  if (keeper_ == nullptr || visit_comes_.load(std::memory_order_relaxed)) return;
  if (is_forked() || visit_comes_.exchange(true)) return;
  if (!room_.empty()) return keeper_->add(std::move(room_), between_visits);
  keeper_->call(std::const_pointer_cast<instance>(shared_from_this()), between_visits);
}

/// Frees what readers and snapshots have left, in portions, so that writers get their turn in
/// between. True if something is still read or pinned.
bool instance::collect() noexcept {
  constexpr std::size_t portion = 1024;
  std::size_t before = 0;
  std::size_t after = 0;
  bool more = true;
  for (bool first = true; more; first = false) {
    const std::scoped_lock lock(commits_);
    if (!is_open()) return false;
    if (first) before = memory_bytes();
    more = false;
    for (const auto& t : tables_) {
      if (t->held() != nullptr) more = t->collect_some(portion) || more;
    }
    if (!more) after = memory_bytes();
  }
  if (before > after && before - after >= memory::blocks::worth_giving_back)
    memory::blocks::give_back();
  const std::scoped_lock lock(commits_);
  return std::ranges::any_of(
      tables_, [](const auto& t) { return t->held() != nullptr && t->has_leftovers(); });
}

std::size_t instance::memory_bytes() const noexcept {
  std::size_t sum = 0;
  for (const auto& t : tables_) sum += t->held() != nullptr ? t->held_bytes() : 0;
  return sum;
}

std::chrono::nanoseconds instance::work() noexcept {
  constexpr std::chrono::nanoseconds longest_pause = std::chrono::seconds(1);
  if (is_forked() || !is_open()) return writes_file() ? longest_pause : housekeeper::idle;
  const auto until_sweep = sweep();
  if (!writes_file() && config_.follow.count() != 0) {
    static_cast<void>(collect());
    return follow_due();
  }
  if (!writes_file()) {
    if (collect()) return std::min(until_sweep, between_visits);
    if (until_sweep != housekeeper::idle) return until_sweep;
    visit_comes_ = false;
    // Who came in between saw that a visit comes: this is it.
    const bool is_needed = collect() || sweep() != housekeeper::idle;
    if (!is_needed || visit_comes_.exchange(true)) return housekeeper::idle;
    return between_visits;
  }
  static_cast<void>(collect());
  try {
    work_due();
  } catch (const std::bad_alloc&) {
    report(error(errc::file_error, label_ + ": out of memory for background work", {}, ENOMEM));
  }
  auto pause = std::min(longest_pause, until_sweep);
  if (config_.mode == write_mode::through && config_.sync_every.count() > 0) {
    pause = std::min<std::chrono::nanoseconds>(pause, config_.sync_every);
  }
  if (config_.mode == write_mode::back && config_.save_every.count() > 0) {
    pause = std::min<std::chrono::nanoseconds>(pause, config_.save_every);
  }
  return pause;
}

void instance::work_due() {
  const auto now = system_.now();
  const auto is_due = [&](std::chrono::milliseconds every, std::chrono::nanoseconds& next) {
    if (every.count() == 0 || now < next) return false;
    next = now + every;
    return true;
  };
  result<> done;
  if (config_.mode == write_mode::through && is_due(config_.sync_every, next_sync_)) {
    done = sync_and_note(false);
  }
  if (config_.mode == write_mode::back &&
      (is_due(config_.save_every, next_save_) || has_much_unsaved())) {
    const std::scoped_lock lock(life_);
    if (file_ && !file_->is_fenced()) done = file_.check(journal::look_at::content);
    if (done && file_ && !file_->is_fenced()) done = save_locked();
  }
  if (done && config_.mode != write_mode::back) {
    const std::scoped_lock lock(life_);
    if (file_ && !file_->is_fenced() && wants_compaction(config_.compaction.min_bytes)) {
      done = compact_locked({});
    }
    if (done && file_) done = file_->work_due();
  }
  if (!done && done.error() != errc::table_closed) return report(done.error());
  const std::scoped_lock lock(notes_);
  last_error_.reset();
}

}  // namespace shelf::engine
