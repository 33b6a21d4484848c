// API  [api] -> engine -> stores -> journal -> file
// The bodies of database.hpp.
#pragma once

#include "shelf/database.hpp"

#include <tuple>

namespace shelf {
namespace detail {

[[nodiscard]] inline decoding_rules rules_of(const database_config& c) noexcept {
  return {.missing_fields = c.missing_fields == missing_fields::use_defaults,
          .nesting = static_cast<std::uint32_t>(c.limits.nesting)};
}

[[nodiscard]] inline core_config untyped(database_config c) {
  core_config u;
  u.path = std::move(c.path);
  u.base_directory = std::move(c.base_directory);
  u.name = std::move(c.name);
  u.mode = c.mode;
  u.opening = c.opening;
  u.io = c.io;
  u.save_every = c.save_every;
  u.save_at_bytes = c.save_at_bytes;
  u.sync_every = c.sync_every;
  u.follow = c.follow;
  u.missing_fields = c.missing_fields;
  u.on_error = std::move(c.on_error);
  u.tell_migrated = std::move(c.on_migrate);
  u.limits = c.limits;
  u.compaction = c.compaction;
  u.history = c.history;
  u.metrics = c.metrics;
  u.file_system = c.file_system;
  u.system = c.system;
  u.clock = c.clock;
  u.clock_grace = c.clock_grace;
  return u;
}

/// The friend of databases that are opened elsewhere.
struct database_access {
  [[nodiscard]] static database handle(std::shared_ptr<database_core> of,
                                       const decoding_rules& rules, const encoding_limits& limits) {
    return {std::move(of), rules, limits};
  }
  [[nodiscard]] static const std::shared_ptr<database_core>& core_of(const database& db) noexcept {
    return db.core_;
  }
  [[nodiscard]] static const std::shared_ptr<posted>& posted_of(const ticket& t) noexcept {
    return t.posted_;
  }
  [[nodiscard]] static const std::shared_ptr<database_core>& core_of(const ticket& t) noexcept {
    return t.core_;
  }
};

/// A declaration as the core wants it.
template <class T>
[[nodiscard]] wanted_table untyped(declared<T> d, const decoding_rules& rules,
                                   const encoding_limits& limits) {
  typename T::config c;
  c.check = std::move(d.options.check);
  c.bounds = d.options.bounds;
  return {.name = std::move(d.name),
          .types = make_entry_types(table_access::types_of<T>(c, rules)),
          .storage = d.options.storage,
          .ttl = d.options.ttl,
          .migrate = d.options.migrate.made(rules, limits)};
}

/// Declarations as the core wants them.
template <class... T>
[[nodiscard]] std::vector<wanted_table> all_untyped(const decoding_rules& rules,
                                                    const encoding_limits& limits,
                                                    declared<T>... tables) {
  std::vector<wanted_table> wanted;
  wanted.reserve(sizeof...(T));
  (wanted.push_back(untyped(std::move(tables), rules, limits)), ...);
  return wanted;
}
[[nodiscard]] inline encoding_limits limits_of(const core_config& c,
                                               const decoding_rules& rules) noexcept {
  return {.size = c.limits.entry_bytes, .nesting = rules.nesting};
}

}  // namespace detail

inline result<> ticket::wait() const {
  if (posted_) return core_->await(*posted_);
  if (core_) return core_->make_durable(sequence_);
  return std::unexpected(
      error(errc::invalid_argument, "no transaction has committed with this ticket"));
}

inline bool ticket::is_durable() const {
  if (!posted_) return core_ && core_->is_durable(sequence_);
  const auto known = posted_->outcome();
  return known && *known;
}

template <class... T>
result<database> database::open(database_config c, declared<T>... tables) {
  const auto rules = detail::rules_of(c);
  return open_core(detail::untyped(std::move(c)), rules, std::move(tables)...);
}

template <class... T>
result<database> database::in_memory(declared<T>... tables) {
  detail::core_config c;
  c.in_memory = true;
  return open_core(std::move(c), {}, std::move(tables)...);
}

template <class... T>
result<database> database::open_core(detail::core_config c, const detail::decoding_rules& rules,
                                     declared<T>... tables) {
  const auto limits = detail::limits_of(c, rules);
  auto core =
      detail::open_database(std::move(c), detail::all_untyped(rules, limits, std::move(tables)...));
  if (!core) return std::unexpected(core.error());
  return database(std::move(*core), rules, limits);
}

template <class... T>
result<std::vector<table_migration>> database::try_migration(database_config c,
                                                             declared<T>... tables) {
  const auto rules = detail::rules_of(c);
  auto core = detail::untyped(std::move(c));
  const auto limits = detail::limits_of(core, rules);
  return detail::try_migrations(std::move(core),
                                detail::all_untyped(rules, limits, std::move(tables)...));
}

template <path_argument P, class... T>
result<database> database::open(const P& path, declared<T>... tables) {
  database_config c;
  c.path = detail::path_text(path);
  return open(std::move(c), std::move(tables)...);
}

inline database& database::operator=(database&& other) noexcept {
  if (this == &other) return *this;
  release();
  core_ = std::move(other.core_);
  rules_ = other.rules_;
  limits_ = other.limits_;
  return *this;
}

template <class T>
result<T> database::table(std::string name, table_options<T> options) {
  auto core = core_->table(
      detail::untyped(declared<T>{std::move(name), std::move(options)}, rules_, limits_));
  if (!core) return std::unexpected(core.error());
  return detail::table_access::handle<T>(std::move(*core), rules_, limits_);
}

template <class T>
void schema::create(std::string name, table_options<T> options) {
  auto wanted = detail::untyped(declared<T>{name, std::move(options)}, rules_, {});
  steps_.push_back({.what = detail::table_step::verb::create,
                    .name = std::move(name),
                    .made = std::move(wanted)});
}

template <class T>
void schema::index(std::string name) {
  auto wanted = detail::untyped(declared<T>{name, {}}, rules_, {});
  steps_.push_back({.what = detail::table_step::verb::index,
                    .name = std::move(name),
                    .made = std::move(wanted)});
}

template <class F>
result<> database::alter(F&& f) {
  static_assert(std::is_invocable_v<F&, schema&>,
                "The function given to alter takes a shelf::schema&.");
  using made = std::invoke_result_t<F&, schema&>;
  static_assert(std::is_void_v<made> || detail::is_result<made>::value,
                "The function given to alter returns nothing, or a shelf::result.");
  schema steps(rules_);
  detail::last_outcome<made> last;
  auto noted = last.run([&]() -> decltype(auto) { return detail::invoke(f, steps); });
  return noted ? core_->alter(std::move(steps.steps_)) : noted;
}

template <class F>
auto database::read(F&& f, const read_options& options) const {
  static_assert(std::is_invocable_v<F&, const database_snapshot&>,
                "The function given to read takes a const shelf::database_snapshot&.");
  detail::last_outcome<std::invoke_result_t<F&, const database_snapshot&>> last;
  if (options.fresh) {
    if (auto done = core_->freshen(); !done) return last.take(std::move(done));
  }
  const auto moment = snapshot();
  // Asked after the snapshot was taken, so that one of an open database is whole.
  if (!core_->is_open()) {
    return last.take(result<>(
        std::unexpected(error(errc::table_closed, core_->label() + ": the database is closed"))));
  }
  return last.take(last.run([&]() -> decltype(auto) { return detail::invoke(f, moment); }));
}

template <class F>
auto database::transact(F&& f, const transact_options& options) {
  static_assert(std::is_invocable_v<F&, transaction&>,
                "The function given to transact takes a shelf::transaction&.");
  detail::last_outcome<std::invoke_result_t<F&, transaction&>> last;
  if (options.ticket != nullptr) *options.ticket = {};
  const auto fill_ticket = [&](const detail::committed& done) {
    if (options.ticket == nullptr) return;
    options.ticket->core_ = core_;
    options.ticket->sequence_ = done.sequence;
  };
  return last.take(core_->transact({.attempts = options.attempts,
                                    .sync = options.sync,
                                    .tell = fill_ticket,
                                    .fresh = options.fresh},
                                   [&](detail::transaction_core& run) -> result<> {
                                     transaction tx(run);
                                     return last.run(
                                         [&]() -> decltype(auto) { return detail::invoke(f, tx); });
                                   }));
}

template <class F>
result<ticket> database::post(F&& f) {
  static_assert(std::is_invocable_v<F&, transaction&>,
                "The function given to post takes a shelf::transaction&.");
  using made = std::invoke_result_t<F&, transaction&>;
  static_assert(std::is_void_v<made> || detail::is_result<made>::value,
                "The function given to post returns nothing, or a shelf::result.");
  detail::last_outcome<made> last;
  auto taken = core_->post([&](detail::transaction_core& run) -> result<> {
    transaction tx(run);
    return last.run([&]() -> decltype(auto) { return detail::invoke(f, tx); });
  });
  if (!taken) return std::unexpected(taken.error());
  ticket made_for;
  made_for.core_ = core_;
  made_for.sequence_ = taken->number;
  made_for.posted_ = std::move(taken->under_way);
  return made_for;
}

template <class... DeclaredAndF>
auto with_database(database_config c, DeclaredAndF&&... declared_and_f) {
  static_assert(sizeof...(DeclaredAndF) != 0, "with_database needs a function to call.");
  auto all = std::forward_as_tuple(declared_and_f...);
  constexpr auto last = sizeof...(DeclaredAndF) - 1;
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return detail::use_and_close(database::open(std::move(c), std::move(std::get<I>(all))...),
                                 std::get<last>(all));
  }(std::make_index_sequence<last>{});
}

}  // namespace shelf
