#!/usr/bin/env python3
"""changes, and watch of a key: what was written, and what is written while they look."""
import base64
import gzip
import json
import subprocess

from tool import NOT_FOUND, REFUSED, SHELF, USAGE, ToolTest, main

# A map with history, bounded to two entries, in which carol took the place of alice.
EVICTED = gzip.decompress(base64.b64decode("""
H4sIAAAAAAACA+sM9nD1cePlYmRgYGgGEWiADUrfnvvR41Rq4y4h86KfRo2x/b1LPV+oSB74wQqVX6AIoVmgfCxG
jYJBBBwzNij5lFjfGg2JUTAKRsEoGAWjYBSMglEwCkbBKBgZoHO0/z8iQeg2nu0feUMnjIbEKBgFo2AUjIJRMApG
wSgYBaNgFIwMoLK3aenRBe3W5UA2M7Tfvn3inM+MGOMAjJyOuaAOfm5iZl4JSHU5V3ZqZXxxckZqbiJIhi0pMy+x
qLKcJTszL6WcuTi1pJynLDGnNBVJDTtQb2p6ahHDx8Q2pbqw5WluaPYyQe2rUIDQPEDMIZb/RX8RI0gRIxcTyBjW
xJzM5NREoBDzuZRvZUs7OszRzGFGMweolQOslTkpPwmo8Rh3/9YlnqbyHmj6WND0MXMwcjEgrES4IDmxKD8nkbHD
q3oT18flN3VxmOMAHRfhhI6ISH17efrqd6F3hNRzQdUDADXAqkagIQAA
"""))


class Changes(ToolTest):
    def ages(self):
        self.make("ages.shelf", "ordered_set", "binary", "integer")
        self.shelf("put", "ages.shelf", "alice", 30)
        self.shelf("put", "ages.shelf", "alice", 31)
        self.shelf("put", "ages.shelf", "bob", 40)
        self.shelf("delete", "ages.shelf", "alice")
        return "ages.shelf"

    def follow(self, *words):
        """The tool, started to run until the test has seen enough."""
        # pylint: disable-next=consider-using-with
        process = subprocess.Popen([SHELF, *words], cwd=self.path, stdout=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process.stdout

    def test_each_change_is_a_line_with_the_position_behind_its_batch(self):
        told = self.shelf("changes", self.ages()).json
        self.assertEqual([(t["key"], t.get("after")) for t in told],
                         [("alice", 30), ("alice", 31), ("bob", 40), ("alice", None)])
        self.assertEqual(len({t["position"] for t in told}), 4)

    def test_a_position_continues_behind_its_batch(self):
        told = self.shelf("changes", self.ages()).json
        later = self.shelf("changes", "ages.shelf", "--from", told[1]["position"]).json
        self.assertEqual(later, told[2:])
        self.assertEqual(self.shelf("changes", "ages.shelf", "--from", "now").out, "")

    def test_people_read_lines_of_text(self):
        self.ages()
        shown = self.on_terminal("changes", "ages.shelf", environment={"NO_COLOR": "1"}).out
        lines = [line.split("  ", 1)[1] for line in shown.splitlines()]
        self.assertEqual(lines, ["alice  -> 30", "alice  -> 31", "bob  -> 40", "alice  deleted"])

    def test_what_made_room_for_another_entry_is_told_as_evicted(self):
        self.write("pages.shelf", EVICTED)
        told = self.shelf("changes", "pages.shelf").json
        self.assertEqual([(t["key"], t.get("cause")) for t in told],
                         [("alice", None), ("bob", None), ("alice", "evicted"), ("carol", None)])
        shown = self.on_terminal("changes", "pages.shelf", environment={"NO_COLOR": "1"}).out
        self.assertIn("alice  evicted", shown)

    def test_changes_that_programs_keep_stay_unless_they_are_dropped(self):
        self.write("pages.shelf", EVICTED)
        self.shelf("put", "pages.shelf", "dave", 2)
        before = self.shelf("changes", "pages.shelf").json
        self.assertEqual([t["key"] for t in before], ["alice", "bob", "alice", "carol", "dave"])
        self.shelf("compact", "pages.shelf")
        self.assertEqual(self.shelf("changes", "pages.shelf").json, before)
        self.shelf("compact", "pages.shelf", "--drop-history")
        self.assertEqual(self.shelf("changes", "pages.shelf").json, [])
        self.assertEqual(self.shelf("count", "pages.shelf").out, "3\n")

    def test_what_has_expired_is_told_as_expired(self):
        self.make("s.shelf", "set", "binary", "integer")
        self.shelf("put", "s.shelf", "alice", 1, "--expires", "2020-01-01")
        self.shelf("put", "s.shelf", "bob", 1)
        self.shelf("take", "s.shelf", "alice", status=NOT_FOUND)
        told = self.shelf("changes", "s.shelf").json
        self.assertEqual([(t["key"], t.get("cause")) for t in told],
                         [("alice", None), ("bob", None), ("alice", "expired")])

    def test_it_follows_what_other_processes_write(self):
        out = self.follow("changes", self.ages(), "--from", "now", "--follow", "--before", "--json")
        self.shelf("put", "ages.shelf", "carol", 50)
        while not (line := out.readline()):
            pass
        first = json.loads(line)
        # It may have opened the file behind that write.
        self.assertEqual((first["key"], first["after"]), ("carol", 50))
        self.shelf("put", "ages.shelf", "carol", 51)
        second = json.loads(out.readline())
        self.assertEqual((second["before"], second["after"]), (50, 51))
        self.shelf("compact", "ages.shelf")
        self.shelf("put", "ages.shelf", "carol", 52)
        # It may not have seen the last change before the compaction: then it starts over.
        third = json.loads(out.readline())
        self.assertTrue(third.get("event") == "reset" or third["after"] == 52, third)

    def test_positions_that_are_lost_or_none_are_refused(self):
        told = self.shelf("changes", self.ages()).json
        self.shelf("compact", "ages.shelf")
        self.refused("changes", "ages.shelf", "--from", told[0]["position"],
                     says=["no longer kept", told[-1]["position"]])
        self.refused("changes", "ages.shelf", "--from", "1-0000ff0100000001-7", says="another file",
                     status=REFUSED)
        self.refused("changes", "ages.shelf", "--from", "yesterday", says="--from", status=USAGE)
        self.refused("changes", "no.shelf", status=NOT_FOUND)

    def test_watch_of_a_key_prints_each_new_value(self):
        out = self.follow("watch", self.ages(), "bob")
        self.assertEqual(out.readline(), b"40\n")
        self.shelf("put", "ages.shelf", "alice", 1)
        self.shelf("put", "ages.shelf", "bob", 41)
        self.assertEqual(out.readline(), b"41\n")
        self.shelf("delete", "ages.shelf", "bob")
        self.assertEqual(out.readline(), b"no value\n")
        self.assertEqual(self.shelf("watch", "ages.shelf", "alice", "--rounds", 1).out, "1\n")


if __name__ == "__main__":
    main()
