#!/usr/bin/env python3
"""list --page: cursors that a script carries from one call to the next."""
from tool import USAGE, ToolTest, main


class PagesOfRows(ToolTest):
    def numbers(self, name="n.shelf", count=10):
        return self.make(name, "ordered_set", "integer", "binary",
                         [(i, "even" if i % 2 == 0 else "odd") for i in range(count)])

    def page(self, cursor, *how, limit=3):
        """The rows of a page, and the cursor that stands in its last line."""
        *rows, last = self.shelf("list", *how, "--limit", limit, "--page", cursor).json
        self.assertEqual(list(last), ["next"])
        return [row["key"] for row in rows], last["next"]

    def pages(self, *how, limit=3):
        """All of them, from the first to the last."""
        got, cursor = [], ""
        while cursor is not None:
            keys, cursor = self.page(cursor, *how, limit=limit)
            got.append(keys)
        return got

    def test_pages_have_every_row_once_in_order(self):
        self.numbers()
        self.assertEqual(self.pages("n.shelf"), [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]])
        self.assertEqual(self.pages("n.shelf", "--reverse"),
                         [[9, 8, 7], [6, 5, 4], [3, 2, 1], [0]])

    def test_a_page_that_ends_with_the_last_row_is_the_last(self):
        self.numbers(count=6)
        self.assertEqual(self.pages("n.shelf"), [[0, 1, 2], [3, 4, 5]])
        self.assertEqual(self.pages("n.shelf", limit=6), [[0, 1, 2, 3, 4, 5]])
        self.make("empty.shelf", "ordered_set", "integer", "binary")
        self.assertEqual(self.pages("empty.shelf"), [[]])

    def test_conditions_and_ranges_narrow_pages(self):
        self.numbers()
        self.assertEqual(self.pages("n.shelf", "--where", "value=odd"), [[1, 3, 5], [7, 9]])
        self.assertEqual(self.pages("n.shelf", "--from", 2, "--to", 7, limit=2),
                         [[2, 3], [4, 5], [6]])
        self.assertEqual(self.pages("n.shelf", "--from", 2, "--to", 7, "--reverse", limit=2),
                         [[6, 5], [4, 3], [2]])
        cursor = self.page("", "n.shelf")[1]  # behind 2
        self.assertEqual(self.page(cursor, "n.shelf", "--from", 6)[0], [6, 7, 8])
        self.assertEqual(self.page(cursor, "n.shelf", "--to", 2), ([], None))

    def test_a_cursor_outlives_writes_compactions_and_copies(self):
        self.numbers()
        cursor = self.page("", "n.shelf")[1]
        for key in (2, 3):  # also the one that the cursor was made of
            self.shelf("delete", "n.shelf", key)
        self.shelf("put", "n.shelf", "--", -1, "odd")
        self.shelf("compact", "n.shelf")
        self.shelf("copy", "n.shelf", "copy.shelf")
        for name in ("n.shelf", "copy.shelf"):
            self.assertEqual(self.page(cursor, name)[0], [4, 5, 6])

    def test_a_text_that_is_no_cursor_of_this_table_is_a_usage_error(self):
        self.numbers()
        self.make("t.shelf", "ordered_set", "binary", "binary", [("a", ""), ("b", "")])
        cursor = self.page("", "n.shelf")[1]
        foreign = self.page("", "t.shelf", limit=1)[1]
        damaged = cursor[:-2] + ("A" if cursor[-2] != "A" else "B") + cursor[-1]
        list_page = ("list", "n.shelf", "--limit", 3, "--page")
        for text in ("x", "?", "AAAA", cursor[:-1] + "!", " ", "0" * 100000):
            ran = self.refused(*list_page, text, status=USAGE, says="not a cursor")
            self.assertEqual(ran.out, "")
        for text in (damaged, foreign):
            self.refused(*list_page, text, status=USAGE, says="damaged, or of another table")
        self.refused(*list_page, cursor, "--reverse", status=USAGE, says="other direction")

    def test_a_cursor_with_a_right_checksum_and_no_key_in_it_is_refused(self):
        self.numbers()
        for forged in ("AQAKz7NabQAAAAFh", "AQAMZ4M9_wE"):  # of <<"a">>, and of no term
            self.refused("list", "n.shelf", "--limit", 3, "--page", forged, status=USAGE,
                         says="this cursor holds no key")

    def test_the_cursors_of_programs_and_of_the_tool_are_the_same(self):
        self.numbers()
        # What ordered_map<int, std::string>::page("", 3) gives for the same keys.
        self.assertEqual(self.page("", "n.shelf")[1], "AQCu75uzYQI")

    def test_tables_without_order_have_no_pages(self):
        for kind in ("set", "bag", "duplicate_bag"):
            self.make(f"{kind}.shelf", kind, "integer", "integer", [(1, 1)])
            self.refused("list", f"{kind}.shelf", "--limit", 1, "--page", "", status=USAGE,
                         says="only an ordered_set has pages")

    def test_a_page_needs_a_limit_and_excludes_what_has_no_cursor(self):
        self.numbers()
        self.refused("list", "n.shelf", "--page", "", status=USAGE, says="--limit")
        self.refused("list", "n.shelf", "--page", "", "--limit", 0, status=USAGE,
                     says="at least one")
        for other in (("--skip", 1), ("--sort", "value")):
            self.refused("list", "n.shelf", "--page", "", "--limit", 1, *other, status=USAGE,
                         says=other[0])

    def test_the_table_of_a_database_has_pages_of_its_own(self):
        for name in ("a", "b"):
            self.shelf("create", "db.shelf", "--table", name, "--kind", "ordered_set", "--key",
                       "integer", "--value", "integer")
            for key in (1, 2, 3):
                self.shelf("put", "db.shelf", key, key, "--table", name)
        of_a = ("db.shelf", "--table", "a")
        self.assertEqual(self.pages(*of_a, limit=2), [[1, 2], [3]])
        self.refused("list", "db.shelf", "--table", "b", "--limit", 2, "--page",
                     self.page("", *of_a, limit=2)[1], status=USAGE, says="another table")

    def test_the_cursor_is_the_last_line_in_every_notation(self):
        self.numbers()
        cursor = self.page("", "n.shelf")[1]
        words = ("list", "n.shelf", "--limit", 3, "--page")
        self.assertEqual(self.shelf(*words, "", "--term").out.splitlines()[-1],
                         f'{{next,<<"{cursor}">>}}.')
        last = self.shelf("list", "n.shelf", "--limit", 99, "--page", "", "--term").out
        self.assertEqual(last.splitlines()[-1], "{next,none}.")
        self.assertEqual(self.shelf(*words, "", "--columns", "value").json[-1], {"next": cursor})
        self.assertIn(f"--page {cursor}", self.on_terminal(*words, "").out)


if __name__ == "__main__":
    main()
