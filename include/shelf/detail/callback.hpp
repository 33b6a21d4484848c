// API  [api] -> table -> journal -> file
// Calling a user's function from inside a table: what it may return, and that it may not close the table.
#pragma once

#include "shelf/codec.hpp"
#include "shelf/detail/core.hpp"

#include <cstdlib>
#include <optional>
#include <type_traits>

namespace shelf {

/// What a function given to for_each may return to end the walk.
enum class walk : std::uint8_t { go_on, stop };

namespace detail {

/// Marks that a callback of this table runs on this thread.
class callback_scope {
 public:
  explicit callback_scope(const core& c) : core_(c) { core_.enter_callback(); }
  ~callback_scope() { core_.leave_callback(); }
  callback_scope(const callback_scope&) = delete;
  callback_scope& operator=(const callback_scope&) = delete;

 private:
  const core& core_;
};

/// Decodes what the table holds. It was encoded by us or checked when it was read, so it fits.
template <class T>
void decode_stored(bytes from, const decoding_rules& rules, T& into) {
  decoder in(from, rules);
  const bool fits = decode(in, into) && in.done();
  assert(fits && "stored entries are checked before they are stored");
  if (!fits) std::abort();
}

template <class T>
struct is_result : std::false_type {};
template <class T>
struct is_result<result<T>> : std::true_type {
  using value = T;
};

}  // namespace detail
}  // namespace shelf
