// API  [api] -> engine -> stores -> journal -> file
// What databases and transactions use of a typed table that its users do not.
#pragma once

#include "shelf/table.hpp"

#include <memory>
#include <type_traits>
#include <utility>

namespace shelf {

template <class K, class V, kind Kind>
class transaction_table;

namespace detail {

class transaction_table_core;

template <class T>
struct is_table : std::false_type {};
template <class K, class V, kind Kind, class... Index>
struct is_table<table<K, V, Kind, Index...>> : std::true_type {};

/// The friend of tables, snapshots and batches.
struct table_access {
  template <class K, class V, kind Kind>
  [[nodiscard]] static const core& core_of(const table<K, V, Kind>& t) noexcept {
    return *t.core_;
  }
  template <class K, class V, kind Kind>
  [[nodiscard]] static const decoding_rules& rules_of(const table<K, V, Kind>& t) noexcept {
    return t.rules_;
  }
  template <class K, class V, kind Kind>
  [[nodiscard]] static const encoding_limits& limits_of(const table<K, V, Kind>& t) noexcept {
    return t.limits_;
  }
  template <class K, class V, kind Kind>
  [[nodiscard]] static const std::shared_ptr<const snapshot_core>& core_of(
      const snapshot<K, V, Kind>& s) noexcept {
    return s.core_;
  }
  template <class K, class V, kind Kind>
  [[nodiscard]] static const decoding_rules& rules_of(const snapshot<K, V, Kind>& s) noexcept {
    return s.rules_;
  }
  template <class K, class V, kind Kind>
  [[nodiscard]] static transaction_table_core& core_of(
      const transaction_table<K, V, Kind>& t) noexcept {
    return *t.core_;
  }
  template <class K, class V, kind Kind>
  [[nodiscard]] static const decoding_rules& rules_of(
      const transaction_table<K, V, Kind>& t) noexcept {
    return t.rules_;
  }
  /// A handle of a table that is open already.
  template <class Table>
  [[nodiscard]] static Table handle(std::shared_ptr<core> of, const decoding_rules& rules,
                                    const encoding_limits& limits) {
    return Table(std::move(of), rules, limits);
  }
  /// What the core is told of a table's types.
  template <class Table>
  [[nodiscard]] static program_types types_of(const typename Table::config& c,
                                              const decoding_rules& rules) {
    if constexpr (requires { Table::types(c, rules); })
      return Table::types(c, rules);
    else
      return detail::types_of<typename Table::key_type, typename Table::mapped_type,
                              Table::table_kind>(c, rules);
  }
  /// The changes of a batch, once they have been found to fit the limits; or why they do not.
  template <class K, class V>
  [[nodiscard]] static result<const change_list*> changes_of(const batch<K, V>& changes,
                                                             const encoding_limits& limits) {
    if (changes.refused_) return std::unexpected(*changes.refused_);
    if (changes.is_deep_ || limits.nesting < changes.usual_nesting) {
      auto fits = check_nesting(changes.changes_, limits.nesting);
      if (!fits) return std::unexpected(fits.error());
    }
    return &changes.changes_;
  }
};

}  // namespace detail
}  // namespace shelf
