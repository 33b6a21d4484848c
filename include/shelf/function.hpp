// API  [api] -> engine -> stores -> journal -> file
// A callable that is kept: what config and progress take.
#pragma once

#include "shelf/error.hpp"

#include <cstddef>
#include <type_traits>
#include <utility>

namespace shelf {

namespace detail {

/// A pointer to a member, called on an object or on what points to one.
template <class M, class T, class... A>
constexpr decltype(auto) invoke_member(M member, T&& object, A&&... a) {
  if constexpr (
      !requires { std::forward<T>(object).*member; } &&
      !requires { (std::forward<T>(object).*member)(std::forward<A>(a)...); })
    return invoke_member(member, *std::forward<T>(object), std::forward<A>(a)...);
  else if constexpr (std::is_member_function_pointer_v<M>)
    return (std::forward<T>(object).*member)(std::forward<A>(a)...);
  else
    return (std::forward<T>(object).*member);
}

/// std::invoke without <functional>, which takes longer to compile than all of our headers.
template <class F, class... A>
constexpr decltype(auto) invoke(F&& f, A&&... a) {
  if constexpr (std::is_member_pointer_v<std::remove_cvref_t<F>>)
    return detail::invoke_member(f, std::forward<A>(a)...);
  else
    return std::forward<F>(f)(std::forward<A>(a)...);
}

/// A callable that can be empty and says so by equaling a null pointer, as std::function does.
/// Lambdas that convert to a pointer never are.
template <class F>
concept nullable = std::is_pointer_v<F> || std::is_member_pointer_v<F> ||
                   (std::is_class_v<F> && requires(const F& f) {
                     static_cast<bool>(f == nullptr);
                   } && !requires(const F& f) { +f; });

/// f can only change a V in place: it takes V& and nothing else. A member function is one if it is
/// not const.
template <class F, class V>
consteval bool takes_by_reference() {
  if constexpr (!std::is_invocable_v<F&, V&>)
    return false;
  else if constexpr (std::is_member_function_pointer_v<std::remove_cvref_t<F>>)
    return !std::is_invocable_v<F&, const V&>;
  else
    return !std::is_invocable_v<F&, V&&>;
}

}  // namespace detail

template <class Signature>
class function;

/// Owns a copy of a callable, as std::function does, which it can be made of and assigned to, and
/// which takes several times as long to compile. Calling an empty one throws shelf::exception with
/// invalid_argument, and aborts in a program without exceptions.
/// Thread safety: as of the callable.
template <class R, class... A>
class function<R(A...)> {
 public:
  /// Empty.
  function() noexcept = default;
  /// Empty.
  function(std::nullptr_t) noexcept {}  // NOLINT: as std::function
  /// Holds a copy of f; empty if f is a null pointer, or equals one as an empty std::function does.
  template <class F, class T = std::decay_t<F>>
    requires(!std::is_same_v<T, function> && std::is_invocable_r_v<R, T&, A...>)
  function(F&& f) {  // NOLINT: as std::function
    // Not a constraint: a class that is made of a function would have to be copied to know it.
    static_assert(std::is_copy_constructible_v<T>,
                  "A shelf::function copies its callable, and this one cannot be copied: let it "
                  "hold what it owns in a std::shared_ptr.");
    if constexpr (detail::nullable<std::remove_cvref_t<F>>) {
      if (f == nullptr) return;
    }
    target_ = new T(std::forward<F>(f));
    call_ = [](void* target, A... a) -> R {
      if constexpr (std::is_void_v<R>)
        detail::invoke(*static_cast<T*>(target), std::forward<A>(a)...);
      else
        return detail::invoke(*static_cast<T*>(target), std::forward<A>(a)...);
    };
    own_ = [](void* target, bool copies) -> void* {
      if (copies) return new T(*static_cast<const T*>(target));
      delete static_cast<T*>(target);
      return nullptr;
    };
  }
  /// A copy of the callable.
  function(const function& other)
      : target_(other.target_ ? other.own_(other.target_, true) : nullptr),
        call_(other.call_),
        own_(other.own_) {}
  /// Leaves the other empty.
  function(function&& other) noexcept
      : target_(std::exchange(other.target_, nullptr)), call_(other.call_), own_(other.own_) {}
  /// Drops what it held.
  function& operator=(function other) noexcept {
    std::swap(target_, other.target_);
    std::swap(call_, other.call_);
    std::swap(own_, other.own_);
    return *this;
  }
  ~function() {
    if (target_) own_(target_, false);
  }

  /// Whether there is something to call.
  explicit operator bool() const noexcept { return target_ != nullptr; }
  /// True if it is empty.
  friend bool operator==(const function& f, std::nullptr_t) noexcept { return !f; }
  /// Calls it.
  R operator()(A... a) const {
    if (target_ == nullptr) detail::fail_empty_call();
    return call_(target_, std::forward<A>(a)...);
  }

 private:
  void* target_ = nullptr;
  R (*call_)(void*, A...) = nullptr;
  void* (*own_)(void*, bool copies) = nullptr;  ///< copies the target, or destroys it
};

}  // namespace shelf
