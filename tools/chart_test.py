#!/usr/bin/env python3
"""That chart.py draws what the table says, the same each time, and misses no row silently."""
import unittest
import xml.etree.ElementTree as xml

import chart


def table(change=lambda row, rival: 0.5):
    """A table with every row that the picture needs."""
    rows = {(row, rival) for _, row, rivals in chart.PANELS for rival in rivals}
    rows |= {(row, rival) for row, rival, _ in chart.VARIANTS.values()}
    return "# Benchmarks\n\n| row | shelf | rival |\n|---|---|---|\n" + "".join(
        f"| {row} | 1 ns | {rival} | 2 | {change(row, rival):.3f} (0.1\u20139.9) | | |\n"
        for row, rival in sorted(rows))


class Chart(unittest.TestCase):
    def test_it_is_well_formed_and_the_same_each_time(self):
        drawn = chart.draw(table())
        self.assertEqual(xml.fromstring(drawn).tag, "{http://www.w3.org/2000/svg}svg")
        self.assertEqual(drawn, chart.draw(table()))

    def test_a_bar_is_the_inverse_of_the_ratio(self):
        drawn = chart.draw(table(lambda row, rival: 0.046 if rival == "SQLite" else 0.5))
        self.assertIn(">22\u00d7<", drawn)
        self.assertIn(">2.0\u00d7<", drawn)

    def test_where_shelf_is_slower_its_bar_is_not_the_shortest(self):
        found = chart.bars(chart.PANELS[0], chart.ratios(table(lambda row, rival: 1.06)))
        self.assertEqual(found[-1][1:], ("shelf", True))

    def test_a_row_that_the_table_lacks_is_an_error(self):
        with self.assertRaises(KeyError):
            chart.draw(table().replace("| SQLite |", "| SQLite 4 |"))

    def test_factors_have_two_digits(self):
        for factor, said in ((1, "1\u00d7"), (0.943, "0.94\u00d7"), (1.02, "1.02\u00d7"),
                             (7.69, "7.7\u00d7"), (9.97, "10\u00d7"), (25.6, "26\u00d7")):
            self.assertEqual(chart.times(factor), said)


if __name__ == "__main__":
    unittest.main()
