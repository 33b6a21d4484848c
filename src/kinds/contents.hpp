// KINDS  api -> engine -> [kinds] -> memory -> file
// The border every in-memory kind keeps: readers that never wait, one writer that stages and
// publishes.
#pragma once

#include "journal/change.hpp"
#include "kinds/entry.hpp"
#include "kinds/index_place.hpp"
#include "kinds/key_order.hpp"
#include "memory/epoch.hpp"
#include "shelf/detail/function_ref.hpp"
#include "shelf/detail/index_definition.hpp"
#include "shelf/detail/sought_key.hpp"
#include "shelf/kind.hpp"

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace shelf::kinds {

using detail::sought_key;

/// A version of the table: the sequence number of the last batch it shows.
using sequence = std::uint64_t;
/// The newest published version, whatever it is when the reader gets there.
inline constexpr sequence latest = ~sequence{0};

/// What staging a change came to.
enum class staged : std::uint8_t {
  added,      ///< a new entry will be there
  replaced,   ///< an entry will be replaced
  unchanged,  ///< nothing to do: the same entry is there, or there is nothing to erase
  erased,     ///< entries will go (see erased_count)
};

class expiry_wheel;
class index_set;
class residents;
class version_board;

struct staging {
  staged what = staged::unchanged;
  std::size_t erased_count = 0;
};

/// Walks the entries of one pinned version, each exactly once. Bags: the values of a key stand
/// together, in insertion order. Ordered: in key order. The entries handed out live as long as the
/// pin.
/// Thread safety: one thread at a time. Takes and leaves epoch guards itself.
class walker {
 public:
  virtual ~walker() = default;
  /// The next few entries (at most a few hundred), valid until the next call; empty at the end.
  [[nodiscard]] virtual std::span<const entry* const> next() = 0;
};

/// The unsaved changes of a write-back table, in the order in which they must be written.
/// Set kinds: one change a key. Bags: appends and erases as they came.
struct unsaved_change {
  journal::op what = journal::op::put;  ///< put, erase, append, erase_value
  const entry* which = nullptr;         ///< its key (and value, where the op has one)
};

/// One in-memory kind of table.
///
/// Versions: a batch is staged change by change, then stamped with a sequence number greater than
/// any before, then shown by the version board, which the tables of a database share: so a batch
/// over several of them is published in one step. A reader sees a batch whole or not at all at a
/// pinned version; a lookup at `latest` may see a batch published meanwhile, never one that is not
/// published. While a version is pinned, all it shows is kept.
///
/// Memory: staging does every allocation; stamp, settle and discard never fail. bad_alloc out of a
/// stage_ call leaves what was staged before it staged and everything readers see unchanged.
///
/// Thread safety: stage_*, stamp, settle, discard, the unsaved list and collecting: one thread at a
/// time (the writer in its turn). All else from any thread, lock-free against the writer; find,
/// find_all and announce only inside an epoch guard.
class contents : public std::enable_shared_from_this<contents> {
 public:
  struct options {
    kind what = kind::set;
    bool track_unsaved = false;   ///< keep the list of changes from the beginning
    std::uint64_t hash_seed = 0;  ///< per process, secret: hash flooding
    sequence first = 0;           ///< version of the empty table
    /// Shared with other contents; null: one of its own, which begins at `first`.
    std::shared_ptr<version_board> board = nullptr;
    key_order order{};  ///< ordered_set: how keys compare (terms::compare, terms::order_prefix)
    deadline now = 0;   ///< about what time it is; where the wheel begins
    detail::index_definitions indexes = nullptr;  ///< empty ones come with the contents
    bool is_bounded = false;                      ///< keeps count of its residents
    bool evicts = false;                          ///< and of which go first; set kinds
  };
  [[nodiscard]] static std::shared_ptr<contents> make(const options& o);
  virtual ~contents();

  // Readers.
  /// Entries at the last published version. Constant time.
  [[nodiscard]] virtual std::size_t size() const noexcept = 0;
  /// Entries at a pinned version.
  [[nodiscard]] virtual std::size_t size_at(sequence at) const noexcept = 0;
  /// The version that changed these contents last. For the writer, in its turn.
  [[nodiscard]] virtual sequence changed_at() const noexcept = 0;
  /// The last published version of all contents that share the board.
  [[nodiscard]] sequence published() const noexcept;
  [[nodiscard]] version_board& board() const noexcept { return *board_; }
  [[nodiscard]] const std::shared_ptr<version_board>& shared_board() const noexcept {
    return board_;
  }
  /// The entry of a key, in bags the first of its values. nullptr if absent. `at` is `latest` or a
  /// pinned version.
  /// Ordered: only by its term.
  [[nodiscard]] virtual const entry* find(const sought_key& key, sequence at) const noexcept = 0;
  /// find for many keys, with the memory fetched ahead. `found` is as long as `keys`.
  virtual void find_many(std::span<const sought_key> keys, std::span<const entry*> found,
                         sequence at) const noexcept = 0;
  /// Bags: the entries of a key in insertion order, appended to `found`.
  virtual void find_all(const sought_key& key, sequence at,
                        std::vector<const entry*>& found) const = 0;
  [[nodiscard]] bool contains(const sought_key& key, sequence at) const noexcept {
    return find(key, at) != nullptr;
  }
  /// Bytes held for entries and index, freed and waiting included.
  [[nodiscard]] virtual std::size_t memory_bytes() const noexcept = 0;
  /// Sum of key and value bytes of the entries at the last published version.
  [[nodiscard]] virtual std::size_t payload_bytes() const noexcept = 0;

  // Pins.
  struct pinned {
    sequence at = 0;
    std::size_t size = 0;  ///< entries at that version
    std::size_t slot = 0;
  };
  /// Pins the last published version; never waits. Throws std::bad_alloc.
  [[nodiscard]] pinned pin();
  void unpin(const pinned& p) noexcept;
  [[nodiscard]] std::size_t pin_count() const noexcept;
  [[nodiscard]] virtual std::unique_ptr<walker> walk(sequence at) const = 0;

  // The writer, in its turn.
  /// Makes room so that staging `count` new entries goes fast and their publishing is spread no
  /// further.
  virtual void reserve(std::size_t count) = 0;
  /// put (set kinds) or append (bags). Takes the entry unless the answer is unchanged. Its bytes
  /// stay until the batch is published or discarded, even if a later change of the batch replaces
  /// it: the journal may refer to them. `hash` is what announce() said of the key.
  [[nodiscard]] virtual staging stage_insert(entry::owner& e, std::uint64_t hash) = 0;
  [[nodiscard]] staging stage_insert(entry::owner& e) {
    return stage_insert(e, announce(e->key()));
  }
  /// An insert of this key comes soon: has the processor load what that will look at. Returns the
  /// key's hash, which is the same for all contents of a table. Any thread, inside an epoch guard.
  [[nodiscard]] virtual std::uint64_t announce(bytes /*key*/) const noexcept { return 0; }
  /// erase: the key with all its values.
  [[nodiscard]] virtual staging stage_erase(bytes key) = 0;
  /// Set kinds: erase if the value is this one. Bags: every copy of the pair.
  [[nodiscard]] virtual staging stage_erase_value(bytes key, bytes value) = 0;
  /// Set kinds: the entry of a key as the staged changes leave it. Bags: any live entry of the key.
  [[nodiscard]] virtual const entry* find_staged(bytes key, std::uint64_t hash) const = 0;
  [[nodiscard]] const entry* find_staged(bytes key) const {
    return find_staged(key, announce(key));
  }
  /// Calls `f` with each entry of a key as the staged changes leave it, in insertion order.
  virtual void show_staged(bytes key, detail::function_ref<void(const entry&)> f) const {
    if (const auto* const e = find_staged(key)) f(*e);
  }
  /// Gives all that was staged the number of the version that will show it. The board publishes
  /// that number next, and settle() follows.
  virtual void stamp(sequence number) noexcept = 0;
  /// What was staged is published: lets go of what it replaced. Returns how many blocks wait for
  /// their readers to leave.
  virtual std::size_t settle(sequence number) noexcept = 0;
  /// All three steps, for contents that are alone on their board.
  std::size_t publish(sequence number) noexcept;
  /// Forgets all that was staged.
  virtual void discard() noexcept = 0;
  /// Goes over to a board that others share. While no reader has these contents, nothing is staged
  /// and no version is pinned; all their entries are older than what that board has published.
  virtual void join(std::shared_ptr<version_board> board) noexcept = 0;
  /// Number of changes staged.
  [[nodiscard]] virtual std::size_t staged_count() const noexcept = 0;

  // Write-back: the list of changes since the last save.
  /// From here on changes are listed; what is there now counts as saved. Nothing may be staged.
  virtual void track_unsaved(bool wanted) noexcept = 0;
  [[nodiscard]] virtual std::size_t unsaved_count() const noexcept = 0;
  /// Takes the list; what it points to lives until settle_unsaved or return_unsaved.
  [[nodiscard]] virtual std::vector<unsaved_change> take_unsaved() = 0;
  /// The list taken last is on disk: forgets it and what was kept for it.
  virtual void settle_unsaved() noexcept = 0;
  /// The list taken last is not on disk: puts it back in front of what has changed since.
  virtual void return_unsaved() noexcept = 0;

  /// Frees what no reader and no pin can reach any more, some `most` blocks of it. True if more of
  /// it is left. Publishing does some of this; when nothing is written, somebody has to call it.
  virtual bool collect_some(std::size_t most) noexcept = 0;
  /// All of it.
  void collect_garbage() noexcept {
    while (collect_some(std::size_t{1} << 20)) {
    }
  }
  /// Blocks that wait for their readers to leave.
  [[nodiscard]] virtual std::size_t waiting() const noexcept = 0;

  // Entries that expire (set kinds). All functions show them whatever the time is: who asks looks
  // at the deadline.
  /// Whether there ever was one.
  [[nodiscard]] bool has_deadlines() const noexcept {
    return has_deadlines_.load(std::memory_order_relaxed);
  }
  /// Those that are published. The writer's own.
  [[nodiscard]] virtual expiry_wheel& wheel() noexcept = 0;
  [[nodiscard]] virtual const expiry_wheel& wheel() const noexcept = 0;

  // Of a table that is bounded.
  /// What it holds as the staged changes leave it; null if it is not bounded. The writer's own.
  [[nodiscard]] const residents* population() const noexcept { return population_; }
  [[nodiscard]] residents* population() noexcept { return population_; }
  /// Makes the entry one that these contents can hold. Before stage_insert(). Throws
  /// std::bad_alloc.
  void fit(entry::owner& e) const {
    if (evicts_ && !e->is_resident()) [[unlikely]]
      e = entry::make_resident(*e);
  }

  /// The version from which the table shows these contents. Set before any reader has them.
  sequence since = 0;
  /// Null if the table has none. Whoever stages entries stages them here, too.
  index_place indexes;

  /// A place in the table's list of what it has let go of; see retired_contents.
  struct retirement_place {
    std::weak_ptr<contents> what;
    std::shared_ptr<contents> held;  ///< while a pin may ask for it
    sequence until = 0;
  };
  memory::epoch::waiting farewell;  ///< where the whole contents wait when a table lets go of them
  std::list<retirement_place> retirement;  ///< the place, until it is needed

 protected:
  explicit contents(const options& o);
  /// From the destructor of a kind: what its table held, and now gives up.
  void note_released(std::size_t bytes) noexcept { released_ = bytes; }

  std::shared_ptr<version_board> board_;
  std::atomic<bool> has_deadlines_{false};
  residents* population_ = nullptr;  ///< if they are bounded
  const bool evicts_;

 private:
  [[nodiscard]] static std::shared_ptr<contents> make_kind(const options& o);

  std::size_t released_ = 0;
};

/// A version pinned as long as this lives.
class held_version {
 public:
  /// Throws std::bad_alloc.
  explicit held_version(std::shared_ptr<contents> of) : of_(std::move(of)), pinned_(of_->pin()) {}
  held_version(held_version&& other) noexcept : of_(std::move(other.of_)), pinned_(other.pinned_) {}
  held_version& operator=(held_version&&) = delete;
  ~held_version() {
    if (of_) of_->unpin(pinned_);
  }
  [[nodiscard]] contents& of() const noexcept { return *of_; }
  [[nodiscard]] sequence at() const noexcept { return pinned_.at; }
  [[nodiscard]] std::size_t size() const noexcept { return pinned_.size; }
  [[nodiscard]] std::unique_ptr<walker> walk() const { return of_->walk(pinned_.at); }

 private:
  std::shared_ptr<contents> of_;
  contents::pinned pinned_;
};

/// What an ordered table answers beyond that. Keys compare as terms do (docs/types.md).
class ordered_contents : public contents {
 public:
  using contents::contents;
  enum class place : std::uint8_t {
    first,        ///< the first entry of all
    last,         ///< the last entry of all
    at_or_after,  ///< the first whose key is not before the given one: lower_bound
    after,        ///< the first whose key is after it: upper_bound, next
    before,       ///< the last whose key is before it: previous
    at_or_before  ///< the last whose key is not after it
  };
  /// nullptr if there is none. Inside an epoch guard.
  [[nodiscard]] virtual const entry* seek(place where, bytes key, sequence at) const noexcept = 0;
  /// The same as the staged changes leave it. The writer, in its turn.
  [[nodiscard]] virtual const entry* seek_staged(place where, bytes key) const noexcept = 0;
  /// How many keys are before this one. Logarithmic.
  [[nodiscard]] virtual std::size_t rank(bytes key, sequence at) const noexcept = 0;
  /// The entry with `index` entries before it, nullptr past the end. Logarithmic.
  [[nodiscard]] virtual const entry* nth(std::size_t index, sequence at) const noexcept = 0;
  /// Walks the entries of rank [from, to) of a pinned version.
  [[nodiscard]] virtual std::unique_ptr<walker> walk_ranks(sequence at, std::size_t from,
                                                           std::size_t to) const = 0;
};

}  // namespace shelf::kinds
