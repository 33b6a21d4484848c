// API  [api] -> engine -> stores -> journal -> file
// The bodies of changes.hpp.
#pragma once

#include "shelf/changes.hpp"

namespace shelf {

namespace detail {

/// A value that may be missing.
template <class V>
[[nodiscard]] std::optional<V> decode_told(const std::optional<bytes>& from,
                                           const decoding_rules& rules) {
  std::optional<V> made;
  if (from) decode_stored(*from, rules, made.emplace());
  return made;
}

/// Adds a change to what a batch has told so far.
template <class K, class V>
void add_told(const told_change& c, const decoding_rules& rules, change_batch<K, V>& to) {
  if (c.event != table_event::none) {
    to.event = c.event;
    return;
  }
  K key{};
  decode_stored(c.key, rules, key);
  to.changes.push_back({.key = std::move(key),
                        .before = decode_told<V>(c.before, rules),
                        .after = decode_told<V>(c.after, rules),
                        .cause = c.cause});
}

}  // namespace detail

template <class K, class V>
result<change_batch<K, V>> change_feed<K, V>::next(std::chrono::nanoseconds timeout) {
  change_batch<K, V> batch;
  const auto told = core_->next(
      timeout, [&](const detail::told_change& c) { detail::add_told(c, rules_, batch); });
  if (!told) return std::unexpected(told.error());
  batch.at = core_->position();
  return batch;
}

template <class K, class V, kind Kind>
auto key_watch<K, V, Kind>::wait(std::chrono::nanoseconds timeout) -> result<value_type> {
  value_type present;
  const auto waited = core_->wait(timeout, [&](bytes value) {
    if (!present) present.emplace();
    if constexpr (is_bag(Kind)) {
      detail::decode_behind(*present, value, rules_);
    } else {
      detail::decode_stored(value, rules_, *present);
    }
  });
  if (!waited) return std::unexpected(waited.error());
  changed_ = *waited;
  return present;
}

template <class Self, class K, class V, kind Kind>
result<change_feed<K, V>> observable<Self, K, V, Kind>::changes() const {
  return changes(change_options{});
}

template <class Self, class K, class V, kind Kind>
result<change_feed<K, V>> observable<Self, K, V, Kind>::changes(
    const change_options& options) const {
  using inner = detail::table_access;
  const auto& self = static_cast<const Self&>(*this);
  auto core = detail::open_feed(inner::core_of(self), options);
  if (!core) return std::unexpected(core.error());
  return change_feed<K, V>(std::move(*core), inner::rules_of(self));
}

template <class Self, class K, class V, kind Kind>
template <key_argument<K> A>
result<key_watch<K, V, Kind>> observable<Self, K, V, Kind>::watch(const A& key) const {
  using inner = detail::table_access;
  const auto& self = static_cast<const Self&>(*this);
  detail::encoder k(detail::purpose::key, inner::limits_of(self));
  detail::encode_key<K>(k, key);
  if (k.failed()) return std::unexpected(k.outcome().error());
  auto core = detail::open_watch(inner::core_of(self), k.written());
  if (!core) return std::unexpected(core.error());
  return key_watch<K, V, Kind>(std::move(*core), inner::rules_of(self));
}

}  // namespace shelf
