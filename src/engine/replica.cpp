// ENGINE  api -> [engine] -> stores -> journal -> file
// The memory of a database whose commits come from elsewhere: images, commits, tables.
#include "engine/replica.hpp"

#include "engine/followed_batch.hpp"
#include "engine/trial.hpp"
#include "error/printable.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <string>
#include <utility>

namespace shelf::engine {
namespace {

using journal::op;

[[nodiscard]] op op_of(detail::replica_change::verb v) noexcept {
  using verb = detail::replica_change::verb;
  switch (v) {
    case verb::put: return op::put;
    case verb::append: return op::append;
    case verb::erase: return op::erase;
    case verb::erase_value: return op::erase_value;
    case verb::clear: return op::clear;
  }
  std::unreachable();
}

[[nodiscard]] table_description description_of(const detail::replica_table& t) {
  return {
      .what = t.what, .name = t.name, .key_schema = t.key_schema, .value_schema = t.value_schema};
}

[[nodiscard]] std::unexpected<error> unsound(const std::string& label, const std::string& why) {
  return std::unexpected(error(errc::corrupt, label + ": " + why));
}

/// The types of declared tables, and why they cannot be those of a replica.
[[nodiscard]] result<> check_replicated(std::span<const wanted_table> declared) {
  for (const auto& d : declared) {
    const char* why = nullptr;
    if (d.storage == storage::memory) why = "cannot be kept in the memory of one process";
    if (!d.migrate.empty()) why = "cannot be migrated";
    if (d.ttl.count() != 0) why = "cannot have entries that expire";
    if (d.types.bounds.is_set()) why = "cannot be bounded";
    if (d.types.accept) why = "cannot have a check of its own";
    const auto* const indexes = d.types.indexes.get();
    if (indexes != nullptr && std::ranges::any_of(*indexes, &detail::index_definition::is_unique)) {
      why = "cannot have a unique index";
    }
    if (why == nullptr) continue;
    return std::unexpected(error(errc::invalid_argument, "table '" + detail::printable(d.name) +
                                                             "': a table of a cluster " + why));
  }
  return {};
}

}  // namespace

/// Contents in the making, on boards of their own.
class memory_image final : public detail::replica_image {
 public:
  explicit memory_image(replica_memory& of)
      : of_(of), declared_(of.declared()), load_(settings_of(of), declared_) {}

  result<> add_table(const detail::replica_table& t) override {
    const auto text = stores::encode_description(description_of(t));
    has_tables_ = true;
    return labelled(
        load_.visit({op::table_created, 0, t.number, as_bytes(text.key), as_bytes(text.value)}, 0));
  }
  result<> add(std::uint32_t table, bytes key, bytes value) override {
    return labelled(load_.visit({op::put, 0, table, key, value}, 0));
  }
  result<> publish(detail::function_ref<void()> shown) override {
    if (has_tables_) {
      if (auto fits = load_.judge(); !fits) return fits;
    }
    return of_.show(load_, declared_.size(), shown);
  }

 private:
  [[nodiscard]] static load_settings settings_of(const replica_memory& of) {
    auto how = of.database().how_to_load();
    how.path = of.database().label();
    return how;
  }
  [[nodiscard]] result<> labelled(result<> done) const {
    if (done || done.error() != errc::corrupt) return done;
    return unsound(of_.database().label(), done.error().message());
  }

  replica_memory& of_;
  const std::vector<declared_table> declared_;
  file_loader load_;
  bool has_tables_ = false;
};

replica_memory::replica_memory(instance& of, std::vector<wanted_table> declared)
    : of_(of), wanted_(std::move(declared)) {}

replica_memory::~replica_memory() = default;

std::vector<declared_table> replica_memory::declared() const {
  const std::scoped_lock life(of_.life_);
  return declared_locked();
}

std::vector<declared_table> replica_memory::declared_locked() const {
  auto all = of_.known_tables();
  for (const auto& w : wanted_) all.push_back({w.name, &w.types});
  return all;
}

std::unique_ptr<detail::replica_image> replica_memory::begin_image() {
  return std::make_unique<memory_image>(*this);
}

result<> replica_memory::show(file_loader& loaded, std::size_t declared,
                              detail::function_ref<void()> shown) {
  const std::scoped_lock life(of_.life_);
  if (!of_.is_open()) return std::unexpected(of_.labelled(errc::table_closed));
  // The program has told types meanwhile: what was loaded was not checked against them.
  if (declared_locked().size() != declared) return std::unexpected(error(errc::conflict));
  const std::scoped_lock turn(of_.commits_);
  if (of_.tables_.empty()) {
    of_.add_loaded(loaded, wanted_);
    wanted_.clear();
  } else {
    of_.adopt(loaded, nullptr);
  }
  shown();
  return {};
}

void replica_memory::try_in_turn(detail::function_ref<void(detail::replica_trial&)> f) {
  auto& turn = of_.commits_;
  trial all(turn.open_group());
  try {
    f(all);
  } catch (...) {
    turn.discard();
    throw;
  }
  turn.discard();
}

result<> replica_memory::try_writes(detail::function_ref<void(detail::replica_trial&)> f) {
  const std::scoped_lock life(of_.life_);
  if (!of_.is_open()) return std::unexpected(of_.labelled(errc::table_closed));
  const std::scoped_lock turn(of_.commits_);
  try_in_turn(f);
  return {};
}

result<> replica_memory::apply(std::span<const detail::replica_change> changes,
                               detail::function_ref<void(detail::replica_trial&)> decide,
                               detail::function_ref<void()> shown) {
  const std::scoped_lock life(of_.life_);
  if (!of_.is_open()) return std::unexpected(of_.labelled(errc::table_closed));
  // A clear makes what the commit has done to the table before it of no account.
  std::map<std::uint32_t, std::size_t> cleared;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (changes[i].what == detail::replica_change::verb::clear) cleared[changes[i].table] = i;
  }
  followed_batch batch(of_);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const auto& c = changes[i];
    const auto* const in = of_.table_of(c.table);
    if (in == nullptr || in->held() == nullptr) {
      return unsound(of_.label(),
                     "a commit changes table " + std::to_string(c.table) + ", which is not there");
    }
    const auto clear = cleared.find(c.table);
    if (clear != cleared.end() && i < clear->second) continue;
    if (auto fits = batch.visit({op_of(c.what), 0, c.table, c.key, c.value}, 0); !fits) return fits;
  }
  assert(!batch.is_beyond_us() && "its tables are there, and a clear comes first");
  const std::scoped_lock turn(of_.commits_);
  try_in_turn(decide);
  if (batch.stage(of_.commits_)) of_.commits_.publish();
  shown();
  return {};
}

result<> replica_memory::add_table(const detail::replica_table& t) {
  if (const char* why = stores::why_no_name(t.name); why != nullptr || t.number == 0) {
    return unsound(of_.label(), "the server has a table '" + detail::printable(t.name) +
                                    "': " + (why != nullptr ? why : "its number is 0"));
  }
  const std::scoped_lock life(of_.life_);
  if (!of_.is_open()) return std::unexpected(of_.labelled(errc::table_closed));
  if (of_.table_of(t.number) != nullptr) return {};
  const auto as = description_of(t);
  auto made = of_.make_table(t.number, as, types_of(as));
  auto empty = made->make_contents();
  const std::scoped_lock turn(of_.commits_);
  (void)of_.commits_.open_group();  // whoever follows the changes has missed nothing so far
  const auto number = of_.commits_.draw();
  empty->since = number;
  of_.keep(std::move(made)).install(std::move(empty));
  of_.commits_.board().publish(number);
  return {};
}

void replica_memory::drop_table(std::uint32_t number) {
  const std::scoped_lock life(of_.life_);
  auto* const dropped = of_.table_of(number);
  const std::scoped_lock turn(of_.commits_);
  if (dropped == nullptr || dropped->is_dropped()) return;
  {
    const std::scoped_lock names(of_.names_);
    dropped->drop();
  }
  of_.observers_->wake();
}

void replica_memory::refuse_reads(bool as_stale) noexcept { of_.is_stale_ = as_stale; }

void replica_memory::report(const error& why) noexcept { of_.report(why); }

// --- who decides ---------------------------------------------------------------------------------

void instance::submit_elsewhere(operation& op) {
  routed_write w(op);
  authority_->submit(w);
}

result<> instance::decide(detail::function_ref<result<>()> ask) const {
  if (is_forked()) return std::unexpected(labelled(errc::forked));
  if (is_busy_here()) return std::unexpected(labelled(errc::busy));
  if (!is_open()) return std::unexpected(labelled(errc::table_closed));
  return ask();
}

/// Has the table made where it is decided what tables there are.
result<> instance::declare_there(const wanted_table& w) const {
  if (auto valid = check_replicated({&w, 1}); !valid) return valid;
  {
    const std::scoped_lock names(names_);
    if (find(w.name) != nullptr) return {};
  }
  return decide([&] {
    return authority_->declare({.name = w.name,
                                .what = w.types.what,
                                .key_schema = w.types.key_schema,
                                .value_schema = w.types.value_schema});
  });
}

}  // namespace shelf::engine

namespace shelf::detail {

result<opened_replica> open_replica(core_config config, std::vector<wanted_table> declared) {
  using engine::instance;
  if (auto valid = engine::check_declared(declared); !valid) return std::unexpected(valid.error());
  if (auto valid = engine::check_replicated(declared); !valid) {
    return std::unexpected(valid.error());
  }
  config.in_memory = true;
  auto opened = instance::open_several(std::move(config), {});
  if (!opened) return std::unexpected(opened.error());
  auto& made = **opened;
  auto memory = std::make_unique<engine::replica_memory>(made, std::move(declared));
  auto* const shown = memory.get();
  made.set_replica(std::move(memory));
  return opened_replica{std::move(*opened), shown};
}

void set_authority(database_core& of, std::shared_ptr<authority> by) noexcept {
  static_cast<engine::instance&>(of).set_authority(std::move(by));
}

std::shared_ptr<authority> authority_of(const database_core& of) noexcept {
  return static_cast<const engine::instance&>(of).decided_by();
}

}  // namespace shelf::detail
