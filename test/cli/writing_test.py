#!/usr/bin/env python3
"""create, put, delete, copy, compact, remove: what they change, and what they leave alone."""
import json
import subprocess

from tool import NOT_FOUND, REFUSED, SHELF, USAGE, ToolTest, main


class Writing(ToolTest):
    def test_create_makes_a_table_of_the_types_that_were_asked_for(self):
        self.shelf("create", "u.shelf", "--kind", "bag", "--key", "{integer,string}",
                   "--value", "user{name:string,tags:list(atom(a,b))}")
        told = self.shelf("info", "u.shelf").json[0]
        self.assertEqual(told["kind"], "bag")
        self.assertEqual(told["key"], "{integer, binary}")
        self.assertEqual(told["value"], "user{name: binary, tags: list(atom(a, b))}")

    def test_create_never_replaces_a_file(self):
        self.users()
        before = self.read("users.shelf")
        self.refused("create", "users.shelf", says="exists")
        self.assertEqual(self.read("users.shelf"), before)

    def test_put_says_whether_it_added_replaced_or_changed_nothing(self):
        self.shelf("create", "a.shelf", "--key", "binary", "--value", "integer")
        told = [self.shelf("put", "a.shelf", "x", value).json[0]["result"]
                for value in ("1", "2", "2")]
        self.assertEqual(told, ["added", "replaced", "unchanged"])

    def test_put_new_refuses_a_key_that_is_there(self):
        self.shelf("create", "a.shelf", "--key", "binary", "--value", "integer")
        self.shelf("put", "a.shelf", "x", "1", "--new")
        self.refused("put", "a.shelf", "x", "2", "--new", says="already")
        self.assertEqual(self.shelf("get", "a.shelf", "x").out, "1\n")

    def test_put_takes_its_value_from_standard_input_byte_for_byte(self):
        self.shelf("create", "a.shelf", "--key", "binary", "--value", "binary")
        every_byte = bytes(range(256)) * 3
        self.shelf("put", "a.shelf", "x", "--raw", given=every_byte)
        self.assertEqual(self.shelf("get", "a.shelf", "x", "--raw").raw, every_byte)
        self.shelf("put", "a.shelf", "y", given="one\n")
        self.assertEqual(self.shelf("get", "a.shelf", "y", "--raw").raw, b"one\n")

    def test_a_value_of_the_wrong_type_is_refused_with_its_place(self):
        self.users()
        for value, says in (('{"name": "x"}', "age"), ('{"name": 3, "age": 3}', "a string"),
                            ('{"name": "x", "age": 3, "size": 1}', "size"), ("[1]", "fields"),
                            ("x", "JSON"), ('{"name": "x", "age": 1.5}', "an integer")):
            self.refused("put", "users.shelf", "9", value, status=USAGE, says=["VALUE", says])
        self.refused("put", "users.shelf", "9", "--term", "{user,<<\"x\">>,none}", status=USAGE,
                     says="3 fields")
        self.assertEqual(self.shelf("count", "users.shelf").out, "3\n")

    def test_delete_takes_out_a_key_or_one_value_of_it(self):
        self.make("v.shelf", "duplicate_bag", "binary", "integer",
                  [("a", 1), ("a", 2), ("a", 1), ("b", 1)])
        self.assertEqual(self.shelf("delete", "v.shelf", "a", "1").json, [{"deleted": 2}])
        self.assertEqual(self.shelf("get", "v.shelf", "a").out, "2\n")
        self.assertEqual(self.shelf("delete", "v.shelf", "b").json, [{"deleted": 1}])
        self.refused("delete", "v.shelf", "b", status=NOT_FOUND, says="b")
        self.refused("delete", "v.shelf", "a", "9", status=NOT_FOUND)
        self.assertEqual(self.shelf("count", "v.shelf").out, "1\n")

    def test_take_prints_what_get_would_and_deletes_the_key(self):
        self.users()
        before = self.shelf("get", "users.shelf", "2").out
        self.assertEqual(self.shelf("take", "users.shelf", "2").out, before)
        self.refused("get", "users.shelf", "2", status=NOT_FOUND)
        self.assertEqual(self.shelf("take", "users.shelf", "3", "--term").out,
                         '{user,<<"carol">>,{some,<<>>},19}\n')
        self.assertEqual(self.shelf("count", "users.shelf").out, "1\n")
        self.shelf("check", "users.shelf")

    def test_take_of_a_missing_key_changes_no_byte(self):
        self.users()
        before = self.read("users.shelf")
        ran = self.refused("take", "users.shelf", "9", status=NOT_FOUND, says="no key 9")
        self.assertEqual(ran.out, "")
        self.refused("take", "users.shelf", "x", status=USAGE, says="KEY")
        self.assertEqual(self.read("users.shelf"), before)

    def test_take_prints_all_values_of_a_bag_in_their_order(self):
        self.make("v.shelf", "duplicate_bag", "binary", "integer",
                  [("a", 2), ("b", 7), ("a", 1), ("a", 2)])
        self.assertEqual(self.shelf("take", "v.shelf", "a").out, "2\n1\n2\n")
        self.assertEqual(self.shelf("list", "v.shelf").json, [{"key": "b", "value": 7}])

    def test_take_says_that_a_value_it_erased_could_not_be_printed(self):
        self.users()
        with open("/dev/full", "wb") as full:
            done = subprocess.run([SHELF, "take", "users.shelf", "1"], cwd=self.path, stdout=full,
                                  stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, REFUSED)
        self.assertIn(b"standard output", done.stderr)
        self.refused("get", "users.shelf", "1", status=NOT_FOUND)

    def test_take_raw_prints_the_bytes_and_nothing_else(self):
        self.shelf("create", "a.shelf", "--key", "binary", "--value", "binary")
        every_byte = bytes(range(256))
        self.shelf("put", "a.shelf", "x", "--raw", given=every_byte)
        self.assertEqual(self.shelf("take", "a.shelf", "x", "--raw").raw, every_byte)

    def test_of_tools_that_take_one_key_at_once_one_gets_it(self):
        self.make("q.shelf", "set", "integer", "binary", [(1, "job")])
        racing = [subprocess.Popen([SHELF, "take", "q.shelf", "1"], cwd=self.path,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                  for _ in range(4)]
        got = [one.communicate()[0] for one in racing]
        self.assertEqual(sorted(got), [b"", b"", b"", b"job\n"])

    def test_negative_keys_stand_behind_two_dashes(self):
        self.shelf("create", "a.shelf", "--key", "integer", "--value", "float")
        self.shelf("put", "a.shelf", "--", "-5", "-2.5")
        self.assertEqual(self.shelf("get", "a.shelf", "--", "-5").out, "-2.5\n")

    def test_keys_beyond_64_bits_keep_their_digits(self):
        large = "123456789012345678901234567890"
        self.shelf("create", "a.shelf", "--key", "integer", "--value", "any")
        self.shelf("put", "a.shelf", large, f"[{large}, -{large}]", "--force")
        self.assertEqual(self.shelf("list", "a.shelf").out,
                         f'{{"key":{large},"value":[{large},-{large}]}}\n')

    def test_an_integer_that_no_program_could_read_is_refused_unless_forced(self):
        self.make("a.shelf", "set", "integer", "r{n: integer, of: list(optional(integer))}")
        widest, beyond = 2**64 - 1, 2**64
        value = '{{"n": {}, "of": [1, {}]}}'
        self.shelf("put", "a.shelf", widest, value.format(widest, -2**63))
        self.refused("put", "a.shelf", beyond, value.format(1, 1), status=USAGE,
                     says=["KEY", "64 bits", "--force"])
        self.refused("put", "a.shelf", "1", value.format(beyond, 1), status=USAGE,
                     says=["VALUE: .n: the integer exceeds 64 bits"])
        self.refused("put", "a.shelf", "1", value.format(1, -2**63 - 1), status=USAGE,
                     says=".of[1]: the integer exceeds 64 bits")
        self.refused("put", "a.shelf", "1", "--term", f"{{r,{beyond},[]}}", status=USAGE,
                     says=".n")
        self.assertEqual(self.shelf("count", "a.shelf").out, "1\n")
        self.shelf("put", "a.shelf", beyond, value.format(beyond, -beyond), "--force")
        self.assertEqual(self.shelf("count", "a.shelf").out, "2\n")
        # Times and durations are signed; what no type is named for is any integer.
        for kind in ("integer(nanoseconds since 1970)", "integer(milliseconds)"):
            self.make("t.shelf", "set", "integer", kind)
            self.refused("put", "t.shelf", 1, 2**63, status=USAGE, says="64 bits")
            self.shelf("remove", "t.shelf", "--yes")
        self.make("any.shelf", "set", "any", "one_of(any, integer)")
        self.shelf("put", "any.shelf", beyond, beyond)

    def test_an_integer_may_be_written_with_an_exponent_if_it_is_one(self):
        self.make("a.shelf", "set", "integer", "r{n: integer}")
        for written, number in (("1e3", 1000), ("2.50e2", 250), ("7.0", 7), ("-1E+2", -100),
                                ("1200e-2", 12), ("0e9", 0), ("18446744073709551615.0", 2**64 - 1)):
            self.shelf("put", "a.shelf", "--", written, f'{{"n": {written}}}')
            self.assertEqual(self.shelf("get", "a.shelf", "--", number).json, [{"n": number}])
        for wrong in ("1.5", "1e-1", "1e", "e3", "1e99999", "1.", ".5", "--1", "1e3x"):
            self.refused("put", "a.shelf", "--", wrong, '{"n": 1}', status=USAGE, says="an integer")
        self.refused("put", "a.shelf", "1", '{"n": 1.5}', status=USAGE,
                     says="expected an integer, found a fraction")

    def test_times_are_iso_in_json_and_the_format_is_named_where_one_is_wrong(self):
        time = "integer(nanoseconds since 1970)"
        self.make("a.shelf", "ordered_set", time, f"r{{at: {time}, maybe: optional({time}), "
                                                  f"all: list(one_of(nil, {time}, binary))}}")
        iso = "2026-11-20T12:00:00.5Z"
        value = {"at": iso, "maybe": "1969-12-31T23:59:59.999999999Z", "all": [iso, None, "x"]}
        self.shelf("put", "a.shelf", iso, json.dumps(value))
        self.assertEqual(self.shelf("list", "a.shelf").json, [{"key": iso, "value": value}])
        self.shelf("put", "a.shelf", "1970-01-01", '{"at": 5, "maybe": null, "all": []}')
        self.assertEqual(self.shelf("list", "a.shelf", "--limit", 1).json[0]["value"]["at"],
                         "1970-01-01T00:00:00.000000005Z")
        self.refused("put", "a.shelf", "tomorrow", "x", status=USAGE,
                     says="KEY: expected a time such as 2026-11-20T12:00:00Z, found 'tomorrow'")
        for wrong in ('"tomorrow"', "true", "1.5", "[]"):
            self.refused("put", "a.shelf", iso, f'{{"at": {wrong}, "all": []}}', status=USAGE,
                         says="expected a time such as")

    def test_minus_zero_is_zero_as_a_key(self):
        self.shelf("create", "a.shelf", "--key", "float", "--value", "integer")
        self.shelf("put", "a.shelf", "--", "-0.0", "1")
        self.assertEqual(self.shelf("get", "a.shelf", "0.0").out, "1\n")

    def test_copy_is_the_same_table_and_never_replaces_a_file(self):
        self.users()
        self.shelf("copy", "users.shelf", "copy.shelf")
        self.shelf("diff", "users.shelf", "copy.shelf")
        self.refused("copy", "users.shelf", "copy.shelf", says=["copy.shelf", "exists"])

    def test_compact_keeps_the_entries_and_drops_the_rest(self):
        self.make("a.shelf", "set", "integer", "binary", [(1, "x" * 10000)] * 20 + [(2, "y")])
        self.shelf("copy", "a.shelf", "before.shelf")
        told = self.shelf("compact", "a.shelf").json[0]
        self.assertLess(told["bytes_after"], told["bytes_before"])
        self.assertEqual(told["bytes_after"], (self.path / "a.shelf").stat().st_size)
        self.shelf("diff", "before.shelf", "a.shelf")

    def test_remove_takes_tables_only(self):
        self.users()
        self.shelf("remove", "users.shelf", "--yes")
        self.assertFalse((self.path / "users.shelf").exists())
        self.refused("remove", "users.shelf", "--yes", status=NOT_FOUND)
        self.write("words", "precious\n")
        self.refused("remove", "words", "--yes", says="not a shelf table")
        self.assertEqual(self.read("words"), b"precious\n")

    def test_remove_needs_yes_where_nobody_can_be_asked(self):
        self.users()
        for given in (b"", b"y\n", b"\n"):
            self.refused("remove", "users.shelf", given=given, status=USAGE, says="--yes")
        told = self.on_terminal("-c", '"$SHELF" remove users.shelf < /dev/null',
                                program="/bin/sh").out
        self.assertIn("--yes", told)
        self.assertTrue((self.path / "users.shelf").exists())

    def test_a_directory_that_is_not_there_is_an_error(self):
        self.refused("create", "no/a.shelf", says="no")


if __name__ == "__main__":
    main()
