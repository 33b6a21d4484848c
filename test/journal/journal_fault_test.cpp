// JOURNAL  api -> table -> [journal] -> file
// The n-th system call fails, once or for good, wherever it stands: nothing leaks, nothing false is
// said.
#include "small_journal.hpp"

#include <algorithm>
#include <cerrno>
#include <iostream>

namespace shelf::journal {
namespace {

using simulation::call;
using simulation::simulated_disk;
using test::kept_change;

/// What the workload was told, and what follows from it.
struct told {
  std::vector<std::vector<kept_change>> acknowledged;  ///< synced batches, in order
  std::vector<std::vector<kept_change>> written;       ///< all that may be there, in order
  bool published = false;
  bool maybe_published = false;
};

std::vector<kept_change> content_of(int i) {
  return {{op::put, std::to_string(i), std::string(static_cast<std::size_t>(i) * 40, 'v')}};
}

/// Appends batch i; true if the journal goes on.
bool append(journal_file& j, int i, told& t) {
  const auto before = j.end();
  j.begin(j.last_sequence() + 1);
  auto done = j.add(as_change(content_of(i).front()));
  if (done) done = j.commit();
  if (done) {
    t.written.push_back(content_of(i));
    return true;
  }
  const auto told = j.roll_back(done.error());
  EXPECT_EQ(told == errc::indeterminate, j.is_fenced()) << told;
  EXPECT_EQ(j.end(), before);
  if (j.is_fenced()) t.written.push_back(content_of(i));
  return !j.is_fenced();
}

bool sync(journal_file& j, told& t) {
  const auto synced = j.sync();
  if (synced) {
    t.acknowledged = t.written;
    return true;
  }
  EXPECT_TRUE(j.is_fenced());
  EXPECT_EQ(j.sync().error(), errc::fenced);
  return false;
}

/// Publishes; true if the journal goes on.
bool publish(journal_file& j, bool replace, told& t) {
  const auto named = j.publish(replace);
  EXPECT_TRUE(named || j.is_fenced() == (named.error() == errc::indeterminate));
  if (named) t.published = true;
  t.maybe_published = t.maybe_published || j.is_fenced();
  return named.has_value();
}

bool write_first(const file::location& where, journal_file::settings s, told& t) {
  auto made = journal_file::create(where, test::any_store, s);
  if (!made) return false;
  auto& j = **made;
  t.maybe_published = false;
  if (!append(j, 1, t)) return false;
  if (!publish(j, false, t)) return false;
  t.acknowledged = t.written;
  if (append(j, 2, t)) (void)sync(j, t);
  if (!j.is_fenced()) j.note_durable();
  if (!j.is_fenced() && append(j, 3, t) && append(j, 4, t)) (void)sync(j, t);
  if (!j.is_fenced() && j.seal()) t.acknowledged = t.written;
  return true;
}

void compact(const file::location& where, journal_file& old, journal_file::settings s, told& t) {
  auto made = journal_file::create(where, test::any_store, s);
  if (!made) return;
  auto& j = **made;
  if (!j.copy_mode_of(old)) return;
  told inside;
  for (int i = 1; i <= 5; ++i) {
    if (!append(j, i, inside)) return;
  }
  if (inside.written.size() != t.written.size()) return;
  if (!j.sync_unpublished()) return;
  if (publish(j, true, t)) {
    t.acknowledged = t.written;
    if (j.seal()) t.acknowledged = t.written;
  }
}

void write_second(const file::location& where, journal_file::settings s, told& t) {
  where.sweep_temporaries();
  auto opened = test::open_recovered(where, s);
  if (!opened) return;
  auto& j = **opened;
  test::collector all;
  if (!j.replay(frames_start, j.end(), all)) return;
  // What was served is durable from here on.
  EXPECT_GE(all.batches.size(), t.acknowledged.size());
  EXPECT_LE(all.batches.size(), t.written.size());
  t.written.resize(std::min(t.written.size(), all.batches.size()));
  t.acknowledged = t.written;
  if (t.written.size() != 4) return;  // the first part failed: no more to learn
  if (append(j, 5, t)) (void)sync(j, t);
  if (!j.is_fenced() && t.written.size() == 5) compact(where, j, s, t);
}

/// Runs all with this fault and looks at what is left. False if the fault was never met.
bool run_with(const simulation::fault& fault, bool write_ahead) {
  simulated_disk disk;
  const auto where = test::place(disk);
  const auto descriptors = disk.open_descriptors();
  told t;
  disk.inject(fault);
  const journal_file::settings s{.write_ahead = write_ahead};
  (void)write_first(where, s, t);
  EXPECT_EQ(disk.open_descriptors(), descriptors);
  EXPECT_EQ(disk.locks_held(), 0u);
  if (t.published) write_second(where, s, t);
  EXPECT_EQ(disk.open_descriptors(), descriptors);
  EXPECT_EQ(disk.locks_held(), 0u);
  const bool met = disk.faults_met() > 0;
  disk.clear_faults();
  if (!fault.sticky && fault.kind != call::unlink && fault.kind != call::any) {
    EXPECT_LE(disk.files().size(), 1u) << "a temporary file is left";
  }
  where.sweep_temporaries();
  EXPECT_LE(disk.files().size(), 1u);
  const auto back = test::recover_and_read(disk);
  if (!t.published) {
    EXPECT_TRUE(t.maybe_published || back.refused == errc::not_found);
    return met;
  }
  EXPECT_FALSE(back.refused.has_value()) << *back.refused;
  EXPECT_GE(back.batches.size(), t.acknowledged.size());
  EXPECT_LE(back.batches.size(), t.written.size());
  for (std::size_t i = 0; i < std::min(back.batches.size(), t.written.size()); ++i) {
    EXPECT_EQ(back.batches[i].changes, t.written[i]);
  }
  return met;
}

constexpr call kinds[] = {call::any,       call::write,    call::truncate, call::any_sync,
                          call::rename,    call::create,   call::read,     call::status,
                          call::status_at, call::set_mode, call::lock,     call::unlink};
constexpr int causes[] = {EIO,    ENOSPC, EDQUOT, EMFILE, ENFILE, ENOMEM, EINTR,
                          EAGAIN, EACCES, EROFS,  EFBIG,  ESTALE, ENOSYS};

TEST(JournalFaults, AnyCallMayFailOnceOrForGoodAndNothingAcknowledgedIsLost) {
  std::uint64_t runs = 0;
  for (const bool write_ahead : {false, true}) {
    for (const auto kind : kinds) {
      for (const int cause : causes) {
        for (const bool sticky : {false, true}) {
          // Ten thousand interruptions in a row, at each call: once is enough.
          if (sticky && (cause == EINTR || cause == EAGAIN) && kind != call::any_sync) continue;
          if (write_ahead && cause != EIO && cause != ENOSPC) continue;
          for (std::uint64_t nth = 1;; ++nth) {
            const simulation::fault fault{
                .kind = kind, .nth = nth, .error = cause, .sticky = sticky};
            SCOPED_TRACE("kind " + std::to_string(static_cast<int>(kind)) + ", call " +
                         std::to_string(nth) + ", errno " + std::to_string(cause) +
                         (sticky ? ", sticky" : ", once"));
            ++runs;
            if (!run_with(fault, write_ahead) || testing::Test::HasFailure()) break;
          }
        }
      }
    }
  }
  std::cout << runs << " runs with a fault\n";
}

TEST(JournalFaults, ShortReadsAndWritesOfAnyLengthChangeNothing) {
  for (const auto kind : {call::read, call::write}) {
    for (const std::size_t most : {1u, 2u, 13u, 511u}) {
      for (const bool sticky : {false, true}) {
        for (std::uint64_t nth = 1; nth <= 20; ++nth) {
          (void)run_with({.kind = kind, .nth = nth, .error = 0, .sticky = sticky, .at_most = most},
                         false);
        }
      }
    }
  }
}

TEST(JournalFaults, ANumberedFaultNeverChangesARefusedFile) {
  simulated_disk disk;
  test::small_journal j(disk);
  j.create().put("a", 100).seal().leave();
  disk.flip_bit(test::name, (frames_start + 50) * 8);
  const auto damaged = test::image_of(disk);
  for (std::uint64_t nth = 1; nth < 30; ++nth) {
    disk.inject({.kind = call::any, .nth = nth});
    EXPECT_FALSE(test::open_recovered(j.where(), {}).has_value());
    disk.clear_faults();
    EXPECT_EQ(test::image_of(disk), damaged);
    EXPECT_EQ(disk.locks_held(), 0u);
  }
}

/// A batch of 40 MiB, which is synced on the way once.
result<> append_long_batch(journal_file& j) {
  const std::string long_value(std::size_t{1} << 20, 'v');
  j.begin(j.last_sequence() + 1);
  for (int i = 0; i < 40; ++i) {
    const auto key = std::to_string(i);
    if (auto added = j.add({op::put, 0, 1, as_bytes(key), as_bytes(long_value)}); !added) {
      return added;
    }
  }
  return j.commit();
}

TEST(JournalFaults, ANewFileWhoseSyncOnTheWayFailedNeverGetsItsName) {
  simulated_disk disk;
  const auto where = test::place(disk);
  const auto made = journal_file::create(where, test::any_store, {.sync_on_the_way = true});
  ASSERT_TRUE(made.has_value());
  disk.inject({.kind = call::any_sync, .error = EIO});
  const auto done = append_long_batch(**made);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().os_error(), EIO);
  // The disk is well again, and what it kept of that batch is in doubt all the same.
  EXPECT_FALSE((*made)->sync_unpublished().has_value());
  EXPECT_FALSE((*made)->publish(false).has_value());
}

TEST(JournalFaults, AFailedSyncOnTheWayFencesATableThatIsThere) {
  simulated_disk disk;
  test::small_journal j(disk);
  j.create().put("a", 100).seal().leave();
  const auto opened = test::open_recovered(j.where(), {.sync_on_the_way = true});
  ASSERT_TRUE(opened.has_value());
  disk.inject({.kind = call::any_sync, .nth = 2, .error = EIO});  // the first begins the session
  const auto done = append_long_batch(**opened);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ((*opened)->roll_back(done.error()), errc::indeterminate);
  EXPECT_TRUE((*opened)->is_fenced());
  (*opened)->abandon();
  EXPECT_EQ(test::recover_and_read(disk).batches.size(), 2u);  // the catalogue and "a"
}

}  // namespace
}  // namespace shelf::journal
