#!/usr/bin/env python3
"""The runs of programs that a page shows, typed again and compared.

A ```console block stands below a comment that names it:

    <!-- session: name -->

Its lines that begin with "$ " are commands, run one after the other in one directory that is empty
at first; the lines below a command are what it prints, to both outputs. A command that a signal 9
ends prints "Killed", as a shell does; any other exit code than 0 prints "exit code N".

    sessions.py names PAGE                   prints the names, one a line
    sessions.py run PAGE NAME DIRECTORY      runs one session with the programs of DIRECTORY
"""
import difflib
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

MARK = re.compile(r"^<!-- session: ([a-z][a-z0-9_]*) -->$")
SECONDS_A_COMMAND = 30


def sessions(text):
    """The sessions of a page: {name: lines}. ValueError names the line that is wrong."""
    found, name, inside = {}, None, None
    for number, line in enumerate(text.split("\n"), 1):
        if inside is not None:
            if line == "```":
                inside = name = None
            else:
                inside.append(line)
        elif line == "```console":
            if name is None:
                raise ValueError(f"{number}: a console block without a session's name")
            inside = found[name] = []
        elif line.startswith("```") and name is not None:
            raise ValueError(f"{number}: session '{name}' is no ```console block")
        elif mark := MARK.match(line):
            name = mark[1]
            if name in found:
                raise ValueError(f"{number}: session '{name}' is there twice")
    if inside is not None:
        raise ValueError(f"session '{name}' is never closed")
    if name is not None:
        raise ValueError(f"session '{name}' has no block")
    return found


def type_again(lines, programs):
    """What the commands of a session print now, between the commands."""
    printed = []
    with tempfile.TemporaryDirectory(prefix="shelf-session-") as empty:
        for line in lines:
            if not line.startswith("$ "):
                continue
            words = shlex.split(line[2:])
            done = subprocess.run([str(Path(programs) / words[0]), *words[1:]], cwd=empty,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  timeout=SECONDS_A_COMMAND, check=False)
            printed += [line, *done.stdout.splitlines()]
            if done.returncode == -9:
                printed.append("Killed")
            elif done.returncode != 0:
                printed.append(f"exit code {done.returncode}")
    return printed


def compare(page, name, programs):
    """Where what happens differs from what the page shows, as lines; none if nowhere."""
    there = sessions(Path(page).read_text(encoding="utf-8"))
    if name not in there:
        return [f"{page}: there is no session '{name}'"]
    if not any(line.startswith("$ ") for line in there[name]):
        return [f"{page}: session '{name}' runs nothing"]
    happens = type_again(there[name], Path(programs).resolve())
    return list(difflib.unified_diff(there[name], happens, str(page), "what happens", lineterm=""))


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "names":
        print("\n".join(sessions(Path(arguments[1]).read_text(encoding="utf-8"))))
        return 0
    if len(arguments) == 4 and arguments[0] == "run":
        different = compare(*arguments[1:])
        print("\n".join(different), end="\n" if different else "")
        return 1 if different else 0
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
