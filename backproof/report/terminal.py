"""Tables and failures for a person at a terminal."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from backproof.compare import SLOPES
from backproof.verdict import Check, Verdict
from derivations.proof import Proof

_COLOURS = {
    **dict.fromkeys(("pass", "proved", "agree"), "green"),
    **dict.fromkeys(("fail", "error", "refuted", "disagree"), "red"),
    **dict.fromkeys(("undecided", "not-judged", "not-implemented", "incomplete"), "yellow"),
}

_WIDTH = 132
"""Of a table that no terminal is there to show."""

_LARGEST = 24
"""Arrays with more entries are shown in part."""


def console() -> Console:
    """Standard output."""
    return Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False)


def _word(word: str) -> Text:
    return Text(word, style=_COLOURS.get(word, ""))


def _table(title: str, *columns: str, numbers: Sequence[str] = ()) -> Table:
    table = Table(title=title, title_justify="left", pad_edge=False)
    for column in columns:
        table.add_column(column, no_wrap=column == columns[0])
        if column in numbers:
            table.columns[-1].justify = "right"
    return table


def show_proofs(out: Console, proofs: Sequence[Proof]) -> None:
    """One row for each claim, and what was refuted in full."""
    table = _table("Proofs", "operation", "claim", "form", "status", "scope", "source")
    for p in proofs:
        name = " ".join([p.operation, *(f"[{v}]" for v in p.convention.values())])
        scope = p.scope if p.scope == "every size" else "listed sizes"
        table.add_row(Text(name), p.subject, p.form, _word(p.status), scope, ", ".join(p.sources))
    out.print(table)
    for p in proofs:
        if p.scope != "every size":
            out.print(Text(f"{p.operation}, {p.subject}: {p.scope}"))
        if p.status != "proved":
            where = p.checked_at[0] if p.checked_at else "no size"
            out.print(Text(f"{p.operation}, {p.subject} ({p.form}): {p.status} at {where}"))
            out.print(Text(f"  claimed - true = {p.residue or '0 in index notation'}"))
    counts = Counter(p.status for p in proofs)
    out.print(", ".join(f"{n} {status}" for status, n in counts.items()))


def show_verdict(out: Console, verdict: Verdict) -> None:
    """One row for each check."""
    oracles = ("symbolic", SLOPES, "autograd")
    numbers = ("examples", "discarded", "detectable error")
    table = _table("Checks", "check", "verdict", *oracles, *numbers, numbers=numbers)
    for check in verdict.checks:
        says = [_word(check.oracles.get(o, "-")) for o in oracles]
        counted = str(check.examples), str(check.discarded), _power(check)
        table.add_row(Text(check.id), _word(check.status), *says, *counted)
    out.print(table)


def _power(check: Check) -> str:
    if check.detectable_error is None:
        return "-"
    return f"{check.detectable_error:.1e}" if check.detectable_error else "any"


def show_summary(out: Console, verdict: Verdict) -> None:
    """The last line."""
    counts = Counter(c.status for c in verdict.checks)
    parts = ", ".join(f"{n} {status}" for status, n in counts.items())
    line = Text.assemble(_word(verdict.verdict), f": {parts}; isolation: {verdict.isolation}")
    out.print(line)


def show_failures(out: Console, verdict: Verdict) -> None:
    """Each check that there is something to say of, as a teacher would write it."""
    for check in verdict.checks:
        if check.status != "pass" or check.message:
            out.print()
            out.rule(Text.assemble(check.id, ": ", _word(check.status)), align="left")
            _show_failure(out, check)


def _show_failure(out: Console, check: Check) -> None:
    if check.message:
        out.print(Text(check.message))
    if check.traceback:
        out.print(Text(check.traceback.rstrip()))
    if check.diagnosis is not None:
        out.print(Text(check.diagnosis.text, style="bold"))
    found = check.counterexample
    if found is None:
        return
    out.print(Text("The smallest example on which it is wrong:"))
    for name, value in found.inputs.items():
        out.print(Text(f"  {name} = {_compact(value)}"))
    out.print(Text("  expected " + _compact(found.expected)))
    out.print(Text("  actual   " + _compact(found.actual)))
    if found.index:
        expected, actual = (_at(a, found.index) for a in (found.expected, found.actual))
        place = ", ".join(map(str, found.index))
        out.print(Text(f"  at [{place}]: expected {expected!r}, actual {actual!r}"))
    out.print(Text(f"Again: {found.replay}", style="dim"))


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
