// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Each call is one statement of schema.sql's functions, or a query of its tables.
#include "cluster/postgres_server.hpp"

#include "cluster/commit_parameters.hpp"
#include "cluster/ddl.hpp"
#include "cluster/row_reader.hpp"
#include "cluster/server_settings.hpp"
#include "error/printable.hpp"
#include "shelf/version.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <chrono>
#include <limits>
#include <thread>

namespace shelf::cluster {
namespace {

constexpr std::size_t largest_field = std::size_t{1} << 30;
/// What a notification without a number tells.
constexpr auto may_be_any = std::numeric_limits<std::int64_t>::max();
/// Where there are no notifications.
constexpr std::chrono::milliseconds between_questions{20};

[[nodiscard]] std::unexpected<error> malformed(const connection& c, const char* doing,
                                               const error& why) {
  return std::unexpected(
      error(why.code(), c.label() + ": cannot " + doing + ": " + why.message(), why.details()));
}

[[nodiscard]] buffer copy_of(bytes b) { return {b.begin(), b.end()}; }

class postgres_server final : public server {
 public:
  postgres_server(connection c, space_settings how, std::int32_t space)
      : connection_(std::move(c)), how_(std::move(how)), space_(space) {}

  std::string name() const override { return connection_.label(); }
  result<std::vector<catalog_table>> catalog(deadline until) override;
  result<log_position> head(deadline until) override;
  result<> snapshot(snapshot_visitor& to, deadline until) override;
  result<log_slice> since(const log_position& known, std::size_t most, deadline until) override;
  result<commit_answer> commit(const commit_call& call, deadline until) override;
  result<log_position> hold(deadline until) override;
  result<> let_go(deadline until) override;
  bool was_sent() const noexcept override { return connection_.was_sent(); }
  result<log_position> beat(const uuid& node, std::string_view name, std::int64_t seq,
                            deadline until) override;
  result<> check_promise(deadline until) override;
  result<catalog_table> declare(const catalog_table& wanted, deadline until) override;
  result<> drop(std::string_view name, deadline until) override;
  result<bool> trim(std::int64_t keep, std::chrono::seconds older_than, deadline until) override;
  result<> wake(std::int64_t seq, deadline until) override;
  result<> listen(deadline until) override;
  result<std::optional<std::int64_t>> wait(deadline until) override;

 private:
  [[nodiscard]] std::string statement(std::string_view text) const {
    return for_schema(text, how_.schema);
  }
  /// Whether it can listen: not through a pooler, and a standby does not let one.
  [[nodiscard]] bool hears() const noexcept { return how_.connection.prepares && !how_.is_standby; }
  [[nodiscard]] std::string channel() const { return how_.schema + "_" + how_.space; }
  [[nodiscard]] result<log_position> position_in(const char* doing, const reply& rows) const;
  [[nodiscard]] result<> snapshot_of(const catalog_table& table, snapshot_visitor& to,
                                     deadline until);
  [[nodiscard]] result<log_slice> missing(const log_position& known, deadline until);

  [[nodiscard]] std::unexpected<error> not_replicated() const;
  [[nodiscard]] result<commit_answer> call_commit(const commit_call& call, deadline until);

  connection connection_;
  bool is_holding_ = false;  ///< in a transaction that has the lock of commits
  space_settings how_;
  std::int32_t space_;
};

[[nodiscard]] result<catalog_table> table_in(const reply& rows, std::size_t row) {
  row_reader fields(rows, row);
  catalog_table t;
  t.id = fields.take<std::int32_t>();
  t.name = fields.take<std::string>();
  const auto what = fields.take<std::int16_t>();
  t.key_schema = copy_of(fields.take<bytes>());
  t.value_schema = copy_of(fields.take<bytes>());
  if (auto read = fields.outcome(); !read) return std::unexpected(read.error());
  if (what < 1 || what > 4) {
    return std::unexpected(
        error(errc::server_error, "a table of the unknown kind " + std::to_string(what)));
  }
  t.what = static_cast<kind>(what);
  return t;
}

[[nodiscard]] result<logged_commit> commit_in(const reply& rows, std::size_t row) {
  row_reader fields(rows, row);
  logged_commit c;
  c.at.seq = fields.take<std::int64_t>();
  c.at.nonce = fields.take<uuid>();
  c.call = fields.take<uuid>();
  change_columns columns;
  columns.codes = fields.take_or_empty<std::vector<std::int16_t>>();
  columns.tables = fields.take_or_empty<std::vector<std::int32_t>>();
  columns.keys = fields.take_or_empty<std::vector<wire::optional_bytes>>();
  columns.terms = fields.take_or_empty<std::vector<wire::optional_bytes>>();
  columns.contents = fields.take_or_empty<std::vector<wire::optional_bytes>>();
  const auto refused = fields.take_or_empty<std::vector<std::int32_t>>();
  if (auto read = fields.outcome(); !read) return std::unexpected(read.error());
  auto changes = changes_of(columns);
  if (!changes) return std::unexpected(changes.error());
  c.changes = std::move(*changes);
  auto refusals = refusals_of(refused);
  if (!refusals) return std::unexpected(refusals.error());
  c.refused = std::move(*refusals);
  return c;
}

result<log_position> postgres_server::position_in(const char* doing, const reply& rows) const {
  row_reader fields(rows, 0);
  log_position at;
  at.seq = fields.take<std::int64_t>();
  at.nonce = fields.take<uuid>();
  if (auto read = fields.outcome(); !read) return malformed(connection_, doing, read.error());
  return at;
}

result<log_position> postgres_server::head(deadline until) {
  constexpr const char* doing = "read the position of the space";
  const std::array parameters{wire::encode(space_)};
  auto rows = connection_.query(
      doing, statement("SELECT seq, nonce FROM @schema@.spaces WHERE id = $1"), parameters, until);
  if (!rows) return std::unexpected(rows.error());
  return position_in(doing, *rows);
}

result<std::vector<catalog_table>> postgres_server::catalog(deadline until) {
  constexpr const char* doing = "read the catalog";
  const std::array parameters{wire::encode(space_)};
  auto rows = connection_.query(
      doing,
      statement("SELECT id, name, kind, key_schema, value_schema FROM @schema@.tables"
                " WHERE space = $1 AND NOT dropped ORDER BY id"),
      parameters, until);
  if (!rows) return std::unexpected(rows.error());
  std::vector<catalog_table> all;
  for (std::size_t i = 0; i < rows->rows(); ++i) {
    auto t = table_in(*rows, i);
    if (!t) return malformed(connection_, doing, t.error());
    all.push_back(std::move(*t));
  }
  return all;
}

result<> postgres_server::snapshot_of(const catalog_table& table, snapshot_visitor& to,
                                      deadline until) {
  std::string text =
      "COPY (SELECT e.key, e.term, e.content FROM @schema@.entries e WHERE e.store ="
      " (SELECT t.store FROM @schema@.tables t WHERE t.id = " +
      std::to_string(table.id) + ")";
  if (is_bag(table.what)) text += " ORDER BY e.version, e.place";
  text += ") TO STDOUT (FORMAT binary)";
  return connection_.copy(
      "copy a table", statement(text), copy_stream(3, largest_field),
      [&](std::span<const wire::optional_bytes> row) -> result<> {
        const bool is_ordered = table.what == kind::ordered_set;
        if (!row[0] || row[1].has_value() != is_ordered || !row[2]) {
          return std::unexpected(
              error(errc::server_error, "malformed entry of table '" + table.name + "'"));
        }
        return to.entry({.table = table.id, .key = *row[0], .term = row[1], .content = *row[2]});
      },
      until);
}

result<> postgres_server::snapshot(snapshot_visitor& to, deadline until) {
  auto begun =
      connection_.run("begin a snapshot", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", until);
  if (!begun) return begun;
  const auto read = [&]() -> result<> {
    auto at = head(until);
    if (!at) return std::unexpected(at.error());
    auto tables = catalog(until);
    if (!tables) return std::unexpected(tables.error());
    if (auto taken = to.begin(*at, *tables); !taken) return taken;
    for (const auto& t : *tables) {
      if (auto done = snapshot_of(t, to, until); !done) return done;
    }
    return {};
  };
  auto done = read();
  if (!connection_.is_usable()) return done;
  auto ended = connection_.run("end a snapshot", "ROLLBACK", until);
  return done ? ended : done;
}

/// Why the log has no commit of this position. A standby may just not have it yet; whether the
/// primary has it the next commit tells.
result<log_slice> postgres_server::missing(const log_position& known, deadline until) {
  auto at = head(until);
  if (!at) return std::unexpected(at.error());
  if (how_.is_standby && at->seq < known.seq) return log_slice{};
  return log_slice{
      .how = at->seq > known.seq ? log_slice::relation::trimmed : log_slice::relation::diverged,
      .commits = {}};
}

result<log_slice> postgres_server::since(const log_position& known, std::size_t most,
                                         deadline until) {
  constexpr const char* doing = "read the log";
  const std::array parameters{wire::encode(space_), wire::encode(known.seq),
                              wire::encode(static_cast<std::int64_t>(most) + 1)};
  // The position itself comes first: it shows that this server has our history.
  auto rows = connection_.query(
      doing,
      statement(
          "SELECT seq, nonce, call, codes, tables, keys, terms, contents, refused FROM ("
          "SELECT *, sum(coalesce(pg_column_size(keys), 0) + coalesce(pg_column_size(contents), 0))"
          " OVER (ORDER BY seq) AS size FROM @schema@.commits WHERE space = $1 AND seq >= $2"
          " ORDER BY seq LIMIT $3) AS log WHERE size <= 16777216 OR seq <= $2 + 1 ORDER BY seq"),
      parameters, until);
  if (!rows) return std::unexpected(rows.error());
  log_slice slice;
  for (std::size_t i = 0; i < rows->rows(); ++i) {
    auto c = commit_in(*rows, i);
    if (!c) return malformed(connection_, doing, c.error());
    const auto expected = known.seq + static_cast<std::int64_t>(i);
    if (i == 0 && c->at.seq > expected) return missing(known, until);
    if (c->at.seq != expected) {
      return malformed(connection_, doing,
                       error(errc::server_error, "commit " + std::to_string(c->at.seq) + " where " +
                                                     std::to_string(expected) + " was expected"));
    }
    if (i > 0) {
      slice.commits.push_back(std::move(*c));
    } else if (c->at != known) {
      slice.how = log_slice::relation::diverged;
      return slice;
    }
  }
  if (rows->rows() == 0) return missing(known, until);
  return slice;
}

result<log_position> postgres_server::hold(deadline until) {
  constexpr const char* doing = "take the lock of commits";
  auto begun = connection_.run(doing,
                               "BEGIN ISOLATION LEVEL READ COMMITTED;"
                               " SET LOCAL idle_in_transaction_session_timeout = '1s'",
                               until);
  if (!begun) return std::unexpected(begun.error());
  is_holding_ = true;
  const std::array parameters{wire::encode(space_)};
  auto rows = connection_.query(doing, statement("SELECT seq, nonce FROM @schema@.hold($1)"),
                                parameters, until);
  if (!rows) return std::unexpected(rows.error());
  return position_in(doing, *rows);
}

result<> postgres_server::let_go(deadline until) {
  if (!std::exchange(is_holding_, false)) return {};
  return connection_.run("let go of the lock of commits", "ROLLBACK", until);
}

/// One that holds the space has begun a transaction, whose end is that of the commit.
result<commit_answer> postgres_server::commit(const commit_call& call, deadline until) {
  auto answer = call_commit(call, until);
  if (!std::exchange(is_holding_, false) || !connection_.is_usable()) return answer;
  const auto ended = connection_.run("commit", answer ? "COMMIT" : "ROLLBACK", until);
  if (answer && !ended) return std::unexpected(ended.error());
  if (answer && connection_.was_canceled_waiting()) return not_replicated();
  return answer;
}

std::unexpected<error> postgres_server::not_replicated() const {
  return malformed(connection_, "commit",
                   error(errc::unavailable,
                         "the server stopped waiting for its standby, so the commit may be lost"));
}

result<commit_answer> postgres_server::call_commit(const commit_call& call, deadline until) {
  constexpr const char* doing = "commit";
  auto parameters = parameters_of(call);
  parameters.insert(parameters.begin(), wire::encode(space_));
  auto rows = connection_.query(
      doing,
      statement(
          "SELECT outcome, seq, nonce, refused FROM @schema@.commit($1, $2, $3, $4, $5, $6, $7, $8,"
          " $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)"),
      parameters, until);
  if (!rows) return std::unexpected(rows.error());
  row_reader fields(*rows, 0);
  const auto outcome = fields.take<std::int32_t>();
  commit_answer answer{.seq = fields.take<std::int64_t>(), .refused = {}};
  answer.nonce = fields.take<uuid>();
  const auto refused = fields.take_or_empty<std::vector<std::int32_t>>();
  if (auto read = fields.outcome(); !read) return malformed(connection_, doing, read.error());
  if (outcome < 0 || outcome > 4) {
    return malformed(connection_, doing, error(errc::server_error, "an unknown outcome"));
  }
  auto refusals = refusals_of(refused);
  if (!refusals) return malformed(connection_, doing, refusals.error());
  answer.outcome = static_cast<commit_outcome>(outcome);
  answer.refused = std::move(*refusals);
  if (connection_.was_canceled_waiting()) return not_replicated();
  return answer;
}

result<log_position> postgres_server::beat(const uuid& node, std::string_view name,
                                           std::int64_t seq, deadline until) {
  constexpr const char* doing = "report this node's position";
  const std::array parameters{wire::encode(space_), wire::encode(node), wire::encode(name),
                              wire::encode(std::string_view(version)), wire::encode(seq)};
  auto rows = connection_.query(
      doing, statement("SELECT seq, nonce FROM @schema@.beat($1, $2, $3, $4, $5)"), parameters,
      until);
  if (!rows) return std::unexpected(rows.error());
  return position_in(doing, *rows);
}

result<> postgres_server::check_promise(deadline until) {
  if (!how_.promise) return {};
  server_status s;
  s.server = connection_.label();
  if (auto read = read_settings(connection_, s, until); !read) return read;
  return require(s, *how_.promise);
}

result<catalog_table> postgres_server::declare(const catalog_table& wanted, deadline until) {
  constexpr const char* doing = "declare a table";
  wire::parameter what = wire::encode(static_cast<std::int32_t>(wanted.what));
  const std::array parameters{wire::encode(space_),
                              wire::encode(random_uuid()),
                              wire::encode(std::string_view(wanted.name)),
                              std::move(what),
                              wire::encode(bytes(wanted.key_schema)),
                              wire::encode(bytes(wanted.value_schema))};
  auto rows = connection_.query(doing,
                                statement("SELECT id, name, kind, key_schema, value_schema FROM"
                                          " @schema@.declare($1, $2, $3, $4::smallint, $5, $6)"),
                                parameters, until);
  if (!rows) return std::unexpected(rows.error());
  auto t = table_in(*rows, 0);
  if (!t) return malformed(connection_, doing, t.error());
  return t;
}

result<> postgres_server::drop(std::string_view name, deadline until) {
  const std::array parameters{wire::encode(space_), wire::encode(random_uuid()),
                              wire::encode(name)};
  auto rows = connection_.query("drop a table", statement("SELECT @schema@.drop_table($1, $2, $3)"),
                                parameters, until);
  if (!rows) return std::unexpected(rows.error());
  if (rows->field(0, 0)) return {};
  return std::unexpected(error(errc::not_found, connection_.label() + ": there is no table '" +
                                                    detail::printable(name) + "'"));
}

result<bool> postgres_server::trim(std::int64_t keep, std::chrono::seconds older_than,
                                   deadline until) {
  const std::array parameters{wire::encode(space_), wire::encode(keep),
                              wire::encode(static_cast<std::int64_t>(older_than.count()))};
  auto rows = connection_.query(
      "trim the log",
      statement("SELECT @schema@.trim($1, $2, $3 * interval '1 second') + @schema@.collect() > 0"),
      parameters, until);
  if (!rows) return std::unexpected(rows.error());
  return rows->get<bool>(0, 0);
}

// A transaction of its own, not synced: a hint inside the commit would serialize all commits of the
// server at PostgreSQL's queue of notifications.
result<> postgres_server::wake(std::int64_t seq, deadline until) {
  return connection_.begin_run("wake other nodes",
                               "BEGIN; SET LOCAL synchronous_commit = off; NOTIFY " + channel() +
                                   ", '" + std::to_string(seq) + "'; COMMIT",
                               until);
}

result<> postgres_server::listen(deadline until) {
  if (!hears()) return {};
  return connection_.run("listen", "LISTEN " + channel(), until);
}

result<std::optional<std::int64_t>> postgres_server::wait(deadline until) {
  if (!hears()) {
    const auto soon = std::chrono::steady_clock::now() + between_questions;
    std::this_thread::sleep_until(std::min(until, soon));  // sleeps: nobody tells this session
    return may_be_any;
  }
  const auto heard = connection_.wait_for_notification(until);
  if (!heard) return std::unexpected(heard.error());
  if (!*heard) return std::nullopt;
  auto seq = may_be_any;
  std::from_chars((*heard)->data(), (*heard)->data() + (*heard)->size(), seq);
  return seq;
}

}  // namespace

result<> check_format(connection& c, const std::string& schema, deadline until) {
  constexpr const char* doing = "read the format of the schema";
  const std::array name{wire::encode(std::string_view(schema + ".format"))};
  auto present = c.query(doing, "SELECT to_regclass($1) IS NOT NULL", name, until);
  if (!present) return std::unexpected(present.error());
  const auto is_there = present->get<bool>(0, 0);
  if (!is_there) return malformed(c, doing, is_there.error());
  if (!*is_there) {
    return std::unexpected(error(
        errc::not_found,
        c.label() + ": the schema '" + schema + "' is not installed; run `shelf-cluster init`"));
  }
  auto rows =
      c.query(doing, for_schema("SELECT max(version) FROM @schema@.format", schema), {}, until);
  if (!rows) return std::unexpected(rows.error());
  const auto format = rows->get<std::int32_t>(0, 0);
  if (!format) return malformed(c, doing, format.error());
  if (*format == schema_format) return {};
  return std::unexpected(
      error(errc::unsupported_version,
            c.label() + ": the schema '" + schema + "' has format " + std::to_string(*format) +
                "; this version of shelf supports format " + std::to_string(schema_format)));
}

result<std::int32_t> find_space(connection& c, const std::string& schema, const std::string& space,
                                deadline until) {
  constexpr const char* doing = "find the space";
  const std::array name{wire::encode(std::string_view(space))};
  auto rows = c.query(doing, for_schema("SELECT id FROM @schema@.spaces WHERE name = $1", schema),
                      name, until);
  if (!rows) return std::unexpected(rows.error());
  if (rows->rows() == 0) {
    return std::unexpected(
        error(errc::not_found, c.label() + ": there is no space '" + space +
                                   "'; create it with `shelf-cluster init --space " + space + "`"));
  }
  const auto id = rows->get<std::int32_t>(0, 0);
  if (!id) return malformed(c, doing, id.error());
  return *id;
}

result<std::unique_ptr<server>> open_postgres(const space_settings& how, deadline until) {
  if (auto valid = check_name("schema", how.schema); !valid) return std::unexpected(valid.error());
  if (auto valid = check_name("space", how.space); !valid) return std::unexpected(valid.error());
  auto c = connection::open(how.connection, until);
  if (!c) return std::unexpected(c.error());
  if (auto known = check_format(*c, how.schema, until); !known) {
    return std::unexpected(known.error());
  }
  const auto id = find_space(*c, how.schema, how.space, until);
  if (!id) return std::unexpected(id.error());
  auto made = std::make_unique<postgres_server>(std::move(*c), how, *id);
  if (auto kept = made->check_promise(until); !kept) return std::unexpected(kept.error());
  return made;
}

}  // namespace shelf::cluster
