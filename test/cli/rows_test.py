#!/usr/bin/env python3
"""import and export: what goes out comes back, bad input is named, memory stays small."""
import csv
import fcntl
import io
import json
import random
import signal
import subprocess
import termios
import time
from pathlib import Path

from tool import NOT_FOUND, REFUSED, SHELF, USAGE, USER, ToolTest, budgeted, main

FORMATS = {"jsonl": "rows.jsonl", "csv": "rows.csv", "tsv": "rows.tsv", "erlang": "rows.terms",
           "etf-hex": "rows.hex"}
NAMES = {file: name for name, file in FORMATS.items()}
MARKS = b'"{}[]()<>#$%\\\'.,:;|-\0\xff\n\t'
TEXTS = ["", " ", "plain", "a,b;c\td", 'quo"ted', '"', '""', "new\nline", "\r", "end\r\n",
         "\\", "\\n", "\\t\\", "gr\u00fcn", "\U0001F600", "\x00\x01\x7f", "none", "null",
         "#", "'", "{}", "[1]", "\ufeffmark", "\u2028"]
VECTORS = Path(__file__).resolve().parent.parent / "data" / "etf.tsv"


def imported(added, replaced=0, unchanged=0, rejected=0):
    """What an import answers."""
    return {"imported": added + replaced + unchanged, "added": added, "replaced": replaced,
            "unchanged": unchanged, "rejected": rejected}


def is_waiting_for_input(process):
    """Waits until the process has read all of its pipe and sleeps; false if it does not within
    20 seconds."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        unread = fcntl.ioctl(process.stdin, termios.FIONREAD, bytes(4))
        # The state follows the name in parentheses.
        state = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
        if unread == bytes(4) and state == "S":
            return True
        time.sleep(0.001)  # sleeps: polls until a deadline
    return False


class RoundTrip(ToolTest):
    def setUp(self):
        super().setUp()
        self.told = {}

    def through(self, name, file, *how):
        """Exports a table, imports that into a new one, and compares the two."""
        if name not in self.told:
            self.told[name] = self.shelf("info", name).json[0]
        told = self.told[name]
        self.shelf("export", name, file, *how)
        (self.path / "again.shelf").unlink(missing_ok=True)
        ran = self.shelf("import", "again.shelf", file, "--kind", told["kind"], "--key",
                         told["key"], "--value", told["value"], "--force", *how)
        self.assertEqual(ran.json, [imported(told["entries"])])
        self.shelf("diff", name, "again.shelf")

    def test_difficult_texts_come_back_in_every_format(self):
        self.make("t.shelf", "duplicate_bag", "binary", "binary",
                  [(k, v) for k in TEXTS for v in TEXTS])
        for file in FORMATS.values():
            self.through("t.shelf", file)
        self.through("t.shelf", "rows.csv", "--separator", ";", "--no-header")

    def test_a_lone_column_of_difficult_texts_comes_back(self):
        self.make("t.shelf", "ordered_set", "binary", "nil", [(k, None) for k in TEXTS])
        for how in (("--no-header",), ()):
            self.through("t.shelf", "rows.csv", "--columns", "key", *how)
            self.through("t.shelf", "rows.tsv", "--columns", "key", *how)

    def test_every_type_comes_back_in_every_format(self):
        types = {
            "boolean": [True, False], "float": [0.0, -2.5, 1e300, 5e-324],
            "integer": [0, -1, 255, 256, 2**31, -2**63, 2**64, 10**40],
            "nil": [None], "atom(red, 'not so red')": ["red", "not so red"],
            "optional(binary)": [None, *TEXTS], "optional(integer)": [None, 5],
            "optional(optional(integer))": [None, {"$some": None}, 5],
            "optional(nil)": [None, {"$some": None}],
            "list(binary)": [[], TEXTS], "list(integer)": [[], [1, 2, 255], [256]],
            "set(integer)": [[], [3, 1, 2]],
            "map(binary, integer)": [{}, {"a": 1, "": 2}, {"$hex": 1}],
            "map(integer, binary)": [[[1, "a"]], []], "array(integer, 2)": [[1, 2]],
            "{integer, {binary, boolean}}": [[1, ["x", True]]],
            "one_of(nil, integer, binary)": [None, 1, "1", "nil", ""],
            "one_of(atom(a), binary)": ["a", {"$term": "<<\"a\">>"}, "b"],
            "one_of(point{x: integer}, point3{x: integer})": [{"x": 1}, {"$term": "{point3,1}"}],
            "nothing{}": ["nothing"], "binary(2)": ["ab", {"$hex": "ff00"}],
            "named(ip, integer)": [5], "one{'$hex': binary}": [["00"]],
            "tree{value: integer, children: list(tree{...})}":
                [{"value": 1, "children": [{"value": 2, "children": []}]}],
            "integer(nanoseconds since 1970)": [0, -1, 2**63 - 1, -2**63, 946782245000000000],
            "integer(milliseconds)": [5],
            USER: [{"name": n, "mail": m, "age": 3} for n in TEXTS for m in [None, *TEXTS]],
            "any": [0, 1.5, "x", True, None, [], [1, [2]], {}, {"a": {"b": []}}, {"$hex": "ff"},
                    {"$term": "{a,'B c',[x|y],<<1:3>>,#{1 => 2}}"}, {"$term": "nil"},
                    {"$term": "#{<<\"$term\">> => <<\"x\">>}"}, 10**100, -10**250,
                    {"$term": "-1" + "0" * 400}],
        }
        for at, (value, examples) in enumerate(types.items()):
            name = self.make(f"t{at}.shelf", "ordered_set", "integer", value,
                             list(enumerate(examples)), "--force")
            told = [json.dumps(r["value"]) for r in self.shelf("list", name).json]
            plain = [json.dumps(e) for e in examples]
            if not value.startswith(("set(", "integer(nano", "any", "map(binary")):
                self.assertEqual(told, plain, value)
            for file in ("rows.csv", "rows.jsonl")[:budgeted(2)]:  # the others know no types
                self.through(name, file)

    def test_the_library_s_own_vectors_of_terms_come_back_as_json_and_as_erlang_text(self):
        lines = [line.split("\t") for line in VECTORS.read_text("utf-8").splitlines()]
        good = [(w[0], w[1]) for w in lines if len(w) > 2 and w[2] == "ok"]
        self.assertGreater(len(good), 50)
        self.shelf("create", "terms.shelf", "--key", "integer", "--value", "any")
        rows = []
        for number, (_, encoded) in enumerate(good):
            # {Number, Term}
            if number < 256 and encoded.startswith("83") and not encoded.startswith("8350"):
                rows.append(f"83680261{number:02x}{encoded[2:]}")
        ran = self.try_shelf("import", "terms.shelf", "-", "--format", "etf-hex", "--skip-bad",
                             given="\n".join(rows))
        self.assertIn("cannot be stored", ran.errors)
        kept = int(self.shelf("count", "terms.shelf").out)
        self.assertGreater(kept, 50, ran.errors)
        for file in FORMATS.values():
            self.through("terms.shelf", file)

    def test_random_rows_come_back_and_are_what_python_s_csv_module_reads(self):
        chance = random.Random(7)
        letters = 'ab,;"\n\t\\ \u00e4'
        rows = [(i, {"name": "".join(chance.choices(letters, k=chance.randrange(8))),
                     "mail": chance.choice([None, "x@y"]), "age": chance.randrange(100)})
                for i in range(500)]
        self.make("r.shelf", "ordered_set", "integer", USER, rows)
        self.shelf("export", "r.shelf", "r.csv")
        read = list(csv.DictReader(io.StringIO(self.read("r.csv").decode(), newline="")))
        self.assertEqual([(int(r["key"]), r["name"], r["mail"], int(r["age"])) for r in read],
                         [(k, v["name"], v["mail"] or "", v["age"]) for k, v in rows])
        out = io.StringIO(newline="")
        writer = csv.writer(out)
        writer.writerow(["age", "key", "name", "mail"])
        writer.writerows([v["age"], k, v["name"], v["mail"]] for k, v in rows)
        self.write("other.csv", out.getvalue())
        self.shelf("import", "other.shelf", "other.csv", "--kind", "ordered_set", "--key",
                   "integer", "--value", USER)
        self.shelf("diff", "r.shelf", "other.shelf")


class Import(ToolTest):
    def importing(self, name, content, *how, **rest):
        self.write(name, content)
        return self.refused("import", "users.shelf", name, *how, **rest)

    def test_the_first_bad_input_is_named_by_file_line_and_column_and_nothing_is_imported(self):
        self.users()
        good = '{"key": 7, "value": {"name": "x", "mail": null, "age": 1}}\n'
        for name, content, place in (
                ("a.jsonl", good + '{"key": 8, "value": {"name": "x", "age": "old"}}\n', "2:42"),
                ("b.jsonl", good + "\n" + '{"key": 8,\n', "3:"),
                ("c.jsonl", '{"key": 8, "value": 5}', "1:21"),
                ("d.jsonl", '{"key": 1, "key": 2}', "1:12"),
                ("e.jsonl", good + '{"k\u00fcy": 8}', "2:9"),
                ("f.csv", "key,name,mail,age\n7,x,,1\n8,y,,old\n", "3:6"),
                ("g.csv", "key,name,mail,age\n7,x,,1\n8,\"y\n", "3:3"),
                ("h.csv", "key,name,mail,age\n7,\"\u00fc\nx\",,1,2\n", "3:7"),
                ("i.tsv", "key\tname\tmail\tage\n7\tx\t\n", "2:5"),
                ("j.terms", "{7,{user,<<\"x\">>,none,1}}.\n% \u00fc\n{8,\n  {user,x,none,1}}.\n",
                 "3:1"),
                ("k.terms", "{7,{user,<<\"x\">>,none,1}}.\n{8,\n  [}.\n", "3:4"),
                ("l.terms", "{7,{user,<<\"x\">>,none,1}}", "1:"),
                ("m.hex", "8368026107\n", "1:1"),
                ("n.hex", "83xx\n", "1:3")):
            ran = self.importing(name, content, says=[f"{name}:{place}", "nothing was imported"])
            self.assertEqual(ran.errors.count("\n"), 1)
            self.assertEqual(self.shelf("count", "users.shelf").out, "3\n", name)

    def test_a_failed_import_leaves_no_new_file(self):
        self.write("a.jsonl", '{"key": 1, "value": 1}\n{"key": x}\n')
        self.refused("import", "new.shelf", "a.jsonl", "--kind", "set", says="a.jsonl:2:9")
        self.assertEqual([p.name for p in self.path.iterdir()], ["a.jsonl"])

    def test_a_full_disk_is_no_bad_row(self):
        with open(self.path / "rows.jsonl", "w", encoding="ascii") as out:
            out.writelines(f'["user:{i:08}","{"x" * 100}"]\n' for i in range(30_000))
        words = ["import", "new.shelf", "rows.jsonl", "--key", "string", "--value", "string"]
        for more in ([], ["--skip-bad"]):
            ran = subprocess.run(["bash", "-c", 'ulimit -f 1024; exec "$@"', "bash", SHELF, *words,
                                  *more], cwd=self.path, capture_output=True, text=True,
                                 check=False)
            self.assertEqual(ran.returncode, REFUSED, ran.stderr)
            self.assertRegex(ran.stderr, r"^shelf: new\.shelf: .*; nothing was imported\n$")
            self.assertEqual([p.name for p in self.path.iterdir()], ["rows.jsonl"])

    def test_a_new_table_wants_its_kind(self):
        self.write("a.jsonl", '{"key": 1, "value": 1}\n')
        self.refused("import", "new.shelf", "a.jsonl", status=NOT_FOUND, says="--kind")
        self.refused("import", "new.shelf", "no.jsonl", "--kind", "set", status=NOT_FOUND,
                     says="no.jsonl")

    def test_bad_rows_are_left_out_on_request_and_reported(self):
        self.users()
        self.write("a.csv", "key,name,mail,age\n7,x,,1\n8,y,,old\nnine,z,,3\n10,w,,4\n")
        ran = self.shelf("import", "users.shelf", "a.csv", "--skip-bad", "--rejects", "bad.csv",
                         status=REFUSED)
        self.assertEqual(ran.json, [imported(2, rejected=2)])
        self.assertIn("a.csv:3:6: age: expected an integer, found 'old'", ran.errors)
        self.assertIn("a.csv:4:1: key: expected an integer, found 'nine'", ran.errors)
        self.assertEqual(self.read("bad.csv"), b"8,y,,old\nnine,z,,3\n")
        self.assertEqual(self.shelf("count", "users.shelf").out, "5\n")

    def test_all_rows_are_one_batch(self):
        self.users()
        before = self.shelf("info", "users.shelf").json[0]["batches"]
        lines = "".join(json.dumps([i, {"name": "x", "age": i}]) + "\n" for i in range(10, 500))
        self.shelf("import", "users.shelf", "-", given=lines)
        after = self.shelf("info", "users.shelf").json[0]["batches"]
        self.assertLessEqual(after, before + 3)  # the rows, a note, the seal of the file

    def test_new_refuses_all_if_one_key_is_there(self):
        self.users()
        lines = "".join(json.dumps([i, {"name": "x", "age": i}]) + "\n" for i in (9, 2))
        self.refused("import", "users.shelf", "-", "--new", given=lines)
        self.assertEqual(self.shelf("count", "users.shelf").out, "3\n")

    def test_new_with_skip_bad_leaves_out_the_keys_that_are_there(self):
        self.users()
        lines = [json.dumps([i, {"name": "x", "age": i}]) + "\n" for i in (9, 2, 7)]
        ran = self.refused("import", "users.shelf", "-", "--new", "--skip-bad", "--rejects",
                           "rejects", given="".join(lines),
                           says="standard input:2:1: the key 2 already exists")
        self.assertEqual(ran.json, [imported(2, rejected=1)])
        self.assertEqual(self.read("rejects").decode(), lines[1])
        self.assertEqual(self.shelf("count", "users.shelf").out, "5\n")

    def test_rows_that_are_in_a_bag_already_change_nothing(self):
        for kind, count in (("bag", 2), ("duplicate_bag", 4)):
            for _ in range(2):
                self.shelf("import", f"{kind}.shelf", "-", "--kind", kind,
                           given='[1,"a"]\n[1,"b"]\n')
            self.assertEqual(self.shelf("count", f"{kind}.shelf").out, f"{count}\n")
            self.shelf("check", f"{kind}.shelf")

    def test_of_equal_keys_the_last_wins(self):
        self.shelf("import", "a.shelf", "-", "--kind", "set", given='[1,"a"]\n[1,"b"]\n')
        self.assertEqual(self.shelf("get", "a.shelf", "1").out, "b\n")

    def test_columns_are_told_by_the_header_in_any_order(self):
        self.users()
        self.write("a.csv", "\ufeffage,NAME,key,note\r\n5,Eve,7,hm\r\n".replace("NAME", "name"))
        self.refused("import", "users.shelf", "a.csv", status=USAGE, says=["note", "a.csv: line 1"])
        self.shelf("import", "users.shelf", "a.csv", "--columns", "age,name,key,-")
        self.assertEqual(self.shelf("get", "users.shelf", 7).json,
                         [{"name": "Eve", "mail": None, "age": 5}])
        self.write("c.csv", "key,name,age,name\n8,x,1,y\n")
        self.refused("import", "users.shelf", "c.csv", status=USAGE, says="'name' occurs twice")
        self.write("b.csv", "key,name\n8,x\n")
        self.refused("import", "users.shelf", "b.csv", status=USAGE, says="'age' is missing")

    def test_an_empty_file_has_no_rows(self):
        self.users()
        for name in FORMATS.values():
            self.write(name, "")
            self.assertEqual(self.shelf("import", "users.shelf", name).json[0]["imported"], 0)

    def test_a_name_that_says_no_format_wants_one(self):
        self.users()
        self.write("rows", "")
        self.refused("import", "users.shelf", "rows", status=USAGE, says="--format")
        self.refused("import", "users.shelf", ".", "--format", "csv", says="directory")

    def test_types_that_are_given_for_a_table_that_is_there_must_be_its_own(self):
        self.users()
        lines = '[9,{"name":"x","age":1}]\n'
        for given in (("--kind", "set"), ("--key", "string"), ("--value", "any")):
            self.refused("import", "users.shelf", "-", *given, status=USAGE, given=lines,
                         says=["users.shelf", given[0]])
        self.shelf("import", "users.shelf", "-", "--kind", "ordered_set", "--value", USER,
                   given=lines)

    def test_options_of_csv_are_refused_elsewhere(self):
        self.users()
        for how in (["--columns", "key"], ["--no-header"], ["--separator", ";"]):
            self.refused("export", "users.shelf", "--format", "jsonl", *how, status=USAGE)
            self.refused("import", "users.shelf", "-", *how, status=USAGE)

    def test_deep_nesting_is_refused(self):
        self.shelf("create", "any.shelf")
        for given, how in (("[1," + "[" * 5000 + "]" * 5000 + "]\n", "jsonl"),
                           ("{1," + "[" * 5000 + "]" * 5000 + "}.\n", "erlang"),
                           ("{1," + "{" * 100000 + ".\n", "erlang")):
            self.refused("import", "any.shelf", "-", "--format", how, given=given, says="deep")

    def test_text_that_is_no_utf_8_is_refused_in_json_and_kept_in_csv(self):
        self.shelf("create", "b.shelf", "--key", "binary", "--value", "binary")
        self.refused("import", "b.shelf", "-", given=b'["a","\xff"]\n')
        self.shelf("import", "b.shelf", "-", "--format", "csv", given=b"key,value\na,\xff\xfe\n")
        self.assertEqual(self.shelf("get", "b.shelf", "a", "--raw").raw, b"\xff\xfe")
        self.assertEqual(self.shelf("list", "b.shelf").out, '{"key":"a","value":{"$hex":"fffe"}}\n')

    def test_mutilated_input_is_refused_or_taken_but_never_crashes(self):
        chance = random.Random(11)
        self.users("all.shelf")
        self.shelf("import", "all.shelf", "-", given='[9,{"name":"\u00e4\\"\\n","age":-5}]\n')
        self.make("any.shelf", "set", "any", "any", [
            ({"$term": "{a,[x|y],<<1:3>>,#{1 => \"x\"},$a,16#ff}"},
             [1.5, {"a": None}, {"$hex": "00"}])])
        for table in ("all.shelf", "any.shelf"):
            for file in FORMATS.values():
                self.shelf("export", table, file)
                content = self.read(file)
                for _ in range(budgeted(12)):
                    broken = bytearray(content)
                    for _ in range(chance.randrange(1, 6)):
                        at = chance.randrange(len(broken))
                        how = chance.randrange(4)
                        if how == 0:
                            broken[at] = chance.randrange(256)
                        elif how == 1:
                            del broken[at:at + chance.randrange(1, 9)]
                        elif how == 2:
                            broken[at:at] = broken[:chance.randrange(len(broken) + 1)]
                        else:
                            broken[at:at] = bytes([chance.choice(MARKS)])
                        if not broken:
                            broken = bytearray(b"x")
                    ran = self.try_shelf("import", table, "-", "--skip-bad", "--format",
                                         NAMES[file], given=bytes(broken))
                    self.assertIn(ran.status, (0, REFUSED, USAGE), (bytes(broken), ran.errors))
                    self.assertNotIn("Sanitizer", ran.errors, bytes(broken))
            self.shelf("check", table)

    def test_neither_the_rows_nor_the_table_are_in_memory_where_nobody_compares(self):
        needs = {(): {}, ("--append",): {}}
        for count in (1000, 300_000):
            with open(self.path / "rows.jsonl", "w", encoding="ascii") as out:
                out.writelines(f'["user:{i:08}","{"x" * 100}"]\n' for i in range(count))
            for how, need in needs.items():
                need[count] = self.most_memory("import", f"{count}.shelf", "rows.jsonl",
                                               "--key", "string", "--value", "string", *how)
                self.assertEqual(self.shelf("count", f"{count}.shelf").out, f"{count}\n", how)
        for need in needs.values():
            self.assertLess(need[300_000] - need[1000], 16)

    def stopped(self, stop, *how):
        """An import that has taken in rows, and then gets a signal."""
        with subprocess.Popen([SHELF, "import", *how, "-", "--skip-bad"], cwd=self.path,
                              stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdin.write(b"nonsense\n" + b"".join(b'[%d,{"name":"x","age":1}]\n' % i
                                                         for i in range(100, 200_000)))
            process.stdin.flush()
            self.assertIn(b"standard input:1:", process.stderr.readline())
            process.send_signal(stop)
            process.wait(timeout=60)
        self.assertEqual(process.returncode, -stop)

    def test_an_interrupted_import_leaves_all_as_it_was(self):
        self.stopped(signal.SIGINT, "new.shelf", "--key", "integer")
        self.assertEqual(list(self.path.iterdir()), [])
        self.users()
        self.stopped(signal.SIGTERM, "users.shelf")
        self.assertEqual([p.name for p in self.path.iterdir()], ["users.shelf"])
        told, = self.shelf("info", "users.shelf").json
        self.assertEqual((told["entries"], told["state"]), (3, "closed"))

    def interrupted_while_waiting(self, interrupt):
        """An import that has a row and waits for more, and ends by SIGINT with nothing left."""
        with subprocess.Popen([SHELF, "import", "new.shelf", "--key", "integer", "-"],
                              cwd=self.path, stdin=subprocess.PIPE) as process:
            process.stdin.write(b"[1,2]\n")
            process.stdin.flush()
            self.assertTrue(is_waiting_for_input(process), "the row is still in the pipe")
            interrupt(process)
            self.assertEqual(process.wait(timeout=20), -signal.SIGINT)
        self.assertEqual(list(self.path.iterdir()), [])

    def test_an_import_that_waits_for_its_input_ends_when_told_to(self):
        self.interrupted_while_waiting(lambda process: process.send_signal(signal.SIGINT))

    def test_half_the_input_is_not_imported_when_ctrl_c_ends_its_maker_as_well(self):
        def with_its_maker(process):
            process.send_signal(signal.SIGSTOP)
            process.send_signal(signal.SIGINT)
            process.stdin.close()
            process.send_signal(signal.SIGCONT)
        self.interrupted_while_waiting(with_its_maker)

    def test_a_killed_import_leaves_a_table_that_opens_as_it_was(self):
        self.users()
        before = self.read("users.shelf")
        self.stopped(signal.SIGKILL, "users.shelf")
        self.assertEqual(self.read("users.shelf"), before)
        self.stopped(signal.SIGKILL, "users.shelf", "--append")
        self.assertGreater(self.shelf("check", "users.shelf").json[0]["torn_bytes"], 0)
        self.shelf("put", "users.shelf", 9, '{"name": "x", "age": 1}')
        self.assertEqual(self.shelf("count", "users.shelf").out, "4\n")

    def test_a_full_disk_takes_all_rows_back(self):
        self.users()
        rows = "".join(f'[{i},{{"name":"{"x" * 100}","age":1}}]\n' for i in range(5000))
        done = subprocess.run(["bash", "-c", 'trap "" XFSZ; ulimit -f 100; exec "$0" import '
                               "users.shelf - --skip-bad", SHELF], cwd=self.path,
                              input=rows.encode(), capture_output=True, check=False, timeout=60)
        self.assertEqual(done.returncode, REFUSED)
        self.assertRegex(done.stderr.decode(), "users.shelf: cannot write .*nothing was imported")
        self.assertEqual(self.shelf("check", "users.shelf").json[0]["torn_bytes"], 0)
        self.assertEqual(self.shelf("count", "users.shelf").out, "3\n")

    def test_a_large_file_with_few_entries_takes_little_memory(self):
        padding = " " * 100_000
        with open(self.path / "large.jsonl", "w", encoding="ascii") as out:
            for i in range(1000):
                out.write(f'{{"key": {i}, {padding}"value": {i}}}\n')
        self.assertGreater((self.path / "large.jsonl").stat().st_size, 100_000_000)
        self.assertLess(self.most_memory("import", "l.shelf", "large.jsonl", "--kind", "set"), 60)
        self.assertEqual(self.shelf("count", "l.shelf").out, "1000\n")


class Export(ToolTest):
    def test_a_failed_export_leaves_what_was_there(self):
        self.users()
        self.write("out.csv", "precious\n")
        self.refused("export", "users.shelf", "out.csv", "--columns", "height", status=USAGE)
        self.refused("export", "users.shelf", "no/out.csv")
        self.assertEqual(self.read("out.csv"), b"precious\n")
        self.shelf("export", "users.shelf", "out.csv")
        self.assertEqual(sorted(p.name for p in self.path.iterdir()), ["out.csv", "users.shelf"])

    def test_a_process_that_is_killed_leaves_no_file_behind(self):
        self.users()
        with subprocess.Popen([SHELF, "import", "users.shelf", "-", "--skip-bad", "--rejects",
                               "bad.jsonl"], cwd=self.path, stdin=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            process.stdin.write(b"nonsense\n" * 100_000)
            process.stdin.flush()
            self.assertIn(b"standard input:1:", process.stderr.readline())
            process.kill()
        self.assertEqual([p.name for p in self.path.iterdir()], ["users.shelf"])
        self.assertEqual(self.shelf("count", "users.shelf").out, "3\n")

    def test_columns_and_rows_can_be_chosen(self):
        self.users()
        self.assertEqual(self.shelf("export", "users.shelf", "--format", "csv", "--columns",
                                    "name,key", "--where", "age>20").out,
                         "name,key\nalice,1\nbob,2\n")
        self.assertEqual(self.shelf("export", "users.shelf", "--format", "csv", "--no-header",
                                    "--separator", "|", "--columns", "age").out, "30\n41\n19\n")

    def test_etf_hex_is_the_external_term_of_key_and_value(self):
        self.shelf("import", "a.shelf", "-", "--kind", "set", given="[1,[]]\n")
        self.assertEqual(self.shelf("export", "a.shelf", "--format", "etf-hex").out,
                         "83680261016a\n")


if __name__ == "__main__":
    main()
