// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// A shelf file made into a SQLite database, one SQL table per table, and back.
#include "cli/commands/commands.hpp"
#include "cli/files/pending_file.hpp"
#include "cli/files/sql_cell.hpp"
#include "cli/files/sql_schema.hpp"
#include "cli/files/sqlite_file.hpp"
#include "cli/files/standing_file.hpp"
#include "cli/files/twin_finder.hpp"
#include "cli/files/whole_database.hpp"
#include "cli/terminal/display_text.hpp"
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
constexpr std::int64_t latest_deadline = expiry::latest.time_since_epoch().count();

[[nodiscard]] std::unexpected<error> interrupted() {
  return std::unexpected(error(errc::busy, "interrupted; nothing was written"));
}

/// Writes the rows of one table; how many.
[[nodiscard]] result<std::uint64_t> write_table(sqlite_file& to, const new_sql_table& as,
                                                const types& schemas,
                                                const detail::snapshot_core& moment,
                                                bool with_deadlines, walk_count& walked,
                                                const interruption& stop) {
  if (auto made = to.run(as.create_statement(with_deadlines)); !made) {
    return std::unexpected(made.error());
  }
  auto insert = to.prepare(as.insert_statement(with_deadlines));
  if (!insert) return std::unexpected(insert.error());
  const auto columns = columns_of(schemas);
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
  if (const auto indexes = as.index_statements(); !indexes.empty()) {
    if (auto made = to.run(indexes); !made) return std::unexpected(made.error());
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
  const auto as = new_sql_table::of(from.tables);
  auto done = to->run(catalog_statement());
  for (std::size_t i = 0; done && i < from.tables.size(); ++i) {
    const auto& t = from.tables[i];
    const bool expires = from.cores[i]->stats().value_or(table_stats{}).expiring != 0;
    if (auto listed = as[i].list_in_catalog(*to, expires); !listed) {
      return std::unexpected(listed.error());
    }
    if (t.as.in_memory) continue;
    const auto moment = from.moment->of(*from.cores[i]);
    const auto written = write_table(*to, as[i], t.schemas, *moment, expires, walked, stop);
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
    if (std::holds_alternative<std::monostate>(until)) return made;
    const auto* const ms = std::get_if<std::int64_t>(&until);
    if (ms == nullptr || *ms < 0 || *ms > latest_deadline) {
      return std::unexpected(
          rows::bad_text{0, "shelf_expires: expected milliseconds since 1970, or NULL"});
    }
    made.until = static_cast<deadline>(*ms);
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

/// Reads the rows of one table, one by one.
class table_reading {
 public:
  table_reading(sqlite_file& from, const sql_table& of, progress_bar& bar, const interruption& stop)
      : from_(from), of_(of), maker_(of), bar_(bar), stop_(stop) {}

  /// Calls `f` with the key and the value of each row, and its deadline; how many there are.
  template <class F>
  [[nodiscard]] result<std::uint64_t> for_each(F f) {
    auto rows = from_.prepare(of_.select);
    if (!rows) return std::unexpected(rows.error());
    for (number_ = 1;; ++number_) {
      const auto more = rows->step();
      if (!more) return std::unexpected(more.error());
      if (!*more) return number_ - 1;
      if (number_ % rows_a_look == 0) {
        if (stop_.has_come()) return interrupted();
        bar_.update(number_, 0);
      }
      auto made = maker_.make(*rows);
      if (!made) return refuse(made.error().why);
      auto key = as_key(std::move(made->key));
      if (!key) return refuse(key.error().message());
      if (auto fits = check_value(made->value); !fits) return refuse(fits.error().message());
      if (auto done = f(key->encoded(), made->value.encoded(), made->until); !done) {
        return std::unexpected(done.error());
      }
    }
  }
  /// About the row that is being read.
  [[nodiscard]] std::unexpected<error> refuse(const std::string& why) const {
    return std::unexpected(
        error(errc::type_mismatch, fmt::format("{}: table {}: row {}: {}; nothing was written",
                                               from_.path(), of_.as.as.name, number_, why)));
  }

 private:
  sqlite_file& from_;
  const sql_table& of_;
  const row_maker maker_;
  progress_bar& bar_;
  const interruption& stop_;
  std::uint64_t number_ = 0;
};

[[nodiscard]] result<> refuse_twins(table_reading& rows, kind what, twin_finder& twins) {
  if (!twins.suspects()) return {};
  const auto read = rows.for_each([&](bytes key, bytes value, deadline) -> result<> {
    if (twins.is_first(key, value)) return {};
    const auto shown = term::from_canonical(key).to_string(64);
    return rows.refuse(is_bag(what) ? "the key " + shown + " has this value in an earlier row"
                                    : "the key " + shown + " is that of an earlier row");
  });
  return read ? result<>() : std::unexpected(read.error());
}

[[nodiscard]] result<std::uint64_t> read_table(sqlite_file& from, const sql_table& t,
                                               std::size_t place, detail::table_builder& into,
                                               progress_bar& bar, const interruption& stop) {
  const auto what = t.as.as.what;
  twin_finder twins(t.may_have_twins ? what : kind::duplicate_bag, 0);
  table_reading rows(from, t, bar, stop);
  const auto count = rows.for_each([&](bytes key, bytes value, deadline until) -> result<> {
    if (is_bag(what) && until != no_deadline) return rows.refuse("a bag keeps no deadlines");
    twins.see(key, value);
    return into.add(place, key, value, until);
  });
  if (!count) return count;
  if (auto once = refuse_twins(rows, what, twins); !once) return std::unexpected(once.error());
  return count;
}

/// An error of the new file, which is made under another name, with the name that it is to get.
[[nodiscard]] error named(const request& r, const pending_file& target, const error& e) {
  auto sentence = e.details();
  const auto shown = printable(target.path());
  const auto at = sentence.find(shown);
  if (at == std::string::npos) return e;
  sentence.replace(at, shown.size(), r.other);
  return {e.code(), sentence + "; nothing was written", {}, e.os_error()};
}

void answer(const request& r, console& out, std::size_t tables, std::uint64_t count) {
  out.write(wants_json(r, out) ? fmt::format("{{\"tables\":{},\"converted\":{}}}\n", tables, count)
                               : fmt::format("converted: {} tables, {} rows\n", tables, count));
}

}  // namespace

outcome convert_to_sqlite(const request& r, console& out) {
  if (auto other = refuse_same_file(r.other, r.file); !other) {
    return std::unexpected(other.error());
  }
  if (auto alone = sqlite_file::refuse_leftovers(r.other); !alone) {
    return std::unexpected(alone.error());
  }
  const auto from = whole_database::open(r.file, out);
  if (!from) return std::unexpected(from.error());
  const interruption stop;  // from here on there is something to clear away
  auto target = pending_file::beside(r.other, r.force);
  if (!target) return std::unexpected(target.error());
  progress_bar bar("writing " + r.other, out.errors_are_seen());
  const auto count = write_all(*from, target->path(), told_to(bar), stop);
  bar.clear();
  if (!count) return std::unexpected(named(r, *target, count.error()));
  if (auto synced = target->sync(); !synced) return std::unexpected(synced.error());
  if (auto named = target->publish(); !named) return std::unexpected(named.error());
  answer(r, out, from->tables.size(), *count);
  return exit_status::ok;
}

outcome convert_from_sqlite(const request& r, console& out) {
  if (auto other = refuse_same_file(r.other, r.file); !other) {
    return std::unexpected(other.error());
  }
  auto from = sqlite_file::open(r.file);
  if (!from) return std::unexpected(from.error());
  const auto tables = sql_tables_of(*from);
  if (!tables) return std::unexpected(tables.error());
  const interruption stop;  // from here on there is something to clear away
  auto target = pending_file::beside(r.other, r.force);
  if (!target) return std::unexpected(target.error());
  std::vector<file_description> as;
  for (const auto& t : *tables) as.push_back(t.as.as);
  auto into = detail::table_builder::create(target->path(), as);
  if (!into) return std::unexpected(named(r, *target, into.error()));
  progress_bar bar("reading " + r.file, out.errors_are_seen());
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < tables->size(); ++i) {
    const auto& t = (*tables)[i];
    if (t.as.as.in_memory) continue;
    const auto read = read_table(*from, t, i, *into, bar, stop);
    if (!read) return std::unexpected(named(r, *target, read.error()));
    count += *read;
  }
  bar.clear();
  if (auto done = into->publish(); !done) {
    return std::unexpected(named(r, *target, done.error()));
  }
  if (auto named = target->publish(); !named) return std::unexpected(named.error());
  answer(r, out, tables->size(), count);
  return exit_status::ok;
}

}  // namespace shelf::cli
