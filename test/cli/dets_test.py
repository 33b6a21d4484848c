#!/usr/bin/env python3
"""DETS files: what the tool reads of the corpus that OTP made, and what it changes."""
import hashlib
import json
import shutil
import subprocess
from pathlib import Path

from tool import NOT_FOUND, OK, REFUSED, USAGE, ToolTest, budgeted, main

CORPUS = Path(__file__).resolve().parent.parent / "data" / "dets"
OTP_CHECK = Path(__file__).resolve().parent.parent / "dets" / "otp_check.escript"
HEX = ("--format", "etf-hex")


def cases():
    """Of each line of cases.tsv: name, type, key position, what OTP said, whether it repaired, the
    listing. Refusals for another type or key position than OTP was told are not among them: the
    tool tells none, it takes both from the file."""
    for line in (CORPUS / "cases.tsv").read_text("utf-8").splitlines():
        cell = line.split("\t")
        if not line.startswith("#") and not cell[5].endswith("_mismatch"):
            yield cell[0], cell[1], cell[2], cell[5], cell[7] == "yes", CORPUS / cell[8]


def as_listed(line):
    """A line as a listing has it: of what is too long the digest."""
    content = bytes.fromhex(line)
    if len(content) <= 4096:
        return line
    return f"#sha256 {len(content)} {hashlib.sha256(content).hexdigest()}"


class Dets(ToolTest):
    def corpus(self, name):
        shutil.copy(CORPUS / f"{name}.dets", self.path)
        return f"{name}.dets"

    def assert_lists(self, ran, expected):
        lines = ran.out.splitlines()
        self.assertEqual(lines, sorted(lines))
        self.assertEqual(sorted(map(as_listed, lines)), expected.read_text("utf-8").splitlines())

    def test_every_file_that_otp_opens_is_listed_as_otp_has_it_and_stays_as_it_is(self):
        opened = repaired = 0
        for name, _, _, otp, repair, expected in cases():
            if otp != "ok":
                continue
            with self.subTest(name):
                ran = self.try_shelf("export", self.corpus(name), *HEX)
                self.assertEqual(ran.status, OK, ran.errors)
                self.assert_lists(ran, expected)
                damaged = repair or name == "bad_bucket_status"
                self.assertEqual("needs a repair" in ran.errors, damaged, ran.errors)
                opened, repaired = opened + 1, repaired + repair
            self.assertEqual(self.read(f"{name}.dets"), (CORPUS / f"{name}.dets").read_bytes())
        self.assertGreater(opened, 60)
        self.assertGreater(repaired, 15)
        self.assertEqual([p.name for p in self.path.iterdir() if p.suffix != ".dets"], [])

    def test_every_file_that_otp_refuses_is_refused_by_name(self):
        refused = 0
        for name, _, _, otp, _, _ in cases():
            if otp == "ok":
                continue
            with self.subTest(name):
                file = self.corpus(name)
                for words in (("export", file, *HEX), ("info", file), ("list", file),
                              ("check", file), ("convert", file, "new.shelf")):
                    self.assertEqual(self.refused(*words, says=file).out, "")
                self.assertFalse((self.path / "new.shelf").exists())
                self.assertEqual(self.read(file), (CORPUS / file).read_bytes())
                refused += 1
        self.assertGreater(refused, 9)

    def test_the_content_tells_what_a_file_is_and_the_name_does_not(self):
        (self.path / "words.shelf").write_bytes((CORPUS / "set_10_kp1.dets").read_bytes())
        self.assertEqual(self.shelf("count", "words.shelf").out, "10\n")
        self.make("words.dets", "set", "integer", "integer", [(1, 2)])
        self.assertEqual(self.shelf("get", "words.dets", 1).out, "2\n")

    def test_info_tells_header_fill_room_and_whether_it_is_closed(self):
        told = self.shelf("info", self.corpus("bag_10_kp2")).json[0]
        self.assertEqual((told["kind"], told["keypos"], told["state"]), ("bag", 2, "closed"))
        self.assertEqual(told["file_bytes"], (CORPUS / "bag_10_kp2.dets").stat().st_size)
        self.assertEqual((told["slots"], told["max_slots"]), (256, 33554432))
        self.assertLess(told["free_bytes"], told["file_bytes"])
        self.assertIn("keys per slot", told["fill"])
        unclosed = self.try_shelf("info", self.corpus("bag_open_dirty"))
        self.assertEqual(unclosed.json[0]["state"], "needs a repair")
        self.assertIn("not closed", unclosed.json[0]["cause"])
        self.assertEqual(unclosed.json[0]["objects"], 190)
        self.assertEqual(unclosed.json[0]["file_bytes"],
                         (CORPUS / "bag_open_dirty.dets").stat().st_size)

    def users(self, name="users.dets"):
        """A DETS file of three records, the key in the second place."""
        rows = "".join(f"{{{i},{{user,{i},<<\"{n}\">>}}}}.\n"
                       for i, n in ((1, "ann"), (2, "bob"), (3, "cid")))
        self.write("users.terms", rows)
        self.shelf("import", "made.shelf", "users.terms", "--kind", "set")
        self.shelf("convert", "made.shelf", name)
        self.shelf("remove", "made.shelf", "--yes")
        return name

    def test_get_list_count_and_show_print_whole_objects(self):
        self.users()
        self.assertEqual(self.shelf("get", "users.dets", 2, "--term").out, "{user,2,<<\"bob\">>}\n")
        self.refused("get", "users.dets", 7, status=NOT_FOUND, says="users.dets")
        lines = sorted(self.shelf("list", "users.dets", "--term").out.splitlines())
        self.assertEqual(lines, [f"{{user,{i},<<\"{n}\">>}}."
                                 for i, n in ((1, "ann"), (2, "bob"), (3, "cid"))])
        self.assertEqual(self.shelf("count", "users.dets", "--from", 2).out, "2\n")
        self.assertEqual([r["key"] for r in self.shelf("list", "users.dets", "--to", 2).json], [1])
        self.assertEqual(len(self.shelf("users.dets").json), 4)
        self.refused("list", "users.dets", "--reverse", status=USAGE, says="ordered_set")

    def test_take_prints_whole_objects_and_erases_them(self):
        self.users()
        self.assertEqual(self.shelf("take", "users.dets", 2, "--term").out,
                         '{user,2,<<"bob">>}\n')
        self.refused("get", "users.dets", 2, status=NOT_FOUND)
        self.assertEqual(self.shelf("count", "users.dets").out, "2\n")
        self.shelf("check", "users.dets")

    def test_put_and_delete_change_a_file_that_otp_then_accepts(self):
        self.users()
        self.shelf("put", "users.dets", "--term", 4, "{user,4,dora}")
        self.refused("put", "users.dets", "--new", "--term", 4, "{user,4,x}", says="already")
        self.assertEqual(self.shelf("put", "users.dets", "--term", 2, "{user,2,x}").out,
                         "replaced\n")
        self.shelf("delete", "users.dets", 1)
        self.refused("delete", "users.dets", 1, status=NOT_FOUND)
        self.refused("take", "users.dets", 1, status=NOT_FOUND, says="no key")
        self.refused("delete", "users.dets", "--term", 2, "{user,2,y}", status=NOT_FOUND)
        self.refused("put", "users.dets", 5, "6", status=USAGE, says="element 2")
        self.refused("put", "users.dets", "--term", 5, "{user,6}", status=USAGE)
        self.shelf("compact", "users.dets")
        self.assertEqual(self.shelf("check", "users.dets").json, [{"sound": True, "objects": 3}])
        self.assert_otp_accepts("users.dets", "set", 2)

    def assert_otp_accepts(self, file, kind, keypos, expected=None):
        words = [str(OTP_CHECK), file, kind, str(keypos), *([str(expected)] if expected else [])]
        done = subprocess.run(["escript", *words], cwd=self.path, capture_output=True, text=True,
                              check=False, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_file_that_needs_a_repair_is_changed_by_compact_alone(self):
        name = self.corpus("set_open_dirty")
        before = self.read(name)
        self.refused("put", name, "--term", "a", "{a}", says="compact")
        self.refused("delete", name, "--term", "a", says="compact")
        self.refused("check", name, says=["not closed", "convert"])
        self.assertEqual(self.read(name), before)
        self.assertIn("repaired", self.try_shelf("compact", name).errors)
        self.shelf("check", name)
        self.assert_lists(self.shelf("export", name, *HEX), CORPUS / "set_open_dirty.expected")
        self.assertEqual([p.name for p in self.path.iterdir()], [name])

    def test_check_meets_damage_that_opening_does_not(self):
        self.refused("check", self.corpus("bad_bucket_status"), says=["byte 5720", "convert"])

    def test_commands_that_make_no_sense_on_dets_say_so(self):
        name = self.corpus("set_1")
        for words in (("watch", name), ("copy", name, "b"), ("salvage", name, "b"),
                      ("import", name, "-"), ("migrate", name, "--drop", "x"),
                      ("remove", name, "--yes")):
            self.refused(*words, says=["a DETS file", words[0], "convert"])
        self.assertEqual(self.read(name), (CORPUS / name).read_bytes())

    def test_diff_compares_objects_with_objects_alone(self):
        self.users("a.dets")
        self.users("b.dets")
        self.shelf("diff", "a.dets", "b.dets")
        self.shelf("delete", "b.dets", 3)
        told = self.shelf("diff", "a.dets", "b.dets", status=REFUSED).json
        self.assertEqual([(d["difference"], d["key"]) for d in told], [("removed", 3)])
        self.make("c.shelf", "set", "any", "any")
        self.refused("diff", "a.dets", "c.shelf", says="convert")

    def test_listings_take_the_same_memory_however_large_the_file_is(self):
        count = budgeted(100_000)
        # Piece by piece: what this process takes would count as the tool's.
        with open(self.path / "m.jsonl", "w", encoding="utf-8") as rows:
            for i in range(count):
                rows.write(json.dumps([i, "x" * 1500]) + "\n")
        self.shelf("import", "m.shelf", "m.jsonl", "--kind", "set")
        self.shelf("convert", "m.shelf", "m.dets")
        size = (self.path / "m.dets").stat().st_size >> 20
        self.assertLess(self.most_memory("list", "m.dets", "--term"), max(64, size * 0.4))
        self.assertLess(self.most_memory("export", "m.dets", "out", *HEX), max(150, size * 0.75))
        self.assertLess(self.most_memory("check", "m.dets"), max(64, size * 0.4))
        before, seen = "", 0
        with open(self.path / "out", encoding="utf-8") as lines:
            for line in lines:
                self.assertLess(before, line)
                before, seen = line, seen + 1
        self.assertEqual(seen, count)


if __name__ == "__main__":
    main()
