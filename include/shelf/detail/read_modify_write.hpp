// API  [api] -> engine -> stores -> journal -> file
// read_modify_write: what is decided in the writers' turn, on encoded bytes.
#pragma once

#include "shelf/detail/callback.hpp"
#include "shelf/read_modify_write.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

namespace shelf {

namespace detail {

/// Steps one member of an encoded record, of `from` into `made`.
template <auto Member>
[[nodiscard]] result<edited> step_member(bytes from, bool is_created, const counter_step& step,
                                         const std::string& label, member_of<Member>& counted,
                                         std::vector<std::byte>& made) {
  using T = owner_of<Member>;
  constexpr std::size_t index = field_index<T>(pointed_name<Member>());
  const auto field = find_field(from, record_head<T>.data, index);
  if (!field) {
    return std::unexpected(error(errc::type_mismatch, label + ": the stored record is shorter"));
  }
  const bool counts_from_initial = is_created && step.initial;
  const auto sum =
      step_counter(counts_from_initial ? std::nullopt : std::optional(*field), step, label);
  if (!sum) return std::unexpected(sum.error());
  counted = static_cast<member_of<Member>>(*sum);
  const auto term = encode_wide(*sum);
  replace_field(from, *field, term.view(), made);
  return edited::put;
}

}  // namespace detail

template <class Self, class K, class V, kind Kind>
template <key_argument<K> A>
auto read_modify_write<Self, K, V, Kind>::take(const A& key) -> result<taken_type> {
  return with_encoded(key, [&](bytes k) -> result<taken_type> {
    detail::encoder taken(detail::purpose::value, detail::bound_limits);  // for its small buffer
    std::vector<std::size_t> ends;                                        // of a bag's values
    const auto count = self().take_encoded(k, [&](bytes value) {
      taken.raw(value);
      if constexpr (!has_one_value) ends.push_back(taken.written().size());
    });
    if (!count) return std::unexpected(count.error());
    if (*count == 0) return std::unexpected(error(errc::not_found));
    result<taken_type> values;
    if constexpr (has_one_value) {
      detail::decode_stored(taken.written(), self().rules_, *values);
    } else {
      std::size_t start = 0;
      for (const auto end : ends) {
        detail::decode_behind(*values, taken.written().subspan(start, end - start), self().rules_);
        start = end;
      }
    }
    return values;
  });
}

template <class Self, class K, class V, kind Kind>
auto read_modify_write<Self, K, V, Kind>::take_end(detail::place end) -> result<std::pair<K, V>> {
  std::vector<std::byte> taken;
  std::size_t key_size = 0;
  const auto done = self().take_end_encoded(end, [&](bytes key, bytes value) {
    key_size = key.size();
    taken.insert(taken.end(), key.begin(), key.end());
    taken.insert(taken.end(), value.begin(), value.end());
  });
  if (!done) return std::unexpected(done.error());
  std::pair<K, V> entry{};
  detail::decode_stored(bytes(taken).first(key_size), self().rules_, entry.first);
  detail::decode_stored(bytes(taken).subspan(key_size), self().rules_, entry.second);
  return entry;
}

template <class Self, class K, class V, kind Kind>
template <key_argument<K> A>
  requires(!is_bag(Kind))
result<bool> read_modify_write<Self, K, V, Kind>::compare_exchange(
    const A& key, std::optional<V>& expected, const std::optional<V>& desired) {
  detail::encoder wanted(detail::purpose::value, self().limits_);
  if (expected) detail::encode(wanted, *expected);
  if (wanted.failed()) return std::unexpected(self().refused(wanted.outcome().error()));
  detail::encoder next(detail::purpose::value, self().limits_);
  if (desired) detail::encode(next, *desired);
  if (next.failed()) return std::unexpected(self().refused(next.outcome().error()));
  return with_encoded(key, [&](bytes k) -> result<bool> {
    for (;;) {
      auto done =
          self().exchange_encoded(k, expected ? std::optional(wanted.written()) : std::nullopt,
                                  desired ? std::optional(next.written()) : std::nullopt);
      if (!done) return std::unexpected(done.error());
      if (*done) return true;
      std::optional<V> present;
      bool is_as_expected = false;
      const auto looked = self().look_encoded(k, [&](bytes there) {
        is_as_expected = expected && same_bytes(there, wanted.written());
        if (!is_as_expected) detail::decode_stored(there, self().rules_, present.emplace());
      });
      if (!looked) return std::unexpected(looked.error());
      // It was another one for a moment, and is the expected one again.
      if (is_as_expected || (!expected && !present)) continue;
      expected = std::move(present);
      return false;
    }
  });
}

template <class Self, class K, class V, kind Kind>
template <auto Member, key_argument<K> A>
  requires(!is_bag(Kind))
result<written> read_modify_write<Self, K, V, Kind>::assign(
    const A& key, const detail::member_of<Member>& value) {
  static_assert(std::is_same_v<detail::owner_of<Member>, V>,
                "assign<&T::member> needs a member of the table's value type.");
  constexpr std::size_t index = detail::field_index<V>(detail::pointed_name<Member>());
  auto limits = self().limits_;
  limits.nesting -= limits.nesting > 0 ? 1 : 0;
  detail::encoder v(detail::purpose::value, limits);
  detail::encode(v, value);
  if (v.failed()) return std::unexpected(self().refused(v.outcome().error()));
  const auto decide = [&](std::optional<bytes> there,
                          std::vector<std::byte>& made) -> result<detail::edited> {
    if (!there) return std::unexpected(error(errc::not_found));
    const auto field = detail::find_field(*there, detail::record_head<V>.data, index);
    if (!field) return std::unexpected(error(errc::type_mismatch));
    if (same_bytes(*field, v.written())) return detail::edited::keep;
    detail::replace_field(*there, *field, v.written(), made);
    return detail::edited::put;
  };
  return with_encoded(key, [&](bytes k) { return self().edit_encoded(k, decide); });
}

template <class Self, class K, class V, kind Kind>
template <key_argument<K> A>
  requires(!is_bag(Kind) && counter_value<V>)
result<V> read_modify_write<Self, K, V, Kind>::update_counter(const A& key, std::int64_t delta,
                                                              const counter_options& options) {
  const auto step = detail::step_of(delta, options, detail::range_of<V>);
  if (!step.is_plain()) {
    if (auto can = detail::check_bounds(step, self().label()); !can) {
      return std::unexpected(can.error());
    }
  }
  return with_encoded(key, [&](bytes k) -> result<V> {
    const auto counted = self().step_encoded(k, step);
    if (!counted) return std::unexpected(counted.error());
    return static_cast<V>(*counted);
  });
}

template <class Self, class K, class V, kind Kind>
template <key_argument<K> A, auto... Members>
  requires(!is_bag(Kind) && sizeof...(Members) > 0)
auto read_modify_write<Self, K, V, Kind>::update_counters(const A& key,
                                                          const member_step<Members>&... steps)
    -> result<std::tuple<detail::member_of<Members>...>> {
  static_assert((std::is_same_v<detail::owner_of<Members>, V> && ...),
                "add<&T::member> needs a member of the table's value type.");
  static_assert((counter_value<detail::member_of<Members>> && ...),
                "add<&T::member> needs a member that is an integer.");
  const std::string& label = self().label();
  const detail::counter_step all[]{
      detail::step_of(steps.delta, steps.options, detail::range_of<detail::member_of<Members>>)...};
  detail::encoder fresh(detail::purpose::value, self().limits_);
  bool creates = false;
  expiry created;  // as the first step says that says something
  for (const auto& step : all) {
    if (auto can = detail::check_bounds(step, label); !can) return std::unexpected(can.error());
    creates = creates || step.initial;
    if (created.what() == expiry::form::by_default) created = step.created;
  }
  if (creates) detail::encode(fresh, V{});
  if (fresh.failed()) return std::unexpected(self().refused(fresh.outcome().error()));

  std::tuple<detail::member_of<Members>...> counted;
  const auto decide = [&](std::optional<bytes> there,
                          std::vector<std::byte>& made) -> result<detail::edited> {
    if (!there && !creates) return std::unexpected(error(errc::not_found));
    bytes from = there ? *there : fresh.written();
    std::vector<std::byte> before;
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      result<detail::edited> done = detail::edited::put;
      const auto step = [&](std::size_t i, auto member, auto& into) {
        if (i > 0) {
          before.swap(made);
          from = before;
        }
        done =
            detail::step_member<decltype(member)::value>(from, !there, all[i], label, into, made);
        return done.has_value();
      };
      (void)(step(I, std::integral_constant<decltype(Members), Members>{}, std::get<I>(counted)) &&
             ...);
      return done;
    }(std::index_sequence_for<detail::member_of<Members>...>{});
  };
  return with_encoded(key, [&](bytes k) -> result<std::tuple<detail::member_of<Members>...>> {
    if (auto done = self().edit_encoded(k, decide, created); !done) {
      return std::unexpected(done.error());
    }
    return counted;
  });
}

}  // namespace shelf
