#!/usr/bin/env python3
"""On a terminal: aligned tables, colours, nothing that steers it; in a pipe none of that."""
import json
import os
import pty
import re
import select
import subprocess
import time
import unicodedata

from tool import OK, REFUSED, SHELF, ToolTest, main, read_terminal, without_colours


def cells_wide(text):
    return sum(0 if unicodedata.combining(c) else
               2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


class Terminal(ToolTest):
    def test_rows_are_a_table_with_the_fields_of_the_schema_above(self):
        self.users()
        lines = without_colours(self.on_terminal("list", "users.shelf").out).splitlines()
        self.assertEqual(lines, ["key  name   mail               age",
                                 "  1  alice  alice@example.org   30",
                                 "  2  bob                        41",
                                 "  3  carol  \"\"                  19"])

    def test_the_file_alone_shows_what_it_is_and_how_many_rows_are_left(self):
        self.make("many.shelf", "ordered_set", "integer", "integer", [(i, i) for i in range(25)])
        told = without_colours(self.on_terminal("many.shelf").out)
        self.assertRegex(told, r"kind +ordered_set")
        self.assertRegex(told, r"entries +25")
        self.assertIn("  9      9\n", told)
        self.assertIn("... and 15 more: shelf list many.shelf", told)

    def test_json_on_request_is_what_the_pipe_gets(self):
        self.users()
        self.assertEqual(self.on_terminal("list", "users.shelf", "--json").out,
                         self.shelf("list", "users.shelf").out)

    def test_colours_are_for_terminals_and_obey_no_color_and_the_option(self):
        self.users()
        self.assertIn("\x1b[1m", self.on_terminal("list", "users.shelf").out)
        self.assertNotIn("\x1b", self.shelf("list", "users.shelf").out)
        for how in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            told = self.on_terminal("list", "users.shelf", environment=how).out
            self.assertNotIn("\x1b", told)
        self.assertNotIn("\x1b", self.on_terminal("list", "users.shelf", "--color", "never").out)
        told = self.on_terminal("list", "users.shelf", "--color", "always",
                                environment={"NO_COLOR": "1"}).out
        self.assertIn("\x1b[1m", told)

    def test_rows_are_cut_to_the_width_of_the_terminal(self):
        self.make("wide.shelf", "ordered_set", "integer", "{binary, binary}",
                  [(i, ["x" * 300, "short"]) for i in range(3)])
        for columns in (20, 40, 80, 200):
            told = without_colours(self.on_terminal("list", "wide.shelf", columns=columns).out)
            for line in told.splitlines():
                self.assertLessEqual(cells_wide(line), columns)
            self.assertIn("…", told)

    def test_wide_and_combining_characters_keep_the_columns_in_line(self):
        texts = ["plain", "日本語", "e\u0301te\u0301", "\U0001F600 smile", "Ünïcode"]
        self.make("w.shelf", "ordered_set", "integer", "{binary, integer}",
                  [(i, [t, 7]) for i, t in enumerate(texts)])
        lines = without_colours(self.on_terminal("list", "w.shelf").out).splitlines()
        self.assertEqual(len({cells_wide(line) for line in lines}), 1, lines)

    def test_nothing_in_a_table_steers_the_terminal(self):
        evil = "\x1b[2J\x1b]0;owned\x07\r\b\u202e\x9b31m"
        self.make("e.shelf", "set", "binary", "binary", [(evil, evil)])
        for words in (["list", "e.shelf"], ["e.shelf"], ["get", "e.shelf", evil],
                      ["list", "e.shelf", "--term"], ["get", "e.shelf", "no " + evil]):
            told = without_colours(self.on_terminal(*words).out)
            self.assertNotRegex(told, "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]")

    def test_remove_asks_before_it_removes(self):
        self.users()
        ran = self.on_terminal("remove", "users.shelf", typed=b"n\n")
        self.assertEqual(ran.status, REFUSED)
        self.assertIn("[y/N]", ran.out)
        self.assertTrue((self.path / "users.shelf").exists())
        self.assertEqual(self.on_terminal("remove", "users.shelf", typed=b"y\n").status, OK)
        self.assertFalse((self.path / "users.shelf").exists())

    def test_watch_draws_over_what_it_drew(self):
        self.users()
        told = self.on_terminal("watch", "users.shelf", "--interval", "0.01", "--rounds", "3").out
        self.assertEqual(told.count("\x1b[H\x1b[J"), 3)

    def test_errors_are_one_sentence(self):
        told = without_colours(self.on_terminal("get", self.users(), "99").out)
        self.assertEqual(told, "shelf: users.shelf: there is no key 99\n")

    def fed_until(self, what, *words, environment):
        """Runs the tool on a terminal and writes rows to its input until the terminal shows `what`,
        for 20 seconds at most. How many rows, after how many seconds, and what the terminal got."""
        ours, theirs = pty.openpty()
        began = time.monotonic()
        with subprocess.Popen([SHELF, *words], cwd=self.path, stdin=subprocess.PIPE, stdout=theirs,
                              stderr=theirs, env={**os.environ, "TERM": "xterm", **environment},
                              start_new_session=True) as process:
            os.close(theirs)
            seen, rows, took = b"", 0, 0.0
            while what not in seen and took < 20:
                process.stdin.write(b"[%d,%d]\n" % (rows, rows))
                process.stdin.flush()
                rows += 1
                if select.select([ours], [], [], 0.01)[0]:
                    seen += read_terminal(ours)
                took = time.monotonic() - began
            process.stdin.close()
            seen += b"".join(iter(lambda: read_terminal(ours), b""))
            self.assertEqual(process.wait(timeout=60), OK, seen)
        os.close(ours)
        return rows, took, seen.decode().replace("\r\n", "\n")

    def test_what_takes_longer_than_its_patience_shows_how_far_it_is_and_cleans_up(self):
        rows, took, told = self.fed_until(b"reading standard input: ", "import", "s.shelf", "-",
                                          "--kind", "set",
                                          environment={"SHELF_PROGRESS_AFTER_MS": "100"})
        self.assertGreaterEqual(took, 0.1)
        self.assertRegex(told, r"^\rreading standard input: \d+ in \d+ s\x1b\[K")
        self.assertRegex(without_colours(told), rf"{rows} rows imported: {rows} added\n$")
        self.assertRegex(told, rf"\r\x1b\[K{rows} rows")


class Pipe(ToolTest):
    def test_every_line_of_every_command_is_json(self):
        self.users()
        for words in (["users.shelf"], ["info", "users.shelf"], ["list", "users.shelf"],
                      ["check", "users.shelf"], ["copy", "users.shelf", "c.shelf"],
                      ["compact", "users.shelf"], ["salvage", "users.shelf", "s.shelf"],
                      ["export", "users.shelf", "u.csv"], ["delete", "users.shelf", "1"],
                      ["watch", "users.shelf", "--rounds", "1"],
                      ["migrate", "users.shelf", "--rename", "mail=email"],
                      ["remove", "users.shelf", "--yes"]):
            ran = self.shelf(*words)
            self.assertTrue(ran.out, words)
            for line in ran.out.splitlines():
                self.assertIsInstance(json.loads(line), dict, words)
            self.assertIsNone(re.search("\x1b", ran.out))


if __name__ == "__main__":
    main()
