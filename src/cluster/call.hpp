// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Writes of this node made into one call: what each would do now, and what belongs together.
#pragma once

#include "cluster/server.hpp"
#include "cluster/write_queue.hpp"
#include "shelf/detail/replica.hpp"

#include <map>
#include <vector>

namespace shelf::cluster {

/// Writes that touch the same keys are one unit: they are decided here, one on top of the other,
/// and the server sees what is left of each key, and what all of them have read. So the units of a
/// call touch nothing of each other, and make a single wave.
struct call {
  struct member {
    write_queue::item write;
    std::int32_t unit = 0;  ///< from 1 on; 0: it would change nothing
  };
  commit_call sent;
  std::vector<member> members;             ///< in the order in which they came
  bool is_sent = false;                    ///< the server may have it
  std::vector<refused_unit> refused = {};  ///< once it is shown

  [[nodiscard]] bool has_units() const noexcept { return !sent.waves.empty(); }
  [[nodiscard]] bool is_refused(const member& m, const std::vector<refused_unit>& all) const;
  /// The commit that it makes, as the log will have it.
  [[nodiscard]] logged_commit commit_of(const commit_answer& answer) const;
};

/// Collects planned writes.
class call_builder {
 public:
  explicit call_builder(const std::map<std::int32_t, kind>& tables) : tables_(tables) {}

  /// Errors: invalid_argument: a key of an ordered table that cannot be ordered on the server.
  [[nodiscard]] result<> add(write_queue::item write, const detail::planned_write& planned);
  [[nodiscard]] bool is_empty() const noexcept { return writes_.empty(); }
  /// It has as much as a call may have.
  [[nodiscard]] bool is_full() const noexcept;
  [[nodiscard]] call build(const log_position& base);

 private:
  struct key {
    std::int32_t table;
    buffer id;
    auto operator<=>(const key&) const = default;
  };
  struct write {
    write_queue::item of;
    std::vector<change> changes;
    std::vector<read_check> reads;
    std::size_t group = 0;  ///< another write of its group, or itself: see root
  };
  struct key_changes;

  [[nodiscard]] result<change> encode(const detail::planned_change& c) const;
  [[nodiscard]] result<read_check> encode(const detail::planned_read& r) const;
  [[nodiscard]] bool is_ordered(std::uint32_t table) const;
  [[nodiscard]] std::size_t root(std::size_t i) const;
  void join();
  [[nodiscard]] unit unit_of(const std::vector<const write*>& all) const;

  const std::map<std::int32_t, kind>& tables_;
  std::vector<write> writes_;
  std::size_t changes_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace shelf::cluster
