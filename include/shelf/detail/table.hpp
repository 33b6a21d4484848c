// API  [api] -> engine -> stores -> journal -> file
// The bodies of table.hpp: encode, call the core, decode.
#pragma once

#include "shelf/table.hpp"

namespace shelf {
namespace detail {

/// The elements of a range are where they are, each in its own place, and not made or moved when an
/// iterator comes to them: those of a vector or an array.
template <class R>
concept stays_put = std::ranges::contiguous_range<R> && std::ranges::sized_range<R>;

/// A stored value in the form that V has now. False if it is not a V.
template <class V>
bool reencode(bytes value, const decoding_rules& rules, encoder& out) {
  V decoded{};
  decoder in(value, rules);
  if (!decode(in, decoded) || !in.done()) return false;
  encode(out, decoded);
  return true;
}

/// The types of a table, as the core wants them.
template <class K, class V, kind Kind>
program_types types_of(const config<K, V>& c, const decoding_rules& rules) {
  program_types t{.what = Kind,
                  .key = shape_of<K>(),
                  .value = shape_of<V>(),
                  .reencode = &reencode<V>,
                  .rules = rules,
                  .accept = {},
                  .bounds = c.bounds};
  if (c.check) {
    t.accept = [accept = c.check, rules](bytes key, bytes value) {
      K k{};
      V v{};
      decode_stored(key, rules, k);
      decode_stored(value, rules, v);
      return static_cast<bool>(accept(k, v));
    };
  }
  return t;
}

/// A configuration without its types; it must outlive the parts.
template <class K, class V>
config_parts parts_of(config<K, V>& c) {
  return {.path = c.path,
          .base_directory = c.base_directory,
          .name = c.name,
          .table = c.table,
          .mode = c.mode,
          .opening = c.opening,
          .format = c.format,
          .io = c.io,
          .access = c.access,
          .save_every = c.save_every,
          .save_at_bytes = c.save_at_bytes,
          .sync_every = c.sync_every,
          .follow = c.follow,
          .missing_fields = c.missing_fields,
          .on_error = c.on_error,
          .limits = c.limits,
          .compaction = c.compaction,
          .history = c.history,
          .metrics = c.metrics,
          .file_system = c.file_system,
          .system = c.system,
          .repair = c.repair,
          .ttl = c.ttl,
          .clock = c.clock,
          .clock_grace = c.clock_grace};
}

}  // namespace detail

template <class K, class V, kind Kind>
result<table<K, V, Kind>> table<K, V, Kind>::open(config c) {
  const auto nesting = static_cast<std::uint32_t>(c.limits.nesting);
  const detail::decoding_rules rules{
      .missing_fields = c.missing_fields == missing_fields::use_defaults, .nesting = nesting};
  const detail::encoding_limits limits{.size = c.limits.entry_bytes, .nesting = nesting};
  auto core = detail::open_table(detail::parts_of(c), detail::types_of<K, V, Kind>(c, rules));
  if (!core) return std::unexpected(core.error());
  return table(std::move(*core), rules, limits);
}

template <class K, class V, kind Kind>
template <path_argument P>
result<table<K, V, Kind>> table<K, V, Kind>::open(const P& path, shelf::opening how) {
  config c;
  c.path = detail::path_text(path);
  c.opening = how;
  return open(std::move(c));
}

template <class K, class V, kind Kind>
table<K, V, Kind> table<K, V, Kind>::in_memory(std::string name) {
  return table(detail::make_table(std::move(name), detail::types_of<K, V, Kind>({}, {})), {}, {});
}

template <class K, class V, kind Kind>
result<table<K, V, Kind>> table<K, V, Kind>::in_memory(std::string name,
                                                       const memory_options& options) {
  config c;
  c.bounds = options.bounds;
  auto core = detail::make_table(std::move(name), options, detail::types_of<K, V, Kind>(c, {}));
  if (!core) return std::unexpected(core.error());
  return table(std::move(*core), {}, {});
}

template <class K, class V, kind Kind>
table<K, V, Kind>& table<K, V, Kind>::operator=(table&& other) noexcept {
  if (this == &other) return *this;
  release();
  core_ = std::move(other.core_);
  rules_ = other.rules_;
  limits_ = other.limits_;
  return *this;
}

// --- writes --------------------------------------------------------------------------------------

template <class K, class V, kind Kind>
template <key_argument<K> A>
result<written> table<K, V, Kind>::insert(const A& key, const V& value) {
  detail::encoder k(detail::purpose::key, limits_);
  detail::encode_key<K>(k, key);
  if (k.failed()) return std::unexpected(refused(k.outcome().error()));
  detail::encoder v(detail::purpose::value, limits_);
  v.gather();
  detail::encode(v, value);
  if (v.failed()) return std::unexpected(refused(v.outcome().error()));
  if (v.has_pieces()) return core_->insert_pieces(k.written(), v.pieces());
  return core_->insert(k.written(), v.written());
}

template <class K, class V, kind Kind>
template <key_argument<K> A>
  requires(!is_bag(Kind))
result<> table<K, V, Kind>::insert_new(const A& key, const V& value) {
  detail::encoder k(detail::purpose::key, limits_);
  detail::encode_key<K>(k, key);
  if (k.failed()) return std::unexpected(refused(k.outcome().error()));
  detail::encoder v(detail::purpose::value, limits_);
  v.gather();
  detail::encode(v, value);
  if (v.failed()) return std::unexpected(refused(v.outcome().error()));
  if (v.has_pieces()) return core_->insert_new(k.written(), v.pieces());
  const bytes whole = v.written();
  return core_->insert_new(k.written(), {&whole, 1});
}

template <class K, class V, kind Kind>
template <class R>
result<std::size_t> table<K, V, Kind>::insert_all(R&& pairs, bool only_new, const expiry& until) {
  auto made = core_->make_batch(until);
  if (!made) return std::unexpected(made.error());
  auto batch = std::move(*made);
  detail::encoder k(detail::purpose::key, limits_);
  detail::encoder v(detail::purpose::value, limits_);
  const auto add = [&](const auto& key, const V& value) -> result<> {
    k.clear();
    v.clear();
    detail::encode_key<K>(k, key);
    v.gather();
    detail::encode(v, value);
    if (k.failed()) return std::unexpected(refused(k.outcome().error()));
    if (v.failed()) return std::unexpected(refused(v.outcome().error()));
    if (v.has_pieces()) return batch->add_pieces(k.written(), v.pieces());
    return batch->add(k.written(), v.written());
  };
  using element = std::ranges::range_value_t<R>;
  for (auto&& each : pairs) {
    result<> added;
    if constexpr (detail::is_nothing<V> && key_argument<element, K>) {
      added = add(static_cast<const element&>(each), V{});
    } else {
      const auto& [key, value] = each;
      added = add(key, static_cast<const V&>(value));
    }
    if (!added) return std::unexpected(added.error());
  }
  return core_->insert_batch(std::move(batch), only_new);
}

template <class K, class V, kind Kind>
template <key_argument<K> A>
result<std::size_t> table<K, V, Kind>::erase(const A& key) {
  detail::encoder k(detail::purpose::key, limits_);
  detail::encode_key<K>(k, key);
  if (k.failed()) return std::unexpected(refused(k.outcome().error()));
  return core_->erase(k.written());
}

template <class K, class V, kind Kind>
template <key_argument<K> A>
result<std::size_t> table<K, V, Kind>::erase(const A& key, const V& value) {
  detail::encoder k(detail::purpose::key, limits_);
  detail::encode_key<K>(k, key);
  if (k.failed()) return std::unexpected(refused(k.outcome().error()));
  detail::encoder v(detail::purpose::value, limits_);
  detail::encode(v, value);
  if (v.failed()) return std::unexpected(refused(v.outcome().error()));
  return core_->erase_value(k.written(), v.written());
}

template <class K, class V, kind Kind>
result<write_counts> table<K, V, Kind>::write(const shelf::batch<K, V>& changes) {
  if (changes.refused_) return std::unexpected(refused(*changes.refused_));
  if (changes.is_deep_ || limits_.nesting < changes.usual_nesting) {
    if (auto fits = detail::check_nesting(changes.changes_, limits_.nesting); !fits) {
      return std::unexpected(refused(fits.error()));
    }
  }
  return core_->write(changes.changes_);
}

template <class K, class V, kind Kind>
template <class F, key_argument<K> A>
  requires(!is_bag(Kind))
result<V> table<K, V, Kind>::update(const A& key, F&& f) {
  return this->with_encoded(key, [&](bytes k) { return change(k, nullptr, f); });
}

template <class K, class V, kind Kind>
template <class F, key_argument<K> A>
  requires(!is_bag(Kind))
result<V> table<K, V, Kind>::upsert(const A& key, const V& initial, F&& f) {
  return this->with_encoded(key, [&](bytes k) { return change(k, &initial, f); });
}

/// update, and upsert if `initial` is not null: until no other write comes between reading and
/// writing.
template <class K, class V, kind Kind>
template <class F>
result<V> table<K, V, Kind>::change(bytes key, const V* initial, F& f) {
  std::vector<std::byte> seen;
  detail::encoder v(detail::purpose::value, limits_);
  for (;;) {
    auto found = core_->lookup(key, [&](bytes b) { seen.assign(b.begin(), b.end()); });
    const bool creates = !found && initial != nullptr && found.error() == errc::not_found;
    if (!found && !creates) return std::unexpected(found.error());
    V value{};
    if (creates) {
      value = *initial;
    } else {
      detail::decode_stored(seen, rules_, value);
      const detail::callback_scope scope(*core_);
      if (auto made = detail::apply_update(f, value); !made) return std::unexpected(made.error());
    }
    v.clear();
    v.gather();
    detail::encode(v, value);
    if (v.failed()) return std::unexpected(refused(v.outcome().error()));
    const auto put = [&](std::span<const bytes> pieces) {
      return creates ? core_->insert_new(key, pieces) : core_->replace_if(key, seen, pieces);
    };
    const bytes whole = v.has_pieces() ? bytes() : v.written();
    const auto done = v.has_pieces() ? put(v.pieces()) : put({&whole, 1});
    if (done) return value;
    const auto& why = done.error();
    // A unique index may say that a key is present, too.
    const bool was_created =
        creates && why == errc::key_already_present && core_->contains(detail::sought_key(key));
    const bool was_overtaken =
        why == errc::conflict || was_created || (why == errc::not_found && initial != nullptr);
    if (!was_overtaken) return std::unexpected(why);
  }
}

template <class K, class V, kind Kind>
template <class F, key_argument<K> A>
  requires(!is_bag(Kind))
result<V> table<K, V, Kind>::get_or_compute(const A& key, F&& f, const compute_options& options) {
  if (auto hit = lookup(key); hit || hit.error() != errc::not_found) return hit;
  return this->with_encoded(key, [&](bytes k) {
    return detail::get_or_compute<V>(*core_, k, f, options.wait, rules_, limits_,
                                     [&](const error& why) { return refused(why); });
  });
}

/// An error of the encoder with the table's name in front.
template <class K, class V, kind Kind>
error table<K, V, Kind>::refused(const error& why) const {
  return error(why.code(), core_->label() + ": " + why.message());
}

// --- reads ---------------------------------------------------------------------------------------

template <class K, class V, kind Kind>
template <key_argument<K> A>
auto table<K, V, Kind>::lookup(const A& key) const -> result<found_type> {
  const detail::key_to_seek<K, Kind, A> k(key, limits_);
  if (k.failed()) return std::unexpected(refused(k.why()));
  result<found_type> found;
  const auto looked = core_->lookup(
      k.sought(), [&](bytes b) { detail::decode_found<is_bag(Kind)>(b, rules_, *found); });
  if (!looked) found = std::unexpected(looked.error());
  return found;
}

template <class K, class V, kind Kind>
template <key_argument<K> A, class U>
  requires(!is_bag(Kind) && std::is_convertible_v<U, V>)
V table<K, V, Kind>::value_or(const A& key, U&& fallback) const {
  auto found = lookup(key);
  return found ? *std::move(found) : static_cast<V>(std::forward<U>(fallback));
}

template <class K, class V, kind Kind>
template <class View, class A, class F>
auto table<K, V, Kind>::lookup_view(const A& key, F&& f) const {
  using R = std::invoke_result_t<F&, View>;
  static_assert(!detail::is_view_type<R>(),
                "What this callback returns shows memory of the table, which may be freed once the "
                "callback has returned. Return a copy.");
  constexpr bool keeps = !std::is_void_v<R> && !is_bag(Kind);
  using kept = std::conditional_t<keeps, R, void>;
  const detail::key_to_seek<K, Kind, A> k(key, limits_);
  if (k.failed()) return result<kept>(std::unexpected(refused(k.why())));
  std::optional<std::conditional_t<keeps, R, bool>> returned;
  const auto looked = core_->lookup(k.sought(), [&](bytes b) {
    auto view = detail::decode_view<View, V>(b, rules_);
    assert(view && "stored entries are checked before they are stored");
    const detail::callback_scope scope(*core_);
    if constexpr (keeps)
      returned.emplace(detail::invoke(f, *std::move(view)));
    else
      detail::invoke(f, *std::move(view));
  });
  if (!looked) return result<kept>(std::unexpected(looked.error()));
  if constexpr (keeps)
    return result<kept>(std::move(*returned));
  else
    return result<kept>();
}

template <class K, class V, kind Kind>
template <auto Member, key_argument<K> A>
  requires(!is_bag(Kind))
auto table<K, V, Kind>::get(const A& key) const -> result<detail::member_of<Member>> {
  static_assert(std::is_same_v<detail::owner_of<Member>, V>,
                "get<&T::member> needs a member of the table's value type.");
  const detail::key_to_seek<K, Kind, A> k(key, limits_);
  if (k.failed()) return std::unexpected(refused(k.why()));
  result<detail::member_of<Member>> found{};
  const auto looked =
      core_->lookup(k.sought(), [&](bytes b) { found = detail::decode_member<Member>(b, rules_); });
  if (!looked) found = std::unexpected(looked.error());
  return found;
}

template <class K, class V, kind Kind>
template <std::ranges::input_range R>
  requires(!is_bag(Kind) && key_argument<std::ranges::range_value_t<R>, K>)
result<std::vector<std::optional<V>>> table<K, V, Kind>::lookup_many(R&& keys) const {
  using argument = std::ranges::range_value_t<R>;
  std::vector<detail::sought_key> sought;
  if constexpr (detail::stays_put<R> && detail::content_argument<argument, K> &&
                Kind != kind::ordered_set) {
    sought.reserve(std::ranges::size(keys));
    for (const argument& key : keys) {
      const detail::content_to_seek<K, argument> k(key, limits_);
      if (k.failed()) return std::unexpected(refused(k.why()));
      sought.push_back(k.sought());
    }
    return lookup_all(sought);
  } else {
    std::vector<std::byte> encoded;
    std::vector<std::size_t> ends;
    detail::encoder k(detail::purpose::key, limits_);
    for (const auto& key : keys) {
      k.clear();
      detail::encode_key<K>(k, key);
      if (k.failed()) return std::unexpected(refused(k.outcome().error()));
      const bytes made = k.written();
      encoded.insert(encoded.end(), made.begin(), made.end());
      ends.push_back(encoded.size());
    }
    sought.reserve(ends.size());
    std::size_t start = 0;
    for (const auto end : ends) {
      sought.push_back(bytes(encoded).subspan(start, end - start));
      start = end;
    }
    return lookup_all(sought);
  }
}

template <class K, class V, kind Kind>
auto table<K, V, Kind>::lookup_all(std::span<const detail::sought_key> keys) const
    -> result<std::vector<std::optional<V>>> {
  std::vector<std::optional<V>> found(keys.size());
  const auto looked = core_->lookup_many(
      keys, [&](std::size_t i, bytes b) { detail::decode_stored(b, rules_, found[i].emplace()); });
  if (!looked) return std::unexpected(looked.error());
  return found;
}

template <class K, class V, kind Kind>
template <key_argument<K> A>
bool table<K, V, Kind>::contains(const A& key) const {
  const detail::key_to_seek<K, Kind, A> k(key, limits_);
  return !k.failed() && core_->contains(k.sought());
}

template <class K, class V, kind Kind>
auto table<K, V, Kind>::snapshot() const -> snapshot_type {
  return snapshot_type(core_->snapshot(), rules_);
}

template <class K, class V, kind Kind>
template <class F>
  requires std::invocable<F&, const K&, const V&>
void table<K, V, Kind>::for_each(F&& f) const {
  const auto moment = snapshot();
  const detail::callback_scope scope(*core_);
  detail::show_each(moment, f);
}

template <class K, class V, kind Kind>
template <class T, class F>
  requires std::invocable<F&, T&&, const K&, const V&>
T table<K, V, Kind>::fold(T init, F&& f) const {
  for_each(
      [&](const K& key, const V& value) { init = detail::invoke(f, std::move(init), key, value); });
  return init;
}

template <class K, class V, kind Kind>
auto table<K, V, Kind>::to_vector() const -> std::vector<value_type> {
  const auto moment = snapshot();
  std::vector<value_type> all;
  all.reserve(moment.size());
  for (const auto& entry : moment) all.push_back(entry);
  return all;
}

template <class K, class V, kind Kind>
result<> table<K, V, Kind>::look_encoded(bytes key, detail::function_ref<void(bytes)> f) {
  auto looked = core_->lookup(key, f);
  if (!looked && looked.error() == errc::not_found) return {};
  return looked;
}

}  // namespace shelf

#include "shelf/detail/with_table.hpp"
