// ENGINE  api -> [engine] -> stores -> journal -> file
// What a program does with a database of several tables: tables by name, moments, transactions.
#include "engine/altering.hpp"
#include "engine/instance.hpp"
#include "engine/transaction_run.hpp"
#include "error/printable.hpp"
#include "error/sentence.hpp"
#include "file/seeded_bug.hpp"
#include "memory/epoch.hpp"

#include <algorithm>
#include <cassert>

namespace shelf::engine {

using file::has_bug;
using file::seeded_bug;

namespace {

constexpr int first_reserved = 4;  // attempt

/// All tables at one moment.
class pinned_tables final : public detail::database_snapshot_core {
 public:
  struct shown_table {
    const detail::core* of;
    std::shared_ptr<const detail::snapshot_core> shown;
  };
  pinned_tables(std::shared_ptr<const pinned_version> at, std::vector<shown_table> all)
      : at_(std::move(at)), all_(std::move(all)) {}
  shelf::position position() const noexcept override {
    return at_ ? at_->position() : shelf::position{};
  }
  std::shared_ptr<const detail::snapshot_core> of(const detail::core& table) const override {
    const auto found = std::ranges::find(all_, &table, &shown_table::of);
    if (found != all_.end()) return found->shown;
    const auto& own = static_cast<const live_table&>(table);
    return empty_snapshot(own.types().what, own.make_empty(), own.identity());
  }

 private:
  const std::shared_ptr<const pinned_version> at_;
  const std::vector<shown_table> all_;
};

}  // namespace

// --- tables --------------------------------------------------------------------------------------

result<> check_name(const std::string& name) {
  const char* const why = stores::why_no_name(name);
  if (why == nullptr) return {};
  return std::unexpected(
      error(errc::invalid_argument, "table name '" + detail::printable(name) + "': " + why));
}

result<> check_wanted(const detail::wanted_table& w) {
  if (auto valid = check_name(w.name); !valid) return valid;
  if (auto valid = check_ttl(w.ttl, w.types.what, "table_options.ttl"); !valid) return valid;
  return check_bounds(w.types.bounds, w.types.what, "table_options.bounds");
}

result<> check_declared(const std::vector<wanted_table>& declared) {
  for (const auto& d : declared) {
    if (auto valid = check_wanted(d); !valid) return valid;
    if (std::ranges::count(declared, d.name, &wanted_table::name) == 1) continue;
    return std::unexpected(error(errc::invalid_argument,
                                 "table '" + detail::printable(d.name) + "' is declared twice"));
  }
  return {};
}

result<std::shared_ptr<instance>> instance::open_several(detail::core_config config,
                                                         std::vector<wanted_table> declared) {
  if (config.format != file_format::native) {
    return std::unexpected(
        error(errc::invalid_argument, config.path + ": a database is not kept in a DETS file"));
  }
  if (auto valid = check_declared(declared); !valid) return std::unexpected(valid.error());
  if (auto valid = check_config(config, kind::set); !valid) return std::unexpected(valid.error());
  auto opened = open(std::move(config), std::move(declared), false);
  if (!opened && opened.error() == errc::not_a_table) {
    return std::unexpected(
        error(errc::not_a_table,
              opened.error().message() + "; a database cannot be kept in a DETS file"));
  }
  return opened;
}

result<std::shared_ptr<detail::core>> instance::table(wanted_table w) {
  if (auto valid = check_wanted(w); !valid) return std::unexpected(valid.error());
  if (is_forked()) return std::unexpected(labelled(errc::forked));
  if (is_checking()) return std::unexpected(labelled(errc::busy));
  if (authority_) {
    if (auto there = declare_there(w); !there) return std::unexpected(there.error());
  }
  const std::scoped_lock lock(life_);
  if (!is_open()) return std::unexpected(labelled(errc::table_closed));
  if (!config_.in_memory && !writes_file()) w.types.bounds = {};
  auto* known = find(w.name);
  if (known == nullptr) {
    const bool only_reads = !config_.in_memory && !writes_file();
    if (only_reads || authority_) return std::unexpected(no_table(w.name));
    if (is_in_transaction()) return std::unexpected(labelled(errc::busy));
    const auto name = w.name;
    std::vector<wanted_table> one;
    one.push_back(std::move(w));
    if (auto made = create_tables(one); !made) return std::unexpected(made.error());
    known = find(name);
  } else if (auto migrated = migrate_known(*known, w); !migrated || *migrated) {
    if (!migrated) return std::unexpected(migrated.error());
    known = find(w.name);
  } else if (auto joined = join_table(*known, w); !joined) {
    return std::unexpected(joined.error());
  }
  assert(known != nullptr);
  return std::shared_ptr<detail::core>(shared_from_this(), known);
}

namespace {

/// Whoever asks for some may have the table with more.
[[nodiscard]] bool has_indexes(const detail::entry_types& known,
                               const detail::entry_types& wanted) {
  if (!wanted.indexes || wanted.indexes->empty()) return true;
  if (!known.indexes) return false;
  return std::ranges::all_of(*wanted.indexes, [&](const detail::index_definition& w) {
    return std::ranges::any_of(*known.indexes, [&](const detail::index_definition& k) {
      return k.name == w.name && k.is_unique == w.is_unique && k.derive == w.derive;
    });
  });
}

}  // namespace

/// The program has told what indexes a table has. Under life_, in the turn. Throws std::bad_alloc.
void instance::record_indexes(live_table& of, const detail::entry_types& types) {
  auto as = of.description();
  as.indexes = indexes_to_record(types);
  if (as.indexes == of.description().indexes) return;
  const auto before = file_->declared();
  std::vector<stores::declared_table> all(before.begin(), before.end());
  all.push_back({of.id(), as});
  const auto& face = of.keep_face(face_of(std::move(as)));
  file_->declare(std::move(all));
  of.show_face(face);
}

/// A table that is there already, asked for as of some types.
result<live_table*> instance::join_table(live_table& known, wanted_table& w) {
  const auto& as = known.description();
  const auto refuse = [&](errc code, const std::string& why) {
    return std::unexpected(error(code, known.label() + ": " + why));
  };
  if (as.what != w.types.what) {
    return refuse(errc::wrong_kind, "the table is " + std::string(in_words(as.what)) +
                                        ", the program asks for " + in_words(w.types.what));
  }
  if (as.in_memory != (w.storage == storage::memory)) {
    return refuse(errc::invalid_argument,
                  as.in_memory ? "the table is kept in memory alone" : "the table is kept on disk");
  }
  if (w.types.bounds.is_set() && w.types.bounds != known.types().bounds) {
    return refuse(errc::invalid_argument,
                  "the table is there already: bounds are given where it is declared or created");
  }
  const auto policy = missing_fields::refuse;
  if (auto same = w.types.compare_schema(as.key_schema, w.types.key_schema, policy); !same) {
    return refuse(same.error().code(), "the key type differs: " + same.error().message());
  }
  if (auto same = w.types.compare_schema(as.value_schema, w.types.value_schema, policy); !same) {
    return refuse(same.error().code(), "the value type differs: " + same.error().message());
  }
  if (known.is_typed() && !has_indexes(known.types(), w.types)) {
    return refuse(errc::invalid_argument,
                  "the table is open without one of these indexes; database::alter adds indexes");
  }
  if (w.ttl.count() != 0) known.set_ttl(w.ttl);
  if (known.is_typed()) return &known;
  // So far its entries were sound terms, no more. Others write it only with the types from here on.
  const std::scoped_lock lock(commits_);
  const auto all = known.snapshot()->entries();
  for (auto some = all->next(); !some.empty(); some = all->next()) {
    for (const auto& e : some) {
      auto fits = w.types.check(e.key, e.value);
      if (fits && w.types.accept && !w.types.accept(e.key, e.value)) {
        fits = std::unexpected(error(errc::type_mismatch, "an entry was rejected by the check"));
      }
      if (!fits) return refuse(fits.error().code(), fits.error().message());
    }
  }
  if (w.types.indexes) {
    // What older versions show of it is what it has now: it was not written since it was loaded.
    auto& held = *known.held();
    const auto since = std::max<sequence>(held.since, 1);
    const kinds::held_version shown(known.owned());
    auto made = kinds::make_indexes(shown, w.types.indexes, since, clock_.now(), known.label());
    if (!made) return std::unexpected(made.error());
    held.indexes.set(*std::move(made));
  }
  if (writes_file()) record_indexes(known, w.types);
  const std::scoped_lock names(names_);
  known.adopt_types(std::move(w.types));
  return &known;
}

std::vector<detail::table_facts> instance::tables() const {
  std::vector<detail::table_facts> all;
  if (!is_open()) return all;
  const std::scoped_lock lock(commits_);
  for (const auto& t : tables_) {
    const auto& d = t->description();
    if (t->held() == nullptr) continue;
    all.push_back({.name = d.name,
                   .what = d.what,
                   .key_schema = d.key_schema,
                   .value_schema = d.value_schema,
                   .storage = d.in_memory ? storage::memory : storage::disk,
                   .entries = t->size()});
  }
  return all;
}

void instance::add_open_tables(std::vector<open_table>& to) const {
  if (is_forked() || !is_open()) return;
  const std::scoped_lock lock(commits_);
  for (const auto& t : tables_) {
    if (t->held() == nullptr) continue;
    to.push_back({.label = label_,
                  .path = config_.path,
                  .name = t->description().name,
                  .what = t->description().what,
                  .mode = config_.mode,
                  .is_read_only = config_.opening == opening::read_only,
                  .entries = t->size(),
                  .memory_bytes = t->memory_bytes()});
  }
}

live_table* instance::own_table(const detail::core& which) const noexcept {
  // A core is a table of some instance, whatever database it is of.
  const auto& t = static_cast<const live_table&>(which);
  return &t.database() == this ? const_cast<live_table*>(&t) : nullptr;
}

std::shared_ptr<const detail::database_snapshot_core> instance::snapshot() const {
  std::vector<pinned_tables::shown_table> all;
  std::shared_ptr<const pinned_version> moment;
  if (is_open()) {
    look_after_leftovers(true);
    const std::scoped_lock lock(names_);
    moment = pin();
    for (const auto& t : tables_) {
      auto shown = t->look_at(moment->at());
      if (!shown) continue;
      all.push_back({t.get(), std::make_shared<table_snapshot>(
                                  moment, std::move(shown), t->description().what, t->identity())});
    }
  }
  return std::make_shared<pinned_tables>(std::move(moment), std::move(all));
}

// --- transactions --------------------------------------------------------------------------------

result<> instance::may_transact(const detail::transact_settings& how) const {
  if (is_forked()) return std::unexpected(labelled(errc::forked));
  if (!is_open()) return std::unexpected(labelled(errc::table_closed));
  if (is_stale() && !how.fresh) return std::unexpected(labelled(errc::stale));
  if (how.attempts < 1) {
    return std::unexpected(error(errc::invalid_argument, label_ + ": attempts must be 1 or more"));
  }
  return how.sync ? can_be_durable() : result<>();
}

result<> instance::can_be_durable() const {
  if (authority_) return {};  // what is committed is as safe as the server promises
  if (writes_file() && config_.mode != write_mode::back) return {};
  return std::unexpected(
      error(errc::invalid_argument,
            label_ + (config_.in_memory ? ": a database in memory has no disk to be on"
                                        : ": in write_mode::back, save() makes writes durable")));
}

result<detail::committed> instance::transact(
    const detail::transact_settings& how,
    detail::function_ref<result<>(detail::transaction_core&)> f) {
  if (auto* const outer = transaction_scope::find(*this)) {
    if (how.sync) {
      return std::unexpected(
          error(errc::invalid_argument,
                label_ + ": only the outermost of nested transactions can wait for the disk"));
    }
    if (how.fresh) {
      if (auto done = freshen(); !done) return std::unexpected(done.error());
    }
    auto nested = outer->nest([&] { return f(*outer); });
    if (!nested) return std::unexpected(nested.error());
    return detail::committed{
        .sequence = outer->at(), .attempts = outer->attempt(), .is_nested = true};
  }
  if (auto may = may_transact(how); !may) return std::unexpected(may.error());
  if (how.fresh) {
    if (auto done = freshen(); !done) return std::unexpected(done.error());
  }
  std::vector<live_table*> met;  // the tables of the last run that met others
  for (int attempt = 1; attempt <= how.attempts; ++attempt) {
    std::optional<reservation::hold> alone;
    std::shared_ptr<void> held;
    if (attempt >= first_reserved && authority_) held = authority_->hold();
    if (attempt >= first_reserved && !authority_) alone.emplace(reserved_, met);
    transaction_run run(*this, attempt);
    {
      const transaction_scope scope(run);
      if (auto done = f(run); !done) return std::unexpected(done.error());
    }
    if (run.failure()) return std::unexpected(*run.failure());
    detail::committed done{.sequence = run.at(), .attempts = attempt};
    bool is_conflict = false;
    if (run.has_writes()) {
      if (auto made = commit_once(run, done, is_conflict); !made) {
        return std::unexpected(made.error());
      }
    }
    if (is_conflict) {
      met = run.tables();
      continue;
    }
    alone.reset();
    held.reset();
    if (how.tell) (*how.tell)(done);
    if (how.sync && run.has_writes()) {
      if (auto synced = make_durable(done.sequence); !synced) {
        return std::unexpected(synced.error());
      }
    }
    run.run_on_commit();
    return done;
  }
  return std::unexpected(error(errc::conflict, label_ +
                                                   ": other writes came in between in each of " +
                                                   std::to_string(how.attempts) + " attempts"));
}

/// Never tried again after an error: a write that is indeterminate may be there.
result<> instance::commit_once(transaction_run& run, detail::committed& done, bool& is_conflict) {
  if (pressure_.is_high()) relieve_pressure();
  if (reserved_.is_held()) reserved_.wait_for(run.tables());
  run.make_ready();
  operation op(run.first_written(), operation::verb::commit);
  op.commit = &run;
  submit(op);
  if (has_bug(seeded_bug::indeterminate_retried) && op.failure == errc::indeterminate) {
    is_conflict = true;
    return {};
  }
  if (op.failure) return std::unexpected(*op.failure);
  is_conflict = op.is_conflict;
  // What it wrote was there already: it is as durable as what it read.
  done.changed = op.changed;
  done.ordinal = op.ordinal;
  if (op.changed) done.sequence = op.number;
  return {};
}

// --- durability ----------------------------------------------------------------------------------

bool instance::is_durable(std::uint64_t number) const {
  if (authority_) return true;
  if (!writes_file()) return false;
  return (config_.mode == write_mode::durable && number <= commits_.board().published()) ||
         number <= durable_.load(std::memory_order_acquire);
}

result<> instance::make_durable(std::uint64_t number) {
  if (auto can = can_be_durable(); !can) return can;
  if (is_durable(number)) return {};
  // Who waited for another's sync is mostly served by it.
  const std::scoped_lock one_for_all(waits_for_sync_);
  if (is_durable(number)) return {};
  if (has_bug(seeded_bug::ticket_before_sync)) return {};
  return sync_and_note(false);
}

/// All batches up to that number are on disk.
void instance::note_on_disk(sequence number) noexcept {
  observers_->note_durable(number);
  auto known = durable_.load(std::memory_order_relaxed);
  while (known < number &&
         !durable_.compare_exchange_weak(known, number, std::memory_order_release)) {
  }
}

/// What the file has is published as that number, and is called like its last batch. In the turn.
void instance::name_batches(sequence published) noexcept {
  const auto last = file_->last_batch();
  const auto run = journal::run_of(file_->writes_in());
  if (run == 0) return;  // the format has no names
  observers_->name_batches(published, {.run = journal::run_of(last.of), .version = last.sequence},
                           run);
}

result<detail::database_figures> instance::stats() const {
  if (is_forked()) return std::unexpected(labelled(errc::forked));
  if (!is_open()) return std::unexpected(labelled(errc::table_closed));
  detail::database_figures sum;
  {
    const std::scoped_lock lock(commits_);
    for (const auto& t : tables_) {
      const auto* const c = t->held();
      if (c == nullptr) continue;
      ++sum.tables;
      sum.all.entries += c->size();
      sum.all.memory_bytes += t->memory_bytes();
      sum.all.payload_bytes += c->payload_bytes();
      t->add_expiry_figures(sum.all);
      sum.all.unsaved_changes += config_.mode == write_mode::back ? t->unsaved_count() : 0;
    }
    sum.all.sequence = commits_.board().published();
  }
  const auto unsaved = sum.all.unsaved_changes;
  add_shared_figures(sum.all);
  sum.all.unsaved_changes = unsaved;
  return sum;
}

}  // namespace shelf::engine

namespace shelf::detail {

result<std::shared_ptr<database_core>> open_database(core_config config,
                                                     std::vector<wanted_table> declared) {
  auto opened = engine::instance::open_several(std::move(config), std::move(declared));
  if (!opened) return std::unexpected(opened.error());
  return std::shared_ptr<database_core>(std::move(*opened));
}

}  // namespace shelf::detail
