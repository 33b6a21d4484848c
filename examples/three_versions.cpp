// EXAMPLE  three versions
// A program in its third year: users of the first and of the second year become users of today when
// the database is opened, all tables in one step.
#include <shelf/database.hpp>

#include <iostream>

// The name of a type in the file is `user` for all of them: namespaces are not part of it.
namespace v1 {
struct user {
  std::string name;
};
}  // namespace v1
namespace v2 {
struct user {
  std::string name;
  std::string email;
};
}  // namespace v2
struct user {
  std::string first_name;
  std::string last_name;
  std::string email;
};

v2::user add_email(const std::string& id, const v1::user& old) {
  return {old.name, id + "@example.org"};
}
user split_name(const v2::user& old) {
  const auto space = old.name.find(' ');
  if (space == std::string::npos) return {old.name, "", old.email};
  return {old.name.substr(0, space), old.name.substr(space + 1), old.email};
}

using users_table = shelf::map<std::string, user>;

auto users_of_any_year(const std::string& name) {
  return shelf::declare<users_table>(
      name, {.migrate = {shelf::from<v1::user>(add_email), shelf::from<v2::user>(split_name)}});
}

// What the programs of the first two years did.
template <class User>
void add(const std::string& table, const std::string& id, User u) {
  using old_table = shelf::map<std::string, User>;
  shelf::database db =
      shelf::or_throw(shelf::database::open("shop.shelf", shelf::declare<old_table>(table)));
  shelf::or_throw(shelf::or_throw(db.table<old_table>(table)).insert(id, std::move(u)));
}

void run_today(bool is_trial) {
  const shelf::database_config config{.path = "shop.shelf"};
  const auto plan = shelf::or_throw(shelf::database::try_migration(
      config, users_of_any_year("customers"), users_of_any_year("staff")));
  for (const auto& t : plan) {
    std::cout << t.name << ": " << t.written << " of " << t.read << " entries can be migrated\n";
  }
  if (is_trial) return;
  auto db = shelf::or_throw(
      shelf::database::open(config, users_of_any_year("customers"), users_of_any_year("staff")));
  for (const auto* name : {"customers", "staff"}) {
    for (const auto& [id, u] : shelf::or_throw(db.table<users_table>(name))) {
      std::cout << name << ": " << u.last_name << ", " << u.first_name << " <" << u.email << ">\n";
    }
  }
}

int main(int count, char** words) try {
  const std::string what = count == 2 ? words[1] : "";
  if (what == "first") {
    add<v1::user>("customers", "ada", {"Ada Lovelace"});
  } else if (what == "second") {
    add<v2::user>("staff", "alan", {"Alan Turing", "alan@example.com"});
  } else {
    run_today(what == "try");
  }
} catch (const shelf::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
