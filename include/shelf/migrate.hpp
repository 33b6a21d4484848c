// API  [api] -> engine -> stores -> journal -> file
// A table's file rewritten for other types.
#pragma once

#include "shelf/migration.hpp"
#include "shelf/table.hpp"

#include <optional>
#include <utility>

namespace shelf {

/// How many entries a migration read, and how many the new file has.
using migration_counts = detail::migration_counts;

/// Options of migrate.
struct migrate_options {
  bool dry_run = false;  ///< convert and check everything, but leave the file as it is
};

/// Rewrites the file at `c.path`, which holds a table of type Old, as a table of type New, in one
/// step: after a crash the file is the old one or the new one. `f(old key, old value)` returns the
/// new pair, an optional of one (nullopt leaves the entry out), or a result of either. Deadlines
/// stay. Errors: those of open; if some entries cannot be converted, the code of the first: f's,
/// key_already_present for two new entries of one key, or invalid_argument for a deadline in a bag.
/// All entries are tried: the message counts those that fail and gives the first reasons, details()
/// also their keys. On an error the file is as it was.
/// The table must not be open. Costs the memory of both tables.
///
///     shelf::migrate<shelf::map<std::string, user_v1>, shelf::map<std::string, user>>(
///         {.path = "users.shelf"},
///         [](const std::string& key, const user_v1& old) {
///           return std::pair(key, user{.name = old.name, .mail = ""});
///         });
template <class Old, class New, class F>
[[nodiscard]] result<migration_counts> migrate(typename New::config c, F&& f,
                                               migrate_options options = {}) {
  using old_key = typename Old::key_type;
  using old_value = typename Old::mapped_type;
  using new_pair = typename New::value_type;
  const auto nesting = static_cast<std::uint32_t>(c.limits.nesting);
  const detail::decoding_rules rules{.missing_fields = false, .nesting = nesting};
  const detail::encoding_limits limits{.size = c.limits.entry_bytes, .nesting = nesting};
  const auto from =
      detail::types_of<old_key, old_value, Old::table_kind>(typename Old::config{}, rules);
  const auto to =
      detail::types_of<typename New::key_type, typename New::mapped_type, New::table_kind>(c,
                                                                                           rules);
  old_key key{};
  old_value value{};
  const auto convert = [&](detail::stored_entry e, detail::entry_batch& batch) -> result<> {
    detail::decode_stored(e.key, rules, key);
    detail::decode_stored(e.value, rules, value);
    auto made = detail::invoke(f, std::as_const(key), std::as_const(value));
    if constexpr (detail::is_result<decltype(made)>::value) {
      if (!made) return std::unexpected(made.error());
      return detail::add_converted(batch, std::optional<new_pair>(*std::move(made)), limits);
    } else {
      return detail::add_converted(batch, std::optional<new_pair>(std::move(made)), limits);
    }
  };
  return detail::migrate_table(detail::parts_of(c), from, to, convert, options.dry_run);
}

}  // namespace shelf
