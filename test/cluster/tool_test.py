#!/usr/bin/env python3
"""shelf-cluster against the tests' server: each command, its exit status and what it says."""
import json
import subprocess
import sys
import unittest

from tool_ground import CONNECTION, PORT, SCHEMA, TOOL, Ground, on_schema, run, sql


class Tool(Ground):
    def test_init_then_status_then_again(self):
        self.assertEqual(on_schema("status")[0], 3)
        self.assertEqual(self.works("init"),
                         f"schema {SCHEMA}: installed\nspace main: created\n")
        self.assertEqual(self.works("init"),
                         f"schema {SCHEMA}: already installed\nspace main: already there\n")
        said = self.works("status")
        self.assertIn(f"127.0.0.1:{PORT}/postgres, PostgreSQL ", said)
        self.assertIn(f"space     {SCHEMA}/main, commit 0", said)
        seen = json.loads(self.works("status", "--json"))
        self.assertEqual((seen["seq"], seen["tables"], seen["primary"]), (0, [], True))

    def test_a_promise_that_is_not_kept_is_refused(self):
        self.works("init")
        complaint = self.fails(1, "status", "--promise", "synchronous")
        self.assertIn("promises less than synchronous: fsync is off", complaint)

    def test_grant_gives_a_privilege_and_names_an_unknown_role(self):
        self.works("init")
        self.assertEqual(self.works("grant", "postgres", "report"),
                         "role postgres: granted report\n")
        self.assertIn('role "no such role" does not exist', self.fails(1, "grant", "no such role"))

    def test_dump_ddl_needs_no_server(self):
        status, said, _ = run("dump-ddl", "--schema", "elsewhere")
        self.assertEqual(status, 0)
        self.assertIn("CREATE SCHEMA elsewhere", said)
        self.assertEqual(run("dump-ddl", "--schema", "not a name")[0], 2)

    def test_passwords_are_never_shown(self):
        for connection in (f"{CONNECTION} password=hunter2 user=nobody_here",
                           f"postgresql://nobody_here:hunter2@127.0.0.1:{PORT}/none",
                           "host=127.0.0.1 port=1 password=hunter2", "password=hunter2 x"):
            for command in ("status", "check", "log"):
                status, said, complaint = run(command, connection)
                self.assertNotEqual(status, 0)
                self.assertNotIn("hunter2", said + complaint)

    def test_every_command_has_a_help_text_and_refuses_nonsense(self):
        commands = ("init", "status", "grant", "dump-ddl", "add-table", "drop-table", "export",
                    "import", "log", "check", "trim")
        for command in commands:
            status, said, _ = run(command, "--help")
            self.assertEqual(status, 0)
            self.assertIn("--schema", said)
            self.assertEqual(run(command, CONNECTION, "--nonsense")[0], 2, command)
        self.assertEqual(run("nonsense")[0], 2)

    def test_what_is_not_there_has_a_status_of_its_own(self):
        for words in (("add-table", "t"), ("drop-table", "t"), ("export", "f.shelf"), ("log",),
                      ("check",), ("trim",)):
            self.assertIn("is not installed; run `shelf-cluster init`", self.fails(3, *words))
        self.works("init")
        self.assertIn("there is no space 'other'", self.fails(3, "check", "--space", "other"))

    def test_add_table_takes_types_as_shelf_create_does(self):
        self.works("init")
        users = ("add-table", "users", "--kind", "ordered_set", "--key", "int", "--value",
                 "user{name:string,mail:optional( binary )}")
        self.assertEqual(self.works(*users), "table 'users': created\n")
        self.assertEqual(self.works(*users), "table 'users': already there\n")
        self.assertEqual(sql(f"SELECT kind, convert_from(key_schema, 'UTF8'),"
                             f" convert_from(value_schema, 'UTF8') FROM {SCHEMA}.tables"),
                         "2|integer|user{name: binary, mail: optional(binary)}")
        self.assertIn("is already there as ordered_set", self.fails(1, "add-table", "users"))
        self.assertIn("is already there with keys of type integer",
                      self.fails(1, "add-table", "users", "--kind", "ordered_set"))
        self.assertIn("--value:", self.fails(2, "add-table", "bad", "--value", "user{"))
        self.fails(2, "add-table", "bad", "--kind", "heap")
        self.assertEqual(self.works("drop-table", "users"), "table 'users': dropped\n")
        self.assertIn("there is no table 'users'", self.fails(3, "drop-table", "users"))
        self.assertIn("not a name for a table", self.fails(1, "add-table", ""))

    def fill(self):
        """Three commits in two tables."""
        self.works("init")
        dump = self.folder / "dump.jsonl"
        dump.write_text('{"table":"ages","kind":"set","key":"binary","value":"integer"}\n'
                        '{"table":"od","kind":"ordered_set","key":"any","value":"any"}\n'
                        '{"table":"ages","key":"alice","value":30}\n'
                        '{"table":"od","key":{"$term":"{a,1}"},"value":"x"}\n')
        self.shelf("load", self.folder / "few.shelf", dump)
        self.works("import", str(self.folder / "few.shelf"))

    def test_log_shows_commits_with_names_and_terms(self):
        self.fill()
        lines = [json.loads(line) for line in self.works("log").splitlines()]
        self.assertEqual([line["seq"] for line in lines], [1, 2, 3])
        self.assertEqual(lines[0]["changes"], [{"table": "ages", "change": "table_created"}])
        self.assertEqual(lines[2]["changes"],
                         [{"table": "ages", "change": "put", "key": "alice", "value": 30},
                          {"table": "od", "change": "put", "key": {"$term": "{a,1}"},
                           "value": "x"}])
        self.works("drop-table", "ages")
        last = json.loads(self.works("log", "--since", "3"))
        self.assertEqual(last["changes"], [{"table": "ages", "change": "table_dropped"}])
        self.assertEqual(len(self.works("log", "--since", "1", "--limit", "2").splitlines()), 2)
        self.assertEqual(json.loads(self.works("log", "--limit", "1"))["seq"], 4)
        self.assertEqual(self.works("log", "--since", "4"), "")
        self.assertIn("the log has no commit 99", self.fails(3, "log", "--since", "99"))

    def test_log_follow_goes_on_with_what_is_committed_later(self):
        self.works("init")
        with subprocess.Popen([TOOL, "log", CONNECTION, "--schema", SCHEMA, "--follow", "--since",
                               "0", "--limit", "2"], stdout=subprocess.PIPE, text=True) as follower:
            self.works("add-table", "one")
            self.assertEqual(json.loads(follower.stdout.readline())["seq"], 1)
            self.works("add-table", "two")
            self.assertEqual(json.loads(follower.stdout.readline())["seq"], 2)
            self.assertEqual(follower.wait(timeout=60), 0)

    def test_check_finds_a_sound_space_sound(self):
        self.fill()
        self.assertEqual(self.works("check"), "sound: 2 entries of 2 tables, 4 commits of the log,"
                                              " up to commit 3\n")
        self.works("drop-table", "ages")
        self.assertIn("1 entry of 1 table", self.works("check"))

    def test_check_finds_each_fault(self):
        log, entries = f"{SCHEMA}.commits", f"{SCHEMA}.entries"
        faults = (
            (f"DELETE FROM {log} WHERE seq = 1", "which should be 4"),
            (f"UPDATE {SCHEMA}.spaces SET nonce = gen_random_uuid()",
             "the last commit of the log is not the last one of the space"),
            (f"UPDATE {entries} SET content = '\\x6a' WHERE term IS NULL",
             "table 'ages': expected integer"),
            (f"UPDATE {entries} SET content = '\\xff'", "table 'od'"),
            (f"UPDATE {entries} SET key = key || '\\x00' WHERE term IS NOT NULL",
             "a sort key is not the one of its term"),
            (f"INSERT INTO {entries} SELECT store, 2, version, key, 'x', term, content"
             f" FROM {entries} WHERE term IS NULL", "table 'ages': an entry is there twice"),
            (f"UPDATE {log} SET contents = ARRAY['\\x6a', '\\x6a']::bytea[] WHERE seq = 3",
             "commit 3: table 'ages': expected integer"),
            (f"UPDATE {log} SET tables = ARRAY[999, 999] WHERE seq = 3",
             "commit 3: it is about table 999, which is not there"))
        self.fill()
        for change, expected in faults:
            with self.subTest(change=change):
                saved = sql(f"CREATE TABLE {SCHEMA}.kept_log AS TABLE {log};"
                            f" CREATE TABLE {SCHEMA}.kept_entries"
                            f" AS TABLE {entries}; SELECT nonce FROM {SCHEMA}.spaces")
                sql(change)
                complaint = self.fails(1, "check")
                self.assertIn(expected, complaint)
                sql(f"TRUNCATE {log}, {entries}; INSERT INTO {log} TABLE {SCHEMA}.kept_log;"
                    f" INSERT INTO {entries} TABLE {SCHEMA}.kept_entries;"
                    f" UPDATE {SCHEMA}.spaces SET nonce = '{saved}';"
                    f" DROP TABLE {SCHEMA}.kept_log, {SCHEMA}.kept_entries")
        self.works("check")

    def test_trim_keeps_what_it_is_told_to_and_refuses_what_nodes_need(self):
        self.fill()
        self.assertEqual(self.works("trim"), "commits kept: 3, before 3\n")
        self.assertIn("--force trims anyway", self.fails(2, "trim", "--keep", "1"))
        self.assertIn("--older-than:", self.fails(2, "trim", "--older-than", "soon"))
        self.assertEqual(self.works("trim", "--keep", "2", "--older-than", "1ms", "--force"),
                         "commits kept: 1, before 3\n")
        self.assertIn("2 commits of the log", self.works("check"))
        self.assertEqual(len(self.works("log").splitlines()), 1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
