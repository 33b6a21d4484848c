// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// What the commands read from: a table of any kind and format, entry by entry.
#pragma once

#include "rows/columns.hpp"
#include "rows/text/deadline.hpp"
#include "shelf/detail/function_ref.hpp"
#include "shelf/index_description.hpp"
#include "shelf/kind.hpp"
#include "shelf/progress.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace shelf::rows {

/// Keys from `from` on, up to but not including `to`.
struct key_bounds {
  std::optional<term> from;
  std::optional<term> to;
  bool backwards = false;  ///< ordered tables only
  // Of sources that have_keys().
  bool leaves_from = false;  ///< `from` is not one of them
  bool takes_to = false;     ///< `to` is one of them

  [[nodiscard]] bool is_one_key() const noexcept {
    return from && to && takes_to && !leaves_from && (*from <=> *to) == 0;
  }
};

/// Looks at an entry; false ends the walk.
using entry_function = detail::function_ref<bool(bytes key, bytes value, deadline until)>;
/// The same with terms.
using row_function = detail::function_ref<bool(const term& key, const term& value, deadline until)>;

/// One moment of a table. Entries are canonical terms that live as long as the call that shows
/// them.
class source {
 public:
  /// A line of what `info` tells: a name such as "garbage" and its value: a text, a number, or
  /// indexes.
  struct fact {
    std::string name;
    std::string text;
    std::optional<std::uint64_t> number;
    std::vector<index_description> indexes = {};
  };

  virtual ~source() = default;
  [[nodiscard]] virtual kind what() const = 0;
  [[nodiscard]] virtual const types& schemas() const = 0;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  [[nodiscard]] virtual std::vector<fact> facts() const = 0;
  /// Which element of a value is its key, if values are whole objects: tuples with their keys in
  /// them, as in DETS; 0 if a value is what stands beside its key.
  [[nodiscard]] virtual std::uint32_t keypos() const { return 0; }
  /// Whether a walk over one key, or in an ordered table over a range of them, looks at no others.
  [[nodiscard]] virtual bool have_keys() const { return false; }
  /// The indexes that its file records, as far as all entries that are shown are in them.
  [[nodiscard]] virtual std::vector<index_description> indexes() const { return {}; }
  /// What the cursors of pages are bound to; nothing if the source has no pages.
  [[nodiscard]] virtual std::optional<std::uint64_t> identity() const { return std::nullopt; }
  /// How many entries have a deadline.
  [[nodiscard]] virtual std::uint64_t expiring() const { return 0; }
  /// When the entry of the key expires, of a table that has one per key. not_found.
  [[nodiscard]] virtual result<deadline> expires_at(const term& key) const;
  /// Makes sure that a walk over everything meets no damage halfway, at the price of one pass over
  /// what is read as it is needed. Errors: those of the walk.
  [[nodiscard]] virtual result<> look_through() { return {}; }
  /// Calls `f` with each value of the key; how many there are. corrupt, file_error: where values
  /// are read as they are needed.
  [[nodiscard]] virtual result<std::size_t> get(
      const term& key, detail::function_ref<void(bytes value)> f) const = 0;
  /// Calls `f(key, value, until)` for the entries in the range, in key order if the table has one,
  /// until it returns false; tells `tell` of what it looks at, in the range or not. How many
  /// entries that were. Errors: as get.
  [[nodiscard]] virtual result<std::uint64_t> walk(const key_bounds& range, entry_function f,
                                                   const progress& tell) const = 0;
  /// The same, for those who do not want to know how many.
  [[nodiscard]] result<> for_each(const key_bounds& range, entry_function f,
                                  const progress& tell) const;
};

inline result<> source::for_each(const key_bounds& range, entry_function f,
                                 const progress& tell) const {
  const auto looked_at = walk(range, f, tell);
  return looked_at ? result<>() : std::unexpected(looked_at.error());
}

inline result<deadline> source::expires_at(const term& key) const {
  const auto there = get(key, [](bytes) {});
  if (!there) return std::unexpected(there.error());
  if (*there == 0) return std::unexpected(error(errc::not_found));
  return no_deadline;
}

}  // namespace shelf::rows
