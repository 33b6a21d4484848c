// API  [api] -> engine -> stores -> journal -> file
// C++ values as terms and back, outside of a table: for objects of DETS files, and to look inside.
#pragma once

#include "shelf/codec.hpp"
#include "shelf/term.hpp"

namespace shelf {

/// The term that a value is stored as in a table. `struct user {name; age}` is {user, Name, Age}, a
/// record for Erlang; a pair is a tuple of two: docs/types.md lists all types. Errors:
/// invalid_argument for what no table stores (NaN, an infinity), size_limit_exceeded beyond 64 MiB
/// or 256 levels.
///
///     file.insert(shelf::or_throw(shelf::to_term(user{"alice", 42})));
template <class T>
[[nodiscard]] result<term> to_term(const T& value) {
  detail::encoder out;
  detail::encode(out, value);
  if (auto done = out.outcome(); !done) return std::unexpected(done.error());
  return term::from_canonical(out.written());
}

/// The value that a term stands for, checked as a table checks a file: type_mismatch names the
/// place inside of the term, what was expected there and what was found. Linear time.
///
///     auto u = shelf::from_term<user>(object);
template <class T>
[[nodiscard]] result<T> from_term(const term& t) {
  return detail::decode<T>(t.encoded());
}

}  // namespace shelf
