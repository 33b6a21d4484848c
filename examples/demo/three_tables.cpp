// DEMO  chapter one: three tables
// Fills them with single inserts, reopens them, and queries them.
#include "three_tables.hpp"

#include "database.hpp"
#include "page.hpp"

#include <random>
#include <string_view>

namespace demo {
namespace {

constexpr std::size_t lookups = 1'000'000;

/// The time per lookup when every entry is looked up once; the sum keeps the compiler from removing
/// the lookups.
struct measured {
  duration each{};
  std::size_t sum = 0;
};

template <class F>
measured mean_of(F&& lookup, const std::vector<char32_t>& keys) {
  measured m;
  m.each = timed([&] {
             for (const auto key : keys) m.sum += lookup(key);
           }) /
           static_cast<double>(keys.size());
  return m;
}

template <class Table>
void print_table(std::string_view type, const Table& t, duration filled, duration opened) {
  const auto s = shelf::or_throw(t.stats());
  row("{:31}{:>7}{:>9}{:>11}{:>10}{:>10}{:>9}", type, grouped(t.size()), time(filled),
      rate(t.size(), filled), size(s.file_bytes), size(s.memory_bytes), time(opened));
}

struct times {
  duration characters, categories, names;
};

times fill(database& db, const unicode_data& data) {
  using shelf::or_throw;
  times t{};
  t.characters = timed([&] {
    for (const auto& [code, c] : data.records) or_throw(db.characters.insert(code, c));
  });
  t.categories = timed([&] {
    for (const auto& [code, c] : data.records) or_throw(db.categories.insert(c.category, code));
  });
  t.names = timed([&] {
    for (const auto& [code, c] : data.records) or_throw(db.names.insert(c.name, code));
  });
  return t;
}

template <class Table>
duration reopen(Table& table, const std::filesystem::path& file) {
  return timed([&] { table = shelf::or_throw(Table::open({.path = file.string()})); });
}

template <class... A>
void print_answer(std::string_view question, fmt::format_string<A...> format, A&&... answer) {
  row("{:46}{}", question, fmt::format(format, std::forward<A>(answer)...));
}

std::uint32_t number(char32_t c) { return c; }

void print_answers(const database& db) {
  using shelf::or_throw;
  print_answer("characters.lookup(U'\\u20AC')->name", "{}",
               or_throw(db.characters.lookup(U'\u20AC')).name);
  print_answer("characters.get<&character::lower>(U'\\u03A3')", "U+{:04X}",
               number(or_throw(db.characters.get<&character::lower>(U'\u03A3')).value_or(0)));
  const auto signs = or_throw(db.categories.lookup("Sc"));
  print_answer("categories.lookup(\"Sc\")", "{} currency signs, the last is U+{:04X}", signs.size(),
               number(signs.back()));
  const auto moment = db.names.snapshot();
  const auto goals = moment.range("GOA", "GOB");
  print_answer("names.range(\"GOA\", \"GOB\")", "{}, {} names before it",
               goals.empty() ? "nothing" : goals.begin()->first, grouped(moment.rank("GOA")));
}

void print_lookup_times(const character_map& characters, const unicode_data& data) {
  std::mt19937 random(1);
  std::vector<char32_t> keys(lookups);
  for (auto& k : keys) k = data.records[random() % data.records.size()].first;
  const auto copied = mean_of([&](char32_t k) { return characters.lookup(k)->name.size(); }, keys);
  const auto member =
      mean_of([&](char32_t k) { return characters.get<&character::name>(k)->size(); }, keys);
  const auto there = mean_of([&](char32_t k) { return characters.contains(k) ? 1U : 0U; }, keys);
  if (copied.sum != member.sum || there.sum != keys.size()) {
    throw std::runtime_error("lookups of the same keys disagree");
  }
  print_answer("1,000,000 random lookups, mean", "struct {}, name {}, contains {}",
               time(copied.each), time(member.each), time(there.each));
}

}  // namespace

void show_three_tables(const unicode_data& data, const std::filesystem::path& directory) {
  heading("1  Three tables in write-through mode: every insert reaches the file before it returns");
  row("{:31}{:>7}{:>9}{:>11}{:>10}{:>10}{:>9}", "", "entries", "filled", "inserts", "file",
      "memory", "opened");
  auto db = database::open(directory);
  const auto filled = fill(db, data);
  db.close();
  const times opened{.characters = reopen(db.characters, directory / "characters.shelf"),
                     .categories = reopen(db.categories, directory / "categories.shelf"),
                     .names = reopen(db.names, directory / "names.shelf")};
  print_table("map<char32_t, character>", db.characters, filled.characters, opened.characters);
  print_table("bag<string, char32_t>", db.categories, filled.categories, opened.categories);
  print_table("ordered_map<string, char32_t>", db.names, filled.names, opened.names);
  fmt::print("\n");
  print_answers(db);
  print_lookup_times(db.characters, data);
  db.close();
}

}  // namespace demo
