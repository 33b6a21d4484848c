// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// shelf-cluster: installs and shows the server side of cluster tables. A program of its own, so
// that the tool `shelf` needs no libpq.
#include "cluster/tool/status_text.hpp"
#include "error/printable.hpp"
#include "shelf/version.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <map>
#include <new>
#include <optional>

namespace shelf::cluster {
namespace {

/// As of the tool `shelf`.
enum class exit_status : std::uint8_t { ok = 0, refused = 1, usage = 2, not_found = 3 };

const std::map<std::string, privilege> privileges{
    {"app", privilege::use}, {"admin", privilege::administer}, {"report", privilege::report}};
const std::map<std::string, promise> promises{{"synchronous", promise::synchronous},
                                              {"attested", promise::attested},
                                              {"none", promise::none}};

/// What the command line asks for.
struct request {
  std::string command;
  config server;
  std::int64_t deadline_ms = 5000;
  std::string role;
  std::string privilege = "app";
  std::string promise;
  bool as_json = false;
};

[[nodiscard]] exit_status status_of(const error& e) {
  switch (e.code()) {
    case errc::not_found: return exit_status::not_found;
    case errc::invalid_argument: return exit_status::usage;
    default: return exit_status::refused;
  }
}

[[nodiscard]] result<std::string> perform(const request& r) {
  if (r.command == "dump-ddl") return statements(r.server.schema);
  if (r.command == "init") {
    auto done = initialize(r.server);
    if (!done) return std::unexpected(done.error());
    std::string text = "schema " + r.server.schema;
    text += done->schema ? ": installed\n" : ": already installed\n";
    text += "space " + r.server.space + (done->space ? ": created\n" : ": already there\n");
    return text;
  }
  if (r.command == "grant") {
    auto done = grant(r.server, r.role, privileges.at(r.privilege));
    if (!done) return std::unexpected(done.error());
    return "role " + detail::printable(r.role) + ": granted " + r.privilege + "\n";
  }
  auto seen = inspect(r.server);
  if (!seen) return std::unexpected(seen.error());
  if (!r.promise.empty()) {
    if (auto kept = require(*seen, promises.at(r.promise)); !kept) {
      return std::unexpected(kept.error());
    }
  }
  return r.as_json ? as_json(*seen, r.server) : as_text(*seen, r.server);
}

/// The grammar. It fills the request that it was given.
void describe(CLI::App& app, request& r) {
  app.require_subcommand(1);
  app.set_version_flag("--version", "shelf-cluster " + std::string(version));
  app.footer(
      "CONNECTION is what libpq takes: \"host=db1,db2 dbname=shop user=web\", a URI, or\n"
      "\"service=shop\". Passwords belong in a password file or a service file.\n\n"
      "Examples:\n"
      "  shelf-cluster init 'service=shop_admin' --space main\n"
      "  shelf-cluster grant 'service=shop_admin' web\n"
      "  shelf-cluster status 'service=shop' --promise synchronous");
  const auto command = [&](const char* name, const char* text) {
    auto* const sub = app.add_subcommand(name, text);
    sub->add_option("--schema", r.server.schema, "Schema of the server side")
        ->capture_default_str();
    sub->callback([&r, name] { r.command = name; });
    return sub;
  };
  const auto on_server = [&](const char* name, const char* text) {
    auto* const sub = command(name, text);
    sub->add_option("CONNECTION", r.server.connection, "Where the server is")->required();
    sub->add_option("--deadline-ms", r.deadline_ms, "How long it may take")
        ->check(CLI::Range(1, 3'600'000))
        ->capture_default_str();
    sub->add_flag("--allow-plaintext", r.server.allow_plaintext,
                  "Permit connections to other machines without a verified certificate");
    return sub;
  };
  auto* const init = on_server("init", "Install the schema and create the space");
  auto* const look = on_server("status", "Show the server, the space, its tables and its nodes");
  for (auto* const sub : {init, look}) {
    sub->add_option("--space", r.server.space, "Group of tables")->capture_default_str();
  }
  look->add_option("--promise", r.promise, "Fail unless the server promises at least this")
      ->check(CLI::IsMember(promises).description(""))
      ->type_name("synchronous|attested|none");
  look->add_flag("--json", r.as_json, "Print JSON");
  auto* const grant_to = on_server("grant", "Give a role of the database a privilege");
  grant_to->add_option("ROLE", r.role, "Who gets it")->required();
  grant_to->add_option("PRIVILEGE", r.privilege, "What it may do")
      ->check(CLI::IsMember(privileges).description(""))
      ->type_name("app|admin|report")
      ->capture_default_str();
  command("dump-ddl", "Print the SQL that `init` executes");
}

[[nodiscard]] exit_status run(int count, char** words) {
  request r;
  CLI::App app("Installs and shows the server side of shelf's cluster tables.", "shelf-cluster");
  describe(app, r);
  try {
    app.parse(count, words);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? exit_status::ok : exit_status::usage;
  }
  r.server.deadline = std::chrono::milliseconds(r.deadline_ms);
  const auto done = perform(r);
  if (!done) {
    std::fprintf(stderr, "shelf-cluster: %s\n", detail::printable(done.error().details()).c_str());
    return status_of(done.error());
  }
  const bool arrived = std::fwrite(done->data(), 1, done->size(), stdout) == done->size();
  return std::fflush(stdout) == 0 && arrived ? exit_status::ok : exit_status::refused;
}

}  // namespace
}  // namespace shelf::cluster

int main(int count, char** words) {
  try {
    return static_cast<int>(shelf::cluster::run(count, words));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "shelf-cluster: %s\n", shelf::detail::printable(e.what()).c_str());
  }
  return 1;
}
