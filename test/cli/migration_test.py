#!/usr/bin/env python3
"""migrate: fields renamed, added and dropped in one step, or nothing at all."""
from tool import NOT_FOUND, REFUSED, USAGE, ToolTest, main


class Migration(ToolTest):
    def value_type(self):
        return self.shelf("info", "users.shelf").json[0]["value"]

    def test_fields_are_renamed_added_and_dropped(self):
        self.users()
        told = self.shelf("migrate", "users.shelf", "--rename", "mail=email", "--drop", "age",
                          "--default", "visits: int = 0", "--default",
                          "tags: list(string) = [\"x\"]", "--record", "customer").json
        self.assertEqual(told, [{"entries": 3, "dry_run": False}])
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
        for rules in ([], ["--rename", "height=size"], ["--rename", "name"], ["--drop", "height"],
                      ["--rename", "name=age"], ["--default", "age: integer = 1"],
                      ["--default", "size: integer = x"], ["--default", "size: strng = x"],
                      ["--default", "size"]):
            self.refused("migrate", "users.shelf", *rules, status=USAGE)
        self.refused("migrate", "n.shelf", "--drop", "x", status=USAGE, says="no records")
        self.refused("migrate", "no.shelf", "--drop", "x", status=NOT_FOUND)
        self.assertEqual(self.read("users.shelf"), before)

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
