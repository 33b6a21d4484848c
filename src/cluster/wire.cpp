// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Encodes without a check what is ours, and checks every byte of what is a server's.
#include "cluster/wire.hpp"

#include "error/utf8.hpp"
#include "term/external_format.hpp"

#include <algorithm>
#include <cassert>
#include <limits>

namespace shelf::cluster::wire {
namespace {

using terms::load_big;
using terms::store_big;

constexpr std::size_t size_field = 4;
constexpr std::uint32_t null_size = 0xFFFFFFFF;

class encoder {
 public:
  template <std::unsigned_integral T>
  void number(T value) {
    const auto at = out_.size();
    out_.resize(at + sizeof value);
    store_big(out_.data() + at, value);
  }
  void content(bytes b) { out_.insert(out_.end(), b.begin(), b.end()); }
  void element(bytes b) {
    assert(b.size() <= std::numeric_limits<std::int32_t>::max());
    number(static_cast<std::uint32_t>(b.size()));
    content(b);
  }
  void array_header(type of, std::size_t count, bool has_nulls) {
    assert(count <= std::numeric_limits<std::int32_t>::max());
    number(count == 0 ? 0u : 1u);
    number(has_nulls ? 1u : 0u);
    number(static_cast<std::uint32_t>(of));
    if (count == 0) return;
    number(static_cast<std::uint32_t>(count));
    number(1u);
  }
  [[nodiscard]] parameter take(type what) { return {.what = what, .content = std::move(out_)}; }

 private:
  std::vector<std::byte> out_;
};

template <class Unsigned, class T>
[[nodiscard]] parameter one(type what, T value) {
  encoder e;
  e.number(static_cast<Unsigned>(value));
  return e.take(what);
}

template <class Unsigned, class T>
[[nodiscard]] parameter numbers(type what, type of, std::span<const T> all) {
  encoder e;
  e.array_header(of, all.size(), false);
  for (const auto value : all) {
    e.number(static_cast<std::uint32_t>(sizeof value));
    e.number(static_cast<Unsigned>(value));
  }
  return e.take(what);
}

[[nodiscard]] parameter text_of(type what, bytes content) {
  encoder e;
  e.content(content);
  return e.take(what);
}

// --- decoding ------------------------------------------------------------------------------------

[[nodiscard]] const char* name_of(type what) noexcept {
  switch (what) {
    case type::boolean: return "bool";
    case type::bytea: return "bytea";
    case type::int8: return "int8";
    case type::int2: return "int2";
    case type::int4: return "int4";
    case type::text: return "text";
    case type::bytea_array: return "bytea[]";
    case type::int2_array: return "int2[]";
    case type::int4_array: return "int4[]";
    case type::text_array: return "text[]";
    case type::int8_array: return "int8[]";
    case type::uuid: return "uuid";
  }
  return nullptr;
}

[[nodiscard]] std::string in_words(type what) {
  const char* const name = name_of(what);
  return name != nullptr ? name : "type " + std::to_string(static_cast<std::uint32_t>(what));
}

[[nodiscard]] std::unexpected<error> malformed(type what, const std::string& why) {
  return std::unexpected(error(errc::server_error, "malformed " + in_words(what) + ": " + why));
}

[[nodiscard]] result<> require(type what, type wanted, bytes field, std::size_t size) {
  if (what != wanted) return malformed(what, "expected " + in_words(wanted));
  if (field.size() == size) return {};
  return malformed(what, std::to_string(field.size()) + " bytes");
}

template <class Unsigned>
[[nodiscard]] result<Unsigned> number(type what, type wanted, bytes field) {
  auto fits = require(what, wanted, field, sizeof(Unsigned));
  if (!fits) return std::unexpected(fits.error());
  return load_big<Unsigned>(field.data());
}

/// Calls `take` with each element, absent for a null. The first call that returns false ends it.
template <class Reserve, class Take>
[[nodiscard]] result<> read_array(type what, type of, bytes field, Reserve reserve, Take take) {
  constexpr std::size_t empty_header = 12;
  constexpr std::size_t header = 20;
  if (field.size() < empty_header) return malformed(what, "its header is cut off");
  const auto dimensions = load_big<std::uint32_t>(field.data());
  const auto has_nulls = load_big<std::uint32_t>(field.data() + 4);
  const auto element = static_cast<type>(load_big<std::uint32_t>(field.data() + 8));
  if (element != of) return malformed(what, "its elements are of " + in_words(element));
  if (has_nulls > 1) return malformed(what, "its flags are " + std::to_string(has_nulls));
  if (dimensions == 0) {
    if (field.size() == empty_header) return {};
    return malformed(what, "bytes follow the empty array");
  }
  if (dimensions != 1 || field.size() < header) {
    return malformed(what, std::to_string(dimensions) + " dimensions");
  }
  const auto count = load_big<std::uint32_t>(field.data() + 12);
  const auto first = load_big<std::uint32_t>(field.data() + 16);
  if (first != 1) return malformed(what, "its first index is not 1");
  auto rest = field.subspan(header);
  if (count > rest.size() / size_field) {
    return malformed(
        what, std::to_string(count) + " elements in " + std::to_string(rest.size()) + " bytes");
  }
  reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (rest.size() < size_field) return malformed(what, "it ends in a size");
    const auto size = load_big<std::uint32_t>(rest.data());
    rest = rest.subspan(size_field);
    if (size == null_size) {
      if (has_nulls == 0) return malformed(what, "a null that was not announced");
      if (!take(optional_bytes())) return malformed(what, "a null element");
      continue;
    }
    if (size > rest.size()) return malformed(what, "an element is cut off");
    if (!take(optional_bytes(rest.first(size)))) {
      return malformed(what, "an element of " + std::to_string(size) + " bytes");
    }
    rest = rest.subspan(size);
  }
  if (!rest.empty()) return malformed(what, "bytes follow its last element");
  return {};
}

template <class T, class Unsigned>
[[nodiscard]] result<std::vector<T>> number_array(type what, type wanted, type of, bytes field) {
  if (what != wanted) return malformed(what, "expected " + in_words(wanted));
  std::vector<T> all;
  auto read = read_array(
      what, of, field, [&](std::size_t count) { all.reserve(count); },
      [&](const optional_bytes& element) {
        if (!element || element->size() != sizeof(T)) return false;
        all.push_back(static_cast<T>(load_big<Unsigned>(element->data())));
        return true;
      });
  if (!read) return std::unexpected(read.error());
  return all;
}

}  // namespace

parameter encode(std::int32_t value) { return one<std::uint32_t>(type::int4, value); }
parameter encode(std::int64_t value) { return one<std::uint64_t>(type::int8, value); }
parameter encode(const uuid& value) { return text_of(type::uuid, value.content); }
parameter encode(std::string_view text) { return text_of(type::text, as_bytes(text)); }
parameter encode(bytes content) { return text_of(type::bytea, content); }

parameter encode(std::span<const std::int16_t> all) {
  return numbers<std::uint16_t>(type::int2_array, type::int2, all);
}

parameter encode(std::span<const std::int32_t> all) {
  return numbers<std::uint32_t>(type::int4_array, type::int4, all);
}

parameter encode(std::span<const optional_bytes> all) {
  const auto is_null = [](const optional_bytes& b) { return !b.has_value(); };
  encoder e;
  e.array_header(type::bytea, all.size(), std::ranges::any_of(all, is_null));
  for (const auto& b : all) {
    if (b) {
      e.element(*b);
    } else {
      e.number(null_size);
    }
  }
  return e.take(type::bytea_array);
}

template <>
result<bool> decode(type what, bytes field) {
  auto fits = require(what, type::boolean, field, 1);
  if (!fits) return std::unexpected(fits.error());
  if (field[0] > std::byte{1}) return malformed(what, "neither true nor false");
  return field[0] == std::byte{1};
}

template <>
result<std::int16_t> decode(type what, bytes field) {
  auto value = number<std::uint16_t>(what, type::int2, field);
  if (!value) return std::unexpected(value.error());
  return static_cast<std::int16_t>(*value);
}

template <>
result<std::int32_t> decode(type what, bytes field) {
  auto value = number<std::uint32_t>(what, type::int4, field);
  if (!value) return std::unexpected(value.error());
  return static_cast<std::int32_t>(*value);
}

template <>
result<std::int64_t> decode(type what, bytes field) {
  auto value = number<std::uint64_t>(what, type::int8, field);
  if (!value) return std::unexpected(value.error());
  return static_cast<std::int64_t>(*value);
}

template <>
result<uuid> decode(type what, bytes field) {
  uuid name;
  auto fits = require(what, type::uuid, field, name.content.size());
  if (!fits) return std::unexpected(fits.error());
  std::ranges::copy(field, name.content.begin());
  return name;
}

template <>
result<std::string> decode(type what, bytes field) {
  if (what != type::text) return malformed(what, "expected text");
  if (!count_characters(field)) return malformed(what, "not UTF-8");
  return std::string(as_text(field));
}

template <>
result<bytes> decode(type what, bytes field) {
  if (what != type::bytea) return malformed(what, "expected bytea");
  return field;
}

template <>
result<std::vector<std::int16_t>> decode(type what, bytes field) {
  return number_array<std::int16_t, std::uint16_t>(what, type::int2_array, type::int2, field);
}

template <>
result<std::vector<std::int32_t>> decode(type what, bytes field) {
  return number_array<std::int32_t, std::uint32_t>(what, type::int4_array, type::int4, field);
}

template <>
result<std::vector<optional_bytes>> decode(type what, bytes field) {
  if (what != type::bytea_array) return malformed(what, "expected bytea[]");
  std::vector<optional_bytes> all;
  auto read = read_array(
      what, type::bytea, field, [&](std::size_t count) { all.reserve(count); },
      [&](const optional_bytes& element) {
        all.push_back(element);
        return true;
      });
  if (!read) return std::unexpected(read.error());
  return all;
}

}  // namespace shelf::cluster::wire
