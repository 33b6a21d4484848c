#!/usr/bin/env python3
"""`make cluster-demo`: a server with a synchronous standby, and three processes that write. One is
cut off, one is killed, the server fails and its standby takes over. What did everyone see?

    demo.py NODE SHELF_CLUSTER SHELF"""
import sys
import tempfile
import time
from pathlib import Path

from census import Census
from faults_test import Ground

BEGIN = time.monotonic()


def tell(text):
    print(f"{time.monotonic() - BEGIN:5.1f} s  {text}", flush=True)


class Audience(Census):
    """Counts by process, too."""

    def __init__(self):
        super().__init__()
        self.by_node = {}
        self.last_state = {}

    def hear(self, node, words):
        counts = self.by_node.setdefault(node.name, {"ok": 0, "no": 0, "maybe": 0, "state": 0})
        if words[0] in counts:
            counts[words[0]] += 1
        if words[0] == "state":
            self.last_state[node.name] = words[1:]
        super().hear(node, words)

    def of(self, node):
        return dict(self.by_node[node.name])


def watch(seconds):
    time.sleep(seconds)  # sleeps: something is to be seen


def since(before, now):
    return (f"{now['ok'] - before['ok']} acknowledged, {now['no'] - before['no']} refused, "
            f"{now['maybe'] - before['maybe']} unknown, {now['state'] - before['state']} reads of"
            " all tables")


def play(g):
    seen = g.census
    leading = g.server("fsync=on")
    standby = g.standby(leading)
    tell(f"a server (port {leading.port}) and its synchronous standby (port {standby.port}) run")
    networks = [(g.proxy(leading), g.proxy(standby)) for _ in range(3)]
    nodes = [g.node(*(p.port for p in network), promise="attested") for network in networks]
    g.wait_until_open()
    watch(2)
    for one in nodes:
        tell(f"{one.name}: {seen.of(one)['ok']} writes acknowledged")

    tell("node-0 is cut off from both servers")
    before = [seen.of(one) for one in nodes]
    for one in networks[0]:
        one.is_cut = True
    watch(5)
    tell(f"node-0, cut off: {since(before[0], seen.of(nodes[0]))}")
    tell(f"node-1, as before: {since(before[1], seen.of(nodes[1]))}")
    for one in networks[0]:
        one.heal()
    watch(1)
    tell("node-0 is back, and has caught up")

    nodes[1].kill()
    g.nodes.remove(nodes[1])
    tell("node-1 was killed with kill -9; nobody waits for it")
    before = [seen.of(one) for one in nodes]
    watch(1)
    tell(f"node-2: {since(before[2], seen.of(nodes[2]))}")

    leading.script("kill")
    tell("the server was killed with kill -9")
    watch(1)
    before = [seen.of(one) for one in nodes]
    standby.script("promote")
    tell("its standby takes over")
    g.wait_for_writes(50)
    watch(2)
    for i in (0, 2):
        tell(f"node-{i}, at the new server: {since(before[i], seen.of(nodes[i]))}")
    new = g.node(*(p.port for p in networks[1]), promise="attested")
    g.wait_until_open()
    watch(1)
    tell(f"{new.name} was started in the place of node-1: {seen.of(new)['ok']} acknowledged")

    g.finish(standby)
    print()
    print(f"{'':<8}{'acknowledged':>14}{'refused':>10}{'unknown':>10}   events")
    for one in (*nodes, new):
        counts = seen.of(one)
        print(f"{one.name:<8}{counts['ok']:>14}{counts['no']:>10}{counts['maybe']:>10}   "
              + ", ".join(one.events))
    print()
    print(f"acknowledged writes that are lost: {g.lost}")
    print("replicas that differ at the same position: none" if not seen.violations
          else "\n".join(seen.violations))


def main():
    with tempfile.TemporaryDirectory(prefix="shelf-demo-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        g = Ground(sys.argv[1:4], folder, 0)
        g.census = Audience()
        try:
            play(g)
        finally:
            g.clean()
        tell("everything is stopped and removed")
        return 1 if g.census.violations else 0


if __name__ == "__main__":
    sys.exit(main())
