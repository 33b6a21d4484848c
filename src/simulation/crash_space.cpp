// SIMULATION  [simulation] -> file
// All that is undecided on a disk at the moment of a power cut, and the disk that one decision
// makes of it.
#include "simulation/crash_space.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace shelf::simulation {
namespace {

constexpr std::byte fill_pattern{0xa5};

bool undecided(fate now) noexcept { return now != fate::safe; }

std::uint64_t hash_bytes(bytes b, std::uint64_t seed) noexcept {
  return XXH3_64bits_withSeed(b.data(), b.size(), seed);
}

std::uint64_t hash_numbers(std::span<const std::uint64_t> numbers) noexcept {
  return XXH3_64bits(numbers.data(), numbers.size_bytes());
}

std::uint64_t hash_file(bytes content, std::uint32_t mode, std::uint32_t owner,
                        std::uint32_t group) noexcept {
  const std::uint64_t numbers[] = {hash_bytes(content, 1), content.size(), mode, owner, group};
  return hash_numbers(numbers);
}

/// Counts through all combinations: digit i below sizes[i]. False after the last.
bool step(std::vector<std::uint32_t>& digits, const std::vector<std::size_t>& sizes) {
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (++digits[i] < sizes[i]) return true;
    digits[i] = 0;
  }
  return false;
}

/// The number of combinations, or `most` + 1 if there are more.
std::size_t product(const std::vector<std::size_t>& sizes, std::size_t most) {
  std::size_t count = 1;
  for (const std::size_t size : sizes) {
    count *= size;
    if (count > most) return most + 1;
  }
  return count;
}

}  // namespace

std::uint64_t chooser::next() noexcept {
  state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t x = state_;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

crash_space::crash_space(const disk_image& image, bool weak_directories, std::uint64_t seed)
    : image_(image) {
  choose_entries(weak_directories, seed);
  find_pieces();
  choose_lengths(seed);
}

// --- directory entries ---

void crash_space::choose_entries(bool weak, std::uint64_t seed) {
  std::vector<std::size_t> sizes;  // by shaky directory: how many of its changes are undecided
  for (const auto& [inode, node] : image_.nodes()) {
    const auto open = static_cast<std::size_t>(std::ranges::count_if(
        node.entry_changes, [](const entry_change& change) { return undecided(change.now); }));
    if (open == 0) continue;
    shaky_directories_.push_back(inode);
    sizes.push_back(open);
    undecided_entries_ += open;
  }
  std::vector<bool> kept(undecided_entries_);
  if (weak && undecided_entries_ <= 8) {
    for (std::size_t bits = 0; bits < std::size_t{1} << undecided_entries_; ++bits) {
      for (std::size_t i = 0; i < kept.size(); ++i) kept[i] = (bits >> i & 1) != 0;
      add_entry_choice(kept);
    }
    return;
  }
  // Prefixes: of each directory by itself.
  for (std::size_t& size : sizes) ++size;
  const bool all = product(sizes, most_choices) <= most_choices;
  complete_ = complete_ && all && !weak;
  chooser choose(seed);
  std::vector<std::uint32_t> prefix(sizes.size());
  const auto add_prefix = [&] {
    std::size_t at = 0;
    for (std::size_t d = 0; d < sizes.size(); ++d) {
      for (std::size_t i = 0; i + 1 < sizes[d]; ++i) kept[at++] = i < prefix[d];
    }
    add_entry_choice(kept);
  };
  const std::size_t room = weak ? most_choices / 2 : most_choices;
  if (all && product(sizes, room) <= room) {
    do add_prefix();
    while (step(prefix, sizes));
  } else {
    add_prefix();
    for (std::size_t n = 2; n < room; ++n) {
      for (std::size_t d = 0; d < sizes.size(); ++d) {
        prefix[d] = static_cast<std::uint32_t>(choose.below(sizes[d]));
      }
      add_prefix();
    }
  }
  if (weak) {
    for (std::size_t n = entries_.size(); n + 1 < most_choices; ++n) {
      const std::uint64_t density = choose.below(7) + 1;
      for (std::size_t i = 0; i < kept.size(); ++i) kept[i] = choose.below(8) < density;
      add_entry_choice(kept);
    }
  }
  if (all && !weak) return;
  kept.assign(kept.size(), true);  // all_entries() is the last
  add_entry_choice(kept);
}

void crash_space::add_entry_choice(const std::vector<bool>& kept) {
  entry_choice choice{.kept = kept, .directories = {}, .files = {}, .hash = 0};
  std::vector<std::uint64_t> hashes;
  std::vector<std::uint64_t> to_look{disk_image::root};
  std::set<std::uint64_t> seen{disk_image::root};
  while (!to_look.empty()) {
    const std::uint64_t inode = to_look.back();
    to_look.pop_back();
    const disk_node* node = image_.node(inode);
    if (node == nullptr) continue;
    if (node->what != file_status::type::directory) {
      choice.files.push_back(inode);
      continue;
    }
    entry_map entries = node->durable_entries;
    std::size_t at = 0;
    for (const std::uint64_t shaky : shaky_directories_) {
      for (const entry_change& change : image_.node(shaky)->entry_changes) {
        const bool survives = !undecided(change.now) || kept[at++];
        if (survives && shaky == inode) change_entries(entries, change);
      }
    }
    for (const auto& [name, target] : entries) {
      const std::uint64_t numbers[] = {inode, hash_bytes(as_bytes(name), 2), target};
      hashes.push_back(hash_numbers(numbers));
      if (seen.insert(target).second) to_look.push_back(target);
    }
    choice.directories.emplace(inode, std::move(entries));
  }
  std::ranges::sort(choice.files);
  choice.hash = hash_numbers(hashes);
  entries_.push_back(std::move(choice));
}

// --- files ---

void crash_space::find_pieces() {
  std::set<std::uint64_t> reached;
  for (const entry_choice& choice : entries_) {
    reached.insert(choice.files.begin(), choice.files.end());
  }
  for (const std::uint64_t inode : reached) {
    const disk_node& node = *image_.node(inode);
    if (node.what != file_status::type::regular || node.changes.empty()) continue;
    shaky_file file;
    file.inode = inode;
    file.node = &node;
    file.first_piece = pieces_.size();
    for (std::size_t i = 0; i < node.changes.size(); ++i) {
      const file_change& change = node.changes[i];
      if (!undecided(change.now)) continue;
      if (change.what != file_change::type::data) {
        pieces_.push_back({.inode = inode, .change = i});
        continue;
      }
      for_each_piece(change, [&](std::uint64_t, std::uint64_t from, std::uint64_t to) {
        pieces_.push_back({.inode = inode, .change = i, .from = from, .to = to});
      });
    }
    file.end_piece = pieces_.size();
    for (const std::uint64_t length : node.lengths) {
      if (std::ranges::find(file.lengths, length) == file.lengths.end()) {
        file.lengths.push_back(length);
      }
    }
    // The present length last, so that the last choice is what a run without a crash would have.
    std::erase(file.lengths, node.lengths.back());
    file.lengths.push_back(node.lengths.back());
    files_.push_back(std::move(file));
  }
}

void crash_space::choose_lengths(std::uint64_t seed) {
  std::vector<std::size_t> sizes;
  for (const shaky_file& file : files_) sizes.push_back(file.lengths.size());
  std::vector<std::uint32_t> choice(files_.size());
  if (product(sizes, most_choices) <= most_choices) {
    do lengths_.push_back(choice);
    while (step(choice, sizes));
    return;
  }
  complete_ = false;
  chooser choose(seed ^ 0x1e57);
  lengths_.push_back(choice);  // the first lengths: what the last syncs left
  for (std::size_t n = 2; n < most_choices; ++n) {
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      choice[i] = static_cast<std::uint32_t>(choose.below(sizes[i]));
    }
    lengths_.push_back(choice);
  }
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    choice[i] = static_cast<std::uint32_t>(sizes[i] - 1);
  }
  lengths_.push_back(choice);
}

// --- decisions ---

crash_space::outcome crash_space::decide(const crash_plan& plan) {
  assert(plan.kept.size() == pieces_.size());
  const entry_choice& entries = entries_[plan.entries];
  decided_entries_ = plan.entries;
  outcome decided;
  std::vector<std::uint64_t> hashes{entries.hash};
  std::size_t next = 0;
  for (const std::uint64_t inode : entries.files) {
    while (next < files_.size() && files_[next].inode < inode) files_[next++].reachable = false;
    hashes.push_back(inode);
    if (next == files_.size() || files_[next].inode != inode) {
      hashes.push_back(hash_of_settled(inode));
      continue;
    }
    shaky_file& file = files_[next];
    file.reachable = true;
    const std::uint64_t length = file.lengths[lengths_[plan.lengths][next]];
    if (lay_out(file, length, plan)) decided.filled = true;
    hashes.push_back(hash_of(file));
    ++next;
  }
  while (next < files_.size()) files_[next++].reachable = false;
  decided.hash = hash_numbers(hashes);
  return decided;
}

bool crash_space::fill(shaky_file& file, std::uint64_t from, crash_fill with) const {
  if (from >= file.content.size()) return false;
  const auto hole = std::span(file.content).subspan(from);
  const bytes deleted = image_.deleted();
  if (with == crash_fill::deleted_file && !deleted.empty()) {
    for (std::size_t i = 0; i < hole.size(); ++i) hole[i] = deleted[(from + i) % deleted.size()];
  } else {
    std::ranges::fill(hole, with == crash_fill::pattern ? fill_pattern : std::byte{0});
  }
  return true;
}

/// Bytes from the platter, then every change that is safe or kept, oldest first, all below
/// `length`. True if the fill shows: it was laid beneath and not all of it was covered again (or
/// might not have been).
bool crash_space::lay_out(shaky_file& file, std::uint64_t length, const crash_plan& plan) {
  const disk_node& node = *file.node;
  const bytes durable = node.durable.view();
  file.content.resize(length);
  const std::size_t there = std::min<std::size_t>(durable.size(), length);
  if (there > 0) std::memcpy(file.content.data(), durable.data(), there);
  bool filled = fill(file, there, plan.fill);
  file.mode = node.durable_mode;
  file.owner = node.durable_owner;
  file.group = node.durable_group;
  const auto put = [&](const file_change& change, std::uint64_t from, std::uint64_t to) {
    to = std::min(to, length);
    if (from >= to) return;
    const bytes piece = change.data.view().subspan(from - change.offset, to - from);
    std::memcpy(file.content.data() + from, piece.data(), piece.size());
  };
  const auto keep_whole = [&](const file_change& change) {
    if (change.what == file_change::type::cut) {
      if (fill(file, change.offset, plan.fill)) filled = true;
    } else if (change.what == file_change::type::mode) {
      file.mode = change.mode;
    } else {
      file.owner = change.owner;
      file.group = change.group;
    }
  };
  std::size_t piece = file.first_piece;
  for (std::size_t i = 0; i < node.changes.size(); ++i) {
    const file_change& change = node.changes[i];
    if (!undecided(change.now)) {
      if (change.what == file_change::type::data) {
        put(change, change.offset, change.end());
      } else {
        keep_whole(change);
      }
      continue;
    }
    for (; piece < file.end_piece && pieces_[piece].change == i; ++piece) {
      auto [inode, index, from, to] = pieces_[piece];
      if (plan.torn == piece) {
        (plan.torn_head_kept ? to : from) = from + plan.torn_at;
      } else if (!plan.kept[piece]) {
        continue;
      }
      if (change.what == file_change::type::data) {
        put(change, from, to);
      } else {
        keep_whole(change);
      }
    }
  }
  return filled;
}

std::uint64_t crash_space::hash_of(const shaky_file& file) const {
  return hash_file(file.content, file.mode, file.owner, file.group);
}

std::uint64_t crash_space::hash_of_settled(std::uint64_t inode) {
  const auto [found, added] = settled_hashes_.try_emplace(inode, 0);
  if (added) {
    const disk_node& node = *image_.node(inode);
    found->second =
        hash_file(node.durable.view(), node.durable_mode, node.durable_owner, node.durable_group);
  }
  return found->second;
}

disk_image crash_space::image(bool lost_bytes_return) const {
  disk_image after;
  const entry_choice& entries = entries_[decided_entries_];
  const auto like = [](const disk_node& from) {
    disk_node node;
    node.what = from.what;
    node.mode = node.durable_mode = from.durable_mode;
    node.owner = node.durable_owner = from.durable_owner;
    node.group = node.durable_group = from.durable_group;
    return node;
  };
  for (const auto& [inode, names] : entries.directories) {
    disk_node node = like(*image_.node(inode));
    node.entries = node.durable_entries = names;
    after.place(inode, std::move(node));
  }
  for (const std::uint64_t inode : entries.files) {
    const disk_node& from = *image_.node(inode);
    disk_node node = like(from);
    node.cached = node.durable = from.durable;
    node.lengths = {node.durable.size()};
    after.place(inode, std::move(node));
  }
  for (const shaky_file& file : files_) {
    if (!file.reachable) continue;
    disk_node node;
    node.mode = node.durable_mode = file.mode;
    node.owner = node.durable_owner = file.owner;
    node.group = node.durable_group = file.group;
    node.cached = node.durable = shared_bytes(file.content);
    node.lengths = {file.content.size()};
    after.place(file.inode, std::move(node));
  }
  if (lost_bytes_return) after.bury(lost());
  return after;
}

/// What blocks that are handed out next may still hold: the bytes of a deleted file, or else those
/// that a file lost in this crash, at the very places where it had them.
shared_bytes crash_space::lost() const {
  for (const shaky_file& file : files_) {
    if (!file.reachable || file.node->cached.size() <= file.content.size()) continue;
    return file.node->cached;
  }
  return shared_bytes(image_.deleted());
}

std::string crash_space::describe(const crash_plan& plan) const {
  std::string text;
  for (std::size_t i = 0; i < files_.size(); ++i) {
    const shaky_file& file = files_[i];
    text += "inode " + std::to_string(file.inode) + ": length " +
            std::to_string(file.lengths[lengths_[plan.lengths][i]]) + ", pieces ";
    for (std::size_t p = file.first_piece; p < file.end_piece; ++p) {
      text += plan.torn == p ? 'T' : plan.kept[p] ? '1' : '0';
    }
    if (plan.torn >= file.first_piece && plan.torn < file.end_piece) {
      text += std::string(plan.torn_head_kept ? ", only before byte " : ", only from byte ") +
              std::to_string(pieces_[plan.torn].from + plan.torn_at);
    }
    text += "; ";
  }
  text += "entries ";
  for (const bool kept : entries_[plan.entries].kept) text += kept ? '1' : '0';
  constexpr std::string_view fills[] = {"zeros", "0xa5", "a deleted file's bytes"};
  return text.append("; holes read as ").append(fills[static_cast<std::size_t>(plan.fill)]);
}

}  // namespace shelf::simulation
