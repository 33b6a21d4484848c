# What the tests of shelf-cluster share: a schema of its own for each test program, on the tests'
# server. Arguments of the programs: shelf-cluster, the note of postgres.sh, and shelf.
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOL, NOTE = sys.argv[1], Path(sys.argv[2])
SHELF = sys.argv[3] if len(sys.argv) > 3 else None
PORT = NOTE.read_text().split()[0]
CONNECTION = f"host=127.0.0.1 port={PORT} user=postgres dbname=postgres"
SCHEMA = f"tool_{os.getpid()}"
PSQL = sorted(Path("/usr/lib/postgresql").glob("*/bin/psql"))[-1]


def run(*words):
    done = subprocess.run([TOOL, *words], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def on_schema(command, *words, schema=SCHEMA):
    """A command on the schema of this program."""
    return run(command, CONNECTION, *words, "--schema", schema)


def sql(text):
    done = subprocess.run([PSQL, "-qAt", CONNECTION, "-c", text], check=True, capture_output=True,
                          text=True)
    return done.stdout.strip()


def remove(schema):
    sql(f"SET client_min_messages = error; DROP SCHEMA IF EXISTS {schema} CASCADE")
    for role in ("owner", "app", "admin", "report"):
        sql(f"DROP ROLE IF EXISTS {schema}_{role}")


class Ground(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.addCleanup(remove, SCHEMA)

    def works(self, *words):
        status, said, complaint = on_schema(*words)
        self.assertEqual((status, complaint), (0, ""), words)
        return said

    def fails(self, expected, *words):
        status, said, complaint = on_schema(*words)
        self.assertEqual((status, said), (expected, ""), complaint)
        return complaint

    def shelf(self, *words, text=None):
        done = subprocess.run([SHELF, *map(str, words)], input=text, capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout
