#!/usr/bin/env python3
"""What the pages name exists: tests, functions, files, error codes.

    pages.py           prints what a page names and nothing has, exit code 1 if there is any

  docs/durability.md        every `Suite.Name` is a test
  docs/limits.md            the same, and every path is a file of the sources
  docs/life_of_a_write.md   every `name`, `of::name` and `path` is in the sources
  docs/comparison.md        every figure stands in docs/benchmarks.md, with more digits perhaps
  README.md                 every factor (22×) is a ratio of docs/benchmarks.md or its inverse
  docs/errors.md            has a row for each code, and no other
"""
import re
import sys
from pathlib import Path

import chart
import tidy

TEST = re.compile(r"\b(?:TYPED_)?TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)")
NAMED_TEST = re.compile(r"`([A-Z]\w*)\.([A-Z]\w*)`")
IDENTIFIER = re.compile(r"[a-z_][a-z_0-9]*(::[a-z_][a-z_0-9]*)*")
FIGURE = re.compile(r"(?<![\w.])\d+\.\d+(?![\w.]*\d)")
FACTOR = re.compile(r"(\d+(?:\.(\d+))?)×")
TARGETS = re.compile(r"(\d+) of (\d+) performance targets")
SOURCE_PATH = re.compile(r"[a-z_/]+\.(?:cpp|hpp|py)")


def quoted(page):
    """What stands in backticks outside of code blocks: (line number, text)."""
    fenced = False
    for number, line in enumerate(page.split("\n"), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            for match in re.finditer(r"`([^`]+)`", line):
                yield number, match[1]


def tests(tree):
    """All tests as "Suite.Name"."""
    return {f"{suite}.{name}" for file in tree.having(".cpp", ".hpp", under="test/")
            for suite, name in TEST.findall(tree.text(file))}


def named_tests(tree, page="docs/durability.md"):
    """Every test that the page names exists, and it names some."""
    if page not in tree.files:
        yield f"{page}: there is none"
        return
    there, named = tests(tree), 0
    for number, line in enumerate(tree.text(page).split("\n"), 1):
        for suite, name in NAMED_TEST.findall(line):
            named += 1
            if f"{suite}.{name}" not in there:
                yield f"{page}:{number}: there is no test {suite}.{name}"
    if named == 0:
        yield f"{page}: it names no test"


def limits(tree, page="docs/limits.md"):
    """Every test and every source that the page names exists."""
    yield from named_tests(tree, page)
    for number, name in quoted(tree.text(page) if page in tree.files else ""):
        if SOURCE_PATH.fullmatch(name) and "/" in name and name not in tree.files:
            yield f"{page}:{number}: there is no file {name}"


def exists(identifier, texts):
    """A file of the sources has all parts of a::b as words."""
    parts = [re.compile(rf"\b{part}\b") for part in identifier.split("::") if part != "std"]
    return any(all(part.search(text) for part in parts) for text in texts)


def named_functions(tree, page="docs/life_of_a_write.md"):
    """Every function and file that the page names is in the sources."""
    if page not in tree.files:
        yield f"{page}: there is none"
        return
    texts = [tree.text(f) for under in ("src/", "include/")
             for f in tree.having(".cpp", ".hpp", under=under)]
    for number, name in quoted(tree.text(page)):
        if SOURCE_PATH.fullmatch(name):
            if name not in tree.files:
                yield f"{page}:{number}: there is no file {name}"
        elif IDENTIFIER.fullmatch(name) and not exists(name, texts):
            yield f"{page}:{number}: nothing in the sources is called {name}"


def measured_figures(tree, page="docs/comparison.md", source="docs/benchmarks.md"):
    """Every figure with a point was measured: rounded, if it has fewer digits."""
    if page not in tree.files or source not in tree.files:
        yield f"{page} or {source}: there is none"
        return
    measured = [float(figure) for figure in FIGURE.findall(tree.text(source))]
    for number, line in enumerate(tree.text(page).split("\n"), 1):
        for figure in FIGURE.findall(line):
            digits = len(figure.split(".")[1])
            if not any(f"{m:.{digits}f}" == figure for m in measured):
                yield f"{page}:{number}: {source} has no {figure}"


def measured_factors(tree, page="README.md", source="docs/benchmarks.md"):
    """Every factor was measured, and so was the number of targets that are missed."""
    if page not in tree.files or source not in tree.files:
        yield f"{page} or {source}: there is none"
        return
    measured, text = chart.ratios(tree.text(source)).values(), tree.text(source)
    for number, line in enumerate(tree.text(page).split("\n"), 1):
        for factor, decimals in FACTOR.findall(line):
            if not any(factor in (f"{r:.{len(decimals)}f}", f"{1 / r:.{len(decimals)}f}")
                       for r in measured):
                yield f"{page}:{number}: {source} has no ratio that makes {factor}×"
        for missed, targets in TARGETS.findall(line):
            there = text.count("| **missed** |"), text.count("| **missed** |") + text.count(
                "| reached |")
            if (int(missed), int(targets)) != there:
                yield f"{page}:{number}: {source} misses {there[0]} of {there[1]} targets"


def explained_codes(tree, page="docs/errors.md"):
    """Each code of errc has a row, once, and no row explains anything else."""
    if page not in tree.files:
        yield f"{page}: there is none"
        return
    rows = re.findall(r"(?m)^\| `(\w+)` \|", tree.text(page))
    codes = tidy.errc_names(tree)
    for code in codes:
        if rows.count(code) != 1:
            yield f"{page}: {code} has {rows.count(code)} rows"
    for row in rows:
        if row not in codes:
            yield f"{page}: there is no errc::{row}"


RULES = (named_tests, limits, named_functions, measured_figures, measured_factors,
         explained_codes)


def check(root):
    tree = tidy.Tree(root)
    return [sentence for rule in RULES for sentence in rule(tree)]


def main():
    found = check(Path(__file__).resolve().parent.parent)
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
