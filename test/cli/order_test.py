#!/usr/bin/env python3
"""Windows, --sort and --columns: pages that do not overlap, rows in the order asked for."""
import random

from tool import NOT_FOUND, USAGE, USER, ToolTest, budgeted, main


class Pages(ToolTest):
    def test_pages_of_every_kind_are_in_key_order_and_make_up_the_table(self):
        for kind in ("set", "ordered_set", "bag", "duplicate_bag"):
            name = self.make(f"{kind}.shelf", kind, "integer", "integer",
                             [(i * 7 % 300, i % 3) for i in range(300)])
            rows = []
            for skip in range(0, 320, 40):
                rows += self.shelf("list", name, "--skip", skip, "--limit", 40).json
            self.assertEqual([r["key"] for r in rows], list(range(300)), kind)

    def test_a_window_is_the_same_whatever_the_filter_and_the_run(self):
        name = self.make("t.shelf", "set", "binary", "integer",
                         [(f"k{i:04}", i % 10) for i in range(1000)])
        whole = [r["key"] for r in self.shelf("list", name, "--where", "value=3", "--skip", 0,
                                              "--limit", 1000).json]
        self.assertEqual(whole, sorted(whole))
        self.assertEqual([r["key"] for r in self.shelf(
            "list", name, "--where", "value=3", "--skip", 20, "--limit", 5).json], whole[20:25])
        self.assertEqual(self.shelf("export", name, "--skip", 990).json[0]["key"], "k0990")
        self.assertEqual(self.shelf("count", name, "--skip", 990).out, "10\n")
        self.assertEqual(self.shelf("count", name, "--limit", 7, "--where", "value=3").out, "7\n")
        self.assertEqual(self.shelf("count", name, "--skip", 2000).out, "0\n")

    def test_values_of_a_key_keep_the_order_of_their_insertion_in_every_page(self):
        name = self.make("v.shelf", "duplicate_bag", "binary", "integer",
                         [("b", 1), ("a", 3), ("a", 1), ("a", 3), ("b", 0)])
        told = []
        for skip in range(5):
            told += [(r["key"], r["value"]) for r in
                     self.shelf("list", name, "--skip", skip, "--limit", 1).json]
        self.assertEqual(told, [("a", 3), ("a", 1), ("a", 3), ("b", 1), ("b", 0)])

    def test_a_window_of_a_large_table_keeps_only_its_rows(self):
        rows = 100_000
        with open(self.path / "rows.jsonl", "w", encoding="ascii") as out:
            out.writelines(f'["user:{i:08}","{"x" * 300}"]\n' for i in range(rows))
        self.shelf("import", "t.shelf", "rows.jsonl", "--key", "string", "--value", "string")
        plain = self.most_memory("count", "t.shelf")
        self.assertLess(self.most_memory("list", "t.shelf", "--skip", 100, "--limit", 10),
                        plain + 8)

    def test_numbers_of_rows_are_whole_and_not_negative(self):
        self.users()
        for option in ("--limit", "--skip"):
            for wrong in ("-1", "1.5", "x", "", "99999999999999999999"):
                for words in ([option, wrong], [f"{option}={wrong}"]):
                    self.refused("list", "users.shelf", *words, status=USAGE, says=option)
        self.refused("watch", "users.shelf", "--rounds", "-1", status=USAGE)
        self.refused("convert", "users.shelf", "u.dets", "--keypos", "-1", status=USAGE)


class Sort(ToolTest):
    def keys(self, *words):
        return [row["key"] for row in self.shelf("list", "users.shelf", *words).json]

    def test_rows_are_sorted_by_a_column_and_then_by_key(self):
        self.make("users.shelf", "set", "integer", USER, [
            (1, {"name": "zoe", "mail": None, "age": 30}),
            (2, {"name": "adam", "mail": "z@x", "age": 41}),
            (3, {"name": "zoe", "mail": "a@x", "age": 9})])
        self.assertEqual(self.keys("--sort", "age"), [3, 1, 2])
        self.assertEqual(self.keys("--sort", "age", "--reverse"), [2, 1, 3])
        self.assertEqual(self.keys("--sort", "name"), [2, 1, 3])
        self.assertEqual(self.keys("--sort", "name,age"), [2, 3, 1])
        self.assertEqual(self.keys("--sort", "name", "--sort", "age"), [2, 3, 1])
        self.assertEqual(self.keys("--sort", "mail"), [1, 3, 2])  # without a value first
        self.assertEqual(self.keys("--sort", "key", "-r"), [3, 2, 1])
        self.assertEqual(self.keys("--sort", "age", "--skip", 1, "--limit", 1), [1])
        self.assertEqual(self.keys("--sort", "age", "--where", "age>9", "-n", 1), [1])
        self.refused("list", "users.shelf", "--sort", "height", status=USAGE, says="height")
        self.refused("list", "no.shelf", "--sort", "age", status=NOT_FOUND)
        self.assertEqual(self.shelf("export", "users.shelf", "--format", "csv", "--sort", "age",
                                    "--columns", "name").out, "name\nzoe\nzoe\nadam\n")

    def test_a_limited_sort_shows_the_front_of_the_whole_sort(self):
        chance = random.Random(5)
        for number in range(budgeted(5)):
            name = self.make(f"t{number}.shelf", "bag", "integer", "{integer, optional(float)}", [
                (chance.randrange(50), [chance.randrange(9), chance.choice([None, 0.5, -1.5])])
                for _ in range(300)])
            for how in (["--sort", "value.1"], ["--sort", "value.2,value.1"],
                        ["--sort", "value.2", "--reverse"], ["--sort", "value"]):
                whole = self.shelf("list", name, *how).out.splitlines()
                for skip, limit in ((0, 1), (0, 17), (100, 50), (250, 1000)):
                    part = self.shelf("list", name, *how, "--skip", skip, "--limit", limit).out
                    self.assertEqual(part.splitlines(), whole[skip:skip + limit], how)

    def test_objects_of_a_dets_file_are_sorted_too(self):
        self.make("t.shelf", "set", "integer", "integer", [(i, -i) for i in range(20)])
        self.shelf("convert", "t.shelf", "t.dets")
        rows = self.shelf("list", "t.dets", "--sort", "key", "--term").out.splitlines()
        self.assertEqual(rows, [f"{{{i},{-i}}}." for i in range(20)])
        whole = self.shelf("list", "t.dets", "--term").out.splitlines()
        self.assertEqual(self.shelf("list", "t.dets", "--term", "--skip", 5,
                                    "--limit", 3).out.splitlines(), whole[5:8])


class Columns(ToolTest):
    def test_list_shows_the_columns_that_are_asked_for(self):
        self.users()
        self.assertEqual(self.shelf("list", "users.shelf", "--columns", "age,name").json[0],
                         {"age": 30, "name": "alice"})
        self.assertEqual(self.shelf("list", "users.shelf", "--columns", "mail,key").out,
                         '{"mail":"alice@example.org","key":1}\n{"mail":null,"key":2}\n'
                         '{"mail":"","key":3}\n')
        self.assertEqual(self.shelf("list", "users.shelf", "--columns", "name,age", "--term",
                                    "--limit", 1).out, "{<<\"alice\">>,30}.\n")
        told = self.on_terminal("list", "users.shelf", "--columns", "age,name", "--sort", "age",
                                environment={"NO_COLOR": "1"}).out
        self.assertEqual(told, "age  name\n 19  carol\n 30  alice\n 41  bob\n")
        self.refused("list", "users.shelf", "--columns", "height", status=USAGE,
                     says=["height", "name, mail, age"])


if __name__ == "__main__":
    main()
