// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// The options of a connection: what the user gave, and what safety and deadlines add to it.
#pragma once

#include "shelf/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace shelf::cluster {

/// A keyword of libpq and its value.
struct connection_option {
  std::string keyword;
  std::string value;
  friend bool operator==(const connection_option&, const connection_option&) = default;
};
using connection_options = std::vector<connection_option>;

/// The value of a keyword; empty if it is not there.
[[nodiscard]] std::string_view value_of(const connection_options& all, std::string_view keyword);
/// Adds the keyword, or gives it another value.
void set_value(connection_options& all, std::string_view keyword, std::string value);

/// Whether a connection to this host stays on this machine: a loopback address, `localhost`, a
/// socket's directory, or nothing, which is libpq's default.
[[nodiscard]] bool stays_here(std::string_view host);

/// One set of options per host, in the order in which they are tried, with what is added:
/// - unless they were given: target_session_attrs=read-write, connect_timeout=2, keepalives,
///   tcp_user_timeout=1500, client_encoding=UTF8;
/// - to hosts that are not on this machine, unless `allow_plaintext`: sslmode=verify-full and
///   channel_binding=require.
/// `given` are the options in the connection string, `effective` those and what service files, the
/// environment and libpq's defaults add.
/// Errors: invalid_argument: a weaker sslmode or channel_binding was given without
/// `allow_plaintext`; lists of hosts, addresses and ports of different lengths.
[[nodiscard]] result<std::vector<connection_options>> hosts_to_try(
    const connection_options& given, const connection_options& effective, bool allow_plaintext);

}  // namespace shelf::cluster
