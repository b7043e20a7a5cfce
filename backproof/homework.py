"""Judges a submission in a course's dialect, through a process of its own."""

from __future__ import annotations

import contextlib
import importlib.util
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from backproof import catalog, workers
from backproof.candidates.candidate import CandidateError
from backproof.candidates.dialects import DIALECTS
from backproof.candidates.dialects.dialect import (
    Component,
    Dialect,
    Submission,
    open_submission,
)
from backproof.candidates.isolated import IsolatedCandidate
from backproof.candidates.process import Budget, Runner
from backproof.examination import Terms, replay_command
from backproof.examine import examine
from backproof.inputs.examples import Course
from backproof.verdict import Check, Interface, Verdict, merge

TOTAL = 600.0
"""Seconds for a whole submission, where nothing else is said."""


def dialect(name: str) -> Dialect:
    """The dialect called `name`, or defined as ``DIALECT`` in the Python file of that path.

    Raises
    ------
    LookupError
        Where there is none; the message lists those there are.
    DialectError
        Where the file defines none.
    """
    if name.endswith(".py"):
        return _defined_in(Path(name))
    if name not in DIALECTS:
        known = ", ".join(DIALECTS)
        raise LookupError(f"no dialect {name!r}; there are: {known}, or the path of a .py file")
    return DIALECTS[name]


class DialectError(LookupError):
    """A file that defines no dialect; one line for a person says why."""


def _defined_in(path: Path) -> Dialect:
    """The dialect of a course's own file. It is the instructor's code, and trusted."""
    if not path.is_file():
        raise DialectError(f"{path}: no such file")
    spec = importlib.util.spec_from_file_location(f"_dialect_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look their annotations up
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise DialectError(f"{path}: {type(error).__name__}: {error}") from error
    found = getattr(module, "DIALECT", None)
    if not isinstance(found, Dialect):
        raise DialectError(f"{path}: defines no DIALECT of the type Dialect")
    return replace(found, source=str(path))


def operations(path: Path, spoken: Dialect, edition: str = "") -> list[str]:
    """The operations that a homework is to have components of.

    Raises
    ------
    SubmissionError, LookupError
        As `judge` does.
    """
    return [c.operation for c in open_submission(path, spoken, edition).edition.components]


def judge(
    path: Path,
    spoken: Dialect,
    *,
    edition: str = "",
    operations: Sequence[str] = (),
    count: int = 100,
    processes: int = 1,
    only: str = "",
    request: float = Budget.request,
    check: float = Budget.check,
    total: float = TOTAL,
    finished: Callable[[str, Sequence[Check]], None] = lambda *_: None,
) -> Verdict:
    """Examine the components of a homework.

    Parameters
    ----------
    path
        The homework's folder.
    spoken
        The course's dialect, as `dialect` gives it.
    edition
        The course's year; found by the code where none is given.
    operations
        Examine the components of these operations; of all where none is named.
    count
        Examples for each check.
    processes
        How many components to examine at once, each with a runner of its own.
    only
        Examine no other check than the one with this id.
    request, check, total
        Seconds that the submission may take for one answer, for all checks of one component, and
        in all.
    finished
        Called with each operation that is examined, and its checks, as they come.

    Raises
    ------
    SubmissionError
        Where the path is no homework in that dialect.
    LookupError
        Where there is no such edition, or no component could have a check called `only`.
    """
    submission = open_submission(path, spoken, edition)
    components = submission.edition.components
    wanted = operations or [c.operation for c in components]
    numbers = [n for n, c in enumerate(components) if c.operation in wanted and _holds(c, only)]
    if not numbers:
        known = ", ".join(c.spelled() for c in components)
        asked = only or ", ".join(operations)
        raise LookupError(f"no check {asked!r}: the dialect {spoken.name} has {known}")
    name = spoken.source or spoken.name
    command = f"check {shlex.quote(str(path))} --dialect {shlex.quote(name)}"
    if edition:
        command += f" --edition {shlex.quote(edition)}"
    one = partial(
        _judge,
        path=path,
        name=name,
        edition=submission.edition.name,
        budget=Budget(request, check, time.time() + total),
        replay=replay_command(command, count),
        count=count,
        only=only,
    )
    read_as = Interface(spoken.name, submission.edition.name, submission.detected)
    verdicts = workers.ordered(
        one, numbers, processes, lambda n, v: finished(components[n].operation, v.checks)
    )
    return replace(merge(verdicts), interface=read_as)


def _judge(
    number: int,
    *,
    path: Path,
    name: str,
    edition: str,
    budget: Budget,
    replay: str,
    count: int,
    only: str,
) -> Verdict:
    submission = open_submission(path, dialect(name), edition)
    return _examine(
        submission, submission.edition.components[number](), budget, replay, count, only
    )


def _examine(
    submission: Submission,
    component: Component,
    budget: Budget,
    replay: str,
    count: int,
    only: str,
) -> Verdict:
    with Runner(submission, budget=budget) as runner:
        with contextlib.suppress(CandidateError):  # what it cannot answer, it cannot answer later
            component.survey(lambda script, handles: runner.run([(script, handles)])[0])
        verdict = examine(
            catalog.find(component.operation),
            IsolatedCandidate(runner, component),
            count=count,
            terms=Terms(
                Course(component.conventions, component.cotangent, component.fit),
                component.averaged,
                component.scale,
                replay,
                tuple(component.variations),
                component.alternatives,
                fixes_kink=component.fixes_kink,
                accepts_single=True,
                name=component.spelled(),
                hides=component.hides,
                draws=component.draws,
            ),
            only=only,
        )
        return replace(verdict, isolation=runner.isolation)


def _holds(component: type[Component], check: str) -> bool:
    return not check or check.partition(".")[0] == component.spelled()
