// UPKEEP  cli -> rows -> [upkeep] -> engine -> stores -> journal -> file
// entry_types made of schema texts.
#include "upkeep/described_types.hpp"

#include "codec/schema_check.hpp"
#include "shelf/codec.hpp"
#include "shelf/detail/schema.hpp"

#include <memory>

namespace shelf::detail {
namespace {

constexpr std::uint64_t record_overhead = 8;

/// A schema with the text that its tree points into.
struct held_schema {
  explicit held_schema(std::string of) : text(std::move(of)), tree(parse_schema(text)) {}
  held_schema(const held_schema&) = delete;
  held_schema& operator=(const held_schema&) = delete;

  const std::string text;
  const result<schema_node> tree;
};

[[nodiscard]] result<> fits(const held_schema& schema, bytes encoded, std::string_view which) {
  auto same = check_by_schema(*schema.tree, term::from_canonical(encoded));
  if (same) return {};
  return std::unexpected(error(same.error().code(), std::string(which) + same.error().message()));
}

}  // namespace

result<entry_types> described_types(const file_description& d, scrutiny how, entry_seen seen) {
  const auto key = std::make_shared<const held_schema>(d.key_schema);
  const auto value = std::make_shared<const held_schema>(d.value_schema);
  for (const auto* s : {key.get(), value.get()}) {
    if (s->tree) continue;
    const auto& why = s->tree.error();
    return std::unexpected(
        error(why.code(),
              (s == key.get() ? "the key's schema " : "the value's schema ") + why.message()));
  }
  entry_types t;
  t.what = d.what;
  t.key_schema = d.key_schema;
  t.value_schema = d.value_schema;
  t.check = [key, value, how, seen = std::move(seen)](bytes k, bytes v) -> result<> {
    if (seen) seen(k.size() + v.size() + record_overhead);
    if (auto sound = check<term>(k, {}, purpose::key); !sound) return sound;
    if (auto sound = check<term>(v, {}); !sound) return sound;
    if (how == scrutiny::terms) return {};
    if (auto same = fits(*key, k, "key: "); !same) return same;
    return fits(*value, v, "");
  };
  t.reencode = [](bytes v) -> result<std::vector<std::byte>> {
    return std::vector<std::byte>(v.begin(), v.end());
  };
  t.compare_schema = [](const std::string& stored, const std::string& wanted,
                        missing_fields) -> result<> { return compare_schema(stored, wanted); };
  return t;
}

}  // namespace shelf::detail
