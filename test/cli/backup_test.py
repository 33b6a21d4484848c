#!/usr/bin/env python3
"""Backups, whole and in increments, and what is restored of them."""
from tool import NOT_FOUND, REFUSED, USAGE, ToolTest, main


class Backup(ToolTest):
    def shop(self):
        self.shelf("create", "shop.shelf", "--table", "stock", "--key", "binary",
                   "--value", "integer")
        self.shelf("create", "shop.shelf", "--table", "orders", "--kind", "bag", "--key",
                   "integer", "--value", "binary")
        self.shelf("put", "shop.shelf", "bolts", "40", "--table", "stock")

    def backup(self, target, *words):
        return self.shelf("backup", "shop.shelf", target, *words).json[0]

    def test_a_backup_is_a_file_like_the_original_and_says_where_it_ends(self):
        self.shop()
        told = self.backup("backup.shelf")
        self.assertEqual(told["backup"], "whole")
        self.assertEqual(self.shelf("diff", "shop.shelf", "backup.shelf").json, [])
        self.assertEqual(told["bytes"], len(self.read("backup.shelf")))
        self.assertEqual(self.shelf("check", "backup.shelf").json[0]["entries"], 1)

    def test_increments_lead_to_the_file(self):
        self.shop()
        first = self.backup("0.shelf")
        self.shelf("put", "shop.shelf", "nuts", "7", "--table", "stock")
        second = self.backup("1.shelf", "--since", first["position"])
        self.shelf("put", "shop.shelf", "1", "bolts", "--table", "orders")
        self.shelf("delete", "shop.shelf", "bolts", "--table", "stock")
        third = self.backup("2.shelf", "--since", second["position"])
        self.assertEqual([second["backup"], third["backup"]], ["increment", "increment"])
        made = self.shelf("restore", "0.shelf", "new.shelf", "-i", "1.shelf", "-i", "2.shelf").json
        self.assertEqual(made[0]["position"], third["position"])
        self.assertEqual(self.shelf("diff", "shop.shelf", "new.shelf").json, [])
        self.refused("restore", "0.shelf", "x.shelf", "-i", "2.shelf", status=USAGE,
                     says=["2.shelf: it continues position", second["position"],
                           first["position"]])
        self.refused("restore", "1.shelf", "x.shelf", says="an increment")
        self.refused("list", "1.shelf", says="an increment")
        self.assertFalse((self.path / "x.shelf").exists())

    def test_after_a_compaction_the_backup_is_whole(self):
        self.shop()
        first = self.backup("0.shelf")
        self.shelf("put", "shop.shelf", "nuts", "7", "--table", "stock")
        self.shelf("compact", "shop.shelf")
        self.shelf("put", "shop.shelf", "nuts", "8", "--table", "stock")
        told = self.backup("1.shelf", "--since", first["position"])
        self.assertEqual(told["backup"], "whole")
        self.assertEqual(self.shelf("diff", "shop.shelf", "1.shelf").json, [])

    def test_nothing_is_replaced_without_force_and_never_the_file_itself(self):
        self.shop()
        self.backup("0.shelf")
        self.refused("backup", "shop.shelf", "0.shelf", says="already exists")
        self.backup("0.shelf", "--force")
        (self.path / "link.shelf").symlink_to("shop.shelf")
        (self.path / "hard.shelf").hardlink_to(self.path / "shop.shelf")
        before = self.read("shop.shelf")
        for name in ("shop.shelf", "./shop.shelf", "link.shelf", "hard.shelf"):
            for words in ([], ["--force"]):
                self.refused("backup", "shop.shelf", name, *words, status=USAGE,
                             says="the file that would be read")
            self.refused("restore", "shop.shelf", name, "--force", status=USAGE)
        self.write("notes.txt", "of another kind\n")
        self.refused("backup", "shop.shelf", "notes.txt", "--force", says="not a shelf table")
        self.refused("restore", "0.shelf", "shop.shelf", says="already exists")
        self.assertEqual(self.read("shop.shelf"), before)

    def test_bad_input_is_told_and_leaves_nothing(self):
        self.shop()
        self.backup("0.shelf")
        self.refused("backup", "missing.shelf", "1.shelf", status=NOT_FOUND)
        self.refused("backup", "shop.shelf", "no/1.shelf", says="no")
        self.refused("backup", "shop.shelf", "1.shelf", "--since", "yesterday", status=USAGE,
                     says="yesterday")
        damaged = bytearray(self.read("0.shelf"))
        damaged[8200] ^= 1
        self.write("damaged.shelf", bytes(damaged))
        self.refused("restore", "damaged.shelf", "1.shelf", says="damaged")
        self.write("short.shelf", bytes(damaged[:8000]))
        self.refused("restore", "short.shelf", "1.shelf", status=REFUSED)
        self.refused("restore", "0.shelf", "1.shelf", "-i", "0.shelf", status=USAGE,
                     says="a whole backup")
        self.assertFalse((self.path / "1.shelf").exists())


if __name__ == "__main__":
    main()
