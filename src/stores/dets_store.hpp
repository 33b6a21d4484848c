// STORES  api -> engine -> [stores] -> journal -> file
// A DETS file as a table's file: each entry is the object {Key, Value}.
#pragma once

#include "dets/object_store.hpp"
#include "stores/file_store.hpp"

#include <atomic>
#include <chrono>
#include <mutex>
#include <vector>

namespace shelf::stores {

/// Erlang's format. See file_store for what each call promises, and docs/dets.md for what such a
/// file cannot keep.
///
/// A batch is no unit in the file: a crash in its middle leaves a part of it. A call that fails has
/// changed nothing, or the file is fenced.
class dets_store final : public file_store {
 public:
  [[nodiscard]] static result<std::shared_ptr<file_store>> open(const file_options& o);
  [[nodiscard]] static result<std::shared_ptr<file_store>> create(const file_options& o);
  [[nodiscard]] static result<found_at_open> read(const file_options& o, journal::visitor& out);
  dets_store(std::shared_ptr<file::location> where, table_description as,
             std::unique_ptr<dets_format::object_store> file);

  result<> read_all(journal::visitor& out) const override;
  result<> accept() override { return file_->accept(); }
  std::size_t expected_entries() const noexcept override;
  const found_at_open& found() const noexcept override { return found_; }
  sequence last_sequence() const noexcept override { return 0; }
  /// Nothing: what can be seen of damage is seen by reading.
  result<> verify() const override { return {}; }
  result<std::unique_ptr<reading>> follow(start from) override;
  result<> append(sequence number, std::span<const journal::change> changes) override;
  result<> allow_several_tables() override;
  bool has_several_tables() const noexcept override { return false; }
  bool likes_groups() const noexcept override { return false; }
  result<std::shared_ptr<file_store>> save(const unsaved_state& state) override;
  result<> sync() override;
  result<> sync_and_settle() override;
  bool is_durable() const noexcept override { return synced_ >= given_; }
  bool is_settled() const noexcept override { return settled_ >= given_; }
  result<> work_due() override;
  result<> close() override;
  void abandon() noexcept override { file_->abandon(); }
  result<std::shared_ptr<file_store>> write_whole(const state_name& as,
                                                  std::span<const table_image> tables,
                                                  const progress& tell) const override;
  result<> catch_up(reading& from) override;
  result<> sync_unpublished() override { return file_->sync_changes(); }
  result<> publish(bool replace) override { return told(file_->publish(replace)); }
  result<> is_whole(journal::look_at) override { return told(file_->is_whole()); }
  result<> still_named() const override { return file_->still_named(); }
  result<std::uint64_t> names() const override;
  std::optional<error> fence() const override;
  void set_fence(const error& cause) noexcept override;
  bool is_fenced() const noexcept override { return is_fenced_.load(std::memory_order_acquire); }
  file_figures figures(const live_figures& live) const override;
  bool is_mostly_garbage(const live_figures& live, std::uint64_t min_bytes,
                         std::uint32_t factor) const override;

 private:
  class recording;
  class copying;
  class applying;

  [[nodiscard]] static result<std::shared_ptr<file_store>> open_as(const file_options& o,
                                                                   bool create);

  [[nodiscard]] result<> still_whole();
  [[nodiscard]] result<> apply(std::span<const journal::change> changes);
  [[nodiscard]] result<> apply_batch(std::span<const journal::change> changes);
  [[nodiscard]] result<> erase_everything();
  [[nodiscard]] error fence_for(const error& cause);
  [[nodiscard]] result<> told(result<> done);

  const std::shared_ptr<file::location> where_;
  const table_description as_;
  const std::unique_ptr<dets_format::object_store> file_;
  found_at_open found_;
  bool syncs_each_ = false;        ///< write_mode::durable: append syncs
  std::vector<std::byte> object_;  ///< of the change being applied

  // Bytes that append() took: all, of those on the disk, of those in a closed file.
  std::atomic<std::uint64_t> given_{0};
  std::atomic<std::uint64_t> synced_{0};
  std::atomic<std::uint64_t> settled_{0};

  // When the file is to be saved because nothing has changed for long.
  std::uint64_t unsettled_at_ = 0;
  std::chrono::nanoseconds settle_at_{0};

  std::mutex recording_mutex_;      ///< held while a change is made
  recording* recording_ = nullptr;  ///< hears of every change

  std::atomic<bool> is_fenced_{false};
  mutable std::mutex fence_mutex_;
  std::optional<error> fence_;
};

}  // namespace shelf::stores
