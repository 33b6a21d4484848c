// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// What the command line of shelf-cluster asks for.
#pragma once

#include "cluster/postgres_server.hpp"
#include "shelf/cluster.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace shelf::cluster {

struct request {
  std::string command;
  config server;
  std::optional<std::int64_t> deadline_ms;  ///< absent: as long as the command takes as a rule
  std::string role;
  std::string privilege = "app";
  std::string promise;
  bool as_json = false;
  std::string file;  ///< export, import
  bool replace = false;
  std::string table;  ///< add-table, drop-table
  std::string kind = "set";
  std::string key_schema = "any";
  std::string value_schema = "any";
  std::int64_t keep = 10'000;  ///< trim
  std::string older_than = "10m";
  bool force = false;
  std::optional<std::int64_t> since;  ///< log
  std::optional<std::int64_t> limit;
  bool follow = false;
};

/// Where the space is, for a session of the tool.
[[nodiscard]] inline space_settings space_of(const request& r) {
  return {.connection = {.connection = r.server.connection,
                         .allow_plaintext = r.server.allow_plaintext,
                         .password = r.server.password,
                         .program = "shelf-cluster"},
          .schema = r.server.schema,
          .space = r.server.space,
          .promise = {}};
}

[[nodiscard]] inline deadline deadline_of(const request& r) {
  return std::chrono::steady_clock::now() + r.server.deadline;
}

/// "1 entry", "2 entries".
[[nodiscard]] inline std::string count_of(std::uint64_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

}  // namespace shelf::cluster
