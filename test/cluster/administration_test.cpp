// TEST  cluster
// Installing the schema, handing out privileges, and looking at a server.
#include "cluster/ddl.hpp"
#include "postgres.hpp"

#include <gmock/gmock.h>

namespace shelf::test {
namespace {

using namespace shelf::cluster;
using ::testing::HasSubstr;

class Administration : public PostgresTest {
 protected:
  /// The error of a statement that a role of the schema executes; the code of success is none.
  std::optional<errc> as_role(const std::string& suffix, const std::string& statement) {
    auto c = superuser();
    or_throw(c.run("become", "SET ROLE " + config().schema + suffix, soon()));
    const auto done = c.query("try", for_schema(statement, config().schema), {}, soon());
    return done ? std::nullopt : std::optional(done.error().code());
  }
};

TEST_F(Administration, InitInstallsOnceAndAddsSpacesLater) {
  const auto first = or_throw(initialize(config()));
  EXPECT_TRUE(first.schema);
  EXPECT_TRUE(first.space);
  const auto second = or_throw(initialize(config()));
  EXPECT_FALSE(second.schema);
  EXPECT_FALSE(second.space);
  config().space = "other";
  const auto third = or_throw(initialize(config()));
  EXPECT_FALSE(third.schema);
  EXPECT_TRUE(third.space);
}

TEST_F(Administration, StatementsInstallTheSameByHand) {
  execute(or_throw(statements(config().schema)));
  EXPECT_FALSE(or_throw(initialize(config())).schema);
  EXPECT_EQ(or_throw(inspect(config())).seq, 0);
}

TEST_F(Administration, WhatIsNotInstalledIsNotFoundAndSaysWhatToDo) {
  const auto no_schema = inspect(config());
  ASSERT_FALSE(no_schema);
  EXPECT_EQ(no_schema.error(), errc::not_found);
  EXPECT_THAT(no_schema.error().message(), HasSubstr("is not installed; run `shelf-cluster init`"));
  or_throw(initialize(config()));
  config().space = "elsewhere";
  const auto no_space = inspect(config());
  ASSERT_FALSE(no_space);
  EXPECT_EQ(no_space.error(), errc::not_found);
  EXPECT_THAT(no_space.error().message(), HasSubstr("there is no space 'elsewhere'"));
}

TEST_F(Administration, ASchemaOfAnotherFormatIsLeftAlone) {
  or_throw(initialize(config()));
  execute("UPDATE " + config().schema + ".format SET version = 9");
  EXPECT_EQ(inspect(config()).error(), errc::unsupported_version);
  EXPECT_EQ(initialize(config()).error(), errc::unsupported_version);
}

TEST_F(Administration, AServerIsNeverTakenForSaferThanItsSettings) {
  or_throw(initialize(config()));
  const auto seen = or_throw(inspect(config()));
  EXPECT_TRUE(seen.is_primary);
  EXPECT_EQ(seen.promise, promise::none);  // the tests' server has fsync off
  EXPECT_EQ(seen.why, "fsync is off");
  EXPECT_TRUE(require(seen, promise::none));
  const auto unsafe = require(seen, promise::synchronous);
  ASSERT_FALSE(unsafe);
  EXPECT_EQ(unsafe.error(), errc::unsafe_engine);
  EXPECT_THAT(unsafe.error().message(), HasSubstr("promises less than synchronous: fsync is off"));
}

TEST_F(Administration, EachRoleMayDoWhatItsPrivilegeSaysAndNoMore) {
  or_throw(initialize(config()));
  const std::string declare =
      "SELECT * FROM @schema@.declare(1, gen_random_uuid(), 't', 1::smallint, '', '')";
  EXPECT_EQ(as_role("_admin", declare), std::nullopt);
  EXPECT_EQ(as_role("_app", declare), errc::denied);
  EXPECT_EQ(as_role("_app", "SELECT * FROM @schema@.entries"), std::nullopt);
  for (const auto* write : {"DELETE FROM @schema@.commits", "UPDATE @schema@.spaces SET seq = 9",
                            "INSERT INTO @schema@.format VALUES (2)"}) {
    EXPECT_EQ(as_role("_app", write), errc::denied) << write;
    EXPECT_EQ(as_role("_admin", write), errc::denied) << write;
  }
  EXPECT_EQ(as_role("_report", "SELECT * FROM @schema@.nodes"), std::nullopt);
  EXPECT_EQ(as_role("_report", "SELECT * FROM @schema@.entries"), errc::denied);
  EXPECT_EQ(as_role("_report", "SELECT @schema@.collect()"), errc::denied);
}

TEST_F(Administration, AGrantedRoleMayUseTheSpaceAndAnUnknownOneIsAnError) {
  or_throw(initialize(config()));
  const auto role = config().schema + " \"web";  // needs quoting
  const auto quoted = "\"" + config().schema + " \"\"web\"";
  execute("CREATE ROLE " + quoted + " LOGIN");
  or_throw(grant(config(), role, privilege::use));
  auto web = config();
  web.connection = "host=127.0.0.1 dbname=postgres port=" + std::to_string(server_port()) +
                   " user='" + role + "'";
  EXPECT_TRUE(inspect(web));
  execute("DROP ROLE " + quoted);
  EXPECT_EQ(grant(config(), role, privilege::use).error(), errc::server_error);
}

TEST_F(Administration, ARoleWithoutThePrivilegeIsDenied) {
  or_throw(initialize(config()));
  execute("CREATE ROLE " + config().schema + "_stranger LOGIN");
  auto stranger = config();
  stranger.connection = "host=127.0.0.1 dbname=postgres port=" + std::to_string(server_port()) +
                        " user=" + config().schema + "_stranger";
  EXPECT_EQ(inspect(stranger).error(), errc::denied);
  execute("DROP ROLE " + config().schema + "_stranger");
}

}  // namespace
}  // namespace shelf::test
