#!/usr/bin/env python3
"""The examples of cluster tables, run against the tests' server. Arguments: the directory of the
programs, and the note of postgres.sh."""
import subprocess
import sys
import unittest

from tool_ground import CONNECTION, TOOL, remove

EXPECTED = {
    "shared_sessions": "paris:  hello alice, this is visit 1\n"
                       "paris:  hello alice, this is visit 2\n"
                       "berlin: hello alice, this is visit 3\n"
                       "berlin: please log in\n",
    "shared_jobs": "1 of 3 workers is gone\n"
                   "60 jobs are done, each once: the sum of their squares is 73810\n",
    "shared_flags": "new checkout: off\nnew checkout: on\nnew checkout: off\n"
                    "up to date within the bound: yes\n"}


class Examples(unittest.TestCase):
    def test_each_example_prints_what_it_promises(self):
        for name, expected in EXPECTED.items():
            with self.subTest(name=name):
                self.addCleanup(remove, name)
                # TOOL is the first argument: here the directory.
                done = subprocess.run([f"{TOOL}/{name}", CONNECTION], capture_output=True,
                                      text=True, check=False, timeout=100)
                self.assertEqual((done.returncode, done.stdout), (0, expected), done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
