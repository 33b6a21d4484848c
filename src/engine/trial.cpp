// ENGINE  api -> [engine] -> stores -> journal -> file
// The same code decides here as for tables of our own: live_table::stage, on copies.
#include "engine/trial.hpp"

#include "engine/transaction_run.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace shelf::engine {
namespace {

using detail::planned_change;
using detail::planned_read;
using detail::planned_write;
using verb = operation::verb;

[[nodiscard]] std::vector<std::byte> copy_of(bytes b) { return {b.begin(), b.end()}; }

[[nodiscard]] entry::owner copy_of(const entry::owner& e) {
  return e ? entry::make(e->key(), e->value(), e->until()) : nullptr;
}

/// An operation whose entries can be staged, with room of its own for what becomes of it. What it
/// would show its writer it does not show unless it is for good.
class copied_operation {
 public:
  copied_operation(operation& of, bool for_good)
      : of_(of), copy_(*of.on, of.what), nothing_{.end = {}, .show = ignore_} {
    copy_.keeps = of.keeps;
    copy_.made = copy_of(of.made);
    copy_.hash = of.hash;
    copy_.key = of.key;
    copy_.value = of.value;
    copy_.expected = of.expected;
    copy_.created = of.created;
    copy_.derived = of.derived;
    copy_.count = of.count;
    copy_request(for_good);
  }

  [[nodiscard]] operation& what() noexcept { return copy_; }
  /// Tells the writer.
  void hand_over() {
    of_.outcome = copy_.outcome;
    of_.count = copy_.count;
    of_.counter = copy_.counter;
    of_.changed = copy_.changed;
    of_.failure = std::move(copy_.failure);
    if (of_.what == verb::write) of_.all->counts = all_.counts;
    for (std::size_t i = 0; i < same_entries_.size(); ++i) {
      of_.same->entries[i].done = same_entries_[i].done;
    }
  }

 private:
  void copy_request(bool for_good) {
    switch (of_.what) {
      case verb::insert_batch:
      case verb::insert_batch_new:
        for (const auto& e : of_.entries->entries()) batch_.entries().push_back(copy_of(e));
        copy_.entries = &batch_;
        return;
      case verb::write:
        for (const auto& c : of_.all->changes) {
          changes_.push_back({c.what, copy_of(c.made), c.key, c.value});
        }
        all_.changes = changes_;
        copy_.all = &all_;
        return;
      case verb::change_same:
        same_entries_.assign(of_.same->entries.begin(), of_.same->entries.end());
        for (const auto& e : of_.same->made) same_.made.push_back(copy_of(e));
        same_.entries = same_entries_;
        copy_.same = &same_;
        return;
      case verb::take:
      case verb::take_end:
        nothing_.end = of_.to_take->end;
        copy_.to_take = for_good ? of_.to_take : &nothing_;
        return;
      case verb::update_counter: copy_.step = of_.step; return;
      case verb::edit: copy_.how = of_.how; return;
      default: return;  // it has no more than its entry, or its key and value
    }
  }

  operation& of_;
  operation copy_;
  static constexpr auto show_nothing = [](bytes, bytes) {};
  detail::function_ref<void(bytes, bytes)> ignore_ = show_nothing;
  taker nothing_;
  encoded_batch batch_{~std::size_t{0}, {}};
  std::vector<batch_change> changes_;
  batch_write all_{.changes = {}, .counts = {}};
  std::vector<detail::same_entry> same_entries_;
  same_write same_{.entries = {}, .made = {}};
};

[[nodiscard]] planned_change planned(const live_table& in, detail::replica_change::verb what,
                                     bytes key, bytes value = {}) {
  return {.what = what, .table = in.id(), .key = copy_of(key), .value = copy_of(value)};
}

/// What an insert does.
[[nodiscard]] detail::replica_change::verb put_in(const live_table& t) noexcept {
  using change_verb = detail::replica_change::verb;
  return t.is_bag_kind() ? change_verb::append : change_verb::put;
}

/// Changes that need no look at the table, because they happen whatever is there.
void plan_blind(const operation& op, planned_write& into) {
  using change_verb = detail::replica_change::verb;
  const auto& in = *op.on;
  switch (op.what) {
    case verb::insert:
      into.changes.push_back(planned(in, put_in(in), op.made->key(), op.made->value()));
      return;
    case verb::insert_batch:
      for (const auto& e : op.entries->entries()) {
        into.changes.push_back(planned(in, put_in(in), e->key(), e->value()));
      }
      return;
    case verb::write:
      for (const auto& c : op.all->changes) {
        const auto what = c.what == detail::change_verb::insert  ? put_in(in)
                          : c.what == detail::change_verb::erase ? change_verb::erase
                                                                 : change_verb::erase_value;
        const bool has_value = what != change_verb::erase;
        into.changes.push_back(planned(in, what, c.key, has_value ? c.value : bytes{}));
      }
      return;
    case verb::erase: into.changes.push_back(planned(in, change_verb::erase, op.key)); return;
    case verb::erase_value:
      into.changes.push_back(planned(in, change_verb::erase_value, op.key, op.value));
      return;
    case verb::clear:
      into.changes.push_back(planned(in, change_verb::clear, {}));
      into.is_clear = true;
      return;
    default: assert(false && "the others look first");
  }
}

/// Whether what the operation changes depends on what is there.
[[nodiscard]] bool looks_first(const operation& op) noexcept {
  switch (op.what) {
    case verb::insert:
    case verb::insert_batch:
    case verb::erase:
    case verb::clear: return false;
    case verb::erase_value: return !op.on->is_bag_kind();
    case verb::write: {
      const auto erases_value = [](const auto& c) {
        return c.what == detail::change_verb::erase_value;
      };
      return !op.on->is_bag_kind() && std::ranges::any_of(op.all->changes, erases_value);
    }
    default: return true;
  }
}

[[nodiscard]] bool is_batch(const operation& op) noexcept {
  return op.what == verb::insert_batch || op.what == verb::insert_batch_new;
}

/// The keys that an operation looks at.
[[nodiscard]] std::vector<bytes> keys_of(const operation& op) {
  std::vector<bytes> all;
  if (op.made) all.push_back(op.made->key());
  if (!op.made && op.key.data() != nullptr) all.push_back(op.key);
  if (is_batch(op)) {
    for (const auto& e : op.entries->entries()) all.push_back(e->key());
  } else if (op.what == verb::write) {
    for (const auto& c : op.all->changes) all.push_back(c.key);
  } else if (op.what == verb::change_same) {
    for (const auto& e : op.same->entries) all.push_back(e.key);
  }
  return all;
}

/// How many values readers see under a key.
[[nodiscard]] std::size_t count_of(const live_table& in, bytes key) {
  std::vector<const entry*> found;
  in.held()->find_all(key, latest, found);
  return found.size();
}

void plan_reads(const operation& op, planned_write& into) {
  const auto& in = *op.on;
  for (const auto key : keys_of(op)) {
    into.reads.push_back({.what = planned_read::scope::key,
                          .table = in.id(),
                          .key = copy_of(key),
                          .count = count_of(in, key)});
  }
  if (op.what != verb::take_end || into.changes.empty()) return;
  const bool is_first = op.to_take->end == detail::place::first;
  into.reads.push_back({.what = is_first ? planned_read::scope::up_to : planned_read::scope::from,
                        .table = in.id(),
                        .key = into.changes.front().key});
}

/// What staging has noted for a file.
[[nodiscard]] planned_change as_planned(const live_table& in, const journal::change& c) {
  using change_verb = detail::replica_change::verb;
  switch (c.what) {
    case journal::op::put: return planned(in, change_verb::put, c.key, c.value);
    case journal::op::append: return planned(in, change_verb::append, c.key, c.value);
    case journal::op::erase_value: return planned(in, change_verb::erase_value, c.key, c.value);
    default:
      assert(c.what == journal::op::erase && "nothing expires, and a clear looks at nothing");
      return planned(in, change_verb::erase, c.key);
  }
}

}  // namespace

std::size_t routed_write::size() const noexcept {
  if (op_.what == verb::commit) return static_cast<transaction_run&>(*op_.commit).size();
  std::size_t sum = op_.key.size() + op_.value.size();
  const auto add = [&](const entry::owner& e) {
    if (e) sum += e->key().size() + e->value().size();
  };
  add(op_.made);
  if (is_batch(op_)) std::ranges::for_each(op_.entries->entries(), add);
  if (op_.what == verb::write) {
    for (const auto& c : op_.all->changes) sum += c.key.size() + c.value.size();
  }
  if (op_.what == verb::change_same) {
    for (const auto& e : op_.same->entries) sum += e.key.size();
    std::ranges::for_each(op_.same->made, add);
  }
  return sum;
}

namespace {

[[nodiscard]] transaction_run& run_of(const operation& op) noexcept {
  return static_cast<transaction_run&>(*op.commit);
}

[[nodiscard]] trial::outcome plan_commit(operation& op, group& to, planned_write& into) {
  operation tried(*op.on, op.what);
  into = {};
  auto& run = run_of(op);
  if (!run.try_stage(tried, to, &into)) return trial::outcome::must_wait;
  if (into.is_clear && into.changes.size() > 1) {
    tried.failure =
        error(errc::invalid_argument, op.on->label() +
                                          ": a transaction of a cluster that clears a table can "
                                          "change nothing else");
  }
  op.is_conflict = tried.is_conflict;
  op.failure = std::move(tried.failure);
  if (op.is_conflict || op.failure) return trial::outcome::over;
  run.plan_reads(into);
  return trial::outcome::planned;
}

}  // namespace

trial::outcome trial::plan(detail::replica_write& w, detail::planned_write& into) {
  auto& op = static_cast<routed_write&>(w).what();
  if (op.what == verb::commit) return plan_commit(op, to_, into);
  if (op.on->held() == nullptr) {
    op.failure = op.on->labelled(errc::table_closed);
    return outcome::over;
  }
  copied_operation copy(op, false);
  const auto before = to_.changes.size();
  if (!op.on->stage(copy.what(), to_)) return outcome::must_wait;
  if (op.derived != nullptr && op.derived->missing) return outcome::over;
  into = {};
  if (looks_first(op)) {
    for (auto i = before; i < to_.changes.size(); ++i) {
      into.changes.push_back(as_planned(*op.on, to_.changes[i]));
    }
    plan_reads(op, into);
  } else {
    plan_blind(op, into);
  }
  return outcome::planned;
}

void trial::decide(detail::replica_write& w) {
  auto& op = static_cast<routed_write&>(w).what();
  if (op.what == verb::commit) {
    // Later writes of the call are decided on top of it. The server has found its reads to be good.
    operation tried(*op.on, op.what);
    static_cast<void>(run_of(op).try_stage(tried, to_, nullptr));
    op.changed = true;
    return;
  }
  if (op.on->held() == nullptr) {
    op.failure = op.on->labelled(errc::table_closed);
    return;
  }
  copied_operation copy(op, true);
  const auto before = to_.staged;
  if (!op.on->stage(copy.what(), to_)) {
    assert(false && "it was planned on top of as much");
    op.failure = op.on->labelled(errc::server_error);
    return;
  }
  copy.what().changed = to_.staged > before;
  copy.hand_over();
}

bool trial::decide_if_idle(detail::replica_write& w) {
  auto& op = static_cast<routed_write&>(w).what();
  if (op.on->held() == nullptr) {
    op.failure = op.on->labelled(errc::table_closed);
    return true;
  }
  const auto before = to_.staged;
  if (op.what == verb::commit) {
    operation tried(*op.on, op.what);
    if (!run_of(op).try_stage(tried, to_, nullptr) || to_.staged > before) return false;
    op.is_conflict = tried.is_conflict;
    op.failure = std::move(tried.failure);
    return true;
  }
  copied_operation copy(op, false);
  if (!op.on->stage(copy.what(), to_) || to_.staged > before) return false;
  copy.hand_over();
  return true;
}

}  // namespace shelf::engine
