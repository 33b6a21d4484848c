// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Commits of many entries each. A commit whose answer was lost is sent again under its nonce, so it
// happens once.
#include "cluster/tool/importing.hpp"

#include "cluster/sort_key.hpp"
#include "cluster/tool/local_tables.hpp"
#include "error/printable.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <thread>

namespace shelf::cluster {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t most_changes = 20'000;
constexpr std::size_t most_bytes = std::size_t{8} << 20;
/// How long a server that has gone may be away.
constexpr std::chrono::seconds patience(60);

[[nodiscard]] std::string quoted(const std::string& name) {
  return "table '" + detail::printable(name) + "'";
}

/// Sees whether tables have entries. Ends the snapshot at the first one.
class emptiness final : public snapshot_visitor {
 public:
  explicit emptiness(const std::vector<catalog_table>& wanted) {
    for (const auto& t : wanted) names_.insert(t.name);
  }
  result<> begin(const log_position& at, const std::vector<catalog_table>& tables) override {
    at_ = at;
    for (const auto& t : tables) {
      if (names_.contains(t.name)) watched_.push_back(t);
    }
    return {};
  }
  result<> entry(const snapshot_entry& e) override {
    const auto found = std::ranges::find(watched_, e.table, &catalog_table::id);
    if (found == watched_.end()) return {};
    found_ = found->name;
    return std::unexpected(error(errc::key_already_present, "an entry"));
  }
  /// The table that has one.
  [[nodiscard]] const std::optional<std::string>& found() const noexcept { return found_; }
  [[nodiscard]] const log_position& at() const noexcept { return at_; }

 private:
  std::set<std::string> names_;
  std::vector<catalog_table> watched_;
  std::optional<std::string> found_;
  log_position at_;
};

class importing {
 public:
  importing(const request& r, local_tables from)
      : r_(r), from_(std::move(from)), until_(deadline_of(r)) {}

  [[nodiscard]] result<std::string> run() {
    if (auto can = check_deadlines(); !can) return std::unexpected(can.error());
    if (auto ready = prepare(); !ready) return std::unexpected(ready.error());
    auto done = fill();
    if (!done) return std::unexpected(how_far(done.error()));
    (void)to_->wake(base_.seq, until_);  // a hint: nodes look by themselves
    return "imported " + count_of(sent_, "entry", "entries") + " of " +
           count_of(from_.tables.size(), "table", "tables") + " in " +
           count_of(commits_, "commit", "commits") + "\n";
  }

 private:
  [[nodiscard]] result<> check_deadlines() const {
    for (std::size_t i = 0; i < from_.cores.size(); ++i) {
      if (from_.cores[i]->stats().value_or(table_stats{}).expiring == 0) continue;
      return std::unexpected(error(errc::invalid_argument,
                                   quoted(from_.tables[i].name) +
                                       " has entries with a deadline, which a space cannot keep"));
    }
    return {};
  }

  [[nodiscard]] result<> connect() {
    auto opened = open_postgres(space_of(r_), until_);
    if (!opened) return std::unexpected(opened.error());
    to_ = *std::move(opened);
    return {};
  }

  /// The tables are there, empty or to be cleared, when it returns; `base_` is such a moment.
  [[nodiscard]] result<> prepare() {
    if (auto done = connect(); !done) return done;
    const auto known = to_->catalog(until_);
    if (!known) return std::unexpected(known.error());
    bool is_any_there = false;
    for (const auto& t : from_.tables) {
      const auto found = std::ranges::find(*known, t.name, &catalog_table::name);
      if (found == known->end()) continue;
      is_any_there = true;
      if (auto same = compare(*found, t); !same) return same;
    }
    // Once before anything is created, so that a refusal leaves nothing.
    if (is_any_there && !r_.replace) {
      if (auto empty = check_empty(); !empty) return empty;
    }
    for (auto& t : from_.tables) {
      auto made = to_->declare(t, until_);
      if (!made) return std::unexpected(made.error());
      if (auto same = compare(*made, t); !same) return same;
      t.id = made->id;
    }
    return rebase();
  }

  /// A newer base. Only the first call has read something: that the tables are empty.
  [[nodiscard]] result<> rebase() {
    if (!r_.replace && commits_ == 0) return check_empty();
    const auto at = to_->head(until_);
    if (!at) return std::unexpected(at.error());
    base_ = *at;
    return {};
  }

  [[nodiscard]] static result<> compare(const catalog_table& there, const catalog_table& wanted) {
    if (there.what != wanted.what) {
      return std::unexpected(
          error(errc::wrong_kind, quoted(wanted.name) + ": the space has it as " +
                                      std::string(to_string(there.what)) + ", the file as " +
                                      std::string(to_string(wanted.what))));
    }
    const auto differ = [&](const char* what, const buffer& a, const buffer& b) -> result<> {
      if (a == b) return {};
      return std::unexpected(error(
          errc::type_mismatch, quoted(wanted.name) + ": the " + what +
                                   " type differs: the space has " + detail::printable(as_text(a)) +
                                   ", the file " + detail::printable(as_text(b))));
    };
    auto same = differ("key", there.key_schema, wanted.key_schema);
    return same ? differ("value", there.value_schema, wanted.value_schema) : same;
  }

  [[nodiscard]] result<> check_empty() {
    emptiness look(from_.tables);
    auto seen = to_->snapshot(look, until_);
    if (look.found()) {
      return std::unexpected(
          error(errc::key_already_present, quoted(*look.found()) +
                                               " of the space has entries; --replace clears it; "
                                               "nothing was imported"));
    }
    if (!seen) return seen;
    base_ = look.at();
    return {};
  }

  [[nodiscard]] result<> fill() {
    begin_first_call();
    for (std::size_t i = 0; i < from_.tables.size(); ++i) {
      const auto walk = from_.moment->of(*from_.cores[i])->entries();
      for (auto some = walk->next(); !some.empty(); some = walk->next()) {
        for (const auto& e : some) {
          if (auto added = add(from_.tables[i], e); !added) return added;
        }
      }
    }
    return commit();
  }

  /// What a replace clears goes with the first entries; otherwise these depend on the tables being
  /// still empty.
  void begin_first_call() {
    for (const auto& t : from_.tables) {
      if (r_.replace) {
        waves_.push_back(
            {unit{.changes = {{.code = change_code::clear, .table = t.id}}, .reads = {}}});
      } else {
        next_.reads.push_back({.what = read_check::scope::table, .table = t.id});
      }
    }
  }

  [[nodiscard]] result<> add(const catalog_table& t, const detail::stored_entry& e) {
    const auto size = e.key.size() + e.value.size();
    if (size > detail::cluster_entry_bytes) {
      return std::unexpected(
          error(errc::size_limit_exceeded,
                quoted(t.name) + ": an entry of " + std::to_string(size) + " bytes is too large"));
    }
    if (next_.changes.size() >= most_changes ||
        (bytes_ + size > most_bytes && !next_.changes.empty())) {
      if (auto done = commit(); !done) return done;
    }
    const auto copy = [](bytes b) { return buffer(b.begin(), b.end()); };
    change c{.code = is_bag(t.what) ? change_code::append : change_code::put,
             .table = t.id,
             .key = copy(e.key),
             .content = copy(e.value)};
    if (t.what == kind::ordered_set) {
      auto sorted = sort_key(e.key);
      if (!sorted) {
        return std::unexpected(
            error(sorted.error().code(), quoted(t.name) + ": " + sorted.error().message()));
      }
      c.term = std::exchange(c.key, *std::move(sorted));
    }
    next_.changes.push_back(std::move(c));
    bytes_ += size;
    return {};
  }

  [[nodiscard]] result<> commit() {
    const auto entries = next_.changes.size();
    if (entries != 0) waves_.push_back({std::exchange(next_, {})});
    bytes_ = 0;
    if (waves_.empty()) return {};
    commit_call call{.base = base_, .nonce = random_uuid(), .waves = std::exchange(waves_, {})};
    for (;;) {
      const auto answer = send(call);
      if (!answer) return std::unexpected(answer.error());
      switch (answer->outcome) {
        case commit_outcome::committed: break;
        case commit_outcome::base_trimmed: {
          // Others have committed a lot since. Nothing happened.
          if (auto moved = rebase(); !moved) return moved;
          call.base = base_;
          continue;
        }
        case commit_outcome::all_refused:
          return std::unexpected(
              error(errc::conflict, "another process has written to a table that is imported"));
        case commit_outcome::other_history:
          return std::unexpected(error(errc::conflict, "the server has lost commits"));
        case commit_outcome::catalog_changed:
          return std::unexpected(
              error(errc::conflict, "another process has dropped a table that is imported"));
      }
      if (!answer->refused.empty()) {
        return std::unexpected(
            error(errc::conflict, "another process has written to a table that is imported"));
      }
      base_ = {.seq = answer->seq, .nonce = answer->nonce};
      sent_ += entries;
      ++commits_;
      return {};
    }
  }

  /// Until there is an answer, or the patience ends.
  [[nodiscard]] result<commit_answer> send(const commit_call& call) {
    const auto until = std::min(until_, steady_clock::now() + patience);
    bool may_be_done = false;
    for (;;) {
      auto answer = to_->commit(call, until);
      if (answer || answer.error() != errc::unavailable) return answer;
      may_be_done = may_be_done || to_->was_sent();
      for (;;) {
        if (steady_clock::now() >= until) {
          if (!may_be_done) return answer;
          return std::unexpected(error(errc::indeterminate, answer.error().message()));
        }
        auto again = open_postgres(space_of(r_), until);
        if (again) {
          to_ = *std::move(again);
          break;
        }
        if (again.error() != errc::unavailable) return std::unexpected(again.error());
        std::this_thread::sleep_for(std::chrono::milliseconds(200));  // sleeps: it restarts
      }
    }
  }

  [[nodiscard]] error how_far(const error& why) const {
    if (commits_ == 0 && why != errc::indeterminate) {
      return {why.code(), why.message() + "; no entry was imported"};
    }
    return {why.code(), why.message() + "; " + std::to_string(sent_) + " of " +
                            count_of(from_.entries(), "entry", "entries") +
                            " were imported; repeat the import with --replace"};
  }

  const request& r_;
  local_tables from_;
  deadline until_;
  std::unique_ptr<server> to_;
  log_position base_;
  std::vector<std::vector<unit>> waves_;  ///< of the next call, before `next_`
  unit next_;
  std::size_t bytes_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t commits_ = 0;
};

}  // namespace

result<std::string> import_file(const request& r) {
  auto from = local_tables::open(r.file);
  if (!from) return std::unexpected(from.error());
  return importing(r, *std::move(from)).run();
}

}  // namespace shelf::cluster
