#!/usr/bin/env python3
"""create, put, delete, copy, compact, remove: what they change, and what they leave alone."""
from tool import NOT_FOUND, USAGE, ToolTest, main


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

    def test_negative_keys_stand_behind_two_dashes(self):
        self.shelf("create", "a.shelf", "--key", "integer", "--value", "float")
        self.shelf("put", "a.shelf", "--", "-5", "-2.5")
        self.assertEqual(self.shelf("get", "a.shelf", "--", "-5").out, "-2.5\n")

    def test_keys_beyond_64_bits_keep_their_digits(self):
        large = "123456789012345678901234567890"
        self.shelf("create", "a.shelf", "--key", "integer", "--value", "any")
        self.shelf("put", "a.shelf", large, f"[{large}, -{large}]")
        self.assertEqual(self.shelf("list", "a.shelf").out,
                         f'{{"key":{large},"value":[{large},-{large}]}}\n')

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
        self.shelf("remove", "users.shelf")
        self.assertFalse((self.path / "users.shelf").exists())
        self.refused("remove", "users.shelf", status=NOT_FOUND)
        self.write("words", "precious\n")
        self.refused("remove", "words", says="not a shelf table")
        self.assertEqual(self.read("words"), b"precious\n")

    def test_a_directory_that_is_not_there_is_an_error(self):
        self.refused("create", "no/a.shelf", says="no")


if __name__ == "__main__":
    main()
