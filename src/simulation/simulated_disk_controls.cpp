// SIMULATION  [simulation] -> file
// The test's side of the simulated disk: faults, resources, and files behind the system's back.
#include "simulation/simulated_disk.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <utility>

namespace shelf::simulation {

using type = file_status::type;

std::uint64_t simulated_disk::operations() const {
  const std::scoped_lock hold(mutex_);
  return recorded_.operations.size();
}

history simulated_disk::recorded() const {
  const std::scoped_lock hold(mutex_);
  return recorded_;
}

std::uint64_t simulated_disk::calls(call kind) const {
  const std::scoped_lock hold(mutex_);
  return calls_.at(static_cast<std::size_t>(kind));
}

void simulated_disk::inject(const fault& what) {
  assert(what.nth > 0 && (what.error != 0 || what.at_most));
  const std::scoped_lock hold(mutex_);
  faults_.push_back({.what = what, .left = what.nth});
}

void simulated_disk::clear_faults() {
  const std::scoped_lock hold(mutex_);
  faults_.clear();
}

std::uint64_t simulated_disk::faults_met() const {
  const std::scoped_lock hold(mutex_);
  return faults_met_;
}

void simulated_disk::crash_at(std::uint64_t n) {
  const std::scoped_lock hold(mutex_);
  crash_at_ = n;
  if (recorded_.operations.size() >= n) off_ = true;
}

bool simulated_disk::is_off() const {
  const std::scoped_lock hold(mutex_);
  return off_;
}

void simulated_disk::set_options(const disk_options& options) {
  const std::scoped_lock hold(mutex_);
  options_ = options;
}

disk_options simulated_disk::options() const {
  const std::scoped_lock hold(mutex_);
  return options_;
}

std::size_t simulated_disk::open_descriptors() const {
  const std::scoped_lock hold(mutex_);
  return open_.size();
}

std::size_t simulated_disk::locks_held() const {
  const std::scoped_lock hold(mutex_);
  return locks_.size();
}

void simulated_disk::lock_elsewhere(std::string_view path, std::int64_t process) {
  const std::scoped_lock hold(mutex_);
  const auto [directory, name] = place_of(path);
  const std::uint64_t inode = image_.lookup(directory, name);
  assert(inode != 0 && !locks_.contains(inode));
  foreign_locks_[inode] = process;
}

void simulated_disk::unlock_elsewhere(std::string_view path) {
  const std::scoped_lock hold(mutex_);
  const auto [directory, name] = place_of(path);
  foreign_locks_.erase(image_.lookup(directory, name));
}

void simulated_disk::advance(std::chrono::nanoseconds by) {
  const std::scoped_lock hold(mutex_);
  clock_ += by;
}

// --- files ---

std::pair<std::uint64_t, std::string> simulated_disk::place_of(std::string_view path) const {
  const std::size_t slash = path.rfind('/');
  if (slash == path.npos) return {disk_image::root, std::string(path)};
  const auto directory =
      image_.walk(disk_image::root, slash == 0 ? "/" : path.substr(0, slash), false);
  return {directory ? *directory : 0, std::string(path.substr(slash + 1))};
}

const disk_node* simulated_disk::regular_at(std::string_view path) const {
  const auto [directory, name] = place_of(path);
  const disk_node* found = image_.node(image_.lookup(directory, name));
  return found != nullptr && found->what == type::regular ? found : nullptr;
}

std::vector<std::string> simulated_disk::files() const {
  const std::scoped_lock hold(mutex_);
  std::vector<std::string> paths;
  std::vector<std::pair<std::string, std::uint64_t>> to_look{{"", disk_image::root}};
  while (!to_look.empty()) {
    const auto [prefix, directory] = std::move(to_look.back());
    to_look.pop_back();
    for (const auto& [name, inode] : image_.node(directory)->entries) {
      const type what = image_.node(inode)->what;
      if (what == type::regular) paths.push_back(prefix + name);
      if (what == type::directory) to_look.emplace_back(prefix + name + '/', inode);
    }
  }
  std::ranges::sort(paths);
  return paths;
}

std::optional<std::vector<std::byte>> simulated_disk::read_all(std::string_view path) const {
  const std::scoped_lock hold(mutex_);
  const disk_node* file = regular_at(path);
  if (file == nullptr) return std::nullopt;
  const bytes content = file->cached.view();
  return std::vector<std::byte>(content.begin(), content.end());
}

std::optional<std::vector<std::byte>> simulated_disk::read_durable(std::string_view path) const {
  const std::scoped_lock hold(mutex_);
  const disk_node* file = regular_at(path);
  if (file == nullptr) return std::nullopt;
  const bytes content = file->durable.view();
  return std::vector<std::byte>(content.begin(), content.end());
}

void simulated_disk::plant(std::string_view path, type what, bytes content, std::uint32_t mode,
                           std::uint32_t owner) {
  auto [directory, name] = place_of(path);
  assert(directory != 0 && !name.empty());
  const std::uint64_t there = image_.lookup(directory, name);
  const disk_node* old = image_.node(there);
  disk_operation done;
  done.what = disk_operation::type::plant;
  done.inode = old != nullptr ? there : image_.next_inode();
  done.directory = directory;
  done.name = std::move(name);
  done.data = shared_bytes(content);
  done.mode = old != nullptr ? old->mode : mode;
  done.owner = old != nullptr ? old->owner : owner;
  done.group = old != nullptr ? old->group : owner;
  done.planted = what;
  record(std::move(done));
}

void simulated_disk::put(std::string_view path, bytes content) {
  const std::scoped_lock hold(mutex_);
  plant(path, type::regular, content);
}

void simulated_disk::overwrite(std::string_view path, std::uint64_t offset, bytes with) {
  const std::scoped_lock hold(mutex_);
  const disk_node* file = regular_at(path);
  assert(file != nullptr);
  shared_bytes content = file->cached;
  content.put(offset, with);
  plant(path, type::regular, content.view());
}

void simulated_disk::resize(std::string_view path, std::uint64_t size) {
  const std::scoped_lock hold(mutex_);
  const disk_node* file = regular_at(path);
  assert(file != nullptr);
  shared_bytes content = file->cached;
  content.resize(size);
  plant(path, type::regular, content.view());
}

void simulated_disk::flip_bit(std::string_view path, std::uint64_t bit) {
  const std::scoped_lock hold(mutex_);
  const disk_node* file = regular_at(path);
  assert(file != nullptr && bit / 8 < file->cached.size());
  shared_bytes content = file->cached;
  content.own()[bit / 8] ^= std::byte{1} << (bit % 8);
  plant(path, type::regular, content.view());
}

void simulated_disk::remove(std::string_view path) {
  const std::scoped_lock hold(mutex_);
  auto [directory, name] = place_of(path);
  disk_operation done;
  done.what = disk_operation::type::uproot;
  done.inode = image_.lookup(directory, name);
  done.directory = directory;
  done.name = std::move(name);
  assert(done.inode != 0);
  record(std::move(done));
}

void simulated_disk::make_directory(std::string_view path, std::uint32_t mode) {
  const std::scoped_lock hold(mutex_);
  plant(path, type::directory, {}, mode);
}

void simulated_disk::make_symlink(std::string_view path, std::string_view target,
                                  std::uint32_t owner) {
  const std::scoped_lock hold(mutex_);
  plant(path, type::symlink, as_bytes(target), 0777, owner);
}

void simulated_disk::make_fifo(std::string_view path) {
  const std::scoped_lock hold(mutex_);
  plant(path, type::fifo, {});
}

}  // namespace shelf::simulation
