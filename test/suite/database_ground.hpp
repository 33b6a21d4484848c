// SUITE  every verb over every kind, write mode and store
// What the tests of databases stand on: a simulated disk with one database of two tables.
#pragma once

#include "shelf/database.hpp"
#include "suite/ground.hpp"

#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace shelf::suite {

using accounts_table = shelf::ordered_map<std::string, std::int64_t>;
using visits_table = shelf::map<std::string, std::int64_t>;
using tags_table = shelf::bag<std::string, std::int64_t>;
using log_table = shelf::duplicate_bag<std::string, std::int64_t>;

/// A machine with one database on it.
class database_ground {
 public:
  explicit database_ground(keeping k = keeping::through) : how(k) {}

  [[nodiscard]] database_config config() {
    database_config c;
    c.path = path;
    c.mode = mode_of(how);
    c.sync_every = std::chrono::milliseconds(0);
    c.system = &disk;
    c.on_error = [this](const error& e) { told.push_back(e); };
    return c;
  }
  template <class... T>
  [[nodiscard]] database open(declared<T>... tables) {
    return or_throw(database::open(config(), std::move(tables)...));
  }
  /// What a lone table is opened with, of the same file.
  template <class T>
  [[nodiscard]] typename T::config lone() {
    typename T::config c;
    c.path = path;
    c.mode = mode_of(how);
    c.system = &disk;
    return c;
  }

  const keeping how;
  simulation::simulated_disk disk;
  std::vector<error> told;  ///< by on_error
};

/// A database with two tables, as most tests want it.
struct bank : database_ground {
  explicit bank(keeping k = keeping::through)
      : database_ground(k),
        db(open(declare<accounts_table>("accounts"), declare<visits_table>("visits"))),
        accounts(or_throw(db.table<accounts_table>("accounts"))),
        visits(or_throw(db.table<visits_table>("visits"))) {}

  database db;
  accounts_table accounts;
  visits_table visits;
};

/// Runs f on a thread of its own, and waits for it: what another does meanwhile.
template <class F>
void elsewhere(F f) {
  std::thread(std::move(f)).join();
}

}  // namespace shelf::suite
