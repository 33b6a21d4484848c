#!/usr/bin/env python3
"""sessions.py is shown pages whose programs do what the page says, and others."""
import tempfile
import unittest
from pathlib import Path

import sessions

PAGE = "# A page\n\n<!-- session: greet -->\n```console\n$ greet you\nhello you\n```\n"


class Sessions(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.addCleanup(self.place.cleanup)

    def compared(self, page, program, name="greet"):
        root = Path(self.place.name)
        (root / "page.md").write_text(page, encoding="utf-8")
        (root / "greet").write_text(f"#!/bin/sh\n{program}\n", encoding="utf-8")
        (root / "greet").chmod(0o755)
        return sessions.compare(root / "page.md", name, root)

    def test_a_program_that_prints_what_the_page_says_passes(self):
        self.assertEqual(self.compared(PAGE, "echo hello $1"), [])

    def test_another_word_is_found(self):
        self.assertIn("+hi you", self.compared(PAGE, "echo hi $1"))

    def test_a_line_too_much_is_found(self):
        self.assertIn("+more", self.compared(PAGE, "echo hello $1; echo more"))

    def test_a_line_that_is_missing_is_found(self):
        self.assertIn("-hello you", self.compared(PAGE, "true"))

    def test_what_goes_to_the_second_output_counts(self):
        self.assertEqual(self.compared(PAGE, "echo hello $1 >&2"), [])

    def test_an_exit_code_is_found(self):
        self.assertIn("+exit code 3", self.compared(PAGE, "echo hello $1; exit 3"))

    def test_a_kill_shows_as_in_a_shell(self):
        killed = PAGE.replace("hello you\n", "hello you\nKilled\n")
        self.assertEqual(self.compared(killed, "echo hello $1; kill -9 $$"), [])

    def test_the_second_command_finds_the_files_of_the_first(self):
        page = PAGE.replace("hello you\n", "$ greet you\nagain\n")
        self.assertEqual(self.compared(page, "cat file 2>/dev/null; echo again >file"), [])

    def test_each_session_begins_in_an_empty_directory(self):
        page = PAGE.replace("hello you", "0")
        for _ in range(2):
            self.assertEqual(self.compared(page, "ls | wc -l; touch file"), [])

    def test_a_session_that_runs_nothing_is_found(self):
        self.assertNotEqual(self.compared(PAGE.replace("$ greet you\n", ""), "true"), [])

    def test_a_name_that_is_not_there_is_found(self):
        self.assertNotEqual(self.compared(PAGE, "true", name="other"), [])

    def test_blocks_without_a_name_twice_a_name_and_open_ends_are_errors(self):
        for wrong in (PAGE.replace("<!-- session: greet -->\n", ""), PAGE + PAGE,
                      PAGE.removesuffix("```\n"), "<!-- session: greet -->\n",
                      PAGE.replace("console", "sh")):
            with self.assertRaises(ValueError):
                sessions.sessions(wrong)


if __name__ == "__main__":
    unittest.main()
