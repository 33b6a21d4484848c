// JOURNAL  api -> engine -> stores -> [journal] -> file
// A journal opened to read: no lock, nothing changed, complete batches only, beside whoever writes
// it.
#pragma once

#include "file/location.hpp"
#include "journal/scan.hpp"

#include <memory>

namespace shelf::journal {

/// One look at a journal. Thread safety: one thread at a time.
class journal_view {
 public:
  /// Scans; `tell` is told of the bytes. Errors: not_found, not_a_table, corrupt,
  /// unsupported_version, file_error.
  [[nodiscard]] static result<std::unique_ptr<journal_view>> open(const file::location& where,
                                                                  const progress& tell = {});

  [[nodiscard]] const scanned& found() const noexcept { return found_; }
  /// See journal_file::allow_several_tables.
  [[nodiscard]] bool has_several_tables() const noexcept { return several_tables_; }
  /// Hands out all committed batches.
  [[nodiscard]] result<> replay(visitor& out);

 private:
  explicit journal_view(file::open_file file) : file_(std::move(file)) {}
  [[nodiscard]] result<> look(const progress& tell);

  file::open_file file_;
  std::uint64_t file_id_ = 0;
  bool several_tables_ = false;
  scanned found_;
};

}  // namespace shelf::journal
