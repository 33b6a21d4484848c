#!/usr/bin/env python3
"""convert: DETS files and dumps of ETS tables into shelf tables, and back; all of it or nothing."""
import fcntl
import re
import shutil
import subprocess
from pathlib import Path

from tool import NOT_FOUND, OK, USAGE, ToolTest, budgeted, main

DATA = Path(__file__).resolve().parent.parent / "data"
OTP_CHECK = Path(__file__).resolve().parent.parent / "dets" / "otp_check.escript"
DUMPS = sorted(p.stem for p in (DATA / "ets").glob("*.tab"))
HEX = ("--format", "etf-hex")


def listings(name):
    """The files that say what a case of the corpus holds, and of bags in which order."""
    for line in (DATA / "dets" / "cases.tsv").read_text("utf-8").splitlines():
        cell = line.split("\t")
        if cell[0] == name:
            found = cell[8:10] if cell[10] == "full" else cell[8:9]
            return [str(DATA / "dets" / file) for file in found]
    raise KeyError(name)


class Convert(ToolTest):
    def table(self, name, kind, *rows):
        """A table of any terms, a row a line of Erlang text."""
        self.write("rows.terms", "".join(f"{{{row}}}.\n" for row in rows))
        self.shelf("import", name, "rows.terms", "--kind", kind)
        return name

    def terms(self, name):
        return sorted(self.shelf("list", name, "--term").out.splitlines())

    def names(self):
        return sorted(p.name for p in self.path.iterdir() if p.name != "rows.terms")

    def test_pairs_become_entries_and_entries_pairs(self):
        self.table("a.shelf", "set", "a,1", "b,{x,y}", "{c},[]")
        told = self.shelf("convert", "a.shelf", "a.dets").json[0]
        self.assertEqual(told, {"converted": 3, "as": "pairs", "keypos": 1})
        self.assertEqual(self.terms("a.dets"), ["{a,1}.", "{b,{x,y}}.", "{{c},[]}."])
        self.shelf("convert", "a.dets", "b.shelf")
        self.assertEqual(self.shelf("diff", "a.shelf", "b.shelf").out, "")
        told = self.shelf("info", "b.shelf").json[0]
        self.assertEqual((told["key"], told["value"]), ("any", "any"))

    def test_other_objects_become_values_of_their_keys_and_come_back(self):
        self.table("a.shelf", "set", "1,{user,1,<<\"ann\">>}", "2,{user,2}", "3,{x,3,1,1}")
        told = self.shelf("convert", "a.shelf", "a.dets").json[0]
        self.assertEqual(told, {"converted": 3, "as": "objects", "keypos": 2})
        self.assertEqual(self.terms("a.dets"),
                         ["{user,1,<<\"ann\">>}.", "{user,2}.", "{x,3,1,1}."])
        self.shelf("convert", "a.dets", "b.shelf")
        self.assertEqual(self.shelf("diff", "a.shelf", "b.shelf").out, "")

    def test_one_object_of_another_shape_makes_values_of_all(self):
        self.table("a.shelf", "set", "a,{a,1}", "b,{b,1,2}")
        self.shelf("convert", "a.shelf", "a.dets")
        self.assertEqual(self.terms("a.dets"), ["{a,1}.", "{b,1,2}."])
        self.shelf("convert", "a.dets", "b.shelf")
        self.assertEqual(self.terms("b.shelf"), ["{a,{a,1}}.", "{b,{b,1,2}}."])
        self.refused("convert", "a.dets", "c.shelf", "--as", "pairs", status=USAGE,
                     says="{Key, Value}")

    def test_as_says_which_it_is_to_be(self):
        self.table("a.shelf", "set", "a,{a,1}", "b,{b,1}")
        self.shelf("convert", "a.shelf", "p.dets", "--as", "pairs")
        self.assertEqual(self.terms("p.dets"), ["{a,{a,1}}.", "{b,{b,1}}."])
        self.shelf("convert", "a.shelf", "o.dets", "--as", "objects")
        self.assertEqual(self.terms("o.dets"), ["{a,1}.", "{b,1}."])
        self.shelf("convert", "o.dets", "o.shelf", "--as", "objects")
        self.assertEqual(self.shelf("diff", "a.shelf", "o.shelf").out, "")
        self.table("b.shelf", "set", "a,{a,1}", "b,{c,b}")
        self.refused("convert", "b.shelf", "b.dets", "--as", "objects", status=USAGE,
                     says="that contains its key")
        self.refused("convert", "b.shelf", "b.dets", "--keypos", 1, says=["b.shelf", "element 1"])
        self.assertFalse((self.path / "b.dets").exists())

    def test_a_table_of_types_becomes_pairs_unless_asked_otherwise(self):
        self.make("t.shelf", "set", "integer", "user{id: integer}", [(1, {"id": 1})])
        self.shelf("convert", "t.shelf", "t.dets")
        self.assertEqual(self.terms("t.dets"), ["{1,{user,1}}."])
        self.shelf("convert", "t.shelf", "u.dets", "--keypos", 2)
        self.assertEqual(self.terms("u.dets"), ["{user,1}."])

    def test_kinds_are_kept_and_an_ordered_set_becomes_a_set(self):
        for kind, becomes in (("set", "set"), ("ordered_set", "set"), ("bag", "bag"),
                              ("duplicate_bag", "duplicate_bag")):
            name = self.table(f"{kind}.shelf", kind, "a,2", "a,1", "b,1", "a,2")
            self.shelf("convert", name, f"{kind}.dets")
            self.assertEqual(self.shelf("info", f"{kind}.dets").json[0]["kind"], becomes)
            self.shelf("convert", f"{kind}.dets", f"{kind}.again.shelf")
            self.assertEqual(self.shelf("get", name, "--term", "a").out,
                             self.shelf("get", f"{kind}.again.shelf", "--term", "a").out)
        told = self.on_terminal("convert", "ordered_set.shelf", "o.dets", "--color", "never").out
        self.assertIn("keeps no order", told)

    def test_the_corpus_goes_to_shelf_and_back_and_otp_accepts_it(self):
        for name, kind, keypos in (("ops_set", "set", 1), ("bag_10_kp2", "bag", 2),
                                   ("dup_10_kp3", "duplicate_bag", 3), ("one_key_bag", "bag", 1),
                                   ("dup_order", "duplicate_bag", 1), ("numeric_keys", "set", 1)):
            with self.subTest(name):
                shutil.copy(DATA / "dets" / f"{name}.dets", self.path)
                self.shelf("convert", f"{name}.dets", f"{name}.shelf")
                how = () if keypos == 1 else ("--keypos", keypos)
                self.shelf("convert", f"{name}.shelf", "again.dets", "--force", *how)
                self.assertEqual(self.shelf("export", "again.dets", *HEX).out,
                                 self.shelf("export", f"{name}.dets", *HEX).out)
                done = subprocess.run(
                    ["escript", str(OTP_CHECK), "again.dets", kind, str(keypos), *listings(name)],
                    cwd=self.path, capture_output=True, text=True, check=False, timeout=60)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_what_no_shelf_table_keeps_is_refused_by_a_table_and_kept_by_dets(self):
        shutil.copy(DATA / "dets" / "terms_set.dets", self.path)
        self.refused("convert", "terms_set.dets", "t.shelf",
                     says=["terms_set.dets", "cannot be stored", "nothing was written"])
        self.shelf("convert", "terms_set.dets", "t.dets")
        self.assertEqual(self.shelf("export", "t.dets", *HEX).out,
                         self.shelf("export", "terms_set.dets", *HEX).out)
        self.assertEqual(self.names(), ["t.dets", "terms_set.dets"])

    def test_a_set_that_holds_a_key_twice_is_refused(self):
        self.table("a.shelf", "set", *(f"{i},{i}" for i in range(200)))
        self.shelf("convert", "a.shelf", "a.dets")
        object_of = rb"\x00\x00\x00\x0b\x83h\x02a(.)a."
        two = re.compile(rb"\x00\x00\x00\x1e\x12\x34\x56\x78" + object_of + object_of, re.DOTALL)
        content = bytearray(self.read("a.dets"))
        found = two.search(content)
        content[found.start(2)] = content[found.start(1)]
        (self.path / "a.dets").write_bytes(content)
        self.refused("convert", "a.dets", "b.shelf",
                     says=["a.dets: 200 objects would become 199 entries", "nothing was written"])
        self.assertEqual(self.names(), ["a.dets", "a.shelf"])

    def test_a_new_table_is_made_without_being_in_memory(self):
        needs = []
        for count in (1000, 300_000):
            with open(self.path / "rows.jsonl", "w", encoding="ascii") as out:
                out.writelines(f'["user:{i:08}","{"x" * 100}"]\n' for i in range(count))
            self.shelf("import", f"{count}.shelf", "rows.jsonl", "--kind", "set")
            self.shelf("convert", f"{count}.shelf", f"{count}.dets")
            needs.append(self.most_memory("convert", f"{count}.dets", f"new{count}.shelf"))
            self.shelf("diff", f"{count}.shelf", f"new{count}.shelf")
        # The slots of the file and a number for each object; a table takes 50 MiB, and as much to
        # be filled.
        self.assertLess(needs[1] - needs[0], 40)

    def test_an_unclosed_file_is_converted_as_a_repair_would_leave_it(self):
        shutil.copy(DATA / "dets" / "bag_open_dirty.dets", self.path)
        before = self.read("bag_open_dirty.dets")
        ran = self.try_shelf("convert", "bag_open_dirty.dets", "new.dets")
        self.assertEqual((ran.status, "not closed" in ran.errors), (OK, True))
        self.assertEqual(self.shelf("export", "new.dets", *HEX).out.splitlines(),
                         (DATA / "dets" / "bag_open_dirty.expected").read_text().splitlines())
        self.assertEqual(self.read("bag_open_dirty.dets"), before)
        self.shelf("check", "new.dets")

    def test_nothing_is_replaced_without_force(self):
        self.table("a.shelf", "set", "a,1")
        self.write("a.dets", "precious")
        self.refused("convert", "a.shelf", "a.dets", says=["a.dets", "--force"])
        self.assertEqual(self.read("a.dets"), b"precious")
        self.shelf("convert", "a.shelf", "a.dets", "--force")
        self.assertEqual(self.terms("a.dets"), ["{a,1}."])
        self.assertEqual(self.names(), ["a.dets", "a.shelf"])

    def test_a_target_that_is_open_for_writing_is_not_replaced(self):
        self.table("a.shelf", "set", "a,1")
        self.shelf("convert", "a.shelf", "a.dets")
        with open(self.path / "a.dets", "rb") as writer:
            fcntl.flock(writer, fcntl.LOCK_EX)
            self.refused("convert", "a.shelf", "a.dets", "--force", says="a.dets")
        self.shelf("convert", "a.shelf", "a.dets", "--force")

    def test_a_failure_leaves_nothing_and_what_was_there(self):
        self.table("a.shelf", "set", *(f"{i},{i}" for i in range(50)), "x,{1,x}")
        self.write("a.dets", "precious")
        self.refused("convert", "a.shelf", "a.dets", "--force", "--keypos", 2,
                     says="nothing was written")
        self.refused("convert", "a.shelf", "no/such/a.dets", says="no/such/a.dets")
        self.assertEqual(self.read("a.dets"), b"precious")
        self.assertEqual(self.names(), ["a.dets", "a.shelf"])

    def test_conversions_without_sense_are_refused(self):
        self.table("a.shelf", "set", "a,1")
        self.shelf("convert", "a.shelf", "a.dets")
        for words, says in ((("a.shelf", "b.shelf"), "copy"), (("a.shelf", "b"), "--to"),
                            (("a.dets", "a.dets", "--force"), "itself"),
                            (("a.dets", "c.shelf", "--keypos", 2), "--keypos"),
                            (("a.shelf", "c.dets", "--as", "pairs", "--keypos", 2), "--keypos")):
            self.refused("convert", *words, status=USAGE, says=says)
        self.refused("convert", "no.dets", "b.shelf", status=NOT_FOUND, says="no.dets")
        self.assertEqual(self.names(), ["a.dets", "a.shelf"])
        self.shelf("convert", "a.shelf", "b", "--to", "dets")
        self.assertEqual(self.terms("b"), ["{a,1}."])


class EtsDumps(ToolTest):
    def dump(self, name):
        shutil.copy(DATA / "ets" / f"{name}.tab", self.path)
        return f"{name}.tab"

    def test_every_dump_lists_what_ets_had(self):
        self.assertGreater(len(DUMPS), 8)
        for name in DUMPS:
            with self.subTest(name):
                expected = (DATA / "ets" / f"{name}.expected").read_text("utf-8")
                self.assertEqual(self.shelf("export", self.dump(name), *HEX).out, expected)
                self.assertEqual(self.shelf("check", f"{name}.tab").json[0]["objects"],
                                 len(expected.splitlines()))
                for target in ("new.shelf", "new.dets"):
                    self.shelf("convert", f"{name}.tab", target, "--force")
                    self.assertEqual(self.shelf("count", target).out,
                                     f"{len(expected.splitlines())}\n")
                self.assertEqual(self.shelf("export", "new.dets", *HEX).out, expected)

    def test_info_and_get_tell_what_is_in_a_dump(self):
        told = self.shelf("info", self.dump("guarded")).json[0]
        self.assertEqual((told["format"], told["name"], told["kind"], told["keypos"],
                          told["objects"], told["extended"]),
                         ("ets:tab2file", "guarded", "set", 1, 4, "object_count, md5sum"))
        self.assertEqual(self.shelf("get", "guarded.tab", "--term", "ann").out,
                         "{ann,<<\"Ann\">>,1}\n")
        self.refused("get", "guarded.tab", "--term", "nobody", status=NOT_FOUND)
        self.assertEqual(self.shelf("list", self.dump("pairs"), "--from", 299).json[-1]["key"], 300)
        self.refused("list", "pairs.tab", "--reverse", status=USAGE, says="--sort")
        told = self.shelf("convert", "pairs.tab", "pairs.shelf").json[0]
        self.assertEqual(told["as"], "pairs")
        self.assertEqual(self.shelf("info", "pairs.shelf").json[0]["kind"], "ordered_set")

    def test_a_dump_is_never_changed(self):
        for words in (("put", "plain.tab", "1", "2"), ("delete", "plain.tab", "1"),
                      ("take", "plain.tab", "1"), ("compact", "plain.tab"),
                      ("copy", "plain.tab", "b"), ("watch", "plain.tab"),
                      ("import", "plain.tab", "-"), ("remove", "plain.tab", "--yes")):
            self.dump("plain")
            self.refused(*words, says=["an ets:tab2file dump", words[0]])

    def test_a_flipped_bit_anywhere_in_a_dump_with_a_sum_is_refused(self):
        content = (DATA / "ets" / "guarded.tab").read_bytes()
        for at in range(0, len(content), 300 // budgeted(100)):
            self.write("g.tab", content[:at] + bytes([content[at] ^ 0x20]) + content[at + 1:])
            self.assertEqual(self.refused("export", "g.tab", *HEX, says="g.tab").out, "")

    def test_a_dump_that_is_cut_short_is_refused_wherever_the_cut_is(self):
        for name in ("plain", "guarded"):
            content = (DATA / "ets" / f"{name}.tab").read_bytes()
            for length in range(1, len(content), 700 // budgeted(100)):
                self.write("g.tab", content[:length])
                self.refused("check", "g.tab", says="g.tab")
        self.dump("large")
        content = self.read("large.tab")
        self.write("large.tab", content[:100_000])
        self.refused("convert", "large.tab", "l.shelf", says=["byte ", "middle"])
        self.assertFalse((self.path / "l.shelf").exists())

    def test_refusals_say_what_is_wrong(self):
        content = (DATA / "ets" / "plain.tab").read_bytes()
        for old, new, says in ((b"cXM\x0b", bytes([6, 7, 8, 9]), "not closed"),
                               (b"major_versiona\x01", b"major_versiona\x02", "newer"),
                               (b"major_version", b"minor_version", "not written by ets:tab2file"),
                               (b"d\x00\x03set", b"d\x00\x03sat", "lacks the table's type"),
                               (b"keyposa\x01", b"keyposa\x00", "key position"),
                               (b"keyposa\x01", b"keyposa\x09", "too short to contain its key"),
                               (b"sizea\x04", b"sizea\x05", "5 objects, but 4 were found"),
                               (b"bWLA\x83h\x03", b"bWLB\x83h\x03", "not the start of a log item")):
            self.assertEqual(content.count(old) > 0, True, old)
            self.write("g.tab", content.replace(old, new, 1))
            self.refused("check", "g.tab", says=["g.tab", says])


if __name__ == "__main__":
    main()
