#!/usr/bin/env python3
"""The recipes for vcpkg and Conan, as far as can be told without either: they are what their tools
read, and say the same of versions, options and needs as CMake and packages.txt do."""
import ast
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import types
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
PORT, CONAN = ROOT / "packaging" / "vcpkg", ROOT / "packaging" / "conan"
VERSION = re.search(r'version = "([\d.]+)"', (ROOT / "include/shelf/version.hpp").read_text())[1]
OPTIONS = set(re.findall(r"(?m)^option\((SHELF_\w+)", (ROOT / "CMakeLists.txt").read_text()))

# What Debian calls a library, and vcpkg, and Conan.
NAMES = {
    "libxxhash-dev": ("xxhash", "xxhash"),
    "zlib1g-dev": ("zlib", "zlib"),
    "libcli11-dev": ("cli11", "cli11"),
    "libfmt-dev": ("fmt", "fmt"),
    "nlohmann-json3-dev": ("nlohmann-json", "nlohmann_json"),
    "libsqlite3-dev": ("sqlite3", "sqlite3"),
}

# vcpkg's own functions, which write down how they were called.
STAND_INS = """
cmake_minimum_required(VERSION 3.25)
foreach(name vcpkg_check_features vcpkg_cmake_configure vcpkg_cmake_install vcpkg_copy_tools
    vcpkg_cmake_config_fixup vcpkg_fixup_pkgconfig vcpkg_install_copyright)
  cmake_language(EVAL CODE "function(${name})
    message(NOTICE \\"${name} \\${ARGN}\\")
  endfunction()")
endforeach()
set(FEATURES core ${with})
set(PORT shelf)
set(CURRENT_PORT_DIR ${port})
set(CURRENT_PACKAGES_DIR ${into})
include(${port}/portfile.cmake)
"""


def libraries(group):
    """The libraries of a group of packages.txt."""
    body = (ROOT / "packages.txt").read_text().partition(f"# {group}:")[2].partition("\n\n")[0]
    return {line.split()[0] for line in body.split("\n")[1:]
            if line.split()[0].endswith("-dev")}


def calls_of_the_portfile(features):
    with tempfile.TemporaryDirectory() as scratch:
        script, into = Path(scratch) / "run.cmake", Path(scratch) / "packages"
        (into / "debug" / "include").mkdir(parents=True)
        script.write_text(STAND_INS)
        done = subprocess.run(
            [os.environ["CMAKE"], f"-Dport={PORT}", f"-Dinto={into}", f"-Dwith={features}",
             "-P", script], capture_output=True, text=True, check=False, timeout=60)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        left = {str(f.relative_to(into)) for f in into.rglob("*") if f.is_file()}
        debug = (into / "debug" / "include").exists()
    calls = dict(line.split(" ", 1) for line in done.stderr.splitlines() if " " in line)
    return {name: words.split(";") for name, words in calls.items()}, left, debug


class Vcpkg(unittest.TestCase):
    def setUp(self):
        self.manifest = json.loads((PORT / "vcpkg.json").read_text())

    def test_the_manifest_has_what_vcpkg_asks_for(self):
        m = self.manifest
        self.assertEqual(m["name"], "shelf")
        self.assertLessEqual(set(m), {"name", "version", "description", "license", "supports",
                                      "dependencies", "features", "homepage"})
        for dependency in m["dependencies"]:
            name = dependency if isinstance(dependency, str) else dependency["name"]
            self.assertRegex(name, r"^[a-z0-9]+(-[a-z0-9]+)*$")
        for feature in m["features"].values():
            self.assertEqual(set(feature), {"description", "dependencies"})
        self.assertIn("MIT License", (ROOT / "LICENSE").read_text().split("\n", 1)[0])
        self.assertEqual(m["license"], "MIT")

    def test_its_version_is_that_of_the_headers(self):
        self.assertEqual(self.manifest["version"], VERSION)

    def test_it_needs_what_packages_txt_lists(self):
        plain = {d for d in self.manifest["dependencies"] if isinstance(d, str)}
        self.assertEqual(plain, {NAMES[p][0] for p in libraries("build")})
        tool = set(self.manifest["features"]["tool"]["dependencies"])
        self.assertEqual(tool, {NAMES[p][0] for p in libraries("cli")})

    def test_the_portfile_builds_this_tree_without_tests(self):
        calls, left, debug = calls_of_the_portfile("")
        words = calls["vcpkg_cmake_configure"]
        self.assertEqual(Path(words[words.index("SOURCE_PATH") + 1]), ROOT)
        given = dict(w[2:].split("=") for w in words if w.startswith("-D"))
        self.assertLessEqual(set(given), OPTIONS)
        self.assertEqual(given["SHELF_BUILD_TESTS"], "OFF")
        self.assertEqual(given["SHELF_INSTALL"], "ON")
        self.assertEqual(calls["vcpkg_install_copyright"], ["FILE_LIST", str(ROOT / "LICENSE")])
        self.assertEqual(left, {"share/shelf/usage"})
        self.assertFalse(debug)
        self.assertNotIn("vcpkg_copy_tools", calls)

    def test_the_tool_is_a_feature(self):
        calls, _, _ = calls_of_the_portfile("tool")
        self.assertEqual(calls["vcpkg_copy_tools"], ["TOOL_NAMES", "shelf", "AUTO_CLEAN"])
        words = calls["vcpkg_check_features"]
        feature, option = words[-2:]
        self.assertIn(feature, self.manifest["features"])
        self.assertIn(option, OPTIONS)

    def test_usage_names_the_package_and_target(self):
        usage = (PORT / "usage").read_text()
        self.assertIn("find_package(shelf CONFIG REQUIRED)", usage)
        self.assertIn("shelf::shelf", usage)


class FakeConan:
    """What the recipe inherits from."""
    recipe_folder = str(CONAN)

    def __init__(self, **options):
        self.options = SimpleNamespace(**{"tool": False, **options})
        self.settings = SimpleNamespace(os="Linux", arch="x86_64",
                                        compiler=Compiler("gcc", "12"))
        self.required, self.properties = {}, {}
        self.cpp_info = SimpleNamespace(set_property=self.properties.__setitem__)

    def requires(self, reference, **traits):
        name, wanted = reference.split("/", 1)
        self.required[name] = (wanted, traits)


class Compiler(str):
    def __new__(cls, name, version):
        made = super().__new__(cls, name)
        made.version = version
        return made


class Refused(Exception):
    pass


def recipe(**options):
    """The recipe's class over a stand-in of Conan."""
    modules = {name: types.ModuleType(name) for name in (
        "conan", "conan.errors", "conan.tools", "conan.tools.build", "conan.tools.cmake",
        "conan.tools.files", "conan.tools.scm")}
    modules["conan"].ConanFile = FakeConan
    modules["conan.errors"].ConanInvalidConfiguration = Refused
    modules["conan.tools.build"].check_min_cppstd = lambda self, least: None
    for name in ("CMake", "CMakeDeps", "CMakeToolchain", "cmake_layout"):
        setattr(modules["conan.tools.cmake"], name, mock.MagicMock())
    modules["conan.tools.files"].load = lambda self, path: Path(path).read_text()
    modules["conan.tools.files"].copy = lambda self, pattern, *to: self.patterns.append(pattern)
    modules["conan.tools.files"].rmdir = mock.MagicMock()
    modules["conan.tools.scm"].Version = int
    with mock.patch.dict(sys.modules, modules):
        found = importlib.util.spec_from_file_location("shelf_recipe", CONAN / "conanfile.py")
        module = importlib.util.module_from_spec(found)
        # What a comparison of versions takes from Conan.
        found.loader.exec_module(module)
    module.Version = Numbers
    return module, module.ShelfConan(**options)


class Numbers(list):
    """A version that can be compared with a text, as Conan's can."""
    def __init__(self, text):
        super().__init__(int(n) for n in text.split("."))

    def __lt__(self, other):
        return list(self) < list(Numbers(other))


def installed(package):
    """The upstream version of a Debian package that is installed."""
    told = subprocess.check_output(["dpkg-query", "-W", "-f", "${Version}", package], text=True)
    return Numbers(re.match(r"(?:\d+:)?(\d+(?:\.\d+)*)", told)[1])


class Conan(unittest.TestCase):
    def test_both_files_are_python(self):
        for file in (CONAN / "conanfile.py", CONAN / "test_package" / "conanfile.py"):
            tree = ast.parse(file.read_text(), str(file))
            self.assertEqual(sum(isinstance(n, ast.ClassDef) for n in tree.body), 1, file)

    def test_its_version_is_that_of_the_headers(self):
        _, made = recipe()
        made.set_version()
        self.assertEqual((made.name, made.version), ("shelf", VERSION))

    def test_it_needs_what_packages_txt_lists(self):
        for tool, groups in ((False, ["build"]), (True, ["build", "cli"])):
            _, made = recipe(tool=tool)
            made.requirements()
            wanted = {NAMES[p][1] for group in groups for p in libraries(group)}
            self.assertEqual(set(made.required), wanted)

    def test_the_versions_it_takes_hold_those_that_are_tested(self):
        _, made = recipe(tool=True)
        made.requirements()
        for package, (_, name) in NAMES.items():
            wanted = re.fullmatch(r"\[>=([\d.]+) <([\d.]+)\]", made.required[name][0])
            least, beyond = wanted.groups()
            have = installed(package)
            self.assertFalse(have < least, (name, have))
            self.assertTrue(have < beyond, (name, have))

    def test_what_it_sets_are_options_of_cmake(self):
        text = (CONAN / "conanfile.py").read_text()
        parts = re.search(r"for part in \(([^)]*)\)", text)[1]
        named = {f"SHELF_BUILD_{p}" for p in re.findall(r'"(\w+)"', parts)}
        named |= set(re.findall(r'\["(SHELF_\w+)"\]', text))
        self.assertEqual(named, OPTIONS | {"SHELF_XXHASH_DIR"})
        self.assertIn("SHELF_XXHASH_DIR", (ROOT / "src/CMakeLists.txt").read_text())

    def test_all_that_the_build_reads_is_exported(self):
        _, made = recipe()
        made.patterns, made.export_sources_folder = [], ""
        made.export_sources()
        for pattern in made.patterns:
            self.assertTrue(list(ROOT.glob(pattern)), pattern)
        tops = {p.partition("/")[0] for p in made.patterns}
        self.assertLessEqual({"CMakeLists.txt", "LICENSE", "cmake", "docs", "include", "src"}, tops)

    def test_other_systems_and_older_compilers_are_refused(self):
        _, made = recipe()
        made.validate()
        made.settings.compiler = Compiler("gcc", "11.3")
        self.assertRaises(Refused, made.validate)
        made.settings.compiler = Compiler("clang", "18")
        self.assertRaises(Refused, made.validate)
        made.settings.compiler, made.settings.os = Compiler("clang", "19"), "Windows"
        self.assertRaises(Refused, made.validate)
        made.settings.os, made.settings.arch = "Linux", "x86"
        self.assertRaises(Refused, made.validate)

    def test_it_gives_the_target_that_cmake_gives(self):
        _, made = recipe()
        made.package_info()
        self.assertEqual(made.cpp_info.libs, ["shelf"])
        self.assertEqual(made.properties["cmake_target_name"], "shelf::shelf")
        program = (CONAN / "test_package" / "CMakeLists.txt").read_text()
        self.assertIn("find_package(shelf CONFIG REQUIRED)", program)
        self.assertIn("shelf::shelf", program)


if __name__ == "__main__":
    unittest.main()
