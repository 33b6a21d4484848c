// EXAMPLE  schema migration
// Contacts had one name; now they have two. The file is rewritten in one step, once.
#include <shelf/shelf.hpp>

#include <iostream>

// The name of a type in the file is `contact` for both: namespaces are not part of it.
namespace before {
struct contact {
  std::string name;
  int age = 0;
};
}  // namespace before
struct contact {
  std::string first_name;
  std::string last_name;
  int age = 0;
};

using old_table = shelf::map<int, before::contact>;
using new_table = shelf::map<int, contact>;

contact split(const before::contact& old) {
  const auto space = old.name.find(' ');
  if (space == std::string::npos) return {old.name, "", old.age};
  return {old.name.substr(0, space), old.name.substr(space + 1), old.age};
}

new_table open_contacts(const std::string& path) {
  auto opened = new_table::open({.path = path});
  if (opened || opened.error() != shelf::errc::type_mismatch)
    return shelf::or_throw(std::move(opened));
  std::cout << opened.error() << '\n';
  const auto counts = shelf::or_throw(shelf::migrate<old_table, new_table>(
      {.path = path},
      [](int id, const before::contact& old) { return std::pair(id, split(old)); }));
  std::cout << "migrated " << counts.written << " contacts\n";
  return shelf::or_throw(new_table::open({.path = path}));
}

int main(int count, char** words) try {
  if (count == 2 && words[1] == std::string("old")) {  // what last year's program did
    auto contacts = shelf::or_throw(old_table::open({.path = "contacts.shelf"}));
    shelf::or_throw(contacts.insert_range({{1, {"Ada Lovelace", 36}}, {2, {"Plato", 80}}}));
    return 0;
  }
  const auto contacts = open_contacts("contacts.shelf");
  const auto ada = shelf::or_throw(contacts.lookup(1));
  std::cout << ada.last_name << ", " << ada.first_name << ", " << ada.age << '\n';
} catch (const shelf::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
