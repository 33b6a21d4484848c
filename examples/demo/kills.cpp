// DEMO  chapter two: killed in the middle
// Every other kill comes at a random moment. The others are aimed: sent when the file is seen to
// grow by much, which is a large batch being written.
#include "kills.hpp"

#include "child.hpp"
#include "database.hpp"
#include "page.hpp"
#include "verdict.hpp"

#include <algorithm>
#include <future>
#include <random>

namespace demo {
namespace {

using std::chrono::microseconds;

constexpr std::uint64_t most_kills = 12;
constexpr std::uint64_t much_growth = 64 << 10;
constexpr int tables = 3;

struct round {
  std::size_t before = 0;        // records that had been acknowledged when the child began
  std::size_t acknowledged = 0;  // and when it was dead
  std::uint64_t found = 0;       // writes of these, in three tables
  std::uint64_t more = 0;        // writes that got there but were not acknowledged in time
  std::uint64_t torn_frames = 0;
  std::uint64_t torn_bytes = 0;
  std::uint64_t lookups = 0;
  duration reopened{};

  [[nodiscard]] std::uint64_t writes() const { return tables * (acknowledged - before); }
};

/// Opens the characters beside the child that writes them: read_only takes no lock. Whatever was
/// acknowledged before must be there.
class onlooker {
 public:
  onlooker(std::filesystem::path file, std::span<const record> data, std::span<const step> steps)
      : file_(std::move(file)), data_(data), steps_(steps) {}

  void look(std::size_t acknowledged) {
    const stopwatch watch;
    auto table = shelf::or_throw(
        character_map::open({.path = file_.string(), .opening = shelf::opening::read_only}));
    time_ += watch.elapsed();
    (void)prove_characters(table, data_, steps_, acknowledged);
    ++looks_;
  }
  [[nodiscard]] std::uint64_t looks() const { return looks_; }
  [[nodiscard]] duration mean() const {
    return time_ / static_cast<double>(std::max<std::uint64_t>(looks_, 1));
  }

 private:
  std::filesystem::path file_;
  std::span<const record> data_;
  std::span<const step> steps_;
  std::uint64_t looks_ = 0;
  duration time_{};
};

/// Waits until many bytes were written at once, or the child is at its end.
void wait_for_batch(const child& c, const std::filesystem::path& file) {
  auto before = std::filesystem::file_size(file);
  while (!c.has_ended()) {
    const auto now = std::filesystem::file_size(file);
    if (now >= before + much_growth) return;
    before = now;
  }
}

template <class Table>
void note_cut(const Table& t, round& r) {
  const auto cut = shelf::or_throw(t.stats()).recovery_cut_bytes;
  r.torn_bytes += cut;
  r.torn_frames += cut != 0;
}

/// Reopens the tables and proves that nothing acknowledged is missing. What the kill cut short may
/// have reached one table and not the next; the next child writes it again, which changes nothing
/// where it is there.
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
    throw broken_promise(fmt::format("{} lookups beside the writer were wrong", a.mistakes));
  }
  r.acknowledged = std::max<std::size_t>(r.before, a.records);
  r.lookups = a.lookups;
}

void print_round(std::uint64_t number, const std::string& moment, const round& r) {
  row("{:4}   {:14}{:>13}{:>10}{:>8}{:>13}{:>13}", number, moment, grouped(r.writes()),
      grouped(r.found), grouped(r.more), r.torn_bytes == 0 ? "-" : size(r.torn_bytes),
      time(r.reopened));
}

/// The chapter's state from child to child.
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

  void kill_one() {
    child c({.data = file_, .directory = directory_, .done = done_});
    while (!c.has_begun()) std::this_thread::sleep_for(microseconds(50));
    const bool aimed = totals_.kills % 2 == 1;
    auto moment = aimed ? aim(c) : pause(c);
    if (!c.kill()) moment = "at its end";
    end_round(c, moment);
  }

  /// The last child is left alone.
  void finish() {
    child c({.data = file_, .directory = directory_, .done = done_});
    c.wait();
    end_round(c, "left alone");
  }

 private:
  std::string aim(const child& c) {
    wait_for_batch(c, characters_file(directory_));
    return "in a batch";
  }

  std::string pause(const child& c) {
    const microseconds length(std::uniform_int_distribution(1000, 12000)(random_));
    auto look = std::async(std::launch::async, [&] { looker_.look(c.heard().records); });
    std::this_thread::sleep_for(length);
    look.get();
    return fmt::format("after {:.1f} ms", static_cast<double>(length.count()) / 1000);
  }

  void end_round(const child& c, const std::string& moment) {
    round r{.before = done_};
    hear(r, c);
    reopen_and_prove(r, directory_, data_, steps_);
    const bool killed = moment != "left alone";
    totals_.kills += killed;
    totals_.acknowledged += r.writes();
    totals_.found += r.found;
    totals_.torn_frames += r.torn_frames;
    totals_.torn_bytes += r.torn_bytes;
    lookups_ += r.lookups;
    done_ = r.acknowledged;
    print_round(totals_.kills + !killed, moment, r);
  }

  std::filesystem::path file_;
  std::filesystem::path directory_;
  std::span<const record> data_;
  std::vector<step> steps_;
  onlooker looker_;
  std::mt19937 random_{std::random_device{}()};
  kill_totals totals_;
  std::uint64_t lookups_ = 0;
  std::size_t done_ = 0;
};

}  // namespace

kill_totals show_kills(const std::filesystem::path& file, const unicode_data& data,
                       const std::filesystem::path& directory) {
  heading("2  Killed in the middle: a child process writes, SIGKILL, the next one goes on");
  row("It inserts 400 characters one by one, then 4,000 as one batch, and so on, into the three");
  row("tables; each step is acknowledged through a pipe. Two of its threads read all the while.");
  fmt::print("\n");
  row("kill   moment         acknowledged     found    more   torn, cut  reopened in");
  killing k(file, data, directory);
  while (!k.is_done() && k.totals().kills < most_kills) k.kill_one();
  if (!k.is_done()) k.finish();
  fmt::print("\n");
  row("Every table was found to be a prefix of what was written, batches whole, no byte "
      "different.");
  row("\"more\" got there but was not acknowledged in time. Beside the writers: {} lookups by",
      grouped(k.lookups()));
  row("their own threads, {} read_only opens by this process ({} each), all right.",
      k.looker().looks(), time(k.looker().mean()));
  return k.totals();
}

}  // namespace demo
