// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// A commit is acknowledged by its own call alone, and shown before its writers go.
#include "cluster/committer.hpp"

#include "cluster/seeded_bug.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <new>
#include <thread>
#include <utility>

namespace shelf::cluster {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds between_wakes{1};
// Who was away for so long, or has missed so many commits, loads its tables anew.
constexpr std::chrono::seconds kept_for{600};
constexpr std::int64_t kept_commits = 10'000;
constexpr std::chrono::seconds between_trims{60};
constexpr steady_clock::duration longest_gathering = std::chrono::microseconds(300);
constexpr std::chrono::seconds between_looks{5};  // at what the server promises

[[nodiscard]] error out_of_memory() {
  return {errc::file_error, "out of memory for a call to the server", {}, ENOMEM};
}

}  // namespace

result<> committer::connect(deadline until) {
  if (session_) return {};
  auto opened = connect_(until);
  if (!opened) return std::unexpected(opened.error());
  session_ = std::move(*opened);
  return {};
}

result<bool> committer::step(deadline until) {
  const bool has_call = unresolved().has_value();
  const auto is_held = has_call ? hold::none : hold_now();
  // What others ask for has to wait: it would let go of the space.
  if (is_held == hold::held && !queue_.has_holders() && steady_clock::now() < hold_until_) {
    return false;
  }
  const bool has_writes = has_call || !queue_.is_empty();
  const bool is_asked = shared_.open_question() || steady_clock::now() >= next_beat_;
  if (!has_writes && !is_asked && !owes_wake_ && is_held == hold::none) return false;
  auto done = result<bool>(true);
  if (auto connected = connect(until); !connected) {
    done = std::unexpected(connected.error());
  } else if (has_call) {
    if (auto sent = send(until); !sent) done = std::unexpected(sent.error());
  } else if (is_held != hold::none) {
    done = step_of_hold(is_held, until);
  } else if (is_asked && !(has_writes && was_beat_)) {
    auto said = beat(*session_, until);
    if (said) said = look_after(until);
    if (!said) done = std::unexpected(said.error());
  } else if (has_writes) {
    done = begin_call(until);
  } else if (auto told = wake(until); !told) {
    done = std::unexpected(told.error());
  }
  if (!done) {
    session_.reset();
    set_hold(hold::none);
  }
  return done;
}

/// A beat is a commit of its own: what it returns is at or behind all that was acknowledged before.
result<> committer::beat(server& to, deadline until) {
  // Who asks from here on gets the next one: this one may be on the way already.
  was_beat_ = true;
  const auto question = shared_.open_question();
  const auto sent = steady_clock::now();
  const auto head = to.beat(id_, node_, shared_.at().seq, until);
  if (!head) return std::unexpected(head.error());
  next_beat_ = sent + beat_every_;
  shared_.prove(sent, *head);
  if (question) shared_.answer(*question, *head);
  return {};
}

/// What is done now and then, after a beat.
result<> committer::look_after(deadline until) {
  const auto now = steady_clock::now();
  if (now >= next_look_) {
    auto kept = session_->check_promise(until);
    if (kept || kept.error() == errc::unsafe_engine) tell_promise_(kept);
    if (!kept) return kept;
    next_look_ = now + between_looks;
  }
  return now >= next_trim_ ? trim(until) : result<>();
}

/// Each node does it now and then, as the server lets one do it at a time. A call that is sent
/// again has to find what it did: so the log is kept for longer than any call is.
result<> committer::trim(deadline until) {
  const auto more = session_->trim(kept_commits, kept_for, until);
  if (!more) return std::unexpected(more.error());
  if (!*more) next_trim_ = steady_clock::now() + between_trims;
  return {};
}

result<> committer::wake(deadline until) {
  owes_wake_ = false;
  last_wake_ = steady_clock::now();
  return session_->wake(shared_.at().seq, until);
}

// --- a call --------------------------------------------------------------------------------------

result<bool> committer::begin_call(deadline until) {
  if (hold_now() == hold::none) gather();
  if (auto made = collect(); !made) return std::unexpected(made.error());
  if (!unresolved()) return true;  // all of it was over
  const bool is_idle = [&] {
    const std::scoped_lock lock(mutex_);
    return !call_->has_units();
  }();
  if (auto done = is_idle ? decide_idle(until) : send(until); !done) {
    return std::unexpected(done.error());
  }
  return true;
}

/// Writers that the last call let go may come back at once. A call that waits for them a moment has
/// them all; else every second call would have the few that were fast, and all others the rest.
void committer::gather() {
  const auto until = steady_clock::now() + std::min(longest_gathering, last_took_ / 4);
  const auto queued = [&] {
    std::size_t count = 0;
    queue_.use([&](const auto& queue) { count = queue.size(); });
    return count;
  };
  while (queued() < last_size_ && steady_clock::now() < until) std::this_thread::yield();
}

/// What waits becomes the call, as far as it goes together.
result<> committer::collect() {
  const bool is_held = hold_now() == hold::held;
  std::vector<write_queue::item> taken;
  std::optional<call> made;
  const auto take_all = [&](detail::replica_trial& t, const applier::tables& tables,
                            const log_position& at) {
    call_builder builder(tables);
    queue_.use([&](auto& queue) {
      while (!queue.empty() && !builder.is_full()) {
        const auto next = queue.front();
        if (is_held && !next->is_holders) break;
        if (next->what == nullptr) {
          queue.pop_front();
          continue;
        }
        taken.push_back(next);
        detail::planned_write planned;
        const auto outcome = t.plan(*next->what, planned);
        const bool must_wait = outcome == detail::replica_trial::outcome::must_wait ||
                               (planned.is_clear && !builder.is_empty());
        if (must_wait) {
          taken.pop_back();
          break;
        }
        queue.pop_front();
        auto added = result<>();
        if (outcome == detail::replica_trial::outcome::planned) {
          next->is = waiting_write::state::sent;
          added = builder.add(next, planned);
          if (!added) next->what->fail(added.error());
        }
        if (outcome == detail::replica_trial::outcome::over || !added) queue_.finish(*next);
        if (!added || planned.is_clear || alone_ != 0) break;
      }
    });
    if (!builder.is_empty()) made = builder.build(at);
  };
  try {
    auto tried = to_.try_writes(take_all);
    alone_ -= std::min<std::size_t>(alone_, taken.size());
    queue_.wake();
    if (!tried) return tried;
  } catch (const std::bad_alloc&) {
    queue_.use([&](auto& queue) {
      for (const auto& w : taken) {
        std::erase(queue, w);
        if (w->what == nullptr) continue;
        w->what->fail(out_of_memory());
        queue_.finish(*w);
      }
    });
    queue_.wake();
    return {};
  }
  if (!made) return {};
  queue_.use([&](auto&) {
    // What would change nothing is not sent: it is certain that it does not happen.
    for (const auto& m : made->members) {
      if (m.unit == 0) m.write->is = waiting_write::state::queued;
    }
  });
  const std::scoped_lock lock(mutex_);
  call_ = std::move(made);
  is_shown_ = false;
  return {};
}

/// No write of the call would change anything here. Whether that is so everywhere a beat tells.
result<> committer::decide_idle(deadline until) {
  if (auto gone = let_go(until); !gone) return gone;
  const auto sent = steady_clock::now();
  const auto head = has_bug(seeded_bug::idle_answered_from_memory)
                        ? result<log_position>(shared_.at())
                        : session_->beat(id_, node_, shared_.at().seq, until);
  auto done = head ? result<>() : std::unexpected(head.error());
  if (done) {
    shared_.prove(sent, *head);
    done = catch_up_to(*head, until);
  }
  if (done) {
    done = to_.try_writes(
        [&](detail::replica_trial& t, const applier::tables&, const log_position& at) {
          decide(t, {.at = at, .changes = {}, .refused = {}});
        });
  }
  if (done) shown({});
  end_call();
  return done;
}

result<> committer::send(deadline until) {
  was_beat_ = false;
  if (has_bug(seeded_bug::other_nonce_when_sent_again) && call_->is_sent) {
    const std::scoped_lock lock(mutex_);
    call_->sent.nonce = random_uuid();
  }
  if (has_bug(seeded_bug::acknowledged_when_sent)) succeed({});
  // A call that was sent before proves nothing: it may have been done then.
  const bool is_first = !call_->is_sent;
  const auto question = shared_.open_question();
  const auto sent = steady_clock::now();
  const auto answer = session_->commit(call_->sent, until);
  if (hold_now() != hold::wanted) set_hold(hold::none);
  last_size_ = call_->members.size();
  last_took_ = steady_clock::now() - sent;
  if (!answer) return not_answered(answer.error(), until);
  if ((is_first || has_bug(seeded_bug::resent_call_answers_sync)) &&
      answer->outcome == commit_outcome::committed) {
    const log_position made{answer->seq, answer->nonce};
    shared_.prove(sent, made);
    if (question) shared_.answer(*question, made);
  }
  return take(*answer, until);
}

result<> committer::take(const commit_answer& answer, deadline until) {
  switch (answer.outcome) {
    case commit_outcome::committed: break;
    case commit_outcome::all_refused: give_back(true); return catch_up(until);
    case commit_outcome::catalog_changed: give_back(false); return catch_up(until);
    case commit_outcome::base_trimmed:
      if (call_->is_sent && !has_bug(seeded_bug::lost_call_done_again)) {
        lose();
      } else {
        give_back(false);
      }
      return to_.start_anew(applier::news::too_late, *session_, until);
    case commit_outcome::other_history:
      give_back(false);
      return to_.start_anew(applier::news::diverged, *session_, until);
  }
  call_->is_sent = true;
  owes_wake_ = true;
  auto done =
      is_settled() ? result<>() : to_.apply_next(call_->commit_of(answer), *session_, until);
  if (done && !is_settled()) done = catch_up_to({answer.seq, answer.nonce}, until);
  if (!done) return done;
  if (!is_settled()) succeed(answer);
  end_call();
  if (steady_clock::now() - last_wake_ >= between_wakes) return wake(until);
  return {};
}

/// Whether the server has done it is not known; unless it has said that it has not.
result<> committer::not_answered(const error& why, deadline until) {
  call_->is_sent = call_->is_sent || session_->was_sent();
  if (has_bug(seeded_bug::lost_answer_is_unavailable)) {
    fail_members(error(errc::unavailable));
    end_call();
    return std::unexpected(why);
  }
  if (!call_->is_sent || has_bug(seeded_bug::lost_answer_taken_for_no)) {
    give_back(false);
    return std::unexpected(why);
  }
  if (why == errc::unavailable) return std::unexpected(why);
  // It refuses the call, or its answer makes no sense: the log tells which.
  const auto head = session_->head(until);
  auto done = head ? catch_up_to(*head, until) : std::unexpected(head.error());
  if (!done) return done;
  if (is_settled()) {
    end_call();
    return {};
  }
  if (call_->members.size() == 1) {
    fail_members(why);
    end_call();
  } else {
    // One of them may be the cause.
    alone_ = call_->members.size();
    give_back(false);
  }
  return {};
}

/// To the end of the log.
result<> committer::catch_up(deadline until) {
  const auto head = session_->head(until);
  if (!head) return std::unexpected(head.error());
  return catch_up_to(*head, until);
}

/// Until this commit is shown, or one behind it. If what is shown is of another history, it is
/// replaced.
result<> committer::catch_up_to(const log_position& head, deadline until) {
  for (;;) {
    const auto reached = shared_.has_reached(head);
    if (reached && *reached) return {};
    auto came = reached ? to_.catch_up(*session_, until) : applier::news::diverged;
    if (!came) return std::unexpected(came.error());
    if (*came == applier::news::too_late || *came == applier::news::diverged) {
      return to_.start_anew(*came, *session_, until);
    }
    if (*came == applier::news::none) {
      return std::unexpected(
          error(errc::server_error,
                session_->name() + ": the log ends before commit " + std::to_string(head.seq)));
    }
  }
}

// --- what has become of it -----------------------------------------------------------------------

bool committer::is_settled() const {
  const std::scoped_lock lock(mutex_);
  return is_shown_;
}

bool committer::is_idle() const { return !unresolved() && queue_.is_empty(); }

std::optional<uuid> committer::unresolved() const {
  const std::scoped_lock lock(mutex_);
  return call_ ? std::optional(call_->sent.nonce) : std::nullopt;
}

bool committer::has_call() const { return unresolved().has_value(); }

bool committer::is_own(const logged_commit& c) const {
  const std::scoped_lock lock(mutex_);
  return call_ && call_->sent.nonce == c.call && !is_shown_;
}

void committer::decide(detail::replica_trial& t, const logged_commit& c) noexcept {
  const std::scoped_lock lock(mutex_);
  call_->refused = c.refused;
  queue_.use([&](auto&) {
    for (const auto& m : call_->members) {
      auto& w = *m.write;
      if (m.unit == 0 || w.what == nullptr || call_->is_refused(m, c.refused)) continue;
      try {
        t.decide(*w.what);
      } catch (const std::bad_alloc&) {
        w.what->fail(error(errc::indeterminate));  // it has happened
      }
      w.is = waiting_write::state::decided;
    }
    for (const auto& m : call_->members) {
      auto& w = *m.write;
      if (m.unit != 0 || w.what == nullptr) continue;
      try {
        if (!t.decide_if_idle(*w.what)) break;
      } catch (const std::bad_alloc&) {
        break;
      }
      w.is = waiting_write::state::decided;
    }
  });
}

void committer::shown(const logged_commit&) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    queue_.use([&](auto&) {
      for (const auto& m : call_->members) {
        if (m.write->is == waiting_write::state::decided) queue_.finish(*m.write);
      }
    });
    is_shown_ = true;
  }
  queue_.wake();
}

}  // namespace shelf::cluster
