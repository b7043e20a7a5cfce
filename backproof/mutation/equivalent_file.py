"""Reads the table of a homework's equivalent mutants; a mistake in it is named with its line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Annotated

from pydantic import Field

from backproof import toml


class EquivalentError(ValueError):
    """A table that cannot be used; one line for a person says where and why."""


class _Tables(toml.Table):
    equivalent: dict[Annotated[str, Field(min_length=1)], list[str]]


def load(path: Path) -> Mapping[str, str]:
    """By a mutant's id, why it is no other function than the right one.

    Raises
    ------
    EquivalentError
        Where there is no such file, it has no table ``equivalent`` of sentences, each with its
        mutants, or a mutant stands in it twice.
    """
    try:
        table = toml.read(path.read_text("utf-8"), _Tables)[0].equivalent
    except toml.TomlError as error:
        raise EquivalentError(f"{path}:{error.place}: {error}") from None
    except UnicodeDecodeError:
        raise EquivalentError(f"{path}: not a text in UTF-8") from None
    except OSError as error:
        raise EquivalentError(f"{path}: {error.strerror}") from None
    twice = [id_ for id_, n in Counter(chain(*table.values())).items() if n > 1]
    if twice:
        raise EquivalentError(f"{path}: stands there more than once: {twice[0]}")
    return {id_: why for why, ids in table.items() for id_ in ids}
