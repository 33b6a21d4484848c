// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Calls and commits as columns: the arrays that schema.sql's commit takes, and those of the log.
#pragma once

#include "cluster/server.hpp"
#include "cluster/wire.hpp"

#include <span>
#include <vector>

namespace shelf::cluster {

/// The parameters of commit(), after the space.
[[nodiscard]] std::vector<wire::parameter> parameters_of(const commit_call& call);

/// The columns of a commit's changes, as they came.
struct change_columns {
  std::vector<std::int16_t> codes;
  std::vector<std::int32_t> tables;
  std::vector<wire::optional_bytes> keys;
  std::vector<wire::optional_bytes> terms;  ///< empty: all absent
  std::vector<wire::optional_bytes> contents;
};
/// Errors: server_error, if the columns differ in length or a change is not complete.
[[nodiscard]] result<std::vector<change>> changes_of(const change_columns& columns);

/// Unit, reason, unit, reason ... Errors: server_error.
[[nodiscard]] result<std::vector<refused_unit>> refusals_of(std::span<const std::int32_t> pairs);

}  // namespace shelf::cluster
