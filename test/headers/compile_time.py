#!/usr/bin/env python3
"""How much longer the compiler takes for a program with one table than for its unordered_map twin.

    test/headers/compile_time.py [compiler...]     default: c++

Prints the median of the CPU seconds of each, taken in turns, at -O0 and -O2.
"""
import os
import pathlib
import resource
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = HERE.parent.parent / "include"
PROGRAMS = ("with_shelf.cpp", "with_unordered_map.cpp")
RUNS = 11


def cpu_seconds(compiler, level, program):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([compiler, "-std=c++23", level, "-I", INCLUDE, "-c", HERE / program,
                    "-o", os.devnull], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    for compiler in sys.argv[1:] or ["c++"]:
        for level in ("-O0", "-O2"):
            taken = {program: [] for program in PROGRAMS}
            for _ in range(RUNS):
                for program in PROGRAMS:
                    taken[program].append(cpu_seconds(compiler, level, program))
            table, twin = (statistics.median(taken[program]) for program in PROGRAMS)
            print(f"{compiler} {level}: shelf {table:.2f} s, unordered_map {twin:.2f} s, "
                  f"ratio {table / twin:.2f}")


main()
