// ENGINE  api -> [engine] -> stores -> journal -> file
// A file of one schema replaced by a file of another, in one step.
#include "engine/instance.hpp"

namespace shelf::engine {
namespace {

/// Moves what a batch holds into contents; two entries under one key are an error, not a loss.
[[nodiscard]] result<> take_all(encoded_batch& from, contents& into, const std::string& label) {
  for (auto& e : from.entries()) {
    const auto s = into.stage_insert(e);
    if (s.what != staged::replaced) continue;
    return std::unexpected(
        error(errc::key_already_present, label + ": two entries would get the same key"));
  }
  from.entries().clear();
  return {};
}

}  // namespace

result<detail::migration_counts> instance::migrate(
    live_table& from, const detail::entry_types& to,
    detail::function_ref<result<>(detail::stored_entry, detail::entry_batch&)> convert,
    bool dry_run, const progress& tell) {
  if (auto sound = can_be_read(to); !sound) return std::unexpected(sound.error());
  const std::scoped_lock lock(life_);
  detail::migration_counts counts;
  const auto fresh = how_to_load().make(to.what, {});
  encoded_batch converted(config_.limits.entry_bytes, label_);
  const auto all = from.snapshot()->entries();
  for (auto some = all->next(); !some.empty(); some = all->next()) {
    for (const auto& e : some) {
      const auto before = converted.entries().size();
      if (auto done = convert(e, converted); !done) return std::unexpected(done.error());
      for (auto& made : std::span(converted.entries()).subspan(before)) {
        if (is_bag(to.what) && e.until != no_deadline) {
          return std::unexpected(
              error(errc::invalid_argument,
                    label_ + ": an entry has a deadline, which bags do not keep"));
        }
        give_deadline(made, e.until);
      }
      ++counts.read;
    }
    if (auto taken = take_all(converted, *fresh, label_); !taken) {
      return std::unexpected(taken.error());
    }
    fresh->publish(fresh->published() + 1);
  }
  counts.written = fresh->size();
  if (dry_run) return counts;
  const table_description as{.what = to.what,
                             .name = from.description().name,
                             .key_schema = to.key_schema,
                             .value_schema = to.value_schema,
                             .in_memory = from.description().in_memory};
  const std::scoped_lock in_turn(commits_);
  auto tables = images();
  for (auto& t : tables.tables) {
    if (t.id == from.id())
      t = {.id = t.id, .as = &as, .all = fresh.get(), .at = fresh->published()};
  }
  auto made = file_->write_whole(file_->new_state(commits_.draw()), tables.tables, tell);
  if (!made) return std::unexpected(made.error());
  if (auto named = file_.take_up(std::move(*made)); !named) return std::unexpected(named.error());
  return counts;
}

}  // namespace shelf::engine

namespace shelf::detail {

result<migration_counts> migrate_file(core_config config, entry_types from, const entry_types& to,
                                      function_ref<result<>(stored_entry, entry_batch&)> convert,
                                      bool dry_run, const progress& tell) {
  config.opening = opening::existing;
  config.mode = write_mode::through;
  auto opened = engine::instance::open_lone(std::move(config), std::move(from));
  if (!opened) return std::unexpected(opened.error());
  auto counts = (*opened)->migrate(to, convert, dry_run, tell);
  auto closed = (*opened)->close();
  if (!closed) (*opened)->abandon();
  if (counts && !closed) return std::unexpected(closed.error());
  return counts;
}

}  // namespace shelf::detail
