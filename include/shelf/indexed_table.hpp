// API  [api] -> engine -> stores -> journal -> file
// The table with indexes, and how snapshots and transactions see it.
#pragma once

#include "shelf/indexed.hpp"
#include "shelf/table.hpp"
#include "shelf/transaction.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace shelf {

namespace detail {

/// The entries of a moment that an index has between two bounds.
template <class K, class V>
[[nodiscard]] entry_range<K, V> index_range(std::shared_ptr<const snapshot_core> by,
                                            const decoding_rules& rules, const key_interval& keys) {
  if (keys.is_nothing) return {std::move(by), rules, {}};
  const auto from = keys.from ? by->rank(keys.from->key, keys.from->is_behind) : 0;
  const auto to = keys.to ? by->rank(keys.to->key, keys.to->is_behind) : by->size();
  return {std::move(by), rules, {.from = from < to ? from : to, .to = to}};
}

/// The entries at the places [from, to) of an index.
template <class K, class V>
[[nodiscard]] entry_range<K, V> index_slice(std::shared_ptr<const snapshot_core> by,
                                            const decoding_rules& rules, std::size_t from,
                                            std::size_t to) {
  const auto end = to < by->size() ? to : by->size();
  return {std::move(by), rules, {.from = from < end ? from : end, .to = end}};
}

/// All that has an encoded key.
[[nodiscard]] inline key_interval interval_of_key(bytes key) {
  const kept_cut before{{key.begin(), key.end()}, false};
  return {.from = before, .to = kept_cut{before.key, true}};
}

/// The entry that `look(show)` shows, or not_found.
template <class K, class V, class F>
[[nodiscard]] result<std::pair<K, V>> entry_shown(const decoding_rules& rules, F look) {
  std::optional<std::pair<K, V>> found;
  const auto show = [&](bytes k, bytes v) {
    found.emplace();
    decode_stored(k, rules, found->first);
    decode_stored(v, rules, found->second);
  };
  const result<> looked = look(function_ref<void(bytes, bytes)>(show));
  if (!looked) return std::unexpected(looked.error());
  if (!found) return std::unexpected(error(errc::not_found));
  return *std::move(found);
}

/// The first entry of a range, or not_found.
template <class Range>
[[nodiscard]] auto first_of(const Range& all) -> result<typename Range::iterator::value_type> {
  auto first = all.begin();
  if (first == all.end()) return std::unexpected(error(errc::not_found));
  return *first;
}

}  // namespace detail

/// One moment of a table with indexes: a snapshot that is asked by them as well.
/// Thread safety: as snapshot.
template <class K, class V, kind Kind, class... Index>
class indexed_snapshot : public indexed<indexed_snapshot<K, V, Kind, Index...>,
                                        snapshot<K, V, Kind>, K, V, Kind, Index...> {
  using base = indexed<indexed_snapshot, snapshot<K, V, Kind>, K, V, Kind, Index...>;
  using inner = detail::table_access;

 public:
  /// Made by table::snapshot.
  indexed_snapshot(std::shared_ptr<const detail::snapshot_core> of, detail::decoding_rules rules)
      : base(std::move(of), rules) {}

 private:
  friend base;
  template <class, class, kind, class...>
  friend class table;

  // What indexed is made of.
  [[nodiscard]] entry_range<K, V> within_index(const detail::asked_index& index,
                                               const detail::key_interval& keys) const {
    return detail::index_range<K, V>(inner::core_of(*this)->by_index(index), inner::rules_of(*this),
                                     keys);
  }
  [[nodiscard]] result<std::pair<K, V>> find_in(const detail::asked_index& index, bytes key) const {
    return detail::first_of(within_index(index, detail::interval_of_key(key)));
  }
  [[nodiscard]] result<std::pair<K, V>> seek_in(const detail::asked_index& index,
                                                detail::place where) const {
    return detail::entry_shown<K, V>(inner::rules_of(*this), [&](auto show) {
      static_cast<void>(inner::core_of(*this)->by_index(index)->seek(where, {}, show));
      return result<>();
    });
  }
  [[nodiscard]] result<std::pair<K, V>> nth_in(const detail::asked_index& index,
                                               std::size_t place) const {
    return detail::entry_shown<K, V>(inner::rules_of(*this), [&](auto show) {
      static_cast<void>(inner::core_of(*this)->by_index(index)->nth(place, show));
      return result<>();
    });
  }
  [[nodiscard]] entry_range<K, V> slice_in(const detail::asked_index& index, std::size_t from,
                                           std::size_t to) const {
    return detail::index_slice<K, V>(inner::core_of(*this)->by_index(index), inner::rules_of(*this),
                                     from, to);
  }
};

/// A table with indexes: a table that is asked by them as well. Writes keep them: what readers see
/// of a table and of its indexes is always of one moment. Errors of any write that adds or changes
/// an entry, besides those of the table: key_already_present, naming the index, if a unique one has
/// another entry under a key of this one; then a write of several entries writes none. Errors of
/// open: key_already_present, if a file holds two such entries; details() names their keys.
///
/// Cost: a write changes each index in logarithmic time; an open sorts the keys of each. Memory per
/// entry of an index: about 45 bytes and the key's.
/// Thread safety: as table.
template <class K, class V, kind Kind, class First, class... More>
class table<K, V, Kind, First, More...>
    : public indexed<table<K, V, Kind, First, More...>, table<K, V, Kind>, K, V, Kind, First,
                     More...> {
  using plain = table<K, V, Kind>;
  using base = indexed<table, plain, K, V, Kind, First, More...>;
  using inner = detail::table_access;

 public:
  /// What snapshot() gives.
  using snapshot_type = indexed_snapshot<K, V, Kind, First, More...>;
  /// How to open it.
  using config = shelf::config<K, V>;

  /// As of a table without indexes. Errors: those, and key_already_present.
  [[nodiscard]] static result<table> open(config c);
  /// The same with the file alone.
  template <path_argument P>
  [[nodiscard]] static result<table> open(const P& path,
                                          shelf::opening how = opening::create_if_missing) {
    config c;
    c.path = detail::path_text(path);
    c.opening = how;
    return open(std::move(c));
  }
  /// A table without a file.
  [[nodiscard]] static table in_memory(std::string name = {}) {
    return table(detail::make_table(std::move(name), types({}, {})), {}, {});
  }
  /// The same for entries that expire. invalid_argument for a ttl that is not valid.
  [[nodiscard]] static result<table> in_memory(std::string name, const memory_options& options) {
    auto core = detail::make_table(std::move(name), options, types({}, {}));
    if (!core) return std::unexpected(core.error());
    return table(std::move(*core), {}, {});
  }

  /// One moment of the table and its indexes.
  [[nodiscard]] snapshot_type snapshot() const {
    return snapshot_type(inner::core_of(*this).snapshot(), inner::rules_of(*this));
  }

 private:
  friend base;
  friend inner;

  table(std::shared_ptr<detail::core> core, detail::decoding_rules rules,
        detail::encoding_limits limits)
      : base(std::move(core), rules, limits) {}

  [[nodiscard]] static detail::program_types types(const config& c,
                                                   const detail::decoding_rules& rules) {
    auto made = detail::types_of<K, V, Kind>(c, rules);
    made.indexes = detail::definitions_of<V, First, More...>(rules);
    return made;
  }
  // What indexed is made of.
  [[nodiscard]] entry_range<K, V> within_index(const detail::asked_index& index,
                                               const detail::key_interval& keys) const {
    return detail::index_range<K, V>(inner::core_of(*this).snapshot()->by_index(index),
                                     inner::rules_of(*this), keys);
  }
  [[nodiscard]] result<std::pair<K, V>> find_in(const detail::asked_index& index, bytes key) const {
    return detail::entry_shown<K, V>(inner::rules_of(*this), [&](auto show) {
      return inner::core_of(*this).find_by(index, key, show);
    });
  }
  [[nodiscard]] result<std::pair<K, V>> seek_in(const detail::asked_index& index,
                                                detail::place where) const {
    return snapshot().seek_in(index, where);
  }
  [[nodiscard]] result<std::pair<K, V>> nth_in(const detail::asked_index& index,
                                               std::size_t place) const {
    return snapshot().nth_in(index, place);
  }
  [[nodiscard]] entry_range<K, V> slice_in(const detail::asked_index& index, std::size_t from,
                                           std::size_t to) const {
    return snapshot().slice_in(index, from, to);
  }
};

/// A table with indexes as a transaction sees it: a transaction_table that is asked by them as
/// well.
///
/// A range of an index is read as far as the walk has come, and find, first, last, count and size
/// are reads, too. Writes to a table with a unique index are not blind: insert reads whether
/// another entry has the key, and returns key_already_present. add reads the counter.
/// Thread safety: as transaction_table.
template <class K, class V, kind Kind, class... Index>
class indexed_transaction_table
    : public indexed<indexed_transaction_table<K, V, Kind, Index...>, transaction_table<K, V, Kind>,
                     K, V, Kind, Index...> {
  using base =
      indexed<indexed_transaction_table, transaction_table<K, V, Kind>, K, V, Kind, Index...>;
  using inner = detail::table_access;

 public:
  /// Made by transaction::operator().
  indexed_transaction_table(detail::transaction_core& run, detail::transaction_table_core& of,
                            const detail::decoding_rules& rules,
                            const detail::encoding_limits& limits)
      : base(run, of, rules, limits) {}

 private:
  friend base;

  // What indexed is made of.
  [[nodiscard]] transaction_range<K, V> within_index(const detail::asked_index& index,
                                                     detail::key_interval keys) const {
    using part = detail::transaction_extent;
    part of{.of = &inner::core_of(*this).by_index(index),
            .what = keys.is_nothing ? part::form::nothing : part::form::keys,
            .keys = std::move(keys)};
    return {std::make_shared<const part>(std::move(of)), inner::rules_of(*this)};
  }
  [[nodiscard]] result<std::pair<K, V>> find_in(const detail::asked_index& index, bytes key) const {
    return detail::first_of(within_index(index, detail::interval_of_key(key)));
  }
  [[nodiscard]] result<std::pair<K, V>> seek_in(const detail::asked_index& index,
                                                detail::place where) const {
    return detail::entry_shown<K, V>(inner::rules_of(*this), [&](auto show) {
      static_cast<void>(inner::core_of(*this).by_index(index).seek(where, {}, show));
      return result<>();
    });
  }
  template <class Place>
  [[nodiscard]] result<std::pair<K, V>> nth_in(const detail::asked_index& /*index*/,
                                               Place /*place*/) const {
    static_assert(std::is_void_v<Place>,
                  "A transaction does not count the places of an index: ask a snapshot for its nth "
                  "entry, or walk through range<...>().");
  }
  template <class Place>
  void slice_in(const detail::asked_index& /*index*/, Place /*from*/, Place /*to*/) const {
    static_assert(std::is_void_v<Place>,
                  "A transaction does not count the places of an index: ask a snapshot for a "
                  "slice, or walk through range<...>().");
  }
};

// --- bodies --------------------------------------------------------------------------------------

template <class K, class V, kind Kind, class First, class... More>
result<table<K, V, Kind, First, More...>> table<K, V, Kind, First, More...>::open(config c) {
  const auto nesting = static_cast<std::uint32_t>(c.limits.nesting);
  const detail::decoding_rules rules{
      .missing_fields = c.missing_fields == missing_fields::use_defaults, .nesting = nesting};
  const detail::encoding_limits limits{.size = c.limits.entry_bytes, .nesting = nesting};
  auto core = detail::open_table(detail::parts_of(c), types(c, rules));
  if (!core) return std::unexpected(core.error());
  return table(std::move(*core), rules, limits);
}

}  // namespace shelf

/// \cond
template <class K, class V, shelf::kind Kind, class First, class... More>
inline constexpr bool std::ranges::disable_sized_range<shelf::table<K, V, Kind, First, More...>> =
    true;
/// \endcond
