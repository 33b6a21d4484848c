// JOURNAL  api -> engine -> stores -> [journal] -> file
// A journal opened to read: no lock, nothing changed, complete batches only, beside whoever writes
// it.
#pragma once

#include "file/location.hpp"
#include "journal/scan.hpp"
#include "shelf/detail/function_ref.hpp"

#include <array>
#include <memory>
#include <optional>

namespace shelf::journal {

/// One look at a journal. Thread safety: one thread at a time.
class journal_view {
 public:
  /// Scans; `tell` is told of the bytes. Errors: not_found, not_a_table, corrupt,
  /// unsupported_version, file_error.
  [[nodiscard]] static result<std::unique_ptr<journal_view>> open(
      const file::location& where, const progress& tell = {}, file_role wanted = file_role::table);

  [[nodiscard]] const scanned& found() const noexcept { return found_; }
  /// See journal_file::allow_several_tables.
  [[nodiscard]] bool has_several_tables() const noexcept { return several_tables_; }
  /// Hands out all committed batches.
  [[nodiscard]] result<> replay(visitor& out);
  /// Hands out the frames of all committed batches, history not included.
  [[nodiscard]] result<> read_frames(detail::function_ref<result<>(const frame&)> f) const;
  [[nodiscard]] std::uint64_t file_id() const noexcept { return file_id_; }
  /// The header as it is now: it announces everything that was found.
  [[nodiscard]] result<file_header> read_header() const;
  [[nodiscard]] const file::open_file& file() const noexcept { return file_; }

  // Following the one who writes it.
  enum class news : std::uint8_t {
    none,
    some,      ///< something stands behind the last batch
    replaced,  ///< the name means another file, or the last batch is gone: all is to be read anew
  };
  /// Whether there is something new: reads 40 bytes twice, and looks at the name. Errors:
  /// file_error.
  [[nodiscard]] result<news> look_for_news(const file::location& where) const;
  /// Hands out the next batch. False: there is none, or it is not all there yet. Errors: corrupt,
  /// unsupported_version, file_error; the visitor's own.
  [[nodiscard]] result<bool> next(visitor& out);
  /// What was found, with the batch that next() has handed out.
  [[nodiscard]] const scanned& coming() const noexcept { return coming_; }
  /// Passes over it: from here on it counts as found.
  void pass() noexcept;
  /// What was found so far is on disk. Errors: file_error.
  [[nodiscard]] result<> sync() const { return file_.sync_data(); }

 private:
  journal_view(file::open_file file, file_role wanted) : file_(std::move(file)), role_(wanted) {}
  [[nodiscard]] result<> look(const progress& tell);
  [[nodiscard]] result<> remember_last_frame();
  [[nodiscard]] error changed_meanwhile(std::uint64_t offset) const;
  [[nodiscard]] result<bool> find_next(scanned& more);

  file::open_file file_;
  file_role role_;
  std::optional<frame_reader> reader_;  ///< while there is more
  std::uint64_t file_id_ = 0;
  bool several_tables_ = false;
  scanned found_;
  scanned coming_;
  std::array<std::byte, frame_header_size> last_frame_{};  ///< its first bytes
};

}  // namespace shelf::journal
