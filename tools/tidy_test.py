#!/usr/bin/env python3
"""That each rule of tidy.py catches what it is for: a small tree that keeps all rules is broken
in one place at a time."""
import tempfile
import unittest
from pathlib import Path

import tidy

GOOD = {
    "README.md": "# shelf\n\nSee [the format](docs/format.md#the-grammar).\n",
    "docs/format.md": "# Format\n\n## The grammar\n\nBack [up](#format).\n",
    "include/shelf/error.hpp": f"// API  {tidy.CHAIN['api']}\n// Errors.\n"
                               "#include <string>\n"
                               "enum class errc : int {\n  busy = 1,  ///< while it runs\n"
                               "  corrupt\n};\n",
    "src/CMakeLists.txt": "# rooms\nadd_subdirectory(journal)\n",
    "src/journal/CMakeLists.txt": "target_sources(shelf_journal PRIVATE record.cpp)\n",
    "src/journal/record.hpp": f"// JOURNAL  {tidy.CHAIN['journal']}\n// Records.\n"
                              '#include "shelf/error.hpp"\n#include "file/open_file.hpp"\n',
    "src/journal/record.cpp": f"// JOURNAL  {tidy.CHAIN['journal']}\n// Records.\n"
                              '#include "journal/record.hpp"\n',
    "src/file/open_file.hpp": f"// FILE  {tidy.CHAIN['file']}\n// Files.\n",
    "test/CMakeLists.txt": "shelf_test(record_test SOURCES journal/record_test.cpp)\n",
    "test/journal/record_test.cpp": "// Records.\nauto a = errc::busy;\nauto b = errc::corrupt;\n",
    tidy.EXCEPTIONS: "# none\n",
}


class Rules(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name)
        for file, text in GOOD.items():
            self.write(file, text)

    def write(self, file, text):
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def append(self, file, text):
        self.write(file, (self.root / file).read_text(encoding="utf-8") + text)

    def assert_only(self, rule, *words):
        """That the rule says one sentence, with these words, and no other rule says any."""
        wrong = tidy.check(self.root)
        self.assertEqual(len(wrong), 1, wrong)
        self.assertEqual(list(rule(tidy.Tree(self.root))), wrong)
        for word in words:
            self.assertIn(word, wrong[0])

    def assert_fine(self):
        self.assertEqual(tidy.check(self.root), [])

    def test_the_good_tree_is_good(self):
        self.assert_fine()

    # Sizes and columns.
    def test_a_file_of_501_lines_is_caught(self):
        self.append("src/file/open_file.hpp", "int x;\n" * 498)
        self.assert_fine()
        self.append("src/file/open_file.hpp", "int x;\n")
        self.assert_only(tidy.sizes, "open_file.hpp", "501")

    def test_an_exception_holds_up_to_its_ceiling_and_falls_with_the_file(self):
        self.append("src/file/open_file.hpp", "int x;\n" * 598)
        self.write(tidy.EXCEPTIONS, "lines src/file/open_file.hpp 600\n")
        self.assert_fine()
        self.write(tidy.EXCEPTIONS, "lines src/file/open_file.hpp 599\n")
        self.assert_only(tidy.sizes, "600 lines", "599")
        self.write(tidy.EXCEPTIONS, "lines src/file/open_file.hpp 601\n")
        self.assert_only(tidy.sizes, "can fall")

    def test_an_exception_for_a_file_that_is_gone_is_caught(self):
        self.write(tidy.EXCEPTIONS, "lines src/file/gone.hpp 600\n")
        self.assert_only(tidy.sizes, "gone.hpp")

    def test_lower_lets_ceilings_fall_and_drops_what_is_needless(self):
        self.append("src/file/open_file.hpp", "int x;\n" * 598)
        self.write(tidy.EXCEPTIONS, "# kept\nlines src/file/open_file.hpp 700\n"
                   "lines src/journal/record.cpp 600\nuntested busy\n")
        tidy.lower(self.root)
        self.assertEqual((self.root / tidy.EXCEPTIONS).read_text(encoding="utf-8"),
                         "# kept\nlines src/file/open_file.hpp 600\n")

    def test_lower_never_raises_a_ceiling(self):
        self.append("src/file/open_file.hpp", "int x;\n" * 598)
        self.write(tidy.EXCEPTIONS, "lines src/file/open_file.hpp 550\n")
        tidy.lower(self.root)
        self.assert_only(tidy.sizes, "550")

    def test_a_line_of_101_columns_is_caught_and_letters_count_not_bytes(self):
        self.append("src/file/open_file.hpp", "// " + "ä" * 97 + "\n")
        self.assert_fine()
        self.append("src/file/open_file.hpp", "// " + "ä" * 98 + "\n")
        self.assert_only(tidy.columns, ":4:", "101")

    # Banners.
    def test_a_banner_of_another_room_is_caught(self):
        self.write("src/file/open_file.hpp", "// TABLE  api -> [table] -> journal -> file\n// x\n")
        self.assert_only(tidy.banners, "// FILE")

    def test_a_banner_without_the_chain_is_caught(self):
        self.write("src/file/open_file.hpp", "// FILE\n// Files.\n")
        self.assert_only(tidy.banners, "open_file.hpp:1")

    def test_a_missing_second_line_is_caught(self):
        self.write("src/file/open_file.hpp", GOOD["src/file/open_file.hpp"].split("\n")[0] + "\n\n")
        self.assert_only(tidy.banners, "open_file.hpp:2")

    def test_the_vocabulary_rooms_have_banners_too(self):
        self.write("src/term/order.hpp", "// TERM  vocabulary of every room above error\n// x\n")
        self.assert_fine()
        self.write("src/term/order.hpp", "#pragma once\n// x\n")
        self.assert_only(tidy.banners, "// TERM")

    def test_a_test_without_a_first_comment_is_caught(self):
        self.write("test/journal/record_test.cpp",
                   "\n" + GOOD["test/journal/record_test.cpp"])
        self.assert_only(tidy.banners, "record_test.cpp:1")

    def test_a_script_without_a_first_comment_is_caught(self):
        self.write("tools/go.sh", "echo\n")
        self.assert_only(tidy.banners, "go.sh")

    # Includes.
    def test_includes_against_the_chain_are_caught(self):
        for room, target in (("file", "journal/record.hpp"), ("file", "kinds/entry.hpp"),
                             ("file", "term/order.hpp"), ("journal", "kinds/entry.hpp"),
                             ("term", "file/open_file.hpp"), ("kinds", "stores/file_store.hpp"),
                             ("dets", "kinds/entry.hpp"), ("engine", "upkeep/x.hpp"),
                             ("rows", "cli/request.hpp"), ("upkeep", "rows/source.hpp"),
                             ("memory", "term/order.hpp"), ("journal", "dets/page.hpp"),
                             ("file", "simulation/simulated_disk.hpp"),
                             ("error", "term/order.hpp")):
            with self.subTest(room=room, target=target):
                file = f"src/{room}/tried.hpp"
                banner = tidy.CHAIN.get(room, "vocabulary of every room")
                self.write(file, f"// {room.upper()}  {banner}\n// x\n#include \"{target}\"\n")
                self.assert_only(tidy.include_direction, f"{file}:3", target)
                (self.root / file).unlink()

    def test_a_program_within_a_room_may_include_more_than_the_room(self):
        text = f"// CLUSTER  {tidy.CHAIN['cluster']}\n// x\n#include \"upkeep/x.hpp\"\n"
        self.write("src/cluster/tool/tried.hpp", text)
        self.assert_fine()
        self.write("src/cluster/tried.hpp", text)
        self.assert_only(tidy.include_direction, "src/cluster/tried.hpp:3", "upkeep/x.hpp")

    def test_includes_along_the_chain_pass(self):
        for room, target in (("cli", "rows/source.hpp"), ("rows", "codec/schema_check.hpp"),
                             ("upkeep", "engine/turn.hpp"), ("stores", "journal/record.hpp"),
                             ("engine", "term/order.hpp"), ("journal", "term/order.hpp"),
                             ("dets", "file/open_file.hpp"), ("engine", "shelf/config.hpp"),
                             ("journal", "shelf/term.hpp"), ("file", "shelf/error.hpp"),
                             ("simulation", "file/system.hpp")):
            banner = tidy.CHAIN.get(room, "another format")
            self.write(f"src/{room}/tried.hpp",
                       f"// {room.upper()}  {banner}\n// x\n#include \"{target}\"\n")
            with self.subTest(room=room, target=target):
                self.assert_fine()

    def test_a_room_that_includes_the_typed_api_is_caught(self):
        self.append("src/journal/record.hpp", "#include <shelf/shelf.hpp>\n")
        self.assert_only(tidy.include_direction, "shelf/shelf.hpp")

    def test_a_path_that_climbs_is_caught(self):
        self.append("src/journal/record.hpp", '#include "../file/open_file.hpp"\n')
        self.assert_only(tidy.include_direction, "../file")

    def test_the_library_including_a_test_is_caught(self):
        self.append("src/journal/record.cpp", '#include "test/budget.hpp"\n')
        self.assert_only(tidy.include_direction, "test/budget.hpp")

    def test_a_public_header_with_a_foreign_include_is_caught(self):
        self.append("include/shelf/error.hpp", "#include <cstdint>\n")
        self.assert_fine()
        for foreign in ("<fmt/core.h>", "<boost/pfr.hpp>", "<unistd.h>",
                        '"kinds/entry.hpp"'):
            with self.subTest(foreign=foreign):
                self.write("include/shelf/error.hpp",
                           GOOD["include/shelf/error.hpp"] + f"#include {foreign}\n")
                self.assert_only(tidy.public_includes, "error.hpp")

    def test_headers_that_include_each_other_are_caught_once(self):
        self.write("src/journal/batch.hpp", f"// JOURNAL  {tidy.CHAIN['journal']}\n"
                   '// Batches.\n#include "journal/record.hpp"\n')
        self.assert_fine()
        self.append("src/journal/record.hpp", '#include "journal/batch.hpp"\n')
        self.assert_only(tidy.include_cycles, "batch.hpp", "record.hpp")

    # Names, open ends, lists.
    def test_a_file_name_that_says_nothing_is_caught(self):
        for name in ("utils.md", "record_helper.md", "common/x.md", "table-impl.md"):
            with self.subTest(name=name):
                self.write(f"docs/{name}", "# x\n")
                self.assert_only(tidy.names, name)
                (self.root / "docs" / name).unlink()
        self.write("docs/utility_of_records.md", "# x\n")
        self.assert_fine()

    def test_an_open_end_is_caught(self):
        for word in ("TO" + "DO", "FIX" + "ME", "X" * 3):
            with self.subTest(word=word):
                self.write("src/file/open_file.hpp",
                           GOOD["src/file/open_file.hpp"] + f"// {word}\n")
                self.assert_only(tidy.open_ends, ":3:", word)
        self.write("src/file/open_file.hpp",
                   GOOD["src/file/open_file.hpp"] + "// " + "X" * 6 + "\n")
        self.assert_fine()

    def test_a_source_that_no_list_names_is_caught(self):
        self.write("src/journal/CMakeLists.txt", "target_sources(shelf_journal PRIVATE cord.cpp)\n")
        self.assert_only(tidy.listed_sources, "src/journal/record.cpp")
        self.write("src/journal/CMakeLists.txt", "# record.cpp\n")
        self.assert_only(tidy.listed_sources, "src/journal/record.cpp")

    def test_a_list_elsewhere_may_name_a_source_by_its_path(self):
        self.write("src/journal/CMakeLists.txt", "")
        self.append("src/CMakeLists.txt", "add_library(x ${here}/y.cpp journal/record.cpp)\n")
        self.assert_fine()

    # Tested errors.
    def test_a_fixed_sleep_in_a_test_is_caught(self):
        good = GOOD["test/journal/record_test.cpp"]
        for sleep in ("std::this_thread::sleep_for(2ms);", "std::this_thread::sleep_until(then);",
                      "::usleep(3000);", "nanosleep(&time, nullptr);", "::sleep(1);",
                      'std::system("sleep 0.3");', "sleep_for(2ms);  // sleeps:",
                      "f();  // sleeps: another line\nsleep_for(2ms);"):
            self.write("test/journal/record_test.cpp", good + sleep + "\n")
            self.assert_only(tidy.fixed_sleeps, "record_test.cpp", "fixed time")
        self.write("test/journal/record_test.cpp", good)
        for file, sleep in (("test/a_test.py", "time.sleep(0.3)"), ("test/a.sh", "sleep 1"),
                            ("test/a.escript", "timer:sleep(5)"),
                            ("test/a.exs", "Process.sleep(5)")):
            self.write(file, f"# A test.\n{sleep}\n")
            self.assert_only(tidy.fixed_sleeps, file + ":2:")
            (self.root / file).unlink()

    def test_a_sleep_with_a_reason_and_one_outside_of_tests_pass(self):
        self.append("test/journal/record_test.cpp",
                    "sleep_for(1ms);  // sleeps: polls until a deadline\n"
                    "  // sleeps: a random time until the kill\n  sleep_for(chance);\n")
        self.write("test/a_test.py", "# A test.\ntime.sleep(0.01)  # sleeps: polls\n")
        self.append("src/journal/record.cpp", "std::this_thread::sleep_for(pause);\n")
        self.assert_fine()

    def test_an_error_code_that_no_test_names_is_caught_the_last_one_too(self):
        self.write("test/journal/record_test.cpp", "// Records.\nauto a = errc::busy;\n")
        self.assert_only(tidy.tested_errors, "errc::corrupt")

    def test_the_vocabularys_own_test_does_not_count(self):
        self.write("test/journal/record_test.cpp", "// Records.\nauto a = errc::busy;\n")
        self.write("test/error/error_test.hpp", "// All names.\nauto b = errc::corrupt;\n")
        self.assert_only(tidy.tested_errors, "errc::corrupt")

    def test_an_exception_for_a_tested_or_unknown_code_is_caught(self):
        self.write(tidy.EXCEPTIONS, "untested busy\n")
        self.assert_only(tidy.tested_errors, "busy")
        self.write(tidy.EXCEPTIONS, "untested bizarre\n")
        self.assert_only(tidy.tested_errors, "bizarre")

    # Pages.
    def test_a_link_that_leads_nowhere_is_caught(self):
        self.append("README.md", "See [this](docs/gone.md).\n")
        self.assert_only(tidy.links, "docs/gone.md")

    def test_an_anchor_without_heading_is_caught(self):
        self.append("README.md", "See [this](docs/format.md#the-glamour).\n")
        self.assert_only(tidy.links, "#the-glamour")

    def test_code_and_other_sites_are_no_links_to_check(self):
        self.append("README.md", "[a](https://example.org/x) `[b](c)`\n```sh\n[d](e)\n```\n")
        self.assert_fine()

    def test_a_path_of_one_machine_is_caught_in_any_file(self):
        for path in ("/wor" + "k/main", "/roo" + "t/x", "/home/" + "ann/x"):
            with self.subTest(path=path):
                self.write("docs/place.txt", f"see {path}\n")
                self.assert_only(tidy.machine_paths, "docs/place.txt:1")
        self.write("docs/place.txt", "see src/wor" + "k/x and the /wor" + "king copy\n")
        self.assert_fine()

    def test_a_missing_or_long_readme_is_caught(self):
        self.append("README.md", "line\n" * 141)
        self.assert_fine()
        self.append("README.md", "line\n")
        self.assert_only(tidy.readme, "145")
        (self.root / "README.md").unlink()
        self.assert_only(tidy.readme, "README.md")

    def test_a_habit_of_prose_is_caught_in_every_page(self):
        for page in ("README.md", "docs/format.md", "CHANGELOG.md", "examples/README.md"):
            with self.subTest(page=page):
                before = GOOD.get(page, "# x\n")
                self.write(page, before + "It takes 159 bytes an entry.\n")
                self.assert_only(tidy.habits, page, "bytes an entry", "per")
                self.write(page, before)

    def test_a_page_has_habits_up_to_its_ceiling_which_falls_with_them(self):
        self.append("docs/format.md", "Reads wait for nobody,\nbeside whoever writes.\n")
        self.write(tidy.EXCEPTIONS, "habits docs/format.md 3\n")
        self.assert_fine()
        self.write(tidy.EXCEPTIONS, "habits docs/format.md 2\n")
        self.assert_only(tidy.habits, "docs/format.md:7", "whoever", "may have 2")
        self.write(tidy.EXCEPTIONS, "habits docs/format.md 4\n")
        self.assert_only(tidy.habits, "can fall")
        tidy.lower(self.root)
        self.assertEqual((self.root / tidy.EXCEPTIONS).read_text(encoding="utf-8"),
                         "habits docs/format.md 3\n")
        self.write("docs/format.md", GOOD["docs/format.md"])
        tidy.lower(self.root)
        self.assert_fine()

    def test_habits_of_a_page_that_is_gone_are_caught(self):
        self.write(tidy.EXCEPTIONS, "habits docs/gone.md 3\n")
        self.assert_only(tidy.habits, "docs/gone.md")

    def test_a_code_block_that_is_neither_compiled_nor_excused_is_caught(self):
        self.append("docs/format.md", "```cpp\nint x;\n```\n")
        self.assert_only(tidy.marked_blocks, "docs/format.md:6")


if __name__ == "__main__":
    unittest.main()
