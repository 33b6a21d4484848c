// UPKEEP  cli -> rows -> [upkeep] -> engine -> stores -> journal -> file
// Keys of indexes, taken from where a schema has their members.
#include "upkeep/described_indexes.hpp"

#include "codec/schema_check.hpp"
#include "error/printable.hpp"
#include "shelf/detail/encoder.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace shelf::detail {
namespace {

constexpr decoding_rules widest{.nesting = 1024};

/// The element of a tuple; nothing if it has none there.
[[nodiscard]] std::optional<bytes> element_of(bytes tuple, std::size_t place) {
  decoder in(tuple, widest);
  std::size_t size = 0;
  if (!in.tuple(size) || place >= size) return std::nullopt;
  for (std::size_t i = 0; i < place; ++i) {
    if (!in.skip()) return std::nullopt;
  }
  const auto* const from = in.position();
  if (!in.skip()) return std::nullopt;
  return bytes(from, static_cast<std::size_t>(in.position() - from));
}

/// As an index of the program makes it: the member, or a tuple of several. A value that lacks one
/// has no key.
result<> derive_fields(bytes value, const index_definition& of, index_key_sink show) {
  encoder out(purpose::value, {.nesting = widest.nesting + 1});
  const bool is_tuple = of.fields.size() > 1;
  if (is_tuple) out.enter_tuple(of.fields.size());
  for (const auto place : of.fields) {
    const auto member = element_of(value, place);
    if (!member) return {};
    out.raw(*member);
  }
  if (is_tuple) out.leave();
  show(out.written());
  return {};
}

[[nodiscard]] const schema_node& unnamed(const schema_node& n) {
  return form_of(n) == schema_form::named ? unnamed(n.parts[0]) : n;
}

/// Where the members stand in a value: the tag of a record is in front of its fields.
[[nodiscard]] result<std::vector<std::uint32_t>> places_of(const index_description& i,
                                                           const schema_node& value) {
  const auto& record = unnamed(value);
  std::vector<std::uint32_t> places;
  for (const auto& m : i.members) {
    const auto& names = record.names;
    const auto found = form_of(record) == schema_form::record
                           ? std::ranges::find(names, std::string_view(m))
                           : names.end();
    if (found == names.end()) {
      return std::unexpected(
          error(errc::type_mismatch,
                printable(to_string(i)) + ": values have no field '" + printable(m) + "'"));
    }
    places.push_back(static_cast<std::uint32_t>(found - names.begin()) + 1);
  }
  return places;
}

[[nodiscard]] index_definition definition_of(const index_description& i,
                                             std::vector<std::uint32_t> places) {
  index_definition made{.name = {},
                        .is_unique = i.what == index_form::unique,
                        .derive = &derive_fields,
                        .as = i,
                        .fields = std::move(places)};
  for (const auto& m : i.members) made.name.append(made.name.empty() ? "" : ", ").append(m);
  return made;
}

}  // namespace

result<index_definitions> unique_indexes(const file_description& d) {
  auto all = std::make_shared<std::vector<index_definition>>();
  const auto schema = parse_schema(d.value_schema);
  for (const auto& i : d.indexes) {
    if (i.what != index_form::unique) continue;
    if (!schema) return std::unexpected(schema.error());
    auto places = places_of(i, *schema);
    if (!places) {
      return std::unexpected(
          error(errc::corrupt, "the catalog records " + places.error().message()));
    }
    all->push_back(definition_of(i, *std::move(places)));
  }
  return all->empty() ? nullptr : index_definitions(std::move(all));
}

result<> check_indexes(const file_description& d) {
  const auto schema = parse_schema(d.value_schema);
  if (!schema) return std::unexpected(schema.error());
  for (const auto& i : d.indexes) {
    if (auto places = places_of(i, *schema); !places) return std::unexpected(places.error());
  }
  return {};
}

namespace {

/// The type of a field; empty: there is none of that name.
[[nodiscard]] std::string_view type_of(const schema_node& value, std::string_view field) {
  const auto& record = unnamed(value);
  if (form_of(record) != schema_form::record) return {};
  const auto found = std::ranges::find(record.names, field);
  if (found == record.names.end()) return {};
  return record.parts[static_cast<std::size_t>(found - record.names.begin())].text;
}

}  // namespace

std::vector<index_description> carried_indexes(
    const file_description& before, const std::string& value_schema,
    function_ref<std::string(const std::string&)> name_of) {
  const auto was = parse_schema(before.value_schema);
  const auto is = parse_schema(value_schema);
  std::vector<index_description> all;
  if (!was || !is) return all;
  for (auto i : before.indexes) {
    // What a function makes of the new values only its program knows; it is a name alone.
    const bool is_there = std::ranges::all_of(i.members, [&](std::string& m) {
      const auto type = type_of(*was, m);
      m = name_of(m);
      return !type.empty() && type == type_of(*is, m);
    });
    if (is_there) all.push_back(std::move(i));
  }
  return all;
}

std::vector<index_description> without_unique(std::vector<index_description> all) {
  std::erase_if(all, [](const auto& i) { return i.what == index_form::unique; });
  return all;
}

}  // namespace shelf::detail
