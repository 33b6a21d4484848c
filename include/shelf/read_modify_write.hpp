// API  [api] -> engine -> stores -> journal -> file
// Verbs that read an entry and change it in one atomic step, of tables and of transactions.
#pragma once

#include "shelf/codec.hpp"
#include "shelf/counter.hpp"
#include "shelf/detail/core.hpp"
#include "shelf/detail/field.hpp"
#include "shelf/detail/member.hpp"
#include "shelf/kind.hpp"

#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace shelf {

/// Options of get_or_compute.
struct compute_options {
  /// How long to wait for another thread that computes the value.
  std::chrono::nanoseconds wait = std::chrono::seconds(30);
};

/// Verbs that read an entry and change it in one atomic step. On a table, no other write comes
/// between the two. In a transaction, each of them reads the key: another write of that key before
/// the commit is a conflict.
///
/// Base class of `table` and `transaction_table` (`Self`), which document errors and thread safety.
/// Values are compared by their stored form, so 0.0 and -0.0 differ, and NaN cannot occur.
template <class Self, class K, class V, kind Kind>
class read_modify_write {
  static constexpr bool has_one_value = !is_bag(Kind);
  using taken_type = std::conditional_t<has_one_value, V, std::vector<V>>;

 public:
  /// Erases the key and returns what lookup would have returned: the value, or in bags all values
  /// in insertion order. not_found if the key does not exist. Of several threads that take a key,
  /// one gets it. Erlang's ets:take.
  template <key_argument<K> A = K>
  [[nodiscard]] result<taken_type> take(const A& key);
  /// Erases the entry with the first key and returns it; not_found if the table is empty. Threads
  /// that call it together get different entries, so an ordered_map is a queue.
  [[nodiscard]] result<std::pair<K, V>> take_first()
    requires(Kind == kind::ordered_set)
  {
    return take_end(detail::place::first);
  }
  /// The same with the last key.
  [[nodiscard]] result<std::pair<K, V>> take_last()
    requires(Kind == kind::ordered_set)
  {
    return take_end(detail::place::last);
  }
  /// If the key has the value `expected`, or neither exists, gives it the value `desired`, or
  /// erases it, and returns true. Otherwise sets `expected` to the present value, or to nothing,
  /// and returns false.
  template <key_argument<K> A = K>
    requires(!is_bag(Kind))
  [[nodiscard]] result<bool> compare_exchange(const A& key, std::optional<V>& expected,
                                              const std::optional<V>& desired);
  /// Sets one member of the value: `users.assign<&user::age>("alice", 31)`. The others are neither
  /// decoded nor compared. unchanged if the member has that value; not_found if the key does not
  /// exist.
  template <auto Member, key_argument<K> A = K>
    requires(!is_bag(Kind))
  [[nodiscard]] result<written> assign(const A& key, const detail::member_of<Member>& value);
  /// Adds to an integer; returns the new value. not_found if the key does not exist and `initial`
  /// is not set; overflow beyond the bounds or the type, with nothing changed; invalid_argument if
  /// the bounds contradict each other.
  template <key_argument<K> A = K>
    requires(!is_bag(Kind) && counter_value<V>)
  [[nodiscard]] result<V> update_counter(const A& key, std::int64_t delta = 1,
                                         const counter_options& options = {});
  /// The same for one member of the value. With `initial`, a missing key is created as V{} with
  /// that member stepped from there.
  template <auto Member, key_argument<K> A = K>
    requires(!is_bag(Kind))
  [[nodiscard]] result<detail::member_of<Member>> update_counter(
      const A& key, std::int64_t delta = 1, const counter_options& options = {}) {
    auto counted = update_counters(key, add<Member>(delta, options));
    if (!counted) return std::unexpected(counted.error());
    return std::get<0>(*counted);
  }
  /// Steps several members, in order, all or none; returns their new values:
  /// `stats.update_counters("a", shelf::add<&stat::hits>(1), shelf::add<&stat::bytes>(512))`. A
  /// missing key is created if any step has `initial`; members whose steps have none count from
  /// what V{} has.
  template <key_argument<K> A = K, auto... Members>
    requires(!is_bag(Kind) && sizeof...(Members) > 0)
  [[nodiscard]] result<std::tuple<detail::member_of<Members>...>> update_counters(
      const A& key, const member_step<Members>&... steps);

 private:
  friend Self;
  read_modify_write() = default;

  [[nodiscard]] Self& self() noexcept { return static_cast<Self&>(*this); }
  /// Calls f with the encoded key.
  template <class A, class F>
  [[nodiscard]] auto with_encoded(const A& key, F f) -> std::invoke_result_t<F&, bytes> {
    detail::encoder k(detail::purpose::key, self().limits_);
    detail::encode_key<K>(k, key);
    if (k.failed()) return std::unexpected(self().refused(k.outcome().error()));
    return f(k.written());
  }
  [[nodiscard]] result<std::pair<K, V>> take_end(detail::place end);
};

}  // namespace shelf

#include "shelf/detail/read_modify_write.hpp"
