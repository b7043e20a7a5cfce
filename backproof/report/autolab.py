"""Autolab's autoresult: the last line of standard output, under one that a page is made of."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from backproof.grading import Grade, Grades
from backproof.report.feedback import plain
from backproof.report.inert import inert
from backproof.report.isolation import isolation
from backproof.report.points import hidden, number, tally
from backproof.verdict import Verdict


def render(verdict: Verdict, grades: Grades) -> str:
    """The two lines; the operations are the names of Autolab's problems."""
    pages, scores = _pages(verdict, grades), _scores(verdict, grades)
    return f"{json.dumps(pages)}\n{json.dumps(scores)}\n"


def _pages(verdict: Verdict, grades: Grades) -> dict[str, Any]:
    stages: dict[str, dict[str, Any]] = {}
    facts = {"backproof": inert(grades.note), "isolation": isolation(verdict)}
    if any(facts.values()):
        stages["Note"] = {name: said for name, said in facts.items() if said}
    for grade in grades.shown:
        stages.setdefault(grade.check.operation, {})[grade.check.id] = _case(grade)
    if grades.withheld.grades:
        stages["Hidden"] = {hidden(grades): tally(grades.withheld)}
    return {"_presentation": "semantic", "stages": list(stages), **stages}


def _case(grade: Grade) -> dict[str, Any]:
    if grade.check.status == "pass":
        return {"passed": True}
    return {"passed": False, "hint": plain(grade.check, grade.level)}


def _scores(verdict: Verdict, grades: Grades) -> dict[str, Any]:
    problems = dict.fromkeys((c.operation for c in verdict.checks), Decimal(0))
    for grade in grades:
        problems[grade.check.operation] += grade.points
    scores = {problem: number(points) for problem, points in problems.items()}
    return {"scores": scores, "scoreboard": [number(grades.points)]}
