"""A whole homework from a cold start: how long it takes, and where the time goes."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import click

from backproof.cache import VARIABLE
from benchmarks.figures import ROOT, Figure
from benchmarks.processes import cold

HOMEWORK = ROOT / "examples/mytorch"
CHECK = ("check", "examples/mytorch", "--dialect", "mytorch")
PYTEST = ("-m", "pytest", "-p", "xdist.plugin", "-p", "backproof.pytest_plugin", "-c", "pytest.ini")
GOALS = {"two processes": 3.0, "help": 0.2}
"""Seconds."""

BAND = 4
"""How many times its goal something may take before it is out of order."""

PARTS: Mapping[str, tuple[str, ...]] = {
    "runner start": ("candidates.process:Runner.start",),
    "Hypothesis": ("inputs.search:explore", "inputs.search:smallest"),
    "candidate, and the way to it": ("candidates.process:Runner.run",),
    "closed forms": ("examination:Examination.evaluated",),
    "finite differences": ("examination:Examination.probes",),
    "torch.autograd": ("examination:Examination.autograd",),
    "comparing": ("examination:adjudicate",),
    "diagnosis": ("diagnosis:diagnose",),
    "report": (
        "report.terminal:show_verdict",
        "report.terminal:show_summary",
        "report.json:verdict",
    ),
}
"""By part, the functions that it is spent in, less what one of another part takes inside them."""


class Clock:
    """Gives every moment to the innermost part that is running."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._running = ["the engine itself"]
        self._since = time.perf_counter()

    def _pass(self) -> None:
        now = time.perf_counter()
        part = self._running[-1]
        self.seconds[part] = self.seconds.get(part, 0.0) + now - self._since
        self._since = now

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, whose time is that part's."""

        @functools.wraps(function)
        def within(*args: Any, **kwargs: Any) -> Any:
            self._pass()
            self._running.append(part)
            try:
                return function(*args, **kwargs)
            finally:
                self._pass()
                self._running.pop()

        return within

    def stop(self) -> dict[str, float]:
        """The seconds of each part."""
        self._pass()
        return self.seconds


LATE = {"diagnosis", "inputs.search"}
"""Modules that import what is not needed where everything is known: SymPy and Hypothesis."""


def judged(*arguments: str) -> dict[str, float]:
    """Judge the homework in this process; the seconds of each part."""
    clock = Clock()
    imports = clock.timed("imports", import_module)
    cli = imports("backproof.cli")
    everything = "--no-cache" in arguments
    places = [
        (part, place)
        for part, places in PARTS.items()
        for place in places
        if everything or place.partition(":")[0] not in LATE
    ]
    for name in sorted({place.partition(":")[0] for _, place in places}):
        imports(f"backproof.{name}")
    if everything:
        imports("torch")
    with contextlib.ExitStack() as patches:
        for part, place in places:
            _patch(patches, clock, part, place)
        patches.enter_context(contextlib.redirect_stdout(io.StringIO()))
        cli.command.main([*CHECK, "--workers", "1", *arguments], standalone_mode=False)
    return clock.stop()


def _patch(patches: contextlib.ExitStack, clock: Clock, part: str, place: str) -> None:
    module, _, path = place.partition(":")
    *classes, name = path.split(".")
    original = functools.reduce(getattr, classes, import_module(f"backproof.{module}"))
    function = getattr(original, name)
    owners = [original] if classes else [m for m in _engine() if vars(m).get(name) is function]
    for owner in owners:
        patches.enter_context(patch.object(owner, name, clock.timed(part, function)))


def _engine() -> list[Any]:
    return [m for n, m in sys.modules.items() if n.startswith("backproof") and m is not None]


def measured(*, runs: int) -> dict[str, Any]:
    """The median of so many cold runs each; the parts of one more, with one process."""
    with TemporaryDirectory() as folder, patch.dict(os.environ, {VARIABLE: folder}):

        def median(*arguments: str) -> float:
            return statistics.median(cold(*arguments) for _ in range(runs))

        def parts(*arguments: str) -> dict[str, float]:
            done = subprocess.run(  # noqa: S603 - itself
                [sys.executable, "-m", "benchmarks.homework", *arguments],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=True,
            )
            return {"interpreter": median("-c", "pass"), **json.loads(done.stdout)}

        def by_pytest(workers: int) -> float:
            """In a folder of its own, where no settings and no tests are."""
            with TemporaryDirectory() as empty:
                (Path(empty) / "pytest.ini").write_text("[pytest]\n", "utf-8")
                asked = (*PYTEST, "--submission", str(HOMEWORK), "--dialect", "mytorch")
                return cold(
                    *(*asked, "-n", str(workers)),
                    folder=Path(empty),
                    PYTHONPATH=str(ROOT),
                    PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
                )

        check = ("-m", "backproof.cli", *CHECK, "--workers")
        return {
            "nothing is kept": median(*check, "2", "--no-cache"),
            "the first time": cold(*check, "2"),
            "two processes": median(*check, "2"),
            "one process": median(*check, "1"),
            "two workers": statistics.median(by_pytest(2) for _ in range(runs)),
            "one worker": statistics.median(by_pytest(1) for _ in range(runs)),
            "help": median("-m", "backproof.cli", "--help"),
            "parts": {"nothing is kept": parts("--no-cache"), "again": parts()},
        }


ROWS = {
    "two processes": f"`backproof {' '.join(CHECK)} --workers 2`, again",
    "the first time": "the first time, when what is right of the examples is not yet known",
    "nothing is kept": "with `--no-cache`",
    "one process": "again, with `--workers 1`",
    "two workers": "`pytest --submission examples/mytorch --dialect mytorch -n 2`, again",
    "one worker": "again, with `-n 1`",
    "help": "`backproof --help`",
}


def told(data: Mapping[str, Any]) -> Iterator[str]:
    """The whole, and its parts."""
    yield "| a cold start | seconds | goal |"
    yield "|---|---:|---:|"
    for name, what in ROWS.items():
        yield f"| {what} | {data[name]:.2f} | {GOALS.get(name, '-')} |"
    yield ""
    yield "| of one process | with `--no-cache` | again |"
    yield "|---|---:|---:|"
    first, again = data["parts"].values()
    for part in first:
        yield f"| {part} | {first[part]:.2f} | {again.get(part, 0):.2f} |"


def short(data: Mapping[str, Any]) -> Iterator[str]:
    """One line."""
    yield (
        f"A whole homework from a cold start takes {data['two processes']:.1f} s with two "
        f"processes, {data['nothing is kept']:.1f} s where nothing is known of the examples."
    )


def failures(data: Mapping[str, Any]) -> Iterator[str]:
    """What is outside of its band."""
    for name, goal in GOALS.items():
        if data[name] > BAND * goal:
            yield f"{name}: {data[name]:.2f} s, where {BAND * goal} s are allowed"


def missed(data: Mapping[str, Any]) -> Iterator[str]:
    """The goals that are not reached."""
    for name, goal in GOALS.items():
        if data[name] > goal:
            yield f"{name}: {data[name]:.2f} s, where {goal} s is the goal"


FIGURE = Figure(
    "homework",
    "A whole homework from a cold start, and its parts.",
    measured,
    told,
    ("benchmarks/homework.py",),
    failures=failures,
    short=short,
    missed=missed,
    options=(click.Option(["--runs"], default=5),),
)

if __name__ == "__main__":
    print(json.dumps(judged(*sys.argv[1:])))
