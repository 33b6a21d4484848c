// API  [api] -> engine -> stores -> journal -> file
// When an entry expires, and the clocks that decide it.
#pragma once

#include "shelf/detail/clock.hpp"

#include <atomic>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace shelf {

namespace detail {

/// Milliseconds of a duration, rounded up; what does not fit into `most` becomes `most` + 1, and
/// what is not a number 0.
template <class Rep, class Period>
[[nodiscard]] constexpr std::int64_t whole_milliseconds(std::chrono::duration<Rep, Period> d,
                                                        std::int64_t most) noexcept {
  using std::chrono::milliseconds;
  const auto about = std::chrono::duration<long double, std::milli>(d).count();
  if (!(about > -static_cast<long double>(most)) && about < 0) return -most;
  if (about > static_cast<long double>(most)) return most + 1;
  if (!(about == about)) return 0;
  const auto cut = std::chrono::duration_cast<milliseconds>(d).count();
  return static_cast<long double>(cut) < about ? cut + 1 : cut;
}

}  // namespace detail

/// When an entry expires: it counts as absent from that moment on. Deadlines are absolute, in whole
/// milliseconds, rounded up.
///
///     t.insert("s1", session, shelf::expiry::in(30min));
class expiry {
 public:
  /// A moment of the wall clock.
  using time = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;
  /// The latest deadline there is: the end of the year 9999.
  static constexpr time latest{std::chrono::milliseconds(253'402'300'799'999)};

  /// As config.ttl says: so long after the write, or never if it is not set.
  constexpr expiry() noexcept = default;
  /// So long after the write. The call that is given it returns invalid_argument unless the
  /// duration is positive, and no longer than from 1970 to `latest`; a deadline after `latest`
  /// becomes `latest`.
  template <class Rep, class Period>
  [[nodiscard]] static constexpr expiry in(std::chrono::duration<Rep, Period> d) noexcept {
    return {form::in, detail::whole_milliseconds(d, longest)};
  }
  /// At that moment. One that has passed is allowed: the entry is written, and absent at once.
  /// invalid_argument before 1970 and after `latest`.
  template <class Duration>
  [[nodiscard]] static constexpr expiry at(
      std::chrono::time_point<std::chrono::system_clock, Duration> t) noexcept {
    return {form::at, detail::whole_milliseconds(t.time_since_epoch(), longest)};
  }
  /// Not at all, whatever config.ttl says.
  [[nodiscard]] static constexpr expiry never() noexcept { return {form::never, 0}; }
  /// When the present entry of the key does; if there is none, as config.ttl says.
  [[nodiscard]] static constexpr expiry keep() noexcept { return {form::keep, 0}; }

  /// For the library: what was asked for.
  enum class form : std::uint8_t { by_default, in, at, never, keep };
  /// For the library: how it was asked for.
  [[nodiscard]] constexpr form what() const noexcept { return what_; }
  /// For the library: milliseconds, of `in` and `at`.
  [[nodiscard]] constexpr std::int64_t milliseconds() const noexcept { return milliseconds_; }
  /// For the library: of a duration.
  static constexpr std::int64_t longest = latest.time_since_epoch().count();

 private:
  constexpr expiry(form what, std::int64_t milliseconds) noexcept
      : what_(what), milliseconds_(milliseconds) {}

  form what_ = form::by_default;
  std::int64_t milliseconds_ = 0;
};

/// What decides whether a deadline has passed. config.clock takes one; tables that have none ask
/// the operating system. Outlives the tables that use it.
/// Thread safety: all calls from any thread.
class clock {
 public:
  virtual ~clock() = default;
  /// The time of day, since 1970. May jump.
  [[nodiscard]] virtual std::chrono::milliseconds wall() const noexcept = 0;
  /// Time that passes evenly, and while the machine sleeps too; only differences count.
  [[nodiscard]] virtual std::chrono::milliseconds steady() const noexcept = 0;
};

/// A clock that stands still until it is told otherwise, for tests.
class manual_clock final : public clock {
 public:
  /// Starts at that moment.
  explicit manual_clock(expiry::time at) noexcept : wall_(at.time_since_epoch().count()) {}
  [[nodiscard]] std::chrono::milliseconds wall() const noexcept override {
    return std::chrono::milliseconds(wall_.load());
  }
  [[nodiscard]] std::chrono::milliseconds steady() const noexcept override {
    return std::chrono::milliseconds(steady_.load());
  }
  /// Time passes.
  void advance(std::chrono::milliseconds by) noexcept {
    wall_ += by.count();
    steady_ += by.count();
  }
  /// The time of day is set, as an administrator or NTP does: no time passes.
  void set(expiry::time at) noexcept { wall_ = at.time_since_epoch().count(); }

 private:
  std::atomic<std::int64_t> wall_;
  std::atomic<std::int64_t> steady_{0};
};

/// What the function given to get_or_compute may return: a value, and when it expires.
template <class V>
struct kept {
  V value;            ///< to be stored and returned
  expiry until = {};  ///< as insert takes it
};
template <class V>
kept(V, expiry) -> kept<V>;

}  // namespace shelf
