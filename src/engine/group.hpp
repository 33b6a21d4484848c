// ENGINE  api -> [engine] -> stores -> journal -> file
// What a group of operations has staged so far.
#pragma once

#include "engine/change_ring.hpp"
#include "engine/expiry_clock.hpp"
#include "engine/operation.hpp"
#include "journal/change.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace shelf::engine {

class live_table;

/// What the operations of a group have staged so far. Belongs to the turn.
struct group {
  std::vector<journal::change> changes;  ///< for the file
  std::vector<live_table*> touched;      ///< tables with something staged; has room for all
  std::vector<std::byte> edited;         ///< a value in the making
  std::vector<noted_change> noted;       ///< for observers, if there are any
  bool is_observed = false;
  bool keeps_before = false;  ///< the file gets what is replaced
  /// Somebody observes it, the file gets what is replaced, entries of the database expire, or it
  /// has a table with indexes or bounds.
  bool needs_care = false;
  bool may_be_too_much = false;   ///< for a table that may refuse what it has no room for
  std::size_t staged = 0;         ///< changes, those that no file gets included
  std::uint64_t commits = 0;      ///< transactions
  std::vector<const entry*> due;  ///< what a sweep erases
  // Of tables with indexes, while an operation is staged.
  std::vector<const entry*> going;  ///< what is being erased
  derived_keys* derived = nullptr;  ///< what the writer has made
  bool keeps_indexes = false;       ///< the table has seen to it
  bool is_checked = false;          ///< it is known to clash with nothing
  std::optional<error> clash;       ///< the operation is refused
  const expiry_clock* clock = nullptr;
  std::optional<deadline> moment;  ///< what time it is for all of them, once somebody has asked

  /// One moment for the whole group.
  [[nodiscard]] deadline now() {
    if (!moment) moment = clock->now();
    return *moment;
  }

  [[nodiscard]] bool empty() const noexcept { return staged == 0; }
};

/// While an operation on a table with indexes, or a part of it, is staged.
class index_staging {
 public:
  index_staging(group& to, derived_keys* derived, bool is_checked) noexcept : to_(to) {
    to.needs_care = true;
    to.keeps_indexes = true;
    to.is_checked = is_checked;
    to.derived = derived;
    to.clash.reset();
  }
  index_staging(const index_staging&) = delete;
  index_staging& operator=(const index_staging&) = delete;
  ~index_staging() {
    to_.keeps_indexes = false;
    to_.is_checked = false;
    to_.derived = nullptr;
  }

 private:
  group& to_;
};

}  // namespace shelf::engine
