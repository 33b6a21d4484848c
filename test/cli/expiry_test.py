#!/usr/bin/env python3
"""Deadlines in the tool: put --expires, touch, list --expired, and what keeps or loses them."""
from datetime import datetime, timedelta, timezone

from tool import NOT_FOUND, REFUSED, USAGE, ToolTest, main

PAST = "2020-01-01T00:00:00.000Z"
SOON = "2199-01-01T00:00:00.000Z"
LATE = "9999-12-31T23:59:59.999Z"


class Expiry(ToolTest):
    def sessions(self, name="s.shelf", kind="set"):
        """One that has expired, two that will, one that stays."""
        self.make(name, kind, "string", "string", [("stays", "v")])
        for key, when in [("soon", SOON), ("late", LATE), ("past", PAST)]:
            self.shelf("put", name, key, "v", "--expires", when)
        return name

    def deadlines(self, name, *how):
        return {row["key"]: row.get("expires") for row in self.shelf("list", name, *how).json}

    LEFT = {"stays": None, "soon": SOON, "late": LATE}

    def test_an_entry_whose_deadline_has_passed_is_absent(self):
        for kind in ("set", "ordered_set"):
            name = self.sessions(f"{kind}.shelf", kind)
            self.assertEqual(self.deadlines(name), self.LEFT)
            self.shelf("get", name, "past", status=NOT_FOUND)
            self.shelf("get", name, "past", "--expires", status=NOT_FOUND)
            self.shelf("touch", name, "past", "--in", "5m", status=NOT_FOUND)
            self.assertEqual(self.shelf("count", name).out, "3\n")

    def test_what_has_expired_is_listed_until_it_is_swept(self):
        for kind in ("set", "ordered_set"):
            name = self.sessions(f"{kind}.shelf", kind)
            self.assertEqual(self.deadlines(name, "--expired"), {"past": PAST})
            self.assertEqual(self.deadlines(name, "--expired", "--where", "key=soon"), {})
            info = self.shelf("info", name).json[0]
            self.assertEqual((info["expiring"], info["expired"]), (3, 1))
        self.assertEqual(self.deadlines("ordered_set.shelf", "--expired", "--reverse"),
                         {"past": PAST})

    def test_a_file_without_deadlines_says_nothing_about_them(self):
        self.make("plain.shelf", "set", "string", "string", [("a", "b")])
        self.assertNotIn("expir", self.shelf("info", "plain.shelf").out)
        self.assertEqual(self.shelf("list", "plain.shelf").out, '{"key":"a","value":"b"}\n')
        self.assertEqual(self.deadlines("plain.shelf", "--expired"), {})

    def test_put_gives_moves_keeps_and_removes_a_deadline(self):
        name = self.make("s.shelf", "set", "string", "string")
        before = datetime.now(timezone.utc)
        self.shelf("put", name, "k", "1", "--expires", "1h30m")
        until = datetime.fromisoformat(self.deadlines(name)["k"].replace("Z", "+00:00"))
        self.assertLess(abs(until - before - timedelta(minutes=90)), timedelta(minutes=1))
        self.shelf("put", name, "k", "2", "--expires", SOON)
        self.shelf("put", name, "k", "3", "--expires", "keep")
        self.assertEqual(self.deadlines(name), {"k": SOON})
        self.shelf("put", name, "k", "4", "--expires", "never")
        self.assertEqual(self.deadlines(name), {"k": None})
        self.shelf("touch", name, "k", "--at", SOON)
        self.shelf("put", name, "k", "5")
        self.assertEqual(self.deadlines(name), {"k": None})

    def test_touch_moves_a_deadline_and_get_prints_it(self):
        name = self.sessions()
        self.assertEqual(self.shelf("touch", name, "stays", "--at", "2199-01-01T00:00:00Z").json,
                         [{"expires": SOON}])
        self.assertEqual(self.shelf("touch", name, "soon", "--never").json, [{"expires": None}])
        self.assertEqual(self.shelf("get", name, "stays", "--expires").out, f"v\nexpires {SOON}\n")
        self.assertEqual(self.shelf("get", name, "soon", "--expires").out, "v\nexpires never\n")
        self.assertEqual(self.shelf("get", name, "stays", "--expires", "--json").json,
                         [{"value": "v", "expires": SOON}])
        self.assertEqual(self.shelf("get", name, "soon", "--expires", "--json").json,
                         [{"value": "v", "expires": None}])
        self.assertEqual(self.shelf("touch", name, "late", "--at", PAST).json, [{"expires": PAST}])
        self.shelf("get", name, "late", status=NOT_FOUND)

    def test_what_is_no_deadline_is_refused_with_its_cause(self):
        name = self.sessions()
        before = self.read(name)
        for text, cause in [
                ("-5m", "not a positive duration"), ("0s", "not a positive duration"),
                ("", "expected a duration"), ("5", "expected a duration"),
                ("5 m", "expected a duration"), ("m", "expected a duration"),
                ("5y", "expected a duration"), ("1.5h", "expected a duration"),
                ("9000000d", "too long"), ("99999999999999999999s", "too long"),
                ("5000000d5000000d", "too long"), ("18446744073709551615d", "too long")]:
            self.refused("touch", name, "soon", "--in", text, status=USAGE, says=("--in", cause))
            self.refused("put", name, "soon", "w", "--expires", text, status=USAGE,
                         says="--expires")
        for text, cause in [("1969-12-31T23:59:59.999Z", "before 1970"), ("tomorrow", "a time"),
                            ("10000-01-01", "a time"), ("2027-02-30", "a time"),
                            ("9999-12-31T23:59:59.9999999Z", "after 9999")]:
            self.refused("touch", name, "soon", "--at", text, status=USAGE, says=("--at", cause))
            self.refused("put", name, "soon", "w", "--expires", text, status=USAGE,
                         says="--expires")
        self.refused("touch", name, "soon", status=USAGE, says="--in, --at or --never")
        self.refused("touch", name, "soon", "--in", "5m", "--never", status=USAGE)
        self.refused("touch", name, "none", "--in", "5m", status=NOT_FOUND, says="no key none")
        self.assertEqual(self.deadlines(name), self.LEFT)
        self.assertEqual(len(self.read(name)), len(before))

    def test_bags_keep_no_deadlines(self):
        bag = self.make("bag.shelf", "bag", "string", "string", [("k", "v")])
        for words in (["put", bag, "k", "w", "--expires", "5m"], ["touch", bag, "k", "--in", "5m"],
                      ["get", bag, "k", "--expires"]):
            self.refused(*words, status=USAGE, says=(bag, "a bag keeps no deadlines"))
        row = f'{{"key":"k","value":"w","expires":"{SOON}"}}\n'
        self.refused("import", bag, "-", given=row, says=("1:1", "a bag keeps no deadlines"))
        self.assertEqual(self.deadlines(bag, "--expired"), {})

    def test_json_lines_carry_deadlines_out_and_in(self):
        name = self.sessions()
        self.shelf("export", name, "rows.jsonl")
        for how in ([], ["--append"]):
            self.shelf("import", f"new{len(how)}.shelf", "rows.jsonl", "--key", "string",
                       "--value", "string", *how)
            self.assertEqual(self.deadlines(f"new{len(how)}.shelf"), self.LEFT)
        there = self.make("there.shelf", "ordered_set", "string", "string",
                          [("stays", "v"), ("soon", "v")])
        ran = self.shelf("import", there, "rows.jsonl")
        self.assertEqual(ran.json[0]["unchanged"], 1)  # stays; soon has a deadline now
        self.assertEqual(self.deadlines(there), self.LEFT)
        before = self.read(there)
        self.assertEqual(self.shelf("import", there, "rows.jsonl").json[0]["unchanged"], 3)
        self.assertEqual(self.read(there), before)
        self.shelf("export", name, "plain.jsonl", "--expiry", "drop")
        self.assertNotIn(b"expires", self.read("plain.jsonl"))
        self.shelf("import", there, "plain.jsonl")
        self.assertEqual(self.deadlines(there), dict.fromkeys(self.LEFT))

    def test_a_row_with_a_bad_deadline_is_a_bad_row(self):
        name = self.sessions()
        for text in ("5", '"5m"', '"never"', '"1969-01-01T00:00:00Z"', '"99999-01-01"', "[]"):
            row = f'{{"key":"k","value":"w","expires":{text}}}\n'
            self.refused("import", name, "-", given=row, says=(":1:34", "expires: "))
        self.shelf("import", name, "-", given='{"key":"k","value":"w","expires":null}\n')
        self.assertEqual(self.deadlines(name), {**self.LEFT, "k": None})

    def test_formats_without_room_for_deadlines_are_refused_unless_told_to_drop_them(self):
        name = self.sessions()
        for form in ("csv", "tsv", "erlang", "etf-hex"):
            self.refused("export", name, f"out.{form}", "--format", form, status=USAGE,
                         says=(name, "deadline", "jsonl", "--expiry drop"))
            self.assertFalse((self.path / f"out.{form}").exists())
            self.shelf("export", name, f"out.{form}", "--format", form, "--expiry", "drop")
            self.shelf("import", f"{form}.shelf", f"out.{form}", "--format", form,
                       "--key", "string", "--value", "string")
            self.assertEqual(self.deadlines(f"{form}.shelf"), dict.fromkeys(self.LEFT))

    def test_sorted_limited_and_paged_rows_have_their_deadlines(self):
        name = self.sessions("o.shelf", "ordered_set")
        for how in (["--sort", "key"], ["--sort", "value"], ["--reverse"], ["--limit", 9]):
            self.assertEqual(self.deadlines(name, *how), self.LEFT)
        self.assertEqual(self.shelf("list", name, "--limit", 1, "--page", "").json[0]["expires"],
                         LATE)
        self.assertIn("expires", self.on_terminal("list", name).out)

    def test_files_made_of_a_file_keep_its_deadlines(self):
        name = self.sessions()
        self.shelf("copy", name, "copy.shelf")
        self.shelf("salvage", name, "salvaged.shelf")
        self.shelf("compact", name)
        for file in (name, "copy.shelf", "salvaged.shelf"):
            self.shelf("check", file)
            self.assertEqual(self.deadlines(file), self.LEFT, file)
        # As it was written: a compaction may have swept it.
        self.assertEqual(self.deadlines("copy.shelf", "--expired"), {"past": PAST})

    def test_a_migration_keeps_deadlines(self):
        name = self.make("u.shelf", "set", "string", "u{n: integer}", [("stays", {"n": 1})])
        self.shelf("put", name, "soon", '{"n": 2}', "--expires", SOON)
        self.shelf("migrate", name, "--default", "m: integer = 7")
        self.assertEqual(self.shelf("list", name, "--sort", "key").json, [
            {"key": "soon", "value": {"n": 2, "m": 7}, "expires": SOON},
            {"key": "stays", "value": {"n": 1, "m": 7}}])

    def test_a_conversion_to_dets_asks_what_becomes_of_deadlines(self):
        name = self.sessions()
        self.refused("convert", name, "s.dets", status=USAGE,
                     says=(name, "--expiry drop", "--expiry field"))
        self.assertFalse((self.path / "s.dets").exists())
        self.shelf("convert", name, "drop.dets", "--expiry", "drop")
        self.assertEqual(sorted(self.shelf("list", "drop.dets", "--term").out.split("\n")[:-1]),
                         ['{<<"late">>,<<"v">>}.', '{<<"soon">>,<<"v">>}.',
                          '{<<"stays">>,<<"v">>}.'])
        self.shelf("convert", name, "field.dets", "--expiry", "field")
        self.assertEqual(sorted(self.shelf("list", "field.dets", "--term").out.split("\n")[:-1]),
                         ['{<<"late">>,{<<"v">>,253402300799999}}.',
                          '{<<"soon">>,{<<"v">>,7226582400000}}.',
                          '{<<"stays">>,{<<"v">>,infinity}}.'])
        self.refused("convert", name, "o.dets", "--expiry", "field", "--as", "objects",
                     status=USAGE, says="--as pairs")
        self.refused("convert", "drop.dets", "back.shelf", "--expiry", "drop", status=USAGE,
                     says="--expiry")

    def test_dets_files_refuse_deadlines(self):
        name = self.make("plain.shelf", "set", "string", "string", [("a", "b")])
        self.shelf("convert", name, "d.dets")
        self.refused("put", "d.dets", "--term", '<<"a">>', '{<<"a">>,1}', "--expires", "5m",
                     status=USAGE, says="keeps no deadlines")
        self.refused("list", "d.dets", "--expired", status=USAGE, says="only shelf tables")
        self.refused("touch", "d.dets", "a", "--in", "5m", status=REFUSED, says="DETS")


if __name__ == "__main__":
    main()
