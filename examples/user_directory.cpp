// EXAMPLE  user directory
// Users by e-mail address and by city: a unique index, an index over two members, and one over the
// elements of a list.
#include <shelf/index.hpp>

#include <iostream>
#include <string>
#include <vector>

struct user {
  std::string email, city;
  int age = 0;
  std::vector<std::string> tags;
};

using users_table =
    shelf::map<std::string, user, shelf::unique<&user::email>,
               shelf::index<&user::city, &user::age>, shelf::index_each<&user::tags>>;

void add(users_table& users, std::span<char*> words) {
  user u{.email = words[1], .city = words[2], .age = std::stoi(words[3]), .tags = {}};
  for (const char* tag : words.subspan(4)) u.tags.emplace_back(tag);
  const auto added = users.insert_new(words[0], u);
  if (!added) std::cout << added.error().message() << '\n';
}

template <class Range>
void show(const Range& some) {
  for (const auto& [name, u] : some) std::cout << name << ", " << u.age << ", " << u.city << '\n';
}

int main(int count, char** words) try {
  auto users = shelf::or_throw(users_table::open({.path = "users.shelf"}));
  const std::span arguments(words, static_cast<std::size_t>(count));
  const std::string command = count > 2 ? words[1] : "";
  if (command == "add" && count > 5) {
    add(users, arguments.subspan(2));
  } else if (command == "email") {
    const auto found = users.find<&user::email>(words[2]);
    std::cout << (found ? found->first : "nobody") << '\n';
  } else if (command == "city") {
    // The youngest first: the index goes on with the age.
    show(users.prefix<&user::city, &user::age>(std::tuple(words[2])));
  } else if (command == "tag") {
    show(users.equal<&user::tags>(words[2]));
  } else {
    std::cout << "usage: user_directory add NAME EMAIL CITY AGE TAG... | email EMAIL | city CITY | "
                 "tag TAG\n";
  }
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
