// API  [api] -> engine -> stores -> journal -> file
// A borrowed callable: how the compiled core calls back into the typed shell without allocating.
#pragma once

#include "shelf/detail/language.hpp"

#include <memory>
#include <type_traits>
#include <utility>

namespace shelf::detail {

template <class Signature>
class function_ref;

/// Refers to a callable that outlives the call it is passed to.
template <class R, class... A>
class function_ref<R(A...)> {
 public:
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, function_ref> &&
             std::is_invocable_r_v<R, F&, A...>)
  function_ref(F&& f) noexcept  // NOLINT: a callable is a function_ref
      : target_(const_cast<void*>(static_cast<const void*>(std::addressof(f)))),
        call_([](void* target, A... a) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(target))(std::forward<A>(a)...);
        }) {}

  R operator()(A... a) const { return call_(target_, std::forward<A>(a)...); }

 private:
  void* target_;
  R (*call_)(void*, A...);
};

}  // namespace shelf::detail
