// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// A transaction that was overtaken too often has the space to itself while it runs.
#include "cluster/committer.hpp"

namespace shelf::cluster {
namespace {

using std::chrono::steady_clock;

/// Less than what the server ends by itself.
constexpr std::chrono::milliseconds longest_hold{900};

}  // namespace

bool committer::want_hold() {
  const std::scoped_lock lock(mutex_);
  if (hold_ != hold::none) return false;
  hold_ = hold::wanted;
  holder_ = std::this_thread::get_id();
  return true;
}

bool committer::is_hold_pending() const { return hold_now() == hold::wanted; }

bool committer::is_holder() const {
  const std::scoped_lock lock(mutex_);
  return hold_ == hold::held && holder_ == std::this_thread::get_id();
}

void committer::end_hold() {
  const std::scoped_lock lock(mutex_);
  if (holder_ != std::this_thread::get_id() || hold_ == hold::none) return;
  hold_ = hold_ == hold::wanted ? hold::none : hold::over;
}

committer::hold committer::hold_now() const {
  const std::scoped_lock lock(mutex_);
  return hold_;
}

void committer::set_hold(hold is) {
  {
    const std::scoped_lock lock(mutex_);
    if (hold_ == is) return;
    hold_ = is;
  }
  shared_.nudge();
}

result<bool> committer::step_of_hold(hold is, deadline until) {
  if (is == hold::held && steady_clock::now() < hold_until_) return begin_call(until);
  auto done = is == hold::wanted ? begin_hold(until) : let_go(until);
  if (!done) return std::unexpected(done.error());
  return true;
}

/// What the transaction is shown from then on cannot be overtaken.
result<> committer::begin_hold(deadline until) {
  const auto head = session_->hold(until);
  if (!head) return std::unexpected(head.error());
  if (auto shown = catch_up_to(*head, until); !shown) return shown;
  hold_until_ = steady_clock::now() + longest_hold;
  {
    const std::scoped_lock lock(mutex_);
    // Who wanted it may have gone meanwhile.
    if (hold_ == hold::wanted) {
      hold_ = hold::held;
    } else {
      hold_ = hold::over;
    }
  }
  shared_.nudge();
  return {};
}

result<> committer::let_go(deadline until) {
  const auto is = hold_now();
  if (is == hold::none || is == hold::wanted) return {};
  auto gone = session_->let_go(until);
  set_hold(hold::none);
  return gone;
}

}  // namespace shelf::cluster
