// TEST  crash
// Writers that are killed: what they write, how they report it, and the check of what is left.
// The writer and the one who kills it are two processes over one page of shared memory.
#pragma once

#include "crash/subject.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace shelf::crash {

inline constexpr std::size_t storm_lanes = 4;

/// One thread of the writer. Its writes are numbered; each is made of its number alone.
struct storm_lane {
  std::atomic<std::uint64_t> first;         ///< the write it starts with
  std::atomic<std::uint64_t> issued;        ///< writes begun
  std::atomic<std::uint64_t> acknowledged;  ///< writes that returned ok
  std::atomic<std::uint64_t> saved;         ///< writes covered by a save or sync that returned ok
};

/// What survives the writer.
struct storm_board {
  std::array<storm_lane, storm_lanes> lanes;
  std::atomic<std::uint32_t> opened;
  std::atomic<std::uint32_t> failed;  ///< a call returned an error: the check fails
  std::array<char, 400> failure;
};

/// The table that is written, and how.
struct storm_table {
  std::string path = {};
  write_mode mode = write_mode::through;
  flavour what = flavour::map;
  file_format format = file_format::native;
  file_io io = file_io::calls;
  bool transfers = false;  ///< a database in which money is moved: see transfers.hpp
};

/// The board in a file, mapped and shared. Never unmapped.
[[nodiscard]] storm_board* map_board(const std::string& path, bool create);

/// A write: keys of the lane with what they become; no value erases. More than one: one batch.
struct storm_write {
  std::vector<std::pair<std::int64_t, std::string>> puts;
  std::int64_t erased = -1;
};
[[nodiscard]] storm_write storm_write_of(std::size_t lane, std::uint64_t number);
void apply_to(entries& to, const storm_write& w, flavour what);
[[nodiscard]] std::size_t lane_of(std::int64_t key);

/// The first error of a writer, for the check.
void report(storm_board& board, const std::string& what, const error& why);

/// The writer: opens the table and writes with all its threads until it is killed.
[[nodiscard]] int write_until_killed(const storm_table& t, storm_board& board);
/// Starts that writer in a process of its own and returns it; -1 if it cannot be started.
[[nodiscard]] int start_writer(const std::string& program, const storm_table& t,
                               const std::string& board_path);
/// What start_writer() gave the program.
[[nodiscard]] storm_table table_of(const char* const* arguments);
inline constexpr int storm_arguments = 7;

/// What the table must be, lane by lane, from kill to kill.
class storm_check {
 public:
  explicit storm_check(storm_table t) : table_(std::move(t)) {}

  /// Which promise holds: of a write that returned (the process was killed), or of a save or sync
  /// (power was cut).
  enum class promise : std::uint8_t { acknowledged, saved };
  /// Opens the table after the writer's end and finds for each lane the writes it holds; the next
  /// writer goes on there. The sentence is empty, or says what is wrong.
  [[nodiscard]] std::string check(storm_board& board, promise kept);
  /// Prepares the board for the next writer.
  void prepare(storm_board& board) const;
  [[nodiscard]] std::uint64_t writes_seen() const noexcept { return writes_seen_; }

 private:
  struct expected {
    entries state;
    std::uint64_t written = 0;
  };
  [[nodiscard]] std::string check_lane(std::size_t lane, const storm_lane& told,
                                       const entries& found, promise kept);

  /// Where a batch is no unit on disk, the last write may be there in part.
  [[nodiscard]] bool is_part(const entries& before, const storm_write& w,
                             const entries& found) const;

  storm_table table_;
  std::array<expected, storm_lanes> lanes_;
  std::uint64_t writes_seen_ = 0;
};

/// Starts a program and returns its process; -1 if it cannot be started.
[[nodiscard]] int start(const std::vector<std::string>& arguments);
/// A directory of its own below the system's temporary one, which goes with this.
class scratch_directory {
 public:
  explicit scratch_directory(const std::string& name);
  ~scratch_directory();
  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace shelf::crash
