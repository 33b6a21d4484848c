// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// get, count and list.
#include "cli/commands/listing.hpp"
#include "cli/commands/commands.hpp"
#include "cli/files/open_source.hpp"
#include "cli/terminal/display_text.hpp"
#include "cli/terminal/progress_bar.hpp"
#include "cli/terminal/text_table.hpp"
#include "rows/row_writer.hpp"
#include "rows/selection.hpp"
#include "rows/text/json_term.hpp"
#include "rows/text/json_value.hpp"
#include "rows/text/notation.hpp"

#include <utility>

namespace shelf::cli {
namespace {

/// No cell is worth more than this before it is cut to its column.
constexpr std::size_t most_of_a_cell = 4096;

/// Calls its function with each selected row; the cursor of the next page, or nothing.
using row_walk = detail::function_ref<result<std::string>(row_function)>;

/// with_deadlines: in a column of their own.
[[nodiscard]] result<std::string> list_as_table(const request& r, console& out,
                                                const std::vector<column>& columns,
                                                bool with_deadlines, row_walk walk,
                                                progress_bar& bar) {
  std::vector<text_table::heading> headings;
  for (const auto& c : columns) headings.push_back({c.name, is_number(*c.type)});
  if (with_deadlines) headings.push_back({"expires", false});
  text_table table(out, std::move(headings), out.is_terminal() ? &bar : nullptr);
  const auto add = [&](const term& key, const term& value, deadline until) {
    cells row(key, value);
    std::vector<std::string> shown;
    for (const auto& c : columns) {
      auto text = show(*c.type, r.how, row.at(c));
      if (text.size() > most_of_a_cell) text.resize(most_of_a_cell);
      shown.push_back(std::move(text));
    }
    if (with_deadlines) shown.push_back(until == no_deadline ? "" : show_deadline(until));
    table.add(std::move(shown));
    return true;
  };
  auto next = walk(add);
  table.finish();
  return next;
}

/// A row whole, or the columns that were asked for: an object of their names, or a tuple.
void append_row(std::string& line, const request& r, const source& from,
                const std::vector<column>& columns, const term& key, const term& value,
                deadline until) {
  const bool erlang = r.how == notation::erlang;
  if (r.rows.columns.empty() && erlang) {
    return append_erlang_row(line, from.keypos() != 0, key, value);
  }
  if (r.rows.columns.empty()) return append_json_row(line, from.schemas(), key, value, until);
  cells row(key, value);
  std::vector<term> chosen;
  line += erlang ? "" : "{";
  for (const auto& c : columns) {
    if (erlang) {
      chosen.push_back(row.at(c));
      continue;
    }
    if (&c != columns.data()) line += ',';
    append_json_string(line, c.name);
    line += ':';
    append_json(line, *c.type, row.at(c));
  }
  line += erlang ? term::tuple(chosen).to_string() + "." : "}";
}

/// The last line of a page: there always is one, so that a program need not look for it.
void write_next(const request& r, console& out, const std::string& cursor) {
  if (r.how == notation::erlang) {
    out.write(cursor.empty() ? "{next,none}.\n" : "{next,<<\"" + cursor + "\">>}.\n");
  } else if (wants_json(r, out)) {
    out.write(cursor.empty() ? "{\"next\":null}\n" : "{\"next\":\"" + cursor + "\"}\n");
  } else {
    out.write(out.in(tone::faint, cursor.empty() ? "the last page" : "next: --page " + cursor) +
              "\n");
  }
}

}  // namespace

std::string printed_value(const request& r, const console& out, const schema& s,
                          const term& value) {
  if (r.raw) {
    const auto content = value.as_binary();
    return std::string(content ? as_text(*content) : as_text(value.encode()));
  }
  const auto text = show(s.root(), r.how, value);
  return (out.is_terminal() ? printable(text) : text) + "\n";
}

result<> list_rows(const request& r, console& out, const source& from,
                   const selection_request& which) {
  const auto rows = selection::make(which, r.how, from);
  if (!rows) return std::unexpected(rows.error());
  const auto all = columns_of(from.schemas());
  auto columns = choose_columns(all, r.rows.columns, "--columns");
  if (!columns) return std::unexpected(columns.error());
  const bool with_deadlines = columns->empty() && from.expiring() != 0;
  if (columns->empty()) *columns = all;
  progress_bar bar("listing " + r.file, out.errors_are_seen_beside_output());
  const auto walk = [&](row_function f) -> result<std::string> {
    if (which.page) return rows->page(from, f, told_to(bar));
    if (auto read = rows->for_each(from, f, told_to(bar)); !read) {
      return std::unexpected(read.error());
    }
    return std::string();
  };
  std::string line;
  const auto write = [&](const term& key, const term& value, deadline until) {
    line.clear();
    append_row(line, r, from, *columns, key, value, until);
    if (out.is_terminal()) line = printable(line);
    line += '\n';
    if (out.is_terminal()) bar.give_way();
    out.write(line);
    return true;
  };
  const bool as_lines = wants_json(r, out) || r.how == notation::erlang;
  const auto next =
      as_lines ? walk(write) : list_as_table(r, out, *columns, with_deadlines, walk, bar);
  if (!next) return std::unexpected(next.error());
  if (which.page) write_next(r, out, *next);
  return {};
}

namespace {

[[nodiscard]] std::string_view in_words(explanation::access a) {
  switch (a) {
    case explanation::access::scan: return "all entries";
    case explanation::access::key_range: return "a range of keys";
    case explanation::access::key: return "one key";
    case explanation::access::unique: return "entries until one is found";
  }
  std::unreachable();
}

[[nodiscard]] std::string_view as_json(explanation::access a) {
  switch (a) {
    case explanation::access::scan: return "scan";
    case explanation::access::key_range: return "key_range";
    case explanation::access::key: return "key";
    case explanation::access::unique: return "unique";
  }
  std::unreachable();
}

/// Instead of the rows, how they are found.
[[nodiscard]] outcome explain(const request& r, console& out, const source& from,
                              const selection& rows, selection::purpose what) {
  progress_bar bar("reading " + r.file, out.errors_are_seen());
  const auto told = rows.explain(from, what, told_to(bar));
  bar.clear();
  if (!told) return std::unexpected(told.error());
  const auto stops_at = told->stops_at ? to_string(*told->stops_at) : std::string();
  if (wants_json(r, out)) {
    std::string line = "{\"reads\":\"" + std::string(as_json(told->reads)) + "\",\"because\":";
    append_json_string(line, told->because);
    line += ",\"stops_at\":";
    told->stops_at ? append_json_string(line, stops_at) : void(line += "null");
    out.write(line + ",\"looked_at\":" + std::to_string(told->looked_at) + ",\"of\":" +
              std::to_string(told->of) + ",\"rows\":" + std::to_string(told->rows) + "}\n");
    return exit_status::ok;
  }
  const auto line = [&](std::string_view name, const std::string& text) {
    std::string padded(name);
    padded.resize(11, ' ');
    out.write(out.in(tone::faint, padded) + printable(text) + "\n");
  };
  line("reads", std::string(in_words(told->reads)) + ": " + told->because);
  line("looked at",
       std::to_string(told->looked_at) + " of " + std::to_string(told->of) + " entries");
  line("rows", std::to_string(told->rows));
  return exit_status::ok;
}

}  // namespace

outcome list(const request& r, console& out) {
  const auto table =
      r.expired ? open_expired(r.file, r.table, out) : open_source(r.file, r.table, out);
  if (!table) return std::unexpected(table.error());
  if (r.explains) {
    const auto rows = selection::make(r.selection, r.how, **table);
    if (!rows) return std::unexpected(rows.error());
    return explain(r, out, **table, *rows, selection::purpose::rows);
  }
  if (!r.selection.limit && r.selection.sort.empty()) {
    if (auto sound = (*table)->look_through(); !sound) return std::unexpected(sound.error());
  }
  if (auto rows = list_rows(r, out, **table, r.selection); !rows) {
    return std::unexpected(rows.error());
  }
  return exit_status::ok;
}

outcome count(const request& r, console& out) {
  const auto table = open_source(r.file, r.table, out);
  if (!table) return std::unexpected(table.error());
  const auto rows = selection::make(r.selection, r.how, **table);
  if (!rows) return std::unexpected(rows.error());
  if (r.explains) return explain(r, out, **table, *rows, selection::purpose::count);
  std::uint64_t found = 0;
  // The size counts what has expired and is not swept yet.
  if (rows->is_all() && (*table)->expiring() == 0) {
    found = (*table)->size();
  } else {
    progress_bar bar("counting " + r.file, out.errors_are_seen());
    const auto counted = rows->count(**table, told_to(bar));
    if (!counted) return std::unexpected(counted.error());
    found = *counted;
  }
  const auto text = std::to_string(found);
  out.write(r.how == notation::json ? "{\"count\":" + text + "}\n" : text + "\n");
  return exit_status::ok;
}

namespace {

[[nodiscard]] std::unexpected<error> no_such_key(const request& r) {
  return std::unexpected(error(errc::not_found, r.file + ": there is no key " + r.key));
}

/// A value and its deadline: two lines, or an object.
[[nodiscard]] outcome get_with_deadline(const request& r, console& out, const source& table,
                                        const term& key) {
  if (is_bag(table.what())) {
    return std::unexpected(error(errc::invalid_argument, r.file + ": a bag keeps no deadlines"));
  }
  const auto& s = table.schemas().value;
  std::string text;
  const auto found = table.get(key, [&](bytes value) {
    const auto whole = term::from_canonical(value);
    text = r.how == notation::json ? to_json(s.root(), whole) : printed_value(r, out, s, whole);
  });
  if (!found) return std::unexpected(found.error());
  const auto until = table.expires_at(key);
  if (!until && until.error() != errc::not_found) return std::unexpected(until.error());
  if (*found == 0 || !until) return no_such_key(r);
  const auto when = show_deadline(*until);
  if (r.how == notation::json) {
    out.write("{\"value\":" + text +
              ",\"expires\":" + (*until == no_deadline ? "null" : '"' + when + '"') + "}\n");
  } else {
    out.write(text + "expires " + when + "\n");
  }
  return exit_status::ok;
}

}  // namespace

outcome get(const request& r, console& out) {
  const auto table = open_source(r.file, r.table, out);
  if (!table) return std::unexpected(table.error());
  auto key = read_argument((*table)->schemas().key, r.how, r.key, "KEY");
  if (key) key = as_key(*std::move(key));
  if (!key) return std::unexpected(key.error());
  if (r.with_deadline) return get_with_deadline(r, out, **table, *key);
  const auto found = (*table)->get(*key, [&](bytes value) {
    out.write(printed_value(r, out, (*table)->schemas().value, term::from_canonical(value)));
  });
  if (!found) return std::unexpected(found.error());
  return *found != 0 ? outcome(exit_status::ok) : no_such_key(r);
}

}  // namespace shelf::cli
