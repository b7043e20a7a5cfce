"""A graded verdict to report of, a hostile submission's words, and a log that obeys commands."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest

from backproof.course import Feedback, Level, Rule, Settings
from backproof.grading import Grades, grade
from backproof.verdict import Check, Counterexample, Diagnosis, Verdict

SCHEMAS = Path(__file__).parent / "schemas"

# What a submission may raise, to be taken for something else by who shows it.
HOSTILE = (
    "\x1b[2J\x1b]0;owned\x07\x1b[31mred",
    "\r::error::forged",
    "\n::error file=a.py,line=1::forged",
    "\n \t::stop-commands::token",
    "\n\N{NO-BREAK SPACE}::warning::forged",
    "\n\N{SOFT HYPHEN}:\N{ZERO WIDTH SPACE}:error::forged",
    "\n\N{VARIATION SELECTOR-16}::error::forged",
    "\N{LINE SEPARATOR}::error::forged",
    "\x0b::error::forged\x85::error::forged",
    "text ##[error]forged",
    "#\N{WORD JOINER}#[add-mask]forged",
    "%0A::error::forged,title=x::",
    "]]><forged/>",
    "<script>alert(1)</script><!-- </code></pre>",
    "![forged](https://example.org/x.png) [forged](https://example.org) @everyone",
    "\n```\n# forged\n~~~\n````\n<b>forged</b>",
    "\nforged\n===\n\n* forged\n1. forged\n",
    "\n| forged | pass | 100 |",
    '\n{"scores": {"linear": 100}}',
    "\n\nresult=Zm9yZ2Vk\n",
    "{{{forged}}} ${{ forged }} $(forged)",
    "\N{RIGHT-TO-LEFT OVERRIDE}degrof\N{POP DIRECTIONAL FORMATTING}",
    "\x00\ud800\ufffe\U000e0001",
)

COMMANDS = {
    "add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group", "notice",
    "remove-matcher", "save-state", "set-env", "set-output", "stop-commands", "warning",
}  # fmt: skip


class Command(NamedTuple):
    """What GitHub's runner takes from a line of a log."""

    name: str
    properties: dict[str, str]
    message: str


def _unescaped(text: str, *more: tuple[str, str]) -> str:
    for escape, character in (("%0D", "\r"), ("%0A", "\n"), *more, ("%25", "%")):
        text = text.replace(escape, character)
    return text


def _properties(text: str) -> dict[str, str]:
    pairs = (pair.split("=", 1) for pair in text.split(",") if "=" in pair)
    more = ("%3A", ":"), ("%2C", ",")
    return {name.strip(): _unescaped(value, *more) for name, value in pairs}


def _command(line: str) -> Command | None:
    new = re.match(r"\s*::([\w-]+)(?: (.*?))?::(.*)$", line)
    if new and new[1] in COMMANDS:
        return Command(new[1], _properties(new[2] or ""), _unescaped(new[3]))
    old = re.search(r"##\[([\w-]+)(?: ([^\]]*))?\](.*)$", line)
    if old and old[1] in COMMANDS:
        return Command(old[1], {}, old[3])
    return None


def _bare(line: str) -> str:
    """What is left of a line where strings are compared by the rules of a culture."""
    return "".join(
        c for c in line if c == "\t" or unicodedata.category(c) not in {"Cc", "Cf", "Mn"}
    )


@pytest.fixture(scope="session")
def commands() -> Callable[[str], list[Command]]:
    """What GitHub's runner reads out of a log, in its new and its old form."""

    def read(log: str) -> list[Command]:
        lines = re.split(r"\r\n|\r|\n", log)
        found = (_command(line) or _command(_bare(line)) for line in lines)
        return [c for c in found if c is not None]

    return read


@pytest.fixture(scope="session")
def hostile() -> tuple[str, ...]:
    """Give what a submission may raise."""
    return HOSTILE


@pytest.fixture(scope="session")
def validator() -> Callable[[str], jsonschema.Draft202012Validator]:
    """Give the validator of a platform's format."""

    @cache
    def of(name: str) -> jsonschema.Draft202012Validator:
        schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
        jsonschema.Draft202012Validator.check_schema(schema)
        return jsonschema.Draft202012Validator(schema)

    return of


def check(id_: str, status: str = "pass", **more: Any) -> Check:
    """A check of that id."""
    operation, _, prop = id_.partition(".")
    return Check(id_, operation, prop, status, 10, 0, **more)


COUNTEREXAMPLE = Counterexample(
    inputs={"x": [[3.0, 4.0]], "weight": [[5.0], [6.0]], "layout": "x W + b", "eps": 0.125},
    expected=[[7.0], [8.0]],
    actual=[[3.5], [4.0]],
    index=(1, 0),
    replay="backproof check homework --dialect mytorch --only 'linear.gradient.weight'",
)

TRACEBACK = """\
Traceback (most recent call last):
  File "mytorch/linear.py", line 7, in backward
    return self.helper(delta)
  File "mytorch/linear.py", line 12, in helper
    raise ValueError(f"secret {delta}")
ValueError: secret 0.625
"""


@pytest.fixture
def verdict() -> Verdict:
    """Give one check of each status, with all that can be said of it."""
    return Verdict(
        (
            check("relu.forward"),
            check(
                "linear.gradient.weight",
                "fail",
                counterexample=COUNTEREXAMPLE,
                diagnosis=Diagnosis("constant factor", "It is 0.5 times the right result."),
                variation="the weight is (out, in)",
            ),
            check(
                "linear.gradient.bias",
                "error",
                message="Linear.backward raised ValueError: secret 0.625",
                traceback=TRACEBACK,
            ),
            check("tanh.forward", "not-implemented", message="there is no class Tanh"),
            check("relu.kink.x[float32]", "undecided", message="the oracles contradict each other"),
            check("batchnorm.gradient.x", "not-judged", message="the time was used up"),
        ),
        isolation="landlock+seccomp",
    )


@pytest.fixture
def graded(verdict: Verdict) -> Callable[..., Grades]:
    """Grade it: 2.5 points for a gradient, 1 for the rest; what batchnorm got is hidden."""

    def with_feedback(level: Level = "full", given: Verdict = verdict) -> Grades:
        settings = Settings(
            points=(Rule("*", Decimal(1), ""), Rule("*.gradient.*", Decimal("2.5"), "")),
            visibility=(Rule("batchnorm.*", "after_due_date", ""),),
            feedback=Feedback(level),
        )
        return grade(given, settings)

    return with_feedback


@pytest.fixture(params=range(len(HOSTILE)), ids=lambda n: f"hostile{n}")
def attacked(request: pytest.FixtureRequest) -> Verdict:
    """Give a verdict on a submission that says something hostile wherever it can."""
    said = HOSTILE[request.param]
    return Verdict(
        (
            check(
                "linear.gradient.bias",
                "error",
                message=f"Linear.backward raised ValueError: {said}",
                traceback=f'  File "linear.py", line 3, in backward\nValueError: {said}\n',
            ),
            check("linear.gradient.weight", "not-implemented", message=said),
            check("batchnorm.gradient.x", "not-judged", message=said),
            check("batchnorm.gradient.gamma", "fail", variation=said),
        )
    )
