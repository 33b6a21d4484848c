// ENGINE  api -> [engine] -> stores -> journal -> file
// An index inside a transaction: its version, with the run's own writes on top.
#pragma once

#include "engine/transaction_run.hpp"
#include "kinds/index_set.hpp"

#include <memory>
#include <vector>

namespace shelf::engine {

/// A table of a run in the order of an index. What is read is recorded as places and ranges of the
/// index.
/// Thread safety: as table_run.
class index_run final : public detail::transaction_table_core {
 public:
  /// `tree` is the table's, and lives as long as `of`.
  index_run(table_run& of, std::size_t index, const ordered_contents& tree) noexcept
      : of_(of), index_(index), tree_(tree) {}

  std::size_t size() override;
  std::unique_ptr<walk> entries() override { return range({}, false); }
  bool seek(detail::place where, bytes key, detail::function_ref<void(bytes, bytes)> f) override;
  bool nth(std::size_t index, detail::function_ref<void(bytes, bytes)> f) override;
  std::size_t rank(bytes key, bool behind) override;
  std::unique_ptr<walk> range(const detail::range_bounds& of, bool backwards) override;
  std::unique_ptr<walk> slice(std::size_t from, std::size_t to) override;
  /// Whether an entry under that key would clash with one of another key of the table, or, in a
  /// bag, with another pair.
  [[nodiscard]] bool has_other(bytes wanted, bytes key, bytes value);

  // The table's own.
  std::size_t lookup(const sought_key& key, detail::function_ref<void(bytes)> f,
                     bool peek) override {
    return of_.lookup(key, f, peek);
  }
  result<> insert(bytes key, bytes value) override { return of_.insert(key, value); }
  result<> insert_new(bytes key, bytes value) override { return of_.insert_new(key, value); }
  result<> insert_expiring(bytes key, bytes value, const expiry& until, bool only_new) override {
    return of_.insert_expiring(key, value, until, only_new);
  }
  result<> touch(bytes key, const expiry& until) override { return of_.touch(key, until); }
  result<std::uint64_t> expires_at(const sought_key& key) override { return of_.expires_at(key); }
  result<> erase(bytes key) override { return of_.erase(key); }
  result<> erase_value(bytes key, bytes value) override { return of_.erase_value(key, value); }
  result<> clear() override { return of_.clear(); }
  result<> add(bytes key, detail::counter_step step) override { return of_.add(key, step); }
  const std::string& label() const noexcept override { return of_.label(); }
  std::uint64_t identity() const noexcept override { return of_.identity(); }
  transaction_table_core& by_index(const detail::asked_index& index) override {
    return of_.by_index(index);
  }

  [[nodiscard]] const read_set& reads() const noexcept { return reads_; }
  [[nodiscard]] const ordered_contents& tree() const noexcept { return tree_; }

 private:
  class merged_walk;

  /// An entry that the run has written, or left, under a key that it has written.
  struct own_item {
    kept_bytes term;
    detail::stored_entry entry;
  };

  [[nodiscard]] std::vector<kept_bytes> terms_of(bytes value) const;
  [[nodiscard]] std::vector<detail::stored_entry> current_of(bytes key, const own_key& own);
  [[nodiscard]] std::vector<bytes> base_of(bytes key);
  [[nodiscard]] std::vector<own_item> own_items(const detail::range_bounds& in);
  template <class Counts>
  [[nodiscard]] std::size_t count(std::size_t base, const Counts& counts);

  table_run& of_;
  const std::size_t index_;
  const ordered_contents& tree_;
  read_set reads_;
};

}  // namespace shelf::engine
