// API  [api] -> engine -> stores -> journal -> file
// mirror: a published value that follows one key of a table.
#pragma once

#include "shelf/changes.hpp"
#include "shelf/published.hpp"

#include <utility>

namespace shelf {

/// Keeps a published value equal to the value of a key, whenever poll() is called. The published
/// value outlives it.
/// Thread safety: one thread at a time. The published value may be read by any thread meanwhile.
template <class K, class V, kind Kind>
class value_mirror {
 public:
  /// Made by mirror.
  value_mirror(published<V>& target, key_watch<K, V, Kind> source) noexcept
      : target_(&target), source_(std::move(source)) {}

  /// Waits until the key has another value, up to `timeout` (0: looks once), and publishes it.
  /// Whether it has. While the key does not exist, the published value stays as it is. Errors:
  /// those of key_watch::wait. Throws what published::publish throws.
  [[nodiscard]] result<bool> poll(std::chrono::nanoseconds timeout = std::chrono::nanoseconds(0)) {
    auto value = source_.wait(timeout);
    if (!value) return std::unexpected(value.error());
    if (!source_.changed() || !*value) return false;
    target_->publish(**std::move(value));
    return true;
  }

 private:
  published<V>* target_;
  key_watch<K, V, Kind> source_;
};

/// Loads the value of the key into `target`, and returns what follows it from there on: call its
/// poll() on a thread of yours. Errors: those of table::watch.
template <class K, class V, kind Kind, key_argument<K> A>
  requires(!is_bag(Kind))
[[nodiscard]] result<value_mirror<K, V, Kind>> mirror(published<V>& target,
                                                      const table<K, V, Kind>& source,
                                                      const A& key) {
  auto watched = source.watch(key);
  if (!watched) return std::unexpected(watched.error());
  value_mirror<K, V, Kind> made(target, std::move(*watched));
  if (auto loaded = made.poll(); !loaded) return std::unexpected(loaded.error());
  return made;
}

}  // namespace shelf
