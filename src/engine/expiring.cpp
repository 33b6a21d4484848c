// ENGINE  api -> [engine] -> stores -> journal -> file
// Entries that expire: their deadlines given, asked for, moved, and what has passed erased.
#include "engine/instance.hpp"
#include "engine/live_table.hpp"
#include "kinds/expiry_wheel.hpp"
#include "memory/epoch.hpp"

#include <algorithm>
#include <cassert>
#include <new>

namespace shelf::engine {
namespace {

constexpr std::size_t erased_a_turn = 256;
/// Nodes of the wheel that a turn looks at, besides those that it erases.
constexpr std::size_t moved_a_turn = 4096;

static_assert(kinds::no_deadline == detail::no_deadline &&
              kinds::no_deadline == journal::no_deadline);

}  // namespace

result<> live_table::check_given(const expiry& e) const {
  using form = expiry::form;
  const auto refuse = [&](const char* why) {
    return std::unexpected(error(errc::invalid_argument, label() + ": " + why));
  };
  const auto what = e.what();
  if (what == form::never) return {};
  if (!how_.keeps_deadlines) {
    return refuse(of_.is_replica() ? "a table of a cluster keeps no deadlines"
                                   : "a DETS file keeps no deadlines");
  }
  if (what == form::in && e.milliseconds() <= 0) {
    return refuse("expiry::in: the duration must be positive");
  }
  if (what == form::in && e.milliseconds() > expiry::longest) {
    return refuse("expiry::in: the duration is too long; expiry::never() keeps an entry forever");
  }
  if (what == form::at && e.milliseconds() < 0) {
    return refuse("expiry::at: the moment is before 1970");
  }
  if (what == form::at && e.milliseconds() > expiry::longest) {
    return refuse("expiry::at: the moment is after 9999; expiry::never() keeps an entry forever");
  }
  return {};
}

deadline live_table::deadline_at(const expiry& e, deadline now) const noexcept {
  using form = expiry::form;
  constexpr auto last = static_cast<deadline>(expiry::longest);
  const auto after = [&](std::int64_t ms) {
    return std::min(std::min(now, last) + static_cast<deadline>(ms), last);
  };
  switch (e.what()) {
    case form::in: return after(e.milliseconds());
    case form::at: return static_cast<deadline>(e.milliseconds());
    case form::never: return no_deadline;
    case form::by_default:
    case form::keep: break;
  }
  const auto ttl = ttl_.load(std::memory_order_relaxed);
  return ttl == 0 ? no_deadline : after(ttl);
}

deadline live_table::deadline_of(const expiry& e) const noexcept {
  using form = expiry::form;
  const auto what = e.what();
  const bool is_relative = what == form::in || ((what == form::by_default || what == form::keep) &&
                                                ttl_.load(std::memory_order_relaxed) != 0);
  const auto at = deadline_at(e, is_relative ? of_.clock().now() : 0);
  if (at != no_deadline) of_.clock().note_need();
  return at;
}

/// For readers, at this moment.
bool live_table::is_expired(const entry& e) const noexcept {
  return e.is_expired(of_.clock().now());
}

result<std::uint64_t> live_table::expires_at(const sought_key& key) const {
  assert(!is_bag_kind());
  const memory::epoch_guard guard;
  if (auto can = readable(); !can) return std::unexpected(can.error());
  const auto* const c = look();
  if (c == nullptr) return std::unexpected(labelled(errc::table_closed));
  const auto* const e = c->find(key, latest);
  if (e == nullptr || (e->expires() && is_expired(*e))) {
    return std::unexpected(error(errc::not_found));
  }
  return e->until();
}

result<> live_table::touch(bytes key, const expiry& until) {
  if (!may_write()) return std::unexpected(why_not());
  if (auto valid = check(until); !valid) return valid;
  operation op(*this, operation::verb::touch);
  op.key = key;
  op.keeps = until.what() == expiry::form::keep;
  const auto at = deadline_of(until);
  op.until = &at;
  of_.wait_for_reservation(*this);
  of_.commits().submit(op);
  if (op.failure) return std::unexpected(*op.failure);
  return {};
}

result<std::size_t> live_table::purge_expired() {
  if (!may_write()) return std::unexpected(why_not());
  const auto now = of_.clock().now();
  std::size_t all = 0;
  for (;;) {
    const auto done = sweep(now, true);
    if (!done) return std::unexpected(done.error());
    all += done->count;
    if (!done->is_more) return all;
  }
}

result<live_table::swept> live_table::sweep(deadline until, bool is_exact) {
  operation op(*this, operation::verb::sweep);
  sweep_request request{.until = until, .is_exact = is_exact};
  op.to_sweep = &request;
  of_.commits().submit(op);
  if (op.failure) return std::unexpected(*op.failure);
  return swept{op.count, request.is_more, request.is_left};
}

void live_table::add_expiry_figures(table_stats& to) const {
  if (!of_.clock().is_needed() || owned_ == nullptr) return;
  to.expiring += owned_->wheel().size();
  to.expired += owned_->wheel().count_due(of_.clock().now());
}

// --- in the turn ---------------------------------------------------------------------------------

const entry* live_table::find_live(bytes key, group& to) const {
  return find_live(key, draft().announce(key), to);
}

/// The entry with the deadline of the one that it replaces, if there is one.
void live_table::keep_deadline(entry::owner& e, std::uint64_t hash, group& to) const {
  const auto* const there = find_live(e->key(), hash, to);
  if (there != nullptr) give_deadline(e, there->until());
}

void give_deadline(entry::owner& e, deadline until) {
  if (e->until() != until) e = entry::make(e->key(), e->value(), until);
}

/// In the turn, of an entry that the group makes.
deadline live_table::deadline_of(const expiry& e, group& to) const noexcept {
  const auto at = deadline_of(e);
  to.needs_care = to.needs_care || at != no_deadline;
  return at;
}

void live_table::stage_touch(operation& op, group& to) {
  const auto hash = draft().announce(op.key);
  const auto* const there = find_live(op.key, hash, to);
  if (there == nullptr) {
    op.failure = error(errc::not_found);
    return;
  }
  if (op.keeps || there->until() == *op.until) return;
  auto made = entry::make(there->key(), there->value(), *op.until);
  put_with_care(made, hash, to, journal::op::expire);
}

/// What stands in the wheel is published, and nothing is staged on top of it.
bool live_table::stage_sweep(operation& op, group& to) {
  if (is_touched_) return false;
  auto& wheel = owned_->wheel();
  if (wheel.size() == 0) return true;
  auto& due = to.due;
  due.clear();
  due.reserve(erased_a_turn);
  // An exact sweep is one that somebody waits for.
  auto& request = *op.to_sweep;
  bool is_sorted = wheel.advance(request.until, moved_a_turn);
  while (!is_sorted && request.is_exact) is_sorted = wheel.advance(request.until, moved_a_turn);
  wheel.collect_due(request.until, erased_a_turn, request.is_exact, due);
  for (const auto* const e : due) {
    assert(draft().find_staged(e->key()) == e);
    drop_with_care(true, e->key(), {}, to, journal::flag::expired);
  }
  op.count = due.size();
  request.is_left = wheel.size() > due.size();
  request.is_more = !is_sorted || due.size() == erased_a_turn;
  return true;
}

// --- by itself -----------------------------------------------------------------------------------

/// Erases some of what has expired. How long until the next look: so long that sweeping takes a
/// tenth of the time; idle, if nothing will expire.
std::chrono::nanoseconds instance::sweep() noexcept {
  constexpr std::chrono::nanoseconds between_looks = std::chrono::seconds(1);
  constexpr std::chrono::nanoseconds shortest = std::chrono::milliseconds(1);
  const bool may_write = config_.in_memory || writes_file();
  if (!may_write) return housekeeper::idle;
  // Asked at every visit: so a clock that stands is trusted by the time there is something to
  // sweep.
  const auto until = clock_.trusted();
  if (!clock_.is_needed()) return housekeeper::idle;
  // A transaction that has its tables to itself would meet the sweep.
  if (until == 0 || reserved_.is_held()) return between_looks;
  const auto began = system_.now();
  bool is_more = false;
  bool is_left = false;
  for (std::size_t i = 0;; ++i) {
    live_table* t = nullptr;
    {
      const std::scoped_lock lock(names_);
      if (i == tables_.size()) break;
      t = tables_[i].get();
    }
    try {
      const auto done = t->sweep(until, false);
      if (!done && done.error() != errc::table_closed) return between_looks;
      is_more = is_more || (done && done->is_more);
      is_left = is_left || (done && done->is_left);
    } catch (const std::bad_alloc&) {
      is_left = true;
    }
  }
  if (!is_more) return is_left ? between_looks : housekeeper::idle;
  return std::clamp(9 * (system_.now() - began), shortest, between_looks);
}

}  // namespace shelf::engine
