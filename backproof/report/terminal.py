"""Tables and failures for a person at a terminal."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from backproof.course import Level
from backproof.isolation import warning
from backproof.verdict import SLOPES, Check, Verdict

if TYPE_CHECKING:
    from derivations.proof import Proof

_COLOURS = {
    **dict.fromkeys(("pass", "proved", "holds-under", "agree"), "green"),
    **dict.fromkeys(("fail", "error", "refuted", "disagree"), "red"),
    **dict.fromkeys(
        ("undecided", "not-judged", "not-implemented", "incomplete", "illegible"), "yellow"
    ),
}

_WIDTH = 132
"""Of a table that no terminal is there to show."""


def console() -> Console:
    """Standard output."""
    return Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False)


def word(status: str) -> Text:
    """A status in its colour."""
    return Text(status, style=_COLOURS.get(status, ""))


def table(title: str, *columns: str, numbers: Sequence[str] = ()) -> Table:
    """An empty table; the columns of numbers stand to the right."""
    made = Table(title=title, title_justify="left", pad_edge=False)
    for column in columns:
        made.add_column(column, no_wrap=column == columns[0])
        if column in numbers:
            made.columns[-1].justify = "right"
    return made


def show_proofs(out: Console, proofs: Sequence[Proof]) -> None:
    """One row for each claim, and what was refuted in full."""
    rows = table("Proofs", "operation", "claim", "form", "status", "scope", "source")
    for p in proofs:
        name = " ".join([p.operation, *(f"[{v}]" for v in p.convention.values())])
        scope = p.scope if p.scope == "every size" else "listed sizes"
        rows.add_row(Text(name), p.subject, p.form, word(p.status), scope, ", ".join(p.sources))
    out.print(rows)
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
    rows = table("Checks", "check", "verdict", *oracles, *numbers, numbers=numbers)
    for check in verdict.checks:
        says = [word(check.oracles.get(o, "-")) for o in oracles]
        counted = str(check.examples), str(check.discarded), _power(check)
        rows.add_row(Text(check.id), word(check.status), *says, *counted)
    out.print(rows)


def _power(check: Check) -> str:
    if check.detectable_error is None:
        return "-"
    return f"{check.detectable_error:.1e}" if check.detectable_error else "any"


def show_summary(out: Console, verdict: Verdict, *, trusted: bool = False) -> None:
    """The last line, and what was open to a submission that is not trusted."""
    counts = Counter(c.status for c in verdict.checks)
    parts = ", ".join(f"{n} {status}" for status, n in counts.items())
    line = Text.assemble(word(verdict.verdict), f": {parts}; isolation: {verdict.isolation}")
    out.print(line)
    opened = warning(verdict.isolation)
    if opened and verdict.interface is not None and not trusted:
        out.print(Text(opened, style="yellow"))


def show_failures(
    out: Console, verdict: Verdict, level_of: Callable[[str], Level] = lambda _: "full"
) -> None:
    """Each check that there is something to say of, as a teacher would write it.

    Parameters
    ----------
    out
        The terminal.
    verdict
        Of an examination.
    level_of
        What to say of a check, by its id.
    """
    from backproof.report.feedback import feedback  # noqa: PLC0415 - NumPy is not needed to start

    for check in verdict.checks:
        if check.status != "pass" or check.message or check.variation:
            out.print()
            out.rule(Text.assemble(check.id, ": ", word(check.status)), align="left")
            said = feedback(check, level_of(check.id))
            out.print(Text("\n".join(p for p in (said.asked, said.said) if p)))
            if said.diagnosis:
                out.print(Text(said.diagnosis, style="bold"))
            for line in (said.variation, *said.example):
                if line:
                    out.print(Text(line))
            if said.replay:
                out.print(Text(f"Again: {said.replay}", style="dim"))


@contextmanager
def progress(operations: Sequence[str]) -> Iterator[Callable[[str, Sequence[Check]], None]]:
    """Show on standard error how far an examination is, where that is a terminal.

    Parameters
    ----------
    operations
        What will be examined.

    Yields
    ------
    Callable
        To be called with an operation that is finished, and its checks.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    err = Console(stderr=True)
    with Progress(*columns, console=err, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("examining", total=len(operations))

        def finished(operation: str, checks: Sequence[Check]) -> None:
            wrong = sum(c.status != "pass" for c in checks)
            bar.update(task, advance=1, description=f"{operation}: {wrong or 'none'} wrong")

        yield finished
