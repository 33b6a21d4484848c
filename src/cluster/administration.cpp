// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Installs the server side, hands out privileges and looks at what is there.
#include "cluster/connection.hpp"
#include "cluster/ddl.hpp"
#include "cluster/postgres_server.hpp"
#include "cluster/row_reader.hpp"
#include "cluster/server_settings.hpp"
#include "error/printable.hpp"
#include "shelf/cluster.hpp"

#include <array>

namespace shelf::cluster {
namespace {

[[nodiscard]] connection_settings settings_of(const config& how) {
  return {.connection = how.connection,
          .allow_plaintext = how.allow_plaintext,
          .password = how.password,
          .program = "shelf-cluster"};
}

[[nodiscard]] deadline deadline_of(const config& how) {
  return std::chrono::steady_clock::now() + how.deadline;
}

/// One boolean.
[[nodiscard]] result<bool> ask(connection& c, const char* doing, const std::string& statement,
                               std::span<const wire::parameter> parameters, deadline until) {
  auto rows = c.query(doing, statement, parameters, until);
  if (!rows) return std::unexpected(rows.error());
  return rows->get<bool>(0, 0);
}

[[nodiscard]] result<bool> is_installed(connection& c, const std::string& schema, deadline until) {
  const std::array name{wire::encode(std::string_view(schema))};
  return ask(c, "look for the schema",
             "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1)", name, until);
}

/// Whether it was created now.
[[nodiscard]] result<bool> create_space(connection& c, const config& how, deadline until) {
  const std::array name{wire::encode(std::string_view(how.space))};
  const auto of_schema = [&](const char* text) { return for_schema(text, how.schema); };
  auto present =
      ask(c, "look for the space",
          of_schema("SELECT EXISTS (SELECT FROM @schema@.spaces WHERE name = $1)"), name, until);
  if (!present) return std::unexpected(present.error());
  if (*present) return false;
  auto made =
      c.query("create the space", of_schema("SELECT @schema@.create_space($1)"), name, until);
  if (!made) return std::unexpected(made.error());
  return true;
}

[[nodiscard]] result<> read_log(connection& c, server_status& s, const config& how,
                                deadline until) {
  const std::array name{wire::encode(std::string_view(how.space))};
  auto rows = c.query("read the log",
                      for_schema("SELECT s.seq, s.seq - (SELECT min(c.seq) FROM @schema@.commits c"
                                 " WHERE c.space = s.id) FROM @schema@.spaces s WHERE s.name = $1",
                                 how.schema),
                      name, until);
  if (!rows) return std::unexpected(rows.error());
  row_reader fields(*rows, 0);
  s.seq = fields.take<std::int64_t>();
  s.commits_kept = fields.take<std::int64_t>();
  if (auto read = fields.outcome(); !read) return std::unexpected(read.error());
  return {};
}

[[nodiscard]] result<> read_tables(connection& c, server_status& s, const config& how,
                                   deadline until) {
  const std::array name{wire::encode(std::string_view(how.space))};
  auto rows = c.query("read the catalog",
                      for_schema("SELECT t.name, t.kind FROM @schema@.tables t"
                                 " JOIN @schema@.spaces s ON s.id = t.space"
                                 " WHERE s.name = $1 AND NOT t.dropped ORDER BY t.name",
                                 how.schema),
                      name, until);
  if (!rows) return std::unexpected(rows.error());
  for (std::size_t i = 0; i < rows->rows(); ++i) {
    row_reader fields(*rows, i);
    auto& t = s.tables.emplace_back();
    t.name = fields.take<std::string>();
    t.what = static_cast<kind>(fields.take<std::int16_t>());
    if (auto read = fields.outcome(); !read) return std::unexpected(read.error());
  }
  return {};
}

[[nodiscard]] result<> read_nodes(connection& c, server_status& s, const config& how,
                                  deadline until) {
  const std::array name{wire::encode(std::string_view(how.space))};
  auto rows = c.query("read the nodes",
                      for_schema("SELECT n.name, n.version, n.seq,"
                                 " (extract(epoch FROM clock_timestamp() - n.seen) * 1000)::bigint"
                                 " FROM @schema@.nodes n JOIN @schema@.spaces s ON s.id = n.space"
                                 " WHERE s.name = $1 ORDER BY n.name",
                                 how.schema),
                      name, until);
  if (!rows) return std::unexpected(rows.error());
  for (std::size_t i = 0; i < rows->rows(); ++i) {
    row_reader fields(*rows, i);
    auto& n = s.nodes.emplace_back();
    n.name = fields.take<std::string>();
    n.version = fields.take<std::string>();
    n.seq = fields.take<std::int64_t>();
    n.age = std::chrono::milliseconds(fields.take<std::int64_t>());
    if (auto read = fields.outcome(); !read) return std::unexpected(read.error());
  }
  return {};
}

[[nodiscard]] std::string_view suffix_of(privilege p) noexcept {
  switch (p) {
    case privilege::use: return "_app";
    case privilege::administer: return "_admin";
    case privilege::report: return "_report";
  }
  return "";
}

[[nodiscard]] result<connection> open_for(const config& how, deadline until) {
  if (auto valid = check_name("schema", how.schema); !valid) return std::unexpected(valid.error());
  if (auto valid = check_name("space", how.space); !valid) return std::unexpected(valid.error());
  return connection::open(settings_of(how), until);
}

}  // namespace

std::string_view to_string(promise p) noexcept {
  switch (p) {
    case promise::synchronous: return "synchronous";
    case promise::attested: return "attested";
    case promise::none: return "none";
  }
  return "unknown promise";
}

result<std::string> statements(std::string_view schema) {
  if (auto valid = check_name("schema", schema); !valid) return std::unexpected(valid.error());
  return ddl(schema);
}

result<initialized> initialize(const config& how) {
  const auto until = deadline_of(how);
  auto c = open_for(how, until);
  if (!c) return std::unexpected(c.error());
  initialized done;
  auto present = is_installed(*c, how.schema, until);
  if (!present) return std::unexpected(present.error());
  if (!*present) {
    auto installed = c->run("install the schema", ddl(how.schema), until);
    if (!installed) return std::unexpected(installed.error());
    done.schema = true;
  } else if (auto known = check_format(*c, how.schema, until); !known) {
    return std::unexpected(known.error());
  }
  auto space = create_space(*c, how, until);
  if (!space) return std::unexpected(space.error());
  done.space = *space;
  return done;
}

result<> grant(const config& how, std::string_view role, privilege what) {
  const auto until = deadline_of(how);
  auto c = open_for(how, until);
  if (!c) return std::unexpected(c.error());
  // The server quotes the names.
  const auto group = how.schema + std::string(suffix_of(what));
  const std::array names{wire::encode(std::string_view(group)), wire::encode(role)};
  auto text =
      c->query("grant the privilege", "SELECT format('GRANT %I TO %I', $1, $2)", names, until);
  if (!text) return std::unexpected(text.error());
  const auto statement = text->get<std::string>(0, 0);
  if (!statement) return std::unexpected(statement.error());
  return c->run("grant the privilege", *statement, until);
}

result<server_status> inspect(const config& how) {
  const auto until = deadline_of(how);
  auto c = open_for(how, until);
  if (!c) return std::unexpected(c.error());
  if (auto known = check_format(*c, how.schema, until); !known) {
    return std::unexpected(known.error());
  }
  if (auto space = find_space(*c, how.schema, how.space, until); !space) {
    return std::unexpected(space.error());
  }
  server_status s;
  s.server = c->label();
  if (auto read = read_settings(*c, s, until); !read) return std::unexpected(read.error());
  if (auto read = read_log(*c, s, how, until); !read) return std::unexpected(read.error());
  if (auto read = read_tables(*c, s, how, until); !read) return std::unexpected(read.error());
  if (auto read = read_nodes(*c, s, how, until); !read) return std::unexpected(read.error());
  return s;
}

result<> require(const server_status& server, promise wanted) {
  if (server.promise <= wanted) return {};
  return std::unexpected(error(errc::unsafe_engine, server.server + ": promises less than " +
                                                        std::string(to_string(wanted)) + ": " +
                                                        server.why));
}

}  // namespace shelf::cluster
