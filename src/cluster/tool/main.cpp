// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// shelf-cluster: installs, fills and shows the server side of cluster tables. A program of its own,
// so that the tool `shelf` needs no libpq.
#include "cluster/tool/checking.hpp"
#include "cluster/tool/exporting.hpp"
#include "cluster/tool/importing.hpp"
#include "cluster/tool/printing_log.hpp"
#include "cluster/tool/status_text.hpp"
#include "cluster/tool/tables.hpp"
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
const std::vector<std::string> kinds{"set", "ordered_set", "bag", "duplicate_bag"};
const std::map<std::string, promise> promises{{"synchronous", promise::synchronous},
                                              {"attested", promise::attested},
                                              {"none", promise::none}};

[[nodiscard]] exit_status status_of(const error& e) {
  switch (e.code()) {
    case errc::not_found: return exit_status::not_found;
    case errc::invalid_argument: return exit_status::usage;
    default: return exit_status::refused;
  }
}

[[nodiscard]] result<std::string> install(const request& r) {
  auto done = initialize(r.server);
  if (!done) return std::unexpected(done.error());
  std::string text = "schema " + r.server.schema;
  text += done->schema ? ": installed\n" : ": already installed\n";
  text += "space " + r.server.space + (done->space ? ": created\n" : ": already there\n");
  return text;
}

[[nodiscard]] result<std::string> hand_out(const request& r) {
  auto done = grant(r.server, r.role, privileges.at(r.privilege));
  if (!done) return std::unexpected(done.error());
  return "role " + detail::printable(r.role) + ": granted " + r.privilege + "\n";
}

[[nodiscard]] result<std::string> look(const request& r) {
  auto seen = inspect(r.server);
  if (!seen) return std::unexpected(seen.error());
  if (!r.promise.empty()) {
    if (auto kept = require(*seen, promises.at(r.promise)); !kept) {
      return std::unexpected(kept.error());
    }
  }
  return r.as_json ? as_json(*seen, r.server) : as_text(*seen, r.server);
}

[[nodiscard]] result<std::string> write_log(const request& r) {
  auto done = print_log(r);
  if (!done) return std::unexpected(done.error());
  return std::string();
}

/// What a command does, and how long it may take unless that is said.
struct performance {
  result<std::string> (*run)(const request& r);
  std::chrono::milliseconds deadline = std::chrono::seconds(5);
};
constexpr std::chrono::hours long_enough(1);
const std::map<std::string, performance, std::less<>> commands{
    {"init", {install}},
    {"grant", {hand_out}},
    {"status", {look}},
    {"dump-ddl", {[](const request& r) { return statements(r.server.schema); }}},
    {"add-table", {add_table}},
    {"drop-table", {drop_table}},
    {"trim", {trim_log, long_enough}},
    {"log", {write_log}},
    {"check", {check_space, long_enough}},
    {"export", {export_space, long_enough}},
    {"import", {import_file, long_enough}}};

/// The grammar. It fills the request that it was given.
class grammar {
 public:
  grammar(CLI::App& app, request& r) : app_(app), r_(r) {
    app.require_subcommand(1);
    app.set_version_flag("--version", "shelf-cluster " + std::string(version));
    app.footer(
        "CONNECTION is what libpq takes: \"host=db1,db2 dbname=shop user=web\", a URI, or\n"
        "\"service=shop\". Passwords belong in a password file or a service file.\n\n"
        "Examples:\n"
        "  shelf-cluster init 'service=shop_admin' --space main\n"
        "  shelf-cluster grant 'service=shop_admin' web\n"
        "  shelf-cluster status 'service=shop' --promise synchronous");
    set_up();
    tables();
    upkeep();
  }

 private:
  CLI::App* command(const char* name, const char* text, const char* examples = nullptr) {
    auto* const sub = app_.add_subcommand(name, text);
    sub->add_option("--schema", r_.server.schema, "Schema of the server side")
        ->capture_default_str();
    sub->callback([this, name] { r_.command = name; });
    if (examples != nullptr) sub->footer(std::string("Examples:\n") + examples);
    return sub;
  }
  CLI::App* on_server(const char* name, const char* text, const char* examples = nullptr) {
    auto* const sub = command(name, text, examples);
    sub->add_option("CONNECTION", r_.server.connection, "Where the server is")->required();
    sub->add_option("--deadline-ms", r_.deadline_ms,
                    commands.at(name).deadline == long_enough
                        ? "How long it may take; default: an hour"
                        : "How long it may take; default: 5000")
        ->check(CLI::Range(1, 3'600'000));
    sub->add_flag("--allow-plaintext", r_.server.allow_plaintext,
                  "Permit connections to other machines without a verified certificate");
    return sub;
  }
  CLI::App* on_space(const char* name, const char* text, const char* examples = nullptr) {
    auto* const sub = on_server(name, text, examples);
    sub->add_option("--space", r_.server.space, "Group of tables")->capture_default_str();
    return sub;
  }

  void set_up() {
    on_space("init", "Install the schema and create the space");
    auto* const look = on_space("status", "Show the server, the space, its tables and its nodes");
    look->add_option("--promise", r_.promise, "Fail unless the server promises at least this")
        ->check(CLI::IsMember(promises).description(""))
        ->type_name("synchronous|attested|none");
    look->add_flag("--json", r_.as_json, "Print JSON");
    auto* const grant_to = on_server("grant", "Give a role of the database a privilege");
    grant_to->add_option("ROLE", r_.role, "Who gets it")->required();
    grant_to->add_option("PRIVILEGE", r_.privilege, "What it may do")
        ->check(CLI::IsMember(privileges).description(""))
        ->type_name("app|admin|report")
        ->capture_default_str();
    command("dump-ddl", "Print the SQL that `init` executes");
  }

  void tables() {
    auto* const add = on_space(
        "add-table", "Create a table, unless it is there",
        "  shelf-cluster add-table service=shop ages --key binary --value integer\n"
        "  shelf-cluster add-table service=shop users --kind ordered_set --key integer \\\n"
        "                --value 'user{name: binary, mail: optional(binary)}'\n"
        "docs/types.md lists the types; without them a table takes any term.");
    add->add_option("TABLE", r_.table, "Its name")->required();
    add->add_option("--kind", r_.kind, "One value per key, in key order or not, or several")
        ->check(CLI::IsMember(kinds).description(""))
        ->capture_default_str()
        ->type_name("set|ordered_set|bag|duplicate_bag");
    add->add_option("--key", r_.key_schema, "Type of keys, such as binary or {integer, binary}")
        ->type_name("TYPE");
    add->add_option("--value", r_.value_schema, "Type of values, such as 'user{name: binary}'")
        ->type_name("TYPE");
    auto* const drop = on_space("drop-table", "Drop a table with its entries, on all nodes");
    drop->add_option("TABLE", r_.table, "Its name")->required();
    auto* const out = on_space("export", "Write all tables, as of one commit, to a new local file",
                               "  shelf-cluster export service=shop shop.shelf");
    out->add_option("FILE", r_.file, "A file of shelf; must not be there yet")->required();
    auto* const in = on_space("import", "Put the tables of a local file into the space",
                              "  shelf-cluster import service=shop shop.shelf\n"
                              "Tables that are there must have the same types, and be empty.");
    in->add_option("FILE", r_.file, "A file of shelf")->required();
    in->add_flag("--replace", r_.replace, "Clear tables that have entries");
  }

  void upkeep() {
    auto* const log = on_space("log", "Print commits as JSON lines; by default the last 20",
                               "  shelf-cluster log service=shop --follow\n"
                               "  shelf-cluster log service=shop --since 1042 | jq .changes");
    log->add_option("--since", r_.since, "All commits after this one")->type_name("SEQ");
    log->add_option("--limit", r_.limit, "At most so many")
        ->check(CLI::Range(std::int64_t{1}, INT64_MAX).description(""))
        ->type_name("COUNT");
    log->add_flag("--follow", r_.follow, "Continue with what is committed from now on");
    on_space("check", "Read the log and all entries, and see whether they are sound");
    auto* const trim = on_space("trim", "Delete old commits of the log, which the nodes do, too");
    trim->add_option("--keep", r_.keep, "How many commits to keep at least")
        ->check(CLI::Range(std::int64_t{1}, INT64_MAX).description(""))
        ->capture_default_str()
        ->type_name("COUNT");
    trim->add_option("--older-than", r_.older_than, "Only commits of this age, such as 10m or 2h")
        ->capture_default_str()
        ->type_name("AGE");
    trim->add_flag("--force", r_.force, "Even if nodes that follow may have to start anew");
  }

  CLI::App& app_;
  request& r_;
};

[[nodiscard]] exit_status run(int count, char** words) {
  request r;
  CLI::App app("Installs, fills and shows the server side of shelf's cluster tables.",
               "shelf-cluster");
  const grammar words_of(app, r);
  try {
    app.parse(count, words);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? exit_status::ok : exit_status::usage;
  }
  const auto& command = commands.at(r.command);
  r.server.deadline = r.deadline_ms ? std::chrono::milliseconds(*r.deadline_ms) : command.deadline;
  const auto done = command.run(r);
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
