# SPDX-License-Identifier: BSD-2-Clause
"""Nothing that can hang is reached by a thread that must not: one that takes
requests of the kernel, or that of the deadlines.

Calls are followed by name from the operations that libfuse calls and from what
a deadline calls. What takes a `reach` may be called with PBF_AT_ONCE and is
not followed then. Work handed to a lane is assigned, not called, so it is not
followed either.
"""

import re
from collections import deque
from pathlib import Path

from checking import Seed, code_only, main, sources

BLOCKING = set("""
    access chdir clock_nanosleep close close_range fallocate fdatasync fdopendir
    fgetxattr flock fopen fread fstatat fstatfs fsync getxattr lstat mkdir
    mount nanosleep open open_by_handle_at openat opendir pause poll ppoll
    pread pthread_join pwrite read readdir readlink readlinkat realpath rename
    renameat select sendmsg sendto sleep stat statfs statvfs statx syscall
    syslog umount2 unlink unlinkat usleep write writev""".split())
# May be reached, as (caller, callee): why.
ALLOWED = {
    ("log_writer_put", "write_line"):
        "only before log_start(), while there are no other threads",
    ("pbf_version_unref", "pbf_location_release"):
        "empty by then: whoever captures holds a reference",
    ("pbf_version_abandon_capture", "pbf_location_release"):
        "a READ has found nothing yet; an open is on a lane",
}
OPERATIONS = re.compile(
    r"struct\s+fuse_lowlevel_ops\s+\w+\s*=\s*\{(.*?)\};", re.DOTALL)
FUNCTION = re.compile(
    r"^(?:[A-Za-z_][^;{}()#=]*?[\s*])?([A-Za-z_]\w*)\(([^;{}]*?)\)\s*\n\{\n"
    r"(.*?)^\}", re.DOTALL | re.MULTILINE)
CALL = re.compile(r"\b([A-Za-z_]\w*)\s*\(")
LATE = re.compile(r"(?:->|\.)\s*(?:late|progressing|expire|wake)\s*=\s*"
                  r"(?:[^;?]*\?)?\s*(\w+)\s*(?::\s*(\w+))?\s*[;,]")
ATTRIBUTE = re.compile(r"__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)\s*")
GATE = re.compile(r"\b(\w+)\(((?:[^;{}()]|\([^;{}()]*\))*)\)")
DEADLINE = re.compile(r"\bdeadlines_set\s*\([^;]*?(\w+)\s*\)\s*;")


def arguments(body, start):
    """What stands between the parenthesis at START and its other end."""
    depth = 0
    for place in range(start, len(body)):
        depth += {"(": 1, ")": -1}.get(body[place], 0)
        if depth == 0:
            return body[start:place]
    return body[start:]


class Tree:
    """The functions by file and name, the names of those that take a reach,
    and the functions that threads begin with which must not hang."""

    def __init__(self, root):
        self.bodies, self.gates, self.roots = {}, set(), []
        for file in sources(root, (".c", ".h"), ("lib", "fuse")):
            code = ATTRIBUTE.sub("", code_only(Path(root, file).read_text()))
            self.gates.update(name for name, parameters in GATE.findall(code)
                              if "enum pbf_reach" in parameters)
            for match in FUNCTION.finditer(code):
                self.bodies[file, match[1]] = match[3]
            names = [name for table in OPERATIONS.findall(code)
                     for name in re.findall(r"=\s*(\w+)", table)]
            names += [name for match in LATE.finditer(code)
                      for name in match.groups() if name]
            names += DEADLINE.findall(code)
            self.roots += [(file, name) for name in names]
        self.roots = [found for file, name in self.roots
                      if (found := self.resolve(file, name))]

    def resolve(self, file, name):
        """The function that NAME means in FILE: a static one of it first."""
        if (file, name) in self.bodies:
            return file, name
        return next((key for key in self.bodies if key[1] == name), None)


def find(root):
    tree = Tree(root)
    came_from = {function: None for function in tree.roots}
    queue, findings = deque(sorted(came_from)), []

    def way_to(function):
        way = []
        while function:
            way.insert(0, function[1])
            function = came_from[function]
        return " > ".join(way)

    while queue:
        function = queue.popleft()
        file, caller = function
        body = tree.bodies[function]
        for match in CALL.finditer(body):
            callee = match[1]
            given = arguments(body, match.end() - 1)
            if (caller, callee) in ALLOWED:
                continue
            if callee in tree.gates:
                if "PBF_AT_ONCE" not in given \
                        and not re.search(r"\breach\b", given):
                    findings.append(f"{file}: {way_to(function)} > {callee}: "
                                    "not at once, so it can hang")
                if "PBF_AT_ONCE" in given or caller in tree.gates:
                    continue
            target = tree.resolve(file, callee)
            if target is None and callee in BLOCKING:
                findings.append(f"{file}: {way_to(function)} > {callee}: "
                                "can hang")
            elif target and target not in came_from:
                came_from[target] = function
                queue.append(target)
    return sorted(findings)


CLEAN = {
    "lib/catalog.h":
        "int pbf_catalog_find(struct c *c, enum pbf_reach reach);\n",
    "lib/catalog.c":
        "int pbf_catalog_find(struct c *c, enum pbf_reach reach)\n{\n"
        "\treturn openat(c, reach);\n}\n"
        "int pbf_image_read(void)\n{\n\treturn pread(1);\n}\n",
    "fuse/ops.c":
        "static void late_answer(struct request *request)\n{\n"
        "\tfuse_reply_err(request);\n}\n"
        "static void work(struct request *request)\n{\n"
        "\tpbf_image_read();\n\tpbf_catalog_find(c, PBF_ANYWHERE);\n}\n"
        "static int quick(struct c *c, enum pbf_reach reach)\n{\n"
        "\treturn pbf_catalog_find(c, reach);\n}\n"
        "static void lookup(fuse_req_t fuse)\n{\n"
        "\tquick(c, PBF_AT_ONCE);\n"
        "\tpbf_catalog_find(c,\n\t\tPBF_AT_ONCE);\n"
        "\trequest->work = work;\n\trequest->late = late_answer;\n}\n"
        "const struct fuse_lowlevel_ops operations = {\n"
        "\t.lookup = lookup,\n};\n",
}


def seed(name, old, new, expect):
    return Seed(name, {"fuse/ops.c": CLEAN["fuse/ops.c"].replace(old, new)},
                expect)


SEEDS = [
    seed("a request that is answered from storage", "\tquick(c, PBF_AT_ONCE);",
         "\tpbf_image_read();",
         "lib/catalog.c: lookup > pbf_image_read > pread: can hang"),
    seed("a look that goes anywhere", "quick(c, PBF_AT_ONCE)",
         "quick(c, PBF_ANYWHERE)", "lookup > quick: not at once"),
    seed("a deadline that reads", "\tfuse_reply_err(request);",
         "\treaddir(d);", "late_answer > readdir: can hang"),
    seed("a late answer by another name", "request->late = late_answer;",
         "request->late = x ? late_answer : work;",
         "work > pbf_image_read > pread: can hang"),
    seed("a deadline of its own", "\trequest->work = work;",
         "\tdeadlines_set(d, 1, work);",
         "work > pbf_image_read > pread: can hang"),
    seed("a message written by the one who says it",
         "\tfuse_reply_err(request);", "\twrite(2, 0, 0);",
         "late_answer > write: can hang"),
]

if __name__ == "__main__":
    main(find, CLEAN, SEEDS)
