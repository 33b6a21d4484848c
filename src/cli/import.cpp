// CLI  [cli] -> api -> table -> journal -> file
// Rows from a file into a table: all of them in one step, or none.
#include "api/described_types.hpp"
#include "cli/argument.hpp"
#include "cli/busy_line.hpp"
#include "cli/commands.hpp"
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

/// Gathers the rows of a file in a batch, or in a file that is being made. Of the input memory
/// holds one line.
class gathering {
 public:
  gathering(const request& r, console& out, row_reader& rows, detail::entry_batch& batch,
            output_file* rejects)
      : r_(r),
        out_(out),
        rows_(rows),
        batch_(batch),
        rejects_(rejects),
        bar_("reading " + rows.input().name(), out.errors_are_seen()) {}

  [[nodiscard]] result<tally> run() {
    for (;;) {
      auto next = rows_.next();
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
  /// A row that no table can keep is a bad row like any other. What goes wrong with the file that
  /// is being made is no row's fault.
  [[nodiscard]] result<std::optional<bad_row>> add(row& entry) {
    const auto key = as_key(std::move(entry.key));
    auto fits = key ? check_value(entry.value) : result<>(std::unexpected(key.error()));
    if (fits) {
      fits = batch_.add(key->encoded(), entry.value.encoded());
      if (!fits && fits.error() != errc::size_limit_exceeded) {
        const auto& cause = fits.error();
        return std::unexpected(nothing_imported(cause.message(), cause.code(), cause.os_error()));
      }
    }
    if (fits) {
      ++counts_.good;
      return std::nullopt;
    }
    return bad_row{.line = rows_.input().line(), .why = fits.error().message(), .text = {}};
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
    return rejects_->write(bad.text.ends_with('\n') ? bad.text : bad.text + "\n");
  }

  const request& r_;
  console& out_;
  row_reader& rows_;
  detail::entry_batch& batch_;
  output_file* rejects_;
  progress_bar bar_;
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

/// Reads all rows into `batch`, and the rejects into their file.
[[nodiscard]] result<tally> gather(const request& r, console& out, const types& t,
                                   detail::entry_batch& batch) {
  auto how = r.rows;
  const auto format = format_of(how, r.other);
  if (!format) return std::unexpected(format.error());
  how.format = *format;
  auto input = input_file::open(r.other);
  if (!input) return std::unexpected(input.error());
  const auto rows = make_row_reader(how, t, *std::move(input));
  if (!rows) return std::unexpected(rows.error());
  std::optional<output_file> rejects;
  if (!r.rejects.empty()) {
    auto made = output_file::create(r.rejects);
    if (!made) return std::unexpected(made.error());
    rejects.emplace(*std::move(made));
  }
  auto counts = gathering(r, out, **rows, batch, rejects ? &*rejects : nullptr).run();
  if (counts && rejects) {
    if (auto named = rejects->publish(); !named) return std::unexpected(named.error());
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

/// A table that is not there yet gets its name when all rows have been read: a failure leaves no
/// file. It is never in memory.
[[nodiscard]] outcome import_into_new(const request& r, console& out) {
  if (!r.types.what && !r.types.key && !r.types.value) {
    return std::unexpected(
        error(errc::not_found, r.file + ": there is no such table; --kind, --key and --value "
                                        "make one"));
  }
  const auto d = described(r.types);
  if (!d) return std::unexpected(d.error());
  if (auto may = check_only_new(r, d->what); !may) return std::unexpected(may.error());
  const auto t = types_of(*d);
  if (!t) return std::unexpected(t.error());
  const auto wanted = detail::described_types(*d, detail::scrutiny::terms);
  if (!wanted) return std::unexpected(wanted.error());
  detail::core_config config;
  config.path = r.file;
  const auto made = detail::build_file(config, *wanted);
  if (!made) return std::unexpected(made.error());
  const auto counts = gather(r, out, *t, **made);
  if (!counts) return std::unexpected(counts.error());
  {
    const busy_line busy("writing " + r.file, out.errors_are_seen());
    if (auto published = (*made)->publish(); !published) {
      return std::unexpected(published.error());
    }
  }
  answer(r, out, *counts);
  return status_of(*counts);
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

outcome import_rows(const request& r, console& out) {
  const auto there = describe(r.file);
  if (!there && there.error() == errc::not_found) return import_into_new(r, out);
  if (!there) return std::unexpected(there.error());
  if (auto same = check_types(r, *there); !same) return std::unexpected(same.error());
  const auto table =
      native_table::write(r.file, progress_bar("reading " + r.file, out.errors_are_seen()));
  if (!table) return std::unexpected(table.error());
  if (auto may = check_only_new(r, table->what()); !may) return std::unexpected(may.error());
  auto batch = table->core().make_batch();
  const auto counts = gather(r, out, table->schemas(), *batch);
  if (!counts) return std::unexpected(counts.error());
  {
    const busy_line busy("writing " + r.file, out.errors_are_seen());
    const auto inserted = table->core().insert_batch(std::move(batch), r.only_new);
    if (!inserted) return std::unexpected(inserted.error());
    if (auto closed = table->close(); !closed) return std::unexpected(closed.error());
  }
  answer(r, out, *counts);
  return status_of(*counts);
}

}  // namespace shelf::cli
