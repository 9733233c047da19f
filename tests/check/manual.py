# SPDX-License-Identifier: BSD-2-Clause
"""The manual, the program and `pibootfs --help` agree on options and exit
statuses, both ways.

Program options are the `.It Fl` of the manual's section OPTIONS, mount
options the `.It Cm` of MOUNT OPTIONS, exit statuses the `.It Li` of EXIT
STATUS.  The program's own lists are tables in fuse/*.[ch].
"""

import os
import re
import subprocess

from checking import Seed, main

PAGE = "man/pibootfs.8"
CODE = "fuse/*.c"
HEADER = "fuse/*.h"
# How a mount option is written: alone, with a value, as a prefix.
FLAG, VALUE, PREFIX = "NAME", "NAME=VALUE", "NAME..."
FORMS = {"FLAG": {FLAG}, "VALUE": {VALUE}, "ANY": {FLAG, VALUE},
         "PREFIX": {PREFIX}}


def program(root):
    """The program to ask; a control brings its own."""
    own = root / "build/fuse/pibootfs"
    if not (root / "CMakeLists.txt").is_file():
        return own
    return os.environ.get("PIBOOTFS", own)


def run(root, *arguments, name="pibootfs"):
    """What the program says when it is run under this name."""
    result = subprocess.run([name, *arguments], executable=program(root),
                            capture_output=True, text=True, check=False,
                            timeout=60)
    return result.stdout + result.stderr


def section(page, name):
    match = re.search(rf'^\.Sh {name}$(.*?)(?=^\.Sh |\Z)', page,
                      re.MULTILINE | re.DOTALL)
    return match.group(1) if match else ""


def items(text, macro):
    """The arguments of each `.It MACRO` line, split at commas."""
    for line in re.findall(rf"^\.It {macro} (.*)$", text, re.MULTILINE):
        for item in re.split(r" , (?!Ns )", line):
            yield re.sub(rf"^{macro} ", "", item).split()


def manual_options(text):
    """{"-x", "--word"} of a piece of the manual."""
    return {"-" + words[0] for words in items(text, "Fl")}


def manual_mount_options(page):
    """{(name, form)} as the manual has them."""
    found = set()
    for words in items(section(page, "MOUNT OPTIONS"), "Cm"):
        rest = words[1:]
        form = (VALUE if rest[:2] == ["Ns", "="]
                else PREFIX if rest[:2] == ["Ns", "Ar"] else FLAG)
        found.add((words[0], form))
    return found


def code_options(code, name):
    """{"-x"} of a getopt(3) string, {"--word"} of the long options."""
    match = re.search(rf'{name}\[\] = "([^"]*)"', code)
    return {"-" + letter for letter in match.group(1) if letter != ":"}


def code_long_options(code):
    return {"--" + name for name in re.findall(
        r'\{ "([\w-]+)", (?:no|required|optional)_argument', code)}


def compare(one, one_name, other, other_name):
    for item in sorted(one - other):
        yield f"{item}: in {one_name}, not in {other_name}"
    for item in sorted(other - one):
        yield f"{item}: in {other_name}, not in {one_name}"


def find_options(root, page, code):
    text = section(page, "OPTIONS")
    own, _, helper = text.partition("\n.Ss ")
    known = code_options(code, "program_options") | code_long_options(code)
    shown = set(re.findall(r"(?<![\w-])(--?\w[\w-]*)(?=[ ,\n])",
                           "\n".join(line for line in
                                     run(root, "--help").splitlines()
                                     if line.startswith("  -")) + "\n"))
    shown -= {"-f"} - manual_options(own)
    yield from compare(manual_options(own), "OPTIONS of the manual",
                       known, CODE)
    yield from compare(manual_options(own), "OPTIONS of the manual",
                       shown, "--help")
    yield from compare(manual_options(helper), "the manual's part on mount(8)",
                       code_options(code, "helper_options"),
                       f"helper_options of {CODE}")


def find_mount_options(root, page, code):
    table = dict(re.findall(
        r'\{\s*"([\w-]+)",[^{}"]*\b(FLAG|VALUE|ANY|PREFIX)\b', code))
    manual = manual_mount_options(page)
    yield from compare({name for name, _ in manual},
                       "MOUNT OPTIONS of the manual", table.keys(), CODE)
    for name, form in sorted(manual):
        if name in table and form not in FORMS[table[name]]:
            yield f"{name}: the manual has it as {form}, {CODE} does not"
        word = name + {FLAG: "", VALUE: "=1", PREFIX: "anything"}[form]
        said = run(root, "-o", word, name="mount.fuse.pibootfs")
        if "unknown mount option" in said:
            yield f"{name}: in the manual, but the program says: {said}"
    if "unknown mount option" not in run(root, "-o", "no-such-option"):
        yield "no-such-option: the program does not refuse it"
    # The summary may leave out what mount(8) documents, but invents nothing.
    for name in re.findall(r"^  ([a-z_]{4,})(?:=[A-Z]+)?(?:,| {2})",
                           run(root, "--help"), re.MULTILINE):
        if name not in table:
            yield f"{name}: in --help, not in {CODE}"


def find_statuses(page, header):
    manual = {words[0] for words in items(section(page, "EXIT STATUS"), "Li")}
    known = {"0"} | set(re.findall(r"#define EXIT_\w+ (\d+)", header))
    yield from compare(manual, "EXIT STATUS of the manual", known, HEADER)


def find(root):
    page = (root / PAGE).read_text()
    code, header = ("".join(path.read_text() for path in root.glob(pattern))
                    for pattern in (CODE, HEADER))
    return [*find_options(root, page, code),
            *find_mount_options(root, page, code),
            *find_statuses(page, header)]


TABLES = "fuse/options.c"
STATUSES = "fuse/options.h"
CLEAN = {
    PAGE: """.Sh OPTIONS
.Bl -tag
.It Fl h , Fl -help
.It Fl o Ar option Ns Op , Ns Ar option ...
.El
.Ss Run by mount(8)
.It Fl n , o Ar option
.Sh MOUNT OPTIONS
.It Cm uid Ns = Ns Ar user
.It Cm ro , user , Cm x- Ns Ar name
.Sh EXIT STATUS
.It Li 0
.It Li 2
""",
    TABLES: """{ "uid", VALUE, take_uid, false },
{ "ro", FLAG, NULL, false },
{ "user", ANY, NULL, false },
{ "x-", PREFIX, NULL, false },
{ "help", no_argument, NULL, 'h' },
char program_options[] = "ho:";
char helper_options[] = "no:";
""",
    STATUSES: "#define EXIT_START 2\n",
    "build/fuse/pibootfs": """#!/bin/sh
case $1$2 in
--help) printf '  -h, --help  help\\n  -o OPTION  option\\n  uid=USER  owner\\n' ;;
-ouid=1 | -oro | -ouser | -ox-anything) echo two operands are missing ;;
-o*) echo unknown mount option ;;
esac
""",
}


def changed(name, old, new):
    assert old in CLEAN[name]
    return {name: CLEAN[name].replace(old, new)}


FAKE = "build/fuse/pibootfs"
SEEDS = [
    Seed("an option that is not in the manual",
         changed(TABLES, '"ho:"', '"hqo:"'), f"-q: in {CODE}, not in OPTIONS"),
    Seed("a long option that is not in the manual",
         changed(PAGE, " , Fl -help", ""), f"--help: in {CODE}, not in"),
    Seed("an option that is in the manual only",
         changed(PAGE, ".It Fl h ", ".It Fl z\n.It Fl h "),
         f"-z: in OPTIONS of the manual, not in {CODE}"),
    Seed("an option that is not in --help",
         changed(FAKE, "  -o OPTION", "  OPTION"),
         "-o: in OPTIONS of the manual, not in --help"),
    Seed("an option that is in --help only",
         changed(FAKE, "  -o OPTION", "  -y  yes\\n  -o OPTION"),
         "-y: in --help, not in OPTIONS of the manual"),
    Seed("a helper's option that is not in the manual",
         changed(TABLES, '"no:"', '"nvo:"'), "-v: in helper_options"),
    Seed("a mount option that is not in the manual",
         changed(PAGE, ".It Cm uid Ns = Ns Ar user\n", ""),
         f"uid: in {CODE}, not in MOUNT OPTIONS"),
    Seed("a mount option that is in the manual only",
         changed(PAGE, ".It Cm ro", ".It Cm gid Ns =\n.It Cm ro"),
         f"gid: in MOUNT OPTIONS of the manual, not in {CODE}"),
    Seed("a mount option that the program does not take",
         changed(FAKE, "-oro | ", ""), "ro: in the manual, but the program"),
    Seed("a mount option without the value it needs",
         changed(PAGE, ".It Cm uid Ns = Ns Ar user", ".It Cm uid"),
         "uid: the manual has it as NAME,"),
    Seed("a mount option in --help only",
         changed(FAKE, "  uid=USER", "  guid=USER  x\\n  uid=USER"),
         f"guid: in --help, not in {CODE}"),
    Seed("a program that takes anything",
         changed(FAKE, "echo unknown mount option", "echo fine"),
         "no-such-option: the program does not refuse it"),
    Seed("an exit status that is not in the manual",
         changed(STATUSES, " 2", " 3"), f"3: in {HEADER}, not in EXIT STATUS"),
    Seed("an exit status that is in the manual only",
         changed(PAGE, ".It Li 2\n", ".It Li 2\n.It Li 9\n"),
         f"9: in EXIT STATUS of the manual, not in {HEADER}"),
]

if __name__ == "__main__":
    main(find, CLEAN, SEEDS)
