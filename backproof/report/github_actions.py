"""GitHub Actions: annotations of a submission's lines, and the summary of a step."""

from __future__ import annotations

from backproof.grading import UNJUDGED, Grade, Grades
from backproof.isolation import left_open
from backproof.report.feedback import fenced, markdown, place, plain
from backproof.report.inert import fitted, inert, shorten
from backproof.report.isolation import isolation
from backproof.report.points import hidden, number, tally
from backproof.verdict import Status, Verdict

ANNOTATIONS = 10
"""Those of one step that GitHub shows; of a job it shows 50."""

MESSAGE = 16_000
"""The characters of an annotation, at most four bytes each: GitHub takes 64 KiB."""

SUMMARY = 1024 * 1024
"""The bytes of a step's summary."""


# --- annotations ----------------------------------------------------------------------------------


def workflow_commands(verdict: Verdict, grades: Grades) -> str:
    """One of the whole, then one for each check that did not pass and that a student may see."""
    found = [g for g in grades.shown if g.check.status != "pass"]
    found.sort(key=lambda g: ("error", "warning", "notice").index(_kind(g.check.status)))
    lines = [_whole(verdict, grades), *map(_annotation, found)]
    if len(lines) > ANNOTATIONS:
        more = f"{len(lines) - ANNOTATIONS + 1} more are left out: GitHub shows {ANNOTATIONS}."
        lines[ANNOTATIONS - 1 :] = [_command("notice", {"title": "backproof"}, more)]
    return "".join(f"{line}\n" for line in lines)


def _whole(verdict: Verdict, grades: Grades) -> str:
    kind = "notice"
    if grades.note or left_open(verdict.isolation):
        kind = "warning" if verdict.checks else "error"
    message = "\n".join(filter(None, (inert(grades.note), isolation(verdict))))
    return _command(kind, {"title": "backproof"}, message)


def _annotation(grade: Grade) -> str:
    check = grade.check
    where = place(check) if grade.level != "verdict" else None
    properties = {"file": where.file, "line": str(where.line)} if where else {}
    properties["title"] = f"{check.id}: {check.status}"
    return _command(_kind(check.status), properties, plain(check, grade.level))


def _kind(status: Status) -> str:
    if status in {"fail", "error"}:
        return "error"
    return "warning" if status in UNJUDGED else "notice"


def _command(kind: str, properties: dict[str, str], message: str) -> str:
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {listed}::{_data(shorten(message, MESSAGE))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


# --- the summary ----------------------------------------------------------------------------------


def step_summary(verdict: Verdict, grades: Grades) -> str:
    """Markdown: a table of the checks that a student may see, then each that did not pass."""
    return fitted(
        lambda limit: _summary(verdict, grades, limit), lambda text: len(text.encode()), SUMMARY
    )


def _summary(verdict: Verdict, grades: Grades, limit: int) -> str:
    rest = grades.withheld
    rows = [_row(f"`{g.check.id}`", g.check.status, g) for g in grades.shown]
    rows += [_row(hidden(grades), "", rest)] if rest.grades else []
    parts = [f"## backproof: {verdict.verdict}, {tally(grades)}"]
    if grades.note:
        parts.append(fenced(shorten(inert(grades.note), limit)))
    if rows:
        parts.append("\n".join(("| check | result | points |", "|---|---|---:|", *rows)))
    for grade in grades.shown:
        if grade.check.status != "pass":
            heading = f"### `{grade.check.id}`: {grade.check.status}"
            parts += [heading, markdown(grade.check, grade.level, limit)]
    if verdict.checks:
        parts.append(isolation(verdict))
    return "\n\n".join(parts) + "\n"


def _row(name: str, result: str, of: Grade | Grades) -> str:
    return f"| {name} | {result} | {number(of.points)} of {number(of.max_points)} |"
