#!/usr/bin/env python3
"""What export writes, import reads back as the same terms: random schemas and values through every
format."""
import random
import struct

from tool import ToolTest, budgeted, main

FORMATS = (("rows.jsonl",), ("rows.csv",), ("rows.tsv",), ("rows.terms",), ("rows.hex",),
           ("rows.csv", "--no-header", "--separator", ";"),
           ("rows.tsv", "--separator", "|"))
TEXTS = [b"", b" ", b"plain", b"a,b;c\td|e", b'quo"ted', b'"', b'""', b"new\nline", b"\r",
         b"end\r\n", b"\\", b"\\n", b"\\t\\", "gr\u00fcn \U0001F600".encode(), b"\0\1\x7f", b"none",
         b"null", b"nil", b"true", b"5", b"#", b"'", b"{}", b"[1]", b"\xef\xbb\xbfmark",
         b"\xe2\x80\xa8", b"\xc2\x85", b"\x80", b"\xff\xfe", b'"\xff', b'{"$hex":"00ff"}',
         b'{"$hex":', b'{"$term":"a"}', b'{"$some":null}', b"-", b"2026-11-20T12:00:00Z",
         b"\x1b[2J"]
ATOMS = ["red", "'not so red'", "none", "some", "null", "true", "nil", "'$hex'", "'a,b'",
         "'gr\u00fcn'"]
NAMES = ["name", "age", "key", "value", "some", "'two words'", "'a,b'", "'gr\u00fcn'", "'x;\ty'",
         "'value.1'", "none", "'\"'"]


def text_of(content):
    """A binary as Erlang text, byte by byte."""
    return "<<" + ",".join(map(str, content)) + ">>"


class Types:
    """Random schemas, and for each what makes random values of it, as Erlang text."""

    def __init__(self, chance):
        self.chance = chance

    def content(self):
        if self.chance.random() < 0.8:
            return self.chance.choice(TEXTS)
        return bytes(self.chance.choices(range(256), k=self.chance.randrange(6)))

    def integer(self):
        return str(self.chance.choice([0, 1, -1, 255, 256, 2**31, -2**63, 2**63, 2**64 - 1,
                                       self.chance.randrange(-10**6, 10**6)]))

    def floating(self):
        bits = struct.pack("<Q", self.chance.getrandbits(64))
        number = self.chance.choice([0.0, -0.0, 1.0, -2.5, 1e300, 5e-324, 0.1,
                                     struct.unpack("<d", bits)[0]])
        number = number if abs(number) < 1e308 else 7.0  # neither infinite nor NaN
        text = repr(number)
        if "e" in text and "." not in text.partition("e")[0]:
            text = text.replace("e", ".0e")
        return text

    def time(self):
        return str(self.chance.choice([0, -1, 2**63 - 1, -2**63, 946782245000000000,
                                       self.chance.randrange(-10**18, 10**18)]))

    def term(self, depth=2):
        """Anything that a table keeps."""
        simple = [self.integer, self.floating, lambda: text_of(self.content()),
                  lambda: self.chance.choice(ATOMS), lambda: "<<5:3>>", lambda: str(10**30),
                  lambda: "[]", lambda: '"text"']
        if depth == 0 or self.chance.random() < 0.5:
            return self.chance.choice(simple)()
        inner = [self.term(depth - 1) for _ in range(self.chance.randrange(4))]
        return self.chance.choice([
            "{" + ",".join(inner) + "}", "[" + ",".join(inner) + "]",
            "#{" + ",".join(f"<<{65 + i}>> => {t}" for i, t in enumerate(inner)) + "}",
            "#{" + ",".join(f"{i} => {t}" for i, t in enumerate(inner)) + "}", "[1|x]"])

    def scalar(self):
        names = self.chance.sample(ATOMS, 3)
        return self.chance.choice([
            ("boolean", lambda: self.chance.choice(["true", "false"])),
            ("integer", self.integer), ("float", self.floating), ("nil", lambda: "nil"),
            ("binary", lambda: text_of(self.content())), ("any", self.term),
            ("binary(2)", lambda: text_of(self.chance.choice([b"ab", b"\xff\0", b'""', b"5\n"]))),
            (f"atom({', '.join(names)})", lambda: self.chance.choice(names)),
            ("integer(nanoseconds since 1970)", self.time),
            ("integer(milliseconds)", lambda: str(self.chance.randrange(-9, 9)))])

    def several(self, parts):
        """The types of parts, and what makes their values, comma-separated."""
        return (", ".join(p[0] for p in parts),
                lambda: ",".join(p[1]() for p in parts))

    def record(self, depth):
        names = self.chance.sample(NAMES, self.chance.randrange(1, 5))
        parts = [self.type(depth - 1) for _ in names]
        tag = self.chance.choice(["user", "'the tag'", "some", "none"])
        _, values = self.several(parts)
        fields = ", ".join(f"{n}: {p[0]}" for n, p in zip(names, parts))
        return f"{tag}{{{fields}}}", lambda: f"{{{tag},{values()}}}"

    def map(self, depth):
        key, value = self.chance.choice(["binary", "integer", "atom(a, b, c)", "nil"]), \
            self.type(depth - 1)
        keys = {"binary": sorted({text_of(t) for t in TEXTS}), "integer": ["1", "-5", str(2**40)],
                "atom(a, b, c)": ["a", "b", "c"], "nil": ["nil"]}[key]

        def values():
            chosen = self.chance.sample(keys, self.chance.randrange(min(4, len(keys) + 1)))
            return "#{" + ",".join(f"{k} => {value[1]()}" for k in chosen) + "}"
        return f"map({key}, {value[0]})", values

    def set(self):
        if self.chance.random() < 0.5:
            return "set(integer)", lambda: "[" + ",".join(map(str, sorted(
                self.chance.sample(range(-300, 300), 4)))) + "]"
        return "set(binary)", lambda: "[" + ",".join(map(text_of, sorted(
            self.chance.sample(TEXTS, 4)))) + "]"

    def one_of(self, depth):
        parts = [self.type(depth - 1) for _ in range(self.chance.randrange(1, 4))]
        return f"one_of({', '.join(p[0] for p in parts)})", \
            lambda: self.chance.choice(parts)[1]()

    def optional(self, depth):
        of, inner = self.type(depth - 1)
        return f"optional({of})", \
            lambda: "none" if self.chance.random() < 0.3 else f"{{some,{inner()}}}"

    def list(self, depth):
        of, inner = self.type(depth - 1)
        return f"list({of})", \
            lambda: "[" + ",".join(inner() for _ in range(self.chance.randrange(4))) + "]"

    def array(self, depth):
        of, inner = self.type(depth - 1)
        return f"array({of}, 2)", lambda: f"{{{inner()},{inner()}}}"

    def tuple(self, depth):
        of, values = self.several([self.type(depth - 1)
                                   for _ in range(self.chance.randrange(1, 4))])
        return f"{{{of}}}", lambda: f"{{{values()}}}"

    def named(self, depth):
        of, inner = self.type(depth - 1)
        return f"named(special, {of})", inner

    def type(self, depth):
        if depth == 0 or self.chance.random() < 0.35:
            return self.scalar()
        if self.chance.random() < 0.3:
            return self.optional(depth)
        make = self.chance.choice([self.record, self.map, self.one_of, self.list, self.array,
                                   self.tuple, self.named, lambda _: self.set()])
        return make(depth)


class RoundTrip(ToolTest):
    def through_every_format(self, kind, key, value, lines):
        for name in ("t.shelf", "again.shelf"):
            (self.path / name).unlink(missing_ok=True)
        self.shelf("create", "t.shelf", "--kind", kind, "--key", key, "--value", value)
        self.shelf("import", "t.shelf", "-", "--format", "erlang", given="".join(lines))
        expected = self.shelf("export", "t.shelf", "--format", "etf-hex", "--sort", "key").out
        for file, *how in FORMATS:
            self.shelf("export", "t.shelf", file, *how)
            ran = self.try_shelf("import", "again.shelf", file, "--kind", kind, "--key", key,
                                 "--value", value, *how)
            content = self.read(file).decode("utf-8", "backslashreplace")
            told = (kind, key, value, file, ran.errors, content[:3000])
            self.assertEqual(ran.status, 0, told)
            self.assertEqual(self.shelf("export", "again.shelf", "--format", "etf-hex", "--sort",
                                        "key").out, expected, told)
            (self.path / "again.shelf").unlink()

    def test_random_rows_of_random_types_come_back_in_every_format(self):
        for seed in range(budgeted(30)):
            types = Types(random.Random(seed))
            value, make = types.type(3)
            key = types.chance.choice(["integer", "{integer, binary}", "k{id: integer, x: nil}"])
            rest = {"integer": "{0}", "{integer, binary}": "{{{0},<<255>>}}",
                    "k{id: integer, x: nil}": "{{k,{0},nil}}"}[key]
            with self.subTest(seed=seed, value=value):
                self.through_every_format(
                    types.chance.choice(["set", "ordered_set"]), key, value,
                    [f"{{{rest.format(i)},{make()}}}.\n" for i in range(16)])

    def test_every_cell_type_alone_and_as_an_optional_comes_back_from_columns(self):
        for seed in range(budgeted(15)):
            types = Types(random.Random(1000 + seed))
            parts = [types.scalar() for _ in range(3)]
            parts += [(f"optional({of})", lambda make=make, types=types: "none" if
                       types.chance.random() < 0.3 else f"{{some,{make()}}}")
                      for of, make in parts]
            of, values = types.several([(f"f{i}: {p[0]}", p[1]) for i, p in enumerate(parts)])
            with self.subTest(seed=seed, value=of):
                self.through_every_format("ordered_set", "integer", f"row{{{of}}}",
                                          [f"{{{i},{{row,{values()}}}}}.\n" for i in range(40)])

    def test_bytes_that_are_no_utf_8_come_back_as_a_column_of_optional_text(self):
        lines = [f"{{{i},{{row,{{some,{text_of(t)}}}}}}}.\n" for i, t in enumerate(TEXTS)]
        self.through_every_format("ordered_set", "integer", "row{t: optional(binary)}",
                                  [*lines, "{1000,{row,none}}.\n"])


if __name__ == "__main__":
    main()
