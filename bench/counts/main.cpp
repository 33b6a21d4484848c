// BENCH  counts: the program
// How many instructions does one operation of a lone table take? tools/counts.py runs this under
// callgrind, which counts inside counted_operations() alone.
#include "counts/workload.hpp"
#include "simulation/simulated_disk.hpp"

#include <charconv>
#include <filesystem>
#include <iostream>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace counts {
namespace {

template <class Table>
void count_inserts(Table t, const workload& w) {
  counted_operations(w.keys, [&](const auto& key) { expect(t.insert(key, w.value).has_value()); });
  t.abandon();
}

template <class Table>
void count_lookups(Table t, const workload& w) {
  fill(t, w, w.value);
  counted_operations(w.keys, [&](const auto& key) { expect(t.lookup(key).has_value()); });
}

[[nodiscard]] text_map open(const std::string& directory, shelf::write_mode mode) {
  return shelf::or_throw(
      text_map::open({.path = directory + "/table.shelf", .mode = mode, .sync_every = {}}));
}

const std::vector<row>& plain_rows() {
  static const std::vector<row> all{
      {"lookup/copy",
       [](const workload& w, const auto&) { count_lookups(text_map::in_memory(), w); }},
      {"lookup/view",
       [](const workload& w, const auto&) {
         auto t = text_map::in_memory();
         fill(t, w, w.value);
         std::size_t seen = 0;
         counted_operations(w.keys, [&](const auto& key) {
           expect(t.lookup(key, [&](std::string_view v) { seen += v.size(); }).has_value());
         });
         expect(seen == w.keys.size() * w.value.size());
       }},
      {"lookup/missing",
       [](const workload& w, const auto&) {
         auto t = text_map::in_memory();
         fill(t, w, w.value);
         counted_operations(w.missing, [&](const auto& key) { expect(!t.contains(key)); });
       }},
      {"insert/memory",
       [](const workload& w, const auto&) { count_inserts(text_map::in_memory(), w); }},
      {"insert/back",
       [](const workload& w, const auto& directory) {
         count_inserts(open(directory, shelf::write_mode::back), w);
       }},
      {"insert/through",
       [](const workload& w, const auto& directory) {
         count_inserts(open(directory, shelf::write_mode::through), w);
       }},
      {"replace/memory",
       [](const workload& w, const auto&) {
         auto t = text_map::in_memory();
         fill(t, w, w.value);
         counted_operations(w.keys, [&](const auto& key) {
           expect(t.insert(key, w.other_value) == shelf::written::replaced);
         });
       }},
      {"erase/memory",
       [](const workload& w, const auto&) {
         auto t = text_map::in_memory();
         fill(t, w, w.value);
         counted_operations(w.keys, [&](const auto& key) { expect(t.erase(key) == 1u); });
       }},
      {"counter/memory",
       [](const workload& w, const auto&) {
         auto t = counter_map::in_memory();
         fill(t, w, std::int64_t{1});
         counted_operations(w.keys, [&](const auto& key) { expect(t.update_counter(key) == 2); });
       }},
      {"ordered lookup/copy",
       [](const workload& w, const auto&) { count_lookups(text_ordered_map::in_memory(), w); }},
      {"ordered insert/memory",
       [](const workload& w, const auto&) { count_inserts(text_ordered_map::in_memory(), w); }}};
  return all;
}

[[nodiscard]] std::vector<row> rows() {
  auto all = plain_rows();
  for (const auto others : {read_modify_write_rows(), index_rows(), caching_rows()}) {
    all.insert(all.end(), others.begin(), others.end());
  }
  return all;
}

/// Tables draw the secret of their hashes with the first table of a process. A simulated disk draws
/// the same one each time, so that the counts do not depend on luck.
void settle_the_hashes() {
  static shelf::simulation::simulated_disk disk;
  auto first = shelf::or_throw(text_map::open({.path = "first.shelf", .system = &disk}));
  shelf::or_throw(first.close());
}

void run(const row& r, std::size_t entries) {
  const auto directory = std::filesystem::temp_directory_path() /
                         ("shelf_counts_" + std::to_string(std::random_device()()));
  std::filesystem::create_directory(directory);
  try {
    r.run(workload(entries), directory);
  } catch (...) {
    std::filesystem::remove_all(directory);
    throw;
  }
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace counts

int main(int count, char** arguments) try {
  using namespace counts;
  const std::span<char*> words(arguments, static_cast<std::size_t>(count));
  if (count == 2 && std::string_view(words[1]) == "--list") {
    for (const auto& r : rows()) std::cout << r.name << '\n';
    return 0;
  }
  std::size_t entries = 0;
  const auto text = std::string_view(count == 3 ? words[2] : "");
  std::from_chars(text.data(), text.data() + text.size(), entries);
  const auto wanted = std::string_view(count == 3 ? words[1] : "");
  if (entries == 0) {
    std::cerr << "usage: shelf_counts --list | shelf_counts ROW|all ENTRIES\n";
    return 2;
  }
  settle_the_hashes();
  bool found = false;
  for (const auto& r : rows()) {
    if (wanted != "all" && wanted != r.name) continue;
    found = true;
    run(r, entries);
  }
  if (!found) std::cerr << "shelf_counts: there is no row '" << wanted << "'\n";
  return found ? 0 : 2;
} catch (const std::exception& e) {
  std::cerr << "shelf_counts: " << e.what() << '\n';
  return 1;
}
