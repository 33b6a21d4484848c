// ENGINE  api -> [engine] -> stores -> journal -> file
// What a writer wants done in a turn, and what became of it.
#pragma once

#include "engine/derived_keys.hpp"
#include "engine/expiry_clock.hpp"
#include "engine/turn.hpp"
#include "kinds/entry.hpp"
#include "shelf/detail/core.hpp"

#include <cassert>
#include <exception>
#include <optional>
#include <span>
#include <vector>

namespace shelf::engine {

using kinds::entry;

class live_table;

/// size_limit_exceeded, with `label` in front, if an entry is longer than the limit.
[[nodiscard]] result<> check_entry_size(std::size_t limit, const std::string& label,
                                        std::size_t size);

/// Entries of one insert_range, made by the writer before its turn.
class encoded_batch final : public detail::entry_batch {
 public:
  /// keeps: they get the deadlines of the entries that they replace, and `until` if there is none.
  encoded_batch(std::size_t entry_limit, std::string label, deadline until = no_deadline,
                bool keeps = false)
      : limit_(entry_limit), label_(std::move(label)), until_(until), keeps_(keeps) {}
  result<> add(bytes key, bytes value) override;
  result<> add_pieces(bytes key, std::span<const bytes> value) override;
  result<> add_until(bytes key, bytes value, std::uint64_t until) override;
  [[nodiscard]] bool keeps() const noexcept { return keeps_; }
  [[nodiscard]] std::vector<entry::owner>& entries() noexcept { return entries_; }

 private:
  std::size_t limit_;
  std::string label_;
  deadline until_;
  bool keeps_;
  std::vector<entry::owner> entries_;
};

/// One change of a batch: an insert's entry, made by the writer before its turn, or an erase, whose
/// bytes belong to the writer.
struct batch_change {
  detail::change_verb what = detail::change_verb::insert;
  entry::owner made;  ///< insert, until it is staged
  bytes key;
  bytes value;
};

/// A batch under way, on its writer's stack.
struct batch_write {
  std::span<batch_change> changes;
  write_counts counts;  ///< what became of them
};

/// What take and take_end show, and where they look.
struct taker {
  detail::place end = detail::place::first;  ///< take_end
  detail::function_ref<void(bytes key, bytes value)> show;
};

/// What change_same asks for.
struct same_write {
  std::span<detail::same_entry> entries;
  std::vector<entry::owner> made;  ///< of those that get another value, until they are staged
};

/// Makes the entry anew, if it has another one.
void give_deadline(entry::owner& e, deadline until);

/// What a sweep is asked for, and what it leaves.
struct sweep_request {
  deadline until;        ///< what has passed by then
  bool is_exact;         ///< up to the millisecond
  bool is_more = false;  ///< there is more to do at once
  bool is_left = false;  ///< something will expire
};

struct operation;
struct group;

/// A write of several tables at once, decided as a whole.
class commit_request {
 public:
  /// In the turn. As live_table::stage.
  [[nodiscard]] virtual bool stage(operation& op, group& to) = 0;

 protected:
  ~commit_request() = default;
};

/// One write, on its writer's stack. Its bytes belong to the writer, its entries to the operation
/// until staged.
struct operation : queued {
  enum class verb : std::uint8_t {
    insert,
    insert_new,
    insert_batch,
    insert_batch_new,
    write,
    erase,
    erase_value,
    clear,
    update_counter,
    replace_if,
    edit,
    take,
    take_end,
    change_same,
    touch,
    sweep,
    trim,
    commit,
  };

  operation(live_table& to, verb v) : on(&to), what(v) {}

  live_table* on;
  verb what;
  bool keeps = false;      ///< insert, touch: the deadline that is there
  entry::owner made;       ///< insert, insert_new, replace_if
  std::uint64_t hash = 0;  ///< of its key, see contents::announce
  /// What the verb asks for; which it is, `what` says.
  union {
    encoded_batch* entries = nullptr;  ///< insert_batch...
    batch_write* all;                  ///< write
    const detail::counter_step* step;  ///< update_counter
    const detail::edit_function* how;  ///< edit
    const taker* to_take;              ///< take, take_end
    same_write* same;                  ///< change_same
    const deadline* until;             ///< touch
    sweep_request* to_sweep;           ///< sweep
    commit_request* commit;            ///< commit
  };
  bytes key;                        ///< erase..., update_counter, replace_if, edit, take
  bytes value;                      ///< erase_value, replace_if
  bytes expected;                   ///< replace_if
  const expiry* created = nullptr;  ///< edit: of a key that it creates
  derived_keys* derived = nullptr;  ///< of the values known so far

  // What became of it.
  written outcome = written::unchanged;
  std::size_t count = 0;
  detail::wide_integer counter = 0;
  std::uint64_t number = 0;   ///< commit: of its batch
  std::uint64_t ordinal = 0;  ///< commit: its place among those of its batch
  bool is_conflict = false;   ///< commit: what it read is no longer so
  bool changed = false;       ///< it staged something: it fails if its group does
  bool is_stale = false;      ///< nothing was done: other functions make keys of indexes by now
  std::optional<error> failure;
  std::exception_ptr thrown;

  /// Nothing was done, and it is submitted once more.
  void prepare_again() noexcept {
    assert(!changed && !failure && !thrown);
    is_stale = false;
    start_over();
  }
  [[nodiscard]] operation* next_operation() const noexcept {
    return static_cast<operation*>(next());
  }
};

/// The entry, if it is within the limit. size_limit_exceeded names the table and both sizes.
[[nodiscard]] result<entry::owner> make_entry_within(std::size_t entry_limit,
                                                     const std::string& label, bytes key,
                                                     bytes value, deadline until = no_deadline);
/// The same of a value whose bytes lie in several places.
[[nodiscard]] result<entry::owner> make_entry_within(std::size_t entry_limit,
                                                     const std::string& label, bytes key,
                                                     std::span<const bytes> value,
                                                     deadline until = no_deadline);

}  // namespace shelf::engine
