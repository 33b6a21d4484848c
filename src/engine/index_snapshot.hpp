// ENGINE  api -> [engine] -> stores -> journal -> file
// A moment of a table in the order of one of its indexes.
#pragma once

#include "engine/snapshots.hpp"

#include <memory>

namespace shelf::engine {

/// As table_snapshot, by keys of the index.
class index_snapshot final : public detail::snapshot_core {
 public:
  index_snapshot(std::shared_ptr<const table_snapshot> of, const detail::asked_index& index);

  std::size_t size() const noexcept override;
  std::size_t lookup(const detail::sought_key& key,
                     detail::function_ref<void(bytes)> f) const override;
  shelf::position position() const noexcept override { return table_->position(); }
  std::unique_ptr<walk> entries() const override;
  std::size_t rank(bytes key, bool behind) const override;
  std::unique_ptr<walk> entries(std::size_t from, std::size_t to) const override;
  std::unique_ptr<walk> ranked(std::size_t from, std::size_t to) const override;
  std::uint64_t now() const noexcept override { return table_->now(); }
  bool seek(detail::place where, bytes key,
            detail::function_ref<void(bytes, bytes)> f) const override;
  bool nth(std::size_t index, detail::function_ref<void(bytes, bytes)> f) const override;
  std::uint64_t identity() const noexcept override { return table_->identity(); }
  std::shared_ptr<const snapshot_core> by_index(const detail::asked_index& index) const override {
    return table_->by_index(index);
  }

 private:
  [[nodiscard]] const entry* live_at(std::size_t from, bool goes_back) const noexcept;

  const std::shared_ptr<const table_snapshot> table_;
  const std::shared_ptr<kinds::index_set> indexes_;
  /// Null in what was closed, or had no such index then: nothing is in it.
  const ordered_contents* tree_ = nullptr;
};

/// A walk through the entries of the table that items stand for.
class item_walker final : public kinds::walker {
 public:
  explicit item_walker(std::unique_ptr<kinds::walker> items) : items_(std::move(items)) {}
  std::span<const entry* const> next() override;

 private:
  std::unique_ptr<kinds::walker> items_;
  std::vector<const entry*> entries_;
};

}  // namespace shelf::engine
