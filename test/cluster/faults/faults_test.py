#!/usr/bin/env python3
"""Faults of a cluster, one after the other, against processes that write all the time: what was
acknowledged is there once, what was refused is not, and replicas are equal at equal positions.

    faults_test.py NODE SHELF_CLUSTER SHELF [--seconds N] [--only NAME...]

Prints a table, and ends with 1 if anything was violated. N is for each fault; the default is 45,
scaled by SHELF_TEST_BUDGET in per cent. As root, a full disk is tried as well."""
import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

from census import Census
from machines import Node, Server
from proxy import Proxy


class Ground:
    """One fault: its servers, its processes and its census."""

    def __init__(self, programs, folder, seconds):
        self.node_program, self.tool, self.shelf = programs
        self.folder = folder
        self.seconds = seconds
        self.census = Census()
        self.servers, self.proxies, self.nodes = [], [], []
        self.lost = 0
        self.started = 0  # processes

    def server(self, *settings):
        made = Server(self.folder / f"server-{len(self.servers)}")
        self.servers.append(made)
        made.start(*settings)
        self.run_tool("init", made.connection())
        made.sql("CREATE ROLE web LOGIN")
        self.run_tool("grant", made.connection(), "web")
        for name, kind, value in (("journal", "duplicate_bag", "integer"),
                                  ("counters", "set", "integer")):
            self.run_tool("add-table", made.connection(), name, "--kind", kind, "--key", "binary",
                          "--value", value)
        return made

    def standby(self, leading, port=None, mode="sync"):
        made = Server(self.folder / f"server-{len(self.servers)}")
        self.servers.append(made)
        return made.follow(leading, port, mode)

    def proxy(self, server):
        made = Proxy(server.port)
        self.proxies.append(made)
        return made

    def run_tool(self, *words):
        subprocess.run([self.tool, *words], check=True, stdout=subprocess.DEVNULL)

    def node(self, *ports, promise="none"):
        name = f"node-{self.started}"
        self.started += 1
        hosts = ",".join("127.0.0.1" for _ in ports)
        connection = (f"host={hosts} port={','.join(map(str, ports))} user=web dbname=postgres"
                      " sslmode=disable")
        made = Node(self.node_program, connection, name, self.census.hear, promise)
        self.nodes.append(made)
        return made

    def wait_until_open(self):
        for one in self.nodes:
            if not one.is_open.wait(timeout=60):
                self.census.blame(f"{one.name} does not open")

    def until_over(self):
        """Yields until the time of this fault is over."""
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            yield end - time.monotonic()

    def wait_for_writes(self, more=20, seconds=60):
        """Somebody is acknowledged something."""
        wanted = self.census.count("ok") + more
        end = time.monotonic() + seconds
        while self.census.count("ok") < wanted:
            if time.monotonic() > end:
                self.census.blame("no write is acknowledged any more")
                return
            time.sleep(0.02)  # sleeps: polls until the deadline

    def finish(self, last, may_lose=False):
        """All processes end by themselves, and the books are closed on that server."""
        self.wait_for_writes()
        for one in self.nodes:
            why = one.stop()
            if why:
                self.census.blame(f"{one.name}: {why}")
        self.lost = self.census.close(self.tool, self.shelf, last.connection(), self.folder,
                                      may_lose)

    def clean(self):
        for one in self.nodes:
            one.kill()
        for one in self.proxies:
            one.close()
        for one in reversed(self.servers):
            one.script("stop")


def pause(shortest, longest):
    time.sleep(random.uniform(shortest, longest))  # sleeps: faults come at random moments


def start_three(g, *ports):
    for _ in range(3):
        g.node(*ports)
    g.wait_until_open()


def sessions_killed(g):
    server = g.server()
    start_three(g, server.port)
    for _ in g.until_over():
        pause(0.2, 1.5)
        server.kill_a_session()
        g.census.faults += 1
        g.wait_for_writes()
    g.finish(server)


def server_killed(g):
    server = g.server()
    start_three(g, server.port)
    for _ in g.until_over():
        pause(0.2, 1.5)
        server.script("crash")
        g.census.faults += 1
        g.wait_for_writes()
    g.finish(server)


def answers_lost(g):
    server = g.server()
    proxy = g.proxy(server)
    start_three(g, proxy.port)
    for left in g.until_over():
        proxy.losses = 0.02
        time.sleep(min(left, 2))  # sleeps: answers are lost meanwhile
        proxy.losses = 0.0
        g.wait_for_writes()
    g.census.faults = proxy.lost
    g.finish(server)


def slow_network(g):
    server = g.server()
    proxy = g.proxy(server)
    start_three(g, proxy.port)
    for _ in g.until_over():
        proxy.delay = random.choice((0.0, 0.005, 0.05))
        g.census.faults += 1
        pause(0.5, 1.5)
    proxy.delay = 0.0
    g.finish(server)


def network_cut(g):
    server = g.server()
    proxies = [g.proxy(server) for _ in range(3)]
    for one in proxies:
        g.node(one.port)
    g.wait_until_open()
    for _ in g.until_over():
        cut = random.choice(proxies)
        cut.is_cut = True
        g.census.faults += 1
        pause(0.5, 4)
        cut.heal()
        g.wait_for_writes()
    g.finish(server)


def processes_killed(g):
    server = g.server()
    start_three(g, server.port)
    for _ in g.until_over():
        pause(0.1, 0.8)
        victim = random.choice(g.nodes[-3:])
        victim.kill()
        g.census.faults += 1
        g.node(server.port)
        g.nodes.remove(victim)
        g.wait_until_open()
    g.finish(server)


def fail_over(g, mode):
    """The leading server and a process are cut off from the standby and the others; the standby is
    promoted, and the old one ends, as Patroni has it."""
    leading = g.server("fsync=on")
    to_standby = g.proxy(leading)
    standby = g.standby(leading, to_standby.port, mode)
    inside = [g.proxy(leading), g.proxy(standby)]
    outside = [g.proxy(leading), g.proxy(standby)]
    inside[1].is_cut = True
    g.node(*(p.port for p in inside), promise="attested")
    for _ in range(2):
        g.node(*(p.port for p in outside), promise="attested")
    g.wait_until_open()
    g.wait_for_writes(200)
    for one in (to_standby, outside[0]):
        one.is_cut = True
    g.census.faults += 1
    pause(g.seconds / 8, g.seconds / 4)
    leading.script("kill")
    standby.script("promote")
    for one in inside + outside:
        one.heal()
    g.wait_for_writes(200)
    return standby


def failed_over_synchronous(g):
    g.finish(fail_over(g, "sync"))
    if g.census.events["diverged"]:
        g.census.blame("a replica has diverged")


def failed_over_asynchronous(g):
    g.finish(fail_over(g, "async"), may_lose=True)
    if not g.census.events["diverged"]:
        g.census.blame("no replica has noticed that commits were lost")


def privilege_revoked(g):
    server = g.server()
    start_three(g, server.port)
    for _ in g.until_over():
        server.sql("REVOKE shelf_app FROM web")
        g.census.faults += 1
        pause(0.5, 3)
        server.sql("GRANT shelf_app TO web")
        g.wait_for_writes()
    g.finish(server)
    if not g.census.refusals["denied"]:
        g.census.blame("nobody was denied anything")


def server_read_only(g):
    server = g.server()
    start_three(g, server.port)
    for _ in g.until_over():
        server.set("default_transaction_read_only", "on")
        g.census.faults += 1
        pause(0.5, 1.5)
        subprocess.run([g.tool, "status", server.connection()], check=False, capture_output=True)
        server.sql("SET default_transaction_read_only = off; ALTER SYSTEM RESET"
                   " default_transaction_read_only", check=False)
        for statement in ("ALTER SYSTEM RESET default_transaction_read_only",
                          "SELECT pg_reload_conf()"):
            server.sql(statement)
        g.wait_for_writes()
    g.finish(server)


def disk_full(g):
    disk = g.folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200m,mode=755", "tmpfs", disk], check=True)
    kept, os.environ["TMPDIR"] = os.environ.get("TMPDIR"), str(disk)
    disk.chmod(0o777)
    try:
        server = g.server("max_wal_size=32MB", "min_wal_size=32MB", "wal_recycle=off")
        start_three(g, server.port)
        filler = disk / "filler"
        for _ in g.until_over():
            with filler.open("wb", buffering=0) as out:
                try:
                    while True:
                        out.write(bytes(1 << 16))
                except OSError:
                    pass
            g.census.faults += 1
            pause(1, 2)
            filler.unlink()
            # A server that could not write its log has ended.
            if not server.is_reachable():
                server.script("launch")
            g.wait_for_writes()
        g.finish(server)
    finally:
        del os.environ["TMPDIR"]
        if kept is not None:
            os.environ["TMPDIR"] = kept
        g.clean()
        subprocess.run(["umount", "-l", disk], check=True)


FAULTS = [sessions_killed, server_killed, answers_lost, slow_network, network_cut,
          processes_killed, failed_over_synchronous, failed_over_asynchronous, privilege_revoked,
          server_read_only, disk_full]


def row(name, cells):
    return f"{name:<26}" + "".join(f"{cell:>13}" for cell in cells)


def try_fault(fault, programs, seconds):
    with tempfile.TemporaryDirectory(prefix="shelf-faults-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        g = Ground(programs, folder, seconds)
        try:
            fault(g)
        except Exception:  # a fault test that fails is a violation, and the next one begins
            g.census.blame(traceback.format_exc())
        finally:
            g.clean()
        return g


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs", nargs=3)
    usual = 45 * int(os.environ.get("SHELF_TEST_BUDGET", "100")) / 100
    parser.add_argument("--seconds", type=float, default=usual)
    parser.add_argument("--only", nargs="*")
    how = parser.parse_args()
    if unknown := set(how.only or ()) - {f.__name__ for f in FAULTS}:
        parser.error(f"there is no fault {sorted(unknown)}")
    print(row("fault", ("times", "acknowledged", "refused", "unknown", "states", "lost",
                        "violations")))
    violations = 0
    for fault in FAULTS:
        if how.only and fault.__name__ not in how.only:
            continue
        if fault is disk_full and os.geteuid() != 0:
            print(f"{fault.__name__:<26}     needs root")
            continue
        g = try_fault(fault, how.programs, how.seconds)
        c = g.census
        print(row(fault.__name__.replace("_", " "),
                  (c.faults, c.count("ok"), c.count("no"), c.count("maybe", "try"), len(c.states),
                   g.lost, len(c.violations))), flush=True)
        if c.refusals:
            print("    refused: " + ", ".join(f"{code} {n}" for code, n in c.refusals.items()))
        for one in c.violations[:10]:
            print("    " + one)
        if c.violations:
            for node in g.nodes:
                for text in node.said[-5:]:
                    print(f"    {node.name}: {text}")
        violations += len(c.violations)
    print(f"{violations} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
