"""GitHub Classroom: the output ``result`` of a step that grades."""

from __future__ import annotations

import base64
import json
from typing import Any

from backproof.grading import UNJUDGED, Grade, Grades
from backproof.report.feedback import place, plain
from backproof.report.inert import cut, fitted, inert
from backproof.report.isolation import isolation
from backproof.report.points import hidden, number
from backproof.verdict import Check, Verdict

CAP = 128 * 1024 - 1024
"""The bytes of base64: its reader gets it as one variable of the environment, with a name."""


def render(verdict: Verdict, grades: Grades) -> str:
    """The line for ``$GITHUB_OUTPUT``."""
    return f"result={_encoded(verdict, grades)}\n"


def _encoded(verdict: Verdict, grades: Grades) -> str:
    result = _result(verdict, grades)

    def build(limit: int) -> str:
        text = json.dumps(cut(result, limit))
        return base64.b64encode(text.encode()).decode()

    return fitted(build, len, CAP)


def _result(verdict: Verdict, grades: Grades) -> dict[str, Any]:
    tests = [_test(g) for g in grades.shown]
    rest = grades.withheld
    if rest.grades:
        all_passed = all(g.check.status == "pass" for g in rest)
        score = number(rest.points)
        tests.append(_entry(hidden(grades), "pass" if all_passed else "fail", score))
    if verdict.checks:
        name = f"isolation: {verdict.isolation}"  # of what passes, its reader prints the name alone
        tests.append(_entry(name, "pass", 0, isolation(verdict)))
    if grades.note:
        tests.append(_entry("backproof", "error", 0, inert(grades.note)))
    statuses = {t["status"] for t in tests}
    return {
        "version": 1,
        "status": next((s for s in ("fail", "error") if s in statuses), verdict.verdict),
        "max_score": number(grades.max_points),
        "tests": tests,
    }


def _test(grade: Grade) -> dict[str, Any]:
    check = grade.check
    said = plain(check, grade.level) if check.status != "pass" else ""
    entry = _entry(check.id, _status(check), number(grade.points), said)
    where = place(check) if grade.level != "verdict" else None
    return {**entry, "filename": where.file, "line_no": where.line} if where else entry


def _status(check: Check) -> str:
    if check.status in {"pass", "fail"}:
        return check.status
    return "error" if check.status in UNJUDGED | {"error"} else "fail"


def _entry(name: str, status: str, score: float, message: str = "") -> dict[str, Any]:
    return {
        "name": name,
        "status": status,
        "score": score,
        "message": message,
        "test_code": "",
        "filename": "",
        "line_no": 0,
        "duration": 0,
    }
