// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// The file as a whole: copy, check, salvage, compact, remove.
#include "cli/commands/commands.hpp"
#include "cli/files/native_table.hpp"
#include "cli/terminal/display_text.hpp"
#include "rows/text/json_value.hpp"
#include "shelf/detail/database_core.hpp"
#include "shelf/table.hpp"
#include "upkeep/kept_history.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace shelf::cli {
namespace {

[[nodiscard]] std::string batches_of(const lost_place& l) {
  if (l.last_sequence == 0) return "no known batch";
  if (l.first_sequence == l.last_sequence) return fmt::format("batch {}", l.first_sequence);
  return fmt::format("batches {} to {}", l.first_sequence, l.last_sequence);
}

void write_losses_as_json(console& out, const salvage_report& report) {
  std::string line = fmt::format(
      "{{\"batches\":{},\"changes\":{},\"bad_records\":{},\"lost_places\":{},\"lost_bytes\":{},"
      "\"lost\":[",
      report.batches, report.changes, report.bad_records, report.lost_places, report.lost_bytes);
  bool first = true;
  for (const auto& l : report.lost) {
    line += fmt::format(
        "{}{{\"from\":{},\"to\":{},\"first_sequence\":{},\"last_sequence\":{},"
        "\"promised\":{}}}",
        first ? "" : ",", l.from, l.to, l.first_sequence, l.last_sequence, l.promised);
    first = false;
  }
  line += "],\"partial\":[";
  for (std::size_t i = 0; i < report.partial.size(); ++i) {
    line += fmt::format("{}{}", i > 0 ? "," : "", report.partial[i]);
  }
  line += "],\"left_out\":[";
  first = true;
  for (const auto& l : report.left_out) {
    line += fmt::format("{}{{\"sequence\":{},\"why\":", first ? "" : ",", l.sequence);
    append_json_string(line, l.why);
    line += '}';
    first = false;
  }
  out.write(line + "]}\n");
}

void write_losses(console& out, const salvage_report& report, const std::string& to) {
  for (const auto& l : report.lost) {
    out.write(out.in(l.promised ? tone::bad : tone::warning,
                     fmt::format("lost       bytes {} to {}: {}{}", l.from, l.to, batches_of(l),
                                 l.promised ? "" : " (an incomplete write, never acknowledged)")) +
              "\n");
  }
  if (report.lost_places > report.lost.size()) {
    out.write(fmt::format("lost       {} more places\n", report.lost_places - report.lost.size()));
  }
  for (const auto sequence : report.partial) {
    out.write(out.in(tone::warning, fmt::format("in part    batch {}", sequence)) + "\n");
  }
  for (const auto& l : report.left_out) {
    out.write(out.in(tone::warning, fmt::format("left out   batch {}: {}", l.sequence, l.why)) +
              "\n");
  }
  if (report.bad_records > report.left_out.size()) {
    out.write(
        fmt::format("left out   {} more records\n", report.bad_records - report.left_out.size()));
  }
  out.write(fmt::format("kept       {} changes in {} batches, in {}\n", report.changes,
                        report.batches, printable(to)));
}

}  // namespace

outcome copy_file(const request& r, console& out) {
  progress_bar bar("copying " + r.file, out.errors_are_seen());
  const auto done = shelf::copy(r.file, r.other, {}, told_to(bar));
  bar.clear();
  if (!done) return std::unexpected(done.error());
  out.write(wants_json(r, out)
                ? fmt::format("{{\"batches\":{},\"bytes\":{}}}\n", done->batches, done->bytes)
                : fmt::format("{} bytes copied\n", done->bytes));
  return exit_status::ok;
}

outcome check_file(const request& r, console& out) {
  progress_bar bar("checking " + r.file, out.errors_are_seen());
  const auto done = shelf::check(r.file, {}, told_to(bar));
  bar.clear();
  if (!done) return std::unexpected(done.error());
  if (wants_json(r, out)) {
    out.write(fmt::format("{{\"sound\":true,\"entries\":{},\"batches\":{},\"torn_bytes\":{}}}\n",
                          done->entries, done->batches, done->torn_bytes));
    return exit_status::ok;
  }
  out.write(out.in(tone::good, "sound") +
            fmt::format(": {} entries in {} batches\n", done->entries, done->batches));
  if (done->torn_bytes != 0) {
    out.write(out.in(tone::warning,
                     fmt::format("{} bytes of an unfinished write, never acknowledged; the next "
                                 "writer cuts them off",
                                 done->torn_bytes)) +
              "\n");
  }
  return exit_status::ok;
}

outcome salvage_file(const request& r, console& out) {
  const auto as = described(r.types);
  if (!as) return std::unexpected(as.error());
  salvage_options options;
  options.what = r.types.what;
  options.key_schema = as->key_schema;
  options.value_schema = as->value_schema;
  progress_bar bar("salvaging " + r.file, out.errors_are_seen());
  const auto done = shelf::salvage(r.file, r.other, options, told_to(bar));
  bar.clear();
  if (!done) return std::unexpected(done.error());
  if (wants_json(r, out)) {
    write_losses_as_json(out, *done);
  } else {
    write_losses(out, *done, r.other);
  }
  return exit_status::ok;
}

namespace {

[[nodiscard]] result<std::uint64_t> length_of(const std::string& file) {
  const auto all = describe_all(file);
  if (!all) return std::unexpected(all.error());
  return all->empty() ? 0 : all->front().file_bytes;
}

/// All tables of a file, without their types: they are rewritten as they are.
[[nodiscard]] result<> compact_database(const request& r, const history& kept, console& out) {
  detail::core_config config;
  config.path = r.file;
  config.opening = opening::existing;
  config.history = kept;
  const auto db = detail::open_database(std::move(config), {});
  if (!db) return std::unexpected(db.error());
  progress_bar writing("compacting " + r.file, out.errors_are_seen());
  if (auto done = (*db)->compact(told_to(writing)); !done) return done;
  return (*db)->close();
}

[[nodiscard]] result<> compact_table(const request& r, const history& kept, console& out) {
  progress_bar bar("reading " + r.file, out.errors_are_seen());
  const auto table = native_table::write(r.file, r.table, kept, std::move(bar));
  if (!table) return std::unexpected(table.error());
  progress_bar writing("compacting " + r.file, out.errors_are_seen());
  if (auto done = table->core().compact(told_to(writing)); !done) return done;
  return table->close();
}

}  // namespace

outcome compact(const request& r, console& out) {
  const auto tables = describe_all(r.file);
  if (!tables) return std::unexpected(tables.error());
  const auto before = length_of(r.file);
  const auto kept = r.drop_history ? history{} : detail::kept_history(r.file);
  if (!kept) return std::unexpected(kept.error());
  const auto done =
      tables->size() == 1 ? compact_table(r, *kept, out) : compact_database(r, *kept, out);
  if (!done) return std::unexpected(done.error());
  const auto after = length_of(r.file);
  if (!before || !after) return std::unexpected(before ? after.error() : before.error());
  out.write(wants_json(r, out)
                ? fmt::format("{{\"bytes_before\":{},\"bytes_after\":{}}}\n", *before, *after)
                : fmt::format("compacted: {} -> {} bytes\n", *before, *after));
  return exit_status::ok;
}

outcome remove_table(const request& r, console& out) {
  // Only a table: whatever else lies under this name is not ours to remove. A damaged one is.
  const auto what = describe_all(r.file);
  if (!what && what.error() != errc::corrupt) return std::unexpected(what.error());
  if (!r.yes && !out.asks()) {
    return std::unexpected(
        error(errc::invalid_argument, r.file + ": not removed: without a terminal, --yes is "
                                               "required"));
  }
  if (!r.yes) {
    out.write("Remove " + printable(r.file) + " permanently? [y/N] ");
    if (auto asked = out.flush(); !asked) return std::unexpected(asked.error());
    const int answer = std::getchar();
    if (answer != 'y' && answer != 'Y') {
      out.write("Not removed.\n");
      return exit_status::refused;
    }
  }
  if (auto gone = shelf::remove(r.file); !gone) return std::unexpected(gone.error());
  out.write(wants_json(r, out) ? "{\"result\":\"removed\"}\n" : "removed\n");
  return exit_status::ok;
}

}  // namespace shelf::cli
