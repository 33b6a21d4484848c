// API  [api] -> engine -> stores -> journal -> file
// What can go wrong: the closed list of codes, the error value, and the exception on request.
#pragma once

#include "shelf/detail/language.hpp"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#if defined(__cpp_exceptions)
#define SHELF_HAS_EXCEPTIONS 1
#else
#define SHELF_HAS_EXCEPTIONS 0
#endif

namespace shelf {

/// Every way a call can fail. Closed: no catch-all. `docs/errors.md` gives cause and cure of each.
enum class errc : std::uint8_t {
  not_found = 1,        ///< no such key (or, at open, no such file)
  key_already_present,  ///< insert_new found its key
  table_closed,         ///< the handle was closed
  not_owner,            ///< one_writer: this thread does not hold the table
  already_open,         ///< the file is open for writing elsewhere
  invalid_path,         ///< the path is malformed or leaves base_directory
  file_error,           ///< the operating system reported an error; os_error() says why
  no_space,             ///< the disk, the quota or the file-size limit is exhausted
  size_limit_exceeded,  ///< an entry, a nesting or a file is larger than the limits allow
  type_mismatch,        ///< stored entries or the stored schema do not fit the C++ types
  wrong_kind,           ///< a map was opened as a bag, for example
  not_a_table,          ///< the file is not a shelf table
  unsupported_version,  ///< written by a newer version of shelf, or with unsupported features
  corrupt,              ///< bytes that were once safe on disk have changed
  read_only,            ///< the table was opened to read
  fenced,               ///< an earlier failure stopped all writing; see recover()
  indeterminate,        ///< the sync of this very write failed: it may or may not be on disk
  replaced,             ///< the table's file was replaced by another
  forked,               ///< the handle belongs to the parent process
  overflow,             ///< a counter would overflow its type
  busy,                 ///< a callback tried to close the table that runs it
  cursor_lost,          ///< the changes after this position are no longer kept
  invalid_argument,     ///< the arguments are invalid
  conflict,             ///< a transaction met other writes in each of its attempts
  unavailable,          ///< the server of a cluster was not reached in time; nothing happened
  denied,               ///< the server of a cluster refused the login or the privilege
  unsafe_engine,        ///< the server of a cluster promises less than was asked for
  server_error,         ///< the server of a cluster reported another error, or answered wrongly
  table_full,           ///< config.bounds leave no room for what was to be written
  stale,                ///< a cluster's server was not heard of for longer than max_staleness
  overloaded,           ///< too many writes wait for a cluster's server; nothing happened
};

/// The name of a code as in the enum, such as "not_found".
[[nodiscard]] std::string_view to_string(errc code) noexcept;

/// The category of shelf's codes, so that `std::error_code` can carry them.
[[nodiscard]] const std::error_category& error_category() noexcept;
/// What makes `std::error_code code = errc::fenced;` work.
[[nodiscard]] std::error_code make_error_code(errc code) noexcept;

/// Why a call failed: a code, an errno if the system caused it, and a sentence. Small and cheap to
/// copy; allocates nothing for a bare code (not_found, key_already_present).
/// Thread safety: as a std::shared_ptr: distinct objects are independent.
class [[nodiscard]] error {
 public:
  /// A code is an error: where nothing is to be added, `errc` converts.
  error(errc code) noexcept : code_(code) {}  // NOLINT
  /// `message` is one sentence that names file, place and cause, and no key or value content;
  /// `details` may hold content, each piece cut at 64 bytes by the caller.
  error(errc code, std::string message, std::string details = {}, int os_error = 0);

  /// The code.
  [[nodiscard]] errc code() const noexcept { return code_; }
  /// errno of the failed system call, or 0.
  [[nodiscard]] int os_error() const noexcept { return os_error_; }
  /// One sentence for people: file, place, cause. Holds no key or value content.
  [[nodiscard]] std::string message() const;
  /// message() followed by what was found where, including key and value content (cut at 64 bytes).
  [[nodiscard]] std::string details() const;

  /// Compares the code: `e == errc::not_found`.
  friend bool operator==(const error& e, errc code) noexcept { return e.code_ == code; }
  /// Compares the errno: `e == std::errc::no_space_on_device`.
  friend bool operator==(const error& e, std::errc code) noexcept {
    return e.os_error_ != 0 && e.os_error_ == static_cast<int>(code);
  }
  /// Writes message(), so nothing of keys and values.
  friend std::ostream& operator<<(std::ostream& out, const error& e);

 private:
  friend class exception;
  struct text;
  [[nodiscard]] const char* sentence() const noexcept;

  std::shared_ptr<const text> text_;
  int os_error_ = 0;
  errc code_;
};

/// The return type of every function that can fail.
template <class T = void>
using result = std::expected<T, error>;

/// The error as an exception, for `or_throw`.
class exception : public std::system_error {
 public:
  /// code() is the error's code in error_category().
  explicit exception(error e);
  /// The error's message().
  [[nodiscard]] const char* what() const noexcept override;
  /// The error that was thrown, whole.
  [[nodiscard]] const error& reason() const noexcept { return reason_; }

 private:
  error reason_;
};

namespace detail {
/// Throws shelf::exception; in a program without exceptions prints the sentence and aborts.
[[noreturn]] void fail(const error& e);
/// What calling an empty shelf::function does.
[[noreturn]] void fail_empty_call();
/// Two failures in one: the code of the first, and both sentences.
[[nodiscard]] error and_closing_failed(const error& first, const error& closing);
}  // namespace detail

/// The value of a result, or its error thrown as shelf::exception.
template <class T>
T or_throw(result<T> r) {
  if (!r) detail::fail(r.error());
  if constexpr (!std::is_void_v<T>) return std::move(*r);
}

}  // namespace shelf

template <>
struct std::is_error_code_enum<shelf::errc> : std::true_type {};
