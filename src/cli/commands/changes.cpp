// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// What is written to a table: changes, and the value of one key.
#include "cli/commands/commands.hpp"
#include "cli/commands/listing.hpp"
#include "cli/files/native_table.hpp"
#include "cli/terminal/display_text.hpp"
#include "cli/terminal/progress_bar.hpp"
#include "rows/text/json_term.hpp"
#include "rows/text/json_value.hpp"
#include "rows/text/notation.hpp"
#include "shelf/detail/feed_core.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace shelf::cli {
namespace {

using namespace std::chrono_literals;

/// Between two looks whether the output is still wanted.
constexpr auto longest_wait = 1s;

[[nodiscard]] result<change_start> start_of(const std::string& from) {
  if (from == "oldest") return change_start::oldest;
  if (from == "now") return change_start::now;
  auto p = position::parse(from);
  if (p) return change_start(*p);
  return std::unexpected(
      error(errc::invalid_argument, "--from: expected a position, oldest or now, found " + from));
}

[[nodiscard]] progress_bar bar_for_opening(const request& r, const console& out) {
  return {"reading " + r.file, out.errors_are_seen()};
}

/// Changes as lines; the position of their batch is known only behind it.
class change_lines {
 public:
  change_lines(const request& r, console& out, const types& of)
      : r_(r), out_(out), types_(of), is_json_(wants_json(r, out)) {}

  void add(const detail::told_change& c) { batch_.push_back(is_json_ ? as_json(c) : as_text(c)); }
  void write_batch(const std::string& at) {
    for (const auto& line : batch_) {
      out_.write(is_json_ ? "{\"position\":\"" + at + '"' : out_.in(tone::faint, at) + "  ");
      out_.write(line + "\n");
    }
    batch_.clear();
  }

 private:
  [[nodiscard]] static std::string name_of(table_event e) {
    return e == table_event::cleared ? "cleared" : "reset";
  }
  [[nodiscard]] static std::string name_of(change_cause c) {
    switch (c) {
      case change_cause::user: return "deleted";
      case change_cause::expired: return "expired";
      case change_cause::evicted: return "evicted";
    }
    std::unreachable();
  }
  [[nodiscard]] std::string as_json(const detail::told_change& c) const {
    if (c.event != table_event::none) return ",\"event\":\"" + name_of(c.event) + "\"}";
    std::string line;
    const auto add = [&](const char* name, const schema& s, bytes b) {
      line.append(",\"").append(name).append("\":");
      append_json(line, s.root(), term::from_canonical(b));
    };
    add("key", types_.key, c.key);
    if (c.before) add("before", types_.value, *c.before);
    if (c.after) add("after", types_.value, *c.after);
    if (c.cause != change_cause::user) line += ",\"cause\":\"" + name_of(c.cause) + '"';
    return line + "}";
  }
  [[nodiscard]] std::string as_text(const detail::told_change& c) const {
    if (c.event != table_event::none) return name_of(c.event);
    const auto shown = [&](const schema& s, bytes b) {
      const auto text = show(s.root(), r_.how, term::from_canonical(b));
      return out_.is_terminal() ? printable(text) : text;
    };
    auto line = shown(types_.key, c.key);
    if (c.before) line += "  " + out_.in(tone::faint, shown(types_.value, *c.before));
    if (c.after) return line + "  -> " + shown(types_.value, *c.after);
    return line + "  " + name_of(c.cause);
  }

  const request& r_;
  console& out_;
  const types& types_;
  const bool is_json_;
  std::vector<std::string> batch_;
};

}  // namespace

outcome changes(const request& r, console& out) {
  const auto from = start_of(r.from);
  if (!from) return std::unexpected(from.error());
  const auto table = native_table::follow(r.file, r.table, bar_for_opening(r, out));
  if (!table) return std::unexpected(table.error());
  const change_options how{.from = *from, .level = change_level::written, .before = r.before};
  auto feed = detail::open_feed(table->core(), how);
  if (!feed) return std::unexpected(feed.error());
  change_lines lines(r, out, table->schemas());
  for (;;) {
    const auto told = (*feed)->next(r.follow ? longest_wait : 0s,
                                    [&](const detail::told_change& c) { lines.add(c); });
    if (!told) return std::unexpected(told.error());
    lines.write_batch((*feed)->position().to_string());
    if (auto arrived = out.flush(); !arrived) return std::unexpected(arrived.error());
    if (!*told && !r.follow) return exit_status::ok;
  }
}

outcome watch_key(const request& r, console& out) {
  const auto table = native_table::follow(r.file, r.table, bar_for_opening(r, out));
  if (!table) return std::unexpected(table.error());
  auto key = read_argument(table->schemas().key, r.how, *r.watched, "KEY");
  if (key) key = as_key(*std::move(key));
  if (!key) return std::unexpected(key.error());
  auto watch = detail::open_watch(table->core(), key->encoded());
  if (!watch) return std::unexpected(watch.error());
  for (std::uint64_t round = 0; r.rounds == 0 || round < r.rounds;) {
    std::string values;
    const auto came = (*watch)->wait(longest_wait, [&](bytes value) {
      values += printed_value(r, out, table->schemas().value, term::from_canonical(value));
    });
    if (!came) return std::unexpected(came.error());
    if (!*came) continue;
    ++round;
    out.write(values.empty() ? out.in(tone::faint, "no value") + "\n" : values);
    if (auto arrived = out.flush(); !arrived) return std::unexpected(arrived.error());
  }
  return exit_status::ok;
}

}  // namespace shelf::cli
