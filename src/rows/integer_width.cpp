// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// A schema is walked only where the bytes of a term may hold a large integer.
#include "rows/integer_width.hpp"

#include <algorithm>

namespace shelf::rows {
namespace {

using form = schema_form;

/// False if no integer in `encoded` takes eight bytes or more. True now and then without one:
/// contents of texts look like anything.
[[nodiscard]] bool may_hold_large_integer(bytes encoded) noexcept {
  constexpr std::byte small_big{110};
  constexpr std::byte large_big{111};
  constexpr std::byte eight_bytes{8};
  for (std::size_t i = 0; i + 2 < encoded.size(); ++i) {
    if (encoded[i] == large_big) return true;
    const bool has_sign = encoded[i + 2] <= std::byte{1};
    if (encoded[i] == small_big && encoded[i + 1] >= eight_bytes && has_sign) return true;
  }
  return false;
}

class finder {
 public:
  /// False if a number is too large: the path leads to it.
  [[nodiscard]] bool fits(const schema_node& wanted, const term& t);
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  [[nodiscard]] bool step(const schema_node& n, const term& t, const std::string& name) {
    if (fits(n, t)) return true;
    path_.insert(0, name);
    return false;
  }
  [[nodiscard]] bool elements(const schema_node& n, const term& t, std::size_t from);
  [[nodiscard]] bool map(const schema_node& n, const term& t);
  [[nodiscard]] bool one_of(const schema_node& n, const term& t);

  detail::schema_path around_;
  std::string path_;
};

/// A time or a duration counts in signed numbers; a plain integer may be an unsigned one.
[[nodiscard]] bool integer_fits(const schema_node& n, const term& t) {
  return t.as_integer().has_value() || (n.detail.empty() && t.as_unsigned().has_value());
}

/// `from`: 1 behind the tag of a record.
bool finder::elements(const schema_node& n, const term& t, std::size_t from) {
  const auto all = t.elements().value_or(std::vector<term>{});
  for (std::size_t i = from; i < all.size(); ++i) {
    const auto part = std::min(i - from, n.parts.size() - 1);  // a list has one for all
    const auto name = from == 1 ? "." + std::string(n.names[part]) : "[" + std::to_string(i) + "]";
    if (!step(n.parts[part], all[i], name)) return false;
  }
  return true;
}

bool finder::map(const schema_node& n, const term& t) {
  const auto pairs = t.pairs();
  if (!pairs) return true;
  std::size_t i = 0;
  for (const auto& [key, value] : *pairs) {
    const auto at = std::to_string(i++) + "}";
    if (!step(n.parts[0], key, "{key " + at) || !step(n.parts[1], value, "{value " + at)) {
      return false;
    }
  }
  return true;
}

/// One alternative that can hold it is enough.
bool finder::one_of(const schema_node& n, const term& t) {
  const auto holds = [&](const schema_node& choice) {
    return detail::check_by_schema(choice, t) && fits(choice, t);
  };
  return std::ranges::any_of(n.parts, holds);
}

bool finder::fits(const schema_node& wanted, const term& t) {
  const auto& n = around_.resolve(unnamed(wanted));
  switch (detail::form_of(n)) {
    case form::integer: return integer_fits(n, t);
    case form::list:
    case form::set:
    case form::array:
    case form::tuple: return n.parts.empty() || elements(n, t, 0);
    case form::map: return map(n, t);
    case form::one_of: return one_of(n, t);
    case form::optional: {
      const auto both = t.elements();
      return !both || both->size() != 2 || fits(n.parts[0], (*both)[1]);
    }
    case form::record: {
      around_.enter(n);
      const bool fit = n.parts.empty() || elements(n, t, 1);
      around_.leave();
      return fit;
    }
    default: return true;
  }
}

}  // namespace

result<> check_integer_width(const schema_node& n, const term& t) {
  if (!may_hold_large_integer(t.encoded())) return {};
  finder f;
  if (f.fits(n, t)) return {};
  return std::unexpected(
      error(errc::type_mismatch, f.path() + (f.path().empty() ? "" : ": ") +
                                     "the integer exceeds 64 bits, so C++ programs could not open "
                                     "the table; --force stores it"));
}

}  // namespace shelf::rows
