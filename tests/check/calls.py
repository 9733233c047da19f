# SPDX-License-Identifier: BSD-2-Clause
"""Calls that some of our files must not make.

Images are read in one place and never mapped; the library keeps quiet.
"""

import re
from fnmatch import fnmatch

from checking import Seed, code_only, main, sources

# (files, but not these, what must not be there, what is wrong about it)
RULES = [
    ("lib/*", ("lib/image.c",),
     r"\b(?:pread|pread64|preadv2?|preadv64v?2?|io_uring_\w+|aio_read)\s*\(",
     "only lib/image.c reads images"),
    ("*", (),
     r"\bmmap(?:64)?\s*\((?![^;]*\bMAP_ANONYMOUS\b)",
     "a mapped file is a SIGBUS when it is truncated"),
    ("lib/*", (),
     r"\b(?:(?:v?(?:f|d)?printf|f?puts|f?putc|putchar|perror|psignal)\s*\(|"
     r"(?:stdout|stderr)\b)",
     "the library never prints"),
    ("lib/*", (),
     r"\b(?:v?syslog|openlog|sd_\w+|v?warnx?|v?errx?|fuse_log)\s*\(",
     "the library never logs"),
    ("lib/*", (),
     r"\b(?:exit|_exit|_Exit|quick_exit|abort|atexit|pthread_exit)\s*\(",
     "the library never exits"),
    ("lib/*", (),
     r"\b(?:(?:secure_)?getenv|setenv|putenv|unsetenv|environ)\b",
     "the library never reads the environment"),
    ("fuse/*", ("fuse/log_writer.c", "fuse/daemonize.c"),
     r"\b(?:p?writev?|send|sendto|sendmsg|v?dprintf|v?syslog|"
     r"sd_journal_\w+)\s*\(",
     "may wait for who reads it; only fuse/log_writer.c has time for that"),
    ("*", (),
     r"\b(?:pthread_cancel|pthread_exit|fuse_session_loop\w*)\s*\(",
     "needs libgcc_s, which may not be loaded when memory is short"),
    ("*", (),
     r"\b(?:strcpy|strcat|sprintf|vsprintf|gets|alloca|strtok)\s*\(",
     "has no bound"),
]


def find(root):
    findings = []
    for file in sources(root):
        code = code_only((root / file).read_text())
        for files, exceptions, pattern, fault in RULES:
            if not fnmatch(str(file), files) or str(file) in exceptions:
                continue
            for match in re.finditer(pattern, code):
                line = code.count("\n", 0, match.start()) + 1
                call = match.group(0).rstrip("( ")
                findings.append(f"{file}:{line}: {call}: {fault}")
    return findings


CLEAN = {
    "lib/image.c": "int f(void) { return pread(fd, buffer, 1, 0); }\n",
    "lib/other.c":
        "/* never printf( or exit( here */\n"
        "char *s = \"getenv(\";\n"
        "int g(void) { return snprintf(s, 1, \"\") + pbf_image_read(i); }\n"
        "void *m = mmap(NULL, size, PROT_READ,\n"
        "\t\tMAP_PRIVATE | MAP_ANONYMOUS, -1, 0);\n"
        "int warned; int exit_status; struct err err;\n"
        "__attribute__((format(printf, 1, 2))) int h(const char *, ...);\n",
    "fuse/main.c": "int main(void) { printf(\"\"); exit(0); }\n",
}


def seed(name, code, expect, file="lib/other.c"):
    return Seed(name, {file: "\n" + code + "\n"}, f"{file}:2: {expect}")


SEEDS = [
    seed("a second reader of images", "n = pread(fd, p, 1, 0);",
         "pread: only lib/image.c reads images"),
    seed("a mapped file in the library",
         "p = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);",
         "mmap: a mapped file"),
    seed("a mapped file in a program",
         "p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);",
         "mmap: a mapped file", "fuse/main.c"),
    seed("a library that prints", "printf(\"\");", "printf: the library"),
    seed("a library that prints to stderr", "fputs(s, stderr);",
         "fputs: the library"),
    seed("a library that logs", "syslog(LOG_ERR, s);", "syslog: the library"),
    seed("a library that logs to the journal", "sd_journal_print(3, s);",
         "sd_journal_print: the library"),
    seed("a library that exits", "exit(1);", "exit: the library"),
    seed("a library that aborts", "abort();", "abort: the library"),
    seed("a library that reads the environment", "s = getenv(\"HOME\");",
         "getenv: the library"),
    seed("a message written by who has it", "write(STDERR_FILENO, s, 1);",
         "write: may wait for who reads it", "fuse/main.c"),
    seed("a message for syslog from anywhere", "syslog(LOG_ERR, s);",
         "syslog: may wait for who reads it", "fuse/main.c"),
    seed("a thread that is cancelled", "pthread_cancel(thread);",
         "pthread_cancel: needs libgcc_s", "fuse/main.c"),
    seed("libfuse's loop", "fuse_session_loop_mt(session, NULL);",
         "fuse_session_loop_mt: needs libgcc_s", "fuse/main.c"),
    seed("an unbounded copy", "strcpy(a, b);", "strcpy: has no bound",
         "fuse/main.c"),
]

if __name__ == "__main__":
    main(find, CLEAN, SEEDS)
