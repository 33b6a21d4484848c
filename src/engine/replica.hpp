// ENGINE  api -> [engine] -> stores -> journal -> file
// A database as the memory of somebody else's decisions.
#pragma once

#include "engine/instance.hpp"

#include <memory>
#include <vector>

namespace shelf::engine {

/// What a follower does to a database. Commits go through the ordinary turn, so readers, snapshots
/// and feeds see them as they see any batch.
/// Thread safety: one thread at a time; takes the life of the database, and then its turn.
class replica_memory final : public detail::replica {
 public:
  /// `declared` are the tables of which the program has told the types.
  replica_memory(instance& of, std::vector<wanted_table> declared);
  ~replica_memory() override;

  std::unique_ptr<detail::replica_image> begin_image() override;
  result<> try_writes(detail::function_ref<void(detail::replica_trial&)> f) override;
  result<> apply(std::span<const detail::replica_change> changes,
                 detail::function_ref<void(detail::replica_trial&)> decide,
                 detail::function_ref<void()> shown) override;
  result<> add_table(const detail::replica_table& t) override;
  void drop_table(std::uint32_t number) override;
  void refuse_reads(bool as_stale) noexcept override;
  void report(const error& why) noexcept override;

  [[nodiscard]] const instance& database() const noexcept { return of_; }
  [[nodiscard]] std::vector<declared_table> declared() const;
  /// `declared`: of how many tables the types were known when loading began.
  [[nodiscard]] result<> show(file_loader& loaded, std::size_t declared,
                              detail::function_ref<void()> shown);

 private:
  void try_in_turn(detail::function_ref<void(detail::replica_trial&)> f);
  [[nodiscard]] std::vector<declared_table> declared_locked() const;

  instance& of_;
  std::vector<wanted_table> wanted_;  ///< until the first image
};

}  // namespace shelf::engine
