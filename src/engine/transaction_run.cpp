// ENGINE  api -> [engine] -> stores -> journal -> file
// A run committed: its reads repeated in the turn, its writes staged as one.
#include "engine/transaction_run.hpp"

#include "engine/instance.hpp"
#include "file/seeded_bug.hpp"
#include "memory/epoch.hpp"

#include <algorithm>
#include <cassert>

namespace shelf::engine {
namespace {

using file::has_bug;
using file::seeded_bug;

constinit thread_local const transaction_scope* innermost = nullptr;

/// A transaction of more writes gets a group of its own.
constexpr std::size_t large_transaction = 16;

/// Of a table that cannot be read: shows nothing.
class unreadable_table final : public detail::transaction_table_core {
 public:
  unreadable_table(error why, std::string label) : why_(std::move(why)), label_(std::move(label)) {}
  std::size_t lookup(const sought_key&, detail::function_ref<void(bytes)>, bool) override {
    return 0;
  }
  std::size_t size() override { return 0; }
  std::unique_ptr<walk> entries() override { return std::make_unique<no_walk>(); }
  bool seek(detail::place, bytes, detail::function_ref<void(bytes, bytes)>) override {
    return false;
  }
  bool nth(std::size_t, detail::function_ref<void(bytes, bytes)>) override { return false; }
  std::size_t rank(bytes, bool) override { return 0; }
  std::unique_ptr<walk> range(const detail::range_bounds&, bool) override { return entries(); }
  std::unique_ptr<walk> slice(std::size_t, std::size_t) override { return entries(); }
  result<> insert(bytes, bytes) override { return refused(); }
  result<> insert_new(bytes, bytes) override { return refused(); }
  result<> insert_expiring(bytes, bytes, const expiry&, bool) override { return refused(); }
  result<> touch(bytes, const expiry&) override { return refused(); }
  result<std::uint64_t> expires_at(const sought_key&) override { return std::unexpected(why_); }
  result<> erase(bytes) override { return refused(); }
  result<> erase_value(bytes, bytes) override { return refused(); }
  result<> clear() override { return refused(); }
  result<> add(bytes, detail::counter_step) override { return refused(); }
  const std::string& label() const noexcept override { return label_; }
  std::uint64_t identity() const noexcept override { return 0; }
  transaction_table_core& by_index(const detail::asked_index&) override { return *this; }

 private:
  class no_walk final : public walk {
   public:
    std::span<const detail::stored_entry> next() override { return {}; }
  };
  [[nodiscard]] result<> refused() const { return std::unexpected(why_); }

  const error why_;
  const std::string label_;
};

}  // namespace

// --- which run a thread is in --------------------------------------------------------------------

transaction_scope::transaction_scope(transaction_run& run) noexcept : run_(run), outer_(innermost) {
  innermost = this;
  run_.database().note_running(1);
}

transaction_scope::~transaction_scope() {
  assert(innermost == this && "scopes of a thread end in the reverse order");
  run_.database().note_running(-1);
  innermost = outer_;
}

transaction_run* transaction_scope::find(const instance& of) noexcept {
  for (const auto* scope = innermost; scope != nullptr; scope = scope->outer_) {
    if (&scope->run_.database() == &of) return &scope->run_;
  }
  return nullptr;
}

/// A call that waits for the end of all transactions would wait for one on this thread.
bool instance::is_in_transaction() const noexcept {
  return transaction_scope::find(*this) != nullptr;
}

// --- a run ---------------------------------------------------------------------------------------

transaction_run::transaction_run(instance& of, int attempt)
    : of_(of), attempt_(attempt), board_(of.commits().board()), pin_(board_.pin()) {}

transaction_run::~transaction_run() { unpin(); }

void transaction_run::unpin() noexcept {
  if (std::exchange(is_pinned_, false)) board_.unpin(pin_.slot);
}

detail::transaction_table_core& transaction_run::of(const detail::core& which) {
  const auto same = [&](const auto& t) { return &t->on() == &which; };
  if (const auto found = std::ranges::find_if(tables_, same); found != tables_.end()) {
    return **found;
  }
  auto* const own = of_.own_table(which);
  auto shown = own != nullptr ? own->look_at(at()) : nullptr;
  if (shown) {
    return *tables_.emplace_back(std::make_unique<table_run>(*this, *own, std::move(shown)));
  }
  auto why = own != nullptr
                 ? own->labelled(errc::table_closed)
                 : error(errc::invalid_argument,
                         which.label() + ": the table is not one of the transaction's database");
  fail(why);
  // All of them stay: the run may still have the ones before.
  return *unreadable_.emplace_back(
      std::make_unique<unreadable_table>(std::move(why), which.label()));
}

detail::transaction_table_core& transaction_run::without(const live_table& on, const error& why) {
  fail(why);
  return *unreadable_.emplace_back(std::make_unique<unreadable_table>(why, on.label()));
}

result<> transaction_run::take_up(std::size_t bytes) {
  const auto most = of_.transaction_limit();
  if (bytes <= most && bytes_ <= most - bytes) {
    bytes_ += bytes;
    return {};
  }
  return std::unexpected(
      error(errc::size_limit_exceeded, of_.label() +
                                           ": the transaction is larger than "
                                           "limits.transaction_bytes, which is " +
                                           std::to_string(most)));
}

result<> transaction_run::nest(detail::function_ref<result<>()> f) {
  const auto writes = log_.size();
  const auto callbacks = on_commit_.size();
  const auto held = bytes_;
  const auto failed = failure_.has_value();
  const auto undo = [&] {
    assert(log_.size() >= writes && on_commit_.size() >= callbacks && "a nested call only adds");
    log_.erase(log_.begin() + static_cast<std::ptrdiff_t>(writes), log_.end());
    on_commit_.erase(on_commit_.begin() + static_cast<std::ptrdiff_t>(callbacks), on_commit_.end());
    bytes_ = held;
    if (!failed) failure_.reset();
    rebuild();
  };
  try {
    auto done = f();
    if (done && !failed && failure_) done = std::unexpected(*failure_);
    if (!done) undo();
    return done;
  } catch (...) {
    undo();
    throw;
  }
}

/// What the tables' own writes come to, anew from the log.
void transaction_run::rebuild() {
  for (const auto& t : tables_) t->own().forget();
  for (auto& w : log_) w.void_by = 0;
  for (std::size_t i = 0; i < log_.size(); ++i) {
    if (log_[i].is_void()) continue;
    static_cast<table_run&>(of(*log_[i].on)).own().apply(log_, i);
  }
}

std::vector<live_table*> transaction_run::tables() const {
  std::vector<live_table*> all;
  for (const auto& t : tables_) all.push_back(&t->on());
  return all;
}

void transaction_run::make_ready() {
  if (has_bug(seeded_bug::unpinned_before_validating)) unpin();
  const memory::epoch_guard guard;
  for (const auto& t : tables_) {
    if (const auto* now = t->on().look()) t->reads().announce(*now);
  }
  for (auto& w : log_) {
    if (w.is_void() || !w.made) continue;
    if (const auto* now = w.on->look()) w.hash = now->announce(w.made->key());
  }
}

void transaction_run::run_on_commit() {
  for (const auto& f : on_commit_) f();
}

// --- in the turn ---------------------------------------------------------------------------------

/// Whether it can be decided only once what the group has staged is published.
bool transaction_run::must_wait(const group& to) const noexcept {
  if (to.empty()) return false;
  if (log_.size() > large_transaction) return true;
  // What is refused for its size takes all of its group with it.
  if (std::ranges::any_of(tables_, [](const auto& t) { return t->on().may_refuse(); })) return true;
  return std::ranges::any_of(tables_, [](const auto& t) {
    const bool is_of_keys = t->reads().has_only_keys() && !t->has_index_reads();
    return t->on().is_touched() && (!is_of_keys || t->own().is_cleared());
  });
}

/// Whether its reads have the same answers now, what the group has staged included.
bool transaction_run::is_valid(group& to) const {
  assert(board_.published() >= at() && "what was pinned had been published");
  if (first_to_expire_ != no_deadline && first_to_expire_ <= to.now()) return false;
  if (!std::ranges::all_of(tables_, &table_run::has_functions_of_now)) return false;
  if (to.empty() && board_.published() == at()) return true;
  return std::ranges::all_of(tables_, [&](const auto& t) {
    const auto& now = t->on().staged_contents();
    if (!t->has_indexes_of(now)) return false;
    const bool is_same = &now == &t->shown() && now.changed_at() <= at() && !t->on().is_touched();
    if (is_same) return true;
    const auto time = [&] { return to.now(); };
    const read_set::times times{.then = now_, .now = time};
    return t->reads().is_valid(now, t->shown(), at(), times) && t->are_indexes_valid(now, times);
  });
}

/// Counters are stepped from what is there now: that may be too much for them.
std::optional<error> transaction_run::counters_fail(group& to) {
  for (const auto& t : tables_) {
    for (const auto& [key, own] : t->own().keys()) {
      if (!own.has_adds) continue;
      const auto* there =
          t->own().is_cleared() ? nullptr : t->on().staged_contents().find_staged(key);
      std::optional<kept_value> base;
      if (there != nullptr && !(there->expires() && there->is_expired(to.now()))) {
        base = kept_value{there->value(), there->until()};
      }
      const auto value =
          value_after(base, own, log_, computed_, t->label(), [&] { return to.now(); });
      if (!value) return value.error();
    }
  }
  return std::nullopt;
}

void transaction_run::stage_own(own_write& w, group& to) {
  if (!w.on->is_indexed()) [[likely]]
    return w.on->stage(w, to);
  // What may clash was read by the run. In between, two entries may have a key: the log has the
  // last write of each key, not the order in which they gave it to each other.
  const index_staging now(to, &static_cast<table_run&>(of(*w.on)).derived(), true);
  w.on->stage(w, to);
  assert(!to.clash && !to.derived->missing);
}

bool transaction_run::stage(operation& op, group& to) {
  assert(op.commit == this && !failure_ && "a run that failed is not committed");
  for (const auto& t : tables_) {
    if (t->on().held() != nullptr) continue;
    op.failure = t->on().labelled(errc::table_closed);
    return true;
  }
  if (must_wait(to)) return false;
  if (!is_valid(to)) {
    op.is_conflict = true;
    return true;
  }
  if (auto why = counters_fail(to)) {
    op.failure = std::move(why);
    return true;
  }
  op.ordinal = to.commits++;
  // What it held is no longer needed: so what it replaces can go at once.
  unpin();
  std::size_t puts = 0;
  for (const auto& w : log_) puts += w.is_void() ? std::size_t{0} : std::size_t{1};
  to.changes.reserve(to.changes.size() + puts);
  for (auto& w : log_) {
    if (!w.is_void()) stage_own(w, to);
  }
  assert(op.ordinal < to.commits && "each transaction of a group has a place in it");
  return true;
}

}  // namespace shelf::engine
