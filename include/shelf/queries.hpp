// API  [api] -> engine -> stores -> journal -> file
// Verbs over all entries that a condition holds for.
#pragma once

#include "shelf/codec.hpp"
#include "shelf/detail/callback.hpp"
#include "shelf/detail/core.hpp"
#include "shelf/detail/interval.hpp"
#include "shelf/kind.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace shelf {

/// Verbs over all entries that a condition holds for. Base class of `table` (`Self`), which
/// documents errors and thread safety.
///
/// A condition is called with views of key and value (std::string_view for strings, see
/// docs/types.md) if it takes them, else with `const K&, const V&`, and returns a bool. It may read
/// and write any table; it sees one moment, regardless of what is written meanwhile. An exception
/// that it throws passes through: what was done before stays done.
///
/// Of an ordered_map, bounds behind the condition narrow what it is asked about, as those of
/// `range` do: `events.erase_if(is_read, below(yesterday))`. What is outside is not looked at.
template <class Self, class K, class V, kind Kind>
class queries {
 public:
  /// Views of the keys and values of one moment; see snapshot::rows.
  [[nodiscard]] auto rows() const { return self().snapshot().rows(); }
  /// The values of one moment; keys are not decoded.
  [[nodiscard]] auto values() const { return self().snapshot().values(); }
  /// One member of each value of one moment: `users.each<&user::age>()`. The others are not
  /// decoded.
  template <auto Member>
  [[nodiscard]] auto each() const {
    return self().snapshot().template each<Member>();
  }
  /// How many entries of one moment `where` holds for.
  template <class F, class... B>
  [[nodiscard]] std::size_t count_if(F&& where, const B&... bounds) const;
  /// Erases the entries of one moment that `where` holds for, and that are still the entries it was
  /// asked about; returns how many were erased. Goes in atomic batches of up to 256, so another
  /// thread may see some of them gone. After an error, which says how many were erased before it,
  /// those stay erased. duplicate_bag: copies of a pair go together, one added meanwhile, too.
  template <class F, class... B>
  [[nodiscard]] result<std::size_t> erase_if(F&& where, const B&... bounds);
  /// Changes the entries that `where` holds for, as update does with `change`; returns how many.
  /// Goes in atomic batches of up to 256. An entry that another write has changed meanwhile is
  /// looked at again: `where` is asked about its new value. After an error, which says how many
  /// were changed before it, those stay changed.
  template <class F, class G, class... B>
    requires(!is_bag(Kind))
  [[nodiscard]] result<std::size_t> update_if(F&& where, G&& change, const B&... bounds);

 private:
  friend Self;
  queries() = default;

  /// As many are changed in one step.
  static constexpr std::size_t most_in_a_step = 256;

  [[nodiscard]] Self& self() noexcept { return static_cast<Self&>(*this); }
  [[nodiscard]] const Self& self() const noexcept { return static_cast<const Self&>(*this); }
  template <class F>
  [[nodiscard]] bool answer(F& where, const detail::stored_entry& e) const;
  template <class F>
  [[nodiscard]] bool holds(F& where, const detail::stored_entry& e) const;
  template <class... B>
  [[nodiscard]] static std::unique_ptr<detail::snapshot_core::walk> walk_within(
      const detail::snapshot_core& moment, const B&... bounds);
  [[nodiscard]] result<std::size_t> change_same(std::vector<detail::same_entry>& some,
                                                std::size_t before);
  template <class F, class G>
  [[nodiscard]] result<bool> change_again(bytes key, F& where, G& change);
};

}  // namespace shelf

#include "shelf/detail/queries.hpp"
