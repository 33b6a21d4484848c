// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// The end of a call: what becomes of its writes, and of those whose writers have gone.
#include "cluster/committer.hpp"

#include <utility>

namespace shelf::cluster {

void committer::give_back(bool is_refused) {
  std::vector<write_queue::item> all;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& m : call_->members) all.push_back(m.write);
    call_.reset();
  }
  if (is_refused) {
    queue_.use([&](auto&) {
      for (const auto& w : all) ++w->refusals;
    });
  }
  queue_.put_back(all);
}

/// What was not decided is tried again.
void committer::end_call() {
  std::vector<write_queue::item> again;
  {
    const std::scoped_lock lock(mutex_);
    queue_.use([&](auto&) {
      for (const auto& m : call_->members) {
        again.push_back(m.write);
        if (call_->is_refused(m, call_->refused)) {
          ++m.write->refusals;
        } else if (m.unit != 0 && is_shown_) {
          queue_.settle(*m.write, std::nullopt);
        }
      }
    });
    call_.reset();
  }
  queue_.put_back(again);
  shared_.nudge();
}

void committer::fail_members(const error& why) {
  queue_.use([&](auto&) {
    for (const auto& m : call_->members) {
      if (m.unit == 0) continue;
      queue_.settle(*m.write, why);
      if (m.write->what == nullptr) continue;
      m.write->what->fail(why);
      queue_.finish(*m.write);
    }
  });
  queue_.wake();
}

/// The server has the call under its nonce, so it has happened; but the tables were loaded anew
/// meanwhile, from a log that did not have it any more.
void committer::succeed(const commit_answer& answer) {
  {
    const std::scoped_lock lock(mutex_);
    call_->refused = answer.refused;
    is_shown_ = true;
    queue_.use([&](auto&) {
      for (const auto& m : call_->members) {
        auto& w = *m.write;
        if (m.unit == 0 || w.what == nullptr || call_->is_refused(m, answer.refused)) continue;
        if (!w.what->succeed()) tell_nothing(w, answer.seq);
        queue_.finish(w);
      }
    });
  }
  queue_.wake();
}

/// Under the lock of the queue: what it has replaced cannot be told.
void committer::tell_nothing(waiting_write& w, std::int64_t seq) {
  const auto number = queue_.outcomes().begin(false);
  w.what->fail(error(errc::indeterminate,
                     w.what->label() + ": committed as " + std::to_string(seq) +
                         ", but the tables were loaded anew meanwhile, and what the write "
                         "replaced is not known",
                     "ticket " + std::to_string(number)));
  queue_.outcomes().resolve(number, std::nullopt);
}

/// It was sent, and the log is too short to tell whether it was done. So it is never sent again.
void committer::lose() {
  {
    const std::scoped_lock lock(mutex_);
    queue_.use([&](auto&) {
      for (const auto& m : call_->members) {
        if (m.unit == 0) continue;
        const auto why = [&](const std::string& label, std::uint64_t number) {
          return error(errc::indeterminate,
                       label +
                           ": the server was away for longer than its log goes back: whether "
                           "the write has happened will not be known",
                       "ticket " + std::to_string(number));
        };
        auto& w = *m.write;
        queue_.settle(w, why("a write", w.number));
        if (w.what == nullptr) continue;
        const auto number = w.number != 0 ? w.number : queue_.outcomes().begin(false);
        const auto lost = why(w.what->label(), number);
        w.what->fail(lost);
        queue_.finish(w);
        queue_.outcomes().resolve(number, lost);
      }
    });
  }
  queue_.wake();
  end_call();
}

void committer::forget_call() noexcept {
  std::optional<call> gone;
  const std::scoped_lock lock(mutex_);
  gone.swap(call_);
}

}  // namespace shelf::cluster
