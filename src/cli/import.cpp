// CLI  [cli] -> api -> table -> journal -> file
// Rows from a file into a table: all of them in one step, or none.
#include "api/described_types.hpp"
#include "cli/argument.hpp"
#include "cli/commands.hpp"
#include "cli/interruption.hpp"
#include "cli/native_table.hpp"
#include "cli/output_file.hpp"
#include "cli/row_reader.hpp"
#include "shelf/table.hpp"

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

/// Takes the rows of an input into a file that is being made or made longer. Memory holds one line
/// of the input and one frame of the file.
class intake {
 public:
  /// `taken`: where a key must not be there yet; nullptr: nowhere.
  intake(const request& r, console& out, row_reader& rows, detail::file_builder& file,
         const source* taken, output_file* rejects, progress_bar& bar)
      : r_(r), out_(out), rows_(rows), file_(file), taken_(taken), rejects_(rejects), bar_(bar) {}

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
    const auto key = as_key(std::move(entry.key));
    auto fits = key ? check_value(entry.value) : result<>(std::unexpected(key.error()));
    if (fits && taken_ != nullptr) fits = check_not_taken(*key);
    if (fits) {
      fits = file_.add(key->encoded(), entry.value.encoded());
      if (!fits && fits.error() != errc::size_limit_exceeded) {
        return std::unexpected(nothing_imported(fits.error()));
      }
    }
    if (fits) {
      ++counts_.good;
      return std::nullopt;
    }
    return bad_row{.line = rows_.input().line(), .why = fits.error().message()};
  }

  [[nodiscard]] result<> check_not_taken(const term& key) const {
    const auto there = taken_->get(key, [](bytes) {});
    if (!there) return std::unexpected(there.error());
    if (*there == 0) return {};
    return std::unexpected(
        error(errc::key_already_present, "the key " + key.to_string(64) + " is there already"));
  }

  [[nodiscard]] result<> reject(const bad_row& bad) {
    const auto sentence = sentence_of(rows_.input().name(), bad);
    if (!r_.skip_bad) {
      return std::unexpected(nothing_imported(sentence, errc::type_mismatch));
    }
    bar_.clear();
    if (++counts_.bad <= most_told) out_.complain(tone::warning, sentence);
    if (counts_.bad == most_told + 1) out_.complain(tone::warning, "more bad rows are not told");
    if (rejects_ == nullptr) return {};
    std::string text(rows_.text());
    if (!text.ends_with('\n')) text += '\n';
    return rejects_->write(text);
  }

  const request& r_;
  console& out_;
  row_reader& rows_;
  detail::file_builder& file_;
  const source* taken_;
  output_file* rejects_;
  progress_bar& bar_;
  tally counts_;
};

void answer(const request& r, console& out, const tally& counts) {
  if (wants_json(r, out)) {
    out.write("{\"imported\":" + std::to_string(counts.good) +
              ",\"rejected\":" + std::to_string(counts.bad) + "}\n");
    return;
  }
  out.write(std::to_string(counts.good) + (counts.good == 1 ? " row" : " rows") + " imported");
  if (counts.bad != 0) out.write(", " + std::to_string(counts.bad) + " rejected");
  out.write("\n");
}

/// Reads all rows into `file`, and the rejects into theirs, and publishes both.
[[nodiscard]] result<tally> take_in(const request& r, console& out, const types& t,
                                    detail::file_builder& file, const source* taken,
                                    const interruption& stop) {
  auto how = r.rows;
  const auto format = format_of(how, r.other);
  if (!format) return std::unexpected(format.error());
  how.format = *format;
  auto input = input_file::open(r.other, stop);
  if (!input) return std::unexpected(input.error());
  const auto rows = make_row_reader(how, t, *std::move(input));
  if (!rows) return std::unexpected(rows.error());
  std::optional<output_file> rejects;
  if (!r.rejects.empty()) {
    auto made = output_file::create(r.rejects);
    if (!made) return std::unexpected(made.error());
    rejects.emplace(*std::move(made));
  }
  progress_bar bar("reading " + (*rows)->input().name(), out.errors_are_seen());
  auto counts = intake(r, out, **rows, file, taken, rejects ? &*rejects : nullptr, bar).run(stop);
  if (!counts) return counts;
  if (rejects) {
    if (auto named = rejects->publish(); !named) return std::unexpected(named.error());
  }
  // The bar stands until the rest is on disk: most of it is, because the file is synced on the way.
  if (auto published = file.publish(); !published) {
    return std::unexpected(nothing_imported(published.error()));
  }
  return counts;
}

[[nodiscard]] exit_status status_of(const tally& counts) {
  return counts.bad == 0 ? exit_status::ok : exit_status::refused;
}

[[nodiscard]] result<> check_only_new(const request& r, kind what) {
  if (!r.only_new || !is_bag(what)) return {};
  return std::unexpected(error(errc::invalid_argument, "--new: a bag may hold a key twice"));
}

/// What a new table is to be.
[[nodiscard]] result<file_description> asked_for(const request& r) {
  if (r.types.what || r.types.key || r.types.value) return described(r.types);
  return std::unexpected(error(
      errc::not_found, r.file + ": there is no such table; --kind, --key and --value make one"));
}

/// Types that were given for a table that is there must be those it has.
[[nodiscard]] result<> check_types(const request& r, const file_description& there) {
  const auto wanted = described(r.types);
  if (!wanted) return std::unexpected(wanted.error());
  const auto differs = [&](const char* option, std::string_view has) {
    return std::unexpected(error(
        errc::invalid_argument,
        std::string(option) + ": " + r.file + " is there already and has " + std::string(has)));
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

/// A table that is not there yet gets its name when all rows are in it; one that is there gets them
/// in one step. Neither is in memory, but for --new, which looks keys up.
outcome import_rows(const request& r, console& out) {
  const interruption stop;
  auto d = describe(r.file);
  const bool is_new = !d && d.error() == errc::not_found;
  if (is_new) d = asked_for(r);
  if (!d) return std::unexpected(d.error());
  if (!is_new) {
    if (auto same = check_types(r, *d); !same) return std::unexpected(same.error());
  }
  if (auto may = check_only_new(r, d->what); !may) return std::unexpected(may.error());
  const auto t = types_of(*d);
  if (!t) return std::unexpected(t.error());
  const auto wanted = detail::described_types(*d, detail::scrutiny::terms);
  if (!wanted) return std::unexpected(wanted.error());
  detail::core_config config;
  config.path = r.file;
  progress_bar checking("checking " + r.file, out.errors_are_seen());
  config.tell_checked = told_to(checking);
  const auto file =
      is_new ? detail::build_file(config, *wanted) : detail::extend_file(config, *wanted);
  checking.clear();
  if (!file) return std::unexpected(file.error());
  std::optional<native_table> taken;
  if (r.only_new && !is_new) {
    // Beside the lock that extend_file holds: nobody changes it meanwhile.
    auto there =
        native_table::read(r.file, progress_bar("reading " + r.file, out.errors_are_seen()));
    if (!there) return std::unexpected(there.error());
    taken.emplace(*std::move(there));
  }
  const auto counts = take_in(r, out, *t, **file, taken ? &*taken : nullptr, stop);
  if (!counts) return std::unexpected(counts.error());
  answer(r, out, *counts);
  return status_of(*counts);
}

}  // namespace shelf::cli
