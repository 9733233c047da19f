# SPDX-License-Identifier: BSD-2-Clause
"""README.md has its reader install what tests/packages.txt has, no package
less or more, and our programs install what is in that list and nothing else.
"""

import re

from checking import Seed, main

LIST = "tests/packages.txt"
# The sections that README.md has in its own words, in its order.
IN_README = ("build", "servers")
# These install on behalf of others.
INSTALLERS = ("tests/install-packages", "tests/clean-root", "tests/roots")


def sections(text):
    """{section: its packages} of the list."""
    found, current = {}, None
    for line in text.splitlines():
        heading = re.fullmatch(r"\[(\S+)\]", line)
        if heading:
            current = found.setdefault(heading[1], set())
        elif current is not None and not line.startswith("#"):
            current.update(line.split())
    return found


def install_commands(text):
    """[line, packages] of each apt-get install, continued lines joined."""
    for match in re.finditer(r"^.*apt-get install((?:.*\\\n)*.*)$", text,
                             re.MULTILINE):
        words = match[1].replace("\\\n", " ").split()
        yield (text.count("\n", 0, match.start()) + 1,
               {word for word in words if not word.startswith("-")})


def compare(place, packages, section, wanted):
    """What is wrong with the packages of one command."""
    for package in sorted(wanted - packages):
        yield f"{place}: lacks {package}, which is in [{section}] of {LIST}"
    for package in sorted(packages - wanted):
        yield f"{place}: has {package}, which is not in [{section}] of {LIST}"


def readme_findings(root, lists):
    commands = list(install_commands((root / "README.md").read_text()))
    if len(commands) != len(IN_README):
        yield (f"README.md: {len(commands)} commands that install, for "
               f"the sections {', '.join(IN_README)}")
    for (line, packages), section in zip(commands, IN_README):
        yield from compare(f"README.md:{line}", packages, section,
                           lists.get(section, set()))


def program_findings(root, lists):
    for path in sorted(root.glob("tests/*")):
        name = str(path.relative_to(root))
        if not path.is_file() or path.suffix or name in INSTALLERS:
            continue
        text = path.read_text()
        for number, line in enumerate(text.splitlines(), 1):
            if re.search(r"\bapt-get (?:-\S+ )*install\b", line):
                yield f"{name}:{number}: installs without the list"
            used = re.search(r"tests/install-packages(?: --list)?((?: [\w-]+)*)",
                             line)
            for section in used[1].split() if used else ():
                if section not in lists:
                    yield f"{name}:{number}: there is no section [{section}]"


def find(root):
    lists = sections((root / LIST).read_text())
    return [*readme_findings(root, lists), *program_findings(root, lists)]


README = """Build:

    apt-get install gcc \\
        make
    make

Then the servers:

    apt-get install dnsmasq
"""
CLEAN = {
    LIST: "# one list\n[build]\ngcc\nmake\n\n# more\n[servers]\ndnsmasq\n"
          "[demo]\ncurl\n",
    "README.md": README,
    "tests/demo": "#!/bin/sh\ntests/install-packages build demo\n",
    "tests/install-packages": "#!/bin/sh\napt-get install $missing\n",
}
SEEDS = [
    Seed("a package that README lacks",
         {"README.md": README.replace(" \\\n        make", "")},
         f"README.md:3: lacks make, which is in [build] of {LIST}"),
    Seed("a package that only README has",
         {"README.md": README.replace("dnsmasq", "dnsmasq tftpd-hpa")},
         "README.md:9: has tftpd-hpa, which is not in [servers]"),
    Seed("a command that README lacks",
         {"README.md": README.replace("apt-get install dnsmasq", "")},
         "README.md: 1 commands that install, for the sections build, servers"),
    Seed("a program with a list of its own",
         {"tests/demo": "#!/bin/sh\napt-get -y install curl\n"},
         "tests/demo:2: installs without the list"),
    Seed("a section that is not there",
         {"tests/demo": "#!/bin/sh\ntests/install-packages build dmo\n"},
         "tests/demo:2: there is no section [dmo]"),
]

if __name__ == "__main__":
    main(find, CLEAN, SEEDS)
