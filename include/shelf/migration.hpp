// API  [api] -> engine -> stores -> journal -> file
// Values of older types become those of a table when a database opens it.
#pragma once

#include "shelf/table.hpp"

#include <initializer_list>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace shelf {

/// How values of the type Old become values of another: made by from.
template <class Old, class F>
struct conversion_from {
  F convert;  ///< the function
};

/// A step of a migration: `f(old value)` or `f(key, old value)` returns the new value, a pair of
/// key and value, an optional of one of these (nullopt leaves the entry out), or a result of any of
/// them. Values whose type is an optional are returned in a pair.
///
///     shelf::from<user_v1>([](const user_v1& old) { return user{.name = old.name, .mail = ""}; })
template <class Old, class F>
[[nodiscard]] conversion_from<Old, std::decay_t<F>> from(F&& f) {
  return {std::forward<F>(f)};
}

namespace detail {

/// What a conversion returned, as an entry; nullopt: it is left out.
template <class K, class R>
struct converted_entry {
  using value = R;
  static std::optional<std::pair<K, R>> of(const K& key, R made) {
    return std::pair<K, R>(key, std::move(made));
  }
};
template <class K, class W>
struct converted_entry<K, std::pair<K, W>> {
  using value = W;
  static std::optional<std::pair<K, W>> of(const K&, std::pair<K, W> made) { return made; }
};
template <class K, class R>
struct converted_entry<K, std::optional<R>> {
  using value = typename converted_entry<K, R>::value;
  static std::optional<std::pair<K, value>> of(const K& key, std::optional<R> made) {
    if (!made) return std::nullopt;
    return converted_entry<K, R>::of(key, *std::move(made));
  }
};
template <class K, class R>
struct converted_entry<K, result<R>> : converted_entry<K, R> {};

/// Adds a pair, if there is one, to a batch.
template <class K, class V>
result<> add_converted(entry_batch& to, const std::optional<std::pair<K, V>>& made,
                       const encoding_limits& limits) {
  if (!made) return {};
  encoder k(purpose::key, limits);
  encoder v(purpose::value, limits);
  encode_key<K>(k, made->first);
  v.gather();
  encode(v, made->second);
  if (k.failed()) return std::unexpected(k.outcome().error());
  if (v.failed()) return std::unexpected(v.outcome().error());
  if (v.has_pieces()) return to.add_pieces(k.written(), v.pieces());
  return to.add(k.written(), v.written());
}

template <class F, class K, class Old>
decltype(auto) call_conversion(F& f, const K& key, const Old& old) {
  if constexpr (std::is_invocable_v<F&, const K&, const Old&>)
    return detail::invoke(f, key, old);
  else
    return detail::invoke(f, old);
}

/// The step over encoded bytes.
template <class K, kind Kind, class Old, class F>
[[nodiscard]] migration_step make_step(const F& f, const decoding_rules& rules,
                                       const encoding_limits& limits) {
  static_assert(std::is_invocable_v<const F&, const K&, const Old&> ||
                    std::is_invocable_v<const F&, const Old&>,
                "The function given to from<Old> takes a const Old&, or the key and a const Old&.");
  using returned = std::decay_t<decltype(call_conversion(f, std::declval<const K&>(),
                                                         std::declval<const Old&>()))>;
  using made_of = converted_entry<K, returned>;
  using made_value = typename made_of::value;
  const auto convert = [f, rules, limits](stored_entry e, entry_batch& to) -> result<> {
    K key{};
    Old old{};
    decode_stored(e.key, rules, key);
    decode_stored(e.value, rules, old);
    auto made = call_conversion(f, std::as_const(key), std::as_const(old));
    if constexpr (is_result<returned>::value) {
      if (!made) return std::unexpected(made.error());
      return add_converted(to, made_of::of(key, *std::move(made)), limits);
    } else {
      return add_converted(to, made_of::of(key, std::move(made)), limits);
    }
  };
  return {.from = make_entry_types(types_of<K, Old, Kind>(config<K, Old>{}, rules)),
          .to = make_entry_types(types_of<K, made_value, Kind>(config<K, made_value>{}, rules))
                    .value_schema,
          .convert = convert};
}

}  // namespace detail

/// How entries that a table has of older types become those of its type: one step, or several that
/// lead from version to version. Each begins at the type of its from, and ends at what its function
/// returns; a table of any of the versions is taken through the steps from there on.
///
///     {.migrate = {shelf::from<user_v1>(to_v2), shelf::from<user_v2>(to_v3)}}
template <class K, class V, kind Kind>
class migration {
 public:
  /// One of the steps.
  class step {
   public:
    /// Of a table with these keys.
    template <class Old, class F>
    step(conversion_from<Old, F> of)  // NOLINT: stands for it
        : make_([f = std::move(of.convert)](const detail::decoding_rules& rules,
                                            const detail::encoding_limits& limits) {
            return detail::make_step<K, Kind, Old>(f, rules, limits);
          }) {}

   private:
    friend migration;
    function<detail::migration_step(const detail::decoding_rules&, const detail::encoding_limits&)>
        make_;
  };

  /// None.
  migration() = default;
  /// A single step.
  template <class Old, class F>
  migration(conversion_from<Old, F> only) {  // NOLINT: stands for it
    steps_.push_back(std::move(only));
  }
  /// Several, in any order.
  migration(std::initializer_list<step> steps) : steps_(steps) {}

  /// The steps over encoded bytes.
  [[nodiscard]] std::vector<detail::migration_step> made(
      const detail::decoding_rules& rules, const detail::encoding_limits& limits) const {
    std::vector<detail::migration_step> all;
    for (const auto& s : steps_) all.push_back(s.make_(rules, limits));
    return all;
  }

 private:
  std::vector<step> steps_;
};

}  // namespace shelf
