#!/usr/bin/env python3
"""Whole databases as text and back: JSON Lines, Erlang terms, and the dumps that Mnesia writes."""
import json
import os
import shutil
import subprocess
import unittest
from pathlib import Path

from tool import NOT_FOUND, USAGE, ToolTest, main

MNESIA_DUMP = Path(__file__).resolve().parent.parent / "data" / "mnesia.terms"


def has_mnesia():
    if shutil.which("erl") is None:
        return False
    asked = subprocess.run(["erl", "-noshell", "-eval",
                            "io:format(\"~p\", [code:which(mnesia)]), halt()."],
                           capture_output=True, check=False, text=True)
    return "mnesia.beam" in asked.stdout


class Dump(ToolTest):
    def shop(self):
        for words in (["stock", "set", "binary", "integer"],
                      ["orders", "ordered_set", "integer", "order{what: binary, n: integer}"],
                      ["tags", "bag", "binary", "binary"],
                      ["log", "duplicate_bag", "any", "any"], ["empty", "set", "any", "any"]):
            self.shelf("create", "shop.shelf", "--table", words[0], "--kind", words[1],
                       "--key", words[2], "--value", words[3])
        for table, *words in (("stock", "bolts", "40"), ("stock", "nüts", "-7"),
                              ("orders", "1", '{"what": "bolts", "n": 2}'),
                              ("orders", "2", '{"what": "a\\nb", "n": 0}'),
                              ("tags", "bolts", "new"), ("tags", "bolts", "cheap"),
                              ("log", "{a, 1.5}", "<<255>>", "--term"),
                              ("log", "{a, 1.5}", "<<255>>", "--term"),
                              ("log", "\"list\"", "#{k => [1|2]}", "--term")):
            self.shelf("put", "shop.shelf", *words, "--table", table)

    def test_both_formats_lead_back_to_the_same_database(self):
        self.shop()
        for name in ("shop.jsonl", "shop.terms"):
            told = self.shelf("dump", "shop.shelf", name).json
            self.assertEqual(told, [{"tables": 5, "rows": 9}])
            loaded = name + ".shelf"
            self.assertEqual(self.shelf("load", loaded, name).json, [{"tables": 5, "rows": 9}])
            self.assertEqual(self.shelf("diff", "shop.shelf", loaded).json, [], name)
            self.assertEqual(self.shelf("info", "shop.shelf", "--table", "log").json[0]["kind"],
                             self.shelf("info", loaded, "--table", "log").json[0]["kind"])
            self.shelf("check", loaded)
            self.shelf("dump", loaded, "again" + name)
            # A set has no order, and each process has another one.
            before, after = (self.read(n).splitlines() for n in (name, "again" + name))
            self.assertEqual(sorted(before), sorted(after))

    def test_json_lines_begin_with_the_tables_and_name_the_table_of_each_row(self):
        self.shop()
        lines = self.shelf("dump", "shop.shelf").json
        self.assertEqual(lines[0], {"table": "stock", "kind": "set", "key": "binary",
                                    "value": "integer"})
        self.assertEqual([line["table"] for line in lines[:5]],
                         ["stock", "orders", "tags", "log", "empty"])
        self.assertIn({"table": "stock", "key": "bolts", "value": 40}, lines[5:])

    def test_a_file_of_one_table_is_one_again(self):
        self.users()
        self.shelf("dump", "users.shelf", "users.jsonl")
        self.shelf("load", "again.shelf", "users.jsonl")
        self.assertEqual(self.shelf("diff", "users.shelf", "again.shelf").json, [])
        self.assertEqual(self.shelf("list", "again.shelf").out,
                         self.shelf("list", "users.shelf").out)

    def test_deadlines_stay_in_json_lines_and_are_not_lost_silently(self):
        self.make("s.shelf", "set", "binary", "integer")
        self.shelf("put", "s.shelf", "a", "1", "--expires", "2100-01-01T00:00:00Z")
        self.shelf("dump", "s.shelf", "s.jsonl")
        self.shelf("load", "t.shelf", "s.jsonl")
        self.assertIn("2100", self.shelf("get", "t.shelf", "a", "--expires").out)
        self.refused("dump", "s.shelf", "s.terms", status=USAGE, says="--expiry drop")
        self.shelf("dump", "s.shelf", "s.terms", "--expiry", "drop")

    def test_what_mnesia_dumped_is_loaded(self):
        self.write("mnesia.terms", MNESIA_DUMP.read_bytes())
        self.refused("load", "m.shelf", "mnesia.terms",
                     says=["mnesia.terms:7:", "table visit", "--kind visit=bag"])
        self.assertFalse((self.path / "m.shelf").exists())
        self.shelf("load", "m.shelf", "mnesia.terms", "--kind", "visit=bag")
        get = lambda table, key: self.shelf("get", "m.shelf", "--table", table, "--term",
                                            key).out.strip()
        self.assertEqual(get("counter", "a"), "1")
        self.assertEqual(get("counter", "{b,2}"), "-2.5")
        self.assertEqual(get("visit", "alice").split(), ["1", "2"])
        self.assertEqual(get("staff", "carol"), "{person,50,[]}")
        self.assertEqual(get("person", '"alice"'),
                         "{person,30,[<<\"a\">>,'Odd atom',#{k => 1}]}")
        self.assertIn("undefined", get("person", '<<"bøb"/utf8>>'))
        self.assertEqual(self.shelf("info", "m.shelf", "--table", "staff").json[0]["value"],
                         "person{age: any, tags: any}")

    @unittest.skipUnless(has_mnesia(), "needs Mnesia")
    def test_mnesia_loads_what_was_dumped_and_dumps_it_again(self):
        self.shop()
        self.shelf("dump", "shop.shelf", "shop.terms")
        code = ("mnesia:start(), {atomic, ok} = mnesia:load_textfile(\"shop.terms\"), "
                "io:format(\"~p~n\", [[mnesia:dirty_read(stock, <<\"bolts\">>), "
                "mnesia:dirty_read(orders, 1), lists:sort(mnesia:dirty_read(tags, <<\"bolts\">>)),"
                " mnesia:table_info(orders, type)]]), "
                "ok = mnesia:dump_to_textfile(\"again.terms\"), halt().")
        done = subprocess.run(["erl", "-noshell", "-mnesia", "dir", '"m"', "-eval", code],
                              cwd=self.path, capture_output=True, check=True, text=True,
                              timeout=60, env={**os.environ, "HOME": str(self.path)})
        self.assertIn('[[{stock,<<"bolts">>,40}]', done.stdout)
        self.assertIn('{orders,1,{order,<<"bolts">>,2}}', done.stdout)
        self.assertIn('ordered_set', done.stdout)
        self.shelf("load", "m.shelf", "again.terms", "--kind", "tags=bag", "--kind", "log=bag")
        self.assertEqual(self.shelf("get", "m.shelf", "--table", "orders", "--term", "1").out,
                         '{order,<<"bolts">>,2}\n')

    def test_bad_dumps_are_refused_with_their_place_and_leave_nothing(self):
        good = {"table": "t", "kind": "set", "key": "binary", "value": "integer"}
        row = {"table": "t", "key": "a", "value": 1}
        for number, (lines, says) in enumerate([
                ([row], ["d.jsonl:1:", "no table t"]),
                ([good, {**row, "value": "x"}], ["d.jsonl:2:", "integer"]),
                ([good, {**row, "table": "u"}], ["d.jsonl:2:", "no table u"]),
                ([good, row, good], ["d.jsonl:3:", "kind"]),
                ([good, good], ["d.jsonl:2:", "second table"]),
                ([{**good, "kind": "tree"}], ["d.jsonl:1:", "tree"]),
                ([{**good, "key": "nonsense("}], ["d.jsonl:1:", "schema"]),
                ([{**good, "table": ""}], ["table"]),
                ([good, {**row, "value": 2 ** 70}], ["d.jsonl:2:", "64"])]):
            self.write("d.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
            ran = self.try_shelf("load", "d.shelf", "d.jsonl")
            self.assertIn(ran.status, (1, 2), (number, ran.errors))
            for piece in says:
                self.assertIn(piece, ran.errors, number)
        for text, says in (("{stock,1,2}.\n", "{tables, [..]}"),
                           ("{tables,[{t,[{attributes,[a]}]}]}.\n", "two attributes"),
                           ("{tables,[{t,[{type,tree}]}]}.\n", "tree"),
                           ("{tables,[t]}.\n", "{Name, Properties}"),
                           ("{tables,[{t,[]}]}.\n{u,1,2}.\n", "d.terms:2:1"),
                           ("{tables,[{t,[]}]}.\n{t,1}.\n", "3 elements"),
                           ("{tables,[{t,[]}]}.\n{t,1,2}", "full stop"),
                           ("{tables,[{t,[]}]}.\n{t,1,}.\n", "d.terms:2:"), ("", "{tables, [..]}")):
            self.write("d.terms", text)
            self.refused("load", "d.shelf", "d.terms", says=says)
        self.assertFalse((self.path / "d.shelf").exists())
        self.refused("load", "d.shelf", "missing.jsonl", status=NOT_FOUND)
        self.refused("load", "d.shelf", "d.csv", status=USAGE, says="jsonl or erlang")

    def test_nothing_is_replaced(self):
        self.shop()
        self.shelf("dump", "shop.shelf", "shop.jsonl")
        self.refused("load", "shop.shelf", "shop.jsonl", says="already exists")
        self.refused("dump", "shop.shelf", "shop.shelf", "--format", "jsonl", status=USAGE)
        self.shelf("dump", "shop.shelf", "shop.jsonl")


if __name__ == "__main__":
    main()
