// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Types are understood as `shelf create` understands them.
#include "cluster/tool/tables.hpp"

#include "codec/schema_check.hpp"
#include "error/printable.hpp"
#include "rows/text/deadline.hpp"

#include <algorithm>
#include <map>

namespace shelf::cluster {
namespace {

[[nodiscard]] std::string quoted(const std::string& name) {
  return "table '" + detail::printable(name) + "'";
}

[[nodiscard]] result<buffer> schema_of(const char* option, const std::string& written) {
  const auto tidy = detail::tidy_schema(written);
  if (!tidy) {
    return std::unexpected(
        error(errc::invalid_argument, std::string(option) + ": " + tidy.error().message()));
  }
  const auto all = as_bytes(*tidy);
  return buffer(all.begin(), all.end());
}

const std::map<std::string, kind> kinds_by_name{{"set", kind::set},
                                                {"ordered_set", kind::ordered_set},
                                                {"bag", kind::bag},
                                                {"duplicate_bag", kind::duplicate_bag}};

/// A hint: nodes look by themselves, a little later.
void tell_nodes(server& at, deadline until) {
  if (const auto head = at.head(until)) (void)at.wake(head->seq, until);
}

/// A call is known to the server for that long, so that it is done once when it is sent again.
constexpr std::chrono::minutes shortest_age(10);
constexpr std::int64_t fewest_commits = 1000;

}  // namespace

result<std::string> add_table(const request& r) {
  auto key = schema_of("--key", r.key_schema);
  if (!key) return std::unexpected(key.error());
  auto value = schema_of("--value", r.value_schema);
  if (!value) return std::unexpected(value.error());
  const catalog_table wanted{.name = r.table,
                             .what = kinds_by_name.at(r.kind),
                             .key_schema = *std::move(key),
                             .value_schema = *std::move(value)};
  const auto until = deadline_of(r);
  auto to = open_postgres(space_of(r), until);
  if (!to) return std::unexpected(to.error());
  const auto before = (*to)->catalog(until);
  if (!before) return std::unexpected(before.error());
  const bool was_there = std::ranges::find(*before, r.table, &catalog_table::name) != before->end();
  const auto there = (*to)->declare(wanted, until);
  if (!there) return std::unexpected(there.error());
  if (there->what != wanted.what) {
    return std::unexpected(error(errc::wrong_kind, quoted(r.table) + " is already there as " +
                                                       std::string(to_string(there->what))));
  }
  if (there->key_schema != wanted.key_schema || there->value_schema != wanted.value_schema) {
    return std::unexpected(
        error(errc::type_mismatch, quoted(r.table) + " is already there with keys of type " +
                                       detail::printable(as_text(there->key_schema)) +
                                       " and values of type " +
                                       detail::printable(as_text(there->value_schema))));
  }
  if (!was_there) tell_nodes(**to, until);
  return quoted(r.table) + (was_there ? ": already there\n" : ": created\n");
}

result<std::string> drop_table(const request& r) {
  const auto until = deadline_of(r);
  auto to = open_postgres(space_of(r), until);
  if (!to) return std::unexpected(to.error());
  if (auto done = (*to)->drop(r.table, until); !done) return std::unexpected(done.error());
  tell_nodes(**to, until);
  return quoted(r.table) + ": dropped\n";
}

result<std::string> trim_log(const request& r) {
  const auto duration = rows::parse_duration(r.older_than);
  if (!duration) {
    return std::unexpected(
        error(errc::invalid_argument, "--older-than: " + duration.error().message()));
  }
  const auto age = std::chrono::seconds(duration->milliseconds() / 1000);
  if (!r.force && (age < shortest_age || r.keep < fewest_commits)) {
    return std::unexpected(error(
        errc::invalid_argument,
        "nodes need the commits of the last 10 minutes, and 1000 of them; --force trims anyway"));
  }
  const auto before = inspect(r.server);
  if (!before) return std::unexpected(before.error());
  const auto until = deadline_of(r);
  auto to = open_postgres(space_of(r), until);
  if (!to) return std::unexpected(to.error());
  for (;;) {
    const auto is_more = (*to)->trim(r.keep, age, until);
    if (!is_more) return std::unexpected(is_more.error());
    if (!*is_more) break;
  }
  const auto after = inspect(r.server);
  if (!after) return std::unexpected(after.error());
  return "commits kept: " + std::to_string(after->commits_kept) + ", before " +
         std::to_string(before->commits_kept) + "\n";
}

}  // namespace shelf::cluster
