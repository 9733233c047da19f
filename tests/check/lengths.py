# SPDX-License-Identifier: BSD-2-Clause
"""Files of at most 450 lines; functions as long, deep and wide as .clang-tidy
allows."""

import re
import shutil
import subprocess
from pathlib import Path

from checking import Seed, main, need, sources
from headers import compiler_flags

LINES_MAX = 450
SETTINGS = Path(__file__).resolve().parents[2] / ".clang-tidy"
DIRECTORIES = ("lib", "fuse", "tools", "tests")


def long_files(root):
    findings = []
    for file in sources(root, suffixes=(".c", ".h", ".py"),
                        directories=DIRECTORIES):
        lines = len((root / file).read_text().splitlines())
        if lines > LINES_MAX:
            findings.append(f"{file}: {lines} lines, more than {LINES_MAX}")
    return findings


def long_functions(root):
    files = sources(root, suffixes=(".c",), directories=DIRECTORIES)
    if not files:
        return []
    program = shutil.which("clang-tidy-14") or need("clang-tidy")
    result = subprocess.run(
        [program, "--quiet", f"--config-file={SETTINGS}",
         "--checks=-*,readability-function-size", *map(str, files), "--",
         *compiler_flags()],
        cwd=root, capture_output=True, text=True, check=False)
    lines = result.stdout.splitlines()
    return [line.replace(f"{root}/", "") for line in lines
            if re.search(r"\[readability-function-size|: error: ", line)
            or ": note: " in line and "threshold" in line]


def find(root):
    return long_files(root) + long_functions(root)


def function(lines=1, parameters="void", body="\tx++;\n"):
    return f"int x;\nint f({parameters})\n{{\n{body * lines}\treturn x;\n}}\n"


CLEAN = {
    "lib/short.c": function(lines=50),
    "lib/flat.c": function(parameters="int a, int b"),
}
DEEP = ("\tif (x) {\n" * 6) + "\tx++;\n" + ("\t}\n" * 6)
SEEDS = [
    Seed("a long file", {"lib/long.c": "\n" * 451},
         "lib/long.c: 451 lines"),
    Seed("a long function", {"lib/long.c": function(lines=70)},
         "lib/long.c:2:5: warning: function 'f' exceeds recommended size"),
    Seed("a deep function", {"lib/deep.c": function(body=DEEP)},
         "lib/deep.c:2:5: warning: function 'f' exceeds recommended size"),
    Seed("a file that does not compile", {"lib/wrong.c": "int f(\n"},
         "lib/wrong.c:1:7: error:"),
    Seed("a wide function",
         {"lib/wide.c": function(parameters=", ".join(
             f"int a{i}" for i in range(7)))},
         "lib/wide.c:2:5: warning: function 'f' exceeds recommended size"),
]

if __name__ == "__main__":
    main(find, CLEAN, SEEDS)
