// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Who calls waits for numbers; who follows and who commits makes them grow.
#include "cluster/replication.hpp"

#include "cluster/declaring.hpp"
#include "cluster/seeded_bug.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace shelf::cluster {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds beat_when_idle{10'000};
constexpr milliseconds shortest_beat{20};
constexpr milliseconds retry_after{100};

[[nodiscard]] milliseconds beat_every(milliseconds max_staleness) noexcept {
  if (max_staleness.count() == 0) return beat_when_idle;
  return std::clamp(max_staleness / 3, shortest_beat, beat_when_idle);
}

}  // namespace

replication::replication(detail::replica& memory, connect_function connect,
                         replication_settings how)
    : to_server_(std::move(connect)),
      how_(std::move(how)),
      memory_(memory),
      applier_(memory, shared_, *events_),
      follower_(how_.connect_to_read ? how_.connect_to_read : connect_, applier_, shared_,
                *events_),
      committer_(connect_, applier_, shared_, how_.node, beat_every(how_.max_staleness)) {
  applier_.tell(committer_);
  committer_.queue().outcomes().tell([this](std::uint64_t number) {
    events_->add({.what = event::kind::resolved, .seq = shared_.at().seq, .ticket = number});
  });
  committer_.tell_promise([this](const result<>& kept) { note_promise(kept); });
}

replication::~replication() { stop(); }

result<> replication::begin(std::unique_ptr<server> session, deadline until) {
  if (auto proved = committer_.beat(*session, until); !proved) return proved;
  if (auto loaded = follower_.begin(std::move(session), until); !loaded) return loaded;
  if (how_.connect_to_read) follower_.forget_session();
  if (!how_.has_threads) return {};
  const std::scoped_lock lock(stopping_);
  threads_.emplace_back([this] { follow(); });
  threads_.emplace_back([this] { commit(); });
  if (how_.max_staleness.count() != 0) threads_.emplace_back([this] { watch(); });
  return {};
}

result<std::unique_ptr<server>> replication::connect_and_look(deadline until) {
  auto opened = to_server_(until);
  if (opened) {
    note_promise({});
  } else if (opened.error() == errc::unsafe_engine) {
    note_promise(std::unexpected(opened.error()));
  }
  return opened;
}

/// Whether the server keeps the promise that the program has asked for.
void replication::note_promise(const result<>& kept) {
  const auto why = kept ? std::nullopt : std::optional(kept.error());
  if (!shared_.note_promise(why)) return;
  const auto what = why ? event::kind::promise_lost : event::kind::promise_restored;
  events_->add({.what = what, .seq = shared_.at().seq, .why = why});
  if (why) applier_.report(*why);
}

replica_status replication::status() const {
  auto s = shared_.status();
  const auto& queue = committer_.queue();
  s.queued_writes = queue.size();
  s.queued_bytes = queue.bytes();
  s.unresolved_writes = queue.outcomes().unresolved();
  return s;
}

// --- threads -------------------------------------------------------------------------------------

void replication::follow() {
  while (!shared_.is_closed()) {
    const auto next = follower_.step(in_time());
    if (next == follower::next::at_once) continue;
    const auto until = in_time();
    if (next == follower::next::wait) {
      follower_.wait_for_news(until);
    } else {
      rest(steady_clock::now() + follower_.pause());
    }
  }
  follower_.forget_session();
}

/// Whatever happens meanwhile.
void replication::rest(deadline until) {
  while (!shared_.is_closed() && steady_clock::now() < until) {
    shared_.wait(shared_.changes(), until);
  }
}

void replication::commit() {
  while (!shared_.is_closed()) {
    const auto seen = shared_.changes();
    const auto done = committer_.step(in_time());
    if (done && *done) continue;
    if (done) {
      shared_.wait(seen, committer_.next_beat());
    } else {
      // What fails here fails for the follower as well, which says so.
      rest(steady_clock::now() + retry_after);
    }
  }
  committer_.forget_session();
}

void replication::watch() {
  while (!shared_.is_closed()) {
    const auto seen = shared_.changes();
    shared_.wait(seen, look_at_age(steady_clock::now()));
  }
}

deadline replication::look_at_age(deadline now) {
  const auto proved = shared_.fresh_as_of();
  const auto end = proved ? *proved + how_.max_staleness : now;
  const bool is_stale = end <= now;
  if (is_stale != is_stale_) {
    is_stale_ = is_stale;
    memory_.refuse_reads(is_stale);
    events_->add({.what = is_stale ? event::kind::stale : event::kind::fresh,
                  .seq = shared_.at().seq,
                  .why = {}});
  }
  return is_stale ? now + how_.max_staleness : end;
}

void replication::stop() noexcept {
  shared_.close();
  const std::scoped_lock lock(stopping_);
  for (auto& t : threads_) t.join();
  threads_.clear();
  committer_.queue().close();
  committer_.forget_call();
  events_->close();
}

// --- callers -------------------------------------------------------------------------------------

error replication::too_late(const char* what) const {
  auto sentence = how_.label + ": " + what + ": no answer in time";
  const auto why = shared_.problem();
  if (why) sentence += "; the last failure: " + why->message();
  // It is not the network that keeps us waiting.
  const bool is_denied = why && *why == errc::denied;
  return {is_denied ? errc::denied : errc::unavailable, std::move(sentence)};
}

/// Without threads: what they would do next.
result<> replication::take_step(deadline until) {
  (void)follower_.step(until);
  (void)committer_.step(until);
  return {};
}

bool replication::is_late(int round, deadline until) const noexcept {
  return how_.has_threads ? steady_clock::now() >= until : round == how_.rounds;
}

result<> replication::wait(deadline until, const char* what,
                           detail::function_ref<result<bool>()> is_done) {
  for (int round = 0;; ++round) {
    const auto seen = shared_.changes();
    const auto done = is_done();
    if (!done) return std::unexpected(done.error());
    if (*done) return {};
    if (shared_.is_closed()) {
      return std::unexpected(error(errc::table_closed, how_.label + ": the database is closed"));
    }
    if (is_late(round, until)) return std::unexpected(too_late(what));
    if (how_.has_threads) {
      shared_.wait(seen, until);
    } else if (auto taken = take_step(until); !taken) {
      return taken;
    }
  }
}

/// Of another history there will be a snapshot.
result<> replication::wait_to_show(const log_position& at, deadline until) {
  return wait(until, "cannot catch up with the server",
              [&]() -> result<bool> { return shared_.has_reached(at).value_or(false); });
}

result<> replication::wait_for(const position& at, deadline until) {
  return wait(until, "cannot wait for a commit",
              [&] { return shared_.has_reached({at.seq, uuid{at.nonce}}); });
}

result<> replication::sync() {
  const auto until = in_time();
  const auto question = shared_.ask_for_beat();
  std::optional<log_position> answer;
  auto answered = wait(until, "cannot ask the server what it has", [&]() -> result<bool> {
    answer = shared_.answered(question);
    return answer.has_value();
  });
  if (!answered || has_bug(seeded_bug::sync_without_waiting)) return answered;
  return wait_to_show(*answer, until);
}

result<write_queue::item> replication::enqueue(detail::replica_write& w, deadline until,
                                               std::shared_ptr<void> owner) {
  for (int round = 0;; ++round) {
    const auto seen = committer_.queue().changes();
    auto item = !owner && committer_.is_holder() ? committer_.queue().push_first(w)
                                                 : committer_.queue().push(w, owner);
    if (item) {
      shared_.nudge();
      return item;
    }
    if (item.error() != errc::overloaded || is_late(round, until)) return item;
    if (how_.has_threads) {
      committer_.queue().wait(seen, until);
    } else {
      (void)take_step(until);
    }
  }
}

void replication::submit(detail::replica_write& w) {
  const auto until = in_time();
  const auto item = enqueue(w, until);
  if (!item) return w.fail(item.error());
  for (int round = 0;; ++round) {
    const auto seen = committer_.queue().changes();
    if (committer_.queue().is_done(*item)) return;
    if (is_late(round, until) || committer_.queue().is_over()) return let_go(w, *item);
    if (how_.has_threads) {
      committer_.queue().wait(seen, until);
    } else {
      (void)take_step(until);
    }
  }
}

result<std::uint64_t> replication::post(detail::replica_write& w, std::shared_ptr<void> owner) {
  const auto item = enqueue(w, in_time(), std::move(owner));
  if (!item) return std::unexpected(item.error());
  return (*item)->number;
}

std::shared_ptr<void> replication::hold() {
  const auto until = in_time();
  const auto mine = wait(until, "cannot have the space to itself",
                         [&]() -> result<bool> { return committer_.want_hold(); });
  if (!mine) return nullptr;
  shared_.nudge();
  std::shared_ptr<void> held(this, [](void* of) {
    auto& r = *static_cast<replication*>(of);
    r.committer_.end_hold();
    r.shared_.nudge();
  });
  (void)wait(until, "cannot have the space to itself",
             [&]() -> result<bool> { return !committer_.is_hold_pending(); });
  return held;
}

result<> replication::await(const detail::posted& p) {
  const auto until = in_time();
  for (int round = 0;; ++round) {
    const auto seen = committer_.queue().changes();
    if (auto known = p.outcome()) return *known;
    if (is_late(round, until) || committer_.queue().is_over()) {
      return std::unexpected(
          error(errc::indeterminate,
                how_.label + ": what becomes of a posted transaction is not known in time"));
    }
    if (how_.has_threads) {
      committer_.queue().wait(seen, until);
    } else {
      (void)take_step(until);
    }
  }
}

/// Its time is over.
void replication::let_go(detail::replica_write& w, const write_queue::item& of) {
  const auto call = committer_.unresolved();
  const auto code = committer_.queue().give_up(of);
  if (!code) return;
  auto sentence = w.label() + ": ";
  std::string ticket;
  switch (*code) {
    case errc::conflict:
      sentence += "other nodes have changed what the write looks at, each time it was tried";
      break;
    case errc::indeterminate:
      sentence += "the server has not answered in time: the write may have happened, or may yet";
      if (call) sentence += "; call " + to_string(*call);
      ticket = "ticket " + std::to_string(of->number);
      break;
    default: return w.fail(too_late((sentence + "the write was not sent").c_str()));
  }
  w.fail(error(*code, std::move(sentence), std::move(ticket)));
}

result<> replication::save() { return sync(); }

result<> replication::reload() {
  const auto until = in_time();
  const auto number = follower_.want_snapshot();
  return wait(until, "cannot load the tables anew",
              [&]() -> result<bool> { return follower_.snapshots_taken() >= number; });
}

result<> replication::recover() { return reload(); }

result<> replication::close() {
  committer_.queue().refuse();
  auto drained = wait(in_time(), "cannot end what is under way",
                      [&]() -> result<bool> { return committer_.is_idle(); });
  if (!drained && committer_.unresolved()) {
    drained = std::unexpected(
        error(errc::indeterminate,
              drained.error().message() + "; the last call may have happened, or may yet"));
  }
  stop();
  return drained;
}

void replication::abandon() noexcept {
  committer_.queue().refuse();
  stop();
}

result<> replication::declare(const detail::replica_table& wanted) {
  const auto until = in_time();
  auto session = connect_(until);
  if (!session) return std::unexpected(session.error());
  const auto made = declare_at(**session, wanted, until);
  if (!made) return std::unexpected(made.error());
  const auto head = (*session)->head(until);
  if (!head) return std::unexpected(head.error());
  return wait_to_show(*head, until);
}

}  // namespace shelf::cluster
