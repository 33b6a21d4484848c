// TEST  dets
// The corpus of DETS files that OTP 25 made and judged: the cases, and how their listings read.
#pragma once

#include "dets/object_store.hpp"
#include "shelf/detail/bytes.hpp"
#include "simulation/simulated_disk.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace shelf::test {

using dets_format::object_store;
using dets_format::repair_report;
using dets_format::settings;
using listing = std::vector<std::string>;  // lines, sorted

/// A line of cases.tsv.
struct dets_case {
  std::string name;
  kind type;
  std::uint32_t keypos;
  std::size_t objects;
  std::size_t keys;
  std::string with_repair;     ///< what OTP said to {repair, true}: "ok" or a reason
  std::string without_repair;  ///< and to {repair, false}
  bool repaired;               ///< whether OTP had to
  std::string expected;
  std::string by_key;       ///< "-": none
  std::string by_key_mode;  ///< none, full, md5
};
[[nodiscard]] const std::vector<dets_case>& dets_cases();
[[nodiscard]] const dets_case& dets_case_named(std::string_view name);

/// A file of test/data/dets.
[[nodiscard]] std::vector<std::byte> corpus_file(const std::string& name);
[[nodiscard]] listing corpus_lines(const std::string& name);

/// Canonical encoding without 131 -> the line of a listing.
[[nodiscard]] std::string line_of(bytes term);
[[nodiscard]] std::vector<std::byte> decode_hex(std::string_view hex);

/// All objects of a store as a .expected file lists them.
[[nodiscard]] result<listing> list_objects(const object_store& s);
/// All keys with their objects, as a .bykey file of that mode lists them, found by lookup.
[[nodiscard]] result<listing> list_by_key(const object_store& s, const std::string& mode);

/// A disk with one file, "t.dets".
[[nodiscard]] std::unique_ptr<simulation::simulated_disk> disk_with(bytes content);
[[nodiscard]] settings on(simulation::simulated_disk& disk, settings how = {});

}  // namespace shelf::test
