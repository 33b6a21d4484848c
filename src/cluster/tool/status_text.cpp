// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Names come from a server, so what could steer a terminal is escaped.
#include "cluster/tool/status_text.hpp"

#include "error/printable.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace shelf::cluster {
namespace {

using detail::printable;

[[nodiscard]] std::string seconds(std::chrono::milliseconds age) {
  return std::to_string(age.count() / 1000) + " s";
}

}  // namespace

std::string as_text(const server_status& s, const config& of) {
  std::string text = "server    " + printable(s.server) + ", PostgreSQL " + printable(s.version);
  text += s.is_primary ? ", primary\n" : ", standby\n";
  text += "promise   " + std::string(to_string(s.promise));
  if (!s.why.empty()) text += " (" + printable(s.why) + ")";
  text += "\nspace     " + of.schema + "/" + of.space + ", commit " + std::to_string(s.seq);
  text += "\nlog       " + std::to_string(s.commits_kept) + " commits kept";
  text += "\ntables    " + std::to_string(s.tables.size()) + "\n";
  for (const auto& t : s.tables) {
    text += "  " + printable(t.name) + ", " + std::string(to_string(t.what)) + "\n";
  }
  text += "nodes     " + std::to_string(s.nodes.size()) + "\n";
  for (const auto& n : s.nodes) {
    const auto behind = std::max<std::int64_t>(0, s.seq - n.seq);
    text += "  " + printable(n.name) + ", shelf " + printable(n.version) + ", " +
            std::to_string(behind) + " commits behind, reported " + seconds(n.age) + " ago\n";
  }
  return text;
}

std::string as_json(const server_status& s, const config& of) {
  nlohmann::ordered_json out{{"server", s.server},
                             {"version", s.version},
                             {"primary", s.is_primary},
                             {"promise", std::string(to_string(s.promise))},
                             {"why", s.why},
                             {"schema", of.schema},
                             {"space", of.space},
                             {"seq", s.seq},
                             {"commits_kept", s.commits_kept},
                             {"tables", nlohmann::ordered_json::array()},
                             {"nodes", nlohmann::ordered_json::array()}};
  for (const auto& t : s.tables) {
    out["tables"].push_back({{"name", t.name}, {"kind", std::string(to_string(t.what))}});
  }
  for (const auto& n : s.nodes) {
    out["nodes"].push_back(
        {{"name", n.name}, {"version", n.version}, {"seq", n.seq}, {"age_ms", n.age.count()}});
  }
  return out.dump() + "\n";
}

}  // namespace shelf::cluster
