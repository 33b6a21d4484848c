// JOURNAL  api -> table -> [journal] -> file
// A journal driven on a recorded disk, and what any crash at any moment may leave of it.
#pragma once

#include "simulation/crash_states.hpp"
#include "small_journal.hpp"

#include <map>

namespace shelf::journal::test {

/// What a table would hold: the last value of each key.
using content = std::map<std::string, std::string>;

inline content content_of(const std::vector<batch>& batches) {
  content all;
  for (const auto& b : batches) {
    for (const auto& c : b.changes) {
      if (c.what == op::put) all[c.key] = c.value;
      if (c.what == op::erase) all.erase(c.key);
    }
  }
  return all;
}

/// Promises, by moment: from operation `at` on, the file holds one of contents[least..most].
struct promise {
  std::uint64_t at = 0;
  std::size_t least = 0;  ///< acknowledged as durable
  std::size_t most = 0;   ///< written, or about to be
};

/// Runs a journal through its life and writes down what is promised when. contents[0] stands for no
/// file at all.
class crash_workload {
 public:
  explicit crash_workload(journal_file::settings settings = {},
                          std::unique_ptr<simulation::simulated_disk> disk = nullptr)
      : settings_(settings),
        disk_(disk ? std::move(disk) : std::make_unique<simulation::simulated_disk>()),
        where_(std::make_unique<file::location>(place(*disk_))) {
    contents.emplace_back();
    promised();
  }

  void create() {
    promised_next(content{{"catalogue", "1"}});
    auto made = journal_file::create(*where_, any_store, settings_);
    ASSERT_TRUE(made.has_value()) << made.error();
    file_ = std::move(*made);
    write({{op::put, "catalogue", "1"}});
    ASSERT_TRUE(file_->publish(false).has_value());
    all_durable();
  }

  /// Goes on with what a crash left. Until the opening returns any of `possible` may be found,
  /// afterwards only what it served.
  void recover_as_found(std::vector<content> possible) {
    contents = std::move(possible);
    promises.assign(1, {0, 0, contents.size() - 1});
    has_file_from_start = true;
    where_->sweep_temporaries();
    auto opened = open_recovered(*where_, settings_);
    ASSERT_TRUE(opened.has_value()) << opened.error();
    file_ = std::move(*opened);
    collector all;
    ASSERT_TRUE(file_->replay(frames_start, file_->end(), all).has_value());
    contents.push_back(content_of(all.batches));
    all_durable();
  }

  /// One batch of `changes` values of `size` bytes, and a counter that tells all contents apart.
  void append(std::size_t size, std::size_t changes = 1) {
    auto next = contents.back();
    std::vector<kept_change> batch{{op::put, "n", std::to_string(++number_)}};
    for (std::size_t i = 0; i < changes; ++i) {
      const auto key = std::to_string((number_ + i) % 7);
      batch.push_back({op::put, key, std::string(size, static_cast<char>('a' + number_ % 26))});
    }
    for (const auto& c : batch) next[c.key] = c.value;
    promised_next(std::move(next));
    write(batch);
  }
  /// A batch that the full disk refuses: never to be seen.
  void append_in_vain(std::size_t size, std::size_t changes, std::uint64_t room) {
    disk_->set_options({.capacity = used() + room});
    std::vector<kept_change> batch;
    for (std::size_t i = 0; i < changes; ++i)
      batch.push_back({op::put, "vain", std::string(size, 'V')});
    file_->begin(file_->last_sequence() + 1);
    result<> done;
    for (const auto& c : batch) {
      if (done) done = file_->add(as_change(c));
    }
    if (done) done = file_->commit();
    ASSERT_FALSE(done.has_value());
    ASSERT_EQ(file_->roll_back(done.error()), errc::no_space);
    disk_->set_options({});
  }
  /// A batch whose write fails in doubt: from here on only a new opening helps.
  void append_in_doubt(std::size_t size, int cause, std::size_t reached) {
    auto next = contents.back();
    next["n"] = std::to_string(++number_);
    next["doubt"] = std::string(size, 'D');
    promised_next(next);
    disk_->inject({.kind = simulation::call::write, .error = 0, .at_most = reached});
    disk_->inject({.kind = simulation::call::write, .nth = 2, .error = cause});
    file_->begin(file_->last_sequence() + 1);
    auto done = file_->add({op::put, 0, 1, as_bytes(std::string_view("n")), as_bytes(next["n"])});
    const std::string key = "doubt";
    if (done) done = file_->add({op::put, 0, 1, as_bytes(key), as_bytes(next["doubt"])});
    if (done) done = file_->commit();
    ASSERT_FALSE(done.has_value());
    ASSERT_EQ(file_->roll_back(done.error()), errc::indeterminate);
    disk_->clear_faults();
  }
  void sync() {
    ASSERT_TRUE(file_->sync().has_value());
    all_durable();
  }
  /// A sync that fails, some of it having reached the platter.
  void sync_in_vain() {
    disk_->inject({.kind = simulation::call::sync_data});
    ASSERT_FALSE(file_->sync().has_value());
  }
  void note() { file_->note_durable(); }
  void seal() {
    ASSERT_TRUE(file_->seal().has_value());
    all_durable();
  }
  void leave() { file_.reset(); }
  /// What the opening serves is durable, and what it does not serve is gone for good.
  void reopen() {
    file_.reset();
    auto opened = open_recovered(*where_, settings_);
    ASSERT_TRUE(opened.has_value()) << opened.error();
    file_ = std::move(*opened);
    collector all;
    ASSERT_TRUE(file_->replay(frames_start, file_->end(), all).has_value());
    const auto found = content_of(all.batches);
    const auto last = promises.back();
    for (auto i = last.most + 1; i-- > last.least;) {
      if (contents[i] != found) continue;
      contents.push_back(found);
      promises.push_back({disk_->operations(), contents.size() - 1, contents.size() - 1});
      return;
    }
    FAIL() << "reopening found something else";
  }
  /// A new file with the present content, in two steps as a table makes it.
  void compact() {
    auto made = journal_file::create(*where_, any_store, settings_);
    ASSERT_TRUE(made.has_value());
    ASSERT_TRUE((*made)->copy_mode_of(*file_).has_value());
    std::swap(file_, *made);
    // What was pinned is one change older; the change follows as the tail.
    const auto& pinned = contents[contents.size() - 2];
    std::vector<kept_change> batch;
    for (const auto& [key, value] : pinned) batch.push_back({op::put, key, value});
    write(batch);
    ASSERT_TRUE(file_->sync_unpublished().has_value());
    std::vector<kept_change> tail;
    for (const auto& [key, value] : pinned) {
      if (!contents.back().contains(key)) tail.push_back({op::erase, key, ""});
    }
    for (const auto& [key, value] : contents.back()) tail.push_back({op::put, key, value});
    write(tail);
    ASSERT_TRUE(file_->publish(true).has_value());
    all_durable();
  }

  [[nodiscard]] const simulation::simulated_disk& disk() const { return *disk_; }
  [[nodiscard]] journal_file& file() { return *file_; }

  /// What may be found after a crash that came after `at` operations.
  [[nodiscard]] promise at_crash(std::uint64_t at) const {
    promise now = promises.front();
    for (const auto& p : promises) {
      // What is to come later may have begun with the very next operation.
      if (p.at <= at) now = p;
    }
    return now;
  }

  std::vector<content> contents;
  std::vector<promise> promises;
  bool has_file_from_start = false;

 private:
  void write(const std::vector<kept_change>& batch) {
    file_->begin(file_->last_sequence() + 1);
    for (const auto& c : batch) ASSERT_TRUE(file_->add(as_change(c)).has_value());
    ASSERT_TRUE(file_->commit().has_value());
  }
  void promised() { promises.push_back({disk_->operations(), 0, 0}); }
  void promised_next(content next) {
    contents.push_back(std::move(next));
    promises.push_back({disk_->operations(), promises.back().least, contents.size() - 1});
  }
  void all_durable() {
    promises.push_back({disk_->operations(), contents.size() - 1, contents.size() - 1});
  }
  [[nodiscard]] std::uint64_t used() const {
    std::uint64_t sum = 0;
    for (const auto& path : disk_->files()) sum += disk_->read_all(path)->size();
    return sum;
  }

  journal_file::settings settings_;
  std::unique_ptr<simulation::simulated_disk> disk_;
  std::unique_ptr<file::location> where_;
  std::unique_ptr<journal_file> file_;
  std::uint64_t number_ = 0;
};

}  // namespace shelf::journal::test
