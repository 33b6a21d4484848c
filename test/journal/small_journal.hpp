// JOURNAL  api -> table -> [journal] -> file
// Small journals on a simulated disk, and what is read back from them.
#pragma once

#include "file/location.hpp"
#include "journal/journal_file.hpp"
#include "journal/journal_view.hpp"
#include "journal/little_endian.hpp"
#include "simulation/simulated_disk.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace shelf::journal::test {

inline const std::string name = "ages.shelf";
inline constexpr std::array<std::byte, 16> any_store{std::byte{0x51}, std::byte{0x0e}};

/// A change that owns its bytes.
struct kept_change {
  op what = op::put;
  std::string key;
  std::string value;
  friend bool operator==(const kept_change&, const kept_change&) = default;
};

inline void PrintTo(const kept_change& c, std::ostream* out) {
  *out << static_cast<int>(c.what) << ' ' << c.key.substr(0, 20) << '=' << c.value.substr(0, 20);
}

/// A committed batch; notes and seals are not kept.
struct batch {
  std::uint64_t sequence = 0;
  std::vector<kept_change> changes;
  friend bool operator==(const batch&, const batch&) = default;
};

inline void PrintTo(const batch& b, std::ostream* out) {
  *out << "batch " << b.sequence << " of " << b.changes.size();
}

inline change as_change(const kept_change& c) {
  return {
      .what = c.what, .flags = 0, .table = 1, .key = as_bytes(c.key), .value = as_bytes(c.value)};
}

/// Takes what a replay hands out.
class collector final : public visitor {
 public:
  result<> visit(const change& c, std::uint64_t sequence) override {
    if (c.what == op::note || c.what == op::seal) return {};
    if (!open_) batches.push_back({.sequence = sequence, .changes = {}});
    open_ = true;
    const auto text = [](bytes b) {
      return std::string(reinterpret_cast<const char*>(b.data()), b.size());
    };
    batches.back().changes.push_back({c.what, text(c.key), text(c.value)});
    return {};
  }
  result<> committed(std::uint64_t) override {
    open_ = false;
    return {};
  }
  std::vector<batch> batches;

 private:
  bool open_ = false;
};

inline file::location place(simulation::simulated_disk& disk, const std::string& path = name) {
  auto found = file::location::find(disk, path, std::nullopt);
  EXPECT_TRUE(found.has_value()) << found.error();
  return std::move(*found);
}

/// Opens a journal as a table does that has nothing against what the file holds.
inline result<std::unique_ptr<journal_file>> open_recovered(const file::location& where,
                                                            journal_file::settings s = {}) {
  auto opened = journal_file::open(where, s);
  if (!opened) return opened;
  if (auto recovered = (*opened)->recover(); !recovered) {
    return std::unexpected(recovered.error());
  }
  return opened;
}

/// What opening a file gave: its batches, or why not.
struct reading {
  std::vector<batch> batches;
  recovery found;
  std::optional<shelf::error> refused;
};

inline void PrintTo(const reading& r, std::ostream* out) {
  if (r.refused) {
    *out << *r.refused;
  } else {
    *out << r.batches.size() << " batches, end " << r.found.found.end << ", torn "
         << r.found.found.torn_bytes;
  }
}

/// Opens to write (so recovers), replays, lets go without closing.
inline reading recover_and_read(simulation::simulated_disk& disk, const std::string& path = name) {
  reading got;
  const auto where = place(disk, path);
  auto opened = open_recovered(where, {});
  if (!opened) {
    got.refused = opened.error();
    return got;
  }
  got.found = (*opened)->recovered();
  collector all;
  if (auto read = (*opened)->replay(frames_start, (*opened)->end(), all); !read) {
    got.refused = read.error();
  }
  got.batches = std::move(all.batches);
  return got;
}

/// Looks without a lock and without changing anything.
inline reading look(simulation::simulated_disk& disk, const std::string& path = name) {
  reading got;
  const auto where = place(disk, path);
  auto view = journal_view::open(where);
  if (!view) {
    got.refused = view.error();
    return got;
  }
  got.found.found = (*view)->found();
  collector all;
  if (auto read = (*view)->replay(all); !read) got.refused = read.error();
  got.batches = std::move(all.batches);
  return got;
}

/// A journal with its location, and the batches it was given.
class small_journal {
 public:
  explicit small_journal(simulation::simulated_disk& disk, journal_file::settings settings = {})
      : disk_(&disk), where_(std::make_unique<file::location>(place(disk))), settings_(settings) {}

  /// A new file with a catalogue of one record.
  small_journal& create() {
    auto made = journal_file::create(*where_, any_store, settings_);
    EXPECT_TRUE(made.has_value()) << made.error();
    file_ = std::move(*made);
    append({{op::table_created, "main", "as it is"}});
    const auto published = file_->publish(false);
    EXPECT_TRUE(published.has_value()) << published.error();
    return *this;
  }
  small_journal& open() {
    auto opened = open_recovered(*where_, settings_);
    EXPECT_TRUE(opened.has_value()) << opened.error();
    file_ = std::move(*opened);
    return *this;
  }
  /// The journal's own answer; the batch counts as given if it is ok.
  result<> try_append(std::vector<kept_change> changes) {
    const auto sequence = file_->last_sequence() + 1;
    file_->begin(sequence);
    result<> done;
    for (const auto& c : changes) {
      if (done) done = file_->add(as_change(c));
    }
    if (done) done = file_->commit();
    if (!done) return std::unexpected(file_->roll_back(done.error()));
    given.push_back({sequence, std::move(changes)});
    ends.push_back(file_->end());
    return {};
  }
  small_journal& append(std::vector<kept_change> changes) {
    const auto done = try_append(std::move(changes));
    EXPECT_TRUE(done.has_value()) << done.error();
    return *this;
  }
  small_journal& put(const std::string& key, std::size_t size, char fill = 'v') {
    return append({{op::put, key, std::string(size, fill)}});
  }
  small_journal& sync() {
    const auto synced = file_->sync();
    EXPECT_TRUE(synced.has_value()) << synced.error();
    return *this;
  }
  small_journal& note() {
    file_->note_durable();
    return *this;
  }
  small_journal& seal() {
    const auto sealed = file_->seal();
    EXPECT_TRUE(sealed.has_value()) << sealed.error();
    return *this;
  }
  /// As a killed process leaves it.
  small_journal& leave() {
    file_.reset();
    return *this;
  }
  /// All batches in one, in a new file under the same name.
  small_journal& compact() {
    auto made = journal_file::create(*where_, any_store, settings_);
    EXPECT_TRUE(made.has_value()) << made.error();
    batch whole{file_->last_sequence(), {}};
    for (const auto& b : given) {
      whole.changes.insert(whole.changes.end(), b.changes.begin(), b.changes.end());
    }
    (*made)->begin(whole.sequence);
    for (const auto& c : whole.changes) EXPECT_TRUE((*made)->add(as_change(c)).has_value());
    EXPECT_TRUE((*made)->commit().has_value());
    EXPECT_TRUE((*made)->sync_unpublished().has_value());
    const auto published = (*made)->publish(true);
    EXPECT_TRUE(published.has_value()) << published.error();
    file_ = std::move(*made);
    given = {std::move(whole)};
    ends = {file_->end()};
    return *this;
  }

  [[nodiscard]] journal_file& file() { return *file_; }
  [[nodiscard]] bool has_file() const { return file_ != nullptr; }
  [[nodiscard]] const file::location& where() const { return *where_; }
  [[nodiscard]] simulation::simulated_disk& disk() { return *disk_; }

  std::vector<batch> given;         ///< committed, in order
  std::vector<std::uint64_t> ends;  ///< where each of them ends

 private:
  simulation::simulated_disk* disk_;
  std::unique_ptr<file::location> where_;
  journal_file::settings settings_;
  std::unique_ptr<journal_file> file_;
};

/// The file as it is now.
inline std::vector<std::byte> image_of(const simulation::simulated_disk& disk) {
  auto content = disk.read_all(name);
  EXPECT_TRUE(content.has_value());
  return content.value_or(std::vector<std::byte>{});
}

/// A disk with this file and nothing else.
inline std::unique_ptr<simulation::simulated_disk> disk_with(bytes content) {
  auto disk = std::make_unique<simulation::simulated_disk>();
  disk->put(name, content);
  return disk;
}

}  // namespace shelf::journal::test
