# SPDX-License-Identifier: BSD-2-Clause
"""Pairs of measurements and what is said about them.

Machines are shared and noisy, so nothing is measured alone: ours and the
reference take turns, each pair gives a ratio, and the median of the ratios
counts.
"""

import statistics
import time
from dataclasses import asdict, dataclass, field


@dataclass
class Mark:
    """What a ratio, or a value without reference, has to reach."""
    relation: str       # ">=" or "<="
    value: float

    def is_reached(self, number):
        return (number >= self.value if self.relation == ">="
                else number <= self.value)

    def __str__(self):
        return f"{'≥' if self.relation == '>=' else '≤'} {self.value:g}"


def at_least(value):
    return Mark(">=", value)


def at_most(value):
    return Mark("<=", value)


@dataclass
class Result:
    """One line of the table."""
    row: str
    work: str
    reference: str      # what ours is compared with; "" for nothing
    unit: str
    mark: Mark | None
    ours: list = field(default_factory=list)
    references: list = field(default_factory=list)

    @property
    def ratios(self):
        return [ours / reference
                for ours, reference in zip(self.ours, self.references)]

    @property
    def judged(self):
        """The numbers that the mark is about."""
        return self.ratios if self.references else self.ours

    @property
    def median(self):
        return statistics.median(self.judged)

    @property
    def reached(self):
        return self.mark is None or self.mark.is_reached(self.median)

    def as_json(self):
        return {**asdict(self), "mark": str(self.mark or ""),
                "ratios": self.ratios, "runs": len(self.ours),
                "median": self.median,
                "spread": [min(self.judged), max(self.judged)],
                "reached": self.reached}

    def as_cells(self):
        ours = f"{number(statistics.median(self.ours))} {self.unit}"
        reference = ratio = spread = ""
        if self.references:
            reference = (f"{number(statistics.median(self.references))} "
                         f"{self.unit}, {self.reference}")
            ratio = f"{self.median:.2f}"
        if len(self.ours) > 1:
            spread = (f"{number(min(self.judged))} to "
                      f"{number(max(self.judged))}")
        mark = str(self.mark or "–") + ("" if self.reached else " **missed**")
        return [self.row, self.work, ours, reference, ratio, spread,
                str(len(self.ours)), mark]


def number(value):
    """Three digits are all that a noisy machine has to say."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


HEAD = ["row", "work", "pibootfs", "reference", "ratio", "spread", "runs",
        "mark"]


def table(results):
    """The results in Markdown."""
    rows = [HEAD, ["---"] * len(HEAD), *(r.as_cells() for r in results)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in rows)


def take_turns(result, runs, ours, reference):
    """Fill `result` from two functions that each return one measurement."""
    for _ in range(runs):
        result.ours.append(ours())
        result.references.append(reference())
    return result


def seconds(work, *args):
    """How long work(*args) takes."""
    start = time.perf_counter()
    work(*args)
    return time.perf_counter() - start
