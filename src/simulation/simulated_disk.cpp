// SIMULATION  [simulation] -> file
// The system in memory: descriptors, locks and faults over a disk image.
#include "simulation/simulated_disk.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstring>
#include <utility>

namespace shelf::simulation {
namespace {

constexpr std::size_t longest_name = 255;
constexpr int lowest_descriptor = 3;
constexpr auto most_bytes = static_cast<std::uint64_t>(LLONG_MAX);

using type = file_status::type;

int raw(descriptor file) noexcept { return static_cast<int>(file); }

bool stands_for(call kind, call made) noexcept {
  if (kind == made || kind == call::any) return true;
  switch (made) {
    case call::create: return kind == call::changing || kind == call::open_file;
    case call::sync:
    case call::sync_data: return kind == call::changing || kind == call::any_sync;
    case call::write:
    case call::truncate:
    case call::set_mode:
    case call::set_owner:
    case call::rename:
    case call::unlink: return kind == call::changing;
    default: return false;
  }
}

int why_not_a_name(std::string_view name) noexcept {
  if (name.empty()) return ENOENT;
  return name.size() > longest_name ? ENAMETOOLONG : 0;
}

}  // namespace

simulated_disk::simulated_disk(disk_options options) : simulated_disk(disk_image{}, options) {}

simulated_disk::simulated_disk(disk_image image, disk_options options)
    : options_(options),
      image_(std::move(image)),
      recorded_{.start = image_, .operations = {}},
      random_state_(options.seed) {}

// --- counting, faults, recording ---

simulated_disk::verdict simulated_disk::count(call kind) {
  if (off_) return {.error = EIO};
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    if (stands_for(static_cast<call>(i), kind)) ++calls_[i];
  }
  verdict decided;
  bool met = false;
  std::erase_if(faults_, [&](waiting_fault& waiting) {
    if (!stands_for(waiting.what.kind, kind)) return false;
    if (waiting.left > 0) --waiting.left;
    if (waiting.left > 0 || met) return false;
    met = true;
    decided = {waiting.what.error, waiting.what.at_most, waiting.what.reached};
    if (decided.at_most) decided.error = 0;
    return !waiting.what.sticky;
  });
  if (met) ++faults_met_;
  return decided;
}

void simulated_disk::record(disk_operation done) {
  image_.apply(done);
  recorded_.operations.push_back(std::move(done));
  if (crash_at_ && recorded_.operations.size() >= *crash_at_) off_ = true;
}

std::uint64_t simulated_disk::chance() {
  random_state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t x = random_state_;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

// --- descriptors ---

os_result<simulated_disk::description> simulated_disk::described(descriptor file) const {
  const auto found = open_.find(raw(file));
  if (found == open_.end()) return std::unexpected(EBADF);
  return found->second;
}

os_result<std::uint64_t> simulated_disk::directory_of(descriptor file) const {
  if (file == descriptor::none) return disk_image::root;
  const auto found = described(file);
  if (!found) return std::unexpected(found.error());
  if (image_.node(found->inode)->what != type::directory) return std::unexpected(ENOTDIR);
  return found->inode;
}

os_result<descriptor> simulated_disk::give(description opened) {
  if (open_.size() >= options_.descriptor_limit) return std::unexpected(EMFILE);
  int number = lowest_descriptor;
  while (open_.contains(number)) ++number;
  open_.emplace(number, opened);
  return descriptor{number};
}

std::set<std::uint64_t> simulated_disk::open_inodes() const {
  std::set<std::uint64_t> inodes;
  for (const auto& [number, opened] : open_) inodes.insert(opened.inode);
  return inodes;
}

os_result<descriptor> simulated_disk::open_directory(descriptor at, std::string_view path,
                                                     bool beneath) {
  const std::scoped_lock hold(mutex_);
  if (const auto told = count(call::open_directory); told.error) return std::unexpected(told.error);
  const auto from = directory_of(at);
  if (!from) return std::unexpected(from.error());
  const auto found = image_.walk(*from, path, beneath);
  if (!found) return std::unexpected(found.error());
  return give({.inode = *found, .writable = false});
}

os_result<descriptor> simulated_disk::open_file(descriptor directory, std::string_view name,
                                                open_flags flags) {
  const std::scoped_lock hold(mutex_);
  const auto told = count(flags.create_new ? call::create : call::open_file);
  if (told.error) return std::unexpected(told.error);
  const auto in = directory_of(directory);
  if (!in) return std::unexpected(in.error());
  if (const int wrong = why_not_a_name(name)) return std::unexpected(wrong);
  std::uint64_t inode = image_.lookup(*in, name);
  if (flags.create_new) {
    if (inode != 0) return std::unexpected(EEXIST);
    if (open_.size() >= options_.descriptor_limit) return std::unexpected(EMFILE);
    disk_operation done;
    done.what = disk_operation::type::create;
    inode = done.inode = image_.next_inode();
    done.directory = *in;
    done.name = name;
    done.mode = flags.mode;
    done.owner = done.group = user_id();
    record(std::move(done));
  }
  if (inode == 0) return std::unexpected(ENOENT);
  const type what = image_.node(inode)->what;
  if (what == type::symlink) return std::unexpected(ELOOP);
  if (what == type::directory && flags.write) return std::unexpected(EISDIR);
  return give({.inode = inode, .writable = flags.write});
}

os_result<std::string> simulated_disk::read_link(descriptor directory, std::string_view name) {
  const std::scoped_lock hold(mutex_);
  if (const auto told = count(call::read_link); told.error) return std::unexpected(told.error);
  const auto in = directory_of(directory);
  if (!in) return std::unexpected(in.error());
  if (const int wrong = why_not_a_name(name)) return std::unexpected(wrong);
  const std::uint64_t inode = image_.lookup(*in, name);
  if (inode == 0) return std::unexpected(ENOENT);
  const disk_node& found = *image_.node(inode);
  if (found.what != type::symlink) return std::unexpected(EINVAL);
  return std::string(as_text(found.cached.view()));
}

os_result<> simulated_disk::close(descriptor file) {
  const std::scoped_lock hold(mutex_);
  const auto told = count(call::close);
  const auto found = open_.find(raw(file));
  if (found == open_.end()) return std::unexpected(EBADF);
  const auto locked = locks_.find(found->second.inode);
  if (locked != locks_.end() && locked->second == found->first) locks_.erase(locked);
  open_.erase(found);
  if (told.error != 0 && !off_) return std::unexpected(told.error);
  return {};
}

// --- bytes ---

os_result<std::size_t> simulated_disk::read(descriptor file, std::uint64_t offset,
                                            std::span<std::byte> into) {
  const std::scoped_lock hold(mutex_);
  const auto told = count(call::read);
  if (told.error != 0) return std::unexpected(told.error);
  if (offset > most_bytes || into.size() > most_bytes - offset) return std::unexpected(EINVAL);
  const auto opened = described(file);
  if (!opened) return std::unexpected(opened.error());
  const disk_node& from = *image_.node(opened->inode);
  if (from.what == type::directory) return std::unexpected(EISDIR);
  const bytes content = from.cached.view();
  if (offset >= content.size()) return 0;
  std::size_t size = std::min<std::size_t>(into.size(), content.size() - offset);
  if (told.at_most) size = std::min(size, *told.at_most);
  if (size > 0) std::memcpy(into.data(), content.data() + offset, size);
  return size;
}

os_result<std::size_t> simulated_disk::write(descriptor file, std::uint64_t offset,
                                             std::span<const std::byte> from) {
  const std::scoped_lock hold(mutex_);
  const auto told = count(call::write);
  if (told.error != 0) return std::unexpected(told.error);
  if (offset > most_bytes || from.size() > most_bytes - offset) return std::unexpected(EFBIG);
  const auto opened = described(file);
  if (!opened) return std::unexpected(opened.error());
  if (!opened->writable) return std::unexpected(EBADF);
  if (from.empty()) return 0;
  if (offset >= options_.file_size_limit) return std::unexpected(EFBIG);
  std::uint64_t size = std::min<std::uint64_t>(from.size(), options_.file_size_limit - offset);
  const std::uint64_t old_size = image_.node(opened->inode)->cached.size();
  if (options_.capacity != std::numeric_limits<std::uint64_t>::max() && offset + size > old_size) {
    const std::uint64_t used = image_.used(open_inodes());
    const std::uint64_t room = used < options_.capacity ? options_.capacity - used : 0;
    const std::uint64_t end = old_size + room;  // a gap costs as much as data here
    if (end <= offset) return std::unexpected(ENOSPC);
    size = std::min(size, end - offset);
  }
  if (told.at_most) size = std::min<std::uint64_t>(size, *told.at_most);
  if (size == 0) return 0;
  disk_operation done;
  done.what = disk_operation::type::write;
  done.inode = opened->inode;
  done.offset = offset;
  done.data = shared_bytes(from.first(size));
  record(std::move(done));
  return size;
}

os_result<> simulated_disk::truncate(descriptor file, std::uint64_t size) {
  const std::scoped_lock hold(mutex_);
  if (const auto told = count(call::truncate); told.error) return std::unexpected(told.error);
  if (size > most_bytes) return std::unexpected(EFBIG);
  const auto opened = described(file);
  if (!opened) return std::unexpected(opened.error());
  if (!opened->writable) return std::unexpected(EINVAL);
  const std::uint64_t old_size = image_.node(opened->inode)->cached.size();
  if (size > old_size) {
    if (size > options_.file_size_limit) return std::unexpected(EFBIG);
    const std::uint64_t used = image_.used(open_inodes());
    if (used > options_.capacity || size - old_size > options_.capacity - used) {
      return std::unexpected(ENOSPC);
    }
  }
  disk_operation done;
  done.what = disk_operation::type::truncate;
  done.inode = opened->inode;
  done.offset = size;
  record(std::move(done));
  return {};
}

os_result<> simulated_disk::synced(call kind, disk_operation::type what, descriptor file) {
  const auto told = count(kind);
  const auto opened = described(file);
  if (off_) return std::unexpected(EIO);
  if (!opened) return std::unexpected(opened.error());
  clock_ += options_.sync_time;
  disk_operation done;
  done.what = what;
  done.inode = opened->inode;
  done.failed = told.error != 0;
  if (done.failed && told.reached == fault::reach::all) done.reached = ~std::uint64_t{0};
  if (done.failed && told.reached == fault::reach::some) done.reached = chance() | 1;
  record(std::move(done));
  if (told.error != 0) return std::unexpected(told.error);
  if (image_.node(opened->inode)->what == type::directory) image_.collect(open_inodes());
  return {};
}

os_result<> simulated_disk::sync_data(descriptor file) {
  const std::scoped_lock hold(mutex_);
  return synced(call::sync_data, disk_operation::type::sync_data, file);
}

os_result<> simulated_disk::sync(descriptor file) {
  const std::scoped_lock hold(mutex_);
  return synced(call::sync, disk_operation::type::sync, file);
}

os_result<> simulated_disk::drop_cache(descriptor file) {
  const std::scoped_lock hold(mutex_);
  if (const auto told = count(call::drop_cache); told.error) return std::unexpected(told.error);
  const auto opened = described(file);
  if (!opened) return std::unexpected(opened.error());
  disk_operation done;
  done.what = disk_operation::type::drop_cache;
  done.inode = opened->inode;
  record(std::move(done));
  return {};
}

// --- status ---

file_status simulated_disk::status_of(std::uint64_t inode) const {
  const disk_node& found = *image_.node(inode);
  return {
      .device = 1,
      .inode = inode,
      .size = found.cached.size(),
      .links = image_.links(inode),
      .mode = found.mode,
      .owner = found.owner,
      .group = found.group,
      .what = found.what,
  };
}

os_result<file_status> simulated_disk::status(descriptor file) {
  const std::scoped_lock hold(mutex_);
  if (const auto told = count(call::status); told.error) return std::unexpected(told.error);
  const auto opened = described(file);
  if (!opened) return std::unexpected(opened.error());
  return status_of(opened->inode);
}

os_result<file_status> simulated_disk::status_at(descriptor directory, std::string_view name) {
  const std::scoped_lock hold(mutex_);
  if (const auto told = count(call::status_at); told.error) return std::unexpected(told.error);
  const auto in = directory_of(directory);
  if (!in) return std::unexpected(in.error());
  if (const int wrong = why_not_a_name(name)) return std::unexpected(wrong);
  const std::uint64_t inode = image_.lookup(*in, name);
  if (inode == 0) return std::unexpected(ENOENT);
  return status_of(inode);
}

os_result<> simulated_disk::set_mode(descriptor file, std::uint32_t mode) {
  const std::scoped_lock hold(mutex_);
  if (const auto told = count(call::set_mode); told.error) return std::unexpected(told.error);
  const auto opened = described(file);
  if (!opened) return std::unexpected(opened.error());
  disk_operation done;
  done.what = disk_operation::type::set_mode;
  done.inode = opened->inode;
  done.mode = mode & 07777U;
  record(std::move(done));
  return {};
}

os_result<> simulated_disk::set_owner(descriptor file, std::uint32_t owner, std::uint32_t group) {
  const std::scoped_lock hold(mutex_);
  if (const auto told = count(call::set_owner); told.error) return std::unexpected(told.error);
  const auto opened = described(file);
  if (!opened) return std::unexpected(opened.error());
  disk_operation done;
  done.what = disk_operation::type::set_owner;
  done.inode = opened->inode;
  done.owner = owner;
  done.group = group;
  record(std::move(done));
  return {};
}

// --- names ---

os_result<> simulated_disk::rename(descriptor directory, std::string_view from, std::string_view to,
                                   bool no_replace) {
  const std::scoped_lock hold(mutex_);
  if (const auto told = count(call::rename); told.error) return std::unexpected(told.error);
  const auto in = directory_of(directory);
  if (!in) return std::unexpected(in.error());
  if (from.empty() || to.empty()) return std::unexpected(ENOENT);
  if (const int wrong = why_not_a_name(from)) return std::unexpected(wrong);
  const std::uint64_t moved = image_.lookup(*in, from);
  const std::uint64_t there = image_.lookup(*in, to);
  if (moved == 0) return std::unexpected(ENOENT);
  if (const int wrong = why_not_a_name(to)) return std::unexpected(wrong);
  if (no_replace && there != 0) return std::unexpected(EEXIST);
  if (moved == there) return {};
  const bool from_directory = image_.node(moved)->what == type::directory;
  if (there != 0) {
    const bool to_directory = image_.node(there)->what == type::directory;
    if (to_directory && !from_directory) return std::unexpected(EISDIR);
    if (from_directory && !to_directory) return std::unexpected(ENOTDIR);
    if (to_directory && !image_.node(there)->entries.empty()) return std::unexpected(ENOTEMPTY);
  }
  disk_operation done;
  done.what = disk_operation::type::rename;
  done.inode = moved;
  done.directory = *in;
  done.name = from;
  done.to = to;
  record(std::move(done));
  return {};
}

os_result<> simulated_disk::unlink(descriptor directory, std::string_view name) {
  const std::scoped_lock hold(mutex_);
  if (const auto told = count(call::unlink); told.error) return std::unexpected(told.error);
  const auto in = directory_of(directory);
  if (!in) return std::unexpected(in.error());
  if (const int wrong = why_not_a_name(name)) return std::unexpected(wrong);
  const std::uint64_t inode = image_.lookup(*in, name);
  if (inode == 0) return std::unexpected(ENOENT);
  if (image_.node(inode)->what == type::directory) return std::unexpected(EISDIR);
  disk_operation done;
  done.what = disk_operation::type::unlink;
  done.inode = inode;
  done.directory = *in;
  done.name = name;
  record(std::move(done));
  return {};
}

os_result<std::vector<std::string>> simulated_disk::list(descriptor directory) {
  const std::scoped_lock hold(mutex_);
  if (const auto told = count(call::list); told.error) return std::unexpected(told.error);
  const auto in = directory_of(directory);
  if (!in) return std::unexpected(in.error());
  std::vector<std::string> names;
  for (const auto& [name, inode] : image_.node(*in)->entries) names.push_back(name);
  return names;
}

// --- locks, clocks, chance ---

os_result<> simulated_disk::lock(descriptor file) {
  const std::scoped_lock hold(mutex_);
  if (const auto told = count(call::lock); told.error) return std::unexpected(told.error);
  const auto opened = described(file);
  if (!opened) return std::unexpected(opened.error());
  if (foreign_locks_.contains(opened->inode)) return std::unexpected(EWOULDBLOCK);
  const auto [held, taken] = locks_.try_emplace(opened->inode, raw(file));
  if (!taken && held->second != raw(file)) return std::unexpected(EWOULDBLOCK);
  return {};
}

std::int64_t simulated_disk::lock_holder(descriptor file) {
  const std::scoped_lock hold(mutex_);
  const auto opened = described(file);
  if (!opened) return 0;
  const auto foreign = foreign_locks_.find(opened->inode);
  if (foreign != foreign_locks_.end()) return foreign->second;
  return locks_.contains(opened->inode) ? process_id() : 0;
}

os_result<std::uint64_t> simulated_disk::file_system_type(descriptor file) {
  const std::scoped_lock hold(mutex_);
  const auto opened = described(file);
  if (off_) return std::unexpected(EIO);
  if (!opened) return std::unexpected(opened.error());
  return options_.file_system_type;
}

std::chrono::nanoseconds simulated_disk::now() {
  const std::scoped_lock hold(mutex_);
  return clock_;
}

std::chrono::nanoseconds simulated_disk::wall_clock() {
  const std::scoped_lock hold(mutex_);
  return std::chrono::sys_days(std::chrono::year(2026) / 1 / 1).time_since_epoch() + clock_;
}

std::uint64_t simulated_disk::random() {
  const std::scoped_lock hold(mutex_);
  return chance();
}

}  // namespace shelf::simulation
