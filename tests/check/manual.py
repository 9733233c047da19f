# SPDX-License-Identifier: BSD-2-Clause
"""Each manual, its program and the program's --help agree on options,
commands and exit statuses, both ways.

Program options are the `.It Fl` of the manual's section OPTIONS, mount
options the `.It Cm` of MOUNT OPTIONS, commands the `.It Cm` of COMMANDS, exit
statuses the `.It Li` of EXIT STATUS.  A program's own lists are tables in its
sources.
"""

import os
import re
import subprocess
from dataclasses import dataclass

from checking import Seed, main


@dataclass
class Program:
    """A program and its manual; `variable` says where it is when built."""
    name: str
    page: str
    code: str
    header: str
    built: str
    variable: str
    mounts: bool = False
    completion: str = ""

    def path(self, root):
        """The program to ask; a control brings its own."""
        if not (root / "CMakeLists.txt").is_file():
            return root / self.built
        return os.environ.get(self.variable, root / self.built)

    def run(self, root, *arguments, name=None):
        """What the program says when it is run under this name."""
        result = subprocess.run([name or self.name, *arguments],
                                executable=self.path(root),
                                capture_output=True, text=True, check=False,
                                timeout=60)
        return result.stdout + result.stderr


DAEMON = Program("pibootfs", "man/pibootfs.8", "fuse/*.c", "fuse/*.h",
                 "build/fuse/pibootfs", "PIBOOTFS", mounts=True)
IMAGE = Program("pibootfs-image", "man/pibootfs-image.1",
                "tools/image/image_*.c", "tools/image/image_*.h",
                "build/tools/pibootfs-image",
                "PIBOOTFS_IMAGE")
PREP = Program("pibootfs-prep", "man/pibootfs-prep.1",
               "tools/prep/prep_options.c", "tools/prep/prep_options.h",
               "build/tools/pibootfs-prep", "PIBOOTFS_PREP",
               completion="tools/prep/completion.bash")
PROGRAMS = [DAEMON, IMAGE, PREP]
# How a mount option is written: alone, with a value, as a prefix.
FLAG, VALUE, PREFIX = "NAME", "NAME=VALUE", "NAME..."
FORMS = {"FLAG": {FLAG}, "VALUE": {VALUE}, "ANY": {FLAG, VALUE},
         "PREFIX": {PREFIX}}


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


def find_options(root, program, page, code):
    text = section(page, "OPTIONS")
    own, helper = text, ""
    if program.mounts:
        own, _, helper = text.partition("\n.Ss ")
    known = code_options(code, "program_options") | code_long_options(code)
    shown = set(re.findall(r"(?<![\w-])(--?\w[\w-]*)(?=[ ,\n])",
                           "\n".join(line for line in
                                     program.run(root, "--help").splitlines()
                                     if line.startswith("  -")) + "\n"))
    shown -= {"-f"} - manual_options(own)
    yield from compare(manual_options(own), "OPTIONS of the manual",
                       known, program.code)
    yield from compare(manual_options(own), "OPTIONS of the manual",
                       shown, "--help")
    if program.mounts:
        yield from compare(manual_options(helper),
                           "the manual's part on mount(8)",
                           code_options(code, "helper_options"),
                           f"helper_options of {program.code}")


def find_completions(root, program, code):
    """The completion offers every long option and none else."""
    offered = set(re.findall(r"(?<![\w-])--[\w-]+(?=[\s'])",
                             re.search(r"compgen -W '\s+(--.*?)'",
                                       (root / program.completion).read_text(),
                                       re.DOTALL).group(0)))
    yield from compare(offered, program.completion, code_long_options(code),
                       program.code)


def find_commands(root, program, page, code):
    manual = {words[0] for words in items(section(page, "COMMANDS"), "Cm")}
    known = set(re.findall(r'\{ "(\w+)", [A-Z]+_[A-Z]+, \d', code))
    shown = set(re.findall(rf"^(?:Usage:)? *{program.name} (\w+)",
                           program.run(root, "--help"), re.MULTILINE))
    yield from compare(manual, "COMMANDS of the manual", known, program.code)
    yield from compare(manual, "COMMANDS of the manual", shown, "--help")


def find_mount_options(root, program, page, code):
    table = dict(re.findall(
        r'\{\s*"([\w-]+)",[^{}"]*\b(FLAG|VALUE|ANY|PREFIX)\b', code))
    manual = manual_mount_options(page)
    yield from compare({name for name, _ in manual},
                       "MOUNT OPTIONS of the manual", table.keys(),
                       program.code)
    for name, form in sorted(manual):
        if name in table and form not in FORMS[table[name]]:
            yield (f"{name}: the manual has it as {form}, {program.code} "
                   "does not")
        word = name + {FLAG: "", VALUE: "=1", PREFIX: "anything"}[form]
        said = program.run(root, "-o", word, name="mount.fuse.pibootfs")
        if "unknown mount option" in said:
            yield f"{name}: in the manual, but the program says: {said}"
    if "unknown mount option" not in program.run(root, "-o",
                                                 "no-such-option"):
        yield "no-such-option: the program does not refuse it"
    # The summary may leave out what mount(8) documents, but invents nothing.
    for name in re.findall(r"^  ([a-z_]{4,})(?:=[A-Z]+)?(?:,| {2})",
                           program.run(root, "--help"), re.MULTILINE):
        if name not in table:
            yield f"{name}: in --help, not in {program.code}"


def find_statuses(program, page, header):
    manual = {words[0] for words in items(section(page, "EXIT STATUS"), "Li")}
    known = {"0"} | set(re.findall(r"#define EXIT_\w+ (\d+)", header))
    yield from compare(manual, "EXIT STATUS of the manual", known,
                       program.header)


def find_in(root, program):
    page = (root / program.page).read_text()
    code, header = ("".join(path.read_text() for path in root.glob(pattern))
                    for pattern in (program.code, program.header))
    yield from find_options(root, program, page, code)
    if program.mounts:
        yield from find_mount_options(root, program, page, code)
    else:
        yield from find_commands(root, program, page, code)
    yield from find_statuses(program, page, header)
    if program.completion:
        yield from find_completions(root, program, code)


def find(root):
    return [f"{program.name}: {finding}" for program in PROGRAMS
            for finding in find_in(root, program)]


PAGE, CODE, HEADER = DAEMON.page, DAEMON.code, DAEMON.header


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
    IMAGE.page: """.Sh COMMANDS
.It Cm ls
.Sh OPTIONS
.It Fl l , Fl -long
.Sh EXIT STATUS
.It Li 0
""",
    "tools/image/image_options.c": """{ "ls", IMAGE_LS, 1, 2, "ls" },
{ "long", no_argument, NULL, 'l' },
char program_options[] = "l";
""",
    "tools/image/image_options.h": "",
    PREP.page: """.Sh OPTIONS
.Ss The image
.It Fl -size Ar size
.Sh EXIT STATUS
.It Li 0
""",
    PREP.code: """{ "size", required_argument, NULL, OPTION_SIZE },
char program_options[] = ":";
""",
    PREP.header: "",
    PREP.completion: """compgen -W '
--size' -- "$cur"
""",
    PREP.built: """#!/bin/sh
printf 'Usage: pibootfs-prep\\n  --size SIZE  large\\n'
""",
    IMAGE.built: """#!/bin/sh
printf 'Usage: pibootfs-image ls\\n  -l, --long  long\\n'
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
    Seed("an option of another program that is not in its manual",
         changed("tools/image/image_options.c", '"l"', '"lR"'),
         f"pibootfs-image: -R: in {IMAGE.code}, not in OPTIONS"),
    Seed("an exit status of another program that is not in its manual",
         {"tools/image/image_options.h": "#define EXIT_USAGE 1\n"},
         f"pibootfs-image: 1: in {IMAGE.header}, not in EXIT STATUS"),
    Seed("an option that is not completed",
         changed(PREP.completion, "--size", "--no"),
         f"pibootfs-prep: --size: in {PREP.code}, not in {PREP.completion}"),
    Seed("a completion that is no option",
         changed(PREP.completion, "--size", "--no --size"),
         f"pibootfs-prep: --no: in {PREP.completion}, not in"),
    Seed("a command that is not in the manual",
         changed(IMAGE.page, ".It Cm ls\n", ""),
         f"pibootfs-image: ls: in {IMAGE.code}, not in COMMANDS"),
    Seed("a command that is in the manual only",
         changed(IMAGE.page, ".It Cm ls", ".It Cm rm\n.It Cm ls"),
         "pibootfs-image: rm: in COMMANDS of the manual, not in tools"),
    Seed("a command that is not in --help",
         changed(IMAGE.built, "pibootfs-image ls", "pibootfs-image"),
         "pibootfs-image: ls: in COMMANDS of the manual, not in --help"),
]

if __name__ == "__main__":
    main(find, CLEAN, SEEDS)
