// TEST  cluster
// Random histories of several nodes over the server in memory, with everything that can go wrong,
// and what is checked of each.
#pragma once

#include "cluster/uuid.hpp"
#include "fake_server.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace shelf::test {

/// One call on one key, as its caller saw it.
struct key_call {
  enum class verb : std::uint8_t { read, put, put_new, erase, exchange };
  verb what = verb::read;
  std::optional<std::int64_t> written = {};  ///< exchange, put...
  /// What was read or expected; what was there, of a put: any value if `was_there`.
  std::optional<std::int64_t> seen = {};
  bool was_there = false;  ///< put, put_new, erase: of an entry
  bool has_result = true;  ///< false: it may have happened or not
  std::uint64_t began = 0;
  std::uint64_t ended = std::numeric_limits<std::uint64_t>::max();
};

/// Whether one order of the calls explains all their results, and none is before one that had ended
/// when it began (Wing and Gong). At most 64 calls.
[[nodiscard]] bool is_linearizable(const std::vector<key_call>& calls);

struct history_settings {
  std::uint64_t seed = 1;
  int calls = 30;
  /// The server loses commits, now and then. Then acknowledged ones may be gone.
  bool forks = false;
  fake_bug bug = fake_bug::none;
};

/// Plays it, and says what is wrong: replicas that show what no commit has left, or go backwards;
/// keys that are not linearizable; transactions that have read something else than the commit
/// before them has left; writes that are lost, done twice, or not as their outcomes say.
[[nodiscard]] std::vector<std::string> violations_of(const history_settings& how);

}  // namespace shelf::test
