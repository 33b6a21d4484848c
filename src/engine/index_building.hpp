// ENGINE  api -> [engine] -> stores -> journal -> file
// Indexes of a live table, built while others read and write it.
#pragma once

#include "engine/instance.hpp"
#include "kinds/index_log.hpp"

#include <memory>
#include <optional>

namespace shelf::engine {

/// The indexes that a table lacks are built outside of the turn, of a version that is pinned, and
/// then follow what was written since, as the log of the table tells. From begin on, writers make
/// keys by the functions of these indexes as well; so in the turn no function is called.
///
/// Lives under life_, and outside of the turn. Unless it is taken up, the table is as before.
class instance::index_build {
 public:
  /// The table is to have these, some of which it has.
  index_build(instance& of, live_table& table, detail::index_definitions wanted);
  index_build(const index_build&) = delete;
  index_build& operator=(const index_build&) = delete;
  ~index_build();

  /// Outside of the turn. Calls the program's functions, and throws what they throw. Errors:
  /// theirs; key_already_present.
  [[nodiscard]] result<> build();
  /// In the turn. False: other contents have taken the place of those it was built of; build again.
  /// Errors: as build. Calls no function of the program.
  [[nodiscard]] result<bool> catch_up();
  /// In the turn, after it has caught up: all that was wanted. Throws std::bad_alloc.
  [[nodiscard]] std::shared_ptr<kinds::index_set> indexes() const;
  /// In the turn: the table has these indexes from here on.
  void take_up(detail::index_definitions indexed_by) noexcept;

 private:
  [[nodiscard]] bool is_of_now() const noexcept { return table_.held() == &held_->of(); }
  void begin();
  [[nodiscard]] result<> follow(std::vector<kinds::index_log::step> steps, sequence number);
  [[nodiscard]] result<bool> follow_once(bool& is_close);

  instance& of_;
  live_table& table_;
  const detail::index_definitions wanted_;
  detail::index_definitions missing_;        ///< null: it has all of them
  const index_functions* before_;            ///< by which writers went
  const index_functions* meanwhile_;         ///< and go
  const index_functions* afterwards_;        ///< and are to go
  std::optional<kinds::held_version> held_;  ///< what the built ones show
  std::shared_ptr<kinds::index_set> built_;  ///< of missing_
  bool is_taken_up_ = false;
};

}  // namespace shelf::engine
