// API  [api] -> engine -> stores -> journal -> file
// The bodies of transaction.hpp: encode, call the core, decode.
#pragma once

#include "shelf/transaction.hpp"

#include <set>

namespace shelf {

// --- writes --------------------------------------------------------------------------------------

/// Calls write(key).
template <class K, class V, kind Kind>
template <class A, class F>
result<> transaction_table<K, V, Kind>::with_key(const A& key, F write) const {
  detail::encoder k(detail::purpose::key, limits_);
  detail::encode_key<K>(k, key);
  if (k.failed()) return std::unexpected(refused(k.outcome().error()));
  return write(k.written());
}

/// Calls write(key, value).
template <class K, class V, kind Kind>
template <class A, class F>
result<> transaction_table<K, V, Kind>::with_entry(const A& key, const V& value, F write) const {
  return with_key(key, [&](bytes k) -> result<> {
    detail::encoder v(detail::purpose::value, limits_);
    detail::encode(v, value);
    if (v.failed()) return std::unexpected(refused(v.outcome().error()));
    return write(k, v.written());
  });
}

template <class K, class V, kind Kind>
template <class R, class F>
result<> transaction_table<K, V, Kind>::insert_each(R&& pairs, const F& one) {
  using element = std::ranges::range_value_t<R>;
  return run_->nest([&]() -> result<> {
    for (auto&& each : pairs) {
      result<> inserted;
      if constexpr (detail::is_nothing<V> && key_argument<element, K>) {
        inserted = one(static_cast<const element&>(each), V{});
      } else {
        const auto& [key, value] = each;
        inserted = one(key, static_cast<const V&>(value));
      }
      if (!inserted) return inserted;
    }
    return {};
  });
}

template <class K, class V, kind Kind>
template <std::ranges::input_range R>
result<> transaction_table<K, V, Kind>::insert_range(R&& pairs) {
  return insert_each(std::forward<R>(pairs),
                     [&](const auto& key, const V& value) { return insert(key, value); });
}

template <class K, class V, kind Kind>
template <class R>
result<> transaction_table<K, V, Kind>::insert_all(R&& pairs, bool /*only_new*/,
                                                   const expiry& until) {
  return insert_each(std::forward<R>(pairs), [&](const auto& key, const V& value) {
    return this->insert(key, value, until);
  });
}

template <class K, class V, kind Kind>
template <std::ranges::input_range R>
  requires(!is_bag(Kind))
result<> transaction_table<K, V, Kind>::insert_new_range(R&& pairs) {
  // Of equal keys in the range the last wins, as in a table: only what was there before counts.
  std::set<std::vector<std::byte>> own;
  return insert_each(std::forward<R>(pairs), [&](const auto& key, const V& value) {
    return with_entry(key, value, [&](bytes k, bytes v) {
      const bool is_first = own.emplace(k.begin(), k.end()).second;
      return is_first ? core_->insert_new(k, v) : core_->insert(k, v);
    });
  });
}

template <class K, class V, kind Kind>
result<> transaction_table<K, V, Kind>::write(const batch<K, V>& changes) {
  const auto encoded = detail::table_access::changes_of(changes, limits_);
  if (!encoded) return std::unexpected(refused(encoded.error()));
  const auto& all = **encoded;
  return run_->nest([&]() -> result<> {
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto c = all[i];
      result<> done;
      switch (c.what) {
        case detail::change_verb::insert: done = core_->insert(c.key, c.value); break;
        case detail::change_verb::erase: done = core_->erase(c.key); break;
        case detail::change_verb::erase_value: done = core_->erase_value(c.key, c.value); break;
      }
      if (!done) return done;
    }
    return {};
  });
}

template <class K, class V, kind Kind>
template <class F, key_argument<K> A>
  requires(!is_bag(Kind))
result<V> transaction_table<K, V, Kind>::update(const A& key, F&& f) {
  auto value = lookup(key);
  if (!value) return value;
  if (auto made = detail::apply_update(f, *value); !made) return std::unexpected(made.error());
  const auto put = [&](bytes k, bytes v) { return detail::replace(*core_, k, v); };
  if (auto kept = with_entry(key, *value, put); !kept) return std::unexpected(kept.error());
  return value;
}

template <class K, class V, kind Kind>
template <class F, key_argument<K> A>
  requires(!is_bag(Kind))
result<V> transaction_table<K, V, Kind>::upsert(const A& key, const V& initial, F&& f) {
  if (contains(key)) return update(key, f);
  if (auto made = insert(key, initial); !made) return std::unexpected(made.error());
  return initial;
}

// --- reads ---------------------------------------------------------------------------------------

template <class K, class V, kind Kind>
template <class A>
auto transaction_table<K, V, Kind>::find(const A& key, bool peeks) const -> result<found_type> {
  const detail::key_to_seek<K, Kind, A> k(key, limits_);
  if (k.failed()) return std::unexpected(refused(k.why()));
  result<found_type> found;
  const auto show = [&](bytes b) { detail::decode_found<is_bag(Kind)>(b, rules_, *found); };
  if (core_->lookup(k.sought(), show, peeks) == 0) found = std::unexpected(error(errc::not_found));
  return found;
}

template <class K, class V, kind Kind>
template <std::ranges::input_range R>
  requires(!is_bag(Kind) && key_argument<std::ranges::range_value_t<R>, K>)
result<std::vector<std::optional<V>>> transaction_table<K, V, Kind>::lookup_many(R&& keys) const {
  std::vector<std::optional<V>> found;
  for (const std::ranges::range_value_t<R>& key : keys) {
    auto one = lookup(key);
    if (!one && one.error() != errc::not_found) return std::unexpected(one.error());
    found.emplace_back();
    if (one) found.back() = *std::move(one);
  }
  return found;
}

template <class K, class V, kind Kind>
template <class View, class A, class F>
auto transaction_table<K, V, Kind>::lookup_view(const A& key, F& f) const {
  using R = std::invoke_result_t<F&, View>;
  static_assert(!detail::is_view_type<R>(),
                "What this callback returns shows memory of the table, which may be freed once the "
                "transaction has ended. Return a copy.");
  constexpr bool keeps = !std::is_void_v<R> && !is_bag(Kind);
  using kept = std::conditional_t<keeps, R, void>;
  const detail::key_to_seek<K, Kind, A> k(key, limits_);
  if (k.failed()) return result<kept>(std::unexpected(refused(k.why())));
  // f may use the transaction, so it is called once the core has returned; what the core has shown
  // stays until the run ends.
  std::conditional_t<is_bag(Kind), std::vector<bytes>, bytes> seen;
  const auto count = core_->lookup(k.sought(), [&](bytes b) {
    if constexpr (is_bag(Kind))
      seen.push_back(b);
    else
      seen = b;
  });
  if (count == 0) return result<kept>(std::unexpected(error(errc::not_found)));
  const auto call = [&](bytes b) -> R {
    auto view = detail::decode_view<View, V>(b, rules_);
    assert(view && "stored entries are checked before they are stored");
    return detail::invoke(f, *std::move(view));
  };
  if constexpr (keeps) {
    return result<kept>(call(seen));
  } else {
    if constexpr (is_bag(Kind)) {
      for (const auto b : seen) static_cast<void>(call(b));
    } else {
      call(seen);
    }
    return result<kept>();
  }
}

template <class K, class V, kind Kind>
template <auto Member, key_argument<K> A>
  requires(!is_bag(Kind))
auto transaction_table<K, V, Kind>::get(const A& key) const -> result<detail::member_of<Member>> {
  static_assert(std::is_same_v<detail::owner_of<Member>, V>,
                "get<&T::member> needs a member of the table's value type.");
  const detail::key_to_seek<K, Kind, A> k(key, limits_);
  if (k.failed()) return std::unexpected(refused(k.why()));
  result<detail::member_of<Member>> found{};
  const auto count =
      core_->lookup(k.sought(), [&](bytes b) { found = detail::decode_member<Member>(b, rules_); });
  if (count == 0) found = std::unexpected(error(errc::not_found));
  return found;
}

template <class K, class V, kind Kind>
template <class F>
  requires std::invocable<F&, const K&, const V&>
void transaction_table<K, V, Kind>::for_each(F&& f) const {
  detail::show_each(everything(), f);
}

template <class K, class V, kind Kind>
template <class T, class F>
  requires std::invocable<F&, T&&, const K&, const V&>
T transaction_table<K, V, Kind>::fold(T init, F&& f) const {
  for_each(
      [&](const K& key, const V& value) { init = detail::invoke(f, std::move(init), key, value); });
  return init;
}

template <class K, class V, kind Kind>
auto transaction_table<K, V, Kind>::to_vector() const -> std::vector<value_type> {
  std::vector<value_type> all;
  for (const auto& entry : everything()) all.push_back(entry);
  return all;
}

// --- queries -------------------------------------------------------------------------------------

template <class K, class V, kind Kind>
template <class... B>
auto transaction_table<K, V, Kind>::part_within(const B&... bounds) const -> extent {
  extent part{.of = core_, .what = is_ordered ? extent::form::keys : extent::form::everything};
  if constexpr (sizeof...(B) != 0) {
    if constexpr (detail::refuse_unless_ordered<Kind>()) {
      part.keys = detail::interval<K>(bounds...);
      if (part.keys.is_nothing) part.what = extent::form::nothing;
    }
  }
  return part;
}

template <class K, class V, kind Kind>
template <class F, class G>
result<std::size_t> transaction_table<K, V, Kind>::each_where(const extent& part, F& where,
                                                              const G& f) const {
  std::size_t count = 0;
  const auto walk = part.start(false);
  if (!walk) return count;
  for (auto some = walk->next(); !some.empty(); some = walk->next()) {
    for (const auto& e : some) {
      const bool holds = detail::call_with_entry<K, V>(where, e, rules_);
      if (!holds) continue;
      if (auto done = f(e); !done) return std::unexpected(done.error());
      ++count;
    }
  }
  return count;
}

template <class K, class V, kind Kind>
template <class F, class... B>
std::size_t transaction_table<K, V, Kind>::count_if(F&& where, const B&... bounds) const {
  return *each_where(part_within(bounds...), where,
                     [](const detail::stored_entry&) { return result<>(); });
}

template <class K, class V, kind Kind>
template <class F, class... B>
result<std::size_t> transaction_table<K, V, Kind>::erase_if(F&& where, const B&... bounds) {
  const auto part = part_within(bounds...);
  result<std::size_t> count = 0;
  const auto done = run_->nest([&]() -> result<> {
    count = each_where(part, where, [&](const detail::stored_entry& e) {
      return is_bag(Kind) ? core_->erase_value(e.key, e.value) : core_->erase(e.key);
    });
    return count ? result<>() : std::unexpected(count.error());
  });
  if (!done) return std::unexpected(done.error());
  return count;
}

template <class K, class V, kind Kind>
template <class F, class G, class... B>
  requires(!is_bag(Kind))
result<std::size_t> transaction_table<K, V, Kind>::update_if(F&& where, G&& change,
                                                             const B&... bounds) {
  const auto part = part_within(bounds...);
  detail::encoder v(detail::purpose::value, limits_);
  result<std::size_t> count = 0;
  const auto done = run_->nest([&]() -> result<> {
    count = each_where(part, where, [&](const detail::stored_entry& e) -> result<> {
      V value{};
      detail::decode_stored(e.value, rules_, value);
      if (auto changed = detail::apply_update(change, value); !changed) return changed;
      v.clear();
      detail::encode(v, value);
      if (v.failed()) return std::unexpected(refused(v.outcome().error()));
      return detail::replace(*core_, e.key, v.written());
    });
    return count ? result<>() : std::unexpected(count.error());
  });
  if (!done) return std::unexpected(done.error());
  return count;
}

// --- order ---------------------------------------------------------------------------------------

template <class K, class V, kind Kind>
auto transaction_table<K, V, Kind>::range_of(extent of) const -> transaction_range<K, V> {
  return transaction_range<K, V>(std::make_shared<const extent>(std::move(of)), rules_);
}

template <class K, class V, kind Kind>
auto transaction_table<K, V, Kind>::everything() const -> transaction_range<K, V> {
  return range_of(
      {.of = core_, .what = is_ordered ? extent::form::keys : extent::form::everything});
}

template <class K, class V, kind Kind>
auto transaction_table<K, V, Kind>::within(detail::key_interval keys) const
    -> transaction_range<K, V> {
  if (keys.is_nothing) return range_of({.what = extent::form::nothing});
  return range_of({.of = core_, .what = extent::form::keys, .keys = std::move(keys)});
}

template <class K, class V, kind Kind>
auto transaction_table<K, V, Kind>::ranked(std::size_t from, std::size_t to) const
    -> transaction_range<K, V> {
  if (from >= to) return range_of({.what = extent::form::nothing});
  return range_of({.of = core_, .what = extent::form::ranks, .first = from, .end = to});
}

// --- the transaction -----------------------------------------------------------------------------

template <class F>
auto transaction::nested(F&& f) {
  constexpr bool takes_none = std::is_invocable_v<F&>;
  static_assert(takes_none || std::is_invocable_v<F&, transaction&>,
                "The function given to nested takes nothing, or a shelf::transaction&.");
  const auto call = [&]() -> decltype(auto) {
    if constexpr (takes_none)
      return detail::invoke(f);
    else
      return detail::invoke(f, *this);
  };
  detail::last_outcome<decltype(call())> last;
  return last.take(run_.nest([&] { return last.run(call); }));
}

}  // namespace shelf
