// TEST  term
// The vectors of test/data as OTP 25 judged them, and hexadecimal for reading them.
#pragma once

#include "error/hex.hpp"
#include "shelf/detail/bytes.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shelf::test {

using buffer = std::vector<std::byte>;

inline buffer from_hex(std::string_view hex) {
  const auto nibble = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
  buffer out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out.push_back(static_cast<std::byte>(nibble(hex[i]) << 4 | nibble(hex[i + 1])));
  }
  return out;
}

/// The lines of a file of test/data, each split at its tabs.
inline std::vector<std::vector<std::string>> read_rows(const std::string& name) {
  std::string path = SHELF_TEST_DATA "/";
  path += name;
  std::ifstream file(path);
  EXPECT_TRUE(file) << name;
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(file, line);) {
    auto& row = rows.emplace_back();
    std::istringstream columns(line + "\t");
    for (std::string column; std::getline(columns, column, '\t');) row.push_back(column);
  }
  EXPECT_FALSE(rows.empty()) << name;
  return rows;
}

/// One row of etf.tsv.
struct encoding {
  std::string label;
  buffer input;  ///< with the version byte 131
  bool ok;
  std::size_t consumed;
  buffer canonical;  ///< with the version byte 131
};

inline const std::vector<encoding>& encodings() {
  static const auto all = [] {
    std::vector<encoding> out;
    for (const auto& row : read_rows("etf.tsv")) {
      encoding e{row.at(0), from_hex(row.at(1)), row.at(2) == "ok", std::stoul(row.at(3)),
                 row.at(4) == "-" ? buffer() : from_hex(row.at(4))};
      // OTP 25 says it read 17 of the 13 bytes of a reference without words. It did not.
      if (e.label == "newer_ref_0") e.consumed = e.input.size();
      out.push_back(std::move(e));
    }
    return out;
  }();
  return all;
}

}  // namespace shelf::test
