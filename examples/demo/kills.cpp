// DEMO  chapter two: killed in the middle
// Every other kill comes at a random moment. The others are aimed at large batches: they are sent
// when the file grows quickly.
#include "kills.hpp"

#include "child.hpp"
#include "database.hpp"
#include "page.hpp"
#include "verdict.hpp"

#include <algorithm>
#include <chrono>
#include <future>
#include <random>

namespace demo {
namespace {

using std::chrono::microseconds;

constexpr std::uint64_t wanted_kills = 8;
constexpr std::uint64_t most_children = 12;
constexpr std::uint64_t much_growth = 32 << 10;
constexpr int tables = 3;

struct round {
  std::size_t before = 0;        // records acknowledged before the child began
  std::size_t acknowledged = 0;  // records acknowledged when it was dead
  std::uint64_t found = 0;       // writes of these records, in three tables
  std::uint64_t more = 0;        // writes in the tables that were not acknowledged
  std::uint64_t torn_frames = 0;
  std::uint64_t torn_bytes = 0;
  std::uint64_t lookups = 0;
  duration reopened{};

  [[nodiscard]] std::uint64_t writes() const { return tables * (acknowledged - before); }
};

/// Opens the characters while the child writes them: read_only takes no lock. Everything that was
/// acknowledged before must be there.
class onlooker {
 public:
  onlooker(std::filesystem::path file, std::span<const record> data, std::span<const step> steps)
      : file_(std::move(file)), data_(data), steps_(steps) {}

  void look(std::size_t acknowledged) {
    const auto table = shelf::or_throw(
        character_map::open({.path = file_.string(), .opening = shelf::opening::read_only}));
    (void)prove_characters(table, data_, steps_, acknowledged);
    ++looks_;
  }
  [[nodiscard]] std::uint64_t looks() const { return looks_; }

 private:
  std::filesystem::path file_;
  std::span<const record> data_;
  std::span<const step> steps_;
  std::uint64_t looks_ = 0;
};

/// Waits until many bytes are written in a short time, far more than by single inserts, or the
/// child has finished.
void wait_for_batch(const child& c, const std::filesystem::path& file) {
  constexpr duration window = microseconds(200);
  while (!c.has_ended()) {
    const stopwatch watch;
    const auto before = std::filesystem::file_size(file);
    while (watch.elapsed() < window) {
      if (std::filesystem::file_size(file) >= before + much_growth) return;
    }
  }
}

template <class Table>
void note_cut(const Table& t, round& r) {
  const auto cut = shelf::or_throw(t.stats()).recovery_cut_bytes;
  r.torn_bytes += cut;
  r.torn_frames += cut != 0;
}

/// Reopens the tables and checks that no acknowledged write is missing. The step that the kill cut
/// short may have reached one table and not the next; the next child writes it again, which changes
/// nothing in the tables that have it.
void reopen_and_prove(round& r, const std::filesystem::path& directory,
                      std::span<const record> data, std::span<const step> steps) {
  const stopwatch watch;
  auto db = database::open(directory);
  r.reopened = watch.elapsed();
  note_cut(db.characters, r);
  note_cut(db.categories, r);
  note_cut(db.names, r);
  const auto p = prove(db, data, steps, r.acknowledged);
  for (const auto held : {p.characters, p.categories, p.names}) {
    const auto of_acknowledged = std::min(held, r.acknowledged);
    r.found += of_acknowledged - r.before;
    r.more += held - of_acknowledged;
  }
  db.close();
}

void hear(round& r, const child& c) {
  const auto a = c.heard();
  if (a.mistakes != 0) {
    throw broken_promise(
        fmt::format("{} lookups concurrent with the writer were wrong", a.mistakes));
  }
  r.acknowledged = std::max<std::size_t>(r.before, a.written);
  r.lookups = a.reads;
}

void print_round(std::string_view number, std::string_view moment, const round& r) {
  row("{:4}   {:14}{:>13}{:>10}{:>8}{:>13}{:>13}", number, moment, grouped(r.writes()),
      grouped(r.found), grouped(r.more), r.torn_bytes == 0 ? "-" : size(r.torn_bytes),
      time(r.reopened));
}

/// What the chapter keeps from one child to the next.
class killing {
 public:
  killing(const std::filesystem::path& file, const unicode_data& data,
          const std::filesystem::path& directory)
      : file_(file),
        directory_(directory),
        data_(data.records),
        steps_(steps_over(data_.size())),
        looker_(characters_file(directory), data_, steps_) {}

  [[nodiscard]] bool is_done() const { return done_ == data_.size(); }
  [[nodiscard]] const kill_totals& totals() const { return totals_; }
  [[nodiscard]] const onlooker& looker() const { return looker_; }
  [[nodiscard]] std::uint64_t lookups() const { return lookups_; }
  [[nodiscard]] std::uint64_t children() const { return children_; }

  /// Starts a child and kills it, unless it finishes first.
  void kill_one() {
    if (is_done()) start_over();
    child c(next_child());
    while (!c.has_begun()) std::this_thread::sleep_for(microseconds(50));
    std::future<void> look;
    std::string moment = "in a batch";
    if (totals_.kills % 2 == 1) {
      wait_for_batch(c, characters_file(directory_));
    } else {
      const microseconds pause(std::uniform_int_distribution(1000, 12000)(random_));
      look = std::async(std::launch::async, [&] { looker_.look(c.heard().written); });
      std::this_thread::sleep_for(pause);
      moment = fmt::format("after {:.1f} ms", static_cast<double>(pause.count()) / 1000);
    }
    const bool killed = c.kill();
    if (look.valid()) look.get();
    end_round(c, killed, killed ? moment : "came too late");
  }

  /// Lets the last child finish.
  void finish() {
    child c(next_child());
    c.wait();
    end_round(c, false, "left alone");
  }

 private:
  [[nodiscard]] std::vector<std::string> next_child() const {
    return {"--writer", file_.string(), directory_.string(), std::to_string(done_)};
  }

  void start_over() {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directory(directory_);
    done_ = 0;
  }

  void end_round(const child& c, bool killed, std::string_view moment) {
    round r{.before = done_};
    hear(r, c);
    reopen_and_prove(r, directory_, data_, steps_);
    ++children_;
    totals_.kills += killed;
    totals_.acknowledged += r.writes();
    totals_.found += r.found;
    totals_.torn_frames += r.torn_frames;
    totals_.torn_bytes += r.torn_bytes;
    lookups_ += r.lookups;
    done_ = r.acknowledged;
    print_round(killed ? grouped(totals_.kills) : "-", moment, r);
  }

  std::filesystem::path file_;
  std::filesystem::path directory_;
  std::span<const record> data_;
  std::vector<step> steps_;
  onlooker looker_;
  std::mt19937 random_{std::random_device{}()};
  kill_totals totals_;
  std::uint64_t lookups_ = 0;
  std::uint64_t children_ = 0;
  std::size_t done_ = 0;
};

}  // namespace

kill_totals show_kills(const std::filesystem::path& file, const unicode_data& data,
                       const std::filesystem::path& directory) {
  heading(
      "2  Killed while writing: a child process is killed with SIGKILL, the next one continues");
  row("Each child inserts 400 characters one by one, then 4,000 as one batch, and so on, into the");
  row("three tables, while two of its threads read. It reports every finished step through a "
      "pipe.");
  row("The parent reopens the tables and compares every entry. When all characters are written,");
  row("the next child starts over.");
  fmt::print("\n");
  row("kill   moment         acknowledged     found    more   torn, cut  reopened in");
  killing k(file, data, directory);
  while (k.totals().kills < wanted_kills && k.children() < most_children) k.kill_one();
  if (!k.is_done()) k.finish();
  fmt::print("\n");
  row("After every kill the tables held a prefix of the writes, complete batches, correct fields.");
  row("\"more\" counts writes that were saved but not reported yet. Concurrent reads were correct "
      "too:");
  row("{} lookups by threads of the children, and {} read_only opens by this process.",
      grouped(k.lookups()), k.looker().looks());
  return k.totals();
}

}  // namespace demo
