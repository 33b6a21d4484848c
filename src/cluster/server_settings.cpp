// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// One query, and a judgement.
#include "cluster/server_settings.hpp"

#include "cluster/row_reader.hpp"

namespace shelf::cluster {
namespace {

/// What the settings of a server promise, and which one keeps it from more.
void judge(server_status& s, bool syncs, const std::string& commits, const std::string& standbys) {
  if (!syncs) {
    s.why = "fsync is off";
  } else if (commits == "off") {
    s.why = "synchronous_commit is off";
  } else if (standbys.empty()) {
    s.promise = promise::attested;
    s.why = "synchronous_standby_names is empty";
  } else if (commits != "on" && commits != "remote_apply") {
    s.promise = promise::attested;
    s.why = "synchronous_commit is " + commits;
  } else {
    s.promise = promise::synchronous;
  }
}

}  // namespace

result<> read_settings(connection& c, server_status& s, deadline until) {
  auto rows = c.query("read the server's settings",
                      "SELECT current_setting('server_version'), NOT pg_is_in_recovery(),"
                      " current_setting('fsync')::boolean, current_setting('synchronous_commit'),"
                      " current_setting('synchronous_standby_names')",
                      {}, until);
  if (!rows) return std::unexpected(rows.error());
  row_reader fields(*rows, 0);
  s.version = fields.take<std::string>();
  s.version = s.version.substr(0, s.version.find(' '));
  s.is_primary = fields.take<bool>();
  const auto syncs = fields.take<bool>();
  const auto commits = fields.take<std::string>();
  const auto standbys = fields.take<std::string>();
  if (auto read = fields.outcome(); !read) return std::unexpected(read.error());
  judge(s, syncs, commits, standbys);
  return {};
}

}  // namespace shelf::cluster
