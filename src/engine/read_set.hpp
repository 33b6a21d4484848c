// ENGINE  api -> [engine] -> stores -> journal -> file
// What a transaction read of a table, to be read again in the turn: the same answers make it valid.
#pragma once

#include "engine/expiry_clock.hpp"
#include "kinds/contents.hpp"
#include "shelf/detail/replica.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace shelf::engine {

using kinds::contents;
using kinds::entry;
using kinds::ordered_contents;
using kinds::sequence;

/// A term kept.
using kept_bytes = std::vector<std::byte>;

/// The reads of one run of a transaction from one table.
///
/// An entry that was seen is named by its address: the run's pin keeps it, so no other entry gets
/// that address meanwhile.
///
/// Thread safety: one thread at a time.
class read_set {
 public:
  /// A part of the key order that was walked. It grows as the walk goes on.
  struct range {
    std::optional<kept_bytes> from;
    std::optional<kept_bytes> to;
    bool from_is_out = false;  ///< `from` itself was not read
    bool to_is_in = false;     ///< `to` itself was read
    bool is_empty = true;      ///< nothing was asked yet
  };

  /// What time it was for the run, if it has asked, and what time it is in the turn. None of the
  /// entries that the run was shown has expired in between.
  struct times {
    std::optional<deadline> then;
    detail::function_ref<deadline()> now;
  };

  void add_key(bytes key, const entry* seen);
  /// Whether the version's size counts the key, which it does of one that has expired too.
  void add_counted(bytes key, bool seen);
  void add_list(bytes key, std::vector<const entry*> seen);
  void add_size(std::size_t seen) { size_ = seen; }
  void add_walk() noexcept { is_walked_ = true; }
  void add_seek(ordered_contents::place where, bytes key, const entry* seen);
  /// behind: the key itself was counted, if it was there.
  void add_rank(bytes key, bool behind, std::size_t seen);
  /// Stays where it is until the set goes.
  [[nodiscard]] range& add_range();

  [[nodiscard]] bool empty() const noexcept;
  [[nodiscard]] bool has_only_keys() const noexcept;
  /// Has the memory that is_valid() looks at fetched to the processor; inside an epoch guard.
  void announce(const contents& now);
  /// In the turn: whether every read has the same answer on top of what is staged in `now`, of
  /// which `then` was seen at `at`. Unless it has only keys, nothing is staged.
  [[nodiscard]] bool is_valid(const contents& now, const contents& then, sequence at,
                              const times& t) const;
  /// Adds the reads of single keys. Whether there were no others.
  [[nodiscard]] bool plan_keys(std::uint32_t table, std::vector<detail::planned_read>& into) const;
  /// About how many bytes it takes.
  [[nodiscard]] std::size_t bytes_held() const noexcept { return held_; }

 private:
  struct key_read {
    const entry* seen;  ///< null: the key was absent
    kept_bytes key;     ///< then
    std::uint64_t hash = 0;
    [[nodiscard]] bytes term() const noexcept { return seen != nullptr ? seen->key() : bytes(key); }
  };
  struct counted_read {
    kept_bytes key;
    bool seen;
  };
  struct list_read {
    kept_bytes key;
    std::vector<const entry*> seen;
  };
  struct seek_read {
    ordered_contents::place where;
    kept_bytes key;
    const entry* seen;
  };
  struct rank_read {
    kept_bytes key;
    bool behind;
    std::size_t seen;
  };

  std::vector<key_read> keys_;
  std::vector<counted_read> counted_;
  std::vector<list_read> lists_;
  std::vector<seek_read> seeks_;
  std::vector<rank_read> ranks_;
  std::vector<std::unique_ptr<range>> ranges_;
  std::optional<std::size_t> size_;
  bool is_walked_ = false;
  std::size_t held_ = 0;
};

/// How many keys are before this one in a version, itself included if `behind`. Inside an epoch
/// guard.
[[nodiscard]] std::size_t rank_of(bytes key, bool behind, const ordered_contents& in, sequence at);

/// The ranks [first, second) that a range has in a version.
struct rank_span {
  std::size_t from = 0;
  std::size_t to = 0;
};
[[nodiscard]] rank_span ranks_of(const read_set::range& r, const ordered_contents& in, sequence at);
/// The entries of these ranks, the last one first, a few at a time.
[[nodiscard]] std::unique_ptr<kinds::walker> walk_backwards(const ordered_contents& of, sequence at,
                                                            rank_span ranks);

}  // namespace shelf::engine
