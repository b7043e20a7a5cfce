"""The errors of a key's results, in ULPs, for a person at a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from backproof.audit.ulps import Ulps
from backproof.report.terminal import table


def show(out: Console, found: Sequence[Ulps]) -> None:
    """One row for each result."""
    numbers = ("examples", "worst", "median", "apart")
    columns = ("result", "examples", "worst", "median", "apart", "worst where")
    rows = table("Errors in ULPs, against fifty digits", *columns, numbers=numbers)
    for one in found:
        told = str(one.examples), _short(one.worst), _short(one.median), _apart(one)
        sizes = ", ".join(f"{axis} {size}" for axis, size in one.sizes.items())
        rows.add_row(Text(one.id), *told, Text(sizes if one.worst else "-"))
    out.print(rows)


def _short(error: float | None) -> str:
    return "-" if error is None else f"{error:.3g}"


def _apart(one: Ulps) -> str:
    """How many entries have no ULP, and how far off they are."""
    if not one.apart:
        return "-"
    return f"{one.apart}, by {one.apart_error:.1e}" if one.apart_error else f"{one.apart}, exact"
