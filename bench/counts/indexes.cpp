// BENCH  counts: tables with indexes
#include "counts/workload.hpp"
#include "shelf/index.hpp"

#include <cstdint>

namespace counts {
namespace {

struct user {
  std::string email;
  std::string city;
  std::int64_t age = 0;
};
using plain_users = shelf::map<std::string, user>;
using indexed_users = shelf::map<std::string, user, shelf::unique<&user::email>,
                                 shelf::index<&user::city>, shelf::index<&user::age>>;

/// A thousand cities and a hundred ages, and an address for each key.
[[nodiscard]] user user_of(const std::string& key, std::size_t i) {
  return {key + "@example.org", "City " + std::to_string(i * 7919 % 1000),
          static_cast<std::int64_t>(i * 31 % 100)};
}

template <class Table>
void count_inserts(const workload& w) {
  auto t = Table::in_memory();
  std::size_t i = 0;
  counted_operations(
      w.keys, [&](const auto& key) { expect(t.insert(key, user_of(key, i++)).has_value()); });
}

}  // namespace

std::span<const row> index_rows() {
  static const std::vector<row> all{
      {"insert a user/memory",
       [](const workload& w, const auto&) { count_inserts<plain_users>(w); }},
      {"insert a user, 3 indexes/memory",
       [](const workload& w, const auto&) { count_inserts<indexed_users>(w); }},
      {"find by a unique index/memory",
       [](const workload& w, const auto&) {
         auto t = indexed_users::in_memory();
         std::size_t i = 0;
         std::vector<std::string> emails;
         for (const auto& key : w.keys) {
           shelf::or_throw(t.insert(key, user_of(key, i++)));
           emails.push_back(key + "@example.org");
         }
         counted_operations(
             emails, [&](const auto& email) { expect(t.find<&user::email>(email).has_value()); });
       }},
      {"ordered lookup of a user/memory", [](const workload& w, const auto&) {
         auto t = shelf::ordered_map<std::string, user>::in_memory();
         std::size_t i = 0;
         std::vector<std::string> emails;
         for (const auto& key : w.keys) {
           emails.push_back(key + "@example.org");
           shelf::or_throw(t.insert(emails.back(), user_of(key, i++)));
         }
         counted_operations(emails,
                            [&](const auto& email) { expect(t.lookup(email).has_value()); });
       }}};
  return all;
}

}  // namespace counts
