#!/usr/bin/env python3
"""No command writes over its own input, nor over a table without --force, nor over one in use."""
import fcntl
import os
import subprocess

from tool import OK, REFUSED, SHELF, USAGE, ToolTest, main


class Overwriting(ToolTest):
    def setUp(self):
        super().setUp()
        self.users()
        self.shelf("convert", "users.shelf", "users.dets")

    def other_names(self, name):
        """The same file by a hard link, a symbolic link, and another way to it."""
        os.link(self.path / name, self.path / "hard.csv")
        os.symlink(name, self.path / "soft.csv")
        (self.path / "d").mkdir(exist_ok=True)
        yield from (name, f"./{name}", f"d/../{name}", "hard.csv", "soft.csv",
                    str(self.path / name))
        os.unlink(self.path / "hard.csv")
        os.unlink(self.path / "soft.csv")

    def test_export_never_replaces_what_it_reads_by_whatever_name(self):
        for table in ("users.shelf", "users.dets"):
            before = self.read(table)
            for name in self.other_names(table):
                for force in ([], ["--force"]):
                    self.refused("export", table, name, "--format", "csv", *force, status=USAGE,
                                 says="itself")
            self.assertEqual(self.read(table), before)

    def test_export_replaces_a_table_only_by_force(self):
        self.write("plain.csv", "old\n")
        self.shelf("export", "users.shelf", "plain.csv")
        self.shelf("copy", "users.shelf", "other.shelf")
        for other in ("other.shelf", "users.dets"):
            before = self.read(other)
            self.refused("export", "users.shelf", other, "--format", "csv",
                         says=[other, "--force"])
            self.assertEqual(self.read(other), before)
            self.shelf("export", "users.shelf", other, "--format", "csv", "--force")
            self.assertEqual(self.read(other), self.read("plain.csv"))

    def test_a_damaged_table_is_a_table(self):
        whole = self.read("users.shelf")
        self.write("other.shelf", whole[:100] + b"X" + whole[101:4196] + b"X" + whole[4197:])
        self.refused("export", "users.shelf", "other.shelf", "--format", "csv", says="--force")

    def test_a_table_that_is_open_is_never_replaced(self):
        self.shelf("copy", "users.shelf", "other.shelf")
        self.shelf("convert", "users.shelf", "other.dets")
        for other in ("other.shelf", "other.dets"):
            before = self.read(other)
            with open(self.path / other, "rb") as holder:
                fcntl.flock(holder, fcntl.LOCK_EX)
                for words in (["export", "users.shelf", other, "--format", "csv"],
                              ["convert", "users.dets", other]):
                    self.refused(*words, "--force", says=other)
            self.assertEqual(self.read(other), before)

    def test_rejected_rows_go_over_no_table_and_no_input(self):
        self.write("rows.jsonl", "nonsense\n")
        for rejects, status in (("users.shelf", USAGE), ("rows.jsonl", USAGE),
                                ("users.dets", REFUSED)):
            before = self.read(rejects)
            self.refused("import", "users.shelf", "rows.jsonl", "--skip-bad", "--rejects", rejects,
                         status=status)
            self.assertEqual(self.read(rejects), before)
        with open(self.path / "rows.jsonl", "rb") as rows:
            done = subprocess.run([SHELF, "import", "users.shelf", "-", "--skip-bad", "--rejects",
                                   "rows.jsonl"], cwd=self.path, stdin=rows, capture_output=True,
                                  check=False)
        self.assertEqual(done.returncode, USAGE, done.stderr)
        self.assertEqual(self.read("rows.jsonl"), b"nonsense\n")

    def test_a_table_is_no_input_of_its_own_import(self):
        before = self.read("users.shelf")
        self.refused("import", "users.shelf", "users.shelf", "--format", "csv", "--skip-bad",
                     status=USAGE, says="itself")
        self.assertEqual(self.read("users.shelf"), before)

    def test_nothing_is_printed_into_the_table_it_comes_from(self):
        before = self.read("users.shelf")
        for words in ("list users.shelf", "export users.shelf", "info users.shelf"):
            status = os.system(f'cd {self.path} && "$SHELF" {words} >> users.shelf 2> said')
            self.assertEqual(os.waitstatus_to_exitcode(status), USAGE, words)
            self.assertIn(b"standard output", self.read("said"))
        self.assertEqual(self.read("users.shelf"), before)

    def test_what_makes_a_new_table_replaces_none(self):
        self.shelf("copy", "users.shelf", "other.shelf")
        before = self.read("users.shelf")
        for words in (["copy", "other.shelf"], ["salvage", "other.shelf"],
                      ["convert", "users.dets"]):
            for name in self.other_names("users.shelf"):
                ran = self.try_shelf(*words, name)
                self.assertNotEqual(ran.status, OK, (words, name))
        self.assertEqual(self.read("users.shelf"), before)


if __name__ == "__main__":
    main()
