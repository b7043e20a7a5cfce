"""A check as a teacher writes of it: what was asked, on what it fails, why, how to see it again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from backproof.course import LEVELS, Level
from backproof.report.inert import inert, shorten
from backproof.verdict import Check, Counterexample

_LARGEST = 24
"""Arrays with more entries are shown in part."""

_LONGEST = 20_000
"""Characters of what a submission says itself."""

_CLAUSE = 80
"""Characters of that where the inputs are not to be told."""

_STATUS = {
    "pass": "passed",
    "fail": "wrong",
    "error": "your code gave no answer",
    "not-implemented": "not written yet",
    "not-judged": "not judged",
    "undecided": "not decided",
}


@dataclass(frozen=True)
class Remarks:
    """The parts of what there is to say; an empty one is left out.

    Attributes
    ----------
    asked
        The operation and the property, in words.
    said
        What the submission or the examination has to say: a message, a traceback.
    diagnosis
        The cause, in a sentence.
    variation
        What the submission does its own way, right all the same.
    example
        The smallest example on which it is wrong, line by line.
    replay
        The command that examines it again.
    """

    asked: str
    said: str = ""
    diagnosis: str = ""
    variation: str = ""
    example: tuple[str, ...] = ()
    replay: str = ""


def feedback(check: Check, level: Level = "full") -> Remarks:
    """What a student may read of a check.

    Parameters
    ----------
    check
        Of a verdict.
    level
        ``"verdict"``: the status alone; ``"diagnosis"``: the cause too; ``"shapes"``: the shapes of
        the smallest example; ``"full"``: the example, and what the submission itself says, which
        could repeat its inputs.
    """
    asked = f"Asked: {question(check)}: {_STATUS[check.status]}."
    rank = LEVELS.index(level)
    if not rank:
        return Remarks(asked)
    full = level == "full"
    found = check.counterexample
    lines: tuple[str, ...] = ()
    if found is not None and rank >= LEVELS.index("shapes"):
        lines = _example(found) if full else _shapes(found)
    return Remarks(
        asked,
        _said(check) if full else _said_in_short(check),
        inert(check.diagnosis.text) if check.diagnosis else "",
        f"Accepted variation: {inert(check.variation)}" if check.variation else "",
        lines,
        inert(found.replay) if found is not None and full else "",
    )


def plain(check: Check, level: Level = "full") -> str:
    """The feedback as lines of text."""
    said = feedback(check, level)
    replay = f"Again: {said.replay}" if said.replay else ""
    parts = (said.asked, said.said, said.diagnosis, said.variation, *said.example, replay)
    return "\n".join(part for part in parts if part)


def markdown(check: Check, level: Level = "full", limit: int = _LONGEST) -> str:
    """The feedback as Markdown: our sentences as text, all else in fences that it cannot close."""
    said = feedback(check, level)
    blocks = [
        *(_escaped(p) for p in (said.asked, said.diagnosis, said.variation) if p),
        *(fenced(shorten(p, limit)) for p in (said.said, "\n".join(said.example)) if p),
        *([f"Again:\n\n{fenced(shorten(said.replay, limit))}"] if said.replay else []),
    ]
    return "\n\n".join(blocks)


def _escaped(text: str) -> str:
    one_line = " ".join(text.split())  # a line of its own could begin a heading or a list
    return re.sub(r"([\\`*_\[\]<>&#|~$@])", r"\\\1", one_line)


def fenced(text: str) -> str:
    """A block of Markdown that nothing in the text closes."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


# --- what was asked -------------------------------------------------------------------------------


def question(check: Check) -> str:
    """The operation and the property in words."""
    prop, _, dtype = check.property.removesuffix("]").partition("[")
    kind, _, name = prop.partition(".")
    of = f"of {check.id.partition('.')[0]}"
    words = {
        "forward": f"the output {name} {of}" if name else f"the output {of}",
        "gradient": f"the gradient {of} with respect to {name}",
        "kink": f"the gradient {of} with respect to {name}, at its kinks",
    }.get(kind, f"{prop.replace('.', ', ')} {of}")
    return words + (f", in {dtype}" if dtype else "")


# --- what was said --------------------------------------------------------------------------------


class Place(NamedTuple):
    """Where in a submission its code ended."""

    file: str
    line: int


_FRAME = re.compile(
    r'^ *File "((?:\w{1,40}[/\\]){0,6}\w{1,40}\.py)", line (\d{1,6})\b', re.MULTILINE | re.ASCII
)


def place(check: Check) -> Place | None:
    """The last of a submission's own lines in a traceback."""
    frames = _FRAME.findall(check.traceback)
    return Place(frames[-1][0].replace("\\", "/"), int(frames[-1][1])) if frames else None


def _said(check: Check) -> str:
    parts = (check.message, check.traceback.rstrip())
    return "\n".join(shorten(inert(p), _LONGEST) for p in parts if p)


def _said_in_short(check: Check) -> str:
    """What may be repeated where the inputs are not to be told: a submission could print them."""
    if check.status not in {"error", "not-implemented"}:
        return inert(check.message)
    clause = inert(check.message.partition(":")[0].partition("\n")[0])[:_CLAUSE]
    where = place(check)
    return f"{clause} ({where.file}, line {where.line})" if where else clause


# --- the smallest example -------------------------------------------------------------------------


def _example(found: Counterexample) -> tuple[str, ...]:
    lines = [
        "The smallest example on which it is wrong:",
        *(f"  {name} = {_compact(value)}" for name, value in found.inputs.items()),
        "  expected " + _compact(found.expected),
        "  actual   " + _compact(found.actual),
    ]
    if found.index:
        expected, actual = (_at(a, found.index) for a in (found.expected, found.actual))
        entry = ", ".join(map(str, found.index))
        lines.append(f"  at [{entry}]: expected {expected!r}, actual {actual!r}")
    return tuple(lines)


def _shapes(found: Counterexample) -> tuple[str, ...]:
    arrays = {n: v for n, v in found.inputs.items() if isinstance(v, list)}
    return (
        "The shapes of the smallest example on which it is wrong:",
        *(f"  {name}: {np.shape(value)}" for name, value in arrays.items()),
        f"  result: expected {np.shape(found.expected)}, actual {np.shape(found.actual)}",
    )


def _compact(value: Any) -> str:
    if not isinstance(value, list):
        return repr(value)
    array = np.asarray(value)
    text = np.array2string(array, precision=6, separator=", ", threshold=_LARGEST)
    return " ".join(text.split())


def _at(nested: Any, index: Sequence[int]) -> Any:
    for i in index:
        nested = nested[i]
    return nested
