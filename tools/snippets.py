#!/usr/bin/env python3
"""The C++ programs shown in the docs, as files that can be compiled.

A ```cpp block of a page stands below one of two comments:

    <!-- snippet: name -->             a whole program; the tests build it and run it
    <!-- not compiled: the reason -->  a fragment, a sketch, an error that is shown

    snippets.py extract DIRECTORY PAGE...   writes name.cpp for each program, prints the names
    snippets.py check PAGE...               complains about blocks with neither comment
    snippets.py run PROGRAM                 runs it in an empty directory, with its exit code
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

FENCE = re.compile(r"^\s*(```+|~~~+)\s*([\w+-]*)")
MARK = re.compile(r"^\s*<!--\s*(snippet|not compiled):\s*(.*?)\s*-->\s*$")
NAME = re.compile(r"^[a-z][a-z0-9_]*$")
MAIN = re.compile(r"\bint\s+main\s*\(")


def blocks(text):
    """The fenced blocks of a page: (line number, language, mark or None, lines inside)."""
    found = []
    mark = fence = None
    for number, line in enumerate(text.split("\n"), 1):
        opening = FENCE.match(line)
        if fence is not None:
            if opening and opening[1] == fence and not opening[2]:
                found[-1][3].append(None)
                fence = None
            else:
                found[-1][3].append(line)
        elif opening:
            fence = opening[1]
            found.append((number, opening[2], mark, []))
            mark = None
        elif MARK.match(line):
            mark = MARK.match(line).groups()
        elif line.strip():
            mark = None
    return found


def read_page(text):
    """The programs of a page, [(name, line, code)], and what is wrong with it, [(line, why)]."""
    programs, wrong = [], []
    for line, language, mark, inside in blocks(text):
        if not inside or inside[-1] is not None:
            wrong.append((line, "this block is never closed"))
            continue
        if language not in ("cpp", "c++", "cxx"):
            if mark:
                wrong.append((line, f"'{mark[0]}' stands above a block that is no ```cpp"))
            continue
        code = "\n".join(inside[:-1]) + "\n"
        if mark is None:
            wrong.append((line, "a ```cpp block with neither 'snippet:' nor 'not compiled:'"))
        elif not mark[1]:
            wrong.append((line, f"'{mark[0]}:' says nothing"))
        elif mark[0] == "snippet" and not NAME.match(mark[1]):
            wrong.append((line, f"'{mark[1]}' is no snake_case name"))
        elif mark[0] == "snippet" and not MAIN.search(code):
            wrong.append((line, f"snippet '{mark[1]}' is no program: int main is missing"))
        elif mark[0] == "snippet":
            programs.append((mark[1], line, code))
    return programs, wrong


def read_pages(pages):
    """The programs of all pages; names are unique over all of them."""
    programs, wrong, places = [], [], {}
    for page in pages:
        here, complaints = read_page(Path(page).read_text(encoding="utf-8"))
        wrong += [f"{page}:{line}: {why}" for line, why in complaints]
        for name, line, code in here:
            if name in places:
                wrong.append(f"{page}:{line}: snippet '{name}' is at {places[name]} already")
            else:
                places[name] = f"{page}:{line}"
                programs.append((name, page, line, code))
    return programs, wrong


def extract(directory, pages):
    programs, wrong = read_pages(pages)
    Path(directory).mkdir(parents=True, exist_ok=True)
    for name, page, line, code in programs:
        file = Path(directory) / f"{name}.cpp"
        text = f'#line {line + 1} "{page}"\n{code}'
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
        print(name)
    return wrong


def run(program):
    with tempfile.TemporaryDirectory(prefix="shelf-snippet-") as empty:
        return subprocess.run([program], cwd=empty, check=False).returncode


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "run":
        return run(arguments[1])
    if len(arguments) >= 2 and arguments[0] == "extract":
        wrong = extract(arguments[1], arguments[2:])
    elif len(arguments) >= 1 and arguments[0] == "check":
        wrong = read_pages(arguments[1:])[1]
    else:
        sys.exit(__doc__)
    print("\n".join(wrong), file=sys.stderr, end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
