// TEST  cluster
// Tables as SQL sees them: terms as JSON, and views with typed columns.
#include "budget.hpp"
#include "cluster/ddl.hpp"
#include "cluster/postgres_server.hpp"
#include "error/hex.hpp"
#include "postgres.hpp"
#include "random_value.hpp"
#include "rows/text/json_term.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <memory>

namespace shelf::test {
namespace {

using namespace shelf::cluster;
using rows::json_value;

/// As the server says it.
using cell = std::optional<std::string>;

[[nodiscard]] const json_value* member(const json_value& of, std::string_view name) {
  const auto at = std::ranges::find(of.names, name);
  return at == of.names.end() ? nullptr
                              : &of.items[static_cast<std::size_t>(at - of.names.begin())];
}

/// An escape {"$term": ..} as the bytes of its term.
[[nodiscard]] std::string escaped_bytes(const json_value& of) {
  const auto any = or_throw(rows::schema::parse("any"));
  const auto t = rows::from_json(any.root(), of);
  return t ? to_hex(t->encoded()) : "no term";
}

/// Whether the server shows what `shelf export` does, with the differences that views.sql lists.
[[nodiscard]] bool is_same(const json_value& exported, const json_value& shown) {
  using type = json_value::type;
  if (const auto* const bytes = member(shown, "$etf"); bytes != nullptr) {
    return bytes->text == escaped_bytes(exported);
  }
  if (const auto* const bytes = member(shown, "$hex");
      bytes != nullptr && exported.what == type::string) {
    return exported.text.find('\0') != std::string::npos &&
           bytes->text == to_hex(as_bytes(exported.text));
  }
  const bool is_float = exported.what == type::floating || shown.what == type::floating;
  if (is_float && shown.what >= type::integer && shown.what <= type::floating) {
    return std::strtod(exported.text.c_str(), nullptr) == std::strtod(shown.text.c_str(), nullptr);
  }
  if (exported.what != shown.what || exported.text != shown.text) return false;
  if (exported.items.size() != shown.items.size()) return false;
  for (std::size_t i = 0; i < exported.items.size(); ++i) {
    const auto* const other =
        exported.names.empty() ? &shown.items[i] : member(shown, exported.names[i]);
    if (other == nullptr || !is_same(exported.items[i], *other)) return false;
  }
  return true;
}

class Views : public PostgresTest {
 protected:
  Views() {
    or_throw(initialize(config()));
    session_.emplace(superuser());
  }
  std::unique_ptr<server> node() {
    space_settings how;
    how.connection.connection = config().connection;
    how.schema = config().schema;
    return or_throw(open_postgres(how, soon()));
  }
  /// Declares a table and puts entries into it.
  catalog_table fill(std::string_view name, kind what, std::string_view key_schema,
                     std::string_view value_schema,
                     const std::vector<std::pair<term, term>>& entries) {
    const auto s = node();
    const auto text = [](std::string_view t) {
      return buffer(as_bytes(t).begin(), as_bytes(t).end());
    };
    const auto t = or_throw(s->declare({.name = std::string(name),
                                        .what = what,
                                        .key_schema = text(key_schema),
                                        .value_schema = text(value_schema)},
                                       soon()));
    for (const auto& [key, value] : entries) {
      const change c{.code = change_code::put,
                     .table = t.id,
                     .key = buffer(key.encoded().begin(), key.encoded().end()),
                     .content = buffer(value.encoded().begin(), value.encoded().end())};
      EXPECT_EQ(or_throw(s->commit({.base = or_throw(s->head(soon())),
                                    .nonce = random_uuid(),
                                    .waves = {{{.changes = {c}, .reads = {}}}}},
                                   soon()))
                    .outcome,
                commit_outcome::committed);
    }
    return t;
  }
  /// Rows as text.
  std::vector<std::vector<cell>> ask(const std::string& statement,
                                     std::vector<wire::parameter> parameters = {}) {
    const auto rows = or_throw(
        session_->query("ask", for_schema(statement, config().schema), parameters, soon()));
    std::vector<std::vector<cell>> all(rows.rows());
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      for (std::size_t j = 0; j < rows.columns(); ++j) {
        all[i].push_back(rows.field(i, j) ? cell(or_throw(rows.get<std::string>(i, j)))
                                          : std::nullopt);
      }
    }
    return all;
  }
  cell json(bytes encoded, std::string_view schema) {
    return ask("SELECT @schema@.json($1, @schema@.shape_of($2))::text",
               {wire::encode(encoded), wire::encode(as_bytes(schema))})[0][0];
  }

 private:
  std::optional<connection> session_;
};

TEST_F(Views, JsonOfRandomValuesIsWhatExportWrites) {
  random_values random(7);
  const auto rounds = budgeted(600);
  for (std::size_t i = 0; i < rounds; ++i) {
    const auto [schema, value] = random.any_schema(3);
    const auto type = or_throw(rows::schema::parse(schema));
    ASSERT_TRUE(detail::check_by_schema(type.root(), value)) << schema << "\n" << value.to_string();
    const auto exported = rows::to_json(type.root(), value);
    const auto shown = json(value.encoded(), schema);
    ASSERT_TRUE(shown) << schema << "\n" << value.to_string();
    ASSERT_TRUE(is_same(*rows::parse_json(exported), *rows::parse_json(*shown))) << schema << "\n"
                                                                                 << exported << "\n"
                                                                                 << *shown;
  }
}

TEST_F(Views, DamagedTermsAreNullAndNeverAnErrorOrEndless) {
  random_values random(11);
  std::mt19937_64 engine(12);
  const auto rounds = budgeted(600);
  for (std::size_t i = 0; i < rounds; ++i) {
    const auto [schema, value] = random.any_schema(3);
    std::vector<std::byte> bad(value.encoded().begin(), value.encoded().end());
    if (i % 3 == 0) {
      bad.resize(engine() % bad.size());
      EXPECT_EQ(json(bad, schema), std::nullopt) << schema << "\n" << value.to_string();
      continue;
    }
    for (auto left = engine() % 4; left < 4; ++left)
      bad[engine() % bad.size()] = std::byte(engine());
    static_cast<void>(json(bad, schema));  // a query that fails throws
  }
  for (const auto* hex :
       {"", "6c", "6cffffffff", "74ffffffff", "68ff", "69ffffffff", "6dffffffff", "6fffffffff00",
        "77ff", "76ffff", "4dffffffff00", "46", "6105ff", "58", "83", "467ff0000000000000"}) {
    const auto shown = json(*bytes_from_hex(hex), "any");
    EXPECT_TRUE(!shown || shown->starts_with("{\"$etf\"")) << hex << *shown;
  }
}

TEST_F(Views, DeepTermsAndLongListsAreShownInTime) {
  term deep = term::integer(1);
  for (int i = 0; i < 240; ++i) deep = *term::map({{term::binary("a"), deep}});
  EXPECT_THAT(*json(deep.encoded(), "any"), ::testing::HasSubstr("$etf"));
  const std::vector<term> many(20'000, term::binary("text"));
  const auto whole = term::list(many);
  EXPECT_EQ(rows::parse_json(*json(whole.encoded(), "list(binary)"))->items.size(), many.size());
}

TEST_F(Views, AMalformedOrEndlessSchemaIsShownAsAny) {
  const auto x = term::binary("x");
  const std::string deep = std::string(300, '{') + std::string(300, '}');
  for (const auto& schema : {std::string("list("), std::string("\xff"), std::string("a{b}"), deep,
                             std::string(70'000, 'x'), std::string("integer)"), std::string()}) {
    EXPECT_EQ(json(x.encoded(), schema), "\"x\"") << schema.substr(0, 20);
  }
}

TEST_F(Views, AViewHasTypedColumns) {
  const auto some = [](term t) { return term::tuple({*term::atom("some"), std::move(t)}); };
  const auto user = [&](term boss, term photo) {
    return term::tuple({*term::atom("user"), term::integer(7), *term::floating(1.5),
                        term::boolean(true), term::integer(1'500'000'000), std::move(boss),
                        std::move(photo), term::list({term::integer(1), term::integer(2)})});
  };
  fill("users", kind::set, "{binary, integer}",
       "user{age: integer, key: float, active: boolean, seen: integer(nanoseconds since 1970), "
       "boss: optional(binary), photo: binary, tags: list(integer)}",
       {{term::tuple({term::binary("alice"), term::integer(1)}),
         user(*term::atom("none"), term::binary("\xff"))},
        {term::tuple({term::binary("bob"), term::integer(-2)}),
         user(some(term::binary("alice")), term::binary("hi"))}});
  const auto rows =
      ask("SELECT key_1, key_2::text, age::text, value_key::text, active::text, (seen AT TIME ZONE "
          "'UTC')::text, boss,"
          " photo, tags::text FROM @schema@.main__users ORDER BY key_1");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_THAT(rows[0],
              ::testing::ElementsAre("alice", "1", "7", "1.5", "true", "1970-01-01 00:00:01.5",
                                     std::nullopt, "\\xff", "[1, 2]"));
  EXPECT_EQ(rows[1][6], "alice");
  EXPECT_EQ(rows[1][7], "hi");
  const auto types =
      ask("SELECT string_agg(format_type(atttypid, NULL), ', ' ORDER BY attnum) FROM pg_attribute"
          " WHERE attrelid = '@schema@.main__users'::regclass");
  EXPECT_EQ(types[0][0],
            "text, numeric, numeric, double precision, boolean, timestamp with time zone, text, "
            "text, jsonb");
}

TEST_F(Views, ARowThatDoesNotFitIsShownWithNulls) {
  fill("users", kind::set, "binary", "user{age: integer}",
       {{term::binary("a"), term::binary("no user")},
        {term::binary("b"), term::tuple({*term::atom("user"), term::binary("no age")})}});
  execute("INSERT INTO " + config().schema +
          ".entries SELECT store, 1, 1, '\\x00', '', NULL, '\\xff' FROM " + config().schema +
          ".tables");
  const auto rows = ask("SELECT key, age::text FROM @schema@.main__users");
  ASSERT_EQ(rows.size(), 3u);
  for (const auto& row : rows) EXPECT_EQ(row[1], std::nullopt);
}

TEST_F(Views, AViewFollowsClearAndDropAndTheNextDeclaration) {
  const auto t = fill("t", kind::set, "integer", "integer", {{term::integer(1), term::integer(2)}});
  EXPECT_EQ(ask("SELECT key::text, value::text FROM @schema@.main__t")[0][1], "2");
  const auto s = node();
  or_throw(s->commit(
      {.base = or_throw(s->head(soon())),
       .nonce = random_uuid(),
       .waves = {{{.changes = {{.code = change_code::clear, .table = t.id}}, .reads = {}}}}},
      soon()));
  EXPECT_TRUE(ask("SELECT key::text FROM @schema@.main__t").empty());
  or_throw(s->drop("t", soon()));
  EXPECT_EQ(ask("SELECT to_regclass('@schema@.main__t')::text")[0][0], std::nullopt);
  fill("t", kind::set, "binary", "binary", {{term::binary("k"), term::binary("v")}});
  EXPECT_EQ(ask("SELECT value FROM @schema@.main__t")[0][0], "v");
}

TEST_F(Views, NamesWithOddCharactersAndLongOnesHaveAView) {
  for (const auto* name : {"Users", "a\"b", "it's", "%s %I", "two\nlines", "gr\u00fcn", ""}) {
    const auto with_tail = std::string(name) + std::string(80, 'x');
    if (*name != '\0') fill(name, kind::set, "binary", "'a\"b'{'x \" y': binary, key: nil}", {});
    fill(with_tail, kind::set, "binary", "integer", {});
  }
  const auto views = ask("SELECT v.viewname::text FROM pg_views v WHERE v.schemaname = '@schema@'");
  EXPECT_EQ(views.size(), 13u);
  EXPECT_EQ(ask("SELECT \"x \"\" y\" FROM @schema@.\"main__a\"\"b\"").size(), 0u);
  const auto s = node();
  or_throw(s->drop("a\"b", soon()));
  EXPECT_EQ(ask("SELECT 1::text FROM pg_views v WHERE v.schemaname = '@schema@'").size(), 12u);
}

TEST_F(Views, ReportersSeeViewsAndNothingBehindThem) {
  fill("t", kind::set, "binary", "user{name: binary, tags: list(any)}",
       {{term::binary("k"), term::tuple({*term::atom("user"), term::binary("n"), term::nil()})}});
  const auto as_report = [&](const std::string& statement) {
    auto c = superuser();
    or_throw(c.run("become", "SET ROLE " + config().schema + "_report", soon()));
    const auto done = c.query("try", for_schema(statement, config().schema), {}, soon());
    return done ? std::nullopt : std::optional(done.error().code());
  };
  EXPECT_EQ(as_report("SELECT * FROM @schema@.main__t"), std::nullopt);
  EXPECT_EQ(as_report("SELECT @schema@.json('\\x6105', '{\"is\": \"any\"}')"), std::nullopt);
  EXPECT_EQ(as_report("SELECT * FROM @schema@.entries"), errc::denied);
  EXPECT_EQ(as_report("SELECT * FROM @schema@.commits"), errc::denied);
  EXPECT_EQ(as_report("DELETE FROM @schema@.main__t"), errc::server_error);  // not updatable
  EXPECT_EQ(as_report("SELECT @schema@.create_view('x', 1, 'y', '', '')"), errc::denied);
  EXPECT_EQ(
      ask("SELECT reloptions::text FROM pg_class WHERE oid = '@schema@.main__t'::regclass")[0][0],
      "{security_barrier=true}");
}

TEST_F(Views, AReportThatRunsDoesNotMakeCommitsWaitForADrop) {
  const auto kept = fill("kept", kind::set, "binary", "binary", {});
  fill("t", kind::set, "binary", "binary", {});
  auto report = superuser();
  or_throw(
      report.run("report", "BEGIN; SELECT * FROM " + config().schema + ".main__t; SELECT", soon()));
  auto held = superuser();
  or_throw(held.run(
      "hold", "BEGIN; LOCK TABLE " + config().schema + ".main__t IN ACCESS SHARE MODE", soon()));
  const auto dropping = node();
  EXPECT_EQ(dropping->drop("t", in(std::chrono::milliseconds(300))).error(), errc::unavailable);
  fill("kept", kind::set, "binary", "binary", {{term::binary("k"), term::binary("v")}});
  or_throw(held.run("let go", "ROLLBACK", soon()));
}

}  // namespace
}  // namespace shelf::test
