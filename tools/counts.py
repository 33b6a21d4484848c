#!/usr/bin/env python3
"""Instructions per operation of lone tables, counted by callgrind and held against a record.

    counts.py PROGRAM             counts every row, fails if one takes over 2 % more than recorded
    counts.py PROGRAM --record    writes bench/counts/counts.tsv

PROGRAM is shelf_counts, built in release. Instructions do not depend on how busy the machine is,
but on the compiler they do: the record names the one it was made with, and the counts of another
one are shown and not judged.
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

RECORD = Path(__file__).parent.parent / "bench/counts/counts.tsv"
ENTRIES = 50_000
ALLOWED = 1.02


def compiler():
    """What the compiler says of itself, but for the name it was called by."""
    said = subprocess.run(["c++", "--version"], capture_output=True, text=True, check=True).stdout
    return said.split("\n")[0].partition(" ")[2]


def rows_of(program):
    listed = subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout
    return listed.splitlines()


def count(program, row):
    """Instructions per operation of one row."""
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={directory}/out",
             "--toggle-collect=*counted_operations*", program, row, str(ENTRIES)],
            capture_output=True, text=True, check=False)
    collected = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or collected is None:
        sys.exit(f"counts: {row}: callgrind failed:\n{done.stderr}")
    return int(collected[1]) / ENTRIES


def recorded():
    """The compiler of the record, and its counts by row."""
    lines = RECORD.read_text(encoding="utf-8").splitlines() if RECORD.exists() else []
    counts = dict(line.split("\t") for line in lines if not line.startswith("#"))
    made_with = next((line[len("# made with "):] for line in lines
                      if line.startswith("# made with ")), "")
    return made_with, {row: float(number) for row, number in counts.items()}


def write_record(counts):
    lines = [f"# Instructions per operation at {ENTRIES} entries; tools/counts.py says how.",
             f"# made with {compiler()}"]
    lines += [f"{row}\t{number:.1f}" for row, number in counts.items()]
    RECORD.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main(arguments):
    if len(arguments) not in (1, 2) or arguments[1:] not in ([], ["--record"]):
        sys.exit(__doc__)
    program, made_with, before = arguments[0], *recorded()
    same_compiler = made_with == compiler()
    counts, slower = {}, []
    for row in rows_of(program):
        counts[row] = count(program, row)
        ratio = counts[row] / before[row] if row in before else None
        print(f"{row:24} {counts[row]:8.1f}" + (f"  {ratio:.3f} x recorded" if ratio else ""),
              flush=True)
        if ratio and ratio > ALLOWED:
            slower.append(row)
    if "--record" in arguments:
        write_record(counts)
        return 0
    if not same_compiler:
        print(f"counts: recorded with {made_with or 'nothing'}, so these are not judged")
        return 0
    if set(counts) != set(before):
        print("counts: rows and record differ: make counts, then tools/counts.py --record")
        return 1
    print("counts: slower than recorded: " + ", ".join(slower) if slower else "counts: as recorded")
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
