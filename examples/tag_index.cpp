// EXAMPLE  tag index
// Notes found by their tags: a bag holds distinct values per key, in insertion order.
#include <shelf/shelf.hpp>

#include <iostream>

using index_table = shelf::bag<std::string, std::string>;

void add(index_table& notes_by_tag, const std::string& note, std::span<char*> tags) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const char* tag : tags) pairs.emplace_back(tag, note);
  shelf::or_throw(notes_by_tag.insert_range(pairs));  // atomic: all or none after a crash
}

void find(const index_table& notes_by_tag, std::string_view tag) {
  // not_found is the only error we expect; any other is a reason to stop.
  const auto notes = notes_by_tag.lookup(tag);
  if (!notes && notes.error() != shelf::errc::not_found) throw shelf::exception(notes.error());
  if (!notes) std::cout << "no note is tagged " << tag << '\n';
  if (notes) {
    for (const auto& note : *notes) std::cout << note << '\n';
  }
}

int main(int count, char** words) try {
  auto notes_by_tag = shelf::or_throw(index_table::open({.path = "tags.shelf"}));
  const std::span arguments(words, static_cast<std::size_t>(count));
  const std::string command = count > 2 ? words[1] : "";
  if (command == "add")
    add(notes_by_tag, words[2], arguments.subspan(3));
  else if (command == "find")
    find(notes_by_tag, words[2]);
  else if (command == "untag" && count == 4)
    std::cout << shelf::or_throw(notes_by_tag.erase(words[3], words[2])) << " removed\n";
  else
    std::cout << "usage: tag_index add NOTE TAG... | find TAG | untag NOTE TAG\n";
} catch (const shelf::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
