# SPDX-License-Identifier: BSD-2-Clause
"""clang-format 14 would change nothing."""

import shutil
import subprocess
from pathlib import Path

from checking import Seed, main, sources

STYLE = Path(__file__).resolve().parents[2] / ".clang-format"


def find(root):
    files = sources(root, directories=("lib", "fuse", "tools", "tests"))
    program = shutil.which("clang-format-14") or "clang-format"
    result = subprocess.run(
        [program, f"--style=file:{STYLE}", "--dry-run", "--Werror",
         "--ferror-limit=0", *map(str, files)],
        cwd=root, capture_output=True, text=True, check=False)
    findings = [line for line in result.stderr.splitlines()
                if ": error: " in line]
    if result.returncode != 0 and not findings:
        findings = [f"{program}: {result.stderr.strip()}"]
    return findings


CLEAN = {
    "lib/good.c": "int f(int x)\n{\n\tif (x)\n\t\treturn 1;\n\treturn 0;\n}\n"
}
SEEDS = [
    Seed("spaces for a tab", {"lib/bad.c": "int f(void)\n{\n    return 1;\n}\n"},
         "lib/bad.c:2:"),
    Seed("a long line", {"tests/bad.c": "int " + "x, " * 40 + "y;\n"},
         "tests/bad.c:1:"),
]

if __name__ == "__main__":
    main(find, CLEAN, SEEDS)
