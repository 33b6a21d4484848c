// API  [api] -> engine -> stores -> journal -> file
// Files of Erlang's DETS: opened, read and written in place, so that the BEAM can open them again.
#pragma once

#include "shelf/config.hpp"
#include "shelf/detail/callback.hpp"
#include "shelf/detail/clock.hpp"
#include "shelf/detail/function_ref.hpp"
#include "shelf/error.hpp"
#include "shelf/function.hpp"
#include "shelf/kind.hpp"
#include "shelf/progress.hpp"
#include "shelf/repair.hpp"
#include "shelf/term.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>  // the concepts of ranges, too, which constrain it; <ranges> brings the views
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace shelf::dets {

/// How to open a file. An aggregate: name what differs from the defaults.
struct config {
  /// The file, UTF-8. Relative paths are resolved against base_directory, otherwise the working
  /// directory.
  std::string path = {};
  /// If set, the path cannot leave this directory.
  std::optional<std::string> base_directory = {};
  /// set, bag or duplicate_bag; another in the file is wrong_kind. Default: what the file is, and
  /// set for a new one.
  std::optional<kind> type = {};
  /// Which element of an object is its key, from 1; another in the file is type_mismatch. Default:
  /// what the file says, and 1 for a new one.
  std::optional<std::uint32_t> keypos = {};
  /// What open expects to find.
  shelf::opening opening = shelf::opening::create_if_missing;
  /// through: every change reaches the file before the call returns, so a kill loses nothing.
  /// durable: it is also synced. back is invalid_argument: there is no cache.
  write_mode mode = write_mode::through;
  /// How small reads and writes access the file.
  file_io io = file_io::calls;
  /// What to do with a file that needs a repair.
  repair_policy repair = repair_policy::automatic;
  /// Receives the progress of a repair while the file is opened. Not called later.
  progress tell_repair = {};
  /// How many slots a new file has at least; a power of two, else rounded up. A slot is a list of
  /// keys in the file, best with one key in it.
  std::uint32_t min_slots = 256;
  /// How many slots a new file may get.
  std::uint32_t max_slots = 33'554'432;
  /// Saves in the background this long after the first change since the last save; zero: never. As
  /// in OTP it keeps the time short in which a crash means a repair.
  std::chrono::milliseconds auto_save{180'000};
  /// Receives errors of the destructor and of background saves. Default: prints one line to stderr.
  /// Called from any thread; must not throw.
  function<void(const error&)> on_error = {};
  /// Whether the file may be on a network file system.
  shelf::file_system file_system = shelf::file_system::local;
  /// Where files are stored: nullptr is the operating system; tests may pass a simulated disk.
  shelf::file::system* system = nullptr;
};

/// The result of info().
struct file_info {
  kind type = kind::set;         ///< of the file
  std::uint32_t keypos = 1;      ///< which element is the key
  std::uint64_t objects = 0;     ///< in all
  std::uint64_t keys = 0;        ///< distinct ones
  std::uint32_t slots = 0;       ///< in use now
  std::uint32_t min_slots = 0;   ///< as when the file was made
  std::uint32_t max_slots = 0;   ///< it grows no further
  std::uint64_t file_bytes = 0;  ///< the file's length
  std::uint64_t free_bytes = 0;  ///< of them, in gaps between blocks: what compact() may give back
  bool read_only = false;        ///< as it was opened
  bool unsaved = false;          ///< changed since the last save: a crash now means a repair
};

/// Says whether a file is a DETS file of version 9, as dets:is_dets_file does: by its mark alone.
/// Errors: not_a_table; unsupported_version, for older ones; not_found, file_error.
[[nodiscard]] result<> is_dets_file(const std::string& path);

/// An open DETS file: a table of tuples, each found by one of its elements.
///
/// Lookups read the file, one bucket each; only the slots are kept in memory (8 bytes per slot).
/// Keys and objects are compared as with =:=, so 1 and 1.0 are two keys. In bags the objects of a
/// key are in insertion order; inserting an existing object moves it to the end.
///
/// Between the first change and the next sync() or close() the file is marked as unclosed: a
/// program that ends without either leaves a file that the next open repairs.
///
/// Errors any call may give: table_closed, forked, file_error, corrupt; opened read_only: busy (no
/// lock is taken, and another process is changing the file). Writes: read_only, fenced and
/// indeterminate (a failure of the disk), no_space, invalid_argument (no tuple, or too short for
/// the key), size_limit_exceeded (2 GiB, less 50 MB, is all a DETS file can hold; reads and erasing
/// continue).
/// Thread safety: all calls from any thread, close() included; moving and destroying need the
/// handle to themselves. Callbacks run on the calling thread and may call any function of this
/// file; an iteration whose file is closed by another thread ends with table_closed.
class file {
 public:
  /// How to open it.
  using config = dets::config;

  // --- life --------------------------------------------------------------------------------------

  /// Opens the file, or creates it. Errors: invalid_path, not_found, already_open, busy,
  /// not_a_table, wrong_kind, type_mismatch, unsupported_version, corrupt, no_space. On an error
  /// the file is untouched. Reads the slots and free lists, all of them; a repair reads the whole
  /// file.
  [[nodiscard]] static result<file> open(config c);
  /// The same with the file alone, a std::string, a literal or a std::filesystem::path; the rest as
  /// config has it by default.
  template <path_argument P>
  [[nodiscard]] static result<file> open(const P& path,
                                         shelf::opening how = opening::create_if_missing) {
    config c;
    c.path = detail::path_text(path);
    c.opening = how;
    return open(std::move(c));
  }
  /// Moves the handle; a moved-from handle may only be assigned to or destroyed.
  file(file&& other) noexcept;
  /// Closes this handle's table, as the destructor does, and takes over the other.
  file& operator=(file&& other) noexcept;
  /// Closes; errors go to config.on_error, and everything is released regardless.
  ~file();

  /// Saves and releases everything; removes the original that a repair kept. After an error that a
  /// retry may cure (no_space) the file stays open; a file that was fenced is released, and close
  /// returns the cause.
  [[nodiscard]] result<> close();
  /// Releases everything without saving: the next open has to repair the file if it was changed.
  void abandon() noexcept;
  /// False once closed, abandoned or moved from.
  [[nodiscard]] bool is_open() const noexcept;
  /// What open had to repair; nothing if the file was in order.
  [[nodiscard]] std::optional<repair_report> repaired() const;

  // --- reads -------------------------------------------------------------------------------------

  /// All objects of the key, oldest first; not_found if there are none.
  [[nodiscard]] result<std::vector<term>> lookup(const term& key) const;
  /// Whether the key exists. Also false if it cannot be read; lookup returns the error.
  [[nodiscard]] bool contains(const term& key) const noexcept;
  /// How many objects there are; 0 once closed.
  [[nodiscard]] std::size_t size() const noexcept;
  /// Whether there are none.
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  /// Calls f(const term&) with every object, in the order of the slots; f may return walk::stop.
  /// Objects that stay throughout are seen exactly once, others may be seen or not. corrupt if the
  /// file holds another number of objects than it says. Memory: up to 32 MiB, more
  /// if a single slot's objects are.
  template <class F>
  [[nodiscard]] result<> for_each(F f) const;
  /// f(f(f(init, object), object), ...) over every object, as for_each.
  template <class T, class F>
  [[nodiscard]] result<T> fold(T init, F f) const;
  /// All objects, in the order of the slots.
  [[nodiscard]] result<std::vector<term>> to_vector() const;
  /// What the file says about itself. Cost: one pass over the free lists.
  [[nodiscard]] result<file_info> info() const;

  // --- writes ------------------------------------------------------------------------------------

  /// Sets: the object replaces the one with its key. bag: adds it unless it exists. duplicate_bag:
  /// appends it.
  [[nodiscard]] result<written> insert(const term& object);
  /// All of them, in order; how many they were. Not atomic: an error or a crash in between leaves
  /// some.
  template <std::ranges::input_range R>
  [[nodiscard]] result<std::size_t> insert_range(R&& objects) {
    return insert_all(collect(std::forward<R>(objects)), false);
  }
  /// As insert, but key_already_present if the key exists, also in bags.
  [[nodiscard]] result<> insert_new(const term& object);
  /// As insert_range, but key_already_present, with nothing changed, if any of the keys is there.
  template <std::ranges::input_range R>
  [[nodiscard]] result<std::size_t> insert_new_range(R&& objects) {
    return insert_all(collect(std::forward<R>(objects)), true);
  }
  /// Erases all objects of the key; returns their number.
  [[nodiscard]] result<std::size_t> erase(const term& key);
  /// Erases every copy of this object; returns their number.
  [[nodiscard]] result<std::size_t> erase_object(const term& object);
  /// Erases all objects; returns their number.
  [[nodiscard]] result<std::size_t> clear();
  /// Sets: adds to the integer at `position` (0: the one behind the key) of the key's object; the
  /// new value. not_found; type_mismatch: the element is not an integer; overflow: the sum exceeds
  /// 64 bits, and nothing changed; wrong_kind: a bag.
  [[nodiscard]] result<std::int64_t> update_counter(const term& key, std::int64_t delta = 1,
                                                    std::uint32_t position = 0);
  /// These objects and no others: a new file is laid out in one go and takes the place of the old
  /// one in one step. In sets the last of equal keys wins. The fast way to fill a file.
  template <std::ranges::input_range R>
  [[nodiscard]] result<> replace_all(R&& objects) {
    return replace_all(std::span<const term>(collect(std::forward<R>(objects))));
  }

  // --- the file ----------------------------------------------------------------------------------

  /// Makes the file on the disk a valid, closed one, until the next change. Cost: the slots that
  /// changed, the free lists and three syncs.
  [[nodiscard]] result<> sync();
  /// Writes a new file without gaps, which takes the place of the old one in one step. `tell`
  /// receives the number of blocks written.
  [[nodiscard]] result<> compact(const progress& tell = {});

 private:
  class core;
  explicit file(std::shared_ptr<core> opened) noexcept;
  template <class R>
  [[nodiscard]] static std::vector<term> collect(R&& objects) {
    std::vector<term> all;
    if constexpr (std::ranges::sized_range<R>) all.reserve(std::ranges::size(objects));
    for (auto&& object : objects) all.emplace_back(std::forward<decltype(object)>(object));
    return all;
  }
  [[nodiscard]] result<std::size_t> insert_all(std::span<const term> objects, bool only_new);
  [[nodiscard]] result<> replace_all(std::span<const term> objects);
  [[nodiscard]] result<> visit_all(detail::function_ref<bool(const term&)> visit) const;

  std::shared_ptr<core> core_;
};

template <class F>
result<> file::for_each(F f) const {
  return visit_all([&](const term& object) {
    if constexpr (std::is_same_v<std::invoke_result_t<F&, const term&>, walk>) {
      return detail::invoke(f, object) == walk::go_on;
    } else {
      detail::invoke(f, object);
      return true;
    }
  });
}

template <class T, class F>
result<T> file::fold(T init, F f) const {
  auto done = visit_all([&](const term& object) {
    init = detail::invoke(f, std::move(init), object);
    return true;
  });
  if (!done) return std::unexpected(done.error());
  return init;
}

}  // namespace shelf::dets
