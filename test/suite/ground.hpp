// SUITE  every verb over every kind, write mode and store
// What the tests stand on: a simulated disk, a way of keeping a table, and words for what they
// expect.
#pragma once

#include "shelf/shelf.hpp"
#include "simulation/simulated_disk.hpp"

#include "can_keep.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <map>
#include <ostream>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace shelf {

/// What a failed EXPECT_EQ shows of a result.
template <class T>
void PrintTo(const std::expected<T, error>& r, std::ostream* out) {
  if (!r)
    *out << to_string(r.error().code()) << " (" << r.error().details() << ')';
  else if constexpr (std::is_void_v<T>)
    *out << "ok";
  else
    *out << testing::PrintToString(*r);
}
inline void PrintTo(written w, std::ostream* out) {
  constexpr std::array names{"added", "replaced", "unchanged"};
  *out << names[static_cast<std::size_t>(w)];
}
inline void PrintTo(errc code, std::ostream* out) { *out << to_string(code); }
inline void PrintTo(file_format f, std::ostream* out) { *out << test::to_string(f); }

namespace suite {

/// How a table is kept: without a file, or with one and a write mode.
enum class keeping : std::uint8_t { memory, back, through, durable };
inline constexpr std::array every_keeping{keeping::memory, keeping::back, keeping::through,
                                          keeping::durable};
inline constexpr std::array in_files{keeping::back, keeping::through, keeping::durable};
/// Those in which a write has reached the file when it returns.
inline constexpr std::array at_once{keeping::through, keeping::durable};

[[nodiscard]] constexpr const char* to_string(keeping how) {
  constexpr std::array names{"memory", "back", "through", "durable"};
  return names[static_cast<std::size_t>(how)];
}
[[nodiscard]] constexpr write_mode mode_of(keeping how) {
  return how == keeping::back      ? write_mode::back
         : how == keeping::durable ? write_mode::durable
                                   : write_mode::through;
}

inline constexpr auto path = "ages.shelf";

using stores::capability;
using test::can_keep;
using test::every_format;
using test::to_string;

/// Of a kind there may be no files of some format.
[[nodiscard]] inline bool has_files(file_format format, kind what) {
  return what != kind::ordered_set || can_keep(format, capability::ordered_map);
}

/// A machine with one table on it.
template <kind Kind, class K = std::string, class V = std::int64_t>
class ground {
 public:
  static constexpr kind what = Kind;
  using table = shelf::table<K, V, Kind>;
  using config_type = typename table::config;

  explicit ground(keeping k, file_format f = file_format::native) : how(k), format(f) {}

  [[nodiscard]] config_type config() {
    config_type c;
    c.path = path;
    c.mode = mode_of(how);
    c.format = format;
    c.system = &disk;
    c.on_error = [this](const error& e) { told.push_back(e); };
    return c;
  }
  [[nodiscard]] result<table> try_open() { return table::open(config()); }
  [[nodiscard]] table open() {
    if (how == keeping::memory) return table::in_memory();
    return or_throw(try_open());
  }
  /// Closed and opened again; what has no file stays as it is.
  void reopen(table& t) {
    if (how == keeping::memory) return;
    or_throw(t.close());
    t = open();
  }

  /// Whether this is left out: the format cannot keep it.
  [[nodiscard]] bool lacks(capability needed) const { return !can_keep(format, needed); }

  /// A save writes a file beside this one: while it fails, nothing here is in doubt.
  [[nodiscard]] bool saves_beside() const {
    return how == keeping::back && !stores::keeps(format, capability::cheap_saves);
  }

  const keeping how;
  const file_format format;
  simulation::simulated_disk disk;
  std::vector<error> told;  ///< by on_error
};

/// All entries, those of one key in their order, the keys sorted.
template <class Moment>
[[nodiscard]] auto sorted(const Moment& moment) {
  using entry = std::ranges::range_value_t<const Moment>;
  // Equal keys keep their order in it. (stable_sort of GCC 12 calls what clang reports as
  // deprecated.)
  std::multimap<typename entry::first_type, typename entry::second_type> by_key;
  for (const auto& [key, value] : moment) by_key.emplace(key, value);
  return std::vector<entry>(by_key.begin(), by_key.end());
}
template <class K, class V, kind Kind>
[[nodiscard]] auto contents(const table<K, V, Kind>& t) {
  return sorted(t.snapshot());
}
using entries = std::vector<std::pair<std::string, std::int64_t>>;

template <class T>
[[nodiscard]] testing::AssertionResult ok(const result<T>& r) {
  if (r) return testing::AssertionSuccess();
  return testing::AssertionFailure() << to_string(r.error().code()) << ": " << r.error().details();
}

/// Whether a sentence names something more often than once.
[[nodiscard]] inline bool repeats(std::string_view sentence, std::string_view name) {
  const auto first = sentence.find(name);
  return first != sentence.npos && sentence.find(name, first + name.size()) != sentence.npos;
}

/// An error of this code whose sentence holds all these pieces, and names the file once at most.
[[nodiscard]] inline testing::AssertionResult says(const error& e, errc code,
                                                   std::initializer_list<std::string_view> pieces) {
  if (e != code) {
    return testing::AssertionFailure() << "it is " << to_string(e.code()) << ": " << e.details();
  }
  if (repeats(e.message(), path)) {
    return testing::AssertionFailure() << '"' << e.message() << "\" names the file twice";
  }
  for (const auto piece : pieces) {
    if (e.message().find(piece) == std::string::npos) {
      return testing::AssertionFailure() << '"' << e.message() << "\" lacks \"" << piece << '"';
    }
  }
  return testing::AssertionSuccess();
}
template <class T>
[[nodiscard]] testing::AssertionResult refuses(
    const result<T>& r, errc code, std::initializer_list<std::string_view> pieces = {}) {
  if (r) return testing::AssertionFailure() << "it went well";
  return says(r.error(), code, pieces);
}

/// The file of a table, opened as these types say.
template <kind Kind, class K, class V>
result<table<K, V, Kind>> open_as(simulation::simulated_disk& disk, config<K, V> c = {}) {
  c.path = path;
  c.system = &disk;
  return table<K, V, Kind>::open(std::move(c));
}
/// A closed file of these types with these entries.
template <kind Kind, class K, class V>
void write_file(simulation::simulated_disk& disk, std::vector<std::pair<K, V>> all,
                file_format format = file_format::native) {
  auto t = or_throw(open_as<Kind, K, V>(disk, {.format = format}));
  (void)or_throw(t.insert_range(all));
  or_throw(t.close());
}
/// The file is as it was, and nothing is held.
template <class Refused>
void expect_untouched(simulation::simulated_disk& disk, Refused refuse) {
  const auto before = *disk.read_all(path);
  refuse();
  EXPECT_EQ(*disk.read_all(path), before);
  EXPECT_EQ(disk.open_descriptors(), 0u);
  EXPECT_EQ(disk.locks_held(), 0u);
  EXPECT_THAT(disk.files(), testing::ElementsAre(path));
}

template <kind Kind>
using of = std::integral_constant<kind, Kind>;
using map_kinds = testing::Types<of<kind::set>, of<kind::ordered_set>>;
using bag_kinds = testing::Types<of<kind::bag>, of<kind::duplicate_bag>>;
using all_kinds =
    testing::Types<of<kind::set>, of<kind::ordered_set>, of<kind::bag>, of<kind::duplicate_bag>>;

struct kind_names {
  template <class Kind>
  static std::string GetName(int) {
    return std::string(to_string(Kind::value));
  }
};

/// The fixture of tests that run over files of every format.
class each_format : public testing::TestWithParam<file_format> {
 protected:
  /// Whether this is left out: the format cannot keep it.
  [[nodiscard]] static bool lacks(capability needed) { return !can_keep(GetParam(), needed); }
  [[nodiscard]] static bool is_dets() { return GetParam() == file_format::dets; }
};
struct format_names {
  std::string operator()(const testing::TestParamInfo<file_format>& about) const {
    return to_string(about.param);
  }
};

/// The fixture of all typed tests: a body runs once for each way of keeping a table.
template <class Kind>
class each_kind : public testing::Test {
 protected:
  using table_of_kind = shelf::table<std::string, std::int64_t, Kind::value>;

  template <class F>
  static void run(std::span<const keeping> ways, F body) {
    for (const auto format : every_format) {
      if (!has_files(format, Kind::value)) continue;
      SCOPED_TRACE(to_string(format));
      for (const auto how : ways) {
        if (how == keeping::memory && format != file_format::native) continue;
        SCOPED_TRACE(to_string(how));
        ground<Kind::value> g(how, format);
        body(g);
      }
    }
  }
  template <class F>
  static void everywhere(F body) {
    run(every_keeping, body);
  }
  /// In this write mode, in files of every format.
  template <class F>
  static void in_every_format(keeping how, F body) {
    run(std::span(&how, 1), body);
  }
  /// For tests that make their own ground.
  template <class F>
  static void of_every_format(F body) {
    for (const auto format : every_format) {
      if (!has_files(format, Kind::value)) continue;
      SCOPED_TRACE(to_string(format));
      body(format);
    }
  }
  template <class F>
  static void in_every_file(F body) {
    run(in_files, body);
  }
  template <class F>
  static void where_writes_reach_the_file(F body) {
    run(at_once, body);
  }
};

}  // namespace suite
}  // namespace shelf
