// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// Which rows a command is about: a range of keys, a prefix, conditions on columns, a window.
#pragma once

#include "rows/source.hpp"
#include "rows/text/notation.hpp"

#include <optional>
#include <string>
#include <vector>

namespace shelf::rows {

/// Which rows.
struct selection_request {
  std::optional<std::string> from;
  std::optional<std::string> to;
  std::optional<std::string> prefix;
  std::vector<std::string> where;
  std::optional<std::uint64_t> limit;
  std::uint64_t skip = 0;
  bool backwards = false;
  std::optional<std::string> page;  ///< after this cursor, or the first page
  std::vector<std::string> sort;    ///< columns, the most significant first
};

/// How rows are found, and what that came to.
struct explanation {
  enum class access : std::uint8_t {
    scan,       ///< all entries are looked at
    key_range,  ///< those of a range of keys, in an ordered table
    key,        ///< those of one key
    unique,     ///< all, up to the one that a unique index allows
  };
  access reads = access::scan;
  /// No second entry can have the key in it: the walk ends at the first.
  std::optional<index_description> stops_at = std::nullopt;
  std::string because = {};  ///< a sentence
  std::uint64_t looked_at = 0;
  std::uint64_t of = 0;  ///< entries of the table
  std::uint64_t rows = 0;
};

/// A selection made ready for a table. Holds pointers into the source's schemas.
class selection {
 public:
  /// invalid_argument: a text does not fit its type, a column does not exist, a prefix of keys that
  /// have none, pages of a table that has none, or without a limit, a cursor that is none.
  [[nodiscard]] static result<selection> make(const selection_request& wanted, notation how,
                                              const source& from);
  /// Calls `f` for each selected row, until it returns false; tells `tell` of the entries it looks
  /// at. Rows come in the order that was asked for. A window of a hash table is by key, so that
  /// pages of it do not overlap; only its rows are in memory. Errors: those of the source.
  [[nodiscard]] result<> for_each(const source& from, row_function f, const progress& tell) const;
  /// The same of a page: it has at most as many rows as the limit says. The cursor of the next, or
  /// nothing behind the last row.
  [[nodiscard]] result<std::string> page(const source& from, row_function f,
                                         const progress& tell) const;
  /// How many rows for_each() would show, in whatever order.
  [[nodiscard]] result<std::uint64_t> count(const source& from, const progress& tell) const;
  /// Does what for_each() does, or count(), and says how.
  enum class purpose : std::uint8_t { rows, count };
  [[nodiscard]] result<explanation> explain(const source& from, purpose what,
                                            const progress& tell) const;
  /// True if every row is selected.
  [[nodiscard]] bool is_all() const noexcept;
  /// True if all rows are read before the first is shown.
  [[nodiscard]] bool sorts() const noexcept { return sorts_; }

 private:
  enum class comparison : std::uint8_t { equal, unequal, less, at_most, more, at_least, contains };
  struct condition {
    column which;
    comparison how;
    term with;
  };

  [[nodiscard]] result<> add_order(const selection_request& wanted, const source& from);
  /// How many entries it looked at.
  [[nodiscard]] result<std::uint64_t> for_each_match(const source& from, row_function f,
                                                     const progress& tell) const;
  [[nodiscard]] result<std::uint64_t> walk(const source& from, row_function f,
                                           const progress& tell) const;
  [[nodiscard]] result<std::uint64_t> walk_to_count(const source& from, std::uint64_t& matches,
                                                    const progress& tell) const;
  void narrow(const condition& c, const source& from);
  void narrow_from(const term& key, bool leaves);
  void narrow_to(const term& key, bool takes);
  void find_unique(const source& from);
  [[nodiscard]] bool ends_with(const term& key, const term& value) const;
  [[nodiscard]] explanation access_of(const source& from) const;
  [[nodiscard]] std::string why_scanned(const source& from) const;
  [[nodiscard]] result<> add_page(const std::string& cursor, const source& from);
  [[nodiscard]] result<> add_prefix(const std::string& text, const source& from);
  [[nodiscard]] result<> add_condition(const std::string& text, notation how);
  [[nodiscard]] bool holds(const term& key, const term& value) const;
  [[nodiscard]] static bool holds(const condition& c, const term& found);

  key_bounds range_;
  std::optional<term> seen_;  ///< the last key of the page before; it comes no more
  std::optional<std::string> prefix_;
  std::vector<condition> conditions_;
  std::optional<index_description> unique_;  ///< has all its members in conditions:
  std::vector<std::size_t> of_unique_;       ///< their places
  std::vector<column> columns_;
  std::vector<column> order_;
  bool sorts_ = false;
  bool backwards_ = false;  ///< what is sorted
  std::uint64_t skip_ = 0;
  std::optional<std::uint64_t> limit_;
};

}  // namespace shelf::rows
