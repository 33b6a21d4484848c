// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Numbers under one lock.
#include "cluster/progress.hpp"

#include <algorithm>
#include <utility>

namespace shelf::cluster {
namespace {

constexpr std::size_t recent_kept = 1024;

}  // namespace

void progress::is_showing_next(bool is_so) noexcept {
  const std::scoped_lock lock(mutex_);
  if (is_showing_next_ == is_so) return;
  is_showing_next_ = is_so;
  if (is_so) return;
  ++shown_;
  changed_.notify_all();
}

void progress::reached(const log_position& at) noexcept {
  const std::scoped_lock lock(mutex_);
  if (std::exchange(is_showing_next_, false)) ++shown_;
  if (at.seq <= at_.seq) recent_.clear();  // another history
  at_ = at;
  recent_.push_back(at);
  if (recent_.size() > recent_kept) recent_.pop_front();
  known_.head = std::max(known_.head, at.seq);
  std::erase_if(proofs_, [&](const proof& p) {
    if (p.at.seq > at.seq) return false;
    if (is_ours(p.at)) fresh_as_of_ = std::max(fresh_as_of_.value_or(p.sent), p.sent);
    return true;
  });
  note_change();
}

void progress::heard_of(std::int64_t head) noexcept {
  const std::scoped_lock lock(mutex_);
  known_.head = std::max(known_.head, head);
}

bool progress::is_ours(const log_position& wanted) const noexcept {
  const auto same = std::ranges::find(recent_, wanted.seq, &log_position::seq);
  return same == recent_.end() || *same == wanted;
}

void progress::prove(deadline sent, const log_position& at) {
  const std::scoped_lock lock(mutex_);
  known_.head = std::max(known_.head, at.seq);
  if (at.seq <= at_.seq) {
    if (is_ours(at)) fresh_as_of_ = std::max(fresh_as_of_.value_or(sent), sent);
  } else {
    // A later one that asks for no more says more.
    std::erase_if(proofs_, [&](const proof& p) { return p.sent <= sent && p.at.seq >= at.seq; });
    if (proofs_.size() < recent_kept) proofs_.push_back({sent, at});
  }
  note_change();
}

void progress::note_resync() noexcept {
  const std::scoped_lock lock(mutex_);
  ++known_.resyncs;
  note_change();
}

void progress::note_divergence() noexcept {
  const std::scoped_lock lock(mutex_);
  ++known_.divergences;
  // What was proved was of the other history.
  known_.head = 0;
  proofs_.clear();
}

bool progress::note_promise(std::optional<error> why) {
  const std::scoped_lock lock(mutex_);
  const bool is_new = known_.promise_problem.has_value() != why.has_value();
  known_.promise_problem = std::move(why);
  return is_new;
}

bool progress::set_state(replica_state s, std::optional<error> why) {
  const std::scoped_lock lock(mutex_);
  if (is_closed_) return false;
  const bool is_new = known_.state != s;
  known_.state = s;
  known_.problem = std::move(why);
  if (is_new) note_change();
  return is_new;
}

void progress::close() {
  const std::scoped_lock lock(mutex_);
  is_closed_ = true;
  known_.state = replica_state::closed;
  note_change();
}

log_position progress::at() const {
  const std::scoped_lock lock(mutex_);
  return at_;
}

replica_status progress::status() const {
  std::unique_lock lock(mutex_);
  const auto seen = shown_;
  changed_.wait(lock, [&] { return !is_showing_next_ || shown_ != seen; });
  auto s = known_;
  s.position = {at_.seq, at_.nonce.content};
  if (fresh_as_of_) {
    s.age = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                  *fresh_as_of_);
  }
  return s;
}

std::optional<deadline> progress::fresh_as_of() const {
  const std::scoped_lock lock(mutex_);
  return fresh_as_of_;
}

result<bool> progress::has_reached(const log_position& wanted) const {
  const std::scoped_lock lock(mutex_);
  if (at_.seq < wanted.seq) return false;
  if (is_ours(wanted)) return true;
  return std::unexpected(error(
      errc::cursor_lost,
      "commit " + std::to_string(wanted.seq) + " is of a history that the server does not have"));
}

std::uint64_t progress::ask_for_beat() {
  const std::scoped_lock lock(mutex_);
  ++questions_;
  note_change();
  return questions_;
}

std::optional<std::uint64_t> progress::open_question() const {
  const std::scoped_lock lock(mutex_);
  return questions_ > answers_ ? std::optional(questions_) : std::nullopt;
}

void progress::answer(std::uint64_t question, const log_position& at) {
  const std::scoped_lock lock(mutex_);
  answers_ = std::max(answers_, question);
  last_answer_ = at;
  note_change();
}

std::optional<log_position> progress::answered(std::uint64_t question) const {
  const std::scoped_lock lock(mutex_);
  return answers_ >= question ? std::optional(last_answer_) : std::nullopt;
}

void progress::nudge() {
  const std::scoped_lock lock(mutex_);
  note_change();
}

std::uint64_t progress::changes() const {
  const std::scoped_lock lock(mutex_);
  return changes_;
}

void progress::wait(std::uint64_t seen, deadline until) {
  std::unique_lock lock(mutex_);
  (void)changed_.wait_until(lock, until, [&] { return changes_ != seen || is_closed_; });
}

bool progress::is_closed() const {
  const std::scoped_lock lock(mutex_);
  return is_closed_;
}

std::optional<error> progress::problem() const {
  const std::scoped_lock lock(mutex_);
  return known_.problem;
}

std::string_view to_string(replica_state s) noexcept {
  switch (s) {
    case replica_state::following: return "following";
    case replica_state::disconnected: return "disconnected";
    case replica_state::stopped: return "stopped";
    case replica_state::closed: return "closed";
  }
  return "unknown state";
}

}  // namespace shelf::cluster
