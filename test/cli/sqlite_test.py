#!/usr/bin/env python3
"""shelf convert to SQLite and back: every kind and type, and databases that others made."""
import sqlite3

from tool import USAGE, ToolTest, main


class Sqlite(ToolTest):
    def sql(self, file, *statements):
        db = sqlite3.connect(self.path / file)
        try:
            with db:
                found = [db.execute(s).fetchall() for s in statements]
        finally:
            db.close()
        return found[-1]

    def there_and_back(self, file):
        """Converted to SQLite and back, it is the same; the name of the SQLite database."""
        database, again = file + ".sqlite", "again." + file
        self.shelf("convert", file, database, "--force")
        self.shelf("convert", database, again, "--force")
        self.assertEqual(self.shelf("diff", file, again).json, [])
        self.shelf("check", again)
        return database

    def shop(self):
        for name, kind, key, value in (
                ("stock", "set", "binary", "integer"),
                ("orders", "ordered_set", "{integer, binary}", "order{what: binary, n: integer}"),
                ("tags", "bag", "binary", "binary"), ("log", "duplicate_bag", "integer", "any"),
                ("empty", "set", "any", "nil")):
            self.shelf("create", "shop.shelf", "--table", name, "--kind", kind, "--key", key,
                       "--value", value)
        for table, *words in (("stock", "bolts", "40"), ("stock", "nüts", "-7"),
                              ("orders", '[1, "x"]', '{"what": "bolts", "n": 2}'),
                              ("tags", "bolts", "new"), ("tags", "bolts", "cheap"),
                              ("log", "1", '"a"'), ("log", "1", '"a"'), ("log", "2", '[1, 2.5]')):
            self.shelf("put", "shop.shelf", *words, "--table", table)

    def test_a_database_becomes_tables_of_sql_and_is_the_same_again(self):
        self.shop()
        database = self.there_and_back("shop.shelf")
        self.assertEqual(self.sql(database, "SELECT key, value FROM stock ORDER BY value"),
                         [("nüts", -7), ("bolts", 40)])
        self.assertEqual(self.sql(database, "SELECT what, n FROM orders"), [("bolts", 2)])
        self.assertEqual(self.sql(database, "SELECT value FROM tags WHERE key = 'bolts'"),
                         [("new",), ("cheap",)])
        self.assertEqual(self.sql(database, "SELECT count(*) FROM log"), [(3,)])
        self.assertEqual(self.sql(database, "PRAGMA integrity_check"), [("ok",)])

    def test_every_type_survives(self):
        types = {
            "integer": ["0", str(2**63 - 1), str(-2**63), str(2**64 - 1)],
            "float": ["0.5", "1e300", "-3.0", "5e-324"],
            "boolean": ["true", "false"],
            "binary": ["text", "", "nüts", "12", "null"],
            "optional(integer)": ["", "7"],
            "optional(binary)": ["", '""', "none", "text", '"{"'],
            "optional(optional(integer))": ["", '{"$some": null}', "3"],
            "system_time(nanosecond)": ["2026-11-20T12:00:00.000000001Z"],
            "list(integer)": ["[]", "[1, 2]"],
            "map(binary, any)": ["{}", '{"a": [1.5, null]}'],
            "any": ['{"$term": "{a, <<255>>}"}', "1", "1.0", '"x"', "[]"],
            "red | green": ["red"],
        }
        for number, (value, texts) in enumerate(types.items()):
            with self.subTest(value):
                file = f"t{number}.shelf"
                made = self.try_shelf("create", file, "--key", "integer", "--value",
                                      f"r{{v: {value}, last: integer}}")
                if made.status != 0:  # a way of writing a type that this version does not know
                    self.assertIn(value.split("(")[0], ("system_time", "red | green"))
                    continue
                self.shelf("create", "w" + file, "--key", "integer", "--value", value)
                for i, text in enumerate(texts):
                    self.shelf("put", "w" + file, "--force", "--", str(i), text)
                self.there_and_back("w" + file)

    def test_bytes_that_are_no_text_are_blobs(self):
        self.make("b.shelf", "set", "binary", "binary")
        for key, value in (("1", '<<255,0,1>>'), ("2", '<<"a",0>>'), ("3", '<<"text">>')):
            self.shelf("put", "b.shelf", "--term", f'<<"{key}">>', value)
        database = self.there_and_back("b.shelf")
        self.assertEqual(self.sql(database, "SELECT typeof(value) FROM \"main\" ORDER BY key"),
                         [("blob",), ("blob",), ("text",)])

    def test_deadlines_stay(self):
        self.make("s.shelf", "set", "binary", "integer")
        self.shelf("put", "s.shelf", "a", "1", "--expires", "2100-01-01T00:00:00Z")
        self.shelf("put", "s.shelf", "b", "2")
        self.there_and_back("s.shelf")
        self.assertIn("2100", self.shelf("get", "again.s.shelf", "a", "--expires").out)
        self.assertNotIn("2100", self.shelf("get", "again.s.shelf", "b", "--expires").out)

    def test_a_database_of_others_gets_types_from_what_is_in_it(self):
        self.sql("app.sqlite",
                 "CREATE TABLE users(id INTEGER PRIMARY KEY, Name TEXT NOT NULL, age INT, "
                 "photo BLOB, score REAL, mixed)",
                 "INSERT INTO users VALUES(1, 'alice', 30, x'ff00', 1.5, 1), "
                 "(2, 'bob', NULL, NULL, 2, 'x')",
                 "CREATE TABLE membership(user INT, team TEXT, PRIMARY KEY(team, user))",
                 "INSERT INTO membership VALUES(1, 'red'), (2, 'red')",
                 "CREATE TABLE notes(text TEXT)", "INSERT INTO notes VALUES('a'), ('b')",
                 "CREATE VIEW v AS SELECT 1")
        self.shelf("convert", "app.sqlite", "app.shelf")
        info = {t["table"]: t for t in self.shelf("info", "app.shelf").json}
        self.assertEqual(info["users"]["key"], "integer")
        self.assertEqual(info["users"]["value"],
                         "users{name: binary, age: optional(integer), photo: optional(binary), "
                         "score: optional(float), mixed: any}")
        self.assertEqual(info["membership"]["key"], "{binary, integer}")
        self.assertEqual(info["notes"]["key"], "integer")
        self.assertEqual(self.shelf("count", "app.shelf", "--table", "notes").out, "2\n")
        self.assertEqual(self.shelf("get", "app.shelf", "2", "--table", "users").json[0],
                         {"name": "bob", "age": None, "photo": None, "score": 2.0, "mixed": "x"})
        self.there_and_back("app.shelf")

    def test_bad_input_is_refused_and_leaves_nothing(self):
        self.shop()
        self.shelf("convert", "shop.shelf", "shop.sqlite")
        self.refused("convert", "shop.shelf", "shop.sqlite", says="exists")
        self.refused("list", "shop.sqlite", says="SQLite")
        self.refused("shop.sqlite", says="SQLite")
        self.refused("convert", "shop.shelf", "shop.shelf", "--to", "sqlite", status=USAGE)
        self.refused("convert", "shop.shelf", "x.sqlite", "--table", "stock", status=USAGE)
        self.refused("convert", "shop.sqlite", "x.dets", status=USAGE, says="a shelf table first")
        self.sql("shop.sqlite", "UPDATE stock SET value = 'many' WHERE key = 'bolts'")
        self.refused("convert", "shop.sqlite", "x.shelf", says=["table stock: row", "integer"])
        self.sql("shop.sqlite", "UPDATE shelf_tables SET kind = 'tree' WHERE name = 'log'")
        self.refused("convert", "shop.sqlite", "x.shelf", says=["shelf_tables", "log"])
        damaged = bytearray(self.read("shop.sqlite"))
        damaged[4096:4200] = b"\xff" * 104
        self.write("damaged.sqlite", bytes(damaged))
        self.refused("convert", "damaged.sqlite", "x.shelf", says="SQLite")
        for name in ("x.shelf", "x.sqlite"):
            self.assertFalse((self.path / name).exists(), name)
        self.assertEqual([p.name for p in self.path.iterdir() if p.name.startswith(".")], [])


if __name__ == "__main__":
    main()
