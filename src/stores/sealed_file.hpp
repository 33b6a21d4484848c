// STORES  api -> engine -> [stores] -> journal -> file
// A file that gets its name when it is complete, closed and verified: a backup, or what was made of
// one.
#pragma once

#include "file/location.hpp"
#include "journal/journal_file.hpp"
#include "journal/trail.hpp"
#include "shelf/position.hpp"
#include "stores/file_store.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace shelf::stores {

/// Thread safety: one thread.
class sealed_file {
 public:
  struct place {
    const std::string& path;
    const std::optional<std::string>& base_directory;
    bool replace = false;  ///< what is there
  };
  /// Makes sure that the place may be taken. What is there and is to be replaced stays locked, and
  /// as it is, until finish(). `sources` are the files that it is made of. Errors: invalid_argument
  /// if the place is one of theirs; file_error (EEXIST); already_open, not_a_table, corrupt of what
  /// is there; those of location::find.
  [[nodiscard]] static result<sealed_file> claim(file::system& system, const place& at,
                                                 std::span<const file::open_file* const> sources);

  /// Begins the file. Mode and owner are those of `like`, if it is not null. Errors: those of
  /// journal_file::create.
  [[nodiscard]] result<> begin(const std::array<std::byte, 16>& store_id,
                               const journal::journal_file::settings& settings,
                               const file::open_file* like);
  /// Once it was begun.
  [[nodiscard]] journal::journal_file& journal() const noexcept { return *journal_; }
  /// Seals, syncs, reads everything back, and gives it its name. An error leaves the place as it
  /// was; but if what was there was replaced, and the directory could not be synced, it is
  /// indeterminate.
  [[nodiscard]] result<> finish();

  /// The last batch.
  [[nodiscard]] shelf::position position() const noexcept;
  [[nodiscard]] std::uint64_t bytes() const noexcept { return journal_->end(); }

 private:
  sealed_file(file::location where, bool replaces);
  [[nodiscard]] result<> look_at(const file::open_file& there);
  [[nodiscard]] result<> verify() const;

  std::unique_ptr<file::location> where_;
  bool replaces_;
  std::unique_ptr<journal::journal_file> journal_;
  std::optional<file::open_file> old_;  ///< locked
};

/// For a file that is no other one's copy.
[[nodiscard]] std::array<std::byte, 16> draw_store_id(file::system& system);

/// What the header of a file says, and the file.
struct origin {
  file::open_file file;
  journal::file_header header;
};
/// Errors: those of location::open_to_read and decode_header.
[[nodiscard]] result<origin> look_at_origin(const file::location& where);

/// Writes the tables as one batch of that name; how many batches that is. The file was begun.
[[nodiscard]] result<> write_tables(const state_name& as, std::span<const table_image> tables,
                                    const progress& tell, sealed_file& to);

/// Begins an increment and writes what the trail has behind `since`, up to the byte `end`; how many
/// batches. Nothing, and nothing was begun, if the trail does not have all of that. Errors: those
/// of trail and of begin().
[[nodiscard]] result<std::optional<std::uint64_t>> write_increment(journal::trail& from,
                                                                   std::uint64_t end,
                                                                   const shelf::position& since,
                                                                   bool is_told, sealed_file& to);

}  // namespace shelf::stores
