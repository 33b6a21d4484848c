// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Where the rows of an import go: a table that is there, a new file, or the end of a file.
#pragma once

#include "cli/files/native_table.hpp"
#include "rows/row_reader.hpp"
#include "shelf/detail/core.hpp"

#include <cstdint>
#include <memory>
#include <optional>

namespace shelf::cli {

using rows::row;

/// What rows came to.
struct row_counts {
  std::uint64_t added = 0;
  std::uint64_t replaced = 0;
  std::uint64_t unchanged = 0;
};

/// Takes rows, of which nothing is in the table until publish(). Without that the table stays as it
/// was. Thread safety: one thread.
class row_sink {
 public:
  virtual ~row_sink() = default;
  /// size_limit_exceeded: the row's fault, which changes nothing; anything else is the file's.
  [[nodiscard]] virtual result<> add(const row& entry) = 0;
  /// All rows are in the table and on disk, in one step.
  [[nodiscard]] virtual result<> publish() = 0;
  /// What the rows came to; nullopt if nobody compared them. To be asked after publish().
  [[nodiscard]] virtual std::optional<row_counts> counts() = 0;
};

/// Rows go into the table in memory, and what they changed goes to the file as one batch: rows that
/// change nothing take no room in the file. The table was opened in write-back mode.
[[nodiscard]] std::unique_ptr<row_sink> make_table_sink(native_table table);

/// Rows go to a file of that kind, frame by frame; memory holds a frame, and 16 bytes per row where
/// keys may repeat.
[[nodiscard]] std::unique_ptr<row_sink> make_file_sink(std::unique_ptr<detail::file_builder> file,
                                                       kind what);

/// The same without counting: memory holds a frame.
[[nodiscard]] std::unique_ptr<row_sink> make_uncounted_sink(
    std::unique_ptr<detail::file_builder> file);

}  // namespace shelf::cli
