"""Judged claims: as JSON, for a terminal, and as the Markdown of docs/errata.md."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.text import Text

from backproof.audit.figures import Figure
from backproof.report.terminal import table, word
from backproof.verdict import SCHEMA, versions
from derivations.claims import Judgement
from derivations.equality import Counterexample

STATUSES = ("proved", "holds-under", "refuted", "illegible", "undecided")
_WIDEST = 72
"""Characters of an equation in a table."""


def record(found: Sequence[Judgement], figures: Sequence[Figure] = ()) -> dict[str, Any]:
    """The object that ``audit`` prints."""
    shown = [{**asdict(f), "recomputed": _rounded(f.recomputed)} for f in figures]
    return {
        "schema": SCHEMA,
        "versions": versions(),
        "claims": [_claim(j) for j in found],
        "totals": dict(_totals(found)),
        **({"figures": shown} if shown else {}),
    }


def _claim(judged: Judgement) -> dict[str, Any]:
    said: dict[str, Any] = {"id": judged.id}
    if judged.document:
        said["document"] = judged.document
    said |= {
        "equation": judged.equation,
        "operation": judged.operation,
        "status": judged.status,
        "scope": judged.scope,
    }
    if judged.counterexample is not None:
        said["counterexample"] = _counterexample(judged.counterexample)
    optional = {name: getattr(judged, name) for name in ("condition", "correction", "why")}
    return said | {name: text for name, text in optional.items() if text}


def _counterexample(found: Counterexample) -> dict[str, Any]:
    return {
        "sizes": dict(found.sizes),
        "values": {name: _rounded(value) for name, value in found.values.items()},
        "index": dict(found.index),
        "expected": _rounded(found.expected),
        "claimed": _rounded(found.claimed),
    }


def _rounded(value: Any) -> Any:
    """Six digits, for people; what is judged is exact."""
    if isinstance(value, list):
        return [_rounded(v) for v in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _totals(found: Sequence[Judgement]) -> Iterator[tuple[str, int]]:
    counts = Counter(j.status for j in found)
    yield from ((status, counts[status]) for status in STATUSES if counts[status])


def show(out: Console, found: Sequence[Judgement], figures: Sequence[Figure] = ()) -> None:
    """One row for each claim, then each that is not proved as a teacher would write of it."""
    rows = table("Claims", "claim", "verdict", "equation")
    for judged in found:
        verdict = word(judged.status)
        if judged.condition:
            verdict.append(f" {judged.condition}", style="")
        rows.add_row(Text(judged.id), verdict, Text(_shortened(judged.equation)))
    out.print(rows)
    for judged in found:
        if judged.status not in {"proved", "holds-under"}:
            out.print()
            for line in _remarks(judged):
                out.print(Text(line))
    out.print()
    if figures:
        rows = table("Figures", "document", "figure", "reported", "recomputed here")
        for f in figures:
            rows.add_row(f.document, f.name, f"{f.reported:.7g}", f"{f.recomputed:.7g}")
        out.print(rows)
    for document, claims in groupby(found, key=lambda j: j.document):
        if document:
            out.print(f"{document}: {summary(list(claims))}")
    out.print(summary(found))


def summary(found: Sequence[Judgement]) -> str:
    """``41 claims: 38 proved, 3 refuted``."""
    return f"{len(found)} claims: " + ", ".join(f"{n} {s}" for s, n in _totals(found))


def _shortened(equation: str) -> str:
    return equation if len(equation) <= _WIDEST else equation[: _WIDEST - 3] + "..."


def _remarks(judged: Judgement) -> Iterator[str]:
    yield f"{judged.id}: {judged.status}"
    yield f"  {judged.equation}"
    if judged.counterexample is not None:
        yield from (f"  {line}" for line in in_words(judged.counterexample))
    if judged.why:
        yield f"  {judged.why}"
    if judged.correction:
        yield f"  right, and proved: {judged.correction}"


def in_words(found: Counterexample) -> Iterator[str]:
    """A counterexample, line by line."""
    shown = _counterexample(found)
    parts = [f"{name} = {size}" for name, size in shown["sizes"].items() if found.index or size > 1]
    if parts:
        yield "with " + ", ".join(parts)
    for name, value in shown["values"].items():
        yield f"{name} = {json.dumps(value)}"
    at = ", ".join(f"{name} = {n}" for name, n in shown["index"].items())
    place = f" at {at} (counted from 0)" if at else ""
    yield f"expected {shown['expected']}, claimed {shown['claimed']}{place}"


def page(found: Sequence[Judgement], figures: Sequence[Figure] = ()) -> str:
    """The Markdown page of everything that is not proved as it stands."""
    lines = [
        "# Claims, judged as they stand",
        "",
        "Printed by `backproof audit --markdown FILE`. A correction is proved for every size; a",
        "counterexample is the smallest that was found, its indices counted from 0.",
        "",
        "| document | claims | " + " | ".join(STATUSES) + " |",
        "|---|---:|" + "---:|" * len(STATUSES),
    ]
    by_document = {d: list(c) for d, c in groupby(found, key=lambda j: j.document)}
    for document, claims in by_document.items():
        counts = Counter(j.status for j in claims)
        numbers = " | ".join(str(counts[s]) for s in STATUSES)
        lines.append(f"| {document or 'the key'} | {len(claims)} | {numbers} |")
    if figures:
        lines += [
            "",
            "What the documents report of their programs, recomputed; rounding decides all but the",
            "first digit.",
            "",
            "| document | figure | reported | here |",
            "|---|---|---:|---:|",
            *(
                f"| {f.document} | {f.name} | {f.reported:.7g} | {f.recomputed:.0e} |"
                for f in figures
            ),
        ]
    for document, claims in by_document.items():
        if document:
            lines += ["", f"## Document {document}"]
        for status, heading in _HEADINGS.items():
            chosen = [j for j in claims if j.status == status]
            if chosen:
                lines += ["", f"### {heading}"]
                lines += [line for judged in chosen for line in _entry(judged)]
    return "\n".join(lines) + "\n"


_HEADINGS = {
    "refuted": "Refuted",
    "holds-under": "True under a condition",
    "illegible": "Illegible in the scan",
    "undecided": "Undecided",
}


def _entry(judged: Judgement) -> Iterator[str]:
    yield ""
    if judged.status == "holds-under":
        yield f"- **{judged.id}**, where {judged.condition}: ${judged.equation}$"
        return
    yield f"- **{judged.id}**: ${judged.equation}$"
    if judged.why:
        yield f"  <br>{judged.why.rstrip('.')}."
    if judged.counterexample is not None:
        yield f"  <br>Smallest case: {'; '.join(in_words(judged.counterexample))}."
    if judged.correction:
        yield f"  <br>Right: ${judged.correction}$"
