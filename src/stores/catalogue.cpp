// STORES  api -> engine -> [stores] -> journal -> file
// Descriptions as terms and back.
#include "stores/catalogue.hpp"

#include "error/utf8.hpp"
#include "shelf/term.hpp"
#include "term/scalar_output.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace shelf::stores {
namespace {

constexpr std::size_t longest_name = 255;  // bytes
constexpr std::string_view indexes_name = "indexes";
constexpr std::string_view key_schema_name = "key_schema";
constexpr std::string_view kind_name = "kind";
constexpr std::string_view storage_name = "storage";
constexpr std::string_view in_memory_name = "memory";
constexpr std::string_view value_schema_name = "value_schema";
constexpr std::array all_kinds{kind::set, kind::ordered_set, kind::bag, kind::duplicate_bag};
constexpr std::string_view members_name = "members";
constexpr std::string_view name_name = "name";
constexpr std::string_view form_name = "what";
constexpr std::array all_forms{index_form::index, index_form::unique, index_form::index_each,
                               index_form::index_by};

[[nodiscard]] std::unexpected<error> malformed() {
  return std::unexpected(error(errc::corrupt, "byte 8192: the catalog does not describe a table"));
}

// --- indexes -------------------------------------------------------------------------------------

[[nodiscard]] std::unexpected<error> malformed_index(const std::string& why) {
  return std::unexpected(error(errc::corrupt, "the catalog describes an index that " + why));
}

void put_text(std::string& out, std::string_view text) { terms::put_binary(out, as_bytes(text)); }

/// A type may name an index twice, and then has it once.
[[nodiscard]] std::vector<index_description> each_once(const std::vector<index_description>& all) {
  std::vector<index_description> once;
  for (const auto& i : all) {
    if (std::ranges::find(once, i) == once.end()) once.push_back(i);
  }
  return once;
}

void put_index(std::string& out, const index_description& i) {
  const bool is_named = i.what == index_form::index_by;
  terms::put_counted_head(out, terms::tag::map, 2);
  terms::put_atom(out, as_bytes(is_named ? name_name : members_name));
  if (is_named) {
    put_text(out, i.name);
  } else {
    terms::put_counted_head(out, terms::tag::list, i.members.size());
    for (const auto& m : i.members) put_text(out, m);
    terms::put_tag(out, terms::tag::nil);
  }
  terms::put_atom(out, as_bytes(form_name));
  terms::put_atom(out, as_bytes(to_string(i.what)));
}

void put_indexes(std::string& out, const std::vector<index_description>& all) {
  terms::put_atom(out, as_bytes(indexes_name));
  terms::put_counted_head(out, terms::tag::list, all.size());
  for (const auto& i : all) put_index(out, i);
  terms::put_tag(out, terms::tag::nil);
}

/// The elements of a proper list that has some.
[[nodiscard]] std::optional<std::vector<term>> some_in(const term& t) {
  if (t.what() != term::type::list || t.tail()->what() != term::type::nil) return std::nullopt;
  return t.elements();
}

[[nodiscard]] std::optional<std::vector<std::string>> names_in(const term& t) {
  const auto elements = some_in(t);
  if (!elements) return std::nullopt;
  std::vector<std::string> all;
  for (const auto& e : *elements) {
    const auto content = e.as_binary();
    if (!content || content->empty() || !count_characters(*content)) return std::nullopt;
    all.emplace_back(as_text(*content));
  }
  return all;
}

/// Nothing: a form that only newer versions know.
[[nodiscard]] result<std::optional<index_description>> decode_index(const term& t) {
  const auto pairs = t.pairs();
  if (!pairs) return malformed_index("is not a map");
  index_description made;
  std::optional<bool> is_known;
  for (const auto& [property, content] : *pairs) {
    if (property.as_atom() != form_name || !content.as_atom()) continue;
    const auto is_it = [&](index_form f) { return content.as_atom() == to_string(f); };
    const auto* const form = std::ranges::find_if(all_forms, is_it);
    is_known = form != all_forms.end();
    if (*is_known) made.what = *form;
  }
  if (!is_known) return malformed_index("does not say what it is");
  if (!*is_known) return std::nullopt;
  const auto wanted = made.what == index_form::index_by ? name_name : members_name;
  const auto is_wanted = [&](const term::pair& p) { return p.first.as_atom() == wanted; };
  const auto found = std::ranges::find_if(*pairs, is_wanted);
  if (found == pairs->end()) return malformed_index("does not say what it is over");
  if (made.what == index_form::index_by) {
    const auto name = found->second.as_binary();
    if (!name) return malformed_index("has a name that is not a text");
    made.name = as_text(*name);
    return made;
  }
  auto members = names_in(found->second);
  if (!members) return malformed_index("has members without names");
  made.members = *std::move(members);
  if (made.what == index_form::index_each && made.members.size() != 1) {
    return malformed_index("is over the elements of several members");
  }
  return made;
}

[[nodiscard]] result<std::vector<index_description>> decode_indexes(const term& t) {
  constexpr std::size_t most = 4096;  // whoever forges more would have us compare them all
  const auto elements = some_in(t);
  if (!elements || elements->size() > most) {
    return std::unexpected(error(errc::corrupt, "the catalog does not list a table's indexes"));
  }
  std::vector<index_description> all;
  for (const auto& e : *elements) {
    auto made = decode_index(e);
    if (!made) return std::unexpected(made.error());
    if (*made) all.push_back(**std::move(made));
  }
  return each_once(all);
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
  const std::size_t properties = 3 + std::size_t{d.in_memory} + std::size_t{!d.indexes.empty()};
  terms::put_counted_head(out.value, terms::tag::map, properties);
  // Keys in the order of atoms, as canonical maps have them.
  if (!d.indexes.empty()) put_indexes(out.value, each_once(d.indexes));
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
    if (what == indexes_name) {
      auto all = decode_indexes(content);
      if (!all) return std::unexpected(all.error());
      d.indexes = *std::move(all);
    }
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
