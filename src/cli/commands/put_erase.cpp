// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// create, put, touch, delete and take. What they did is on disk when they return.
#include "cli/commands/commands.hpp"
#include "cli/commands/listing.hpp"
#include "cli/files/native_table.hpp"
#include "codec/schema_check.hpp"
#include "rows/integer_width.hpp"
#include "rows/text/notation.hpp"
#include "shelf/detail/database_core.hpp"
#include "upkeep/described_indexes.hpp"
#include "upkeep/described_types.hpp"

#include <algorithm>
#include <cstdio>

namespace shelf::cli {
namespace {

constexpr std::size_t largest_value = std::size_t{64} << 20;

[[nodiscard]] result<native_table> open_to_write(const request& r, const console& out,
                                                 unique_indexes indexes = unique_indexes::spared) {
  return native_table::write(r.file, r.table, indexes,
                             progress_bar("reading " + r.file, out.errors_are_seen()));
}

void answer(const request& r, console& out, std::string_view what) {
  if (wants_json(r, out)) {
    out.write("{\"result\":\"" + std::string(what) + "\"}\n");
  } else {
    out.write(std::string(what) + "\n");
  }
}

/// The value that was given, or what standard input holds.
[[nodiscard]] result<std::string> value_text(const request& r) {
  if (r.value) return *r.value;
  std::string text;
  std::size_t got = 0;
  do {
    constexpr std::size_t piece = 65536;
    const auto had = text.size();
    text.resize(had + piece);
    got = std::fread(text.data() + had, 1, piece, stdin);
    text.resize(had + got);
    if (text.size() > largest_value) {
      return std::unexpected(
          error(errc::size_limit_exceeded, "standard input: a value of more than 64 MiB"));
    }
  } while (got > 0);
  if (std::ferror(stdin) != 0) {
    return std::unexpected(error(errc::file_error, "standard input: cannot be read"));
  }
  return text;
}

/// An error begins with the option that it is about.
[[nodiscard]] result<expiry> deadline_wanted(result<expiry> read, const char* option) {
  if (read) return read;
  return std::unexpected(
      error(errc::invalid_argument, std::string(option) + ": " + read.error().details()));
}

[[nodiscard]] result<> check_keeps_deadlines(const request& r, const source& table) {
  if (!is_bag(table.what())) return {};
  return std::unexpected(error(errc::invalid_argument, r.file + ": a bag keeps no deadlines"));
}

[[nodiscard]] result<term> key_of(const request& r, const source& table) {
  auto key = read_argument(table.schemas().key, r.how, r.key, "KEY");
  return key ? as_key(*std::move(key)) : key;
}

/// Unless --force says that no C++ program is to open the table.
[[nodiscard]] result<> check_widths(const request& r, const source& table, const term& key,
                                    const term& value) {
  if (r.force) return {};
  const auto check = [](const schema& s, const term& t, const std::string& called) -> result<> {
    auto fits = check_integer_width(s.root(), t);
    if (fits) return fits;
    return std::unexpected(error(errc::invalid_argument, called + fits.error().message()));
  };
  auto fits = check(table.schemas().key, key, "KEY: ");
  return fits ? check(table.schemas().value, value, "VALUE: ") : fits;
}

}  // namespace

result<file_description> described(const types_request& t) {
  file_description d;
  d.what = t.what.value_or(kind::set);
  auto key = detail::tidy_schema(t.key.value_or("any"));
  if (!key)
    return std::unexpected(error(errc::invalid_argument, "--key: " + key.error().message()));
  auto value = detail::tidy_schema(t.value.value_or("any"));
  if (!value) {
    return std::unexpected(error(errc::invalid_argument, "--value: " + value.error().message()));
  }
  d.key_schema = *std::move(key);
  d.value_schema = *std::move(value);
  return d;
}

namespace {

/// "city, age" as an index over both.
[[nodiscard]] index_description index_over(index_form what, const std::string& fields) {
  index_description made{.what = what, .members = {}, .name = {}};
  for (std::size_t from = 0; from <= fields.size();) {
    const auto to = std::min(fields.find(',', from), fields.size());
    auto name = fields.substr(from, to - from);
    name.erase(0, name.find_first_not_of(' '));
    name.erase(name.find_last_not_of(' ') + 1);
    made.members.push_back(std::move(name));
    from = to + 1;
  }
  return made;
}

/// The table that is to be created.
[[nodiscard]] result<file_description> to_create(const types_request& t) {
  auto d = described(t);
  if (!d) return d;
  for (const auto& f : t.unique) d->indexes.push_back(index_over(index_form::unique, f));
  for (const auto& f : t.indexes) d->indexes.push_back(index_over(index_form::index, f));
  if (auto sound = detail::check_indexes(*d); !sound) {
    return std::unexpected(error(errc::invalid_argument, sound.error().message()));
  }
  return d;
}

/// A table more in a file, which is made if it is not there.
[[nodiscard]] outcome create_in_database(const request& r, console& out,
                                         const file_description& d) {
  auto types = detail::described_types(d, detail::scrutiny::terms);
  if (!types) return std::unexpected(types.error());
  types->recorded = detail::recorded_indexes{.found = {}, .kept = d.indexes};
  detail::core_config config;
  config.path = r.file;
  const auto db = detail::open_database(std::move(config), {});
  if (!db) return std::unexpected(db.error());
  const auto there = (*db)->tables();
  if (std::ranges::find(there, r.table, &detail::table_facts::name) != there.end()) {
    (*db)->abandon();
    return std::unexpected(
        error(errc::key_already_present, r.file + ": the table " + r.table + " already exists"));
  }
  detail::wanted_table wanted{.name = r.table, .types = *std::move(types)};
  if (auto made = (*db)->table(std::move(wanted)); !made) return std::unexpected(made.error());
  if (auto closed = (*db)->close(); !closed) return std::unexpected(closed.error());
  answer(r, out, "created");
  return exit_status::ok;
}

}  // namespace

outcome create(const request& r, console& out) {
  const auto d = to_create(r.types);
  if (!d) return std::unexpected(d.error());
  if (!r.table.empty()) return create_in_database(r, out, *d);
  const auto made = native_table::create(r.file, *d);
  if (!made) return std::unexpected(made.error());
  if (auto closed = made->close(); !closed) return std::unexpected(closed.error());
  answer(r, out, "created");
  return exit_status::ok;
}

outcome put(const request& r, console& out) {
  std::optional<expiry> until;
  if (r.expires) {
    const auto wanted = deadline_wanted(parse_expiry(*r.expires), "--expires");
    if (!wanted) return std::unexpected(wanted.error());
    until = *wanted;
  }
  const auto table =
      open_to_write(r, out, r.force ? unique_indexes::given_up : unique_indexes::kept);
  if (!table) return std::unexpected(table.error());
  if (until) {
    if (auto can = check_keeps_deadlines(r, *table); !can) return std::unexpected(can.error());
  }
  const auto key = key_of(r, *table);
  if (!key) return std::unexpected(key.error());
  const auto text = value_text(r);
  if (!text) return std::unexpected(text.error());
  const auto value = r.raw ? result<term>(term::binary(*text))
                           : read_argument(table->schemas().value, r.how, *text, "VALUE");
  if (!value) return std::unexpected(value.error());
  if (auto fits = detail::check_by_schema(table->schemas().value.root(), *value); !fits) {
    return std::unexpected(error(errc::invalid_argument, "VALUE: " + fits.error().message()));
  }
  if (auto fits = check_widths(r, *table, *key, *value); !fits) {
    return std::unexpected(fits.error());
  }
  if (r.only_new && table->get(*key, [](bytes) {}).value_or(0) != 0) {
    return std::unexpected(
        error(errc::key_already_present, r.file + ": the key " + r.key + " already exists"));
  }
  const auto done =
      until ? table->core().insert_expiring(key->encoded(), value->encoded(), *until, false)
            : table->core().insert(key->encoded(), value->encoded());
  if (!done) return std::unexpected(done.error());
  if (auto closed = table->close(); !closed) return std::unexpected(closed.error());
  answer(r, out,
         *done == written::added      ? "added"
         : *done == written::replaced ? "replaced"
                                      : "unchanged");
  return exit_status::ok;
}

outcome touch(const request& r, console& out) {
  const auto until = r.in   ? deadline_wanted(parse_duration(*r.in), "--in")
                     : r.at ? deadline_wanted(parse_moment(*r.at), "--at")
                            : result<expiry>(expiry::never());
  if (!until) return std::unexpected(until.error());
  if (!r.in && !r.at && !r.never) {
    return std::unexpected(error(errc::invalid_argument, "specify --in, --at or --never"));
  }
  const auto table = open_to_write(r, out);
  if (!table) return std::unexpected(table.error());
  if (auto can = check_keeps_deadlines(r, *table); !can) return std::unexpected(can.error());
  const auto key = key_of(r, *table);
  if (!key) return std::unexpected(key.error());
  auto done = table->core().touch(key->encoded(), *until);
  if (!done && done.error() == errc::not_found) {
    done = std::unexpected(error(errc::not_found, r.file + ": there is no key " + r.key));
  }
  if (!done) return std::unexpected(done.error());
  // A moment that has passed: the entry is absent already.
  const auto at = until->what() == expiry::form::at
                      ? result<deadline>(static_cast<deadline>(until->milliseconds()))
                      : table->expires_at(*key);
  if (auto closed = table->close(); !closed) return std::unexpected(closed.error());
  if (!at) return std::unexpected(at.error());
  const auto text = show_deadline(*at);
  if (wants_json(r, out)) {
    out.write(*at == no_deadline ? "{\"expires\":null}\n" : "{\"expires\":\"" + text + "\"}\n");
  } else {
    out.write("expires " + text + "\n");
  }
  return exit_status::ok;
}

outcome erase(const request& r, console& out) {
  const auto table = open_to_write(r, out);
  if (!table) return std::unexpected(table.error());
  const auto key = key_of(r, *table);
  if (!key) return std::unexpected(key.error());
  result<std::size_t> gone = 0;
  if (r.value) {
    const auto value = read_argument(table->schemas().value, r.how, *r.value, "VALUE");
    if (!value) return std::unexpected(value.error());
    gone = table->core().erase_value(key->encoded(), value->encoded());
  } else {
    gone = table->core().erase(key->encoded());
  }
  if (!gone) return std::unexpected(gone.error());
  if (auto closed = table->close(); !closed) return std::unexpected(closed.error());
  if (*gone == 0) {
    return std::unexpected(error(errc::not_found, r.file + ": there is no key " + r.key +
                                                      (r.value ? " with this value" : "")));
  }
  if (wants_json(r, out)) {
    out.write("{\"deleted\":" + std::to_string(*gone) + "}\n");
  } else {
    out.write(std::to_string(*gone) + " deleted\n");
  }
  return exit_status::ok;
}

outcome take(const request& r, console& out) {
  const auto table = open_to_write(r, out);
  if (!table) return std::unexpected(table.error());
  const auto key = key_of(r, *table);
  if (!key) return std::unexpected(key.error());
  std::vector<term> values;
  const auto taken = table->core().take(
      key->encoded(), [&](bytes value) { values.push_back(term::from_canonical(value)); });
  if (!taken) return std::unexpected(taken.error());
  // Nobody is shown a value that a crash might put back.
  if (auto closed = table->close(); !closed) return std::unexpected(closed.error());
  if (*taken == 0) {
    return std::unexpected(error(errc::not_found, r.file + ": there is no key " + r.key));
  }
  for (const auto& value : values) {
    out.write(printed_value(r, out, table->schemas().value, value));
  }
  return exit_status::ok;
}

}  // namespace shelf::cli
