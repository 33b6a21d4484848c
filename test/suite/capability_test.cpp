// SUITE  every verb over every kind, write mode and store
// The capability table: printed, complete, and the same in the docs.
#include "suite/ground.hpp"

#include <fstream>
#include <iterator>
#include <set>

namespace shelf::suite {
namespace {

using stores::dets_lacks;

TEST(Capabilities, AreEachNamedOnceAndKeptByTheNativeFormat) {
  std::set<capability> seen;
  for (const auto& row : dets_lacks) {
    std::printf("[   dets   ] %.*s | %.*s\n", static_cast<int>(row.name.size()), row.name.data(),
                static_cast<int>(row.on_dets.size()), row.on_dets.data());
    EXPECT_TRUE(seen.insert(row.what).second) << row.name;
    EXPECT_TRUE(stores::keeps(file_format::native, row.what));
    EXPECT_FALSE(stores::keeps(file_format::dets, row.what));
  }
}

TEST(Capabilities, StandInTheDocsRowByRow) {
  std::ifstream in(SHELF_DETS_PAGE);
  ASSERT_TRUE(in);
  std::vector<std::string> rows;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("| a native file")) {
      inside = true;
    } else if (inside && line.starts_with("| ")) {
      rows.push_back(line);
    } else if (inside && !line.starts_with("|-")) {
      inside = false;
    }
  }
  std::vector<std::string> expected;
  for (const auto& row : dets_lacks) {
    expected.push_back("| " + std::string(row.name) + " | " + std::string(row.on_dets) + " |");
  }
  EXPECT_EQ(rows, expected);
}

}  // namespace
}  // namespace shelf::suite
