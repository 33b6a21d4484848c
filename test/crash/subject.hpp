// TEST  crash
// A table under test, whatever its kind: integer keys, values as text.
#pragma once

#include "crash/model.hpp"
#include "shelf/config.hpp"
#include "shelf/kind.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

namespace shelf::crash {

/// The types of tables that the crash tests run.
enum class flavour : std::uint8_t {
  map,
  ordered_map,
  bag,
  duplicate_bag,
  counters,  ///< values are integers, shown as decimal text
  records,   ///< values are structs, which a later program version has extended by a field
  expiring,  ///< a map; each entry has a deadline that follows from it
  audited,   ///< a map with history in its file
  database,  ///< two tables in one file, written by transactions
};
[[nodiscard]] std::string to_string(flavour f);
[[nodiscard]] std::string to_string(write_mode mode);
[[nodiscard]] bool is_bag(flavour f) noexcept;
/// A DETS file cannot hold such.
[[nodiscard]] bool is_native_only(flavour f) noexcept;
/// Their names by to_string, for programs that are told what to run.
[[nodiscard]] flavour flavour_named(std::string_view name);

/// The name of the file in all simulated runs.
inline constexpr auto file_name = "t.shelf";

class subject {
 public:
  using pair = std::pair<std::int64_t, std::string>;
  /// One of a batch: an insert, or without a value an erase of the key.
  struct step {
    std::int64_t key = 0;
    std::optional<std::string> value = {};
  };
  struct how {
    write_mode mode = write_mode::through;
    shelf::opening opening = shelf::opening::create_if_missing;
    shelf::access access = shelf::access::any_thread;
    bool extended = true;  ///< records: the struct has the new field
    std::string path = file_name;
    file_format format = file_format::native;
    file_io io = file_io::calls;
    std::chrono::milliseconds sync_every{1000};
    shelf::file_system file_system = shelf::file_system::local;
    shelf::compaction compaction = {};
  };

  virtual ~subject() = default;
  [[nodiscard]] virtual result<> open(file::system* system, const how& h) = 0;
  [[nodiscard]] virtual result<> insert(std::int64_t key, const std::string& value) = 0;
  [[nodiscard]] virtual result<> insert_range(const std::vector<pair>& pairs) = 0;
  [[nodiscard]] virtual result<> write(const std::vector<step>& steps) = 0;
  [[nodiscard]] virtual result<> erase(std::int64_t key) = 0;
  [[nodiscard]] virtual result<> erase(std::int64_t key, const std::string& value) = 0;
  [[nodiscard]] virtual result<> clear() = 0;
  /// counters only
  [[nodiscard]] virtual result<> add(std::int64_t key, std::int64_t delta) = 0;
  [[nodiscard]] virtual result<> save() = 0;
  [[nodiscard]] virtual result<> sync() = 0;
  [[nodiscard]] virtual result<> reload() = 0;
  [[nodiscard]] virtual result<> compact() = 0;
  [[nodiscard]] virtual result<> recover() = 0;
  [[nodiscard]] virtual result<> close() = 0;
  virtual void abandon() = 0;
  [[nodiscard]] virtual bool is_open() const = 0;
  [[nodiscard]] virtual result<table_stats> stats() const = 0;
  [[nodiscard]] virtual std::uint64_t digest_now() const = 0;
  [[nodiscard]] virtual entries all() const = 0;
};

[[nodiscard]] std::unique_ptr<subject> make_subject(flavour f);
[[nodiscard]] std::unique_ptr<subject> make_database_subject();

}  // namespace shelf::crash
