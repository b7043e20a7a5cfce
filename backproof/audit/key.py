"""What an instructor hands in, and what can be wrong with it before a claim is judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from backproof.audit.repair import Repair
from derivations.claims import AnyClaim

LARGEST = 1_000_000
"""Bytes of a key; those of the longest course are a hundredth of it."""


class KeyFileError(ValueError):
    """A key that cannot be read: where, and why."""

    def __init__(self, path: Path, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(path, message, line, column)

    def __str__(self) -> str:
        path, message, *place = self.args
        return ":".join(str(part) for part in (path, *place) if part) + f": {message}"


@dataclass(frozen=True)
class Entry:
    """A claim of a key, and what its right-hand side would be with one slip undone."""

    claim: AnyClaim
    repairs: Callable[[], Iterable[Repair]] = tuple


def text_of(path: Path) -> str:
    """The text of a key.

    Raises
    ------
    KeyFileError
        Where there is no such file, or it is too large, or no text.
    """
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise KeyFileError(path, f"{size:,} bytes; a key may have {LARGEST:,}: split it")
        return path.read_text("utf-8")
    except OSError as error:
        raise KeyFileError(path, f"{error.strerror}") from None
    except UnicodeDecodeError:
        raise KeyFileError(path, "not UTF-8 text") from None
