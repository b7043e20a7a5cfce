"""Judges the code of an answer key: what `check` asks of it, and how exact its results are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from backproof import catalog, workers
from backproof.audit.ulps import Ulps, measure
from backproof.homework import Homework
from backproof.verdict import Check, Verdict, merge


@dataclass(frozen=True)
class Audited:
    """What is found of a key's code.

    Attributes
    ----------
    verdict
        Of every check.
    ulps
        Of every output and gradient that was measured.
    """

    verdict: Verdict
    ulps: tuple[Ulps, ...]


def audit_code(
    key: Homework,
    processes: int = 1,
    finished: Callable[[str, Sequence[Check]], None] = lambda *_: None,
) -> Audited:
    """Judge and measure every component of a key.

    Parameters
    ----------
    key
        The code, and the course's interface. It is trusted where `Homework.trusted` says so.
    processes
        How many components to examine at once.
    finished
        Called with each operation that is examined, and its checks, as they come.

    Raises
    ------
    SubmissionError
        Where the path is no homework in that dialect.
    LookupError
        Where there is no such dialect or edition.
    RunnerError
        Where its process cannot be started.
    """
    found = workers.ordered(
        partial(_audited, key),
        key.numbers(),
        processes,
        lambda number, one: finished(key.operation(number), one.verdict.checks),
    )
    verdict = replace(merge([one.verdict for one in found]), interface=key.interface)
    return Audited(verdict, tuple(row for one in found for row in one.ulps))


def _audited(key: Homework, number: int) -> Audited:
    verdict = key.judge(number)
    with key.opened(number) as candidate:
        operation = catalog.find(key.operation(number))
        ulps = measure(operation, candidate, key.terms(candidate.component))
    return Audited(verdict, tuple(ulps))
