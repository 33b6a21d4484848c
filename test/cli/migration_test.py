#!/usr/bin/env python3
"""migrate: fields renamed, added and dropped in one step, or nothing at all."""
from tool import NOT_FOUND, OK, REFUSED, USAGE, ToolTest, main


class Migration(ToolTest):
    def value_type(self):
        return self.shelf("info", "users.shelf").json[0]["value"]

    def test_fields_are_renamed_added_and_dropped(self):
        self.users()
        told = self.shelf("migrate", "users.shelf", "--rename", "mail=email", "--drop", "age",
                          "--default", "visits: int = 0", "--default",
                          "tags: list(string) = [\"x\"]", "--record", "customer").json
        self.assertEqual(told, [{"entries": 3, "dry_run": False, "already_done": False}])
        self.assertEqual(self.value_type(), "customer{name: binary, email: optional(binary), "
                                            "visits: integer, tags: list(binary)}")
        self.assertEqual(self.shelf("get", "users.shelf", 1).json,
                         [{"name": "alice", "email": "alice@example.org", "visits": 0,
                           "tags": ["x"]}])
        self.assertEqual(self.shelf("get", "users.shelf", 2, "--term").out,
                         "{customer,<<\"bob\">>,none,0,[<<\"x\">>]}\n")
        self.shelf("check", "users.shelf")

    def test_a_dry_run_changes_nothing(self):
        self.users()
        before = self.read("users.shelf")
        self.shelf("migrate", "users.shelf", "--drop", "age", "--dry-run")
        self.assertEqual(self.read("users.shelf"), before)

    def test_rules_that_make_no_sense_are_refused_and_change_nothing(self):
        self.users()
        self.make("n.shelf", "set", "integer", "integer", [(1, 1)])
        before = self.read("users.shelf")
        for rules in ([], ["--rename", "height=size"], ["--rename", "name"],
                      ["--rename", "name=age"], ["--default", "age: float = 1.0"],
                      ["--default", "size: integer = x"], ["--default", "size: strng = x"],
                      ["--default", "size"]):
            self.refused("migrate", "users.shelf", *rules, status=USAGE)
        self.refused("migrate", "n.shelf", "--drop", "x", status=USAGE, says="not records")
        self.refused("migrate", "no.shelf", "--drop", "x", status=NOT_FOUND)
        self.assertEqual(self.read("users.shelf"), before)

    def test_what_is_done_already_is_success_and_changes_nothing(self):
        self.users()
        rules = ("--rename", "mail=email", "--drop", "age", "--default", "visits: integer = 0",
                 "--record", "customer")
        self.shelf("migrate", "users.shelf", *rules)
        before = self.read("users.shelf")
        told = self.shelf("migrate", "users.shelf", *rules).json
        self.assertEqual(told, [{"entries": 0, "dry_run": False, "already_done": True}])
        for rule in (("--drop", "age"), ("--rename", "mail=email"), ("--record", "customer"),
                     ("--default", "visits: integer = 7")):
            self.assertTrue(self.shelf("migrate", "users.shelf", *rule).json[0]["already_done"])
        self.assertIn("already done", self.on_terminal("migrate", "users.shelf", *rules).out)
        self.assertEqual(self.read("users.shelf"), before)

    def test_rules_that_are_met_are_told_and_the_others_are_followed(self):
        self.users()
        ran = self.try_shelf("migrate", "users.shelf", "--drop", "height", "--drop", "age")
        self.assertEqual((ran.status, ran.errors),
                         (OK, "shelf: --drop height: already done\n"))
        self.assertEqual(self.value_type(), "user{name: binary, mail: optional(binary)}")

    def test_a_new_optional_field_may_begin_with_nothing(self):
        self.users()
        for number, nothing in enumerate(("none", "null")):
            self.shelf("migrate", "users.shelf", "--default",
                       f"text{number}: optional(string) = {nothing}", "--default",
                       f"number{number}: optional(integer) = {nothing}")
        self.shelf("migrate", "users.shelf", "--default", "word: optional(string) = nothing")
        self.assertEqual(self.shelf("get", "users.shelf", 1, "--term").out,
                         "{user,<<\"alice\">>,{some,<<\"alice@example.org\">>},30,none,none,none,"
                         "none,{some,<<\"nothing\">>}}\n")

    def test_the_last_field_can_go_and_come_back(self):
        self.make("users.shelf", "bag", "integer", "one{x: integer}", [(1, {"x": 1})])
        self.shelf("migrate", "users.shelf", "--drop", "x")
        self.assertEqual(self.shelf("list", "users.shelf").json, [{"key": 1, "value": "one"}])
        self.shelf("migrate", "users.shelf", "--default", "y: float = 0.5")
        self.assertEqual(self.shelf("list", "users.shelf").json, [{"key": 1, "value": {"y": 0.5}}])

    def test_entries_that_are_not_of_the_old_type_are_refused(self):
        self.users()
        # What the file names and what it holds differ: only another program can do that.
        content = self.read("users.shelf")
        self.assertIn(b"alice", content)
        self.write("users.shelf", content.replace(b"alice", b"al\x00ce", 1))
        self.refused("migrate", "users.shelf", "--drop", "age", status=REFUSED)


if __name__ == "__main__":
    main()
