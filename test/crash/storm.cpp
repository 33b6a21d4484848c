// TEST  crash
// The writer that is killed, and the prefix check of each of its threads.
#include "crash/storm.hpp"

#include "can_keep.hpp"
#include "crash/transfers.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <thread>

extern char** environ;

namespace shelf::crash {
namespace {

constexpr std::int64_t lane_width = 1000;
constexpr std::uint64_t keys_a_lane = 40;
const std::string transfers = "transfers";  ///< in place of a kind

std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

subject::how how_of(const storm_table& t) {
  return {.mode = t.mode,
          .path = t.path,
          .format = t.format,
          .io = t.io,
          .sync_every = std::chrono::milliseconds(50),
          .file_system = file_system::any};
}

result<> write_once(subject& table, const storm_write& w) {
  if (w.puts.empty()) return table.erase(w.erased);
  if (w.puts.size() == 1) return table.insert(w.puts.front().first, w.puts.front().second);
  return table.insert_range(w.puts);
}

/// Saves (or syncs) and tells which writes that covered.
result<> save_and_tell(subject& table, storm_board& board, bool sync_only) {
  std::array<std::uint64_t, storm_lanes> covered{};
  for (std::size_t i = 0; i < storm_lanes; ++i) covered[i] = board.lanes[i].acknowledged;
  auto done = sync_only ? table.sync() : table.save();
  if (!done) return done;
  for (std::size_t i = 0; i < storm_lanes; ++i) board.lanes[i].saved = covered[i];
  return {};
}

void write_lane(subject& table, write_mode mode, std::size_t lane, storm_board& board) {
  auto& told = board.lanes[lane];
  for (std::uint64_t number = told.first; board.failed == 0; ++number) {
    const auto write = storm_write_of(lane, number);
    told.issued = number + 1;
    if (auto done = write_once(table, write); !done) {
      return report(board, "write", done.error());
    }
    told.acknowledged = number + 1;
    result<> done;
    if (lane == 0 && number % 64 == 63) {
      done = save_and_tell(table, board, mode == write_mode::through);
    }
    if (done && lane == 1 && number % 1024 == 1023) done = table.compact();
    if (!done) return report(board, "save or compact", done.error());
  }
}

}  // namespace

void report(storm_board& board, const std::string& what, const error& why) {
  if (board.failed.exchange(1) != 0) return;
  const auto text = what + ": " + why.message();
  std::memcpy(board.failure.data(), text.data(), std::min(text.size(), board.failure.size() - 1));
}

storm_board* map_board(const std::string& path, bool create) {
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
  if (file < 0 || ::ftruncate(file, sizeof(storm_board)) != 0) std::abort();
  void* at = ::mmap(nullptr, sizeof(storm_board), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  if (at == MAP_FAILED) std::abort();
  return static_cast<storm_board*>(at);
}

storm_write storm_write_of(std::size_t lane, std::uint64_t number) {
  const auto chance = mixed(number * storm_lanes + lane + 1);
  const auto key = [&](std::uint64_t which) {
    return static_cast<std::int64_t>(lane) * lane_width +
           static_cast<std::int64_t>(mixed(chance + which) % keys_a_lane);
  };
  const auto value = [&](std::size_t which) {
    const bool large = chance % 199 == 0;
    const std::size_t size = large ? 100'000 : mixed(chance + 7 * which) % 200;
    return std::to_string(number) + "." + std::to_string(which) + std::string(size, 'v');
  };
  storm_write w;
  if (chance % 10 < 2) {
    w.erased = key(0);
  } else {
    const std::size_t count = chance % 10 < 8 ? 1 : 2 + chance / 16 % 4;
    for (std::size_t i = 0; i < count; ++i) w.puts.emplace_back(key(i), value(i));
  }
  return w;
}

void apply_to(entries& to, const storm_write& w, flavour what) {
  for (const auto& [key, value] : w.puts) {
    auto& values = to[key];
    if (!is_bag(what)) values.clear();
    if (what != flavour::bag || std::ranges::find(values, value) == values.end()) {
      values.push_back(value);
    }
  }
  if (w.puts.empty()) to.erase(w.erased);
}

std::size_t lane_of(std::int64_t key) { return static_cast<std::size_t>(key / lane_width); }

int write_until_killed(const storm_table& t, storm_board& board) {
  if (t.transfers) return transfer_until_killed(t, board);
  const auto table = make_subject(t.what);
  if (const auto opened = table->open(nullptr, how_of(t)); !opened) {
    report(board, "open", opened.error());
    return 1;
  }
  board.opened = 1;
  {
    std::vector<std::jthread> threads;
    for (std::size_t lane = 0; lane < storm_lanes; ++lane) {
      threads.emplace_back([&, lane] { write_lane(*table, t.mode, lane, board); });
    }
  }
  return 1;  // nobody killed us: something failed
}

// --- the check -----------------------------------------------------------------------------------

void storm_check::prepare(storm_board& board) const {
  for (std::size_t i = 0; i < storm_lanes; ++i) {
    auto& lane = board.lanes[i];
    lane.first = lane.issued = lane.acknowledged = lane.saved = lanes_[i].written;
  }
  board.opened = board.failed = 0;
  board.failure.fill('\0');
}

std::string storm_check::check(storm_board& board, promise kept) {
  if (board.failed != 0) return std::string("the writer failed: ") + board.failure.data();
  const auto table = make_subject(table_.what);
  const auto opened = table->open(nullptr, how_of(table_));
  if (!opened) return "open after the crash: " + opened.error().message();
  std::array<entries, storm_lanes> found;
  std::string wrong;
  for (auto& [key, values] : table->all()) {
    if (lane_of(key) >= storm_lanes) {
      wrong = "a key that nobody wrote: " + std::to_string(key);
    } else {
      found[lane_of(key)][key] = values;
    }
  }
  for (std::size_t i = 0; i < storm_lanes && wrong.empty(); ++i) {
    wrong = check_lane(i, board.lanes[i], found[i], kept);
  }
  table->abandon();
  return wrong;
}

bool storm_check::is_part(const entries& before, const storm_write& w, const entries& found) const {
  if (stores::keeps(table_.format, stores::capability::atomic_batches)) return false;
  if (table_.mode == write_mode::back) return false;
  entries after = before;
  apply_to(after, w, table_.what);
  entries mixed = before;
  for (const auto& [key, value] : w.puts) {
    const auto there = found.find(key);
    if (there != found.end() && there->second == after[key]) mixed[key] = after[key];
  }
  return mixed == found;
}

std::string storm_check::check_lane(std::size_t lane, const storm_lane& told, const entries& found,
                                    promise kept) {
  auto& expect = lanes_[lane];
  const bool any_return = kept == promise::acknowledged && table_.mode != write_mode::back;
  const bool durable = table_.mode == write_mode::durable;
  const std::uint64_t floor = any_return || durable ? told.acknowledged : told.saved;
  std::string fewer = ", nor of fewer";
  for (;; ++expect.written) {
    if (expect.state == found) {
      if (expect.written >= floor) break;
      fewer = ", but of " + std::to_string(expect.written);
    }
    if (expect.written >= told.issued) {
      return "lane " + std::to_string(lane) + " holds no prefix of " + std::to_string(floor) +
             " to " + std::to_string(told.issued.load()) + " writes" + fewer + "; it began with " +
             std::to_string(told.first.load()) + ", " + std::to_string(told.acknowledged.load()) +
             " were acknowledged";
    }
    const auto next = storm_write_of(lane, expect.written);
    if (expect.written >= floor && is_part(expect.state, next, found)) {
      expect.state = found;  // the next writer does it again
      break;
    }
    apply_to(expect.state, next, table_.what);
    ++writes_seen_;
  }
  return {};
}

// --- processes and files -------------------------------------------------------------------------

int start(const std::vector<std::string>& arguments) {
  std::vector<char*> raw;
  for (const auto& a : arguments) raw.push_back(const_cast<char*>(a.c_str()));
  raw.push_back(nullptr);
  pid_t child = -1;
  if (::posix_spawnp(&child, raw.front(), nullptr, nullptr, raw.data(), environ) != 0) return -1;
  return child;
}

int start_writer(const std::string& program, const storm_table& t, const std::string& board_path) {
  return start({program, t.path, to_string(t.mode), t.transfers ? transfers : to_string(t.what),
                test::to_string(t.format), t.io == file_io::mapped ? "mapped" : "calls",
                board_path});
}

storm_table table_of(const char* const* arguments) {
  const std::string_view mode = arguments[2];
  const bool moves_money = arguments[3] == transfers;
  return {
      .path = arguments[1],
      .mode = mode == "back"      ? write_mode::back
              : mode == "durable" ? write_mode::durable
                                  : write_mode::through,
      .what = moves_money ? flavour::database : flavour_named(arguments[3]),
      .format = arguments[4] == std::string_view("dets") ? file_format::dets : file_format::native,
      .io = arguments[5] == std::string_view("mapped") ? file_io::mapped : file_io::calls,
      .transfers = moves_money};
}

scratch_directory::scratch_directory(const std::string& name)
    : path_(std::filesystem::temp_directory_path() /
            ("shelf_" + name + "_" + std::to_string(::getpid()))) {
  std::filesystem::create_directory(path_);
}

scratch_directory::~scratch_directory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace shelf::crash
