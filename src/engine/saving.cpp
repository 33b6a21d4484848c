// ENGINE  api -> [engine] -> stores -> journal -> file
// From memory to disk and back: save, sync, reload, and the periodic work.
#include "engine/loader.hpp"
#include "engine/store.hpp"
#include "memory/blocks.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <new>
#include <utility>

namespace shelf::engine {
namespace {

/// Gives the list of unsaved changes back unless the save came through.
class taken_unsaved {
 public:
  /// In the turn. Throws std::bad_alloc, having taken nothing.
  taken_unsaved(turn& t, std::shared_ptr<contents> from, bool& cleared_flag)
      : turn_(t),
        from_(std::move(from)),
        cleared_flag_(cleared_flag),
        pinned_(from_),
        list_(from_->take_unsaved()) {
    cleared_ = std::exchange(cleared_flag_, false);
  }
  taken_unsaved(const taken_unsaved&) = delete;
  taken_unsaved& operator=(const taken_unsaved&) = delete;
  ~taken_unsaved() {
    const std::scoped_lock lock(turn_);
    if (saved_) {
      from_->settle_unsaved();
    } else {
      from_->return_unsaved();
      cleared_flag_ = cleared_flag_ || cleared_;
    }
  }
  [[nodiscard]] const std::vector<unsaved_change>& list() const noexcept { return list_; }
  [[nodiscard]] bool cleared() const noexcept { return cleared_; }
  [[nodiscard]] const held_version& pinned() const noexcept { return pinned_; }
  void saved() noexcept { saved_ = true; }

 private:
  turn& turn_;
  std::shared_ptr<contents> from_;
  bool& cleared_flag_;
  held_version pinned_;
  std::vector<unsaved_change> list_;
  bool cleared_ = false;
  bool saved_ = false;
};

/// Of the housekeeper, to a table that has nothing to do but to be freed of garbage.
constexpr std::chrono::milliseconds between_visits{500};

}  // namespace

/// True inside a config.check that this table's reload runs on this thread: what takes life_ would
/// wait for itself.
bool store::is_checking() const noexcept {
  return checking_.load(std::memory_order_relaxed) == std::this_thread::get_id();
}

/// Whether the calling thread may save, close and the like, and whether there is a file.
result<> store::may_manage() const {
  if (auto can = writable(); !can) return can;
  if (config_.in_memory) {
    return std::unexpected(
        error(errc::invalid_argument, label_ + ": a table in memory has no file"));
  }
  return {};
}

/// may_manage, and it would not wait for itself.
result<> store::may_take_life() const {
  if (auto can = may_manage(); !can) return can;
  if (is_checking()) return std::unexpected(labelled(errc::busy));
  return {};
}

/// Under life_: whether there is a file that takes writes.
result<> store::may_write_file() const {
  if (!file_) return std::unexpected(labelled(errc::table_closed));
  if (auto why = file_->fence()) return std::unexpected(*why);
  return check_file(journal::look_at::content);
}

std::shared_ptr<backing> store::current_file() const {
  const std::scoped_lock lock(notes_);
  return file_;
}

/// Whether the file still has the table's name.
result<> store::check_name() const {
  auto named = file_->still_named();
  if (!named && named.error() == errc::replaced) file_->set_fence(named.error());
  return named;
}

/// Whether the file is still ours, with the length and name it should have.
result<> store::check_file(journal::look_at what) const {
  auto named = check_name();
  return named ? file_->is_whole(what) : named;
}

result<> store::save() {
  if (auto can = may_take_life(); !can) return can;
  const std::scoped_lock lock(life_);
  if (auto can = may_write_file(); !can) return can;
  return save_locked();
}

result<> store::save_locked() {
  auto saved = config_.mode == write_mode::back ? save_unsaved() : sync_and_note(true);
  if (saved) {
    const std::scoped_lock lock(notes_);
    last_save_ = system_.wall_clock();
  }
  return saved;
}

result<> store::save_unsaved() {
  std::optional<taken_unsaved> taken;
  sequence number = 0;
  {
    const std::scoped_lock lock(turn_);
    if (owned_->unsaved_count() == 0 && !cleared_) return file_->sync();
    number = ++sequence_;
    taken.emplace(turn_, owned_, cleared_);
  }
  const unsaved_state state{
      .number = number,
      .cleared = taken->cleared(),
      .changes = taken->list(),
      .all = taken->pinned(),
      .as = description_,
      .compact = wants_compaction(config_.compaction.min_bytes) && check_only_name()};
  auto fresh = file_->save(state);
  if (!fresh) return std::unexpected(fresh.error());
  if (*fresh) {
    if (auto alone = check_only_name(); !alone) return alone;
    const std::scoped_lock lock(turn_);
    if (auto written = take_up(std::move(*fresh)); !written) return written;
  }
  taken->saved();
  file_->note_durable();
  return {};
}

result<> store::sync() {
  if (auto can = may_manage(); !can) return can;
  return sync_and_note(false);
}

/// settle: a format that has closed files makes it one.
result<> store::sync_and_note(bool settle) {
  for (;;) {
    const auto f = current_file();
    if (!f) return std::unexpected(labelled(errc::table_closed));
    const bool is_done = settle ? f->is_settled() : f->is_durable();
    const auto synced = [&]() -> result<> {
      if (auto why = f->fence()) return std::unexpected(*why);
      // Nothing new to promise: check that earlier promises still hold.
      if (is_done) return f->is_whole(journal::look_at::content);
      return settle ? f->sync_and_settle() : f->sync();
    }();
    if (!synced) {
      // A new file was renamed over this one, or the table was closed: the error does not count.
      if (has_left(*f)) continue;
      return synced;
    }
    if (!is_done) note_sync(*f);
    return {};
  }
}

/// Whether this is the table's file no longer. The turn waits for a rename that is under way.
bool store::has_left(const backing& f) {
  const std::scoped_lock lock(turn_);
  return file_.get() != &f;
}

void store::note_sync(const backing& f) {
  {
    const std::scoped_lock lock(notes_);
    last_sync_ = system_.wall_clock();
  }
  if (config_.mode == write_mode::back) return;
  const std::scoped_lock lock(turn_);
  if (file_.get() == &f) file_->note_durable();
}

result<> store::reload() {
  if (auto can = readable(); !can) return can;
  if (config_.in_memory) return may_manage();
  if (owner_ && !owner_->is_mine()) return std::unexpected(labelled(errc::not_owner));
  if (is_checking()) return std::unexpected(labelled(errc::busy));
  const std::scoped_lock lock(life_);
  checking_ = std::this_thread::get_id();
  struct end_of_check {
    std::atomic<std::thread::id>& who;
    ~end_of_check() { who = std::thread::id(); }
  } const end{checking_};
  return reload_locked();
}

result<> store::reload_locked() {
  if (!is_open()) return std::unexpected(labelled(errc::table_closed));
  if (config_.opening == opening::read_only) return open_to_read_only();
  if (auto why = file_->fence()) return std::unexpected(*why);
  // Damage is the reading's to tell: it costs the table nothing but this reload.
  if (auto whole = check_file(journal::look_at::length); !whole) return whole;
  return reload_from_file();
}

result<> store::reload_from_file() {
  if (auto whole = file_->verify(); !whole) return whole;
  auto everything = [&] {
    const std::scoped_lock lock(turn_);
    return file_->follow(backing::start::beginning);
  }();
  if (!everything) return std::unexpected(everything.error());
  auto load = make_loader();
  if (auto read = (*everything)->next(load); !read) return read;
  // The user's check runs here, outside the turn: it may write.
  if (auto fits = load.judge(); !fits) return fits;
  load.trust();
  const std::scoped_lock lock(turn_);
  // What was written through meanwhile, by this process and so of the right types.
  if (auto read = (*everything)->next(load); !read) return read;
  auto loaded = load.finish();
  if (!loaded) return std::unexpected(loaded.error());
  adopt(std::move(*loaded));
  return {};
}

/// In the turn: contents that equal the file become the table's, under a sequence number above any
/// before.
void store::adopt(std::shared_ptr<contents> loaded) noexcept {
  loaded->publish(++sequence_);
  cleared_ = false;
  install(std::move(loaded));
}

// --- the housekeeper's visits --------------------------------------------------------------------

void store::report(const error& e) noexcept {
  {
    const std::scoped_lock lock(notes_);
    const bool told = last_error_ && last_error_->code() == e.code();
    last_error_ = e;
    if (told) return;
  }
  tell(e);
}

void store::tell(const error& e) const noexcept {
  if (config_.on_error) return config_.on_error(e);
  try {
    std::fprintf(stderr, "shelf: %s\n", e.message().c_str());
  } catch (const std::bad_alloc&) {
    std::fputs("shelf: a table failed in the background, and there is no memory to say how\n",
               stderr);
  }
}

/// Has the housekeeper come soon: something may be there to be freed.
void store::want_visit() const noexcept {
  if (keeper_ == nullptr || visit_comes_.load(std::memory_order_relaxed)) return;
  if (is_forked() || visit_comes_.exchange(true)) return;
  if (!room_.empty()) return keeper_->add(std::move(room_), between_visits);
  keeper_->call(std::const_pointer_cast<store>(shared_from_this()), between_visits);
}

/// Frees what readers and snapshots have left, in portions, so that writers get their turn in
/// between. True if something is still read or pinned.
bool store::collect() noexcept {
  constexpr std::size_t portion = 1024;
  std::size_t before = 0;
  std::size_t after = 0;
  bool more = true;
  for (bool first = true; more; first = false) {
    const std::scoped_lock lock(turn_);
    if (!owned_) return false;
    if (first) before = owned_->memory_bytes() + retired_.memory_bytes();
    more = owned_->collect_some(portion);
    more = retired_.collect_some(portion) || more;
    if (!more) after = owned_->memory_bytes() + retired_.memory_bytes();
  }
  if (before > after && before - after >= memory::blocks::worth_giving_back)
    memory::blocks::give_back();
  const std::scoped_lock lock(turn_);
  return owned_ && (owned_->waiting() > 0 || owned_->pin_count() > 0 || !retired_.empty());
}

std::chrono::nanoseconds store::work() noexcept {
  constexpr std::chrono::nanoseconds longest_pause = std::chrono::seconds(1);
  if (is_forked() || !is_open()) return writes_file() ? longest_pause : housekeeper::idle;
  if (!writes_file()) {
    if (collect()) return between_visits;
    visit_comes_ = false;
    // Who came in between saw that a visit comes: this is it.
    if (!collect() || visit_comes_.exchange(true)) return housekeeper::idle;
    return between_visits;
  }
  static_cast<void>(collect());
  try {
    work_due();
  } catch (const std::bad_alloc&) {
    report(error(errc::file_error, label_ + ": out of memory for background work", {}, ENOMEM));
  }
  auto pause = longest_pause;
  if (config_.mode == write_mode::through && config_.sync_every.count() > 0) {
    pause = std::min<std::chrono::nanoseconds>(pause, config_.sync_every);
  }
  if (config_.mode == write_mode::back && config_.save_every.count() > 0) {
    pause = std::min<std::chrono::nanoseconds>(pause, config_.save_every);
  }
  return pause;
}

void store::work_due() {
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
  if (config_.mode == write_mode::back && is_due(config_.save_every, next_save_)) {
    const std::scoped_lock lock(life_);
    if (file_ && !file_->is_fenced()) done = check_file(journal::look_at::content);
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
