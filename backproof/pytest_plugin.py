"""Runs the checks of a homework as pytest's own tests: ``pytest --submission PATH --dialect NAME``.

Nothing of the submission is collected or imported: not a test of it, and not its conftest.py. Each
check is an item, so ``--junitxml``, ``-k`` and ``-n`` work as everywhere. The items of one
component share their examples and stay on one worker.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from backproof.candidates.process import Budget
    from backproof.course import Budget as Asked
    from backproof.verdict import Check


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("backproof", "judge a homework (backproof)")
    group.addoption("--submission", metavar="PATH", help="the homework's folder")
    group.addoption("--dialect", metavar="NAME", help="the course's interface, or its .py file")
    group.addoption("--edition", metavar="NAME", default="", help="the interface's year")
    group.addoption("--course", metavar="FILE", help="the course's backproof.toml")
    group.addoption("--examples", metavar="N", type=int, help="examples for each check")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Load nothing of the submission, whose folder may be the one that pytest runs in.

    No conftest.py; no module from the folder that workers start in; and no settings, which pytest
    looks for beside every path on its command line, and which hold options.
    """
    known = early_config.known_args_namespace
    submission = getattr(known, "submission", None)
    if not submission:
        return
    known.noconftest = True
    os.environ["PYTHONSAFEPATH"] = "1"
    settings = early_config.inipath
    if settings and not known.inifilename and not _is_own(settings, Path(submission)):
        raise pytest.UsageError(
            f"{settings}: a submission could have brought these settings; -c FILE names yours"
        )


def _is_own(settings: Path, submission: Path) -> bool:
    """Whether a file stands in or above the folder that pytest runs in, and not in a submission."""
    folder = settings.parent.resolve()
    return Path.cwd().is_relative_to(folder) and not folder.is_relative_to(submission.resolve())


def pytest_configure(config: pytest.Config) -> None:
    """Collect the checks and nothing else."""
    if config.getoption("submission"):
        config.args = []
        config.pluginmanager.register(_Judge(config), "backproof-judge")


class _Judge:
    """Gives the items, and examines a component when the first of its checks is run."""

    def __init__(self, config: pytest.Config) -> None:
        # Every pytest of an environment imports this file; only this one has a use for the rest.
        from backproof.candidates.dialects.dialect import SubmissionError  # noqa: PLC0415
        from backproof.course import Settings, is_gate  # noqa: PLC0415
        from backproof.course_file import CourseError, load  # noqa: PLC0415
        from backproof.homework import DialectError, Homework  # noqa: PLC0415

        try:
            path = config.getoption("course")
            self.settings = load(Path(path)) if path else Settings()
        except CourseError as error:
            raise pytest.UsageError(str(error)) from None
        name = config.getoption("dialect") or self.settings.dialect
        if not name:
            raise pytest.UsageError("--submission needs --dialect, or a --course that names one")
        self.homework = Homework(
            Path(config.getoption("submission")),
            name,
            config.getoption("edition") or self.settings.edition or "",
            config.getoption("examples") or self.settings.examples or 100,
            budget=_budget(self.settings.budget),
            confined=is_gate(),
        )
        try:
            self.expected = {n: self.homework.expected(n) for n in self.homework.numbers()}
            self.settings.must_match([id_ for ids in self.expected.values() for id_ in ids])
        except (LookupError, SubmissionError, DialectError) as error:
            raise pytest.UsageError(str(error.args[0])) from None
        self.checks: dict[str, Check] = {}

    def pytest_report_header(self) -> str:
        """Say what is judged, and as what."""
        read_as = self.homework.interface
        how = "detected" if read_as.detected else "given"
        return f"backproof: {self.homework.path} as {read_as.dialect} {read_as.edition} ({how})"

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, items: list[pytest.Item]
    ) -> None:
        """Put the checks in the place of whatever was found."""
        items[:] = self._items(session)

    def _items(self, session: pytest.Session) -> Iterator[pytest.Item]:
        for number, ids in self.expected.items():
            for id_ in ids:
                yield CheckItem.from_parent(session, judge=self, number=number, id_=id_)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Keep the checks of one component on one worker."""
        # It may not be installed, and has no types.
        from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped] # noqa: PLC0415

        return LoadScopeScheduling(config, log)

    def check(self, number: int, id_: str) -> Check:
        """The check, with the others of its component where it is the first."""
        if id_ not in self.checks:
            verdict = self.homework.judge(number)
            self.checks.update({check.id: check for check in verdict.checks})
        return self.checks[id_]


def _budget(asked: Asked) -> Budget:
    """The usual budget, with what a course says otherwise."""
    from backproof.candidates.process import USUAL, Budget  # noqa: PLC0415
    from backproof.homework import TOTAL  # noqa: PLC0415

    return Budget(
        asked.request or USUAL.request,
        asked.check or USUAL.check,
        time.time() + (asked.total or TOTAL),
    )


class CheckFailedError(Exception):
    """A check that is not passed."""

    def __init__(self, check: Check) -> None:
        super().__init__(f"{check.id}: {check.status}")
        self.check = check


class CheckItem(pytest.Item):
    """One check of a homework."""

    def __init__(self, *, judge: _Judge, number: int, id_: str, **kwargs: Any) -> None:
        operation, _, prop = id_.partition(".")
        super().__init__(name=f"{operation}::{prop}", nodeid=f"{operation}::{prop}", **kwargs)
        self.judge = judge
        self.number = number
        self.check_id = id_

    def runtest(self) -> None:
        """Judge, and fail unless it passes: what could not be judged has not passed."""
        check = self.judge.check(self.number, self.check_id)
        if check.status != "pass":
            raise CheckFailedError(check)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *_: Any) -> Any:
        """Say what a teacher would."""
        if isinstance(excinfo.value, CheckFailedError):
            from backproof.report.feedback import plain  # noqa: PLC0415

            check = excinfo.value.check
            level = self.judge.settings.level_of(check.id)
            return f"{excinfo.value}\n{plain(check, level)}"
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where pytest says that it is."""
        return self.judge.homework.path, None, self.check_id
