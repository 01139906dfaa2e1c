"""Does what comes from outside do more harm than being refused? `./anling fuzz` tries a million packets and messages.

Each case is drawn from the seed and its number: `--case N` runs that one again, and prints what it was. The law: no
exception but the named ones of each parser, a decision for each case, memory that does not grow with their number.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

from tests.fuzz import device_targets, other_targets

MOST_FAILURES: Final = 20
WARM: Final = 10_000
"""Cases after which everything is imported and cached; what the process takes from then on is growth."""
MOST_GROWTH_MB: Final = 64


@dataclass(frozen=True, slots=True)
class FuzzTarget:
    """What is tried: how a case is drawn, and what reads it and says what it was taken for."""

    name: str
    weight: int
    draw: Callable[[random.Random], bytes]
    read: Callable[[bytes, random.Random], str]


@dataclass(slots=True)
class FuzzReport:
    """What came of it."""

    seed: int
    cases: int = 0
    by_target: Counter[str] = field(default_factory=Counter)
    decisions: Counter[str] = field(default_factory=Counter)
    failures: list[dict[str, object]] = field(default_factory=list)
    seconds: float = 0.0
    growth_mb: float = 0.0

    @property
    def is_good(self) -> bool:
        return not self.failures and self.growth_mb <= MOST_GROWTH_MB

    def write_json(self) -> str:
        return json.dumps(
            {
                "seed": self.seed,
                "cases": self.cases,
                "per_second": round(self.cases / self.seconds) if self.seconds else None,
                "seconds": round(self.seconds, 1),
                "memory_growth_mb": round(self.growth_mb, 1),
                "targets": dict(self.by_target),
                "decisions": dict(sorted(self.decisions.items())),
                "failures": self.failures,
            },
            ensure_ascii=False,
            indent=1,
        )


def find_targets() -> tuple[FuzzTarget, ...]:
    """All of them; packets and messages of devices most often."""
    pages = other_targets.PageServerTarget()
    return (
        FuzzTarget("mqtt packets", 470, device_targets.draw_packets, device_targets.read_packets),
        FuzzTarget("device messages", 470, device_targets.draw_message, device_targets.read_device_message),
        FuzzTarget("camera answers", 25, other_targets.draw_camera_answers, other_targets.read_camera_answers),
        FuzzTarget("http requests", 15, pages.draw_requests, pages.read_requests),
        FuzzTarget("proxy headers", 10, other_targets.draw_proxy_header, other_targets.read_proxy),
        FuzzTarget("addresses", 15, other_targets.draw_address, other_targets.read_address),
        FuzzTarget("centre files", 3, other_targets.draw_centre_file, other_targets.read_centre),
        FuzzTarget("rule files", 2, other_targets.draw_rule_file, other_targets.read_rules),
    )


class Fuzzer:
    """Draws and runs cases of one seed."""

    def __init__(self, seed: int, targets: Sequence[FuzzTarget]) -> None:
        self.report = FuzzReport(seed)
        self._targets = targets
        self._weights = list(accumulate(target.weight for target in targets))

    def draw(self, number: int) -> tuple[FuzzTarget, bytes, random.Random]:
        """The case of this number: what reads it, its bytes, and the chances that are left for the reading."""
        chance = random.Random(self.report.seed * 1_000_003 + number)
        (target,) = chance.choices(self._targets, cum_weights=self._weights)
        return target, target.draw(chance), chance

    def run(self, numbers: range) -> FuzzReport:
        """Run these cases, up to the twentieth that fails."""
        began, report, before = time.monotonic(), self.report, 0.0
        for number in numbers:
            if report.cases == WARM:
                before = _memory_mb()
            self._run_one(number)
            if len(report.failures) >= MOST_FAILURES:
                break
        report.seconds = time.monotonic() - began
        report.growth_mb = _memory_mb() - before if before else 0.0
        return report

    def _run_one(self, number: int) -> None:
        target, content, chance = self.draw(number)
        self.report.cases += 1
        self.report.by_target[target.name] += 1
        try:
            self.report.decisions[f"{target.name}: {target.read(content, chance)}"] += 1
        except Exception as error:  # noqa: BLE001 - that nothing gets out is what is asked
            where = traceback.format_exc(limit=-3).splitlines()[-7:]
            failure = {"case": number, "target": target.name, "error": repr(error), "where": where}
            self.report.failures.append({**failure, "bytes": content[:400].hex()})


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="./anling fuzz", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cases", type=int, default=1_000_000, help="how many (1,000,000)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed draws the same cases (1)")
    parser.add_argument("--case", type=int, help="run the case of this number alone, and print its bytes")
    asked = parser.parse_args(arguments)
    fuzzer = Fuzzer(asked.seed, find_targets())
    if asked.case is not None:
        target, content, _ = fuzzer.draw(asked.case)
        sys.stdout.write(f"{target.name}: {content!r}\n")
    logging.disable()  # of each refusal a line, a million times
    report = fuzzer.run(range(asked.cases) if asked.case is None else range(asked.case, asked.case + 1))
    sys.stdout.write(report.write_json() + "\n")
    return 0 if report.is_good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
