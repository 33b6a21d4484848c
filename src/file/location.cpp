// FILE  api -> engine -> stores -> journal -> [file]
// What may be done with a name in a directory: open, lock, replace, remove, sweep.
#include "file/location.hpp"

#include "file/file_systems.hpp"
#include "file/temporary_name.hpp"

#include <cassert>
#include <cerrno>
#include <utility>

namespace shelf::file {
namespace {

/// How often a name may move to another inode, or a random name be taken, before we give up.
constexpr int most_tries = 100;
/// How often we look for who holds a lock. That nobody does means mostly that it has just been let
/// go of, or that the list of locks changed while it was read; but some holders are never shown.
constexpr int looks_for_holder = 50;

constexpr std::uint32_t owner_only = 0600;
constexpr std::uint32_t bits_of_owner = 0700;

std::string_view name_of(file_status::type what) noexcept {
  switch (what) {
    case file_status::type::directory: return "is a directory";
    case file_status::type::symlink: return "is a symlink";
    case file_status::type::fifo: return "is a FIFO";
    case file_status::type::socket: return "is a socket";
    case file_status::type::device: return "is a device";
    default: return "is not a regular file";
  }
}

/// Opens again when a signal came in between.
os_result<descriptor> opened(system& system, descriptor directory, std::string_view name,
                             open_flags flags) {
  auto file = system.open_file(directory, name, flags);
  for (int i = 0; i < most_tries && !file && file.error() == EINTR; ++i) {
    file = system.open_file(directory, name, flags);
  }
  return file;
}

}  // namespace

location::location(class system& system, descriptor directory, std::string name, std::string shown,
                   bool beneath)
    : system_(&system),
      directory_(directory),
      name_(std::move(name)),
      shown_(std::move(shown)),
      beneath_(beneath) {
  assert(directory_ != descriptor::none && !name_.empty());
}

location::location(location&& other) noexcept
    : system_(other.system_),
      directory_(std::exchange(other.directory_, descriptor::none)),
      name_(std::move(other.name_)),
      shown_(std::move(other.shown_)),
      beneath_(other.beneath_) {}

location& location::operator=(location&& other) noexcept {
  std::swap(system_, other.system_);
  std::swap(directory_, other.directory_);
  std::swap(name_, other.name_);
  std::swap(shown_, other.shown_);
  std::swap(beneath_, other.beneath_);
  return *this;
}

location::~location() { close(); }

void location::close() noexcept {
  if (directory_ == descriptor::none) return;
  static_cast<void>(system_->close(std::exchange(directory_, descriptor::none)));
}

result<> location::check_regular(const file_status& status) const {
  if (status.what != file_status::type::regular) {
    const bool is_directory = status.what == file_status::type::directory;
    return std::unexpected(error(is_directory ? errc::invalid_path : errc::not_a_table,
                                 shown_ + ": " + std::string(name_of(status.what))));
  }
  if (beneath_ && status.links > 1) {
    return std::unexpected(error(
        errc::invalid_path,
        shown_ + ": has a second name (a hard link) that may lie outside the base directory"));
  }
  return {};
}

/// Looks before it opens: opening alone can wake the writer of a FIFO or rewind a tape.
result<open_file> location::open(open_flags flags) const {
  const auto there = system_->status_at(directory_, name_);
  if (!there) return std::unexpected(os_failure(shown_, "cannot open", there.error()));
  if (there->what != file_status::type::regular) {
    return std::unexpected(check_regular(*there).error());
  }
  std::string shown = shown_;  // while there is no descriptor to lose
  const auto fd = opened(*system_, directory_, name_, flags);
  if (!fd) return std::unexpected(os_failure(shown_, "cannot open", fd.error()));
  open_file file(*system_, *fd, std::move(shown));
  const auto status = file.status();
  if (!status) return std::unexpected(status.error());
  // Again, because another file may have taken the name between the look and the open.
  if (status->what != file_status::type::regular) {
    return std::unexpected(check_regular(*status).error());
  }
  return file;
}

result<open_file> location::open_to_read() const {
  auto file = open({});
  if (!file) return file;
  const auto status = file->status();
  if (!status) return std::unexpected(status.error());
  if (auto fit = check_regular(*status); !fit) return std::unexpected(std::move(fit).error());
  return file;
}

/// The lock is on the inode, the promise is about the name: only when both are the same is the file
/// ours.
result<open_file> location::open_to_write() const {
  int looks = 0;
  for (int i = 0; i < most_tries; ++i) {
    auto file = open({.write = true});
    if (!file) return file;
    const auto locked = system_->lock(file->raw());
    if (!locked) {
      if (locked.error() == EINTR) continue;
      if (locked.error() == EWOULDBLOCK) {
        const auto holder = system_->lock_holder(file->raw());
        if (holder <= 0 && ++looks < looks_for_holder) continue;
        return std::unexpected(already_open(holder));
      }
      return std::unexpected(os_failure(shown_, "cannot lock", locked.error()));
    }
    if (auto ours = still_names(*file); !ours) {
      if (ours.error() == errc::replaced) continue;
      return std::unexpected(std::move(ours).error());
    }
    const auto status = file->status();
    if (!status) return std::unexpected(status.error());
    if (auto fit = check_regular(*status); !fit) return std::unexpected(std::move(fit).error());
    return file;
  }
  return std::unexpected(
      os_failure(shown_, "cannot lock the file, because it keeps being renamed", EAGAIN));
}

error location::already_open(std::int64_t holder) const {
  std::string sentence = shown_ + ": already open for writing";
  if (holder == system_->process_id()) {
    sentence += " by this process";
  } else if (holder > 0) {
    sentence += " by process " + std::to_string(holder);
  }
  return error(errc::already_open, std::move(sentence), {}, EWOULDBLOCK);
}

/// Removes a temporary file again unless told to leave it.
class location::discarding {
 public:
  discarding(const location& where, const temporary& file) : where_(where), file_(file) {}
  discarding(const discarding&) = delete;
  discarding& operator=(const discarding&) = delete;
  ~discarding() {
    if (!leave_) where_.discard(file_);
  }
  /// It goes to the caller, or another file has taken its name.
  void leave() noexcept { leave_ = true; }

 private:
  const location& where_;
  const temporary& file_;
  bool leave_ = false;
};

result<location::temporary> location::create_temporary() const {
  for (int i = 0; i < most_tries; ++i) {
    std::string name = temporary_name(name_, system_->random());
    std::string shown = shown_;  // while there is no file to lose
    const open_flags flags{.write = true, .create_new = true, .mode = owner_only};
    const auto fd = opened(*system_, directory_, name, flags);
    if (!fd && fd.error() == EEXIST) continue;
    if (!fd) {
      const error told = os_failure(shown_, "cannot create a temporary file", fd.error());
      if (told.code() != errc::not_found) return std::unexpected(told);
      // The directory itself is gone: that is not an answer about the table's file.
      return std::unexpected(error(errc::file_error, told.message(), {}, fd.error()));
    }
    temporary made{open_file(*system_, *fd, std::move(shown)), std::move(name)};
    discarding unless_returned(*this, made);
    const auto locked = system_->lock(made.file.raw());
    if (!locked && locked.error() != EWOULDBLOCK && locked.error() != EINTR) {
      return std::unexpected(os_failure(shown_, "cannot lock a temporary file", locked.error()));
    }
    // Between creation and lock a sweeper of another process may have taken it for a leftover.
    const auto mine = system_->status(made.file.raw());
    const auto named = system_->status_at(directory_, made.name);
    if (mine && named) {
      const bool ours = mine->same_file(*named);
      if (locked || !ours) unless_returned.leave();
      if (locked && ours) return made;
    } else if (!mine || named.error() != ENOENT) {
      // Whose it is cannot be told any more, but nobody else draws this name.
      return std::unexpected(os_failure(shown_, "cannot read the status of a temporary file",
                                        mine ? named.error() : mine.error()));
    }
  }
  return std::unexpected(os_failure(shown_, "cannot create a temporary file", EEXIST));
}

result<> location::publish(const temporary& file, bool replace) const {
  const auto named = system_->status_at(directory_, file.name);
  const auto ours = file.file.status();
  if (!ours) return std::unexpected(ours.error());
  if (!named || !named->same_file(*ours)) {
    return std::unexpected(error(errc::replaced,
                                 shown_ + ": its temporary file was replaced by another", {},
                                 named ? 0 : named.error()));
  }
  const auto renamed = system_->rename(directory_, file.name, name_, !replace);
  if (renamed) return {};
  if (renamed.error() == EEXIST && !replace) {
    return std::unexpected(error(errc::already_open,
                                 shown_ + ": another process created this file in the meantime", {},
                                 EEXIST));
  }
  const error told = os_failure(shown_, "cannot rename a temporary file to it", renamed.error());
  if (told.code() != errc::not_found) return std::unexpected(told);
  return std::unexpected(error(errc::file_error, told.message(), {}, renamed.error()));
}

void location::discard(const temporary& file) const noexcept {
  static_cast<void>(system_->unlink(directory_, file.name));
}

result<> location::sync_directory() const {
  const auto synced = system_->sync(directory_);
  if (!synced)
    return std::unexpected(os_failure(shown_, "cannot sync its directory", synced.error()));
  return {};
}

void location::sweep_temporaries() const noexcept try {
  const auto names = system_->list(directory_);
  if (!names) return;
  for (const std::string& name : *names) {
    if (!is_temporary_of(name, name_)) continue;
    const auto before = system_->status_at(directory_, name);
    if (!before || before->what != file_status::type::regular) continue;
    const auto fd = system_->open_file(directory_, name, {.write = true});
    if (!fd) continue;
    const open_file leftover(*system_, *fd, shown_);
    const auto status = system_->status(*fd);
    const bool ours = status && status->what == file_status::type::regular && status->links == 1 &&
                      status->owner == system_->user_id();
    if (!ours || !system_->lock(*fd)) continue;
    const auto named = system_->status_at(directory_, name);
    if (named && named->same_file(*status)) static_cast<void>(system_->unlink(directory_, name));
  }
} catch (...) {  // out of memory: the next open sweeps
}

result<> location::still_names(const open_file& file) const {
  const auto ours = file.status();
  if (!ours) return std::unexpected(ours.error());
  return names(*ours);
}

result<> location::still_holds(const file_status& ours, std::uint64_t least) const {
  if (ours.size < least) return std::unexpected(cut_short(shown_, ours.size, least));
  auto named = names(ours);
  if (named || named.error() == errc::replaced) return named;
  if (ours.links != 0) return {};
  return std::unexpected(error(errc::replaced, shown_ + ": the file was removed"));
}

result<> location::names(const file_status& ours) const {
  const auto named = system_->status_at(directory_, name_);
  if (named && named->same_file(ours)) return {};
  if (named) {
    return std::unexpected(error(errc::replaced, shown_ + ": another file has taken this name"));
  }
  if (named.error() == ENOENT) {
    return std::unexpected(
        error(errc::replaced, shown_ + ": the file was removed or renamed", {}, ENOENT));
  }
  return std::unexpected(os_failure(shown_, "cannot check its name", named.error()));
}

result<> location::unlink() const {
  const auto gone = system_->unlink(directory_, name_);
  if (!gone) return std::unexpected(os_failure(shown_, "cannot remove", gone.error()));
  return {};
}

result<> location::remove(const open_file& locked) const {
  if (auto ours = still_names(locked); !ours) return ours;
  if (auto gone = unlink(); !gone) return gone;
  sweep_temporaries();
  return sync_directory();
}

result<> location::keep_mode_and_owner(const open_file& from, const temporary& file) const {
  const auto old = from.status();
  if (!old) return std::unexpected(old.error());
  const auto made = file.file.status();
  if (!made) return std::unexpected(made.error());
  std::uint32_t mode = old->mode;
  if (made->owner != old->owner || made->group != old->group) {
    // Bits for a group or for others would now mean other people than before.
    if (!system_->set_owner(file.file.raw(), old->owner, old->group)) mode &= bits_of_owner;
  }
  const auto kept = system_->set_mode(file.file.raw(), mode);
  if (!kept) return std::unexpected(os_failure(shown_, "cannot preserve its mode", kept.error()));
  return {};
}

result<> location::refuse_network_file_system() const {
  const auto magic = system_->file_system_type(directory_);
  if (!magic) {
    return std::unexpected(os_failure(shown_, "cannot determine its file system", magic.error()));
  }
  const std::string_view network = network_file_system(*magic);
  if (network.empty()) return {};
  return std::unexpected(error(
      errc::file_error,
      shown_ + ": is on " + std::string(network) +
          ", whose locks and syncs cannot be trusted; .file_system = file_system::any allows it",
      {}, EOPNOTSUPP));
}

}  // namespace shelf::file
