// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// bench: a few seconds of shelf on somebody's own disk, and what the promises come to there.
#include "cli/commands/commands.hpp"
#include "cli/commands/disk_probe.hpp"
#include "cli/commands/scratch_directory.hpp"
#include "cli/terminal/display_text.hpp"
#include "cli/terminal/progress_bar.hpp"
#include "cli/terminal/text_table.hpp"
#include "rows/text/json_value.hpp"
#include "shelf/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

namespace shelf::cli {
namespace {

using clock = std::chrono::steady_clock;
using numbers = shelf::map<std::int64_t, std::string>;

constexpr std::size_t value_bytes = 100;
constexpr std::uint64_t most_entries = 100'000;
constexpr auto longest_run = std::chrono::milliseconds(250);
constexpr auto between_looks = std::chrono::milliseconds(20);
constexpr int many_threads = 8;

/// So many entries in so much time.
struct rate {
  std::uint64_t entries = 0;
  double seconds = 0;
  [[nodiscard]] double per_second() const {
    return static_cast<double>(entries) / std::max(seconds, 1e-9);
  }
};

struct mode_rates {
  std::string_view mode;
  rate alone;
  rate together;
};

struct measured {
  disk_report disk;
  std::vector<mode_rates> modes;
  rate save;
  rate load;
  std::uint64_t saved_bytes = 0;
};

[[nodiscard]] double since(clock::time_point begun) {
  return std::chrono::duration<double>(clock::now() - begun).count();
}

/// Inserts new keys until the time or the number is used up. The first thread tells how far it is:
/// seldom, because what it tells takes time from what is measured.
[[nodiscard]] result<rate> timed_inserts(numbers& table, int threads, const interruption& stop,
                                         const progress& tell) {
  const std::string value(value_bytes, 'v');
  std::vector<result<std::uint64_t>> done(static_cast<std::size_t>(threads), 0);
  const auto begun = clock::now();
  const auto insert = [&](int first, result<std::uint64_t>& inserted) {
    const auto most = most_entries / static_cast<unsigned>(threads);
    std::uint64_t count = 0;
    auto next_look = begun;
    for (std::int64_t key = first; count < most && !stop.has_come(); key += threads) {
      const auto now = clock::now();
      if (now - begun >= longest_run && count > 0) break;
      if (first == 0 && tell && now >= next_look) {
        const auto thousandths = static_cast<std::uint64_t>((now - begun) * 1000 / longest_run);
        tell(std::max(thousandths, count * 1000 / most), 1000);
        next_look = now + between_looks;
      }
      if (auto kept = table.insert(key, value); !kept) {
        inserted = std::unexpected(kept.error());
        return;
      }
      ++count;
    }
    inserted = count;
  };
  {
    std::vector<std::jthread> running;
    for (int i = 0; i < threads; ++i) {
      running.emplace_back([&insert, &done, i] { insert(i, done[static_cast<std::size_t>(i)]); });
    }
  }
  rate all{.entries = 0, .seconds = since(begun)};
  for (const auto& one : done) {
    if (!one) return std::unexpected(one.error());
    all.entries += *one;
  }
  return all;
}

[[nodiscard]] result<> has_all(const numbers& table, const std::string& path,
                               std::uint64_t entries) {
  if (table.size() == entries) return {};
  return std::unexpected(error(
      errc::corrupt,
      fmt::format("{}: {} entries were written, and {} are there", path, entries, table.size())));
}

/// Saves what was inserted, closes and opens: how long that takes.
[[nodiscard]] result<> time_saving(numbers& table, const std::string& path, std::uint64_t entries,
                                   measured& into) {
  auto begun = clock::now();
  if (auto saved = table.save(); !saved) return saved;
  into.save = {.entries = entries, .seconds = since(begun)};
  if (auto closed = table.close(); !closed) return closed;
  begun = clock::now();
  const auto again = numbers::open({.path = path});
  if (!again) return std::unexpected(again.error());
  into.load = {.entries = entries, .seconds = since(begun)};
  const auto file = describe(path);
  if (!file) return std::unexpected(file.error());
  into.saved_bytes = file->file_bytes;
  return has_all(*again, path, entries);
}

/// What the process has written and neither saved nor closed is there, as after a crash of it.
[[nodiscard]] result<> survives(numbers& table, const std::string& path, std::uint64_t entries) {
  table.abandon();
  auto again = numbers::open({.path = path});
  if (!again) return std::unexpected(again.error());
  auto all = has_all(*again, path, entries);
  again->abandon();
  return all;
}

[[nodiscard]] result<rate> one_run(const scratch_directory& place, write_mode mode, int threads,
                                   const interruption& stop, const progress& tell, measured& into) {
  const auto path = place.file("table.shelf");
  auto table = numbers::open({.path = path, .mode = mode});
  if (!table) return std::unexpected(table.error());
  auto inserted = timed_inserts(*table, threads, stop, tell);
  if (!inserted) return inserted;
  result<> kept;
  if (mode != write_mode::back) {
    kept = survives(*table, path, inserted->entries);
  } else if (threads == 1) {
    kept = time_saving(*table, path, inserted->entries, into);
  }
  if (!kept) return std::unexpected(kept.error());
  table->abandon();
  if (auto gone = shelf::remove(path); !gone) return std::unexpected(gone.error());
  return inserted;
}

/// Two probes and six runs, which take about the same time each.
[[nodiscard]] result<measured> measure(const std::string& directory, const interruption& stop,
                                       const progress& tell) {
  const auto place = scratch_directory::below(directory);
  if (!place) return std::unexpected(place.error());
  measured all;
  auto disk = probe_disk(place->file("appends"), stop, detail::step_of(tell, 0, 4));
  if (!disk) return std::unexpected(disk.error());
  all.disk = *std::move(disk);
  constexpr std::pair<write_mode, std::string_view> modes[] = {{write_mode::back, "back"},
                                                               {write_mode::through, "through"},
                                                               {write_mode::durable, "durable"}};
  std::uint64_t step = 2;
  for (const auto& [mode, name] : modes) {
    const auto alone = one_run(*place, mode, 1, stop, detail::step_of(tell, step++, 8), all);
    if (!alone) return std::unexpected(alone.error());
    const auto together =
        one_run(*place, mode, many_threads, stop, detail::step_of(tell, step++, 8), all);
    if (!together) return std::unexpected(together.error());
    all.modes.push_back({name, *alone, *together});
  }
  return all;
}

[[nodiscard]] std::string in_time(double us) {
  return us < 1000 ? fmt::format("{:.1f} us", us) : fmt::format("{:.1f} ms", us / 1000);
}

[[nodiscard]] std::string in_rate(const rate& r) {
  const auto n = r.per_second();
  if (n >= 1e6) return fmt::format("{:.1f} M/s", n / 1e6);
  return n >= 1e4 ? fmt::format("{:.0f} k/s", n / 1e3) : fmt::format("{:.0f} /s", n);
}

[[nodiscard]] double megabytes_per_second(const rate& r, std::uint64_t bytes) {
  return static_cast<double>(bytes) / std::max(r.seconds, 1e-9) / 1e6;
}

/// What is left of the writes of a mode. Where flushes are ignored, nobody knows.
[[nodiscard]] std::string after_power_cut(std::string_view mode, flushes f) {
  if (f == flushes::ignored) return "no guarantee: flushes are ignored";
  if (mode == "back") return "all except those since the last save";
  if (mode == "through") return "all except about the last second";
  return f == flushes::plausible ? "all of them" : "all of them, if the disk honors flushes";
}

void write_latency(console& out, std::string_view name, const latency& l, std::string_view what) {
  out.write(out.in(tone::faint, fmt::format("{:<12}", name)) +
            fmt::format(" p50 {}, p99 {}, max {}; {} {}\n", in_time(l.p50_us), in_time(l.p99_us),
                        in_time(l.max_us), l.times, what));
}

void write_for_people(console& out, const std::string& directory, const measured& m) {
  const auto line = [&](std::string_view name, const std::string& text) {
    out.write(out.in(tone::faint, fmt::format("{:<12}", name)) + " " + text + "\n");
  };
  const auto& fs = m.disk.evidence.file_system;
  line("directory", printable(directory));
  line("file system", fs.empty() ? "not known" : fs);
  write_latency(out, "append", m.disk.append, fmt::format("of {} bytes", probe_bytes));
  write_latency(out, "and sync", m.disk.sync, "with fdatasync");
  for (const auto& [name, r] : {std::pair{"save", m.save}, {"load", m.load}}) {
    line(name, fmt::format("{} entries, {:.0f} MB/s", in_rate(r),
                           megabytes_per_second(r, m.saved_bytes)));
  }
  out.write("\n");
  text_table table(out, {{"insert"},
                         {"1 thread", true},
                         {fmt::format("{} threads", many_threads), true},
                         {"writes that survive a power failure"}});
  const auto what = m.disk.verdict.what;
  for (const auto& row : m.modes) {
    table.add({std::string(row.mode), in_rate(row.alone), in_rate(row.together),
               after_power_cut(row.mode, what)});
  }
  table.finish();
  constexpr std::string_view sentences[] = {
      "The disk seems to honor flushes: ", "The disk may not honor flushes: ",
      "Flushes are not honored here: "};
  constexpr tone tones[] = {tone::good, tone::warning, tone::bad};
  const auto at = static_cast<std::size_t>(what);
  out.write("\n" + out.in(tones[at], sentences[at]) + m.disk.verdict.because + ".\n");
}

[[nodiscard]] std::string as_json(const latency& l) {
  return fmt::format("{{\"times\":{},\"p50_us\":{:.2f},\"p99_us\":{:.2f},\"max_us\":{:.2f}}}",
                     l.times, l.p50_us, l.p99_us, l.max_us);
}

[[nodiscard]] std::string as_json(const rate& r, std::uint64_t bytes) {
  return fmt::format("{{\"entries\":{},\"seconds\":{:.6f},\"bytes\":{}}}", r.entries, r.seconds,
                     bytes);
}

void write_as_json(console& out, const std::string& directory, const measured& m) {
  std::string line = "{\"directory\":";
  append_json_string(line, directory);
  line += ",\"file_system\":";
  append_json_string(line, m.disk.evidence.file_system);
  line += ",\"append\":" + as_json(m.disk.append) + ",\"sync\":" + as_json(m.disk.sync);
  line += ",\"insert\":{";
  for (const auto& row : m.modes) {
    line += fmt::format("{}\"{}\":{{\"threads_1\":{:.0f},\"threads_{}\":{:.0f}}}",
                        line.back() == '{' ? "" : ",", row.mode, row.alone.per_second(),
                        many_threads, row.together.per_second());
  }
  line += "},\"save\":" + as_json(m.save, m.saved_bytes);
  line += ",\"load\":" + as_json(m.load, m.saved_bytes);
  line += fmt::format(",\"flushes\":\"{}\",\"because\":", to_string(m.disk.verdict.what));
  append_json_string(line, m.disk.verdict.because);
  out.write(line + "}\n");
}

}  // namespace

outcome bench(const request& r, console& out) {
  const auto& directory = r.other.empty() ? std::string(".") : r.other;
  const interruption stop;
  progress_bar bar("measuring " + directory, out.errors_are_seen());
  const auto done = measure(directory, stop, told_to(bar));
  bar.clear();
  if (!done) return std::unexpected(done.error());
  if (stop.has_come()) return exit_status::refused;
  if (wants_json(r, out)) {
    write_as_json(out, directory, *done);
  } else {
    write_for_people(out, directory, *done);
  }
  return exit_status::ok;
}

}  // namespace shelf::cli
