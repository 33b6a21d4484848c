// API  [api] -> engine -> stores -> journal -> file
// What an index in a table's type is made of: its key type, its name, and how keys are derived.
#pragma once

#include "shelf/detail/encode.hpp"
#include "shelf/detail/index_definition.hpp"
#include "shelf/detail/member.hpp"
#include "shelf/index_kind.hpp"

#include <cassert>
#include <cstdlib>
#include <iterator>
#include <string_view>
#include <tuple>
#include <type_traits>

namespace shelf::detail {

/// By what an index is asked for: `equal<&user::city>(...)`.
template <auto... Member>
struct by_members {};
/// `equal<by_domain>(...)`.
template <class F>
struct by_function {};

template <class T>
struct is_data_member : std::is_member_object_pointer<std::remove_cv_t<T>> {};

/// Appends what a member of an encoded struct is.
template <auto Member>
void append_member(encoder& out, bytes value, const decoding_rules& rules) {
  using T = owner_of<Member>;
  constexpr std::size_t index = field_index<T>(pointed_name<Member>());
  static_assert(index < field_count<T>);
  decoder in(value, rules);
  std::size_t fields = 0;
  bool whole = decode_record_head<T>(in, fields);
  // An older value may lack it.
  if (whole && index >= fields) return encode(out, T{}.*Member);
  for (std::size_t i = 0; whole && i < index; ++i) whole = in.skip();
  const auto* const from = in.position();
  whole = whole && in.skip();
  assert(whole && "stored entries are checked before they are stored");
  if (!whole) std::abort();
  out.raw({from, static_cast<std::size_t>(in.position() - from)});
}

[[nodiscard]] inline encoding_limits index_key_limits(const decoding_rules& rules) noexcept {
  return {.nesting = rules.nesting + 1};
}

/// Indexes of one or more members.
template <bool Unique, auto... Member>
struct member_index {
  using selector = by_members<Member...>;
  static constexpr bool is_sound = (is_data_member<decltype(Member)>::value && ...);
  static constexpr bool is_unique = Unique;
  static constexpr bool calls_program = false;

  template <class V>
  static consteval bool refuse_unless_for() {
    static_assert(is_sound, "An index is over data members: shelf::index<&user::city>.");
    if constexpr (is_sound) {
      static_assert((std::is_same_v<owner_of<Member>, V> && ...),
                    "An index is over members of the table's value type.");
      if constexpr ((std::is_same_v<owner_of<Member>, V> && ...)) {
        static_assert((orderable_key<member_of<Member>> && ...),
                      "The keys of an index are in order: a member of it is an integer, bool, "
                      "float, text, bytes, optional, chrono, an enumeration without names, or a "
                      "pair, tuple, array, vector or struct of these.");
      }
    }
    return true;
  }
  static auto key() {
    if constexpr (sizeof...(Member) == 1)
      return (std::type_identity<member_of<Member>>{}, ...);
    else
      return std::type_identity<std::tuple<member_of<Member>...>>{};
  }
  static std::string name() {
    std::string all;
    const auto add = [&](std::string_view one) { all.append(all.empty() ? "" : ", ").append(one); };
    (add(pointed_name<Member>()), ...);
    return all;
  }
  static index_description described() {
    return {.what = Unique ? index_form::unique : index_form::index,
            .members = {std::string(pointed_name<Member>())...},
            .name = {}};
  }
  template <class V>
  static result<> derive(bytes value, const index_definition& of, index_key_sink show) {
    encoder out(purpose::value, index_key_limits(of.rules));
    if constexpr (sizeof...(Member) > 1) out.enter_tuple(sizeof...(Member));
    (append_member<Member>(out, value, of.rules), ...);
    assert(!out.failed());
    show(out.written());
    return {};
  }
};

/// What an index in a table's type is; of anything else nothing.
template <class I>
struct index_parts {
  static constexpr bool is_sound = false;
};
template <auto... Member>
struct index_parts<index<Member...>> : member_index<false, Member...> {};
template <auto... Member>
struct index_parts<unique<Member...>> : member_index<true, Member...> {};

template <class L>
concept list_of_keys = requires(const L& list) {
  std::begin(list) != std::end(list);
  requires orderable_key<std::remove_cvref_t<decltype(*std::begin(list))>>;
};

template <auto Member>
struct index_parts<index_each<Member>> {
  using selector = by_members<Member>;
  static constexpr bool is_sound = is_data_member<decltype(Member)>::value;
  static constexpr bool is_unique = false;
  static constexpr bool calls_program = false;

  template <class V>
  static consteval bool refuse_unless_for() {
    static_assert(is_sound, "An index is over data members: shelf::index_each<&user::tags>.");
    if constexpr (is_sound) {
      static_assert(std::is_same_v<owner_of<Member>, V>,
                    "An index is over members of the table's value type.");
      static_assert(list_of_keys<member_of<Member>>,
                    "index_each takes a member that is a list, such as a std::vector, whose "
                    "elements can be keys of an ordered_map.");
    }
    return true;
  }
  static auto key() {
    using list = member_of<Member>;
    return std::type_identity<
        std::remove_cvref_t<decltype(*std::begin(std::declval<const list&>()))>>{};
  }
  static std::string name() { return std::string(pointed_name<Member>()); }
  static index_description described() {
    return {.what = index_form::index_each, .members = {name()}, .name = {}};
  }
  template <class V>
  static result<> derive(bytes value, const index_definition& of, index_key_sink show) {
    using element = typename decltype(key())::type;
    const auto list = decode_member<Member>(value, of.rules);
    assert(list && "stored entries are checked before they are stored");
    if (!list) std::abort();
    encoder out(purpose::key, index_key_limits(of.rules));
    for (const auto& each : *list) {
      out.clear();
      encode<element>(out, each);
      assert(!out.failed());
      show(out.written());
    }
    return {};
  }
};

template <class F, class V>
concept function_of_index = requires(const V& value) {
  { std::string_view(F::name) };
  F::key(value);
};

template <class F>
struct index_parts<index_by<F>> {
  using selector = by_function<F>;
  static constexpr bool is_sound = true;
  static constexpr bool is_unique = false;
  static constexpr bool calls_program = true;

  template <class V>
  static consteval bool refuse_unless_for() {
    static_assert(function_of_index<F, V>,
                  "index_by takes a struct with a static constexpr std::string_view name and a "
                  "static function key(const V&) of the table's value type V.");
    if constexpr (function_of_index<F, V>) {
      using made = std::remove_cvref_t<decltype(F::key(std::declval<const V&>()))>;
      static_assert(orderable_key<made>,
                    "What the function of index_by returns is a key in an order, as those of an "
                    "ordered_map; return a std::string, not a view of one.");
    }
    return true;
  }
  template <class V>
  using made_of = std::remove_cvref_t<decltype(F::key(std::declval<const V&>()))>;
  static std::string name() { return std::string(std::string_view(F::name)); }
  static index_description described() {
    return {.what = index_form::index_by, .members = {}, .name = name()};
  }
  template <class V>
  static result<> derive(bytes value, const index_definition& of, index_key_sink show) {
    V decoded{};
    decode_stored(value, of.rules, decoded);
    encoder out(purpose::key, index_key_limits(of.rules));
    encode_returned<made_of<V>>(out, F::key(std::as_const(decoded)));
    if (out.failed()) {
      const auto why = out.outcome().error();
      return std::unexpected(error(why.code(), "index " + name() + ": " + why.message()));
    }
    show(out.written());
    return {};
  }
};

/// The type of an index's keys.
template <class I, class V>
struct key_of_index {
  using type = typename decltype(index_parts<I>::key())::type;
};
template <class F, class V>
struct key_of_index<index_by<F>, V> {
  using type = typename index_parts<index_by<F>>::template made_of<V>;
};

template <class V, class... I>
consteval bool refuse_unless_indexes() {
  static_assert((index_parts<I>::is_sound && ...),
                "What follows the value type of a table is an index: shelf::unique<&V::member>, "
                "shelf::index<...>, shelf::index_each<&V::member> or shelf::index_by<F>.");
  if constexpr ((index_parts<I>::is_sound && ...)) {
    return (index_parts<I>::template refuse_unless_for<V>() && ...);
  }
  return true;
}

/// Which of the indexes is asked for by that, and how many are.
template <class Selector, class... I>
struct index_found {
  static consteval std::size_t find() {
    std::size_t first = sizeof...(I);
    std::size_t i = 0;
    const auto look = [&](bool is_this) {
      if (is_this && first == sizeof...(I)) first = i;
      ++i;
    };
    (look(std::is_same_v<typename index_parts<I>::selector, Selector>), ...);
    return first;
  }
  static constexpr std::size_t at = find();
  static constexpr std::size_t count =
      (std::size_t{std::is_same_v<typename index_parts<I>::selector, Selector>} + ...);
  static constexpr bool is_there = count == 1;
};

/// Stops the compiler with a sentence unless exactly one index is asked for by that.
template <class Selector, class... I>
consteval bool refuse_unless_index() {
  static_assert(index_found<Selector, I...>::count != 0,
                "The table has no index over that: name its members in their order, or the struct "
                "of index_by, as the table's type does.");
  static_assert(index_found<Selector, I...>::count <= 1,
                "The table has two indexes over that member: index and index_each, or index and "
                "unique. Use one of them.");
  return index_found<Selector, I...>::is_there;
}

/// The indexes of a table, as the core wants them.
template <class V, class... I>
[[nodiscard]] index_definitions definitions_of(const decoding_rules& rules) {
  if constexpr (sizeof...(I) == 0) {
    return nullptr;
  } else {
    auto all = std::make_shared<std::vector<index_definition>>();
    (all->push_back({.name = index_parts<I>::name(),
                     .is_unique = index_parts<I>::is_unique,
                     .calls_program = index_parts<I>::calls_program,
                     .derive = &index_parts<I>::template derive<V>,
                     .rules = rules,
                     .as = index_parts<I>::described()}),
     ...);
    return all;
  }
}

}  // namespace shelf::detail
