// ENGINE  api -> [engine] -> stores -> journal -> file
// Tables created, dropped, renamed and moved: one batch of the file, and one version for readers.
#include "engine/altering.hpp"

#include "engine/converting.hpp"
#include "error/printable.hpp"
#include "error/sentence.hpp"
#include "file/seeded_bug.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

namespace shelf::engine {

using journal::op;

namespace {

constexpr int most_builds = 16;  ///< of the same indexes, because their table was cleared

}  // namespace

instance::alteration::alteration(instance& of) : of_(of), highest_(of.highest_id_) {
  for (const auto& t : of.tables_) {
    if (!t->is_dropped()) tables_.push_back({.is = t.get(), .as = t->description()});
  }
}

instance::alteration::~alteration() = default;

instance::alteration::altered_table* instance::alteration::find(std::string_view name) noexcept {
  const auto found = std::ranges::find_if(
      tables_, [&](const auto& t) { return !t.is_dropped && t.as.name == name; });
  return found == tables_.end() ? nullptr : &*found;
}

error instance::alteration::refused(errc code, const std::string& name,
                                    const std::string& why) const {
  return error(code, of_.label_ + ": table '" + detail::printable(name) + "': " + why);
}

/// For the file, if there is one.
void instance::alteration::note(op what, const altered_table& t) {
  auto& text = texts_.emplace_back();
  if (what != op::table_dropped) text = stores::encode_description(t.as);
  changes_.push_back({what, 0, t.is->id(), as_bytes(text.key), as_bytes(text.value)});
}

result<> instance::alteration::take(detail::table_step& step) {
  using verb = detail::table_step::verb;
  switch (step.what) {
    case verb::create: return create(*step.made);
    case verb::drop: return drop(step.name);
    case verb::rename: return rename(step.name, step.to);
    case verb::store: return store(step.name, step.storage);
    case verb::index: return index(*step.made);
  }
  std::unreachable();
}

result<> instance::alteration::create(detail::wanted_table& w) {
  if (auto valid = check_wanted(w); !valid) return valid;
  if (find(w.name) != nullptr) {
    return std::unexpected(
        refused(errc::key_already_present, w.name, "there is a table of this name already"));
  }
  if (auto sound = of_.can_be_read(w.types); !sound) return sound;
  if (highest_ == std::numeric_limits<std::uint32_t>::max()) {
    return std::unexpected(
        error(errc::size_limit_exceeded, of_.label_ + ": the file has used the last table id, " +
                                             std::to_string(highest_) +
                                             "; copy its entries to a new file"));
  }
  altered_table t{.as = of_.describe(w)};
  t.made = of_.make_table(++highest_, t.as, std::move(w.types));
  t.made->set_ttl(w.ttl);
  t.first = t.made->make_contents();
  t.is = t.made.get();
  note(op::table_created, tables_.emplace_back(std::move(t)));
  return {};
}

result<> instance::alteration::drop(const std::string& name) {
  auto* const t = find(name);
  if (t == nullptr) return std::unexpected(of_.no_table(name));
  t->is_dropped = true;
  note(op::table_dropped, *t);
  return {};
}

result<> instance::alteration::rename(const std::string& from, const std::string& to) {
  auto* const t = find(from);
  if (t == nullptr) return std::unexpected(of_.no_table(from));
  if (auto valid = check_name(to); !valid) return valid;
  if (from == to) return {};
  if (find(to) != nullptr) {
    return std::unexpected(
        refused(errc::key_already_present, to, "there is a table of this name already"));
  }
  t->as.name = to;
  t->is_changed = true;
  note(op::table_changed, *t);
  return {};
}

result<> instance::alteration::store(const std::string& name, storage where) {
  auto* const t = find(name);
  if (t == nullptr) return std::unexpected(of_.no_table(name));
  const bool in_memory = where == storage::memory;
  if (t->as.in_memory == in_memory) return {};
  t->as.in_memory = in_memory;
  t->is_changed = t->is_rewritten = true;
  note(op::table_changed, *t);
  return {};
}

/// The types of the step are those of the table; only their indexes may be others.
result<> instance::alteration::index(detail::wanted_table& w) {
  auto* const t = find(w.name);
  if (t == nullptr) return std::unexpected(of_.no_table(w.name));
  if (t->made) {
    return std::unexpected(refused(errc::invalid_argument, w.name,
                                   "it is created by the same alteration: create it as that type"));
  }
  auto indexed_by = std::exchange(w.types.indexes, nullptr);
  w.storage = t->is->description().in_memory ? storage::memory : storage::disk;
  if (auto joined = of_.join_table(*t->is, w); !joined) return std::unexpected(joined.error());
  w.types.indexes = indexed_by;
  auto recorded = indexes_to_record(w.types);
  if (recorded != t->as.indexes) {
    t->as.indexes = std::move(recorded);
    t->is_changed = t->is_declared = true;
  }
  t->indexed_by = std::move(indexed_by);
  has_indexes_ = true;
  return {};
}

/// Outside of the turn.
result<> instance::alteration::build_indexes() {
  for (auto& t : tables_) {
    if (!t.indexed_by || t.is_dropped) continue;
    if (!t.build) t.build = std::make_unique<index_build>(of_, *t.is, *t.indexed_by);
    if (auto built = t.build->build(); !built) return built;
  }
  return {};
}

/// In the turn. False: some must be built again.
result<bool> instance::alteration::finish_indexes() {
  for (auto& t : tables_) {
    if (!t.build) continue;
    auto caught_up = t.build->catch_up();
    if (!caught_up || !*caught_up) return caught_up;
    t.room = kinds::index_place::make_room();
    t.indexes = t.build->indexes();
  }
  return true;
}

result<> instance::alteration::replace(detail::wanted_table& w, std::shared_ptr<contents> by,
                                       sequence version) {
  if (auto dropped = drop(w.name); !dropped) return dropped;
  if (auto made = create(w); !made) return made;
  auto& t = tables_.back();
  t.first = std::move(by);
  t.is_rewritten = t.is_brought = true;
  version_ = std::max(version_, version);
  return {};
}

/// In the turn. All entries of tables that the file has not kept so far.
void instance::alteration::note_entries() {
  if (!of_.file_) return;
  for (const auto& t : tables_) {
    if (!t.is_rewritten || t.is_dropped || t.as.in_memory) continue;
    const kinds::held_version all(t.made ? t.first : t.is->owned());
    const auto what = is_bag(t.as.what) ? op::append : op::put;
    const auto walk = all.walk();
    for (auto some = walk->next(); !some.empty(); some = walk->next()) {
      for (const auto* e : some) {
        const auto until = e->until();
        changes_.push_back(
            {what, journal::flags_for(until), t.is->id(), e->key(), e->value(), until});
      }
    }
  }
}

/// What the catalog is to say of tables that will be there, with the next batch.
std::vector<stores::declared_table> instance::alteration::declare() const {
  std::vector<stores::declared_table> all;
  if (!of_.file_) return all;
  // What was declared before goes to the file with the batch of the alteration.
  const bool is_written = !of_.saves_later() && !changes_.empty();
  for (const auto& t : tables_) {
    const bool was = !is_written && std::ranges::any_of(of_.file_->declared(), [&](const auto& d) {
      return !t.made && d.id == t.is->id();
    });
    if (!t.is_dropped && (was || t.is_declared)) all.push_back({t.is->id(), t.as});
  }
  return all;
}

/// Write-back: what tables were to save. It is in the batch, or of no use any more; unless the
/// batch fails.
class instance::alteration::unsaved_changes {
 public:
  unsaved_changes() = default;
  unsaved_changes(const unsaved_changes&) = delete;
  unsaved_changes& operator=(const unsaved_changes&) = delete;
  ~unsaved_changes() {
    for (auto* c : taken_) is_settled_ ? c->settle_unsaved() : c->return_unsaved();
  }
  /// In the turn. Throws std::bad_alloc.
  void take(contents& from) {
    taken_.reserve(taken_.size() + 1);
    (void)from.take_unsaved();
    taken_.push_back(&from);
  }
  void settle() noexcept { is_settled_ = true; }

 private:
  std::vector<contents*> taken_;
  bool is_settled_ = false;
};

/// The file gets the batch, and it is synced. In the turn.
result<> instance::alteration::write(sequence number) {
  if (!of_.file_ || changes_.empty()) return {};
  auto& file = *of_.file_;
  if (auto why = file.fence()) return std::unexpected(*why);
  const bool is_late = file::has_bug(file::seeded_bug::table_before_its_bit);
  auto done = is_late ? result<>() : file.allow_several_tables();
  if (done) done = file.append(number, changes_);
  if (done && is_late) done = file.allow_several_tables();
  if (!done) return done;
  auto synced = file.sync();
  if (synced || synced.error() == errc::indeterminate) return synced;
  return std::unexpected(in_doubt(synced.error()));
}

result<> instance::alteration::commit() {
  if (changes_.empty() && !has_indexes_) return {};
  for (auto& t : tables_) {
    if (t.is_changed && !t.is_dropped) t.face = &t.is->keep_face(of_.face_of(t.as));
  }
  for (int attempt = 0; attempt < most_builds; ++attempt) {
    if (auto built = build_indexes(); !built) return built;
    const std::scoped_lock lock(of_.commits_);
    auto finished = finish_indexes();
    if (!finished) return std::unexpected(finished.error());
    if (*finished) return commit_in_turn();
  }
  return std::unexpected(error(errc::conflict, of_.label_ +
                                                   ": a table was cleared again and again while "
                                                   "its indexes were built"));
}

result<> instance::alteration::commit_in_turn() {
  (void)of_.commits_.open_group();  // whoever follows the changes has missed nothing so far
  {
    const std::scoped_lock names(of_.names_);
    of_.tables_.reserve(of_.tables_.size() + tables_.size());
  }
  of_.commits_.expect_tables(of_.tables_.size() + tables_.size());
  note_entries();
  of_.commits_.continue_after(version_);
  const auto number = of_.commits_.draw();
  auto declared = declare();
  {
    unsaved_changes unsaved;
    for (const auto& t : tables_) {
      const bool has_some = of_.saves_later() && t.is_rewritten && !t.made && !t.is_dropped;
      if (has_some) unsaved.take(*t.is->held());
    }
    if (auto done = write(number); !done) return done;
    unsaved.settle();
  }
  if (of_.file_) of_.file_->declare(std::move(declared));
  assert(number == of_.commits_.last() && of_.commits_.open_group().empty() && "the turn is ours");
  show(number);
  of_.observers_->wake();
  of_.look_after_leftovers(true);
  return {};
}

/// Whoever looks at all tables at once sees them before or after.
void instance::alteration::show(sequence number) noexcept {
  const std::scoped_lock names(of_.names_);
  of_.highest_id_ = highest_;
  for (auto& t : tables_) {
    if (t.face != nullptr) t.is->show_face(*t.face);
    if (t.indexed_by && !t.is_dropped) {
      t.is->held()->indexes.replace(std::move(t.indexes), number, std::move(t.room));
      t.build->take_up(*std::move(t.indexed_by));
    }
    if (t.is_rewritten && !t.is_dropped) {
      const bool keeps = of_.writes_file() && !t.as.in_memory;
      t.is->keep_as(keeps && !of_.saves_later(), keeps && of_.saves_later());
    }
    if (t.made && !t.is_dropped) {
      assert(of_.tables_.size() < of_.tables_.capacity() && "room was made");
      t.first->since = number;
      if (t.is_brought) t.first->join(of_.commits_.shared_board());
      if (t.is_brought && t.first->indexes) {
        t.first->indexes->join(of_.commits_.shared_board());
      }
      of_.tables_.push_back(std::move(t.made));
      t.is->install(std::move(t.first));
    } else if (t.is_dropped && !t.made) {
      t.is->drop();
    }
  }
  of_.commits_.board().publish(number);
}

/// Tables that are not there yet: all of them, or none. Under life_, or before anybody has the
/// database.
result<> instance::create_tables(std::vector<wanted_table>& wanted) {
  alteration all(*this);
  for (auto& w : wanted) {
    if (w.name.empty() || find(w.name) != nullptr) continue;
    if (auto made = all.create(w); !made) return made;
  }
  return all.commit();
}

/// Of a table that nobody has a handle of, since its types are not the program's. False: there is
/// nothing to migrate.
result<bool> instance::migrate_known(live_table& known, wanted_table& w) {
  if (known.is_typed() || w.migrate.empty()) return false;
  conversion_settings how{.path = find_path(w.migrate, known.description(), w.types),
                          .now = clock_.now(),
                          .entry_limit = config_.limits.entry_bytes,
                          .label = known.label(),
                          .tell = config_.tell_migrated};
  if (how.path.empty()) return false;
  if (!config_.in_memory && !writes_file()) return std::unexpected(labelled(errc::read_only));
  if (is_in_callback()) return std::unexpected(labelled(errc::busy));
  const check_scope runs_functions(checking_);
  const auto all = [&] {
    const std::scoped_lock lock(commits_);
    return known.owned();
  }();
  how.of = all->size();
  const auto settings = how_to_load();
  w.storage = known.description().in_memory ? storage::memory : storage::disk;
  table_loader to(settings, &w.types, describe(w));
  const auto done = convert_all(all, how, to);
  if (done.failed != 0) return std::unexpected(not_converted(done, known.label()));
  if (auto fits = to.judge(); !fits) return std::unexpected(fits.error());
  auto made = to.take();
  alteration step(*this);
  auto replaced = step.replace(w, std::move(made), to.version());
  if (replaced) replaced = step.commit();
  if (!replaced) return std::unexpected(replaced.error());
  return true;
}

result<> instance::may_alter() const {
  if (is_forked()) return std::unexpected(labelled(errc::forked));
  if (is_checking() || is_in_callback()) return std::unexpected(labelled(errc::busy));
  return {};
}

result<> instance::alter(std::vector<detail::table_step> steps) {
  if (auto may = may_alter(); !may) return may;
  if (authority_) {
    return std::unexpected(
        error(errc::invalid_argument,
              label_ + ": the tables of a cluster can be created by table<T>(), and no more"));
  }
  const std::scoped_lock lock(life_);
  if (!is_open()) return std::unexpected(labelled(errc::table_closed));
  if (!config_.in_memory && !writes_file()) return std::unexpected(labelled(errc::read_only));
  alteration all(*this);
  for (auto& step : steps) {
    if (auto taken = all.take(step); !taken) return taken;
  }
  return all.commit();
}

}  // namespace shelf::engine
