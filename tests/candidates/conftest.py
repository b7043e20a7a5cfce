"""Runners on submissions that a test writes down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from textwrap import dedent
from typing import Any

import pytest

from backproof.candidates.dialects.dialect import Edition, Submission
from backproof.candidates.process import Runner

Start = Callable[..., Runner]
EDITION = Edition("only", folders=(".",), files=("layer.py",), components=())


def starting(folders: pytest.TempPathFactory) -> Iterator[Start]:
    """Give a function that writes layer.py and makes a runner for it; close what it made."""
    runners: list[Runner] = []

    def start(code: str, **options: Any) -> Runner:
        root = folders.mktemp("submission").resolve()
        (root / "layer.py").write_text(dedent(code), encoding="utf-8")
        runners.append(Runner(Submission(root, (root,), EDITION), **options))
        return runners[-1]

    yield start
    for runner in runners:
        runner.close()


@pytest.fixture
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """For a process of a test's own."""
    yield from starting(tmp_path_factory)


@pytest.fixture(scope="module")
def start_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """For a process that the tests of a module share."""
    yield from starting(tmp_path_factory)
