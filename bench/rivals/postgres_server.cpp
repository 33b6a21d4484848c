// BENCH  rivals
// PostgreSQL, started by the script of the tests, and libpq.
#include "rivals/postgres_server.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <array>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace bench {
namespace {

[[nodiscard]] bool succeeds(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

/// postgres.sh COMMAND WORDS, with its directories in `directory`.
[[nodiscard]] bool does(const std::string& directory, std::string_view words) {
  return succeeds(fmt::format("TMPDIR='{}' '{}' {}", directory, SHELF_POSTGRES_SCRIPT, words));
}

[[noreturn]] void fail(PGconn* c, const char* what) {
  throw std::runtime_error(fmt::format("{}: {}", what, PQerrorMessage(c)));
}

/// Takes a result, which has to be this.
void expect(PGconn* c, PGresult* r, ExecStatusType wanted) {
  const auto is = PQresultStatus(r);
  PQclear(r);
  if (is != wanted) fail(c, "PostgreSQL");
}

}  // namespace

bool has_postgres() {
  static const bool found = succeeds("ls /usr/lib/postgresql/*/bin/initdb");
  return found;
}

postgres_server::postgres_server(const std::string& directory, standby with)
    : directory_(directory) {
  const auto note = directory + "/postgres";
  const auto started =
      does(directory, fmt::format("start '{}' fsync=on autovacuum=on "
                                  "shared_buffers=256MB max_connections=100",
                                  note)) &&
      (with == standby::none || does(directory, fmt::format("follow '{0}.standby' '{0}'", note)));
  if (!started) {
    stop();
    throw std::runtime_error("PostgreSQL does not start");
  }
  int port = 0;
  std::ifstream(note) >> port;
  connection_ =
      fmt::format("host=127.0.0.1 user=postgres dbname=postgres sslmode=disable port={}", port);
}

postgres_server::~postgres_server() { stop(); }

void postgres_server::stop() noexcept {
  try {
    for (const auto* const which : {".standby", ""}) {
      static_cast<void>(does(directory_, fmt::format("stop '{}/postgres{}'", directory_, which)));
    }
  } catch (const std::exception&) {
    return;  // its files are removed all the same
  }
}

struct raw_upserts::session {
  explicit session(const std::string& connection) : at(PQconnectdb(connection.c_str())) {
    if (PQstatus(at) != CONNECTION_OK) fail(at, "cannot connect");
  }
  session(const session&) = delete;
  session& operator=(const session&) = delete;
  ~session() { PQfinish(at); }

  struct parameters {
    std::array<const char*, 2> values;
    std::array<int, 2> lengths;
  };
  [[nodiscard]] static parameters of(std::string_view key, std::string_view value) {
    return {{key.data(), value.data()},
            {static_cast<int>(key.size()), static_cast<int>(value.size())}};
  }
  static constexpr std::array<int, 2> binary{1, 1};
  static constexpr const char* statement = "upsert";

  PGconn* at;
};

raw_upserts::raw_upserts(const postgres_server& of)
    : session_(std::make_unique<session>(of.connection())) {
  auto* const at = session_->at;
  expect(at,
         PQexec(at,
                "SET client_min_messages = error; "
                "CREATE TABLE IF NOT EXISTS raw (key bytea PRIMARY KEY, value bytea NOT NULL)"),
         PGRES_COMMAND_OK);
  expect(at,
         PQprepare(at, session::statement,
                   "INSERT INTO raw VALUES ($1, $2) "
                   "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                   2, nullptr),
         PGRES_COMMAND_OK);
}

raw_upserts::~raw_upserts() = default;

void raw_upserts::put(std::string_view key, std::string_view value) {
  const auto p = session::of(key, value);
  expect(session_->at,
         PQexecPrepared(session_->at, session::statement, 2, p.values.data(), p.lengths.data(),
                        session::binary.data(), 1),
         PGRES_COMMAND_OK);
}

void raw_upserts::begin() {
  if (PQenterPipelineMode(session_->at) != 1) fail(session_->at, "no pipeline");
}

void raw_upserts::send(std::string_view key, std::string_view value) {
  const auto p = session::of(key, value);
  if (PQsendQueryPrepared(session_->at, session::statement, 2, p.values.data(), p.lengths.data(),
                          session::binary.data(), 1) != 1) {
    fail(session_->at, "cannot send");
  }
}

void raw_upserts::finish(std::size_t count) {
  auto* const at = session_->at;
  if (PQpipelineSync(at) != 1) fail(at, "cannot send");
  for (std::size_t i = 0; i < count; ++i) {
    expect(at, PQgetResult(at), PGRES_COMMAND_OK);
    while (auto* const rest = PQgetResult(at)) PQclear(rest);
  }
  expect(at, PQgetResult(at), PGRES_PIPELINE_SYNC);
  if (PQexitPipelineMode(at) != 1) fail(at, "the pipeline goes on");
}

}  // namespace bench
