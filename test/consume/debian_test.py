#!/usr/bin/env python3
"""The Debian packages: made of what is already built, installed below a root of their own, used to
build programs, removed again. The machine's own packages are only asked, never changed."""
import gzip
import os
import re
import shlex
import subprocess
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD, CPACK, CXX, LIB = (os.environ[name] for name in ("BUILD", "CPACK", "CXX", "LIBDIR"))
CMAKE, FLAGS = os.environ["CMAKE"], shlex.split(os.environ["CXXFLAGS"])
VERSION = re.search(r'version = "([\d.]+)"',
                    (HERE.parents[1] / "include/shelf/version.hpp").read_text())[1]
SERIES = VERSION.rpartition(".")[0]
LIBRARY, DEVELOPMENT, TOOL = f"libshelf{SERIES}", "libshelf-dev", "shelf-tools"
# Headers of libraries that these packages are without: clusters, compressed values.
OF_OTHER_LIBRARIES = ("cluster.hpp", "compressed.hpp")
ENVIRONMENT = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"}


def run(*words, environment=None, **options):
    """What a command prints; its errors are the test's."""
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False,
                          timeout=300, env={**ENVIRONMENT, **(environment or {})}, **options)
    if done.returncode != 0:
        raise AssertionError(f"{words}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def make_root(path):
    """A folder that dpkg takes for a system without packages."""
    for folder in ("etc", "var/lib/dpkg/info", "var/lib/dpkg/updates"):
        (path / folder).mkdir(parents=True)
    (path / "var/lib/dpkg/status").touch()


class Debian(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(prefix="shelf-debian-")
        cls.addClassCleanup(scratch.cleanup)
        cls.path, cls.root = Path(scratch.name), Path(scratch.name) / "root"
        run(CPACK, "--config", f"{BUILD}/CPackConfig.cmake", "-G", "DEB", "-B", cls.path / "made")
        cls.packages = {run("dpkg-deb", "-f", file, "Package").strip(): file
                        for file in (cls.path / "made").glob("*.deb")}
        make_root(cls.root)
        if cls.by_dpkg():
            cls.dpkg(cls.root, "--install", *cls.packages.values())
        else:
            for file in cls.packages.values():
                run("dpkg-deb", "-x", file, cls.root)

    @staticmethod
    def by_dpkg():
        """Only root can give files to root, as dpkg does; others unpack."""
        return os.geteuid() == 0

    @classmethod
    def dpkg(cls, root, *words):
        """dpkg below a root of the test. What the packages depend on is not there, and scripts
        run outside of it; ldconfig and the log are kept inside."""
        stand_in = cls.path / "bin" / "ldconfig"
        stand_in.parent.mkdir(exist_ok=True)
        stand_in.write_text('#!/bin/sh\nexec /sbin/ldconfig -r "${DPKG_ROOT:?}" "$@"\n')
        stand_in.chmod(0o755)
        path = f"{stand_in.parent}:{ENVIRONMENT['PATH']}"
        return run("dpkg", f"--root={root}", f"--log={cls.path}/log", "--force-depends",
                   "--force-script-chrootless", *words, environment={"PATH": path})

    def field(self, package, name):
        return run("dpkg-deb", "-f", self.packages[package], name).strip()

    def files(self, package):
        """What is in a package, without folders: path to (mode, owner)."""
        listed = [line.split(maxsplit=5) for line in
                  run("dpkg-deb", "-c", self.packages[package]).splitlines()]
        return {words[5].split(" -> ")[0][1:]: (words[0], words[1]) for words in listed
                if not words[0].startswith("d")}

    def test_there_are_three_packages_of_this_version(self):
        self.assertEqual(set(self.packages), {LIBRARY, DEVELOPMENT, TOOL})
        for package in self.packages:
            self.assertEqual(self.field(package, "Version"), VERSION)
            self.assertEqual(self.field(package, "Architecture"),
                             run("dpkg", "--print-architecture").strip())
            self.assertRegex(self.field(package, "Maintainer"), r"^[\w ]+ <\S+@\S+>$")
            summary, *rest = self.field(package, "Description").split("\n")
            self.assertRegex(summary, r"^durable in-memory tables, ")
            self.assertTrue(rest)

    def test_each_names_what_it_needs(self):
        def needs(package):
            return {n.split()[0] for n in self.field(package, "Depends").split(", ")}
        self.assertLessEqual({"libc6", "libstdc++6", "zlib1g"}, needs(LIBRARY))
        self.assertLessEqual({"libc6", "libstdc++6", "zlib1g", "libfmt9", "libsqlite3-0"},
                             needs(TOOL))
        self.assertEqual(self.field(DEVELOPMENT, "Depends"), f"{LIBRARY} (= {VERSION}), zlib1g-dev")
        # Headers of these were compiled in.
        for package in self.packages:
            self.assertNotRegex(self.field(package, "Depends"), "xxhash|cli11|nlohmann")
            # Clusters are a library of their own, in none of these.
            self.assertNotIn("libpq", self.field(package, "Depends"))

    def test_what_they_need_can_be_had_here(self):
        planned = run("apt-get", "-s", "--no-install-recommends", "install",
                      *self.packages.values())
        for package in self.packages:
            self.assertRegex(planned, rf"(?m)^Inst {re.escape(package)} ")
        self.assertNotIn("\nRemv ", planned)

    def test_each_file_is_in_its_package(self):
        lib, doc = f"/usr/{LIB}", "/usr/share/doc"
        def documents(package):
            return {f"{doc}/{package}/copyright", f"{doc}/{package}/changelog.gz"}
        self.assertEqual(set(self.files(LIBRARY)), documents(LIBRARY) | {
            f"{lib}/libshelf.so.{SERIES}", f"{lib}/libshelf.so.{VERSION}"})
        self.assertEqual(set(self.files(TOOL)), documents(TOOL) | {
            "/usr/bin/shelf", "/usr/share/man/man1/shelf.1.gz",
            "/usr/share/bash-completion/completions/shelf",
            "/usr/share/zsh/site-functions/_shelf"})
        headers = {f"/usr/include/{h.relative_to(HERE.parents[1] / 'include')}"
                   for h in (HERE.parents[1] / "include").rglob("*.hpp")
                   if h.name not in OF_OTHER_LIBRARIES}
        pages = {f"{doc}/{DEVELOPMENT}/{p.relative_to(HERE.parents[1])}"
                 for p in [HERE.parents[1] / "README.md", *(HERE.parents[1] / "docs").glob("*.md"),
                           *(HERE.parents[1] / "docs").rglob("*.svg")]}
        self.assertLessEqual(pages, set(self.files(DEVELOPMENT)))
        for header in OF_OTHER_LIBRARIES:
            self.assertNotIn(f"/usr/include/shelf/{header}", self.files(DEVELOPMENT))
        others = set(self.files(DEVELOPMENT)) - headers - pages - documents(DEVELOPMENT)
        self.assertLessEqual(headers, set(self.files(DEVELOPMENT)))
        for file in ("libshelf.a", "libshelf.so", "pkgconfig/shelf.pc",
                     "cmake/shelf/shelfConfig.cmake"):
            self.assertIn(f"{lib}/{file}", others)
        for file in others:
            self.assertRegex(file, rf"^{lib}/(libshelf\.(a|so)|pkgconfig/|cmake/shelf/)")

    def test_all_belongs_to_root_and_only_the_tool_is_a_program(self):
        for package in self.packages:
            for file, (mode, owner) in self.files(package).items():
                wanted = "-rwxr-xr-x" if file == "/usr/bin/shelf" else "-rw-r--r--"
                self.assertEqual(owner, "root/root", file)
                self.assertIn(mode, (wanted, "lrwxrwxrwx"), file)

    def test_the_tool_runs_and_has_its_pages(self):
        tool, table = self.root / "usr/bin/shelf", self.path / "ages.shelf"
        self.assertEqual(run(tool, "--version"), f"shelf {VERSION}\n")
        run(tool, "create", table, "--key", "string", "--value", "integer")
        run(tool, "put", table, "alice", "30")
        self.assertEqual(run(tool, "get", table, "alice"), "30\n")
        share = self.root / "usr/share"
        page = gzip.decompress((share / "man/man1/shelf.1.gz").read_bytes()).decode()
        self.assertEqual(page, run(tool, "man"))
        self.assertEqual((share / "bash-completion/completions/shelf").read_text(),
                         run(tool, "completion", "bash"))
        changes = gzip.decompress((share / f"doc/{TOOL}/changelog.gz").read_bytes()).decode()
        self.assertEqual(changes, (HERE.parents[1] / "CHANGELOG.md").read_text())

    def test_cmake_finds_the_development_package(self):
        into = self.path / "with_cmake"
        run(CMAKE, "-S", HERE / "find_package", "-B", into, "-G", "Ninja",
            f"-DCMAKE_CXX_COMPILER={CXX}", f"-DCMAKE_PREFIX_PATH={self.root}/usr",
            "-DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF")
        found = re.search(r"(?m)^shelf_DIR:PATH=(.*)$", (into / "CMakeCache.txt").read_text())[1]
        self.assertTrue(found.startswith(str(self.root)), found)
        run(CMAKE, "--build", into)
        self.assertEqual(run(into / "consumer"), f"{VERSION} not_found\n")

    def test_a_program_with_a_table_runs_with_the_library_package(self):
        told = run("pkg-config", "--cflags", "--libs", "shelf",
                   environment={"PKG_CONFIG_PATH": f"{self.root}/usr/{LIB}/pkgconfig"})
        program, lib = self.path / "keeper", self.root / "usr" / LIB
        run(CXX, *FLAGS, "-std=c++23", os.environ["PROGRAM"], "-o", program, *shlex.split(told))
        self.assertIn(f"[libshelf.so.{SERIES}]", run("readelf", "-d", program))
        table = self.path / "kept.shelf"
        for times in (1, 2):
            self.assertEqual(run(program, table, environment={"LD_LIBRARY_PATH": str(lib)}),
                             f"{VERSION} {times}\n")

    def test_dpkg_has_them_whole_and_takes_them_away_again(self):
        if not self.by_dpkg():
            return
        self.assertEqual(self.dpkg(self.root, "--verify"), "")
        self.assertIn(f" installed {TOOL}:", (self.path / "log").read_text())
        cached = run("/sbin/ldconfig", "-r", self.root, "-p")
        self.assertIn(f"libshelf.so.{SERIES} ", cached)
        other = self.path / "other"
        make_root(other)
        self.dpkg(other, "--install", *self.packages.values())
        self.dpkg(other, "--purge", *self.packages)
        left = {str(f.relative_to(other)) for f in other.rglob("*") if not f.is_dir()}
        self.assertEqual({f for f in left if not f.startswith(("var/lib/dpkg", "var/cache"))},
                         {"etc/ld.so.cache"})


if __name__ == "__main__":
    unittest.main()
