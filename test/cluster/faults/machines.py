# The machines of the fault tests: servers, and processes that write to them.
import os
import signal
import subprocess
import threading
from pathlib import Path

SCRIPT = Path(__file__).resolve().parent.parent / "postgres.sh"
PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/psql"))[-1].parent


class Server:
    """A PostgreSQL server of its own."""

    def __init__(self, note):
        self.note = Path(note)

    def script(self, verb, *words):
        subprocess.run([SCRIPT, verb, self.note, *map(str, words)], check=True,
                       stdout=subprocess.DEVNULL)

    def start(self, *settings):
        self.script("start", *settings)
        return self

    def follow(self, leading, port=None, mode="sync"):
        self.script("follow", leading.note, port or leading.port, mode)
        return self

    @property
    def port(self):
        return int(self.note.read_text().split()[0])

    @property
    def directory(self):
        return Path(self.note.read_text().split()[1])

    def connection(self, user="postgres"):
        return f"host=127.0.0.1 port={self.port} user={user} dbname=postgres sslmode=disable"

    def sql(self, text, check=True):
        words = [PROGRAMS / "psql", "-qAt", self.connection(), "-c", text]
        done = subprocess.run(words, check=check, capture_output=True, text=True, timeout=60)
        return done.stdout.strip()

    def set(self, setting, value):
        self.sql(f"ALTER SYSTEM SET {setting} = '{value}'")
        self.sql("SELECT pg_reload_conf()")

    def kill_a_session(self):
        pids = self.sql("SELECT pid FROM pg_stat_activity WHERE usename = 'web'", check=False)
        for pid in pids.split()[:1]:
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass

    def is_reachable(self):
        words = [PROGRAMS / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(words, check=False).returncode == 0


class Node:
    """A process that follows a space and writes. What it says goes to `hear`, line by line."""

    def __init__(self, program, connection, name, hear, promise="none", deadline_ms=2000,
                 threads=4):
        words = [program, connection, "shelf", name, str(deadline_ms), promise, str(threads)]
        self.name = name
        self.said = []
        self.events = []
        self.is_open = threading.Event()
        self._hear = hear
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._complaints = threading.Thread(target=self._read_complaints, daemon=True)
        self._complaints.start()

    def _read(self):
        for line in self._process.stdout:
            words = line.split()
            if words[0] == "open":
                self.is_open.set()
            elif words[0] == "event":
                self.events.append(words[1])
            self._hear(self, words)
        self.is_open.set()

    def _read_complaints(self):
        for line in self._process.stderr:
            self.said.append(line.rstrip())

    def kill(self):
        self._process.kill()
        self._process.wait()
        self._reader.join()

    def stop(self):
        """It ends by itself; how it did."""
        self._process.stdin.close()
        try:
            self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return "does not end"
        self._reader.join()
        return None if self._process.returncode == 0 else f"status {self._process.returncode}"
