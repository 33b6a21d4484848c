// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// A whole database as text, and back.
#include "rows/dump.hpp"
#include "cli/commands/commands.hpp"
#include "cli/files/output_file.hpp"
#include "cli/files/standing_file.hpp"
#include "cli/files/whole_database.hpp"
#include "cli/terminal/display_text.hpp"
#include "cli/terminal/interruption.hpp"
#include "cli/terminal/progress_bar.hpp"
#include "rows/integer_width.hpp"
#include "rows/text/notation.hpp"
#include "upkeep/table_builder.hpp"

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

namespace shelf::cli {
namespace {

using sink = std::function<result<>(std::string_view)>;

/// Only these two have room for several tables.
[[nodiscard]] result<row_format> format_of_dump(const request& r) {
  auto format = format_of(r.rows, r.other);
  if (!format) return format;
  if (*format == row_format::json_lines || *format == row_format::erlang) return format;
  return std::unexpected(error(errc::invalid_argument,
                               "--format: a dump is jsonl or erlang; other formats hold the "
                               "rows of one table: see `shelf export`"));
}

/// Nobody loses deadlines without having said so.
[[nodiscard]] result<> check_deadlines(const request& r, row_format format,
                                       const whole_database& all) {
  if (format == row_format::json_lines || r.lost == lost_deadlines::drop) return {};
  const auto count = all.expiring();
  if (count == 0) return {};
  return std::unexpected(error(
      errc::invalid_argument,
      r.file +
          ": entries with a deadline, which this format cannot keep: " + std::to_string(count) +
          "; use --format jsonl, or --expiry drop to leave the deadlines out"));
}

[[nodiscard]] result<std::uint64_t> write_dump(const request& r, row_format format,
                                               const whole_database& all, const sink& write,
                                               const progress& tell) {
  auto done = write(dump_header(format, all.tables));
  std::uint64_t count = 0;
  std::uint64_t of = 0;
  std::vector<std::shared_ptr<const detail::snapshot_core>> shown;
  for (const auto& c : all.cores) {
    shown.push_back(all.moment->of(*c));
    of += shown.back()->size();
  }
  walk_count walked(tell, of);
  std::string line;
  for (std::size_t i = 0; done && i < shown.size(); ++i) {
    if (all.tables[i].as.in_memory) continue;
    const auto walk = shown[i]->entries();
    for (auto some = walk->next(); done && !some.empty(); some = walk->next()) {
      for (const auto& e : some) {
        line.clear();
        append_dumped_row(line, format, all.tables[i], term::from_canonical(e.key),
                          term::from_canonical(e.value),
                          r.lost == lost_deadlines::drop ? no_deadline : e.until);
        walked.one_more();
        ++count;
        if (done = write(line); !done) break;
      }
    }
  }
  if (!done) return std::unexpected(done.error());
  return count;
}

/// What a dump says nothing of: whether a table may have a key twice.
class key_memory {
 public:
  /// False: the key of the table was there before.
  [[nodiscard]] bool note(const term& key) { return seen_.insert(key.hash()).second; }

 private:
  std::unordered_set<std::size_t> seen_;
};

/// Puts the rows of a dump into a new file.
class loading {
 public:
  loading(const request& r, std::vector<dumped_table>& tables, dump_reader& from,
          detail::table_builder& into)
      : r_(r), tables_(tables), from_(from), into_(into), memories_(tables.size()) {}

  [[nodiscard]] result<std::uint64_t> run(const interruption& stop, progress_bar& bar) {
    for (std::uint64_t count = 0;; ++count) {
      auto n = from_.next();
      if (!n) return std::unexpected(n.error());
      if (stop.has_come()) {
        return std::unexpected(error(errc::invalid_argument, "interrupted; nothing was loaded"));
      }
      if (n->bad) return std::unexpected(refused(n->bad->line, n->bad->column, n->bad->why));
      if (!n->good) return count;
      if (auto added = add(*std::move(n->good), n->table); !added) {
        return std::unexpected(added.error() == errc::no_space || added.error() == errc::file_error
                                   ? added.error()
                                   : refused(from_.input().line(), 1, added.error().message()));
      }
      if ((count & 0xFF) == 0) bar.update(from_.input().done(), from_.input().size());
    }
  }

 private:
  [[nodiscard]] error refused(std::uint64_t line, std::size_t column,
                              const std::string& why) const {
    return error(errc::type_mismatch, fmt::format("{}:{}:{}: {}; nothing was loaded",
                                                  from_.input().name(), line, column, why));
  }
  [[nodiscard]] result<> add(row entry, std::size_t table) {
    const auto& t = tables_[table];
    auto key = as_key(std::move(entry.key));
    auto fits = key ? check_value(entry.value) : result<>(std::unexpected(key.error()));
    if (fits && !r_.force) fits = check_integer_width(t.schemas.key.root(), *key);
    if (fits && !r_.force) fits = check_integer_width(t.schemas.value.root(), entry.value);
    if (fits && is_bag(t.as.what) && entry.until != no_deadline) {
      fits = std::unexpected(error(errc::invalid_argument, "expires: a bag keeps no deadlines"));
    }
    if (fits && t.as.in_memory) {
      fits = std::unexpected(
          error(errc::invalid_argument, "table " + t.as.name + " is kept in memory, without rows"));
    }
    if (fits && !t.has_kind && !is_bag(t.as.what) && !memories_[table].note(*key)) {
      fits = std::unexpected(
          error(errc::key_already_present,
                "table " + t.as.name +
                    ": a second row of a key, and the dump does not say whether the "
                    "table is a bag; specify --kind " +
                    t.as.name + "=bag"));
    }
    if (!fits) return fits;
    return into_.add(table, key->encoded(), entry.value.encoded(), entry.until);
  }

  const request& r_;
  std::vector<dumped_table>& tables_;
  dump_reader& from_;
  detail::table_builder& into_;
  std::vector<key_memory> memories_;  ///< of tables whose kind the dump does not say
};

/// `--kind NAME=KIND` for tables of which the dump does not say it.
[[nodiscard]] result<> take_kinds(const request& r, std::vector<dumped_table>& tables) {
  for (const auto& [name, what] : r.table_kinds) {
    dumped_table* found = nullptr;
    for (auto& t : tables) found = t.as.name == name ? &t : found;
    const auto wrong = [&](const std::string& why) {
      return std::unexpected(error(errc::invalid_argument, "--kind: " + why));
    };
    if (found == nullptr) return wrong("the dump has no table " + name);
    if (found->has_kind) {
      return wrong("the dump says that table " + name + " is a " +
                   std::string(to_string(found->as.what)));
    }
    found->as.what = what;
    found->has_kind = true;
  }
  return {};
}

}  // namespace

outcome dump_database(const request& r, console& out) {
  const auto format = format_of_dump(r);
  if (!format) return std::unexpected(format.error());
  const auto all = whole_database::open(r.file, out);
  if (!all) return std::unexpected(all.error());
  if (auto kept = check_deadlines(r, *format, *all); !kept) return std::unexpected(kept.error());
  const bool to_output = r.other.empty() || r.other == "-";
  progress_bar bar(to_output ? "dumping " + r.file : "writing " + r.other,
                   to_output ? out.errors_are_seen_beside_output() : out.errors_are_seen());
  if (to_output) {
    const auto to_console = [&](std::string_view text) -> result<> {
      if (out.is_terminal()) bar.give_way();
      out.write(out.is_terminal() ? printable_lines(text) : std::string(text));
      return out.has_failed() ? out.flush() : result<>();
    };
    const auto written = write_dump(r, *format, *all, to_console, told_to(bar));
    return written ? outcome(exit_status::ok) : std::unexpected(written.error());
  }
  auto file = output_file::create(r.other, {r.file}, r.force);
  if (!file) return std::unexpected(file.error());
  const auto to_file = [&](std::string_view text) { return file->write(text); };
  const auto written = write_dump(r, *format, *all, to_file, told_to(bar));
  if (!written) return std::unexpected(written.error());
  if (auto named = file->publish(); !named) return std::unexpected(named.error());
  bar.clear();
  out.write(wants_json(r, out)
                ? fmt::format("{{\"tables\":{},\"rows\":{}}}\n", all->tables.size(), *written)
                : fmt::format("tables: {}, rows: {}\n", all->tables.size(), *written));
  return exit_status::ok;
}

outcome load_database(const request& r, console& out) {
  const interruption stop;
  if (auto other = refuse_same_file(r.file, r.other); !other) {
    return std::unexpected(other.error());
  }
  const auto format = format_of_dump(r);
  if (!format) return std::unexpected(format.error());
  auto input = input_file::open(r.other, [&stop] { return stop.has_come(); });
  if (!input) return std::unexpected(input.error());
  const auto from = make_dump_reader(*format, *std::move(input));
  auto tables = from->tables();
  if (!tables) return std::unexpected(tables.error());
  if (auto kinds = take_kinds(r, *tables); !kinds) return std::unexpected(kinds.error());
  std::vector<file_description> as;
  for (const auto& t : *tables) as.push_back(t.as);
  auto into = detail::table_builder::create(r.file, as);
  if (!into) return std::unexpected(into.error());
  progress_bar bar("reading " + from->input().name(), out.errors_are_seen());
  const auto count = loading(r, *tables, *from, *into).run(stop, bar);
  if (!count) return std::unexpected(count.error());
  if (auto named = into->publish(); !named) return std::unexpected(named.error());
  bar.clear();
  out.write(wants_json(r, out)
                ? fmt::format("{{\"tables\":{},\"rows\":{}}}\n", tables->size(), *count)
                : fmt::format("loaded: {} tables, {} rows\n", tables->size(), *count));
  return exit_status::ok;
}

}  // namespace shelf::cli
