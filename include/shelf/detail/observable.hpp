// API  [api] -> engine -> stores -> journal -> file
// What a table offers to those who follow it: feeds and watches. Defined in changes.hpp.
#pragma once

#include "shelf/codec.hpp"
#include "shelf/kind.hpp"

namespace shelf {

struct change_options;
template <class K, class V>
class change_feed;
template <class K, class V, kind Kind>
class key_watch;

/// Following a table: what was written to it, and what a key has now. Base class of `table`
/// (`Self`). To call these, include `shelf/changes.hpp`.
template <class Self, class K, class V, kind Kind>
class observable {
 public:
  /// A feed of the changes from now on.
  [[nodiscard]] result<change_feed<K, V>> changes() const;
  /// A feed of the table's changes, batch by batch, in the order in which they were committed:
  /// `t.changes({.from = snapshot.position(), .before = true})`. Errors: cursor_lost if changes
  /// since `from` are no longer kept; invalid_argument for a position that is ahead of the table,
  /// and for change_level::durable of a table in memory; table_closed, forked.
  [[nodiscard]] result<change_feed<K, V>> changes(const change_options& options) const;
  /// A watch of one key, which tells its value whenever it is another. Errors: table_closed,
  /// forked; invalid_argument for an argument that is no key.
  template <key_argument<K> A = K>
  [[nodiscard]] result<key_watch<K, V, Kind>> watch(const A& key) const;

 private:
  friend Self;
  observable() = default;
};

}  // namespace shelf
