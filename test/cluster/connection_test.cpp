// TEST  cluster
// Connections: what fails says what, where and why, in time, and never the password.
#include "cluster/connection.hpp"

#include "postgres.hpp"

#include <gmock/gmock.h>

#include <array>

namespace shelf::test {
namespace {

using namespace shelf::cluster;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

class Connection : public PostgresTest {
 protected:
  static result<connection> open(const std::string& more, deadline until = soon()) {
    return connection::open({.connection = server_connection() + " " + more}, until);
  }
};

TEST_F(Connection, AMalformedStringIsRefusedWithoutShowingIt) {
  for (const auto* text :
       {"host=localhost password=se cret", "secret", "postgresql://u:secret@[h"}) {
    const auto refused = connection::open({.connection = text}, soon());
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error(), errc::invalid_argument);
    EXPECT_THAT(refused.error().details(), Not(HasSubstr("cret")));
  }
  EXPECT_EQ(connection::open({.connection = "service=no_such_service"}, soon()).error(),
            errc::invalid_argument);
}

TEST_F(Connection, AWrongPasswordIsDeniedAndShownNowhere) {
  // postgres.sh lets this role in with a password alone.
  execute("SET client_min_messages = error; DROP ROLE IF EXISTS with_password");
  execute("CREATE ROLE with_password LOGIN PASSWORD 'right'");
  const auto as = [](const char* password) {
    connection_settings how;
    how.connection =
        "host=127.0.0.1 dbname=postgres user=with_password port=" + std::to_string(server_port());
    how.password = [password]() -> result<std::string> { return password; };
    return connection::open(how, soon());
  };
  EXPECT_TRUE(as("right"));
  const auto refused = as("hunter2");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), errc::denied);
  EXPECT_THAT(refused.error().message(), HasSubstr("with_password"));
  EXPECT_THAT(refused.error().details(), Not(HasSubstr("hunter2")));
  execute("DROP ROLE with_password");
}

TEST_F(Connection, AServerThatIsNotThereIsUnavailableAndNamed) {
  const auto refused =
      connection::open({.connection = "host=127.0.0.1 port=1 dbname=shop"}, soon());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), errc::unavailable);
  EXPECT_THAT(refused.error().message(), HasSubstr("127.0.0.1:1/shop: cannot connect: "));
}

TEST_F(Connection, TheFirstOfSeveralHostsThatAnswersIsTaken) {
  const auto port = std::to_string(server_port());
  auto opened = connection::open(
      {.connection = "host=127.0.0.1,127.0.0.1 port=1," + port + " user=postgres dbname=postgres"},
      soon());
  ASSERT_TRUE(opened) << opened.error();
  EXPECT_EQ(opened->label(), "127.0.0.1:" + port + "/postgres");
}

TEST_F(Connection, ACertificateIsVerifiedAgainstItsAuthorityAndTheNameOfTheHost) {
  std::string directory;
  {
    int port = 0;
    std::ifstream(SHELF_TEST_POSTGRES) >> port >> directory;
  }
  const auto verified = [&](const std::string& host, const std::string& authority) {
    return connection::open(
        {.connection = "user=postgres dbname=postgres sslmode=verify-full host=" + host +
                       " sslrootcert=" + directory + "/" + authority +
                       ".crt port=" + std::to_string(server_port())},
        soon());
  };
  auto trusted = verified("localhost", "authority");
  ASSERT_TRUE(trusted) << trusted.error();
  const auto is_encrypted = or_throw(trusted->query(
      "ask", "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", {}, soon()));
  EXPECT_TRUE(or_throw(is_encrypted.get<bool>(0, 0)));
  const auto forged = verified("localhost", "stranger");
  ASSERT_FALSE(forged);
  EXPECT_EQ(forged.error(), errc::unavailable);
  EXPECT_THAT(forged.error().message(), HasSubstr("certificate"));
  const auto misnamed = verified("127.0.0.1", "authority");
  ASSERT_FALSE(misnamed);
  EXPECT_THAT(misnamed.error().message(), HasSubstr("127.0.0.1"));
}

TEST_F(Connection, ADeadlineEndsAStatementAndTheConnection) {
  auto holder = superuser();
  or_throw(holder.run("lock", "SELECT pg_advisory_lock(7)", soon()));
  auto c = or_throw(open(""));
  const auto late = c.query("wait", "SELECT pg_advisory_lock(7)", {}, in(50ms));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error(), errc::unavailable);
  EXPECT_THAT(late.error().message(), HasSubstr("cannot wait: no answer before the deadline"));
  EXPECT_TRUE(c.was_sent());
  EXPECT_FALSE(c.is_usable());
  EXPECT_EQ(c.query("ask", "SELECT 1", {}, soon()).error(), errc::unavailable);
  EXPECT_FALSE(c.was_sent());
}

TEST_F(Connection, AFailedStatementNamesItsSqlstateAndLeavesTheConnection) {
  auto c = or_throw(open(""));
  const auto failed = c.query("divide", "SELECT 1/0", {}, soon());
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error(), errc::server_error);
  EXPECT_THAT(failed.error().message(),
              HasSubstr("cannot divide: division by zero (SQLSTATE 22012)"));
  EXPECT_EQ(or_throw(or_throw(c.query("ask", "SELECT 7", {}, soon())).get<std::int32_t>(0, 0)), 7);
}

TEST_F(Connection, ABackendThatIsTerminatedIsUnavailable) {
  auto c = or_throw(open(""));
  const auto id = or_throw(
      or_throw(c.query("ask", "SELECT pg_backend_pid()", {}, soon())).get<std::int32_t>(0, 0));
  execute("SELECT pg_terminate_backend(" + std::to_string(id) + ", 30000)");
  const auto failed = c.query("ask", "SELECT 1", {}, soon());
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error(), errc::unavailable);
  EXPECT_FALSE(c.is_usable());
}

TEST_F(Connection, ValuesArriveAndReturnInBinary) {
  auto c = or_throw(open(""));
  const std::string text("a\0'\\", 4);
  const std::vector<wire::optional_bytes> all{as_bytes(text), std::nullopt, bytes()};
  const std::array parameters{wire::encode(std::span(all)), wire::encode(std::int64_t{-5}),
                              wire::null(wire::type::text)};
  const auto rows = or_throw(c.query("echo", "SELECT $1, $2, $3", parameters, soon()));
  const auto back = or_throw(rows.get<std::vector<wire::optional_bytes>>(0, 0));
  ASSERT_EQ(back.size(), 3u);
  EXPECT_EQ(as_text(*back[0]), text);
  EXPECT_FALSE(back[1]);
  EXPECT_EQ(or_throw(rows.get<std::int64_t>(0, 1)), -5);
  EXPECT_FALSE(rows.field(0, 2));
  const auto missing = rows.get<std::string>(0, 2);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message(), "malformed answer: column 3 is missing");
}

TEST_F(Connection, ACopyThatTheVisitorRefusesEndsWithItsError) {
  auto c = or_throw(open(""));
  int rows = 0;
  const auto refused = c.copy(
      "copy",
      "COPY (SELECT int4send(i) FROM generate_series(1, 100000) i) TO STDOUT (FORMAT binary)",
      copy_stream(1, 4),
      [&](auto) -> result<> {
        return ++rows < 10 ? result<>() : std::unexpected(error(errc::type_mismatch, "enough"));
      },
      soon());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), errc::type_mismatch);
  EXPECT_EQ(rows, 10);
  auto again = or_throw(open(""));
  EXPECT_EQ(again
                .copy(
                    "copy", "COPY nothing TO STDOUT", copy_stream(1, 4),
                    [](auto) -> result<> { return {}; }, soon())
                .error(),
            errc::server_error);
  EXPECT_TRUE(again.is_usable());
}

}  // namespace
}  // namespace shelf::test
