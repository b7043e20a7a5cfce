"""The same checks as items of pytest, with its report; nothing of the submission is loaded."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import xmlschema

from backproof import homework as homeworks
from backproof.cache import VARIABLE
from backproof.verdict import EXIT_CODES

EXAMPLES = Path(__file__).parents[1] / "examples"
JUNIT = xmlschema.XMLSchema(Path(__file__).parent / "report/schemas/junit.xsd")
# Where backproof is installed, pytest finds the plugin by itself, and takes it but once.
PLUGIN = (
    ()
    if any(found.value == "backproof.pytest_plugin" for found in entry_points(group="pytest11"))
    else ("-p", "backproof.pytest_plugin")
)


TIERS = {"bubblewrap", "landlock", "seccomp", "rlimits", "none"}

WEAK = """
from pathlib import Path

from backproof.candidates import bubblewrap, process

process.RUNNER = Path({runner!r})
bubblewrap.prefix = lambda *_: []
"""


@pytest.fixture
def homework(tmp_path: Path) -> Path:
    """Layers, one of them wrong, without a network, and what would run if it were collected."""
    folder = tmp_path / "homework"
    folder.mkdir()
    code = (EXAMPLES / "uva" / "assignment1" / "modules.py").read_text("utf-8")
    right = 'self.grads["bias"] = dout.sum(axis=0)'
    assert right in code
    (folder / "modules.py").write_text(code.replace(right, right.replace("sum", "mean")), "utf-8")
    trap = "raise SystemExit('collected')\n"
    for name in ("conftest.py", "test_homework.py", "struct.py", "socket.py"):
        (folder / name).write_text(trap, "utf-8")
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest inside a folder."""
    asked = [sys.executable, "-P", "-m", "pytest", *PLUGIN, "-p", "no:cacheprovider", *arguments]
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return subprocess.run(
        asked,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def statuses(report: Path) -> dict[str, str]:
    """Each check of a JUnit report with its status, which a failure's message begins with."""
    cases = ET.parse(report).iter("testcase")  # noqa: S314 - written by our own pytest
    found = {}
    for case in cases:
        id_ = f"{case.get('classname')}.{case.get('name')}"
        failure = case.find("failure")
        said = f"{id_}: pass" if failure is None else failure.get("message", "").splitlines()[0]
        found[id_] = said.removeprefix(f"{id_}: ")
    return found


def test_each_check_is_an_item_and_no_file_of_the_submission_is_loaded(homework: Path) -> None:
    """Also where pytest runs in the submission's own folder; two workers share the components.

    The checks, and what came of each, are those of `backproof check`.
    """
    asked = ("--submission", ".", "--dialect", "uva", "--examples", "2", "-n", "2")
    ran = run(homework, *asked, "--junitxml", "../report.xml")
    assert ran.returncode == pytest.ExitCode.TESTS_FAILED
    assert "Asked: the gradient of linear with respect to bias: wrong." in ran.stdout
    assert "collected'" not in ran.stdout
    report = homework.parent / "report.xml"
    JUNIT.validate(report)
    verdict = homeworks.judge(homework, homeworks.dialect("uva"), count=2)
    assert statuses(report) == {check.id: check.status for check in verdict.checks}
    (isolation,) = (p.get("value", "") for p in ET.parse(report).iter("property"))  # noqa: S314
    assert set(isolation.split("+")) <= TIERS
    assert statuses(report)["linear.gradient.bias"] == "fail"
    # A file that is not there has not passed.
    assert statuses(report)["mlp.forward"] == "not-implemented"


CASE = '<testcase classname="relu" name="forward" time="0.5"{}>{}</testcase>'


def junit(attributes: str = "", inner: str = "", tests: str = "1") -> str:
    """A report of one case."""
    suite = f'<testsuite name="pytest" errors="0" failures="0" skipped="0" tests="{tests}">'
    case = CASE.format(attributes, inner)
    return f'<testsuites name="pytest tests">{suite}{case}</testsuite></testsuites>'


@pytest.mark.parametrize(
    "wrong",
    [
        {"attributes": ' status="pass"'},
        {"inner": '<properties><property name="status" value="pass"/></properties>'},
        {"inner": '<failure text="wrong"/>'},
        {"tests": "many"},
        {"tests": "-1"},
    ],
)
def test_the_junit_schema_rejects_another_report(wrong: dict[str, str]) -> None:
    """Among them the properties of a case, which Jenkins' schema does not have."""
    assert JUNIT.is_valid(junit(inner='<failure message="wrong">text</failure>'))
    assert not JUNIT.is_valid(junit(**wrong))


COURSE = """\
dialect = "uva"
edition = "2022"
examples = 2
[visibility]
"softmax.gradient.x" = "hidden"
[feedback]
hidden = "verdict"
[budget]
"""


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ("request = 0.25\ncheck = 5", "took longer than 0.25 s"),
        ("check = 0.25", "took longer than 0.25 s in all"),
        ("total = 0.01", "the time for the whole submission was over"),
    ],
)
def test_what_a_course_settles_takes_effect(homework: Path, budget: str, said: str) -> None:
    """Dialect, edition, budgets, and what is seen of a check that is hidden."""
    code = homework / "modules.py"
    slow = """

class SoftMaxModule(SoftMaxModule):
    def forward(self, x):
        __import__("time").sleep(60)
"""
    code.write_text(code.read_text("utf-8") + slow, "utf-8")
    settings = homework.parent / "backproof.toml"
    settings.write_text(COURSE + budget, "utf-8")
    ran = run(homework, "--submission", ".", "--course", str(settings), "-k", "softmax")
    assert ran.returncode == pytest.ExitCode.TESTS_FAILED
    assert "as uva 2022 (given)" in ran.stdout
    sections = re.split(r"(?m)^_+ (\S+) _+$", ran.stdout)
    told = dict(zip(sections[1::2], sections[2::2], strict=True))
    assert said in told["softmax.forward"]
    assert said not in told["softmax.gradient.x"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--submission", "."), "--submission needs --dialect"),
        (("--submission", ".", "--dialect", "hytorch"), "no dialect 'hytorch'"),
        (("--submission", "absent", "--dialect", "uva"), "no such file or directory"),
    ],
)
def test_bad_input_is_a_usage_error(homework: Path, arguments: tuple[str, ...], said: str) -> None:
    """In one line."""
    ran = run(homework.parent, *arguments)
    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert said in ran.stderr + ran.stdout


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ('dialect = "uva"\n[points]\n"lniear.*" = 2', "3: no check matches 'lniear.*'"),
        ('dialect = "uva"\nedition = "1999"', "no edition '1999'"),
    ],
)
def test_a_course_s_mistake_is_a_usage_error(homework: Path, settings: str, said: str) -> None:
    """Before anything is judged, as with `backproof check`."""
    path = homework.parent / "backproof.toml"
    path.write_text(settings, "utf-8")
    ran = run(homework.parent, "--submission", "homework", "--course", "backproof.toml")
    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert said in ran.stderr + ran.stdout


ASKED = ("--submission", "homework", "--dialect", "uva")


@pytest.mark.parametrize(
    "options", ["--collect-only", "--version", "-p no:backproof.pytest_plugin"]
)
def test_settings_that_a_submission_brings_are_refused(homework: Path, options: str) -> None:
    """They would end its judgement before it has begun, without an error."""
    (homework / "pytest.ini").write_text(f"[pytest]\naddopts = {options}\n", "utf-8")
    ran = run(homework.parent, *ASKED)
    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert "pytest.ini: a submission could have brought these settings" in ran.stderr


def test_settings_that_are_named_take_the_place_of_a_submission_s(homework: Path) -> None:
    """The submission's are not read."""
    (homework / "pytest.ini").write_text("[pytest]\naddopts = --version\n", "utf-8")
    (homework.parent / "own.ini").write_text("[pytest]\n", "utf-8")
    ran = run(homework.parent, *ASKED, "-c", "own.ini", "--collect-only", "-q")
    assert ran.returncode == pytest.ExitCode.OK
    assert "elu::forward" in ran.stdout


def test_the_settings_of_the_folder_that_pytest_runs_in_are_the_grader_s(homework: Path) -> None:
    """And those above it; not those of a folder between it and the submission."""
    settings = homework.parent / "pytest.ini"
    settings.write_text("[pytest]\naddopts = --collect-only -q\n", "utf-8")
    ran = run(homework.parent, *ASKED)
    assert ran.returncode == pytest.ExitCode.OK
    assert "elu::forward" in ran.stdout
    inner = homework.parent / "repository"
    inner.mkdir()
    settings.rename(inner / "pytest.ini")
    homework.rename(inner / "homework")
    ran = run(homework.parent, "--submission", "repository/homework", "--dialect", "uva")
    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert "pytest.ini: a submission could have brought these settings" in ran.stderr


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_machine_that_cannot_isolate_is_no_failure_of_the_submission(
    homework: Path,
    stand_in: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    workers: tuple[str, ...],
) -> None:
    """Under CI=true: an error in the setup of each check, and the exit code of `check`."""
    monkeypatch.setenv("CI", "true")
    plugin = homework.parent / "weak.py"
    plugin.write_text(WEAK.format(runner=str(stand_in("seccomp"))), "utf-8")
    monkeypatch.syspath_prepend(plugin.parent)
    asked = ("-p", "weak", "--submission", ".", "--dialect", "uva", *workers)
    ran = run(homework, *asked, "--junitxml", "../report.xml")
    assert ran.returncode == EXIT_CODES["incomplete"]
    assert "isolation is asked for, and this machine reaches seccomp" in ran.stdout
    report = ET.parse(homework.parent / "report.xml")  # noqa: S314 - written by our own pytest
    cases = list(report.iter("testcase"))
    assert "softmax" in {case.get("classname") for case in cases}
    assert all(case.find("error") is not None for case in cases)
    assert not any(case.find("failure") is not None for case in cases)


def test_what_is_right_is_kept_and_changes_no_status(homework, tmp_path, monkeypatch):
    """As with `check`; see tests/gate/test_kept.py."""
    found = []
    for number in range(2):
        monkeypatch.setenv(VARIABLE, str(tmp_path / "kept"))
        report = tmp_path / f"{number}.xml"
        asked = ("--dialect", "uva", "--examples", "2", "-k", "elu", "--junitxml", str(report))
        run(tmp_path, "--submission", str(homework), *asked)
        found.append((statuses(report), len(list(tmp_path.glob("kept/*/*")))))
    assert found[0] == found[1]
    assert found[0][1] > 0
