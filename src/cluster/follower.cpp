// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// A session that fails is given up; a log that makes no sense is replaced by a snapshot.
#include "cluster/follower.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace shelf::cluster {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds poll_every{250};
constexpr milliseconds first_pause{50};
constexpr milliseconds longest_pause{2000};

}  // namespace

result<> follower::begin(std::unique_ptr<server> session, deadline until) {
  session_ = std::move(session);
  if (auto heard = session_->listen(until); !heard) return heard;
  if (auto loaded = to_.load(*session_, until); !loaded) return loaded;
  (void)shared_.set_state(replica_state::following, std::nullopt);
  return {};
}

result<> follower::connect(deadline until) {
  if (session_) return {};
  auto opened = connect_(until);
  if (!opened) return std::unexpected(opened.error());
  if (auto heard = (*opened)->listen(until); !heard) return heard;
  session_ = std::move(*opened);
  return {};
}

follower::next follower::step(deadline until) {
  auto done = connect(until);
  auto after = result<next>(next::pause);
  if (done) after = look(until);
  if (done && after) {
    failures_ = 0;
    if (shared_.set_state(replica_state::following, std::nullopt)) {
      events_.add({.what = event::kind::resumed, .seq = shared_.at().seq, .why = {}});
    }
    return *after;
  }
  note(done ? after.error() : done.error());
  return next::pause;
}

/// Whether the server was not there, or is there and makes no sense.
void follower::note(const error& why) {
  ++failures_;
  session_.reset();
  const bool is_gone = why == errc::unavailable;
  const bool is_login = why == errc::denied || why == errc::unsafe_engine;
  if (!must_load_ && !is_gone && !is_login) must_load_ = applier::news::too_late;
  const auto state = is_gone || is_login ? replica_state::disconnected : replica_state::stopped;
  if (!shared_.set_state(state, why)) return;
  to_.report(why);
  if (state == replica_state::disconnected) {
    events_.add({.what = event::kind::disconnected, .seq = shared_.at().seq, .why = why});
  }
}

result<follower::next> follower::look(deadline until) {
  if (must_load_ || wanted_.load() != taken_.load()) {
    return load(must_load_.value_or(applier::news::none), until);
  }
  const auto came = to_.catch_up(*session_, until);
  if (!came) return std::unexpected(came.error());
  if (*came == applier::news::none) return next::wait;
  return *came == applier::news::some ? next::at_once : load(*came, until);
}

result<follower::next> follower::load(applier::news why, deadline until) {
  const auto wanted = wanted_.load();
  if (auto loaded = to_.start_anew(why, *session_, until); !loaded) {
    must_load_ = why;
    return std::unexpected(loaded.error());
  }
  must_load_.reset();
  taken_ = wanted;
  shared_.nudge();
  return next::at_once;
}

/// What this node has committed itself is shown already, and no news.
void follower::wait_for_news(deadline until) {
  const auto soon = std::min(until, std::chrono::steady_clock::now() + poll_every);
  for (;;) {
    const auto heard = session_->wait(soon);
    if (!heard) return note(heard.error());
    if (!*heard || **heard > shared_.at().seq) return;
  }
}

milliseconds follower::pause() const {
  const auto most = std::min(longest_pause, first_pause * (1 << std::min(failures_, 6)));
  static thread_local std::minstd_rand random{std::random_device{}()};
  return most / 2 + milliseconds(random() % static_cast<unsigned>(most.count() / 2 + 1));
}

}  // namespace shelf::cluster
