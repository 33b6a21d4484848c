// BENCH  rows: DETS
// The same files as Erlang's own DETS: loaded, written, changed in place and read from.
#include "measure.hpp"
#include "rivals/otp.hpp"
#include "shelf_table.hpp"

#include <shelf/dets.hpp>

#include <chrono>
#include <filesystem>
#include <optional>

namespace bench {
namespace {

constexpr int slow_rows = 3;  // pairs: OTP takes a minute

/// Not the default: as OTP does it, nothing is synced before a save or a close, unless `sync_every`
/// says so.
[[nodiscard]] text_map open_dets_table(const std::string& directory, shelf::write_mode mode,
                                       shelf::file_io io = shelf::file_io::calls,
                                       std::chrono::milliseconds sync_every = {}) {
  return shelf::or_throw(text_map::open({.path = directory + "/shelf.dets",
                                         .mode = mode,
                                         .format = shelf::file_format::dets,
                                         .io = io,
                                         .sync_every = sync_every}));
}

void saves_and_loads(bench_run& b) {
  const auto& w = b.data();
  const auto n = w.to_write.size();
  const auto ours = fresh_directory(b.options());
  const auto theirs = fresh_directory(b.options());
  const auto save = [&, n] {
    std::filesystem::remove(ours + "/shelf.dets");
    auto t = open_dets_table(ours, shelf::write_mode::back);
    fill(t, w);
    const auto took = timed(n, [&] { shelf::or_throw(t.save()); });
    shelf::or_throw(t.close());
    return took;
  };
  const auto otp_save = [&, n] {
    std::filesystem::remove(theirs + "/otp.dets");
    return otp("save", theirs, n);
  };
  b.compare("DETS: save, whole table, synced", "ns", save,
            {{{"OTP, ets:to_dets and close", otp_save}, 0.1}});
  const auto load = [&, n] {
    std::optional<text_map> t;
    const auto took = timed(n, [&] { t = open_dets_table(ours, shelf::write_mode::back); });
    shelf::or_throw(t->close());
    return took;
  };
  const auto otp_load = [&, n] { return otp("load", theirs, n); };
  if (b.wants("DETS: open")) {
    (void)save();
    (void)otp_save();
  }
  b.compare("DETS: open and load", "ns", load, {{{"OTP, open_file and to_ets", otp_load}, 0.1}});
}

void inserts(bench_run& b) {
  const auto& w = b.data();
  const auto n = w.to_write.size();
  const auto table_inserts = [&, n](shelf::file_io io, std::chrono::milliseconds sync_every = {}) {
    return [&, n, io, sync_every] {
      auto t =
          open_dets_table(fresh_directory(b.options()), shelf::write_mode::through, io, sync_every);
      const auto took = timed(n, [&] { fill(t, w); });
      shelf::or_throw(t.close());
      return took;
    };
  };
  const auto otp_insert = [&, n] { return otp("insert", fresh_directory(b.options()), n); };
  b.compare("DETS: insert, through, not synced, into a new file", "ns",
            table_inserts(shelf::file_io::calls), {{{"OTP, dets:insert", otp_insert}, 0.05}},
            slow_rows);
  b.compare("DETS: insert, through, mapped, not synced, into a new file", "ns",
            table_inserts(shelf::file_io::mapped),
            {{{"OTP, dets:insert", otp_insert}, 0.05},
             {{"shelf, by calls, not synced", table_inserts(shelf::file_io::calls)}, 0}},
            slow_rows);
  b.compare("DETS: insert, through, mapped, synced each second (default)", "ns",
            table_inserts(shelf::file_io::mapped, std::chrono::seconds(1)),
            {{{"OTP, dets:insert, not synced", otp_insert}, 0.05}}, slow_rows);
  // As in OTP nothing is in memory but the slots.
  const auto file_inserts = [&, n](shelf::file_io io) {
    return [&, n, io] {
      auto f = shelf::or_throw(shelf::dets::file::open(
          {.path = fresh_directory(b.options()) + "/shelf.dets", .io = io}));
      const auto took = timed(n, [&] {
        const auto value = shelf::term::binary(w.value);
        for (const auto& key : w.to_write) {
          shelf::or_throw(f.insert(shelf::term::tuple({shelf::term::binary(key), value})));
        }
      });
      shelf::or_throw(f.close());
      return took;
    };
  };
  b.compare("DETS: insert, dets::file, mapped, into a new file", "ns",
            file_inserts(shelf::file_io::mapped),
            {{{"OTP, dets:insert", otp_insert}, 0.05},
             {{"shelf, dets::file, by calls", file_inserts(shelf::file_io::calls)}, 0}},
            slow_rows);
}

void lookups(bench_run& b) {
  if (!b.wants("DETS: lookup straight from the file, mapped")) return;
  const auto& w = b.data();
  const auto n = w.to_write.size();
  const auto directory = fresh_directory(b.options());
  const auto theirs = fresh_directory(b.options());
  {
    auto t = open_dets_table(directory, shelf::write_mode::back);
    fill(t, w);
    shelf::or_throw(t.close());
  }
  (void)otp("save", theirs, n);
  std::vector<shelf::term> keys;
  for (const auto& key : w.to_read) keys.push_back(shelf::term::binary(key));
  const auto lookups_by = [&, n](shelf::file_io io) {
    return [&, n, io] {
      auto f = shelf::or_throw(shelf::dets::file::open(
          {.path = directory + "/shelf.dets", .opening = shelf::opening::read_only, .io = io}));
      return timed(n, [&] {
        for (const auto& key : keys) keep(shelf::or_throw(f.lookup(key)));
      });
    };
  };
  const auto otp_lookup = [&, n] { return otp("lookup", theirs, n); };
  b.compare("DETS: lookup straight from the file", "ns", lookups_by(shelf::file_io::calls),
            {{{"OTP, dets:lookup", otp_lookup}, 0.1}});
  b.compare("DETS: lookup straight from the file, mapped", "ns", lookups_by(shelf::file_io::mapped),
            {{{"OTP, dets:lookup", otp_lookup}, 0.1}});
}

}  // namespace

void measure_dets(bench_run& b) {
  if (!has_otp()) return;
  saves_and_loads(b);
  inserts(b);
  lookups(b);
}

}  // namespace bench
