// API  [api] -> engine -> stores -> journal -> file
// Whether two types have a term in common, so that a variant of them could not be decoded.
#pragma once

#include "shelf/detail/shape.hpp"

namespace shelf::detail {

/// Calls f(name) for the atoms that a term of this shape may be; true if one call returned true.
template <class F>
constexpr bool any_atom(const shape& s, F f) {
  switch (s.what) {
    case form::boolean: return f("true") || f("false");
    case form::nil: return f("nil");
    case form::optional: return f("none");
    case form::record: return f(s.name);  // with missing_fields its tag alone may be a record too
    case form::names:
      for (const part& p : s.parts) {
        if (f(p.name)) return true;
      }
      return false;
    default: return false;
  }
}

/// The tuples that a term of this shape may be: their size, and their tag or their first element.
struct tuple_lead {
  bool possible = false;
  std::size_t size = 0;
  std::string_view tag{};
  const shape* first = nullptr;
};

constexpr tuple_lead tuple_of(const shape& s) {
  switch (s.what) {
    case form::record: return {!s.parts.empty(), s.parts.size() + 1, s.name, nullptr};
    case form::optional: return {true, 2, "some", nullptr};
    case form::tuple:
      return {true, s.parts.size(), {}, s.parts.empty() ? nullptr : &s.parts[0].link()};
    case form::array: return {true, s.size, {}, s.size == 0 ? nullptr : &s.parts[0].link()};
    default: return {};
  }
}

constexpr bool tuples_overlap(const tuple_lead& a, const tuple_lead& b) {
  if (!a.possible || !b.possible) return false;
  if (!a.tag.empty() && !b.tag.empty()) return a.tag == b.tag;
  if (a.size != b.size) return false;
  if (a.size == 0) return true;
  const shape tag_of_a{.what = form::record, .name = a.tag};
  const shape tag_of_b{.what = form::record, .name = b.tag};
  return overlap(a.tag.empty() ? *a.first : tag_of_a, b.tag.empty() ? *b.first : tag_of_b);
}

/// The class of terms that are neither atoms nor tuples; 0 for shapes that are.
constexpr int plain_class(const shape& s) {
  switch (s.what) {
    case form::integer: return 1;
    case form::floating: return 2;
    case form::binary: return 3;
    case form::list:
    case form::set: return 4;
    case form::map: return 5;
    default: return 0;
  }
}

constexpr bool overlap(const shape& a, const shape& b) {
  if (a.what == form::term || b.what == form::term) return true;
  if (a.what == form::custom) return overlap(a.parts[0].link(), b);
  if (b.what == form::custom) return overlap(a, b.parts[0].link());
  if (b.what == form::variant && a.what != form::variant) return overlap(b, a);
  if (a.what == form::variant) {
    for (const part& p : a.parts) {
      if (overlap(p.link(), b)) return true;
    }
    return false;
  }
  if (plain_class(a) != 0) return plain_class(a) == plain_class(b);
  const bool atoms = any_atom(a, [&b](std::string_view name) {
    return any_atom(b, [name](std::string_view other) { return name == other; });
  });
  return atoms || tuples_overlap(tuple_of(a), tuple_of(b));
}

/// True if no two of the shapes have a term in common.
constexpr bool all_apart(std::span<const part> alternatives) {
  for (std::size_t i = 0; i < alternatives.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (overlap(alternatives[i].link(), alternatives[j].link())) return false;
    }
  }
  return true;
}

/// True if two of the shapes are structs of the same tag.
constexpr bool any_twins(std::span<const part> alternatives) {
  for (std::size_t i = 0; i < alternatives.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const shape& a = alternatives[i].link();
      const shape& b = alternatives[j].link();
      if (a.what == form::record && b.what == form::record && a.name == b.name) return true;
    }
  }
  return false;
}

template <class T>
consteval bool refuse_unless_apart() {
  constexpr bool twins = any_twins(shape_of<T>().parts);
  static_assert(!twins,
                "shelf cannot store this variant, because two of its alternatives are structs of "
                "the same name: give one of them another in the file with shelf::tag.");
  static_assert(twins || all_apart(shape_of<T>().parts),
                "shelf cannot store this variant, because two of its alternatives have a term in "
                "common: make them structs of their own.");
  return true;
}

}  // namespace shelf::detail
