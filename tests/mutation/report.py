"""What is said of a run: each mutant that survived, and the four figures."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import yaml

from tests.mutation.model import Fate, Result

EXPLAINED = Path(__file__).with_name("explained.yaml")
MOST_EXPLAINED = 0.05
"""Which part of a run's mutants may be explained rather than killed."""


def read_explained(path: Path = EXPLAINED) -> dict[str, str]:
    """Mutants that no test can notice, by key, and what stands behind each."""
    read = yaml.safe_load(path.read_text("utf-8")) or {}
    if not isinstance(read, dict) or not all(isinstance(reason, str) and reason.strip() for reason in read.values()):
        raise ValueError(f"{path.name}: each mutant needs its reason")
    return {str(key): str(reason) for key, reason in read.items()}


def explain(result: Result, explained: dict[str, str]) -> Result:
    """A survivor that is explained is none; the reason stands where the killer would."""
    reason = explained.get(result.mutant.key)
    if result.fate is not Fate.SURVIVED or reason is None:
        return result
    return Result(result.mutant, Fate.EXPLAINED, result.tests, reason)


def is_good(results: Sequence[Result]) -> bool:
    """Nothing survived, and not too much is explained."""
    fates = Counter(result.fate for result in results)
    return not fates[Fate.SURVIVED] and fates[Fate.EXPLAINED] <= MOST_EXPLAINED * len(results)


def as_json(results: Sequence[Result]) -> str:
    """The figures and each mutant; those killed by time count as killed."""
    fates = Counter(result.fate for result in results)
    return json.dumps(
        {
            "mutants": len(results),
            "killed": fates[Fate.KILLED] + fates[Fate.TIMEOUT],
            "survived": fates[Fate.SURVIVED],
            "explained": fates[Fate.EXPLAINED],
            "details": [
                {
                    "id": result.mutant.key,
                    "group": result.mutant.group.value,
                    "where": result.mutant.where,
                    "fate": result.fate.value,
                    "tests": result.tests,
                    "by": result.by,
                }
                for result in results
            ],
        },
        ensure_ascii=False,
        indent=1,
    )


def as_text(results: Sequence[Result]) -> str:
    """The survivors with their places, and the figures."""
    fates = Counter(result.fate for result in results)
    survivors = [
        f"survived ({result.tests} tests saw it): {result.mutant.where}\n  {result.mutant.key}"
        for result in results
        if result.fate is Fate.SURVIVED
    ]
    killed = fates[Fate.KILLED] + fates[Fate.TIMEOUT]
    figures = f"{len(results)} mutants: {killed} killed ({fates[Fate.TIMEOUT]} by time), "
    return "\n".join([*survivors, f"{figures}{fates[Fate.SURVIVED]} survived, {fates[Fate.EXPLAINED]} explained"])
