#!/usr/bin/env python3
"""convert to SQLite and back at its limits: random types, odd names, equal rows, files that are
damaged, locked or left behind, disks that are full, and Ctrl-C."""
import os
import random
import resource
import signal
import sqlite3
import subprocess
import time

from round_trip_test import Types
from tool import NOT_FOUND, OK, SHELF, USAGE, ToolTest, budgeted, main

KINDS = ("set", "ordered_set", "bag", "duplicate_bag")


class Limits(ToolTest):
    def sql(self, file, *statements, **options):
        db = sqlite3.connect(self.path / file, **options)
        try:
            with db:
                found = [db.execute(s).fetchall() for s in statements]
        finally:
            db.close()
        return found[-1]

    def rows_of(self, file, table):
        """The rows as terms, in the order of a table that has one."""
        listed = self.shelf("export", file, "--table", table, "--format", "etf-hex").out
        return listed.split()

    def nothing_was_left(self, *names):
        self.assertEqual([p.name for p in self.path.iterdir()
                          if p.name in names or ".new-" in p.name or p.name.startswith(".")], [])

    def the_same_again(self, file, tables):
        self.shelf("convert", file, "there.sqlite", "--force")
        self.assertEqual(self.sql("there.sqlite", "PRAGMA integrity_check"), [("ok",)])
        self.shelf("convert", "there.sqlite", "back.shelf", "--force")
        self.shelf("check", "back.shelf")
        for name in tables:
            before, after = self.rows_of(file, name), self.rows_of("back.shelf", name)
            self.assertEqual(sorted(before), sorted(after), name)

    def test_random_tables_of_every_kind_come_back_byte_for_byte(self):
        for seed in range(budgeted(8)):
            with self.subTest(seed=seed):
                chance = random.Random(seed)
                types = Types(chance)
                file, tables = f"random{seed}.shelf", []
                for kind in KINDS:
                    (key, a_key), (value, a_value) = types.type(2), types.type(3)
                    name = kind + chance.choice(["", " x", "\"", "'", ".y", "-ü"])
                    self.shelf("create", file, "--table", name, "--kind", kind, "--key", key,
                               "--value", value)
                    lines = "".join(f"{{{a_key()},{a_value()}}}.\n" for _ in range(20))
                    self.shelf("import", file, "-", "--table", name, "--format", "erlang",
                               "--force", given=lines)
                    tables.append(name)
                self.the_same_again(file, tables)

    def test_bags_keep_the_order_of_their_values(self):
        for kind in ("bag", "duplicate_bag"):
            self.shelf("create", "order.shelf", "--table", kind, "--kind", kind, "--key", "integer",
                       "--value", "x{rowid: integer, oid: integer}")
            lines = "".join(f"{{{n % 3},{{x,{(n * 7) % 40},{n}}}}}.\n" for n in range(40))
            self.shelf("import", "order.shelf", "-", "--table", kind, "--format", "erlang",
                       given=lines)
        self.shelf("convert", "order.shelf", "order.sqlite")
        self.shelf("convert", "order.sqlite", "again.shelf")
        for kind in ("bag", "duplicate_bag"):
            for key in ("0", "1", "2"):
                words = (key, "--table", kind)
                self.assertEqual(self.shelf("get", "again.shelf", *words).out,
                                 self.shelf("get", "order.shelf", *words).out)
        self.assertEqual(self.sql("order.sqlite", "SELECT rowid_ FROM bag WHERE key = 1 ORDER BY "
                                  "rowid LIMIT 3"), [(7,), (28,), (9,)])

    def test_names_that_sql_cannot_tell_apart_or_reserves_are_kept(self):
        value = "r{a: integer, 'A': integer, rowid: integer, shelf_expires: integer, " \
            "'select': integer, 'a\"b': integer}"
        names = ("order", "Order", "select", "shelf_tables", "sqlite_stat1", "tags",
                 "tags_by_key", 'a"b', "main")
        for number, name in enumerate(names):
            kind = "bag" if name == "tags" else "set"
            self.shelf("create", "odd.shelf", "--table", name, "--kind", kind, "--key", "integer",
                       "--value", value)
            self.shelf("import", "odd.shelf", "-", "--table", name, "--format", "erlang",
                       given=f"{{{number},{{r,1,2,3,4,5,6}}}}.\n")
        self.the_same_again("odd.shelf", names)
        self.assertEqual(self.sql("there.sqlite", 'SELECT a, A_, rowid_, shelf_expires_, "select", '
                                  '"a""b" FROM "Order_"'), [(1, 2, 3, 4, 5, 6)])
        self.assertEqual(
            self.sql("there.sqlite", "SELECT sql_name FROM shelf_tables ORDER BY rowid"),
            [("order",), ("Order_",), ("select",), ("shelf_tables_",), ("_sqlite_stat1",),
             ("tags",), ("tags_by_key",), ('a"b',), ("main",)])

    def test_numbers_that_sql_does_not_have_come_back(self):
        floats = ["-0.0", "0.0", "-1.0", "9007199254740993.0", "1.0e300", "5.0e-324"]
        wide = [str(2**63), str(-2**63 - 1), str(2**64 - 1), "1" + "0" * 40]
        for name, value, all_values in (
                ("f", "float", floats), ("i", "integer", wide),
                ("of", "optional(float)", [f"{{some,{f}}}" for f in floats] + ["none"]),
                ("oof", "optional(optional(float))",
                 [f"{{some,{{some,{f}}}}}" for f in floats] + ["none", "{some,none}"]),
                ("ooi", "optional(optional(integer))",
                 [f"{{some,{{some,{i}}}}}" for i in wide] + ["none", "{some,none}"])):
            self.shelf("create", "n.shelf", "--table", name, "--key", "integer", "--value", value)
            lines = "".join(f"{{{n},{v}}}.\n" for n, v in enumerate(all_values))
            self.shelf("import", "n.shelf", "-", "--table", name, "--format", "erlang", "--force",
                       given=lines)
        self.the_same_again("n.shelf", ["f", "i", "of", "oof", "ooi"])

    def test_rows_that_would_be_one_entry_are_refused(self):
        self.sql("nulls.db", "CREATE TABLE t(a TEXT PRIMARY KEY, b)",
                 "INSERT INTO t VALUES(NULL, 1), ('x', 2), (NULL, 3)")
        self.refused("convert", "nulls.db", "x.shelf", says=["table t: row 3", "earlier row"])
        self.sql("bytes.db", "CREATE TABLE t(a TEXT PRIMARY KEY, b)",
                 "INSERT INTO t VALUES('x', 1), (x'78', 2)")
        self.refused("convert", "bytes.db", "x.shelf", says=["table t: row 2", "earlier row"])
        self.make("bag.shelf", "bag", "integer", "integer", [(1, 2), (1, 3)])
        self.shelf("convert", "bag.shelf", "bag.sqlite")
        self.sql("bag.sqlite", 'INSERT INTO "main" VALUES(1, 2)')
        self.refused("convert", "bag.sqlite", "x.shelf", says=["row 3", "this value"])
        self.nothing_was_left("x.shelf")

    def test_a_table_without_a_primary_key_has_its_row_numbers(self):
        self.sql("k.db", "CREATE TABLE k(rowid TEXT, x)", "INSERT INTO k VALUES('a', 1), ('a', 2)",
                 "CREATE TABLE w(a INT, b TEXT, c, PRIMARY KEY(b, a)) WITHOUT ROWID",
                 "INSERT INTO w VALUES(1, 'x', 2.5)", "CREATE TABLE \"sel\"\"ect \"(id INTEGER "
                 "PRIMARY KEY, \"we\"\"ird\" TEXT, \"Select\" INT, \"select \" INT)",
                 "INSERT INTO \"sel\"\"ect \" VALUES(7, 'y', 1, 2)", "CREATE TABLE bare(a INT)")
        self.shelf("convert", "k.db", "k.shelf")
        self.shelf("check", "k.shelf")
        self.assertEqual(self.shelf("list", "k.shelf", "--table", "k").json,
                         [{"key": 1, "value": {"rowid": "a", "x": 1}},
                          {"key": 2, "value": {"rowid": "a", "x": 2}}])
        self.assertEqual(self.shelf("list", "k.shelf", "--table", "w").json,
                         [{"key": ["x", 1], "value": {"c": 2.5}}])
        self.assertEqual(self.shelf("list", "k.shelf", "--table", 'sel"ect ').json,
                         [{"key": 7, "value": {"we_ird": "y", "select": 1, "select_": 2}}])
        self.assertEqual(self.shelf("count", "k.shelf", "--table", "bare").out, "0\n")
        self.sql("long.db", f'CREATE TABLE "{"t" * 300}"(a)')
        ran = self.refused("convert", "long.db", "x.shelf", status=USAGE, says="255 bytes")
        self.assertNotIn(".new-", ran.errors)
        self.sql("hidden.db", "CREATE TABLE t(rowid, oid, _rowid_)")
        self.refused("convert", "hidden.db", "x.shelf", says=["table t", "no primary key"])

    def test_what_others_changed_in_our_tables_is_kept_or_refused(self):
        self.users()
        self.shelf("convert", "users.shelf", "users.sqlite")
        original = self.read("users.sqlite")
        for change, says in (
                ('ALTER TABLE "main" ADD COLUMN note TEXT', "'note'"),
                ('ALTER TABLE "main" RENAME COLUMN mail TO email', "no column 'mail'"),
                ('ALTER TABLE "main" RENAME TO users', "no such table"),
                ("UPDATE \"main\" SET age = 'old' WHERE key = 2", "table main: row 2: age"),
                ("UPDATE \"main\" SET age = 1.5 WHERE key = 2", "table main: row 2: age"),
                ("UPDATE \"main\" SET name = NULL WHERE key = 3", "table main: row 3: name"),
                ("UPDATE shelf_tables SET value_type = '{'", "shelf_tables"),
                ("UPDATE shelf_tables SET kind = NULL", "shelf_tables"),
                ("ALTER TABLE shelf_tables DROP COLUMN kind", "shelf_tables")):
            with self.subTest(change):
                self.write("users.sqlite", original)
                self.sql("users.sqlite", change)
                self.refused("convert", "users.sqlite", "x.shelf", says=says)
                self.nothing_was_left("x.shelf")
        self.write("users.sqlite", original)
        self.sql("users.sqlite", "UPDATE \"main\" SET age = 31 WHERE name = 'alice'",
                 "CREATE TABLE more(id INTEGER PRIMARY KEY, x TEXT)",
                 "INSERT INTO more VALUES(1, 'y')")
        self.shelf("convert", "users.sqlite", "more.shelf")
        self.assertEqual(self.shelf("get", "more.shelf", "1", "--table", "main").json[0]["age"], 31)
        self.assertEqual(self.shelf("count", "more.shelf", "--table", "more").out, "1\n")

    def test_deadlines_are_a_column_and_a_wrong_one_is_named(self):
        self.make("s.shelf", "set", "binary", "integer")
        self.shelf("put", "s.shelf", "a", "1", "--expires", "2100-01-01T00:00:00Z")
        self.shelf("convert", "s.shelf", "s.sqlite")
        self.assertEqual(self.sql("s.sqlite", 'SELECT shelf_expires FROM "main"'),
                         [(4102444800000,)])
        for wrong in ("'soon'", "-1", "1.5", str(2**62)):
            self.sql("s.sqlite", f'UPDATE "main" SET shelf_expires = {wrong}')
            self.refused("convert", "s.sqlite", "x.shelf", says=["row 1: shelf_expires"])
        self.sql("s.sqlite", 'UPDATE "main" SET shelf_expires = NULL')
        self.shelf("convert", "s.sqlite", "forever.shelf")
        self.assertIn("never", self.shelf("get", "forever.shelf", "a", "--expires").out)

    def test_a_database_that_is_being_written_is_refused_and_read_once_it_is_not(self):
        self.sql("busy.db", "CREATE TABLE t(a INTEGER PRIMARY KEY)", "INSERT INTO t VALUES(1)")
        writer = sqlite3.connect(self.path / "busy.db", isolation_level=None)
        writer.execute("BEGIN EXCLUSIVE")
        self.refused("convert", "busy.db", "x.shelf", says=["busy.db", "locked", "another program"])
        self.nothing_was_left("x.shelf")
        writer.execute("COMMIT")
        self.shelf("convert", "busy.db", "x.shelf")
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("INSERT INTO t VALUES(2)")  # in the log alone
        self.shelf("convert", "busy.db", "wal.shelf")
        writer.close()
        self.assertEqual(self.shelf("count", "wal.shelf").out, "2\n")

    def test_a_damaged_database_is_refused_or_read_but_never_crashes(self):
        self.users()
        self.shelf("import", "users.shelf", "-", "--format", "erlang", given="".join(
            f"{{{n},{{user,<<\"{'n' * 300}\">>,none,{n}}}}}.\n" for n in range(10, 100)))
        self.shelf("convert", "users.shelf", "sound.sqlite")
        content = self.read("sound.sqlite")
        chance = random.Random(17)
        for _ in range(budgeted(40)):
            damaged = bytearray(content)
            for _ in range(chance.randrange(1, 8)):
                damaged[chance.randrange(16, len(damaged))] = chance.randrange(256)
            cut = chance.choice([len(damaged), len(damaged), chance.randrange(16, len(damaged))])
            self.write("damaged.sqlite", bytes(damaged[:cut]))
            ran = self.try_shelf("convert", "damaged.sqlite", "x.shelf", "--force")
            self.assertIn(ran.status, (OK, 1), ran.errors)
            if ran.status == OK:
                self.shelf("check", "x.shelf")
            else:
                self.assertRegex(ran.errors, "damaged.sqlite")
        self.write("short.sqlite", content[:len(content) // 2])
        self.refused("convert", "short.sqlite", "y.shelf", says=["short.sqlite", "malformed"])
        self.refused("convert", "missing.sqlite", "y.shelf", status=NOT_FOUND)
        self.nothing_was_left("y.shelf")

    def test_the_journal_of_another_database_is_not_left_to_the_new_one(self):
        self.users()
        self.write("u.sqlite-wal", b"x" * 100)
        self.refused("convert", "users.shelf", "u.sqlite", says=["u.sqlite-wal", "remove it"])
        self.refused("convert", "users.shelf", "u.sqlite", "--force", says="u.sqlite-wal")
        self.nothing_was_left("u.sqlite")

    def test_a_full_disk_leaves_no_file(self):
        self.make("big.shelf", "set", "integer", "binary")
        self.shelf("import", "big.shelf", "-", "--format", "erlang", given="".join(
            f"{{{n},<<\"{'v' * 1000}\">>}}.\n" for n in range(2000)))
        self.shelf("convert", "big.shelf", "big.sqlite")

        def small():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        for words in (("big.shelf", "x.sqlite"), ("big.sqlite", "x.shelf")):
            done = subprocess.run([SHELF, "convert", *words], cwd=self.path, capture_output=True,
                                  check=False, timeout=60, preexec_fn=small)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(words[1] + ":", done.stderr.decode())
            self.assertRegex(done.stderr.decode(), "File too large|disk I/O error")
            self.assertNotIn(".new-", done.stderr.decode())
            self.nothing_was_left(words[1])

    def test_an_interruption_leaves_no_file(self):
        self.make("many.shelf", "set", "integer", "binary")
        self.shelf("import", "many.shelf", "-", "--format", "erlang", given="".join(
            f"{{{n},<<\"{'v' * 100}\">>}}.\n" for n in range(50000)))
        self.shelf("convert", "many.shelf", "many.sqlite")
        for words in (("many.shelf", "x.sqlite"), ("many.sqlite", "x.shelf")):
            with subprocess.Popen([SHELF, "convert", *words], cwd=self.path,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
                before = set(os.listdir(self.path))
                while process.poll() is None and set(os.listdir(self.path)) <= before:
                    time.sleep(0.001)  # sleeps: between looks whether it has begun
                process.send_signal(signal.SIGINT)
                process.wait(timeout=60)
            self.assertIn(process.returncode, (OK, -signal.SIGINT))
            if (self.path / words[1]).exists():  # it was quicker, so it is complete
                self.shelf("convert", "--force", words[1], "whole.shelf" if words[1] == "x.sqlite"
                           else "whole.sqlite")
                (self.path / words[1]).unlink()
            self.nothing_was_left(words[1])


if __name__ == "__main__":
    main()
