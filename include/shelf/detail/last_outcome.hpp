// API  [api] -> engine -> stores -> journal -> file
// A user's function that may run several times: what its last run returned.
#pragma once

#include "shelf/detail/callback.hpp"

#include <optional>
#include <type_traits>
#include <utility>

namespace shelf::detail {

/// What a function that returns R returned when it ran last. The core is told only whether that was
/// an error.
template <class R>
class last_outcome {
  static_assert(!std::is_reference_v<R>,
                "The function of a transaction returns a value, not a reference: what it refers to "
                "may be gone once the transaction has ended.");

 public:
  /// What the whole call returns: R, if it is a result, else result<R>.
  using type = std::conditional_t<is_result<R>::value, R, result<R>>;

  /// One run.
  template <class Call>
  [[nodiscard]] result<> run(Call&& call) {
    if constexpr (std::is_void_v<R>) {
      call();
    } else {
      last_.reset();
      last_.emplace(call());
      if constexpr (is_result<R>::value) {
        if (!*last_) return std::unexpected(last_->error());
      }
    }
    return {};
  }
  /// The value of the last run, if all went well.
  template <class Done>
  [[nodiscard]] type take(const result<Done>& done) {
    if (!done) return type(std::unexpected(done.error()));
    if constexpr (std::is_void_v<R>)
      return {};
    else
      return *std::move(last_);
  }

 private:
  std::optional<std::conditional_t<std::is_void_v<R>, bool, R>> last_;
};

}  // namespace shelf::detail
