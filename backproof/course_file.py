"""Reads a course's settings from its `backproof.toml`; a mistake in it is named with its line."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, Strict

from backproof import toml
from backproof.course import Budget, Feedback, Level, Rule, Settings, Visibility

FILE = "backproof.toml"


class CourseError(ValueError):
    """A course's file cannot be used; one line for a person says where and why."""


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError("should be a number")  # noqa: TRY004 - what pydantic collects
    return value


Text = Annotated[str, Field(min_length=1)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False), BeforeValidator(_number)]
# Few enough digits that every sum of points is exact.
Points = Annotated[
    Decimal, Field(ge=0, lt=1_000_000, max_digits=10, decimal_places=4), BeforeValidator(_number)
]


class _Budget(toml.Table):
    request: Seconds | None = None
    check: Seconds | None = None
    total: Seconds | None = None


class _Feedback(toml.Table):
    level: Level = Feedback.level
    visible: Level | None = None
    hidden: Level | None = None
    after_due_date: Level | None = None
    after_published: Level | None = None


class _File(toml.Table):
    dialect: Text | None = None
    edition: Text | None = None
    examples: Annotated[int, Strict(), Field(ge=1)] | None = None
    points: Mapping[Text, Points] = Field(default_factory=dict)
    visibility: Mapping[Text, Visibility] = Field(default_factory=dict)
    budget: _Budget = _Budget()
    feedback: _Feedback = _Feedback()


def load(path: str | Path) -> Settings:
    """Read a course's file.

    Parameters
    ----------
    path
        The file. A dialect in it that is a Python file is looked for beside it.

    Raises
    ------
    CourseError
        Where it is not there, is no TOML, or says something that it cannot; with the line.
    """
    path = Path(path)
    text = _read(path)
    try:
        file, lines = toml.read(text, _File)
    except toml.TomlError as error:
        raise CourseError(f"{path}:{error.place}: {error}") from None
    dialect = file.dialect
    if dialect is not None and dialect.endswith(".py"):
        dialect = str(path.parent / dialect)
    return Settings(
        dialect,
        file.edition,
        file.examples,
        tuple(Rule(p, v, f"{path}:{lines['points', p]}") for p, v in file.points.items()),
        tuple(Rule(p, v, f"{path}:{lines['visibility', p]}") for p, v in file.visibility.items()),
        Budget(**file.budget.model_dump()),
        Feedback(**file.feedback.model_dump()),
    )


def _read(path: Path) -> str:
    try:
        raw = path.read_bytes()
        return raw.decode("utf-8").replace("\r\n", "\n")
    except OSError as error:
        raise CourseError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise CourseError(f"{path}:{line}: not UTF-8") from None
