// JOURNAL  api -> table -> [journal] -> file
// docs/format.md: its worked example is a real file, and a reader written after it reads what we
// read.
#include "error/hex.hpp"
#include "journal/forged_journal.hpp"
#include "journal/record.hpp"
#include "small_journal.hpp"

#include <unistd.h>
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

namespace shelf::journal {
namespace {

using simulation::simulated_disk;
using test::small_journal;

/// The file of the worked example, every byte of it: the simulated disk draws the same numbers
/// every time.
std::vector<std::byte> worked_example() {
  simulated_disk disk({.seed = 1});
  const auto where = test::place(disk);
  std::array<std::byte, 16> store_id{};
  for (std::size_t i = 0; i < store_id.size(); ++i) store_id[i] = static_cast<std::byte>(0x10 + i);
  auto j = std::move(*journal_file::create(where, store_id, {}));
  const auto write = [&](op what, std::string_view key, std::string_view value) {
    j->begin(j->last_sequence() + 1);
    EXPECT_TRUE(j->add({what, 0, 1, as_bytes(key), as_bytes(value)}).has_value());
    EXPECT_TRUE(j->commit().has_value());
  };
  using namespace std::string_view_literals;
  write(op::table_created, "m\0\0\0\4main"sv,
        "t\0\0\0\3w\12key_schemam\0\0\0\6binaryw\4kindw\3setw\14value_schemam\0\0\0\7integer"sv);
  EXPECT_TRUE(j->publish(false).has_value());
  write(op::put, "m\0\0\0\5alice"sv, "a\x1e"sv);
  EXPECT_TRUE(j->sync().has_value());
  EXPECT_TRUE(j->seal().has_value());
  return test::image_of(disk);
}

/// "00001ff0  89 53 ..": sixteen bytes a line, lines of zeros left out.
std::string dump_of(bytes content) {
  std::string out;
  for (std::size_t at = 0; at < content.size(); at += 16) {
    const auto line = content.subspan(at, std::min<std::size_t>(16, content.size() - at));
    if (std::ranges::all_of(line, [](std::byte b) { return b == std::byte{}; })) continue;
    char offset[24];
    std::snprintf(offset, sizeof offset, "%08zx ", at);
    out += offset;
    for (std::size_t i = 0; i < line.size(); ++i) {
      out += i == 8 ? "  " : " ";
      out += to_hex(line.subspan(i, 1));
    }
    out += '\n';
  }
  return out;
}

/// The lines of the page that are of a dump.
std::string dump_in(const std::string& page) {
  std::ifstream file(page);
  EXPECT_TRUE(file.is_open()) << page;
  std::string out;
  for (std::string line; std::getline(file, line);) {
    const bool is_dump = line.size() > 10 && line[8] == ' ' && line[9] == ' ' &&
                         std::ranges::all_of(line.substr(0, 8),
                                             [](unsigned char c) { return std::isxdigit(c) != 0; });
    if (is_dump) out += line.substr(0, line.find("   ")) + '\n';
  }
  return out;
}

TEST(Format, TheWorkedExampleIsAFileThatTheCodeMakesByteForByte) {
  EXPECT_EQ(dump_in(SHELF_SOURCE_DIR "/docs/format.md"), dump_of(worked_example()));
}

/// What tools/read_shelf.py should say, worked out by ours.
std::string listing_of(const std::vector<std::byte>& content, const recovery& found) {
  const auto disk = test::disk_with(content);
  const auto file = test::place(*disk).open_to_read();
  frame_reader reader(*file, content.size(), decode_header(content, "")->file_id);
  std::ostringstream out;
  std::string records;
  static constexpr const char* names[] = {
      "",      "put",           "append",        "erase",         "erase_value",
      "clear", "table_created", "table_changed", "table_dropped", "note",
      "seal",  "expire",        "moment"};
  std::uint64_t start = frames_start;
  for (std::uint64_t at = frames_start; at < found.found.end;) {
    const auto f = **reader.at(at);
    bytes rest = f.records;
    while (const auto c = take_record(rest)) {
      records +=
          std::string("  ") + names[static_cast<int>(c->what)] + ' ' + std::to_string(c->flags) +
          ' ' + std::to_string(c->table) + ' ' + to_hex(c->key) + ' ' + to_hex(c->value) +
          ((c->flags & flag::deadline) != 0 ? " until " + std::to_string(c->deadline) : "") + '\n';
    }
    at = f.next;
    if (!f.header.commit) continue;
    out << (f.header.history ? "history " : "batch ") << f.header.sequence << " at " << start
        << '\n'
        << records;
    records.clear();
    start = at;
  }
  out << "end " << found.found.end << ", " << (found.clean ? "clean" : "not closed") << ", "
      << found.found.torn_bytes << " bytes torn\n";
  return out.str();
}

/// "byte 8192" of a sentence.
std::string place_in(const std::string& sentence) {
  const auto at = sentence.find(": byte ");
  if (at == std::string::npos) return sentence;
  return sentence.substr(at + 2, sentence.find_first_of(":\n", at + 2) - at - 2);
}

class ReadShelf : public testing::Test {
 protected:
  ~ReadShelf() override { std::filesystem::remove(path_); }

  std::pair<int, std::string> python(bytes content) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc)
        .write(reinterpret_cast<const char*>(content.data()),
               static_cast<std::streamsize>(content.size()));
    const std::string command = "PYTHONDONTWRITEBYTECODE=1 " SHELF_PYTHON " " SHELF_SOURCE_DIR
                                "/tools/read_shelf.py " +
                                path_.string() + " 2>&1";
    std::FILE* const pipe = popen(command.c_str(), "r");
    EXPECT_NE(pipe, nullptr);
    std::string said;
    char piece[4096];
    while (const auto got = std::fread(piece, 1, sizeof piece, pipe)) said.append(piece, got);
    const int status = pclose(pipe);
    return {status, said};
  }
  /// Both must say the same: the same records and end, or damage at the same byte.
  void expect_agreement(const std::vector<std::byte>& content) {
    const auto [status, said] = python(content);
    const auto disk = test::disk_with(content);
    const auto ours = test::recover_and_read(*disk);
    if (ours.refused) {
      EXPECT_NE(status, 0) << said;
      EXPECT_EQ(place_in(said), place_in(ours.refused->message())) << said << *ours.refused;
    } else {
      EXPECT_EQ(status, 0) << said;
      EXPECT_EQ(said, listing_of(content, ours.found));
    }
  }

  std::filesystem::path path_ = std::filesystem::temp_directory_path() /
                                ("read_shelf_test_" + std::to_string(getpid()) + ".shelf");
};

std::vector<std::byte> unclosed_file() {
  simulated_disk disk({.seed = 5});
  small_journal j(disk);
  j.create().put("alice", 30).seal().leave();
  j.open().append({{op::append, "bob", "1"}, {op::erase_value, "bob", "1"}}).sync().note();
  j.put("carol", 3000).append({{op::clear, "", ""}});
  return test::image_of(disk);
}

TEST_F(ReadShelf, ListsAClosedFileAsWeReadIt) {
  const auto content = worked_example();
  expect_agreement(content);
  const auto [status, said] = python(content);
  EXPECT_EQ(status, 0);
  EXPECT_NE(said.find("  put 0 1 6d00000005616c696365 611e\n"), std::string::npos) << said;
  EXPECT_NE(said.find(", clean, 0 bytes torn\n"), std::string::npos) << said;
}

TEST_F(ReadShelf, ListsAnUnclosedFileAndOneWrittenAhead) {
  auto content = unclosed_file();
  expect_agreement(content);
  content.resize(content.size() + 5000);
  expect_agreement(content);
}

std::vector<std::byte> records(std::initializer_list<change> all) {
  std::vector<std::byte> encoded;
  for (const auto& c : all) append_record(encoded, c);
  return encoded;
}

TEST_F(ReadShelf, ListsTheRecordsOfEachTableOfAFileWithSeveral) {
  file_header h;
  h.several_tables = true;
  test::forged_journal f(h);
  const std::string ages = "ages";
  const std::string tags = "tags";
  f.frame(records({{.what = op::table_created, .table = 1, .key = as_bytes(ages), .value = {}},
                   {.what = op::table_created, .table = 300, .key = as_bytes(tags), .value = {}},
                   {.what = op::put, .table = 300, .key = as_bytes(tags), .value = {}}}),
          {.era = 1, .sequence = 1});
  f.frame(records({{.what = op::table_dropped, .table = 1, .key = {}, .value = {}}}),
          {.era = 1, .sequence = 2});
  expect_agreement(f.content);
  const auto [status, said] = python(f.content);
  EXPECT_EQ(status, 0);
  EXPECT_NE(said.find("  put 0 300 "), std::string::npos) << said;
}

/// A catalog, two batches of history, the state they lead to, and a batch behind it.
std::vector<std::byte> file_with_history(bool with_state = true) {
  file_header h;
  h.history = true;
  test::forged_journal f(h);
  const std::string old = "old";
  const auto time = encode_time(1'800'000'000'000);
  f.put("catalog", {.era = 1, .sequence = 4});
  f.frame(records({{.what = op::moment, .table = 0, .key = {}, .value = time},
                   {.what = op::put, .key = as_bytes(old), .value = {}}}),
          {.era = 1, .sequence = 5, .history = true});
  f.frame(records({{.what = op::put, .flags = flag::before, .key = as_bytes(old), .value = {}},
                   {.what = op::erase, .key = as_bytes(old), .value = {}}}),
          {.era = 1, .sequence = 6, .history = true});
  if (!with_state) return f.content;
  f.put("state", {.era = 1, .sequence = 6});
  f.put("later", {.era = 1, .sequence = 7});
  return f.content;
}

TEST_F(ReadShelf, ListsHistoryAsSuch) {
  const auto content = file_with_history();
  expect_agreement(content);
  const auto [status, said] = python(content);
  EXPECT_EQ(status, 0);
  EXPECT_NE(said.find("history 6 at "), std::string::npos) << said;
  for (std::size_t at = frames_start; at < content.size(); at += 8) {
    auto changed = content;
    changed[at] ^= std::byte{1};
    expect_agreement(changed);
  }
}

TEST_F(ReadShelf, RefusesHistoryWithoutItsState) {
  const auto content = file_with_history(false);
  expect_agreement(content);
  EXPECT_NE(python(content).first, 0);
}

TEST_F(ReadShelf, ListsBatchesOfSeveralFrames) {
  simulated_disk disk({.seed = 6});
  small_journal j(disk);
  j.create().append(
      {{op::put, "a", std::string(900'000, 'a')}, {op::put, "b", std::string(900'000, 'b')}});
  expect_agreement(test::image_of(disk));
}

TEST_F(ReadShelf, AgreesOnTornEnds) {
  const auto content = unclosed_file();
  for (const std::size_t less : {1u, 40u, 60u, 3000u, 3100u, 3180u}) {
    expect_agreement({content.begin(), content.end() - static_cast<std::ptrdiff_t>(less)});
  }
  auto longer = content;
  longer.resize(longer.size() + 99, std::byte{0xa5});
  expect_agreement(longer);
}

TEST_F(ReadShelf, AgreesOnFlippedBitsAndWhereTheDamageIs) {
  std::mt19937_64 random(3);
  for (const auto& good : {worked_example(), unclosed_file()}) {
    for (int i = 0; i < 10; ++i) {
      auto bad = good;
      const auto from = i < 4 ? 0 : frames_start;
      const auto bit = from * 8 + random() % ((bad.size() - from) * 8);
      bad[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
      SCOPED_TRACE("bit " + std::to_string(bit));
      expect_agreement(bad);
    }
  }
}

TEST_F(ReadShelf, AgreesOnFilesThatAreNoTables) {
  auto content = worked_example();
  content[3] ^= std::byte{1};
  content[4096 + 30] ^= std::byte{1};
  expect_agreement(content);
  content.resize(4000);
  expect_agreement(content);
  expect_agreement({});
}

}  // namespace
}  // namespace shelf::journal
