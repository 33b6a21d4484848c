// ENGINE  api -> [engine] -> stores -> journal -> file
// Opening: find the place, lock, recover, load, check; or create.
#include "engine/instance.hpp"
#include "engine/loader.hpp"
#include "engine/open_registry.hpp"
#include "error/printable.hpp"
#include "file/seeded_bug.hpp"
#include "journal/journal_file.hpp"
#include "stores/capabilities.hpp"
#include "term/order.hpp"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cerrno>

namespace shelf::engine {
namespace {

/// Another process may create or replace the file between our looks at it.
constexpr int tries = 10;

/// What the in-memory kinds share in a process, set up with the first table.
[[nodiscard]] std::uint64_t process_hash_seed(file::system& system) {
  // No guard that a fork could leave locked: the first to draw one decides.
  static constinit std::atomic<std::uint64_t> seed{0};
  std::uint64_t decided = seed.load(std::memory_order_relaxed);
  if (decided != 0) return decided;
  const std::uint64_t drawn = system.random() | 1;
  return seed.compare_exchange_strong(decided, drawn) ? drawn : decided;
}

[[nodiscard]] std::string label_of(const detail::core_config& c) {
  if (!c.name.empty()) return c.name;
  return c.in_memory ? "table in memory" : c.path;
}

}  // namespace

instance::instance(detail::core_config config, bool is_lone)
    : config_(std::move(config)),
      label_(label_of(config_)),
      is_lone_(is_lone),
      system_(config_.system != nullptr ? *config_.system : file::real_system()),
      file_(label_, system_),
      observers_(std::make_shared<observers>(system_.random() | 1)),
      clock_(config_.clock, system_, config_.clock_grace),
      commits_(file_, config_.mode, *observers_, clock_, [this] { want_visit(); }),
      pressure_(config_.mode == write_mode::back ? config_.save_at_bytes : 0),
      snapshots_(std::make_shared<snapshot_registry>(observers_)) {
  static_cast<void>(clock_.trusted());  // from here on a wall clock that stands is trusted
}

result<std::shared_ptr<live_table>> instance::open_lone(detail::core_config config,
                                                        detail::entry_types types) {
  if (auto valid = check_config(config, types.what); !valid) return std::unexpected(valid.error());
  std::vector<wanted_table> wanted;
  if (auto valid = check_bounds(types.bounds, types.what, "config.bounds"); !valid) {
    return std::unexpected(valid.error());
  }
  wanted.push_back({.name = config.table, .types = std::move(types), .ttl = config.ttl});
  const auto name = config.table;
  auto opened = open(std::move(config), std::move(wanted), true);
  if (!opened) return std::unexpected(opened.error());
  auto* const only = (*opened)->find(name);
  assert(only != nullptr);
  return std::shared_ptr<live_table>(std::move(*opened), only);
}

result<std::shared_ptr<instance>> instance::open(detail::core_config config,
                                                 std::vector<wanted_table> wanted, bool is_lone) {
  if (config.opening == opening::read_only && !config.in_memory) {
    // Whoever writes the file bounds its tables.
    for (auto& w : wanted) w.types.bounds = {};
  }
  auto s = std::make_shared<instance>(std::move(config), is_lone);
  const bool has_keeper = s->system_.has_background_threads();
  auto* keeper = has_keeper ? &housekeeper::instance() : nullptr;
  auto room = has_keeper ? housekeeper::room_for(s) : housekeeper::place();
  auto listed = room_in_list();
  if (!wanted.empty()) s->first_ = s->describe(wanted.front());
  if (s->config_.in_memory) {
    std::uint32_t id = 0;
    for (auto& w : wanted) {
      auto as = s->describe(w);
      auto& t = s->add_table(++id, std::move(as), std::move(w.types));
      t.install(t.make_contents());
    }
  } else if (auto opened = s->open_file(wanted); !opened) {
    return std::unexpected(opened.error());
  }
  for (const auto& w : wanted) {
    if (w.ttl.count() != 0) s->find(w.name)->set_ttl(w.ttl);
  }
  if (s->config_.history.before) s->commits_.keep_before();
  if (s->file_) {
    s->name_batches(s->commits_.board().published());
    s->note_on_disk(s->commits_.board().published());
  }
  list_as_open(s, std::move(listed));
  s->is_open_ = true;
  if (s->config_.in_memory || s->writes_file()) {
    for (const auto& t : s->tables_) {
      if (auto trimmed = t->trim(); !trimmed) return std::unexpected(trimmed.error());
    }
  }
  if (has_keeper) s->hire(*keeper, std::move(room));
  return s;
}

/// Nobody else has the database yet.
void instance::hire(housekeeper& keeper, housekeeper::place&& room) noexcept {
  keeper_ = &keeper;
  if (writes_file() || config_.follow.count() != 0) {
    visit_comes_ = true;
    return keeper.add(std::move(room), work());
  }
  room_ = std::move(room);
}

std::uint64_t instance::hash_seed() const { return process_hash_seed(system_); }

std::shared_ptr<contents> live_table::make_contents(detail::index_definitions indexed_by) const {
  return contents::make({.what = types_.what,
                         .hash_seed = of_.hash_seed(),
                         .board = of_.commits().shared_board(),
                         .order = {&terms::compare, &terms::order_prefix},
                         .now = of_.clock().now(),
                         .indexes = std::move(indexed_by),
                         .is_bounded = types_.bounds.is_set(),
                         .evicts = evicts_});
}

table_description instance::describe(const wanted_table& t) const {
  return {.what = t.types.what,
          .name = t.name.empty() ? "main" : t.name,
          .key_schema = t.types.key_schema,
          .value_schema = t.types.value_schema,
          .in_memory = t.storage == storage::memory,
          .indexes = indexes_to_record(t.types)};
}

std::vector<index_description> indexes_to_record(const detail::entry_types& types) {
  if (types.recorded) return types.recorded->kept;
  std::vector<index_description> all;
  if (!types.indexes) return all;
  for (const auto& i : *types.indexes) {
    if (std::ranges::find(all, i.as) == all.end()) all.push_back(i.as);
  }
  return all;
}

live_table* instance::find(std::string_view name) const noexcept {
  if (name.empty()) return tables_.size() == 1 ? tables_.front().get() : nullptr;
  const auto found = std::ranges::find_if(
      tables_, [&](const auto& t) { return !t->is_dropped() && t->description().name == name; });
  return found == tables_.end() ? nullptr : found->get();
}

table_face instance::face_of(table_description as) const {
  auto label = is_lone_ ? label_ : label_ + ": " + detail::printable(as.name);
  return {.as = std::move(as), .label = std::move(label)};
}

/// The table shows nothing yet.
std::unique_ptr<live_table> instance::make_table(std::uint32_t id, table_description as,
                                                 detail::entry_types types) {
  const bool keeps = writes_file() && !as.in_memory;
  const bool saves = config_.mode == write_mode::back;
  live_table::settings how{
      .id = id,
      .is_stored = (keeps && !saves) || replica_,
      .is_saved = keeps && saves,
      .is_read_only = config_.opening == opening::read_only,
      .has_owner = config_.access == access::one_writer,
      .is_lone = is_lone_,
      .counts_reads = config_.metrics == metrics::reads || config_.may_be_stale,
      .entry_limit = config_.limits.entry_bytes,
      .keeps_deadlines = !replica_ && stores::keeps(config_.format, stores::capability::deadlines),
      .may_be_stale = config_.may_be_stale};
  return std::make_unique<live_table>(*this, how, face_of(std::move(as)), std::move(types));
}

live_table& instance::keep(std::unique_ptr<live_table> made) {
  assert(std::ranges::find(tables_, made->id(), [](const auto& t) { return t->id(); }) ==
             tables_.end() &&
         "an id is never given twice");
  commits_.expect_tables(tables_.size() + 1);
  {
    const std::scoped_lock lock(names_);
    tables_.push_back(std::move(made));
  }
  highest_id_ = std::max(highest_id_, tables_.back()->id());
  return *tables_.back();
}

live_table& instance::add_table(std::uint32_t id, table_description as, detail::entry_types types) {
  return keep(make_table(id, std::move(as), std::move(types)));
}

stores::file_options instance::file_options() const { return {where_, config_, first_}; }

load_settings instance::how_to_load(bool may_have_several) const {
  return {
      .policy = config_.missing_fields,
      .path = config_.path,
      .names_tables = !is_lone_,
      .make =
          [seed = process_hash_seed(system_), now = clock_.now()](kind what, const size_bounds& b) {
            return contents::make({.what = what,
                                   .hash_seed = seed,
                                   .order = {&terms::compare, &terms::order_prefix},
                                   .now = now,
                                   .is_bounded = b.is_set(),
                                   .evicts = b.is_set() && b.when_full == when_full::evict});
          },
      .has_schema = config_.format != file_format::dets,
      .may_have_several = may_have_several,
      .now = clock_.now(),
      .entry_limit = config_.limits.entry_bytes,
      .tell_migrated = &config_.tell_migrated};
}

/// The tables whose types the program has told.
std::vector<declared_table> instance::known_tables() const {
  std::vector<declared_table> all;
  for (const auto& t : tables_) {
    if (t->is_typed() && !t->is_dropped()) {
      all.push_back({t->description().name, &t->types(), t->id()});
    }
  }
  return all;
}

result<> instance::open_file(std::vector<wanted_table>& wanted) {
  auto where = file::location::find(system_, config_.path, config_.base_directory);
  if (!where) return std::unexpected(where.error());
  where_ = std::make_shared<file::location>(std::move(*where));
  if (config_.file_system == file_system::local) {
    if (auto local = where_->refuse_network_file_system(); !local) return local;
  }
  if (config_.opening == opening::read_only) return open_to_read_only(wanted);
  result<> opened;
  for (int i = 0; i < tries; ++i) {
    if (config_.opening != opening::create_new) {
      opened = open_existing(wanted);
      if (opened || opened.error() != errc::not_found || config_.opening == opening::existing) {
        return opened;
      }
    }
    opened = create_file(wanted);
    if (opened || opened.error() != std::errc::file_exists) return opened;
    if (config_.opening == opening::create_new) {
      return std::unexpected(
          error(errc::file_error,
                config_.path + ": the file already exists; create_new only creates new files", {},
                EEXIST));
    }
    // Somebody created it between our two looks: open theirs.
  }
  return opened;
}

/// Whether an open would read these types back: if not, no file gets them.
result<> instance::can_be_read(const detail::entry_types& types) const {
  if (types.compare_schema == nullptr || config_.format != file_format::native) return {};
  for (const auto* schema : {&types.key_schema, &types.value_schema}) {
    auto read = types.compare_schema(*schema, "any", missing_fields::refuse);
    if (read) continue;
    return std::unexpected(error(read.error().code(),
                                 config_.path + ": cannot be written: " + read.error().message()));
  }
  return {};
}

result<> instance::create_file(std::vector<wanted_table>& wanted) {
  std::vector<table_description> as;
  for (const auto& w : wanted) {
    if (auto sound = can_be_read(w.types); !sound) return sound;
    as.push_back(describe(w));
  }
  // All memory it takes, before the file has a name.
  std::vector<std::shared_ptr<contents>> empty;
  for (std::uint32_t id = 1; id <= wanted.size(); ++id) {
    empty.push_back(add_table(id, as[id - 1], std::move(wanted[id - 1].types)).make_contents());
  }
  auto made = stores::create_file_store(file_options(), as);
  if (!made) {
    // Somebody else's file may be there: then theirs is opened.
    for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i].types = tables_[i]->give_up_types();
    tables_.clear();
    highest_id_ = 0;
    return std::unexpected(made.error());
  }
  assert(!file_ && commits_.last() == 0 && "it is new");
  file_.replace(std::move(*made));
  commits_.continue_after(1);
  commits_.board().publish(1);
  for (std::size_t i = 0; i < tables_.size(); ++i) tables_[i]->install(std::move(empty[i]));
  return {};
}

detail::entry_types types_of(const table_description& as) {
  detail::entry_types t;
  t.what = as.what;
  t.key_schema = as.key_schema;
  t.value_schema = as.value_schema;
  return t;
}

namespace {

enum class migrations : bool { no, yes };

[[nodiscard]] std::vector<declared_table> declared_in(const std::vector<wanted_table>& wanted,
                                                      migrations are_made) {
  std::vector<declared_table> all;
  for (const auto& w : wanted) {
    all.push_back({.name = w.name,
                   .types = &w.types,
                   .migrate = are_made == migrations::yes ? &w.migrate : nullptr});
  }
  return all;
}

}  // namespace

/// Tables for what a file holds; shown under the number that is drawn here. Nobody else has the
/// database yet.
void instance::add_loaded(file_loader& loaded, std::vector<wanted_table>& wanted) {
  highest_id_ = loaded.highest_id();
  std::vector<std::shared_ptr<contents>> all;
  std::vector<stores::declared_table> changed;
  for (auto& [id, t] : loaded.tables()) {
    all.push_back(t.load->take());
    commits_.continue_after(t.load->version());
  }
  const auto number = commits_.draw();
  assert(number > commits_.board().published() && all.size() == loaded.tables().size());
  auto next = all.begin();
  for (auto& [id, t] : loaded.tables()) {
    auto as = t.load->description();
    const auto is_this = [&](const wanted_table& w) { return w.name.empty() || w.name == as.name; };
    const auto own = t.declared != nullptr ? std::ranges::find_if(wanted, is_this) : wanted.end();
    auto types = own != wanted.end() ? std::move(own->types) : types_of(as);
    if (own != wanted.end() && writes_file()) {
      as.indexes = indexes_to_record(types);
      if (as.indexes != t.load->description().indexes) changed.push_back({id, as});
    }
    (void)add_table(id, as, std::move(types));
    auto& c = *next++;
    c->join(commits_.shared_board());
    if (c->indexes) c->indexes->join(commits_.shared_board());
    c->since = number;
  }
  commits_.board().publish(number);
  for (std::size_t i = 0; i < all.size(); ++i) tables_[i]->install(std::move(all[i]));
  if (writes_file()) file_->declare(std::move(changed));
}

result<> instance::open_existing(std::vector<wanted_table>& wanted) {
  auto opened = stores::open_file_store(file_options());
  if (!opened) return std::unexpected(opened.error());
  auto& f = **opened;
  file_loader load(how_to_load(f.has_several_tables()), declared_in(wanted, migrations::yes));
  load.reserve(f.expected_entries());
  if (auto read = f.read_all(load); !read) return read;
  if (auto fits = load.judge(); !fits) return fits;
  // The file must not go on under a schema that new entries do not have: it is replaced.
  const bool replaces = load.brought_up_to_date();
  // Whatever can refuse the file comes before this, so that a refused file stays as it was found.
  result<> ready;
  for (const auto& w : wanted) {
    const bool is_missing = std::ranges::none_of(load.tables(), [&](const auto& t) {
      return w.name.empty() || t.second.load->description().name == w.name;
    });
    if (ready && (replaces || is_missing)) ready = can_be_read(w.types);
  }
  // A DETS file that was repaired puts its original aside, also if it is then replaced.
  const bool accepts = !replaces || config_.format == file_format::dets;
  if (ready && accepts) ready = f.accept();
  if (!ready) return ready;
  found_ = f.found();
  commits_.continue_after(f.last_sequence());
  file_.replace(std::move(*opened));
  add_loaded(load, wanted);
  if (replaces) {
    if (auto written = rewrite_from_memory(); !written) return written;
  }
  return create_tables(wanted);
}

result<> instance::open_to_read_only(std::vector<wanted_table>& wanted) {
  file_loader load(how_to_load(), declared_in(wanted, migrations::no));
  auto found = stores::read_file_store(file_options(), load);
  if (!found) return std::unexpected(found.error());
  load.may_have_several(found->several_tables);
  if (auto fits = load.judge(); !fits) return fits;
  for (const auto& w : wanted) {
    const bool is_there = std::ranges::any_of(load.tables(), [&](const auto& t) {
      return w.name.empty() || t.second.load->description().name == w.name;
    });
    if (!is_there) return std::unexpected(no_table(w.name));
  }
  auto view = std::move(found->view);
  found_ = std::move(*found);
  // Nobody writes on in a file that has counted too far: there is nothing to follow.
  if (view && view->found().sequence > journal::most_sequence) view.reset();
  if (view) commits_.continue_after(view->found().sequence);
  add_loaded(load, wanted);
  if (view) {
    follow_from(std::move(view));
    name_followed(commits_.board().published(), followed_->found().changed);
  }
  return {};
}

/// Reads the file as open would, and changes nothing.
result<std::vector<detail::migrated_table>> instance::try_migrations(
    detail::core_config config, std::vector<wanted_table> declared) {
  if (auto valid = check_config(config, kind::set); !valid) return std::unexpected(valid.error());
  instance of(std::move(config), false);
  auto where = file::location::find(of.system_, of.config_.path, of.config_.base_directory);
  if (!where) return std::unexpected(where.error());
  of.where_ = std::make_shared<file::location>(std::move(*where));
  auto how = of.how_to_load();
  how.is_trial = true;
  file_loader load(std::move(how), declared_in(declared, migrations::yes));
  auto found = stores::read_file_store(of.file_options(), load);
  if (!found) return std::unexpected(found.error());
  load.may_have_several(found->several_tables);
  if (auto fits = load.judge(); !fits) return std::unexpected(fits.error());
  return std::move(load.migrated());
}

error instance::no_table(std::string_view name) const {
  const auto* const where = authority_ ? ": there is no table " : ": the file has no table ";
  return error(errc::not_found, label_ + where + detail::printable(name));
}

}  // namespace shelf::engine

namespace shelf::detail {

result<std::vector<migrated_table>> try_migrations(core_config config,
                                                   std::vector<wanted_table> declared) {
  return engine::instance::try_migrations(std::move(config), std::move(declared));
}

result<std::shared_ptr<core>> open_core(core_config config, entry_types types) {
  auto opened = engine::instance::open_lone(std::move(config), std::move(types));
  if (!opened) return std::unexpected(opened.error());
  return std::shared_ptr<core>(std::move(*opened));
}

result<> remove_file(const std::string& path, const std::optional<std::string>& base_directory,
                     file::system* system) {
  auto& s = system != nullptr ? *system : file::real_system();
  const auto where = file::location::find(s, path, base_directory);
  if (!where) return std::unexpected(where.error());
  // Holding the lock while the name goes keeps another process from opening what is about to
  // vanish.
  const auto locked = where->open_to_write();
  if (!locked) return std::unexpected(locked.error());
  return where->remove(*locked);
}

}  // namespace shelf::detail
