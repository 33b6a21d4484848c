// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Rows from a file into a table: all of them in one step, or none.
#include "cli/commands/commands.hpp"
#include "cli/files/native_table.hpp"
#include "cli/files/output_file.hpp"
#include "cli/files/row_sink.hpp"
#include "cli/terminal/display_text.hpp"
#include "cli/terminal/interruption.hpp"
#include "rows/integer_width.hpp"
#include "rows/row_reader.hpp"
#include "rows/text/notation.hpp"
#include "shelf/table.hpp"
#include "upkeep/described_types.hpp"

#include <algorithm>
#include <memory>

namespace shelf::cli {
namespace {

constexpr std::uint64_t most_told = 10;

/// What an import has come to so far.
struct tally {
  std::uint64_t good = 0;
  std::uint64_t bad = 0;
};

[[nodiscard]] std::string sentence_of(const std::string& file, const bad_row& bad) {
  return file + ":" + std::to_string(bad.line) + ":" + std::to_string(bad.column) + ": " + bad.why;
}

[[nodiscard]] error nothing_imported(const std::string& sentence, errc code, int os_error = 0) {
  return error(code, sentence + "; nothing was imported", {}, os_error);
}

/// What is in doubt stays so.
[[nodiscard]] error nothing_imported(const error& cause) {
  if (cause == errc::indeterminate) return cause;
  return nothing_imported(cause.message(), cause.code(), cause.os_error());
}

/// Takes the rows of an input into a sink. Memory holds one line of the input.
class intake {
 public:
  /// `taken`: where a key must not be there yet; nullptr: nowhere.
  intake(const request& r, console& out, kind what, const types& t, row_reader& rows,
         row_sink& into, const source* taken, output_file* rejects, progress_bar& bar)
      : r_(r),
        out_(out),
        what_(what),
        types_(t),
        rows_(rows),
        into_(into),
        taken_(taken),
        rejects_(rejects),
        bar_(bar) {}

  [[nodiscard]] result<tally> run(const interruption& stop) {
    for (;;) {
      auto next = rows_.next();
      // Asked behind the read: who made the input may have been told to end as well.
      if (stop.has_come()) {
        return std::unexpected(
            nothing_imported(rows_.input().name() + ": interrupted", errc::busy));
      }
      if (!next) return std::unexpected(next.error());
      if (!next->good && !next->bad) return counts_;
      if (next->good) {
        auto added = add(*next->good);
        if (!added) return std::unexpected(added.error());
        next->bad = *std::move(added);
      }
      if (next->bad) {
        if (auto told = reject(*next->bad); !told) return std::unexpected(told.error());
      }
      bar_.update(rows_.input().done(), rows_.input().size());
    }
  }

 private:
  /// A row that no table can keep is a bad row like any other. What goes wrong with the file is no
  /// row's fault.
  [[nodiscard]] result<std::optional<bad_row>> add(row& entry) {
    auto key = as_key(std::move(entry.key));
    auto fits = key ? check_value(entry.value) : result<>(std::unexpected(key.error()));
    if (fits && !r_.force) fits = check_width(*key, entry.value);
    if (fits && taken_ != nullptr) fits = check_not_taken(*key);
    if (fits && is_bag(what_) && entry.until != no_deadline) {
      fits = std::unexpected(error(errc::invalid_argument, "expires: a bag keeps no deadlines"));
    }
    if (fits) {
      entry.key = *std::move(key);
      fits = into_.add(entry);
      const bool is_of_row = !fits && (fits.error() == errc::size_limit_exceeded ||
                                       fits.error() == errc::key_already_present);
      if (!fits && !is_of_row) {
        return std::unexpected(nothing_imported(fits.error()));
      }
    }
    if (fits) {
      ++counts_.good;
      return std::nullopt;
    }
    return bad_row{.line = rows_.input().line(), .why = fits.error().details()};
  }

  [[nodiscard]] result<> check_width(const term& key, const term& value) const {
    auto fits = check_integer_width(types_.key.root(), key);
    return fits ? check_integer_width(types_.value.root(), value) : fits;
  }

  [[nodiscard]] result<> check_not_taken(const term& key) const {
    const auto there = taken_->get(key, [](bytes) {});
    if (!there) return std::unexpected(there.error());
    if (*there == 0) return {};
    return std::unexpected(
        error(errc::key_already_present, "the key " + key.to_string(64) + " already exists"));
  }

  [[nodiscard]] result<> reject(const bad_row& bad) {
    const auto sentence = sentence_of(rows_.input().name(), bad);
    if (!r_.skip_bad) {
      return std::unexpected(nothing_imported(sentence, errc::type_mismatch));
    }
    bar_.clear();
    if (++counts_.bad <= most_told) out_.complain(tone::warning, sentence);
    if (counts_.bad == most_told + 1) out_.complain(tone::warning, "more bad rows are not listed");
    if (rejects_ == nullptr) return {};
    std::string text(rows_.text());
    if (!text.ends_with('\n')) text += '\n';
    return rejects_->write(text);
  }

  const request& r_;
  console& out_;
  kind what_;
  const types& types_;
  row_reader& rows_;
  row_sink& into_;
  const source* taken_;
  output_file* rejects_;
  progress_bar& bar_;
  tally counts_;
};

/// "3 added, 1 unchanged": what there was none of is not told.
[[nodiscard]] std::string in_words(const row_counts& counts) {
  std::string text;
  const auto tell = [&](std::uint64_t count, const char* what) {
    if (count != 0) text += (text.empty() ? ": " : ", ") + std::to_string(count) + " " + what;
  };
  tell(counts.added, "added");
  tell(counts.replaced, "replaced");
  tell(counts.unchanged, "unchanged");
  return text;
}

void answer(const request& r, console& out, const tally& counts,
            const std::optional<row_counts>& compared) {
  if (wants_json(r, out)) {
    std::string line = "{\"imported\":" + std::to_string(counts.good);
    if (compared) {
      line += ",\"added\":" + std::to_string(compared->added) +
              ",\"replaced\":" + std::to_string(compared->replaced) +
              ",\"unchanged\":" + std::to_string(compared->unchanged);
    }
    out.write(line + ",\"rejected\":" + std::to_string(counts.bad) + "}\n");
    return;
  }
  out.write(std::to_string(counts.good) + (counts.good == 1 ? " row" : " rows") + " imported");
  if (compared) out.write(in_words(*compared));
  if (counts.bad != 0) out.write("; " + std::to_string(counts.bad) + " rejected");
  out.write("\n");
}

/// Reads all rows into `into`, and the rejects into their file, and publishes both.
[[nodiscard]] result<tally> take_in(const request& r, console& out, kind what, const types& t,
                                    row_sink& into, const source* taken, const interruption& stop) {
  auto how = r.rows;
  const auto format = format_of(how, r.other);
  if (!format) return std::unexpected(format.error());
  how.format = *format;
  auto input = input_file::open(r.other, [&stop] { return stop.has_come(); });
  if (!input) return std::unexpected(input.error());
  const auto rows = make_row_reader(how, t, *std::move(input));
  if (!rows) return std::unexpected(rows.error());
  std::optional<output_file> rejects;
  if (!r.rejects.empty()) {
    auto made = output_file::create(r.rejects, {r.file, r.other}, false);
    if (!made) return std::unexpected(made.error());
    rejects.emplace(*std::move(made));
  }
  progress_bar bar("reading " + (*rows)->input().name(), out.errors_are_seen());
  auto counts =
      intake(r, out, what, t, **rows, into, taken, rejects ? &*rejects : nullptr, bar).run(stop);
  if (!counts) return counts;
  if (rejects) {
    if (auto named = rejects->publish(); !named) return std::unexpected(named.error());
  }
  // The bar stands until the rest is on disk: most of it is, because the file is synced on the way.
  if (auto published = into.publish(); !published) {
    return std::unexpected(nothing_imported(published.error()));
  }
  return counts;
}

/// Where rows go, and where their keys must not be.
struct destination {
  std::unique_ptr<row_sink> sink;
  std::optional<native_table> before;  ///< set only where it has to be asked
};

/// What is not compared with the table cannot be kept apart from it.
[[nodiscard]] result<> check_appends(const request& r, const file_description& d) {
  const auto unique = std::ranges::find(d.indexes, index_form::unique, &index_description::what);
  if (unique == d.indexes.end()) return {};
  return std::unexpected(error(errc::invalid_argument,
                               "--append: " + r.file + " has " + printable(to_string(*unique)) +
                                   ", which is kept only if rows are compared with the table"));
}

/// A new file gets its name when all rows are in it. One that is there gets them in one step: by
/// way of the table in memory, which tells what changes, or, if nobody is to compare, at its end.
[[nodiscard]] result<destination> destination_of(const request& r, console& out,
                                                 const file_description& d, bool is_new) {
  if (!is_new && !r.append) {
    progress_bar reading("reading " + r.file, out.errors_are_seen());
    const auto indexes = r.force ? unique_indexes::given_up : unique_indexes::kept;
    auto table = native_table::write_back(r.file, r.table, indexes, std::move(reading));
    if (!table) return std::unexpected(table.error());
    const auto& has = table->schemas();
    if (table->what() != d.what || has.key.text() != d.key_schema ||
        has.value.text() != d.value_schema) {
      return std::unexpected(
          error(errc::type_mismatch, r.file + ": the types in the file changed while it was read"));
    }
    destination to;
    if (r.only_new) to.before = *table;
    to.sink = make_table_sink(*std::move(table));
    return to;
  }
  if (auto may = check_appends(r, d); !may) return std::unexpected(may.error());
  const auto wanted = detail::described_types(d, detail::scrutiny::terms);
  if (!wanted) return std::unexpected(wanted.error());
  detail::core_config config;
  config.path = r.file;
  config.table = r.table;
  progress_bar checking("checking " + r.file, out.errors_are_seen());
  config.tell_checked = told_to(checking);
  auto file = is_new ? detail::build_file(config, *wanted) : detail::extend_file(config, *wanted);
  checking.clear();
  if (!file) return std::unexpected(file.error());
  return destination{
      r.append ? make_uncounted_sink(*std::move(file)) : make_file_sink(*std::move(file), d.what),
      {}};
}

[[nodiscard]] exit_status status_of(const tally& counts) {
  return counts.bad == 0 ? exit_status::ok : exit_status::refused;
}

[[nodiscard]] result<> check_only_new(const request& r, kind what) {
  if (!r.only_new || !is_bag(what)) return {};
  return std::unexpected(
      error(errc::invalid_argument, "--new: a bag can hold several values per key"));
}

/// What a new table is to be.
[[nodiscard]] result<file_description> asked_for(const request& r) {
  if (r.types.what || r.types.key || r.types.value) return described(r.types);
  return std::unexpected(error(
      errc::not_found, r.file + ": no such table; specify --kind, --key and --value to create it"));
}

/// Types that were given for a table that is there must be those it has.
[[nodiscard]] result<> check_types(const request& r, const file_description& there) {
  const auto wanted = described(r.types);
  if (!wanted) return std::unexpected(wanted.error());
  const auto differs = [&](const char* option, std::string_view has) {
    return std::unexpected(
        error(errc::invalid_argument,
              std::string(option) + ": " + r.file + " already exists and has " + std::string(has)));
  };
  if (r.types.what && wanted->what != there.what) return differs("--kind", to_string(there.what));
  if (r.types.key && wanted->key_schema != there.key_schema) {
    return differs("--key", there.key_schema);
  }
  if (r.types.value && wanted->value_schema != there.value_schema) {
    return differs("--value", there.value_schema);
  }
  return {};
}

}  // namespace

outcome import_rows(const request& r, console& out) {
  const interruption stop;
  if (auto other = refuse_same_file(r.file, r.other); !other) {
    return std::unexpected(other.error());
  }
  auto d = describe(r.file, {.table = r.table});
  const bool is_new = !d && d.error() == errc::not_found && r.table.empty();
  if (is_new) d = asked_for(r);
  if (!d) return std::unexpected(d.error());
  if (!is_new) {
    if (auto same = check_types(r, *d); !same) return std::unexpected(same.error());
  }
  if (auto may = check_only_new(r, d->what); !may) return std::unexpected(may.error());
  const auto t = types_of(*d);
  if (!t) return std::unexpected(t.error());
  const auto to = destination_of(r, out, *d, is_new);
  if (!to) return std::unexpected(to.error());
  const auto counts =
      take_in(r, out, d->what, *t, *to->sink, to->before ? &*to->before : nullptr, stop);
  if (!counts) return std::unexpected(counts.error());
  answer(r, out, *counts, to->sink->counts());
  return status_of(*counts);
}

}  // namespace shelf::cli
