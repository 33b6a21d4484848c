// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// PostgreSQL's five-character codes of errors, and ours.
#pragma once

#include "shelf/error.hpp"

#include <string_view>

namespace shelf::cluster {

/// Our code for an SQLSTATE; server_error for those that mean nothing more.
[[nodiscard]] errc code_of(std::string_view sqlstate) noexcept;

/// The SQLSTATE in a verbose message ("FATAL:  28P01: password ..."), the last of several; empty if
/// there is none.
[[nodiscard]] std::string_view sql_state_in(std::string_view message) noexcept;

}  // namespace shelf::cluster
