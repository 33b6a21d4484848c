// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// The build makes schema_text of schema.sql.
#include "cluster/ddl.hpp"

#include "error/printable.hpp"

#include <algorithm>
#include <cassert>

namespace shelf::cluster {

extern const char* const schema_text;

namespace {

constexpr std::size_t longest_name = 48;
constexpr std::string_view placeholder = "@schema@";

[[nodiscard]] bool is_name(std::string_view name) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto fits = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; };
  return !name.empty() && name.size() <= longest_name && is_letter(name[0]) &&
         std::ranges::all_of(name, fits) && !name.starts_with("pg_");
}

}  // namespace

result<> check_name(std::string_view what, std::string_view name) {
  if (is_name(name)) return {};
  std::string sentence(what);
  sentence += " '" + detail::printable(name) + "': ";
  sentence += "a name has up to 48 of a-z, 0-9 and _, begins with a letter, and not with pg_";
  return std::unexpected(error(errc::invalid_argument, std::move(sentence)));
}

std::string for_schema(std::string_view statements, std::string_view schema) {
  assert(is_name(schema));
  std::string out;
  for (;;) {
    const auto at = statements.find(placeholder);
    out += statements.substr(0, at);
    if (at == statements.npos) return out;
    out += schema;
    statements.remove_prefix(at + placeholder.size());
  }
}

std::string ddl(std::string_view schema) { return for_schema(schema_text, schema); }

}  // namespace shelf::cluster
