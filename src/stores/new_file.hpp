// STORES  api -> engine -> [stores] -> journal -> file
// A file written beside, batch by batch, which gets its name when it is complete.
#pragma once

#include "journal/journal_file.hpp"

#include <bit>
#include <cassert>
#include <memory>

namespace shelf::stores {

/// A journal that is being made. Thread safety: one thread.
class new_file {
 public:
  /// How long publish() may take: it syncs the file.
  enum class publishing : std::uint8_t {
    may_be_long,
    is_short,  ///< because the file is synced on the way: for those who tell how far they are
  };

  /// How many tables it may have.
  enum class tables : std::uint8_t { one, several };

  /// `where` outlives it. What a process that was killed left of an earlier try goes. Errors: those
  /// of journal_file::create.
  [[nodiscard]] static result<new_file> create(const file::location& where, publishing p,
                                               tables t = tables::one) {
    where.sweep_temporaries();
    auto& system = where.system();
    const std::array<std::uint64_t, 2> id{system.random(), system.random()};
    auto made = journal::journal_file::create(
        where, std::bit_cast<std::array<std::byte, 16>>(id),
        {.sync_on_the_way = p == publishing::is_short, .several_tables = t == tables::several});
    if (!made) return std::unexpected(made.error());
    return new_file(std::move(*made), where);
  }

  /// Adds a change to the batch `sequence`, which it begins if need be.
  [[nodiscard]] result<> add(const journal::change& c, std::uint64_t sequence) {
    assert(sequence > 0 && "0 is the number of no batch");
    if (!in_batch_) journal_->begin(sequence);
    in_batch_ = true;
    return journal_->add(c);
  }
  /// Ends the batch under way, if there is one.
  [[nodiscard]] result<> commit() {
    if (!std::exchange(in_batch_, false)) return {};
    ++batches_;
    return journal_->commit();
  }
  /// Forgets the batch under way, if there is one.
  void drop() noexcept {
    if (std::exchange(in_batch_, false)) journal_->drop_batch();
  }
  /// On disk, named, sealed; or there is no such file. file_error (EEXIST) if the name is taken.
  [[nodiscard]] result<> publish() {
    assert(!in_batch_ && "all batches are in it");
    auto done = journal_->publish(false);
    if (!done && done.error() == std::errc::file_exists) {
      return std::unexpected(error(errc::file_error, where_->path() + ": the file already exists",
                                   {}, done.error().os_error()));
    }
    const bool named = done || journal_->is_fenced();  // fenced: named, and not known to last
    if (done) done = journal_->seal();
    // What others put under the name meanwhile is theirs.
    if (!done && named && journal_->still_named()) (void)where_->unlink();
    return done;
  }

  [[nodiscard]] bool in_batch() const noexcept { return in_batch_; }
  [[nodiscard]] std::uint64_t batches() const noexcept { return batches_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return journal_->end(); }

 private:
  new_file(std::unique_ptr<journal::journal_file> made, const file::location& where)
      : journal_(std::move(made)), where_(&where) {}

  std::unique_ptr<journal::journal_file> journal_;
  const file::location* where_;
  bool in_batch_ = false;
  std::uint64_t batches_ = 0;
};

}  // namespace shelf::stores
