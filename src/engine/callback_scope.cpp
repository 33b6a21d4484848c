// ENGINE  api -> [engine] -> stores -> journal -> file
// The callbacks that run on this thread, innermost first: a list through the stack.
#include "shelf/detail/core.hpp"

namespace shelf::detail {
namespace {

constinit thread_local const callback_scope* innermost = nullptr;

}  // namespace

callback_scope::callback_scope(const core& of) noexcept : of_(of), outer_(innermost) {
  innermost = this;
}

callback_scope::~callback_scope() { innermost = outer_; }

bool callback_scope::is_inside(const core& of) noexcept {
  for (const auto* scope = innermost; scope != nullptr; scope = scope->outer_) {
    if (&scope->of_ == &of) return true;
  }
  return false;
}

}  // namespace shelf::detail
