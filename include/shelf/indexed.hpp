// API  [api] -> engine -> stores -> journal -> file
// What is asked of a table by its indexes. Of tables, snapshots and transactions.
#pragma once

#include "shelf/bounds.hpp"
#include "shelf/detail/core.hpp"
#include "shelf/detail/index.hpp"
#include "shelf/detail/interval.hpp"
#include "shelf/kind.hpp"

#include <cstddef>
#include <utility>

namespace shelf {

namespace detail {

/// The names that ordered tables have as well, so that both are found.
template <class Base, kind Kind>
class with_order_names : public Base {
 public:
  using Base::Base;
  void range() const = delete;
  void prefix() const = delete;
  void first() const = delete;
  void last() const = delete;
  void rank() const = delete;
  void nth() const = delete;
  void slice() const = delete;
};
template <class Base>
class with_order_names<Base, kind::ordered_set> : public Base {
 public:
  using Base::Base;
};

}  // namespace detail

/// What is asked of a table by its indexes; base class of `table`, its snapshot and its
/// transaction_table (`Self`), if the table's type has any. `Base` is the same without indexes.
///
/// An index is named as in the table's type: by its members, `equal<&user::city>("Rome")`,
/// `prefix<&user::city, &user::age>(std::tuple("Rome"))`; or by its struct,
/// `equal<by_domain>("example.com")`. Ranges are in the order of the index, and entries with the
/// same key in that of their own keys; what a range is, and what a bound may be, is said by
/// ordered_access. An entry of an index_each is shown once per element in the range.
///
/// A handle's ranges each show one moment of their own. In a transaction, ranges show its own
/// writes, and what they come to is read; so is the absence of an entry. Errors: not_found;
/// invalid_argument for a key that no term can hold (NaN).
template <class Self, class Base, class K, class V, kind Kind, class... Index>
class indexed : public detail::with_order_names<Base, Kind> {
  static_assert(detail::refuse_unless_indexes<V, Index...>());
  using names = detail::with_order_names<Base, Kind>;
  using indexed_entry = std::pair<K, V>;

 public:
  using names::first;
  using names::last;
  using names::names;
  using names::nth;
  using names::prefix;
  using names::range;
  using names::rank;
  using names::slice;

  /// The entry with that key in a unique index, or not_found. Costs about a lookup in an
  /// ordered_map.
  template <auto... Member, class A>
    requires(sizeof...(Member) != 0)
  [[nodiscard]] result<indexed_entry> find(const A& key) const {
    return find_one<detail::by_members<Member...>>(key);
  }

  /// The entries with that key.
  template <auto... Member, class A>
    requires(sizeof...(Member) != 0)
  [[nodiscard]] auto equal(const A& key) const {
    return equal_to<detail::by_members<Member...>>(key);
  }
  /// The same of a function.
  template <class F, class A>
  [[nodiscard]] auto equal(const A& key) const {
    return equal_to<detail::by_function<F>>(key);
  }

  /// The entries with from <= key < to; `range` takes other bounds.
  template <auto... Member, class A, class B>
    requires(sizeof...(Member) != 0)
  [[nodiscard]] auto between(const A& from, const B& to) const {
    return in_range<detail::by_members<Member...>>(from, to);
  }
  /// The same of a function.
  template <class F, class A, class B>
  [[nodiscard]] auto between(const A& from, const B& to) const {
    return in_range<detail::by_function<F>>(from, to);
  }

  /// The entries in bounds, or, without any, all entries that the index has:
  /// `range<&user::age>(shelf::above(17), shelf::at_most(65))`, `range<&user::city>()`.
  template <auto... Member, class... B>
    requires(sizeof...(Member) != 0 && sizeof...(B) <= 2)
  [[nodiscard]] auto range(const B&... bounds) const {
    return in_range<detail::by_members<Member...>>(bounds...);
  }
  /// The same of a function.
  template <class F, class... B>
    requires(std::is_class_v<F> && sizeof...(B) <= 2 &&
             detail::index_found<detail::by_function<F>, Index...>::is_there)
  [[nodiscard]] auto range(const B&... bounds) const {
    return in_range<detail::by_function<F>>(bounds...);
  }

  /// The entries whose keys begin with that: text and bytes with those bytes, several members with
  /// a std::tuple of the first ones.
  template <auto... Member, class P>
    requires(sizeof...(Member) != 0)
  [[nodiscard]] auto prefix(const P& front) const {
    return with_prefix<detail::by_members<Member...>>(front);
  }
  /// The same of a function.
  template <class F, class P>
    requires(std::is_class_v<F> && detail::index_found<detail::by_function<F>, Index...>::is_there)
  [[nodiscard]] auto prefix(const P& front) const {
    return with_prefix<detail::by_function<F>>(front);
  }

  /// The entry with the first key of the index, or not_found.
  template <auto... Member>
    requires(sizeof...(Member) != 0)
  [[nodiscard]] result<indexed_entry> first() const {
    return end_of<detail::by_members<Member...>>(false);
  }
  /// The same of a function.
  template <class F>
  [[nodiscard]] result<indexed_entry> first() const {
    return end_of<detail::by_function<F>>(false);
  }
  /// The entry with the last key of the index, or not_found.
  template <auto... Member>
    requires(sizeof...(Member) != 0)
  [[nodiscard]] result<indexed_entry> last() const {
    return end_of<detail::by_members<Member...>>(true);
  }
  /// The same of a function.
  template <class F>
  [[nodiscard]] result<indexed_entry> last() const {
    return end_of<detail::by_function<F>>(true);
  }

  /// How many places of the index are before that key, those included of entries that have expired
  /// and are not swept; 0 for NaN. Logarithmic. `nth` and `slice` count places likewise.
  template <auto... Member, class A>
    requires(sizeof...(Member) != 0)
  [[nodiscard]] std::size_t rank(const A& key) const {
    return rank_in<detail::by_members<Member...>>(key);
  }
  /// The same of a function.
  template <class F, class A>
    requires(std::is_class_v<F> && detail::index_found<detail::by_function<F>, Index...>::is_there)
  [[nodiscard]] std::size_t rank(const A& key) const {
    return rank_in<detail::by_function<F>>(key);
  }

  /// The entry with so many places of the index before it, or not_found past the end. Logarithmic.
  /// Of tables and snapshots, as is slice.
  template <auto... Member>
    requires(sizeof...(Member) != 0)
  [[nodiscard]] result<indexed_entry> nth(std::size_t place) const {
    return nth_of<detail::by_members<Member...>>(place);
  }
  /// The same of a function.
  template <class F>
  [[nodiscard]] result<indexed_entry> nth(std::size_t place) const {
    return nth_of<detail::by_function<F>>(place);
  }

  /// The entries at the places [from, to) of the index: the ten lowest scores are
  /// `slice<&player::score>(0, 10)`. Logarithmic.
  template <auto... Member>
    requires(sizeof...(Member) != 0)
  [[nodiscard]] auto slice(std::size_t from, std::size_t to) const {
    return slice_of<detail::by_members<Member...>>(from, to);
  }
  /// The same of a function.
  template <class F>
  [[nodiscard]] auto slice(std::size_t from, std::size_t to) const {
    return slice_of<detail::by_function<F>>(from, to);
  }

  /// How many entries have that key, those included that have expired and are not swept.
  /// Logarithmic.
  template <auto... Member, class A>
    requires(sizeof...(Member) != 0)
  [[nodiscard]] std::size_t count(const A& key) const {
    return equal<Member...>(key).size();
  }
  /// The same of a function.
  template <class F, class A>
  [[nodiscard]] std::size_t count(const A& key) const {
    return equal<F>(key).size();
  }

 private:
  [[nodiscard]] const Self& self() const noexcept { return static_cast<const Self&>(*this); }

  template <class Selector>
  static constexpr std::size_t at = detail::index_found<Selector, Index...>::at;
  template <class Selector>
  using index_of = std::tuple_element_t<at<Selector>, std::tuple<Index...>>;
  /// The same, as the core is asked for it.
  template <class Selector>
  [[nodiscard]] static constexpr detail::asked_index asked() {
    return {.at = at<Selector>,
            .derive = &detail::index_parts<index_of<Selector>>::template derive<V>};
  }
  template <class Selector>
  using key_of = typename detail::key_of_index<index_of<Selector>, V>::type;

  template <class Selector, class A>
  [[nodiscard]] result<indexed_entry> find_one(const A& key) const {
    if constexpr (detail::refuse_unless_index<Selector, Index...>()) {
      static_assert(detail::index_parts<index_of<Selector>>::is_unique,
                    "find asks a unique index; equal shows the entries with a key of any index.");
      static_assert(key_argument<A, key_of<Selector>>,
                    "find takes a key of the index, or what may stand for one.");
      detail::encoder k(detail::purpose::bound, detail::bound_limits);
      detail::encode_key<key_of<Selector>>(k, key);
      if (k.failed()) return std::unexpected(error(errc::not_found));
      return self().find_in(asked<Selector>(), k.written());
    }
  }
  template <class Selector, class A>
  [[nodiscard]] auto equal_to(const A& key) const {
    if constexpr (detail::refuse_unless_index<Selector, Index...>()) {
      static_assert(key_argument<A, key_of<Selector>>,
                    "equal takes a key of the index, or what may stand for one; of several members "
                    "a std::tuple of all of them.");
      return self().within_index(asked<Selector>(), detail::interval<key_of<Selector>>(
                                                        detail::range_start<const A&>{key, false},
                                                        detail::range_end<const A&>{key, true}));
    }
  }
  template <class Selector, class... B>
  [[nodiscard]] auto in_range(const B&... bounds) const {
    if constexpr (detail::refuse_unless_index<Selector, Index...>()) {
      if constexpr (sizeof...(B) == 0)
        return self().within_index(asked<Selector>(), {});
      else
        return self().within_index(asked<Selector>(),
                                   detail::interval<key_of<Selector>>(bounds...));
    }
  }
  template <class Selector, class P>
  [[nodiscard]] auto with_prefix(const P& front) const {
    if constexpr (detail::refuse_unless_index<Selector, Index...>()) {
      return self().within_index(asked<Selector>(),
                                 detail::prefix_interval<key_of<Selector>>(front));
    }
  }
  template <class Selector, class A>
  [[nodiscard]] std::size_t rank_in(const A& key) const {
    if constexpr (detail::refuse_unless_index<Selector, Index...>()) {
      return in_range<Selector>(detail::range_end<const A&>{key, false}).size();
    }
  }
  template <class Selector>
  [[nodiscard]] result<indexed_entry> nth_of(std::size_t place) const {
    if constexpr (detail::refuse_unless_index<Selector, Index...>()) {
      return self().nth_in(asked<Selector>(), place);
    }
  }
  template <class Selector>
  [[nodiscard]] auto slice_of(std::size_t from, std::size_t to) const {
    if constexpr (detail::refuse_unless_index<Selector, Index...>()) {
      return self().slice_in(asked<Selector>(), from, to);
    }
  }
  template <class Selector>
  [[nodiscard]] result<indexed_entry> end_of(bool last) const {
    if constexpr (detail::refuse_unless_index<Selector, Index...>()) {
      return self().seek_in(asked<Selector>(), last ? detail::place::last : detail::place::first);
    }
  }
};

}  // namespace shelf
