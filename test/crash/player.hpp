// TEST  crash
// Plays operations on a table over a simulated disk, and tells the oracle what each one promised.
#pragma once

#include "crash/oracle.hpp"
#include "crash/subject.hpp"
#include "simulation/simulated_disk.hpp"

#include <functional>
#include <string>
#include <vector>

namespace shelf::crash {

/// What a player does when a call fails.
enum class on_failure : std::uint8_t {
  complain,  ///< the workload is to succeed: a failure is a finding
  heal,      ///< faults pass: recover() a fenced table at once, which must succeed, and go on
  endure,    ///< faults stay: go on, until settle()
};

/// One run of a workload. After every call memory must equal the model, whether the call succeeded
/// or not; what does not is noted in findings().
class player {
 public:
  player(simulation::simulated_disk& disk, flavour what, write_mode mode, on_failure policy,
         file_format format = file_format::native);

  // The verbs of a table; those that fail change nothing.
  void open(const subject::how& h = {});
  void insert(std::int64_t key, const std::string& value);
  void insert_range(const std::vector<subject::pair>& pairs);
  /// One batch of inserts and erases.
  void write_batch(const std::vector<subject::step>& steps);
  void erase(std::int64_t key);
  void erase(std::int64_t key, const std::string& value);
  void clear();
  void add(std::int64_t key, std::int64_t delta);
  void save();
  void sync();
  void reload();
  void compact();
  void recover();
  void close();
  /// The process lets go of the table without saving: what a kill does to a program.
  void abandon();

  /// Among the faults are failing syncs of whole files or of directories.
  void syncs_may_fail() { syncs_may_fail_ = true; }
  /// The next call is to fail with this code.
  void expect(errc code) { expected_ = code; }
  /// Faults are over: a table that is open comes back into use, one that is not is opened; then all
  /// must be as acknowledged.
  void settle();

  [[nodiscard]] simulation::simulated_disk& disk() const noexcept { return disk_; }
  [[nodiscard]] const oracle& promises() const noexcept { return oracle_; }
  [[nodiscard]] const std::vector<std::string>& findings() const noexcept { return findings_; }
  [[nodiscard]] write_mode mode() const noexcept { return mode_; }
  [[nodiscard]] flavour what() const noexcept { return flavour_; }
  [[nodiscard]] file_format format() const noexcept { return format_; }
  /// A save writes a file beside this one: while it fails, nothing here is in doubt.
  [[nodiscard]] bool saves_beside() const noexcept;
  [[nodiscard]] bool is_open() const { return table_->is_open(); }
  /// Calls that failed so far, without those that were expected to.
  [[nodiscard]] std::size_t failures() const noexcept { return failures_; }
  /// Whether the table was ever fenced by a failure.
  [[nodiscard]] bool was_fenced() const noexcept { return was_fenced_; }

 private:
  void write(const char* verb, const std::function<result<>()>& call, const entries& then);
  /// on_the_way: what memory would be after each change of a batch; the last is what it becomes.
  void write(const char* verb, const std::function<result<>()>& call,
             const std::vector<entries>& on_the_way);
  void persist(const char* verb, const std::function<result<>()>& call);
  void failed(const char* verb, std::uint64_t started, const error& why, const entries* perhaps);
  void opened_again(std::uint64_t started, const std::vector<oracle::state>& allowed);
  /// Where a batch is no unit on disk: a kill may leave any of its keys as it was or as it becomes.
  void may_be_there_in_parts(std::uint64_t started, const std::vector<entries>& on_the_way);
  void check_memory(const char* verb);
  void recover_from_fence();
  /// What happened last survives from now on.
  void promise(fall survived);
  [[nodiscard]] entries inserted(entries to, std::int64_t key, const std::string& value) const;
  void found_wrong(const std::string& sentence) { findings_.push_back(sentence); }

  simulation::simulated_disk& disk_;
  flavour flavour_;
  write_mode mode_;
  on_failure policy_;
  file_format format_;
  std::unique_ptr<subject> table_;
  subject::how how_;
  oracle oracle_;
  entries memory_;
  entries saved_;                         // write-back: what the file holds
  std::optional<entries> perhaps_saved_;  // write-back: or this, after a close that failed half way
  bool exists_ = false;
  /// A sync failed, perhaps the directory's, and the file was opened anew without a recover(),
  /// which would have renamed again: no later sync makes the name durable that the last rename
  /// gave.
  bool name_in_doubt_ = false;
  bool syncs_may_fail_ = false;
  std::optional<errc> expected_;
  std::size_t failures_ = 0;
  bool was_fenced_ = false;
  std::vector<std::string> findings_;
};

}  // namespace shelf::crash
