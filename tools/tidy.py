#!/usr/bin/env python3
"""The house rules that no compiler knows, checked over the tracked files.

    tidy.py            prints what breaks a rule, exit code 1 if anything does
    tidy.py --lower    rewrites tools/tidy_exceptions.txt: ceilings may fall, lines may go
    tidy.py --habits   prints every place in the pages that the prose rule counts

Every rule is a function from the tree to sentences; tidy_test.py shows each one a bad snippet.
CONTRIBUTING.md says what the rules are for.
"""
import os
import re
import subprocess
import sys
from pathlib import Path

import prose
import snippets

EXCEPTIONS = "tools/tidy_exceptions.txt"
MAXIMUM_LINES = 500
MAXIMUM_COLUMNS = 100
MAXIMUM_README = 145
CODE = (".cpp", ".hpp", ".h", ".py", ".sh", ".cmake")
BANNED_NAMES = {"util", "utils", "common", "helper", "helpers", "manager", "impl", "misc"}
OPEN_ENDS = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3)) + r")\b")
SLEEP = re.compile(r"sleep(_for|_until)?\(|\bsleep +[\d.$]")  # calls, and commands of a shell
SLEEP_REASON = re.compile(r"(//|#|%) sleeps: \S")
MACHINE_PATHS = re.compile(r"(^|[^\w.~-])/(wor" + r"k|roo" + r"t|home/\w+|Users/\w+)(/|\b(?![-.]))")

# What a room of src/ may include besides itself and the vocabulary. The chain points right only:
# cli -> rows -> upkeep -> engine -> stores -> kinds -> memory -> file, stores -> journal -> file;
# dets is another format in the place of the journal, and codec is the untyped half of the public
# headers. Cluster and compressed are libraries of their own, above the public headers. The
# simulation is a system that tests put in the place of the real one.
VOCABULARY_ROOMS = {"error", "term"}
BELOW_ENGINE = {"stores", "kinds", "memory", "dets", "journal", "file"}
ROOMS = {
    "cli": {"rows", "upkeep", "codec", "dets"},
    "rows": {"codec"},
    "cluster": set(),
    "compressed": set(),
    "upkeep": {"engine", "codec"} | BELOW_ENGINE,
    "engine": BELOW_ENGINE,
    "codec": set(),
    "stores": {"kinds", "memory", "dets", "journal", "file"},
    "kinds": {"memory", "journal", "file"},
    "memory": {"file"},
    "dets": {"journal", "file"},
    "journal": {"file"},
    "file": set(),
    "simulation": {"file"},
    "term": set(),
    "error": set(),
}
# A program within a room, which may include more than the library there.
PROGRAMS = {"src/cluster/tool/": {"rows", "upkeep", "codec"}}
NO_TERMS = {"file", "simulation", "memory", "error"}
CHAIN = {
    "cli": "[cli] -> rows -> upkeep -> engine -> stores -> journal -> file",
    "rows": "cli -> [rows] -> upkeep -> engine -> stores -> journal -> file",
    "upkeep": "cli -> rows -> [upkeep] -> engine -> stores -> journal -> file",
    "compressed": "[compressed] -> api -> codec -> term",
    "cluster": "[cluster] -> api -> engine -> stores -> journal -> file",
    "api": "[api] -> engine -> stores -> journal -> file",
    "codec": "api -> [codec] -> term",
    "engine": "api -> [engine] -> stores -> journal -> file",
    "stores": "api -> engine -> [stores] -> journal -> file",
    "kinds": "api -> engine -> [kinds] -> memory -> file",
    "memory": "api -> engine -> kinds -> [memory] -> file",
    "journal": "api -> engine -> stores -> [journal] -> file",
    "dets": "api -> engine -> stores -> [dets] -> file",
    "file": "api -> engine -> stores -> journal -> [file]",
    "simulation": "[simulation] -> file",
}
# Rooms that know K and V only as bytes, but speak the border to the api.
BORDER_ROOMS = {"engine", "stores", "kinds", "upkeep"}
# The public headers below which everything stands; the others belong to the api alone.
VOCABULARY_HEADERS = {"shelf/error.hpp", "shelf/kind.hpp", "shelf/version.hpp", "shelf/repair.hpp",
                      "shelf/progress.hpp", "shelf/detail/reader_slot.hpp",
                      "shelf/term.hpp", "shelf/detail/bytes.hpp", "shelf/detail/term_tag.hpp",
                      "shelf/detail/function_ref.hpp"}
TYPED_HEADERS = {"shelf/shelf.hpp", "shelf/table.hpp", "shelf/map.hpp"}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.MULTILINE)


class Tree:
    """The files of a source tree: what git tracks or would, or else all but build/ and hidden."""

    def __init__(self, root):
        self.root = Path(root)
        self.files = sorted(f for f in self._listed() if (self.root / f).is_file())
        self.sizes, self.untested, self.habits = self._exceptions()

    def _listed(self):
        listed = subprocess.run(
            ["git", "-C", str(self.root), "ls-files", "-z", "--cached", "--others",
             "--exclude-standard"], capture_output=True, text=True, check=False)
        if listed.returncode == 0 and (self.root / ".git").exists():
            return {f for f in listed.stdout.split("\0") if f}
        found = set()
        for folder, folders, names in os.walk(self.root):
            folders[:] = [f for f in folders if f not in ("build", ".git", ".cache", "__pycache__")]
            found |= {str((Path(folder) / n).relative_to(self.root)) for n in names}
        return found

    def _exceptions(self):
        sizes, untested, habits = {}, set(), {}
        for line in self.text(EXCEPTIONS).splitlines() if EXCEPTIONS in self.files else ():
            words = line.split("#")[0].split()
            if len(words) == 3 and words[0] == "lines":
                sizes[words[1]] = int(words[2])
            elif len(words) == 3 and words[0] == "habits":
                habits[words[1]] = int(words[2])
            elif len(words) == 2 and words[0] == "untested":
                untested.add(words[1])
        return sizes, untested, habits

    def text(self, file):
        return (self.root / file).read_text(encoding="utf-8", errors="replace")

    def having(self, *endings, under=""):
        return [f for f in self.files if f.endswith(endings) and f.startswith(under)]

    def code(self):
        return [f for f in self.files if f.endswith(CODE) or is_recipe(f)]


def is_recipe(file):
    return Path(file).name in ("CMakeLists.txt", "Makefile")


def room_of(file):
    """The room a file of the library belongs to, or None."""
    parts = file.split("/")
    if parts[:2] == ["include", "shelf"]:
        return "api"
    return parts[1] if parts[0] == "src" and len(parts) > 2 else None


def line_count(text):
    return text.count("\n") + (not text.endswith("\n") and text != "")


def sizes(tree):
    """No file is longer than 500 lines; an exception's ceiling is its present size."""
    for file in tree.code():
        lines = line_count(tree.text(file))
        ceiling = tree.sizes.get(file)
        if ceiling is None:
            if lines > MAXIMUM_LINES:
                yield f"{file}: {lines} lines, more than {MAXIMUM_LINES}: two nouns in one file?"
        elif lines > ceiling:
            yield f"{file}: {lines} lines, and its ceiling in {EXCEPTIONS} is {ceiling}"
        elif lines < ceiling:
            yield f"{file}: {lines} lines; its ceiling of {ceiling} can fall: tools/tidy.py --lower"
    for file in tree.sizes.keys() - set(tree.files):
        yield f"{EXCEPTIONS}: {file} is no file"


def columns(tree):
    """No line of code is wider than 100 columns."""
    for file in tree.code():
        for number, line in enumerate(tree.text(file).split("\n"), 1):
            if len(line) > MAXIMUM_COLUMNS:
                yield f"{file}:{number}: {len(line)} columns, more than {MAXIMUM_COLUMNS}"


def banners(tree):
    """The first line says where you are: the room in the library, a comment elsewhere."""
    for file in tree.having(".cpp", ".hpp"):
        first, second = (tree.text(file).split("\n") + ["", ""])[:2]
        room = room_of(file)
        if room:
            wanted = f"// {room.upper()}  {CHAIN.get(room, '')}"
            if not first.startswith(wanted) or len(first) <= len(f"// {room.upper()}  "):
                yield f"{file}:1: the banner is missing: {wanted.rstrip()}"
            if not re.match(r"// \S", second):
                yield f"{file}:2: the second line says in a comment what the file is for"
        elif not re.match(r"// \S", first):
            yield f"{file}:1: the first line says in a comment what the file is for"
    for file in tree.having(".cmake", ".sh", ".py"):
        if not tree.text(file).startswith("#"):
            yield f"{file}:1: the first line says in a comment what the file is for"


def includes(tree, file):
    """The includes of a file: (line number, quoted with <>, path)."""
    text = tree.text(file)
    return [(text.count("\n", 0, m.start()) + 1, m[1] == "<", m[2])
            for m in INCLUDE.finditer(text)]


def include_direction(tree):
    """Includes point right along the chain; error and term are the vocabulary of all."""
    for file in tree.having(".cpp", ".hpp", under="src/"):
        room = room_of(file)
        if room not in ROOMS:
            continue
        allowed = ROOMS[room] | {room} | (VOCABULARY_ROOMS if room not in NO_TERMS else {"error"})
        for folder, more in PROGRAMS.items():
            if file.startswith(folder):
                allowed = allowed | more
        for number, _, path in includes(tree, file):
            target = path.split("/")[0]
            if target in ROOMS and "/" in path and target not in allowed:
                yield f"{file}:{number}: {room} does not include {target}: {path}"
            elif path.startswith("../") or "/../" in path:
                yield f"{file}:{number}: includes are written from src/ or include/: {path}"
            elif target == "test":
                yield f"{file}:{number}: the library includes no test: {path}"
            elif path.startswith("shelf/") and room not in (
                    "cli", "cluster", "codec", "compressed", "rows", "upkeep"):
                vocabulary = path in VOCABULARY_HEADERS and (
                    path != "shelf/term.hpp" or room not in NO_TERMS)
                if path in TYPED_HEADERS or (room not in BORDER_ROOMS and not vocabulary):
                    yield f"{file}:{number}: {room} knows nothing of the api: {path}"


OPTIONAL_INCLUDES = {"include/shelf/format.hpp": "fmt/core.h",
                     # <chrono> takes a program a tenth of its time to compile, this almost none.
                     "include/shelf/detail/clock.hpp": "bits/chrono.h"}


def public_includes(tree):
    """Public headers include only the standard library and each other; but those that are included
    to work with another library, that."""
    for file in tree.having(".hpp", under="include/"):
        for number, _, path in includes(tree, file):
            standard = re.fullmatch(r"[a-z_0-9]+", path)
            asked_for = path == OPTIONAL_INCLUDES.get(file)
            if not (standard or asked_for or path.startswith("shelf/")):
                yield f"{file}:{number}: a public header includes {path}"


def include_cycles(tree):
    """No header of the library includes itself, by whatever way round."""
    graph = {}
    for file in tree.having(".hpp", under="include/") + tree.having(".hpp", under="src/"):
        paths = [path for _, _, path in includes(tree, file)]
        graph[file] = [f for p in paths for f in (f"include/{p}", f"src/{p}") if f in tree.files]
    done, reported = set(), set()

    def visit(file, trail):
        if file in trail:
            ring = trail[trail.index(file):]
            # Declarations and their bodies are one header in two files.
            bodies = len(ring) == 2 and len({os.path.basename(f) for f in ring}) == 1
            if frozenset(ring) not in reported and not bodies:
                reported.add(frozenset(ring))
                yield f"{file}: headers include each other: {' -> '.join(ring + [file])}"
        elif file not in done:
            for target in graph.get(file, ()):
                yield from visit(target, trail + [file])
            done.add(file)

    for file in graph:
        yield from visit(file, [])


def names(tree):
    """A file bears the name of its noun; these say nothing."""
    for file in tree.files:
        for part in Path(file).parts:
            words = set(re.split(r"[^a-z0-9]+", part.lower()))
            if words & BANNED_NAMES:
                yield f"{file}: '{sorted(words & BANNED_NAMES)[0]}' is no name for a file"


def open_ends(tree):
    """Sources hold finished work."""
    for file in tree.code():
        for number, line in enumerate(tree.text(file).split("\n"), 1):
            if OPEN_ENDS.search(line):
                yield f"{file}:{number}: {OPEN_ENDS.search(line)[0]}: do it or write an issue"


def listed_sources(tree):
    """Every source and test is named in some CMakeLists.txt: by its path from there, X_test.cpp
    also as X (for loops over tests), or with its whole folder by a GLOB."""
    named, globbed = set(), set()
    for recipe in tree.having("CMakeLists.txt"):
        folder = os.path.dirname(recipe)
        text = re.sub(r"(?m)#.*$", "", tree.text(recipe))
        for word in re.findall(r"[\w./-]+", text):
            named.add(os.path.normpath(os.path.join(folder, word)))
            named.add(os.path.normpath(os.path.join(folder, word + "_test.cpp")))
        for path in re.findall(r"GLOB[^)]*?\$\{PROJECT_SOURCE_DIR\}/([\w/]+)/\*\.cpp", text):
            globbed.add(path)
    for file in tree.having(".cpp"):
        if os.path.dirname(file) in globbed:
            continue
        if file.startswith(("src/", "test/", "examples/", "bench/")) and file not in named:
            yield f"{file}: no CMakeLists.txt names it"


def fixed_sleeps(tree):
    """A test waits for a condition. A sleep that is right says why: `sleeps: REASON` in a comment
    on its line, or in a comment line above."""
    for file in tree.having(*CODE, ".escript", ".exs", "CMakeLists.txt", under="test/"):
        above = ""
        for number, line in enumerate(tree.text(file).split("\n"), 1):
            reason = SLEEP_REASON.search(line) or SLEEP_REASON.match(above.lstrip())
            if SLEEP.search(line) and not reason:
                yield (f"{file}:{number}: a sleep for a fixed time: wait for a condition, or say "
                       "in a comment `sleeps: REASON`")
            above = line


def errc_names(tree):
    """The enumerators of shelf::errc, in order."""
    header = "include/shelf/error.hpp"
    text = tree.text(header) if header in tree.files else ""
    body = re.search(r"enum class errc\b[^{]*\{(.*?)\}", text, re.DOTALL)
    names_only = re.sub(r"//.*|=\s*\d+", "", body[1]) if body else ""
    return re.findall(r"[a-z_0-9]+", names_only)


def tested_codes(tree):
    """The error codes that tests name; the test of the vocabulary itself proves nothing."""
    texts = [tree.text(f) for f in tree.having(".cpp", ".hpp", under="test/")
             if not f.startswith(("test/error/", "test/consume/"))]
    return {code for text in texts for code in re.findall(r"\berrc::([a-z_0-9]+)\b", text)}


def tested_errors(tree):
    """Each error code is named in a test that provokes it."""
    tested = tested_codes(tree)
    for code in errc_names(tree):
        if code not in tested and code not in tree.untested:
            yield f"include/shelf/error.hpp: no test names errc::{code}"
        elif code in tested and code in tree.untested:
            yield f"{EXCEPTIONS}: errc::{code} is tested now: tools/tidy.py --lower"
    for code in tree.untested - set(errc_names(tree)):
        yield f"{EXCEPTIONS}: there is no errc::{code}"


def anchors(text):
    """The anchors of a page's headings, as GitHub makes them."""
    found, seen = set(), {}
    fenced = False
    for line in text.split("\n"):
        fenced ^= bool(re.match(r"\s*(```|~~~)", line))
        heading = None if fenced else re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
        if heading:
            words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
            anchor = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
            count = seen[anchor] = seen.get(anchor, -1) + 1
            found.add(f"{anchor}-{count}" if count else anchor)
    return found


def links(tree):
    """Every link between pages leads somewhere."""
    for page in tree.having(".md"):
        text = re.sub(r"(?ms)^\s*(```+|~~~+).*?^\s*\1\s*$", "", tree.text(page))
        text = re.sub(r"`[^`\n]*`", "", text)
        targets = re.findall(r"\]\(\s*<?([^)>\s]+)>?(?:\s+\"[^\"]*\")?\s*\)", text)
        targets += re.findall(r"(?m)^\s*\[[^\]]+\]:\s+(\S+)", text)
        for target in targets:
            if re.match(r"[a-z][a-z0-9+.-]*:", target):
                continue
            path, _, anchor = target.partition("#")
            file = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
            if not (tree.root / file).exists():
                yield f"{page}: the link to {target} leads nowhere"
            elif anchor and file.endswith(".md") and anchor not in anchors(tree.text(file)):
                yield f"{page}: {file} has no heading for #{anchor}"


def machine_paths(tree):
    """No tracked file names a place on somebody's machine."""
    for file in tree.files:
        if b"\0" in (tree.root / file).read_bytes()[:4096]:
            continue
        for number, line in enumerate(tree.text(file).split("\n"), 1):
            if MACHINE_PATHS.search(line):
                yield f"{file}:{number}: a path of one machine: {MACHINE_PATHS.search(line)[0]}"


def pages(tree):
    """The pages that people read, and so the prose rule."""
    return [f for f in tree.having(".md") if f.startswith("docs/") or f in prose.PAGES]


def habits(tree):
    """The worst habits of our prose do not come back; a page's ceiling only falls."""
    for page in pages(tree):
        found = list(prose.habits(tree.text(page)))
        ceiling = tree.habits.get(page, 0)
        if len(found) > ceiling:
            more = f" ({page} may have {ceiling}: tools/tidy.py --habits)" if ceiling else ""
            for line, words, better in found[ceiling:]:
                yield f"{page}:{line}: '{words}': {better}{more}"
        elif len(found) < ceiling:
            yield f"{page}: {len(found)} habits; its ceiling of {ceiling} can fall"
    for page in tree.habits.keys() - set(pages(tree)):
        yield f"{EXCEPTIONS}: {page} is no page"


def messages(tree):
    """What the library and the tool say has no such habits at all."""
    for file in tree.having(".cpp", ".hpp", under="src/") + tree.having(".hpp", under="include/"):
        for line, words, better in prose.messages(tree.text(file)):
            yield f"{file}:{line}: in a message: '{words}': {better}"


def readme(tree):
    """The README is read to its end: under 145 lines."""
    if "README.md" not in tree.files:
        yield "README.md: there is none"
    elif line_count(tree.text("README.md")) >= MAXIMUM_README:
        yield f"README.md: {line_count(tree.text('README.md'))} lines, not under {MAXIMUM_README}"


def marked_blocks(tree):
    """Every C++ block of README and docs is compiled, or says why not."""
    for page in tree.having("README.md") + tree.having(".md", under="docs/"):
        for line, why in snippets.read_page(tree.text(page))[1]:
            yield f"{page}:{line}: {why}"


RULES = (sizes, columns, banners, include_direction, public_includes, include_cycles, names,
         open_ends, listed_sources, fixed_sleeps, tested_errors, links, machine_paths, habits,
         messages, readme, marked_blocks)


def check(root):
    tree = Tree(root)
    return [sentence for rule in RULES for sentence in rule(tree)]


def lower(root):
    """Writes the exceptions that are still needed; never raises a ceiling, never adds a line."""
    tree = Tree(root)
    kept = []
    for line in tree.text(EXCEPTIONS).splitlines():
        words = line.split("#")[0].split()
        if words[:1] == ["lines"]:
            file = words[1]
            size = line_count(tree.text(file)) if file in tree.files else 0
            if size <= MAXIMUM_LINES:
                continue
            line = f"lines {file} {min(size, int(words[2]))}"
        elif words[:1] == ["habits"]:
            page = words[1]
            count = len(list(prose.habits(tree.text(page)))) if page in tree.files else 0
            if count == 0:
                continue
            line = f"habits {page} {min(count, int(words[2]))}"
        elif words[:1] == ["untested"] and (
                words[1] in tested_codes(tree) or words[1] not in errc_names(tree)):
            continue
        kept.append(line)
    (tree.root / EXCEPTIONS).write_text("\n".join(kept) + "\n", encoding="utf-8")


def main(arguments):
    root = Path(__file__).resolve().parent.parent
    if arguments == ["--lower"]:
        lower(root)
    elif arguments == ["--habits"]:
        tree = Tree(root)
        for page in pages(tree):
            for line, words, better in prose.habits(tree.text(page)):
                print(f"{page}:{line}: '{words}': {better}")
        return 0
    elif arguments:
        sys.exit(__doc__)
    wrong = check(root)
    print("\n".join(wrong) if wrong else f"tidy: {len(RULES)} rules are kept")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
