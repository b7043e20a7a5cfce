"""A runner that reaches no more isolation than it is told to, and what is kept while testing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backproof.cache import VARIABLE, Cache
from backproof.candidates import process

RUNNER = process.RUNNER
REASON = "landlock: Function not implemented"

STAND_IN = """
import importlib.util, sys

del sys.path[0]
spec = importlib.util.spec_from_file_location("runner", {runner!r})
runner = importlib.util.module_from_spec(spec)
spec.loader.exec_module(runner)
runner.sandbox.enter = lambda *_, **__: runner.sandbox.Confinement({tier!r}, 0, ({reason!r},))
runner.main()
"""


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    """What the workers of this run keep together, for tests that judge one homework many times."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return Cache(shared / "cache")


@pytest.fixture(autouse=True, scope="session")
def _nothing_of_the_users(shared_cache: Cache) -> Iterator[None]:
    """Neither read what the user has kept, nor keep anything there; commands keep it together."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(shared_cache.root))
        yield


@pytest.fixture
def _undiagnosed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the smallest example and the cause, for tests that ask which checks fail."""
    of = "backproof.loop._Loop"
    monkeypatch.setattr(f"{of}._smallest", lambda _, __, tally: tally.wrong[0])
    monkeypatch.setattr(f"{of}._diagnosis", lambda *_: None)


@pytest.fixture
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give a function that writes a runner which confines nothing and claims a tier."""
    folder = tmp_path_factory.mktemp("stand_in")

    def write(tier: str) -> Path:
        path = folder / "runner.py"
        code = STAND_IN.format(runner=str(RUNNER), tier=tier, reason=REASON)
        path.write_text(code, "utf-8")
        return path

    return write


@pytest.fixture
def reaching(
    stand_in: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """Give a function that makes this process start such runners."""

    def reach(tier: str) -> None:
        monkeypatch.setattr(process, "RUNNER", stand_in(tier))
        monkeypatch.setattr("backproof.candidates.bubblewrap.prefix", lambda *_: [])

    return reach
