// ENGINE  api -> [engine] -> stores -> journal -> file
// The changes of a database that only its file still has.
#pragma once

#include "engine/live_table.hpp"
#include "journal/trail.hpp"
#include "shelf/detail/feed_core.hpp"

#include <memory>

namespace shelf::engine {

/// Reads a database's file batch by batch, also when a compaction replaces it meanwhile.
/// Thread safety: one thread at a time, beside writers.
class past_changes {
 public:
  /// `of` outlives it.
  explicit past_changes(const instance& of) noexcept : of_(of) {}

  /// Goes behind that batch. Errors: as next().
  [[nodiscard]] result<journal::standing> go_behind(const journal::batch_id& which);
  /// Goes behind the first batch that the file knows. Errors: as next().
  [[nodiscard]] result<> go_to_first();
  /// The batch it is behind.
  [[nodiscard]] const journal::batch_id& behind() const noexcept { return behind_; }
  /// The first position of the file. Once it went somewhere.
  [[nodiscard]] const journal::batch_id& first() const noexcept { return trail_->first(); }

  /// What a feed wants to be told.
  struct wish {
    const live_table* only = nullptr;  ///< null: all tables
    bool before = false;
  };
  enum class outcome : std::uint8_t {
    told,
    passed,  ///< the batch was nothing to this feed
    over,    ///< there is no batch up to this number
    lost,    ///< a compaction has dropped what comes next
  };
  /// Tells the next batch whose number in the file is not above `until`, which was published.
  /// Errors: table_closed; type_mismatch, if the file holds a change that does not fit the types;
  /// corrupt, file_error.
  [[nodiscard]] result<outcome> next(sequence until, const wish& w,
                                     detail::function_ref<void(const detail::told_change&)> f);

 private:
  class teller;
  /// Reads the file that the database has now. False: it has another one than before.
  [[nodiscard]] result<bool> look();

  const instance& of_;
  std::unique_ptr<journal::trail> trail_;
  std::uint64_t end_ = 0;
  journal::batch_id behind_;
};

}  // namespace shelf::engine
