// TEST  crash
// Transfers and the audit of what a kill has left of them.
#include "crash/transfers.hpp"

#include "shelf/database.hpp"
#include "shelf/shelf.hpp"

#include <chrono>
#include <map>
#include <numeric>
#include <thread>

namespace shelf::crash {
namespace {

using number = std::int64_t;
using current_table = ordered_map<number, number>;
using savings_table = map<number, number>;
using notes_table = ordered_map<number, number>;

constexpr number accounts = 8;  ///< in each table
constexpr number at_first = 1000;
constexpr number lane_width = 1'000'000'000;  ///< of the keys of notes

struct transfer {
  number from;  ///< in current
  number to;    ///< in savings
  number amount;
};

[[nodiscard]] transfer transfer_of(number lane, std::uint64_t count) {
  auto x = (count * storm_lanes + static_cast<std::uint64_t>(lane) + 1) * 0x9e3779b97f4a7c15U;
  x ^= x >> 29;
  return {.from = static_cast<number>(x % accounts),
          .to = static_cast<number>(x / accounts % accounts),
          .amount = static_cast<number>(x / 64 % 200) - 100};
}

/// The database, its accounts opened with what is in them at first.
struct bank {
  static result<bank> open(const storm_table& t) {
    database_config c;
    c.path = t.path;
    c.mode = t.mode;
    c.io = t.io;
    c.sync_every = std::chrono::milliseconds(50);
    c.file_system = file_system::any;
    c.on_error = [](const error&) {};
    auto db = database::open(std::move(c), declare<current_table>("current"),
                             declare<savings_table>("savings"), declare<notes_table>("notes"));
    if (!db) return std::unexpected(db.error());
    auto current = db->table<current_table>("current");
    auto savings = db->table<savings_table>("savings");
    auto notes = db->table<notes_table>("notes");
    if (!current || !savings || !notes) return std::unexpected(error(errc::not_found));
    bank b{std::move(*db), std::move(*current), std::move(*savings), std::move(*notes)};
    if (auto filled = b.fill(); !filled) return std::unexpected(filled.error());
    return b;
  }
  /// Once.
  [[nodiscard]] result<> fill() {
    return db.transact([&](transaction& tx) -> result<> {
      result<> done;
      for (number i = 0; done && i < accounts; ++i) {
        if (!tx(current).contains(i)) done = tx(current).insert(i, at_first);
        if (done && !tx(savings).contains(i)) done = tx(savings).insert(i, at_first);
      }
      return done;
    });
  }
  [[nodiscard]] result<> move_money(number lane, std::uint64_t count) {
    const auto t = transfer_of(lane, count);
    return db.transact([&](transaction& tx) -> result<> {
      const auto from = tx(current).lookup(t.from);
      if (!from) return std::unexpected(from.error());
      auto done = tx(current).insert(t.from, *from - t.amount);
      if (done && count % 3 == 0) done = tx(savings).add(t.to, t.amount);
      if (done && count % 3 != 0) {
        const auto to = tx(savings).lookup(t.to);
        done = to ? tx(savings).insert(t.to, *to + t.amount) : std::unexpected(to.error());
      }
      return done ? tx(notes).insert_new(lane * lane_width + static_cast<number>(count), t.amount)
                  : done;
    });
  }
  [[nodiscard]] result<> save_and_tell(storm_board& board, write_mode mode) {
    std::array<std::uint64_t, storm_lanes> covered{};
    for (std::size_t i = 0; i < storm_lanes; ++i) covered[i] = board.lanes[i].acknowledged;
    auto done = mode == write_mode::through ? db.sync() : db.save();
    for (std::size_t i = 0; done && i < storm_lanes; ++i) board.lanes[i].saved = covered[i];
    return done;
  }

  database db;
  current_table current;
  savings_table savings;
  notes_table notes;
};

void transfer_on(bank& b, write_mode mode, std::size_t lane, storm_board& board) {
  auto& told = board.lanes[lane];
  for (std::uint64_t count = told.first; board.failed == 0; ++count) {
    told.issued = count + 1;
    if (auto done = b.move_money(static_cast<number>(lane), count); !done) {
      return report(board, "transfer", done.error());
    }
    told.acknowledged = count + 1;
    result<> done;
    if (lane == 0 && count % 64 == 63) done = b.save_and_tell(board, mode);
    if (done && lane == 1 && count % 512 == 511) done = b.db.compact();
    if (!done) return report(board, "save or compact", done.error());
  }
}

}  // namespace

int transfer_until_killed(const storm_table& t, storm_board& board) {
  auto b = bank::open(t);
  if (!b) {
    report(board, "open", b.error());
    return 1;
  }
  board.opened = 1;
  {
    std::vector<std::jthread> threads;
    for (std::size_t lane = 0; lane < storm_lanes; ++lane) {
      threads.emplace_back([&, lane] { transfer_on(*b, t.mode, lane, board); });
    }
  }
  return 1;  // nobody killed us: something failed
}

void transfer_check::prepare(storm_board& board) const {
  for (std::size_t i = 0; i < storm_lanes; ++i) {
    auto& lane = board.lanes[i];
    lane.first = lane.issued = lane.acknowledged = lane.saved = noted_[i];
  }
  board.opened = board.failed = 0;
  board.failure.fill('\0');
}

std::uint64_t transfer_check::writes_seen() const noexcept {
  return std::accumulate(noted_.begin(), noted_.end(), std::uint64_t{0});
}

std::string transfer_check::check(storm_board& board, promise kept) {
  if (board.failed != 0) return std::string("the writer failed: ") + board.failure.data();
  auto b = bank::open(table_);
  if (!b) return "open after the crash: " + b.error().message();
  const auto moment = b->db.snapshot();
  const bool any_return = kept == promise::acknowledged && table_.mode != write_mode::back;
  std::map<number, number> current;
  std::map<number, number> savings;
  for (number i = 0; i < accounts; ++i) current[i] = savings[i] = at_first;
  for (std::size_t lane = 0; lane < storm_lanes; ++lane) {
    const auto& told = board.lanes[lane];
    const auto first = static_cast<number>(lane) * lane_width;
    std::uint64_t count = 0;
    for (const auto& [key, amount] : moment(b->notes).range(first, first + lane_width)) {
      const auto t = transfer_of(static_cast<number>(lane), count);
      if (key != first + static_cast<number>(count++) || amount != t.amount) {
        return "lane " + std::to_string(lane) + " has noted " + std::to_string(key - first) +
               " in the place of " + std::to_string(count - 1);
      }
      current[t.from] -= t.amount;
      savings[t.to] += t.amount;
    }
    const bool durable = table_.mode == write_mode::durable;
    const std::uint64_t least = any_return || durable ? told.acknowledged : told.saved;
    if (count < least || count > told.issued) {
      return "lane " + std::to_string(lane) + " has " + std::to_string(count) +
             " transfers, promised were " + std::to_string(least) + ", begun " +
             std::to_string(told.issued.load());
    }
    noted_[lane] = count;
  }
  number total = 0;
  for (number i = 0; i < accounts; ++i) {
    const auto has = moment(b->current).value_or(i, 0);
    const auto saved = moment(b->savings).value_or(i, 0);
    total += has + saved;
    if (has != current[i] || saved != savings[i]) {
      return "account " + std::to_string(i) + " is not what its transfers come to";
    }
  }
  b->db.abandon();
  return total == 2 * accounts * at_first ? "" : "the total is " + std::to_string(total);
}

}  // namespace shelf::crash
