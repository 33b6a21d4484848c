#!/usr/bin/env python3
"""pages.py is shown pages that name what is not there, and pages that are right."""
import tempfile
import unittest
from pathlib import Path

import pages
import tidy

CODES = "enum class errc : std::uint8_t {\n  not_found = 1,  ///< no such key\n  busy,\n};\n"


class Pages(unittest.TestCase):
    def check(self, rule, files):
        with tempfile.TemporaryDirectory() as root:
            for name, text in files.items():
                file = Path(root) / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            return list(rule(tidy.Tree(root)))

    def naming_tests(self, page, test="TEST_F(Kill, LosesNothing) {}\n"):
        return self.check(pages.named_tests,
                          {"docs/durability.md": page, "test/kill_test.cpp": test})

    def test_a_test_that_exists_may_be_named(self):
        self.assertEqual(self.naming_tests("| kept: `Kill.LosesNothing` |"), [])
        self.assertEqual(self.naming_tests("`A.B`", "TYPED_TEST(A, B) {}"), [])
        self.assertEqual(self.naming_tests("`A.B`", "TEST_P(A,\n       B) {}"), [])

    def test_a_test_that_does_not_exist_is_found(self):
        self.assertEqual(self.naming_tests("x\n`Kill.LosesAll`"),
                         ["docs/durability.md:2: there is no test Kill.LosesAll"])

    def test_a_page_without_tests_is_found(self):
        self.assertEqual(self.naming_tests("all is well"), ["docs/durability.md: it names no test"])

    def limits_named(self, page):
        return self.check(pages.limits, {"docs/limits.md": page, "src/a.hpp": "",
                                         "test/kill_test.cpp": "TEST(Kill, LosesNothing) {}\n"})

    def test_limits_name_tests_and_sources(self):
        self.assertEqual(self.limits_named("`Kill.LosesNothing`, `src/a.hpp`"), [])
        self.assertEqual(self.limits_named("`Kill.LosesNothing`\n`src/b.hpp`"),
                         ["docs/limits.md:2: there is no file src/b.hpp"])
        self.assertEqual(self.limits_named("`Kill.LosesNothing`, `Kill.LosesAll`"),
                         ["docs/limits.md:1: there is no test Kill.LosesAll"])

    def test_figures_are_measured(self):
        def compared(page):
            return self.check(pages.measured_figures, {
                "docs/comparison.md": page, "docs/benchmarks.md": "| 1.61 (1.54–1.78) | 7.51 |\n"})
        self.assertEqual(compared("1.61 of its time, 7.5 to walk (1.78)."), [])
        self.assertEqual(compared("a\n1.62 of its time"),
                         ["docs/comparison.md:2: docs/benchmarks.md has no 1.62"])

    def test_factors_are_ratios_or_their_inverse(self):
        def factors(page):
            return self.check(pages.measured_factors, {
                "README.md": page,
                "docs/benchmarks.md": "| lookup | 5 ns | SQLite | 9 | 0.046 (0.04–0.05) | | |\n"
                                      "| fold | 5 ns | map | 9 | 2.72 (2–3) | ≤ 1 | **missed** |\n"
                                      "| save | 5 ns | map | 9 | 0.50 (0–1) | ≤ 1 | reached |\n"})
        self.assertEqual(factors("22× faster, 2.7× slower; 1 of 2 performance targets"), [])
        self.assertEqual(factors("a\n23× faster"),
                         ["README.md:2: docs/benchmarks.md has no ratio that makes 23×"])
        self.assertEqual(factors("2 of 2 performance targets are missed"),
                         ["README.md:1: docs/benchmarks.md misses 1 of 2 targets"])

    def functions_named(self, page):
        return self.check(pages.named_functions, {
            "docs/life_of_a_write.md": page,
            "src/engine/turn.cpp": "void turn::submit(queued& op) {}\n"})

    def test_functions_and_files_that_exist_may_be_named(self):
        page = "`turn::submit` and `submit` in `src/engine/turn.cpp`"
        self.assertEqual(self.functions_named(page), [])

    def test_what_is_in_blocks_or_is_no_name_is_left_alone(self):
        self.assertEqual(self.functions_named("```\n`gone`\n```\n`map<int, int>` `K` `1`"), [])

    def test_functions_and_files_that_do_not_exist_are_found(self):
        page = "docs/life_of_a_write.md:1: "
        self.assertEqual(self.functions_named("`turn::leave`"),
                         [page + "nothing in the sources is called turn::leave"])
        self.assertEqual(self.functions_named("`sub`"),
                         [page + "nothing in the sources is called sub"])
        self.assertEqual(self.functions_named("`src/engine/lost.cpp`"),
                         [page + "there is no file src/engine/lost.cpp"])

    def codes_explained(self, page):
        return self.check(pages.explained_codes,
                          {"docs/errors.md": page, "include/shelf/error.hpp": CODES})

    def test_each_code_has_one_row(self):
        self.assertEqual(self.codes_explained("| `not_found` | x |\n| `busy` | y |\n"), [])

    def test_missing_double_and_strange_rows_are_found(self):
        self.assertEqual(
            self.codes_explained("| `busy` | x |\n| `busy` | y |\n| `lazy` | z |\n"),
            ["docs/errors.md: not_found has 0 rows", "docs/errors.md: busy has 2 rows",
             "docs/errors.md: there is no errc::lazy"])

    def test_a_missing_page_is_found(self):
        for rule in pages.RULES:
            self.assertEqual(len(self.check(rule, {"include/shelf/error.hpp": CODES})), 1)


if __name__ == "__main__":
    unittest.main()
