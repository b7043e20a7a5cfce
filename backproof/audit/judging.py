"""Judges the claims of a key, or of the course documents, each within a time of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from backproof import workers
from backproof.audit import markdown_key, python_key
from backproof.audit.key import KeyFileError
from backproof.audit.repair import repair, slips
from derivations.claims import AnyClaim, Claim, Judgement, judge
from derivations.documents import DOCUMENTS

SECONDS = 20.0
"""For one claim: a hundred times what the dearest of the documents takes."""

Task = tuple[str, int]

_GIVEN_UP = (ArithmeticError, RecursionError, TypeError, ValueError, NotImplementedError)
"""What SymPy raises of formulas that it cannot work with, such as 0 to the power of x."""

_READERS: dict[str, Callable[[Path], tuple[AnyClaim, ...]]] = {
    ".md": markdown_key.load,
    ".py": python_key.load,
}


def judge_documents(processes: int = 1, seconds: float = SECONDS) -> list[Judgement]:
    """Judge every claim of the five documents, in their order."""
    tasks = [(name, n) for name, claims in DOCUMENTS.items() for n in range(len(claims))]
    return _judge_each(_in_document, tasks, processes, seconds)


def judge_key(path: Path, processes: int = 1, seconds: float = SECONDS) -> list[Judgement]:
    """Judge every claim of a key.

    Parameters
    ----------
    path
        Markdown with LaTeX, or Python.
    processes
        How many to work with.
    seconds
        For one claim; one that takes longer is undecided.

    Raises
    ------
    KeyFileError
        Where the key cannot be read.
    """
    tasks = [(str(path), n) for n in range(len(claims_of(path)))]
    return _judge_each(_in_file, tasks, processes, seconds)


@lru_cache(maxsize=1)
def claims_of(path: Path) -> tuple[AnyClaim, ...]:
    """The claims of a key.

    Raises
    ------
    KeyFileError
        Where the key cannot be read.
    """
    reader = _READERS.get(path.suffix)
    if reader is None:
        known = " or ".join(_READERS)
        raise KeyFileError(path, f"a key is a file that ends in {known}")
    return reader(path)


def _judge_each(
    function: Callable[[Task], Judgement], tasks: Sequence[Task], processes: int, seconds: float
) -> list[Judgement]:
    found = workers.timed(function, tasks, processes, seconds)
    return [
        _out_of_time(task, seconds) if judgement is None else judgement
        for task, judgement in zip(tasks, found, strict=True)
    ]


def _out_of_time(task: Task, seconds: float) -> Judgement:
    name, number = task
    claim = (DOCUMENTS[name] if name in DOCUMENTS else claims_of(Path(name)))[number]
    why = f"neither proved nor refuted within {seconds:g} s"
    return Judgement(claim.id, claim.equation, claim.operation, "undecided", why=why)


def _in_document(task: Task) -> Judgement:
    name, number = task
    return replace(judge(DOCUMENTS[name][number]), document=name)


def _in_file(task: Task) -> Judgement:
    name, number = task
    claim = claims_of(Path(name))[number]
    try:
        found = judge(claim)
    except _GIVEN_UP as error:
        why = f"{type(error).__name__}: {error}"
        return Judgement(claim.id, claim.equation, claim.operation, "undecided", why=why)
    if found.status == "refuted" and not found.correction and isinstance(claim, Claim):
        return replace(found, correction=repair(claim, slips(claim)))
    return found
