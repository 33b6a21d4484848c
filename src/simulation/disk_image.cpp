// SIMULATION  [simulation] -> file
// A simulated disk at one moment: how each operation moves bytes from the page cache to the
// platter.
#include "simulation/disk_image.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace shelf::simulation {
namespace {

std::uint64_t mixed(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

bool is_data(const file_change& change) noexcept {
  return change.what == file_change::type::data || change.what == file_change::type::cut;
}

bool anything_dropped(const disk_node& node) noexcept {
  return std::ranges::any_of(node.changes,
                             [](const file_change& c) { return c.now == fate::dropped; });
}

/// Makes a change part of what is durable, whole.
void settle(disk_node& node, const file_change& change) {
  switch (change.what) {
    case file_change::type::data: node.durable.put(change.offset, change.data.view()); break;
    case file_change::type::cut: node.durable.resize(change.offset); break;
    case file_change::type::mode: node.durable_mode = change.mode; break;
    case file_change::type::owner:
      node.durable_owner = change.owner;
      node.durable_group = change.group;
      break;
  }
}

/// Makes those pieces of a dropped change durable that reached the platter when its sync failed.
void settle_what_reached(disk_node& node, const file_change& change) {
  if (change.what != file_change::type::data) {
    if (piece_reached(change.reached, 0)) settle(node, change);
    return;
  }
  for_each_piece(change, [&](std::uint64_t index, std::uint64_t from, std::uint64_t to) {
    if (!piece_reached(change.reached, index)) return;
    node.durable.put(from, change.data.view().subspan(from - change.offset, to - from));
  });
}

}  // namespace

shared_bytes::buffer& shared_bytes::own() {
  if (!held_) {
    held_ = std::make_shared<buffer>();
  } else if (held_.use_count() > 1) {
    held_ = std::make_shared<buffer>(*held_);
  }
  return *held_;
}

void shared_bytes::put(std::uint64_t offset, bytes from) {
  if (from.empty()) return;
  buffer& mine = own();
  if (mine.size() < offset + from.size()) mine.resize(offset + from.size());
  std::memcpy(mine.data() + offset, from.data(), from.size());
}

void shared_bytes::resize(std::uint64_t size) {
  if (size != this->size()) own().resize(size);
}

bool piece_reached(std::uint64_t reached, std::uint64_t piece) noexcept {
  if (reached == 0 || reached == ~std::uint64_t{0}) return reached != 0;
  return (mixed(reached + piece) & 1) != 0;
}

void change_entries(entry_map& entries, const entry_change& change) {
  if (!change.gone.empty()) {
    const auto found = entries.find(change.gone);
    if (found != entries.end() && found->second == change.inode) entries.erase(found);
  }
  if (!change.come.empty()) entries[change.come] = change.inode;
}

std::string to_string(const disk_operation& done) {
  const std::string inode = " inode " + std::to_string(done.inode);
  const std::string failed = done.failed ? " (failed)" : "";
  switch (done.what) {
    case disk_operation::type::create: return "create " + done.name + " as" + inode;
    case disk_operation::type::write:
      return "write of " + std::to_string(done.data.size()) + " bytes at " +
             std::to_string(done.offset) + " to" + inode;
    case disk_operation::type::truncate:
      return "truncate of" + inode + " to " + std::to_string(done.offset);
    case disk_operation::type::sync_data: return "sync_data of" + inode + failed;
    case disk_operation::type::sync: return "sync of" + inode + failed;
    case disk_operation::type::drop_cache: return "drop_cache of" + inode;
    case disk_operation::type::set_mode: return "set_mode of" + inode;
    case disk_operation::type::set_owner: return "set_owner of" + inode;
    case disk_operation::type::rename: return "rename of " + done.name + " to " + done.to;
    case disk_operation::type::unlink: return "unlink of " + done.name;
    case disk_operation::type::plant: return "plant of " + done.name + " in" + inode;
    case disk_operation::type::uproot: return "uproot of " + done.name;
  }
  return {};
}

disk_image::disk_image() {
  disk_node directory;
  directory.what = file_status::type::directory;
  directory.mode = directory.durable_mode = 0755;
  nodes_.emplace(root, std::move(directory));
}

disk_node* disk_image::find(std::uint64_t inode) noexcept {
  const auto found = nodes_.find(inode);
  return found == nodes_.end() ? nullptr : &found->second;
}

const disk_node* disk_image::node(std::uint64_t inode) const noexcept {
  const auto found = nodes_.find(inode);
  return found == nodes_.end() ? nullptr : &found->second;
}

std::uint64_t disk_image::lookup(std::uint64_t directory, std::string_view name) const noexcept {
  const disk_node* in = node(directory);
  if (in == nullptr) return 0;
  const auto found = in->entries.find(name);
  return found == in->entries.end() ? 0 : found->second;
}

std::uint64_t disk_image::links(std::uint64_t inode) const noexcept {
  std::uint64_t names = inode == root ? 1 : 0;
  for (const auto& [number, directory] : nodes_) {
    for (const auto& [name, target] : directory.entries) names += target == inode ? 1U : 0U;
  }
  return names;
}

os_result<std::uint64_t> disk_image::walk(std::uint64_t from, std::string_view path,
                                          bool beneath) const {
  constexpr int most_links = 40;
  std::vector<std::uint64_t> way{from};
  std::vector<std::string> to_go;  // the next component last
  int links = 0;
  const auto add = [&](std::string_view more) {
    if (more.starts_with('/')) {
      if (beneath) return false;
      way.assign(1, root);
    }
    while (!more.empty()) {
      const std::size_t cut = more.rfind('/');
      const auto last = cut == more.npos ? more : more.substr(cut + 1);
      if (!last.empty() && last != ".") to_go.emplace_back(last);
      more = cut == more.npos ? std::string_view{} : more.substr(0, cut);
    }
    return true;
  };
  if (path.empty()) return std::unexpected(ENOENT);
  if (!add(path)) return std::unexpected(EXDEV);
  while (!to_go.empty()) {
    const std::string name = std::move(to_go.back());
    to_go.pop_back();
    if (name == "..") {
      if (way.size() > 1) {
        way.pop_back();
      } else if (beneath) {
        return std::unexpected(EXDEV);
      }
      continue;
    }
    const std::uint64_t inode = lookup(way.back(), name);
    if (inode == 0) return std::unexpected(ENOENT);
    const disk_node& found = *node(inode);
    if (found.what == file_status::type::symlink) {
      if (++links > most_links) return std::unexpected(ELOOP);
      if (!add(as_text(found.cached.view()))) return std::unexpected(EXDEV);
    } else if (found.what == file_status::type::directory) {
      way.push_back(inode);
    } else {
      return std::unexpected(ENOTDIR);
    }
  }
  return way.back();
}

std::uint64_t disk_image::used(const std::set<std::uint64_t>& open) const noexcept {
  std::uint64_t sum = 0;
  for (const auto& [inode, file] : nodes_) {
    if (file.what != file_status::type::regular) continue;
    if (open.contains(inode) || links(inode) > 0) sum += file.cached.size();
  }
  return sum;
}

void disk_image::apply(const disk_operation& done, bool honest) {
  if (done.what == disk_operation::type::create) return create(done);
  if (done.what == disk_operation::type::plant) return plant(done);
  disk_node* node = find(done.inode);
  if (done.what == disk_operation::type::rename || done.what == disk_operation::type::unlink ||
      done.what == disk_operation::type::uproot) {
    node = find(done.directory);
  }
  if (node == nullptr) return;
  switch (done.what) {
    case disk_operation::type::write: return write(*node, done);
    case disk_operation::type::truncate: return truncate(*node, done);
    case disk_operation::type::sync_data:
    case disk_operation::type::sync:
      if (honest) sync(*node, done);
      return;
    case disk_operation::type::drop_cache: return drop_cache(*node);
    case disk_operation::type::set_mode:
      node->mode = done.mode;
      node->changes.push_back({.what = file_change::type::mode, .data = {}, .mode = done.mode});
      return;
    case disk_operation::type::set_owner:
      node->owner = done.owner;
      node->group = done.group;
      node->changes.push_back(
          {.what = file_change::type::owner, .data = {}, .owner = done.owner, .group = done.group});
      return;
    case disk_operation::type::rename: {
      const std::uint64_t replaced = lookup(done.directory, done.to);
      const std::uint64_t moved = lookup(done.directory, done.name);
      if (moved == 0 || moved == replaced) return;  // two names of one file: rename does nothing
      change_entry(*node, {.inode = moved, .gone = done.name, .come = done.to});
      if (replaced != 0) lost_a_name(replaced);
      return;
    }
    case disk_operation::type::unlink: {
      const std::uint64_t inode = lookup(done.directory, done.name);
      if (inode == 0) return;
      change_entry(*node, {.inode = inode, .gone = done.name, .come = {}});
      return lost_a_name(inode);
    }
    case disk_operation::type::uproot: {
      const std::uint64_t inode = lookup(done.directory, done.name);
      node->entries.erase(done.name);
      node->durable_entries.erase(done.name);
      std::erase_if(node->entry_changes,
                    [&](const entry_change& change) { return change.come == done.name; });
      return lost_a_name(inode);
    }
    case disk_operation::type::create:
    case disk_operation::type::plant: return;  // above
  }
}

void disk_image::create(const disk_operation& done) {
  disk_node* directory = find(done.directory);
  if (directory == nullptr) return;
  disk_node file;
  file.mode = file.durable_mode = done.mode;
  file.owner = file.durable_owner = done.owner;
  file.group = file.durable_group = done.group;
  file.lengths = {0};
  place(done.inode, std::move(file));
  change_entry(*directory, {.inode = done.inode, .gone = {}, .come = done.name});
}

void disk_image::write(disk_node& file, const disk_operation& done) {
  file.cached.put(done.offset, done.data.view());
  file_change change;
  change.offset = done.offset;
  change.data = done.data;
  file.changes.push_back(std::move(change));
  if (file.lengths.back() != file.cached.size()) file.lengths.push_back(file.cached.size());
}

void disk_image::truncate(disk_node& file, const disk_operation& done) {
  file.cached.resize(done.offset);
  file_change change;
  change.what = file_change::type::cut;
  change.offset = done.offset;
  file.changes.push_back(std::move(change));
  if (file.lengths.back() != file.cached.size()) file.lengths.push_back(file.cached.size());
}

void disk_image::sync(disk_node& node, const disk_operation& done) {
  if (node.what == file_status::type::directory) return sync_entries(node, done);
  const bool data_only = done.what == disk_operation::type::sync_data;
  const bool keep_listed = anything_dropped(node);
  for (file_change& change : node.changes) {
    if (change.now != fate::waiting || (data_only && !is_data(change))) continue;
    change.now = done.failed ? fate::dropped : fate::safe;
    change.reached = done.reached;
    if (!done.failed && !keep_listed) settle(node, change);
  }
  if (done.failed) return;
  node.lengths.assign(1, node.cached.size());
  if (keep_listed) return;
  std::erase_if(node.changes, [](const file_change& c) { return c.now == fate::safe; });
  node.durable.resize(node.cached.size());
}

void disk_image::sync_entries(disk_node& directory, const disk_operation& done) {
  const bool keep_listed = std::ranges::any_of(
      directory.entry_changes, [](const entry_change& c) { return c.now == fate::dropped; });
  for (entry_change& change : directory.entry_changes) {
    if (change.now == fate::waiting) change.now = done.failed ? fate::dropped : fate::safe;
  }
  if (done.failed || keep_listed) return;
  directory.durable_entries = directory.entries;
  directory.entry_changes.clear();
  std::erase_if(directory.changes, [&](const file_change& change) {
    settle(directory, change);
    return true;
  });
}

/// Dirty pages stay; clean ones are read back from the platter at the next read: what a failed sync
/// dropped is seen as it is.
void disk_image::drop_cache(disk_node& file) {
  if (file.what != file_status::type::regular || !anything_dropped(file)) return;
  for (const file_change& change : file.changes) {
    if (change.now == fate::dropped) settle_what_reached(file, change);
    if (change.now == fate::safe) settle(file, change);
  }
  std::erase_if(file.changes, [](const file_change& c) { return c.now != fate::waiting; });
  const std::uint64_t size = file.cached.size();  // the inode itself is not forgotten
  file.cached = file.durable;
  for (const file_change& change : file.changes) {
    if (change.what == file_change::type::data) file.cached.put(change.offset, change.data.view());
    if (change.what == file_change::type::cut) file.cached.resize(change.offset);
  }
  file.cached.resize(size);
}

void disk_image::change_entry(disk_node& directory, entry_change change) {
  change_entries(directory.entries, change);
  directory.entry_changes.push_back(std::move(change));
}

void disk_image::plant(const disk_operation& done) {
  disk_node* directory = find(done.directory);
  if (directory == nullptr) return;
  disk_node planted;
  planted.what = done.planted;
  planted.mode = planted.durable_mode = done.mode;
  planted.owner = planted.durable_owner = done.owner;
  planted.group = planted.durable_group = done.group;
  planted.cached = planted.durable = done.data;
  planted.lengths = {done.data.size()};
  directory->entries[done.name] = done.inode;
  directory->durable_entries[done.name] = done.inode;
  place(done.inode, std::move(planted));
}

void disk_image::place(std::uint64_t inode, disk_node node) {
  next_inode_ = std::max(next_inode_, inode + 1);
  nodes_.insert_or_assign(inode, std::move(node));
}

void disk_image::lost_a_name(std::uint64_t inode) {
  const disk_node* file = node(inode);
  if (file == nullptr || links(inode) > 0 || file->cached.size() == 0) return;
  deleted_ = file->cached;
}

void disk_image::collect(const std::set<std::uint64_t>& open) {
  std::set<std::uint64_t> reachable = open;
  reachable.insert(root);
  for (const auto& [inode, directory] : nodes_) {
    for (const auto& [name, target] : directory.entries) reachable.insert(target);
    for (const auto& [name, target] : directory.durable_entries) reachable.insert(target);
    for (const entry_change& change : directory.entry_changes) reachable.insert(change.inode);
  }
  std::erase_if(nodes_, [&](const auto& node) { return !reachable.contains(node.first); });
}

}  // namespace shelf::simulation
