// BENCH  rivals
// A store of users with a unique index over the e-mail address, one over the city and one over the
// age, or with none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace bench {

struct user {
  std::string email;
  std::string city;
  std::int64_t age = 0;
};

class user_store {
 public:
  virtual ~user_store() = default;
  virtual void put(const std::string& key, const user& u) = 0;
  /// The length of the key of the user with that address.
  [[nodiscard]] virtual std::size_t find_by_email(const std::string& email) = 0;
};

[[nodiscard]] std::unique_ptr<user_store> open_sqlite_users(bool indexed);
[[nodiscard]] std::unique_ptr<user_store> open_multi_index_users();

}  // namespace bench
