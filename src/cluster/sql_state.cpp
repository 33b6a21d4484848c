// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Classes first, then the members that differ from their class.
#include "cluster/sql_state.hpp"

#include <algorithm>

namespace shelf::cluster {
namespace {

constexpr std::size_t size = 5;

[[nodiscard]] bool is_sql_state(std::string_view word) noexcept {
  return word.size() == size && std::ranges::all_of(word, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
         });
}

}  // namespace

errc code_of(std::string_view sqlstate) noexcept {
  if (sqlstate == "42501") return errc::denied;               // insufficient_privilege
  if (sqlstate == "53100") return errc::no_space;             // disk_full
  if (sqlstate == "25006") return errc::unavailable;          // read_only_sql_transaction
  if (sqlstate == "53300") return errc::unavailable;          // too_many_connections
  if (sqlstate.starts_with("57P")) return errc::unavailable;  // shutdown, crash, starting up
  if (sqlstate.starts_with("08")) return errc::unavailable;   // connection lost
  if (sqlstate.starts_with("28")) return errc::denied;        // login
  if (sqlstate.starts_with("54")) return errc::size_limit_exceeded;
  return errc::server_error;
}

std::string_view sql_state_in(std::string_view message) noexcept {
  std::string_view found;
  for (std::size_t at = message.find(": "); at != message.npos; at = message.find(": ", at + 2)) {
    if (at < size) continue;
    const auto word = message.substr(at - size, size);
    if (is_sql_state(word) && at > size && message[at - size - 1] == ' ') found = word;
  }
  return found;
}

}  // namespace shelf::cluster
