#!/usr/bin/env python3
"""What an import did to each row, what it leaves in the file, and how long it takes."""
import json
import subprocess

from tool import OK, REFUSED, SHELF, ToolTest, cpu_seconds, main

TIME = "integer(nanoseconds since 1970)"


class Counts(ToolTest):
    def counts(self, name, rows, *how, status=OK):
        given = "".join(json.dumps(row) + "\n" for row in rows)
        ran = self.shelf("import", name, "-", *how, given=given, status=status)
        told = ran.json[0]
        return told["added"], told["replaced"], told["unchanged"]

    def size(self, name):
        return (self.path / name).stat().st_size

    def test_rows_are_added_replaced_or_unchanged(self):
        for kind in ("set", "ordered_set"):
            name = f"{kind}.shelf"
            self.assertEqual(self.counts(name, [[1, "a"], [2, "b"]], "--kind", kind), (2, 0, 0))
            self.assertEqual(self.counts(name, [[1, "a"], [2, "c"], [3, "d"]]), (1, 1, 1))
            # Rows of one input meet each other as well.
            self.assertEqual(self.counts(name, [[3, "x"], [3, "d"], [3, "d"], [4, "e"]]),
                             (1, 2, 1))
            self.assertEqual(self.shelf("get", name, 3).out, 'd\n')

    def test_rows_of_bags_are_added_or_unchanged(self):
        rows = [[1, "a"], [1, "b"], [1, "a"]]
        self.assertEqual(self.counts("b.shelf", rows, "--kind", "bag"), (2, 0, 1))
        self.assertEqual(self.counts("b.shelf", [*rows, [2, "a"]]), (1, 0, 3))
        self.assertEqual(self.counts("d.shelf", rows, "--kind", "duplicate_bag"), (3, 0, 0))
        self.assertEqual(self.counts("d.shelf", rows), (3, 0, 0))
        self.assertEqual(self.shelf("count", "d.shelf").out, "6\n")

    def test_repetitions_in_a_new_table_are_counted_too(self):
        self.assertEqual(self.counts("n.shelf", [[1, "a"], [2, "b"], [1, "a"], [1, "c"], [2, "b"]],
                                     "--kind", "set"), (2, 1, 2))
        self.assertEqual(self.shelf("count", "n.shelf").out, "2\n")

    def test_rows_that_change_nothing_leave_the_file_as_it_is(self):
        for kind in ("set", "ordered_set", "bag"):
            name = f"{kind}.shelf"
            rows = [[i, f"{i % 7} {'x' * 50}"] for i in range(2000)]
            self.counts(name, rows, "--kind", kind)
            before = self.read(name)
            self.assertEqual(self.counts(name, rows), (0, 0, 2000))
            self.assertEqual(self.read(name), before, kind)
            # What does change takes its own room.
            self.counts(name, [*rows, [2001, "new"]])
            self.assertLess(self.size(name) - len(before), 600)

    def test_an_import_that_changes_nothing_needs_no_room(self):
        self.counts("a.shelf", [[i, "x" * 100] for i in range(2000)], "--kind", "set")
        self.shelf("export", "a.shelf", "rows.jsonl")
        done = subprocess.run(["bash", "-c", 'ulimit -f 100; exec "$0" import a.shelf rows.jsonl',
                               SHELF], cwd=self.path, capture_output=True, check=False)
        self.assertEqual(done.returncode, OK, done.stderr)

    def test_append_does_not_compare(self):
        self.counts("a.shelf", [[1, "a"]], "--kind", "set")
        before = self.size("a.shelf")
        ran = self.shelf("import", "a.shelf", "-", "--append", given='[1,"a"]\n[2,"b"]\n')
        self.assertEqual(ran.json, [{"imported": 2, "rejected": 0}])
        self.assertGreater(self.size("a.shelf"), before)
        self.assertEqual(self.shelf("count", "a.shelf").out, "2\n")

    def test_people_are_told_in_words(self):
        self.write("a.jsonl", '[1,"a"]\n[2,"b"]\n')
        told = self.on_terminal("import", "a.shelf", "a.jsonl", "--kind", "set").out
        self.assertEqual(told, "2 rows imported: 2 added\n")
        self.write("b.jsonl", '[1,"a"]\n[2,"c"]\n[3,"d"]\nnonsense\n')
        told = self.on_terminal("import", "a.shelf", "b.jsonl", "--skip-bad",
                                environment={"NO_COLOR": "1"}).out
        self.assertIn("3 rows imported: 1 added, 1 replaced, 1 unchanged; 1 rejected\n", told)

    def test_integers_beyond_64_bits_are_bad_rows_unless_forced(self):
        self.make("i.shelf", "set", "integer", "integer")
        rows = [[1, 2**64 - 1], [2, 2**64], [-2**63 - 1, 1]]
        self.assertEqual(self.counts("i.shelf", rows, "--skip-bad", status=REFUSED), (1, 0, 0))
        self.assertEqual(self.counts("i.shelf", rows, "--force"), (2, 0, 1))

    def test_times_come_back_from_json_as_they_went_out(self):
        self.make("t.shelf", "ordered_set", TIME, f"optional({TIME})",
                  [("2026-11-20T12:00:00Z", "1969-07-20T20:17:40.000000001Z"), (-1, None)])
        out = self.shelf("export", "t.shelf").out
        self.assertEqual(out, '{"key":"1969-12-31T23:59:59.999999999Z","value":null}\n'
                              '{"key":"2026-11-20T12:00:00Z",'
                              '"value":"1969-07-20T20:17:40.000000001Z"}\n')
        self.assertEqual(self.counts("t.shelf", [json.loads(line) for line in out.splitlines()]),
                         (0, 0, 2))


class Large(ToolTest):
    def timed(self, value, names):
        """Seconds that a row with an object of so many names takes."""
        whole = {f"name {i}": i for i in range(names)}
        given = json.dumps([1, whole]).encode()
        began = cpu_seconds()
        ran = self.shelf("import", "o.shelf", "-", "--kind", "set", "--value", value, given=given)
        took = cpu_seconds() - began
        self.assertEqual(ran.json[0]["imported"], 1)
        self.assertEqual(self.shelf("list", "o.shelf").json[0]["value"], whole)
        self.shelf("remove", "o.shelf", "--yes")
        return took

    def test_an_object_of_many_names_takes_time_in_proportion(self):
        for value in ("any", "map(binary, integer)"):
            few, many = self.timed(value, 10_000), self.timed(value, 100_000)
            self.assertLess(many, 40 * few + 1, value)

    def test_a_name_that_stands_twice_is_found_among_many(self):
        self.shelf("create", "o.shelf")
        for count in (1, 15, 16, 17, 1000):
            pairs = ",".join(f'"name {i}":{i}' for i in range(count))
            self.refused("import", "o.shelf", "-", given=f'[1,{{{pairs},"name 0":1}}]\n',
                         says='"name 0" occurs twice')


if __name__ == "__main__":
    main()
