// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// The log of a space read from any commit on, with the tables that it speaks of.
#pragma once

#include "cluster/connection.hpp"
#include "cluster/tool/request.hpp"
#include "rows/columns.hpp"

#include <map>
#include <vector>

namespace shelf::cluster {

/// A table that the log speaks of.
struct logged_table {
  std::string name;
  kind what = kind::set;
  rows::types types;
  bool is_dropped = false;
};

/// Thread safety: one thread.
class space_log {
 public:
  /// Errors: those of open_postgres.
  [[nodiscard]] static result<space_log> open(const request& r, deadline until);

  /// The oldest commit that is kept, the last one, and how many are kept.
  struct extent {
    log_position first;
    log_position last;
    std::int64_t kept = 0;
  };
  /// Errors: server_error: the log is empty, or its end is not where the space is.
  [[nodiscard]] result<extent> bounds(deadline until);
  /// The commit of that number. Errors: not_found: it is not kept, or not made yet.
  [[nodiscard]] result<log_position> at(std::int64_t seq, deadline until);
  /// The table of that number, dropped ones included; null if there is none.
  [[nodiscard]] result<const logged_table*> table(std::int32_t id, deadline until);
  [[nodiscard]] server& session() noexcept { return *session_; }

 private:
  space_log(connection c, std::unique_ptr<server> s, std::string schema, std::int32_t space)
      : connection_(std::move(c)),
        session_(std::move(s)),
        schema_(std::move(schema)),
        space_(space) {}
  [[nodiscard]] result<> read_tables(deadline until);

  connection connection_;
  std::unique_ptr<server> session_;
  std::string schema_;
  std::int32_t space_;
  std::map<std::int32_t, logged_table> tables_;
};

}  // namespace shelf::cluster
