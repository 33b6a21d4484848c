// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Two tables compared, key by key.
#include "cli/commands/commands.hpp"
#include "cli/files/open_source.hpp"
#include "cli/terminal/display_text.hpp"
#include "cli/terminal/progress_bar.hpp"
#include "rows/text/json_term.hpp"
#include "rows/text/notation.hpp"

#include <algorithm>
#include <set>
#include <vector>

namespace shelf::cli {
namespace {

using values = std::vector<term>;

/// A key whose values differ; in maps there is one value on each side at most.
struct difference {
  term key;
  values before;
  values after;
};

[[nodiscard]] result<values> values_of(const source& in, const term& key) {
  values all;
  const auto got = in.get(key, [&](bytes v) { all.push_back(term::from_canonical(v)); });
  if (!got) return std::unexpected(got.error());
  return all;
}

/// Calls f(key), which may fail, once for each key. The values of a key stand together in every
/// kind.
template <class F>
[[nodiscard]] result<> for_each_key(const source& in, F&& f, const progress& tell) {
  std::optional<term> last;
  result<> done;
  const auto look = [&](bytes k, bytes, deadline) {
    if (last && same_bytes(last->encoded(), k)) return true;
    last = term::from_canonical(k);
    done = f(*last);
    return done.has_value();
  };
  auto read = in.for_each({}, look, tell);
  return done ? read : done;
}

/// Notes the key if its values differ. only_new: only if it was not there before.
[[nodiscard]] result<> compare_key(const source& before, const source& after, const term& key,
                                   bool only_new, std::vector<difference>& into) {
  auto had = values_of(before, key);
  if (!had) return std::unexpected(had.error());
  if (only_new && !had->empty()) return {};
  auto has = values_of(after, key);
  if (!has) return std::unexpected(has.error());
  if (*had != *has) into.push_back({key, *std::move(had), *std::move(has)});
  return {};
}

[[nodiscard]] result<std::vector<difference>> compare(const source& before, const source& after,
                                                      progress_bar bar) {
  std::vector<difference> all;
  const auto tell = told_to(bar);
  const auto compare_keys = [&](const source& of, bool only_new) {
    const auto compare_one = [&](const term& key) {
      return compare_key(before, after, key, only_new, all);
    };
    return for_each_key(of, compare_one, detail::step_of(tell, only_new ? 1 : 0, 2));
  };
  auto read = compare_keys(before, false);
  if (read) read = compare_keys(after, true);
  if (!read) return std::unexpected(read.error());
  std::ranges::sort(all, [](const auto& a, const auto& b) { return a.key < b.key; });
  return all;
}

void append_json_values(std::string& line, const char* name, const types& t, const values& all,
                        bool is_bag) {
  if (all.empty()) return;
  line.append(",\"").append(name).append("\":");
  if (is_bag) line += '[';
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i > 0) line += ',';
    append_json(line, t.value.root(), all[i]);
  }
  if (is_bag) line += ']';
}

void write_json(console& out, const difference& d, const source& before, const source& after) {
  const char* const what = d.before.empty() ? "added" : d.after.empty() ? "removed" : "changed";
  std::string line = std::string("{\"difference\":\"") + what + "\",\"key\":";
  append_json(line, before.schemas().key.root(), d.key);
  append_json_values(line, "before", before.schemas(), d.before, is_bag(before.what()));
  append_json_values(line, "after", after.schemas(), d.after, is_bag(after.what()));
  out.write(line + "}\n");
}

void write_text(const request& r, console& out, const difference& d, const source& before,
                const source& after) {
  const auto line = [&](tone t, const char* sign, const source& of, const term& value) {
    const auto text = std::string(sign) + show(of.schemas().key.root(), r.how, d.key) + "  " +
                      show(of.schemas().value.root(), r.how, value);
    out.write(out.in(t, printable(text)) + "\n");
  };
  for (const auto& v : d.before) line(tone::bad, "- ", before, v);
  for (const auto& v : d.after) line(tone::good, "+ ", after, v);
}

[[nodiscard]] std::string what_is(const source& s) {
  if (s.keypos() != 0) {
    return std::string(to_string(s.what())) + " of objects with their keys at " +
           std::to_string(s.keypos());
  }
  return std::string(to_string(s.what())) + " of " + s.schemas().key.text() + " to " +
         s.schemas().value.text();
}

[[nodiscard]] outcome diff_tables(const request& r, console& out) {
  const auto before = open_source(r.file, r.table, out);
  if (!before) return std::unexpected(before.error());
  const auto after = open_source(r.other, r.table, out);
  if (!after) return std::unexpected(after.error());
  if (((*before)->keypos() != 0) != ((*after)->keypos() != 0)) {
    return std::unexpected(error(errc::wrong_kind,
                                 "a table of entries and one of objects cannot "
                                 "be compared: " +
                                     r.file + ", " + r.other +
                                     "; convert one of them with `shelf convert`"));
  }
  bool same = true;
  if (what_is(**before) != what_is(**after)) {
    same = false;
    out.complain(tone::warning, r.file + " is a " + what_is(**before) + ", " + r.other + " is a " +
                                    what_is(**after));
  }
  const auto differences =
      compare(**before, **after, progress_bar("comparing " + r.file, out.errors_are_seen()));
  if (!differences) return std::unexpected(differences.error());
  for (const auto& d : *differences) {
    same = false;
    if (wants_json(r, out)) {
      write_json(out, d, **before, **after);
    } else {
      write_text(r, out, d, **before, **after);
    }
  }
  return same ? exit_status::ok : exit_status::refused;
}

/// The names of the tables, if there are several; of another format or of one table none.
[[nodiscard]] std::set<std::string> tables_of(const std::string& file) {
  std::set<std::string> names;
  if (recognise(file) != stored_format::native) return names;
  const auto all = describe_all(file);
  if (!all || all->size() == 1) return names;
  for (const auto& d : *all) names.insert(d.name);
  return names;
}

/// Table by table, those of one name held against each other.
[[nodiscard]] outcome diff_databases(const request& r, console& out,
                                     const std::set<std::string>& before,
                                     const std::set<std::string>& after) {
  auto status = exit_status::ok;
  auto all = before;
  all.insert(after.begin(), after.end());
  for (const auto& name : all) {
    const bool in_both = before.contains(name) && after.contains(name);
    if (!in_both) {
      status = exit_status::refused;
      out.complain(tone::warning,
                   "table " + name + " is only in " + (before.contains(name) ? r.file : r.other));
      continue;
    }
    if (!wants_json(r, out)) out.write(out.in(tone::faint, "table " + printable(name)) + "\n");
    auto one = r;
    one.table = name;
    const auto same = diff_tables(one, out);
    if (!same) return same;
    if (*same != exit_status::ok) status = *same;
  }
  return status;
}

}  // namespace

outcome diff(const request& r, console& out) {
  if (r.table.empty()) {
    const auto before = tables_of(r.file);
    const auto after = tables_of(r.other);
    if (!before.empty() && !after.empty()) return diff_databases(r, out, before, after);
  }
  return diff_tables(r, out);
}

}  // namespace shelf::cli
