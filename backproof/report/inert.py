"""A submission's words, made so that no reader takes them for anything but words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

Report = TypeVar("Report")

# GitHub's runner takes a line for a command where it begins with `::`, or holds `##[` anywhere. It
# compares by a culture's rules, for which some characters outside ASCII are not there at all.
_COMMAND = re.compile(r"^([^!-~\n]*:)([^ -~\n\t]*:)", re.MULTILINE)
_OLD_COMMAND = re.compile(r"#([^ -~\n\t]*#[^ -~\n\t]*\[)")


_LAYOUT = {ord("\n"): None, ord("\t"): None}

_TEXTS = frozenset({"output", "message"})
"""The keys of a platform's record that hold feedback."""


def inert(text: str) -> str:
    r"""Text that no terminal, log or page acts upon; lines stay lines.

    Invisible characters are spelled out, and what a log would read as a command gets a blank.

    >>> print(inert("\x1b[2J\u202edlrow\n::error::forged\n##[error]"))
    \x1b[2J\u202edlrow
    : :error::forged
    # #[error]
    """
    text = text.replace("\r\n", "\n")
    if not text.translate(_LAYOUT).isprintable():  # most are, and this is a hundred times faster
        text = "".join(map(_visible, text))
    return _OLD_COMMAND.sub(r"# \1", _COMMAND.sub(r"\1 \2", text))


def _visible(character: str) -> str:
    if character.isprintable() or ord(character) in _LAYOUT:
        return character
    return character.encode("unicode_escape").decode()


def shorten(text: str, limit: int) -> str:
    """The beginning of a text, with a last line that says so where anything is left out.

    Parameters
    ----------
    text
        Of any length.
    limit
        The characters that there is room for.
    """
    if len(text) <= limit:
        return text
    notice = f"\n[cut: {len(text):,} characters]"
    return (text[: max(limit - len(notice), 0)] + notice)[:limit]


def cut(record: Any, limit: int) -> Any:
    """A platform's record with each of its texts shortened."""
    if isinstance(record, list):
        return [cut(part, limit) for part in record]
    if isinstance(record, dict):
        return {
            key: shorten(value, limit) if key in _TEXTS else cut(value, limit)
            for key, value in record.items()
        }
    return record


def fitted(build: Callable[[int], Report], size: Callable[[Report], int], cap: int) -> Report:
    """The report that leaves its texts the most room within a cap.

    Parameters
    ----------
    build
        Makes the report, from the characters that each of its texts may have.
    size
        What the cap is about.
    cap
        What a platform takes.
    """
    limit = cap
    while size(report := build(limit)) > cap and limit:
        limit //= 2
    return report
