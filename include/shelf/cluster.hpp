// API  [api] -> engine -> stores -> journal -> file
// Cluster tables: the server side in PostgreSQL, installed and looked at. Link shelf::cluster.
#pragma once

#include "shelf/error.hpp"
#include "shelf/kind.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
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
  /// How long a call may take. The system's resolver of host names does not know of it.
  std::chrono::milliseconds deadline{5000};
  /// Permits sslmode and channel_binding that are weaker than verify-full and require.
  bool allow_plaintext = false;
  /// Supplies the password, if neither `connection` nor a password file does.
  std::function<result<std::string>()> password = {};
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

}  // namespace shelf::cluster
