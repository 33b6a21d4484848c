// API  [api] -> engine -> stores -> journal -> file
// The bodies of expiring.hpp.
#pragma once

#include "shelf/expiring.hpp"

namespace shelf {

template <class Self, class K, class V, kind Kind, class Written>
template <class A>
result<Written> expiring<Self, K, V, Kind, Written>::insert_until(const A& key, const V& value,
                                                                  const expiry& until,
                                                                  bool only_new) {
  static_assert(!is_bag(Kind), "Entries of a bag cannot expire: use a map or an ordered_map.");
  detail::encoder k(detail::purpose::key, self().limits_);
  detail::encode_key<K>(k, key);
  if (k.failed()) return std::unexpected(self().refused(k.outcome().error()));
  detail::encoder v(detail::purpose::value, self().limits_);
  detail::encode(v, value);
  if (v.failed()) return std::unexpected(self().refused(v.outcome().error()));
  return self().core_->insert_expiring(k.written(), v.written(), until, only_new);
}

template <class Self, class K, class V, kind Kind, class Written>
template <key_argument<K> A>
result<Written> expiring<Self, K, V, Kind, Written>::insert(const A& key, const V& value,
                                                            const expiry& until) {
  return insert_until(key, value, until, false);
}

template <class Self, class K, class V, kind Kind, class Written>
template <key_argument<K> A>
result<> expiring<Self, K, V, Kind, Written>::insert_new(const A& key, const V& value,
                                                         const expiry& until) {
  const auto done = insert_until(key, value, until, true);
  if (!done) return std::unexpected(done.error());
  return {};
}

template <class Self, class K, class V, kind Kind, class Written>
template <key_argument<K> A>
result<> expiring<Self, K, V, Kind, Written>::touch(const A& key, const expiry& until) {
  static_assert(!is_bag(Kind), "Entries of a bag cannot expire: use a map or an ordered_map.");
  detail::encoder k(detail::purpose::key, self().limits_);
  detail::encode_key<K>(k, key);
  if (k.failed()) return std::unexpected(self().refused(k.outcome().error()));
  return self().core_->touch(k.written(), until);
}

template <class Self, class K, class V, kind Kind, class Written>
template <key_argument<K> A>
result<std::optional<expiry::time>> expiring<Self, K, V, Kind, Written>::expires_at(
    const A& key) const {
  static_assert(!is_bag(Kind), "Entries of a bag do not expire: use a map or an ordered_map.");
  const detail::key_to_seek<K, Kind, A> k(key, self().limits_);
  if (k.failed()) return std::unexpected(self().refused(k.why()));
  const auto until = self().core_->expires_at(k.sought());
  if (!until) return std::unexpected(until.error());
  return detail::moment_of(*until);
}

}  // namespace shelf
