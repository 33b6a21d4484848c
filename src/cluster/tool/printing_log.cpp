// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Keys and values are written as `shelf export` writes them. What no term can be is shown in
// hexadecimal.
#include "cluster/tool/printing_log.hpp"

#include "cluster/tool/space_log.hpp"
#include "rows/text/json_term.hpp"
#include "rows/text/json_value.hpp"

#include <cstdio>

namespace shelf::cluster {
namespace {

constexpr std::size_t commits_at_once = 500;
constexpr std::int64_t commits_by_default = 20;

[[nodiscard]] const char* name_of(change_code code) noexcept {
  switch (code) {
    case change_code::put: return "put";
    case change_code::append: return "append";
    case change_code::erase: return "erase";
    case change_code::erase_value: return "erase_value";
    case change_code::clear: return "clear";
    case change_code::table_created: return "table_created";
    case change_code::table_dropped: return "table_dropped";
    default: return "unknown";
  }
}

[[nodiscard]] const char* name_of(refusal why) noexcept {
  switch (why) {
    case refusal::overtaken: return "overtaken";
    case refusal::key_present: return "key_present";
    case refusal::other_value: return "other_value";
    case refusal::no_counter: return "no_counter";
    case refusal::out_of_bounds: return "out_of_bounds";
    case refusal::no_integer: return "no_integer";
  }
  return "unknown";
}

void append_hex(std::string& out, bytes b) {
  constexpr const char* digits = "0123456789abcdef";
  out += "{\"$etf\":\"";
  for (const auto one : b) {
    out += digits[std::to_integer<unsigned>(one) >> 4U];
    out += digits[std::to_integer<unsigned>(one) & 15U];
  }
  out += "\"}";
}

void append_term(std::string& out, const rows::schema* type, bytes encoded) {
  const auto t = term::from_encoded(encoded);
  if (type == nullptr || !t) return append_hex(out, encoded);
  rows::append_json(out, type->root(), *t);
}

[[nodiscard]] result<> append_change(std::string& out, space_log& log, const change& c,
                                     deadline until) {
  const auto found = log.table(c.table, until);
  if (!found) return std::unexpected(found.error());
  const auto* const t = *found;
  out += "{\"table\":";
  if (t != nullptr) {
    rows::append_json_string(out, t->name);
  } else {
    out += std::to_string(c.table);
  }
  out += std::string(",\"change\":\"") + name_of(c.code) + '"';
  const bool is_of_catalog =
      c.code == change_code::table_created || c.code == change_code::table_dropped;
  if (c.key && !is_of_catalog) {
    out += ",\"key\":";
    append_term(out, t != nullptr ? &t->types.key : nullptr, c.term ? *c.term : *c.key);
  }
  if (c.content && !is_of_catalog) {
    out += ",\"value\":";
    append_term(out, t != nullptr ? &t->types.value : nullptr, *c.content);
  }
  out += '}';
  return {};
}

[[nodiscard]] result<> print(space_log& log, const logged_commit& c, deadline until) {
  std::string line = "{\"seq\":" + std::to_string(c.at.seq) + ",\"nonce\":\"" +
                     to_string(c.at.nonce) + "\",\"changes\":[";
  for (const auto& one : c.changes) {
    if (&one != c.changes.data()) line += ',';
    if (auto added = append_change(line, log, one, until); !added) return added;
  }
  line += ']';
  if (!c.refused.empty()) {
    line += ",\"refused\":[";
    for (const auto& one : c.refused) {
      if (&one != c.refused.data()) line += ',';
      line += "{\"unit\":" + std::to_string(one.unit) + ",\"why\":\"" + name_of(one.why) + "\"}";
    }
    line += ']';
  }
  line += "}\n";
  if (std::fwrite(line.data(), 1, line.size(), stdout) == line.size()) return {};
  return std::unexpected(error(errc::file_error, "standard output: cannot write"));
}

/// Where to begin.
[[nodiscard]] result<log_position> start_of(const request& r, space_log& log, deadline until) {
  if (r.since) return log.at(*r.since, until);
  const auto all = log.bounds(until);
  if (!all) return std::unexpected(all.error());
  const auto first = all->last.seq - r.limit.value_or(commits_by_default);
  return first <= all->first.seq ? result<log_position>(all->first) : log.at(first, until);
}

}  // namespace

result<> print_log(const request& r) {
  auto log = space_log::open(r, deadline_of(r));
  if (!log) return std::unexpected(log.error());
  auto& from = log->session();
  if (r.follow) {
    if (auto listening = from.listen(deadline_of(r)); !listening) return listening;
  }
  auto at = start_of(r, *log, deadline_of(r));
  if (!at) return std::unexpected(at.error());
  auto left = r.limit.value_or(INT64_MAX);
  for (;;) {
    const auto until = deadline_of(r);
    const auto slice = from.since(*at, commits_at_once, until);
    if (!slice) return std::unexpected(slice.error());
    if (slice->how != log_slice::relation::continues) {
      return std::unexpected(
          error(errc::not_found, "the log no longer has commit " + std::to_string(at->seq)));
    }
    for (const auto& c : slice->commits) {
      if (auto done = print(*log, c, until); !done) return done;
      at = c.at;
      if (--left == 0) return {};
    }
    if (std::fflush(stdout) != 0) {
      return std::unexpected(error(errc::file_error, "standard output: cannot write"));
    }
    if (!slice->commits.empty()) continue;
    if (!r.follow) return {};
    constexpr std::chrono::milliseconds between_looks(250);
    const auto waited = from.wait(std::chrono::steady_clock::now() + between_looks);
    if (!waited) return std::unexpected(waited.error());
  }
}

}  // namespace shelf::cluster
