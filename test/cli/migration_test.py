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


class NestedMigration(ToolTest):
    """Fields of records inside other records, by their paths."""
    ORDER = ("order{address: optional(address{street: binary, city: binary}), "
             "items: list(item{name: binary, price: integer}), "
             "contact: one_of(mail{address: binary}, phone{number: integer}), "
             "places: {integer, point{x: integer}}, notes: map(binary, note{text: binary})}")

    def orders(self, file="shop.shelf"):
        self.shelf("create", file, "--table", "stock", "--key", "binary", "--value", "integer")
        self.shelf("put", file, "bolts", "40", "--table", "stock")
        self.shelf("create", file, "--table", "orders", "--key", "integer", "--value", self.ORDER)
        for key, value in (
                (1, "{order,{some,{address,<<\"Main\">>,<<\"Bonn\">>}},[{item,<<\"bolt\">>,3},"
                    "{item,<<\"nut\">>,4}],{mail,<<\"a@b\">>},{7,{point,1}},"
                    "#{<<\"n\">> => {note,<<\"t\">>}}}"),
                (2, "{order,none,[],{phone,5},{8,{point,2}},#{}}")):
            self.shelf("put", file, key, value, "--table", "orders", "--term")
        return (file, "--table", "orders")

    def migrated(self, *rules):
        told = self.shelf("migrate", "shop.shelf", "--table", "orders", *rules).json
        self.assertEqual([t["entries"] for t in told], [2])

    def entry(self, key):
        return self.shelf("get", "shop.shelf", key, "--table", "orders", "--term").out.strip()

    def value_type(self):
        return self.shelf("info", "shop.shelf", "--table", "orders").json[0]["value"]

    def test_fields_at_any_depth_are_renamed_added_and_dropped_in_one_step(self):
        self.orders()
        self.migrated("--rename", "address.city=town", "--rename", "items[].price=cents",
                      "--rename", "contact[mail].address=email", "--rename", "places[1].x=east",
                      "--drop", "address.street", "--default", "items[].count: integer = 1",
                      "--default", "notes[].by: optional(string) = none",
                      "--default", "contact[phone].country: integer = 49",
                      "--record", "items[]=line", "--record", "purchase")
        self.assertEqual(
            self.value_type(),
            "purchase{address: optional(address{town: binary}), "
            "items: list(line{name: binary, cents: integer, count: integer}), "
            "contact: one_of(mail{email: binary}, phone{number: integer, country: integer}), "
            "places: {integer, point{east: integer}}, "
            "notes: map(binary, note{text: binary, by: optional(binary)})}")
        self.assertEqual(self.entry(1),
                         "{purchase,{some,{address,<<\"Bonn\">>}},[{line,<<\"bolt\">>,3,1},"
                         "{line,<<\"nut\">>,4,1}],{mail,<<\"a@b\">>},{7,{point,1}},"
                         "#{<<\"n\">> => {note,<<\"t\">>,none}}}")
        self.assertEqual(self.entry(2), "{purchase,none,[],{phone,5,49},{8,{point,2}},#{}}")
        self.shelf("check", "shop.shelf")
        self.assertEqual(self.shelf("get", "shop.shelf", "bolts", "--table", "stock").out, "40\n")

    def test_a_dry_run_counts_and_changes_nothing(self):
        table = self.orders()
        before = self.read("shop.shelf")
        told = self.shelf("migrate", *table, "--drop", "items[].price", "--dry-run").json
        self.assertEqual(told, [{"entries": 2, "dry_run": True, "already_done": False}])
        self.assertEqual(self.read("shop.shelf"), before)

    def test_a_path_that_leads_nowhere_is_refused_and_the_nearest_field_is_named(self):
        table = self.orders()
        before = self.read("shop.shelf")
        for rule, says in (
                (("--rename", "items[].prize=cents"), "did you mean items[].price?"),
                (("--rename", "adress.city=town"), "did you mean address?"),
                (("--rename", "city=town"), "no field 'city'; did you mean address.city?"),
                (("--drop", "adress.city"), "did you mean address?"),
                (("--rename", "items[].weight=mass"), "its fields are name, price"),
                (("--drop", "items.price"), "the path to its elements ends in []"),
                (("--drop", "contact.address"), "add which: [mail], [phone]"),
                (("--drop", "contact[mial].address"), "did you mean [mail]?"),
                (("--drop", "address[].city"), "has no elements"),
                (("--drop", "address[x].city"), "is not a variant"),
                (("--drop", "places.x"), "ends in [0]"),
                (("--drop", "places[2].x"), "has the elements [0] to [1], not [2]"),
                (("--drop", "address.city.name"), "'address.city' is binary, which has no fields"),
                (("--drop", "items[]"), "does not name a field"),
                (("--drop", "items[.price"), "is not a path"),
                (("--drop", "items[]price"), "expected '.' or '['"),
                (("--drop", "address..city"), "a name is missing"),
                (("--drop", "'address"), "a quote is not closed"),
                (("--rename", "address.city=address.town"), "NEW is the new name alone"),
                (("--rename", "address.city=street"), "address has a field 'street' already"),
                (("--default", "address.city: integer = 0"), "already, of type binary"),
                (("--default", "extra: x{a: integer} = [1]", "--default", "extra.b: integer = 0"),
                 "--default extra"),
                (("--record", "address.city=x"), "which has no fields")):
            self.refused("migrate", *table, *rule, "--dry-run", status=USAGE, says=says)
        self.assertEqual(self.read("shop.shelf"), before)

    def test_a_script_that_renames_a_record_and_its_fields_may_run_twice(self):
        table = self.orders()
        rules = ("--drop", "address.street", "--rename", "address.city=town",
                 "--rename", "address=home", "--default", "home.zip: string = x")
        self.migrated(*rules)
        before = self.read("shop.shelf")
        self.assertTrue(self.shelf("migrate", *table, *rules).json[0]["already_done"])
        self.assertEqual(self.read("shop.shelf"), before)

    def test_a_record_that_holds_itself_changes_at_every_depth(self):
        self.shelf("create", "t.shelf", "--key", "integer", "--value",
                   "tree{v: integer, w: integer, next: list(one_of(nil, tree{...}))}")
        self.shelf("put", "t.shelf", "1", "{tree,1,2,[nil,{tree,3,4,[{tree,5,6,[]}]}]}", "--term")
        self.shelf("migrate", "t.shelf", "--drop", "next[].w", "--rename", "v=value",
                   "--record", "node")
        self.assertEqual(self.shelf("info", "t.shelf").json[0]["value"],
                         "node{value: integer, next: list(one_of(nil, node{...}))}")
        self.assertEqual(self.shelf("get", "t.shelf", 1, "--term").out.strip(),
                         "{node,1,[nil,{node,3,[{node,5,[]}]}]}")
        self.shelf("check", "t.shelf")

    def test_a_record_cannot_take_the_name_of_one_around_it_that_it_refers_to(self):
        self.shelf("create", "t.shelf", "--key", "integer", "--value",
                   "a{b: b{next: optional(a{...})}}")
        self.refused("migrate", "t.shelf", "--record", "b=a", status=USAGE, says="'a' is the name")

    def test_values_that_are_no_records_may_hold_some(self):
        self.make("t.shelf", "set", "integer", "list(item{n: integer, x: integer})",
                  [(1, [{"n": 1, "x": 2}])])
        self.refused("migrate", "t.shelf", "--drop", "x", status=USAGE, says="ends in []")
        self.shelf("migrate", "t.shelf", "--drop", "[].x")
        self.assertEqual(self.shelf("get", "t.shelf", 1).json, [[{"n": 1}]])

    def test_names_with_dots_are_quoted_or_whole(self):
        self.make("t.shelf", "set", "integer", "r{'a.b': integer, c: s{'d.e': integer}}",
                  [(1, {"a.b": 1, "c": {"d.e": 2}})])
        self.shelf("migrate", "t.shelf", "--rename", "a.b=x", "--rename", "c.'d.e'=y")
        self.assertEqual(self.shelf("get", "t.shelf", 1).json, [{"x": 1, "c": {"y": 2}}])

    def test_the_first_entries_that_cannot_be_migrated_are_told_and_nothing_changes(self):
        self.make("t.shelf", "ordered_set", "integer", "r{s: set(p{x: integer, y: integer})}",
                  [(k, {"s": [{"x": 1, "y": 1}, {"x": k // 6, "y": 2}]}) for k in range(1, 12)])
        before = self.read("t.shelf")
        for words in ((), ("--dry-run",)):
            ran = self.refused("migrate", "t.shelf", "--drop", "s[].y", *words, status=USAGE,
                               says=("6 of 11 entries cannot be migrated",
                                     "two elements of a set would become equal", "key 6", "key 8"))
            self.assertNotIn("key 9", ran.errors)
            self.assertEqual(self.read("t.shelf"), before)

    def test_values_of_a_bag_that_become_equal_are_told(self):
        self.make("t.shelf", "bag", "integer", "r{x: integer, y: integer}",
                  [(1, {"x": 1, "y": 1}), (1, {"x": 1, "y": 2}), (2, {"x": 1, "y": 1})])
        ran = self.try_shelf("migrate", "t.shelf", "--drop", "y", "--dry-run")
        self.assertEqual((ran.status, ran.json[0]["entries"]), (OK, 2))
        self.assertIn("values of a key that become equal are kept once: 1 fewer", ran.errors)


if __name__ == "__main__":
    main()
