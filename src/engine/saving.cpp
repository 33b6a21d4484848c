// ENGINE  api -> [engine] -> stores -> journal -> file
// From memory to disk and back: save, sync, reload.
#include "engine/instance.hpp"
#include "engine/loader.hpp"

#include <cassert>
#include <chrono>
#include <utility>

namespace shelf::engine {
namespace {

/// The lists of unsaved changes of all tables. Gives them back unless the save came through.
class taken_unsaved {
 public:
  explicit taken_unsaved(commit_queue& turn) : turn_(turn) {}
  taken_unsaved(const taken_unsaved&) = delete;
  taken_unsaved& operator=(const taken_unsaved&) = delete;
  ~taken_unsaved() {
    if (taken_.empty()) return;
    const std::scoped_lock lock(turn_);
    give_back();
  }

  /// In the turn. Throws std::bad_alloc, having taken nothing.
  void take(const std::vector<std::unique_ptr<live_table>>& tables) {
    try {
      changed_.reserve(tables.size());
      taken_.reserve(tables.size());
      for (const auto& t : tables) {
        if (t->unsaved_count() == 0) continue;
        taken_.push_back({t.get(), t->owned(), {}, t->cleared(), t->unsaved_bytes()});
        taken_.back().list = t->owned()->take_unsaved();
        taken_.back().has_list = true;
        t->cleared() = false;
        t->unsaved_bytes() = 0;
      }
    } catch (...) {
      give_back();
      taken_.clear();
      throw;
    }
    for (const auto& t : taken_) {
      changed_.push_back({.id = t.of->id(), .cleared = t.cleared, .changes = t.list});
    }
  }
  [[nodiscard]] const std::vector<stores::unsaved_table>& changed() const noexcept {
    return changed_;
  }
  void saved() noexcept { is_saved_ = true; }

 private:
  struct taken_list {
    live_table* of;
    std::shared_ptr<contents> from;
    std::vector<kinds::unsaved_change> list;
    bool cleared;
    std::size_t bytes;
    bool has_list = false;
  };

  /// In the turn.
  void give_back() noexcept {
    for (auto& t : taken_) {
      if (!t.has_list) continue;
      if (is_saved_) {
        t.from->settle_unsaved();
        continue;
      }
      t.from->return_unsaved();
      // Cleared meanwhile: then that stands for all that was before.
      t.of->cleared() = t.of->cleared() || t.cleared;
      t.of->unsaved_bytes() += t.bytes;
    }
  }

  commit_queue& turn_;
  std::vector<taken_list> taken_;
  std::vector<stores::unsaved_table> changed_;
  bool is_saved_ = false;
};

}  // namespace

/// True inside a config.check that this database's reload runs on this thread: what takes life_
/// would wait for itself.
bool instance::is_checking() const noexcept {
  return checking_.load(std::memory_order_relaxed) == std::this_thread::get_id();
}

result<> instance::has_file() const {
  if (!config_.in_memory) return {};
  return std::unexpected(error(errc::invalid_argument, label_ + ": a table in memory has no file"));
}

/// There is a file, and the call would not wait for itself.
result<> instance::may_take_life() const {
  if (auto has = has_file(); !has) return has;
  if (is_checking()) return std::unexpected(labelled(errc::busy));
  return {};
}

/// Under life_: whether there is a file that takes writes.
result<> instance::may_write_file() const {
  if (!file_) return std::unexpected(labelled(errc::table_closed));
  if (auto why = file_->fence()) return std::unexpected(*why);
  return file_.check(journal::look_at::content);
}

/// In the turn. Every table as the last published version shows it, and what they are called.
table_images instance::images() const {
  table_images all{.pin = pin(), .held = {}, .tables = {}};
  assert(all.pin->at() == commits_.board().published() && "nothing is published meanwhile");
  std::uint32_t highest = 0;
  for (const auto& t : tables_) {
    if (t->held() == nullptr) continue;
    assert(!t->is_touched() && t->held()->staged_count() == 0 && "images are taken between groups");
    all.held.push_back(t->owned());
    const auto* const entries = t->description().in_memory ? nullptr : t->held();
    all.tables.push_back(
        {.id = t->id(), .as = &t->description(), .all = entries, .at = all.pin->at()});
    highest = std::max(highest, t->id());
  }
  // That no table is ever given an id that was used before, the file has to know.
  if (highest < highest_id_ || all.tables.empty()) all.tables.push_back({.id = highest_id_});
  return all;
}

result<> instance::save() {
  if (authority_) return decide([&] { return authority_->save(); });
  if (auto can = may_take_life(); !can) return can;
  const std::scoped_lock lock(life_);
  if (auto can = may_write_file(); !can) return can;
  return save_locked();
}

/// `shown`: the state that was saved, if the caller wants it.
result<> instance::save_locked(table_images* shown) {
  assert(file_ && is_open());
  auto saved = config_.mode == write_mode::back ? save_unsaved(shown) : sync_and_note(true);
  settle_pressure(saved.has_value());
  if (saved) {
    const std::scoped_lock lock(notes_);
    last_save_ = system_.wall_clock();
  }
  return saved;
}

result<> instance::save_unsaved(table_images* shown) {
  taken_unsaved taken(commits_);
  sequence number = 0;
  table_images all;
  {
    const std::scoped_lock lock(commits_);
    const bool any = std::ranges::any_of(tables_, [](const auto& t) { return t->unsaved_count(); });
    if (!any) {
      if (shown != nullptr) *shown = images();
      auto synced = file_->sync();
      if (synced) note_on_disk(commits_.last());
      return synced;
    }
    number = commits_.draw();
    all = images();
    assert(number > all.pin->at() && "what changes while it is saved belongs to the next save");
    taken.take(tables_);
  }
  const bool wants = wants_compaction(config_.compaction.min_bytes) && file_.check_only_name();
  // A new file with history holds what the last batch made: then that is saved first.
  const bool comes_after = wants && file_->keeps_history();
  const stores::unsaved_state state{.number = number,
                                    .changed = taken.changed(),
                                    .all = all.tables,
                                    .compact = wants && !comes_after};
  auto fresh = file_->save(state);
  if (!fresh) return std::unexpected(fresh.error());
  if (*fresh) {
    if (auto alone = file_.check_only_name(); !alone) return alone;
    const std::scoped_lock lock(commits_);
    if (auto written = file_.take_up(std::move(*fresh)); !written) return written;
  }
  taken.saved();
  observers_->name_also(all.pin->at(), number);
  file_->note_durable();
  note_on_disk(number);
  if (shown != nullptr) *shown = std::move(all);
  if (!comes_after) return {};
  // It is saved, whatever becomes of the new file: unless that has taken the name.
  auto compacted = compact_saved_state({});
  return file_->is_fenced() ? compacted : result<>();
}

result<> instance::sync() {
  if (authority_) return decide([&] { return authority_->sync(); });
  if (auto has = has_file(); !has) return has;
  return sync_and_note(false);
}

/// settle: a format that has closed files makes it one.
result<> instance::sync_and_note(bool settle) {
  for (;;) {
    // Asked before the file: what is published by now is in it, or was in one that it replaced.
    const auto reached = commits_.board().published();
    const auto f = file_.current();
    if (!f) return std::unexpected(labelled(errc::table_closed));
    const bool is_done = settle ? f->is_settled() : f->is_durable();
    const auto start = system_.now();
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
    if (!is_done) {
      commits_.figures().sync.note(system_.now() - start);
      note_sync(*f);
    }
    if (config_.mode != write_mode::back) note_on_disk(reached);
    return {};
  }
}

/// Whether this is the file no longer. The turn waits for a rename that is under way.
bool instance::has_left(const file_store& f) const {
  const std::scoped_lock lock(commits_);
  return file_.get() != &f;
}

void instance::note_sync(const file_store& f) {
  {
    const std::scoped_lock lock(notes_);
    last_sync_ = system_.wall_clock();
  }
  if (config_.mode == write_mode::back) return;
  const std::scoped_lock lock(commits_);
  if (file_.get() == &f) file_->note_durable();
}

result<> instance::reload() {
  if (authority_) return decide([&] { return authority_->reload(); });
  if (auto has = has_file(); !has) return has;
  if (is_checking() || is_in_transaction()) return std::unexpected(labelled(errc::busy));
  const std::scoped_lock lock(life_);
  const check_scope checks(checking_);
  return reload_locked();
}

result<> instance::reload_locked() {
  if (!is_open()) return std::unexpected(labelled(errc::table_closed));
  if (config_.opening == opening::read_only) return read_again();
  if (auto why = file_->fence()) return std::unexpected(*why);
  // Damage is the reading's to tell: it costs the table nothing but this reload.
  if (auto whole = file_.check(journal::look_at::length); !whole) return whole;
  return reload_from_file();
}

/// Of a database opened to be read: what its writer has written by now.
result<> instance::read_again() {
  file_loader load(how_to_load(), known_tables());
  auto found = stores::read_file_store(file_options(), load);
  if (!found) return std::unexpected(found.error());
  load.may_have_several(found->several_tables);
  if (auto fits = load.judge(); !fits) return fits;
  auto view = std::move(found->view);
  {
    const std::scoped_lock lock(notes_);
    found_ = std::move(*found);
  }
  const std::scoped_lock lock(commits_);
  adopt(load, view ? &view->found().changed : nullptr);
  if (view) follow_from(std::move(view));
  return {};
}

result<> instance::reload_from_file() {
  if (auto whole = file_->verify(); !whole) return whole;
  auto everything = [&] {
    const std::scoped_lock lock(commits_);
    return file_->follow(stores::change_store::start::beginning);
  }();
  if (!everything) return std::unexpected(everything.error());
  file_loader load(how_to_load(), known_tables());
  if (auto read = (*everything)->next(load); !read) return read;
  // The user's check runs here, outside the turn: it may write.
  if (auto fits = load.judge(); !fits) return fits;
  load.trust();
  const std::scoped_lock lock(commits_);
  // What was written through meanwhile, by this process and so of the right types.
  if (auto read = (*everything)->next(load); !read) return read;
  if (auto built = load.build_indexes(); !built) return built;
  adopt(load, nullptr);
  return {};
}

/// In the turn: contents that equal the file take the place of all there is, in one step. `as`: of
/// who follows, the batch behind which the file is.
void instance::adopt(file_loader& loaded, const journal::batch_id* as) {
  assert(commits_.open_group().empty() && "between groups");
  std::vector<std::shared_ptr<contents>> fresh;
  for (auto& [id, t] : loaded.tables()) {
    fresh.push_back(t.load->take());
    commits_.continue_after(t.load->version());
  }
  std::vector<live_table*> gone;
  gone.reserve(tables_.size());
  auto next = fresh.begin();
  auto& to = commits_.open_group();
  to.noted.reserve(fresh.size());
  for (auto& [id, t] : loaded.tables()) {
    auto& c = *next++;
    c->join(commits_.shared_board());
    if (c->indexes) c->indexes->join(commits_.shared_board());
    const auto own = std::ranges::find(tables_, id, [](const auto& o) { return o->id(); });
    // A table that another process has made since: whoever asks for it by name is given it.
    if (own == tables_.end()) {
      add_table(id, t.load->description(), types_of(t.load->description())).install(std::move(c));
      continue;
    }
    const auto& was = (*own)->description();
    const auto& now = t.load->description();
    if (was.name != now.name || was.in_memory != now.in_memory) {
      (*own)->show_face((*own)->keep_face(face_of(now)));
    }
    if ((was.in_memory && now.in_memory) || (*own)->held() == nullptr) continue;
    (*own)->stage_fresh(std::move(c), table_event::reset, to);
  }
  for (const auto& t : tables_) {
    if (!loaded.tables().contains(t->id())) gone.push_back(t.get());
  }
  assert(next == fresh.end() && "each table was given its contents");
  if (as != nullptr) name_followed(commits_.last() + 1, *as);  // before anybody sees it
  commits_.publish();
  {
    const std::scoped_lock names(names_);
    for (auto* t : gone) t->drop();
  }
  if (!gone.empty()) observers_->wake();
}

}  // namespace shelf::engine
