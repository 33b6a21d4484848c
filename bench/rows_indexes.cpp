// BENCH  rows: indexes
// What does an index cost a lookup, an insert, an open and the memory?
#include "measure.hpp"
#include "rivals/user_store.hpp"
#include "shelf/index.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace bench {
namespace {

using plain_users = shelf::map<std::string, user>;
using two_indexes =
    shelf::map<std::string, user, shelf::unique<&user::email>, shelf::index<&user::city>>;
using three_indexes = shelf::map<std::string, user, shelf::unique<&user::email>,
                                 shelf::index<&user::city>, shelf::index<&user::age>>;
using by_email = shelf::ordered_map<std::string, user>;

[[nodiscard]] std::string email_of(const std::string& key) { return key + "@example.org"; }

/// Users of the workload: addresses of 25 bytes, a thousand cities, ages below a hundred.
[[nodiscard]] std::vector<std::pair<std::string, user>> users_of(const workload& w) {
  std::vector<std::pair<std::string, user>> all;
  std::size_t i = 0;
  for (const auto& key : w.to_write) {
    const auto city = i * 7919 % 1000;
    all.push_back(
        {key,
         {email_of(key), "City " + std::to_string(city), static_cast<std::int64_t>(i * 31 % 100)}});
    ++i;
  }
  return all;
}

using users = std::vector<std::pair<std::string, user>>;

void lookups(bench_run& b, const users& all) {
  if (!b.wants("find by a unique index")) return;
  auto table = three_indexes::in_memory();
  auto ordered = by_email::in_memory();
  const auto sqlite = open_sqlite_users(true);
  const auto multi = open_multi_index_users();
  for (const auto& [key, u] : all) {
    shelf::or_throw(table.insert(key, u));
    shelf::or_throw(ordered.insert(u.email, u));
    sqlite->put(key, u);
    multi->put(key, u);
  }
  std::vector<std::string> emails;
  for (const auto& key : b.data().to_read) emails.push_back(email_of(key));
  const auto each = [&emails](auto f) {
    return [&emails, f] {
      return timed(emails.size(), [&] {
        for (const auto& email : emails) f(email);
      });
    };
  };
  b.compare(
      "find by a unique index", "ns",
      each([&](const auto& e) { keep(table.find<&user::email>(e)->first.size()); }),
      {{{"shelf, lookup in an ordered_map",
         each([&](const auto& e) { keep(ordered.lookup(e)->email.size()); })},
        1.3},
       {{"Boost.MultiIndex", each([&](const auto& e) { keep(multi->find_by_email(e)); })}},
       {{"SQLite, in memory", each([&](const auto& e) { keep(sqlite->find_by_email(e)); })}}});
}

template <class Table>
[[nodiscard]] run inserts(const users& all) {
  return [&all] {
    auto t = Table::in_memory();
    return timed(all.size(), [&] {
      for (const auto& [key, u] : all) shelf::or_throw(t.insert(key, u));
    });
  };
}

void writes(bench_run& b, const users& all) {
  const auto into = [&all](auto open) {
    return [&all, open] {
      const auto store = open();
      return timed(all.size(), [&] {
        for (const auto& [key, u] : all) store->put(key, u);
      });
    };
  };
  b.compare("insert with 3 indexes, memory", "ns", inserts<three_indexes>(all),
            {{{"shelf, no index", inserts<plain_users>(all)}, 3.0},
             {{"Boost.MultiIndex", into([] { return open_multi_index_users(); })}},
             {{"SQLite, in memory", into([] { return open_sqlite_users(true); })}}});
}

void opens(bench_run& b, const users& all) {
  if (!b.wants("open with 2 indexes")) return;
  const auto path = fresh_directory(b.options()) + "/users.shelf";
  {
    auto t = shelf::or_throw(plain_users::open(path));
    shelf::or_throw(t.insert_range(all));
    shelf::or_throw(t.close());
  }
  const auto opened = [&]<class Table>(std::type_identity<Table>) {
    return [&path, &all] {
      return timed(all.size(),
                   [&] { shelf::or_throw(shelf::or_throw(Table::open(path)).close()); });
    };
  };
  b.compare("open with 2 indexes", "ns/entry", opened(std::type_identity<two_indexes>{}),
            {{{"shelf, no index", opened(std::type_identity<plain_users>{})}, 2.0}});
}

template <class Table>
[[nodiscard]] double bytes_per_entry(const users& all, const std::string& path) {
  const auto t = shelf::or_throw(Table::open(path));
  return static_cast<double>(shelf::or_throw(t.stats()).memory_bytes) /
         static_cast<double>(all.size());
}

void memory(bench_run& b, const users& all) {
  if (!b.wants("bytes per entry of an index")) return;
  const auto path = fresh_directory(b.options()) + "/users.shelf";
  {
    auto t = shelf::or_throw(plain_users::open(path));
    shelf::or_throw(t.insert_range(all));
    shelf::or_throw(t.close());
  }
  const auto index = [&] {
    const auto plain = bytes_per_entry<plain_users>(all, path);
    return (bytes_per_entry<three_indexes>(all, path) - plain) / 3;
  };
  b.compare("bytes per entry of an index", "bytes", index,
            {{{"the agreed 60", [] { return 60.0; }}, 1.0}});
}

}  // namespace

void measure_indexes(bench_run& b) {
  const auto all = users_of(b.data());
  lookups(b, all);
  writes(b, all);
  opens(b, all);
  memory(b, all);
}

}  // namespace bench
