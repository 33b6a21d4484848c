#!/usr/bin/env python3
"""shelf-cluster against the tests' server: each command, its exit status and what it says.
Arguments: the tool, and the note of postgres.sh."""
import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

TOOL, NOTE = sys.argv[1], Path(sys.argv[2])
PORT = NOTE.read_text().split()[0]
CONNECTION = f"host=127.0.0.1 port={PORT} user=postgres dbname=postgres"
SCHEMA = f"tool_{os.getpid()}"


def run(*words):
    done = subprocess.run([TOOL, *words], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


class Tool(unittest.TestCase):
    def test_init_then_status_then_again(self):
        self.assertEqual(run("status", CONNECTION, "--schema", SCHEMA)[0], 3)
        status, said, _ = run("init", CONNECTION, "--schema", SCHEMA)
        self.assertEqual((status, said), (0, f"schema {SCHEMA}: installed\nspace main: created\n"))
        _, said, _ = run("init", CONNECTION, "--schema", SCHEMA)
        self.assertEqual(said, f"schema {SCHEMA}: already installed\nspace main: already there\n")
        status, said, _ = run("status", CONNECTION, "--schema", SCHEMA)
        self.assertEqual(status, 0)
        self.assertIn(f"127.0.0.1:{PORT}/postgres, PostgreSQL ", said)
        self.assertIn(f"space     {SCHEMA}/main, commit 0", said)
        seen = json.loads(run("status", CONNECTION, "--schema", SCHEMA, "--json")[1])
        self.assertEqual((seen["seq"], seen["tables"], seen["primary"]), (0, [], True))

    def test_a_promise_that_is_not_kept_is_refused(self):
        run("init", CONNECTION, "--schema", SCHEMA)
        status, _, complaint = run("status", CONNECTION, "--schema", SCHEMA,
                                   "--promise", "synchronous")
        self.assertEqual(status, 1)
        self.assertIn("promises less than synchronous: fsync is off", complaint)

    def test_grant_gives_a_privilege_and_names_an_unknown_role(self):
        run("init", CONNECTION, "--schema", SCHEMA)
        status, said, _ = run("grant", CONNECTION, "postgres", "report", "--schema", SCHEMA)
        self.assertEqual((status, said), (0, "role postgres: granted report\n"))
        status, _, complaint = run("grant", CONNECTION, "no such role", "--schema", SCHEMA)
        self.assertEqual(status, 1)
        self.assertIn('role "no such role" does not exist', complaint)

    def test_dump_ddl_needs_no_server(self):
        status, said, _ = run("dump-ddl", "--schema", "elsewhere")
        self.assertEqual(status, 0)
        self.assertIn("CREATE SCHEMA elsewhere", said)
        self.assertEqual(run("dump-ddl", "--schema", "not a name")[0], 2)

    def test_passwords_are_never_shown(self):
        for connection in (f"{CONNECTION} password=hunter2 user=nobody_here",
                           f"postgresql://nobody_here:hunter2@127.0.0.1:{PORT}/none",
                           "host=127.0.0.1 port=1 password=hunter2", "password=hunter2 x"):
            status, said, complaint = run("status", connection)
            self.assertNotEqual(status, 0)
            self.assertNotIn("hunter2", said + complaint)

    def tearDown(self):
        clean = f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; " + "; ".join(
            f"DROP ROLE IF EXISTS {SCHEMA}_{role}" for role in ("owner", "app", "admin", "report"))
        psql = sorted(Path("/usr/lib/postgresql").glob("*/bin/psql"))[-1]
        subprocess.run([psql, "-q", CONNECTION, "-c", clean], check=True, capture_output=True)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
