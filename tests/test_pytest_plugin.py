"""The same checks as items of pytest, with its report; nothing of the submission is loaded."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from backproof.verdict import EXIT_CODES

EXAMPLES = Path(__file__).parents[1] / "examples"
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
    """Activations alone, with a wrong sigmoid, and what would run if it were collected."""
    folder = tmp_path / "homework" / "mytorch"
    folder.mkdir(parents=True)
    shutil.copy(EXAMPLES / "mytorch_wrong" / "mytorch" / "activation.py", folder)
    trap = "raise SystemExit('collected')\n"
    for name in ("conftest.py", "test_homework.py"):
        (tmp_path / "homework" / name).write_text(trap, "utf-8")
    return tmp_path / "homework"


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest inside a folder."""
    asked = [sys.executable, "-m", "pytest", *PLUGIN, "-p", "no:cacheprovider", *arguments]
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return subprocess.run(
        asked,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_each_check_is_an_item_and_no_file_of_the_submission_is_loaded(homework: Path) -> None:
    """Two workers share the components."""
    asked = ("--submission", "homework", "--dialect", "mytorch", "--examples", "2", "-n", "2")
    ran = run(homework.parent, *asked, "--junitxml", "report.xml")
    assert ran.returncode == pytest.ExitCode.TESTS_FAILED
    assert "Asked: the gradient of sigmoid with respect to x: wrong." in ran.stdout
    assert "collected'" not in ran.stdout
    report = ET.parse(homework.parent / "report.xml")  # noqa: S314 - written by our own pytest
    cases = {
        f"{case.get('classname')}.{case.get('name')}": case for case in report.iter("testcase")
    }
    failed = {name for name, case in cases.items() if case.find("failure") is not None}
    assert "sigmoid.gradient.x" in failed
    assert not {name for name in failed if name.startswith("tanh.")}
    # Files that are not there have not passed.
    assert {name for name in cases if name.startswith("linear.")} <= failed
    properties = {p.get("name"): p.get("value") for p in cases["linear.forward"].iter("property")}
    assert properties["status"] == "not-implemented"
    assert set(str(properties["isolation"]).split("+")) <= TIERS


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
    asked = ("-p", "weak", "--submission", ".", "--dialect", "mytorch", *workers)
    ran = run(homework, *asked, "--junitxml", "../report.xml")
    assert ran.returncode == EXIT_CODES["incomplete"]
    assert "isolation is asked for, and this machine reaches seccomp" in ran.stdout
    report = ET.parse(homework.parent / "report.xml")  # noqa: S314 - written by our own pytest
    cases = list(report.iter("testcase"))
    assert "sigmoid" in {case.get("classname") for case in cases}
    assert all(case.find("error") is not None for case in cases)
    assert not any(case.find("failure") is not None for case in cases)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--submission", "homework"), "--submission needs --dialect"),
        (("--submission", "homework", "--dialect", "hytorch"), "no dialect 'hytorch'"),
        (("--submission", "absent", "--dialect", "mytorch"), "no such file or directory"),
    ],
)
def test_bad_input_is_a_usage_error(homework: Path, arguments: tuple[str, ...], said: str) -> None:
    """In one line."""
    ran = run(homework.parent, *arguments)
    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert said in ran.stderr + ran.stdout


@pytest.mark.parametrize(
    ("folder", "more"), [("homework", ()), (".", ("-c", "homework/pytest.ini"))], ids=["in", "by"]
)
def test_a_submission_does_not_configure_its_own_judgement(
    homework: Path, folder: str, more: tuple[str, ...]
) -> None:
    """Its pytest.ini would let nothing run, and nothing that runs can fail."""
    (homework / "pytest.ini").write_text("[pytest]\naddopts = --collect-only\n", "utf-8")
    asked = ("--submission", str(homework), "--dialect", "mytorch", *more)
    ran = run(homework.parent / folder, *asked)
    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert "run pytest from another folder" in ran.stderr
