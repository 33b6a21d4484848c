#!/usr/bin/env python3
"""Files of several tables: listed, chosen with --table, and handled as a whole."""
from tool import NOT_FOUND, REFUSED, USAGE, ToolTest, main


class Database(ToolTest):
    def shop(self, file="shop.shelf"):
        self.shelf("create", file, "--table", "stock", "--key", "binary", "--value", "integer")
        self.shelf("create", file, "--table", "orders", "--kind", "ordered_set", "--key",
                   "integer", "--value", "binary")
        self.shelf("put", file, "bolts", "40", "--table", "stock")
        self.shelf("put", file, "1", "bolts", "--table", "orders")
        self.shelf("put", file, "2", "nuts", "--table", "orders")

    def test_shelf_file_and_info_list_the_tables(self):
        self.shop()
        for words in (["shop.shelf"], ["info", "shop.shelf"]):
            told = self.shelf(*words, "--json").json
            self.assertEqual([(t["table"], t["kind"]) for t in told],
                             [("stock", "set"), ("orders", "ordered_set")])
        self.assertEqual(self.shelf("info", "shop.shelf", "--table", "orders").json[0]["entries"],
                         2)

    def test_every_command_on_rows_takes_a_table(self):
        self.shop()
        self.assertEqual(self.shelf("get", "shop.shelf", "bolts", "--table", "stock").out, "40\n")
        self.assertEqual(self.shelf("count", "shop.shelf", "--table", "orders").out, "2\n")
        self.assertEqual(len(self.shelf("list", "shop.shelf", "--table", "orders").json), 2)
        self.shelf("delete", "shop.shelf", "2", "--table", "orders")
        self.assertEqual(self.shelf("count", "shop.shelf", "--table", "orders").out, "1\n")
        self.assertEqual(self.shelf("take", "shop.shelf", "bolts", "--table", "stock").out, "40\n")
        self.assertEqual(self.shelf("count", "shop.shelf", "--table", "stock").out, "0\n")

    def test_rows_go_out_of_one_table_and_into_another(self):
        self.shop()
        self.shelf("export", "shop.shelf", "orders.csv", "--table", "orders")
        self.shelf("create", "shop.shelf", "--table", "old", "--kind", "ordered_set", "--key",
                   "integer", "--value", "binary")
        for how in ([], ["--append"]):
            self.shelf("import", "shop.shelf", "orders.csv", "--table", "old", *how)
            self.assertEqual(self.shelf("list", "shop.shelf", "--table", "old").out,
                             self.shelf("list", "shop.shelf", "--table", "orders").out)
        self.assertEqual(self.shelf("get", "shop.shelf", "bolts", "--table", "stock").out, "40\n")

    def test_a_table_that_is_not_named_or_not_there_is_said_with_those_that_are(self):
        self.shop()
        self.refused("count", "shop.shelf", says=["2 tables", "stock", "orders"])
        self.refused("count", "shop.shelf", "--table", "users", status=NOT_FOUND, says="users")
        self.refused("create", "shop.shelf", "--table", "stock", says="already exists")
        self.refused("create", "shop.shelf", "--table", "", "--key", "binary", says="exists")
        self.refused("create", "shop.shelf", "--table", "x" * 256, status=USAGE, says="255")

    def test_check_copy_and_compact_take_the_whole_file(self):
        self.shop()
        self.assertEqual(self.shelf("check", "shop.shelf").json[0]["entries"], 3)
        self.shelf("copy", "shop.shelf", "copy.shelf")
        self.shelf("compact", "shop.shelf")
        self.assertEqual(self.shelf("diff", "shop.shelf", "copy.shelf").json, [])
        self.shelf("put", "shop.shelf", "nuts", "1", "--table", "stock")
        self.assertEqual(len(self.shelf("diff", "shop.shelf", "copy.shelf",
                                        status=REFUSED).json), 1)

    def test_salvage_keeps_every_table_that_the_catalog_still_names(self):
        self.shop()
        content = bytearray(self.read("shop.shelf"))
        content[-20] ^= 0xff
        (self.path / "harmed.shelf").write_bytes(content)
        self.shelf("salvage", "harmed.shelf", "rescued.shelf")
        told = self.shelf("info", "rescued.shelf", "--json").json
        self.assertEqual([t["table"] for t in told], ["stock", "orders"])
        self.assertEqual(self.shelf("get", "rescued.shelf", "bolts", "--table", "stock").out,
                         "40\n")

    def test_a_file_of_one_table_needs_no_name(self):
        self.users()
        self.assertEqual(self.shelf("count", "users.shelf").out,
                         self.shelf("count", "users.shelf", "--table", "main").out)
        self.refused("count", "users.shelf", "--table", "other", status=NOT_FOUND, says="other")


if __name__ == "__main__":
    main()
