// API  [api] -> engine -> stores -> journal -> file
// The border to a database whose writes somebody else decides: its memory, and who decides.
#pragma once

#include "shelf/detail/database_core.hpp"
#include "shelf/detail/function_ref.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace shelf::detail {

/// A table of a replica, as the authority describes it.
struct replica_table {
  std::uint32_t number = 0;  ///< the authority's; not 0, and never given twice
  std::string name;
  kind what = kind::set;
  std::string key_schema;
  std::string value_schema;
};

/// One change of a commit. Keys and values are terms that nobody has checked.
struct replica_change {
  enum class verb : std::uint8_t { put, append, erase, erase_value, clear };
  verb what = verb::put;
  std::uint32_t table = 0;
  bytes key = {};
  bytes value = {};
};

/// A change that owns its bytes.
struct planned_change {
  replica_change::verb what = replica_change::verb::put;
  std::uint32_t table = 0;
  std::vector<std::byte> key = {};
  std::vector<std::byte> value = {};
};

/// What a write has read, and which must be so when it happens.
struct planned_read {
  enum class scope : std::uint8_t {
    key,    ///< `count` values of `key`
    up_to,  ///< all keys up to this one, itself included
    from,   ///< this key and all behind it
    table,  ///< every entry
  };
  scope what = scope::key;
  std::uint32_t table = 0;
  std::vector<std::byte> key = {};
  std::size_t count = 0;
};

/// What a write would do now.
struct planned_write {
  std::vector<planned_change> changes = {};  ///< none: nothing
  std::vector<planned_read> reads = {};      ///< none: it happens whatever is there
  bool is_clear = false;                     ///< of a whole table
};

/// A write of a table, on the stack of its writer, who waits, or posted.
class replica_write {
 public:
  /// Nothing of it happens. Must not be called once it is decided.
  virtual void fail(const error& why) = 0;
  /// It has happened, and what it found is not known. False: its writer has to know that.
  [[nodiscard]] virtual bool succeed() noexcept = 0;
  /// It has failed, or was decided and is shown, and is not looked at any more. Why it has failed.
  virtual std::optional<error> finished() noexcept = 0;
  /// About how much it has to say.
  [[nodiscard]] virtual std::size_t size() const noexcept = 0;
  /// The table, in messages.
  [[nodiscard]] virtual const std::string& label() const noexcept = 0;

 protected:
  ~replica_write() = default;
};

/// Writes tried on top of what a replica shows, one after the other, in its turn. None of it is
/// shown.
class replica_trial {
 public:
  enum class outcome : std::uint8_t {
    planned,
    must_wait,  ///< it cannot be tried on top of others: it has to be the first of a trial
    over        ///< it needs no commit: it failed, or its writer has to do something first
  };
  [[nodiscard]] virtual outcome plan(replica_write& w, planned_write& into) = 0;
  /// Tells the writer what has become of it.
  virtual void decide(replica_write& w) = 0;
  /// Tells the writer so, if nothing becomes of it. Else false, and nothing can be decided any
  /// more.
  [[nodiscard]] virtual bool decide_if_idle(replica_write& w) = 0;

 protected:
  ~replica_trial() = default;
};

/// All tables at one commit, to take the place of what a replica shows.
/// Thread safety: one thread.
class replica_image {
 public:
  virtual ~replica_image() = default;
  /// Before its entries. Errors: wrong_kind, type_mismatch: the program has declared other types;
  /// corrupt.
  [[nodiscard]] virtual result<> add_table(const replica_table& t) = 0;
  /// The values of a key come in their order. Errors: corrupt.
  [[nodiscard]] virtual result<> add(std::uint32_t table, bytes key, bytes value) = 0;
  /// Checks what was added, and shows it in one step. `shown` is called in the turn, at that
  /// moment, and must not throw. Errors: type_mismatch, if entries do not fit; conflict: the
  /// program has declared a table meanwhile, so a new image is needed; table_closed. On error
  /// nothing has changed.
  [[nodiscard]] virtual result<> publish(function_ref<void()> shown) = 0;
};

/// The memory of a database whose commits come from elsewhere.
/// Thread safety: one thread at a time, that of whoever follows.
class replica {
 public:
  virtual ~replica() = default;
  [[nodiscard]] virtual std::unique_ptr<replica_image> begin_image() = 0;
  /// Calls `f` in the turn. Errors: table_closed. Throws std::bad_alloc.
  [[nodiscard]] virtual result<> try_writes(function_ref<void(replica_trial&)> f) = 0;
  /// Shows a commit in one step. Before that, in the same turn, `decide` tells writers what it
  /// makes of what is there. `shown` as above. Errors: type_mismatch, if an entry does not fit
  /// its table; corrupt, if there is no such table; table_closed. On error nothing has changed.
  [[nodiscard]] virtual result<> apply(std::span<const replica_change> changes,
                                       function_ref<void(replica_trial&)> decide,
                                       function_ref<void()> shown) = 0;
  /// A new table, empty. Nothing happens if it is there. Errors: corrupt, for what cannot be a
  /// table; table_closed.
  [[nodiscard]] virtual result<> add_table(const replica_table& t) = 0;
  /// Handles of the table are closed. Nothing happens if it is not there.
  virtual void drop_table(std::uint32_t number) = 0;
  /// Whether reads that can fail do so, because what they would show is too old.
  virtual void refuse_reads(bool as_stale) noexcept = 0;
  virtual void report(const error& why) noexcept = 0;
};

/// Who decides the writes of a replica's database, and its life. One database has one for ever.
/// Thread safety: all calls from any thread.
class authority {
 public:
  virtual ~authority() = default;
  /// Returns once the write is decided, and what it did is shown; or it has failed.
  virtual void submit(replica_write& w) = 0;
  /// Takes a write for which nobody waits, and `owner`, who keeps it alive. Its number. Errors:
  /// overloaded, table_closed: it does not happen.
  [[nodiscard]] virtual result<std::uint64_t> post(replica_write& w,
                                                   std::shared_ptr<void> owner) = 0;
  /// Others have to wait from here on, at most for a second: until the next write of this thread is
  /// decided, or what it returns goes. Null: that could not be had.
  [[nodiscard]] virtual std::shared_ptr<void> hold() = 0;
  /// Returns once the outcome is known. Errors: why it was rejected; indeterminate, if it is not
  /// known in time.
  [[nodiscard]] virtual result<> await(const posted& p) = 0;
  /// Returns once the replica has a table of that name; whether it is of these types is for the
  /// caller to see.
  [[nodiscard]] virtual result<> declare(const replica_table& wanted) = 0;
  /// Returns once everything that was acknowledged anywhere before the call is shown.
  [[nodiscard]] virtual result<> sync() = 0;
  [[nodiscard]] virtual result<> save() = 0;
  [[nodiscard]] virtual result<> reload() = 0;
  [[nodiscard]] virtual result<> recover() = 0;
  /// Ends all that goes on in the background, after what is under way or, abandoned, at once. The
  /// replica is not called any more.
  [[nodiscard]] virtual result<> close() = 0;
  virtual void abandon() noexcept = 0;
};

/// A database that is to be filled.
struct opened_replica {
  std::shared_ptr<database_core> database;
  replica* memory = nullptr;  ///< lives as long as the database
};

/// A database in memory without tables; it gets those of the first image. Those that the program
/// declares have its types. Errors: invalid_argument: names, bounds, a time to live, or a table in
/// memory alone.
[[nodiscard]] result<opened_replica> open_replica(core_config config,
                                                  std::vector<wanted_table> declared);
/// Before anybody uses the database.
void set_authority(database_core& of, std::shared_ptr<authority> by) noexcept;
/// Null, if the database decides itself.
[[nodiscard]] std::shared_ptr<authority> authority_of(const database_core& of) noexcept;

}  // namespace shelf::detail
