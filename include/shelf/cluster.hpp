// API  [api] -> engine -> stores -> journal -> file
// Cluster tables: replicas of tables that PostgreSQL keeps, and its server side. Link
// shelf::cluster.
#pragma once

#include "shelf/database.hpp"
#include "shelf/error.hpp"
#include "shelf/kind.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Tables of a cluster. What works today, and what does not yet: `docs/cluster.md`.
namespace shelf::cluster {

/// What becomes of an acknowledged commit when machines fail.
enum class promise : std::uint8_t {
  synchronous,  ///< it survives the loss of any one machine: a standby has confirmed it
  attested,     ///< as far as the server knows, it survives a crash; you attest that its storage is
                ///< replicated
  none,         ///< a crash of the server may lose it
};
/// "synchronous", "attested" or "none".
[[nodiscard]] std::string_view to_string(promise p) noexcept;

/// How a cluster is reached.
struct config {
  /// As libpq takes it: keyword=value pairs, a URI, or a service; several hosts are tried in order.
  /// A connection that leaves this machine needs a verified certificate and channel binding.
  std::string connection;
  /// The group of tables. Its commits have one order, and a transaction stays within it.
  std::string space = "main";
  /// Where in the database the server side is installed.
  std::string schema = "shelf";
  /// What this process is called in `status`; need not be unique.
  std::string node = "node";
  /// What the server has to promise, checked by `open` and at each new connection.
  cluster::promise promise = promise::synchronous;
  /// How long a call may take, up to five minutes. The system's resolver of host names does not
  /// know of it.
  std::chrono::milliseconds deadline{5000};
  /// Reads return `stale` once the last proof that the replica was up to date is older than this;
  /// zero: never. What has no error to return (size, contains, snapshots) shows the last state.
  std::chrono::milliseconds max_staleness{0};
  /// A standby that the tables are read from, given as `connection` is; empty: the server that
  /// takes the commits. If it cannot be reached, that one is read. What this process commits, it
  /// shows at once; commits of others as soon as the standby has them.
  std::string read_from = {};
  /// The connections go through a pooler that hands out its own per transaction, as PgBouncer may:
  /// statements are not prepared, and the log is looked at every 20 ms, without notifications.
  bool pooled = false;
  /// Permits sslmode and channel_binding that are weaker than verify-full and require.
  bool allow_plaintext = false;
  /// Supplies the password, if neither `connection` nor a password file does.
  std::function<result<std::string>()> password = {};
  /// Receives errors of background work, each once. Default: prints one line to stderr. Called from
  /// any thread; must not throw.
  function<void(const error&)> on_error = {};
};

/// What `initialize` created; false for what was there already.
struct initialized {
  bool schema = false;  ///< and its roles
  bool space = false;   ///< with an empty log
};

/// Installs the server side, and creates the space, unless they are there. One transaction each, so
/// a failure leaves nothing half done. The role in `connection` needs CREATE on the database, and
/// CREATEROLE unless a superuser has created the four roles, see `statements`.
/// Errors: invalid_argument (a name, the connection string), unavailable, denied,
/// unsupported_version (the schema has another format), server_error.
/// Thread safety: any thread.
[[nodiscard]] result<initialized> initialize(const config& how);

/// The SQL that `initialize` executes, for a person who may. Errors: invalid_argument: `schema` has
/// to be [a-z][a-z0-9_]{0,47}, and not begin with pg_.
[[nodiscard]] result<std::string> statements(std::string_view schema = "shelf");

/// What a role of the database may do with the tables of a schema.
enum class privilege : std::uint8_t {
  use,         ///< read and write all tables
  administer,  ///< also create and drop tables and spaces
  report,      ///< see spaces and nodes, and no entries
};

/// Gives a role of the database a privilege. Errors: as `initialize`; server_error: no such role.
/// Thread safety: any thread.
[[nodiscard]] result<> grant(const config& how, std::string_view role, privilege what);

/// A table of a space.
struct table_status {
  std::string name;       ///< unique within the space
  kind what = kind::set;  ///< which of the four
};

/// A node that follows a space.
struct node_status {
  std::string name;                 ///< as it calls itself
  std::string version;              ///< of shelf, there
  std::int64_t seq = 0;             ///< the last commit that it had when it last reported
  std::chrono::milliseconds age{};  ///< since it last reported, by the server's clock
};

/// A server and a space, as they are now.
struct server_status {
  std::string server;                        ///< "db1:5432/shop"
  std::string version;                       ///< of PostgreSQL, "15.4"
  bool is_primary = false;                   ///< false: a standby, which takes no commits
  cluster::promise promise = promise::none;  ///< the strongest that its settings keep
  std::string why;                   ///< which setting keeps it from promising more, or empty
  std::int64_t seq = 0;              ///< the last commit
  std::int64_t commits_kept = 0;     ///< how many the log holds, for nodes to catch up
  std::vector<table_status> tables;  ///< by name
  std::vector<node_status> nodes;    ///< by name
};

/// Looks at the server and the space. Errors: as `initialize`; not_found: the schema or the space
/// is not there. Thread safety: any thread.
[[nodiscard]] result<server_status> inspect(const config& how);

/// Refuses a server that promises less than this. Errors: unsafe_engine, which names the setting.
[[nodiscard]] result<> require(const server_status& server, promise wanted);

/// A commit of a space, and the state after it. Pass it to another process, which can wait for it.
struct position {
  std::int64_t seq = 0;                  ///< how many commits there were, itself included
  std::array<std::byte, 16> nonce = {};  ///< tells commits of histories apart that have forked
  /// The same commit of the same history.
  friend bool operator==(const position&, const position&) = default;
};
/// "17:6f1c0b5e-...".
[[nodiscard]] std::string to_string(const position& at);
/// The position of such a text. Errors: invalid_argument.
[[nodiscard]] result<position> position_from(std::string_view text);

/// How a replica is doing.
enum class replica_state : std::uint8_t {
  following,     ///< it hears from the server
  disconnected,  ///< it does not, and tries to
  stopped,       ///< it cannot show what the server has: see `status::problem`
  closed,        ///< its database is closed
};
/// "following", "disconnected", "stopped" or "closed".
[[nodiscard]] std::string_view to_string(replica_state s) noexcept;

/// A replica, as it is now.
struct replica_status {
  replica_state state = replica_state::closed;  ///< whether it hears from the server
  cluster::position position;                   ///< what it shows
  std::int64_t head = 0;                        ///< the last commit that it has heard of
  /// How long ago it was certainly up to date; absent: never.
  std::optional<std::chrono::milliseconds> age;
  std::uint64_t resyncs = 0;      ///< snapshots taken since it was opened
  std::uint64_t divergences = 0;  ///< how often the server had another history
  std::optional<error> problem;   ///< the last failure, until it is overcome
  /// What keeps the server from promising what config.promise asks for, when it was last looked at.
  std::optional<error> promise_problem;
  std::size_t queued_writes = 0;      ///< that wait for the server, posted ones included
  std::size_t queued_bytes = 0;       ///< of these; at 64 MiB writers wait
  std::size_t unresolved_writes = 0;  ///< that were indeterminate, and still are
};

/// What has become of a write that nobody waited for.
struct write_outcome {
  /// What can have become of it.
  enum class state : std::uint8_t {
    unknown,    ///< not known yet; with `why`: it never will be
    committed,  ///< it has happened, once
    rejected,   ///< it has not happened, and never will: `why` says why
  };
  state is = state::unknown;      ///< which of these
  std::optional<error> why = {};  ///< of rejected
};
/// "unknown", "committed" or "rejected".
[[nodiscard]] std::string_view to_string(write_outcome::state s) noexcept;
/// The ticket that an error `indeterminate` of a write or a transaction of a cluster carries, at
/// the end of its details(): "ticket 17". Nothing, for any other error.
[[nodiscard]] std::optional<std::uint64_t> ticket_of(const error& e);

/// What has happened to a replica.
struct event {
  /// What can happen.
  enum class kind : std::uint8_t {
    disconnected,   ///< the server is not heard any more; `why` says why
    resumed,        ///< it is heard again
    resynced,       ///< all tables were loaded anew, as of `seq`
    diverged,       ///< the server has lost commits that were shown here, `seq` among them
    stale,          ///< reads are refused from here on
    fresh,          ///< and no more
    table_changed,  ///< a table was created or dropped, by commit `seq`
    promise_lost,   ///< the server's settings promise less than config.promise; `why` says which.
                    ///< Writes wait for it to be restored, up to their deadlines
    promise_restored,  ///< they promise as much again
    resolved,  ///< the outcome of `ticket` is known, which was indeterminate; or it was posted, and
               ///< was rejected
  };
  kind what = kind::disconnected;  ///< which of these
  std::int64_t seq = 0;            ///< the commit it is about
  std::optional<error> why = {};   ///< of disconnected and promise_lost
  std::uint64_t ticket = 0;        ///< of resolved
};
/// The name as in the enum.
[[nodiscard]] std::string_view to_string(event::kind what) noexcept;

class replication;
class event_reader;

/// The events of a replica from the moment on when it was made. Holds the last 1,000 that were not
/// fetched; older ones are lost.
/// Thread safety: one thread at a time.
class event_feed {
 public:
  /// Made by replica::events.
  explicit event_feed(std::shared_ptr<event_reader> from) noexcept : from_(std::move(from)) {}
  /// The next one, or nothing if there is none in time or the database is closed.
  [[nodiscard]] std::optional<event> next(std::chrono::milliseconds wait);

 private:
  std::shared_ptr<event_reader> from_;
};

/// How a database follows its cluster: `or_throw(shelf::cluster::of(db))`. May outlive it.
/// Thread safety: all calls from any thread.
class replica {
 public:
  /// Made by `of`.
  explicit replica(std::shared_ptr<replication> of) noexcept : of_(std::move(of)) {}
  /// What it is up to. Cost: one lock.
  [[nodiscard]] replica_status status() const;
  /// What it shows.
  [[nodiscard]] cluster::position position() const;
  /// Returns once it shows at least this commit. Errors: unavailable, after so long; cursor_lost:
  /// the commit is of a history that the server has lost; table_closed.
  [[nodiscard]] result<> wait_for(const cluster::position& at,
                                  std::chrono::milliseconds wait) const;
  /// The events from now on.
  [[nodiscard]] event_feed events() const;
  /// What has become of a transaction that was posted, or has committed, with this ticket. Errors:
  /// invalid_argument: it is not one of this database.
  [[nodiscard]] result<write_outcome> outcome(const ticket& of) const;
  /// What has become of a write by its number: that of an error (`ticket_of`), of an event, or of a
  /// ticket. Known are all that are unknown yet, and the last 10,000 outcomes, until the database
  /// is closed. Errors: not_found: it is forgotten, or never was.
  [[nodiscard]] result<write_outcome> outcome(std::uint64_t ticket) const;

 private:
  std::shared_ptr<replication> of_;
};

/// The replica behind a database. Errors: invalid_argument: the database is not one of a cluster.
[[nodiscard]] result<replica> of(const database& db);

}  // namespace shelf::cluster

namespace shelf::detail {

/// How long an entry of a cluster may be: a commit has up to 16 MiB.
inline constexpr std::size_t cluster_entry_bytes = std::size_t{15} << 20;
/// For open.
[[nodiscard]] result<std::shared_ptr<database_core>> open_cluster(
    cluster::config how, std::vector<wanted_table> declared);

}  // namespace shelf::detail

namespace shelf::cluster {

/// Opens the tables of a space as a database, whose reads are served from memory. Tables that the
/// space does not have are created, which takes `privilege::administer`. All tables of the space
/// are loaded, and followed by two threads until the database is closed. In memory only: nothing is
/// kept on this machine.
/// Errors: invalid_argument: the connection string, a name, or a table with bounds, a time to live
/// or storage::memory; unavailable; denied; not_found: the schema or the space is not there;
/// unsupported_version; unsafe_engine; type_mismatch, wrong_kind: another process has declared the
/// table with other types, or an entry does not fit; server_error.
template <class... T>
[[nodiscard]] result<database> open(config how, declared<T>... tables) {
  const detail::decoding_rules rules{};
  const detail::encoding_limits limits{.size = detail::cluster_entry_bytes,
                                       .nesting = rules.nesting};
  auto opened = detail::open_cluster(std::move(how),
                                     detail::all_untyped(rules, limits, std::move(tables)...));
  if (!opened) return std::unexpected(opened.error());
  return detail::database_access::handle(std::move(*opened), rules, limits);
}

}  // namespace shelf::cluster
