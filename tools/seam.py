#!/usr/bin/env python3
"""The seam to the operating system: only the real system in src/file may call it.

    seam.py OBJECT... | @LIST     prints every object that refers to a system call, exit code 1

What an object refers to is what nm calls undefined. The rule keeps the simulated disk honest: a
call that went around it would never meet a simulated crash.
"""
import os
import re
import subprocess
import sys

# The objects that are the real system; all else in src/file goes through the interface it has.
SEAM = re.compile(r"(^|/)shelf_file\.dir/(\./)?(file/)?"
                  r"(real_system|beneath|event_descriptor|large_pages|lock_holder|process|"
                  r"thread_barrier)"
                  r"\.cpp\.o$")

# Functions of libc that reach files, other processes, the wall clock or randomness. Names are
# compared without the decorations of libc: 64, _chk, _2, leading underscores.
CALLS = frozenset("""
    open openat openat2 creat close close_range dup dup2 dup3 fcntl ioctl pipe pipe2
    read pread readv preadv preadv2 write pwrite writev pwritev pwritev2 sendfile copy_file_range
    lseek truncate ftruncate fallocate posix_fallocate posix_fadvise readahead
    fsync fdatasync sync syncfs sync_file_range msync
    mmap mremap munmap madvise memfd_create shm_open
    rename renameat renameat2 link linkat unlink unlinkat symlink symlinkat remove
    readlink readlinkat realpath mkstemp mkostemp mkdtemp tmpfile tempnam
    stat lstat fstat fstatat statx xstat lxstat fxstat fxstatat statfs fstatfs statvfs fstatvfs
    access faccessat euidaccess chmod fchmod fchmodat chown fchown lchown fchownat umask utimensat
    mkdir mkdirat rmdir chdir fchdir getcwd opendir fdopendir readdir closedir scandir nftw glob
    flock lockf fopen freopen fdopen fopencookie popen
    fork vfork execve posix_spawn system kill syscall
    time gettimeofday getrandom getentropy random rand arc4random
""".split())

# What the standard library does in their place. Timed waits of std::condition_variable refer to
# steady_clock::now, so that one is no sign of anything.
LIBRARY = re.compile(
    r"std::(__cxx11::|__1::)?(basic_)?[iow]?(filebuf|[io]?fstream)\b|std::filesystem::"
    r"|std::random_device|system_clock::now")


def plain(symbol):
    """A libc symbol without version and decorations: `__open64_2@GLIBC_2.7` is `open`."""
    name = symbol.split("@")[0].lstrip("_")
    name = re.sub(r"(_chk|_2)$", "", name)
    return name if name in CALLS else re.sub(r"64(v2)?$", "", name)


def forbidden(symbols):
    """Those of the (demangled) undefined symbols that reach the system."""
    return [s for s in symbols
            if LIBRARY.search(s) or (re.fullmatch(r"[\w@.]+", s) and plain(s) in CALLS)]


def undefined(path):
    """The symbols an object refers to and does not define, demangled."""
    output = subprocess.run([os.environ.get("NM", "nm"), "-u", "--demangle", path],
                            capture_output=True, text=True, check=True).stdout
    return [line.strip()[2:].strip() for line in output.splitlines() if line.strip()[:2] in
            ("U ", "w ", "v ")]


def check(paths):
    """The sentences about objects that reach around the seam."""
    return [f"{path}: calls {symbol}, and only the real system in src/file may"
            for path in paths if not SEAM.search(path) for symbol in forbidden(undefined(path))]


def main(arguments):
    paths = []
    for argument in arguments:
        if argument.startswith("@"):
            with open(argument[1:], encoding="utf-8") as listed:
                paths += listed.read().split()
        else:
            paths.append(argument)
    if not paths:
        sys.exit("seam: no objects given")
    wrong = check(paths)
    print("\n".join(wrong) if wrong else f"seam: {len(paths)} objects keep to it")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
