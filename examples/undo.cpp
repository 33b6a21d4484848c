// EXAMPLE  undo
// Save, change, and reload if the change was wrong: reload() undoes what was not saved.
#include <shelf/shelf.hpp>

#include <iostream>

using accounts_table = shelf::map<std::string, std::int64_t>;

/// Both steps or neither: reload discards what was not saved.
shelf::result<> pay(accounts_table& accounts, const std::string& from, const std::string& to,
                    std::int64_t sum) {
  if (auto saved = accounts.save(); !saved) return saved;
  const auto got = accounts.update_counter(to, sum, {.initial = 100});
  const auto left = accounts.update_counter(from, -sum, {.initial = 100});
  if (got && left && *left >= 0) return accounts.save();
  std::cout << from << " cannot pay " << sum << ": undone\n";
  return accounts.reload();
}

int main(int count, char** words) try {
  // with_table always closes the table, and reports both errors if there are two.
  shelf::or_throw(shelf::with_table<accounts_table>(
      {.path = "accounts.shelf", .mode = shelf::write_mode::back},
      [&](accounts_table& accounts) -> shelf::result<> {
        if (count == 4) {
          auto paid = pay(accounts, words[1], words[2], std::stoll(words[3]));
          if (!paid) return paid;
        }
        for (const auto& name : {"alice", "bob"}) {
          std::cout << name << " has " << accounts.lookup(name).value_or(100) << '\n';
        }
        return {};
      }));
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
