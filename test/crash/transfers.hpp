// TEST  crash
// A writer of transfers that is killed: money moves between the accounts of two tables, and each
// transfer is noted in a third one.
#pragma once

#include "crash/storm.hpp"

namespace shelf::crash {

/// The writer: transfers with all its threads, over the same accounts, until it is killed.
[[nodiscard]] int transfer_until_killed(const storm_table& t, storm_board& board);

/// What the accounts must be, from kill to kill: the total as ever, each lane's transfers noted
/// without a gap, and every balance what the noted ones come to.
class transfer_check {
 public:
  using promise = storm_check::promise;
  explicit transfer_check(storm_table t) : table_(std::move(t)) {}

  /// Opens the database after the writer's end. The sentence is empty, or says what is wrong.
  [[nodiscard]] std::string check(storm_board& board, promise kept);
  /// Prepares the board for the next writer.
  void prepare(storm_board& board) const;
  [[nodiscard]] std::uint64_t writes_seen() const noexcept;

 private:
  storm_table table_;
  std::array<std::uint64_t, storm_lanes> noted_{};  ///< transfers of each lane
};

}  // namespace shelf::crash
