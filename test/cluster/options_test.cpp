// TEST  cluster
// What is added to a connection's options, what is refused, and which code an SQLSTATE becomes.
#include "cluster/connection_options.hpp"
#include "cluster/ddl.hpp"
#include "cluster/sql_state.hpp"

#include <gtest/gtest.h>

namespace shelf::test {
namespace {

using namespace shelf::cluster;

result<std::vector<connection_options>> plan(connection_options given,
                                             bool allow_plaintext = false) {
  auto effective = given;
  if (value_of(effective, "sslmode").empty()) set_value(effective, "sslmode", "prefer");
  if (value_of(effective, "channel_binding").empty())
    set_value(effective, "channel_binding", "prefer");
  return hosts_to_try(given, effective, allow_plaintext);
}

TEST(ConnectionOptions, AConnectionToAnotherMachineVerifiesItsCertificateAndBindsTheChannel) {
  for (const auto* host : {"db1", "10.0.0.1", "127.evil.example", "localhost.example"}) {
    const auto hosts = or_throw(plan({{"host", host}}));
    ASSERT_EQ(hosts.size(), 1u);
    EXPECT_EQ(value_of(hosts[0], "sslmode"), "verify-full") << host;
    EXPECT_EQ(value_of(hosts[0], "channel_binding"), "require") << host;
  }
}

TEST(ConnectionOptions, AConnectionOnThisMachineIsLeftAsItIs) {
  for (const auto* host : {"localhost", "127.0.0.1", "::1", "/run/postgresql", ""}) {
    EXPECT_EQ(value_of(or_throw(plan({{"host", host}}))[0], "sslmode"), "prefer") << host;
  }
}

TEST(ConnectionOptions, AnAddressDecidesEvenIfTheNameIsOfThisMachine) {
  const auto hosts = or_throw(plan({{"host", "localhost"}, {"hostaddr", "10.0.0.1"}}));
  EXPECT_EQ(value_of(hosts[0], "sslmode"), "verify-full");
}

TEST(ConnectionOptions, AWeakerOptionToAnotherMachineIsRefusedUnlessPlaintextIsAllowed) {
  for (const auto& weaker : connection_options{{"sslmode", "disable"},
                                               {"sslmode", "require"},
                                               {"sslmode", "verify-ca"},
                                               {"sslmode", "prefer"},
                                               {"channel_binding", "disable"}}) {
    const auto refused = plan({{"host", "db1"}, weaker});
    ASSERT_FALSE(refused) << weaker.value;
    EXPECT_EQ(refused.error(), errc::invalid_argument);
    const auto allowed = or_throw(plan({{"host", "db1"}, weaker}, true));
    EXPECT_EQ(value_of(allowed[0], weaker.keyword), weaker.value);
  }
  EXPECT_EQ(plan({{"host", "db1"}, {"sslmode", "disable"}}).error().message(),
            "sslmode=disable is weaker than verify-full, which a connection to another machine "
            "needs; allow_plaintext permits it");
}

TEST(ConnectionOptions, DeadlinesAreAddedUnlessTheyWereGiven) {
  const auto added = or_throw(plan({{"host", "localhost"}, {"connect_timeout", "9"}}))[0];
  EXPECT_EQ(value_of(added, "connect_timeout"), "9");
  EXPECT_EQ(value_of(added, "tcp_user_timeout"), "1500");
  EXPECT_EQ(value_of(added, "target_session_attrs"), "read-write");
}

TEST(ConnectionOptions, ListsOfHostsAreTriedOneByOneWithTheirPorts) {
  const auto hosts = or_throw(plan({{"host", "localhost,::1"}, {"port", "1,2"}}));
  ASSERT_EQ(hosts.size(), 2u);
  EXPECT_EQ(value_of(hosts[1], "host"), "::1");
  EXPECT_EQ(value_of(hosts[1], "port"), "2");
  EXPECT_EQ(plan({{"host", "a,b"}, {"port", "1,2,3"}}).error(), errc::invalid_argument);
}

TEST(SqlState, ClassesAndTheirExceptionsBecomeOurCodes) {
  EXPECT_EQ(code_of("28P01"), errc::denied);
  EXPECT_EQ(code_of("42501"), errc::denied);
  EXPECT_EQ(code_of("53100"), errc::no_space);
  EXPECT_EQ(code_of("53300"), errc::unavailable);
  EXPECT_EQ(code_of("57P01"), errc::unavailable);
  EXPECT_EQ(code_of("54000"), errc::size_limit_exceeded);
  EXPECT_EQ(code_of("22023"), errc::server_error);
}

TEST(SqlState, IsFoundInAVerboseMessageOfAnyLanguage) {
  EXPECT_EQ(sql_state_in("connection to server at \"h\", port 1 failed: FATAL:  28P01: wrong"),
            "28P01");
  EXPECT_EQ(sql_state_in("SCHWERWIEGEND:  57P03: startet"), "57P03");
  EXPECT_EQ(sql_state_in("connection refused"), "");
}

TEST(Ddl, NamesThatWouldNeedQuotingAreRefused) {
  for (const auto* name : {"", "a b", "A", "1a", "pg_x", "a\"b", "a;drop", "ä", "a.b"}) {
    EXPECT_EQ(check_name("schema", name).error(), errc::invalid_argument) << name;
  }
  EXPECT_FALSE(check_name("schema", std::string(49, 'a')));
  EXPECT_TRUE(check_name("schema", std::string(48, 'a')));
}

TEST(Ddl, TheSchemasNameIsEverywhereInTheStatements) {
  const auto text = ddl("other");
  EXPECT_EQ(text.find("@schema@"), text.npos);
  EXPECT_EQ(text.find("shelf."), text.npos);
  EXPECT_NE(text.find("CREATE SCHEMA other AUTHORIZATION other_owner"), text.npos);
}

}  // namespace
}  // namespace shelf::test
