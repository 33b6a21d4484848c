#!/usr/bin/env python3
"""shelf-cluster export and import: spaces and local files have the same contents, both ways."""
import itertools
import json
import random
import signal
import subprocess
import sys
import time
import unittest

from tool_ground import CONNECTION, SCHEMA, TOOL, Ground, sql

TABLES = [
    {"table": "stock", "kind": "set", "key": "binary", "value": "integer"},
    {"table": "prices", "kind": "ordered_set", "key": "any", "value": "any"},
    {"table": "tags", "kind": "bag", "key": "binary", "value": "binary"},
    {"table": "Ereignis ü", "kind": "duplicate_bag", "key": "integer", "value": "any"},
    {"table": "nothing", "kind": "set", "key": "any", "value": "any"}]
TERMS = ["a", "'an atom'", "17", "-1", "99999999999999999999", "1.5", "-0.5", "\"text\"", "[]",
         "<<0,255>>", "<<5:3>>", "{}", "{a,{b,[1,2|c]}}", "[{x,1},<<\"y\">>]"]


def line(**row):
    return json.dumps(row, ensure_ascii=False) + "\n"


def term(text):
    return {"$term": text}


def contents(seed):
    """A dump with every kind of table, and entries whose order counts."""
    chance = random.Random(seed)
    text = "".join(line(**t) for t in TABLES)
    for i in range(60):
        text += line(table="stock", key=f"key {i}", value=chance.randrange(-2**63, 2**63))
    for key in TERMS:
        text += line(table="prices", key=term(key), value=term(f"#{{{key} => [{key}]}}"))
    for key in ("a", "b", ""):
        for value in chance.sample(range(100), 10):
            text += line(table="tags", key=key, value=f"v{value}")
    for _ in range(60):
        text += line(table="Ereignis ü", key=chance.randrange(4), value=term(chance.choice(TERMS)))
    return text


class Transfer(Ground):
    def setUp(self):
        super().setUp()
        self.names = (self.folder / f"{number}.shelf" for number in itertools.count())
        self.works("init")

    def file_of(self, dump):
        name = next(self.names)
        self.shelf("load", name, "-", "--format", "jsonl", text=dump)
        return name

    def dump_of(self, file):
        """The tables, and their rows in an order that tells only that of a key's values."""
        lines = self.shelf("dump", file).splitlines()
        return sorted(lines, key=lambda row: (row.startswith('{"table":') and '"kind":' in row,
                                              row.split(',"value":')[0]))

    def exported(self, *words):
        name = next(self.names)
        self.works("export", str(name), *words)
        return name

    def test_a_file_comes_back_from_a_space_as_it_was(self):
        for seed in range(3):
            space = f"space_{seed}"
            self.works("init", "--space", space)
            file = self.file_of(contents(seed))
            said = self.works("import", str(file), "--space", space)
            self.assertIn("of 5 tables in 1 commit", said)
            back = self.exported("--space", space)
            self.assertEqual(self.dump_of(file), self.dump_of(back))
            self.shelf("check", back)
            self.works("init", "--space", "again")
            self.works("import", str(back), "--space", "again", "--replace")
            self.assertEqual(self.dump_of(self.exported("--space", "again")), self.dump_of(back))
            self.works("check", "--space", "again")

    def test_an_empty_space_and_one_of_a_single_table_can_be_exported(self):
        self.assertEqual(self.shelf("dump", self.exported()), "")
        self.works("add-table", "lone", "--value", "integer")
        self.assertIn('"lone"', self.shelf("dump", self.exported()))

    def test_an_export_replaces_no_file_and_writes_none_if_it_fails(self):
        there = self.folder / "there.shelf"
        there.write_text("mine")
        self.assertIn("already exists", self.fails(1, "export", str(there)))
        self.assertEqual(there.read_text(), "mine")
        self.works("import", str(self.file_of(contents(1))))
        sql(f"UPDATE {SCHEMA}.entries SET content = '\\xff' WHERE key ="
            f" (SELECT key FROM {SCHEMA}.entries WHERE term IS NULL ORDER BY key DESC LIMIT 1)")
        self.assertIn("table '", self.fails(1, "export", str(self.folder / "bad.shelf")))
        self.assertFalse((self.folder / "bad.shelf").exists())
        self.assertIn("No such file", self.fails(1, "export", str(self.folder / "none/x.shelf")))

    def test_an_import_adds_to_no_entries_unless_it_may_replace_them(self):
        file = self.file_of(contents(1))
        self.works("import", str(file))
        before = sql(f"SELECT seq FROM {SCHEMA}.spaces")
        complaint = self.fails(1, "import", str(file))
        self.assertIn("table 'stock' of the space has entries; --replace clears it", complaint)
        self.assertEqual(sql(f"SELECT seq FROM {SCHEMA}.spaces"), before)
        other = self.file_of(line(**TABLES[0]) + line(table="stock", key="only", value=1))
        self.works("import", str(other), "--replace")
        rows = self.shelf("dump", self.exported()).splitlines()
        self.assertEqual([row for row in rows if row.startswith('{"table":"stock","key":')],
                         ['{"table":"stock","key":"only","value":1}'])
        self.assertEqual(len([row for row in rows if row.startswith('{"table":"tags","key":')]), 30)

    def test_an_import_of_other_types_changes_nothing(self):
        self.works("add-table", "stock", "--value", "binary")
        file = self.file_of(contents(1))
        self.assertIn("the key type differs: the space has any, the file binary",
                      self.fails(1, "import", str(file)))
        self.assertEqual(sql(f"SELECT count(*) FROM {SCHEMA}.tables"), "1")
        self.works("drop-table", "stock")
        self.works("add-table", "stock", "--kind", "bag")
        self.assertIn("the space has it as bag, the file as set",
                      self.fails(1, "import", str(file)))

    def test_what_a_space_cannot_keep_is_named(self):
        maps = self.file_of(line(**TABLES[1]) + line(table="prices", key=term("#{}"), value=1))
        self.assertIn("table 'prices':", self.fails(2, "import", str(maps)))
        self.assertIn("nothing.shelf", self.fails(3, "import", str(self.folder / "nothing.shelf")))
        (self.folder / "text").write_text("no table")
        self.fails(1, "import", str(self.folder / "text"))
        expiring = self.folder / "expiring.shelf"
        self.shelf("create", expiring)
        self.shelf("put", expiring, "--term", "a", "b", "--expires", "1h")
        self.assertIn("entries with a deadline", self.fails(2, "import", str(expiring)))

    def large(self):
        text = line(**TABLES[3]) + line(**TABLES[0])
        text += "".join(line(table="Ereignis ü", key=i % 7, value=i) for i in range(30_000))
        text += "".join(line(table="stock", key=f"k{i}", value=i) for i in range(30_000))
        return self.file_of(text)

    def start(self, *words):
        return subprocess.Popen([TOOL, words[0], CONNECTION, *map(str, words[1:]), "--schema",
                                 SCHEMA], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def wait_for(self, condition):
        for _ in range(6000):
            if condition():
                return
            time.sleep(0.01)  # sleeps: polls until the deadline of a minute
        self.fail("nothing happens")

    def commits(self):
        return int(sql(f"SELECT seq FROM {SCHEMA}.spaces"))

    def test_an_import_that_is_killed_can_be_repeated(self):
        file = self.large()
        with self.start("import", file) as victim:
            self.wait_for(lambda: self.commits() >= 3)
            victim.send_signal(signal.SIGKILL)
        self.works("check")
        self.assertIn("--replace", self.fails(1, "import", str(file)))
        self.works("import", str(file), "--replace")
        self.assertEqual(self.dump_of(self.exported()), self.dump_of(file))

    def test_an_import_whose_connections_break_puts_every_entry_once(self):
        file = self.large()
        with self.start("import", file) as importer:
            for target in (3, 4):
                self.wait_for(lambda: self.commits() >= target or importer.poll() is not None)
                sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    f" WHERE query LIKE '%{SCHEMA}.%' AND pid <> pg_backend_pid()")
            said, complaint = importer.communicate(timeout=100)
            self.assertEqual(importer.returncode, 0, complaint)
        self.assertIn("imported 60000 entries of 2 tables", said)
        self.assertEqual(self.dump_of(self.exported()), self.dump_of(file))

    def test_an_export_that_is_killed_leaves_a_whole_file_or_none(self):
        self.works("import", str(self.large()))
        whole = self.dump_of(self.exported())
        for _ in range(4):
            name = next(self.names)
            with self.start("export", name) as victim:
                time.sleep(random.uniform(0.05, 0.4))  # sleeps: kills at a random moment
                victim.send_signal(signal.SIGKILL)
            if name.exists():
                self.assertEqual(self.dump_of(name), whole)
            else:
                self.works("export", str(name))
        self.assertEqual([path.name for path in self.folder.iterdir() if ".shelf" not in path.name],
                         [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
