#!/usr/bin/env python3
"""Names, schemas and contents that want to steer a terminal: no command lets them, and all JSON
stays valid."""
import json
import re
import subprocess

from tool import SHELF, ToolTest, main

EVIL = "\x1b[2J\x1b]0;owned\x07\r\x7f\u202e\u0085\u2028\b"
RAW = EVIL.encode() + b"\x9b31m\xff"
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
SCHEMA = (f"'user{EVIL}'".encode() + b"{'na" + RAW + b"me': binary, 'age" + EVIL.encode() +
          b"': optional(binary), '\xff': integer}")


class Hostile(ToolTest):
    def setUp(self):
        super().setUp()
        self.file = b"t" + RAW + b".shelf"
        self.run_raw(b"create", self.file, b"--kind", b"ordered_set", b"--key", b"binary",
                     b"--value", SCHEMA, status=0)
        row = json.dumps([f"key{EVIL}", [f"v{EVIL}", EVIL, 7]])
        self.run_raw(b"import", self.file, b"-", given=row.encode() + b"\n", status=0)

    def run_raw(self, *words, given=b"", status=None):
        done = subprocess.run([SHELF.encode(), *words], cwd=self.path, input=given,
                              capture_output=True, check=False, timeout=60)
        if status is not None:
            self.assertEqual(done.returncode, status, done.stderr)
        return done

    def assert_tame(self, text, words):
        shown = text.decode("utf-8") if isinstance(text, bytes) else text
        self.assertIsNone(CONTROL.search(shown), (words, shown))

    def commands(self):
        """Every command, with what steers wherever something can stand: (words, input)."""
        f, key, other = self.file, f"key{EVIL}".encode(), b"o" + RAW
        yield from (((f,), b""), ((b"info", f), b""), ((b"get", f, key), b""),
                    ((b"get", f, RAW), b""), ((b"get", f, b"--term", RAW), b""),
                    ((b"count", f), b""), ((b"count", f, b"--where", RAW + b"=1"), b""),
                    ((b"count", f, b"--where", RAW), b""), ((b"list", f), b""),
                    ((b"list", f, b"--columns", RAW), b""), ((b"list", f, b"--sort", RAW), b""),
                    ((b"list", f, b"--term"), b""), ((b"list", f, b"--limit", RAW), b""),
                    ((b"list", f, b"--from", RAW, b"--reverse"), b""),
                    ((b"diff", f, f), b""), ((b"diff", f, other), b""),
                    ((b"watch", f, b"--rounds", b"1"), b""),
                    ((b"create", f), b""), ((b"create", other, b"--key", RAW), b""),
                    ((b"put", f, RAW, RAW), b""), ((b"put", f, b"k"), RAW),
                    ((b"put", f, b"k", b'["", null, "\\u001b"]'), b""),
                    ((b"put", f, b"k", b"--term", b"'" + EVIL.encode() + b"'"), b""),
                    ((b"put", f, b"--new", key, b'["a", null, 1]'), b""),
                    ((b"delete", f, RAW), b""), ((b"delete", f, key, b"[\"\", null, 1]"), b""),
                    ((b"take", f, RAW), b""), ((b"take", f, b"k"), b""),
                    ((b"list", f, b"--limit", b"1", b"--page", b""), b""),
                    ((b"list", f, b"--limit", b"1", b"--page", RAW), b""),
                    ((b"import", f, other), b""), ((b"import", f, b"-"), RAW + b"\n"),
                    ((b"import", f, b"-"), b'{"key": "' + EVIL.encode() + b'", "value": 1}\n'),
                    ((b"import", f, b"-"), json.dumps({EVIL: 1}).encode() + b"\n"),
                    ((b"import", f, b"-"), json.dumps([1, {EVIL: 1}]).encode() + b"\n"),
                    ((b"import", f, b"-"), b'{"\xff": 1}\n'),
                    ((b"import", f, b"-", b"--format", b"csv"), b"key," + RAW + b"\n1,2\n"),
                    ((b"import", f, b"-", b"--format", b"csv", b"--no-header", b"--skip-bad"),
                     b"a," + EVIL.encode() + b",b," + RAW + b"\n" + RAW + b"\n"),
                    ((b"import", f, b"-", b"--format", b"erlang"), b"{" + RAW + b"}.\n"),
                    ((b"import", f, b"-", b"--format", b"etf-hex"), RAW + b"\n"),
                    ((b"import", f, b"-", b"--new"),
                     json.dumps([f"key{EVIL}", ["", None, 1]]).encode() + b"\n"),
                    ((b"import", f, b"-", b"--key", RAW), b""),
                    ((b"import", f, b"-", b"--key", b"integer"), b""),
                    ((b"export", f, b"no" + RAW + b"/x.csv"), b""), ((b"export", f, other), b""),
                    ((b"export", f, f, b"--format", b"csv"), b""),
                    ((b"export", f, b"--format", b"csv", b"--columns", RAW), b""),
                    ((b"export", f, b"--format", b"csv"), b""),
                    ((b"export", f, b"--format", b"tsv"), b""), ((b"export", f), b""),
                    ((b"export", f, b"--format", b"erlang"), b""),
                    ((b"convert", f, other), b""), ((b"convert", f, b"c" + RAW + b".dets"), b""),
                    ((b"info", b"c" + RAW + b".dets"), b""),
                    ((b"list", b"c" + RAW + b".dets"), b""),
                    ((b"check", b"c" + RAW + b".dets"), b""),
                    ((b"copy", f, b"copy" + RAW), b""), ((b"copy", f, f), b""),
                    ((b"backup", f, b"backup" + RAW), b""), ((b"backup", f, f), b""),
                    ((b"backup", f, b"b", b"--since", RAW), b""),
                    ((b"restore", b"backup" + RAW, b"restored" + RAW), b""),
                    ((b"restore", f, f), b""), ((b"restore", f, b"r", b"-i", RAW), b""),
                    ((b"check", f), b""), ((b"check", other), b""),
                    ((b"salvage", f, b"s" + RAW), b""), ((b"salvage", f, f), b""),
                    ((b"compact", f), b""),
                    ((b"migrate", f, b"--drop", RAW), b""),
                    ((b"migrate", f, b"--rename", RAW + b"=" + RAW), b""),
                    ((b"migrate", f, b"--default", RAW), b""),
                    ((b"migrate", f, b"--default", b"x: " + RAW + b" = 1"), b""),
                    ((b"migrate", f, b"--default", b"x: integer = " + RAW), b""),
                    ((b"migrate", f, b"--record", RAW), b""),
                    ((b"migrate", f, b"--default", b"x: integer = 1", b"--dry-run"), b""),
                    ((b"bench", RAW), b""), ((RAW,), b""), ((RAW, RAW, RAW), b""),
                    ((b"get", f, key, RAW, RAW), b""), ((b"list", f, b"--" + RAW), b""),
                    ((b"create", other, b"--kind", RAW), b""),
                    ((b"completion", RAW), b""), ((b"remove", f), b""),
                    ((b"remove", f, b"--yes"), b""))

    # What others read from a pipe is what the table holds; a terminal gets it tamed (below).
    DATA = ({b"get"}, {b"csv", b"tsv", b"erlang"}, {b"--term"})

    def test_standard_error_and_json_are_tame_in_a_pipe(self):
        for words, given in self.commands():
            ran = self.run_raw(*words, given=given)
            self.assertLessEqual(ran.returncode, 3, (words, ran.stderr))
            self.assert_tame(ran.stderr, words)
            if any(data & set(words) for data in self.DATA):
                continue
            self.assert_tame(ran.stdout, words)
            if words[0] not in (b"completion", b"man"):
                for line in ran.stdout.splitlines():
                    json.loads(line)

    def test_errors_in_json_are_json(self):
        for words, given in self.commands():
            if b"--term" in words or words[0] in (b"completion", RAW):
                continue
            ran = self.run_raw(*words, b"--json", given=given)
            self.assert_tame(ran.stderr, words)
            if words[0] != b"export":
                self.assert_tame(ran.stdout, words)
            for line in ran.stderr.splitlines():
                # Bad rows that were left out, and what the command line means, are sentences.
                if not line.startswith(b"shelf: ") and ran.returncode != 2:
                    self.assertIn("error", json.loads(line), words)

    def test_a_terminal_is_shown_nothing_that_steers_it(self):
        for words, given in self.commands():
            if given or b"-" in words or (words[0] == b"put" and len(words) == 3):
                continue
            told = self.on_terminal_raw(*words)
            self.assert_tame(told, words)

    def on_terminal_raw(self, *words):
        """What a terminal gets that the tool itself sends nothing but text."""
        line = b" ".join(b"'" + w.replace(b"'", b"'\\''") + b"'" for w in [SHELF.encode(), *words])
        (self.path / "run.sh").write_bytes(line + b" < /dev/null\n")
        return self.on_terminal("run.sh", program="/bin/sh",
                                environment={"TERM": "dumb"}).raw.decode("utf-8")

    def test_progress_bars_are_tame(self):
        rows = "".join(json.dumps([f"{i}", ["x" * 100, None, i]]) + "\n" for i in range(5000))
        self.run_raw(b"import", self.file, b"-", given=rows.encode(), status=0)
        line = b"'" + SHELF.encode() + b"' check '" + self.file + b"'\n"
        (self.path / "run.sh").write_bytes(line)
        told = self.on_terminal("run.sh", program="/bin/sh", environment={
            "SHELF_PROGRESS_AFTER_MS": "0", "NO_COLOR": "1"}).out
        self.assertIn("checking t\\x1b[2J", told)
        self.assert_tame(told.replace("\r", "").replace("\x1b[K", ""), "check")

    def test_rows_with_fields_of_no_utf_8_come_back(self):
        for name in (b"r.jsonl", b"r.csv", b"r.tsv", b"r.terms"):
            self.run_raw(b"export", self.file, name, status=0)
            self.run_raw(b"import", b"again" + name, name, b"--kind", b"ordered_set", b"--key",
                         b"binary", b"--value", SCHEMA, status=0)
            self.run_raw(b"diff", self.file, b"again" + name, status=0)


if __name__ == "__main__":
    main()
