"""Reads a course's settings from its `backproof.toml`; a mistake in it is named with its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, ValidationError

from backproof.course import Budget, Feedback, Level, Rule, Settings, Visibility, suggestion

FILE = "backproof.toml"

Keys = tuple[str, ...]


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


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Budget(_Table):
    request: Seconds | None = None
    check: Seconds | None = None
    total: Seconds | None = None


class _Feedback(_Table):
    level: Level = Feedback.level
    visible: Level | None = None
    hidden: Level | None = None
    after_due_date: Level | None = None
    after_published: Level | None = None


class _File(_Table):
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
    data = _parse(path, text)
    lines = _lines(text)
    try:
        file = _File.model_validate(data)
    except ValidationError as error:
        faults = [_fault(e["loc"], e["type"], e["msg"], e["input"], data) for e in error.errors()]
        line, fault = min((lines[keys], fault) for keys, fault in faults)
        raise CourseError(f"{path}:{line}: {fault}") from None
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


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        what, at, place = str(error).rpartition(" (at ")
        numbers = re.findall(r"\d+", place)
        if not at or not numbers:  # "at end of document"
            numbers = [str(len(text.splitlines()) or 1)]
        raise CourseError(f"{path}:{':'.join(numbers)}: not TOML: {what}") from None


def _lines(text: str) -> dict[Keys, int]:
    """The line on which each key stands.

    TOML is a sequence of statements, each of which is a document of its own; a statement that is
    cut short is none. So the lines that parse together, and no fewer, are one statement.
    """
    lines, begin = text.split("\n"), 0
    table: Keys = ()
    found: dict[Keys, int] = {(): 1}
    for end in range(1, len(lines) + 1):
        statement = "\n".join(lines[begin:end])
        try:
            paths = list(_paths(tomllib.loads(statement)))
        except tomllib.TOMLDecodeError:
            continue
        header = statement.lstrip().startswith("[")
        for keys in paths:
            found.setdefault(keys if header else (*table, *keys), begin + 1)
        table = paths[-1] if header else table
        begin = end
    return found


def _paths(data: Mapping[str, Any]) -> Iterator[Keys]:
    """Every key with those above it, the outer first."""
    for key, value in data.items():
        yield (key,)
        if isinstance(value, dict):
            yield from ((key, *rest) for rest in _paths(value))


def _fault(
    place: tuple[int | str, ...], kind: str, message: str, value: Any, data: Mapping[str, Any]
) -> tuple[Keys, str]:
    """Where a fault is, as keys that stand in the file, and a line for a person."""
    keys = _standing(place, data)
    name = ".".join(k if re.fullmatch(r"[\w-]+", k) else f'"{k}"' for k in keys)
    if kind == "extra_forbidden":
        return keys, f"unknown key '{name}'{suggestion(keys[-1], _known(keys[:-1]))}"
    message = re.sub(r"^(Value error, |(Decimal )?[Ii]nput |String )", "", message)
    if kind in {"dict_type", "model_type"}:
        message = "should be a table"
    elif isinstance(value, dict):
        return keys, f"{name} {message}, and is a table: a pattern with dots stands in quotes"
    return keys, f"{name} {message}, not {_shown(value)}"


def _standing(place: tuple[int | str, ...], data: Mapping[str, Any]) -> Keys:
    """The part of a place that is keys of the file; pydantic appends what it tried there."""
    keys: list[str] = []
    inner: Any = data
    for key in place:
        if not isinstance(inner, Mapping) or key not in inner:
            break
        keys.append(str(key))
        inner = inner[key]
    return tuple(keys)


def _known(keys: Keys) -> list[str]:
    """The keys that a table of the file may have."""
    table: BaseModel = _File()
    for key in keys:
        table = getattr(table, key)
    return list(type(table).model_fields)


def _shown(value: Any) -> str:
    text = str(value) if isinstance(value, Decimal) else repr(value)
    return {"True": "true", "False": "false"}.get(text, text)
