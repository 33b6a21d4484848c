# What the tests of the tool stand on: a directory of its own for each test, the tool run in a pipe
# or on a terminal.
import fcntl
import json
import os
import pty
import re
import resource
import struct
import subprocess
import tempfile
import termios
import unittest
from pathlib import Path

SHELF = os.environ["SHELF"]

# Address sanitizer keeps freed memory aside; little of it, so that memory can be measured.
os.environ.setdefault("ASAN_OPTIONS", "quarantine_size_mb=4")

OK, REFUSED, USAGE, NOT_FOUND = 0, 1, 2, 3
USER = "user{name: binary, mail: optional(binary), age: integer}"


def budgeted(usual):
    """As test/budget.hpp: `usual`, scaled by SHELF_TEST_BUDGET, in per cent."""
    return max(1, usual * int(os.environ.get("SHELF_TEST_BUDGET", "100")) // 100)


def cpu_seconds():
    """What all runs of the tool so far have cost, however busy the machine is."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def read_terminal(terminal):
    """What a terminal got since; nothing once no process has it open."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


class Ran:
    """A finished run: status, output, errors; the output also as JSON, a value a line."""

    def __init__(self, status, out, errors):
        self.status, self.raw, self.errors = status, out, errors.decode("utf-8", "replace")
        self.out = out.decode("utf-8", "replace")

    @property
    def json(self):
        return [json.loads(line) for line in self.out.split("\n") if line]


class ToolTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="shelf-tool-")
        self.addCleanup(scratch.cleanup)
        self.path = Path(scratch.name)

    def try_shelf(self, *words, given=b"", environment=None):
        given = given.encode() if isinstance(given, str) else given
        done = subprocess.run([SHELF, *map(str, words)], cwd=self.path, input=given,
                              capture_output=True, check=False, timeout=120,
                              env={**os.environ, **(environment or {})})
        return Ran(done.returncode, done.stdout, done.stderr)

    def shelf(self, *words, given=b"", status=OK):
        """Runs the tool, which must end with `status`."""
        ran = self.try_shelf(*words, given=given)
        self.assertEqual(ran.status, status, f"{words}: {ran.errors}{ran.out[:500]}")
        if status == OK:
            self.assertEqual(ran.errors, "", words)
        else:
            self.assertNotIn("terminate called", ran.errors)
        return ran

    def refused(self, *words, status=REFUSED, says=(), given=b""):
        """Runs the tool, which must refuse with one sentence that has all of `says` in it."""
        ran = self.shelf(*words, status=status, given=given)
        for piece in [says] if isinstance(says, str) else says:
            self.assertIn(piece, ran.errors)
        self.assertTrue(ran.errors, words)
        return ran

    def on_terminal(self, *words, columns=80, typed=b"", environment=None, program=None):
        """Runs the tool with input, output and errors on a terminal; what the terminal got.
        `program`: another than the tool, such as a shell that runs it."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        setting = {**os.environ, "TERM": "xterm", **(environment or {})}
        if environment is None:
            setting.pop("NO_COLOR", None)
        with subprocess.Popen([program or SHELF, *map(str, words)], cwd=self.path, stdin=theirs,
                              stdout=theirs, stderr=theirs, env=setting,
                              start_new_session=True) as process:
            os.close(theirs)
            if typed:
                os.write(ours, typed)
            seen = b"".join(iter(lambda: read_terminal(ours), b""))
            status = process.wait(timeout=60)
        os.close(ours)
        return Ran(status, seen.replace(b"\r\n", b"\n"), b"")

    def write(self, name, content):
        data = content if isinstance(content, bytes) else content.encode()
        (self.path / name).write_bytes(data)
        return name

    def read(self, name):
        return (self.path / name).read_bytes()

    def make(self, name, kind, key, value, rows=(), *how):
        """A table with these rows, given as pairs; `how`: more words for import."""
        self.shelf("create", name, "--kind", kind, "--key", key, "--value", value)
        if rows:
            lines = "".join(json.dumps({"key": k, "value": v}) + "\n" for k, v in rows)
            self.shelf("import", name, "-", *how, given=lines)
        return name

    def most_memory(self, *words):
        """The highest resident size, in MiB, of one run that ends well."""
        process = subprocess.Popen([SHELF, *map(str, words)], cwd=self.path,
                                   stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, OK, words)
        return used.ru_maxrss / 1024

    def users(self, name="users.shelf"):
        return self.make(name, "ordered_set", "integer", USER, [
            (1, {"name": "alice", "mail": "alice@example.org", "age": 30}),
            (2, {"name": "bob", "mail": None, "age": 41}),
            (3, {"name": "carol", "mail": "", "age": 19})])


def without_colours(text):
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)


def main():
    unittest.main(verbosity=1)
