"""TOML that people write, held to a model; every mistake is named with its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from backproof.course import suggestion

Keys = tuple[str, ...]
"""A key with those of the tables that it is in, the outer first."""


class TomlError(ValueError):
    """Text that is no TOML, or says something that it cannot.

    Attributes
    ----------
    place
        The line, counted from 1, and the column where it is known: ``"3:7"``.
    """

    def __init__(self, place: str, message: str) -> None:
        super().__init__(message)
        self.place = place


class Table(BaseModel):
    """A table in which no other keys may stand."""

    model_config = ConfigDict(extra="forbid")


Model = TypeVar("Model", bound=Table)


def read(text: str, model: type[Model]) -> tuple[Model, dict[Keys, int]]:
    """Read a text as a model.

    Returns
    -------
    model
        What it says.
    lines
        The line on which each key stands.

    Raises
    ------
    TomlError
        With the first mistake in it.
    """
    data = _parse(text)
    lines = _lines(text)
    try:
        return model.model_validate(data), lines
    except ValidationError as error:
        faults = [
            _fault(e["loc"], e["type"], e["msg"], e["input"], data, model) for e in error.errors()
        ]
        line, fault = min((lines[keys], fault) for keys, fault in faults)
        raise TomlError(str(line), fault) from None


def _parse(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        what, at, place = str(error).rpartition(" (at ")
        numbers = re.findall(r"\d+", place)
        if not at or not numbers:  # "at end of document"
            numbers = [str(len(text.splitlines()) or 1)]
        raise TomlError(":".join(numbers), f"not TOML: {what}") from None


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
    place: tuple[int | str, ...],
    kind: str,
    message: str,
    value: Any,
    data: Mapping[str, Any],
    model: type[Table],
) -> tuple[Keys, str]:
    """Where a fault is, as keys that stand in the file, and a line for a person."""
    keys = _standing(place, data)
    name = ".".join(k if re.fullmatch(r"[\w-]+", k) else f'"{k}"' for k in keys)
    if kind == "missing":
        return keys, f"'{place[-1]}' is missing"
    if kind == "extra_forbidden":
        return keys, f"unknown key '{name}'{suggestion(keys[-1], _known(model, keys[:-1]))}"
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


def _known(model: type[Table], keys: Keys) -> list[str]:
    """The keys that a table may have."""
    for key in keys:
        model = cast("type[Table]", model.model_fields[key].annotation)
    return list(model.model_fields)


def _shown(value: Any) -> str:
    text = str(value) if isinstance(value, Decimal) else repr(value)
    return {"True": "true", "False": "false"}.get(text, text)
