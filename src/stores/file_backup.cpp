// STORES  api -> engine -> [stores] -> journal -> file
// The batches of a file, or those behind a position, carried over into a backup.
#include "stores/file_backup.hpp"

#include "journal/batch_copy.hpp"
#include "stores/sealed_file.hpp"

#include <array>
#include <optional>

namespace shelf::stores {
namespace {

[[nodiscard]] backup_report report_of(const sealed_file& made, backup_extent extent,
                                      std::uint64_t batches) {
  return {.extent = extent, .position = made.position(), .batches = batches, .bytes = made.bytes()};
}

/// Nothing, if the file does not have all that changed since.
[[nodiscard]] result<std::optional<backup_report>> back_up_changes(
    const file::location& where, const journal::journal_view& view, const backup_options& options,
    sealed_file& to) {
  const auto from = journal::trail::open(where);
  if (!from) return std::unexpected(from.error());
  // Replaced since the view was taken: then the whole of what it shows is the safe choice.
  if ((*from)->file_id() != view.file_id()) return std::nullopt;
  const auto batches = write_increment(**from, view.found().end, *options.since,
                                       static_cast<bool>(options.tell), to);
  if (!batches) return std::unexpected(batches.error());
  if (!*batches) return std::nullopt;
  if (auto done = to.finish(); !done) return std::unexpected(done.error());
  return report_of(to, backup_extent::increment, **batches);
}

}  // namespace

result<backup_report> back_up_file(const file::location& from, const std::string& target,
                                   const backup_options& options) {
  const auto view = journal::journal_view::open(from, detail::step_of(options.tell, 0, 2));
  if (!view) return std::unexpected(view.error());
  const std::array sources{&(*view)->file()};
  auto to =
      sealed_file::claim(from.system(), {target, options.base_directory, options.replace}, sources);
  if (!to) return std::unexpected(to.error());
  if (options.since) {
    auto made = back_up_changes(from, **view, options, *to);
    if (!made) return std::unexpected(made.error());
    if (*made) return **made;
  }
  const auto header = (*view)->read_header();
  if (!header) return std::unexpected(header.error());
  auto done = to->begin(header->store_id,
                        {.sync_on_the_way = static_cast<bool>(options.tell),
                         .several_tables = header->several_tables},
                        &(*view)->file());
  std::uint64_t batches = 0;
  if (done) {
    auto copied = journal::copy_content(**view, to->journal(), detail::step_of(options.tell, 1, 2));
    if (!copied) return std::unexpected(copied.error());
    batches = *copied;
  }
  if (done) done = to->finish();
  if (!done) return std::unexpected(done.error());
  return report_of(*to, backup_extent::whole, batches);
}

}  // namespace shelf::stores
