#!/usr/bin/env python3
"""That prose.py finds each habit, and leaves good sentences and what is no prose alone."""
import unittest

import prose

BAD = (
    "It takes 159 bytes an entry.", "One value a key.", "A million entries a second.",
    "Two descriptors a table.", "It may be read beside a writer.", "Nobody writes the file.",
    "Whoever writes it has the lock.", "Reads wait for no writer.", "A crash takes nothing back.",
    "The batch is taken back.", "It is compacted by itself.", "All else is installed.",
    "Git must be there.", "Minutes, in earnest.", "A test sees to it.",
    "This makes an exception of it.", "Mend the path.", "It is seldom needed.",
    "A cut in the midst of a page.", "The size stands in the header.", "The file lies on NFS.",
    "It is no table.", "Writers go on.", "The header says so.",
    "A callback is told how far it is.",
    "The file is read to its end.", "A colour for each error.", "Specialise shelf::codec.",
    "The tests are labelled.",
)
GOOD = (
    "Insert a key and an entry.", "159 bytes per entry.", "A key has one value; a value has a key.",
    "It is no longer open, and no faster.", "There is no table.", "Stands for the path.",
    "Standard input is a file.", "It takes the lock and gives it back.", "a set of tables",
    "The call returns the bytes of a key.", "Go to the file.", "once an error",
)
NO_PROSE = (
    "`bytes an entry`", 'not "bytes an entry"', "```\nbytes an entry\n```", "[here](beside.md)",
    "<!-- session: beside -->", "  ```console\n  nobody\n  ```",
)


class Habits(unittest.TestCase):
    def test_each_habit_is_found(self):
        for sentence in BAD:
            with self.subTest(sentence=sentence):
                self.assertEqual(len(list(prose.habits(sentence + "\n"))), 1)

    def test_every_pattern_has_a_sentence(self):
        for pattern, better in prose.PATTERNS:
            self.assertTrue(any(pattern.search(sentence) for sentence in BAD), better)

    def test_good_sentences_pass(self):
        for sentence in GOOD:
            with self.subTest(sentence=sentence):
                self.assertEqual(list(prose.habits(sentence + "\n")), [])

    def test_what_is_no_prose_is_left_alone(self):
        for text in NO_PROSE:
            with self.subTest(text=text):
                self.assertEqual(list(prose.habits(f"Some text.\n\n{text}\n")), [])

    def test_messages_are_string_literals_and_comments_are_not(self):
        code = ('#include "beside.hpp"\n// "nobody knows"\nfail("the file " "lies\\n on NFS");'
                ' auto url = "http://x"; // beside\n')
        self.assertEqual([(line, words) for line, words, _ in prose.messages(code)],
                         [(3, "lies on")])

    def test_the_line_is_named_and_a_phrase_may_be_broken_over_lines(self):
        found = list(prose.habits("# x\n\n```\nx\n```\nIt takes bytes\nan entry.\n"))
        self.assertEqual([(line, words) for line, words, _ in found], [(6, "bytes an entry")])


if __name__ == "__main__":
    unittest.main()
