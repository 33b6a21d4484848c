// STORES  api -> engine -> [stores] -> journal -> file
// Descriptions as terms and back.
#include "stores/catalogue.hpp"

#include "error/utf8.hpp"
#include "shelf/term.hpp"
#include "term/scalar_output.hpp"

#include <algorithm>
#include <array>

namespace shelf::stores {
namespace {

constexpr std::size_t longest_name = 255;  // bytes
constexpr std::string_view key_schema_name = "key_schema";
constexpr std::string_view kind_name = "kind";
constexpr std::string_view storage_name = "storage";
constexpr std::string_view in_memory_name = "memory";
constexpr std::string_view value_schema_name = "value_schema";
constexpr std::array all_kinds{kind::set, kind::ordered_set, kind::bag, kind::duplicate_bag};

[[nodiscard]] std::unexpected<error> malformed() {
  return std::unexpected(error(errc::corrupt, "byte 8192: the catalog does not describe a table"));
}

}  // namespace

const char* why_no_name(std::string_view name) noexcept {
  if (name.empty()) return "it is empty";
  if (name.size() > longest_name) return "it is longer than 255 bytes";
  if (!count_characters(as_bytes(name))) return "it is not UTF-8";
  if (name.find('\0') != name.npos) return "it contains a zero byte";
  return nullptr;
}

result<> catalogue::create(std::uint32_t id, const std::string& name) {
  const auto refuse = [&](const std::string& what, const std::string& why) {
    return std::unexpected(error(errc::corrupt, "the catalog " + what + std::to_string(id) + why));
  };
  if (id == 0) return refuse("gives a table the id ", "");
  if (dropped_.contains(id)) return refuse("gives a table the id ", ", which another one had");
  if (const char* const why = why_no_name(name)) {
    return refuse("has no valid name for table ", std::string(": ") + why);
  }
  const auto is_same = [&](const auto& known) { return known.second == name; };
  if (names_.contains(id) || std::ranges::any_of(names_, is_same)) {
    return refuse("has table ", " twice");
  }
  names_.emplace(id, name);
  return {};
}

result<> catalogue::rename(std::uint32_t id, const std::string& name) {
  const auto refuse = [&](const std::string& why) {
    return std::unexpected(
        error(errc::corrupt, "the catalog renames table " + std::to_string(id) + why));
  };
  const auto found = names_.find(id);
  if (found == names_.end()) return refuse(", which it does not have");
  if (const char* const why = why_no_name(name)) {
    return refuse(std::string(" to a name that is not valid: ") + why);
  }
  const auto is_taken = [&](const auto& known) {
    return known.first != id && known.second == name;
  };
  if (std::ranges::any_of(names_, is_taken)) return refuse(" to the name of another one");
  found->second = name;
  return {};
}

void catalogue::drop(std::uint32_t id) {
  names_.erase(id);
  dropped_.insert(id);
}

encoded_description encode_description(const table_description& d) {
  encoded_description out;
  terms::put_binary(out.key, as_bytes(d.name));
  terms::put_counted_head(out.value, terms::tag::map, d.in_memory ? 4 : 3);
  // Keys in the order of atoms, as canonical maps have them.
  terms::put_atom(out.value, as_bytes(key_schema_name));
  terms::put_binary(out.value, as_bytes(d.key_schema));
  terms::put_atom(out.value, as_bytes(kind_name));
  terms::put_atom(out.value, as_bytes(to_string(d.what)));
  if (d.in_memory) {
    terms::put_atom(out.value, as_bytes(storage_name));
    terms::put_atom(out.value, as_bytes(in_memory_name));
  }
  terms::put_atom(out.value, as_bytes(value_schema_name));
  terms::put_binary(out.value, as_bytes(d.value_schema));
  return out;
}

result<table_description> decode_description(bytes key, bytes value) {
  const auto name = term::from_encoded(key);
  const auto properties = term::from_encoded(value);
  if (!name || !name->as_binary() || !properties) return malformed();
  const auto pairs = properties->pairs();
  if (!pairs) return malformed();
  table_description d;
  d.name = as_text(*name->as_binary());
  bool kind_known = false;
  for (const auto& [property, content] : *pairs) {
    const auto what = property.as_atom();
    if (what == key_schema_name && content.as_binary())
      d.key_schema = as_text(*content.as_binary());
    if (what == value_schema_name && content.as_binary()) {
      d.value_schema = as_text(*content.as_binary());
    }
    if (what == storage_name) d.in_memory = content.as_atom() == in_memory_name;
    if (what != kind_name) continue;
    for (const auto k : all_kinds) {
      if (content.as_atom() != to_string(k)) continue;
      d.what = k;
      kind_known = true;
    }
  }
  if (!kind_known) return malformed();
  return d;
}

}  // namespace shelf::stores
