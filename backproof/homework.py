"""Judges a submission in a course's dialect, through a process of its own."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from backproof import catalog, workers
from backproof.candidates.dialects import DIALECTS
from backproof.candidates.dialects.dialect import Component, Dialect, open_submission
from backproof.candidates.isolated import IsolatedCandidate, Runner
from backproof.examination import Terms, replay_command
from backproof.examine import examine
from backproof.inputs.examples import Course
from backproof.verdict import Verdict, merge


def dialect(name: str) -> Dialect:
    """The dialect called `name`.

    Raises
    ------
    LookupError
        Where there is none; the message lists those there are.
    """
    if name not in DIALECTS:
        raise LookupError(f"no dialect {name!r}; there are: {', '.join(DIALECTS)}")
    return DIALECTS[name]


def judge(
    path: Path,
    spoken: Dialect,
    *,
    operations: Sequence[str] = (),
    count: int = 100,
    processes: int = 1,
    only: str = "",
) -> Verdict:
    """Examine the components of a homework.

    Parameters
    ----------
    path
        The homework's folder.
    spoken
        The course's dialect.
    operations
        Examine the components of these operations; of all where none is named.
    count
        Examples for each check.
    processes
        How many components to examine at once, each with a runner of its own.
    only
        Examine no other check than the one with this id.

    Raises
    ------
    SubmissionError
        Where the path is no homework in that dialect.
    LookupError
        Where no component could have a check called `only`.
    """
    open_submission(path, spoken)
    wanted = operations or [c.operation for c in spoken.components]
    numbers = [
        n for n, c in enumerate(spoken.components) if c.operation in wanted and _holds(c, only)
    ]
    if not numbers:
        known = ", ".join(c.operation for c in spoken.components)
        raise LookupError(f"no check {only!r}: the dialect {spoken.name} has {known}")
    one = partial(_judge, path=path, name=spoken.name, count=count, only=only)
    return merge(workers.ordered(one, numbers, processes))


def _judge(number: int, *, path: Path, name: str, count: int, only: str) -> Verdict:
    spoken = dialect(name)
    component = spoken.components[number]
    terms = Terms(
        Course(component.conventions, component.cotangent),
        component.averaged,
        replay_command(f"check {shlex.quote(str(path))} --dialect {name}", count),
    )
    with Runner(open_submission(path, spoken)) as runner:
        return examine(
            catalog.find(component.operation),
            IsolatedCandidate(runner, component),
            count=count,
            terms=terms,
            only=only,
        )


def _holds(component: Component, check: str) -> bool:
    return not check or check.partition(".")[0] == component.operation
