#!/usr/bin/env python3
"""That snippets.py takes the programs out of a page and lets no block through unmarked."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import snippets

PROGRAM = "```cpp\nint main() { return 0; }\n```\n"


def complaints(text):
    return [why for _, why in snippets.read_page(text)[1]]


class Page(unittest.TestCase):
    def test_a_named_program_is_taken_out_with_the_line_it_stands_at(self):
        programs, wrong = snippets.read_page(f"# Title\n\n<!-- snippet: hello -->\n{PROGRAM}")
        self.assertEqual(programs, [("hello", 4, "int main() { return 0; }\n")])
        self.assertEqual(wrong, [])

    def test_a_block_without_a_mark_is_refused(self):
        self.assertIn("neither", complaints(PROGRAM)[0])

    def test_a_mark_counts_for_the_next_block_only(self):
        self.assertEqual(len(complaints(f"<!-- snippet: a -->\n{PROGRAM}\n{PROGRAM}")), 1)
        self.assertEqual(len(complaints(f"<!-- snippet: a -->\nSome words.\n{PROGRAM}")), 1)

    def test_a_blank_line_may_stand_between_mark_and_block(self):
        self.assertEqual(complaints(f"<!-- snippet: a -->\n\n{PROGRAM}"), [])

    def test_a_fragment_needs_a_reason(self):
        self.assertEqual(complaints("<!-- not compiled: a sketch -->\n```cpp\nx = 1;\n```\n"), [])
        self.assertIn("says nothing", complaints("<!-- not compiled: -->\n```cpp\nx\n```\n")[0])

    def test_a_named_block_without_main_is_refused(self):
        self.assertIn("int main", complaints("<!-- snippet: a -->\n```cpp\nint x;\n```\n")[0])

    def test_a_name_is_snake_case(self):
        self.assertIn("snake_case", complaints(f"<!-- snippet: ../up -->\n{PROGRAM}")[0])

    def test_other_languages_need_no_mark_and_bear_none(self):
        self.assertEqual(complaints("```sh\nmake\n```\n"), [])
        self.assertEqual(len(complaints("<!-- snippet: a -->\n```sh\nmake\n```\n")), 1)

    def test_an_open_block_is_refused(self):
        self.assertIn("never closed", complaints("<!-- snippet: a -->\n```cpp\nint main() {}\n")[0])

    def test_a_fence_inside_a_longer_fence_is_text(self):
        self.assertEqual(complaints("````md\n```cpp\nint x;\n```\n````\n"), [])


class Command(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.folder = Path(directory.name)
        self.page = self.folder / "page.md"

    def call(self, *arguments):
        return subprocess.run([sys.executable, snippets.__file__, *map(str, arguments)],
                              capture_output=True, text=True, check=False)

    def test_extract_writes_a_file_that_points_back_at_the_page(self):
        self.page.write_text(f"<!-- snippet: hello -->\n{PROGRAM}", encoding="utf-8")
        done = self.call("extract", self.folder / "out", self.page)
        self.assertEqual((done.returncode, done.stdout), (0, "hello\n"))
        text = (self.folder / "out" / "hello.cpp").read_text(encoding="utf-8")
        self.assertEqual(text, f'#line 3 "{self.page}"\nint main() {{ return 0; }}\n')

    def test_one_name_twice_is_refused(self):
        self.page.write_text(f"<!-- snippet: hello -->\n{PROGRAM}" * 2, encoding="utf-8")
        done = self.call("check", self.page)
        self.assertEqual(done.returncode, 1)
        self.assertIn("already", done.stderr)

    def test_run_uses_an_empty_directory_and_passes_the_exit_code_on(self):
        program = self.folder / "program"
        program.write_text("#!/bin/sh\n[ -z \"$(ls -A)\" ] && touch left && exit 7\n")
        program.chmod(0o755)
        self.assertEqual(self.call("run", program).returncode, 7)
        self.assertEqual(self.call("run", program).returncode, 7)


if __name__ == "__main__":
    unittest.main()
