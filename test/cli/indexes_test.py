#!/usr/bin/env python3
"""Indexes that a file records: shown, kept by who writes, used by who asks."""
import contextlib
import sqlite3

from tool import REFUSED, USAGE, USER, ToolTest, main

NAMES = ["alice", "bob", "carol", "dave", "eve"]


class Indexes(ToolTest):
    def users(self, *words, kind="ordered_set"):
        """Five users by number, a mail address each but the last, which has none."""
        self.shelf("create", "u.shelf", "--kind", kind, "--key", "integer", "--value", USER,
                   *(words or ("--unique", "mail")))
        for i, name in enumerate(NAMES, 1):
            mail = f'"{name}@x"' if name != "eve" else "null"
            self.put(i, name, mail)

    def put(self, key, name, mail, *words, **how):
        value = f'{{"name":"{name}","mail":{mail},"age":{30 + int(key)}}}'
        return self.shelf("put", "u.shelf", key, value, *words, **how)

    def indexes(self, *words):
        return self.shelf("info", "u.shelf", *words).json[0].get("indexes")

    def explained(self, *words, command="list"):
        return self.shelf(command, "u.shelf", *words, "--explain").json[0]

    # --- shown ---

    def test_info_shows_what_the_file_records(self):
        self.users("--unique", "mail", "--index", "age", "--index", "name, age")
        self.assertEqual(self.indexes(), [
            {"what": "unique", "members": ["mail"]},
            {"what": "index", "members": ["age"]},
            {"what": "index", "members": ["name", "age"]}])
        shown = self.on_terminal("u.shelf", environment={"NO_COLOR": "1"}).out
        self.assertIn("indexes    unique<mail>, index<age>, index<name, age>", shown)

    def test_a_table_without_indexes_shows_none(self):
        self.shelf("create", "u.shelf", "--key", "integer", "--value", USER)
        self.assertIsNone(self.indexes())

    def test_tables_of_a_database_show_theirs(self):
        for name, words in ("users", ["--unique", "mail"]), ("others", []):
            self.shelf("create", "u.shelf", "--table", name, "--key", "integer",
                       "--value", USER, *words)
        shown = self.shelf("info", "u.shelf").json
        self.assertEqual([t.get("indexes") for t in shown],
                         [[{"what": "unique", "members": ["mail"]}], None])
        self.assertIn(", unique<mail>", self.on_terminal("info", "u.shelf").out)
        self.shelf("put", "u.shelf", "1", '{"name":"a","mail":"a@x","age":1}', "--table", "users")
        self.refused("put", "u.shelf", "2", '{"name":"b","mail":"a@x","age":1}',
                     "--table", "users", says="unique index mail")

    def test_an_index_over_no_field_is_refused(self):
        for words in ["--unique", "phone"], ["--index", "name,phone"], ["--index", ""]:
            self.refused("create", "u.shelf", "--key", "integer", "--value", USER, *words,
                         status=USAGE, says="values have no field")
        self.refused("create", "u.shelf", "--key", "integer", "--value", "binary",
                     "--unique", "name", status=USAGE, says="values have no field 'name'")
        self.assertFalse((self.path / "u.shelf").exists())

    # --- kept ---

    def test_a_put_that_breaks_a_unique_index_is_refused_and_names_both_keys(self):
        for kind in "set", "ordered_set", "bag", "duplicate_bag":
            self.users(kind=kind)
            before = self.read("u.shelf")
            self.refused("put", "u.shelf", "7", '{"name":"al","mail":"alice@x","age":1}',
                         says=["unique index mail", "entries of 7 and of 1"])
            # None is a value as any other.
            self.refused("put", "u.shelf", "7", '{"name":"al","mail":null,"age":1}',
                         says=["unique index mail", "entries of 7 and of 5"])
            self.assertEqual(self.shelf("list", "u.shelf", "--where", "key=7").json, [])
            self.assertEqual(self.shelf("count", "u.shelf").out, "5\n")
            self.put(6, "al", '"al@x"')
            self.assertEqual(self.indexes(), [{"what": "unique", "members": ["mail"]}])
            self.assertNotEqual(self.read("u.shelf"), before)
            (self.path / "u.shelf").unlink()

    def test_a_unique_index_over_two_fields_compares_both(self):
        self.users("--unique", "name,age")
        self.shelf("put", "u.shelf", "8", '{"name":"alice","mail":null,"age":1}')
        self.refused("put", "u.shelf", "9", '{"name":"alice","mail":"x","age":1}',
                     says=["unique index name, age", "of 9 and of 8"])

    def test_a_key_is_free_when_its_entry_is_deleted(self):
        self.users()
        self.shelf("delete", "u.shelf", "1")
        self.put(7, "al", '"alice@x"')
        self.assertEqual(self.indexes(), [{"what": "unique", "members": ["mail"]}])

    def test_an_import_refuses_rows_that_break_a_unique_index(self):
        self.users()
        rows = ('{"key":6,"value":{"name":"f","mail":"f@x","age":1}}\n'
                '{"key":7,"value":{"name":"g","mail":"bob@x","age":1}}\n'
                '{"key":8,"value":{"name":"h","mail":"f@x","age":1}}\n')
        before = self.read("u.shelf")
        self.refused("import", "u.shelf", "-", given=rows,
                     says=[":2:1:", "unique index mail", "the entries of 7 and of 2",
                           "nothing was imported"])
        self.assertEqual(self.shelf("count", "u.shelf").out, "5\n")
        ran = self.shelf("import", "u.shelf", "-", "--skip-bad", given=rows, status=REFUSED)
        self.assertEqual(ran.json[0]["imported"], 1)
        self.assertEqual(ran.json[0]["rejected"], 2)
        self.assertEqual(self.shelf("count", "u.shelf").out, "6\n")
        self.shelf("check", "u.shelf")
        self.refused("import", "u.shelf", "-", "--append", given=rows, status=USAGE,
                     says=["--append", "unique<mail>"])
        self.assertNotEqual(self.read("u.shelf"), before)

    def test_force_breaks_it_and_then_the_file_does_not_record_it(self):
        self.users("--unique", "mail", "--index", "age")
        self.put(7, "al", '"alice@x"', "--force")
        self.assertEqual(self.indexes(), [{"what": "index", "members": ["age"]}])
        self.assertEqual(len(self.shelf("list", "u.shelf", "--where", "mail=alice@x").json), 2)
        self.shelf("check", "u.shelf")

    def test_whatever_leaves_values_as_they_are_leaves_the_record(self):
        self.users()
        record = self.indexes()
        self.shelf("touch", "u.shelf", "1", "--in", "1h")
        self.shelf("take", "u.shelf", "2")
        self.shelf("compact", "u.shelf")
        self.shelf("copy", "u.shelf", "copy.shelf")
        self.shelf("backup", "u.shelf", "backup.shelf")
        self.shelf("restore", "backup.shelf", "restored.shelf")
        self.assertEqual(self.indexes(), record)
        for name in "copy", "backup", "restored":
            told = self.shelf("info", f"{name}.shelf").json[0]
            self.assertEqual(told["indexes"], record, name)

    def test_a_migration_keeps_the_indexes_whose_fields_stay(self):
        self.users("--unique", "mail", "--index", "age", "--index", "name,age")
        self.shelf("migrate", "u.shelf", "--rename", "mail=email", "--default",
                   "visits: integer = 0")
        self.assertEqual(self.indexes()[0], {"what": "unique", "members": ["email"]})
        self.assertEqual(len(self.indexes()), 3)
        self.refused("put", "u.shelf", "7", '{"name":"x","email":"bob@x","age":1,"visits":1}',
                     says="unique index email")
        before = self.read("u.shelf")
        ran = self.try_shelf("migrate", "u.shelf", "--drop", "age", "--dry-run")
        self.assertIn("not recorded any more: 2", ran.errors)
        self.assertEqual(self.read("u.shelf"), before)
        self.try_shelf("migrate", "u.shelf", "--drop", "age")
        self.assertEqual(self.indexes(), [{"what": "unique", "members": ["email"]}])

    def test_sqlite_gets_the_indexes(self):
        self.users("--unique", "mail", "--index", "name,age")
        self.shelf("convert", "u.shelf", "u.sqlite")
        with contextlib.closing(sqlite3.connect(self.path / "u.sqlite")) as db:
            made = {name: bool(unique) for _, name, unique, origin, _ in
                    db.execute("PRAGMA index_list(main)") if origin == "c"}
            self.assertEqual(made, {"main_by_mail": True, "main_by_name_age": False})
            over = [row[2] for row in db.execute("PRAGMA index_info(main_by_name_age)")]
            self.assertEqual(over, ["name", "age"])
            with self.assertRaises(sqlite3.IntegrityError):
                db.execute("INSERT INTO main VALUES (9, 'x', 'bob@x', 1)")
        self.shelf("convert", "u.sqlite", "back.shelf")
        self.assertEqual(self.shelf("diff", "u.shelf", "back.shelf").json, [])

    # --- used ---

    def test_a_condition_on_the_key_looks_at_no_other_keys(self):
        self.users()
        for where, looked_at in (["key=2"], 1), (["key<3"], 2), (["key<=3"], 3), \
                (["key>3"], 2), (["key>=3"], 3), (["key>1", "key<=4"], 3), (["key=9"], 0), \
                (["key>4", "key<2"], 0), (["key>=2", "key=3", "age>1"], 1):
            words = [w for one in where for w in ("--where", one)]
            told = self.explained(*words)
            self.assertEqual(told["looked_at"], looked_at, where)
            self.assertEqual(told["rows"], looked_at, where)
            self.assertEqual(told["of"], 5)
            one = where[-1].startswith("key=") or where[1:2] == ["key=3"]
            self.assertEqual(told["reads"], "key" if one else "key_range", where)
            rows = self.shelf("list", "u.shelf", *words).json
            self.assertEqual(len(rows), looked_at)
            back = self.shelf("list", "u.shelf", *words, "--reverse").json
            self.assertEqual(back, rows[::-1], where)
            self.assertEqual(self.shelf("count", "u.shelf", *words).out, f"{looked_at}\n")
        # What says less than the other options changes nothing.
        told = self.explained("--from", "3", "--to", "5", "--where", "key>1", "--where", "key<=9")
        self.assertEqual(told["looked_at"], 2)
        self.assertEqual(self.explained("--where", "key!=3")["reads"], "scan")

    def test_one_key_of_a_hash_table_is_looked_up(self):
        for kind in "set", "bag", "duplicate_bag":
            self.users(kind=kind)
            told = self.explained("--where", "key=2")
            self.assertEqual((told["reads"], told["looked_at"]), ("key", 1))
            self.assertEqual(self.explained("--where", "key=9")["looked_at"], 0)
            self.assertEqual(self.explained("--where", "key<3")["looked_at"], 5)
            row = self.shelf("list", "u.shelf", "--where", "key=2").json
            self.assertEqual([r["value"]["name"] for r in row], ["bob"])
            if "bag" in kind:
                self.put(2, "rob", '"rob@x"')
                self.assertEqual(self.explained("--where", "key=2", command="count"), {
                    "reads": "key", "because": "a table finds the entries of one key",
                    "stops_at": None, "looked_at": 2, "of": 6, "rows": 2})
            (self.path / "u.shelf").unlink()

    def test_a_row_of_a_looked_up_key_has_its_deadline(self):
        self.users(kind="set")
        self.shelf("touch", "u.shelf", "1", "--at", "2100-01-01T00:00:00Z")
        row = self.shelf("list", "u.shelf", "--where", "key=1").json[0]
        self.assertEqual(row["expires"], "2100-01-01T00:00:00.000Z")

    def test_a_search_ends_at_the_entry_of_a_unique_index(self):
        self.users()
        told = self.explained("--where", "mail=bob@x")
        self.assertEqual((told["reads"], told["stops_at"], told["looked_at"], told["rows"]),
                         ("unique", "unique<mail>", 2, 1))
        # The others need not match: no other entry has that address.
        told = self.explained("--where", "mail=bob@x", "--where", "age>90", command="count")
        self.assertEqual((told["looked_at"], told["rows"]), (2, 0))
        self.assertEqual(self.explained("--where", "mail=nobody")["looked_at"], 5)
        self.assertIsNone(self.explained("--where", "mail~bob")["stops_at"])
        self.assertEqual(self.shelf("list", "u.shelf", "--where", "mail=bob@x").json[0]["key"], 2)

    def test_what_is_scanned_says_why(self):
        self.users("--index", "age")
        self.assertIn("index<age> is in the memory of programs",
                      self.explained("--where", "age=31")["because"])
        self.assertIn("records no index", self.explained("--where", "name=bob")["because"])
        self.assertIn("no row is left out", self.explained()["because"])
        self.assertEqual(self.explained("--limit", "2")["looked_at"], 2)
        shown = self.on_terminal("list", "u.shelf", "--where", "key=2", "--explain",
                                 environment={"NO_COLOR": "1"}).out
        self.assertEqual(shown.replace("\r", "").splitlines(), [
            "reads      one key: a table finds the entries of one key",
            "looked at  1 of 5 entries", "rows       1"])


if __name__ == "__main__":
    main()
