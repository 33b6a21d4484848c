// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Backups, whole and in increments, and what is restored of them.
#include "shelf/backup.hpp"
#include "cli/commands/commands.hpp"
#include "cli/terminal/progress_bar.hpp"

#include <fmt/format.h>

namespace shelf::cli {
namespace {

[[nodiscard]] const char* name_of(backup_extent e) noexcept {
  return e == backup_extent::whole ? "whole" : "increment";
}

}  // namespace

outcome backup_file(const request& r, console& out) {
  backup_options options{.since = {}, .replace = r.force, .base_directory = {}, .tell = {}};
  if (!r.since.empty()) {
    const auto since = position::parse(r.since);
    if (!since) {
      return std::unexpected(
          error(errc::invalid_argument, "--since: " + r.since + " is not a position"));
    }
    options.since = *since;
  }
  progress_bar bar("backing up " + r.file, out.errors_are_seen());
  options.tell = told_to(bar);
  const auto done = shelf::backup(r.file, r.other, options);
  bar.clear();
  if (!done) return std::unexpected(done.error());
  const auto position = done->position.to_string();
  if (wants_json(r, out)) {
    out.write(fmt::format("{{\"backup\":\"{}\",\"position\":\"{}\",\"batches\":{},\"bytes\":{}}}\n",
                          name_of(done->extent), position, done->batches, done->bytes));
    return exit_status::ok;
  }
  if (options.since && done->extent == backup_extent::whole) {
    out.write(out.in(tone::warning, "the file no longer has what changed since that position") +
              "\n");
  }
  out.write(done->extent == backup_extent::whole
                ? fmt::format("whole backup: {} bytes\n", done->bytes)
                : fmt::format("increment: batches: {}, {} bytes\n", done->batches, done->bytes));
  out.write(fmt::format("next: --since {}\n", position));
  return exit_status::ok;
}

outcome restore_file(const request& r, console& out) {
  restore_options options;
  options.increments = r.increments;
  options.replace = r.force;
  progress_bar bar("restoring " + r.file, out.errors_are_seen());
  options.tell = told_to(bar);
  const auto done = shelf::restore(r.file, r.other, options);
  bar.clear();
  if (!done) return std::unexpected(done.error());
  out.write(wants_json(r, out)
                ? fmt::format("{{\"position\":\"{}\",\"batches\":{},\"bytes\":{}}}\n",
                              done->position.to_string(), done->batches, done->bytes)
                : fmt::format("restored: {} bytes\n", done->bytes));
  return exit_status::ok;
}

}  // namespace shelf::cli
