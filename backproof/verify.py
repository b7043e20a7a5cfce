"""Examines the reference implementations of the catalog."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from backproof import catalog, workers
from backproof.examination import Terms, replay_command
from backproof.loop import examine
from backproof.operation import Operation
from backproof.verdict import Verdict, merge

FORMATS = ("float64", "float32")


def verify_operations(
    operations: Sequence[Operation], *, count: int = 100, processes: int = 1, only: str = ""
) -> Verdict:
    """Examine the NumPy implementation of each operation, in double and in single precision."""
    names = [o.name for o in operations]
    found = workers.ordered(partial(_verify, count=count, only=only), names, processes)
    return merge(found)


def _verify(name: str, *, count: int, only: str) -> Verdict:
    terms = Terms(replay=replay_command(f"verify {name}", count))
    return examine(catalog.find(name), count=count, dtypes=FORMATS, terms=terms, only=only)
