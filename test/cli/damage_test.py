#!/usr/bin/env python3
"""Damaged files: check finds it, every command refuses it, salvage keeps the rest and says what
was lost."""
from tool import NOT_FOUND, REFUSED, USAGE, ToolTest, budgeted, main

FRAMES_START = 8192


class Damage(ToolTest):
    def setUp(self):
        super().setUp()
        self.shelf("create", "d.shelf", "--kind", "ordered_set", "--key", "integer", "--value",
                   "binary")
        self.begins = []
        for i in range(5):
            self.begins.append((self.path / "d.shelf").stat().st_size)
            self.shelf("put", "d.shelf", i, f"value number {i}")

    def damage(self, at):
        content = bytearray(self.read("d.shelf"))
        content[at] ^= 0x40
        self.write("d.shelf", bytes(content))

    def test_check_of_a_sound_file_ends_with_0_and_changes_nothing(self):
        before = self.read("d.shelf")
        told = self.shelf("check", "d.shelf").json[0]
        self.assertEqual((told["sound"], told["entries"], told["torn_bytes"]), (True, 5, 0))
        self.assertEqual(self.read("d.shelf"), before)

    def test_damage_is_named_by_its_byte_and_every_command_refuses(self):
        at = self.begins[2]
        self.damage(at + 60)
        damaged = self.read("d.shelf")
        self.refused("check", "d.shelf", says=["d.shelf", "damaged", "salvage", f"byte {at}"])
        for words in (["info"], ["list"], ["export"], ["compact"], ["count"]):
            self.refused(*words, "d.shelf", says=f"byte {at}")
        for words in (["put", "d.shelf", "9", "x"], ["delete", "d.shelf", "1"],
                      ["copy", "d.shelf", "c.shelf"], ["diff", "d.shelf", "d.shelf"]):
            self.refused(*words, says=f"byte {at}")
        self.assertEqual(self.read("d.shelf"), damaged)
        self.assertEqual([p.name for p in self.path.iterdir()], ["d.shelf"])

    def test_salvage_writes_a_new_file_and_says_what_was_lost(self):
        self.damage(self.begins[2] + 60)
        damaged = self.read("d.shelf")
        told = self.shelf("salvage", "d.shelf", "new.shelf").json[0]
        self.assertEqual(told["lost_places"], 1)
        self.assertEqual(told["lost"][0]["from"], self.begins[2])
        self.assertGreater(told["lost"][0]["first_sequence"], 0)
        self.assertTrue(told["lost"][0]["promised"])
        self.assertEqual([r["key"] for r in self.shelf("list", "new.shelf").json], [0, 1, 3, 4])
        self.assertEqual(self.read("d.shelf"), damaged)
        self.shelf("check", "new.shelf")

    def test_salvage_on_a_terminal_says_it_in_words(self):
        self.damage(self.begins[2] + 60)
        told = self.on_terminal("salvage", "d.shelf", "new.shelf", "--color", "never").out
        self.assertRegex(told, rf"lost +bytes {self.begins[2]} to \d+: batch")
        self.assertRegex(told, r"kept +4 changes")

    def test_salvage_without_the_first_batch_must_be_told_the_types(self):
        self.damage(FRAMES_START + 60)
        self.refused("salvage", "d.shelf", "new.shelf", status=USAGE, says="kind")
        self.shelf("salvage", "d.shelf", "new.shelf", "--kind", "ordered_set", "--key", "integer",
                   "--value", "string")
        self.assertEqual(self.shelf("get", "new.shelf", "3").out, "value number 3\n")

    def test_salvage_never_replaces_a_file(self):
        self.write("new.shelf", "precious")
        self.refused("salvage", "d.shelf", "new.shelf", says="exists")
        self.refused("salvage", "no.shelf", "newer.shelf", status=NOT_FOUND)
        self.assertEqual(self.read("new.shelf"), b"precious")

    def test_a_file_cut_short_is_refused_and_salvaged(self):
        content = self.read("d.shelf")
        self.write("d.shelf", content[:self.begins[4] + 10])
        self.refused("check", "d.shelf", says="damaged")
        told = self.shelf("salvage", "d.shelf", "new.shelf").json[0]
        self.assertEqual(told["lost"][0]["to"], len(content))
        self.assertEqual(self.shelf("count", "new.shelf").out, "4\n")

    def test_random_garbage_never_crashes_anything(self):
        content = self.read("d.shelf")
        for at in range(0, len(content), 21100 // budgeted(100)):
            self.write("d.shelf", content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1:])
            for words in (["check", "d.shelf"], ["info", "d.shelf"]):
                self.assertIn(self.try_shelf(*words).status, (0, REFUSED))
        self.write("d.shelf", content[:5000])
        self.refused("info", "d.shelf")
        self.refused("salvage", "d.shelf", "new.shelf", status=USAGE)


if __name__ == "__main__":
    main()
