// TEST  cluster
// The PostgreSQL server of the tests: ctest starts it before them and stops it after. A program run
// without ctest needs `postgres.sh start NOTE` with the note's path, see CMakeLists.txt.
#pragma once

#include "cluster/connection.hpp"
#include "shelf/cluster.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace shelf::test {

/// The port; 0 and a failed test, if no server was started.
inline int server_port() {
  int port = 0;
  std::ifstream(SHELF_TEST_POSTGRES) >> port;
  EXPECT_NE(port, 0) << "no server: run test/cluster/postgres.sh start " SHELF_TEST_POSTGRES;
  return port;
}

/// As its superuser.
inline std::string server_connection() {
  return "host=127.0.0.1 user=postgres dbname=postgres sslmode=disable port=" +
         std::to_string(server_port());
}

inline cluster::deadline in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

/// Long enough for any machine: no test waits for it to pass.
inline cluster::deadline soon() { return in(std::chrono::seconds(60)); }

/// A session besides those under test.
inline cluster::connection superuser() {
  return or_throw(cluster::connection::open({.connection = server_connection()}, soon()));
}

/// A schema of its own for each test, and the roles that belong to it, gone at the end.
class PostgresTest : public ::testing::Test {
 protected:
  PostgresTest() {
    config_.connection = server_connection();
    config_.schema = schema_name();
    config_.deadline = std::chrono::seconds(60);
    remove();
  }
  ~PostgresTest() override { remove(); }

  [[nodiscard]] cluster::config& config() { return config_; }
  void execute(const std::string& statements) {
    or_throw(superuser().run("prepare a test", statements, soon()));
  }

 private:
  static std::string schema_name() {
    const auto* const info = ::testing::UnitTest::GetInstance()->current_test_info();
    const auto hash = std::hash<std::string>()(std::string(info->test_suite_name()) + info->name());
    return "t" + std::to_string(hash % 1'000'000'000);
  }
  void remove() {
    execute("SET client_min_messages = error; DROP SCHEMA IF EXISTS " + config_.schema +
            " CASCADE");
    for (const auto* role : {"_owner", "_app", "_admin", "_report"}) {
      execute("SET client_min_messages = error; DROP ROLE IF EXISTS " + config_.schema + role);
    }
  }

  cluster::config config_;
};

}  // namespace shelf::test
