# SPDX-License-Identifier: BSD-2-Clause
"""pibootfs beside its references, in one run: a table, and JSON.

Every row is a function in one of the rows_*.py files; `Load` says how much
work it does. Nothing here is a test of time: only the ratios mean something,
and those on a quiet machine.
"""

import argparse
import json
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "mount"))

import harness                                          # noqa: E402
import measure                                          # noqa: E402
import rows_daemon                                      # noqa: E402
import rows_files                                       # noqa: E402
import rows_tftp                                        # noqa: E402

MIB = 1 << 20
ROWS = {**rows_tftp.ROWS, **rows_files.ROWS, **rows_daemon.ROWS}


@dataclass
class Load:
    """How much is done for a row."""
    file_bytes: int = 64 * MIB
    runs: int = 7
    heavy_runs: int = 3         # of what takes minutes
    clients: tuple = (20, 100)
    images: int = 20
    small_boards: int = 100
    many_boards: int = 10000
    opens: int = 3000           # of a small file, for each measurement
    start_runs: int = 15


TINY = Load(file_bytes=MIB, runs=1, heavy_runs=1, clients=(2, 3), images=2,
            small_boards=3, many_boards=30, opens=10, start_runs=1)


def machine():
    """What the numbers were taken on."""
    cpu = next((line.split(":", 1)[1].strip()
                for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.machine())
    cores = len(list(Path("/sys/devices/system/cpu").glob("cpu[0-9]*")))
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / (1 << 20)
    return (f"{cpu}, {cores} CPUs, {memory:.0f} GiB, Linux "
            f"{platform.release()}")


def run_row(name, load):
    """The results of one row, in a directory of its own."""
    directory = harness.session_directory() / f"row-{name}"
    directory.mkdir()
    watchdog = harness.Watchdog(f"row {name}", 3600)
    try:
        return ROWS[name](directory, load)
    finally:
        watchdog.cancel()
        harness.clean_up()


def main():
    parser = argparse.ArgumentParser(prog="tests/bench/run",
                                     description=__doc__.split("\n")[0])
    parser.add_argument("--rows", default=",".join(ROWS), metavar="N,N...",
                        help=f"only these of {', '.join(ROWS)}")
    parser.add_argument("--json", type=Path, metavar="FILE",
                        help="write the numbers there as well")
    parser.add_argument("--tiny", action="store_true",
                        help="hardly any load: shows only that it runs")
    options = parser.parse_args()
    names = options.rows.split(",")
    for name in names:
        if name not in ROWS:
            parser.error(f"no row {name}; there are {', '.join(ROWS)}")
    results = []
    for name in names:
        print(f"row {name} ...", file=sys.stderr, flush=True)
        results += run_row(name, TINY if options.tiny else Load())
    print(f"{machine()}\n\n{measure.table(results)}")
    if options.json:
        options.json.write_text(json.dumps(
            {"machine": machine(),
             "results": [result.as_json() for result in results]}, indent=1))


if __name__ == "__main__":
    main()
