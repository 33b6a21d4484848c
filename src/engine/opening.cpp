// ENGINE  api -> [engine] -> stores -> journal -> file
// Opening: find the place, lock, recover, load, check; or create.
#include "engine/loader.hpp"
#include "engine/store.hpp"
#include "memory/epoch.hpp"
#include "stores/capabilities.hpp"
#include "term/limits.hpp"
#include "term/order.hpp"

#include <atomic>
#include <cerrno>

namespace shelf::engine {
namespace {

/// Another process may create or replace the file between our looks at it.
constexpr int tries = 10;

[[nodiscard]] result<> check_config(const detail::core_config& c, kind what) {
  const auto refuse = [&](const char* why) {
    return std::unexpected(error(errc::invalid_argument, why));
  };
  if (c.in_memory) return {};
  if (c.path.empty())
    return refuse("config.path is empty; in_memory() makes a table without a file");
  if (c.save_every.count() < 0 || c.sync_every.count() < 0) {
    return refuse("config.save_every and sync_every cannot be negative");
  }
  if (c.compaction.garbage_factor < 2) {
    return refuse("config.compaction.garbage_factor must be 2 or more");
  }
  if (c.limits.nesting == 0 || c.limits.nesting > terms::max_nesting) {
    return refuse("config.limits.nesting must be from 1 to 1024");
  }
  if (c.limits.entry_bytes == 0 || c.limits.entry_bytes > (std::size_t{1} << 31)) {
    return refuse("config.limits.entry_bytes must be from 1 to 2 GiB");
  }
  if (what == kind::ordered_set && !stores::keeps(c.format, stores::capability::ordered_map)) {
    return std::unexpected(error(
        errc::wrong_kind,
        c.path +
            ": a DETS file cannot hold an ordered_set: map, bag or duplicate_bag, or the native "
            "format"));
  }
  return {};
}

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

store::store(detail::core_config config, detail::entry_types types)
    : config_(std::move(config)),
      types_(std::move(types)),
      label_(label_of(config_)),
      system_(config_.system != nullptr ? *config_.system : file::real_system()),
      description_{.what = types_.what,
                   .name = "main",
                   .key_schema = types_.key_schema,
                   .value_schema = types_.value_schema},
      turn_([this](queued* first) { execute(static_cast<operation*>(first)); }) {
  if (config_.access == access::one_writer) owner_.emplace();
}

result<std::shared_ptr<store>> store::open(detail::core_config config, detail::entry_types types) {
  if (auto valid = check_config(config, types.what); !valid) return std::unexpected(valid.error());
  auto s = std::make_shared<store>(std::move(config), std::move(types));
  const bool has_keeper = s->system_.has_background_threads();
  auto* keeper = has_keeper ? &housekeeper::instance() : nullptr;
  auto room = has_keeper ? housekeeper::room_for(s) : housekeeper::place();
  if (s->config_.in_memory) {
    s->install(s->make_contents(0));
  } else if (auto opened = s->open_file(); !opened) {
    return std::unexpected(opened.error());
  }
  if (has_keeper) s->hire(*keeper, std::move(room));
  return s;
}

/// Nobody else has the table yet.
void store::hire(housekeeper& keeper, housekeeper::place&& room) noexcept {
  keeper_ = &keeper;
  if (writes_file()) {
    visit_comes_ = true;
    return keeper.add(std::move(room), work());
  }
  room_ = std::move(room);
}

std::shared_ptr<contents> store::make_contents(sequence first) const {
  return make_contents(first, types_.what);
}

std::shared_ptr<contents> store::make_contents(sequence first, kind what) const {
  return contents::make({.what = what,
                         .hash_seed = process_hash_seed(system_),
                         .first = first,
                         .order = {&terms::compare, &terms::order_prefix}});
}

backing_options store::file_options() const { return {where_, config_, description_}; }

loader store::make_loader() const {
  loader load(types_, config_.missing_fields, config_.path, [this] { return make_contents(0); });
  if (config_.format == file_format::dets) load.expect_no_schema();
  return load;
}

result<> store::open_file() {
  auto where = file::location::find(system_, config_.path, config_.base_directory);
  if (!where) return std::unexpected(where.error());
  where_ = std::make_shared<file::location>(std::move(*where));
  if (config_.file_system == file_system::local) {
    if (auto local = where_->refuse_network_file_system(); !local) return local;
  }
  if (config_.opening == opening::read_only) return open_to_read_only();
  result<> opened;
  for (int i = 0; i < tries; ++i) {
    if (config_.opening != opening::create_new) {
      opened = open_existing();
      if (opened || opened.error() != errc::not_found || config_.opening == opening::existing) {
        return opened;
      }
    }
    opened = create_file();
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
result<> store::can_be_read(const detail::entry_types& types) const {
  if (types.compare_schema == nullptr || config_.format != file_format::native) return {};
  for (const auto* schema : {&types.key_schema, &types.value_schema}) {
    auto read = types.compare_schema(*schema, "any", missing_fields::refuse);
    if (read) continue;
    return std::unexpected(error(read.error().code(),
                                 config_.path + ": cannot be written: " + read.error().message()));
  }
  return {};
}

result<> store::create_file() {
  if (auto sound = can_be_read(types_); !sound) return sound;
  // All memory it takes, before the file has a name.
  auto empty = make_contents(1);
  auto made = stores::create_backing(file_options());
  if (!made) return std::unexpected(made.error());
  sequence_ = 1;
  file_ = std::move(*made);
  install(std::move(empty));
  return {};
}

result<> store::open_existing() {
  auto opened = stores::open_backing(file_options());
  if (!opened) return std::unexpected(opened.error());
  auto& f = **opened;
  auto load = make_loader();
  load.reserve(f.expected_entries());
  if (auto read = f.read_all(load); !read) return read;
  auto loaded = load.finish();
  if (!loaded) return std::unexpected(loaded.error());
  // The file must not go on under a schema that new entries do not have: it is replaced.
  const bool replaces = load.brought_up_to_date();
  // Whatever can refuse the file comes before this, so that a refused file stays as it was found.
  auto ready = replaces ? can_be_read(types_) : result<>();
  // A DETS file that was repaired puts its original aside, also if it is then replaced.
  const bool accepts = !replaces || config_.format == file_format::dets;
  if (ready && accepts) ready = f.accept();
  if (!ready) return ready;
  found_ = f.found();
  sequence_ = f.last_sequence();
  description_ = load.description();
  file_ = std::move(*opened);
  adopt(std::move(*loaded));
  if (replaces) return rewrite_from_memory();
  return {};
}

result<> store::open_to_read_only() {
  auto load = make_loader();
  auto found = stores::read_backing(file_options(), load);
  if (!found) return std::unexpected(found.error());
  auto loaded = load.finish();
  if (!loaded) return std::unexpected(loaded.error());
  {
    const std::scoped_lock lock(notes_);
    found_ = std::move(*found);
  }
  const std::scoped_lock lock(turn_);
  adopt(std::move(*loaded));
  return {};
}

void store::install(std::shared_ptr<contents> fresh) noexcept {
  const bool saves = config_.mode == write_mode::back && !config_.in_memory &&
                     config_.opening != opening::read_only;
  if (fresh && saves) fresh->track_unsaved();
  auto old = std::exchange(owned_, std::move(fresh));
  current_.store(owned_.get(), std::memory_order_release);
  if (old == nullptr) return;
  retired_.add(old);
  auto& place = old->farewell;
  memory::epoch::retire_later(place, std::move(old));
  if (keeper_ == nullptr) return;
  if (memory::epoch::is_waiting()) keeper_->look_after_readers();
  if (!retired_.empty()) want_visit();
}

}  // namespace shelf::engine

namespace shelf::detail {

result<std::shared_ptr<core>> open_core(core_config config, entry_types types) {
  auto opened = engine::store::open(std::move(config), std::move(types));
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
