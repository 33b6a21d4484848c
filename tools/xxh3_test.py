#!/usr/bin/env python3
"""xxh3.py against the reference implementation, around every length where the method changes."""
import unittest

from xxh3 import xxh3_64

DATA = bytes((i * i + i * 7 >> 3) & 255 for i in range(300000))
# (bytes of DATA, seed): checksum
KNOWN = {
    (0, 0): 0x2d06800538d394c2,
    (0, 0x1000): 0x4a64d1538a046f11,
    (1, 0): 0xc44bdff4074eecdb,
    (1, 0x1000): 0x9f00b850cf1e9c51,
    (3, 0): 0x5f4299fc161c9cbb,
    (3, 0x1000): 0xf763d33eaf5da5a3,
    (4, 0): 0x60dab036a58211f2,
    (4, 0x1000): 0x92a09318cb762470,
    (8, 0): 0x64d2d7af49d606ee,
    (8, 0x1000): 0x88c63f909a4c5a59,
    (9, 0): 0x7f94b2fa4b1bf043,
    (9, 0x1000): 0x044818d20cfc1d19,
    (16, 0): 0xe71cf23611c4af79,
    (16, 0x1000): 0x8c47aee38515b28c,
    (17, 0): 0xd2b944b526abd541,
    (17, 0x1000): 0x8634f42f8afafb37,
    (33, 0): 0x311e5343002a4a69,
    (33, 0x1000): 0x73f6cc846e7e4708,
    (128, 0): 0xe08fc82e28399db0,
    (128, 0x1000): 0x7ab4b53b4bacb4a5,
    (129, 0): 0x25a9714aa6f536ca,
    (129, 0x1000): 0x7568424e0a30b9cf,
    (240, 0): 0xd42edb10e2c6bfc8,
    (240, 0x1000): 0xd064f311492ae928,
    (241, 0): 0x712d30d4b709f6a1,
    (241, 0x1000): 0xdf84f5bff2d7095b,
    (504, 0): 0x88d9b950747b0f36,
    (504, 0x1000): 0x72aebd930af2ce7d,
    (1024, 0): 0xe476532b7605e1d2,
    (1024, 0x1000): 0x09c3a218c4b7d582,
    (1025, 0): 0x152f70f8905b4b4d,
    (1025, 0x1000): 0x31630db102f285a1,
    (300000, 0): 0x84fe4a806677c5c6,
    (300000, 0x1000): 0xe01b2950b96a6014,
}


class Xxh3(unittest.TestCase):
    def test_every_known_value_comes_out(self):
        for (size, seed), value in KNOWN.items():
            self.assertEqual(xxh3_64(DATA[:size], seed), value, (size, seed))

    def test_one_bit_changes_the_sum(self):
        for size in (1, 8, 16, 100, 200, 504, 2000):
            changed = bytearray(DATA[:size])
            changed[-1] ^= 1
            self.assertNotEqual(xxh3_64(changed), xxh3_64(DATA[:size]))


if __name__ == "__main__":
    unittest.main()
