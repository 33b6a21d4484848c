// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Rows of one moment of a table into a file or a pipe.
#include "cli/commands/commands.hpp"
#include "cli/files/open_source.hpp"
#include "cli/files/output_file.hpp"
#include "cli/terminal/display_text.hpp"
#include "cli/terminal/progress_bar.hpp"
#include "rows/line_sorter.hpp"
#include "rows/row_reader.hpp"
#include "rows/row_writer.hpp"
#include "rows/selection.hpp"

#include <functional>

namespace shelf::cli {
namespace {

using sink = std::function<result<>(std::string_view)>;

[[nodiscard]] result<std::uint64_t> write_rows(const source& table, const selection& rows,
                                               row_writer& writer, bool drops, const sink& write,
                                               const progress& tell) {
  auto done = write(writer.header());
  std::uint64_t count = 0;
  std::string line;
  const auto write_one = [&](const term& key, const term& value, deadline until) {
    line.clear();
    writer.append(line, key, value, drops ? no_deadline : until);
    done = write(line);
    ++count;
    return done.has_value();
  };
  const auto read = rows.for_each(table, write_one, tell);
  if (!done) return std::unexpected(done.error());
  if (!read) return std::unexpected(read.error());
  return count;
}

/// The same in the order of the lines, so that equal tables are equal listings.
[[nodiscard]] result<std::uint64_t> write_sorted(const source& table, const selection& rows,
                                                 row_writer& writer, bool drops, const sink& write,
                                                 const progress& tell) {
  line_sorter sorter;
  const auto keep = [&](std::string_view line) -> result<> {
    if (line.ends_with('\n')) line.remove_suffix(1);
    return line.empty() ? result<>() : sorter.add(line);
  };
  auto count = write_rows(table, rows, writer, drops, keep, detail::step_of(tell, 0, 2));
  if (!count) return count;
  std::string whole;
  const auto tell_written = detail::step_of(tell, 1, 2);
  walk_count written(tell_written, *count);
  const auto done = sorter.for_each([&](std::string_view line) {
    written.one_more();
    whole.assign(line).push_back('\n');
    return write(whole);
  });
  if (!done) return std::unexpected(done.error());
  return count;
}

/// Nobody loses deadlines without having said so.
[[nodiscard]] result<> check_deadlines(const request& r, row_format format, const source& table) {
  if (format == row_format::json_lines || r.lost == lost_deadlines::drop) return {};
  const auto count = table.expiring();
  if (count == 0) return {};
  return std::unexpected(error(
      errc::invalid_argument,
      r.file +
          ": entries with a deadline, which this format cannot keep: " + std::to_string(count) +
          "; use --format jsonl, or --expiry drop to leave the deadlines out"));
}

}  // namespace

outcome export_rows(const request& r, console& out) {
  auto how = r.rows;
  const auto format = format_of(how, r.other);
  if (!format) return std::unexpected(format.error());
  how.format = *format;
  const auto table = open_source(r.file, r.table, out);
  if (!table) return std::unexpected(table.error());
  const auto rows = selection::make(r.selection, r.how, **table);
  if (!rows) return std::unexpected(rows.error());
  if (auto kept = check_deadlines(r, how.format, **table); !kept) {
    return std::unexpected(kept.error());
  }
  const bool objects = (*table)->keypos() != 0;
  const auto writer = make_row_writer(how, (*table)->schemas(), objects);
  if (!writer) return std::unexpected(writer.error());
  if (auto sound = (*table)->look_through(); !sound) return std::unexpected(sound.error());
  // Objects lie in a file as their hashes have it, which tells nobody anything.
  const auto write_all =
      objects && how.format == row_format::etf_hex && !rows->sorts() ? write_sorted : write_rows;
  const bool drops = r.lost == lost_deadlines::drop;
  const bool to_output = r.other.empty() || r.other == "-";
  progress_bar bar(to_output ? "exporting " + r.file : "writing " + r.other,
                   to_output ? out.errors_are_seen_beside_output() : out.errors_are_seen());
  if (to_output) {
    const auto to_console = [&](std::string_view text) -> result<> {
      if (out.is_terminal()) bar.give_way();
      if (out.is_terminal()) {
        out.write(printable_lines(text));
      } else {
        out.write(text);
      }
      return out.has_failed() ? out.flush() : result<>();
    };
    const auto written = write_all(**table, *rows, **writer, drops, to_console, told_to(bar));
    return written ? outcome(exit_status::ok) : std::unexpected(written.error());
  }
  auto file = output_file::create(r.other, {r.file}, r.force);
  if (!file) return std::unexpected(file.error());
  const auto to_file = [&](std::string_view text) { return file->write(text); };
  const auto written = write_all(**table, *rows, **writer, drops, to_file, told_to(bar));
  if (!written) return std::unexpected(written.error());
  if (auto named = file->publish(); !named) return std::unexpected(named.error());
  bar.clear();
  if (wants_json(r, out)) {
    out.write("{\"exported\":" + std::to_string(*written) + "}\n");
  } else {
    out.write(std::to_string(*written) + (*written == 1 ? " row" : " rows") + " exported\n");
  }
  return exit_status::ok;
}

}  // namespace shelf::cli
