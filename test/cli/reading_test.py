#!/usr/bin/env python3
"""info, get, count, list, diff, watch: what they print, and how they end."""
import fcntl
import json
import os
import re
import threading
from pathlib import Path

from tool import NOT_FOUND, OK, REFUSED, USAGE, ToolTest, main


class Reading(ToolTest):
    def test_a_missing_file_and_a_missing_key_both_end_with_3(self):
        for command in (["info"], ["list"], ["count"], ["check"], ["export"], []):
            self.refused(*command, "no.shelf", status=NOT_FOUND, says="no.shelf")
        self.refused("get", "no.shelf", "x", status=NOT_FOUND)
        self.refused("get", self.users(), 99, status=NOT_FOUND, says=["users.shelf", "99"])

    def test_a_file_that_is_no_table_is_refused_by_name(self):
        self.write("words", "hello\n")
        self.refused("words", says=["words", "not a shelf table"])

    def test_a_command_line_without_sense_ends_with_2(self):
        self.users()
        for words in ([], ["nonsense", "users.shelf", "more"], ["get", "users.shelf"],
                      ["list", "users.shelf", "--nonsense"],
                      ["list", "users.shelf", "--limit", "x"],
                      ["get", "users.shelf", "alice"],
                      ["list", "users.shelf", "--json", "--term"],
                      ["list", "users.shelf", "--where", "height>3"],
                      ["list", "users.shelf", "--where", "age"],
                      ["list", "users.shelf", "--prefix", "a"],
                      ["create", "x.shelf", "--key", "strng"],
                      ["create", "x.shelf", "--kind", "heap"]):
            self.refused(*words, status=USAGE)
        self.assertFalse((self.path / "x.shelf").exists())

    def test_a_command_that_is_none_is_told_and_not_its_arguments(self):
        self.users()
        for words, says in ((["lsit", "users.shelf"], "'list'"),
                            (["exprot", "users.shelf", "x.csv"], "'export'"),
                            (["gett", "users.shelf", "1", "--json"], "'get'"),
                            (["frobnicate", "users.shelf"], "--help")):
            ran = self.refused(*words, status=USAGE, says=[f"no command '{words[0]}'", says])
            self.assertNotIn("not expected", ran.errors)
        self.refused("lsit", status=NOT_FOUND, says=["no such file 'lsit'", "'list'"])
        self.refused("users.shelf", "more", status=USAGE, says=["shelf: ", "more"])
        self.refused("get", "users.shelf", "1", "more", status=USAGE, says="more")

    def test_help_goes_to_standard_output_and_shows_examples(self):
        for words in (["--help"], ["list", "--help"], ["import", "--help"]):
            self.assertIn("Examples:", self.shelf(*words).out)

    def test_the_version_is_that_of_the_headers(self):
        header = Path(__file__).parents[2] / "include" / "shelf" / "version.hpp"
        version = re.search(r'version = "(\d+\.\d+\.\d+)"', header.read_text())[1]
        self.assertEqual(self.shelf("--version").out, f"shelf {version}\n")

    def test_info_in_a_pipe_is_one_line_of_json(self):
        told = self.shelf("info", self.users()).json
        self.assertEqual(len(told), 1)
        self.assertEqual(told[0]["kind"], "ordered_set")
        self.assertEqual(told[0]["key"], "integer")
        self.assertEqual(told[0]["entries"], 3)
        self.assertEqual(told[0]["state"], "closed")
        self.assertEqual(told[0]["file_bytes"], (self.path / "users.shelf").stat().st_size)

    def test_the_file_alone_shows_info_and_the_first_rows(self):
        self.make("many.shelf", "ordered_set", "integer", "integer",
                  [(i, i * i) for i in range(50)])
        told = self.shelf("many.shelf").json
        self.assertEqual(told[0]["entries"], 50)
        self.assertEqual(told[1:], [{"key": i, "value": i * i} for i in range(10)])

    def test_get_prints_text_as_it_is_and_records_as_json(self):
        self.make("texts.shelf", "set", "binary", "binary", [("a", "one\ntwo"), ("b", "")])
        self.assertEqual(self.shelf("get", "texts.shelf", "a").raw, b"one\ntwo\n")
        self.assertEqual(self.shelf("get", "texts.shelf", "a", "--raw").raw, b"one\ntwo")
        self.assertEqual(self.shelf("get", "texts.shelf", "b", "--raw").raw, b"")
        self.assertEqual(self.shelf("get", "texts.shelf", "a", "--json").raw, b'"one\\ntwo"\n')
        self.assertEqual(self.shelf("get", self.users(), 2).json,
                         [{"name": "bob", "mail": None, "age": 41}])

    def test_get_takes_code_points_and_times(self):
        self.make("names.shelf", "set", "integer", "binary", [(0x1F600, "GRINNING FACE")])
        self.assertEqual(self.shelf("get", "names.shelf", "U+1F600").out, "GRINNING FACE\n")
        self.assertEqual(self.shelf("get", "names.shelf", "0x1F600").out, "GRINNING FACE\n")
        self.refused("get", "names.shelf", "U+110000", status=USAGE, says="a code point")
        self.make("log.shelf", "set", "integer(nanoseconds since 1970)", "integer",
                  [("2026-11-20T12:00:00.25Z", 7)])
        self.assertEqual(self.shelf("get", "log.shelf", "2026-11-20 12:00:00.25").out, "7\n")
        self.assertEqual(self.shelf("export", "log.shelf", "--format", "csv").out,
                         "key,value\n2026-11-20T12:00:00.25Z,7\n")

    def test_get_of_a_bag_prints_every_value_in_the_order_of_insertion(self):
        self.make("visits.shelf", "duplicate_bag", "binary", "integer",
                  [("a", 3), ("b", 1), ("a", 1), ("a", 3)])
        self.assertEqual(self.shelf("get", "visits.shelf", "a").out, "3\n1\n3\n")

    def test_without_a_schema_arguments_are_json(self):
        self.shelf("create", "any.shelf")
        self.shelf("put", "any.shelf", '"a"', '{"x": [1, 2.5, null, true]}')
        self.assertEqual(self.shelf("get", "any.shelf", '"a"').json, [{"x": [1, 2.5, None, True]}])
        self.refused("get", "any.shelf", "a", status=USAGE, says="JSON")

    def test_term_reads_and_prints_erlang_text(self):
        self.shelf("create", "any.shelf")
        self.shelf("put", "any.shelf", "--term", "{a, 1}", "#{b => [1, <<\"x\">>], c => 1.5}")
        self.assertEqual(self.shelf("get", "any.shelf", "--term", "{a,1}").out,
                         "#{b => [1,<<\"x\">>],c => 1.5}\n")
        self.assertEqual(self.shelf("list", "any.shelf", "--term").out,
                         "{{a,1},#{b => [1,<<\"x\">>],c => 1.5}}.\n")
        self.assertEqual(self.shelf("list", "any.shelf").json,
                         [{"key": {"$term": "{a,1}"},
                           "value": {"$term": "#{b => [1,<<\"x\">>],c => 1.5}"}}])

    def test_list_filters_on_fields_ranges_and_limits(self):
        self.users()

        def keys(*words):
            return [row["key"] for row in self.shelf("list", "users.shelf", *words).json]
        self.assertEqual(keys(), [1, 2, 3])
        self.assertEqual(keys("--where", "age>=30"), [1, 2])
        self.assertEqual(keys("--where", "age>=30", "--where", "name=bob"), [2])
        self.assertEqual(keys("-w", "name~ar"), [3])
        self.assertEqual(keys("--where", "mail="), [2])
        self.assertEqual(keys("--where", "key!=2"), [1, 3])
        self.assertEqual(keys("--from", "2"), [2, 3])
        self.assertEqual(keys("--from", "2", "--to", "3"), [2])
        self.assertEqual(keys("--limit", "1"), [1])
        self.assertEqual(keys("--limit", "0"), [])
        self.assertEqual(keys("--skip", "1", "-n", "1"), [2])
        self.assertEqual(keys("--reverse"), [3, 2, 1])
        self.assertEqual(keys("--reverse", "--to", "3", "--limit", "1"), [2])
        self.assertEqual(self.shelf("count", "users.shelf", "--where", "age<30").out, "1\n")
        self.assertEqual(self.shelf("count", "users.shelf").out, "3\n")

    def test_prefixes_and_ranges_work_on_every_kind(self):
        words = ["abc", "abd", "ab", "b", "a", "\u00ff", "\u00ff\u00ff"]
        for kind in ("ordered_set", "set", "bag", "duplicate_bag"):
            name = self.make(f"{kind}.shelf", kind, "binary", "nil", [(w, None) for w in words])

            def keys(*how):
                return sorted(r["key"] for r in self.shelf("list", name, *how).json)
            self.assertEqual(keys("--prefix", "ab"), ["ab", "abc", "abd"])
            self.assertEqual(keys("--prefix", ""), sorted(words))
            self.assertEqual(keys("--prefix", "\u00ff"), ["\u00ff", "\u00ff\u00ff"])
            self.assertEqual(keys("--prefix", "zz"), [])
            self.assertEqual(keys("--from", "abd", "--to", "c"), ["abd", "b"])
            self.assertEqual(keys("--from", "c", "--to", "b"), [])
        self.refused("list", "set.shelf", "--reverse", status=USAGE, says="ordered_set")

    def test_a_walk_back_is_the_walk_forth_reversed(self):
        self.make("many.shelf", "ordered_set", "integer", "integer", [(i, i) for i in range(1000)])
        back = [row["key"] for row in self.shelf("list", "many.shelf", "--reverse").json]
        self.assertEqual(back, list(range(999, -1, -1)))

    def test_diff_tells_what_was_added_removed_and_changed_and_ends_with_1(self):
        self.users("a.shelf")
        self.users("b.shelf")
        self.assertEqual(self.shelf("diff", "a.shelf", "b.shelf").out, "")
        self.shelf("delete", "b.shelf", 1)
        self.shelf("put", "b.shelf", 2, '{"name": "bob", "mail": "b@example.org", "age": 41}')
        self.shelf("put", "b.shelf", 4, '{"name": "dave", "mail": null, "age": 5}')
        told = self.shelf("diff", "a.shelf", "b.shelf", status=REFUSED).json
        self.assertEqual([(d["difference"], d["key"]) for d in told],
                         [("removed", 1), ("changed", 2), ("added", 4)])
        self.assertIsNone(told[1]["before"]["mail"])
        self.assertEqual(told[1]["after"]["mail"], "b@example.org")

    def test_tables_of_other_types_differ(self):
        self.make("a.shelf", "set", "integer", "integer")
        self.make("b.shelf", "set", "integer", "binary")
        self.refused("diff", "a.shelf", "b.shelf", says="integer to binary")

    def test_watch_tells_what_it_sees_each_round(self):
        told = self.shelf("watch", self.users(), "--interval", "0.01", "--rounds", "3").json
        self.assertEqual([t["state"] for t in told], ["closed"] * 3)
        self.refused("watch", "users.shelf", "--interval", "0", status=USAGE)

    def test_errors_are_json_too_where_json_is_asked_for(self):
        ran = self.shelf("get", self.users(), 99, "--json", status=NOT_FOUND)
        self.assertEqual(json.loads(ran.errors)["error"], "not_found")

    def test_a_full_disk_for_the_output_is_an_error(self):
        self.make("many.shelf", "set", "integer", "integer", [(i, i) for i in range(5000)])
        ran = self.try_shelf("list", "many.shelf")
        self.assertEqual(ran.status, OK)
        status = os.system(f"cd {self.path} && \"$SHELF\" list many.shelf > /dev/full 2> said")
        self.assertEqual(os.waitstatus_to_exitcode(status), REFUSED)
        self.assertIn(b"No space left", self.read("said"))


class Beside(ToolTest):
    """Another process has the table open: it holds the lock that a writer holds."""

    def setUp(self):
        super().setUp()
        self.users()
        # pylint: disable-next=consider-using-with
        self.holder = open(self.path / "users.shelf", "r+b")
        self.addCleanup(self.holder.close)
        fcntl.flock(self.holder, fcntl.LOCK_EX)

    def test_commands_that_read_work(self):
        for words in (["info", "users.shelf"], ["list", "users.shelf"], ["get", "users.shelf", "1"],
                      ["count", "users.shelf"], ["check", "users.shelf"],
                      ["export", "users.shelf"], ["copy", "users.shelf", "copy.shelf"],
                      ["diff", "users.shelf", "users.shelf"],
                      ["watch", "users.shelf", "--rounds", "1"]):
            self.shelf(*words)

    def test_info_says_that_it_is_open_and_by_whom(self):
        told = self.shelf("info", "users.shelf").json[0]
        self.assertEqual(told["state"], "open")
        self.assertEqual(told["held_by"], os.getpid())

    def test_commands_that_write_say_who_holds_it_and_change_nothing(self):
        before = self.read("users.shelf")
        user = '{"name": "dave", "mail": null, "age": 5}'
        for words in (["put", "users.shelf", "4", user], ["delete", "users.shelf", "1"],
                      ["take", "users.shelf", "1"],
                      ["import", "users.shelf", "-"], ["compact", "users.shelf"],
                      ["migrate", "users.shelf", "--rename", "mail=email"],
                      ["remove", "users.shelf", "--yes"]):
            self.refused(*words, says=["users.shelf", str(os.getpid())])
        self.assertEqual(self.read("users.shelf"), before)

    def test_what_is_read_while_others_write_is_one_moment(self):
        self.holder.close()
        size = 3000

        def rows(generation):
            return "".join(f"[{i},{generation}]\n" for i in range(size)).encode()
        self.shelf("import", "g.shelf", "-", "--kind", "set", given=rows(0))
        seen = set()

        def write():
            for generation in range(1, 9):
                self.shelf("import", "g.shelf", "-", given=rows(generation))
        writer = threading.Thread(target=write)
        writer.start()
        number = 0
        while writer.is_alive() or number == 0:
            number += 1
            self.shelf("copy", "g.shelf", f"copy{number}.shelf")
            for words in (["export", "g.shelf"], ["export", f"copy{number}.shelf"]):
                moment = {row["value"] for row in self.shelf(*words).json}
                self.assertEqual(len(moment), 1)
                seen |= moment
        writer.join()
        self.assertGreater(len(seen), 1)


if __name__ == "__main__":
    main()
