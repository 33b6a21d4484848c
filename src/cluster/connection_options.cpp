// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Lists of hosts are taken apart here, so that each host gets a time limit of its own.
#include "cluster/connection_options.hpp"

#include <algorithm>
#include <array>

namespace shelf::cluster {
namespace {

struct added_option {
  const char* keyword;
  const char* value;
};
constexpr std::array<added_option, 8> added{{
    {"target_session_attrs", "read-write"},
    {"connect_timeout", "2"},
    {"keepalives", "1"},
    {"keepalives_idle", "2"},
    {"keepalives_interval", "1"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "1500"},
    {"client_encoding", "UTF8"},
}};

[[nodiscard]] std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> parts;
  for (;;) {
    const auto comma = list.find(',');
    parts.emplace_back(list.substr(0, comma));
    if (comma == list.npos) return parts;
    list.remove_prefix(comma + 1);
  }
}

/// What must not be weaker, and is libpq's default or as strong if it is not.
[[nodiscard]] result<> require(connection_options& options, const connection_options& given,
                               std::string_view keyword, std::string_view strong,
                               std::string_view unless_said) {
  const auto is = value_of(options, keyword);
  if (is == strong) return {};
  const bool was_said = !value_of(given, keyword).empty() || is != unless_said;
  if (!was_said || is.empty()) {
    set_value(options, keyword, std::string(strong));
    return {};
  }
  std::string sentence(keyword);
  sentence += "=" + std::string(is) + " is weaker than " + std::string(strong);
  sentence += ", which a connection to another machine needs; allow_plaintext permits it";
  return std::unexpected(error(errc::invalid_argument, std::move(sentence)));
}

[[nodiscard]] result<> secure(connection_options& options, const connection_options& given) {
  if (auto done = require(options, given, "sslmode", "verify-full", "prefer"); !done) return done;
  return require(options, given, "channel_binding", "require", "prefer");
}

}  // namespace

std::string_view value_of(const connection_options& all, std::string_view keyword) {
  const auto found = std::ranges::find(all, keyword, &connection_option::keyword);
  return found == all.end() ? std::string_view() : found->value;
}

void set_value(connection_options& all, std::string_view keyword, std::string value) {
  const auto found = std::ranges::find(all, keyword, &connection_option::keyword);
  if (found == all.end()) {
    all.push_back({std::string(keyword), std::move(value)});
  } else {
    found->value = std::move(value);
  }
}

bool stays_here(std::string_view host) {
  if (host.empty() || host[0] == '/' || host[0] == '@') return true;
  if (host == "localhost" || host == "::1") return true;
  // An address: a name such as 127.example.org is another machine's.
  constexpr std::string_view digits = "0123456789.";
  return host.starts_with("127.") && host.find_first_not_of(digits) == host.npos;
}

result<std::vector<connection_options>> hosts_to_try(const connection_options& given,
                                                     const connection_options& effective,
                                                     bool allow_plaintext) {
  const auto hosts = split(value_of(effective, "host"));
  const auto addresses = split(value_of(effective, "hostaddr"));
  const auto ports = split(value_of(effective, "port"));
  const auto count = std::max(hosts.size(), addresses.size());
  const auto fits = [&](const std::vector<std::string>& list) {
    return list.size() == count || list.size() == 1;
  };
  if (!fits(ports) || (hosts.size() != count && !hosts[0].empty()) ||
      (addresses.size() != count && !addresses[0].empty())) {
    return std::unexpected(
        error(errc::invalid_argument, "the lists of hosts, addresses and ports differ in length"));
  }
  std::vector<connection_options> all;
  for (std::size_t i = 0; i < count; ++i) {
    const auto of = [&](const std::vector<std::string>& list) {
      return list.size() == 1 ? list[0] : list[i];
    };
    auto& one = all.emplace_back(effective);
    set_value(one, "host", of(hosts));
    set_value(one, "hostaddr", of(addresses));
    set_value(one, "port", of(ports));
    for (const auto& [keyword, value] : added) {
      if (value_of(given, keyword).empty()) set_value(one, keyword, value);
    }
    const auto address = of(addresses);
    if (allow_plaintext || stays_here(address.empty() ? of(hosts) : address)) continue;
    if (auto done = secure(one, given); !done) return std::unexpected(done.error());
  }
  return all;
}

}  // namespace shelf::cluster
