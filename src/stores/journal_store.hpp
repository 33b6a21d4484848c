// STORES  api -> engine -> [stores] -> journal -> file
// A journal as a table's file: shelf's own format.
#pragma once

#include "journal/journal_file.hpp"
#include "stores/file_store.hpp"
#include "stores/history_marks.hpp"

namespace shelf::stores {

/// The native format. See file_store for what each call promises.
class journal_store final : public file_store {
 public:
  [[nodiscard]] static result<std::shared_ptr<file_store>> open(const file_options& o);
  [[nodiscard]] static result<std::shared_ptr<file_store>> create(
      const file_options& o, std::span<const table_description> tables);
  [[nodiscard]] static result<found_at_open> read(const file_options& o, journal::visitor& out);
  journal_store(std::shared_ptr<file::location> where, journal::journal_file::settings settings,
                const history& kept, bool saves_later, std::unique_ptr<journal::journal_file> file);

  result<> read_all(journal::visitor& out) const override;
  std::size_t expected_entries() const noexcept override;
  const found_at_open& found() const noexcept override { return found_; }
  sequence last_sequence() const noexcept override { return file_->last_sequence(); }
  result<> accept() override { return file_->recover(); }
  result<> verify() const override;
  result<std::unique_ptr<reading>> follow(start from) override;
  void declare(std::vector<declared_table> as) override { declared_ = std::move(as); }
  std::span<const declared_table> declared() const noexcept override { return declared_; }
  result<> append(sequence number, std::span<const journal::change> changes) override;
  result<> allow_several_tables() override { return file_->allow_several_tables(); }
  bool has_several_tables() const noexcept override { return file_->has_several_tables(); }
  bool likes_groups() const noexcept override { return true; }
  result<std::shared_ptr<file_store>> save(const unsaved_state& state) override;
  result<> sync() override { return file_->sync(); }
  result<> sync_and_settle() override { return file_->sync(); }
  bool is_durable() const noexcept override { return file_->is_durable(); }
  bool is_settled() const noexcept override { return file_->is_durable(); }
  void note_durable() noexcept override { file_->note_durable(); }
  result<> close() override { return file_->seal(); }
  void abandon() noexcept override { file_->abandon(); }
  result<std::shared_ptr<file_store>> write_whole(const state_name& as,
                                                  std::span<const table_image> tables,
                                                  const progress& tell) const override;
  result<> catch_up(reading& from) override;
  result<> sync_unpublished() override { return file_->sync_unpublished(); }
  result<> publish(bool replace) override { return file_->publish(replace); }
  result<> still_named() const override { return file_->still_named(); }
  result<> is_whole(journal::look_at what) override { return file_->is_whole(what); }
  result<std::uint64_t> names() const override;
  std::optional<error> fence() const override { return file_->fence(); }
  void set_fence(const error& cause) noexcept override { file_->set_fence(cause); }
  bool is_fenced() const noexcept override { return file_->is_fenced(); }
  journal::batch_id last_batch() const noexcept override { return file_->last_batch(); }
  journal::session writes_in() const noexcept override { return file_->writes_in(); }
  std::uint64_t changes_end() const noexcept override { return file_->end(); }
  bool keeps_history() const noexcept override { return marks_.are_wanted(); }
  bool has_trail() const noexcept override { return true; }
  result<std::unique_ptr<journal::trail>> open_trail() const override;
  std::uint64_t end_of(const journal::trail& t) const noexcept override {
    return t.file_id() == file_->file_id() ? file_->end() : 0;
  }
  file_figures figures(const live_figures& live) const override;
  bool is_mostly_garbage(const live_figures& live, std::uint64_t min_bytes,
                         std::uint32_t factor) const override;

 private:
  class journal_reading;

  [[nodiscard]] result<> begin_batch(sequence number, bool declares);
  [[nodiscard]] result<> add_moment();
  [[nodiscard]] std::uint64_t wall_time() const;
  [[nodiscard]] result<std::unique_ptr<journal::trail>> find_retained(std::uint64_t end) const;
  [[nodiscard]] result<> write_state(const state_name& as, std::span<const table_image> tables,
                                     const progress& tell, journal::trail* retained);

  const std::shared_ptr<file::location> where_;
  const journal::journal_file::settings settings_;
  const std::unique_ptr<journal::journal_file> file_;
  history_marks marks_;
  const bool saves_later_;                ///< only a save makes the file what memory is
  std::vector<declared_table> declared_;  ///< for the catalog; guarded by the turn
  found_at_open found_;
};

}  // namespace shelf::stores
