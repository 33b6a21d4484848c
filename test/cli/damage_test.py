#!/usr/bin/env python3
"""Damaged files: check finds it, every command refuses it, salvage keeps the rest and says what
was lost."""
import struct
import sys
from pathlib import Path

from tool import NOT_FOUND, REFUSED, USAGE, ToolTest, budgeted, cpu_seconds, main

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from xxh3 import xxh3_64  # noqa: E402

FRAMES_START = 8192
PID = b"Xw\x01n" + struct.pack(">III", 1, 0, 0)


def binary(content):
    return b"m" + struct.pack(">I", len(content)) + content


def varint(value):
    out = b""
    while value >= 0x80:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def record(op, key, value, flags=0):
    return (bytes([op, flags, 1]) + varint(len(key)) + varint(len(value)) + key + value)


def catalogue(key_schema, value_schema):
    return record(6, binary(b"main"), b"t\0\0\0\x03w\x0akey_schema" + binary(key_schema)
                  + b"w\x04kindw\x03setw\x0cvalue_schema" + binary(value_schema))


def forged(*records):
    """A file with right checksums whose batches are these records."""
    slot = b"\x89SHELF\r\n" + struct.pack("<IB", 1, 131)
    slot += bytes(504 - len(slot))
    out = b""
    for at in (0, 4096):
        out += bytes(at - len(out)) + slot + struct.pack("<Q", xxh3_64(slot, at))
    out += bytes(FRAMES_START - len(out))
    for number, content in enumerate(records, 1):
        frame = struct.pack("<IIIIQQ", 40 + len(content), 3, 1, 0, number, 0) + content
        frame += bytes(-len(frame) % 8)
        salt = xxh3_64(struct.pack("<QIIQ", 0, 1, 0, len(out)))
        out += struct.pack("<Q", xxh3_64(frame, salt)) + frame
    return out


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
                      ["take", "d.shelf", "1"],
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


class Unsound(ToolTest):
    """Files whose checksums are right, and whose content no writer of ours makes."""

    def within(self, seconds, *words, **how):
        start = cpu_seconds()
        ran = self.try_shelf(*words)
        self.assertLess(cpu_seconds() - start, seconds, words)
        self.assertEqual(ran.status, how.get("status", 0), ran.errors)
        for piece in how.get("says", ()):
            self.assertIn(piece, ran.errors)

    def test_what_salvage_leaves_out_is_listed_and_what_it_keeps_is_sound(self):
        self.write("d.shelf", forged(
            catalogue(b"any", b"integer("), record(1, binary(b"alice"), b"a\x1e"),
            record(1, PID, b"a\x01"), record(1, binary(b"bob"), b"a\x28")))
        self.refused("check", "d.shelf", says=["d.shelf", "malformed at byte", "salvage"])
        told = self.shelf("salvage", "d.shelf", "new.shelf").json[0]
        self.assertEqual((told["changes"], told["bad_records"]), (2, 2))
        self.assertEqual([(l["sequence"], l["why"]) for l in told["left_out"]], [
            (1, "the schema of the values is malformed at byte 8; assuming 'any'"),
            (3, "a pid cannot be stored in a table")])
        self.shelf("check", "new.shelf")
        kept = self.shelf("list", "new.shelf", "--sort", "value").json
        self.assertEqual([r["value"] for r in kept], [30, 40])
        told = self.on_terminal("salvage", "d.shelf", "newer.shelf", "--color", "never").out
        self.assertRegex(told, r"left out +batch 3: a pid cannot be stored")

    def test_a_schema_beyond_its_limits_is_refused_at_once_with_the_limit(self):
        for schema, limit in ((b"{" + b", ".join([b"any"] * 300_000) + b"}", "1048576"),
                              (b"{" + b", ".join([b"any"] * 20_000) + b"}", "16384"),
                              (b"{" * 300 + b"}" * 300, "256")):
            self.write("d.shelf", forged(catalogue(b"binary", schema),
                                         record(1, binary(b"alice"), b"a\x1e")))
            for word in ("count", "list", "export", "check", "compact"):
                self.within(10, word, "d.shelf", status=REFUSED, says=["d.shelf", "limit", limit])

    def test_a_schema_of_as_many_members_as_may_be_is_read_in_time(self):
        members = 8_000
        record_of = b"r{" + b", ".join(b"f%d: any" % i for i in range(members)) + b"}"
        row = b"i" + struct.pack(">I", members + 1) + b"w\x01r" + b"a\x07" * members
        self.write("d.shelf", forged(catalogue(b"binary", record_of),
                                     *(record(1, binary(b"%d" % i), row) for i in range(3))))
        for word in ("count", "list", "export", "check", "info"):
            self.within(20, word, "d.shelf")

    def test_records_with_flags_of_a_newer_shelf_are_refused(self):
        self.write("d.shelf", forged(catalogue(b"any", b"any"),
                                     record(1, binary(b"alice"), b"a\x1e", flags=64)))
        for words in (["check"], ["list"], ["count"], ["export"], ["salvage", "new.shelf"],
                      ["copy", "new.shelf"]):
            self.refused(words[0], "d.shelf", *words[1:], says=["d.shelf", "flags 64", "newer"])
        self.assertEqual([p.name for p in self.path.iterdir()], ["d.shelf"])


if __name__ == "__main__":
    main()
