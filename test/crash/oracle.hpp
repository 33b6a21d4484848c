// TEST  crash
// Which states a table may be found in after a crash: some prefix of what was issued, holding at
// least what was promised.
#pragma once

#include "crash/model.hpp"
#include "shelf/config.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace shelf::crash {

/// What took the machine down.
enum class fall : std::uint8_t { power, kill };

/// The states that the file went through, in order, and the points in the recording from which on
/// each was promised. Points are numbers of disk operations: a crash at n lets operations 1 to n
/// happen.
class oracle {
 public:
  oracle() { versions_.push_back({nullptr, digest::no_table, 0}); }

  /// The file's next state, by a call that began after `started` operations and was acknowledged.
  void happened(std::uint64_t started, const entries& content);
  /// A state that a failed call may have left in the file.
  void may_have_happened(std::uint64_t started, const entries& content);
  /// From `at` on the last state that happened survives a kill, or also a power cut.
  void promise(std::uint64_t at, fall survived);
  /// The disk failed: until the next promise, a kill may lose what a power cut may lose, because
  /// the page cache cannot be believed.
  void disk_failed(std::uint64_t at);

  struct state {
    std::shared_ptr<const entries> content;  ///< null: there is no file
    std::uint64_t digest = digest::no_table;
    std::uint64_t started = 0;
  };
  /// What may be found after a crash at `at`. any_prefix: promises do not count (the disk lies).
  [[nodiscard]] std::vector<state> allowed(std::uint64_t at, fall by, bool any_prefix) const;
  /// The disk failed, and since then nothing was promised.
  [[nodiscard]] bool in_doubt(std::uint64_t at) const;

 private:
  struct mark {
    std::uint64_t at = 0;
    std::size_t version = 0;
    bool in_doubt = false;
  };
  [[nodiscard]] static const mark& last_at(const std::vector<mark>& marks, std::uint64_t at);

  std::vector<state> versions_;  // the first: no file
  std::size_t last_ = 0;         // the last that surely happened
  std::vector<mark> survives_power_{{}};
  std::vector<mark> survives_kill_{{}};
};

/// Whether a crash of this kind leaves no prefix, but only what holds_what_all_share() asks for.
[[nodiscard]] bool is_loose(file_format format, write_mode mode, fall by, bool in_doubt) noexcept;
/// Whether each key that is the same in all of these is so in what was found. No more is sure of a
/// DETS file after a power cut, unless every write was synced: see docs/dets.md.
[[nodiscard]] bool holds_what_all_share(const entries& found,
                                        const std::vector<oracle::state>& allowed);

[[nodiscard]] std::string to_text(const std::vector<oracle::state>& states);

}  // namespace shelf::crash
