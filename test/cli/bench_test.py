#!/usr/bin/env python3
"""The self-test of a disk: what it measures, what it says of flushes; and it leaves nothing."""
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from tool import NOT_FOUND, REFUSED, SHELF, ToolTest, main

# A sync that does nothing, as libeatmydata has it.
LIAR = 'extern "C" int fdatasync(int) { return 0; }\nextern "C" int fsync(int) { return 0; }\n'


class Bench(ToolTest):
    def left(self):
        return sorted(os.listdir(self.path))

    def liar(self):
        """The environment in which no sync reaches the kernel."""
        self.write("liar.cpp", LIAR)
        subprocess.run([os.environ["CXX"], "-shared", "-fPIC", "-o", "liar.so", "liar.cpp"],
                       cwd=self.path, check=True, timeout=60)
        return {"LD_PRELOAD": str(self.path / "liar.so")}

    def test_it_tells_what_it_measured_and_leaves_nothing(self):
        begun = time.monotonic()
        told, = self.shelf("bench").json
        took = time.monotonic() - begun
        self.assertEqual(self.left(), [])
        self.assertEqual(told["directory"], ".")
        for name in ("append", "sync"):
            spread = told[name]
            self.assertGreater(spread["p50_us"], 0, name)
            self.assertLessEqual(spread["p50_us"], spread["p99_us"], name)
            self.assertLessEqual(spread["p99_us"], spread["max_us"], name)
            # No time that was measured is longer than the whole run.
            self.assertLess(spread["max_us"] / 1e6, took, name)
            self.assertTrue(1 <= spread["times"] <= 2000, name)
        self.assertEqual(list(told["insert"]), ["back", "through", "durable"])
        for mode, rates in told["insert"].items():
            self.assertEqual(list(rates), ["threads_1", "threads_8"])
            self.assertGreater(min(rates.values()), 0, mode)
        for name in ("save", "load"):
            self.assertEqual(told[name]["entries"], told["save"]["entries"])
            # A key and a value of 100 bytes are in the file for each of the entries.
            self.assertGreater(told[name]["bytes"], 100 * told[name]["entries"])
            self.assertTrue(0 < told[name]["seconds"] < took)
        self.assertIn(told["flushes"], ("plausible", "doubtful", "ignored"))

    def test_a_terminal_gets_a_table_and_a_sentence_about_flushes(self):
        seen = self.on_terminal("bench", self.path, environment={"NO_COLOR": "1"}).out
        for line in (rf"directory    {self.path}\n", r"file system  \w+", r"append       p50 \d",
                     r"and sync     p50 [\d.]+ [mu]s, p99 .* max ", r"save +\d", r"load +\d",
                     r"insert +1 thread +8 threads +writes that survive", r"back +\d",
                     r"through +\d", r"durable +\d", r"honor.*: .*\.\n$"):
            self.assertRegex(seen, line)

    def test_a_sync_that_does_nothing_is_called_that(self):
        ran = self.try_shelf("bench", environment=self.liar())
        told, = ran.json
        self.assertEqual(ran.status, 0, ran.errors)
        self.assertEqual(told["flushes"], "ignored")
        self.assertRegex(told["because"], "intercepts the kernel|tmpfs")
        seen = self.on_terminal("bench", environment={**self.liar(), "NO_COLOR": "1"}).out
        self.assertIn("Flushes are not honored here", seen)
        self.assertEqual(seen.count("no guarantee: flushes are ignored"), 3)

    def test_tmpfs_is_told_to_be_memory(self):
        types = {words[1]: words[2] for words in
                 (line.split() for line in Path("/proc/mounts").read_text().splitlines())}
        self.assertEqual(types.get("/dev/shm"), "tmpfs", "Linux has this everywhere")
        with tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
            told, = self.shelf("bench", memory).json
            self.assertEqual(os.listdir(memory), [])
        self.assertEqual((told["flushes"], told["file_system"]), ("ignored", "tmpfs"))

    def test_a_directory_that_cannot_be_written_is_refused(self):
        self.refused("bench", "/proc", says=["/proc: not writable: "])
        self.refused("bench", "missing", says="missing: there is no such directory",
                     status=NOT_FOUND)
        self.refused("bench", self.write("plain", ""), says="plain: not a directory")
        refused = self.refused("bench", "/proc", "--json").errors
        self.assertIn('{"error":"file_error","message":"/proc: ', refused)

    def test_a_full_disk_is_an_error_and_leaves_nothing(self):
        # No file may be larger than this: the next write has no room, as on a full disk.
        done = subprocess.run(["bash", "-c", 'trap "" XFSZ; ulimit -f 100; exec "$0" bench', SHELF],
                              cwd=self.path, capture_output=True, check=False, timeout=60)
        self.assertEqual(done.returncode, REFUSED)
        self.assertRegex(done.stderr.decode(), r"^shelf: \./\.shelf-bench-\w+/\w+.*: .*\n$")
        self.assertEqual(self.left(), [])

    def test_an_interrupted_run_ends_by_the_signal_and_leaves_nothing(self):
        with subprocess.Popen([SHELF, "bench"], cwd=self.path, stdout=subprocess.PIPE) as running:
            until = time.monotonic() + 20
            while not self.left() and time.monotonic() < until:
                time.sleep(0.01)  # sleeps: polls until a deadline
            running.send_signal(signal.SIGINT)
            out, _ = running.communicate(timeout=60)
        self.assertEqual((running.returncode, out), (-signal.SIGINT, b""))
        self.assertEqual(self.left(), [])


if __name__ == "__main__":
    main()
