// SIMULATION  [simulation] -> file
// All that is undecided on a disk at the moment of a power cut, and the disk that one decision
// makes of it.
#pragma once

#include "simulation/disk_image.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace shelf::simulation {

/// What may be kept or lost by itself: a 512-byte piece of a write, or a whole truncate, mode or
/// owner.
struct crash_piece {
  std::uint64_t inode = 0;
  std::size_t change = 0;  // index in the node's changes
  std::uint64_t from = 0;  // of data: the range in the file
  std::uint64_t to = 0;

  [[nodiscard]] std::uint64_t size() const noexcept { return to - from; }
};

/// How bytes read that lie below the length but were never written.
enum class crash_fill : std::uint8_t { zeros, pattern, deleted_file };

/// One decision about everything undecided.
struct crash_plan {
  std::vector<bool> kept;   // by piece
  std::size_t lengths = 0;  // index of a choice of lengths
  std::size_t entries = 0;  // index of a choice of directory entries
  crash_fill fill = crash_fill::zeros;
  static constexpr std::size_t no_piece = ~std::size_t{0};
  std::size_t torn = no_piece;  // this piece is kept in part only:
  std::uint64_t torn_at = 0;    // cut after so many of its bytes,
  bool torn_head_kept = true;   // the bytes before the cut are new, or those behind it
};

/// The space of crash states of an image. The image must stay alive and unchanged.
/// Only what a name can still reach is in it: pieces of lost files decide nothing.
class crash_space {
 public:
  /// weak_directories: see crash_options. At most `most_choices` choices of lengths and of entries
  /// are in the space; is_complete() tells whether that was all.
  crash_space(const disk_image& image, bool weak_directories, std::uint64_t seed);
  static constexpr std::size_t most_choices = 256;

  [[nodiscard]] const std::vector<crash_piece>& pieces() const noexcept { return pieces_; }
  [[nodiscard]] std::size_t length_choices() const noexcept { return lengths_.size(); }
  [[nodiscard]] std::size_t entry_choices() const noexcept { return entries_.size(); }
  [[nodiscard]] std::size_t fills() const noexcept { return image_.deleted().empty() ? 2 : 3; }
  [[nodiscard]] bool is_complete() const noexcept { return complete_; }
  /// The choices under which the most survives: the last lengths, all entries.
  [[nodiscard]] std::size_t last_lengths() const noexcept { return lengths_.size() - 1; }
  [[nodiscard]] std::size_t all_entries() const noexcept { return entries_.size() - 1; }

  struct outcome {
    std::uint64_t hash = 0;  // equal disks have equal hashes
    bool filled = false;     // some byte came from the plan's fill
  };
  /// Works out what the plan leaves; image() then makes a disk of it.
  outcome decide(const crash_plan& plan);
  /// The disk of the last decide(). lost_bytes_return: in holes that a later crash leaves there may
  /// stand what was deleted before this one, or what a file lost in it.
  [[nodiscard]] disk_image image(bool lost_bytes_return) const;
  [[nodiscard]] std::string describe(const crash_plan& plan) const;

 private:
  struct shaky_file {
    std::uint64_t inode = 0;
    const disk_node* node = nullptr;
    std::size_t first_piece = 0;
    std::size_t end_piece = 0;
    std::vector<std::uint64_t> lengths;  // distinct, as passed through
    // of the last decision:
    bool reachable = false;
    std::vector<std::byte> content;
    std::uint32_t mode = 0;
    std::uint32_t owner = 0;
    std::uint32_t group = 0;
  };
  struct entry_choice {
    std::vector<bool> kept;                          // by undecided entry change
    std::map<std::uint64_t, entry_map> directories;  // those that are reached
    std::vector<std::uint64_t> files;                // all else that is reached
    std::uint64_t hash = 0;
  };

  void choose_entries(bool weak, std::uint64_t seed);
  void add_entry_choice(const std::vector<bool>& kept);
  void find_pieces();
  void choose_lengths(std::uint64_t seed);
  bool lay_out(shaky_file& file, std::uint64_t length, const crash_plan& plan);
  bool fill(shaky_file& file, std::uint64_t from, crash_fill with) const;
  [[nodiscard]] shared_bytes lost() const;
  [[nodiscard]] std::uint64_t hash_of(const shaky_file& file) const;
  [[nodiscard]] std::uint64_t hash_of_settled(std::uint64_t inode);

  const disk_image& image_;
  std::vector<std::uint64_t> shaky_directories_;
  std::size_t undecided_entries_ = 0;
  std::vector<entry_choice> entries_;
  std::vector<shaky_file> files_;
  std::vector<crash_piece> pieces_;
  std::vector<std::vector<std::uint32_t>>
      lengths_;  // by choice, by shaky file: index in its lengths
  std::map<std::uint64_t, std::uint64_t> settled_hashes_;
  std::size_t decided_entries_ = 0;
  bool complete_ = true;
};

/// Numbers that look random, for choices that a seed must be able to repeat.
class chooser {
 public:
  explicit chooser(std::uint64_t seed) noexcept : state_(seed) {}
  std::uint64_t next() noexcept;
  /// Below `end`, which is not 0.
  std::size_t below(std::size_t end) noexcept { return static_cast<std::size_t>(next() % end); }

 private:
  std::uint64_t state_;
};

}  // namespace shelf::simulation
