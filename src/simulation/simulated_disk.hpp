// SIMULATION  [simulation] -> file
// The system in memory: every call recorded, any call made to fail, and a disk that remembers what
// a crash may take.
#pragma once

#include "file/system.hpp"
#include "simulation/disk_image.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shelf::simulation {

/// The calls of `system`, for counting and for faults. The first three stand for several.
enum class call : std::uint8_t {
  any,       ///< every call below
  changing,  ///< create, write, truncate, set_mode, set_owner, rename, unlink and both syncs
  any_sync,  ///< sync and sync_data
  open_directory,
  open_file,  ///< creating ones as well
  create,     ///< open_file with create_new
  read_link,
  close,
  read,
  write,
  truncate,
  sync_data,
  sync,
  drop_cache,
  status,
  status_at,
  set_mode,
  set_owner,
  rename,
  unlink,
  list,
  lock,
  count_  ///< how many there are
};

/// A call that is to go wrong: the nth of its kind from the moment the fault is injected (1 is the
/// next one).
struct fault {
  call kind = call::any;
  std::uint64_t nth = 1;
  int error =
      5;  ///< the errno the call returns without doing anything (EIO). 0: only `at_most` applies
  bool sticky = false;  ///< all later calls of the kind fail too
  /// Reads and writes: the call succeeds, but moves at most this many bytes (0: returns 0).
  std::optional<std::size_t> at_most = {};
  /// Syncs: which pieces of the dropped writes reached the platter all the same. It shows once the
  /// cache is dropped; crash states cover every choice.
  enum class reach : std::uint8_t { none, some, all } reached = reach::some;
};

/// What a simulated machine is like.
struct disk_options {
  std::uint64_t capacity =
      std::numeric_limits<std::uint64_t>::max();           ///< bytes in files; beyond: ENOSPC
  std::uint64_t file_size_limit = std::uint64_t{1} << 30;  ///< beyond: EFBIG
  std::size_t descriptor_limit = 1000;                     ///< beyond: EMFILE
  std::uint64_t seed = 1;                                  ///< of random() and of chance
  std::chrono::nanoseconds sync_time{};                    ///< a sync moves the clock by this much
  std::uint64_t file_system_type = 0xef53;
};

/// A machine with one disk. Working directory and root are the same directory "/", in which tests
/// make what they need.
///
/// Recording: every call that changed something gets a number, from 1; operations() is the last
/// one. `recorded()` is all of them, from which crash_states.hpp makes the states a crash at any
/// number may leave. Syncs that failed are recorded too (they change what later syncs do); other
/// failed calls changed nothing and are not.
///
/// Going off: after crash_at(n) the machine dies when operation n is done: every later call returns
/// EIO, except close(), which frees its descriptor. The workload runs to its end and finds out.
///
/// Thread safety: all calls from any thread, the test's ones too. The recorded order is the order
/// of the calls.
class simulated_disk : public system {
 public:
  static constexpr std::uint32_t user = 1000;  ///< whom new files belong to

  explicit simulated_disk(disk_options options = {});
  /// A machine that starts with this disk: nothing open, nothing locked, a new recording.
  explicit simulated_disk(disk_image image, disk_options options = {});

  // --- recording ---
  [[nodiscard]] std::uint64_t operations() const;
  [[nodiscard]] history recorded() const;
  /// How many calls of this kind were made so far, failed ones as well.
  [[nodiscard]] std::uint64_t calls(call kind = call::any) const;

  // --- faults ---
  /// Several may wait at once; the first injected that fits decides.
  void inject(const fault& what);
  void clear_faults();
  /// How many calls went wrong by injection.
  [[nodiscard]] std::uint64_t faults_met() const;
  /// Turns the machine off once operations() reaches n (0: now).
  void crash_at(std::uint64_t n);
  [[nodiscard]] bool is_off() const;

  // --- resources ---
  void set_options(const disk_options& options);  ///< from now on; the seed is not used again
  [[nodiscard]] disk_options options() const;
  [[nodiscard]] std::size_t open_descriptors() const;
  [[nodiscard]] std::size_t locks_held() const;
  /// Another process locks the file, or lets go.
  void lock_elsewhere(std::string_view path, std::int64_t process);
  void unlock_elsewhere(std::string_view path);
  /// Moves both clocks on.
  void advance(std::chrono::nanoseconds by);

  // --- files, behind the back of whoever uses the system: durable at once, recorded as plant and
  // uproot ---
  /// Paths of all regular files, sorted, without leading slash, such as "ages.shelf" or
  /// "directory/ages.shelf".
  [[nodiscard]] std::vector<std::string> files() const;
  /// What reads return; nothing if there is no such file.
  [[nodiscard]] std::optional<std::vector<std::byte>> read_all(std::string_view path) const;
  /// What the platter surely has.
  [[nodiscard]] std::optional<std::vector<std::byte>> read_durable(std::string_view path) const;
  /// Replaces the content, in the same inode if there is a file; makes it (mode 0600) if not. The
  /// directory must exist.
  void put(std::string_view path, bytes content);
  /// The next four need the file to exist.
  void overwrite(std::string_view path, std::uint64_t offset, bytes with);
  void resize(std::string_view path, std::uint64_t size);
  void flip_bit(std::string_view path, std::uint64_t bit);  ///< bit 0 is the lowest of byte 0
  void remove(std::string_view path);
  void make_directory(std::string_view path, std::uint32_t mode = 0755);
  void make_symlink(std::string_view path, std::string_view target, std::uint32_t owner = user);
  void make_fifo(std::string_view path);

  // --- system ---
  os_result<descriptor> open_directory(descriptor at, std::string_view path, bool beneath) override;
  os_result<descriptor> open_file(descriptor directory, std::string_view name,
                                  open_flags flags) override;
  os_result<std::string> read_link(descriptor directory, std::string_view name) override;
  os_result<> close(descriptor file) override;
  os_result<std::size_t> read(descriptor file, std::uint64_t offset,
                              std::span<std::byte> into) override;
  os_result<std::size_t> write(descriptor file, std::uint64_t offset,
                               std::span<const std::byte> from) override;
  os_result<> truncate(descriptor file, std::uint64_t size) override;
  os_result<> sync_data(descriptor file) override;
  os_result<> sync(descriptor file) override;
  os_result<> drop_cache(descriptor file) override;
  os_result<file_status> status(descriptor file) override;
  os_result<file_status> status_at(descriptor directory, std::string_view name) override;
  os_result<> set_mode(descriptor file, std::uint32_t mode) override;
  os_result<> set_owner(descriptor file, std::uint32_t owner, std::uint32_t group) override;
  os_result<> rename(descriptor directory, std::string_view from, std::string_view to,
                     bool no_replace) override;
  os_result<> unlink(descriptor directory, std::string_view name) override;
  os_result<std::vector<std::string>> list(descriptor directory) override;
  os_result<> lock(descriptor file) override;
  std::int64_t lock_holder(descriptor file) override;
  os_result<std::uint64_t> file_system_type(descriptor file) override;
  std::chrono::nanoseconds now() override;
  std::chrono::nanoseconds wall_clock() override;
  std::uint64_t random() override;
  std::uint32_t user_id() override { return user; }
  std::int64_t process_id() override { return 4711; }
  bool has_background_threads() const override { return false; }

 private:
  /// An open file description: what flock belongs to.
  struct description {
    std::uint64_t inode = 0;
    bool writable = false;
  };
  struct waiting_fault {
    fault what;
    std::uint64_t left = 0;  // calls of its kind until it strikes
  };
  struct verdict {
    int error = 0;
    std::optional<std::size_t> at_most = {};
    fault::reach reached = fault::reach::some;
  };

  // All of these expect mutex_ to be held.
  [[nodiscard]] verdict count(call kind);
  void record(disk_operation done);
  [[nodiscard]] os_result<description> described(descriptor file) const;
  [[nodiscard]] os_result<std::uint64_t> directory_of(descriptor file) const;
  [[nodiscard]] os_result<descriptor> give(description opened);
  [[nodiscard]] os_result<> synced(call kind, disk_operation::type what, descriptor file);
  [[nodiscard]] std::set<std::uint64_t> open_inodes() const;
  [[nodiscard]] file_status status_of(std::uint64_t inode) const;
  [[nodiscard]] std::uint64_t chance();
  [[nodiscard]] std::pair<std::uint64_t, std::string> place_of(std::string_view path) const;
  [[nodiscard]] const disk_node* regular_at(std::string_view path) const;
  void plant(std::string_view path, file_status::type what, bytes content,
             std::uint32_t mode = 0600, std::uint32_t owner = user);

  mutable std::mutex mutex_;
  disk_options options_;
  disk_image image_;
  history recorded_;
  std::map<int, description> open_;
  std::map<std::uint64_t, int> locks_;                   // inode -> descriptor that holds it
  std::map<std::uint64_t, std::int64_t> foreign_locks_;  // inode -> process
  std::vector<waiting_fault> faults_;
  std::array<std::uint64_t, static_cast<std::size_t>(call::count_)> calls_{};
  std::uint64_t faults_met_ = 0;
  std::optional<std::uint64_t> crash_at_;
  bool off_ = false;
  std::uint64_t random_state_;
  std::chrono::nanoseconds clock_{std::chrono::seconds(1)};
};

}  // namespace shelf::simulation
