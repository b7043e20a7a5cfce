"""bubblewrap is used where it works, which a trial tells, and nowhere else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from backproof.candidates import bubblewrap

if sys.platform != "linux":
    pytest.skip("bubblewrap is Linux's", allow_module_level=True)

WORKS = 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"'
"""Stands for bubblewrap where there is none: it runs the command and confines nothing."""


def installed(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    """Put a program called bwrap alone on the path."""
    program = folder / "bwrap"
    program.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return program


def prefix(folder: Path, python: str = sys.executable) -> list[str]:
    """Wrap a runner whose only file is this one."""
    return bubblewrap.prefix(python, folder, [Path(__file__)], {"torch", "sympy"})


def test_a_command_is_wrapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes after the prefix is the command as it was."""
    program = installed(tmp_path, monkeypatch, WORKS)
    command = prefix(tmp_path)
    assert (command[0], command[-1]) == (str(program), "--")
    assert {"--unshare-all", "--unshare-user", "--die-with-parent"} <= set(command)
    asked = [*command, sys.executable, "-c", "print(6 * 7)"]
    done = subprocess.run(asked, capture_output=True, check=True, encoding="utf-8")
    assert done.stdout == "42\n"


def test_what_hides_comes_after_what_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what is mounted in one place, the last is seen."""
    installed(tmp_path, monkeypatch, WORKS)
    command = prefix(tmp_path)
    shown = [at for at, option in enumerate(command) if option == "--ro-bind-try"]
    (torch,) = (
        at for at, option in enumerate(command) if Path(option).name == "torch" and at > shown[-1]
    )
    assert command[torch - 1] == "--tmpfs"
    assert any(Path(command[torch]).is_relative_to(command[at + 1]) for at in shown)
    assert str(tmp_path) in [command[at + 1] for at in shown]
    assert command.index(__file__) > torch


@pytest.mark.parametrize("script", ["exit 1", "echo 'No permissions to create namespace' >&2", ""])
def test_one_that_fails_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    installed(tmp_path, monkeypatch, script)
    assert prefix(tmp_path) == []


def test_where_there_is_none_nothing_is_wrapped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert prefix(tmp_path) == []


def test_an_interpreter_that_does_not_start_is_not_wrapped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That it does not start is then found without bubblewrap, and said as it is."""
    installed(tmp_path, monkeypatch, WORKS)
    assert prefix(tmp_path, str(tmp_path / "absent")) == []


def test_a_trial_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch, WORKS)
    assert prefix(tmp_path)  # the interpreter has told its folders, and is not asked again
    hangs = tmp_path / "hangs"
    hangs.mkdir()
    installed(hangs, monkeypatch, "while :; do :; done")
    monkeypatch.setattr(bubblewrap, "TRIAL_SECONDS", 0.1)
    assert prefix(tmp_path) == []
