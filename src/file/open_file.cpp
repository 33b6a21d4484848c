// FILE  api -> engine -> stores -> journal -> [file]
// Whole reads and writes over a system that may do half of each, and the sentences for what goes
// wrong.
#include "file/open_file.hpp"

#include "error/sentence.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

namespace shelf::file {
namespace {

/// How often in a row a call may say "interrupted" before that is an error: no signal storm lasts
/// this long.
constexpr int most_interruptions = 10'000;

/// A write of this many bytes is one of many that a sync will wait for: the disk begins at once.
constexpr std::size_t large_write = std::size_t{1} << 18;

bool interrupted(int cause) noexcept { return cause == EINTR || cause == EAGAIN; }

errc code_for(int os_error) noexcept {
  switch (os_error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return errc::no_space;
    case ENOENT: return errc::not_found;
    default: return errc::file_error;
  }
}

std::string at_byte(std::string_view doing, std::uint64_t offset) {
  return std::string(doing) + " at byte " + std::to_string(offset);
}

/// Calls again while the system says that a signal came in between.
template <class Call>
auto until_not_interrupted(Call call) {
  auto returned = call();
  for (int i = 0; i < most_interruptions && !returned && interrupted(returned.error()); ++i) {
    returned = call();
  }
  return returned;
}

}  // namespace

error os_failure(std::string_view path, std::string_view doing, int os_error) {
  assert(os_error != 0);
  std::string sentence(path);
  sentence.append(": ").append(doing).append(": ");
  sentence.append(std::generic_category().message(os_error));  // thread-safe, unlike strerror
  return error(code_for(os_error), std::move(sentence), {}, os_error);
}

open_file::open_file(class system& system, descriptor fd, std::string shown_path) noexcept
    : system_(&system), fd_(fd), path_(std::move(shown_path)) {}

open_file::open_file(open_file&& other) noexcept
    : system_(other.system_),
      fd_(std::exchange(other.fd_, descriptor::none)),
      path_(std::move(other.path_)),
      mapped_(std::move(other.mapped_)) {}

open_file& open_file::operator=(open_file&& other) noexcept {
  if (this == &other) return *this;
  close();
  system_ = other.system_;
  fd_ = std::exchange(other.fd_, descriptor::none);
  path_ = std::move(other.path_);
  mapped_ = std::move(other.mapped_);
  return *this;
}

open_file::~open_file() { close(); }

result<std::size_t> open_file::read(std::uint64_t offset, std::span<std::byte> into) const {
  assert(is_open());
  if (mapped_ && mapped_->read(offset, into)) return into.size();
  std::size_t have = 0;
  while (have < into.size()) {
    const auto got = until_not_interrupted(
        [&] { return system_->read(fd_, offset + have, into.subspan(have)); });
    if (!got) {
      return std::unexpected(os_failure(path_, at_byte("cannot read", offset + have), got.error()));
    }
    if (*got == 0) break;
    have += *got;
  }
  return have;
}

result<> open_file::write(std::uint64_t offset, bytes from) const {
  if (mapped_) {
    if (const auto longer = mapped_->growth_for(offset, from.size())) {
      if (auto grown = grow(*longer); !grown) return grown;
    }
    if (mapped_->write(offset, from)) return {};
  }
  return write_by_calls(offset, from);
}

/// Making it longer would hide that somebody else has made it shorter.
result<> open_file::grow(std::uint64_t size) const {
  const auto now = system_->status(fd_);
  const auto known = mapped_->end();
  if (now && now->size < known) return std::unexpected(cut_short(path_, now->size, known));
  if (system_->truncate(fd_, size)) {
    mapped_->grown_to(size);
  } else {
    mapped_->stop_growing();
  }
  return {};
}

result<> open_file::write_by_calls(std::uint64_t offset, bytes from) const {
  assert(is_open());
  std::size_t done = 0;
  while (done < from.size()) {
    const auto put = until_not_interrupted(
        [&] { return system_->write(fd_, offset + done, from.subspan(done)); });
    // A system that takes nothing and gives no reason would keep us here for ever.
    const int cause = !put ? put.error() : *put == 0 ? EIO : 0;
    if (cause != 0) {
      return std::unexpected(os_failure(path_, at_byte("cannot write", offset + done), cause));
    }
    done += *put;
  }
  if (mapped_) mapped_->set_end(std::max(mapped_->end(), offset + from.size()));
  if (from.size() >= large_write) system_->start_writing(fd_, offset, from.size());
  return {};
}

result<> open_file::truncate(std::uint64_t size) const {
  assert(is_open());
  const auto cut = until_not_interrupted([&] { return system_->truncate(fd_, size); });
  if (!cut) {
    const std::string doing = "cannot set the size to " + std::to_string(size) + " bytes";
    return std::unexpected(os_failure(path_, doing, cut.error()));
  }
  if (mapped_) mapped_->set_end(size);
  return {};
}

// An interrupted sync is a failed sync: calling again and believing the answer is how data gets
// lost.
result<> open_file::sync_data() const {
  assert(is_open());
  const auto synced = system_->sync_data(fd_);
  if (!synced) return std::unexpected(os_failure(path_, "cannot sync", synced.error()));
  return {};
}

result<> open_file::sync() const {
  assert(is_open());
  const auto synced = system_->sync(fd_);
  if (!synced) return std::unexpected(os_failure(path_, "cannot sync", synced.error()));
  return {};
}

result<file_status> open_file::status() const {
  assert(is_open());
  const auto found = system_->status(fd_);
  if (!found) return std::unexpected(os_failure(path_, "cannot read its status", found.error()));
  return *found;
}

void open_file::map(std::uint64_t length, bool to_write) {
  assert(is_open());
  const auto now = status();
  if (now) mapped_ = mapping::of(*system_, fd_, length, now->size, to_write);
}

void open_file::close() noexcept {
  if (!is_open()) return;
  mapped_.reset();
  // What close might report, sync has reported before; the descriptor is free either way.
  static_cast<void>(system_->close(std::exchange(fd_, descriptor::none)));
}

}  // namespace shelf::file
