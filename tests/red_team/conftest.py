"""The ground on which attacks are let loose, and what no attack may do to it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest

from backproof import homework
from backproof.verdict import Verdict

RIGHT = Path(__file__).parents[2] / "examples" / "mytorch"
MYTORCH = homework.dialect("mytorch")
SECRET = "correct-horse-battery-staple"  # noqa: S105 - nobody's password

Judge = Callable[..., Verdict]


@pytest.fixture
def ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lay out a right homework, and beside it what a continuous integration run has."""
    shutil.copytree(RIGHT, tmp_path / "homework")
    (tmp_path / "secret").write_text(SECRET, "utf-8")
    (tmp_path / "results.json").write_text("{}", "utf-8")
    for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        (tmp_path / name).touch()
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("GITHUB_TOKEN", SECRET)
    return tmp_path


def contents(folder: Path) -> dict[str, bytes | str]:
    """Every file below a folder with what is in it, and every link with where it leads."""
    return {
        str(path.relative_to(folder)): str(path.readlink())
        if path.is_symlink()
        else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


@pytest.fixture
def judge(ground: Path, capfd: pytest.CaptureFixture[str]) -> Judge:
    """Give a function that appends code to the homework's activations and judges its sigmoid.

    Whatever the code does, it has written nothing, printed nothing where the grader prints, left
    the grader as it was and put no secret into the record; and the record is the grader's own.
    """

    def judge(code: str = "", **options: Any) -> Verdict:
        path = ground / "homework" / "mytorch" / "activation.py"
        if code:
            path.write_text(path.read_text("utf-8") + "\n\n" + dedent(code), "utf-8")
        before = contents(ground), Path.cwd(), dict(os.environ), np.allclose
        options = {"operations": ["sigmoid"], "count": 1} | options
        verdict = homework.judge(ground / "homework", MYTORCH, **options)
        assert (contents(ground), Path.cwd(), dict(os.environ), np.allclose) == before
        assert capfd.readouterr().out == ""
        record = json.dumps(verdict.as_json())
        assert SECRET not in record
        (ground / "results.json").write_text(record, "utf-8")
        assert {check.id for check in verdict.checks} >= {"sigmoid.forward", "sigmoid.gradient.x"}
        return verdict

    return judge
