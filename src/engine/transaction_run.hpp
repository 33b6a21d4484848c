// ENGINE  api -> [engine] -> stores -> journal -> file
// One run of a transaction: a pinned version, what was read of it, and what is to be written.
#pragma once

#include "engine/live_table.hpp"
#include "engine/own_writes.hpp"
#include "engine/read_set.hpp"
#include "kinds/versions.hpp"
#include "shelf/detail/database_core.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

namespace shelf::engine {

class index_run;
class transaction_run;

/// What a run sees of one table.
class table_run final : public detail::transaction_table_core {
 public:
  /// `shown`: what the table shows at the run's version.
  table_run(transaction_run& of, live_table& on, std::shared_ptr<contents> shown);
  ~table_run() override;

  std::size_t lookup(const sought_key& key, detail::function_ref<void(bytes)> f,
                     bool peek) override;
  std::size_t size() override;
  std::unique_ptr<walk> entries() override;
  bool seek(detail::place where, bytes key, detail::function_ref<void(bytes, bytes)> f) override;
  bool nth(std::size_t index, detail::function_ref<void(bytes, bytes)> f) override;
  std::size_t rank(bytes key, bool behind) override;
  std::unique_ptr<walk> range(const detail::range_bounds& of, bool backwards) override;
  std::unique_ptr<walk> slice(std::size_t from, std::size_t to) override;
  result<> insert(bytes key, bytes value) override;
  result<> insert_new(bytes key, bytes value) override;
  result<> insert_expiring(bytes key, bytes value, const expiry& until, bool only_new) override;
  result<> touch(bytes key, const expiry& until) override;
  result<std::uint64_t> expires_at(const sought_key& key) override;
  result<> erase(bytes key) override;
  result<> erase_value(bytes key, bytes value) override;
  result<> clear() override;
  result<> add(bytes key, detail::counter_step step) override;
  const std::string& label() const noexcept override { return table_.label(); }
  std::uint64_t identity() const noexcept override { return table_.identity(); }
  transaction_table_core& by_index(const detail::asked_index& index) override;

  [[nodiscard]] live_table& on() const noexcept { return table_; }
  [[nodiscard]] read_set& reads() noexcept { return reads_; }
  [[nodiscard]] own_writes& own() noexcept { return own_; }
  [[nodiscard]] const contents& shown() const noexcept { return *shown_; }
  /// Something was read by an index.
  [[nodiscard]] bool has_index_reads() const noexcept;
  /// In the turn, as read_set::is_valid, of all indexes.
  [[nodiscard]] bool are_indexes_valid(const contents& now, const read_set::times& t) const;
  /// In the turn: whether the table is indexed as it was at the run's version.
  [[nodiscard]] bool has_indexes_of(const contents& now) const noexcept;
  /// In the turn: whether the keys that it has made are of the functions of now.
  [[nodiscard]] bool has_functions_of_now() const noexcept {
    return functions_ == table_.functions();
  }
  /// Of the values that the run has written.
  [[nodiscard]] derived_keys& derived() noexcept { return derived_; }

 private:
  friend class index_run;
  class merged_walk;

  [[nodiscard]] index_run& index(std::size_t i);
  [[nodiscard]] result<> enter_indexes(bytes key, bytes value);
  [[nodiscard]] bool is_bag_kind() const noexcept { return table_.is_bag_kind(); }
  [[nodiscard]] const ordered_contents& ordered() const noexcept;
  [[nodiscard]] bytes term_of(const sought_key& key);
  /// Whether the run shows the entry, which then must not expire before the commit.
  [[nodiscard]] bool shows(const entry& e, bool peek = false);
  [[nodiscard]] bool is_counted(bytes key);
  [[nodiscard]] const entry* base_of(bytes key, bool peek);
  [[nodiscard]] std::optional<kept_value> present(bytes key, bool peek);
  [[nodiscard]] std::vector<bytes> base_list_of(bytes key, bool peek);
  [[nodiscard]] std::optional<kept_value> own_value(bytes key, const own_key& k, bool peek);
  [[nodiscard]] std::vector<detail::stored_entry> own_entries(const detail::range_bounds& in);
  [[nodiscard]] std::unique_ptr<walk> walk_in(const detail::range_bounds& asked, bool backwards,
                                              std::size_t most);
  [[nodiscard]] std::optional<detail::stored_entry> find_nth(std::size_t index);
  [[nodiscard]] std::optional<detail::stored_entry> seek_base(detail::place where, bytes key);
  [[nodiscard]] std::optional<detail::stored_entry> seek_own(detail::place where, bytes key);
  [[nodiscard]] result<> write(own_write::verb what, bytes key, bytes value,
                               detail::counter_step step = {}, deadline until = no_deadline);

  transaction_run& of_;
  live_table& table_;
  const std::shared_ptr<contents> shown_;
  const std::shared_ptr<kinds::index_set> indexed_by_;  ///< at the run's version; null: nothing
  read_set reads_;
  own_writes own_;
  std::vector<std::unique_ptr<index_run>> indexes_;  ///< those asked for; the others are null
  const index_functions* functions_;                 ///< by which it derives keys; null: none do
  derived_keys derived_;
};

/// One run. Its version is pinned from the beginning to the turn in which it is committed.
/// Thread safety: one thread, and whoever has the turn while it is being committed.
class transaction_run final : public detail::transaction_core, public commit_request {
 public:
  /// Throws std::bad_alloc.
  transaction_run(instance& of, int attempt);
  transaction_run(const transaction_run&) = delete;
  transaction_run& operator=(const transaction_run&) = delete;
  ~transaction_run() override;

  detail::transaction_table_core& of(const detail::core& table) override;
  int attempt() const noexcept override { return attempt_; }
  void on_commit(function<void()> f) override { on_commit_.push_back(std::move(f)); }
  result<> nest(detail::function_ref<result<>()> f) override;

  [[nodiscard]] sequence at() const noexcept { return pin_.at; }
  [[nodiscard]] instance& database() const noexcept { return of_; }
  /// What went wrong in a call that has no error to return: the run cannot be committed.
  void fail(error why) {
    if (!failure_) failure_ = std::move(why);
  }
  [[nodiscard]] const std::optional<error>& failure() const noexcept { return failure_; }
  /// What time it is for the whole run.
  [[nodiscard]] deadline now();
  /// It has been shown an entry that expires then.
  void note_shown(deadline until) noexcept { first_to_expire_ = std::min(first_to_expire_, until); }
  [[nodiscard]] bool has_writes() const noexcept { return !log_.empty(); }
  [[nodiscard]] write_log& log() noexcept { return log_; }
  [[nodiscard]] computed_values& computed() noexcept { return computed_; }
  /// What the run is shown where a table cannot be read: the run fails.
  [[nodiscard]] detail::transaction_table_core& without(const live_table& on, const error& why);
  /// size_limit_exceeded if the run gets too large by so many bytes.
  [[nodiscard]] result<> take_up(std::size_t bytes);
  /// The last step before the turn: hashes, and memory on its way to the processor.
  void make_ready();
  /// The tables that it has used.
  [[nodiscard]] std::vector<live_table*> tables() const;
  [[nodiscard]] live_table& first_written() const noexcept { return *log_.front().on; }
  void run_on_commit();
  /// It has read nothing, so it can be committed whatever is there.
  [[nodiscard]] bool is_blind() const noexcept {
    return std::ranges::all_of(
        tables_, [](const auto& t) { return t->reads().empty() && !t->has_index_reads(); });
  }
  [[nodiscard]] bool has_callbacks() const noexcept { return !on_commit_.empty(); }
  /// Of one that has read nothing: what it was shown need not be kept.
  void release_version() noexcept { unpin(); }

  bool stage(operation& op, group& to) override;
  // The same for who commits it elsewhere (transaction_trial.cpp).
  /// As stage, and it can be done again. What the writes would change is added to `into`, if there
  /// is one.
  [[nodiscard]] bool try_stage(operation& op, group& to, detail::planned_write* into);
  /// Adds what it has read.
  void plan_reads(detail::planned_write& into) const;
  [[nodiscard]] std::size_t size() const noexcept { return bytes_; }

 private:
  [[nodiscard]] bool must_wait(const group& to) const noexcept;
  [[nodiscard]] bool is_valid(group& to) const;
  [[nodiscard]] std::optional<error> counters_fail(group& to);
  void stage_own(own_write& w, group& to);
  static void plan(const own_write& w, std::span<const journal::change> staged,
                   detail::planned_write& into);
  void unpin() noexcept;
  void rebuild();

  instance& of_;
  const int attempt_;
  kinds::version_board& board_;
  kinds::version_board::pin_place pin_;
  bool is_pinned_ = true;
  std::vector<std::unique_ptr<table_run>> tables_;
  std::vector<std::unique_ptr<detail::transaction_table_core>> unreadable_;
  write_log log_;
  computed_values computed_;
  std::vector<function<void()>> on_commit_;
  std::optional<error> failure_;
  std::size_t bytes_ = 0;
  std::optional<deadline> now_;
  deadline first_to_expire_ = no_deadline;
};

/// Which transactions run on this thread, innermost first.
class transaction_scope {
 public:
  explicit transaction_scope(transaction_run& run) noexcept;
  ~transaction_scope();
  transaction_scope(const transaction_scope&) = delete;
  transaction_scope& operator=(const transaction_scope&) = delete;

  /// The run of that database on this thread; null if there is none.
  [[nodiscard]] static transaction_run* find(const instance& of) noexcept;

 private:
  transaction_run& run_;
  const transaction_scope* const outer_;
};

}  // namespace shelf::engine
