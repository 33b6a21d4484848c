#!/usr/bin/env python3
"""Every long command shows a bar with a percentage on a terminal, and leaves nothing of it."""
import os
import re
import subprocess

from tool import OK, ToolTest, main

AT_ONCE = {"SHELF_PROGRESS_AFTER_MS": "0", "NO_COLOR": "1"}
BAR = re.compile(r"\r([^\r\n\x1b]+) \[#*\.*\] +(\d+) %, \d+ s left\x1b\[K")
ROWS = 12000
MIB = 1 << 20

# Notes at each sync how much longer the file is than at the sync before.
WITNESS = r"""
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cstdio>
#include <cstdlib>
#include <map>
static int note(const char* call, int fd) {
  static std::map<ino_t, off_t> synced;
  struct stat status{};
  if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
    if (FILE* told = std::fopen(std::getenv("WITNESS"), "a")) {
      std::fprintf(told, "%ld %ld\n", long(status.st_ino),
                   long(status.st_size - synced[status.st_ino]));
      std::fclose(told);
    }
    synced[status.st_ino] = status.st_size;
  }
  return reinterpret_cast<int (*)(int)>(dlsym(RTLD_NEXT, call))(fd);
}
extern "C" int fdatasync(int fd) { return note("fdatasync", fd); }
extern "C" int fsync(int fd) { return note("fsync", fd); }
"""


def screen(told):
    """What is left to see when all of it was drawn."""
    lines, at = [""], 0
    for piece in re.findall(r"\x1b\[K|\r|\n|[^\x1b\r\n]+", told):
        if piece == "\r":
            at = 0
        elif piece == "\n":
            lines.append("")
            at = 0
        elif piece == "\x1b[K":
            lines[-1] = lines[-1][:at]
        else:
            lines[-1] = lines[-1][:at] + piece + lines[-1][at + len(piece):]
            at += len(piece)
    return "\n".join(lines)


class Progress(ToolTest):
    def table(self, name="t.shelf", kind="ordered_set"):
        self.write("rows.jsonl", "".join('{"key":%d,"value":{"n":%d,"text":"%s"}}\n'
                                         % (i, i % 7, "x" * 200) for i in range(ROWS)))
        self.shelf("import", name, "rows.jsonl", "--kind", kind, "--key", "integer",
                   "--value", "r{n: integer, text: binary}")
        return name

    def dets(self, closed=True):
        self.table("t.shelf", "set")
        self.shelf("convert", "t.shelf", "t.dets")
        if not closed:
            whole = bytearray(self.read("t.dets"))
            whole[8:12] = bytes(4)
            self.write("t.dets", bytes(whole))
        return "t.dets"

    def bars(self, *words, status=OK):
        """What each bar said, in per cent. All of them are gone in the end."""
        ran = self.on_terminal(*words, columns=400, environment=AT_ONCE)
        self.assertEqual(ran.status, status, ran.out[-500:])
        self.seen = screen(ran.out)
        self.assertNotIn(" s left", self.seen)
        self.assertNotRegex(ran.out, r"\r[^\r\n]*: \d+( in \d+)? s\x1b")
        found = {}
        for doing, percent in BAR.findall(ran.out):
            found.setdefault(doing, []).append(int(percent))
        for doing, told in found.items():
            self.assertEqual(told, sorted(told), doing)
        return found

    def assert_whole(self, told, least=5):
        """From the beginning to the end, with something in between."""
        self.assertLess(told[0], 15)
        self.assertGreater(told[-1], 90)
        self.assertGreaterEqual(len(set(told)), least)

    def test_every_command_that_opens_a_table_shows_how_far_it_is_read(self):
        self.table()
        for words in (["info"], ["get", 17], ["count"], ["put", 17, '{"n":1,"text":"y"}'],
                      ["delete", 17], ["compact"], ["list", "--limit", 1], []):
            words = [words[0], "t.shelf", *words[1:]] if words else ["t.shelf"]
            self.assert_whole(self.bars(*words)["reading t.shelf"])

    def test_the_first_pass_over_a_table_is_told_too(self):
        self.table()
        self.assertLess(self.bars("info", "t.shelf")["reading t.shelf"][0], 6)
        told = self.bars("import", "t.shelf", "rows.jsonl")
        self.assert_whole(told["reading rows.jsonl"])
        self.assert_whole(told["reading t.shelf"])
        told = self.bars("import", "t.shelf", "rows.jsonl", "--append")
        self.assert_whole(told["reading rows.jsonl"])
        self.assertIn("checking t.shelf", told)

    def test_whole_files_show_how_much_of_them_is_done(self):
        self.table()
        self.assert_whole(self.bars("check", "t.shelf")["checking t.shelf"])
        self.assert_whole(self.bars("copy", "t.shelf", "c.shelf")["copying t.shelf"])
        self.assertGreater(self.bars("salvage", "t.shelf", "s.shelf")["salvaging t.shelf"][-1], 60)
        self.assert_whole(self.bars("compact", "t.shelf")["compacting t.shelf"])
        self.assert_whole(self.bars("diff", "t.shelf", "c.shelf")["comparing t.shelf"])
        self.assert_whole(self.bars("migrate", "t.shelf", "--rename", "n=m")["migrating t.shelf"])
        self.assert_whole(self.bars("export", "t.shelf", "out.csv")["writing out.csv"])

    def test_a_filtered_count_and_list_show_how_many_entries_were_looked_at(self):
        self.table()
        for words in (["--where", "n=9"], ["--where", "n=9", "--from", 2000, "--to", 9000]):
            self.assert_whole(self.bars("count", "t.shelf", *words)["counting t.shelf"])
            self.assert_whole(self.bars("list", "t.shelf", *words)["listing t.shelf"])
            told = self.bars("list", "t.shelf", "--reverse", *words)["listing t.shelf"]
            self.assert_whole(told)
            told = self.bars("list", "t.shelf", "--term", *words)["listing t.shelf"]
            self.assert_whole(told)

    def test_rows_and_the_bar_do_not_meet_on_the_terminal(self):
        self.table()
        for words in (["list"], ["list", "--term"], ["list", "--json"], ["export"]):
            words = [words[0], "t.shelf", *words[1:], "--where", "n=3"]
            told = self.bars(*words)
            self.assertTrue("listing t.shelf" in told or "exporting t.shelf" in told, told)
            self.assertEqual(self.seen, self.on_terminal(
                *words, columns=400, environment={"NO_COLOR": "1"}).out, words)

    def test_a_dets_file_that_needs_a_repair_shows_how_far_the_repair_is(self):
        self.dets(closed=False)
        for words in (["info", "t.dets"], ["count", "t.dets"], ["get", "t.dets", 17],
                      ["list", "t.dets", "--limit", 1], ["export", "t.dets", "out.terms"],
                      ["convert", "t.dets", "c.shelf"]):
            told = self.bars(*words)["reading t.dets"]
            self.assertLess(told[0], 10)
            self.assertGreater(max(told), 70)  # half is the scan, then it is written
            self.assertGreaterEqual(len(set(told)), 10)
            self.assertIn("needs a repair", self.seen)
        told = self.bars("compact", "t.dets")["repairing t.dets"]
        self.assert_whole(told, 10)
        self.assertIn("repaired", self.seen)
        self.shelf("check", "t.dets")

    def test_a_dets_file_in_order_shows_how_far_it_is(self):
        self.dets()
        self.assert_whole(self.bars("check", "t.dets")["checking t.dets"])
        self.assert_whole(self.bars("export", "t.dets", "o.terms")["reading t.dets"])
        self.assert_whole(self.bars("count", "t.dets", "--prefix", "x")["counting t.dets"])
        self.assertGreater(self.bars("compact", "t.dets")["compacting t.dets"][-1], 60)
        told = self.bars("convert", "t.dets", "c.shelf")
        self.assert_whole(told["scanning t.dets"])
        self.assert_whole(told["writing c.shelf"])
        self.assert_whole(self.bars("convert", "c.shelf", "d.dets")["writing d.dets"])

    def test_bench_shows_how_much_of_its_work_is_done(self):
        self.assert_whole(self.bars("bench", ".")["measuring ."], 20)

    def test_what_has_no_known_end_says_how_much_it_has_read(self):
        self.table()
        ran = self.on_terminal("-c", "cat rows.jsonl | \"$SHELF\" import t.shelf -",
                               environment=AT_ONCE, program="/bin/sh")
        self.assertRegex(ran.out, r"\rreading standard input: \d+ in \d+ s\x1b\[K")
        self.assertEqual(screen(ran.out), f"{ROWS} rows imported: {ROWS} unchanged\n")

    def test_a_file_as_standard_input_has_an_end(self):
        self.table()
        ran = self.on_terminal("-c", "\"$SHELF\" import t.shelf - < rows.jsonl",
                               environment=AT_ONCE, program="/bin/sh")
        self.assertRegex(ran.out, r"\rreading standard input \[#+\] 100 %")

    def test_a_dumb_terminal_gets_plain_lines(self):
        self.table()
        for words in (["check", "t.shelf"], ["import", "t.shelf", "rows.jsonl"],
                      ["watch", "t.shelf", "--rounds", "2", "--interval", "0.01"]):
            ran = self.on_terminal(*words, environment={**AT_ONCE, "TERM": "dumb"})
            self.assertEqual(ran.status, OK, ran.out)
            self.assertNotRegex(ran.out, "[\x1b\r]")
            if words[0] == "check":
                self.assertRegex(ran.out, r"(?m)^checking t\.shelf: \d+ %$")

    def test_nothing_is_shown_where_nobody_looks(self):
        self.table()
        for words in (["info", "t.shelf"], ["list", "t.shelf", "--where", "n=9"],
                      ["copy", "t.shelf", "c.shelf"], ["bench", "."]):
            ran = self.try_shelf(*words, environment=AT_ONCE)
            self.assertEqual((ran.status, ran.errors), (OK, ""))
            self.assertNotIn("\x1b", ran.out)
        # A pager has the terminal to itself.
        ran = self.on_terminal("-c", "\"$SHELF\" list t.shelf --where n=9 | cat",
                               environment=AT_ONCE, program="/bin/sh")
        self.assertIn("reading t.shelf", ran.out)
        self.assertNotIn("listing t.shelf", ran.out)


class Syncs(ToolTest):
    """A sync at the end of a large file shows no bar. So it has little to do."""

    def witnessed(self, *words, before):
        """The most by which a file was longer at a sync than at the one before, and the most that
        one file grew in all. `before`: how long a file is that grows."""
        told = self.path / "witness.txt"
        told.unlink(missing_ok=True)
        ran = self.try_shelf(*words, environment={"LD_PRELOAD": str(self.path / "witness.so"),
                                                  "WITNESS": str(told)})
        self.assertEqual(ran.status, OK, ran.errors)
        grown = [tuple(map(int, line.split())) for line in told.read_text().splitlines()]
        grown[0] = (grown[0][0], grown[0][1] - before)
        whole = {}
        for inode, more in grown:
            whole[inode] = whole.get(inode, 0) + more
        return max(more for _, more in grown), max(whole.values())

    def assert_steady(self, *words, before=0):
        most, whole = self.witnessed(*words, before=before)
        self.assertGreater(whole, 90 * MIB, words)
        self.assertLess(most, 50 * MIB, words)

    def test_a_large_file_is_synced_on_the_way(self):
        self.write("witness.cpp", WITNESS)
        subprocess.run([os.environ["CXX"], "-shared", "-fPIC", "-o", "witness.so", "witness.cpp",
                        "-ldl"], cwd=self.path, check=True, timeout=60)
        self.write("rows.jsonl", "".join('{"key":%d,"value":{"n":1,"text":"%s"}}\n'
                                         % (i, "x" * (MIB - 1024)) for i in range(100)))
        self.assert_steady("import", "t.shelf", "rows.jsonl", "--kind", "set", "--key", "integer",
                           "--value", "r{n: integer, text: binary}")
        self.shelf("copy", "t.shelf", "more.shelf")
        before = (self.path / "more.shelf").stat().st_size
        self.assert_steady("import", "more.shelf", "rows.jsonl", "--append", before=before)
        (self.path / "more.shelf").unlink()
        self.assert_steady("copy", "t.shelf", "c.shelf")
        self.assert_steady("salvage", "t.shelf", "s.shelf")
        (self.path / "s.shelf").unlink()
        self.assert_steady("compact", "c.shelf")
        self.assert_steady("migrate", "c.shelf", "--rename", "n=m")
        (self.path / "c.shelf").unlink()
        self.assert_steady("export", "t.shelf", "out.jsonl")
        (self.path / "out.jsonl").unlink()
        self.assert_steady("convert", "t.shelf", "t.dets")
        self.assert_steady("convert", "t.dets", "d.shelf")
        (self.path / "d.shelf").unlink()
        self.assert_steady("compact", "t.dets")
        whole = bytearray(self.read("t.dets"))
        whole[8:12] = bytes(4)
        self.write("t.dets", bytes(whole))
        self.assert_steady("compact", "t.dets")


if __name__ == "__main__":
    main()
