#!/usr/bin/env python3
"""That seam.py catches what it is for: small programs are compiled and shown to it."""
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import seam


class Seam(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)

    def compile(self, code, name="table.cpp", options=("-O2", "-D_FORTIFY_SOURCE=2")):
        """The object of a C++ text, below a path like that of CMake's object libraries."""
        folder = Path(self.directory.name) / "shelf_file.dir"
        folder.mkdir(exist_ok=True)
        source, target = folder / name, folder / f"{name}.o"
        source.write_text(code, encoding="utf-8")
        subprocess.run([os.environ.get("CXX", "c++"), "-std=c++20", *options, "-c", str(source),
                        "-o", str(target)], check=True)
        return str(target)

    def assert_caught(self, code, symbol):
        wrong = seam.check([self.compile(code)])
        self.assertTrue(any(symbol in line for line in wrong), wrong)

    def test_an_object_that_opens_a_file_is_caught(self):
        self.assert_caught("#include <fcntl.h>\nint f(const char* p) { return open(p, 0); }",
                           "open")

    def test_large_file_names_and_fortified_calls_are_seen_through(self):
        self.assert_caught("#define _FILE_OFFSET_BITS 64\n#include <fcntl.h>\n"
                           "int f(const char* p, int how) { return open(p, how); }", "open")
        self.assert_caught("#include <unistd.h>\nchar b[8];\n"
                           "long f(int d, unsigned long n) { return read(d, b, n); }", "read")

    def test_streams_file_systems_and_randomness_of_the_library_are_caught(self):
        self.assert_caught("#include <fstream>\nvoid f() { std::ofstream out(\"x\"); out << 1; }",
                           "basic_ofstream")
        self.assert_caught("#include <filesystem>\n"
                           "bool f() { return std::filesystem::exists(\"x\"); }", "std::filesystem")
        self.assert_caught("#include <random>\nunsigned f() { return std::random_device{}(); }",
                           "random_device")
        self.assert_caught("#include <chrono>\n"
                           "auto f() { return std::chrono::system_clock::now(); }",
                           "system_clock::now")

    def test_each_call_that_changes_a_disk_is_caught_by_name(self):
        for call in ("openat", "write", "pwrite64", "rename", "renameat2", "unlink", "fsync",
                     "fdatasync", "ftruncate64", "flock", "mmap64", "syscall", "fopen64"):
            with self.subTest(call=call):
                self.assertEqual(seam.forbidden([call]), [call])

    def test_own_functions_of_the_same_name_are_no_calls(self):
        self.assertEqual(seam.forbidden(["shelf::file::open_file::write(unsigned long)",
                                         "shelf::map::open(int)", "reopen", "memcpy"]), [])

    def test_an_object_without_calls_passes(self):
        code = "#include <cstdio>\n#include <string>\n#include <condition_variable>\n" \
               "void f(std::string s) { std::fputs(s.c_str(), stderr); }\n"
        self.assertEqual(seam.check([self.compile(code)]), [])

    def test_the_real_system_may_call_and_its_neighbours_may_not(self):
        code = "#include <unistd.h>\nint f(int d) { return fsync(d); }"
        self.assertEqual(seam.check([self.compile(code, "real_system.cpp")]), [])
        self.assertEqual(len(seam.check([self.compile(code, "open_file.cpp")])), 1)
        self.assertEqual(len(seam.check([self.compile(code, "unreal_system.cpp")])), 1)
        self.assertEqual(len(seam.check([self.compile(code, "simulated_disk.cpp")])), 1)

    def test_a_file_named_like_the_real_system_in_another_room_is_caught(self):
        self.assertFalse(seam.SEAM.search("src/CMakeFiles/shelf_table.dir/real_system.cpp.o"))
        self.assertFalse(seam.SEAM.search("src/CMakeFiles/shelf_file.dir/table/process.cpp.o"))
        self.assertTrue(seam.SEAM.search("src/CMakeFiles/shelf_file.dir/./file/process.cpp.o"))

    def test_the_command_fails_when_something_is_caught(self):
        bad = self.compile("#include <unistd.h>\nint f(int d) { return fsync(d); }")
        self.assertEqual(seam.main([bad]), 1)
        listed = Path(self.directory.name) / "objects.txt"
        listed.write_text(self.compile("int f() { return 1; }") + "\n", encoding="utf-8")
        self.assertEqual(seam.main([f"@{listed}"]), 0)


if __name__ == "__main__":
    unittest.main()
