# Who was told what, and what is there in the end.
import json
import subprocess
import threading
from collections import Counter


class Census:
    """Every call has a key of its own. In the end the key is there once if the call was
    acknowledged, never if it was refused, and once or never if nobody knows."""

    def __init__(self):
        self.calls = {}
        self.refusals = Counter()
        self.states = {}
        self.events = Counter()
        self.faults = 0
        self.violations = []
        self._lock = threading.Lock()

    def hear(self, node, words):
        with self._lock:
            what = words[0]
            if what in ("try", "ok", "no", "maybe"):
                self.calls[words[1]] = what
            if what == "no":
                self.refusals[words[2]] += 1
            elif what == "event":
                self.events[words[1]] += 1
            elif what == "state":
                known = self.states.setdefault(words[1], (words[2], node.name))
                if known[0] != words[2]:
                    self.blame(f"{node.name} and {known[1]} differ at {words[1]}")

    def blame(self, what):
        self.violations.append(what)

    def count(self, *outcomes):
        with self._lock:
            return sum(1 for outcome in self.calls.values() if outcome in outcomes)

    def close(self, tool, shelf, connection, folder, may_lose=False):
        """Compares with what the server has; how many acknowledged calls it has lost."""
        file = folder / f"end-{len(list(folder.iterdir()))}.shelf"
        for command in (("export", connection, file), ("check", connection)):
            done = subprocess.run([tool, *map(str, command)], capture_output=True, text=True,
                                  check=False)
            if done.returncode != 0:
                self.blame(f"{command[0]}: {done.stderr.strip()}")
                return 0
        rows = subprocess.run([shelf, "dump", file], capture_output=True, text=True, check=True)
        there, total = Counter(), 0
        for line in rows.stdout.splitlines():
            row = json.loads(line)
            if row["table"] == "journal" and "kind" not in row:
                there[row["key"]] += 1
            elif row["table"] == "counters" and "kind" not in row:
                total = row["value"]
        lost = [key for key, outcome in self.calls.items() if outcome == "ok" and not there[key]]
        if lost and not may_lose:
            self.blame(f"{len(lost)} acknowledged calls are lost, such as {lost[0]}")
        for key, count in there.items():
            if count > 1:
                self.blame(f"{key} was done {count} times")
            if self.calls.get(key) == "no":
                self.blame(f"{key} was refused, and done")
            if key not in self.calls:
                self.blame(f"{key} was never asked for")
        if total != sum(there.values()):
            self.blame(f"{sum(there.values())} calls were done, and {total} counted")
        return len(lost)
