// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// What a file is: info, watch, and what `shelf FILE` says.
#include "cli/commands/commands.hpp"
#include "cli/commands/listing.hpp"
#include "cli/files/open_source.hpp"
#include "cli/terminal/display_text.hpp"
#include "rows/selection.hpp"
#include "rows/text/json_value.hpp"

#include <fmt/format.h>

#include <chrono>
#include <thread>

namespace shelf::cli {
namespace {

constexpr std::uint64_t first_rows = 10;

/// 1536 as "1.5 KiB".
[[nodiscard]] std::string in_bytes(std::uint64_t count) {
  constexpr std::string_view units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(count);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(units); ++unit) value /= 1024;
  return unit == 0 ? fmt::format("{} bytes", count) : fmt::format("{:.1f} {}", value, units[unit]);
}

[[nodiscard]] std::string in_words(const std::vector<index_description>& all) {
  std::string text;
  for (const auto& i : all) text.append(text.empty() ? "" : ", ").append(to_string(i));
  return text;
}

/// {"what":"unique","members":["email"]} or {"what":"index_by","name":"domain"}, in a list.
[[nodiscard]] std::string as_json(const std::vector<index_description>& all) {
  std::string text = "[";
  for (const auto& i : all) {
    if (&i != all.data()) text += ',';
    text.append("{\"what\":\"").append(to_string(i.what)).append("\",");
    if (i.what == index_form::index_by) {
      text += "\"name\":";
      append_json_string(text, i.name);
    } else {
      text += "\"members\":[";
      for (const auto& m : i.members) {
        if (&m != i.members.data()) text += ',';
        append_json_string(text, m);
      }
      text += ']';
    }
    text += '}';
  }
  return text + "]";
}

[[nodiscard]] std::string facts_as_json(const std::string& file,
                                        const std::vector<source::fact>& facts) {
  std::string line = "{\"file\":";
  append_json_string(line, file);
  for (const auto& f : facts) {
    line += ',';
    append_json_string(line, f.name);
    line += ':';
    if (f.number) {
      line += std::to_string(*f.number);
    } else if (!f.indexes.empty()) {
      line += as_json(f.indexes);
    } else {
      append_json_string(line, f.text);
    }
  }
  return line + "}\n";
}

/// Names for people: "held by" for held_by; bytes in units.
void write_facts(console& out, const std::string& file, const std::vector<source::fact>& facts) {
  const auto line = [&](std::string_view name, std::string_view text) {
    out.write(out.in(tone::faint, fmt::format("{:<10}", name)) + " " + printable(text) + "\n");
  };
  line("file", file);
  for (const auto& f : facts) {
    auto name = f.name;
    const bool is_size = name.ends_with("_bytes");
    if (is_size) name.resize(name.size() - std::string_view("_bytes").size());
    for (auto& c : name) c = c == '_' ? ' ' : c;
    if (is_size && name == "file") name = "size";
    if (!f.number) {
      line(name, f.indexes.empty() ? f.text : in_words(f.indexes));
    } else if (f.name == "held_by") {
      line(name, fmt::format("process {}", *f.number));
    } else {
      line(name, is_size ? in_bytes(*f.number) : std::to_string(*f.number));
    }
  }
}

void write_info(const request& r, console& out, const source& table) {
  const auto facts = table.facts();
  if (wants_json(r, out)) {
    out.write(facts_as_json(r.file, facts));
  } else {
    write_facts(out, r.file, facts);
  }
}

[[nodiscard]] std::string state_of(const file_description& d) {
  if (d.held_by != 0) return "open";
  return d.closed ? "closed" : "not closed";
}

/// What can be told without reading more than the first few KiB.
[[nodiscard]] std::vector<source::fact> quick_facts(const file_description& d) {
  std::vector<source::fact> all{
      {"kind", std::string(to_string(d.what)), {}},
      {"key", d.key_schema, {}},
      {"value", d.value_schema, {}},
      {"file_bytes", {}, d.file_bytes},
      {"state", state_of(d), {}},
  };
  if (!d.indexes.empty()) all.push_back({"indexes", {}, {}, d.indexes});
  if (d.held_by != 0) all.push_back({"held_by", {}, static_cast<std::uint64_t>(d.held_by)});
  return all;
}

/// Of a file with several tables, if none of them was asked for.
[[nodiscard]] std::vector<file_description> several_tables(const request& r) {
  if (!r.table.empty() || recognise(r.file) != stored_format::native) return {};
  auto all = describe_all(r.file);
  return all && all->size() != 1 ? *std::move(all) : std::vector<file_description>{};
}

/// What a database is, and which tables are in it.
void write_tables(const request& r, console& out, const std::vector<file_description>& all) {
  if (wants_json(r, out)) {
    for (const auto& d : all) {
      auto facts = quick_facts(d);
      facts.insert(facts.begin(), {"table", d.name, {}});
      out.write(facts_as_json(r.file, facts));
    }
    return;
  }
  const auto& first = all.front();
  write_facts(out, r.file,
              {{"tables", {}, all.size()},
               {"file_bytes", {}, first.file_bytes},
               {"state", state_of(first), {}}});
  out.write("\n");
  for (const auto& d : all) {
    const auto indexes = d.indexes.empty() ? "" : ", " + printable(in_words(d.indexes));
    out.write(fmt::format(
        "{}  {}{}{}\n", printable(d.name),
        out.in(tone::faint, fmt::format("{} of {} to {}", to_string(d.what),
                                        printable(d.key_schema), printable(d.value_schema))),
        d.in_memory ? ", in memory" : "", indexes));
  }
  out.write("\n" + out.in(tone::faint,
                          fmt::format("One of them: shelf {} --table NAME\n", printable(r.file))));
}

}  // namespace

outcome info(const request& r, console& out) {
  if (const auto all = several_tables(r); !all.empty()) {
    write_tables(r, out, all);
    return exit_status::ok;
  }
  const auto table = open_source(r.file, r.table, out);
  if (!table) return std::unexpected(table.error());
  write_info(r, out, **table);
  return exit_status::ok;
}

outcome show_file(const request& r, console& out) {
  if (const auto all = several_tables(r); !all.empty()) {
    write_tables(r, out, all);
    return exit_status::ok;
  }
  const auto table = open_source(r.file, r.table, out);
  if (!table) return std::unexpected(table.error());
  write_info(r, out, **table);
  const bool for_people = !wants_json(r, out);
  if (for_people) out.write("\n");
  selection_request first;
  first.limit = first_rows;
  if (auto rows = list_rows(r, out, **table, first); !rows) return std::unexpected(rows.error());
  if (for_people && (*table)->size() > first_rows) {
    out.write(out.in(tone::faint, fmt::format("... and {} more: shelf list {}\n",
                                              (*table)->size() - first_rows, printable(r.file))));
  }
  return exit_status::ok;
}

outcome watch(const request& r, console& out) {
  if (r.watched) return watch_key(r, out);
  if (!(r.interval > 0 && r.interval < 86400)) {
    return std::unexpected(error(errc::invalid_argument, "--interval: expected seconds above 0"));
  }
  std::uint64_t bytes_before = 0;
  for (std::uint64_t round = 0; r.rounds == 0 || round < r.rounds; ++round) {
    if (round > 0) std::this_thread::sleep_for(std::chrono::duration<double>(r.interval));
    const auto all = describe_all(r.file);
    if (!all) return std::unexpected(all.error());
    const bool is_database = all->size() != 1 && r.table.empty();
    const auto d = is_database
                       ? result<file_description>(all->empty() ? file_description{} : all->front())
                       : describe(r.file, {.table = r.table});
    if (!d) return std::unexpected(d.error());
    if (!wants_json(r, out) && !is_dumb_terminal()) out.write("\x1b[H\x1b[J");
    if (is_database && !all->empty()) {
      write_tables(r, out, *all);
    } else if (wants_json(r, out)) {
      out.write(facts_as_json(r.file, quick_facts(*d)));
    } else {
      write_facts(out, r.file, quick_facts(*d));
    }
    if (!wants_json(r, out) && round > 0) {
      const auto grown = static_cast<double>(d->file_bytes) - static_cast<double>(bytes_before);
      out.write(fmt::format("growth     {:.0f} bytes/s\n", grown / r.interval));
    }
    bytes_before = d->file_bytes;
    if (auto arrived = out.flush(); !arrived) return std::unexpected(arrived.error());
  }
  return exit_status::ok;
}

}  // namespace shelf::cli
