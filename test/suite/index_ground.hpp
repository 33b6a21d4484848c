// SUITE  every verb over every kind, write mode and store
// What the tests of indexes stand on: people with every index there is, and what each index must
// show, made anew from the entries.
#pragma once

#include "shelf/database.hpp"
#include "shelf/index.hpp"
#include "suite/ground.hpp"

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace shelf::suite {

struct person {
  std::string email;
  std::string city;
  int age = 0;
  std::vector<std::string> tags;
  friend auto operator<=>(const person&, const person&) = default;
};

struct by_domain {
  static constexpr std::string_view name = "domain";
  static std::string key(const person& p) { return p.email.substr(p.email.find('@') + 1); }
};

template <kind Kind>
using people_of =
    table<std::string, person, Kind, unique<&person::email>, index<&person::city>,
          index<&person::city, &person::age>, index_each<&person::tags>, index_by<by_domain>>;

using person_entry = std::pair<std::string, person>;

/// The entries of an index, each with its key, made anew.
template <class F>
[[nodiscard]] auto built_anew(const std::vector<person_entry>& all, F keys_of) {
  using key = typename decltype(keys_of(std::declval<const person&>()))::value_type;
  std::vector<std::tuple<key, std::string, person>> made;
  for (const auto& [k, p] : all) {
    for (const auto& ik : keys_of(p)) made.push_back({ik, k, p});
  }
  std::ranges::sort(made);
  return made;
}

/// That a range of a whole index shows what one built anew would, in its order.
template <class Range, class F>
void expect_same(const Range& shown, const std::vector<person_entry>& all, F keys_of) {
  const auto wanted = built_anew(all, keys_of);
  std::vector<person_entry> found;
  for (const auto& e : shown) found.push_back(e);
  std::vector<person_entry> backwards;
  for (const auto& e : shown.reversed()) backwards.push_back(e);
  std::ranges::reverse(backwards);
  ASSERT_EQ(found, backwards);
  ASSERT_EQ(found.size(), wanted.size());
  ASSERT_EQ(shown.size(), wanted.size());
  // In a bag, entries of a key with one key in the index stand in an order of their own.
  std::size_t from = 0;
  while (from < wanted.size()) {
    auto to = from;
    std::multiset<person_entry> these;
    std::multiset<person_entry> those;
    const auto& [ik, k, p] = wanted[from];
    for (; to < wanted.size() && std::get<0>(wanted[to]) == ik && std::get<1>(wanted[to]) == k;
         ++to) {
      these.insert({std::get<1>(wanted[to]), std::get<2>(wanted[to])});
      those.insert(found[to]);
    }
    ASSERT_EQ(these, those) << "at " << from;
    from = to;
  }
}

/// That every index of a moment, or of a transaction's table, equals one built anew.
template <class Moment>
void expect_indexes_hold(const Moment& moment) {
  std::vector<person_entry> all;
  for (const auto& e : moment) all.push_back(e);
  const auto each_once = [](const std::vector<std::string>& tags) {
    return std::set<std::string>(tags.begin(), tags.end());
  };
  using pair = std::pair<std::string, int>;
  ASSERT_NO_FATAL_FAILURE(
      expect_same(moment.template range<&person::email>(), all,
                  [](const person& p) { return std::vector<std::string>{p.email}; }));
  ASSERT_NO_FATAL_FAILURE(
      expect_same(moment.template range<&person::city>(), all,
                  [](const person& p) { return std::vector<std::string>{p.city}; }));
  ASSERT_NO_FATAL_FAILURE(
      expect_same(moment.template range<&person::city, &person::age>(), all,
                  [](const person& p) { return std::vector<pair>{{p.city, p.age}}; }));
  ASSERT_NO_FATAL_FAILURE(expect_same(moment.template range<&person::tags>(), all,
                                      [&](const person& p) { return each_once(p.tags); }));
  ASSERT_NO_FATAL_FAILURE(expect_same(moment.template range<by_domain>(), all, [](const person& p) {
    return std::vector<std::string>{by_domain::key(p)};
  }));
  std::set<std::string> emails;
  for (const auto& [k, p] : all) ASSERT_TRUE(emails.insert(p.email).second) << p.email;
}

/// People at random, so few that they often meet.
class people_dice {
 public:
  explicit people_dice(std::uint64_t seed) : dice_(seed) {}

  [[nodiscard]] int roll(int sides) {
    return static_cast<int>(dice_() % static_cast<unsigned>(sides));
  }
  [[nodiscard]] std::string key() { return "k" + std::to_string(roll(20)); }
  [[nodiscard]] person one() {
    static constexpr std::array cities{"Bonn", "Rome", "Oslo", "", "Rom"};
    static constexpr std::array domains{"x.org", "y.org", "z.example.com"};
    person p{.email = "p" + std::to_string(roll(40)) + "@" + domains[roll_index(3)],
             .city = cities[roll_index(5)],
             .age = roll(4) - 1,
             .tags = {}};
    for (int left = roll(4); left > 0; --left) p.tags.push_back(std::string(1, 'a' + roll_char(5)));
    return p;
  }
  [[nodiscard]] std::vector<person_entry> some(int most) {
    std::vector<person_entry> all;
    for (int left = 1 + roll(most); left > 0; --left) all.push_back({key(), one()});
    return all;
  }

 private:
  [[nodiscard]] std::size_t roll_index(int sides) { return static_cast<std::size_t>(roll(sides)); }
  [[nodiscard]] char roll_char(int sides) { return static_cast<char>(roll(sides)); }

  std::mt19937_64 dice_;
};

}  // namespace shelf::suite
