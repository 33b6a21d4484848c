// API  [api] -> engine -> stores -> journal -> file
// One value that everybody reads and hardly anybody replaces: configuration, routes, flags.
#pragma once

#include "shelf/detail/published_core.hpp"
#include "shelf/function.hpp"

#include <concepts>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace shelf {

namespace detail {

/// From none to as many as there can be: the conversion itself would overflow.
template <class Rep, class Period>
[[nodiscard]] constexpr std::chrono::nanoseconds nanoseconds_of(
    std::chrono::duration<Rep, Period> d) noexcept {
  using std::chrono::nanoseconds;
  using seconds = std::chrono::duration<double>;
  if (seconds(d) <= seconds(0)) return nanoseconds(0);
  if (seconds(d) >= seconds(nanoseconds::max())) return nanoseconds::max();
  return std::chrono::duration_cast<nanoseconds>(d);
}

}  // namespace detail

/// While one lives, no published value that its thread can reach is destroyed. Scopes nest; the
/// inner ones cost an increment. Keep it as long as a request takes, not as long as a thread lives:
/// it retains every value that is replaced meanwhile. The first scope of a thread may throw
/// std::bad_alloc.
/// Thread safety: belongs to the thread that made it. Scopes of a thread end on that thread, in any
/// order.
class [[nodiscard]] reader_scope {
 public:
  /// Begins to read.
  reader_scope()
      : slot_(detail::this_reader != nullptr ? detail::this_reader : detail::join_readers()) {
    if (slot_->values_depth++ == 0) detail::enter_values(*slot_);
  }
  /// Values that were replaced may go.
  ~reader_scope() {
    if (--slot_->values_depth == 0) slot_->values_since.store(0, std::memory_order_release);
  }
  reader_scope(const reader_scope&) = delete;
  reader_scope& operator=(const reader_scope&) = delete;

 private:
  detail::reader_slot* slot_;
};

/// A value that any number of threads read while others replace it as a whole, as Erlang's
/// persistent_term: `live.read()->limit`.
///
/// A read never blocks, writes to no memory that threads share, and costs about a nanosecond more
/// than reading a plain variable. It sees a value that was published as a whole, and keeps that one
/// for as long as it lasts. Publishing allocates the new value, and costs some microseconds.
///
/// A value that was replaced is destroyed when its readers have left: by the thread that publishes
/// this or a later value, else by shelf's background thread, within about 0.1 s; never by a thread
/// that only reads. So ~T() must be fit for any of these threads, and must not throw.
///
/// Thread safety: all calls from any thread concurrently. Destroying requires that no thread reads
/// or waits any more. A forked child may go on with the values of its parent.
template <class T>
class published {
  static_assert(std::is_object_v<T> && !std::is_array_v<T> && !std::is_const_v<T>,
                "A published<T> holds a plain object type: no reference, no array, not const.");

  struct node final : detail::published_value {
    template <class... A>
    explicit node(A&&... a) : value(std::forward<A>(a)...) {
      destroy = [](detail::retired& r) noexcept { delete static_cast<node*>(&r); };
    }
    T value;
  };

 public:
  /// The type of the value.
  using value_type = T;

  /// A read: the value that was current when it began, until it ends.
  /// Thread safety: belongs to the thread that made it.
  class [[nodiscard]] reading {
   public:
    /// The value.
    [[nodiscard]] const T& operator*() const noexcept { return node_->value; }
    /// Its members.
    [[nodiscard]] const T* operator->() const noexcept { return std::addressof(node_->value); }
    /// Its version: the first value has 1, and each that is published the next.
    [[nodiscard]] std::uint64_t version() const noexcept { return node_->version; }

   private:
    friend published;
    explicit reading(const published& of) : node_(of.current()) {}

    const reader_scope scope_;  // before the look at what is current
    const node* const node_;
  };

  /// The first value is T{}.
  published()
    requires std::default_initializable<T>
      : place_(new node()) {}
  /// The first value. Throws what moving T throws.
  explicit published(T first) : place_(new node(std::move(first))) {}
  published(const published&) = delete;
  published& operator=(const published&) = delete;
  /// Destroys the current value. Older ones that are still read are destroyed later.
  ~published() { delete current(); }

  /// The current value: `auto c = live.read();`, then `*c` and `c->`. Never blocks. Throws
  /// std::bad_alloc in a thread's first read.
  [[nodiscard]] reading read() const { return reading(*this); }
  /// The current value, valid until the scope ends. For several values, or many reads: it costs
  /// what reading a pointer costs.
  [[nodiscard]] const T& read(const reader_scope&) const noexcept { return current()->value; }
  /// Not of a scope that ends with the statement.
  const T& read(const reader_scope&&) const = delete;
  /// A copy of the current value. Throws what copying T throws.
  [[nodiscard]] T copy() const
    requires std::copy_constructible<T>
  {
    const reader_scope scope;
    return read(scope);
  }
  /// The version of the current value: the first value has 1, and each that is published the next.
  [[nodiscard]] std::uint64_t version() const { return read().version(); }

  /// Replaces the value. Every read that begins after it returns sees this value or a later one.
  /// Returns its version. Throws std::bad_alloc and what moving T throws, with nothing changed.
  std::uint64_t publish(T next) {
    auto fresh = std::make_unique<node>(std::move(next));
    auto& old = detail::replace(place_, *fresh);
    const auto version = old.version + 1;
    fresh.release();  // NOLINT: it is published
    detail::let_go_of(place_, old);
    return version;
  }
  /// Replaces the value by a copy that `f(T&)` has changed; returns its version. No update is lost:
  /// if another thread publishes meanwhile, `f` is called again, with a copy of the newer value. So
  /// it must not move from what it captured, and must not publish the same value. Throws what
  /// copying T and `f` throw, with nothing changed.
  template <class F>
    requires std::copy_constructible<T>
  std::uint64_t update(F&& f);

  /// Waits until the version is no longer `seen`, at most `timeout`; whether it has changed. Begin
  /// with version 0 to get the first value at once, and with reading::version() afterwards. Changes
  /// in quick succession wake once.
  template <class Rep, class Period>
  [[nodiscard]] bool wait_for_change(std::uint64_t seen,
                                     std::chrono::duration<Rep, Period> timeout) const {
    return detail::wait_for_change(place_, seen, detail::nanoseconds_of(timeout));
  }

 private:
  [[nodiscard]] node* current() const noexcept {
    return static_cast<node*>(place_.load(std::memory_order_acquire));
  }

  detail::published_place place_;
};

template <class T>
template <class F>
  requires std::copy_constructible<T>
std::uint64_t published<T>::update(F&& f) {
  static_assert(detail::takes_by_reference<F, T>() && std::is_void_v<std::invoke_result_t<F&, T&>>,
                "The function given to update takes the value by reference (T&, or auto&), changes "
                "it, and returns nothing.");
  for (;;) {
    detail::published_value* old = nullptr;
    std::uint64_t version = 0;
    {
      const reader_scope scope;  // so that no other value gets this one's address
      node* const seen = current();
      auto fresh = std::make_unique<node>(std::as_const(seen->value));
      detail::invoke(f, fresh->value);
      if (!detail::replace_if(place_, *seen, *fresh)) continue;
      version = seen->version + 1;
      fresh.release();  // NOLINT: it is published
      old = seen;
    }
    detail::let_go_of(place_, *old);
    return version;
  }
}

namespace detail {

/// Each type has one, at an address of its own. Not const, so that no linker merges them.
template <class T>
inline char type_mark = 0;

}  // namespace detail

/// The published value of that name and type, one for the process: the same object each time, made
/// with T{} by the first call. It is never destroyed. A look-up by name takes some 50 ns and does
/// not lock; keep the reference.
/// Thread safety: from any thread.
template <std::default_initializable T>
[[nodiscard]] published<T>& published_at(std::string_view name) {
  const auto make = []() -> void* { return new published<T>(); };
  return *static_cast<published<T>*>(
      detail::find_published(&detail::type_mark<T>, name, make,
                             [](void* late) noexcept { delete static_cast<published<T>*>(late); }));
}

}  // namespace shelf
