// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// What a server of cluster tables does for a node: the border between our side and the engine's.
#pragma once

#include "cluster/deadline.hpp"
#include "cluster/uuid.hpp"
#include "shelf/detail/bytes.hpp"
#include "shelf/detail/function_ref.hpp"
#include "shelf/error.hpp"
#include "shelf/kind.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shelf::cluster {

using buffer = std::vector<std::byte>;

/// A commit of a space, and so the state after it. Two servers that forked may both have a commit
/// of this number; the nonce tells them apart.
struct log_position {
  std::int64_t seq = 0;
  uuid nonce = {};  ///< made of that of the commit before and of the call's
  friend bool operator==(const log_position&, const log_position&) = default;
};

/// What is done to a table. The first ones are in the log; the conditional ones become one of them.
enum class change_code : std::int16_t {
  put = 1,          ///< sets `content`
  append = 2,       ///< adds `content` to the key's values
  erase = 3,        ///< the key
  erase_value = 4,  ///< `content`, of the key's values
  clear = 5,        ///< every entry
  table_created = 6,
  table_dropped = 8,
  put_new = 11,   ///< a put, if the key is absent
  add = 12,       ///< to a counter; `content` is a step, see counter_step
  erase_if = 13,  ///< an erase, if the value is `content`
};

/// One change.
struct change {
  change_code code = change_code::put;
  std::int32_t table = 0;
  std::optional<buffer> key = {};   ///< its term; in ordered tables its sort key
  std::optional<buffer> term = {};  ///< the key's term, in ordered tables
  std::optional<buffer> content = {};
  friend bool operator==(const change&, const change&) = default;
};

/// What an `add` adds, and within which bounds. An absent `initial`: the counter must exist.
struct counter_step {
  std::int64_t delta = 0;
  std::optional<std::int64_t> initial = {};
  std::int64_t lowest = INT64_MIN;
  std::int64_t highest = INT64_MAX;
};
/// As the content of a change.
[[nodiscard]] buffer encode(const counter_step& step);

/// Why a unit did not happen.
enum class refusal : std::int32_t {
  overtaken = 1,      ///< what it read has changed
  key_present = 2,    ///< put_new
  other_value = 3,    ///< erase_if
  no_counter = 4,     ///< add
  out_of_bounds = 5,  ///< add
  no_integer = 6,     ///< add
};
struct refused_unit {
  std::int32_t unit = 0;  ///< from 1 on, in the order of the call
  refusal why = refusal::overtaken;
  friend bool operator==(const refused_unit&, const refused_unit&) = default;
};

/// A commit, as the log has it.
struct logged_commit {
  log_position at;
  uuid call = {};  ///< the nonce of the call that made it
  std::vector<change> changes;
  std::vector<refused_unit> refused;
  friend bool operator==(const logged_commit&, const logged_commit&) = default;
};

/// What a unit read, and must find unchanged.
struct read_check {
  enum class scope : std::int16_t {
    key = 0,    ///< the values of `from`, `count` of them
    range = 1,  ///< [from, to); absent `to`: to the end
    table = 2,
  };
  scope what = scope::key;
  std::int32_t table = 0;
  std::optional<buffer> from = {};
  std::optional<buffer> to = {};
  std::int32_t count = 0;
};

/// A transaction, or a plain write: happens whole or not at all.
struct unit {
  std::vector<change> changes;  ///< of one key in the order erase, erase_value, put, append
  std::vector<read_check> reads;
};

/// What one node commits in one step.
/// Invariant: no unit of a wave reads or writes a key that another unit of it writes, and a clear
/// is alone in its wave. Waves happen one after the other.
struct commit_call {
  log_position base;  ///< at which all reads were found to be good
  uuid nonce;         ///< its own. Sent again, the call is done once and answered as the first time
  std::vector<std::vector<unit>> waves;
};

enum class commit_outcome : std::int32_t {
  committed = 0,
  all_refused = 1,     ///< nothing happened
  base_trimmed = 2,    ///< the log no longer has `base`: nothing happened
  other_history = 3,   ///< the server never had `base`: nothing happened
  catalog_changed = 4  ///< a table was dropped or not there at `base`: nothing happened
};
struct commit_answer {
  commit_outcome outcome = commit_outcome::committed;
  std::int64_t seq = 0;  ///< of the commit; otherwise the server's last
  uuid nonce = {};       ///< of the same
  std::vector<refused_unit> refused;
  friend bool operator==(const commit_answer&, const commit_answer&) = default;
};

/// A table of the catalog.
struct catalog_table {
  std::int32_t id = 0;
  std::string name;
  kind what = kind::set;
  buffer key_schema;
  buffer value_schema;
  friend bool operator==(const catalog_table&, const catalog_table&) = default;
};

/// What comes after a position.
struct log_slice {
  enum class relation : std::uint8_t {
    continues,  ///< `commits` follow the position; none: it is the head
    trimmed,    ///< the log begins later
    diverged,   ///< the server never had this position
  };
  relation how = relation::continues;
  std::vector<logged_commit> commits;
};

/// An entry of a snapshot.
struct snapshot_entry {
  std::int32_t table;
  bytes key;
  std::optional<bytes> term;
  bytes content;
};
/// Receives a snapshot: the catalog first, then each entry; the values of a key in their order.
class snapshot_visitor {
 public:
  virtual ~snapshot_visitor() = default;
  virtual result<> begin(const log_position& at, const std::vector<catalog_table>& tables) = 0;
  virtual result<> entry(const snapshot_entry& e) = 0;
};

/// One session with a server, for one space. PostgreSQL is one implementation, and the tests have
/// another, in memory and deterministic.
/// Errors of every call: unavailable, denied, no_space, size_limit_exceeded, server_error. After an
/// error of a commit the outcome is unknown if `was_sent()`.
/// Thread safety: one thread at a time. Deadlines are kept.
class server {
 public:
  virtual ~server() = default;

  /// Who it is, for messages.
  [[nodiscard]] virtual std::string name() const = 0;
  /// The tables that there are now.
  [[nodiscard]] virtual result<std::vector<catalog_table>> catalog(deadline until) = 0;
  /// The server's last commit.
  [[nodiscard]] virtual result<log_position> head(deadline until) = 0;
  /// All entries of all tables at one commit.
  [[nodiscard]] virtual result<> snapshot(snapshot_visitor& to, deadline until) = 0;
  /// Commits after `known`, at most so many, and not much more than 16 MiB.
  [[nodiscard]] virtual result<log_slice> since(const log_position& known, std::size_t most,
                                                deadline until) = 0;
  [[nodiscard]] virtual result<commit_answer> commit(const commit_call& call, deadline until) = 0;
  /// Commits of others wait from here on, until the next commit of this session, or let_go, or
  /// until it has done nothing for a second. The last commit there is.
  [[nodiscard]] virtual result<log_position> hold(deadline until) = 0;
  [[nodiscard]] virtual result<> let_go(deadline until) = 0;
  /// Whether the last commit may have reached the server.
  [[nodiscard]] virtual bool was_sent() const noexcept = 0;
  /// Reports where a node is. A commit: everything that was acknowledged to anyone before it is at
  /// or below the position that it returns.
  [[nodiscard]] virtual result<log_position> beat(const uuid& node, std::string_view name,
                                                  std::int64_t seq, deadline until) = 0;
  /// Whether it still promises what was asked for. Errors: unsafe_engine, which names the setting.
  [[nodiscard]] virtual result<> check_promise(deadline until) = 0;
  /// The table of this name, created if there is none; whether it is as wanted is for the caller to
  /// see.
  [[nodiscard]] virtual result<catalog_table> declare(const catalog_table& wanted,
                                                      deadline until) = 0;
  /// Errors: also not_found.
  [[nodiscard]] virtual result<> drop(std::string_view name, deadline until) = 0;
  /// Deletes some of the commits that are older than this, but none of the last `keep`, and some of
  /// what cleared and dropped tables have left. True if there may be more of it.
  [[nodiscard]] virtual result<bool> trim(std::int64_t keep, std::chrono::seconds older_than,
                                          deadline until) = 0;
  /// Tells sessions that wait that there are commits up to this one. A hint, which may be lost; if
  /// it fails, the next call of this session fails.
  [[nodiscard]] virtual result<> wake(std::int64_t seq, deadline until) = 0;
  /// From now on `wait` hears of `wake`.
  [[nodiscard]] virtual result<> listen(deadline until) = 0;
  /// Until another session wakes this one: the last commit that it was told of. Nothing: the
  /// deadline has passed.
  [[nodiscard]] virtual result<std::optional<std::int64_t>> wait(deadline until) = 0;
};

}  // namespace shelf::cluster
