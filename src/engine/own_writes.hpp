// ENGINE  api -> [engine] -> stores -> journal -> file
// What a transaction has written to a table and not committed: to be read by itself, and to be
// staged.
#pragma once

#include "engine/expiry_clock.hpp"
#include "kinds/contents.hpp"
#include "shelf/detail/core.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace shelf::engine {

using kinds::entry;

class live_table;

/// One write of a transaction, in the order in which it was made.
struct own_write {
  enum class verb : std::uint8_t { put, erase, erase_value, clear, add };
  verb what = verb::put;
  live_table* on = nullptr;
  entry::owner made = {};          ///< key, and value where the verb has one
  detail::counter_step step = {};  ///< of an add
  std::uint64_t hash = 0;          ///< see contents::announce
  /// The write that makes this one void, as an index in the log; none is 0, for the first can make
  /// nothing void.
  std::size_t void_by = 0;

  [[nodiscard]] bool is_void() const noexcept { return void_by != 0; }
};

/// Writes in order, of all tables. They stay where they are.
using write_log = std::vector<own_write>;

/// What is to become of one key.
struct own_key {
  bool hides_base = false;         ///< what the table had under it is replaced or gone
  std::vector<std::size_t> steps;  ///< places in the log of what happens on top of that, in order
  bool has_adds = false;
};

/// Values that had to be computed; their bytes stay where they are. Not a std::deque, which takes
/// memory even while it is empty.
using computed_values = std::vector<std::vector<std::byte>>;

/// A value, and when it expires.
struct kept_value {
  bytes value;
  deadline until = no_deadline;
};
/// What time it is, asked only where something expires.
using asked_time = detail::function_ref<deadline()>;

/// Maps: the value that a key has after its steps, of one that had `base`; nullopt if none. Errors:
/// those of a counter's step.
[[nodiscard]] result<std::optional<kept_value>> value_after(std::optional<kept_value> base,
                                                            const own_key& k, const write_log& log,
                                                            computed_values& computed,
                                                            const std::string& label,
                                                            asked_time now);
/// Bags: the values, in order.
[[nodiscard]] std::vector<bytes> values_after(std::vector<bytes> base, const own_key& k,
                                              const write_log& log, bool distinct);

/// The writes to one table, by key.
class own_writes {
 public:
  using less = std::function<bool(bytes, bytes)>;
  using by_key = std::map<bytes, own_key, less>;

  /// Keys in the order of the table, if it has one.
  explicit own_writes(kind what);

  /// Takes the write at that place of the log into account; those that it makes void are marked.
  void apply(write_log& log, std::size_t at);
  void forget() noexcept;

  [[nodiscard]] bool empty() const noexcept { return keys_.empty() && !is_cleared_; }
  /// Nothing of what the table had is left.
  [[nodiscard]] bool is_cleared() const noexcept { return is_cleared_; }
  [[nodiscard]] const own_key* find(bytes key) const;
  [[nodiscard]] const by_key& keys() const noexcept { return keys_; }
  [[nodiscard]] kind what() const noexcept { return kind_; }

 private:
  const kind kind_;
  by_key keys_;
  std::vector<std::size_t> in_log_;  ///< of this table
  bool is_cleared_ = false;
};

}  // namespace shelf::engine
