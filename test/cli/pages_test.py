#!/usr/bin/env python3
"""The ```console blocks of the pages: every command is run, on a terminal without colours, and
prints what the page says.

    pages_test.py            compares
    pages_test.py rewrite    writes what the commands print into the pages
"""
import os
import re
import sys
import unittest
from pathlib import Path

import tool

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [ROOT / "docs" / "tool.md", ROOT / "docs" / "dets.md", ROOT / "README.md"]
BLOCK = re.compile(r"(?ms)^```console\n(.*?)^```$")


def commands_of(block):
    """The commands of a block and what is shown below each: lines behind `$ ` and `> `."""
    found = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append([[line], []])
        elif line.startswith("> ") and found and not found[-1][1]:
            found[-1][0].append(line)
        elif found:
            found[-1][1].append(line)
    return found


class Pages(tool.ToolTest):
    def run_command(self, lines):
        command = "\n".join(line[2:] for line in lines)
        kept, tool.SHELF = tool.SHELF, "/bin/bash"
        try:
            setting = {"NO_COLOR": "1", "LC_ALL": "C.UTF-8",
                       "PATH": f"{Path(kept).parent}:{os.environ['PATH']}"}
            ran = self.on_terminal("-c", command, columns=100, environment=setting)
        finally:
            tool.SHELF = kept
        return [line.rstrip() for line in ran.out.splitlines()]

    def replay(self, page):
        """The page as it would be if it told the truth; its commands run in one new directory."""
        self.setUp()
        def block(match):
            lines = []
            for command, _ in commands_of(match[1]):
                lines += command + self.run_command(command)
            return "```console\n" + "\n".join(lines) + "\n```"
        return BLOCK.sub(block, page)

    def test_commands_print_what_the_pages_show(self):
        for page in PAGES:
            text = page.read_text("utf-8")
            self.assertEqual(self.replay(text), text, page.name)

    def test_the_tool_s_page_shows_every_command(self):
        shown = "\n".join(c for block in BLOCK.findall(PAGES[0].read_text("utf-8"))
                          for command, _ in commands_of(block) for c in command)
        told = self.shelf("--help").out.partition("Subcommands:")[2].partition("\n\n")[0]
        for command in re.findall(r"(?m)^  (\w+)", told):
            self.assertRegex(shown, rf"\bshelf {command}\b")


def rewrite():
    test = Pages()
    for page in PAGES:
        page.write_text(test.replay(page.read_text("utf-8")), "utf-8")
        test.doCleanups()


if __name__ == "__main__":
    if sys.argv[1:] == ["rewrite"]:
        rewrite()
    else:
        unittest.main()
