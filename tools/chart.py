#!/usr/bin/env python3
"""Draws docs/images/benchmarks.svg, the chart of the README, from the table in docs/benchmarks.md.

    chart.py            writes the picture
    chart.py --check    exit code 1 if the committed picture is not what the table says

A bar is the time per operation relative to shelf: the inverse of the measured ratio, because only
ratios of interleaved runs are comparable between machines. The picture has both color schemes.
"""
import re
import sys
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parent.parent
SOURCE = "docs/benchmarks.md"
PICTURE = "docs/images/benchmarks.svg"

# A panel: its title, the row of the table, and what the rivals are called in the picture.
PANELS = (
    ("Lookup, value copied", "lookup, value copied, 1 thread",
     {"flat_map": "flat hash map*", "libcuckoo": "libcuckoo", "oneTBB": "oneTBB", "tkrzw": "tkrzw",
      "LMDB": "LMDB", "LevelDB": "LevelDB", "SQLite": "SQLite", "RocksDB": "RocksDB",
      "Erlang's ETS": "Erlang ETS"}),
    ("Insert that survives a process crash", "insert, through (survives kill -9)",
     {"RocksDB, log not synced": "RocksDB", "LevelDB, log not synced": "LevelDB",
      "LMDB, not synced": "LMDB", "SQLite, WAL, not synced": "SQLite"}),
    ("Insert that survives a power failure", "insert, durable, 1 thread",
     {"bare": "write + fdatasync", "RocksDB, synced": "RocksDB", "LevelDB, synced": "LevelDB",
      "LMDB, synced": "LMDB", "SQLite, synced": "SQLite"}),
)
# Bars of shelf itself in another setting: panel title -> (row, rival that is plain shelf, name).
VARIANTS = {PANELS[1][0]: ("insert, through, mapped (survives kill -9)", "shelf, by calls",
                           "shelf, mapped")}

WIDTH, MARGIN, GAP = 860, 16, 20
PANEL = (WIDTH - 2 * MARGIN - 2 * GAP) // 3
NAMES, VALUES = 104, 36  # columns left and right of the bars
ROW, BAR, TOP = 21, 13, 76

STYLE = """\
    text { font: 12px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328 }
    .title { font-size: 14px; font-weight: 600 }
    .head { font-weight: 600 }
    .note { font-size: 11px; fill: #59636e }
    .name, .value { font-size: 11.5px }
    .name { text-anchor: end }
    .card { fill: #ffffff; stroke: #d1d9e0 }
    .other { fill: #afb8c1 }
    .shelf { fill: #0969da }
    text.own { font-weight: 600 }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc }
      .note { fill: #9198a1 }
      .card { fill: #0d1117; stroke: #3d444d }
      .other { fill: #535c66 }
      .shelf { fill: #4493f8 }
    }"""


def ratios(page):
    """The table's ratios of shelf's time to the rival's: {(row, rival): ratio}."""
    found = {}
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) >= 5 and (ratio := re.match(r"\d+\.\d+", cells[4])):
            found[cells[0], cells[2]] = float(ratio[0])
    return found


def bars(panel, measured):
    """The bars of a panel, shortest first: (time relative to shelf, name, is it shelf)."""
    title, row, rivals = panel
    found = [(1.0, "shelf", True)]
    for rival, name in rivals.items():
        found.append((1 / measured[row, rival], name, False))
    if title in VARIANTS:
        row, plain, name = VARIANTS[title]
        found.append((measured[row, plain], name, True))
    return sorted(found)


def times(factor):
    """A factor as a reader wants it: two digits are enough."""
    return f"{factor:.0f}×" if factor >= 9.95 else f"{factor:.1f}×" if factor >= 1.05 \
        else f"{factor:.2f}×" if factor != 1 else "1×"


def text(kind, x, y, words):
    return f'  <text class="{kind}" x="{x}" y="{y}">{escape(words)}</text>'


def draw(page):
    """The picture as SVG. KeyError names a row that the table does not have."""
    measured = ratios(page)
    panels = [(panel[0], bars(panel, measured)) for panel in PANELS]
    longest = max(len(found) for _, found in panels)
    height = TOP + longest * ROW + 40
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
             f'width="{WIDTH}" height="{height}" role="img" aria-labelledby="what">',
             "  <title id=\"what\">Time per operation relative to shelf</title>",
             "  <style>", STYLE, "  </style>",
             f'  <rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" '
             'rx="6"/>',
             text("title", MARGIN, 28, "Time per operation, relative to shelf (shorter is faster)")]
    for number, (title, found) in enumerate(panels):
        left = MARGIN + number * (PANEL + GAP)
        lines.append(text("head", left, 58, title))
        room = PANEL - NAMES - VALUES
        for place, (factor, name, own) in enumerate(found):
            top = TOP + place * ROW
            long = max(1.5, room * factor / found[-1][0])
            bold = " own" if own else ""
            lines += [
                text("name" + bold, left + NAMES - 8, top + BAR - 2, name),
                f'  <rect class="{"shelf" if own else "other"}" x="{left + NAMES}" y="{top}" '
                f'width="{long:.1f}" height="{BAR}" rx="1.5"/>',
                text("value" + bold, f"{left + NAMES + long + 5:.1f}", top + BAR - 2,
                     times(factor))]
    lines.append(text("note", MARGIN, height - 16,
                      "* boost::unordered_flat_map without locks or a file. One million entries, "
                      "100-byte values, one thread. Source: docs/benchmarks.md"))
    return "\n".join(lines + ["</svg>"]) + "\n"


def main(arguments):
    drawn = draw((ROOT / SOURCE).read_text(encoding="utf-8"))
    picture = ROOT / PICTURE
    if arguments == ["--check"]:
        if not picture.exists() or picture.read_text(encoding="utf-8") != drawn:
            print(f"{PICTURE} does not show what {SOURCE} says: run tools/chart.py")
            return 1
        return 0
    if arguments:
        sys.exit(__doc__)
    picture.parent.mkdir(exist_ok=True)
    picture.write_text(drawn, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
