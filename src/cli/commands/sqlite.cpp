// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// A shelf file made into a SQLite database, one SQL table per table, and back.
#include "cli/commands/commands.hpp"
#include "cli/files/pending_file.hpp"
#include "cli/files/sql_cell.hpp"
#include "cli/files/sql_schema.hpp"
#include "cli/files/sqlite_file.hpp"
#include "cli/files/standing_file.hpp"
#include "cli/files/whole_database.hpp"
#include "cli/terminal/interruption.hpp"
#include "cli/terminal/progress_bar.hpp"
#include "rows/text/notation.hpp"
#include "upkeep/table_builder.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

namespace shelf::cli {
namespace {

constexpr std::uint64_t rows_a_look = 1024;

[[nodiscard]] std::unexpected<error> interrupted() {
  return std::unexpected(error(errc::invalid_argument, "interrupted; nothing was written"));
}

/// Writes the rows of one table; how many.
[[nodiscard]] result<std::uint64_t> write_table(sqlite_file& to, const dumped_table& t,
                                                const detail::snapshot_core& moment,
                                                bool with_deadlines, walk_count& walked,
                                                const interruption& stop) {
  if (auto made = to.run(create_statement(t, with_deadlines)); !made) {
    return std::unexpected(made.error());
  }
  auto insert = to.prepare(insert_statement(t, with_deadlines));
  if (!insert) return std::unexpected(insert.error());
  const auto columns = columns_of(t.schemas);
  std::uint64_t count = 0;
  const auto walk = moment.entries();
  for (auto some = walk->next(); !some.empty(); some = walk->next()) {
    if (stop.has_come()) return interrupted();
    for (const auto& e : some) {
      const auto key = term::from_canonical(e.key);
      const auto value = term::from_canonical(e.value);
      cells row(key, value);
      int at = 0;
      result<> done;
      for (const auto& c : columns) {
        if (done) done = insert->bind(++at, term_to_sql(*c.type, row.at(c)));
      }
      if (done && with_deadlines) {
        done = insert->bind(++at, e.until == no_deadline
                                      ? sql_value()
                                      : sql_value(static_cast<std::int64_t>(e.until)));
      }
      if (!done) return std::unexpected(done.error());
      if (auto stepped = insert->step(); !stepped) return std::unexpected(stepped.error());
      walked.one_more();
      ++count;
    }
  }
  return count;
}

[[nodiscard]] result<std::uint64_t> write_all(const whole_database& from, const std::string& path,
                                              const progress& tell, const interruption& stop) {
  auto to = sqlite_file::create(path);
  if (!to) return std::unexpected(to.error());
  std::uint64_t of = 0;
  for (const auto& c : from.cores) of += c->size();
  walk_count walked(tell, of);
  std::uint64_t count = 0;
  auto done = to->run(catalog_statement());
  for (std::size_t i = 0; done && i < from.tables.size(); ++i) {
    const auto& t = from.tables[i];
    const bool expires = from.cores[i]->stats().value_or(table_stats{}).expiring != 0;
    if (auto listed = list_in_catalog(*to, t, expires); !listed) {
      return std::unexpected(listed.error());
    }
    if (t.as.in_memory) continue;
    const auto moment = from.moment->of(*from.cores[i]);
    const auto written = write_table(*to, t, *moment, expires, walked, stop);
    if (!written) return written;
    count += *written;
  }
  if (done) done = to->finish();
  if (!done) return std::unexpected(done.error());
  return count;
}

/// Rows of SQL as entries.
class row_maker {
 public:
  explicit row_maker(const sql_table& from) : from_(from), columns_(columns_of(from.as.schemas)) {}

  [[nodiscard]] std::expected<row, rows::bad_text> make(const sql_statement& at) const {
    auto key = side(column::side::key, from_.as.schemas.key, at);
    if (!key) return std::unexpected(key.error());
    auto value = from_.has_no_value ? std::expected<term, rows::bad_text>(*term::atom("nil"))
                                    : side(column::side::value, from_.as.schemas.value, at);
    if (!value) return std::unexpected(value.error());
    row made{.key = *std::move(key), .value = *std::move(value)};
    if (!from_.has_deadlines) return made;
    const auto until = at.column(static_cast<int>(columns_.size()));
    if (const auto* const ms = std::get_if<std::int64_t>(&until); ms != nullptr && *ms >= 0) {
      made.until = static_cast<deadline>(*ms);
    }
    return made;
  }

 private:
  [[nodiscard]] std::expected<term, rows::bad_text> side(column::side of, const schema& s,
                                                         const sql_statement& at) const {
    const auto& n = rows::unnamed(s.root());
    std::vector<term> elements;
    if (detail::form_of(n) == rows::schema_form::record && rows::has_columns(n)) {
      elements.push_back(*term::atom(n.word));
    }
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const auto& c = columns_[i];
      if (c.of != of) continue;
      const auto value = at.column(static_cast<int>(i));
      auto t = from_.is_ours ? sql_to_term(*c.type, value) : foreign_sql_to_term(*c.type, value);
      if (!t) return std::unexpected(rows::bad_text{0, c.name + ": " + t.error().why});
      if (c.whole) return t;
      elements.push_back(*std::move(t));
    }
    return term::tuple(elements);
  }

  const sql_table& from_;
  const std::vector<column> columns_;
};

[[nodiscard]] result<std::uint64_t> read_table(sqlite_file& from, const sql_table& t,
                                               std::size_t place, detail::table_builder& into,
                                               progress_bar& bar, const interruption& stop) {
  auto rows = from.prepare(t.select);
  if (!rows) return std::unexpected(rows.error());
  const row_maker maker(t);
  for (std::uint64_t count = 0;; ++count) {
    const auto more = rows->step();
    if (!more) return std::unexpected(more.error());
    if (!*more) return count;
    if (count % rows_a_look == 0) {
      if (stop.has_come()) return interrupted();
      bar.update(count, 0);
    }
    auto made = maker.make(*rows);
    const auto refused = [&](const std::string& why) {
      return std::unexpected(
          error(errc::type_mismatch, fmt::format("{}: table {}: row {}: {}; nothing was written",
                                                 from.path(), t.as.as.name, count + 1, why)));
    };
    if (!made) return refused(made.error().why);
    auto key = as_key(std::move(made->key));
    if (!key) return refused(key.error().message());
    if (auto fits = check_value(made->value); !fits) return refused(fits.error().message());
    if (auto added = into.add(place, key->encoded(), made->value.encoded(), made->until); !added) {
      return std::unexpected(added.error());
    }
  }
}

void answer(const request& r, console& out, std::size_t tables, std::uint64_t count) {
  out.write(wants_json(r, out) ? fmt::format("{{\"tables\":{},\"converted\":{}}}\n", tables, count)
                               : fmt::format("converted: {} tables, {} rows\n", tables, count));
}

}  // namespace

outcome convert_to_sqlite(const request& r, console& out) {
  const interruption stop;
  if (auto other = refuse_same_file(r.other, r.file); !other) {
    return std::unexpected(other.error());
  }
  const auto from = whole_database::open(r.file, out);
  if (!from) return std::unexpected(from.error());
  auto target = pending_file::beside(r.other, r.force);
  if (!target) return std::unexpected(target.error());
  progress_bar bar("writing " + r.other, out.errors_are_seen());
  const auto count = write_all(*from, target->path(), told_to(bar), stop);
  bar.clear();
  if (!count) return std::unexpected(count.error());
  if (auto synced = target->sync(); !synced) return std::unexpected(synced.error());
  if (auto named = target->publish(); !named) return std::unexpected(named.error());
  answer(r, out, from->tables.size(), *count);
  return exit_status::ok;
}

outcome convert_from_sqlite(const request& r, console& out) {
  const interruption stop;
  if (auto other = refuse_same_file(r.other, r.file); !other) {
    return std::unexpected(other.error());
  }
  auto from = sqlite_file::open(r.file);
  if (!from) return std::unexpected(from.error());
  const auto tables = sql_tables_of(*from);
  if (!tables) return std::unexpected(tables.error());
  auto target = pending_file::beside(r.other, r.force);
  if (!target) return std::unexpected(target.error());
  std::vector<file_description> as;
  for (const auto& t : *tables) as.push_back(t.as.as);
  auto into = detail::table_builder::create(target->path(), as);
  if (!into) return std::unexpected(into.error());
  progress_bar bar("reading " + r.file, out.errors_are_seen());
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < tables->size(); ++i) {
    const auto& t = (*tables)[i];
    if (t.as.as.in_memory) continue;
    const auto read = read_table(*from, t, i, *into, bar, stop);
    if (!read) return std::unexpected(read.error());
    count += *read;
  }
  bar.clear();
  if (auto done = into->publish(); !done) return std::unexpected(done.error());
  if (auto named = target->publish(); !named) return std::unexpected(named.error());
  answer(r, out, tables->size(), count);
  return exit_status::ok;
}

}  // namespace shelf::cli
