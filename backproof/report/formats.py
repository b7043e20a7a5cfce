"""The reports that a platform reads, by the name that ``--report`` takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from backproof.grading import Grades
from backproof.report import autolab, github_actions, github_classroom, gradescope, prairielearn
from backproof.verdict import Verdict

FORMATS: Mapping[str, Callable[[Verdict, Grades], str]] = MappingProxyType(
    {
        "gradescope": gradescope.render,
        "autolab": autolab.render,
        "prairielearn": prairielearn.render,
        "github-classroom": github_classroom.render,
        "github-annotations": github_actions.workflow_commands,
        "github-summary": github_actions.step_summary,
    }
)
