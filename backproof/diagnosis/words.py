"""Numbers, axes and names as a sentence has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

Text = str | Callable[[], str]
"""A sentence, or what makes it: to put a formula into words takes long."""

_SHORT = 1000
"""A fraction with a denominator up to this is one that somebody wrote down."""


def said(text: Text) -> str:
    """The sentence itself."""
    return text if isinstance(text, str) else text()


def spelled(number: float) -> str:
    """A number as a person would write it: a short decimal, a fraction, or "about" a decimal.

    >>> spelled(0.75), spelled(1 / 3), spelled(3.14159265358979), spelled(1 + 2**-30)
    ('0.75', '1/3', 'about 3.14159', 'about 1 + 9.3e-10')
    """
    decimal, about = f"{number:.10g}", f"{number:.6g}"
    if float(decimal) == number:
        return decimal
    fraction = Fraction(number).limit_denominator(_SHORT)
    if float(fraction) == number:
        return str(fraction)
    return f"about {about}" if about != "1" else f"about 1 + {number - 1:.2g}"


def counted(axis: str) -> str:
    """The size of an axis: ``the number of features``, ``the height``."""
    if axis == "batch":
        return "the batch size"
    name = axis.replace("_", " ")
    return f"the number of {name}" if name.endswith("s") else f"the {name}"


def over(axis: str) -> str:
    """An axis as a sum runs over it: ``the features``."""
    return f"the {axis.replace('_', ' ')}"


def capital(name: str) -> str:
    """A name at the beginning of a sentence; a name of code keeps its case."""
    return name if "_" in name else f"{name[:1].upper()}{name[1:]}"


def listed(names: Sequence[str]) -> str:
    """Names one after the other: ``x, gamma and beta``."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def shown(value: Any) -> str:
    """A hyper-parameter's value as it is written in a call."""
    return spelled(value) if isinstance(value, float) else repr(value)


def in_title(name: str) -> str:
    """The name of an operation in a sentence."""
    return name.replace("_", " ")


def ignored(name: str, value: Any) -> str:
    """That a hyper-parameter is held at one value."""
    return f"{capital(name)} is ignored: it is computed with {name} = {shown(value)} always."
