// API  [api] -> engine -> stores -> journal -> file
// The bodies of queries.hpp.
#pragma once

#include "shelf/detail/projection.hpp"
#include "shelf/queries.hpp"

#include <deque>
#include <optional>

namespace shelf {

namespace detail {

/// Calls f with views of an entry, or with copies if it takes no views.
template <class K, class V, class F>
decltype(auto) call_with_entry(F& f, const stored_entry& e, const decoding_rules& rules) {
  if constexpr (std::is_invocable_v<F&, view_of<K>, view_of<V>>) {
    typename row_of_entry<K, V>::type row;
    row_of_entry<K, V>::decode(e, rules, row);
    return detail::invoke(f, std::move(row.first), std::move(row.second));
  } else {
    static_assert(std::is_invocable_v<F&, const K&, const V&>,
                  "A condition takes key and value: views of them, or const K& and const V&.");
    std::pair<K, V> copy{};
    whole_entry<K, V>::decode(e, rules, copy);
    return detail::invoke(f, std::as_const(copy.first), std::as_const(copy.second));
  }
}

/// Of a verb that is given bounds.
template <kind Kind>
consteval bool refuse_unless_ordered() {
  static_assert(Kind == kind::ordered_set,
                "Bounds are places in the order of the keys, which an ordered_map has.");
  return Kind == kind::ordered_set;
}

/// The error of a query that did a part of its work.
[[nodiscard]] inline error after(std::size_t count, const error& why) {
  if (count == 0) return why;
  return error(why.code(), why.message() + " (after " + std::to_string(count) + " entries)");
}

}  // namespace detail

/// Whether a condition holds for an entry. In a callback_scope.
template <class Self, class K, class V, kind Kind>
template <class F>
bool queries<Self, K, V, Kind>::answer(F& where, const detail::stored_entry& e) const {
  using returned = decltype(detail::call_with_entry<K, V>(where, e, self().rules_));
  static_assert(std::is_same_v<std::remove_cvref_t<returned>, bool>, "A condition returns a bool.");
  return detail::call_with_entry<K, V>(where, e, self().rules_);
}

template <class Self, class K, class V, kind Kind>
template <class F>
bool queries<Self, K, V, Kind>::holds(F& where, const detail::stored_entry& e) const {
  const detail::callback_scope scope(*self().core_);
  return answer(where, e);
}

template <class Self, class K, class V, kind Kind>
template <class... B>
std::unique_ptr<detail::snapshot_core::walk> queries<Self, K, V, Kind>::walk_within(
    const detail::snapshot_core& moment, const B&... bounds) {
  if constexpr (sizeof...(B) == 0) {
    return moment.entries();
  } else if constexpr (detail::refuse_unless_ordered<Kind>()) {
    const auto keys = detail::interval<K>(bounds...);
    if (keys.is_nothing) return moment.entries(0, 0);
    const auto from = keys.from ? moment.rank(keys.from->key, keys.from->is_behind) : 0;
    const auto to = keys.to ? moment.rank(keys.to->key, keys.to->is_behind) : moment.size();
    return moment.entries(from < to ? from : to, to);
  }
}

template <class Self, class K, class V, kind Kind>
template <class F, class... B>
std::size_t queries<Self, K, V, Kind>::count_if(F&& where, const B&... bounds) const {
  const auto moment = self().core_->snapshot();
  const auto walk = walk_within(*moment, bounds...);
  std::size_t count = 0;
  for (auto some = walk->next(); !some.empty(); some = walk->next()) {
    const detail::callback_scope scope(*self().core_);
    for (const auto& e : some) count += std::size_t{answer(where, e)};
  }
  return count;
}

/// What was done is marked. `before` were done already.
template <class Self, class K, class V, kind Kind>
result<std::size_t> queries<Self, K, V, Kind>::change_same(std::vector<detail::same_entry>& some,
                                                           std::size_t before) {
  if (some.empty()) return before;
  const auto done = self().core_->change_same(some);
  if (!done) return std::unexpected(detail::after(before, done.error()));
  return before + *done;
}

template <class Self, class K, class V, kind Kind>
template <class F, class... B>
result<std::size_t> queries<Self, K, V, Kind>::erase_if(F&& where, const B&... bounds) {
  const auto moment = self().core_->snapshot();
  const auto walk = walk_within(*moment, bounds...);
  std::vector<detail::same_entry> some;
  result<std::size_t> erased = 0;
  for (auto shown = walk->next(); !shown.empty(); shown = walk->next()) {
    for (const auto& e : shown) {
      if (holds(where, e)) some.push_back({.key = e.key, .value = e.value});
      if (some.size() < most_in_a_step) continue;
      erased = change_same(some, *erased);
      if (!erased) return erased;
      some.clear();
    }
  }
  return change_same(some, *erased);
}

template <class Self, class K, class V, kind Kind>
template <class F, class G, class... B>
  requires(!is_bag(Kind))
result<std::size_t> queries<Self, K, V, Kind>::update_if(F&& where, G&& change,
                                                         const B&... bounds) {
  const auto moment = self().core_->snapshot();
  const auto walk = walk_within(*moment, bounds...);
  std::vector<detail::same_entry> some;
  std::deque<std::vector<std::byte>> made;
  std::size_t updated = 0;
  detail::encoder v(detail::purpose::value, self().limits_);
  const auto flush = [&]() -> result<> {
    auto done = change_same(some, updated);
    if (!done) return std::unexpected(done.error());
    updated = *done;
    for (const auto& e : some) {
      if (e.done) continue;
      auto again = change_again(e.key, where, change);
      if (!again) return std::unexpected(detail::after(updated, again.error()));
      if (*again) ++updated;
    }
    some.clear();
    made.clear();
    return {};
  };
  for (auto shown = walk->next(); !shown.empty(); shown = walk->next()) {
    for (const auto& e : shown) {
      if (!holds(where, e)) continue;
      V value{};
      detail::decode_stored(e.value, self().rules_, value);
      {
        const detail::callback_scope scope(*self().core_);
        if (auto changed = detail::apply_update(change, value); !changed) {
          return std::unexpected(detail::after(updated, changed.error()));
        }
      }
      v.clear();
      detail::encode(v, value);
      if (v.failed()) {
        return std::unexpected(detail::after(updated, self().refused(v.outcome().error())));
      }
      const auto& next = made.emplace_back(v.written().begin(), v.written().end());
      some.push_back({.key = e.key, .value = e.value, .next = bytes(next)});
      if (some.size() < most_in_a_step) continue;
      if (auto done = flush(); !done) return std::unexpected(done.error());
    }
  }
  if (auto done = flush(); !done) return std::unexpected(done.error());
  return updated;
}

/// One entry that was changed by another write after it had been looked at: whether it was changed
/// now.
template <class Self, class K, class V, kind Kind>
template <class F, class G>
result<bool> queries<Self, K, V, Kind>::change_again(bytes key, F& where, G& change) {
  const auto still = [&](const V& value) {
    detail::encoder v(detail::purpose::value, self().limits_);
    detail::encode(v, value);
    return !v.failed() && holds(where, {key, v.written()});
  };
  bool wanted = false;
  const auto apply = [&](V& value) -> result<> {
    wanted = still(value);
    return wanted ? detail::apply_update(change, value) : result<>{};
  };
  auto done = self().change(key, nullptr, apply);
  if (!done && done.error() == errc::not_found && !wanted) return false;
  if (!done) return std::unexpected(done.error());
  return wanted;
}

}  // namespace shelf
